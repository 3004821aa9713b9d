/* SPDX-License-Identifier: Apache-2.0 */
/* The folders of keys and of trust: what is written is read back, what is too open is refused. */
#include "core/base/fs.h"
#include "core/base/random.h"
#include "core/keys/keydir.h"
#include "tests/lib/check.h"
#include "tests/lib/scratch.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_ID "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void text_write(const char *dir, const char *file, const char *text, mode_t mode)
{
        char path[1200];
        struct err err = {0};

        snprintf(path, sizeof(path), "%s/%s", dir, file);
        CHECK_RC(fs_write_file(path, text, strlen(text), mode, &err), RC_OK, &err);
}

static void roles_come_back(const char *dir)
{
        struct keydir_role role = {"store", "store.key", "acme", KEY_ID};
        struct keydir_role read[KEYDIR_ROLES_MAX];
        struct err err = {0};
        size_t count = 0;

        check_promise("a role that was written is read back, and written again replaces itself");
        CHECK_RC(keydir_read_roles(dir, read, &count, &err), RC_NOT_FOUND, &err);
        CHECK_RC(keydir_write_role(dir, &role, &err), RC_OK, &err);
        snprintf(role.role, sizeof(role.role), "brand");
        CHECK_RC(keydir_write_role(dir, &role, &err), RC_OK, &err);
        snprintf(role.account_id, sizeof(role.account_id), "maker");
        CHECK_RC(keydir_write_role(dir, &role, &err), RC_OK, &err);
        CHECK_RC(keydir_read_roles(dir, read, &count, &err), RC_OK, &err);
        CHECK_INT(count, 2);
        CHECK_TEXT(read[0].role, "store");
        CHECK_TEXT(read[0].account_id, "acme");
        CHECK_TEXT(read[1].account_id, "maker");

        check_promise("a role never leads out of the folder");
        snprintf(role.file, sizeof(role.file), "../x");
        CHECK_RC(keydir_write_role(dir, &role, &err), RC_INVALID, &err);
        snprintf(role.file, sizeof(role.file), ".hidden");
        CHECK_RC(keydir_write_role(dir, &role, &err), RC_INVALID, &err);
}

static void roles_are_judged(const char *dir)
{
        static const char *const bad[] = {
                "store store.key acme\n",
                "store store.key acme " KEY_ID " more\n",
                "store store.key acme " KEY_ID " more and more\n",
                "store ../store.key acme " KEY_ID "\n",
                "store store.key acme short\n",
                "store store.key a " KEY_ID "\n",
                "store store.key acme " KEY_ID "\nstore b.key acme " KEY_ID "\n",
                "a a.key acme " KEY_ID "\nb a.key acme " KEY_ID "\nc a.key acme " KEY_ID
                "\nd a.key acme " KEY_ID "\ne a.key acme " KEY_ID "\nf a.key acme " KEY_ID
                "\ng a.key acme " KEY_ID "\nh a.key acme " KEY_ID "\ni a.key acme " KEY_ID "\n",
        };
        struct keydir_role read[KEYDIR_ROLES_MAX];
        struct err err = {0};
        size_t count = 7;

        check_promise("a malformed roles file is refused whole");
        for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
                check_case("%zu", i);
                text_write(dir, KEYDIR_ROLES_FILE, bad[i], 0600);
                CHECK_RC(keydir_read_roles(dir, read, &count, &err), RC_INVALID, &err);
                CHECK_INT(count, 7);
        }
        check_promise("comments and blank lines mean nothing");
        text_write(dir, KEYDIR_ROLES_FILE, "# x\n\n  store store.key\tacme " KEY_ID "\n", 0600);
        CHECK_RC(keydir_read_roles(dir, read, &count, &err), RC_OK, &err);
        CHECK_INT(count, 1);
}

static void wide_modes_are_refused(const char *dir)
{
        static const mode_t bad[] = {0640, 0604, 0622, 0601};
        struct keydir_role read[KEYDIR_ROLES_MAX];
        struct err err = {0};
        size_t count = 0;
        char path[1200];
        int fd = -1;

        check_promise("files and folders that others can open are refused");
        snprintf(path, sizeof(path), "%s/%s", dir, KEYDIR_ROLES_FILE);
        for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
                check_case("%03o", (unsigned)bad[i]);
                CHECK_INT(chmod(path, bad[i]), 0);
                CHECK_RC(keydir_read_roles(dir, read, &count, &err), RC_FORBIDDEN, &err);
                CHECK_INT(chmod(path, 0600), 0);
                CHECK_INT(chmod(dir, bad[i] | 0100), 0);
                CHECK_RC(keydir_check(dir, &err), RC_FORBIDDEN, &err);
                CHECK_RC(keydir_create(dir, &err), RC_FORBIDDEN, &err);
                CHECK_INT(chmod(dir, 0700), 0);
        }
        check_case("link");
        CHECK_INT(unlink(path), 0);
        CHECK_INT(symlink("/etc/hostname", path), 0);
        CHECK(keydir_read_roles(dir, read, &count, &err) != RC_OK);
        CHECK_INT(unlink(path), 0);
        check_case("folder");
        CHECK_INT(mkdir(path, 0700), 0);
        CHECK(keydir_open(dir, KEYDIR_ROLES_FILE, O_RDONLY, &fd, &err) != RC_OK);
        CHECK_INT(rmdir(path), 0);
        CHECK_INT(fd, -1);
}

