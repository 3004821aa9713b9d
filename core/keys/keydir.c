/* SPDX-License-Identifier: Apache-2.0 */
#include "core/keys/keydir.h"
#include "core/base/fs.h"
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_FILE_MAX   (64 * KIB)
#define SEALED_FILE_MAX (64 * KIB)
#define WORDS_MAX       4
#define FILES_MAX       4096

static bool is_word(const char *text, size_t max, const char *extra)
{
        const size_t length = strlen(text);

        if (length == 0 || length > max)
                return false;
        for (size_t i = 0; i < length; i++)
                if (!isalnum((unsigned char)text[i]) && !strchr(extra, text[i]))
                        return false;
        return true;
}

/* A plain file name: what stands in `roles` never leads out of the folder. */
static bool is_file_name(const char *text)
{
        return is_word(text, KEYDIR_NAME_MAX, "-_.") && text[0] != '.';
}

static bool is_account(const char *text)
{
        return is_word(text, KEYDIR_ACCOUNT_MAX, "-") && strlen(text) >= 2;
}

static bool is_key_id(const char *text)
{
        struct digest digest;

        return digest_parse_b64(text, &digest) == RC_OK;
}

static enum rc path_join(const char *dir, const char *file, char *ret, size_t size, struct err *err)
{
        const int n = snprintf(ret, size, "%s/%s", dir, file);

        if (n < 0 || (size_t)n >= size)
                return err_set(err, RC_INVALID, "the path %.60s/... is too long", dir);
        return RC_OK;
}

/* Root reads what belongs to the signer; everybody else only their own or root's. */
static enum rc private_check(const struct stat *st, const char *path, struct err *err)
{
        if (st->st_mode & 077)
                return err_set(err, RC_FORBIDDEN, "%.150s is open to others (mode %03o)", path,
                               (unsigned)st->st_mode & 0777);
        if (geteuid() != 0 && st->st_uid != geteuid() && st->st_uid != 0)
                return err_set(err, RC_FORBIDDEN, "%.150s belongs to user %u", path,
                               (unsigned)st->st_uid);
        return RC_OK;
}

enum rc keydir_check(const char *dir, struct err *err)
{
        CLEANUP(fs_closep) int fd = -1;
        struct stat st;
        enum rc rc;

        rc = fs_open(dir, O_RDONLY | O_DIRECTORY, 0, &fd, err);
        if (rc != RC_OK)
                return rc;
        if (fstat(fd, &st) < 0)
                return err_errno(err, "cannot look at %.150s", dir);
        return private_check(&st, dir, err);
}

enum rc keydir_create(const char *dir, struct err *err)
{
        enum rc rc;

        rc = fs_make_dirs(dir, 0700, err);
        return rc == RC_OK ? keydir_check(dir, err) : rc;
}

enum rc keydir_open(const char *dir, const char *file, int flags, int *ret, struct err *err)
{
        CLEANUP(fs_closep) int fd = -1;
        char path[PATH_MAX];
        struct stat st;
        enum rc rc;

        if (!is_file_name(file))
                return err_set(err, RC_INVALID, "\"%.64s\" is no plain file name", file);
        rc = path_join(dir, file, path, sizeof(path), err);
        if (rc == RC_OK)
                rc = fs_open(path, flags | O_NOFOLLOW, 0600, &fd, err);
        if (rc != RC_OK)
                return rc;
        if (fstat(fd, &st) < 0)
                return err_errno(err, "cannot look at %.150s", path);
        if (!S_ISREG(st.st_mode))
                return err_set(err, RC_FORBIDDEN, "%.150s is no regular file", path);
        rc = private_check(&st, path, err);
        if (rc != RC_OK)
                return rc;
        *ret = fd;
        fd = -1;
        return RC_OK;
}

enum rc keydir_add_key(const char *dir, const char *file, const void *sealed, size_t bytes,
                       struct err *err)
{
        CLEANUP(fs_closep) int fd = -1;
        char path[PATH_MAX];
        enum rc rc;

