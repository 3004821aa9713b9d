/* SPDX-License-Identifier: Apache-2.0 */
/*
 * storehouse-signer: wiring. As root it reads the passphrase and the trust folder and binds the
 * socket; as its own user it reads the keys and the log; inside the sandbox it serves.
 */
#include "core/base/fs.h"
#include "core/base/jsonx.h"
#include "core/base/log.h"
#include "core/base/random.h"
#include "core/base/user.h"
#include "core/keys/keydir.h"
#include "core/model/settings.h"
#include "server/signer/sandbox.h"
#include "server/signer/serve.h"
#include "server/signer/trust_dir.h"
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define TRUST_ARENA_MAX (16 * MIB)

struct options {
        const char *config;
        int ready_fd; /* -1: nobody waits */
        bool with_parent;
        bool help;
};

struct users {
        uid_t signer_uid;
        gid_t signer_gid;
        uid_t server_uid;
        gid_t server_gid;
        bool drop; /* started as root, with a user to become */
};

struct parts {
        struct conf *conf;
        struct secret *passphrase;
        struct arena *trust_arena;
        struct trust_set *trust;
        struct signer *signer;
        int listen_fd;
        struct users users;
};

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
        (void)number;
        stop = 1;
}

static void usage_print(FILE *to)
{
        static const char text[] =
                "usage: storehouse-signer --config FILE [--ready-fd N] [--with-parent]\n"
                "  --config FILE   storehouse.conf\n"
                "  --ready-fd N    write one byte \"1\" to descriptor N when listening\n"
                "  --with-parent   end when the process that started this one ends\n"
                "  --help          print this\n";

        fputs(text, to);
}

static enum rc options_parse(int argc, char **argv, struct options *ret, struct err *err)
{
        static const struct option rows[] = {
                {"config", required_argument, NULL, 'c'},
                {"ready-fd", required_argument, NULL, 'r'},
                {"with-parent", no_argument, NULL, 'p'},
                {"help", no_argument, NULL, 'h'},
                {NULL, 0, NULL, 0},
        };
        char *end = NULL;
        long number;
        int option;

        *ret = (struct options){.ready_fd = -1};
        while ((option = getopt_long(argc, argv, "", rows, NULL)) != -1) {
                switch (option) {
                case 'c':
                        ret->config = optarg;
                        break;
                case 'r':
                        number = strtol(optarg, &end, 10);
                        if (*end || number < 0 || number > INT_MAX)
                                return err_set(err, RC_INVALID, "no descriptor: %.40s", optarg);
                        ret->ready_fd = (int)number;
                        break;
                case 'p':
                        ret->with_parent = true;
                        break;
                case 'h':
                        ret->help = true;
                        break;
                default:
                        return err_set(err, RC_INVALID, "an option is not known");
                }
        }
        if (ret->help)
                return RC_OK;
        if (!ret->config || optind != argc)
                return err_set(err, RC_INVALID, "--config FILE is needed");
        return RC_OK;
}

static enum rc users_find(const struct conf *conf, struct users *ret, struct err *err)
{
        const char *signer = conf_text(conf, SET_SIGNER_USER);
        const char *server = conf_text(conf, SET_SERVER_USER);
        enum rc rc = RC_OK;

        *ret = (struct users){geteuid(), getegid(), geteuid(), getegid(), false};
        if (geteuid() != 0)
                return RC_OK;
        if (*signer)
                rc = user_find(signer, &ret->signer_uid, &ret->signer_gid, err);
        if (rc == RC_OK && *server)
                rc = user_find(server, &ret->server_uid, &ret->server_gid, err);
        ret->drop = rc == RC_OK && ret->signer_uid != 0;
        return rc;
}

static bool is_apart(const struct users *users)
{
        return users->drop && users->signer_uid != users->server_uid;
}

/* With the privileges of whoever started us. */
static enum rc outside_open(struct parts *parts, struct err *err)
{
        const struct conf *conf = parts->conf;
        const uid_t forbidden = is_apart(&parts->users) ? parts->users.server_uid : (uid_t)-1;
        char path[PATH_MAX];
        enum rc rc;

        rc = secret_read_passphrase(conf_text(conf, SET_PASSPHRASE_FILE), "Passphrase of the keys",
                                    &parts->passphrase, err);
        if (rc != RC_OK)
                return rc;
        parts->trust_arena = arena_new(TRUST_ARENA_MAX);
        if (!parts->trust_arena)
                return err_set(err, RC_NOMEM, "no memory for the trust folder");
        if ((size_t)snprintf(path, sizeof(path), "%s/" KEYDIR_TRUST_FOLDER,
                             conf_text(conf, SET_DATA_DIR)) >= sizeof(path))
                return err_set(err, RC_INVALID, "the data folder's path is too long");
        rc = trust_set_load(path, forbidden, clock_now(NULL), parts->trust_arena, &parts->trust,
                            err);
        if (rc != RC_OK)
                return rc;
        return serve_listen(conf_text(conf, SET_SIGNER_SOCKET), parts->users.server_uid,
                            parts->users.server_gid, &parts->listen_fd, err);
}

