/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * device_viewer -- one known device as who asks: for a request with its session, and for an
 * operator who asks in its place.
 *
 * Floor    server/domain. Owner: texts live in the arena or the catalog.
 * Threads  device_viewer_fill does not block; device_find reads the database.
 * Tests    tests/flow/test_device.py, tests/flow/test_manifest.py
 */
#include "server/domain/session.h"
#include "server/domain/viewer.h"

/* Fills what a verified device's viewer has; the rest of *ret stays. RC_NOT_FOUND: the catalog does
 * not know its model. */
MUST_USE enum rc device_viewer_fill(const struct world *world, const struct catalog *catalog,
                                    const struct session *device, struct arena *arena,
                                    struct viewer *ret, struct err *err);

/* The registered device of that serial; brand and model "" for any. RC_NOT_FOUND; RC_CONFLICT:
 * several models have it; RC_FORBIDDEN: it was revoked. store_id is its model's. */
MUST_USE enum rc device_find(struct world *world, const struct catalog *catalog,
                             const char *brand_id, const char *model, const char *serial,
                             struct arena *arena, struct session *ret, struct err *err);