        rc = keydir_check(dir, err);
        if (rc != RC_OK)
                return rc;
        if (!is_file_name(file))
                return err_set(err, RC_INVALID, "\"%.64s\" is no plain file name", file);
        rc = path_join(dir, file, path, sizeof(path), err);
        if (rc == RC_OK)
                rc = fs_open(path, O_WRONLY | O_CREAT | O_EXCL, 0600, &fd, err);
        if (rc == RC_OK)
                rc = fs_write_all(fd, sealed, bytes, err);
        if (rc != RC_OK)
                return rc;
        if (fsync(fd) < 0)
                return err_errno(err, "cannot sync %.150s", path);
        return fs_sync_dir(dir, err);
}

/* Splits a line in place at blanks; more than WORDS_MAX words count one too many. */
static size_t words_split(char *line, char *words[WORDS_MAX])
{
        size_t count = 0;
        char *rest = line;
        char *word;

        while ((word = strsep(&rest, " \t")) != NULL) {
                if (!*word)
                        continue;
                if (count == WORDS_MAX)
                        return WORDS_MAX + 1;
                words[count++] = word;
        }
        return count;
}

static void copy_text(char *ret, size_t size, const char *text)
{
        snprintf(ret, size, "%s", text);
}

static enum rc role_parse(char *line, struct keydir_role *ret, struct err *err)
{
        char *words[WORDS_MAX];

        if (words_split(line, words) != 4)
                return err_set(err, RC_INVALID, "ROLE FILE ACCOUNT-ID KEY-ID is expected");
        if (!is_word(words[0], KEYDIR_NAME_MAX, "-") || !is_file_name(words[1]))
                return err_set(err, RC_INVALID, "no role and file name");
        if (!is_account(words[2]) || !is_key_id(words[3]))
                return err_set(err, RC_INVALID, "no account id and key id");
        copy_text(ret->role, sizeof(ret->role), words[0]);
        copy_text(ret->file, sizeof(ret->file), words[1]);
        copy_text(ret->account_id, sizeof(ret->account_id), words[2]);
        copy_text(ret->key_id, sizeof(ret->key_id), words[3]);
        return RC_OK;
}

static enum rc root_parse(char *line, struct keydir_root *ret, struct err *err)
{
        char *words[WORDS_MAX];

        if (words_split(line, words) != 2 || !is_account(words[0]) || !is_key_id(words[1]))
                return err_set(err, RC_INVALID, "ACCOUNT-ID KEY-ID is expected");
        copy_text(ret->account_id, sizeof(ret->account_id), words[0]);
        copy_text(ret->key_id, sizeof(ret->key_id), words[1]);
        return RC_OK;
}

/* The next line with content, or NULL. */
static char *line_next(char **rest, unsigned *number)
{
        char *line;

        while ((line = strsep(rest, "\n")) != NULL) {
                (*number)++;
                line += strspn(line, " \t\r");
                if (*line && *line != '#')
                        return line;
        }
        return NULL;
}

static enum rc roles_parse(char *text, struct keydir_role ret[KEYDIR_ROLES_MAX], size_t *ret_count,
                           struct err *err)
{
        size_t count = 0;
        unsigned number = 0;
        char *line;

        while ((line = line_next(&text, &number)) != NULL) {
                enum rc rc;

                if (count == KEYDIR_ROLES_MAX)
                        return err_set(err, RC_INVALID, "more than %d roles", KEYDIR_ROLES_MAX);
                rc = role_parse(line, &ret[count], err);
                if (rc != RC_OK)
                        return err_prefix(err, rc, "roles, line %u", number);
                for (size_t i = 0; i < count; i++)
                        if (strcmp(ret[i].role, ret[count].role) == 0)
                                return err_set(err, RC_INVALID, "roles, line %u: %s given twice",
                                               number, ret[i].role);
                count++;
        }
        *ret_count = count;
        return RC_OK;
}

