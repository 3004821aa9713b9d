/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * channel_map -- the answer of `GET /v1/snap/NAME/releases` as the table that snapcraft users know.
 *
 * Track, Arch, Channel, Version, Revision; Progress while something is progressive; Expires at
 * where a branch expires. An arrow: follows the channel above; "-": nothing there.
 *
 * Floor    tools/storectl; includes core/base, core/model.
 * Owner    the table lives in the arena given.
 * Bounds   CHANNEL_MAP_MAX entries.
 * Source   publisher protocol 2.3, 5.
 * Tests    tests/unit/test_storectl.c
 */
#include "core/base/jsonx.h"
#include "tools/storectl/table.h"

#define CHANNEL_MAP_MAX 20000

/* arch and track: NULL for all. blank: leave repeated tracks and architectures out (a terminal).
 * RC_INVALID: not such an answer. */
MUST_USE enum rc channel_map_table(struct arena *arena, const json_t *answer, const char *arch,
                                   const char *track, bool blank, struct table **ret,
                                   struct err *err);
/* The channels, in order, in which a revision is current: "stable*, edge*". "" none. */
const char *channel_map_of(struct arena *arena, const json_t *answer, json_int_t revision,
                           const char *arch);
