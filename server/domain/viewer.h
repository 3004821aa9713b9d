/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * viewer -- who is asking, resolved once at the edge; and the one function that says who may see
 * what. Every way in uses it: refresh, info, find, names, assertions, downloads. What is hidden
 * looks the same as what is absent.
 *
 * Floor    server/domain; pure.
 * Owner    texts are the request's (arena, catalog).
 * Tests    tests/unit/test_viewer.c
 */
#include "server/domain/catalog.h"

struct viewer {
        const char
                *store_id; /* the store that is asked; "" when the request names one unknown here */
        const char *arch;  /* "" unknown */
        /* A device with a verified session; otherwise brand NULL. */
        const char *brand_id;
        const char *model_name;
        const char *serial;
        const struct assertion *model; /* its model assertion; never NULL with brand_id */
        /* The operator lets this brand's models name private packages. Anybody with a certified key
         * can sign a model: by itself it is no right. */
        bool model_counts;
        /* A publisher or administrator with a token; otherwise NULL. */
        const char *account_id;
        bool is_admin;
        const char *token_packages; /* "" all, else names joined by ',' */
        /* A download URL that was signed for exactly this package: privacy is proved already. */
        const char *granted_snap_id;
};

enum visibility {
        VISIBLE_PUBLIC, /* public, in this store or a friendly one */
        VISIBLE_MODEL,  /* private, and listed by a model that counts */
        VISIBLE_BRAND,  /* private, and the device's brand publishes it or operates the store */
        VISIBLE_TOKEN,  /* private, and the token's account may */
        VISIBLE_GRANT,  /* private, and the download URL was signed */
        HIDDEN_STORE,   /* belongs to another store */
        HIDDEN_PRIVATE, /* private, and nothing shows a right */
        HIDDEN_MODEL    /* a gadget or kernel that is not the model's */
};

static inline bool visibility_is_visible(enum visibility visibility)
{
        return visibility < HIDDEN_STORE;
}
const char *visibility_text(enum visibility visibility); /* for `storectl why` and logs */

/* friendly: whether the viewer's store may use packages of that store comes from the store's
 * assertion in the catalog (friendly-stores). */
enum visibility viewer_sees(const struct catalog *catalog, const struct viewer *viewer,
                            const struct catalog_package *package);

/* The package of that name in the viewer's store, or else in a friendly one; visible or not. NULL.
 */
const struct catalog_package *catalog_find_visible(const struct catalog *catalog,
                                                   const struct viewer *viewer, const char *name);

/* What the model says of a package: NULL when it does not list it. channel is "" without one. */
struct model_entry {
        const char *name;
        const char *snap_id; /* "" when the model names it only */
        const char *channel; /* default-channel */
};
bool model_lists(const struct assertion *model, const char *name, const char *snap_id,
                 struct model_entry *ret);
