/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * stmt -- rows as structs by table: a struct row_table says which member is which column, and the
 * functions here bind, read, find and list for all of them. Internal to server/store.
 *
 * The order of the fields is the order of the columns of every statement that gives such rows, and
 * of the parameters of every statement that takes one.
 *
 * Floor    server/store.
 * Owner    rows and their texts live in the caller's arena.
 * Bounds   a list has at most STMT_ROWS_MAX rows, and what the arena holds.
 * Tests    tests/unit/test_store.c
 */
#include "server/store/conn.h"
#include "server/store/rows.h"

#define STMT_ROWS_MAX 1000000

/* How a member is kept. Members of a type that is not here do not compile. */
enum field_kind {
        FIELD_IS_TEXT,
        FIELD_IS_CHARS, /* a fixed array */
        FIELD_IS_BYTES, /* text beside a size_t */
        FIELD_IS_DIGEST,
        FIELD_IS_U64,
        FIELD_IS_I64,
        FIELD_IS_INT,
        FIELD_IS_RISK,
        FIELD_IS_BOOL,
};

struct field {
        enum field_kind kind;
        bool optional; /* "", 0 and the digest of zeros are NULL */
        size_t offset;
        size_t extra; /* FIELD_IS_CHARS: the array's size; FIELD_IS_BYTES: where the size_t is */
};

#define FIELD_KIND(type, member)                                                                   \
        _Generic(((type *)NULL)->member,                                                           \
                const char *: FIELD_IS_TEXT,                                                       \
                char *: FIELD_IS_CHARS,                                                            \
                struct digest: FIELD_IS_DIGEST,                                                    \
                uint64_t: FIELD_IS_U64,                                                            \
                int64_t: FIELD_IS_I64,                                                             \
                int: FIELD_IS_INT,                                                                 \
                enum risk: FIELD_IS_RISK,                                                          \
                bool: FIELD_IS_BOOL)
#define FIELD(type, member)                                                                        \
        {                                                                                          \
                FIELD_KIND(type, member), false, offsetof(type, member),                           \
                        sizeof(((type *)NULL)->member)                                             \
        }
#define FIELD_OPTIONAL(type, member)                                                               \
        {                                                                                          \
                FIELD_KIND(type, member), true, offsetof(type, member),                            \
                        sizeof(((type *)NULL)->member)                                             \
        }
#define FIELD_BYTES(type, member, size_member)                                                     \
        {                                                                                          \
                FIELD_IS_BYTES, false, offsetof(type, member), offsetof(type, size_member)         \
        }

struct row_table {
        const char *name; /* for sentences: "account" */
        size_t row_bytes;
        const struct field *fields;
        size_t count;
};

#define ROW_TABLE(text, type, rows)                                                                \
        {                                                                                          \
                (text), sizeof(type), (rows), ARRAY_COUNT(rows)                                    \
        }

struct db_tx {
        struct conn *conn;
        enum db_mode mode;
};

struct stmt *stmt_use(struct db_tx *tx, enum query query);
/* Binds the fields from `from` (0-based) to the end but `without` of them, to $1 and on. */
void stmt_bind_row(struct stmt *stmt, const struct row_table *table, const void *row, size_t from,
                   size_t without);

/* Runs a statement that gives no rows. ret_changes may be NULL. */
MUST_USE enum rc stmt_run(struct stmt *stmt, uint64_t *ret_changes, struct err *err);
/* The same where one row at least must change. RC_NOT_FOUND. */
MUST_USE enum rc stmt_run_one(struct stmt *stmt, const char *name, struct err *err);
/* Exactly one row of numbers. RC_NOT_FOUND when there is none. */
MUST_USE enum rc stmt_numbers(struct stmt *stmt, int64_t *ret, int count, struct err *err);
/* One row at most. RC_NOT_FOUND. */
MUST_USE enum rc stmt_get(struct stmt *stmt, const struct row_table *table, struct arena *arena,
                          void *ret, struct err *err);
/* All rows; ret_rows points to a `const struct X_row *`. No row: RC_OK and 0. */
MUST_USE enum rc stmt_list(struct stmt *stmt, const struct row_table *table, struct arena *arena,
                           void *ret_rows, size_t *ret_count, struct err *err);
/* The row that the statement stands on. */
MUST_USE enum rc stmt_read(const struct stmt *stmt, const struct row_table *table,
                           struct arena *arena, void *ret, struct err *err);
