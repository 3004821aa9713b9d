/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * status -- how the server is: what an administrator and a monitor look at.
 *
 * Floor    server/domain. Threads: safe; blocks (signer, database, at times a worker).
 * Tests    tests/flow/test_publisher.py
 */
#include "server/domain/fleet.h"

struct status {
        uint64_t generation;
        size_t packages;
        size_t revisions;
        uint64_t devices;
        uint64_t alarms;
        uint64_t registrations; /* that wait for an operator or the signer */
        struct fleet_numbers fleet;
        size_t jobs_waiting;
        size_t jobs_failed;
        bool signer_ok;
        struct signer_identity store_key; /* key_id "" where the role has none */
        struct signer_identity serials_key;
        bool manifest_ok; /* refresh manifests can be signed now */
        uint64_t manifest_epoch;
        usec_t manifest_until;
        bool sandbox;
        char sandbox_reason[256]; /* "" when it is on */
        uint64_t free_bytes;
        int64_t uptime_sec;
};
MUST_USE enum rc status_read(struct world *world, struct status *ret, struct err *err);
