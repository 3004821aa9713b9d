/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * scope -- the comma-joined lists that narrow a token: "" is everything.
 *
 * Floor    server/domain; pure.
 * Source   publisher.md 1.6: channel scopes are wildcards, normalised to track/risk[/branch] first.
 * Tests    tests/unit/test_publish.c
 */
#include "core/base/arena.h"
#include "core/model/channel.h"

#define SCOPE_ITEMS_MAX 64

/* Whether the list is empty or holds the item. */
bool scope_has(const char *list, const char *item);
/* Whether the list holds the item; an empty list holds nothing. */
bool scope_lists(const char *list, const char *item);
/* Whether every item of part is in whole; an empty whole holds everything, and an empty part is
 * everything too. */
bool scope_is_within(const char *part, const char *whole);
/* Whether the channel matches a pattern of the list ("edge", "2.x/" and a star): "edge" is
 * latest/edge. */
bool scope_allows_channel(const char *list, const struct channel *channel);

/* Calls for each item: the length of the item at *list, and *list moved behind it. NULL at the end.
 */
const char *scope_next(const char **list, size_t *ret_length);
/* Joins by ','; NULL: no memory. */
const char *scope_join(struct arena *arena, const char *const *items, size_t count);
