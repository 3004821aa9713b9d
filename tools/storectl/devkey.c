/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/storectl/devkey.h"
#include "core/base/fs.h"
#include "core/keys/keydir.h"
#include "core/model/name.h"
#include "tools/storectl/place.h"
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#define BITS     4096
#define FILE_MAX (64 * KIB)
#define VARIABLE "STOREHOUSE_PASSPHRASE_FILE"

static const char suffix[] = ".pub";

static enum rc name_check(struct cli *cli, const char *name, struct err *err)
{
        if (name_is_key(name))
                return RC_OK;
        cli_hint(cli, EXIT_USAGE, "a name of lowercase letters, digits and -");
        return err_set(err, RC_INVALID, "%.60s cannot name a key", name);
}

static enum rc path_make(struct cli *cli, const char *name, const char *ending, const char **ret,
                         struct err *err)
{
        const char *dir = NULL;
        enum rc rc;

        rc = name_check(cli, name, err);
        if (rc == RC_OK)
                rc = place_keys(cli, &dir, err);
        if (rc != RC_OK)
                return rc;
        *ret = arena_printf(cli->arena, "%s/%s%s", dir, name, ending);
        return *ret ? RC_OK : err_set(err, RC_NOMEM, "out of memory");
}

enum rc devkey_public(struct cli *cli, const char *name, struct pubkey **ret, struct err *err)
{
        CLEANUP(fs_freep) char *text = NULL;
        const char *path = NULL;
        size_t bytes = 0;
        enum rc rc;

        rc = path_make(cli, name, suffix, &path, err);
        if (rc != RC_OK)
                return rc;
        rc = fs_read_file(path, FILE_MAX, &text, &bytes, err);
        if (rc == RC_NOT_FOUND) {
                cli_hint(cli, EXIT_ABSENT, "storectl key list, or storectl key create %.60s", name);
                return err_set(err, rc, "you have no key %.60s", name);
        }
        if (rc != RC_OK)
                return rc;
        while (bytes && text[bytes - 1] == '\n')
                bytes--;
        return pubkey_parse(text, bytes, ret, err);
}

enum rc devkey_open(struct cli *cli, const char *name, const struct args *args,
                    struct privkey **ret, struct err *err)
{
        CLEANUP(secret_freep) struct secret *passphrase = NULL;
        CLEANUP(fs_freep) char *text = NULL;
        const char *path = NULL;
        char prompt[128];
        size_t bytes = 0;
        enum rc rc;

        rc = path_make(cli, name, ".key", &path, err);
        if (rc != RC_OK)
                return rc;
        rc = fs_read_file(path, FILE_MAX, &text, &bytes, err);
        if (rc == RC_NOT_FOUND) {
                cli_hint(cli, EXIT_ABSENT, "storectl key list, or storectl key create %.60s", name);
                return err_set(err, rc, "you have no key %.60s", name);
        }
        if (rc != RC_OK)
                return rc;
        snprintf(prompt, sizeof(prompt), "Passphrase of key %.60s", name);
        rc = place_passphrase(cli, args_text(args, "passphrase-file"), VARIABLE, prompt, false,
                              &passphrase, err);
        return rc == RC_OK ? privkey_unseal(text, bytes, passphrase, ret, err) : rc;
}

