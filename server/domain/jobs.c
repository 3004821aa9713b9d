/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/jobs.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define THREADS_MAX   66
#define POLL_SEC      5
#define BACKOFF_MAX   60
#define ATTEMPTS_MAX  3
#define PRIORITY_HIGH 10
#define MINUTE_USEC   (60 * USEC_PER_SEC)
#define SWEEP_MINUTES 10

static const struct job_type {
        const char *name;
        int priority;
        enum rc (*run)(struct world *world, const struct job_row *job, struct err *err);
        enum rc (*give_up)(struct world *world, const struct job_row *job, enum rc rc,
                           const struct err *why, struct err *err);
} job_types[JOB_KIND_COUNT] = {
        [JOB_INSPECT] = {"inspect", PRIORITY_HIGH, job_inspect, job_inspect_give_up},
        [JOB_DELTA] = {"delta", 0, job_delta, job_delta_give_up},
};

struct runner {
        struct jobs *jobs;
        int min_priority;
};

struct jobs {
        struct world *world;
        pthread_mutex_t lock;
        pthread_cond_t changed;
        unsigned wakes;
        bool stopping;
        volatile sig_atomic_t cancel;
        pthread_t threads[THREADS_MAX];
        struct runner runners[THREADS_MAX];
        size_t thread_count;
        pthread_mutex_t sandbox_lock; /* held while a worker looks: others wait for its answer */
        usec_t sandbox_at;            /* uptime; 0: not looked at yet */
        bool sandbox;
        struct err sandbox_why;
};

/* --- queueing --- */

enum rc jobs_queue(struct db_tx *tx, struct world *world, enum job_kind kind, const char *subject,
                   struct err *err)
{
        const usec_t now = world_now(world);
        const struct job_row row = {
                .kind = job_types[kind].name,
                .subject = subject,
                .payload = "",
                .priority = job_types[kind].priority,
                .run_after = now,
                .created = now,
        };
        size_t waiting = 0;
        size_t failed = 0;
        enum rc rc;

        rc = store_job_count(tx, &waiting, &failed, err);
        if (rc != RC_OK)
                return rc;
        if ((int64_t)waiting >= world_int(world, SET_MAX_JOBS))
                return err_set(err, RC_BUSY, "%zu jobs are waiting", waiting);
        rc = store_job_insert(tx, &row, err);
        return rc == RC_EXISTS ? RC_OK : rc;
}

/* --- one job --- */

struct taking {
        struct world *world;
        struct arena *arena;
        int min_priority;
        struct job_row row;
};

static enum rc take_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct taking *taking = arg;

        return store_job_take_urgent(tx, taking->arena, taking->world->boot_id,
                                     world_now(taking->world), taking->min_priority, &taking->row,
                                     err);
}

struct ending {
        const struct job_row *row;
        const char *reason; /* NULL: done */
        usec_t run_after;
};

static enum rc end_body(struct db_tx *tx, void *arg, struct err *err)
{
        const struct ending *ending = arg;

        if (!ending->reason)
                return store_job_done(tx, ending->row->id, err);
        return store_job_fail(tx, ending->row->id, ending->reason, ending->run_after, err);
}

static usec_t backoff(const struct job_row *row)
{
        const int doublings = row->attempts < 6 ? row->attempts : 6;
        const int seconds = 1 << doublings;

        return (seconds < BACKOFF_MAX ? seconds : BACKOFF_MAX) * USEC_PER_SEC;
}

/* A helper that is busy will be there again; everything else gets a few tries. */
static bool is_worth_waiting(enum rc rc)
{
        return rc == RC_BUSY || rc == RC_TOO_MANY;
}