static void keys_come_back(const char *dir)
{
        CLEANUP(privkey_freep) struct privkey *key = NULL;
        CLEANUP(privkey_freep) struct privkey *back = NULL;
        CLEANUP(secret_freep) struct secret *passphrase = secret_new_copy("one", 3);
        CLEANUP(secret_freep) struct secret *wrong = secret_new_copy("two", 3);
        CLEANUP(buf_fini) struct buf sealed = BUF_INIT(64 * KIB);
        struct keydir_role role = {"store", "store.key", "acme", KEY_ID};
        struct err err = {0};

        CHECK_RC(privkey_generate_ed25519(&key, &err), RC_OK, &err);
        CHECK_RC(privkey_seal(key, passphrase, SEAL_TEST, &sealed, &err), RC_OK, &err);
        check_promise("a key that is there is never written over");
        CHECK_RC(keydir_add_key(dir, "store.key", sealed.data, sealed.len, &err), RC_OK, &err);
        CHECK_RC(keydir_add_key(dir, "store.key", "x", 1, &err), RC_EXISTS, &err);
        CHECK_RC(keydir_add_key(dir, "../store.key", "x", 1, &err), RC_INVALID, &err);

        check_promise("a key is read with its passphrase, and is the one that the role names");
        CHECK_RC(keydir_read_key(dir, &role, passphrase, &back, &err), RC_INVALID, &err);
        memcpy(role.key_id, pubkey_id(privkey_pubkey(key)), sizeof(role.key_id));
        CHECK_RC(keydir_read_key(dir, &role, wrong, &back, &err), RC_FORBIDDEN, &err);
        CHECK_RC(keydir_read_key(dir, &role, passphrase, &back, &err), RC_OK, &err);
        CHECK_TEXT(pubkey_id(privkey_pubkey(back)), role.key_id);
}

static void roots_come_back(const char *dir)
{
        const struct keydir_root root = {"acme", KEY_ID};
        struct keydir_root bad = {"acme", "x"};
        struct keydir_root read[KEYDIR_ROOTS_MAX];
        struct err err = {0};
        size_t count = 0;
        char trust[1200];

        check_promise("a root is added once and read back");
        snprintf(trust, sizeof(trust), "%s/data/trust", dir);
        CHECK_RC(keydir_add_root(trust, &root, &err), RC_OK, &err);
        CHECK_RC(keydir_add_root(trust, &root, &err), RC_OK, &err);
        CHECK_RC(keydir_add_root(trust, &bad, &err), RC_INVALID, &err);
        CHECK_RC(keydir_read_roots(trust, read, &count, &err), RC_OK, &err);
        CHECK_INT(count, 1);
        CHECK_TEXT(read[0].account_id, "acme");
        CHECK_TEXT(read[0].key_id, KEY_ID);
        CHECK_RC(keydir_put_public(trust, "acme", "x", 1, &err), RC_OK, &err);
        CHECK_RC(keydir_put_public(trust, "../acme", "x", 1, &err), RC_INVALID, &err);
        text_write(trust, KEYDIR_ROOTS_FILE, "acme " KEY_ID " x\n", 0644);
        CHECK_RC(keydir_read_roots(trust, read, &count, &err), RC_INVALID, &err);
}

int main(void)
{
        CLEANUP(scratch_freep) char *dir = scratch_new();
        struct err err = {0};
        char keys[512];

        CHECK_RC(random_init(&err), RC_OK, &err);
        CHECK_RC(crypto_init(&err), RC_OK, &err);
        snprintf(keys, sizeof(keys), "%s/keys", dir);
        CHECK_RC(keydir_create(keys, &err), RC_OK, &err);
        roles_come_back(keys);
        roles_are_judged(keys);
        wide_modes_are_refused(keys);
        keys_come_back(keys);
        roots_come_back(dir);
        return check_end();
}
