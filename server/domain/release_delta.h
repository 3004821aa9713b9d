/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * release_delta -- which deltas a release asks for: from the revisions that devices on this channel
 * most likely have.
 *
 * Floor    server/domain. Tests: tests/flow/test_publisher.py
 */
#include "server/domain/release.h"

/* Queues them in the release's own transaction. A full queue leaves them out: devices then download
 * the whole. */
MUST_USE enum rc release_queue_deltas(struct db_tx *tx, struct world *world,
                                      const struct release_row *released, struct arena *arena,
                                      struct err *err);
void release_deltas_wake(struct world *world);
