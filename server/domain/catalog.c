/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/catalog.h"
#include "core/model/name.h"
#include "server/domain/catalog_node.h"
#include "server/domain/find_index.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* --- tables and roots --- */

struct assertion_table *assertion_table_new(size_t count)
{
        struct assertion_table *table =
                calloc(1, sizeof(*table) + count * sizeof(struct assertion_node *));

        if (table)
                atomic_init(&table->references, 1);
        return table;
}

void assertion_table_unref(struct assertion_table *table)
{
        if (!table || atomic_fetch_sub(&table->references, 1) != 1)
                return;
        for (size_t i = 0; i < table->count; i++)
                assertion_node_unref(table->nodes[i]);
        free(table->gates);
        free(table);
}

struct catalog *catalog_root_new(size_t room)
{
        struct catalog *root = calloc(1, sizeof(*root) + room * sizeof(struct package_node *));

        if (!root)
                return NULL;
        atomic_init(&root->references, 1);
        root->by_id = calloc(room ? room : 1, sizeof(struct package_node *));
        if (!root->by_id) {
                free(root);
                return NULL;
        }
        return root;
}

void catalog_root_unref(struct catalog *root)
{
        if (!root || atomic_fetch_sub(&root->references, 1) != 1)
                return;
        for (size_t i = 0; i < root->count; i++)
                package_node_unref(root->by_name[i]);
        assertion_table_unref(root->assertions);
        catalog_rules_unref(root->rules);
        category_table_unref(root->categories);
        find_index_unref(root->index);
        free(root->by_id);
        free(root);
}

void catalog_root_freep(struct catalog **root)
{
        catalog_root_unref(*root);
        *root = NULL;
}

static int name_compare(const void *a, const void *b)
{
        const struct catalog_package *x = &(*(struct package_node *const *)a)->package;
        const struct catalog_package *y = &(*(struct package_node *const *)b)->package;
        const int by_name = strcmp(x->name, y->name);

        return by_name ? by_name : strcmp(x->store_id, y->store_id);
}

static int id_compare(const void *a, const void *b)
{
        return strcmp((*(struct package_node *const *)a)->package.snap_id,
                      (*(struct package_node *const *)b)->package.snap_id);
}

static int key_compare(const char *type, const char *pk, const struct catalog_assertion *other)
{
        const int by_type = strcmp(type, other->type);

        return by_type ? by_type : strcmp(pk, other->pk);
}

int assertion_node_compare(const void *a, const void *b)
{
        const struct catalog_assertion *x = &(*(struct assertion_node *const *)a)->assertion;

        return key_compare(x->type, x->pk, &(*(struct assertion_node *const *)b)->assertion);
}

/* Orders and counts what root->by_name holds. */
void catalog_root_finish(struct catalog *root)
{
        memcpy(root->by_id, root->by_name, root->count * sizeof(struct package_node *));
        qsort(root->by_name, root->count, sizeof(struct package_node *), name_compare);
        qsort(root->by_id, root->count, sizeof(struct package_node *), id_compare);
        root->revision_total = 0;
        for (size_t i = 0; i < root->count; i++)
                root->revision_total += root->by_name[i]->package.revision_count;
}

/* --- publishing --- */

const struct catalog *catalog_acquire(struct catalog_store *store)
{
        struct catalog *root;

        pthread_mutex_lock(&store->swapping);
        root = store->current;
        atomic_fetch_add(&root->references, 1);
        pthread_mutex_unlock(&store->swapping);
        return root;
}

void catalog_release(struct catalog_store *store, const struct catalog *catalog)
{
        (void)store;
        catalog_root_unref((struct catalog *)catalog);
}

/* Takes root. */
void catalog_publish(struct catalog_store *store, struct catalog *root)
{
        struct catalog *old;

        pthread_mutex_lock(&store->swapping);
        old = store->current;
        store->current = root;
        pthread_mutex_unlock(&store->swapping);
        catalog_root_unref(old);
}

/* --- finding --- */

uint64_t catalog_generation(const struct catalog *catalog)
{
        return catalog->generation;
}

