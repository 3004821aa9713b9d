/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * cli -- one run of storectl: what was asked for globally, what is said, and how it ends.
 *
 * Floor    tools/storectl; includes core/base only.
 * Owner    main owns the struct; texts live in its arena. A result document is taken by cli_result.
 * Bounds   everything of one run fits the arena (CLI_ARENA_MAX).
 * Tests    tests/unit/test_storectl.c, tests/flow/test_storectl.py
 */
#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/jsonx.h"
#include <stdio.h>

#define CLI_ARENA_MAX (256 * MIB)

/* Documented in the manual; scripts depend on them. */
enum exit_code {
        EXIT_DONE = 0,
        EXIT_FAILED = 1,
        EXIT_USAGE = 2,
        EXIT_REJECTED = 3,
        EXIT_AUTH = 4,
        EXIT_NETWORK = 5,
        EXIT_ABSENT = 6,
        EXIT_HELD = 7,
};

struct cli {
        struct arena *arena;
        FILE *out;
        FILE *notes; /* warnings, errors, progress */
        bool json;
        bool quiet;
        bool color;    /* the output may be coloured */
        bool out_tty;  /* tables may leave repeated cells blank */
        bool note_tty; /* a progress bar may be drawn */
        const char *url;
        const char *ca;
        const char *token_file;
        const char *data;
        const char *store; /* --store; NULL the server's first */
        json_t *result;
        enum exit_code exit;
        char hint[256];
        struct client *client; /* opened at the first request */
};

enum rc cli_init(struct cli *cli, struct err *err);
void cli_fini(struct cli *cli);

/* A line on the output; nothing under --json or --quiet. */
void cli_say(struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);
/* Text that is the very answer (a token, an assertion): printed under --quiet too, not under
 * --json. */
void cli_print(struct cli *cli, const char *text, size_t bytes);
/* `storectl: warning: ...` on the notes; also under --json, not under --quiet. */
void cli_warn(struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);
/* The one document of --json; takes it. A second call replaces the first. */
void cli_result(struct cli *cli, json_t *document);
/* How a failure ends, and the next step to print after `try: `. The first call of a run wins. */
void cli_hint(struct cli *cli, enum exit_code exit, const char *format, ...) PRINTF_LIKE(3, 4);
/* Prints the result or the failure. Gives the exit code. */
int cli_end(struct cli *cli, enum rc rc, const struct err *err);
/* RC_INVALID with exit code 2 and the command's usage as the next step. */
enum rc cli_usage(struct cli *cli, const char *command, struct err *err, const char *format, ...)
        PRINTF_LIKE(4, 5);
