/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * output -- a file that appears whole or not at all: PATH.partial until output_commit.
 *
 * Floor    tools/store-delta; includes core/base.
 * Owner    CLEANUP(output_fini) removes what was not committed.
 * Tests    tests/unit/test_store_delta.c
 */
#include "core/base/rc.h"

#define OUTPUT_PATH_MAX 4096

struct output {
        int fd;
        bool made;
        const char *path;
        char partial[OUTPUT_PATH_MAX];
};

#define OUTPUT_INIT                                                                                \
        {                                                                                          \
                .fd = -1                                                                           \
        }

/* path must live as long as the output. */
MUST_USE enum rc output_create(struct output *output, const char *path, struct err *err);
/* Syncs, renames, syncs the folder. */
MUST_USE enum rc output_commit(struct output *output, struct err *err);
void output_fini(struct output *output);
