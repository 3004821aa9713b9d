/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * viewer -- who is asking, resolved once at the edge; and the one function that says who may see
 * what. Every way in uses it: refresh, info, find, names, assertions, downloads. What is hidden
 * looks the same as what is absent. What belongs to a model needs a verified device: a store header
 * reaches public packages and nothing else.
 *
 * Floor    server/domain; pure.
 * Owner    texts are the request's (arena, catalog).
 * Tests    tests/unit/test_viewer.c
 */
#include "server/domain/catalog_rules.h"

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
        /* The request says that it understands images (doc/api.md): snapd's never does. */
        bool takes_images;
        /* A download URL that was signed for exactly this package: privacy is proved already. */
        const char *granted_snap_id;
};

/* In the order of the enum: what is visible comes before what is hidden. */
enum visibility {
        VISIBLE_PUBLIC,    /* public, in this store */
        VISIBLE_INHERITED, /* public, in a store that this one includes */
        VISIBLE_VIEW,      /* the operator shows it to this model, private or not */
        VISIBLE_MODEL,     /* private, and listed by a model that counts */
        VISIBLE_BRAND,     /* private, and the device's brand publishes it or operates the store */
        VISIBLE_TOKEN,     /* private, and the token's account may */
        VISIBLE_GRANT,     /* the download URL was signed */
        HIDDEN_IMAGE,      /* any file, and snapd would take it for a snap */
        HIDDEN_STORE,      /* belongs to another store */
        HIDDEN_EXCLUDED,   /* of an included store, which left it out or is to leave it out */
        HIDDEN_SHADOWED,   /* a nearer store has another package of that name */
        HIDDEN_PRIVATE,    /* private, and nothing shows a right */
        HIDDEN_MODEL,      /* a gadget or kernel that is not the model's */
        HIDDEN_VIEW,       /* the operator does not show it to this model */
        VISIBILITY_COUNT
};

static inline bool visibility_is_visible(enum visibility visibility)
{
        return visibility < HIDDEN_IMAGE;
}
const char *visibility_text(enum visibility visibility); /* for `storectl why` and logs */

/*
 * A store offers its own packages and those of the stores that it includes, and that these include
 * (catalog_rules.h); for a store that has no row there the friendly-stores of its store assertion
 * count. On every way from one store to the next each store may leave a package out; a private one
 * passes only where each names it. Of two packages of one name the nearer store's counts.
 */
enum visibility viewer_sees(const struct catalog *catalog, const struct viewer *viewer,
                            const struct catalog_package *package);

/* The package of that name that counts in the viewer's store, visible or not. NULL. */
const struct catalog_package *catalog_find_visible(const struct catalog *catalog,
                                                   const struct viewer *viewer, const char *name);

/* What the operator decided for the viewer's model. NULL: nothing, or no verified device. */
const struct model_view *viewer_view(const struct catalog *catalog, const struct viewer *viewer);
/* Where the operator holds this package for the viewer's model. A revision that is not there, or is
 * not for the device's architecture, is for the caller to see. */
bool viewer_pin(const struct catalog *catalog, const struct viewer *viewer,
                const struct catalog_package *package, struct view_pin *ret);

/* The stores whose packages a store offers, itself first, the nearest first; at most STORES_MAX.
 * ret[i] live as long as the catalog. */
#define STORES_MAX 128
size_t catalog_stores_of(const struct catalog *catalog, const char *store_id,
                         const char *ret[STORES_MAX]);
/* Whether the package gets to the store at all, private or not: VISIBLE_PUBLIC its own,
 * VISIBLE_INHERITED, or the reason why not. */
enum visibility catalog_store_offers(const struct catalog *catalog, const char *store_id,
                                     const struct catalog_package *package);

/* What the model says of a package: NULL when it does not list it. channel is "" without one. */
struct model_entry {
        const char *name;
        const char *snap_id; /* "" when the model names it only */
        const char *channel; /* default-channel */
};
bool model_lists(const struct assertion *model, const char *name, const char *snap_id,
                 struct model_entry *ret);
