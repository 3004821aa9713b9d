/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * catalog -- everything that answers to devices need, in memory, immutable and shared.
 *
 * Invariants
 *  1. A struct catalog never changes after it was published. A reader that acquired one keeps a
 *     consistent view (one generation) until it releases it.
 *  2. A write to the database is followed by catalog_reload_package or catalog_reload_assertions: a
 * new root that shares every node that did not change, swapped in by one pointer.
 *  3. Generations only grow; a root built from an older read than the current one is not published.
 *  4. No database access, no blocking and no allocation is needed to find something.
 *
 * Floor    server/domain; includes core, server/store.
 * Owner    catalog_acquire / catalog_release; nodes found live as long as the acquired catalog.
 * Threads  struct catalog_store is shared and safe; reloads are serialised inside.
 * Tests    tests/unit/test_catalog.c
 */
#include "core/model/assertion.h"
#include "core/model/channel.h"
#include "core/model/link.h"
#include "core/model/media.h"
#include "core/model/package.h"
#include "server/store/store.h"

struct catalog_delta {
        uint64_t source;
        struct digest digest;
        char digest_hex[DIGEST_HEX_CHARS + 1];
        uint64_t bytes;
        const char *format;
        const char *manifest; /* its line in refresh manifests */
};

/* A picture of a package, or the icon that a revision brought with it. */
struct catalog_media {
        enum media_kind kind;
        struct media_info info;
        struct digest digest;
        char digest_hex[DIGEST_HEX_CHARS + 1];
        uint64_t bytes;
};

/* A component that goes with a revision. */
struct catalog_resource {
        const char *name;
        uint64_t number;
        const char *type;
        const char *version;
        const char *description;
        struct digest digest;
        char digest_hex[DIGEST_HEX_CHARS + 1];
        uint64_t bytes;
        usec_t created;
};

struct catalog_revision {
        uint64_t number;
        struct digest digest;
        char digest_hex[DIGEST_HEX_CHARS + 1];
        uint64_t bytes;
        struct package_info info;
        const char *developer_id;
        bool build_signed;
        usec_t created;
        const struct catalog_delta *deltas; /* that lead to this revision; ready ones */
        size_t delta_count;
        const struct catalog_resource *resources; /* by name */
        size_t resource_count;
        const struct catalog_media *icon; /* NULL: it brought none */
        const char *manifest;             /* what a refresh manifest says of it (core/manifest) */
        void *view; /* server/api's rendering; made and freed through catalog_hooks */
};

/* One open channel of one architecture. */
struct catalog_release {
        const char *arch; /* "all" or one architecture */
        struct channel channel;
        const struct catalog_revision *revision;
        const struct catalog_revision
                *base;  /* while progressive: what the rest gets; may be NULL */
        int percentage; /* -1: not progressive */
        bool paused;
        int64_t release_id;
        usec_t expires;
        usec_t released;
};

/* A release event as it was: what the channel had from then on. */
struct catalog_event {
        int64_t id;
        usec_t created;
        usec_t expires;  /* of a branch; 0 never */
        uint64_t number; /* 0: the channel was closed */
        uint64_t base;   /* while progressive; 0 none */
        int percentage;  /* -1: not progressive */
        bool paused;
};

/* What one channel of one architecture has had: steps are taken over it, and cohort keys point into
 * it. */
struct catalog_past {
        const char *arch;
        struct channel channel;
        const struct catalog_event *events; /* newest first */
        size_t count;
        bool is_cut; /* there was more than is kept */
};
#define CATALOG_PAST_CHANNEL_MAX 256  /* events of one channel */
#define CATALOG_PAST_MAX         4096 /* of one package: 48 bytes each */

/* That a package's declaration names another one in refresh-control: installed, it wants to
 * validate the other's revisions. Both are snap-ids. */
struct catalog_gate {
        const char *gated;
        const char *gating;
};

struct catalog_package {
        const char *snap_id;
        const char *store_id;
        const char *name;
        const char *publisher_id;
        const char *publisher_username;
        const char *publisher_display_name;
        const char *publisher_validation;
        const char *type; /* "" before the first revision */
        bool is_private;
        const char *title; /* "" where the revision's own text counts */
        const char *summary;
        const char *description;
        const char *default_track;
        const struct catalog_resource *components; /* all of them; by name, newest first */
        size_t component_count;
        const struct catalog_revision *revisions; /* ascending by number */
        size_t revision_count;
        const struct catalog_release *releases; /* as store_release_list orders them */
        size_t release_count;
        const struct catalog_past *past; /* of every channel there ever was */
        size_t past_count;
        int64_t last_event; /* the newest release event; 0 none yet */
        usec_t last_event_at;
        const struct package_link *links; /* that the store names: each kind replaces snap.yaml's */
        size_t link_count;
        const char *const *categories; /* by name */
        size_t category_count;
        const struct catalog_media *media; /* set by people; the icon first */
        size_t media_count;
};

