/* SPDX-License-Identifier: Apache-2.0 */
/* How roots come to be: everything at start, one piece after a write. */
#include "server/domain/catalog_node.h"
#include "server/domain/find_index.h"
#include <stdlib.h>
#include <string.h>

static enum rc catalog_nomem(struct err *err)
{
        return err_set(err, RC_NOMEM, "no memory for the catalog");
}

/* --- loading --- */

/* Rows of one assertion are gathered until the next key comes. */
struct gather {
        struct arena *arena;
        struct assertion_row *rows;
        size_t count;
        size_t room;
        struct assertion_node **nodes;
        size_t node_count;
        size_t node_room;
};

static bool grow(void **items, size_t *room, size_t need, size_t size)
{
        const size_t wanted = *room ? *room * 2 : 64;
        void *grown;

        if (need <= *room)
                return true;
        grown = realloc(*items, wanted * size);
        if (!grown)
                return false;
        *items = grown;
        *room = wanted;
        return true;
}

static void gather_fini(struct gather *gather)
{
        for (size_t i = 0; i < gather->node_count; i++)
                assertion_node_unref(gather->nodes[i]);
        free(gather->nodes);
        free(gather->rows);
        arena_freep(&gather->arena);
}

static enum rc gather_flush(struct gather *gather, struct err *err)
{
        enum rc rc;

        if (gather->count == 0)
                return RC_OK;
        if (!grow((void **)&gather->nodes, &gather->node_room, gather->node_count + 1,
                  sizeof(struct assertion_node *)))
                return catalog_nomem(err);
        rc = assertion_node_make(gather->rows, gather->count, &gather->nodes[gather->node_count],
                                 err);
        if (rc != RC_OK)
                return rc;
        gather->node_count++;
        gather->count = 0;
        arena_reset(gather->arena);
        return RC_OK;
}

static enum rc gather_row(void *context, const struct assertion_row *row, struct err *err)
{
        struct gather *gather = context;
        struct assertion_row *copy;
        enum rc rc;

        if (gather->count &&
            (strcmp(row->type, gather->rows[0].type) || strcmp(row->pk, gather->rows[0].pk))) {
                rc = gather_flush(gather, err);
                if (rc != RC_OK)
                        return rc;
        }
        if (!grow((void **)&gather->rows, &gather->room, gather->count + 1, sizeof(*gather->rows)))
                return catalog_nomem(err);
        copy = &gather->rows[gather->count];
        *copy = *row;
        copy->type = arena_strdup(gather->arena, row->type);
        copy->pk = arena_strdup(gather->arena, row->pk);
        copy->text = arena_memdup(gather->arena, row->text, row->text_bytes);
        if (!copy->type || !copy->pk || !copy->text)
                return catalog_nomem(err);
        gather->count++;
        return RC_OK;
}

static enum rc assertions_load(struct db_tx *tx, struct assertion_table **ret, struct err *err)
{
        CLEANUP(gather_fini) struct gather gather = {.arena = arena_new(256 * MIB)};
        struct assertion_table *table;
        enum rc rc;

        if (!gather.arena)
                return catalog_nomem(err);
        rc = store_assertion_each(tx, "", gather_row, &gather, err);
        if (rc == RC_OK)
                rc = gather_flush(&gather, err);
        if (rc != RC_OK)
                return rc;
        table = assertion_table_new(gather.node_count);
        if (!table)
                return catalog_nomem(err);
        table->count = gather.node_count;
        if (gather.node_count)
                memcpy(table->nodes, gather.nodes,
                       gather.node_count * sizeof(struct assertion_node *));
        gather.node_count = 0; /* the table has them now */
        qsort(table->nodes, table->count, sizeof(struct assertion_node *), assertion_node_compare);
        rc = assertion_table_finish(table, err);
        if (rc != RC_OK) {
                assertion_table_unref(table);
                return rc;
        }
        *ret = table;
        return RC_OK;
}

struct load {
        struct catalog_store *store;
        struct catalog *root;
};

static enum rc load_all(struct db_tx *tx, void *arg, struct err *err)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(256 * MIB);
        CLEANUP(catalog_root_freep) struct catalog *root = NULL;
        struct load *load = arg;
        const struct package_row *rows;
        size_t count;
        enum rc rc;

        if (!arena)
                return catalog_nomem(err);
        rc = store_package_list(tx, arena, &rows, &count, err);
        if (rc != RC_OK)
                return rc;
        root = catalog_root_new(count);
        if (!root)
                return catalog_nomem(err);
        for (; root->count < count; root->count++) {
                rc = package_node_load(tx, &load->store->hooks, rows[root->count].snap_id,
                                       &root->by_name[root->count], err);
                if (rc != RC_OK)
                        return rc;
        }
        catalog_root_finish(root);
        rc = assertions_load(tx, &root->assertions, err);
        if (rc == RC_OK)
                rc = catalog_rules_load(tx, &root->rules, err);
        if (rc == RC_OK)
                rc = category_table_load(tx, &root->categories, err);
        if (rc == RC_OK)
                rc = find_index_build(root->by_name, root->count, &root->index, err);
        if (rc == RC_OK)
                rc = store_generation_get(tx, &root->generation, err);
        if (rc != RC_OK)
                return rc;
        catalog_root_unref(load->root);
        load->root = root;
        root = NULL;
        return RC_OK;
}

