/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * package_media -- icons and screenshots that people set for a package.
 *
 * The bytes become a blob, the sandboxed worker says what they are, and only then a row names them;
 * the server reads none of them.
 *
 * Floor    server/domain. Threads: safe; every call blocks (worker, database).
 * Bounds   media.h; MEDIA_INSPECT_SECONDS for the worker.
 * Outcomes those of package_open; RC_INVALID (codes "media-..."), RC_TOO_MANY, RC_BUSY.
 * Tests    tests/flow/test_discovery.py
 */
#include "server/domain/package.h"

#define MEDIA_INSPECT_SECONDS 20

struct media_ask {
        const char *name; /* the package */
        enum media_kind kind;
        const void *data;
        size_t bytes;
};
/* An icon takes the place of the one before; a screenshot is added, the same one again is RC_OK. */
MUST_USE enum rc package_media_set(struct world *world, const struct actor *actor,
                                   const struct media_ask *ask, struct err *err);
/* digest NULL: all of the kind. RC_OK also when there is none. */
MUST_USE enum rc package_media_remove(struct world *world, const struct actor *actor,
                                      const char *name, enum media_kind kind,
                                      const struct digest *digest, struct err *err);

/* The icon that a snap brought with it, as a row without its revision yet. RC_NOT_FOUND: none, or
 * one that does not do; why then says so ("" none). Faults, and RC_TIMEOUT when told to stop. */
MUST_USE enum rc package_icon_take(struct world *world, int snap_fd, struct media_row *ret,
                                   struct err *why, struct err *err);
/* Names the icon as that of a revision, in the revision's own transaction. */
MUST_USE enum rc package_icon_keep_tx(struct db_tx *tx, const struct world *world,
                                      const char *snap_id, uint64_t revision,
                                      const struct media_row *icon, struct err *err);
