/* SPDX-License-Identifier: Apache-2.0 */
#include "server/store/stmt.h"
#include "server/store/store.h"

static const struct field component_fields[] = {
        FIELD(struct component_row, snap_id),     FIELD(struct component_row, name),
        FIELD(struct component_row, number),      FIELD(struct component_row, digest),
        FIELD(struct component_row, bytes),       FIELD(struct component_row, type),
        FIELD(struct component_row, version),     FIELD(struct component_row, summary),
        FIELD(struct component_row, description), FIELD(struct component_row, developer_id),
        FIELD(struct component_row, created),
};
static const struct row_table component_table =
        ROW_TABLE("component", struct component_row, component_fields);

static const struct field pair_fields[] = {
        FIELD(struct component_pair_row, snap_id), FIELD(struct component_pair_row, revision),
        FIELD(struct component_pair_row, name),    FIELD(struct component_pair_row, number),
        FIELD(struct component_pair_row, by),      FIELD(struct component_pair_row, created),
};
static const struct row_table pair_table =
        ROW_TABLE("pair", struct component_pair_row, pair_fields);

enum rc store_component_next(struct db_tx *tx, const char *snap_id, const char *name,
                             uint64_t *ret_number, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_COMPONENT_NEXT);
        int64_t number = 0;
        enum rc rc;

        stmt_bind_text(stmt, 1, snap_id);
        stmt_bind_text(stmt, 2, name);
        rc = stmt_numbers(stmt, &number, 1, err);
        if (rc == RC_OK)
                *ret_number = (uint64_t)number;
        return rc;
}

enum rc store_component_insert(struct db_tx *tx, const struct component_row *row, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_COMPONENT_INSERT);

        stmt_bind_row(stmt, &component_table, row, 0, 0);
        return stmt_run(stmt, NULL, err);
}

enum rc store_component_get(struct db_tx *tx, struct arena *arena, const char *snap_id,
                            const char *name, uint64_t number, struct component_row *ret,
                            struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_COMPONENT_GET);

        stmt_bind_text(stmt, 1, snap_id);
        stmt_bind_text(stmt, 2, name);
        stmt_bind_u64(stmt, 3, number);
        return stmt_get(stmt, &component_table, arena, ret, err);
}

enum rc store_component_get_by_digest(struct db_tx *tx, struct arena *arena, const char *snap_id,
                                      const char *name, const struct digest *digest,
                                      struct component_row *ret, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_COMPONENT_GET_BY_DIGEST);

        stmt_bind_text(stmt, 1, snap_id);
        stmt_bind_text(stmt, 2, name);
        stmt_bind_bytes(stmt, 3, digest->sha3_384, DIGEST_BYTES);
        return stmt_get(stmt, &component_table, arena, ret, err);
}

enum rc store_component_list(struct db_tx *tx, struct arena *arena, const char *snap_id,
                             const struct component_row **ret, size_t *ret_count, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_COMPONENT_LIST);

        stmt_bind_text(stmt, 1, snap_id);
        return stmt_list(stmt, &component_table, arena, ret, ret_count, err);
}

enum rc store_component_pair_insert(struct db_tx *tx, const struct component_pair_row *row,
                                    struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_COMPONENT_PAIR_INSERT);

        stmt_bind_row(stmt, &pair_table, row, 0, 0);
        return stmt_run(stmt, NULL, err);
}

enum rc store_component_pair_list(struct db_tx *tx, struct arena *arena, const char *snap_id,
                                  const struct component_pair_row **ret, size_t *ret_count,
                                  struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_COMPONENT_PAIR_LIST);

        stmt_bind_text(stmt, 1, snap_id);
        return stmt_list(stmt, &pair_table, arena, ret, ret_count, err);
}
