/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * why -- what a device gets of one package now, and why: the decision itself (decide.h), made for a
 * device as it last said it is, or for a model.
 *
 * Floor    server/domain. Threads: safe; blocks (database, for a device that is not in memory).
 * Owner    what is found lives in the arena and as long as the catalog.
 * Tests    tests/flow/test_decide.py
 */
#include "server/domain/decide.h"
#include "server/domain/fleet.h"

/* NULL: as the device has it, or as its model is. */
struct why_ask {
        const char *who; /* a serial, a model, or BRAND/MODEL */
        const char *package;
        const char *brand_id;
        const char *model;
        const char *arch;
        const char *channel;       /* as if the action named it */
        const char *cohort;        /* the same */
        uint64_t revision;         /* the same; 0 none */
        const uint64_t *installed; /* instead of what the device reported; 0: not installed */
};

struct why {
        struct viewer viewer; /* serial NULL: the question is about a model */
        bool has_checked_in;
        struct fleet_device device; /* where it has */
        bool revoked;
        struct decide_ask ask;
        struct epoch epoch; /* ask.epoch points here */
        struct decide_answer answer;
};

/* RC_NOT_FOUND: no such device and no such model. RC_CONFLICT: several, and the sentence names
 * them. An absent or hidden package is an answer, not a failure. */
MUST_USE enum rc why_decide(struct world *world, const struct catalog *catalog,
                            const struct why_ask *ask, struct arena *arena, struct why *ret,
                            struct err *err);
