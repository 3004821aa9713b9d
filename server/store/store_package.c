/* SPDX-License-Identifier: Apache-2.0 */
#include "server/store/stmt.h"
#include "server/store/store.h"

#define FIRST_TRACK "latest"

static const struct field package_fields[] = {
        FIELD(struct package_row, snap_id),       FIELD(struct package_row, store_id),
        FIELD(struct package_row, name),          FIELD(struct package_row, publisher_id),
        FIELD(struct package_row, type),          FIELD(struct package_row, is_private),
        FIELD(struct package_row, title),         FIELD(struct package_row, summary),
        FIELD(struct package_row, description),   FIELD(struct package_row, default_track),
        FIELD(struct package_row, require_build), FIELD(struct package_row, created),
};
static const struct row_table package_table =
        ROW_TABLE("package", struct package_row, package_fields);

static const struct field track_fields[] = {
        FIELD(struct track_row, snap_id),
        FIELD(struct track_row, name),
        FIELD(struct track_row, version_pattern),
        FIELD(struct track_row, created),
};
static const struct row_table track_table = ROW_TABLE("track", struct track_row, track_fields);

enum rc store_package_insert(struct db_tx *tx, const struct package_row *row, struct err *err)
{
        const struct track_row first = {.snap_id = row->snap_id,
                                        .name = FIRST_TRACK,
                                        .version_pattern = "",
                                        .created = row->created};
        struct stmt *stmt = stmt_use(tx, Q_PACKAGE_INSERT);
        enum rc rc;

        stmt_bind_row(stmt, &package_table, row, 0, 0);
        rc = stmt_run(stmt, NULL, err);
        return rc == RC_OK ? store_track_insert(tx, &first, err) : rc;
}

enum rc store_package_update(struct db_tx *tx, const struct package_row *row, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_PACKAGE_UPDATE);

        stmt_bind_row(stmt, &package_table, row, 0, 1);
        return stmt_run_one(stmt, "package", err);
}

enum rc store_package_delete(struct db_tx *tx, const char *snap_id, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_PACKAGE_DELETE);

        stmt_bind_text(stmt, 1, snap_id);
        return stmt_run_one(stmt, "package", err);
}

enum rc store_package_get(struct db_tx *tx, struct arena *arena, const char *snap_id,
                          struct package_row *ret, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_PACKAGE_GET);

        stmt_bind_text(stmt, 1, snap_id);
        return stmt_get(stmt, &package_table, arena, ret, err);
}

enum rc store_package_get_by_name(struct db_tx *tx, struct arena *arena, const char *store_id,
                                  const char *name, struct package_row *ret, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_PACKAGE_GET_BY_NAME);

        stmt_bind_text(stmt, 1, store_id);
        stmt_bind_text(stmt, 2, name);
        return stmt_get(stmt, &package_table, arena, ret, err);
}

enum rc store_package_list(struct db_tx *tx, struct arena *arena, const struct package_row **ret,
                           size_t *ret_count, struct err *err)
{
        return stmt_list(stmt_use(tx, Q_PACKAGE_LIST), &package_table, arena, ret, ret_count, err);
}

enum rc store_track_insert(struct db_tx *tx, const struct track_row *row, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_TRACK_INSERT);

        stmt_bind_row(stmt, &track_table, row, 0, 0);
        return stmt_run(stmt, NULL, err);
}

enum rc store_track_list(struct db_tx *tx, struct arena *arena, const char *snap_id,
                         const struct track_row **ret, size_t *ret_count, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_TRACK_LIST);

        stmt_bind_text(stmt, 1, snap_id);
        return stmt_list(stmt, &track_table, arena, ret, ret_count, err);
}
