/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/find.h"
#include "server/domain/catalog_node.h"
#include "server/domain/find_index.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXACT_FACTOR 2 /* a whole word counts more than a beginning */
#define NAME_IS      1000000
#define NAME_BEGINS  10000

struct hit {
        const struct catalog_package *package;
        uint32_t score;
};

/* Scores by the packages' numbers while the terms of a query are looked up one after another. */
struct tally {
        const struct find_index *index;
        uint32_t *scores;
        uint32_t *best;     /* for the term in hand */
        uint8_t *fulfilled; /* how many of the terms so far */
        uint8_t terms;
};

static enum rc tally_init(struct tally *tally, const struct find_index *index, struct arena *arena,
                          struct err *err)
{
        const size_t room = find_index_room(index);

        *tally = (struct tally){
                .index = index,
                .scores = arena_alloc_array(arena, room, sizeof(uint32_t)),
                .best = arena_alloc_array(arena, room, sizeof(uint32_t)),
                .fulfilled = arena_alloc(arena, room),
        };
        return tally->scores && tally->best && tally->fulfilled
                       ? RC_OK
                       : err_set(err, RC_NOMEM, "no memory for a search");
}

static void entries_take(struct tally *tally, const char *term, const struct find_entry *entries,
                         size_t count)
{
        const uint32_t room = find_index_room(tally->index);

        memset(tally->best, 0, room * sizeof(uint32_t));
        for (size_t i = 0; i < count; i++) {
                const bool exact = strcmp(entries[i].term, term) == 0;
                const uint32_t score = 1 + entries[i].weight * (exact ? EXACT_FACTOR : 1U);

                if (score > tally->best[entries[i].number])
                        tally->best[entries[i].number] = score;
        }
        for (uint32_t i = 0; i < room; i++) {
                if (!tally->best[i] || tally->fulfilled[i] != tally->terms)
                        continue;
                tally->scores[i] += tally->best[i];
                tally->fulfilled[i]++;
        }
        tally->terms++;
}

static void term_take(struct tally *tally, const char *term, bool prefix)
{
        const struct find_entry *entries;
        const size_t count = find_index_entries(tally->index, term, prefix, &entries);

        entries_take(tally, term, entries, count);
}

/* Lower case, cut where the index cuts. */
static void word_fold(const char *word, size_t length, char ret[FIND_TERM_MAX + 1])
{
        size_t used = 0;

        for (; used < length && used < FIND_TERM_MAX; used++)
                ret[used] = word[used] >= 'A' && word[used] <= 'Z' ? (char)(word[used] + 32)
                                                                   : word[used];
        ret[used] = '\0';
}

/* A word with other characters inside is a name ("hello-world"), or else several words. */
static void word_take(struct tally *tally, const char *word, size_t length)
{
        char text[FIND_TERM_MAX + 1];
        const struct find_entry *entries;
        const char *at = text;
        size_t count;

        word_fold(word, length, text);
        count = find_index_entries(tally->index, text, true, &entries);
        word = find_word_next(&at, &length);
        if (count || !word) { /* without any letter nothing is found, rather than everything */
                entries_take(tally, text, entries, count);
                return;
        }
        at = text;
        while (tally->terms < FIND_WORDS_MAX && (word = find_word_next(&at, &length)) != NULL) {
                char part[FIND_TERM_MAX + 1];

                word_fold(word, length, part);
                term_take(tally, part, true);
        }
}

/* Where the word at text ends: at a space, or what else is no character. */
static size_t word_length(const char *text)
{
        size_t length = 0;

        while ((unsigned char)text[length] > ' ')
                length++;
        return length;
}

static void words_take(struct tally *tally, const char *words)
{
        while (*words && tally->terms < FIND_WORDS_MAX) {
                const size_t length = word_length(words);

                if (length)
                        word_take(tally, words, length);
                words += length ? length : 1;
        }
}

/* A term of another kind than a word, cut where the index cuts. */
static void term_make(const char *space, const char *text, char ret[FIND_TERM_MAX + 2])
{
        snprintf(ret, FIND_TERM_MAX + 2, "%s%.*s", space, FIND_TERM_MAX, text);
}

static void exact_take(struct tally *tally, const char *space, const char *text)
{
        char term[FIND_TERM_MAX + 2];

        term_make(space, text, term);
        term_take(tally, term, false);
}

/* --- ranking --- */

