/* SPDX-License-Identifier: Apache-2.0 */
#include "server/store/stmt.h"
#include "server/store/store.h"

static const struct field upload_fields[] = {
        FIELD(struct upload_row, upload_id),
        FIELD_OPTIONAL(struct upload_row, account_id),
        FIELD(struct upload_row, digest),
        FIELD(struct upload_row, bytes),
        FIELD_OPTIONAL(struct upload_row, snap_id),
        FIELD(struct upload_row, status),
        FIELD_OPTIONAL(struct upload_row, revision),
        FIELD(struct upload_row, error_code),
        FIELD(struct upload_row, error_text),
        FIELD(struct upload_row, request_json),
        FIELD(struct upload_row, expires),
        FIELD(struct upload_row, created),
};
static const struct row_table upload_table = ROW_TABLE("upload", struct upload_row, upload_fields);

enum rc store_upload_insert(struct db_tx *tx, const struct upload_row *row, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_UPLOAD_INSERT);

        stmt_bind_row(stmt, &upload_table, row, 0, 0);
        return stmt_run(stmt, NULL, err);
}

enum rc store_upload_update(struct db_tx *tx, const struct upload_row *row, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_UPLOAD_UPDATE);

        stmt_bind_row(stmt, &upload_table, row, 0, 1);
        return stmt_run_one(stmt, "upload", err);
}

enum rc store_upload_get(struct db_tx *tx, struct arena *arena, const char *upload_id,
                         struct upload_row *ret, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_UPLOAD_GET);

        stmt_bind_text(stmt, 1, upload_id);
        return stmt_get(stmt, &upload_table, arena, ret, err);
}

enum rc store_upload_count_open(struct db_tx *tx, size_t *ret, struct err *err)
{
        int64_t count = 0;
        enum rc rc;

        rc = stmt_numbers(stmt_use(tx, Q_UPLOAD_COUNT_OPEN), &count, 1, err);
        if (rc == RC_OK)
                *ret = (size_t)count;
        return rc;
}

enum rc store_upload_count_anonymous(struct db_tx *tx, size_t *ret, uint64_t *ret_bytes,
                                     struct err *err)
{
        int64_t numbers[2] = {0, 0};
        enum rc rc;

        rc = stmt_numbers(stmt_use(tx, Q_UPLOAD_COUNT_ANONYMOUS), numbers, 2, err);
        if (rc != RC_OK)
                return rc;
        *ret = (size_t)numbers[0];
        *ret_bytes = (uint64_t)numbers[1];
        return RC_OK;
}

enum rc store_upload_expire(struct db_tx *tx, usec_t now, size_t *ret_count, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_UPLOAD_EXPIRE);
        uint64_t count = 0;
        enum rc rc;

        stmt_bind_int(stmt, 1, now);
        rc = stmt_run(stmt, &count, err);
        if (rc == RC_OK)
                *ret_count = count;
        return rc;
}

enum rc store_digest_is_used(struct db_tx *tx, const struct digest *digest, bool *ret,
                             struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_DIGEST_IS_USED);
        int64_t used = 0;
        enum rc rc;

        stmt_bind_bytes(stmt, 1, digest->sha3_384, DIGEST_BYTES);
        rc = stmt_numbers(stmt, &used, 1, err);
        if (rc == RC_OK)
                *ret = used != 0;
        return rc;
}
