/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/fs.h"
#include "core/model/assertion_type.h"
#include "server/store/blob.h"
#include "server/store/store.h"
#include "tools/storectl/init.h"
#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#define TOKEN_YEARS 10
#define YEAR        (USEC_PER_SEC * 24 * 3600 * 365)

static const char *assertion_pk_text(struct arena *arena, const struct assertion *assertion)
{
        CLEANUP(buf_fini) struct buf text = BUF_INIT(4 * KIB);

        for (size_t i = 0; i < assertion->type->pk_count; i++)
                buf_printf(&text, "%s%s", i ? "/" : "", assertion->pk[i]);
        return text.data && !text.failed ? arena_strdup(arena, text.data) : NULL;
}

static enum rc assertion_put(struct db_tx *tx, const struct init *init,
                             const struct assertion *assertion, struct err *err)
{
        const struct assertion_row row = {
                .type = assertion->type->name,
                .pk = assertion_pk_text(init->cli->arena, assertion),
                .revision = assertion->revision,
                .format = assertion->format,
                .authority = assertion->authority ? assertion->authority : "",
                .imported = true,
                .text = assertion->bytes,
                .text_bytes = assertion->bytes_count,
                .created = init->now,
        };

        if (!row.pk)
                return err_set(err, RC_NOMEM, "out of memory");
        return store_assertion_insert(tx, &row, err);
}

static enum rc rows_put(struct db_tx *tx, void *arg, struct err *err)
{
        const struct init *init = arg;
        const struct account_row account = {
                .account_id = init->account_id,
                .username = init->username,
                .display_name = init->display_name,
                .email = "",
                .validation = "verified",
                .created = init->now,
        };
        struct token_row token = {
                .account_id = init->account_id,
                .kind = "admin",
                .permissions = "",
                .packages = "",
                .channels = "",
                .description = "first administrator",
                .expires = init->now + TOKEN_YEARS * YEAR,
                .created = init->now,
        };
        int64_t id = 0;
        enum rc rc;

        sha3_384(init->token, strlen(init->token), &token.secret);
        rc = store_account_insert(tx, &account, err);
        for (size_t i = 0; rc == RC_OK && i < init->public_count; i++)
                rc = assertion_put(tx, init, init->public[i].assertion, err);
        return rc == RC_OK ? store_token_insert(tx, &token, &id, err) : rc;
}

static enum rc db_make(struct init *init, struct err *err)
{
        CLEANUP(db_freep) struct db *db = NULL;
        enum rc rc;

        rc = db_open(init->dir, true, &db, err);
        return rc == RC_OK ? db_run(db, DB_WRITE, rows_put, init, err) : rc;
}

static void dir_closep(DIR **dir)
{
        if (*dir)
                closedir(*dir);
        *dir = NULL;
}

/* The folder and those in it, which the store made as who we are now. */
static enum rc folders_give(const struct init *init, const char *path, struct err *err)
{
        CLEANUP(dir_closep) DIR *dir = opendir(path);
        const struct dirent *entry;
        enum rc rc;

        if (!dir)
                return err_errno(err, "cannot look into %.150s", path);
        rc = init_give(init, path, &init->server, 0700, err);
        while (rc == RC_OK && (entry = readdir(dir)) != NULL)
                if (entry->d_name[0] != '.')
                        rc = init_give(init,
                                       arena_printf(init->cli->arena, "%s/%s", path, entry->d_name),
                                       &init->server, 0700, err);
        return rc;
}

static enum rc blobs_make(struct init *init, struct err *err)
{
        CLEANUP(blob_store_freep) struct blob_store *blobs = NULL;
        const char *path = init_path(init, "blobs");
        enum rc rc;

        rc = blob_store_open(init->dir, 0, &blobs, err);
        if (rc == RC_OK && !path)
                rc = err_set(err, RC_NOMEM, "out of memory");
        return rc == RC_OK ? folders_give(init, path, err) : rc;
}

enum rc init_write_db(struct init *init, struct err *err)
{
        static const char *const files[] = {"storehouse.db", "storehouse.db-wal",
                                            "storehouse.db-shm"};
        enum rc rc;

        rc = db_make(init, err);
        for (size_t i = 0; rc == RC_OK && i < ARRAY_COUNT(files); i++) {
                const char *path = init_path(init, files[i]);

                if (fs_exists(path))
                        rc = init_give(init, path, &init->server, 0600, err);
        }
        return rc == RC_OK ? blobs_make(init, err) : rc;
}