static int hit_compare(const void *a, const void *b)
{
        const struct hit *x = a;
        const struct hit *y = b;
        int by_name;

        if (x->score != y->score)
                return x->score > y->score ? -1 : 1;
        by_name = strcmp(x->package->name, y->package->name);
        return by_name ? by_name : strcmp(x->package->store_id, y->package->store_id);
}

/* By the first word: a name has no spaces. */
static uint32_t name_bonus(const struct catalog_package *package, const char *words)
{
        char text[FIND_TERM_MAX + 1];
        size_t length;

        if (!words)
                return 0;
        words += strspn(words, " \t");
        length = word_length(words);
        word_fold(words, length, text);
        if (!*text || strncmp(package->name, text, strlen(text)))
                return 0;
        return strcmp(package->name, text) ? NAME_BEGINS : NAME_IS;
}

struct gather {
        const struct find_query *query;
        struct hit *hits;
        size_t count;
};

static void hit_add(struct gather *gather, const struct catalog_package *package, uint32_t score)
{
        const char *prefix = gather->query->prefix;

        if (!package || (prefix && strncmp(package->name, prefix, strlen(prefix))))
                return;
        gather->hits[gather->count++] =
                (struct hit){package, score + name_bonus(package, gather->query->words)};
}

static enum rc hits_gather(const struct catalog *catalog, const struct tally *tally,
                           struct gather *gather, struct arena *arena, struct err *err)
{
        gather->hits = arena_alloc_array(arena, catalog->count, sizeof(*gather->hits));
        if (!gather->hits)
                return err_set(err, RC_NOMEM, "no memory for a search");
        for (size_t i = 0; tally->terms == 0 && i < catalog->count; i++)
                hit_add(gather, &catalog->by_name[i]->package, 0);
        for (uint32_t i = 0; tally->terms && i < find_index_room(tally->index); i++)
                if (tally->fulfilled[i] == tally->terms)
                        hit_add(gather,
                                catalog_find_id(catalog, find_index_snap_id(tally->index, i)),
                                tally->scores[i]);
        if (gather->count)
                qsort(gather->hits, gather->count, sizeof(*gather->hits), hit_compare);
        return RC_OK;
}

static enum rc hits_return(const struct gather *gather, struct arena *arena,
                           const struct catalog_package *const **ret, size_t *ret_count,
                           struct err *err)
{
        const struct catalog_package **list =
                arena_alloc_array(arena, gather->count, sizeof(const struct catalog_package *));

        if (!list)
                return err_set(err, RC_NOMEM, "no memory for a search");
        for (size_t i = 0; i < gather->count; i++)
                list[i] = gather->hits[i].package;
        *ret = list;
        *ret_count = gather->count;
        return RC_OK;
}

enum rc find_packages(const struct catalog *catalog, const struct find_query *query,
                      struct arena *arena, const struct catalog_package *const **ret,
                      size_t *ret_count, struct err *err)
{
        struct gather gather = {.query = query};
        struct tally tally = {.terms = 0};
        enum rc rc = RC_OK;

        if (catalog->index)
                rc = tally_init(&tally, catalog->index, arena, err);
        if (rc != RC_OK)
                return rc;
        if (catalog->index && query->common_id)
                exact_take(&tally, FIND_COMMON_ID, query->common_id);
        if (catalog->index && query->category)
                exact_take(&tally, FIND_CATEGORY, query->category);
        if (catalog->index && query->words)
                words_take(&tally, query->words);
        rc = hits_gather(catalog, &tally, &gather, arena, err);
        return rc == RC_OK ? hits_return(&gather, arena, ret, ret_count, err) : rc;
}

const struct catalog_package *find_media_owner(const struct catalog *catalog,
                                               const char *digest_hex, size_t index)
{
        char term[FIND_TERM_MAX + 2];
        const struct find_entry *entries;

        term_make(FIND_MEDIA, digest_hex, term);
        if (!catalog->index || index >= find_index_entries(catalog->index, term, false, &entries))
                return NULL;
        return catalog_find_id(catalog, find_index_snap_id(catalog->index, entries[index].number));
}

bool find_has_category(const struct catalog *catalog, const char *category)
{
        char term[FIND_TERM_MAX + 2];
        const struct find_entry *entries;

        term_make(FIND_CATEGORY, category, term);
        return catalog->index && find_index_entries(catalog->index, term, false, &entries) > 0;
}
