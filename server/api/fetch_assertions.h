/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * fetch_assertions -- the fetch-assertions actions of a refresh request: for each group the
 * addresses of what is newer than the device has, and an error for what is absent.
 *
 * Floor    server/api. Source: device.md 2.1, 2.2, 2.6. Tests: tests/flow/test_device.py
 */
#include "server/api/api.h"

#define FETCH_ASSERTIONS_MAX 4096 /* in all groups of one request */

struct fetch_context {
        const struct world *world;
        const struct identity *identity;
        struct arena *arena;
        const char *base_url;
        const json_t *max_formats; /* type -> number; may be NULL */
        size_t left;               /* of FETCH_ASSERTIONS_MAX */
};

/* Appends one result object. Never fails as a whole: what is wrong with a group is in its
 * error-list. */
void fetch_assertions_put(struct buf *out, struct fetch_context *context, const json_t *action);

/* Whether the viewer may see this assertion: what belongs to a hidden package is hidden; a
 * system-user, which may hold a password's hash, is for devices of its brand and for tokens, unless
 * serve-system-users opens it to all. */
bool assertion_is_visible(const struct world *world, const struct identity *identity,
                          const struct assertion *assertion);
/* What strangers may not see must not stay in a shared cache either. */
void assertion_cache_header(const struct request *request, const struct assertion *assertion,
                            struct response *response);

#define ASSERTION_CONTENT_TYPE "application/x.ubuntu.assertion"
