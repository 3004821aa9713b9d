/* SPDX-License-Identifier: Apache-2.0 */
#include "server/store/stmt.h"
#include "server/store/store_fleet.h"

static const struct field policy_fields[] = {
        FIELD(struct policy_row, brand_id), FIELD(struct policy_row, model),
        FIELD(struct policy_row, mode),     FIELD_OPTIONAL(struct policy_row, api_key),
        FIELD(struct policy_row, quota),    FIELD(struct policy_row, proposed),
        FIELD(struct policy_row, changed),
};
static const struct row_table policy_table = ROW_TABLE("policy", struct policy_row, policy_fields);

static const struct field allow_fields[] = {
        FIELD(struct allow_row, brand_id), FIELD(struct allow_row, model),
        FIELD(struct allow_row, serial),   FIELD(struct allow_row, key_id),
        FIELD(struct allow_row, note),     FIELD(struct allow_row, created),
};
static const struct row_table allow_table = ROW_TABLE("listed", struct allow_row, allow_fields);

static const struct field registration_fields[] = {
        FIELD(struct registration_row, brand_id), FIELD(struct registration_row, model),
        FIELD(struct registration_row, key_id),   FIELD(struct registration_row, request_id),
        FIELD(struct registration_row, proposed), FIELD_OPTIONAL(struct registration_row, serial),
        FIELD(struct registration_row, state),    FIELD(struct registration_row, created),
        FIELD(struct registration_row, asked),
};
static const struct row_table registration_table =
        ROW_TABLE("registration", struct registration_row, registration_fields);

static const struct field remodel_fields[] = {
        FIELD(struct remodel_row, from_brand_id), FIELD(struct remodel_row, from_model),
        FIELD(struct remodel_row, to_brand_id),   FIELD(struct remodel_row, to_model),
        FIELD(struct remodel_row, created),
};
static const struct row_table remodel_table =
        ROW_TABLE("remodel", struct remodel_row, remodel_fields);

static void bind_three(struct stmt *stmt, const char *first, const char *second, const char *third)
{
        stmt_bind_text(stmt, 1, first);
        stmt_bind_text(stmt, 2, second);
        stmt_bind_text(stmt, 3, third);
}

/* --- policies --- */

enum rc store_policy_get(struct db_tx *tx, struct arena *arena, const char *brand_id,
                         const char *model, struct policy_row *ret, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_POLICY_GET);

        stmt_bind_text(stmt, 1, brand_id);
        stmt_bind_text(stmt, 2, model);
        return stmt_get(stmt, &policy_table, arena, ret, err);
}

enum rc store_policy_put(struct db_tx *tx, const struct policy_row *row, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_POLICY_PUT);

        stmt_bind_row(stmt, &policy_table, row, 0, 0);
        return stmt_run(stmt, NULL, err);
}

enum rc store_policy_counts(struct db_tx *tx, const char *brand_id, const char *model,
                            struct policy_counts *ret, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_POLICY_COUNTS);
        int64_t numbers[4];
        enum rc rc;

        stmt_bind_text(stmt, 1, brand_id);
        stmt_bind_text(stmt, 2, model);
        rc = stmt_numbers(stmt, numbers, ARRAY_COUNT(numbers), err);
        if (rc == RC_OK)
                *ret = (struct policy_counts){numbers[0], numbers[1], numbers[2], numbers[3]};
        return rc;
}

/* --- lists --- */

static enum rc run_counted(struct stmt *stmt, bool *ret_changed, struct err *err)
{
        uint64_t changes = 0;
        enum rc rc;

        rc = stmt_run(stmt, &changes, err);
        if (rc == RC_OK)
                *ret_changed = changes > 0;
        return rc;
}

enum rc store_allow_insert(struct db_tx *tx, const struct allow_row *row, bool *ret_changed,
                           struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_ALLOW_INSERT);

        stmt_bind_row(stmt, &allow_table, row, 0, 0);
        return run_counted(stmt, ret_changed, err);
}

enum rc store_allow_delete(struct db_tx *tx, const struct allow_row *row, bool *ret_changed,
                           struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_ALLOW_DELETE);

        stmt_bind_row(stmt, &allow_table, row, 0, 2);
        return run_counted(stmt, ret_changed, err);
}

enum rc store_allow_find_serial(struct db_tx *tx, struct arena *arena, const char *brand_id,
                                const char *model, const char *serial, const char *key_id,
                                struct allow_row *ret, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_ALLOW_FIND_SERIAL);

        bind_three(stmt, brand_id, model, serial);
        stmt_bind_text(stmt, 4, key_id);
        return stmt_get(stmt, &allow_table, arena, ret, err);
}