/* False: stop. */
static bool wait_until(struct jobs *jobs, usec_t at)
{
        struct timespec until = {(time_t)(at / USEC_PER_SEC), (long)(at % USEC_PER_SEC) * 1000};
        bool go_on;

        pthread_mutex_lock(&jobs->lock);
        while (!jobs->stopping && clock_uptime() < at)
                if (pthread_cond_timedwait(&jobs->changed, &jobs->lock, &until) != 0)
                        break;
        go_on = !jobs->stopping;
        pthread_mutex_unlock(&jobs->lock);
        return go_on;
}

static void job_run(struct jobs *jobs, const struct job_type *type, const struct job_row *row)
{
        struct world *world = jobs->world;
        struct err err = {.text = ""};
        struct err ignored = {.text = ""};
        struct ending ending = {.row = row};
        enum rc rc = type->run(world, row, &err);

        /* Stopped in the middle: it stays taken by this process, and so is the next one's. */
        if (jobs->cancel && rc != RC_OK)
                return;
        if (rc != RC_OK && !is_worth_waiting(rc) && row->attempts >= ATTEMPTS_MAX) {
                ending.reason = err.text;
                if (type->give_up(world, row, rc, &err, &ignored) != RC_OK)
                        ending.run_after = world_now(world) + backoff(row);
        } else if (rc != RC_OK) {
                ending.reason = err.text;
                ending.run_after = world_now(world) + backoff(row);
        }
        /* A full disk passes; forgetting the end of a job would keep it taken until a restart. */
        while (db_run(world->db, DB_WRITE, end_body, &ending, &ignored) != RC_OK)
                if (!wait_until(jobs, clock_uptime() + POLL_SEC * USEC_PER_SEC))
                        return;
}

static const struct job_type *type_of(const struct job_row *row)
{
        for (size_t i = 0; i < JOB_KIND_COUNT; i++)
                if (strcmp(job_types[i].name, row->kind) == 0)
                        return &job_types[i];
        return NULL;
}

/* False: there was nothing to do. */
static bool job_next(struct jobs *jobs, int min_priority)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(2 * MIB);
        struct taking taking = {.world = jobs->world, .arena = arena, .min_priority = min_priority};
        struct ending ending = {.row = &taking.row, .reason = "no such kind of job"};
        struct err err = {.text = ""};
        const struct job_type *type;

        if (!arena || db_run(jobs->world->db, DB_WRITE, take_body, &taking, &err) != RC_OK)
                return false;
        type = type_of(&taking.row);
        if (type)
                job_run(jobs, type, &taking.row);
        else if (db_run(jobs->world->db, DB_WRITE, end_body, &ending, &err) != RC_OK)
                return false;
        return true;
}

/* --- threads --- */

/* Waits for a wake-up that came after seen. False: stop. */
static bool wait_for_work(struct jobs *jobs, unsigned *seen, time_t seconds)
{
        struct timespec until;
        bool go_on;
        const usec_t at = clock_uptime() + seconds * USEC_PER_SEC;

        until.tv_sec = (time_t)(at / USEC_PER_SEC);
        until.tv_nsec = (long)(at % USEC_PER_SEC) * 1000;
        pthread_mutex_lock(&jobs->lock);
        while (!jobs->stopping && jobs->wakes == *seen)
                if (pthread_cond_timedwait(&jobs->changed, &jobs->lock, &until) != 0)
                        break;
        *seen = jobs->wakes;
        go_on = !jobs->stopping;
        pthread_mutex_unlock(&jobs->lock);
        return go_on;
}

static bool is_stopping(struct jobs *jobs)
{
        bool stopping;

        pthread_mutex_lock(&jobs->lock);
        stopping = jobs->stopping;
        pthread_mutex_unlock(&jobs->lock);
        return stopping;
}

static void *runner_main(void *arg)
{
        const struct runner *runner = arg;
        unsigned seen = 0;

        do {
                while (!is_stopping(runner->jobs) && job_next(runner->jobs, runner->min_priority))
                        continue;
        } while (wait_for_work(runner->jobs, &seen, POLL_SEC));
        return NULL;
}

