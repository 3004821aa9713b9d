/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * promise -- the store's signed word on its answer: a refresh manifest is asked for with each
 * refresh, and nothing of an answer is used that the manifest does not say too (doc/manifest.md).
 *
 * Floor    tools/demo-device; includes core/manifest.
 * Owner    the struct is the caller's; what is read lives in the device's arena.
 * Files    manifest.state in the device's folder: the highest that was believed.
 * Tests    tests/flow/test_quickstart.sh
 */
#include "core/base/jsonx.h"
#include "core/manifest/manifest.h"
#include "tools/demo-device/device.h"

#define PROMISE_NONCE_CHARS 32

struct promise {
        char nonce[PROMISE_NONCE_CHARS + 1];
        struct manifest_state seen;
};

/* A new question, with what was believed before. */
MUST_USE enum rc promise_begin(const struct device *device, struct promise *ret, struct err *err);
/* Appends `,"manifest":{...}` to a request. */
void promise_put(const struct promise *promise, struct buf *out);
/* Whether the answer's manifest holds, and says of `key` what the offer says. Then what was seen is
 * kept. RC_UNTRUSTED names the check that failed. */
MUST_USE enum rc promise_check(const struct device *device, const struct promise *promise,
                               const json_t *answer, const char *key, const struct offer *offer,
                               struct err *err);
