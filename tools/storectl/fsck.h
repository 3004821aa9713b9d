/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * fsck -- whether what is stored is whole and fits together. Nothing is changed. The rows are read
 * in one transaction; the packages are read afterwards, so that a running server is not held up.
 *
 * Floor    tools/storectl; includes core/base, core/crypto, core/keys, core/model, server/store.
 * Owner    fsck_fini frees what is expected; findings live in the run's arena.
 * Bounds   FSCK_PROBLEMS_MAX findings are kept, all are counted.
 * Tests    tests/flow/test_storectl.py (a byte changed, a package taken away, a row changed)
 */
#include "core/keys/keydir.h"
#include "server/store/blob.h"
#include "server/store/store.h"
#include "tools/storectl/cli.h"

#define FSCK_PROBLEMS_MAX 1000

struct fsck_blob {
        struct digest digest;
        uint64_t bytes;
        const char *what; /* "revision 3 of app" */
};

struct fsck {
        struct cli *cli;
        bool fast;
        struct keydir_root roots[KEYDIR_ROOTS_MAX];
        size_t root_count;
        json_t *problems; /* of {kind, object, text} */
        size_t problem_count;
        struct fsck_blob *expected;
        size_t expected_count;
        size_t expected_room;
        json_t *unreferenced; /* digests */
        uint64_t packages;
        uint64_t revisions;
        uint64_t assertions;
        uint64_t deltas;
        uint64_t blobs;
        uint64_t bytes;
};

void fsck_report(struct fsck *fsck, const char *kind, const char *object, const char *format, ...)
        PRINTF_LIKE(4, 5);
MUST_USE enum rc fsck_expect(struct fsck *fsck, const struct digest *digest, uint64_t bytes,
                             const char *what, struct err *err);

/* fsck_rows.c: packages, revisions, channels and deltas against each other. A db_body. */
enum rc fsck_look_rows(struct db_tx *tx, void *fsck, struct err *err);
/* fsck_trust.c: every assertion down to a root. */
MUST_USE enum rc fsck_look_trust(struct fsck *fsck, struct db_tx *tx, struct err *err);
/* fsck_blobs.c: the files. */
MUST_USE enum rc fsck_look_blobs(struct fsck *fsck, struct blob_store *blobs, struct err *err);
