/* SPDX-License-Identifier: Apache-2.0 */
#include "server/store/stmt.h"
#include "server/store/store.h"

static const struct field token_fields[] = {
        FIELD(struct token_row, id),          FIELD(struct token_row, secret),
        FIELD(struct token_row, account_id),  FIELD(struct token_row, kind),
        FIELD(struct token_row, permissions), FIELD(struct token_row, packages),
        FIELD(struct token_row, channels),    FIELD(struct token_row, description),
        FIELD(struct token_row, expires),     FIELD(struct token_row, created),
        FIELD(struct token_row, revoked),
};
static const struct row_table token_table = ROW_TABLE("token", struct token_row, token_fields);

enum rc store_token_insert(struct db_tx *tx, const struct token_row *row, int64_t *ret_id,
                           struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_TOKEN_INSERT);

        stmt_bind_row(stmt, &token_table, row, 1, 0);
        return stmt_numbers(stmt, ret_id, 1, err);
}

enum rc store_token_get(struct db_tx *tx, struct arena *arena, const struct digest *secret,
                        struct token_row *ret, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_TOKEN_GET);

        stmt_bind_bytes(stmt, 1, secret->sha3_384, DIGEST_BYTES);
        return stmt_get(stmt, &token_table, arena, ret, err);
}

enum rc store_token_list(struct db_tx *tx, struct arena *arena, const char *account_id,
                         const struct token_row **ret, size_t *ret_count, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_TOKEN_LIST);

        stmt_bind_text(stmt, 1, account_id);
        return stmt_list(stmt, &token_table, arena, ret, ret_count, err);
}

enum rc store_token_live_list(struct db_tx *tx, struct arena *arena, const struct token_row **ret,
                              size_t *ret_count, struct err *err)
{
        return stmt_list(stmt_use(tx, Q_TOKEN_LIVE_LIST), &token_table, arena, ret, ret_count, err);
}

enum rc store_token_count(struct db_tx *tx, const char *account_id, size_t *ret, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_TOKEN_COUNT);
        int64_t count = 0;
        enum rc rc;

        stmt_bind_text(stmt, 1, account_id);
        rc = stmt_numbers(stmt, &count, 1, err);
        if (rc == RC_OK)
                *ret = (size_t)count;
        return rc;
}

enum rc store_token_expire(struct db_tx *tx, usec_t now, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_TOKEN_EXPIRE);

        stmt_bind_int(stmt, 1, now);
        return stmt_run(stmt, NULL, err);
}

enum rc store_token_revoke(struct db_tx *tx, int64_t id, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_TOKEN_REVOKE);

        stmt_bind_int(stmt, 1, id);
        return stmt_run_one(stmt, "token", err);
}
