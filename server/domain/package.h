/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * package -- names: registered, declared by the signer, described, given tracks.
 *
 * A package's id follows from its name under the server's key, so that a registration that a crash
 * cut short finds the same id again. The row is there before the signer is asked: two publishers
 * who want one name never both get a declaration.
 *
 * Floor    server/domain. Threads: safe; every call blocks (signer, database).
 * Source   publisher.md 3; device.md 8.8 (snap-declaration).
 * Tests    tests/flow/test_publisher.py
 */
#include "server/domain/token.h"

#define PACKAGE_TRACKS_MAX     100
#define PACKAGE_CATEGORIES_MAX 16
#define PACKAGE_TITLE_CHARS    40 /* clients show no more */

struct package_detail {
        struct package_row row;
        struct account_row publisher;
        const struct track_row *tracks;
        size_t track_count;
        size_t release_count; /* open channels */
        const struct link_row *links;
        size_t link_count;
        const struct package_category_row *categories;
        size_t category_count;
        const struct media_row *media; /* revision 0: set by people */
        size_t media_count;
};

/* The store that the actor's request is about. */
const char *actor_store(const struct world *world, const struct actor *actor);
/* Inside a transaction: the actor's package of that name in that store. RC_NOT_FOUND also where a
 * private one belongs to somebody else; RC_FORBIDDEN. */
MUST_USE enum rc package_open(struct db_tx *tx, const struct world *world,
                              const struct actor *actor, const char *name, struct arena *arena,
                              struct package_row *ret, struct err *err);

struct package_ask {
        const char *name;
        bool is_private;
        const char *type;    /* "" a snap, or image */
        const char *snap_id; /* "" chosen here; others are for administrators */
};
/* *ret_snap_id in arena. RC_EXISTS (already_registered, already_owned, reserved_name), RC_INVALID,
 * RC_FORBIDDEN, what the signer refuses. */
MUST_USE enum rc package_register(struct world *world, const struct actor *actor,
                                  const struct package_ask *ask, struct arena *arena,
                                  const char **ret_snap_id, struct err *err);
/* Makes sure that the newest declaration says what the row says. */
MUST_USE enum rc package_declare(struct world *world, const struct package_row *row,
                                 struct arena *arena, struct err *err);

MUST_USE enum rc package_get(struct world *world, const struct actor *actor, const char *name,
                             struct arena *arena, struct package_detail *ret, struct err *err);
/* Administrators see everybody's. By name. */
MUST_USE enum rc package_list(struct world *world, const struct actor *actor, struct arena *arena,
                              const struct package_detail **ret, size_t *ret_count,
                              struct err *err);

/* All addresses of one kind; none takes what the store names away again. */
struct link_change {
        const char *kind;
        const char *const *urls;
        size_t count;
};

/* NULL members stay as they are. */
struct package_change {
        const bool *is_private;
        const bool *require_build; /* only administrators take it away again: RC_FORBIDDEN */
        const char *title;
        const char *summary;
        const char *description;
        const char *default_track;
        const struct link_change *links;
        size_t link_count;
        const char *const *categories; /* all but "featured"; administrators only */
        size_t category_count;
        const bool *featured; /* administrators only */
};
MUST_USE enum rc package_update(struct world *world, const struct actor *actor, const char *name,
                                const struct package_change *change, struct err *err);
/* RC_CONFLICT once it has revisions. */
MUST_USE enum rc package_delete(struct world *world, const struct actor *actor, const char *name,
                                struct arena *arena, const char **ret_snap_id, struct err *err);

struct track_ask {
        const char *name;
        const char *version_pattern;
};
/* All or none. RC_EXISTS, RC_INVALID, RC_TOO_MANY. */
MUST_USE enum rc package_tracks_create(struct world *world, const struct actor *actor,
                                       const char *name, const struct track_ask *asks, size_t count,
                                       struct err *err);
