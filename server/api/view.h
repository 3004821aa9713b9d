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
        X(MEDIA, "media")                                                                          \
        X(COMMON_IDS, "common-ids")                                                                \
        X(LINKS, "links")                                                                          \
        X(CATEGORIES, "categories")

enum view_field {
#define X(name, text) VIEW_##name,
        VIEW_FIELDS(X)
#undef X
                VIEW_FIELD_COUNT,
        VIEW_DOWNLOAD = VIEW_FIELD_COUNT, /* depends on the request */
        VIEW_CHANNEL_MAP
};
#define VIEW_BIT(field) (1u << (field))
#define VIEW_ALL        (VIEW_BIT(VIEW_FIELD_COUNT) - 1 + VIEW_BIT(VIEW_DOWNLOAD))

/* The bit of a field name; 0 for one that is not known here (such are ignored). */
unsigned view_field_bit(const char *name);
/* "a,b,c" as query arguments have it; VIEW_ALL for NULL or "". */
unsigned view_fields_parse(const char *list);

/* What a download address depends on. */
struct view_links {
        const struct world *world;
        const char *base_url;
        const char *delta_formats; /* Snap-Accept-Delta-Format; NULL: none */
        uint64_t source;           /* the installed revision; 0: no delta */
        unsigned fields;
        usec_t now;
};
/* Appends `"name":...,"snap-id":...,"revision":...` and the fields asked for, without braces. */
void view_append(struct buf *out, const struct view_links *links,
                 const struct catalog_package *package, const struct catalog_revision *revision);
