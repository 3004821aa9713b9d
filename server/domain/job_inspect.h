/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * job_inspect -- one review in hand; shared by job_inspect.c, job_component.c and revision_issue.c
 * only.
 *
 * Floor    server/domain. Owner: everything lives in the review's arena.
 */
#include "server/domain/jobs.h"
#include "server/domain/origin.h"
#include "server/domain/publish.h"

struct review {
        struct world *world;
        struct arena *arena;
        const char *upload_id;
        struct upload_row upload;
        struct package_row package;
        struct push_request request;
        struct revision_row same; /* the revision that has these bytes already */
        bool is_known;
        struct package_info info;
        struct component_info component; /* where request.component names one */
        uint64_t next;                   /* the first number that may be free */
        uint64_t number;
        struct origin origin;
        bool by_brand; /* delegated: the brand's key signs, not the store's */
        const char *developer_id;
        struct assertion *issued; /* NULL where the bytes came with a revision from elsewhere */
        struct revision_row row;
        struct media_row icon; /* that the file brought; kind NULL: none */
        struct err icon_why;   /* why one that is there is not shown */
};

/* Marks the upload as decided, for review_end_tx. */
void review_approve(struct review *review, uint64_t number);
/* Writes the decision, unless another run was faster. */
MUST_USE enum rc review_end_tx(struct db_tx *tx, struct review *review, struct err *err);
/* Reviews a file that is a component. RC_INVALID, RC_REFUSED: to be rejected. */
MUST_USE enum rc component_review(struct review *review, struct err *err);

/* Has the snap-revision (or a component's snap-resource-revision) issued under the first number
 * that the signer accepts. It remembers numbers that a crash or a restored backup took from us:
 * those are skipped, or used for the very bytes that it gave them to. */
MUST_USE enum rc revision_issue(struct review *review, const struct catalog *catalog,
                                struct err *err);
