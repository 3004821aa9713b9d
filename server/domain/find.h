/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * find -- which packages a search means, the best first. What a viewer may see of them, and which
 * release is shown, is the caller's to say.
 *
 * Every word must be found, as a word's beginning: in the name, then (counting less and less) the
 * title, names of apps, the publisher, the summary, the description. A package whose name is what
 * was asked for comes first, then those whose name begins so; equals stand by name.
 *
 * Floor    server/domain; pure.
 * Owner    packages are the catalog's, lists the arena's.
 * Bounds   FIND_WORDS_MAX words narrow.
 * Tests    tests/unit/test_find.c
 */
#include "server/domain/catalog.h"

#define FIND_WORDS_MAX 16

/* NULL members do not narrow. */
struct find_query {
        const char *words;     /* q */
        const char *prefix;    /* of the name */
        const char *common_id; /* exactly */
        const char *category;  /* exactly */
};

MUST_USE enum rc find_packages(const struct catalog *catalog, const struct find_query *query,
                               struct arena *arena, const struct catalog_package *const **ret,
                               size_t *ret_count, struct err *err);
/* The index-th package with this picture; NULL behind the last. */
const struct catalog_package *find_media_owner(const struct catalog *catalog,
                                               const char *digest_hex, size_t index);
/* Whether any package is in the category. */
bool find_has_category(const struct catalog *catalog, const char *category);
