/* SPDX-License-Identifier: Apache-2.0 */
/* What a search means: a table of questions over a small store; and an index that was changed piece
 * by piece against one that is made anew. */
#include "server/domain/catalog_node.h"
#include "server/domain/find.h"
#include "server/domain/find_index.h"
#include "tests/lib/catalog_make.h"
#include "tests/lib/check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One package with one revision on one channel. */
struct sample {
        const char *name;
        const char *publisher;
        const char *title;
        const char *summary;
        const char *description;
        const char *app;
        const char *common_id;
        const char *category;
        const char *branch;
};

static const struct sample samples[] = {
        {"hello", "acme", "", "", "", "", "", "", ""},
        {"hello-world", "acme", "", "", "", "", "", "", ""},
        {"alpha", "acme", "Hello there", "", "", "", "", "", ""},
        {"bravo", "acme", "", "", "", "hello", "org.hello.Bravo", "tools", ""},
        {"charlie", "hello", "", "", "", "", "", "", ""},
        {"delta", "acme", "", "it says hello", "", "", "", "games", ""},
        {"echo", "acme", "", "", "A text in which hello stands", "x", "org.echo.Echo", "tools", ""},
        {"foxtrot", "acme", "", "shellos and HELLOS", "", "", "", "", ""},
        {"golf", "acme", "", "hello on a branch", "", "", "", "", "fix"},
        {"hotel", "acme",
         "Stra\xc3\x9f"
         "e",
         "na\xc3\xafve text", "", "", "", "", ""},
};

static const struct catalog_hooks no_hooks;

static struct package_node *node_make(const struct sample *sample)
{
        struct package_node *node = calloc(1, sizeof(*node));
        struct catalog_package *package = &node->package;
        struct catalog_release *release;
        struct package_app *app;
        const char **categories;
        char *id;

        atomic_init(&node->references, 1);
        node->hooks = &no_hooks;
        node->arena = arena_new(MIB);
        id = arena_alloc(node->arena, 33);
        node->revisions = arena_alloc(node->arena, sizeof(*node->revisions));
        release = arena_alloc(node->arena, sizeof(*release));
        app = arena_alloc(node->arena, sizeof(*app));
        categories = arena_alloc(node->arena, sizeof(*categories));
        catalog_make_id(sample->name, id);
        *app = (struct package_app){sample->app, sample->common_id};
        node->revisions->number = 1;
        node->revisions->info = (struct package_info){.title = sample->title,
                                                      .summary = sample->summary,
                                                      .description = sample->description,
                                                      .apps = app,
                                                      .app_count = *sample->app ? 1 : 0};
        *release = (struct catalog_release){.arch = "all", .revision = node->revisions};
        snprintf(release->channel.track, sizeof(release->channel.track), "latest");
        snprintf(release->channel.branch, sizeof(release->channel.branch), "%s", sample->branch);
        categories[0] = sample->category;
        *package = (struct catalog_package){.snap_id = id,
                                            .store_id = "acme",
                                            .name = sample->name,
                                            .publisher_id = "acme",
                                            .publisher_username = sample->publisher,
                                            .publisher_display_name = "The publisher",
                                            .type = "app",
                                            .title = "",
                                            .summary = "",
                                            .description = "",
                                            .revisions = node->revisions,
                                            .revision_count = 1,
                                            .releases = release,
                                            .release_count = 1,
                                            .categories = categories,
                                            .category_count = *sample->category ? 1 : 0};
        return node;
}

static struct catalog *root_make(const struct sample *const *list, size_t count)
{
        struct catalog *root = catalog_root_new(count);

        for (; root->count < count; root->count++)
                root->by_name[root->count] = node_make(list[root->count]);
        catalog_root_finish(root);
        CHECK_RC(find_index_build(root->by_name, root->count, &root->index, NULL), RC_OK, NULL);
        root->assertions = assertion_table_new(0);
        return root;
}

/* The names that a query finds, in their order, joined by spaces. */
static void names_of(const struct catalog *root, const struct find_query *query, char *ret,
                     size_t size)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(MIB);
        const struct catalog_package *const *found = NULL;
        size_t count = 0;
        size_t used = 0;

        CHECK_RC(find_packages(root, query, arena, &found, &count, NULL), RC_OK, NULL);
        ret[0] = '\0';
        for (size_t i = 0; i < count && used < size; i++)
                used += (size_t)snprintf(ret + used, size - used, "%s%s", i ? " " : "",
                                         found[i]->name);
}

