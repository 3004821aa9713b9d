/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * alarm -- signs that a device was cloned: another key asks for its serial, or its check-ins
 * contradict each other. One row for a serial and kind, which counts; the audit says when it began.
 *
 * Check-ins contradict each other when a package comes back to a revision and refresh date that it
 * had left, twice within a day: a revert does so once, two devices that share a serial do it with
 * every turn.
 *
 * Floor    server/domain. Bounds: a serial has one row a kind, and only serials that are known here
 *          have any: nobody can fill the table.
 * Tests    tests/flow/test_fleet.py, tests/unit/test_fleet.c
 */
#include "server/domain/token.h"
#include "server/store/store_fleet.h"

#define ALARM_KEY   "key"
#define ALARM_STATE "state"

struct alarm {
        const char *brand_id;
        const char *model;
        const char *serial;
        const char *kind;
        const char *detail;
};

/* Inside a transaction. */
MUST_USE enum rc alarm_raise(struct db_tx *tx, const struct alarm *alarm, usec_t now,
                             struct err *err);
/* Newest first; texts "" for any. */
#define ALARMS_MAX 1000
MUST_USE enum rc alarm_list(struct world *world, const char *brand_id, const char *model,
                            const char *serial, struct arena *arena, const struct alarm_row **ret,
                            size_t *ret_count, struct err *err);
/* RC_NOT_FOUND. */
MUST_USE enum rc alarm_clear(struct world *world, const struct actor *actor, int64_t id,
                             struct err *err);
