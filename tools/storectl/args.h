/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * args -- a command line against the option rows of a command.
 *
 * Floor    tools/storectl; includes core/base only.
 * Owner    nothing is copied: values borrow from argv.
 * Bounds   ARGS_MAX words and options together.
 * Format   `--name value`, `--name=value`, flags `--name`; `--` ends the options. A lone `-` is a
 * word. Tests    tests/unit/test_storectl_args.c
 */
#include "core/base/rc.h"

#define ARGS_MAX 128

struct option_row {
        const char *name;  /* without the dashes; NULL ends a list */
        const char *value; /* what stands for the value in the help; NULL: a flag */
        const char *doc;
        bool many; /* may be given again */
};

struct args {
        size_t count;
        const char *words[ARGS_MAX];
        size_t option_count;
        struct {
                const struct option_row *row;
                const char *value; /* "" for a flag */
        } options[ARGS_MAX];
};

/* Reads argv[0..argc) against global and own rows (either may be NULL). RC_INVALID says what is
 * wrong, with the nearest known name where there is one. */
MUST_USE enum rc args_parse(int argc, char *const *argv, const struct option_row *global,
                            const struct option_row *own, struct args *ret, struct err *err);
bool args_flag(const struct args *args, const char *name);
/* The value, NULL when not given. */
const char *args_text(const struct args *args, const char *name);
/* The values in order; at most max. */
size_t args_many(const struct args *args, const char *name, const char **ret, size_t max);
/* A whole number within bounds; *ret stays when the option was not given. RC_INVALID. */
MUST_USE enum rc args_number(const struct args *args, const char *name, long min, long max,
                             long *ret, struct err *err);
/* How many single-character edits turn a into b; SIZE_MAX for texts over 40 bytes. */
size_t args_distance(const char *a, const char *b);
