/* SPDX-License-Identifier: Apache-2.0 */
#include "server/store/stmt.h"
#include "server/store/store.h"

static const struct field link_fields[] = {
        FIELD(struct link_row, snap_id),
        FIELD(struct link_row, kind),
        FIELD(struct link_row, position),
        FIELD(struct link_row, url),
};
static const struct row_table link_table = ROW_TABLE("link", struct link_row, link_fields);

static const struct field category_fields[] = {
        FIELD(struct category_row, store_id),
        FIELD(struct category_row, name),
        FIELD(struct category_row, created),
};
static const struct row_table category_table =
        ROW_TABLE("category", struct category_row, category_fields);

static const struct field package_category_fields[] = {
        FIELD(struct package_category_row, snap_id),
        FIELD(struct package_category_row, name),
};
static const struct row_table package_category_table =
        ROW_TABLE("category of a package", struct package_category_row, package_category_fields);

static const struct field media_fields[] = {
        FIELD(struct media_row, snap_id), FIELD(struct media_row, revision),
        FIELD(struct media_row, kind),    FIELD(struct media_row, position),
        FIELD(struct media_row, digest),  FIELD(struct media_row, bytes),
        FIELD(struct media_row, format),  FIELD(struct media_row, width),
        FIELD(struct media_row, height),  FIELD(struct media_row, created),
};
static const struct row_table media_table = ROW_TABLE("picture", struct media_row, media_fields);

static enum rc insert(struct db_tx *tx, enum query query, const struct row_table *table,
                      const void *row, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, query);

        stmt_bind_row(stmt, table, row, 0, 0);
        return stmt_run(stmt, NULL, err);
}

enum rc store_link_insert(struct db_tx *tx, const struct link_row *row, struct err *err)
{
        return insert(tx, Q_LINK_INSERT, &link_table, row, err);
}

enum rc store_link_delete(struct db_tx *tx, const char *snap_id, const char *kind, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_LINK_DELETE);

        stmt_bind_text(stmt, 1, snap_id);
        stmt_bind_text(stmt, 2, kind);
        return stmt_run(stmt, NULL, err);
}

enum rc store_link_list(struct db_tx *tx, struct arena *arena, const char *snap_id,
                        const struct link_row **ret, size_t *ret_count, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_LINK_LIST);

        stmt_bind_text(stmt, 1, snap_id);
        return stmt_list(stmt, &link_table, arena, ret, ret_count, err);
}

enum rc store_category_insert(struct db_tx *tx, const struct category_row *row, struct err *err)
{
        return insert(tx, Q_CATEGORY_INSERT, &category_table, row, err);
}

enum rc store_category_delete(struct db_tx *tx, const char *store_id, const char *name,
                              struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_CATEGORY_DELETE);

        stmt_bind_text(stmt, 1, store_id);
        stmt_bind_text(stmt, 2, name);
        return stmt_run_one(stmt, "category", err);
}

enum rc store_category_list(struct db_tx *tx, struct arena *arena, const struct category_row **ret,
                            size_t *ret_count, struct err *err)
{
        return stmt_list(stmt_use(tx, Q_CATEGORY_LIST), &category_table, arena, ret, ret_count,
                         err);
}

enum rc store_category_count_uses(struct db_tx *tx, const char *store_id, const char *name,
                                  size_t *ret, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_CATEGORY_COUNT_USES);
        int64_t count = 0;
        enum rc rc;

        stmt_bind_text(stmt, 1, store_id);
        stmt_bind_text(stmt, 2, name);
        rc = stmt_numbers(stmt, &count, 1, err);
        if (rc == RC_OK)
                *ret = (size_t)count;
        return rc;
}

enum rc store_package_category_insert(struct db_tx *tx, const struct package_category_row *row,
                                      struct err *err)
{
        return insert(tx, Q_PACKAGE_CATEGORY_INSERT, &package_category_table, row, err);
}

enum rc store_package_category_delete(struct db_tx *tx, const char *snap_id, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_PACKAGE_CATEGORY_DELETE);

        stmt_bind_text(stmt, 1, snap_id);
        return stmt_run(stmt, NULL, err);
}

enum rc store_package_category_list(struct db_tx *tx, struct arena *arena, const char *snap_id,
                                    const struct package_category_row **ret, size_t *ret_count,
                                    struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_PACKAGE_CATEGORY_LIST);

        stmt_bind_text(stmt, 1, snap_id);
        return stmt_list(stmt, &package_category_table, arena, ret, ret_count, err);
}

enum rc store_media_insert(struct db_tx *tx, const struct media_row *row, struct err *err)
{
        return insert(tx, Q_MEDIA_INSERT, &media_table, row, err);
}

enum rc store_media_delete(struct db_tx *tx, const char *snap_id, uint64_t revision,
                           const char *kind, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_MEDIA_DELETE);

        stmt_bind_text(stmt, 1, snap_id);
        stmt_bind_u64(stmt, 2, revision);
        stmt_bind_text(stmt, 3, kind);
        return stmt_run(stmt, NULL, err);
}

enum rc store_media_list(struct db_tx *tx, struct arena *arena, const char *snap_id,
                         const struct media_row **ret, size_t *ret_count, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_MEDIA_LIST);

        stmt_bind_text(stmt, 1, snap_id);
        return stmt_list(stmt, &media_table, arena, ret, ret_count, err);
}
