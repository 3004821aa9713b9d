/* SPDX-License-Identifier: Apache-2.0 */
#include "server/store/stmt.h"
#include "server/store/store.h"

static const struct field store_fields[] = {
        FIELD(struct store_row, store_id),
        FIELD(struct store_row, title),
        FIELD(struct store_row, created),
};
static const struct row_table store_table = ROW_TABLE("store", struct store_row, store_fields);

static const struct field include_fields[] = {
        FIELD(struct store_include_row, store_id), FIELD(struct store_include_row, parent_id),
        FIELD(struct store_include_row, place),    FIELD(struct store_include_row, by),
        FIELD(struct store_include_row, created),
};
static const struct row_table include_table =
        ROW_TABLE("include", struct store_include_row, include_fields);

static const struct field store_rule_fields[] = {
        FIELD(struct store_rule_row, store_id), FIELD(struct store_rule_row, snap_id),
        FIELD(struct store_rule_row, rule),     FIELD(struct store_rule_row, by),
        FIELD(struct store_rule_row, created),
};
static const struct row_table store_rule_table =
        ROW_TABLE("rule", struct store_rule_row, store_rule_fields);

static const struct field view_fields[] = {
        FIELD(struct model_view_row, brand_id), FIELD(struct model_view_row, model),
        FIELD(struct model_view_row, mode),     FIELD(struct model_view_row, by),
        FIELD(struct model_view_row, created),
};
static const struct row_table view_table = ROW_TABLE("view", struct model_view_row, view_fields);

static const struct field model_rule_fields[] = {
        FIELD(struct model_rule_row, brand_id), FIELD(struct model_rule_row, model),
        FIELD(struct model_rule_row, snap_id),  FIELD(struct model_rule_row, rule),
        FIELD(struct model_rule_row, revision), FIELD(struct model_rule_row, channel),
        FIELD(struct model_rule_row, by),       FIELD(struct model_rule_row, created),
};
static const struct row_table model_rule_table =
        ROW_TABLE("rule", struct model_rule_row, model_rule_fields);

static enum rc row_run(struct stmt *stmt, const struct row_table *table, const void *row,
                       struct err *err)
{
        stmt_bind_row(stmt, table, row, 0, 0);
        return stmt_run(stmt, NULL, err);
}

/* --- stores --- */

enum rc store_store_insert(struct db_tx *tx, const struct store_row *row, struct err *err)
{
        return row_run(stmt_use(tx, Q_STORE_INSERT), &store_table, row, err);
}

enum rc store_store_ensure(struct db_tx *tx, const char *store_id, usec_t now, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_STORE_ENSURE);

        stmt_bind_text(stmt, 1, store_id);
        stmt_bind_int(stmt, 2, now);
        return stmt_run(stmt, NULL, err);
}

enum rc store_store_list(struct db_tx *tx, struct arena *arena, const struct store_row **ret,
                         size_t *ret_count, struct err *err)
{
        return stmt_list(stmt_use(tx, Q_STORE_LIST), &store_table, arena, ret, ret_count, err);
}

enum rc store_include_insert(struct db_tx *tx, const struct store_include_row *row, struct err *err)
{
        return row_run(stmt_use(tx, Q_STORE_INCLUDE_INSERT), &include_table, row, err);
}

enum rc store_include_delete(struct db_tx *tx, const char *store_id, const char *parent_id,
                             struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_STORE_INCLUDE_DELETE);

        stmt_bind_text(stmt, 1, store_id);
        stmt_bind_text(stmt, 2, parent_id);
        return stmt_run_one(stmt, "include", err);
}

enum rc store_include_list(struct db_tx *tx, struct arena *arena,
                           const struct store_include_row **ret, size_t *ret_count, struct err *err)
{
        return stmt_list(stmt_use(tx, Q_STORE_INCLUDE_LIST), &include_table, arena, ret, ret_count,
                         err);
}

enum rc store_rule_put(struct db_tx *tx, const struct store_rule_row *row, struct err *err)
{
        return row_run(stmt_use(tx, Q_STORE_RULE_PUT), &store_rule_table, row, err);
}

enum rc store_rule_delete(struct db_tx *tx, const char *store_id, const char *snap_id,
                          struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_STORE_RULE_DELETE);

        stmt_bind_text(stmt, 1, store_id);
        stmt_bind_text(stmt, 2, snap_id);
        return stmt_run_one(stmt, "rule", err);
}

enum rc store_rule_list(struct db_tx *tx, struct arena *arena, const struct store_rule_row **ret,
                        size_t *ret_count, struct err *err)
{
        return stmt_list(stmt_use(tx, Q_STORE_RULE_LIST), &store_rule_table, arena, ret, ret_count,
                         err);
}

/* --- views of models --- */

enum rc store_model_view_put(struct db_tx *tx, const struct model_view_row *row, struct err *err)
{
        return row_run(stmt_use(tx, Q_MODEL_VIEW_PUT), &view_table, row, err);
}

enum rc store_model_view_ensure(struct db_tx *tx, const char *brand_id, const char *model,
                                const char *by, usec_t now, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_MODEL_VIEW_ENSURE);

        stmt_bind_text(stmt, 1, brand_id);
        stmt_bind_text(stmt, 2, model);
        stmt_bind_text(stmt, 3, by);
        stmt_bind_int(stmt, 4, now);
        return stmt_run(stmt, NULL, err);
}

enum rc store_model_view_delete(struct db_tx *tx, const char *brand_id, const char *model,
                                struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_MODEL_VIEW_DELETE);

        stmt_bind_text(stmt, 1, brand_id);
        stmt_bind_text(stmt, 2, model);
        return stmt_run_one(stmt, "view", err);
}

enum rc store_model_view_list(struct db_tx *tx, struct arena *arena,
                              const struct model_view_row **ret, size_t *ret_count, struct err *err)
{
        return stmt_list(stmt_use(tx, Q_MODEL_VIEW_LIST), &view_table, arena, ret, ret_count, err);
}

enum rc store_model_rule_put(struct db_tx *tx, const struct model_rule_row *row, struct err *err)
{
        return row_run(stmt_use(tx, Q_MODEL_RULE_PUT), &model_rule_table, row, err);
}

enum rc store_model_rule_delete(struct db_tx *tx, const char *brand_id, const char *model,
                                const char *snap_id, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_MODEL_RULE_DELETE);

        stmt_bind_text(stmt, 1, brand_id);
        stmt_bind_text(stmt, 2, model);
        stmt_bind_text(stmt, 3, snap_id);
        return stmt_run_one(stmt, "rule", err);
}

enum rc store_model_rule_list(struct db_tx *tx, struct arena *arena,
                              const struct model_rule_row **ret, size_t *ret_count, struct err *err)
{
        return stmt_list(stmt_use(tx, Q_MODEL_RULE_LIST), &model_rule_table, arena, ret, ret_count,
                         err);
}