enum rc catalog_store_open(struct db *db, const struct catalog_hooks *hooks,
                           struct catalog_store **ret, struct err *err)
{
        CLEANUP(catalog_store_freep) struct catalog_store *store = calloc(1, sizeof(*store));
        struct load load = {.store = store};
        enum rc rc;

        if (!store)
                return catalog_nomem(err);
        store->db = db;
        store->hooks = *hooks;
        pthread_mutex_init(&store->reloading, NULL);
        pthread_mutex_init(&store->swapping, NULL);
        rc = db_run(db, DB_READ, load_all, &load, err);
        if (rc != RC_OK)
                return rc;
        store->current = load.root;
        *ret = store;
        store = NULL;
        return RC_OK;
}

void catalog_store_freep(struct catalog_store **store)
{
        if (!*store)
                return;
        catalog_root_unref((*store)->current);
        pthread_mutex_destroy(&(*store)->swapping);
        pthread_mutex_destroy(&(*store)->reloading);
        free(*store);
        *store = NULL;
}

/* --- reloading one piece --- */

/* What one reload read, in one transaction with the generation. */
struct piece {
        struct catalog_store *store;
        const char *snap_id; /* or */
        const char *type;
        const char *pk;
        bool is_rules;                /* or */
        bool is_categories;           /* or */
        struct package_node *package; /* NULL: deleted */
        struct assertion_node *assertion;
        struct catalog_rules *rules;
        struct category_table *categories;
        uint64_t generation;
};

static void piece_fini(struct piece *piece)
{
        package_node_unref(piece->package);
        assertion_node_unref(piece->assertion);
        catalog_rules_unref(piece->rules);
        category_table_unref(piece->categories);
        piece->categories = NULL;
        piece->package = NULL;
        piece->assertion = NULL;
        piece->rules = NULL;
}

static enum rc assertion_load_one(struct db_tx *tx, struct piece *piece, struct err *err)
{
        CLEANUP(gather_fini) struct gather gather = {.arena = arena_new(64 * MIB)};
        enum rc rc;

        if (!gather.arena)
                return catalog_nomem(err);
        rc = store_assertion_each_pk(tx, piece->type, piece->pk, gather_row, &gather, err);
        if (rc == RC_OK)
                rc = gather_flush(&gather, err);
        if (rc != RC_OK || gather.node_count == 0)
                return rc;
        piece->assertion = gather.nodes[0];
        gather.node_count = 0;
        return RC_OK;
}

static enum rc load_piece(struct db_tx *tx, void *arg, struct err *err)
{
        struct piece *piece = arg;
        enum rc rc = RC_OK;

        piece_fini(piece);
        if (piece->snap_id) {
                rc = package_node_load(tx, &piece->store->hooks, piece->snap_id, &piece->package,
                                       err);
                rc = rc == RC_NOT_FOUND ? RC_OK : rc;
        } else if (piece->is_rules) {
                rc = catalog_rules_load(tx, &piece->rules, err);
        } else if (piece->is_categories) {
                rc = category_table_load(tx, &piece->categories, err);
        } else {
                rc = assertion_load_one(tx, piece, err);
        }
        return rc == RC_OK ? store_generation_get(tx, &piece->generation, err) : rc;
}

/* A new root that shares everything with the old one, but the package without (NULL: none). */
static struct catalog *root_share(const struct catalog *old, const char *without)
{
        struct catalog *root = catalog_root_new(old->count + 1);

        if (!root)
                return NULL;
        for (size_t i = 0; i < old->count; i++) {
                if (without && strcmp(old->by_name[i]->package.snap_id, without) == 0)
                        continue;
                atomic_fetch_add(&old->by_name[i]->references, 1);
                root->by_name[root->count++] = old->by_name[i];
        }
        atomic_fetch_add(&old->assertions->references, 1);
        root->assertions = old->assertions;
        root->rules = catalog_rules_ref(old->rules);
        root->categories = category_table_ref(old->categories);
        root->index = find_index_ref(old->index);
        return root;
}

/* A new root with package in the place of snap_id (or without it). */
static struct catalog *root_with_package(const struct catalog *old, const char *snap_id,
                                         struct package_node *package)
{
        CLEANUP(catalog_root_freep) struct catalog *root = root_share(old, snap_id);
        struct catalog *ret;