enum rc store_allow_find_key(struct db_tx *tx, struct arena *arena, const char *brand_id,
                             const char *model, const char *key_id, struct allow_row *ret,
                             struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_ALLOW_FIND_KEY);

        bind_three(stmt, brand_id, model, key_id);
        return stmt_get(stmt, &allow_table, arena, ret, err);
}

enum rc store_allow_list(struct db_tx *tx, struct arena *arena, const struct allow_row *after,
                         size_t max, const struct allow_row **ret, size_t *ret_count,
                         struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_ALLOW_LIST);

        stmt_bind_row(stmt, &allow_table, after, 0, 2);
        stmt_bind_u64(stmt, 5, max);
        return stmt_list(stmt, &allow_table, arena, ret, ret_count, err);
}

/* --- registrations --- */

enum rc store_registration_put(struct db_tx *tx, const struct registration_row *row,
                               struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_REGISTRATION_PUT);

        stmt_bind_row(stmt, &registration_table, row, 0, 0);
        return stmt_run(stmt, NULL, err);
}

enum rc store_registration_get(struct db_tx *tx, struct arena *arena, const char *brand_id,
                               const char *model, const char *key_id, struct registration_row *ret,
                               struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_REGISTRATION_GET);

        bind_three(stmt, brand_id, model, key_id);
        return stmt_get(stmt, &registration_table, arena, ret, err);
}

enum rc store_registration_get_by_request(struct db_tx *tx, struct arena *arena,
                                          const char *request_id, struct registration_row *ret,
                                          struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_REGISTRATION_GET_BY_REQUEST);

        stmt_bind_text(stmt, 1, request_id);
        return stmt_get(stmt, &registration_table, arena, ret, err);
}

enum rc store_registration_get_by_serial(struct db_tx *tx, struct arena *arena,
                                         const char *brand_id, const char *model,
                                         const char *serial, struct registration_row *ret,
                                         struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_REGISTRATION_GET_BY_SERIAL);

        bind_three(stmt, brand_id, model, serial);
        return stmt_get(stmt, &registration_table, arena, ret, err);
}

enum rc store_registration_find(struct db_tx *tx, struct arena *arena, const char *name, size_t max,
                                const struct registration_row **ret, size_t *ret_count,
                                struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_REGISTRATION_FIND);

        stmt_bind_text(stmt, 1, name);
        stmt_bind_u64(stmt, 2, max);
        return stmt_list(stmt, &registration_table, arena, ret, ret_count, err);
}

enum rc store_registration_list(struct db_tx *tx, struct arena *arena,
                                const struct registration_row *after, size_t max,
                                const struct registration_row **ret, size_t *ret_count,
                                struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_REGISTRATION_LIST);

        bind_three(stmt, after->state, after->brand_id, after->model);
        stmt_bind_text(stmt, 4, after->key_id);
        stmt_bind_u64(stmt, 5, max);
        return stmt_list(stmt, &registration_table, arena, ret, ret_count, err);
}

enum rc store_registration_count(struct db_tx *tx, uint64_t *ret, struct err *err)
{
        int64_t count = 0;
        enum rc rc;

        rc = stmt_numbers(stmt_use(tx, Q_REGISTRATION_COUNT), &count, 1, err);
        if (rc == RC_OK)
                *ret = (uint64_t)count;
        return rc;
}

enum rc store_registration_delete(struct db_tx *tx, const char *brand_id, const char *model,
                                  const char *key_id, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_REGISTRATION_DELETE);

        bind_three(stmt, brand_id, model, key_id);
        return stmt_run(stmt, NULL, err);
}

enum rc store_registration_expire(struct db_tx *tx, usec_t asked_before, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_REGISTRATION_EXPIRE);

        stmt_bind_int(stmt, 1, asked_before);
        return stmt_run(stmt, NULL, err);
}

/* --- remodels --- */

enum rc store_remodel_insert(struct db_tx *tx, const struct remodel_row *row, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_REMODEL_INSERT);

        stmt_bind_row(stmt, &remodel_table, row, 0, 0);
        return stmt_run(stmt, NULL, err);
}

enum rc store_remodel_get(struct db_tx *tx, struct arena *arena, const struct remodel_row *wanted,
                          struct remodel_row *ret, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_REMODEL_GET);

        stmt_bind_row(stmt, &remodel_table, wanted, 0, 1);
        return stmt_get(stmt, &remodel_table, arena, ret, err);
}

enum rc store_remodel_delete(struct db_tx *tx, const struct remodel_row *row, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_REMODEL_DELETE);

        stmt_bind_row(stmt, &remodel_table, row, 0, 1);
        return stmt_run_one(stmt, "allowed remodel", err);
}

enum rc store_remodel_list(struct db_tx *tx, struct arena *arena, const struct remodel_row **ret,
                           size_t *ret_count, struct err *err)
{
        return stmt_list(stmt_use(tx, Q_REMODEL_LIST), &remodel_table, arena, ret, ret_count, err);
}
