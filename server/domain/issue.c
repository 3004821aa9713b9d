/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/issue.h"
#include <string.h>

enum rc issue_checked(struct world *world, const struct signer_request *request,
                      struct arena *arena, struct assertion **ret, struct err *err)
{
        struct world_trust trust = {.world = world};
        struct assertion *issued = NULL;
        struct trust_source source;
        enum rc rc;

        rc = signer_issue(world->signer, request, arena, &issued, err);
        if (rc != RC_OK)
                return rc;
        if (strcmp(issued->type->name, request->type) != 0)
                return err_set(err, RC_CRASHED, "the signer answered with a %s for a %s",
                               issued->type->name, request->type);
        trust.catalog = catalog_acquire(world->catalog);
        world_trust_source(&trust, &source);
        rc = trust_check(issued, &source, TRUST_DEFAULT, world_now(world), arena, err);
        catalog_release(world->catalog, trust.catalog);
        if (rc != RC_OK)
                return rc_is_fault(rc) ? rc
                                       : err_prefix(err, RC_CRASHED,
                                                    "what the signer issued is not believed");
        *ret = issued;
        return RC_OK;
}

bool issue_was_overtaken(enum rc rc, const struct err *err)
{
        return rc == RC_REFUSED && strstr(err->text, "revision-moves-forward");
}
