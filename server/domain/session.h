/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * session -- device sessions: opened after everything was verified, checked without the database.
 *
 * A token carries brand, model, serial and store under a MAC, an expiry, and the epoch of its
 * issue: raising the epoch makes every session handed out so far stale.
 *
 * Floor    server/domain. Source: device.md section 5 (server checks), 0.2.
 * Threads  safe. Tests: tests/unit/test_session.c, tests/flow/test_device.py
 */
#include "server/domain/world.h"

#define SESSION_TEXT_MAX 1024

struct session {
        const char *brand_id;
        const char *model;
        const char *serial;
        const char *store_id;
};

/* Verifies the three assertions and the nonce, and makes a token (in arena).
 * RC_INVALID, RC_UNTRUSTED, RC_STALE (nonce used), RC_EXPIRED (nonce), RC_FORBIDDEN (device
 * revoked). */
MUST_USE enum rc session_open(struct world *world, const struct catalog *catalog,
                              const char *request_text, const char *serial_text,
                              const char *model_text, struct arena *arena, const char **ret,
                              struct err *err);
/* RC_EXPIRED: over by its age; RC_STALE: taken back (an epoch, a block); RC_INVALID: not one of
 * ours. */
MUST_USE enum rc session_check(const struct world *world, const char *token, struct arena *arena,
                               struct session *ret, struct err *err);
/* Makes every session handed out so far stale; *ret is the new epoch. */
MUST_USE enum rc session_expire_all(struct world *world, uint64_t *ret, struct err *err);
/* Reads the epoch at start. */
MUST_USE enum rc session_load_epoch(struct world *world, struct err *err);
