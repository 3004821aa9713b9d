/* SPDX-License-Identifier: Apache-2.0 */
#include "server/store/stmt.h"
#include "server/store/store.h"

static const struct field delta_fields[] = {
        FIELD(struct delta_row, snap_id),  FIELD(struct delta_row, source),
        FIELD(struct delta_row, target),   FIELD(struct delta_row, format),
        FIELD(struct delta_row, state),    FIELD_OPTIONAL(struct delta_row, digest),
        FIELD(struct delta_row, bytes),    FIELD(struct delta_row, target_bytes),
        FIELD(struct delta_row, cpu_usec), FIELD(struct delta_row, reason),
        FIELD(struct delta_row, created),
};
static const struct row_table delta_table = ROW_TABLE("delta", struct delta_row, delta_fields);

enum rc store_delta_put(struct db_tx *tx, const struct delta_row *row, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_DELTA_PUT);

        stmt_bind_row(stmt, &delta_table, row, 0, 0);
        return stmt_run(stmt, NULL, err);
}

enum rc store_delta_get(struct db_tx *tx, struct arena *arena, const char *snap_id, uint64_t source,
                        uint64_t target, const char *format, struct delta_row *ret, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_DELTA_GET);

        stmt_bind_text(stmt, 1, snap_id);
        stmt_bind_u64(stmt, 2, source);
        stmt_bind_u64(stmt, 3, target);
        stmt_bind_text(stmt, 4, format);
        return stmt_get(stmt, &delta_table, arena, ret, err);
}

enum rc store_delta_list(struct db_tx *tx, struct arena *arena, const char *snap_id,
                         const struct delta_row **ret, size_t *ret_count, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_DELTA_LIST);

        stmt_bind_text(stmt, 1, snap_id);
        return stmt_list(stmt, &delta_table, arena, ret, ret_count, err);
}
