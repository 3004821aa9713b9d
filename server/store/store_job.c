/* SPDX-License-Identifier: Apache-2.0 */
#include "server/store/stmt.h"
#include "server/store/store.h"

static const struct field job_fields[] = {
        FIELD(struct job_row, id),        FIELD(struct job_row, kind),
        FIELD(struct job_row, subject),   FIELD(struct job_row, payload),
        FIELD(struct job_row, priority),  FIELD(struct job_row, attempts),
        FIELD(struct job_row, run_after), FIELD(struct job_row, created),
};
static const struct row_table job_table = ROW_TABLE("job", struct job_row, job_fields);

enum rc store_job_insert(struct db_tx *tx, const struct job_row *row, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_JOB_FORGET_FAILED);
        enum rc rc;

        stmt_bind_text(stmt, 1, row->kind);
        stmt_bind_text(stmt, 2, row->subject);
        rc = stmt_run(stmt, NULL, err);
        if (rc != RC_OK)
                return rc;
        stmt = stmt_use(tx, Q_JOB_INSERT);
        stmt_bind_row(stmt, &job_table, row, 1, 0);
        return stmt_run(stmt, NULL, err);
}

enum rc store_job_take(struct db_tx *tx, struct arena *arena, const char *boot_id, usec_t now,
                       struct job_row *ret, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_JOB_TAKE);

        stmt_bind_text(stmt, 1, boot_id);
        stmt_bind_int(stmt, 2, now);
        return stmt_get(stmt, &job_table, arena, ret, err);
}

enum rc store_job_take_urgent(struct db_tx *tx, struct arena *arena, const char *boot_id,
                              usec_t now, int priority, struct job_row *ret, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_JOB_TAKE_URGENT);

        stmt_bind_text(stmt, 1, boot_id);
        stmt_bind_int(stmt, 2, now);
        stmt_bind_int(stmt, 3, priority);
        return stmt_get(stmt, &job_table, arena, ret, err);
}

enum rc store_job_done(struct db_tx *tx, int64_t id, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_JOB_DONE);

        stmt_bind_int(stmt, 1, id);
        return stmt_run_one(stmt, "job", err);
}

enum rc store_job_fail(struct db_tx *tx, int64_t id, const char *reason, usec_t run_after,
                       struct err *err)
{
        struct stmt *stmt = stmt_use(tx, run_after ? Q_JOB_RETRY : Q_JOB_GIVE_UP);

        stmt_bind_int(stmt, 1, id);
        stmt_bind_text(stmt, 2, reason);
        if (run_after)
                stmt_bind_int(stmt, 3, run_after);
        return stmt_run_one(stmt, "job", err);
}

enum rc store_job_count(struct db_tx *tx, size_t *ret_waiting, size_t *ret_failed, struct err *err)
{
        int64_t counts[2]; /* not done yet, given up */
        enum rc rc;

        rc = stmt_numbers(stmt_use(tx, Q_JOB_COUNT), counts, 2, err);
        if (rc != RC_OK)
                return rc;
        *ret_waiting = (size_t)counts[0];
        *ret_failed = (size_t)counts[1];
        return RC_OK;
}
