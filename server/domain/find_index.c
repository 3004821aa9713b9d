/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/find_index.h"
#include "server/domain/catalog_node.h"
#include <stdlib.h>
#include <string.h>

/* By the first byte of a term: a package whose words change touches a few of them. */
#define SHARD_COUNT 64

struct shard {
        atomic_uint references;
        size_t count;
        struct find_entry entries[]; /* by term, then number; texts are those of the documents */
};

struct find_index {
        atomic_uint references;
        uint32_t room;
        struct find_doc **docs; /* by number; NULL where nobody has it */
        struct shard *shards[SHARD_COUNT];
};

static unsigned shard_of(const char *term)
{
        return (unsigned char)term[0] % SHARD_COUNT;
}

static struct shard *shard_new(size_t count)
{
        struct shard *shard =
                calloc(1, sizeof(*shard) + (count ? count : 1) * sizeof(struct find_entry));

        if (shard)
                atomic_init(&shard->references, 1);
        return shard;
}

static void shard_unref(struct shard *shard)
{
        if (shard && atomic_fetch_sub(&shard->references, 1) == 1)
                free(shard);
}

static struct find_index *index_new(uint32_t room)
{
        struct find_index *index = calloc(1, sizeof(*index));

        if (!index)
                return NULL;
        atomic_init(&index->references, 1);
        index->docs = calloc(room ? room : 1, sizeof(struct find_doc *));
        index->room = index->docs ? room : 0;
        if (!index->docs)
                find_index_unref(index);
        return index->docs ? index : NULL;
}

struct find_index *find_index_ref(struct find_index *index)
{
        if (index)
                atomic_fetch_add(&index->references, 1);
        return index;
}

void find_index_unref(struct find_index *index)
{
        if (!index || atomic_fetch_sub(&index->references, 1) != 1)
                return;
        for (size_t i = 0; i < SHARD_COUNT; i++)
                shard_unref(index->shards[i]);
        for (uint32_t i = 0; i < index->room; i++)
                find_doc_unref(index->docs[i]);
        free(index->docs);
        free(index);
}

static void index_freep(struct find_index **index)
{
        find_index_unref(*index);
        *index = NULL;
}

/* --- from nothing --- */

static int entry_compare(const void *a, const void *b)
{
        const struct find_entry *x = a;
        const struct find_entry *y = b;
        const int order = strcmp(x->term, y->term);

        return order ? order : (x->number > y->number) - (x->number < y->number);
}

static bool shards_make(struct find_index *index, const size_t counts[SHARD_COUNT])
{
        for (size_t i = 0; i < SHARD_COUNT; i++) {
                index->shards[i] = shard_new(counts[i]);
                if (!index->shards[i])
                        return false;
        }
        return true;
}

static bool shards_fill(struct find_index *index)
{
        size_t counts[SHARD_COUNT] = {0};
        const struct find_term *terms;

        for (uint32_t number = 0; number < index->room; number++)
                for (size_t i = find_doc_terms(index->docs[number], &terms); i > 0; i--)
                        counts[shard_of(terms[i - 1].text)]++;
        if (!shards_make(index, counts))
                return false;
        for (uint32_t number = 0; number < index->room; number++)
                for (size_t i = find_doc_terms(index->docs[number], &terms); i > 0; i--) {
                        struct shard *shard = index->shards[shard_of(terms[i - 1].text)];

                        shard->entries[shard->count++] =
                                (struct find_entry){terms[i - 1].text, number, terms[i - 1].weight};
                }
        for (size_t i = 0; i < SHARD_COUNT; i++)
                qsort(index->shards[i]->entries, index->shards[i]->count, sizeof(struct find_entry),
                      entry_compare);
        return true;
}

enum rc find_index_build(struct package_node *const *nodes, size_t count, struct find_index **ret,
                         struct err *err)
{
        CLEANUP(index_freep) struct find_index *index = index_new((uint32_t)count);

        for (size_t i = 0; index && i < count; i++) {
                index->docs[i] = find_doc_new(&nodes[i]->package);
                if (!index->docs[i])
                        return err_set(err, RC_NOMEM, "no memory for the search index");
        }
        if (!index || !shards_fill(index))
                return err_set(err, RC_NOMEM, "no memory for the search index");
        *ret = index;
        index = NULL;
        return RC_OK;
}

/* --- one package changed --- */

struct change {
        const struct find_index *old;
        uint32_t number;
        const struct find_doc *before; /* NULL: it is new */
        struct find_doc *doc;          /* NULL: it goes */
        bool touched[SHARD_COUNT];
};

/* The number that the package has, or else the first that is free. */
static uint32_t number_of(const struct find_index *index, const char *snap_id)
{
        uint32_t free_number = index->room;

        for (uint32_t i = index->room; i > 0; i--) {
                if (!index->docs[i - 1])
                        free_number = i - 1;
                else if (strcmp(find_doc_snap_id(index->docs[i - 1]), snap_id) == 0)
                        return i - 1;
        }
        return free_number;
}

static void touch(struct change *change, const struct find_doc *doc)
{
        const struct find_term *terms;

        for (size_t i = doc ? find_doc_terms(doc, &terms) : 0; i > 0; i--)
                change->touched[shard_of(terms[i - 1].text)] = true;
}

