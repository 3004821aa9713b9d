/* SPDX-License-Identifier: Apache-2.0 */
#include "server/signer/trust_dir.h"
#include "core/base/fs.h"
#include "core/keys/keydir.h"
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define TRUST_FILE_MAX (1 * MIB)

static void dir_closep(DIR **dir)
{
        if (*dir)
                closedir(*dir);
        *dir = NULL;
}

static enum rc guard_check(int fd, const char *name, uid_t forbidden_uid, struct err *err)
{
        struct stat st;

        if (forbidden_uid == (uid_t)-1)
                return RC_OK;
        if (fstat(fd, &st) < 0)
                return err_errno(err, "cannot look at %.100s", name);
        if (st.st_uid == forbidden_uid || (st.st_mode & 022))
                return err_set(err, RC_FORBIDDEN,
                               "%.100s can be written by the server's user or by others", name);
        return RC_OK;
}

static bool is_trust_file(const char *name)
{
        const size_t suffix = strlen(KEYDIR_TRUST_SUFFIX);
        const size_t length = strlen(name);

        return name[0] != '.' && length > suffix &&
               strcmp(name + length - suffix, KEYDIR_TRUST_SUFFIX) == 0;
}

static enum rc file_open(int dir, const char *name, uid_t forbidden_uid, int *ret, struct err *err)
{
        CLEANUP(fs_closep) int fd = -1;
        enum rc rc;

        fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return err_errno(err, "cannot open %.100s in the trust folder", name);
        rc = guard_check(fd, name, forbidden_uid, err);
        if (rc != RC_OK)
                return rc;
        *ret = fd;
        fd = -1;
        return RC_OK;
}

static enum rc file_add(struct trust_set *set, int dir, const char *name, uid_t forbidden_uid,
                        struct err *err)
{
        CLEANUP(fs_closep) int fd = -1;
        CLEANUP(fs_freep) char *text = NULL;
        char *kept;
        size_t bytes = 0;
        enum rc rc;

        rc = file_open(dir, name, forbidden_uid, &fd, err);
        if (rc == RC_OK)
                rc = fs_read_fd(fd, TRUST_FILE_MAX, &text, &bytes, err);
        if (rc != RC_OK)
                return rc;
        kept = arena_memdup(set->arena, text, bytes);
        if (!kept)
                return err_set(err, RC_NOMEM, "no memory for %.100s", name);
        rc = trust_set_add(set, kept, bytes, err);
        return rc == RC_OK ? RC_OK : err_prefix(err, rc, "%.100s", name);
}

static enum rc folder_read(struct trust_set *set, DIR *dir, uid_t forbidden_uid, struct err *err)
{
        const struct dirent *entry;

        while ((entry = readdir(dir)) != NULL) {
                enum rc rc;

                if (!is_trust_file(entry->d_name))
                        continue;
                rc = file_add(set, dirfd(dir), entry->d_name, forbidden_uid, err);
                if (rc != RC_OK)
                        return rc;
        }
        return RC_OK;
}

static enum rc all_proved(const struct trust_set *set, struct err *err)
{
        for (size_t i = 0; i < set->count; i++) {
                const struct trust_item *item = &set->items[i];

                if (!item->proved)
                        return err_set(err, RC_UNTRUSTED, "the trust folder's %s: %s",
                                       assertion_ref(set->arena, item->assertion), item->reason);
        }
        return RC_OK;
}

static enum rc roots_add(struct trust_set *set, const char *trust_dir, struct err *err)
{
        struct keydir_root roots[KEYDIR_ROOTS_MAX];
        size_t count = 0;
        enum rc rc;

        rc = keydir_read_roots(trust_dir, roots, &count, err);
        for (size_t i = 0; rc == RC_OK && i < count; i++)
                rc = trust_set_add_root(set, roots[i].account_id, roots[i].key_id, err);
        return rc;
}

enum rc trust_set_load(const char *trust_dir, uid_t forbidden_uid, usec_t now, struct arena *arena,
                       struct trust_set **ret, struct err *err)
{
        CLEANUP(dir_closep) DIR *dir = NULL;
        CLEANUP(fs_closep) int roots = -1;
        struct trust_set *set = trust_set_new(arena, NULL);
        enum rc rc;

        if (!set)
                return err_set(err, RC_NOMEM, "no memory for the trust folder");
        dir = opendir(trust_dir);
        if (!dir)
                return err_errno(err, "cannot list %.150s", trust_dir);
        rc = guard_check(dirfd(dir), trust_dir, forbidden_uid, err);
        if (rc == RC_OK)
                rc = file_open(dirfd(dir), KEYDIR_ROOTS_FILE, forbidden_uid, &roots, err);
        if (rc == RC_OK)
                rc = roots_add(set, trust_dir, err);
        if (rc == RC_OK)
                rc = folder_read(set, dir, forbidden_uid, err);
        /* An expired key is no reason not to start: each issue looks at its own key's life. */
        if (rc == RC_OK)
                rc = trust_set_prove(set, TRUST_IGNORE_EXPIRY, now, err);
        if (rc == RC_OK)
                rc = all_proved(set, err);
        if (rc != RC_OK)
                return rc;
        if (set->root_count == 0)
                return err_set(err, RC_INVALID, "the trust folder names no root");
        *ret = set;
        return RC_OK;
}
