/* SPDX-License-Identifier: Apache-2.0 */
#include "server/store/stmt.h"
#include "server/store/store.h"
#define EACH_ARENA_BYTES (16 * MIB)

static const struct field assertion_fields[] = {
        FIELD(struct assertion_row, type),
        FIELD(struct assertion_row, pk),
        FIELD(struct assertion_row, revision),
        FIELD(struct assertion_row, format),
        FIELD(struct assertion_row, authority),
        FIELD(struct assertion_row, imported),
        FIELD_BYTES(struct assertion_row, text, text_bytes),
        FIELD(struct assertion_row, created),
};
static const struct row_table assertion_table =
        ROW_TABLE("assertion", struct assertion_row, assertion_fields);

enum rc store_assertion_insert(struct db_tx *tx, const struct assertion_row *row, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_ASSERTION_INSERT);

        stmt_bind_row(stmt, &assertion_table, row, 0, 0);
        return stmt_run(stmt, NULL, err);
}

enum rc store_assertion_get(struct db_tx *tx, struct arena *arena, const char *type, const char *pk,
                            uint64_t max_format, struct assertion_row *ret, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_ASSERTION_GET);

        stmt_bind_text(stmt, 1, type);
        stmt_bind_text(stmt, 2, pk);
        stmt_bind_u64(stmt, 3, max_format);
        return stmt_get(stmt, &assertion_table, arena, ret, err);
}

typedef enum rc (*assertion_each)(void *context, const struct assertion_row *row, struct err *err);

/* Hands every row of a bound statement to each; a row lives until the next one. */
static enum rc rows_each(struct stmt *stmt, assertion_each each, void *context, struct err *err)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(EACH_ARENA_BYTES);
        bool row = false;
        enum rc rc;

        if (!arena)
                return err_set(err, RC_NOMEM, "no memory to read assertions");
        rc = stmt_step(stmt, &row, err);
        while (rc == RC_OK && row) {
                struct assertion_row found;

                arena_reset(arena);
                rc = stmt_read(stmt, &assertion_table, arena, &found, err);
                if (rc == RC_OK)
                        rc = each(context, &found, err);
                if (rc == RC_OK)
                        rc = stmt_step(stmt, &row, err);
        }
        stmt_reset(stmt);
        return rc;
}

enum rc store_assertion_each(struct db_tx *tx, const char *type, assertion_each each, void *context,
                             struct err *err)
{
        struct stmt *stmt = stmt_use(tx, *type ? Q_ASSERTION_ALL_OF_TYPE : Q_ASSERTION_ALL);

        if (*type)
                stmt_bind_text(stmt, 1, type);
        return rows_each(stmt, each, context, err);
}

enum rc store_assertion_each_pk(struct db_tx *tx, const char *type, const char *pk,
                                assertion_each each, void *context, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_ASSERTION_ALL_OF_PK);

        stmt_bind_text(stmt, 1, type);
        stmt_bind_text(stmt, 2, pk);
        return rows_each(stmt, each, context, err);
}

enum rc store_assertion_count(struct db_tx *tx, const char *type, const char *authority,
                              uint64_t *ret, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_ASSERTION_COUNT);
        int64_t count = 0;
        enum rc rc;

        stmt_bind_text(stmt, 1, type);
        stmt_bind_text(stmt, 2, authority);
        rc = stmt_numbers(stmt, &count, 1, err);
        if (rc == RC_OK)
                *ret = (uint64_t)count;
        return rc;
}
