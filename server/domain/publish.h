/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * publish -- an upload becomes a revision: pushed here, reviewed by the job "inspect".
 *
 * Invariants
 *  1. An upload belongs to the first package that it was pushed to.
 *  2. A snap-build is believed (its chain, its key, its digest and size) before it is kept.
 *  3. A revision, its snap-revision, the upload's status and the audit entry are one transaction.
 *
 * Floor    server/domain. Threads: safe; blocks (database).
 * Source   publisher.md 3 (revisions, review); device.md 8.8 (snap-build, snap-revision).
 * Tests    tests/flow/test_publisher.py
 */
#include "server/domain/token.h"

#define SNAP_BUILD_MAX (64 * KIB)

/* Whether a push must come with a signed build; the one place that decides it. */
bool build_policy_required(const struct world *world, const struct package_row *package);

struct push_ask {
        const char *upload_id;
        const char *snap_build; /* a stream; "" none */
        const char *version;    /* images: what they are called */
        const char *arch;       /* joined by ',' */
        const char *component;  /* "" the package itself; else the component that the file is */
};
/* RC_NOT_FOUND (package; upload unknown or over), RC_FORBIDDEN, RC_CONFLICT (pushed to another
 * package), RC_INVALID, RC_UNTRUSTED. The same push again is RC_OK. */
MUST_USE enum rc publish_push(struct world *world, const struct actor *actor, const char *name,
                              const struct push_ask *ask, struct err *err);

struct push_plan {
        const char *version; /* all "" where not known */
        const char *arch;
        uint64_t bytes;              /* 0 where not known */
        const struct digest *digest; /* NULL where not known */
};
/* What the push would be refused for, without one. */
MUST_USE enum rc publish_check(struct world *world, const struct actor *actor, const char *name,
                               const struct push_plan *plan, struct err *err);
/* Where the review is. RC_NOT_FOUND. */
MUST_USE enum rc publish_status(struct world *world, const struct actor *actor, const char *name,
                                const char *upload_id, struct arena *arena, struct upload_row *ret,
                                struct err *err);

/* --- what a push leaves for the review, as text in the upload's row --- */
struct push_request {
        const char *version;
        const char *arch;
        const char *component;
        const char *snap_build;
};
/* NULL: no memory. */
const char *push_request_format(struct arena *arena, const struct push_request *request);
/* Of a text that was made by push_request_format. RC_CORRUPT. */
MUST_USE enum rc push_request_parse(const char *text, struct arena *arena, struct push_request *ret,
                                    struct err *err);

/* The snap-build of a stream. RC_INVALID: not exactly one. */
MUST_USE enum rc snap_build_find(const char *stream, struct arena *arena, struct assertion **ret,
                                 struct err *err);
/* Architectures joined by commas, each once. Texts live in arena. */
bool archs_split(struct arena *arena, const char *text, const char *ret[PACKAGE_ARCHS_MAX],
                 size_t *ret_count);