/* One document's terms in one shard, walked in their order. */
struct walk {
        const struct find_term *terms;
        size_t count;
        size_t next;
        unsigned at;
};

static void walk_skip(struct walk *walk)
{
        while (walk->next < walk->count && shard_of(walk->terms[walk->next].text) != walk->at)
                walk->next++;
}

static struct walk walk_of(const struct find_doc *doc, unsigned at)
{
        struct walk walk = {.at = at};

        walk.count = doc ? find_doc_terms(doc, &walk.terms) : 0;
        walk_skip(&walk);
        return walk;
}

/* NULL at the end. */
static const struct find_term *walk_term(const struct walk *walk)
{
        return walk->next < walk->count ? &walk->terms[walk->next] : NULL;
}

static void walk_on(struct walk *walk)
{
        walk->next++;
        walk_skip(walk);
}

/* The first entry that is not below this one. */
static size_t entry_bound(const struct shard *shard, const struct find_entry *entry)
{
        size_t low = 0;
        size_t high = shard->count;

        while (low < high) {
                const size_t middle = low + (high - low) / 2;

                if (entry_compare(&shard->entries[middle], entry) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

static void entries_copy(struct shard *to, const struct shard *from, size_t first, size_t end)
{
        memcpy(&to->entries[to->count], &from->entries[first],
               (end - first) * sizeof(struct find_entry));
        to->count += end - first;
}

/* Where a term of the package stood before or stands now, the row is cut; what lies between is
 * copied as it is. */
static struct shard *shard_merge(const struct change *change, unsigned at)
{
        const struct shard *old = change->old->shards[at];
        struct walk gone = walk_of(change->before, at);
        struct walk here = walk_of(change->doc, at);
        struct shard *shard = shard_new(old->count + here.count);
        size_t from = 0;

        while (shard && (walk_term(&gone) || walk_term(&here))) {
                const struct find_term *was = walk_term(&gone);
                const struct find_term *is = walk_term(&here);
                const int order = !was ? 1 : !is ? -1 : strcmp(was->text, is->text);
                const struct find_entry entry = {order <= 0 ? was->text : is->text, change->number,
                                                 0};
                const size_t cut = entry_bound(old, &entry);

                entries_copy(shard, old, from, cut);
                from = cut;
                if (order <= 0) {
                        from++;
                        walk_on(&gone);
                }
                if (order >= 0) {
                        shard->entries[shard->count++] =
                                (struct find_entry){is->text, change->number, is->weight};
                        walk_on(&here);
                }
        }
        if (shard)
                entries_copy(shard, old, from, old->count);
        return shard;
}

static struct find_index *change_apply(const struct change *change)
{
        const struct find_index *old = change->old;
        CLEANUP(index_freep)
        struct find_index *index =
                index_new(change->number < old->room ? old->room : change->number + 1);
        struct find_index *ret;

        if (!index)
                return NULL;
        for (uint32_t i = 0; i < old->room; i++)
                if (old->docs[i] && i != change->number)
                        index->docs[i] = find_doc_ref(old->docs[i]);
        if (change->doc)
                index->docs[change->number] = find_doc_ref(change->doc);
        for (unsigned i = 0; i < SHARD_COUNT; i++) {
                if (change->touched[i]) {
                        index->shards[i] = shard_merge(change, i);
                        if (!index->shards[i])
                                return NULL;
                } else {
                        atomic_fetch_add(&old->shards[i]->references, 1);
                        index->shards[i] = old->shards[i];
                }
        }
        ret = index;
        index = NULL;
        return ret;
}

struct find_index *find_index_with(struct find_index *old, const char *snap_id,
                                   const struct catalog_package *package)
{
        struct change change = {.old = old, .number = number_of(old, snap_id)};
        struct find_index *index;

        change.before = change.number < old->room ? old->docs[change.number] : NULL;
        if (package) {
                change.doc = find_doc_new(package);
                if (!change.doc)
                        return NULL;
        }
        if (change.before == change.doc ||
            (change.before && change.doc && find_doc_equal(change.before, change.doc))) {
                find_doc_unref(change.doc);
                return find_index_ref(old);
        }
        touch(&change, change.before);
        touch(&change, change.doc);
        index = change_apply(&change);
        find_doc_unref(change.doc);
        return index;
}

/* --- looking up --- */

uint32_t find_index_room(const struct find_index *index)
{
        return index->room;
}

const char *find_index_snap_id(const struct find_index *index, uint32_t number)
{
        return index->docs[number] ? find_doc_snap_id(index->docs[number]) : NULL;
}

size_t find_index_entries(const struct find_index *index, const char *term, bool prefix,
                          const struct find_entry **ret)
{
        const struct shard *shard = index->shards[shard_of(term)];
        const size_t length = strlen(term) + (prefix ? 0 : 1);
        size_t low = 0;
        size_t high = shard->count;
        size_t end;

        while (low < high) {
                const size_t middle = low + (high - low) / 2;

                if (strcmp(shard->entries[middle].term, term) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        end = low;
        while (end < shard->count && strncmp(shard->entries[end].term, term, length) == 0)
                end++;
        *ret = shard->entries + low;
        return end - low;
}