#define ALL "alpha bravo charlie delta echo foxtrot golf hello hello-world hotel"
#define WORDS(text)                                                                                \
        {                                                                                          \
                .words = (text)                                                                    \
        }

static const struct {
        struct find_query query;
        const char *want;
} rows[] = {
        {{.words = NULL}, ALL},
        {WORDS(""), ALL},
        {WORDS("   "), ALL},
        {WORDS("hello"), "hello hello-world alpha bravo charlie delta foxtrot echo"},
        {WORDS("HeLLo"), "hello hello-world alpha bravo charlie delta foxtrot echo"},
        {WORDS("hell"), "hello hello-world alpha bravo charlie delta foxtrot echo"},
        {WORDS("hello-world"), "hello-world"},
        {WORDS("hello-wor"), "hello-world"},
        {WORDS("world"), "hello-world"},
        {WORDS("orld"), ""},
        {WORDS("hello world"), "hello-world"},
        {WORDS("world hello"), "hello-world"},
        {WORDS("hello/world!"), "hello-world"},
        {WORDS("hello there"), "alpha"},
        {WORDS("  hello\tthere "), "alpha"},
        {WORDS("hello nothing"), ""},
        {WORDS("!!!"), ""},
        {WORDS("hello !!!"), ""},
        {WORDS("\1org.echo.Echo"), ""}, /* what is looked up is not reached by words */
        {WORDS("bravo"), "bravo"},
        {WORDS("stra\xc3\x9f"), "hotel"},
        {WORDS("na\xc3\xafve"), "hotel"},
        {WORDS("publisher hotel"), "hotel"},
        {WORDS("a a a a a a a a a a a a a a a a zzz"), "alpha bravo delta echo foxtrot golf "
                                                       "hello hello-world hotel"},
        {{.prefix = "hello"}, "hello hello-world"},
        {{.prefix = "hello-"}, "hello-world"},
        {{.prefix = "x"}, ""},
        {{.prefix = ""}, ALL},
        {{.prefix = "h", .words = "text"}, "hotel"},
        {{.common_id = "org.echo.Echo"}, "echo"},
        {{.common_id = "org.echo.echo"}, ""},
        {{.common_id = "org.echo"}, ""},
        {{.common_id = ""}, ""},
        {{.category = "tools"}, "bravo echo"},
        {{.category = "tool"}, ""},
        {{.category = "tools", .words = "hello"}, "bravo echo"},
        {{.category = "tools", .common_id = "org.echo.Echo"}, "echo"},
        {{.category = "games", .common_id = "org.echo.Echo"}, ""},
};

static struct catalog *whole(void)
{
        const struct sample *list[ARRAY_COUNT(samples)];

        for (size_t i = 0; i < ARRAY_COUNT(samples); i++)
                list[i] = &samples[i];
        return root_make(list, ARRAY_COUNT(list));
}

static void test_questions(void)
{
        CLEANUP(catalog_root_freep) struct catalog *root = whole();
        char got[512];

        check_promise("a search finds what people mean, the best first");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                check_case("row %zu: %s", i, rows[i].query.words ? rows[i].query.words : "");
                names_of(root, &rows[i].query, got, sizeof(got));
                CHECK_TEXT(got, rows[i].want);
        }
        CHECK(find_has_category(root, "games"));
        CHECK(!find_has_category(root, "game"));
}

/* --- pictures --- */

static void test_media(void)
{
        CLEANUP(catalog_root_freep) struct catalog *root = whole();
        struct catalog_media media = {.kind = MEDIA_ICON};
        struct find_index *index;

        check_promise("a picture's digest says whose it is, all of them");
        memset(media.digest_hex, 'a', DIGEST_HEX_CHARS);
        for (size_t i = 0; i < 2; i++) {
                struct package_node *node = root->by_name[i];

                node->package.media = &media;
                node->package.media_count = 1;
                index = find_index_with(root->index, node->package.snap_id, &node->package);
                CHECK(index && index != root->index);
                find_index_unref(root->index);
                root->index = index;
        }
        CHECK_TEXT(find_media_owner(root, media.digest_hex, 0)->name, "alpha");
        CHECK_TEXT(find_media_owner(root, media.digest_hex, 1)->name, "bravo");
        CHECK(!find_media_owner(root, media.digest_hex, 2));
        CHECK(!find_media_owner(root, "aaaa", 0));
        CHECK(!find_media_owner(root, "", 0));
}

/* --- piece by piece --- */

#define STEPS 400

