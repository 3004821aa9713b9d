/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * progress -- how far a long step is: a bar in place on a terminal, one plain line a stage
 * otherwise.
 *
 * Floor    tools/storectl; includes core/base only.
 * Owner    the caller's struct; progress_end leaves the line.
 */
#include "core/base/clock.h"
#include "tools/storectl/cli.h"

struct progress {
        struct cli *cli;
        const char *label;
        uint64_t total;
        uint64_t done;
        usec_t begun;
        usec_t drawn;
        bool bar;
};

/* label as "Uploading app_1.snap"; total 0: not known. */
void progress_begin(struct progress *progress, struct cli *cli, const char *label, uint64_t total);
void progress_add(struct progress *progress, uint64_t amount);
/* Clears the bar, or says nothing. */
void progress_end(struct progress *progress);
/* A stage without an amount: a plain line on the notes. */
void progress_stage(struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);