enum rc keydir_read_roles(const char *dir, struct keydir_role ret[KEYDIR_ROLES_MAX],
                          size_t *ret_count, struct err *err)
{
        CLEANUP(fs_closep) int fd = -1;
        CLEANUP(fs_freep) char *text = NULL;
        size_t bytes = 0;
        enum rc rc;

        rc = keydir_open(dir, KEYDIR_ROLES_FILE, O_RDONLY, &fd, err);
        if (rc == RC_OK)
                rc = fs_read_fd(fd, TEXT_FILE_MAX, &text, &bytes, err);
        return rc == RC_OK ? roles_parse(text, ret, ret_count, err) : rc;
}

enum rc keydir_write_role(const char *dir, const struct keydir_role *role, struct err *err)
{
        CLEANUP(buf_fini) struct buf out = BUF_INIT(TEXT_FILE_MAX);
        struct keydir_role roles[KEYDIR_ROLES_MAX + 1];
        char path[PATH_MAX];
        size_t count = 0;
        size_t at;
        enum rc rc;

        if (!is_word(role->role, KEYDIR_NAME_MAX, "-") || !is_file_name(role->file) ||
            !is_account(role->account_id) || !is_key_id(role->key_id))
                return err_set(err, RC_INVALID, "the role %.64s is not complete", role->role);
        rc = keydir_check(dir, err);
        if (rc == RC_OK)
                rc = keydir_read_roles(dir, roles, &count, err);
        if (rc != RC_OK && rc != RC_NOT_FOUND)
                return rc;
        for (at = 0; at < count; at++)
                if (strcmp(roles[at].role, role->role) == 0)
                        break;
        if (at == KEYDIR_ROLES_MAX)
                return err_set(err, RC_INVALID, "more than %d roles", KEYDIR_ROLES_MAX);
        roles[at] = *role;
        count = at == count ? count + 1 : count;

        buf_text(&out, "# role file account-id key-id\n");
        for (size_t i = 0; i < count; i++)
                buf_printf(&out, "%s %s %s %s\n", roles[i].role, roles[i].file, roles[i].account_id,
                           roles[i].key_id);
        rc = buf_finish(&out, err);
        if (rc == RC_OK)
                rc = path_join(dir, KEYDIR_ROLES_FILE, path, sizeof(path), err);
        return rc == RC_OK ? fs_write_file(path, out.data, out.len, 0600, err) : rc;
}

enum rc keydir_read_key(const char *dir, const struct keydir_role *role,
                        const struct secret *passphrase, struct privkey **ret, struct err *err)
{
        CLEANUP(privkey_freep) struct privkey *key = NULL;
        CLEANUP(fs_closep) int fd = -1;
        CLEANUP(fs_freep) char *sealed = NULL;
        size_t bytes = 0;
        enum rc rc;

        rc = keydir_open(dir, role->file, O_RDONLY, &fd, err);
        if (rc == RC_OK)
                rc = fs_read_fd(fd, SEALED_FILE_MAX, &sealed, &bytes, err);
        if (rc == RC_OK)
                rc = privkey_unseal(sealed, bytes, passphrase, &key, err);
        if (rc != RC_OK)
                return err_prefix(err, rc, "the key %s", role->file);
        if (strcmp(pubkey_id(privkey_pubkey(key)), role->key_id) != 0)
                return err_set(err, RC_INVALID, "%s holds another key than %s of role %s",
                               role->file, role->key_id, role->role);
        *ret = key;
        key = NULL;
        return RC_OK;
}

static void dir_closep(DIR **dir)
{
        if (*dir)
                closedir(*dir);
        *dir = NULL;
}

enum rc keydir_give(const char *dir, uid_t uid, gid_t gid, struct err *err)
{
        CLEANUP(dir_closep) DIR *stream = opendir(dir);
        const struct dirent *entry;
        size_t count = 0;

