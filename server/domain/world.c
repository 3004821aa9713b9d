/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/world.h"
#include "core/base/fs.h"
#include "core/model/name.h"
#include <string.h>

enum rc world_blob_check(const struct world *world, const struct digest *digest, struct err *err)
{
        CLEANUP(fs_closep) int fd = -1;
        uint64_t bytes;
        const enum rc rc = blob_open(world->blobs, digest, &fd, &bytes, err);

        return rc == RC_NOT_FOUND ? err_set(err, RC_BUSY, "the file was swept away, send it again")
                                  : rc;
}

void world_key(const struct world *world, const char *domain, uint8_t ret[MAC_KEY_BYTES])
{
        mac_make(secret_view(world->server_key), domain, "", 0, ret);
}

bool world_is_trusted(const struct world *world, const char *account_id)
{
        for (size_t i = 0; i < world->roots.count; i++)
                if (strcmp(world->roots.items[i].account_id, account_id) == 0)
                        return true;
        return false;
}

/* pk parts joined by '/', as catalog and database key them. */
const char *pk_join(struct arena *arena, const char *const *pk, size_t count)
{
        const char *joined = count ? pk[0] : "";

        for (size_t i = 1; i < count && joined; i++)
                joined = arena_printf(arena, "%s/%s", joined, pk[i]);
        return joined;
}

static const struct assertion *fresh_find(const struct world_trust *trust, const char *type,
                                          const char *const *pk, size_t count)
{
        for (size_t i = 0; i < trust->fresh_count; i++) {
                const struct assertion *at = trust->fresh[i];
                size_t same = 0;

                if (strcmp(at->type->name, type))
                        continue;
                while (same < count && strcmp(at->pk[same], pk[same]) == 0)
                        same++;
                if (same == count)
                        return at;
        }
        return NULL;
}

static const struct assertion *trust_find(void *context, struct arena *arena, const char *type,
                                          const char *const *pk)
{
        const struct world_trust *trust = context;
        const struct assertion_type *row = assertion_type_find(type);
        const struct assertion *found;
        const char *joined;

        if (!row)
                return NULL;
        found = fresh_find(trust, type, pk, row->pk_count);
        if (found)
                return found;
        joined = pk_join(arena, pk, row->pk_count);
        return joined ? catalog_get_assertion(trust->catalog, type, joined, row->max_format) : NULL;
}

static bool trust_is_account(void *context, const char *account_id)
{
        const struct world_trust *trust = context;

        return world_is_trusted(trust->world, account_id);
}

static bool trust_is_root(void *context, const char *key_id)
{
        const struct world_trust *trust = context;

        for (size_t i = 0; i < trust->world->roots.count; i++)
                if (strcmp(trust->world->roots.items[i].key_id, key_id) == 0)
                        return true;
        return false;
}

void world_trust_source(struct world_trust *trust, struct trust_source *ret)
{
        *ret = (struct trust_source){
                .context = trust,
                .find = trust_find,
                .is_trusted_account = trust_is_account,
                .is_root_key = trust_is_root,
        };
}
