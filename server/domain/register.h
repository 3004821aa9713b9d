/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * register -- a device becomes known: request-id, serial-request, serial.
 *
 * Nothing is stored before the device proved that it holds the key that its request names. Models
 * of this store are all accepted; policies per model come later and belong into model_check.
 *
 * Floor    server/domain. Source: device.md section 6. Blocks (signer, database).
 * Tests    tests/flow/test_device.py
 */
#include "server/domain/world.h"

void request_id_make(const struct world *world, char text[64 + 16]);

/* Whether this store serves the model: its chain ends in a trusted root, and its store is ours.
 * RC_UNTRUSTED, RC_FORBIDDEN. */
MUST_USE enum rc model_check(struct world *world, const struct catalog *catalog,
                             const struct assertion *model, struct arena *arena, struct err *err);
/* The store that a model's devices see: its store header, or this server's own. */
const char *model_store(const struct world *world, const struct assertion *model);
/* Whether this brand's models may name private packages: the operator's, a trusted account's, and
 * those in the setting model-brands. */
bool brand_names_packages(const struct world *world, const char *brand_id);
/* RC_FORBIDDEN: this serial was revoked, or is known here with another key. */
MUST_USE enum rc device_check(struct world *world, const struct assertion *serial,
                              struct arena *arena, struct err *err);

/* The body of a registration (serial-request, model) to the serial assertion's text.
 * RC_PENDING: the signer is busy, ask again with the same request; RC_INVALID, RC_UNTRUSTED,
 * RC_EXPIRED (request-id), RC_STALE (request-id used by another device), RC_FORBIDDEN. */
MUST_USE enum rc register_device(struct world *world, const struct catalog *catalog,
                                 const char *stream, size_t bytes, struct arena *arena,
                                 const char **ret, size_t *ret_bytes, struct err *err);

/* The serial assertion of a device; its text lives in arena. RC_NOT_FOUND. */
MUST_USE enum rc serial_get(struct world *world, const char *brand_id, const char *model,
                            const char *serial, struct arena *arena, const char **ret,
                            size_t *ret_bytes, struct err *err);
