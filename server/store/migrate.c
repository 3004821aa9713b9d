/* SPDX-License-Identifier: Apache-2.0 */
#include "server/store/migrate.h"
#include "schema/migrations.h"
#include <string.h>

/* How many migrations the database has, each compared with ours. */
static enum rc count_applied(struct db_tx *tx, unsigned *ret, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_MIGRATION_LIST);
        unsigned count = 0;
        bool row = false;
        enum rc rc;

        rc = stmt_step(stmt, &row, err);
        while (rc == RC_OK && row) {
                if (count >= MIGRATION_COUNT) {
                        rc = err_set(err, RC_STALE,
                                     "the database was made by a newer version of "
                                     "this software: it has migration %u, \"%s\"",
                                     count + 1, stmt_text(stmt, 1, NULL));
                        break;
                }
                if (stmt_int(stmt, 0) != (int64_t)migration_table[count].number ||
                    strcmp(stmt_text(stmt, 2, NULL), migration_table[count].sha256) != 0) {
                        rc = err_set(err, RC_CORRUPT,
                                     "migration %u of the database is not the "
                                     "one of this software",
                                     count + 1);
                        break;
                }
                count++;
                rc = stmt_step(stmt, &row, err);
        }
        stmt_reset(stmt);
        if (rc == RC_OK)
                *ret = count;
        return rc;
}

static enum rc apply(struct db_tx *tx, const struct migration_row *row, struct err *err)
{
        struct stmt *stmt;
        enum rc rc;

        rc = conn_script(tx->conn, row->sql, err);
        if (rc != RC_OK)
                return err_prefix(err, rc, "migration %u, \"%s\"", row->number, row->name);
        stmt = stmt_use(tx, Q_MIGRATION_INSERT);
        stmt_bind_int(stmt, 1, row->number);
        stmt_bind_text(stmt, 2, row->name);
        stmt_bind_text(stmt, 3, row->sha256);
        return stmt_run(stmt, NULL, err);
}

enum rc migrate_run(struct db_tx *tx, bool may_create, struct err *err)
{
        unsigned applied = 0;
        int64_t tables[2]; /* how many, whether ours is one of them */
        enum rc rc;

        rc = stmt_numbers(stmt_use(tx, Q_ENGINE_HAS_TABLES), tables, 2, err);
        if (rc != RC_OK)
                return rc;
        if (tables[0] > 0 && !tables[1])
                return err_set(err, RC_CORRUPT, "the database is not one of this software");
        if (tables[0] == 0 && !may_create)
                return err_set(err, RC_CORRUPT, "the database is empty");
        if (tables[1])
                rc = count_applied(tx, &applied, err);
        for (unsigned i = applied; i < MIGRATION_COUNT && rc == RC_OK; i++)
                rc = apply(tx, &migration_table[i], err);
        return rc;
}
