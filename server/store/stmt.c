/* SPDX-License-Identifier: Apache-2.0 */
#include "server/store/stmt.h"
#include "core/base/fs.h"
#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const struct digest digest_none;

struct stmt *stmt_use(struct db_tx *tx, enum query query)
{
        return conn_stmt(tx->conn, query);
}

static void bind_text(struct stmt *stmt, int at, const char *text, bool optional)
{
        assert(text);
        if (optional && !*text)
                stmt_bind_null(stmt, at);
        else
                stmt_bind_text(stmt, at, text);
}

static void bind_u64(struct stmt *stmt, int at, uint64_t number, bool optional)
{
        if (optional && !number)
                stmt_bind_null(stmt, at);
        else
                stmt_bind_u64(stmt, at, number);
}

static void bind_digest(struct stmt *stmt, int at, const struct digest *digest, bool optional)
{
        if (optional && memcmp(digest, &digest_none, sizeof(digest_none)) == 0)
                stmt_bind_null(stmt, at);
        else
                stmt_bind_bytes(stmt, at, digest->sha3_384, DIGEST_BYTES);
}

static void bind_field(struct stmt *stmt, int at, const struct field *field, const char *row)
{
        const void *member = row + field->offset;

        switch (field->kind) {
        case FIELD_IS_TEXT:
                bind_text(stmt, at, *(const char *const *)member, field->optional);
                return;
        case FIELD_IS_CHARS:
                bind_text(stmt, at, member, field->optional);
                return;
        case FIELD_IS_BYTES:
                stmt_bind_bytes(stmt, at, *(const char *const *)member,
                                *(const size_t *)(const void *)(row + field->extra));
                return;
        case FIELD_IS_DIGEST:
                bind_digest(stmt, at, member, field->optional);
                return;
        case FIELD_IS_U64:
                bind_u64(stmt, at, *(const uint64_t *)member, field->optional);
                return;
        case FIELD_IS_I64:
                stmt_bind_int(stmt, at, *(const int64_t *)member);
                return;
        case FIELD_IS_INT:
                stmt_bind_int(stmt, at, *(const int *)member);
                return;
        case FIELD_IS_RISK:
                stmt_bind_int(stmt, at, (int64_t) * (const enum risk *)member);
                return;
        case FIELD_IS_BOOL:
                stmt_bind_int(stmt, at, *(const bool *)member);
                return;
        }
}

void stmt_bind_row(struct stmt *stmt, const struct row_table *table, const void *row, size_t from,
                   size_t without)
{
        for (size_t i = from; i < table->count - without; i++)
                bind_field(stmt, (int)(i - from) + 1, &table->fields[i], row);
}

static enum rc read_wrong(const struct row_table *table, int column, struct err *err)
{
        return err_set(err, RC_CORRUPT,
                       "the database has an impossible value in a row of %s "
                       "(column %d)",
                       table->name, column);
}

static char *read_copy(const struct stmt *stmt, int column, bool is_text, struct arena *arena,
                       size_t *ret_bytes)
{
        const void *data =
                is_text ? stmt_text(stmt, column, ret_bytes) : stmt_bytes(stmt, column, ret_bytes);

        return arena_memdup(arena, data, *ret_bytes);
}

static enum rc read_number(const struct stmt *stmt, const struct row_table *table, int column,
                           void *member, struct err *err)
{
        const enum field_kind kind = table->fields[column].kind;
        const int64_t number = stmt_int(stmt, column);

        if (kind == FIELD_IS_I64) {
                *(int64_t *)member = number;
                return RC_OK;
        }
        if (kind == FIELD_IS_INT && number >= INT_MIN && number <= INT_MAX) {
                *(int *)member = (int)number;
                return RC_OK;
        }
        if (kind == FIELD_IS_U64 && number >= 0) {
                *(uint64_t *)member = (uint64_t)number;
                return RC_OK;
        }
        if (kind == FIELD_IS_BOOL && (number == 0 || number == 1)) {
                *(bool *)member = number == 1;
                return RC_OK;
        }
        if (kind == FIELD_IS_RISK && number >= 0 && number < RISK_COUNT) {
                *(enum risk *)member = (enum risk)number;
                return RC_OK;
        }
        return read_wrong(table, column, err);
}

static enum rc read_field(const struct stmt *stmt, const struct row_table *table, int column,
                          struct arena *arena, char *row, struct err *err)
{
        const struct field *field = &table->fields[column];
        void *member = row + field->offset;
        size_t bytes = 0;
        const void *data;
        char *copy;

        if (stmt_is_null(stmt, column) && !field->optional)
                return read_wrong(table, column, err);
        switch (field->kind) {
        case FIELD_IS_TEXT:
        case FIELD_IS_BYTES:
                copy = read_copy(stmt, column, field->kind == FIELD_IS_TEXT, arena, &bytes);
                if (!copy)
                        return err_set(err, RC_NOMEM, "the answer is larger than its memory");
                *(const char **)member = copy;
                if (field->kind == FIELD_IS_BYTES)
                        *(size_t *)(void *)(row + field->extra) = bytes;
                return RC_OK;
        case FIELD_IS_CHARS:
                data = stmt_text(stmt, column, &bytes);
                if (bytes >= field->extra)
                        return read_wrong(table, column, err);
                memcpy(member, data, bytes);
                return RC_OK;
        case FIELD_IS_DIGEST:
                data = stmt_bytes(stmt, column, &bytes);
                if (bytes == DIGEST_BYTES)
                        memcpy(member, data, bytes);
                return bytes == DIGEST_BYTES || (field->optional && !bytes)
                               ? RC_OK
                               : read_wrong(table, column, err);
        default:
                return read_number(stmt, table, column, member, err);
        }
}

