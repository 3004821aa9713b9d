/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/fs.h"
#include "core/base/random.h"
#include "core/model/name.h"
#include "tools/storectl/commands.h"
#include "tools/storectl/init.h"
#include "tools/storectl/place.h"
#include "tools/storectl/progress.h"
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HTTP_STANDARD  8080
#define HTTPS_STANDARD 8443
#define PORT_MAX       65535
#define ID_CHARS       32
#define DISPLAY_MAX    128
#define TREE_FDS       16

/* "Acme Corp." -> "acme-corp". */
static void username_make(const char *name, char ret[NAME_ACCOUNT_MAX + 1])
{
        size_t chars = 0;

        for (; *name && chars < 28; name++) {
                const char c = *name >= 'A' && *name <= 'Z' ? (char)(*name - 'A' + 'a') : *name;

                if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
                        ret[chars++] = c;
                else if (chars && ret[chars - 1] != '-')
                        ret[chars++] = '-';
        }
        while (chars && ret[chars - 1] == '-')
                chars--;
        ret[chars] = '\0';
}

static enum rc brand_read(struct init *init, const char *name, struct err *err)
{
        char username[NAME_ACCOUNT_MAX + 1];
        char id[ID_CHARS + 1];

        if (name_is_username(name)) {
                init->account_id = name;
                init->username = name;
                return RC_OK;
        }
        username_make(name, username);
        if (!name_is_username(username) || strlen(name) > DISPLAY_MAX)
                return cli_usage(init->cli, "init", err,
                                 "--brand wants a name with 2 letters or digits at least");
        random_text(id, ID_CHARS);
        init->account_id = arena_strdup(init->cli->arena, id);
        init->username = arena_strdup(init->cli->arena, username);
        return init->account_id && init->username ? RC_OK : err_set(err, RC_NOMEM, "out of memory");
}

static enum rc names_read(struct init *init, const struct args *args, struct err *err)
{
        static const char *const always[] = {"localhost", "127.0.0.1", "::1"};

        init->domain_count =
                args_many(args, "domain", init->names, INIT_NAMES_MAX - ARRAY_COUNT(always));
        for (size_t i = 0; i < init->domain_count; i++)
                if (strpbrk(init->names[i], "/@ \t\r\n"))
                        return cli_usage(init->cli, "init", err,
                                         "--domain wants a host name or an address, not %.60s",
                                         init->names[i]);
        init->name_count = init->domain_count;
        for (size_t i = 0; i < ARRAY_COUNT(always); i++) {
                bool known = false;

                for (size_t j = 0; j < init->domain_count; j++)
                        known |= strcmp(init->names[j], always[i]) == 0;
                if (!known)
                        init->names[init->name_count++] = always[i];
        }
        return RC_OK;
}

static enum rc options_read(struct init *init, const struct args *args, struct err *err)
{
        const char *brand = args_text(args, "brand");
        enum rc rc;

        init->http_port = HTTP_STANDARD;
        init->https_port = HTTPS_STANDARD;
        init->kit = args_text(args, "root-from");
        init->store_id = args_text(args, "store-id");
        init->worker_user = args_text(args, "worker-user");
        if (!init->worker_user)
                init->worker_user = "";
        rc = args_number(args, "http-port", 0, PORT_MAX, &init->http_port, err);
        if (rc == RC_OK)
                rc = args_number(args, "https-port", 0, PORT_MAX, &init->https_port, err);
        if (rc != RC_OK)
                return cli_usage(init->cli, "init", err, "%s", err->text);
        if (!init->http_port && !init->https_port)
                return cli_usage(init->cli, "init", err, "one of the two ports must be open");
        if (init->http_port == init->https_port)
                return cli_usage(init->cli, "init", err, "the two ports must differ");
        if (init->store_id && !name_is_store(init->store_id))
                return cli_usage(init->cli, "init", err,
                                 "--store-id wants 1 to 64 letters, digits, - or _");
        if (args_flag(args, "one-user") &&
            (args_text(args, "server-user") || args_text(args, "signer-user") ||
             args_flag(args, "create-users")))
                return cli_usage(init->cli, "init", err, "--one-user excludes the other users");
        if (!brand && !init->kit)
                return cli_usage(init->cli, "init", err, "init wants --brand NAME");
        rc = names_read(init, args, err);
        if (rc == RC_OK && brand)
                rc = brand_read(init, brand, err);
        init->display_name = args_text(args, "display-name");
        if (!init->display_name)
                init->display_name = brand;
        return rc;
}

static enum rc passphrases_read(struct init *init, const struct args *args, struct err *err)
{
        const char *file = args_text(args, "passphrase-file");
        const char *root = args_text(args, "root-passphrase-file");
        enum rc rc = RC_OK;

        if (file && strcmp(file, "-") != 0) {
                char full[PATH_MAX];

                if (realpath(file, full))
                        init->passphrase_file = arena_strdup(init->cli->arena, full);
        }
        if (file)
                rc = place_passphrase(init->cli, file, NULL, "Passphrase of the store's keys", true,
                                      &init->passphrase, err);
        if (rc == RC_OK && root)
                rc = place_passphrase(init->cli, root, NULL, "Passphrase of the root key", true,
                                      &init->root_passphrase, err);
        return rc;
}

static void dir_closep(DIR **dir)
{
        if (*dir)
                closedir(*dir);
        *dir = NULL;
}

/* Makes the folder, or takes one that is there and empty. */
static enum rc folder_take(struct init *init, const char *path, struct err *err)
{
        CLEANUP(dir_closep) DIR *dir = NULL;
        const struct dirent *entry;
        char full[PATH_MAX];
        enum rc rc;

