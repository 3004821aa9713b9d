/* SPDX-License-Identifier: Apache-2.0 */
/* storehouse -- the server's command line. */
#include "core/base/log.h"
#include "core/base/random.h"
#include "core/crypto/hash.h"
#include "core/model/settings.h"
#include "server/supervise.h"
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
        "storehouse " STOREHOUSE_VERSION " -- an update store for devices\n"
        "\n"
        "usage: storehouse serve --config FILE\n"
        "       storehouse serve --data DIR        (takes DIR/storehouse.conf)\n"
        "       storehouse --version | --help\n"
        "\n"
        "`serve` starts the signer and the server and keeps them running until SIGTERM.\n"
        "A new store is made by `storectl init DIR`; settings are explained by\n"
        "`storectl config explain`.\n"
        "\n"
        "exit status: 0 stopped as told, 1 failed, 2 wrong usage\n";

static int usage_error(const char *what)
{
        fprintf(stderr, "storehouse: %s\ntry: storehouse --help\n", what);
        return 2;
}

static void log_level_apply(const struct conf *conf)
{
        static const char *const names[] = {"debug", "info", "warning", "error"};

        for (size_t i = 0; i < ARRAY_COUNT(names); i++)
                if (strcmp(conf_text(conf, SET_LOG_LEVEL), names[i]) == 0)
                        log_set_level((enum log_level)i);
}

static enum rc serve(const char *path, struct err *err)
{
        CLEANUP(conf_freep) struct conf *conf = NULL;
        char absolute[PATH_MAX];
        enum rc rc;

        if (!realpath(path, absolute))
                return err_set(err, RC_NOT_FOUND,
                               "there is no %s: make a store with `storectl init DIR`", path);
        rc = random_init(err);
        if (rc == RC_OK)
                rc = crypto_init(err);
        if (rc == RC_OK)
                rc = conf_new(settings_rows, SET_COUNT, &conf, err);
        if (rc == RC_OK)
                rc = conf_load(conf, absolute, err);
        if (rc != RC_OK)
                return rc;
        log_level_apply(conf);
        return supervise_run(conf, absolute, err);
}

static int serve_command(int argc, char **argv)
{
        static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                                {"data", required_argument, NULL, 'd'},
                                                {"help", no_argument, NULL, 'h'},
                                                {NULL, 0, NULL, 0}};
        char path[PATH_MAX] = "";
        struct err err = {0};
        enum rc rc;
        int option;

        while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
                if (option == 'h')
                        return fputs(help, stdout) < 0;
                if (option != 'c' && option != 'd')
                        return usage_error("an option that is not known");
                snprintf(path, sizeof(path), "%s%s", optarg,
                         option == 'd' ? "/storehouse.conf" : "");
        }
        if (!*path || optind != argc)
                return usage_error("serve needs --config FILE or --data DIR");
        rc = serve(path, &err);
        if (rc == RC_OK)
                return 0;
        log_line(LOG_LEVEL_ERROR, "msg=\"%s\" rc=%s", err.text, rc_name(rc));
        return 1;
}

int main(int argc, char **argv)
{
        log_set_program("storehouse");
        if (argc < 2)
                return usage_error("say what to do");
        if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
                return fputs(help, stdout) < 0;
        if (strcmp(argv[1], "--version") == 0)
                return puts("storehouse " STOREHOUSE_VERSION) < 0;
        if (strcmp(argv[1], "serve") == 0)
                return serve_command(argc - 1, argv + 1);
        return usage_error("a command that is not known");
}
