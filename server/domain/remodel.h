/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * remodel -- a device becomes one of another model: what its registration carries, the proof of
 * who it was, and which remodels the operator allows. None is allowed that was not named.
 *
 * Floor    server/domain. Threads: safe; blocks (database).
 * Source   device.md 6.3 (stream), 6.4.
 * Tests    tests/flow/test_fleet.py
 */
#include "server/domain/token.h"
#include "server/store/store_fleet.h"

struct registration_request {
        struct assertion *request;
        struct assertion *model;
        struct assertion *original; /* the serial of before; NULL: no remodel */
};

/* Reads serial-request, model and, for a remodel, the original serial. Checks that names fit; no
 * signature. RC_INVALID. */
MUST_USE enum rc registration_read(const char *stream, size_t bytes, struct arena *arena,
                                   struct registration_request *ret, struct err *err);
/* Whether the original serial is believed, neither revoked nor another key's. *ret is which remodel
 * it is. RC_UNTRUSTED, RC_FORBIDDEN. */
MUST_USE enum rc remodel_check(struct world *world, const struct catalog *catalog,
                               const struct registration_request *request, struct remodel_row *ret,
                               struct arena *arena, struct err *err);

/* allow false takes it back. RC_NOT_FOUND: it was not allowed; RC_INVALID: from and to are one. */
MUST_USE enum rc remodel_allow(struct world *world, const struct actor *actor,
                               const struct remodel_row *remodel, bool allow, struct err *err);
MUST_USE enum rc remodel_list(struct world *world, struct arena *arena,
                              const struct remodel_row **ret, size_t *ret_count, struct err *err);
