/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * store_cases -- what the tests of store.h share: rows to begin with, and a run of cases that each
 * find an empty store, because each is undone.
 */
#include "server/store/store.h"
#include "tests/lib/check.h"
#include "tests/lib/scratch.h"
#include <stdio.h>
#include <string.h>

#define NOW ((usec_t)1000000000)

static struct arena *arena; /* of the case in hand */
static struct err err;

static inline struct digest digest_of(const char *text)
{
        struct digest ret;

        sha3_384(text, strlen(text), &ret);
        return ret;
}

static const struct account_row alice = {"alice-id",          "alice",    "Alice \xc3\x89",
                                         "alice@example.com", "verified", NOW};

static inline struct package_row package_row(const char *snap_id, const char *name)
{
        return (struct package_row){.snap_id = snap_id,
                                    .store_id = "acme",
                                    .name = name,
                                    .publisher_id = "alice-id",
                                    .type = "app",
                                    .is_private = true,
                                    .title = "Title",
                                    .summary = "",
                                    .description = "two\nlines",
                                    .default_track = "",
                                    .created = NOW};
}

static inline struct revision_row revision_row(const char *snap_id, uint64_t number)
{
        char text[64];

        snprintf(text, sizeof(text), "%s %lu", snap_id, (unsigned long)number);
        return (struct revision_row){.snap_id = snap_id,
                                     .number = number,
                                     .digest = digest_of(text),
                                     .bytes = 5000000000,
                                     .info_json = "{}",
                                     .version = "1.0",
                                     .archs = "amd64,arm64",
                                     .provenance = "global-upload",
                                     .developer_id = "alice-id",
                                     .build_signed = true,
                                     .created = NOW};
}

/* An account, a package, three revisions. */
static inline void furnish(struct db_tx *tx)
{
        const struct package_row package = package_row("pkg-1", "hello");

        CHECK_RC(store_account_insert(tx, &alice, &err), RC_OK, &err);
        CHECK_RC(store_package_insert(tx, &package, &err), RC_OK, &err);
        for (uint64_t i = 1; i <= 3; i++) {
                const struct revision_row row = revision_row("pkg-1", i);

                CHECK_RC(store_revision_insert(tx, &row, &err), RC_OK, &err);
        }
}

typedef void (*case_body)(struct db_tx *tx);

static inline enum rc run_case(struct db_tx *tx, void *arg, struct err *e)
{
        const case_body *body = arg;

        (*body)(tx);
        return err_set(e, RC_REFUSED, "undone");
}

static inline int run_cases(const case_body *cases, size_t count)
{
        CLEANUP(scratch_freep) char *dir = scratch_new();
        CLEANUP(db_freep) struct db *db = NULL;

        CHECK_RC(db_open(dir, true, &db, &err), RC_OK, &err);
        for (size_t i = 0; db && i < count; i++) {
                case_body body = cases[i];
                struct err undone;

                arena = arena_new(MIB);
                CHECK_RC(db_run(db, DB_WRITE, run_case, &body, &undone), RC_REFUSED, &undone);
                arena_freep(&arena);
        }
        CHECK_RC(db_check(db, &err), RC_OK, &err);
        return check_end();
}