        rc = fs_make_dirs(path, 0755, err);
        if (rc != RC_OK)
                return rc;
        dir = opendir(path);
        if (!dir || !realpath(path, full))
                return err_errno(err, "cannot look into %.150s", path);
        while ((entry = readdir(dir)) != NULL) {
                if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
                    strcmp(entry->d_name, "lost+found") == 0)
                        continue;
                cli_hint(init->cli, EXIT_FAILED, "another folder, or storectl doctor --data %.150s",
                         path);
                return err_set(err, RC_EXISTS, "%.150s is not empty (it holds %.60s)", path,
                               entry->d_name);
        }
        if (chmod(full, 0700) < 0)
                return err_errno(err, "cannot close %.150s to others", path);
        init->dir = arena_strdup(init->cli->arena, full);
        return init->dir ? RC_OK : err_set(err, RC_NOMEM, "out of memory");
}

static int entry_remove(const char *path, const struct stat *st, int kind, struct FTW *at)
{
        (void)st;
        (void)kind;
        if (at->level > 0 && strcmp(path + at->base, "lost+found") != 0)
                remove(path);
        return 0;
}

static enum rc steps_run(struct init *init, struct err *err)
{
        const mode_t mode = init->two_users ? 01771 : 0700;
        const struct init_user group = {init->server.name, 0, init->server.gid};
        enum rc rc;

        progress_stage(init->cli, init->kit ? "Reading the root key" : "Making keys");
        rc = init->kit ? init_read_kit(init, err) : init_make_keys(init, err);
        if (rc != RC_OK)
                return rc;
        if (!init->store_id)
                init->store_id = init->username;
        progress_stage(init->cli, "Sealing keys");
        rc = init_sign_store(init, err);
        if (rc == RC_OK)
                rc = init_write_keys(init, err);
        if (rc == RC_OK) {
                progress_stage(init->cli, "Making settings, certificate and database");
                rc = init_write_files(init, err);
        }
        if (rc == RC_OK)
                rc = init_write_db(init, err);
        if (rc == RC_OK)
                rc = init_give(init, init->dir, &group, mode, err);
        return rc == RC_OK ? fs_sync_dir(init->dir, err) : rc;
}

static void made_say(const struct init *init)
{
        struct cli *cli = init->cli;

        cli_say(cli, "Made the store \"%s\" of account %s in %s", init->store_id, init->account_id,
                init->dir);
        cli_say(cli, "  keys/            what the signer signs with, sealed");
        cli_say(cli, "  offline/         root.key and ca.key: move this folder off the machine");
        cli_say(cli,
                "  trust/           the root that devices have to trust (storectl trust export)");
        cli_say(cli, "  tls/ca.pem       what clients have to trust for https");
        cli_say(cli, "  admin.token      the first administrator's token");
        cli_say(cli, "  storehouse.conf  settings; storectl config explain");
        if (init->passphrase_file && init->passphrase_file[0] != '/')
                cli_warn(cli, "the passphrase lies beside the keys, in keys/passphrase; "
                              "--passphrase-file keeps it elsewhere");
        if (!init->two_users)
                cli_warn(cli, "server and signer share one user, which protects the keys less; as "
                              "root, --create-users makes two");
        cli_say(cli, "Next:");
        cli_say(cli, "  storehouse serve --config %s/storehouse.conf", init->dir);
        cli_say(cli, "  storectl --data %s doctor", init->dir);
        cli_say(cli, "  storectl --data %s register NAME", init->dir);
}

static void result_put(const struct init *init)
{
        const struct privkey *brand = init->brand ? init->brand : init->store;

        cli_result(init->cli, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:b, s:b}",
                                        "data", init->dir, "account-id", init->account_id,
                                        "username", init->username, "store-id", init->store_id,
                                        "root-key", pubkey_id(privkey_pubkey(init->root)),
                                        "store-key", pubkey_id(privkey_pubkey(init->store)),
                                        "brand-key", pubkey_id(privkey_pubkey(brand)), "http-port",
                                        (json_int_t)init->http_port, "https-port",
                                        (json_int_t)init->https_port, "two-users", init->two_users,
                                        "passphrase-on-disk", init->passphrase_file != NULL));
}

enum rc cmd_init(struct cli *cli, const struct args *args, struct err *err)
{
        CLEANUP(init_fini) struct init init = {.cli = cli, .now = clock_now(NULL)};
        enum rc rc;

        /* What is private is made private; the folders above, and trust/, are for others to enter.
         */
        umask(022);
        init.now -= init.now % USEC_PER_SEC;
        rc = options_read(&init, args, err);
        init.server.name = "";
        init.signer.name = "";
        if (rc == RC_OK && !args_flag(args, "one-user"))
                rc = init_find_users(&init, args_text(args, "server-user"),
                                     args_text(args, "signer-user"),
                                     args_flag(args, "create-users"), err);
        if (rc == RC_OK)
                rc = passphrases_read(&init, args, err);
        if (rc == RC_OK)
                rc = folder_take(&init, args->words[0], err);
        if (rc != RC_OK)
                return rc;
        rc = steps_run(&init, err);
        if (rc != RC_OK) {
                /* It was empty before: nothing that we did not make is lost. */
                nftw(init.dir, entry_remove, TREE_FDS, FTW_DEPTH | FTW_PHYS);
                return rc;
        }
        made_say(&init);
        result_put(&init);
        return RC_OK;
}
