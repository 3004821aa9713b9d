/* SPDX-License-Identifier: Apache-2.0 */
#include "server/store/stmt.h"
#include "server/store/store.h"

static const struct field audit_fields[] = {
        FIELD(struct audit_row, id),     FIELD(struct audit_row, by),
        FIELD(struct audit_row, action), FIELD(struct audit_row, object),
        FIELD(struct audit_row, detail), FIELD(struct audit_row, created),
};
static const struct row_table audit_table = ROW_TABLE("audit", struct audit_row, audit_fields);

enum rc store_meta_get(struct db_tx *tx, struct arena *arena, const char *name, const char **ret,
                       struct err *err)
{
        struct meta_row {
                const char *value;
        } row;
        static const struct field fields[] = {FIELD(struct meta_row, value)};
        static const struct row_table table = ROW_TABLE("setting", struct meta_row, fields);
        struct stmt *stmt = stmt_use(tx, Q_META_GET);
        enum rc rc;

        stmt_bind_text(stmt, 1, name);
        rc = stmt_get(stmt, &table, arena, &row, err);
        if (rc == RC_OK)
                *ret = row.value;
        return rc;
}

enum rc store_meta_put(struct db_tx *tx, const char *name, const char *value, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_META_PUT);

        stmt_bind_text(stmt, 1, name);
        stmt_bind_text(stmt, 2, value);
        return stmt_run(stmt, NULL, err);
}

static enum rc generation_from(struct stmt *stmt, uint64_t *ret, struct err *err)
{
        int64_t generation = 0;
        enum rc rc;

        rc = stmt_numbers(stmt, &generation, 1, err);
        if (rc == RC_OK)
                *ret = (uint64_t)generation;
        return rc;
}

enum rc store_generation_get(struct db_tx *tx, uint64_t *ret, struct err *err)
{
        return generation_from(stmt_use(tx, Q_GENERATION_GET), ret, err);
}

enum rc store_generation_bump(struct db_tx *tx, uint64_t *ret, struct err *err)
{
        return generation_from(stmt_use(tx, Q_GENERATION_BUMP), ret, err);
}

enum rc store_generation_raise(struct db_tx *tx, uint64_t above, uint64_t *ret, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_GENERATION_RAISE);

        stmt_bind_u64(stmt, 1, above);
        return generation_from(stmt, ret, err);
}

enum rc store_audit_add(struct db_tx *tx, const struct audit_row *row, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_AUDIT_INSERT);

        stmt_bind_row(stmt, &audit_table, row, 1, 0);
        return stmt_run(stmt, NULL, err);
}

enum rc store_audit_list(struct db_tx *tx, struct arena *arena, int64_t before_id, size_t max,
                         const struct audit_row **ret, size_t *ret_count, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_AUDIT_LIST);

        stmt_bind_int(stmt, 1, before_id ? before_id : INT64_MAX);
        stmt_bind_u64(stmt, 2, max);
        return stmt_list(stmt, &audit_table, arena, ret, ret_count, err);
}
