/* SPDX-License-Identifier: Apache-2.0 */
/* Which components go with each revision, in the catalog's nodes. */
#include "server/domain/catalog_node.h"
#include <string.h>

static enum rc components_load(struct db_tx *tx, struct package_node *node, struct err *err)
{
        const struct component_row *rows;
        struct catalog_resource *components;
        size_t count = 0;
        enum rc rc;

        rc = store_component_list(tx, node->arena, node->package.snap_id, &rows, &count, err);
        if (rc != RC_OK || count == 0)
                return rc;
        components = arena_alloc_array(node->arena, count, sizeof(*components));
        if (!components)
                return err_set(err, RC_NOMEM, "no memory for the catalog");
        for (size_t i = 0; i < count; i++) {
                components[i] = (struct catalog_resource){
                        .name = rows[i].name,
                        .number = rows[i].number,
                        .type = rows[i].type,
                        .version = rows[i].version,
                        .description = *rows[i].description ? rows[i].description : rows[i].summary,
                        .digest = rows[i].digest,
                        .bytes = rows[i].bytes,
                        .created = rows[i].created,
                };
                digest_hex(&rows[i].digest, components[i].digest_hex);
        }
        node->package.components = components;
        node->package.component_count = count;
        return RC_OK;
}

/* Pairs come ordered by revision, so those of one stand together. */
enum rc package_resources_load(struct db_tx *tx, struct package_node *node, struct err *err)
{
        const struct component_pair_row *pairs;
        struct catalog_resource *resources;
        size_t count = 0;
        size_t used = 0;
        enum rc rc;

        rc = components_load(tx, node, err);
        if (rc == RC_OK && node->package.component_count)
                rc = store_component_pair_list(tx, node->arena, node->package.snap_id, &pairs,
                                               &count, err);
        if (rc != RC_OK || count == 0)
                return rc;
        resources = arena_alloc_array(node->arena, count, sizeof(*resources));
        if (!resources)
                return err_set(err, RC_NOMEM, "no memory for the catalog");
        for (size_t i = 0; i < count; i++) {
                const struct catalog_revision *found =
                        catalog_find_revision(&node->package, pairs[i].revision);
                const struct catalog_resource *component =
                        catalog_find_resource(&node->package, pairs[i].name, pairs[i].number);
                struct catalog_revision *revision;

                if (!found || !component)
                        continue;
                revision = &node->revisions[found - node->package.revisions];
                if (!revision->resource_count)
                        revision->resources = &resources[used];
                resources[used] = *component;
                if (!*component->version)
                        resources[used].version = revision->info.version;
                revision->resource_count++;
                used++;
        }
        return RC_OK;
}

const struct catalog_resource *catalog_find_resource(const struct catalog_package *package,
                                                     const char *name, uint64_t number)
{
        for (size_t i = 0; i < package->component_count; i++)
                if (package->components[i].number == number &&
                    strcmp(package->components[i].name, name) == 0)
                        return &package->components[i];
        return NULL;
}
