/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/catalog_node.h"
#include "core/manifest/manifest.h"
#include <stdlib.h>
#include <string.h>

#define NODE_ARENA_MAX (64 * MIB)

static void package_node_freep(struct package_node **node)
{
        struct package_node *gone = *node;

        if (!gone)
                return;
        if (gone->hooks->view_free) {
                for (size_t i = 0; i < gone->package.revision_count && gone->revisions; i++)
                        gone->hooks->view_free(gone->revisions[i].view);
        }
        arena_freep(&gone->arena);
        free(gone);
        *node = NULL;
}

void package_node_unref(struct package_node *node)
{
        if (node && atomic_fetch_sub(&node->references, 1) == 1)
                package_node_freep(&node);
}

static enum rc node_nomem(struct err *err)
{
        return err_set(err, RC_NOMEM, "no memory for the catalog");
}

static enum rc head_load(struct db_tx *tx, struct package_node *node, const char *snap_id,
                         struct err *err)
{
        struct catalog_package *package = &node->package;
        struct package_row row;
        struct account_row account;
        enum rc rc;

        rc = store_package_get(tx, node->arena, snap_id, &row, err);
        if (rc != RC_OK)
                return rc;
        rc = store_account_get(tx, node->arena, row.publisher_id, &account, err);
        if (rc == RC_NOT_FOUND)
                return err_set(err, RC_CORRUPT, "package %s has an unknown publisher %s", row.name,
                               row.publisher_id);
        if (rc != RC_OK)
                return rc;
        package->snap_id = row.snap_id;
        package->store_id = row.store_id;
        package->name = row.name;
        package->publisher_id = row.publisher_id;
        package->publisher_username = account.username;
        package->publisher_display_name = account.display_name;
        package->publisher_validation = account.validation;
        package->type = row.type;
        package->is_private = row.is_private;
        package->title = row.title;
        package->summary = row.summary;
        package->description = row.description;
        package->default_track = row.default_track;
        return RC_OK;
}

static enum rc revision_fill(struct package_node *node, const struct revision_row *row,
                             struct catalog_revision *revision, struct err *err)
{
        enum rc rc;

        revision->number = row->number;
        revision->digest = row->digest;
        digest_hex(&row->digest, revision->digest_hex);
        revision->bytes = row->bytes;
        revision->developer_id = row->developer_id;
        revision->build_signed = row->build_signed;
        revision->created = row->created;
        if (!node->hooks->info_parse)
                return RC_OK;
        rc = node->hooks->info_parse(row->info_json, node->arena, &revision->info, err);
        return rc == RC_OK || rc_is_fault(rc)
                       ? rc
                       : err_set(err, RC_CORRUPT, "revision %llu of %s cannot be read back",
                                 (unsigned long long)row->number, node->package.name);
}

/* --- what manifests say: rendered once --- */

static const char *text_keep(struct arena *arena, const struct buf *text)
{
        return text->failed ? NULL : arena_memdup(arena, text->data, text->len);
}

static const char *delta_line(struct arena *arena, const struct delta_row *row)
{
        CLEANUP(buf_fini) struct buf text = BUF_INIT(KIB);
        const struct manifest_delta delta = {.format = row->format,
                                             .source = row->source,
                                             .digest = row->digest,
                                             .bytes = row->bytes};

        manifest_put_delta(&text, &delta);
        return text_keep(arena, &text);
}

static const char *revision_piece(const struct package_node *node,
                                  const struct catalog_revision *revision)
{
        CLEANUP(buf_fini) struct buf text = BUF_INIT(KIB);

        manifest_put_revision(&text, node->package.name, node->package.snap_id, revision->number,
                              &revision->digest, revision->bytes);
        return text_keep(node->arena, &text);
}

static enum rc revisions_load(struct db_tx *tx, struct package_node *node, struct err *err)
{
        const struct revision_row *rows;
        size_t count;
        enum rc rc;

        rc = store_revision_list(tx, node->arena, node->package.snap_id, &rows, &count, err);
        if (rc != RC_OK || count == 0)
                return rc;
        node->revisions = arena_alloc_array(node->arena, count, sizeof(*node->revisions));
        if (!node->revisions)
                return node_nomem(err);
        node->package.revisions = node->revisions;
        node->package.revision_count = count;
        for (size_t i = 0; i < count; i++) {
                rc = revision_fill(node, &rows[count - 1 - i], &node->revisions[i], err);
                if (rc != RC_OK)
                        return rc;
                node->revisions[i].manifest = revision_piece(node, &node->revisions[i]);
                if (!node->revisions[i].manifest)
                        return node_nomem(err);
        }
        return RC_OK;
}

/* Deltas come ordered by target, so those of one revision stand together. */
static enum rc deltas_load(struct db_tx *tx, struct package_node *node, struct err *err)
{
        const struct delta_row *rows;
        struct catalog_delta *deltas;
        size_t count;
        size_t used = 0;
        enum rc rc;