static unsigned dice(unsigned sides)
{
        static unsigned seed = 20260101;

        seed = seed * 1103515245 + 12345;
        return (seed >> 16) % sides;
}

static void compare_all(const struct catalog *one, const struct catalog *other)
{
        char a[512];
        char b[512];

        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                names_of(one, &rows[i].query, a, sizeof(a));
                names_of(other, &rows[i].query, b, sizeof(b));
                CHECK_TEXT(a, b);
        }
}

/* The package at samples[at] goes, or comes with the words of samples[other]. */
static void change_one(struct catalog **root, const struct sample *now[], size_t at,
                       const struct sample *to)
{
        const struct sample *list[ARRAY_COUNT(samples)];
        struct package_node *node = to ? node_make(to) : NULL;
        struct catalog *fresh;
        struct find_index *index;
        size_t count = 0;
        char id[33];

        catalog_make_id(samples[at].name, id);
        index = find_index_with((*root)->index, id, node ? &node->package : NULL);
        package_node_unref(node);
        now[at] = to;
        for (size_t i = 0; i < ARRAY_COUNT(samples); i++)
                if (now[i])
                        list[count++] = now[i];
        fresh = root_make(list, count);
        catalog_root_freep(root);
        *root = root_make(list, count);
        find_index_unref((*root)->index);
        (*root)->index = index;
        compare_all(*root, fresh);
        catalog_root_freep(&fresh);
}

static void test_pieces(void)
{
        const struct sample *now[ARRAY_COUNT(samples)] = {NULL};
        struct sample mixed[ARRAY_COUNT(samples)];
        struct catalog *root = root_make(NULL, 0);

        check_promise("an index changed piece by piece answers as one that was made anew");
        for (unsigned step = 0; step < STEPS; step++) {
                const size_t at = dice(ARRAY_COUNT(samples));
                const size_t words = dice(ARRAY_COUNT(samples));

                check_case("step %u", step);
                mixed[at] = samples[words];
                mixed[at].name = samples[at].name;
                change_one(&root, now, at, dice(3) ? &mixed[at] : NULL);
        }
        catalog_root_freep(&root);
}

static void test_sharing(void)
{
        CLEANUP(catalog_root_freep) struct catalog *root = whole();
        struct package_node *node = root->by_name[0];
        struct find_index *same;
        struct find_index *gone;

        check_promise("a release that changes no word changes nothing of the index");
        same = find_index_with(root->index, node->package.snap_id, &node->package);
        CHECK(same == root->index);
        find_index_unref(same);
        check_promise("what is not there can be taken out again");
        gone = find_index_with(root->index, "nobody", NULL);
        CHECK(gone == root->index);
        find_index_unref(gone);
}

static void test_bounds(void)
{
        CLEANUP(buf_fini) struct buf text = BUF_INIT(MIB);
        struct sample sample = samples[0];
        CLEANUP(catalog_root_freep) struct catalog *root = NULL;
        const struct find_term *terms;
        struct package_node *node;
        struct find_doc *doc;
        char got[64];

        check_promise("a package that says too much is found by what it says first");
        for (unsigned i = 0; i < 3000; i++)
                buf_printf(&text, "word%u ", i);
        for (unsigned i = 0; i < 4 * FIND_TERM_MAX; i++)
                buf_char(&text, 'x');
        sample.description = text.data;
        root = root_make((const struct sample *[]){&sample}, 1);
        node = root->by_name[0];
        doc = find_doc_new(&node->package);
        CHECK(doc && find_doc_terms(doc, &terms) <= FIND_TERMS_MAX);
        find_doc_unref(doc);
        names_of(root, &(struct find_query){.words = "word400"}, got, sizeof(got));
        CHECK_TEXT(got, "hello");
        names_of(root, &(struct find_query){.words = "word2999"}, got, sizeof(got));
        CHECK_TEXT(got, "");
        names_of(root, &(struct find_query){.words = text.data}, got, sizeof(got));
        CHECK_TEXT(got, "hello");
        check_case("a word longer than the index keeps");
        node->revisions->info.description = text.data + text.len - 4 * FIND_TERM_MAX;
        find_index_unref(root->index);
        CHECK_RC(find_index_build(root->by_name, 1, &root->index, NULL), RC_OK, NULL);
        names_of(root, &(struct find_query){.words = node->revisions->info.description}, got,
                 sizeof(got));
        CHECK_TEXT(got, "hello");
}

int main(void)
{
        test_questions();
        test_media();
        test_pieces();
        test_sharing();
        test_bounds();
        return check_end();
}
