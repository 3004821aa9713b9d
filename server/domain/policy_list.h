/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * policy_list -- a model's list of devices, as CSV: a first line names the columns (serial, key-id,
 * note, in any order, one of the first two at least), then a device a line. Fields may be quoted;
 * an empty field is "any".
 *
 * The text is read line by line twice: all of it is judged before the first row is written, and the
 * rows are written in one transaction.
 *
 * Floor    server/domain. Threads: safe; blocks (database).
 * Bounds   ALLOW_BYTES_MAX, ALLOW_ROWS_MAX rows, ALLOW_LINE_MAX bytes a line, notes of 200 bytes.
 * Tests    tests/unit/test_policy_list.c, tests/flow/test_fleet.py
 */
#include "server/domain/policy.h"
#include "server/store/store_fleet.h"

#define ALLOW_BYTES_MAX (16 * MIB)
#define ALLOW_ROWS_MAX  500000
#define ALLOW_LINE_MAX  1024
#define ALLOW_NOTE_MAX  200
#define ALLOW_PAGE_MAX  1000

/* One row; texts live until the next one is read. */
struct allow_line {
        size_t number; /* of the line, from 1 */
        char serial[128];
        char key_id[128];
        char note[ALLOW_NOTE_MAX + 1];
};
struct allow_reader {
        const char *data;
        size_t bytes;
        size_t at;
        size_t line;
        size_t rows;
        int columns[8]; /* what each field is */
        size_t column_count;
};
/* Reads the first line. RC_INVALID. */
MUST_USE enum rc allow_reader_open(struct allow_reader *reader, const char *data, size_t bytes,
                                   struct err *err);
/* RC_END after the last; RC_INVALID names line and fault, and the next call goes on after it;
 * RC_TOO_BIG: too many rows. Empty lines are passed over. */
MUST_USE enum rc allow_reader_next(struct allow_reader *reader, struct allow_line *ret,
                                   struct err *err);

struct allow_result {
        size_t changed;   /* added or removed */
        size_t unchanged; /* were there already, or were not there */
};
/* Adds the rows to the model's list, or removes them: all or nothing. RC_INVALID names the first
 * lines that are wrong, and how many there are. */
MUST_USE enum rc allow_change(struct world *world, const struct actor *actor, const char *brand_id,
                              const char *model, const char *csv, size_t bytes, bool remove,
                              struct allow_result *ret, struct err *err);
/* The max rows after a serial and key id ("" from the first). */
MUST_USE enum rc allow_list(struct world *world, const char *brand_id, const char *model,
                            const char *after_serial, const char *after_key_id, size_t max,
                            struct arena *arena, const struct allow_row **ret, size_t *ret_count,
                            struct err *err);
