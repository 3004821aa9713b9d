/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * upload -- files on their way in: received without a name, found again by a random id.
 *
 * Anybody may send one (clients of the snap family show no token here), so what waits is bounded in
 * number, in bytes and in time, and nothing looks into it before somebody pushes it.
 *
 * Floor    server/domain. Owner: who begins an upload ends it: CLEANUP(upload_freep).
 * Threads  struct upload belongs to one request; blocks (disk, database).
 * Source   publisher.md 2.2.
 * Tests    tests/flow/test_publisher.py
 */
#include "server/domain/world.h"

#define UPLOAD_ID_CHARS 32 /* 62^32: more than 128 bits */

struct upload;

/* account_id: NULL for nobody. RC_BUSY: enough are under way; RC_TOO_MANY: enough wait to be
 * pushed; RC_NOSPACE. */
MUST_USE enum rc upload_begin(struct world *world, const char *account_id, struct upload **ret,
                              struct err *err);
/* RC_TOO_BIG over max-package-bytes; RC_NOSPACE. */
MUST_USE enum rc upload_put(struct upload *upload, const void *data, size_t bytes, struct err *err);
/* The bytes are durable and have an id. RC_INVALID: an empty file. */
MUST_USE enum rc upload_end(struct upload *upload, char id[UPLOAD_ID_CHARS + 1], struct err *err);
/* One that has not ended leaves no trace. */
void upload_freep(struct upload **upload);