/* With the signer's own privileges. */
static enum rc inside_open(struct parts *parts, struct err *err)
{
        CLEANUP(keyring_freep) struct keyring *keyring = NULL;
        CLEANUP(ledger_freep) struct ledger *ledger = NULL;
        CLEANUP(fs_closep) int log_fd = -1;
        const struct conf *conf = parts->conf;
        const char *keys_dir = conf_text(conf, SET_KEYS_DIR);
        const struct signer_setup setup = {
                .trust = parts->trust,
                .rate_per_min = conf_int(conf, SET_SIGNER_RATE_PER_MIN),
                .policy = {.max_package_bytes = (uint64_t)conf_int(conf, SET_MAX_PACKAGE_BYTES),
                           .require_snap_build = conf_bool(conf, SET_REQUIRE_SNAP_BUILD),
                           .sign_system_users = conf_bool(conf, SET_SIGN_SYSTEM_USERS)},
        };
        enum rc rc;

        rc = keyring_load(keys_dir, parts->passphrase, parts->trust, &keyring, err);
        secret_freep(&parts->passphrase);
        if (rc == RC_OK)
                rc = keydir_open(keys_dir, KEYDIR_LOG_FILE, O_RDWR | O_APPEND | O_CREAT, &log_fd,
                                 err);
        if (rc == RC_OK)
                rc = fs_sync_dir(keys_dir, err);
        if (rc == RC_OK)
                rc = ledger_open(log_fd, &ledger, err);
        if (rc != RC_OK)
                return rc;
        log_fd = -1;
        log_line(LOG_LEVEL_INFO, "msg=\"keys are open\" facts=%zu", ledger_count(ledger));
        return signer_new(&setup, &keyring, &ledger, &parts->signer, err);
}

static enum rc privileges_drop(const struct parts *parts, struct err *err)
{
        enum rc rc;

        rc = sandbox_hide(err);
        if (rc == RC_OK && parts->users.drop)
                rc = sandbox_drop(parts->users.signer_uid, parts->users.signer_gid, err);
        if (rc == RC_OK && !is_apart(&parts->users))
                log_line(LOG_LEVEL_WARNING,
                         "msg=\"the signer has no user of its own: this is weaker\" uid=%u",
                         (unsigned)geteuid());
        return rc;
}

static enum rc signals_set(const struct options *options, struct err *err)
{
        const struct sigaction end = {.sa_handler = on_signal};

        if (sigaction(SIGTERM, &end, NULL) < 0 || sigaction(SIGINT, &end, NULL) < 0 ||
            signal(SIGPIPE, SIG_IGN) == SIG_ERR)
                return err_errno(err, "cannot set signals");
        /* Lost where the parent may not signal our user; serve_run looks for the parent as well. */
        if (options->with_parent && prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) < 0)
                return err_errno(err, "cannot follow the parent");
        return RC_OK;
}

static enum rc ready_tell(int fd, struct err *err)
{
        enum rc rc;

        if (fd < 0)
                return RC_OK;
        rc = fs_write_all(fd, "1", 1, err);
        fs_closep(&fd);
        return rc;
}

static enum rc parts_open(const struct options *options, struct parts *parts, struct err *err)
{
        enum rc rc;

        jsonx_init();
        rc = random_init(err);
        if (rc == RC_OK)
                rc = crypto_init(err);
        if (rc == RC_OK)
                rc = conf_new(settings_rows, SET_COUNT, &parts->conf, err);
        if (rc == RC_OK)
                rc = conf_load(parts->conf, options->config, err);
        if (rc == RC_OK)
                rc = users_find(parts->conf, &parts->users, err);
        if (rc == RC_OK)
                rc = outside_open(parts, err);
        if (rc == RC_OK)
                rc = privileges_drop(parts, err);
        if (rc == RC_OK)
                rc = inside_open(parts, err);
        return rc;
}

static enum rc run(const struct options *options, struct parts *parts, pid_t parent,
                   struct err *err)
{
        struct serve serve = {.stop = &stop, .parent = options->with_parent ? parent : 0};
        enum rc rc;

        rc = parts_open(options, parts, err);
        if (rc == RC_OK)
                rc = signals_set(options, err);
        if (rc == RC_OK)
                rc = sandbox_close(err);
        if (rc == RC_OK)
                rc = ready_tell(options->ready_fd, err);
        if (rc != RC_OK)
                return rc;
        serve.signer = parts->signer;
        serve.listen_fd = parts->listen_fd;
        serve.peers[serve.peer_count++] = parts->users.server_uid;
        serve.peers[serve.peer_count++] = 0;
        log_line(LOG_LEVEL_INFO, "msg=\"listening\" socket=\"%s\"",
                 conf_text(parts->conf, SET_SIGNER_SOCKET));
        return serve_run(&serve, err);
}

static void parts_fini(struct parts *parts)
{
        signer_freep(&parts->signer);
        secret_freep(&parts->passphrase);
        arena_freep(&parts->trust_arena);
        conf_freep(&parts->conf);
        fs_closep(&parts->listen_fd);
}

int main(int argc, char **argv)
{
        struct parts parts = {.listen_fd = -1};
        const pid_t parent = getppid();
        struct options options;
        struct err err = {0};
        enum rc rc;

        log_set_program("storehouse-signer");
        rc = options_parse(argc, argv, &options, &err);
        if (rc != RC_OK || options.help)
                usage_print(rc == RC_OK ? stdout : stderr);
        else
                rc = run(&options, &parts, parent, &err);
        if (rc != RC_OK)
                log_line(LOG_LEVEL_ERROR, "msg=\"%s\" rc=%s", err.text, rc_name(rc));
        parts_fini(&parts);
        fflush(stdout);
        /* Handlers of exit(3), a sanitizer's for one, want calls that the sandbox forbids. */
        _exit(rc == RC_OK ? EXIT_SUCCESS : EXIT_FAILURE);
}
