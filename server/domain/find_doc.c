/* SPDX-License-Identifier: Apache-2.0 */
/* The terms of one package, from what its released revisions say. */
#include "core/base/buf.h"
#include "server/domain/find_index.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define ICONS_MAX 64 /* of earlier revisions, that are still sent */

/* A hit in the name counts for more than any number of words in a description. */
enum weight {
        WEIGHT_NAME = 200,
        WEIGHT_NAME_PART = 100,
        WEIGHT_TITLE = 60,
        WEIGHT_APP = 40,
        WEIGHT_PUBLISHER = 40,
        WEIGHT_SUMMARY = 20,
        WEIGHT_DESCRIPTION = 5,
        WEIGHT_NONE = 0 /* what is looked up, not searched */
};

struct find_doc {
        atomic_uint references;
        size_t count;
        const char *snap_id;
        struct find_term terms[]; /* and the texts behind them */
};

struct find_doc *find_doc_ref(struct find_doc *doc)
{
        atomic_fetch_add(&doc->references, 1);
        return doc;
}

void find_doc_unref(struct find_doc *doc)
{
        if (!doc || atomic_fetch_sub(&doc->references, 1) != 1)
                return;
        free(doc);
}

const char *find_doc_snap_id(const struct find_doc *doc)
{
        return doc->snap_id;
}

size_t find_doc_terms(const struct find_doc *doc, const struct find_term **ret)
{
        *ret = doc->terms;
        return doc->count;
}

bool find_doc_equal(const struct find_doc *a, const struct find_doc *b)
{
        if (a->count != b->count)
                return false;
        for (size_t i = 0; i < a->count; i++)
                if (a->terms[i].weight != b->terms[i].weight ||
                    strcmp(a->terms[i].text, b->terms[i].text))
                        return false;
        return true;
}

/* --- collecting --- */

static bool is_word(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               (unsigned char)c > 0x7f;
}

const char *find_word_next(const char **text, size_t *ret_length)
{
        const char *word;

        while (**text && !is_word(**text))
                (*text)++;
        word = *text;
        while (is_word(**text))
                (*text)++;
        *ret_length = (size_t)(*text - word);
        return *ret_length ? word : NULL;
}

/* Terms by where they begin in the pool: it moves while it grows. */
struct slot {
        uint32_t at;
        uint8_t weight;
};

struct collect {
        struct buf pool;
        struct slot slots[FIND_TERMS_MAX];
        size_t count;
};

static void term_add(struct collect *collect, enum weight weight, const char *space,
                     const char *text, size_t length)
{
        const size_t at = collect->pool.len;

        if (collect->count == FIND_TERMS_MAX || length == 0)
                return;
        buf_text(&collect->pool, space);
        for (size_t i = 0; i < length && i < FIND_TERM_MAX; i++)
                buf_char(&collect->pool, text[i] >= 'A' && text[i] <= 'Z' && !*space
                                                 ? (char)(text[i] + 32)
                                                 : text[i]);
        buf_char(&collect->pool, '\0');
        collect->slots[collect->count++] = (struct slot){(uint32_t)at, (uint8_t)weight};
}

static void words_add(struct collect *collect, enum weight weight, const char *text)
{
        const char *word;
        size_t length;

        while ((word = find_word_next(&text, &length)) != NULL)
                term_add(collect, weight, "", word, length);
}

static const char *first_text(const char *edited, const char *own)
{
        return *edited ? edited : own;
}

static void info_add(struct collect *collect, const struct catalog_package *package,
                     const struct package_info *info)
{
        if (!info->title) /* a catalog without the hook info_parse */
                return;
        words_add(collect, WEIGHT_TITLE, first_text(package->title, info->title));
        for (size_t i = 0; i < info->app_count; i++) {
                const char *id = info->apps[i].common_id;

                term_add(collect, WEIGHT_NONE, FIND_COMMON_ID, id, strlen(id));
                term_add(collect, WEIGHT_APP, "", info->apps[i].name, strlen(info->apps[i].name));
        }
        words_add(collect, WEIGHT_SUMMARY, first_text(package->summary, info->summary));
        words_add(collect, WEIGHT_DESCRIPTION, first_text(package->description, info->description));
}

