/* SPDX-License-Identifier: Apache-2.0 */
#include "server/store/stmt.h"
#include "server/store/store.h"

static const struct field release_fields[] = {
        FIELD(struct release_row, id),
        FIELD(struct release_row, snap_id),
        FIELD(struct release_row, arch),
        FIELD(struct release_row, channel.track),
        FIELD(struct release_row, channel.risk),
        FIELD(struct release_row, channel.branch),
        FIELD_OPTIONAL(struct release_row, revision),
        FIELD(struct release_row, percentage),
        FIELD_OPTIONAL(struct release_row, base_revision),
        FIELD(struct release_row, paused),
        FIELD(struct release_row, expires),
        FIELD(struct release_row, by),
        FIELD(struct release_row, created),
};
static const struct row_table release_table =
        ROW_TABLE("release", struct release_row, release_fields);

/* The key of channel_map: $1 to $5 of both statements. */
static void bind_channel(struct stmt *stmt, const struct release_row *row)
{
        stmt_bind_text(stmt, 1, row->snap_id);
        stmt_bind_text(stmt, 2, row->arch);
        stmt_bind_text(stmt, 3, row->channel.track);
        stmt_bind_int(stmt, 4, (int64_t)row->channel.risk);
        stmt_bind_text(stmt, 5, row->channel.branch);
}

enum rc store_release_put(struct db_tx *tx, const struct release_row *row, int64_t *ret_id,
                          struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_RELEASE_EVENT_INSERT);
        int64_t id = 0;
        enum rc rc;

        stmt_bind_row(stmt, &release_table, row, 1, 0);
        rc = stmt_numbers(stmt, &id, 1, err);
        if (rc != RC_OK)
                return rc;
        stmt = stmt_use(tx, row->revision ? Q_CHANNEL_OPEN : Q_CHANNEL_CLOSE);
        bind_channel(stmt, row);
        if (row->revision)
                stmt_bind_int(stmt, 6, id);
        rc = stmt_run(stmt, NULL, err);
        if (rc == RC_OK)
                *ret_id = id;
        return rc;
}

/* A channel of the database is complete: its track is meant. */
static void name_tracks(struct release_row *rows, size_t count)
{
        for (size_t i = 0; i < count; i++)
                rows[i].channel.track_named = true;
}

enum rc store_release_list(struct db_tx *tx, struct arena *arena, const char *snap_id,
                           const struct release_row **ret, size_t *ret_count, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_RELEASE_LIST);
        struct release_row *rows = NULL;
        enum rc rc;

        stmt_bind_text(stmt, 1, snap_id);
        rc = stmt_list(stmt, &release_table, arena, &rows, ret_count, err);
        if (rc != RC_OK)
                return rc;
        name_tracks(rows, *ret_count);
        *ret = rows;
        return RC_OK;
}

enum rc store_release_history(struct db_tx *tx, struct arena *arena, const char *snap_id,
                              uint64_t offset, size_t max, const struct release_row **ret,
                              size_t *ret_count, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_RELEASE_HISTORY);
        struct release_row *rows = NULL;
        enum rc rc;

        stmt_bind_text(stmt, 1, snap_id);
        stmt_bind_u64(stmt, 2, offset);
        stmt_bind_u64(stmt, 3, max);
        rc = stmt_list(stmt, &release_table, arena, &rows, ret_count, err);
        if (rc != RC_OK)
                return rc;
        name_tracks(rows, *ret_count);
        *ret = rows;
        return RC_OK;
}

enum rc store_release_past(struct db_tx *tx, struct arena *arena, const char *snap_id,
                           size_t max_channel, size_t max, const struct release_row **ret,
                           size_t *ret_count, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_RELEASE_PAST);
        struct release_row *rows = NULL;
        enum rc rc;

        stmt_bind_text(stmt, 1, snap_id);
        stmt_bind_u64(stmt, 2, max_channel);
        stmt_bind_u64(stmt, 3, max);
        rc = stmt_list(stmt, &release_table, arena, &rows, ret_count, err);
        if (rc != RC_OK)
                return rc;
        name_tracks(rows, *ret_count);
        *ret = rows;
        return RC_OK;
}

enum rc store_release_expire(struct db_tx *tx, usec_t now, size_t *ret_count, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_RELEASE_EXPIRE_EVENTS);
        uint64_t closed = 0;
        enum rc rc;

        stmt_bind_int(stmt, 1, now);
        rc = stmt_run(stmt, NULL, err);
        if (rc != RC_OK)
                return rc;
        stmt = stmt_use(tx, Q_RELEASE_EXPIRE_CLOSE);
        stmt_bind_int(stmt, 1, now);
        rc = stmt_run(stmt, &closed, err);
        if (rc == RC_OK)
                *ret_count = closed;
        return rc;
}
