/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * conf -- settings from a table: each row names a setting, its type, bounds, default and meaning.
 * The same rows parse the file, explain themselves, and print the example file.
 *
 * Floor    core/base; includes libc only. The rows themselves are in core/model/settings.c.
 * Owner    who loads a struct conf frees it: CLEANUP(conf_freep). Texts borrow from it.
 * Format   `name = value` a line; `#` begins a comment line; at most 64 KiB.
 * Tests    tests/unit/test_conf.c
 */
#include "core/base/rc.h"
#include <stdint.h>

enum conf_type { CONF_TEXT, CONF_INT, CONF_BOOL, CONF_PATH };

struct conf_row {
        const char *name; /* "http-port" */
        enum conf_type type;
        const char *standard; /* the default, as it would stand in the file; "" for none */
        int64_t min;          /* CONF_INT: bounds; CONF_TEXT, CONF_PATH: max is the longest text */
        int64_t max;
        const char *unit; /* "bytes", "seconds", "" */
        const char *doc;  /* one sentence */
};

struct conf;

/* Defaults only. rows lives for ever and stays in the order of the enum that indexes it. */
MUST_USE enum rc conf_new(const struct conf_row *rows, size_t count, struct conf **ret,
                          struct err *err);
void conf_freep(struct conf **conf);
/* Reads a file over the defaults. RC_NOT_FOUND, RC_INVALID ("line 7: ...": unknown name, value
 * outside its bounds, a name given twice). A relative CONF_PATH is taken from the file's folder. */
MUST_USE enum rc conf_load(struct conf *conf, const char *path, struct err *err);
/* RC_INVALID: unknown name or value outside its bounds. */
MUST_USE enum rc conf_set(struct conf *conf, const char *name, const char *value, struct err *err);

/* index is the row's place in the table; the type must fit (asserted). */
const char *conf_text(const struct conf *conf, size_t index); /* "" when unset */
int64_t conf_int(const struct conf *conf, size_t index);
bool conf_bool(const struct conf *conf, size_t index);
/* True where the file or conf_set gave it. */
bool conf_is_set(const struct conf *conf, size_t index);

/* The example file: every row with its sentence, the default commented out. */
struct buf;
void conf_print_example(const struct conf_row *rows, size_t count, struct buf *out);
