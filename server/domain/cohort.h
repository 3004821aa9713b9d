/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * cohort -- keys that pin what the channels of a package held at one moment, so that all devices
 * with one key get the same revision. Nothing is stored: a key is the moment (the package's newest
 * release event then) under a MAC, and the catalog remembers what a channel had (catalog_past).
 *
 * Invariants
 *  1. A key never ends by itself, and stays good over restarts: its MAC key is derived from the
 *     server's key.
 *  2. It is for one package: with another one it is invalid.
 *  3. An event counts when neither its number nor its time lies after the moment: after a restore
 *     from backup event numbers come again, times do not.
 *
 * Floor    server/domain; pure.
 * Source   device.md 3 (v2/cohorts), 9.4.
 * Tests    tests/unit/test_decide.c, tests/flow/test_decide.py
 */
#include "server/domain/catalog.h"

#define COHORT_BYTES (8 + 8 + MAC_BYTES)
#define COHORT_CHARS BASE64URL_CHARS(COHORT_BYTES)

struct cohort {
        int64_t event; /* the newest that counts; 0: none did */
        usec_t when;   /* when it was made */
};

/* The moment of the catalog in hand. */
struct cohort cohort_now(const struct catalog_package *package);
void cohort_format(const uint8_t key[MAC_KEY_BYTES], const char *snap_id,
                   const struct cohort *cohort, char text[COHORT_CHARS + 1]);
/* RC_INVALID: not one of ours, or another package's. */
MUST_USE enum rc cohort_parse(const uint8_t key[MAC_KEY_BYTES], const char *snap_id,
                              const char *text, struct cohort *ret);

/* The event of the channel that counted at the moment; cohort NULL: the newest. NULL: none, or it
 * is no longer kept (past->is_cut). */
const struct catalog_event *cohort_event(const struct catalog_past *past,
                                         const struct cohort *cohort);