        if (!stream)
                return err_errno(err, "cannot list %.150s", dir);
        while ((entry = readdir(stream)) != NULL) {
                if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                        continue;
                if (++count > FILES_MAX)
                        return err_set(err, RC_TOO_MANY, "more than %d files in %.150s", FILES_MAX,
                                       dir);
                if (fchownat(dirfd(stream), entry->d_name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
                        return err_errno(err, "cannot hand over %.64s", entry->d_name);
        }
        if (fchown(dirfd(stream), uid, gid) < 0)
                return err_errno(err, "cannot hand over %.150s", dir);
        return RC_OK;
}

enum rc keydir_read_roots(const char *trust_dir, struct keydir_root ret[KEYDIR_ROOTS_MAX],
                          size_t *ret_count, struct err *err)
{
        CLEANUP(fs_freep) char *text = NULL;
        char path[PATH_MAX];
        size_t bytes = 0;
        size_t count = 0;
        unsigned number = 0;
        char *rest;
        char *line;
        enum rc rc;

        rc = path_join(trust_dir, KEYDIR_ROOTS_FILE, path, sizeof(path), err);
        if (rc == RC_OK)
                rc = fs_read_file(path, TEXT_FILE_MAX, &text, &bytes, err);
        if (rc != RC_OK)
                return rc;
        rest = text;
        while ((line = line_next(&rest, &number)) != NULL) {
                if (count == KEYDIR_ROOTS_MAX)
                        return err_set(err, RC_INVALID, "more than %d roots", KEYDIR_ROOTS_MAX);
                rc = root_parse(line, &ret[count], err);
                if (rc != RC_OK)
                        return err_prefix(err, rc, "roots, line %u", number);
                count++;
        }
        *ret_count = count;
        return RC_OK;
}

enum rc keydir_add_root(const char *trust_dir, const struct keydir_root *root, struct err *err)
{
        CLEANUP(buf_fini) struct buf out = BUF_INIT(TEXT_FILE_MAX);
        struct keydir_root roots[KEYDIR_ROOTS_MAX];
        char path[PATH_MAX];
        size_t count = 0;
        enum rc rc;

        if (!is_account(root->account_id) || !is_key_id(root->key_id))
                return err_set(err, RC_INVALID, "a root has an account id and a key id");
        rc = fs_make_dirs(trust_dir, 0755, err);
        if (rc == RC_OK)
                rc = keydir_read_roots(trust_dir, roots, &count, err);
        if (rc != RC_OK && rc != RC_NOT_FOUND)
                return rc;
        buf_text(&out, "# account-id key-id\n");
        for (size_t i = 0; i < count; i++) {
                if (strcmp(roots[i].key_id, root->key_id) == 0 &&
                    strcmp(roots[i].account_id, root->account_id) == 0)
                        return RC_OK;
                buf_printf(&out, "%s %s\n", roots[i].account_id, roots[i].key_id);
        }
        if (count == KEYDIR_ROOTS_MAX)
                return err_set(err, RC_INVALID, "more than %d roots", KEYDIR_ROOTS_MAX);
        buf_printf(&out, "%s %s\n", root->account_id, root->key_id);
        rc = buf_finish(&out, err);
        if (rc == RC_OK)
                rc = path_join(trust_dir, KEYDIR_ROOTS_FILE, path, sizeof(path), err);
        return rc == RC_OK ? fs_write_file(path, out.data, out.len, 0644, err) : rc;
}

enum rc keydir_put_public(const char *trust_dir, const char *name, const void *stream, size_t bytes,
                          struct err *err)
{
        char file[KEYDIR_NAME_MAX + sizeof(KEYDIR_TRUST_SUFFIX)];
        char path[PATH_MAX];
        enum rc rc;

        if (!is_word(name, KEYDIR_NAME_MAX, "-_"))
                return err_set(err, RC_INVALID, "\"%.64s\" is no plain name", name);
        snprintf(file, sizeof(file), "%s" KEYDIR_TRUST_SUFFIX, name);
        rc = fs_make_dirs(trust_dir, 0755, err);
        if (rc == RC_OK)
                rc = path_join(trust_dir, file, path, sizeof(path), err);
        return rc == RC_OK ? fs_write_file(path, stream, bytes, 0644, err) : rc;
}
