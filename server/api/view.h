/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * view -- the JSON of a revision, rendered once when the catalog is built. An answer copies the
 * fields that were asked for; only what depends on the request (download addresses) is written
 * anew.
 *
 * Floor    server/api. Owner: views belong to the catalog (api_catalog_hooks).
 * Source   device.md 2.3 (forms that snapd accepts), 0.5.
 * Tests    tests/unit/test_view.c
 */
#include "server/api/api.h"

/* In the order they stand in a view; name, snap-id and revision are always sent. */
#define VIEW_FIELDS(X)                                                                             \
        X(ARCHITECTURES, "architectures")                                                          \
        X(BASE, "base")                                                                            \
        X(CONFINEMENT, "confinement")                                                              \
        X(CONTACT, "contact")                                                                      \
        X(CREATED_AT, "created-at")                                                                \
        X(DESCRIPTION, "description")                                                              \
        X(EPOCH, "epoch")                                                                          \
        X(GRADE, "grade")                                                                          \
        X(LICENSE, "license")                                                                      \
        X(PRICES, "prices")                                                                        \
        X(PRIVATE, "private")                                                                      \
        X(PUBLISHER, "publisher")                                                                  \
        X(SNAP_YAML, "snap-yaml")                                                                  \
        X(SUMMARY, "summary")                                                                      \
        X(TITLE, "title")                                                                          \
        X(TYPE, "type")                                                                            \
        X(VERSION, "version")                                                                      \
        X(WEBSITE, "website")                                                                      \
        X(COMMON_IDS, "common-ids")                                                                \
        X(LINKS, "links")                                                                          \
        X(CATEGORIES, "categories")

enum view_field {
#define X(name, text) VIEW_##name,
        VIEW_FIELDS(X)
#undef X
                VIEW_FIELD_COUNT,
        VIEW_DOWNLOAD = VIEW_FIELD_COUNT, /* these depend on the request */
        VIEW_CHANNEL_MAP,
        VIEW_MEDIA,
        VIEW_RESOURCES, /* only where it is asked for by name */
        VIEW_STORE_URL  /* only where view_links says what it begins with */
};
#define VIEW_BIT(field) (1u << (field))
#define VIEW_ALL                                                                                   \
        ((VIEW_BIT(VIEW_FIELD_COUNT) - 1) | VIEW_BIT(VIEW_DOWNLOAD) | VIEW_BIT(VIEW_MEDIA) |       \
         VIEW_BIT(VIEW_STORE_URL))

/* The bit of a field name; 0 for one that is not known here (such are ignored). */
unsigned view_field_bit(const char *name);
/* "a,b,c" as query arguments have it; VIEW_ALL for NULL or "". */
unsigned view_fields_parse(const char *list);

/* What a download address depends on. */
struct view_links {
        const struct world *world;
        const char *base_url;
        const char *page_url;      /* what store-url begins with; NULL or "" none */
        const char *delta_formats; /* Snap-Accept-Delta-Format; NULL: none */
        uint64_t source;           /* the installed revision; 0: no delta */
        unsigned fields;
        usec_t now;
};
/* The setting store-page-url; "" when it is none that may be told. */
const char *view_page_url(const struct world *world);
/* What the store names, or else snap.yaml, as snapd takes it: {"website":["..."],...}. */
void view_links_put(struct buf *out, const struct catalog_package *package,
                    const struct package_info *info);
/* The first address of a kind; "" none. */
const char *view_link_first(const struct catalog_package *package, const struct package_info *info,
                            const char *kind);
/* Appends `"name":...,"snap-id":...,"revision":...` and the fields asked for, without braces. */
void view_append(struct buf *out, const struct view_links *links,
                 const struct catalog_package *package, const struct catalog_revision *revision);
