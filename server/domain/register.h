/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * register -- a device becomes known: request-id, serial-request, serial.
 *
 * Nothing is stored before the device proved that it holds the key that its request names, with a
 * request-id of ours and a model that is trusted. Who may register is for policy.h and reserve.h.
 *
 * Floor    server/domain. Source: device.md section 6. Blocks (signer, database).
 * Tests    tests/flow/test_device.py
 */
#include "server/domain/model_keep.h"

void request_id_make(const struct world *world, char text[64 + 16]);

/* RC_FORBIDDEN: this serial was revoked, or is known here with another key. */
MUST_USE enum rc device_check(struct world *world, const struct assertion *serial,
                              struct arena *arena, struct err *err);

struct register_ask {
        const char *stream; /* serial-request, model, and for a remodel the original serial */
        size_t stream_bytes;
        const char *api_key; /* what the header says; NULL */
        bool takes_stream;   /* the client takes what the serial stands on beside it */
};
/* Appends the serial to out. RC_PENDING: ask again with the same request (a busy signer, an
 * operator who has not decided, too many that wait); RC_INVALID, RC_UNTRUSTED, RC_EXPIRED
 * (request-id), RC_STALE (request-id used by another device), RC_CONFLICT (the serial is another
 * key's: an alarm was raised), RC_FORBIDDEN (policy, revoked). */
MUST_USE enum rc register_device(struct world *world, const struct catalog *catalog,
                                 const struct register_ask *ask, struct arena *arena,
                                 struct buf *out, struct err *err);

/* The serial assertion of a device; its text lives in arena. RC_NOT_FOUND. */
MUST_USE enum rc serial_get(struct world *world, const char *brand_id, const char *model,
                            const char *serial, struct arena *arena, const char **ret,
                            size_t *ret_bytes, struct err *err);