enum rc devkey_create(struct cli *cli, const char *name, const struct secret *passphrase,
                      char ret_id[KEY_ID_CHARS + 1], struct err *err)
{
        CLEANUP(privkey_freep) struct privkey *key = NULL;
        CLEANUP(buf_fini) struct buf sealed = BUF_INIT(FILE_MAX);
        CLEANUP(buf_fini) struct buf public = BUF_INIT(FILE_MAX);
        const char *dir = NULL;
        const char *path = NULL;
        enum rc rc;

        rc = path_make(cli, name, suffix, &path, err);
        if (rc == RC_OK)
                rc = place_keys(cli, &dir, err);
        if (rc == RC_OK && fs_exists(path)) {
                cli_hint(cli, EXIT_FAILED, "storectl key list, and another name");
                rc = err_set(err, RC_EXISTS, "you have a key %.60s already", name);
        }
        if (rc == RC_OK)
                rc = privkey_generate_rsa(BITS, &key, err);
        if (rc == RC_OK)
                rc = privkey_seal(key, passphrase, SEAL_INTERACTIVE, &sealed, err);
        if (rc != RC_OK)
                return rc;
        pubkey_format(privkey_pubkey(key), &public);
        buf_char(&public, '\n');
        rc = buf_finish(&public, err);
        if (rc == RC_OK)
                rc = fs_make_dirs(dir, 0700, err);
        if (rc == RC_OK)
                rc = keydir_add_key(dir, arena_printf(cli->arena, "%s.key", name), sealed.data,
                                    sealed.len, err);
        if (rc == RC_OK)
                rc = fs_write_file(path, public.data, public.len, 0644, err);
        if (rc == RC_OK)
                snprintf(ret_id, KEY_ID_CHARS + 1, "%s", pubkey_id(privkey_pubkey(key)));
        return rc;
}

static int devkey_compare(const void *a, const void *b)
{
        return strcmp(((const struct devkey *)a)->name, ((const struct devkey *)b)->name);
}

static void dir_closep(DIR **dir)
{
        if (*dir)
                closedir(*dir);
        *dir = NULL;
}

static bool entry_take(struct cli *cli, const char *file, struct devkey *ret)
{
        CLEANUP(pubkey_freep) struct pubkey *key = NULL;
        const size_t chars = strlen(file);
        char *name;

        if (chars <= strlen(suffix) || strcmp(file + chars - strlen(suffix), suffix) != 0)
                return false;
        name = arena_memdup(cli->arena, file, chars - strlen(suffix));
        if (!name || !name_is_key(name) || devkey_public(cli, name, &key, NULL) != RC_OK)
                return false;
        ret->name = name;
        snprintf(ret->id, sizeof(ret->id), "%s", pubkey_id(key));
        return true;
}

enum rc devkey_list(struct cli *cli, struct devkey ret[DEVKEY_MAX], size_t *ret_count,
                    struct err *err)
{
        CLEANUP(dir_closep) DIR *dir = NULL;
        const struct dirent *entry;
        const char *path = NULL;
        size_t count = 0;
        enum rc rc;

        rc = place_keys(cli, &path, err);
        if (rc != RC_OK)
                return rc;
        *ret_count = 0;
        if (!fs_exists(path))
                return RC_OK;
        dir = opendir(path);
        if (!dir)
                return err_errno(err, "cannot look into %.150s", path);
        while ((entry = readdir(dir)) != NULL && count < DEVKEY_MAX)
                if (entry_take(cli, entry->d_name, &ret[count]))
                        count++;
        qsort(ret, count, sizeof(ret[0]), devkey_compare);
        *ret_count = count;
        return RC_OK;
}

enum rc devkey_choose(struct cli *cli, const char **ret, struct err *err)
{
        struct devkey keys[DEVKEY_MAX];
        size_t count = 0;
        enum rc rc;

        rc = devkey_list(cli, keys, &count, err);
        if (rc != RC_OK)
                return rc;
        for (size_t i = 0; i < count; i++) {
                if (count == 1 || strcmp(keys[i].name, "default") == 0) {
                        *ret = keys[i].name;
                        return RC_OK;
                }
        }
        if (!count) {
                cli_hint(cli, EXIT_FAILED,
                         "storectl key create default && storectl key register "
                         "default, or --unsigned");
                return err_set(err, RC_NOT_FOUND, "you have no key to sign the build with");
        }
        cli_hint(cli, EXIT_USAGE, "--key NAME; storectl key list shows them");
        return err_set(err, RC_INVALID, "you have %zu keys, and none is called default", count);
}
