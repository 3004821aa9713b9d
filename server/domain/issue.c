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

/* The signer makes these itself, for each assertion anew. */
static bool is_signers(const char *name)
{
        static const char *const own[] = {"type",   "authority-id", "revision",         "timestamp",
                                          "format", "body-length",  "sign-key-sha3-384"};

        for (size_t i = 0; i < ARRAY_COUNT(own); i++)
                if (strcmp(own[i], name) == 0)
                        return true;
        return false;
}

enum rc issue_build_on(const struct value *given, const struct assertion *known,
                       struct arena *arena, struct value *ret, struct err *err)
{
        const size_t room = given->count + known->headers.count;
        const char **names = arena_alloc_array(arena, room, sizeof(const char *));
        struct value *items = arena_alloc_array(arena, room, sizeof(*items));
        size_t count = 0;

        if (!names || !items)
                return err_set(err, RC_NOMEM, "no memory for an assertion");
        for (; count < given->count; count++) {
                names[count] = given->names[count];
                items[count] = given->items[count];
        }
        for (size_t i = 0; i < known->headers.count; i++) {
                const char *name = known->headers.names[i];

                if (is_signers(name) || value_find(given, name))
                        continue;
                names[count] = name;
                items[count++] = known->headers.items[i];
        }
        *ret = (struct value){.kind = VALUE_MAP, .count = count, .items = items, .names = names};
        return RC_OK;
}
