/* SPDX-License-Identifier: Apache-2.0 */
#include "server/store/stmt.h"
#include "server/store/store.h"

static const struct field device_fields[] = {
        FIELD(struct device_row, brand_id),
        FIELD(struct device_row, model),
        FIELD(struct device_row, serial),
        FIELD(struct device_row, key_id),
        FIELD_OPTIONAL(struct device_row, request_id),
        FIELD_BYTES(struct device_row, text, text_bytes),
        FIELD(struct device_row, revoked),
        FIELD(struct device_row, created),
        FIELD(struct device_row, last_seen),
};
static const struct row_table device_table = ROW_TABLE("device", struct device_row, device_fields);

enum rc store_device_insert(struct db_tx *tx, const struct device_row *row, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_DEVICE_INSERT);

        stmt_bind_row(stmt, &device_table, row, 0, 0);
        return stmt_run(stmt, NULL, err);
}

static void bind_device(struct stmt *stmt, const char *brand_id, const char *model,
                        const char *third)
{
        stmt_bind_text(stmt, 1, brand_id);
        stmt_bind_text(stmt, 2, model);
        stmt_bind_text(stmt, 3, third);
}

enum rc store_device_get(struct db_tx *tx, struct arena *arena, const char *brand_id,
                         const char *model, const char *serial, struct device_row *ret,
                         struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_DEVICE_GET);

        bind_device(stmt, brand_id, model, serial);
        return stmt_get(stmt, &device_table, arena, ret, err);
}

enum rc store_device_get_by_request(struct db_tx *tx, struct arena *arena, const char *request_id,
                                    struct device_row *ret, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_DEVICE_GET_BY_REQUEST);

        stmt_bind_text(stmt, 1, request_id);
        return stmt_get(stmt, &device_table, arena, ret, err);
}

enum rc store_device_get_by_key(struct db_tx *tx, struct arena *arena, const char *brand_id,
                                const char *model, const char *key_id, struct device_row *ret,
                                struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_DEVICE_GET_BY_KEY);

        bind_device(stmt, brand_id, model, key_id);
        return stmt_get(stmt, &device_table, arena, ret, err);
}

enum rc store_device_list(struct db_tx *tx, struct arena *arena, const struct device_row *after,
                          size_t max, const struct device_row **ret, size_t *ret_count,
                          struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_DEVICE_LIST);

        bind_device(stmt, after ? after->brand_id : "", after ? after->model : "",
                    after ? after->serial : "");
        stmt_bind_u64(stmt, 4, max);
        return stmt_list(stmt, &device_table, arena, ret, ret_count, err);
}

enum rc store_device_count(struct db_tx *tx, uint64_t *ret, struct err *err)
{
        int64_t count = 0;
        enum rc rc;

        rc = stmt_numbers(stmt_use(tx, Q_DEVICE_COUNT), &count, 1, err);
        if (rc == RC_OK)
                *ret = (uint64_t)count;
        return rc;
}

enum rc store_device_seen(struct db_tx *tx, const char *brand_id, const char *model,
                          const char *serial, usec_t last_seen, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_DEVICE_SEEN);

        bind_device(stmt, brand_id, model, serial);
        stmt_bind_int(stmt, 4, last_seen);
        return stmt_run(stmt, NULL, err);
}

enum rc store_device_revoke(struct db_tx *tx, const char *brand_id, const char *model,
                            const char *serial, bool revoked, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_DEVICE_REVOKE);

        bind_device(stmt, brand_id, model, serial);
        stmt_bind_int(stmt, 4, revoked);
        return stmt_run_one(stmt, "device", err);
}
