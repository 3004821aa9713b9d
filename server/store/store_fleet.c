/* SPDX-License-Identifier: Apache-2.0 */
#include "server/store/store_fleet.h"
#include "server/store/stmt.h"

static const struct field block_fields[] = {
        FIELD(struct block_row, brand_id),     FIELD(struct block_row, model),
        FIELD(struct block_row, serial),       FIELD(struct block_row, revoked),
        FIELD(struct block_row, stale_before),
};
static const struct row_table block_table = ROW_TABLE("block", struct block_row, block_fields);

static const struct field check_in_fields[] = {
        FIELD(struct check_in_row, brand_id),  FIELD(struct check_in_row, model),
        FIELD(struct check_in_row, serial),    FIELD(struct check_in_row, first_seen),
        FIELD(struct check_in_row, last_seen), FIELD(struct check_in_row, snapd_version),
        FIELD(struct check_in_row, pending),   FIELD(struct check_in_row, state),
};
static const struct row_table check_in_table =
        ROW_TABLE("check-in", struct check_in_row, check_in_fields);

static const struct field look_fields[] = {
        FIELD(struct device_look_row, brand_id),      FIELD(struct device_look_row, model),
        FIELD(struct device_look_row, serial),        FIELD(struct device_look_row, key_id),
        FIELD(struct device_look_row, revoked),       FIELD(struct device_look_row, registered),
        FIELD(struct device_look_row, first_seen),    FIELD(struct device_look_row, last_seen),
        FIELD(struct device_look_row, snapd_version), FIELD(struct device_look_row, pending),
        FIELD(struct device_look_row, alarms),
};
static const struct row_table look_table = ROW_TABLE("device", struct device_look_row, look_fields);

static const struct field alarm_fields[] = {
        FIELD(struct alarm_row, id),    FIELD(struct alarm_row, brand_id),
        FIELD(struct alarm_row, model), FIELD(struct alarm_row, serial),
        FIELD(struct alarm_row, kind),  FIELD(struct alarm_row, detail),
        FIELD(struct alarm_row, times), FIELD(struct alarm_row, first),
        FIELD(struct alarm_row, last),
};
static const struct row_table alarm_table = ROW_TABLE("alarm", struct alarm_row, alarm_fields);

static void bind_device(struct stmt *stmt, const char *brand_id, const char *model,
                        const char *serial)
{
        stmt_bind_text(stmt, 1, brand_id);
        stmt_bind_text(stmt, 2, model);
        stmt_bind_text(stmt, 3, serial);
}

/* --- blocks --- */

enum rc store_block_get(struct db_tx *tx, struct arena *arena, const char *brand_id,
                        const char *model, const char *serial, struct block_row *ret,
                        struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_BLOCK_GET);

        bind_device(stmt, brand_id, model, serial);
        return stmt_get(stmt, &block_table, arena, ret, err);
}

enum rc store_block_put(struct db_tx *tx, const struct block_row *row, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_BLOCK_PUT);

        stmt_bind_row(stmt, &block_table, row, 0, 0);
        return stmt_run(stmt, NULL, err);
}

enum rc store_block_list(struct db_tx *tx, struct arena *arena, const struct block_row **ret,
                         size_t *ret_count, struct err *err)
{
        return stmt_list(stmt_use(tx, Q_BLOCK_LIST), &block_table, arena, ret, ret_count, err);
}

enum rc store_block_expire(struct db_tx *tx, usec_t before, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_BLOCK_EXPIRE);

        stmt_bind_int(stmt, 1, before);
        return stmt_run(stmt, NULL, err);
}

/* --- check-ins --- */

enum rc store_check_in_begin(struct db_tx *tx, const char *brand_id, const char *model,
                             const char *serial, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_CHECK_IN_BEGIN);

        bind_device(stmt, brand_id, model, serial);
        return stmt_run(stmt, NULL, err);
}

enum rc store_check_in_put(struct db_tx *tx, const struct check_in_row *row, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_CHECK_IN_PUT);

        stmt_bind_row(stmt, &check_in_table, row, 0, 0);
        return stmt_run(stmt, NULL, err);
}

enum rc store_check_in_seen(struct db_tx *tx, const struct check_in_row *row, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_CHECK_IN_SEEN);

        bind_device(stmt, row->brand_id, row->model, row->serial);
        stmt_bind_int(stmt, 4, row->last_seen);
        return stmt_run(stmt, NULL, err);
}

enum rc store_check_in_get(struct db_tx *tx, struct arena *arena, const char *brand_id,
                           const char *model, const char *serial, struct check_in_row *ret,
                           struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_CHECK_IN_GET);

        bind_device(stmt, brand_id, model, serial);
        return stmt_get(stmt, &check_in_table, arena, ret, err);
}

enum rc store_check_in_list(struct db_tx *tx, struct arena *arena, const struct check_in_row *after,
                            size_t max, const struct check_in_row **ret, size_t *ret_count,
                            struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_CHECK_IN_LIST);

        bind_device(stmt, after ? after->brand_id : "", after ? after->model : "",
                    after ? after->serial : "");
        stmt_bind_u64(stmt, 4, max);
        return stmt_list(stmt, &check_in_table, arena, ret, ret_count, err);
}

enum rc store_device_look(struct db_tx *tx, struct arena *arena, const struct device_filter *filter,
                          const struct device_look_row **ret, size_t *ret_count, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_DEVICE_LOOK);
        const struct device_look_row *after = filter->after;

        bind_device(stmt, after ? after->brand_id : "", after ? after->model : "",
                    after ? after->serial : "");
        stmt_bind_text(stmt, 4, filter->brand_id);
        stmt_bind_text(stmt, 5, filter->model);
        stmt_bind_text(stmt, 6, filter->serial);
        stmt_bind_int(stmt, 7, filter->seen_before);
        stmt_bind_int(stmt, 8, filter->pending);
        stmt_bind_u64(stmt, 9, filter->max);
        return stmt_list(stmt, &look_table, arena, ret, ret_count, err);
}

/* --- alarms --- */

enum rc store_alarm_raise(struct db_tx *tx, const struct alarm_row *row, int64_t *ret_times,
                          struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_ALARM_RAISE);

        stmt_bind_row(stmt, &alarm_table, row, 1, 0);
        return stmt_numbers(stmt, ret_times, 1, err);
}

enum rc store_alarm_list(struct db_tx *tx, struct arena *arena, const char *brand_id,
                         const char *model, const char *serial, size_t max,
                         const struct alarm_row **ret, size_t *ret_count, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_ALARM_LIST);

        bind_device(stmt, brand_id, model, serial);
        stmt_bind_u64(stmt, 4, max);
        return stmt_list(stmt, &alarm_table, arena, ret, ret_count, err);
}

enum rc store_alarm_count(struct db_tx *tx, uint64_t *ret, struct err *err)
{
        int64_t count = 0;
        enum rc rc;

        rc = stmt_numbers(stmt_use(tx, Q_ALARM_COUNT), &count, 1, err);
        if (rc == RC_OK)
                *ret = (uint64_t)count;
        return rc;
}

enum rc store_alarm_delete(struct db_tx *tx, int64_t id, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_ALARM_DELETE);

        stmt_bind_int(stmt, 1, id);
        return stmt_run_one(stmt, "alarm", err);
}
