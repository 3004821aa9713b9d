/* SPDX-License-Identifier: Apache-2.0 */
#include "server/store/stmt.h"
#include "server/store/store.h"

static const struct field account_fields[] = {
        FIELD(struct account_row, account_id),   FIELD(struct account_row, username),
        FIELD(struct account_row, display_name), FIELD(struct account_row, email),
        FIELD(struct account_row, validation),   FIELD(struct account_row, created),
};
static const struct row_table account_table =
        ROW_TABLE("account", struct account_row, account_fields);

enum rc store_account_insert(struct db_tx *tx, const struct account_row *row, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_ACCOUNT_INSERT);

        stmt_bind_row(stmt, &account_table, row, 0, 0);
        return stmt_run(stmt, NULL, err);
}

enum rc store_account_get(struct db_tx *tx, struct arena *arena, const char *account_id,
                          struct account_row *ret, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_ACCOUNT_GET);

        stmt_bind_text(stmt, 1, account_id);
        return stmt_get(stmt, &account_table, arena, ret, err);
}

enum rc store_account_get_by_username(struct db_tx *tx, struct arena *arena, const char *username,
                                      struct account_row *ret, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_ACCOUNT_GET_BY_USERNAME);

        stmt_bind_text(stmt, 1, username);
        return stmt_get(stmt, &account_table, arena, ret, err);
}

enum rc store_account_list(struct db_tx *tx, struct arena *arena, const struct account_row **ret,
                           size_t *ret_count, struct err *err)
{
        return stmt_list(stmt_use(tx, Q_ACCOUNT_LIST), &account_table, arena, ret, ret_count, err);
}