#define CATEGORY_FEATURED "featured" /* every store has it */

/* All revisions of one assertion, ascending. Each knows its revision and format. */
struct catalog_assertion {
        const char *type;
        const char *pk; /* parts joined by '/', defaults filled in */
        size_t count;
        const struct assertion *const *revisions;
};

/* Renders what is sent again and again, once per node. All may be NULL. */
struct catalog_hooks {
        void *(*revision_view)(const struct catalog_package *package,
                               const struct catalog_revision *revision);
        void (*view_free)(void *view);
        /* The inspected package from revision_row.info_json. */
        enum rc (*info_parse)(const char *json, struct arena *arena, struct package_info *ret,
                              struct err *err);
};

struct catalog;
struct catalog_store;

/* Loads everything. */
MUST_USE enum rc catalog_store_open(struct db *db, const struct catalog_hooks *hooks,
                                    struct catalog_store **ret, struct err *err);
void catalog_store_freep(struct catalog_store **store);

const struct catalog *catalog_acquire(struct catalog_store *store);
void catalog_release(struct catalog_store *store, const struct catalog *catalog);

/* After a committed write that touched this package (also its deletion) or assertions. */
MUST_USE enum rc catalog_reload_package(struct catalog_store *store, const char *snap_id,
                                        struct err *err);
MUST_USE enum rc catalog_reload_assertion(struct catalog_store *store, const char *type,
                                          const char *pk, struct err *err);
/* After a committed write to the list of categories. */
MUST_USE enum rc catalog_reload_categories(struct catalog_store *store, struct err *err);

/* Loads everything anew when the database's generation is ahead of the catalog's: another process
 * wrote. RC_OK also when there was nothing to do. */
MUST_USE enum rc catalog_reload_behind(struct catalog_store *store, struct err *err);

uint64_t catalog_generation(const struct catalog *catalog);
const struct catalog_package *catalog_find_name(const struct catalog *catalog, const char *store_id,
                                                const char *name);
const struct catalog_package *catalog_find_id(const struct catalog *catalog, const char *snap_id);
const struct catalog_revision *catalog_find_revision(const struct catalog_package *package,
                                                     uint64_t number);
/* Of any revision, and of none: like packages, they stay while they are there. NULL. */
const struct catalog_resource *catalog_find_resource(const struct catalog_package *package,
                                                     const char *name, uint64_t number);
/* By name, for listings. */
size_t catalog_package_count(const struct catalog *catalog);
const struct catalog_package *catalog_package_at(const struct catalog *catalog, size_t index);
size_t catalog_revision_total(const struct catalog *catalog);
/* The operator's categories of a store, by name, without "featured". */
size_t catalog_categories_of(const struct catalog *catalog, const char *store_id,
                             const char *const **ret);
bool catalog_has_category(const struct catalog_package *package, const char *name);

const struct catalog_assertion *catalog_find_assertion(const struct catalog *catalog,
                                                       const char *type, const char *pk);
/* The newest revision with format <= max_format; NULL. */
const struct assertion *catalog_get_assertion(const struct catalog *catalog, const char *type,
                                              const char *pk, unsigned max_format);
const struct assertion *catalog_assertion_newest(const struct catalog_assertion *assertion,
                                                 unsigned max_format);
/* The newest sequence point of a sequence type (prefix = key without the number): the entry with
 * the highest number that is <= at_most (0: any). NULL when there is none. */
const struct catalog_assertion *catalog_find_sequence(const struct catalog *catalog,
                                                      const char *type, const char *prefix,
                                                      uint64_t at_most);
/* The newest sequence point that can be read with max_format, in its newest revision; NULL. */
const struct assertion *catalog_get_sequence(const struct catalog *catalog, const char *type,
                                             const char *prefix, unsigned max_format);
/* Who gates the package: [*ret, *ret + count). */
size_t catalog_gates_of(const struct catalog *catalog, const char *snap_id,
                        const struct catalog_gate **ret);
/* Every assertion of a type, in order of pk: [*ret_first, *ret_first + count). */
size_t catalog_assertions_of(const struct catalog *catalog, const char *type, size_t *ret_first);
const struct catalog_assertion *catalog_assertion_at(const struct catalog *catalog, size_t index);