enum rc stmt_read(const struct stmt *stmt, const struct row_table *table, struct arena *arena,
                  void *ret, struct err *err)
{
        enum rc rc = RC_OK;

        if (stmt_columns(stmt) != (int)table->count)
                return err_set(err, RC_BUG, "a statement gives %d columns for a row of %s",
                               stmt_columns(stmt), table->name);
        memset(ret, 0, table->row_bytes);
        for (size_t i = 0; i < table->count && rc == RC_OK; i++)
                rc = read_field(stmt, table, (int)i, arena, ret, err);
        return rc;
}

enum rc stmt_run(struct stmt *stmt, uint64_t *ret_changes, struct err *err)
{
        bool row = false;
        enum rc rc;

        rc = stmt_step(stmt, &row, err);
        if (rc != RC_OK)
                return rc;
        if (ret_changes)
                *ret_changes = stmt_changes(stmt);
        stmt_reset(stmt);
        return row ? err_set(err, RC_BUG, "a statement gives rows that nobody reads") : RC_OK;
}

static enum rc nothing_found(const struct stmt *stmt, const char *name, struct err *err)
{
        char text[160];

        stmt_describe(stmt, text, sizeof(text));
        return err_set(err, RC_NOT_FOUND, "no such %s (%s)", name, text);
}

enum rc stmt_run_one(struct stmt *stmt, const char *name, struct err *err)
{
        uint64_t changes = 0;
        enum rc rc;

        rc = stmt_run(stmt, &changes, err);
        if (rc != RC_OK)
                return rc;
        return changes ? RC_OK : nothing_found(stmt, name, err);
}

enum rc stmt_numbers(struct stmt *stmt, int64_t *ret, int count, struct err *err)
{
        bool row = false;
        enum rc rc;

        rc = stmt_step(stmt, &row, err);
        if (rc != RC_OK)
                return rc;
        if (!row)
                return nothing_found(stmt, "row", err);
        assert(stmt_columns(stmt) == count);
        for (int i = 0; i < count; i++)
                ret[i] = stmt_int(stmt, i);
        /* To its end: a RETURNING is only then through. */
        rc = stmt_step(stmt, &row, err);
        stmt_reset(stmt);
        if (rc == RC_OK && row)
                return err_set(err, RC_BUG, "a statement gives more rows than one");
        return rc;
}

enum rc stmt_get(struct stmt *stmt, const struct row_table *table, struct arena *arena, void *ret,
                 struct err *err)
{
        CLEANUP(fs_freep) void *found = malloc(table->row_bytes);
        bool row = false;
        enum rc rc;

        if (!found)
                return err_set(err, RC_NOMEM, "no memory to read a row");
        rc = stmt_step(stmt, &row, err);
        if (rc != RC_OK)
                return rc;
        if (!row)
                return nothing_found(stmt, table->name, err);
        rc = stmt_read(stmt, table, arena, found, err);
        if (rc == RC_OK)
                rc = stmt_step(stmt, &row, err);
        stmt_reset(stmt);
        if (rc != RC_OK)
                return rc;
        if (row)
                return err_set(err, RC_BUG, "a statement gives more than one %s", table->name);
        memcpy(ret, found, table->row_bytes);
        return RC_OK;
}

struct row_list {
        char *rows;
        size_t count;
        size_t room;
};

static enum rc list_room(struct row_list *list, const struct row_table *table, struct err *err)
{
        const size_t room = list->room ? list->room * 2 : 16;
        char *grown;

        if (list->count < list->room)
                return RC_OK;
        if (list->count >= STMT_ROWS_MAX)
                return err_set(err, RC_TOO_BIG, "more rows of %s than %d", table->name,
                               STMT_ROWS_MAX);
        grown = reallocarray(list->rows, room, table->row_bytes);
        if (!grown)
                return err_set(err, RC_NOMEM, "no memory for a list of %s", table->name);
        list->rows = grown;
        list->room = room;
        return RC_OK;
}

static enum rc list_fill(struct stmt *stmt, const struct row_table *table, struct arena *arena,
                         struct row_list *list, struct err *err)
{
        for (;;) {
                bool row = false;
                enum rc rc = stmt_step(stmt, &row, err);

                if (rc != RC_OK || !row)
                        return rc;
                rc = list_room(list, table, err);
                if (rc != RC_OK)
                        return rc;
                rc = stmt_read(stmt, table, arena, list->rows + list->count * table->row_bytes,
                               err);
                if (rc != RC_OK)
                        return rc;
                list->count++;
        }
}

enum rc stmt_list(struct stmt *stmt, const struct row_table *table, struct arena *arena,
                  void *ret_rows, size_t *ret_count, struct err *err)
{
        struct row_list list = {0};
        void *rows;
        enum rc rc;

        rc = list_fill(stmt, table, arena, &list, err);
        stmt_reset(stmt);
        rows = rc == RC_OK ? arena_alloc_array(arena, list.count, table->row_bytes) : NULL;
        if (rows && list.count)
                memcpy(rows, list.rows, list.count * table->row_bytes);
        free(list.rows);
        if (rc != RC_OK)
                return rc;
        if (!rows)
                return err_set(err, RC_NOMEM, "the answer is larger than its memory");
        memcpy(ret_rows, &rows, sizeof(rows));
        *ret_count = list.count;
        return RC_OK;
}
