/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/fs.h"
#include "core/crypto/hash.h"
#include "tools/demo-device/device.h"
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MEMORY_MAX (64 * MIB)

static const char usage[] =
        "demo-device --url URL [--ca FILE] --dir DIR [--channel CHANNEL] NAME\n"
        "\n"
        "A device for trying a store: it registers, opens a session, and installs or refreshes "
        "the\n"
        "package NAME. DIR holds trust/roots and model.assert, as a factory would put them there;\n"
        "the device's key, serial and packages are added.\n"
        "\n"
        "  --url URL           the store\n"
        "  --ca FILE           the certificate authority of an https store (PEM)\n"
        "  --dir DIR           the device's folder\n"
        "  --channel CHANNEL   for the first installation (default latest/stable)\n"
        "  --help, --version\n"
        "\n"
        "Exit codes: 0 done or nothing to do, 1 failed (nothing was changed), 2 usage.\n";

void say(const char *format, ...)
{
        va_list args;

        fputs("    ", stdout);
        va_start(args, format);
        vprintf(format, args);
        va_end(args);
        putchar('\n');
        fflush(stdout);
}

const char *device_path(const struct device *device, const char *name)
{
        return arena_printf(device->arena, "%s/%s", device->dir, name);
}

static void device_fini(struct device *device)
{
        privkey_freep(&device->key);
        net_freep(&device->net);
        arena_freep(&device->arena);
}

struct options {
        const char *url;
        const char *ca;
        const char *dir;
        const char *channel;
        const char *name;
};

/* -1: go on; otherwise the exit code. */
static int options_read(int argc, char **argv, struct options *ret)
{
        static const struct option table[] = {
                {"url", required_argument, NULL, 'u'},
                {"ca", required_argument, NULL, 'c'},
                {"dir", required_argument, NULL, 'd'},
                {"channel", required_argument, NULL, 'n'},
                {"help", no_argument, NULL, 'h'},
                {"version", no_argument, NULL, 'v'},
                {NULL, 0, NULL, 0},
        };
        int option;

        while ((option = getopt_long(argc, argv, "h", table, NULL)) != -1) {
                switch (option) {
                case 'u':
                        ret->url = optarg;
                        break;
                case 'c':
                        ret->ca = optarg;
                        break;
                case 'd':
                        ret->dir = optarg;
                        break;
                case 'n':
                        ret->channel = optarg;
                        break;
                case 'h':
                        fputs(usage, stdout);
                        return 0;
                case 'v':
                        puts("demo-device " STOREHOUSE_VERSION);
                        return 0;
                default:
                        fputs(usage, stderr);
                        return 2;
                }
        }
        if (!ret->url || !ret->dir || optind + 1 != argc) {
                fputs(usage, stderr);
                return 2;
        }
        ret->name = argv[optind];
        return -1;
}

static enum rc run(const struct options *options, struct err *err)
{
        CLEANUP(device_fini) struct device device = {.dir = options->dir};
        enum rc rc;

        rc = crypto_init(err);
        if (rc != RC_OK)
                return rc;
        device.arena = arena_new(MEMORY_MAX);
        if (!device.arena)
                return err_set(err, RC_NOMEM, "out of memory");
        rc = net_new(options->url, options->ca, &device.net, err);
        if (rc == RC_OK)
                rc = device_enroll(&device, err);
        if (rc == RC_OK)
                rc = device_update(&device, options->name, options->channel, err);
        return rc;
}

int main(int argc, char **argv)
{
        struct options options = {.channel = "latest/stable"};
        struct err err = {0};
        const int stop = options_read(argc, argv, &options);

        if (stop >= 0)
                return stop;
        if (run(&options, &err) == RC_OK)
                return 0;
        fprintf(stderr, "demo-device: %s\n", err.text);
        return 1;
}