static void *keeper_main(void *arg)
{
        const struct runner *runner = arg;
        unsigned minute = 0;

        while (wait_until(runner->jobs, clock_uptime() + MINUTE_USEC)) {
                struct err err = {.text = ""};

                /* What fails now is tried again in a minute. */
                (void)!jobs_housekeep(runner->jobs->world, minute++ % SWEEP_MINUTES == 0, &err);
        }
        return NULL;
}

void jobs_wake(struct jobs *jobs)
{
        if (!jobs)
                return;
        pthread_mutex_lock(&jobs->lock);
        jobs->wakes++;
        pthread_cond_broadcast(&jobs->changed);
        pthread_mutex_unlock(&jobs->lock);
}

void jobs_sandbox(struct jobs *jobs, bool *ret, char *reason, size_t size)
{
        *ret = false;
        snprintf(reason, size, "no worker is run");
        if (!jobs)
                return;
        pthread_mutex_lock(&jobs->sandbox_lock);
        if (!jobs->sandbox_at || clock_uptime() - jobs->sandbox_at > MINUTE_USEC) {
                jobs->sandbox_why.text[0] = '\0';
                jobs->sandbox =
                        worker_sandbox_check(&jobs->world->worker, &jobs->sandbox_why) == RC_OK;
                jobs->sandbox_at = clock_uptime();
        }
        *ret = jobs->sandbox;
        snprintf(reason, size, "%s", jobs->sandbox ? "" : jobs->sandbox_why.text);
        pthread_mutex_unlock(&jobs->sandbox_lock);
}

static enum rc thread_start(struct jobs *jobs, void *(*run)(void *), int min_priority,
                            struct err *err)
{
        const size_t at = jobs->thread_count;

        jobs->runners[at] = (struct runner){jobs, min_priority};
        if (pthread_create(&jobs->threads[at], NULL, run, &jobs->runners[at]) != 0)
                return err_set(err, RC_NOMEM, "no thread for the jobs");
        jobs->thread_count++;
        return RC_OK;
}

enum rc jobs_start(struct world *world, struct jobs **ret, struct err *err)
{
        CLEANUP(jobs_freep) struct jobs *jobs = calloc(1, sizeof(*jobs));
        const int64_t count = world_int(world, SET_WORKER_JOBS);
        pthread_condattr_t monotonic;
        enum rc rc;

        if (!jobs)
                return err_set(err, RC_NOMEM, "no memory for the jobs");
        jobs->world = world;
        pthread_mutex_init(&jobs->lock, NULL);
        pthread_mutex_init(&jobs->sandbox_lock, NULL);
        pthread_condattr_init(&monotonic);
        pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
        pthread_cond_init(&jobs->changed, &monotonic);
        pthread_condattr_destroy(&monotonic);
        world->worker.cancel = &jobs->cancel;
        rc = thread_start(jobs, keeper_main, 0, err);
        if (rc == RC_OK)
                rc = thread_start(jobs, runner_main, PRIORITY_HIGH, err);
        for (int64_t i = 0; rc == RC_OK && i < count && i < THREADS_MAX - 2; i++)
                rc = thread_start(jobs, runner_main, 0, err);
        if (rc != RC_OK)
                return rc;
        *ret = jobs;
        jobs = NULL;
        return RC_OK;
}

void jobs_freep(struct jobs **jobs)
{
        struct jobs *gone = *jobs;

        if (!gone)
                return;
        pthread_mutex_lock(&gone->lock);
        gone->stopping = true;
        gone->cancel = 1;
        pthread_cond_broadcast(&gone->changed);
        pthread_mutex_unlock(&gone->lock);
        for (size_t i = 0; i < gone->thread_count; i++)
                pthread_join(gone->threads[i], NULL);
        gone->world->worker.cancel = NULL;
        pthread_cond_destroy(&gone->changed);
        pthread_mutex_destroy(&gone->lock);
        pthread_mutex_destroy(&gone->sandbox_lock);
        free(gone);
        *jobs = NULL;
}
