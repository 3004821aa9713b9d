/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * fleet -- what devices said of themselves when they last asked: check-ins, kept in memory and
 * written to the database in batches.
 *
 * Invariants
 *  1. fleet_note never waits for the database and takes no lock that anybody holds over I/O. A
 *     check-in that finds its shard taken for long is dropped and counted: the next one says the
 *     same.
 *  2. A poll that changes nothing touches only its time.
 *  3. Only devices with a verified session are noted, and of their packages only those that the
 *     catalog knows: nobody can fill the memory with names.
 *
 * Floor    server/domain. Owner: the world's; what fleet_get gives lives in the caller's arena.
 * Threads  safe. fleet_get, fleet_count_revisions and fleet_each do not block on I/O, except
 *          fleet_get for a device that is not in memory.
 * Bounds   max-devices-in-memory; FLEET_PACKAGES_MAX packages a device; FLEET_ERRORS_MAX errors.
 * Units    times are usec since 1970.
 * Tests    tests/unit/test_fleet.c, tests/flow/test_fleet.py
 */
#include "server/domain/world.h"

#define FLEET_PACKAGES_MAX 256
#define FLEET_ERRORS_MAX   4

struct fleet;

/* --- a check-in --- */

/* One entry of a refresh request's context, as it came; absent texts are NULL. */
struct fleet_installed {
        const char *instance_key;
        const char *snap_id;
        const char *channel; /* tracking-channel */
        const char *cohort;  /* cohort-key */
        const struct epoch *epoch;
        uint64_t revision;
        const char *refreshed; /* refreshed-date */
        bool held;
        bool ignore_validation;
};

/* What the answer said to one action. */
struct fleet_answer {
        const struct fleet_installed *installed; /* NULL unless a refresh */
        uint64_t revision;                       /* that was answered */
        const char *package;                     /* name or snap-id */
        const char *code;                        /* NULL: a revision was answered */
};

struct fleet_report {
        const char *brand_id;
        const char *model;
        const char *serial;
        const char *user_agent; /* NULL: none */
        usec_t now;
        const struct fleet_installed *installed;
        size_t installed_count; /* 0: a request that tells nothing of what is installed */
        const struct fleet_answer *answers;
        size_t answer_count;
};

/* fleet may be NULL (tools, tests): nothing happens. */
void fleet_note(struct fleet *fleet, const struct catalog *catalog,
                const struct fleet_report *report);

/* --- what is known --- */

struct fleet_package {
        const char *snap_id;
        const char *channel; /* "" not told */
        const char *cohort;
        const char *epoch; /* "0", "1*", or "READ/WRITE" as "0,1/1"; "" not told */
        uint64_t revision;
        uint64_t offered;  /* answered last and not installed yet; 0: nothing is pending */
        usec_t offered_at; /* first offered */
        usec_t refreshed;  /* as the device says */
        bool held;
        bool ignore_validation;
        bool is_instance; /* a parallel instance, not the package's only one */
};

struct fleet_error {
        const char *package;
        const char *code;
        usec_t time;
};

struct fleet_device {
        const char *brand_id;
        const char *model;
        const char *serial;
        const char *snapd_version; /* "" unknown */
        usec_t first_seen;
        usec_t last_seen;
        const struct fleet_package *packages; /* by snap_id */
        size_t package_count;
        const struct fleet_error *errors; /* newest first */
        size_t error_count;
};

/* RC_NOT_FOUND: this device never checked in. Looks into the database when it is not in memory. */
MUST_USE enum rc fleet_get(struct world *world, const char *brand_id, const char *model,
                           const char *serial, struct arena *arena, struct fleet_device *ret,
                           struct err *err);

/* How many devices have which revision of a package, optionally only those that track `channel`
 * (full form, "latest/stable"; NULL any). Newest revision first; at most max rows, and the rest is
 * left out. */
struct fleet_count {
        uint64_t revision;
        uint64_t devices;
};
MUST_USE enum rc fleet_count_revisions(struct fleet *fleet, const char *snap_id,
                                       const char *channel, struct fleet_count *ret, size_t max,
                                       size_t *ret_count, struct err *err);

/* --- its life --- */

struct fleet_numbers {
        uint64_t devices;  /* in memory */
        uint64_t bytes;    /* of memory, about */
        uint64_t dropped;  /* check-ins that found their shard taken */
        uint64_t left_out; /* devices for which there was no room */
        uint64_t waiting;  /* changed and not written yet */
};
void fleet_numbers(struct fleet *fleet, struct fleet_numbers *ret);

/* Reads what the database has, then writes what changed every fleet-flush-sec and at the end. */
MUST_USE enum rc fleet_start(struct world *world, struct fleet **ret, struct err *err);
/* Writes what changed now. Also for tests. */
MUST_USE enum rc fleet_flush(struct fleet *fleet, struct err *err);
void fleet_freep(struct fleet **fleet);