        rc = store_delta_list(tx, node->arena, node->package.snap_id, &rows, &count, err);
        if (rc != RC_OK || count == 0)
                return rc;
        deltas = arena_alloc_array(node->arena, count, sizeof(*deltas));
        if (!deltas)
                return node_nomem(err);
        for (size_t i = 0; i < count; i++) {
                const struct catalog_revision *found =
                        catalog_find_revision(&node->package, rows[i].target);
                struct catalog_revision *target;

                if (strcmp(rows[i].state, "ready") || !found)
                        continue;
                target = &node->revisions[found - node->package.revisions];
                if (!target->delta_count)
                        target->deltas = &deltas[used];
                deltas[used] = (struct catalog_delta){
                        .source = rows[i].source,
                        .digest = rows[i].digest,
                        .bytes = rows[i].bytes,
                        .format = rows[i].format,
                };
                digest_hex(&rows[i].digest, deltas[used].digest_hex);
                deltas[used].manifest = delta_line(node->arena, &rows[i]);
                if (!deltas[used].manifest)
                        return node_nomem(err);
                target->delta_count++;
                used++;
        }
        return RC_OK;
}

static enum rc releases_load(struct db_tx *tx, struct package_node *node, struct err *err)
{
        const struct release_row *rows;
        struct catalog_release *releases;
        size_t count;
        size_t used = 0;
        enum rc rc;

        rc = store_release_list(tx, node->arena, node->package.snap_id, &rows, &count, err);
        if (rc != RC_OK || count == 0)
                return rc;
        releases = arena_alloc_array(node->arena, count, sizeof(*releases));
        if (!releases)
                return node_nomem(err);
        for (size_t i = 0; i < count; i++) {
                const struct catalog_revision *revision =
                        catalog_find_revision(&node->package, rows[i].revision);

                if (!revision)
                        continue;
                releases[used++] = (struct catalog_release){
                        .arch = rows[i].arch,
                        .channel = rows[i].channel,
                        .revision = revision,
                        .base = catalog_find_revision(&node->package, rows[i].base_revision),
                        .percentage = rows[i].percentage,
                        .paused = rows[i].paused,
                        .release_id = rows[i].id,
                        .expires = rows[i].expires,
                        .released = rows[i].created,
                };
        }
        node->package.releases = releases;
        node->package.release_count = used;
        return RC_OK;
}

static void views_make(struct package_node *node)
{
        for (size_t i = 0; i < node->package.revision_count && node->hooks->revision_view; i++)
                node->revisions[i].view =
                        node->hooks->revision_view(&node->package, &node->revisions[i]);
}

enum rc package_node_load(struct db_tx *tx, const struct catalog_hooks *hooks, const char *snap_id,
                          struct package_node **ret, struct err *err)
{
        CLEANUP(package_node_freep) struct package_node *node = calloc(1, sizeof(*node));
        enum rc rc;

        if (!node)
                return node_nomem(err);
        node->hooks = hooks;
        atomic_init(&node->references, 1);
        node->arena = arena_new(NODE_ARENA_MAX);
        if (!node->arena)
                return node_nomem(err);
        rc = head_load(tx, node, snap_id, err);
        if (rc == RC_OK)
                rc = revisions_load(tx, node, err);
        if (rc == RC_OK)
                rc = deltas_load(tx, node, err);
        if (rc == RC_OK)
                rc = releases_load(tx, node, err);
        if (rc == RC_OK)
                rc = package_past_load(tx, node, err);
        if (rc == RC_OK)
                rc = package_resources_load(tx, node, err);
        if (rc == RC_OK)
                rc = package_discovery_load(tx, node, err);
        if (rc != RC_OK)
                return rc;
        views_make(node);
        *ret = node;
        node = NULL;
        return RC_OK;
}

static void assertion_node_freep(struct assertion_node **node)
{
        if (!*node)
                return;
        arena_freep(&(*node)->arena);
        free(*node);
        *node = NULL;
}

void assertion_node_unref(struct assertion_node *node)
{
        if (node && atomic_fetch_sub(&node->references, 1) == 1)
                assertion_node_freep(&node);
}

enum rc assertion_node_make(const struct assertion_row *rows, size_t count,
                            struct assertion_node **ret, struct err *err)
{
        CLEANUP(assertion_node_freep) struct assertion_node *node = calloc(1, sizeof(*node));
        const struct assertion **revisions;

        if (!node)
                return node_nomem(err);
        atomic_init(&node->references, 1);
        node->arena = arena_new(NODE_ARENA_MAX);
        if (!node->arena)
                return node_nomem(err);
        revisions = arena_alloc_array(node->arena, count, sizeof(const struct assertion *));
        if (!revisions)
                return node_nomem(err);
        for (size_t i = 0; i < count; i++) {
                struct assertion *parsed;
                const enum rc rc = assertion_parse(node->arena, rows[i].text, rows[i].text_bytes,
                                                   &parsed, err);
                if (rc != RC_OK)
                        return rc_is_fault(rc) ? rc
                                               : err_prefix(err, RC_CORRUPT, "stored %s/%s",
                                                            rows[i].type, rows[i].pk);
                revisions[i] = parsed;
        }
        node->assertion.type = arena_strdup(node->arena, rows[0].type);
        node->assertion.pk = arena_strdup(node->arena, rows[0].pk);
        node->assertion.count = count;
        node->assertion.revisions = revisions;
        if (!node->assertion.type || !node->assertion.pk)
                return node_nomem(err);
        *ret = node;
        node = NULL;
        return RC_OK;
}
