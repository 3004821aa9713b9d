/* SPDX-License-Identifier: Apache-2.0 */
/* What people find packages by, in the catalog's nodes: links, categories, pictures. */
#include "server/domain/catalog_node.h"
#include <stdlib.h>
#include <string.h>

#define CATEGORIES_ARENA (4 * MIB)

static enum rc discovery_nomem(struct err *err)
{
        return err_set(err, RC_NOMEM, "no memory for the catalog");
}

/* --- of one package --- */

static enum rc links_load(struct db_tx *tx, struct package_node *node, struct err *err)
{
        const struct link_row *rows;
        struct package_link *links;
        size_t count;
        enum rc rc;

        rc = store_link_list(tx, node->arena, node->package.snap_id, &rows, &count, err);
        if (rc != RC_OK || count == 0)
                return rc;
        links = arena_alloc_array(node->arena, count, sizeof(*links));
        if (!links)
                return discovery_nomem(err);
        for (size_t i = 0; i < count; i++)
                links[i] = (struct package_link){rows[i].kind, rows[i].url};
        node->package.links = links;
        node->package.link_count = count;
        return RC_OK;
}

static enum rc categories_load(struct db_tx *tx, struct package_node *node, struct err *err)
{
        const struct package_category_row *rows;
        const char **names;
        size_t count;
        enum rc rc;

        rc = store_package_category_list(tx, node->arena, node->package.snap_id, &rows, &count,
                                         err);
        if (rc != RC_OK || count == 0)
                return rc;
        names = arena_alloc_array(node->arena, count, sizeof(const char *));
        if (!names)
                return discovery_nomem(err);
        for (size_t i = 0; i < count; i++)
                names[i] = rows[i].name;
        node->package.categories = names;
        node->package.category_count = count;
        return RC_OK;
}

static enum rc media_fill(const struct media_row *row, struct catalog_media *media, struct err *err)
{
        enum rc rc;

        *media = (struct catalog_media){
                .info = {.width = (uint32_t)row->width, .height = (uint32_t)row->height},
                .digest = row->digest,
                .bytes = row->bytes,
        };
        digest_hex(&row->digest, media->digest_hex);
        rc = media_kind_parse(row->kind, &media->kind, err);
        if (rc == RC_OK)
                rc = media_format_parse(row->format, &media->info.format, err);
        return rc == RC_OK ? rc : err_set(err, RC_CORRUPT, "a picture cannot be read back");
}

/* Rows come by revision; 0, what people set, first. */
static enum rc media_load(struct db_tx *tx, struct package_node *node, struct err *err)
{
        const struct media_row *rows;
        struct catalog_media *media;
        size_t count;
        enum rc rc;

        rc = store_media_list(tx, node->arena, node->package.snap_id, &rows, &count, err);
        if (rc != RC_OK || count == 0)
                return rc;
        media = arena_alloc_array(node->arena, count, sizeof(*media));
        if (!media)
                return discovery_nomem(err);
        node->package.media = media;
        for (size_t i = 0; i < count; i++) {
                const struct catalog_revision *found =
                        catalog_find_revision(&node->package, rows[i].revision);

                rc = media_fill(&rows[i], &media[i], err);
                if (rc != RC_OK)
                        return rc;
                if (rows[i].revision == 0)
                        node->package.media_count++;
                else if (found)
                        node->revisions[found - node->package.revisions].icon = &media[i];
        }
        return RC_OK;
}

enum rc package_discovery_load(struct db_tx *tx, struct package_node *node, struct err *err)
{
        enum rc rc = links_load(tx, node, err);

        if (rc == RC_OK)
                rc = categories_load(tx, node, err);
        return rc == RC_OK ? media_load(tx, node, err) : rc;
}

/* --- the operator's list --- */

struct category_table *category_table_ref(struct category_table *table)
{
        if (table)
                atomic_fetch_add(&table->references, 1);
        return table;
}

void category_table_unref(struct category_table *table)
{
        if (!table || atomic_fetch_sub(&table->references, 1) != 1)
                return;
        arena_freep(&table->arena);
        free(table);
}

static void category_table_freep(struct category_table **table)
{
        category_table_unref(*table);
        *table = NULL;
}

enum rc category_table_load(struct db_tx *tx, struct category_table **ret, struct err *err)
{
        CLEANUP(category_table_freep) struct category_table *table = calloc(1, sizeof(*table));
        const struct category_row *rows;
        enum rc rc;

        if (!table)
                return discovery_nomem(err);
        atomic_init(&table->references, 1);
        table->arena = arena_new(CATEGORIES_ARENA);
        if (!table->arena)
                return discovery_nomem(err);
        rc = store_category_list(tx, table->arena, &rows, &table->count, err);
        if (rc != RC_OK)
                return rc;
        table->stores = arena_alloc_array(table->arena, table->count, sizeof(const char *));
        table->names = arena_alloc_array(table->arena, table->count, sizeof(const char *));
        if (!table->stores || !table->names)
                return discovery_nomem(err);
        for (size_t i = 0; i < table->count; i++) {
                table->stores[i] = rows[i].store_id;
                table->names[i] = rows[i].name;
        }
        *ret = table;
        table = NULL;
        return RC_OK;
}
