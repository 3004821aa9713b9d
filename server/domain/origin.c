/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/origin.h"
#include "core/model/assertion_type.h"
#include "core/model/delegation.h"
#include <stdio.h>
#include <string.h>

/* The account of a role; "" when no key fills it. */
static enum rc role_account(struct world *world, enum signer_role role, char ret[64],
                            struct err *err)
{
        struct signer_identity identity;
        enum rc rc;

        ret[0] = '\0';
        rc = signer_pubkey(world->signer, role, &identity, err);
        if (rc == RC_OK)
                snprintf(ret, 64, "%s", identity.account_id);
        return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc origin_find(struct world *world, const struct catalog *catalog, const char *snap_id,
                    struct arena *arena, struct origin *ret, struct err *err)
{
        const char *pk = arena_printf(arena, "16/%s", snap_id);
        char own[64];
        enum rc rc;

        *ret = (struct origin){.is_foreign = false};
        if (!pk)
                return err_set(err, RC_NOMEM, "no memory for a declaration");
        ret->declaration =
                catalog_get_assertion(catalog, "snap-declaration", pk,
                                      assertion_type_find("snap-declaration")->max_format);
        /* The common case asks nobody. */
        if (!ret->declaration ||
            (strcmp(ret->declaration->authority, world_text(world, SET_BRAND_ID)) == 0 &&
             !assertion_value(ret->declaration, "revision-authority")))
                return RC_OK;
        rc = role_account(world, SIGNER_STORE, own, err);
        if (rc == RC_OK)
                rc = role_account(world, SIGNER_BRAND, ret->brand_id, err);
        if (rc == RC_OK)
                ret->is_foreign = strcmp(ret->declaration->authority, own) != 0;
        return rc;
}

bool origin_lets_brand(const struct origin *origin, const char *provenance, uint64_t revision)
{
        return origin->declaration && origin->brand_id[0] &&
               delegation_covers(origin->declaration, origin->brand_id, provenance, revision, NULL);
}

const struct assertion *revision_assertion_find(const struct catalog *catalog,
                                                const struct digest *digest, const char *provenance,
                                                struct arena *arena)
{
        char text[DIGEST_B64_CHARS + 1];
        const char *pk;

        digest_b64(digest, text);
        pk = arena_printf(arena, "%s/%s", text, provenance);
        return pk ? catalog_get_assertion(catalog, "snap-revision", pk,
                                          assertion_type_find("snap-revision")->max_format)
                  : NULL;
}

/* Whether a snap-revision of these bytes, under whatever provenance, came for this package. */
static bool is_claimed(const struct catalog *catalog, const struct digest *digest,
                       const char *snap_id)
{
        char text[DIGEST_B64_CHARS + 1];
        size_t first = 0;
        const size_t count = catalog_assertions_of(catalog, "snap-revision", &first);

        digest_b64(digest, text);
        for (size_t i = first; i < first + count; i++) {
                const struct catalog_assertion *entry = catalog_assertion_at(catalog, i);
                const struct assertion *newest = entry->revisions[entry->count - 1];

                if (strcmp(newest->pk[0], text) == 0 &&
                    strcmp(assertion_text(newest, "snap-id"), snap_id) == 0)
                        return true;
        }
        return false;
}

enum rc origin_check_push(struct world *world, const struct catalog *catalog, const char *snap_id,
                          const char *name, const struct digest *digest, struct arena *arena,
                          struct err *err)
{
        struct origin origin;
        enum rc rc;

        rc = origin_find(world, catalog, snap_id, arena, &origin, err);
        if (rc != RC_OK || !origin.is_foreign ||
            (origin.brand_id[0] && delegation_names(origin.declaration, origin.brand_id)) ||
            (digest && is_claimed(catalog, digest, snap_id)))
                return rc;
        return err_set_code(err, RC_FORBIDDEN, "declared-elsewhere",
                            "%.64s is declared by %.64s, which signs its revisions: import them",
                            name, origin.declaration->authority);
}