/* The first index of nodes whose (name, store) is not below the wanted one. */
static size_t name_bound(const struct catalog *catalog, const char *name, const char *store_id)
{
        size_t low = 0;
        size_t high = catalog->count;

        while (low < high) {
                const size_t middle = low + (high - low) / 2;
                const struct catalog_package *at = &catalog->by_name[middle]->package;
                const int by_name = strcmp(at->name, name);

                if (by_name < 0 || (by_name == 0 && strcmp(at->store_id, store_id) < 0))
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

const struct catalog_package *catalog_find_name(const struct catalog *catalog, const char *store_id,
                                                const char *name)
{
        const size_t index = name_bound(catalog, name, store_id);
        const struct catalog_package *at;

        if (index == catalog->count)
                return NULL;
        at = &catalog->by_name[index]->package;
        return strcmp(at->name, name) || strcmp(at->store_id, store_id) ? NULL : at;
}

const struct catalog_package *catalog_find_id(const struct catalog *catalog, const char *snap_id)
{
        size_t low = 0;
        size_t high = catalog->count;

        while (low < high) {
                const size_t middle = low + (high - low) / 2;
                const int order = strcmp(snap_id, catalog->by_id[middle]->package.snap_id);

                if (order == 0)
                        return &catalog->by_id[middle]->package;
                if (order < 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        return NULL;
}

const struct catalog_revision *catalog_find_revision(const struct catalog_package *package,
                                                     uint64_t number)
{
        size_t low = 0;
        size_t high = package->revision_count;

        while (low < high) {
                const size_t middle = low + (high - low) / 2;

                if (package->revisions[middle].number == number)
                        return &package->revisions[middle];
                if (number < package->revisions[middle].number)
                        high = middle;
                else
                        low = middle + 1;
        }
        return NULL;
}

size_t catalog_package_count(const struct catalog *catalog)
{
        return catalog->count;
}

const struct catalog_package *catalog_package_at(const struct catalog *catalog, size_t index)
{
        return &catalog->by_name[index]->package;
}

size_t catalog_revision_total(const struct catalog *catalog)
{
        return catalog->revision_total;
}

size_t catalog_categories_of(const struct catalog *catalog, const char *store_id,
                             const char *const **ret)
{
        const struct category_table *table = catalog->categories;
        size_t first = 0;
        size_t last;

        while (table && first < table->count && strcmp(table->stores[first], store_id) < 0)
                first++;
        last = first;
        while (table && last < table->count && strcmp(table->stores[last], store_id) == 0)
                last++;
        *ret = table ? table->names + first : NULL;
        return last - first;
}

bool catalog_has_category(const struct catalog_package *package, const char *name)
{
        for (size_t i = 0; i < package->category_count; i++)
                if (strcmp(package->categories[i], name) == 0)
                        return true;
        return false;
}

/* The first index of an assertion whose (type, pk) is not below the wanted one. */
static size_t key_bound(const struct catalog *catalog, const char *type, const char *pk)
{
        size_t low = 0;
        size_t high = catalog->assertions->count;

        while (low < high) {
                const size_t middle = low + (high - low) / 2;

                if (key_compare(type, pk, &catalog->assertions->nodes[middle]->assertion) > 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

const struct catalog_assertion *catalog_find_assertion(const struct catalog *catalog,
                                                       const char *type, const char *pk)
{
        const size_t index = key_bound(catalog, type, pk);
        const struct catalog_assertion *at;

        if (index == catalog->assertions->count)
                return NULL;
        at = &catalog->assertions->nodes[index]->assertion;
        return key_compare(type, pk, at) ? NULL : at;
}

const struct assertion *catalog_assertion_newest(const struct catalog_assertion *assertion,
                                                 unsigned max_format)
{
        for (size_t i = assertion->count; i > 0; i--)
                if (assertion->revisions[i - 1]->format <= max_format)
                        return assertion->revisions[i - 1];
        return NULL;
}

const struct assertion *catalog_get_assertion(const struct catalog *catalog, const char *type,
                                              const char *pk, unsigned max_format)
{
        const struct catalog_assertion *found = catalog_find_assertion(catalog, type, pk);

        return found ? catalog_assertion_newest(found, max_format) : NULL;
}

static const struct catalog_assertion *sequence_find(const struct catalog *catalog,
                                                     const char *type, const char *prefix,
                                                     uint64_t at_most, unsigned max_format)
{
        const size_t length = strlen(prefix);
        const struct catalog_assertion *best = NULL;
        uint64_t best_number = 0;

        for (size_t i = key_bound(catalog, type, prefix); i < catalog->assertions->count; i++) {
                const struct catalog_assertion *at = &catalog->assertions->nodes[i]->assertion;
                uint64_t number;

                if (strcmp(at->type, type) || strncmp(at->pk, prefix, length))
                        break;
                if (at->pk[length] != '/' ||
                    number_parse_u64(at->pk + length + 1, UINT64_MAX, &number) != RC_OK)
                        continue;
                if ((at_most && number > at_most) || number <= best_number ||
                    !catalog_assertion_newest(at, max_format))
                        continue;
                best = at;
                best_number = number;
        }
        return best;
}

const struct catalog_assertion *catalog_find_sequence(const struct catalog *catalog,
                                                      const char *type, const char *prefix,
                                                      uint64_t at_most)
{
        return sequence_find(catalog, type, prefix, at_most, UINT_MAX);
}

const struct assertion *catalog_get_sequence(const struct catalog *catalog, const char *type,
                                             const char *prefix, unsigned max_format)
{
        const struct catalog_assertion *found = sequence_find(catalog, type, prefix, 0, max_format);

        return found ? catalog_assertion_newest(found, max_format) : NULL;
}

size_t catalog_assertions_of(const struct catalog *catalog, const char *type, size_t *ret_first)
{
        size_t last = key_bound(catalog, type, "");

        *ret_first = last;
        while (last < catalog->assertions->count &&
               strcmp(catalog->assertions->nodes[last]->assertion.type, type) == 0)
                last++;
        return last - *ret_first;
}

const struct catalog_assertion *catalog_assertion_at(const struct catalog *catalog, size_t index)
{
        return &catalog->assertions->nodes[index]->assertion;
}
