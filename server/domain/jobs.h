/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * jobs -- work that outlives a request: inspect, delta; and the housekeeping of every minute.
 *
 * Jobs wait in the database; a job may run twice and is resumed by the next process after a crash.
 * One thread takes urgent jobs only, so that a long delta never stands before a push.
 *
 * Floor    server/domain. Owner: jobs_start / jobs_freep (stops: kills the worker, waits).
 * Threads  its own; jobs_wake is safe anywhere.
 * Bounds   max-jobs waiting: over it, deltas are left out and pushes are RC_BUSY.
 * Tests    tests/flow/test_publisher.py (kill -9 between push and review)
 */
#include "server/domain/world.h"

enum job_kind { JOB_INSPECT, JOB_DELTA, JOB_KIND_COUNT };

/* Also sets world->worker.cancel. world->jobs is the caller's to set. */
MUST_USE enum rc jobs_start(struct world *world, struct jobs **ret, struct err *err);
void jobs_freep(struct jobs **jobs);
/* There is new work. jobs may be NULL. */
void jobs_wake(struct jobs *jobs);

/* Inside a transaction. Work that waits already is RC_OK. RC_BUSY: the queue is full. */
MUST_USE enum rc jobs_queue(struct db_tx *tx, struct world *world, enum job_kind kind,
                            const char *subject, struct err *err);

/* What every minute does, once: expired uploads and branches; with sweep also bytes that nobody
 * names. */
MUST_USE enum rc jobs_housekeep(struct world *world, bool sweep, struct err *err);

/* Whether the worker has its sandbox; looked at once a minute at most. jobs may be NULL: no. */
void jobs_sandbox(struct jobs *jobs, bool *ret, char *reason, size_t size);

/* The handlers. Anything but RC_OK is tried again, a few times; then it is given up. */
MUST_USE enum rc job_inspect(struct world *world, const struct job_row *job, struct err *err);
MUST_USE enum rc job_inspect_give_up(struct world *world, const struct job_row *job, enum rc rc,
                                     const struct err *why, struct err *err);
MUST_USE enum rc job_delta(struct world *world, const struct job_row *job, struct err *err);
MUST_USE enum rc job_delta_give_up(struct world *world, const struct job_row *job, enum rc rc,
                                   const struct err *why, struct err *err);