        if (!root)
                return NULL;
        if (package) {
                atomic_fetch_add(&package->references, 1);
                root->by_name[root->count++] = package;
        }
        find_index_unref(root->index);
        root->index = find_index_with(old->index, snap_id, package ? &package->package : NULL);
        if (!root->index)
                return NULL;
        catalog_root_finish(root);
        ret = root;
        root = NULL;
        return ret;
}

static struct assertion_table *table_with(const struct assertion_table *old,
                                          struct assertion_node *node)
{
        struct assertion_table *table = assertion_table_new(old->count + 1);
        bool placed = false;

        if (!table)
                return NULL;
        for (size_t i = 0; i <= old->count; i++) {
                const int order =
                        i == old->count ? -1 : assertion_node_compare(&node, &old->nodes[i]);

                if (!placed && order <= 0) {
                        atomic_fetch_add(&node->references, 1);
                        table->nodes[table->count++] = node;
                        placed = true;
                        if (order == 0)
                                continue; /* it replaces the old one */
                }
                if (i < old->count) {
                        atomic_fetch_add(&old->nodes[i]->references, 1);
                        table->nodes[table->count++] = old->nodes[i];
                }
        }
        return table;
}

static struct catalog *root_with_assertion(const struct catalog *old, struct assertion_node *node)
{
        struct catalog *root = root_share(old, NULL);

        if (!root)
                return NULL;
        catalog_root_finish(root);
        assertion_table_unref(root->assertions);
        root->assertions = table_with(old->assertions, node);
        if (!root->assertions || assertion_table_finish(root->assertions, NULL) != RC_OK)
                catalog_root_freep(&root);
        return root;
}

static struct catalog *root_with_rules(const struct catalog *old, struct catalog_rules *rules)
{
        struct catalog *root = root_share(old, NULL);

        if (!root)
                return NULL;
        catalog_root_finish(root);
        catalog_rules_unref(root->rules);
        root->rules = catalog_rules_ref(rules);
        return root;
}

static struct catalog *root_with_categories(const struct catalog *old,
                                            struct category_table *categories)
{
        struct catalog *root = root_share(old, NULL);

        if (!root)
                return NULL;
        catalog_root_finish(root);
        category_table_unref(root->categories);
        root->categories = category_table_ref(categories);
        return root;
}

/* store->reloading is held. */
static enum rc piece_publish(struct piece *piece, struct err *err)
{
        const struct catalog *old = piece->store->current;
        struct catalog *root;

        if (!piece->snap_id && !piece->assertion && !piece->rules && !piece->categories)
                return RC_OK;
        if (piece->snap_id)
                root = root_with_package(old, piece->snap_id, piece->package);
        else if (piece->rules)
                root = root_with_rules(old, piece->rules);
        else if (piece->categories)
                root = root_with_categories(old, piece->categories);
        else
                root = root_with_assertion(old, piece->assertion);
        if (!root)
                return catalog_nomem(err);
        root->generation =
                piece->generation > old->generation ? piece->generation : old->generation;
        catalog_publish(piece->store, root);
        return RC_OK;
}

static enum rc reload(struct piece *piece, struct err *err)
{
        enum rc rc;

        pthread_mutex_lock(&piece->store->reloading);
        rc = db_run(piece->store->db, DB_READ, load_piece, piece, err);
        if (rc == RC_OK)
                rc = piece_publish(piece, err);
        pthread_mutex_unlock(&piece->store->reloading);
        piece_fini(piece);
        return rc;
}

static enum rc generation_read(struct db_tx *tx, void *arg, struct err *err)
{
        return store_generation_get(tx, arg, err);
}

enum rc catalog_reload_behind(struct catalog_store *store, struct err *err)
{
        struct load load = {.store = store};
        uint64_t generation = 0;
        enum rc rc;

        pthread_mutex_lock(&store->reloading);
        rc = db_run(store->db, DB_READ, generation_read, &generation, err);
        if (rc == RC_OK && generation > store->current->generation) {
                rc = db_run(store->db, DB_READ, load_all, &load, err);
                if (rc == RC_OK)
                        catalog_publish(store, load.root);
                else
                        catalog_root_unref(load.root);
        }
        pthread_mutex_unlock(&store->reloading);
        return rc;
}

enum rc catalog_reload_package(struct catalog_store *store, const char *snap_id, struct err *err)
{
        struct piece piece = {.store = store, .snap_id = snap_id};

        return reload(&piece, err);
}

enum rc catalog_reload_assertion(struct catalog_store *store, const char *type, const char *pk,
                                 struct err *err)
{
        struct piece piece = {.store = store, .type = type, .pk = pk};

        return reload(&piece, err);
}

enum rc catalog_reload_rules(struct catalog_store *store, struct err *err)
{
        struct piece piece = {.store = store, .is_rules = true};

        return reload(&piece, err);
}

enum rc catalog_reload_categories(struct catalog_store *store, struct err *err)
{
        struct piece piece = {.store = store, .is_categories = true};

        return reload(&piece, err);
}
