/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * refresh_signed -- the member "manifest" of a refresh: {"nonce", "epoch", "sequence"} asks for a
 * signed refresh manifest beside the ordinary answer (doc/manifest.md). It covers every
 * instance-key of the request: its actions, and what is installed and not acted on.
 *
 * Floor    server/api. Owner: everything lives in the request's arena.
 * Tests    tests/flow/test_manifest.py
 */
#include "server/api/refresh_read.h"
#include "server/domain/refresh_manifest.h"

/* Absent or null: *ret_asked is false. RC_INVALID. */
MUST_USE enum rc refresh_signed_read(const json_t *body, struct manifest_ask *ret, bool *ret_asked,
                                     struct err *err);
/* Appends `,"manifest":"..."`. The actions are decided already. A 503 says when to come again. */
MUST_USE enum rc refresh_signed_put(struct world *world, const struct request *request,
                                    const struct refresh_request *asked,
                                    const struct decide_context *decide,
                                    const struct manifest_ask *ask, struct response *response,
                                    struct buf *out, struct err *err);