static bool is_first_of(const struct catalog_package *package, size_t index)
{
        for (size_t i = 0; i < index; i++)
                if (package->releases[i].revision == package->releases[index].revision &&
                    !*package->releases[i].channel.branch)
                        return false;
        return true;
}

static void media_add(struct collect *collect, const struct catalog_media *media)
{
        term_add(collect, WEIGHT_NONE, FIND_MEDIA, media->digest_hex, DIGEST_HEX_CHARS);
}

/* Newest first; a package seldom has another icon in each revision. */
static void icons_add(struct collect *collect, const struct catalog_package *package)
{
        const struct catalog_media *last = NULL;
        unsigned count = 0;

        for (size_t i = package->revision_count; i > 0 && count < ICONS_MAX; i--) {
                const struct catalog_media *icon = package->revisions[i - 1].icon;

                if (!icon || (last && digest_equal(&last->digest, &icon->digest)))
                        continue;
                media_add(collect, icon);
                last = icon;
                count++;
        }
}

/* What is looked up comes first: words beyond the bound are what is left out. */
static void package_add(struct collect *collect, const struct catalog_package *package)
{
        for (size_t i = 0; i < package->media_count; i++)
                media_add(collect, &package->media[i]);
        icons_add(collect, package);
        for (size_t i = 0; i < package->category_count; i++)
                term_add(collect, WEIGHT_NONE, FIND_CATEGORY, package->categories[i],
                         strlen(package->categories[i]));
        term_add(collect, WEIGHT_NAME, "", package->name, strlen(package->name));
        words_add(collect, WEIGHT_NAME_PART, package->name);
        words_add(collect, WEIGHT_PUBLISHER, package->publisher_username);
        words_add(collect, WEIGHT_PUBLISHER, package->publisher_display_name);
        /* A branch is for who knows of it. */
        for (size_t i = 0; i < package->release_count; i++)
                if (!*package->releases[i].channel.branch && is_first_of(package, i))
                        info_add(collect, package, &package->releases[i].revision->info);
}

/* --- the document --- */

static int term_compare(const void *a, const void *b)
{
        const struct find_term *x = a;
        const struct find_term *y = b;
        const int order = strcmp(x->text, y->text);

        return order ? order : y->weight - x->weight; /* the best first */
}

static void terms_unique(struct find_doc *doc)
{
        size_t used = 0;

        for (size_t i = 0; i < doc->count; i++)
                if (used == 0 || strcmp(doc->terms[used - 1].text, doc->terms[i].text))
                        doc->terms[used++] = doc->terms[i];
        doc->count = used;
}

struct find_doc *find_doc_new(const struct catalog_package *package)
{
        struct collect collect = {.pool = BUF_INIT(MIB), .count = 0};
        struct find_doc *doc = NULL;
        char *pool;

        buf_text(&collect.pool, package->snap_id);
        buf_char(&collect.pool, '\0');
        package_add(&collect, package);
        if (buf_finish(&collect.pool, NULL) == RC_OK)
                doc = calloc(1, sizeof(*doc) + collect.count * sizeof(struct find_term) +
                                        collect.pool.len);
        if (doc) {
                atomic_init(&doc->references, 1);
                doc->count = collect.count;
                pool = (char *)(doc->terms + doc->count);
                memcpy(pool, collect.pool.data, collect.pool.len);
                doc->snap_id = pool;
                for (size_t i = 0; i < doc->count; i++)
                        doc->terms[i] = (struct find_term){pool + collect.slots[i].at,
                                                           collect.slots[i].weight};
                qsort(doc->terms, doc->count, sizeof(struct find_term), term_compare);
                terms_unique(doc);
        }
        buf_fini(&collect.pool);
        return doc;
}
