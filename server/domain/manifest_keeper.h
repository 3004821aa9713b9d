/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * manifest_keeper -- a thread that keeps what manifests need: a certified key (server/manifest),
 * and a catalog that is not behind the database. No request waits for it.
 *
 * Floor    server/domain. Owner: manifest_keeper_start / manifest_keeper_freep (waits for a call of
 *          the signer that is under way).
 * Threads  its own; manifest_keeper_wake is safe anywhere.
 * Tests    tests/flow/test_manifest.py
 */
#include "server/domain/world.h"

struct manifest_keeper;

/* Called from the keeper's thread when what it does begins to fail, or works again (RC_OK). */
typedef void (*manifest_keeper_report)(enum rc rc, const struct err *err);

MUST_USE enum rc manifest_keeper_start(struct world *world, manifest_keeper_report report,
                                       struct manifest_keeper **ret, struct err *err);
void manifest_keeper_freep(struct manifest_keeper **keeper);
/* There is a reason to look now: a device has seen more than this process, or a root raised the
 * epoch. keeper may be NULL. */
void manifest_keeper_wake(struct manifest_keeper *keeper);
