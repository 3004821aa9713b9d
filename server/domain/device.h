/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * device -- what an operator sees of devices and says about those that wait.
 *
 * Floor    server/domain. Threads: safe; blocks (database).
 * Bounds   DEVICE_PAGE_MAX rows at a time.
 * Tests    tests/flow/test_fleet.py
 */
#include "server/domain/fleet.h"
#include "server/domain/token.h"
#include "server/store/store_fleet.h"

#define DEVICE_PAGE_MAX 1000

/* Writes what check-ins changed first, so that the list is of now. filter->max is bounded. */
MUST_USE enum rc device_list(struct world *world, const struct device_filter *filter,
                             struct arena *arena, const struct device_look_row **ret,
                             size_t *ret_count, struct err *err);
/* The one device of a serial; brand_id and model "" where the serial alone says it. RC_NOT_FOUND,
 * RC_CONFLICT: several models have it. */
MUST_USE enum rc device_look(struct world *world, const char *brand_id, const char *model,
                             const char *serial, struct arena *arena, struct device_look_row *ret,
                             struct err *err);

/* Those that wait, or were approved or denied: after->state says which, after's key where to go on.
 */
MUST_USE enum rc registration_list(struct world *world, const struct registration_row *after,
                                   size_t max, struct arena *arena,
                                   const struct registration_row **ret, size_t *ret_count,
                                   struct err *err);
/* name is a proposed serial or a key id. An approved device gets its serial when it asks again,
 * within a minute. *ret is the row as it is now. RC_NOT_FOUND, RC_CONFLICT: several wait by that
 * serial, say the key id. */
MUST_USE enum rc registration_decide(struct world *world, const struct actor *actor,
                                     const char *name, bool approve, struct arena *arena,
                                     struct registration_row *ret, struct err *err);
