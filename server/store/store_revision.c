/* SPDX-License-Identifier: Apache-2.0 */
#include "server/store/stmt.h"
#include "server/store/store.h"

static const struct field revision_fields[] = {
        FIELD(struct revision_row, snap_id),      FIELD(struct revision_row, number),
        FIELD(struct revision_row, digest),       FIELD(struct revision_row, bytes),
        FIELD(struct revision_row, info_json),    FIELD(struct revision_row, version),
        FIELD(struct revision_row, archs),        FIELD(struct revision_row, provenance),
        FIELD(struct revision_row, developer_id), FIELD(struct revision_row, build_signed),
        FIELD(struct revision_row, created),
};
static const struct row_table revision_table =
        ROW_TABLE("revision", struct revision_row, revision_fields);

enum rc store_revision_next(struct db_tx *tx, const char *snap_id, uint64_t *ret_number,
                            struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_REVISION_NEXT);
        int64_t number = 0;
        enum rc rc;

        stmt_bind_text(stmt, 1, snap_id);
        rc = stmt_numbers(stmt, &number, 1, err);
        if (rc == RC_OK)
                *ret_number = (uint64_t)number;
        return rc;
}

enum rc store_revision_insert(struct db_tx *tx, const struct revision_row *row, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_REVISION_INSERT);

        stmt_bind_row(stmt, &revision_table, row, 0, 0);
        return stmt_run(stmt, NULL, err);
}

enum rc store_revision_get(struct db_tx *tx, struct arena *arena, const char *snap_id,
                           uint64_t number, struct revision_row *ret, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_REVISION_GET);

        stmt_bind_text(stmt, 1, snap_id);
        stmt_bind_u64(stmt, 2, number);
        return stmt_get(stmt, &revision_table, arena, ret, err);
}

enum rc store_revision_get_by_digest(struct db_tx *tx, struct arena *arena, const char *snap_id,
                                     const struct digest *digest, struct revision_row *ret,
                                     struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_REVISION_GET_BY_DIGEST);

        stmt_bind_text(stmt, 1, snap_id);
        stmt_bind_bytes(stmt, 2, digest->sha3_384, DIGEST_BYTES);
        return stmt_get(stmt, &revision_table, arena, ret, err);
}

enum rc store_revision_list(struct db_tx *tx, struct arena *arena, const char *snap_id,
                            const struct revision_row **ret, size_t *ret_count, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_REVISION_LIST);

        stmt_bind_text(stmt, 1, snap_id);
        return stmt_list(stmt, &revision_table, arena, ret, ret_count, err);
}
