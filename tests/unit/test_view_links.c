/* SPDX-License-Identifier: Apache-2.0 */
/* Which addresses a package shows, from what the store names and what its snap.yaml says. */
#include "server/api/view.h"
#include "server/worker/package_read.h"
#include "tests/lib/check.h"
#include <stdio.h>
#include <string.h>

/* "kind=url kind=url" */
static size_t links_read(struct arena *arena, const char *text, struct package_link *ret)
{
        char *copy = arena_strdup(arena, text);
        size_t count = 0;
        char *word;

        while ((word = strsep(&copy, " ")) != NULL) {
                char *equals = strchr(word, '=');

                if (!equals)
                        continue;
                *equals = '\0';
                ret[count++] = (struct package_link){word, equals + 1};
        }
        return count;
}

static const struct {
        const char *set;
        const char *own;
        const char *want;
        const char *website;
} rows[] = {
        {"", "", "{}", ""},
        {"", "website=https://a", "{\"website\":[\"https://a\"]}", "https://a"},
        {"website=https://b", "website=https://a website=https://c",
         "{\"website\":[\"https://b\"]}", "https://b"},
        {"website=https://b", "contact=x@y", "{\"website\":[\"https://b\"],\"contact\":[\"x@y\"]}",
         "https://b"},
        {"contact=x@y", "website=https://a issues=https://i website=https://c",
         "{\"contact\":[\"x@y\"],\"website\":[\"https://a\",\"https://c\"],\"issues\":[\"https://"
         "i\"]}",
         "https://a"},
        {"website=https://a contact=x@y website=https://b", "",
         "{\"website\":[\"https://a\",\"https://b\"],\"contact\":[\"x@y\"]}", "https://a"},
};

static void test_links(struct arena *arena)
{
        check_promise("a kind of address that the store names replaces snap.yaml's of that kind");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                CLEANUP(buf_fini) struct buf out = BUF_INIT(MIB);
                struct package_link set[LINKS_MAX];
                struct package_link own[LINKS_MAX];
                const struct catalog_package package = {
                        .links = set, .link_count = links_read(arena, rows[i].set, set)};
                const struct package_info info = {
                        .links = own, .link_count = links_read(arena, rows[i].own, own)};

                check_case("row %zu", i);
                view_links_put(&out, &package, &info);
                CHECK_TEXT(out.data, rows[i].want);
                CHECK_TEXT(view_link_first(&package, &info, "website"), rows[i].website);
        }
}

#define REST                                                                                       \
        "\"name\":\"foo\",\"version\":\"1\",\"type\":\"app\",\"base\":\"\",\"confinement\":"       \
        "\"strict\",\"grade\":\"stable\",\"title\":\"\",\"summary\":\"\",\"description\":\"\","    \
        "\"license\":\"\",\"provenance\":\"global-upload\",\"compression\":\"xz\","                \
        "\"architectures\":[\"all\"],\"epoch\":{\"read\":[0],\"write\":[0]},\"apps\":[],"          \
        "\"snap-yaml\":\"\""

static const struct {
        const char *text;
        enum rc rc;
        size_t count;
        const char *first;
} kept_rows[] = {
        {"{" REST ",\"contact\":\"a@b.c\",\"website\":\"https://a\"}", RC_OK, 2, "a@b.c"},
        {"{" REST ",\"contact\":\"\",\"website\":\"javascript:x\"}", RC_OK, 0, ""},
        {"{" REST ",\"contact\":\"a@b.c\",\"website\":\"\",\"links\":[]}", RC_OK, 0, ""},
        {"{" REST ",\"contact\":\"\",\"website\":\"\",\"links\":[{\"kind\":\"x\",\"url\":"
         "\"https://a\"}]}",
         RC_OK, 1, "https://a"},
        {"{" REST ",\"contact\":\"\",\"website\":\"\",\"links\":[{\"kind\":\"x\",\"url\":"
         "\"javascript:x\"}]}",
         RC_INVALID, 0, ""},
        {"{" REST ",\"contact\":\"\",\"website\":\"\",\"links\":[{\"kind\":\"x y\",\"url\":"
         "\"https://a\"}]}",
         RC_INVALID, 0, ""},
        {"{" REST ",\"contact\":\"\",\"website\":\"\",\"links\":[{\"kind\":\"x\"}]}", RC_INVALID, 0,
         ""},
        {"{" REST ",\"contact\":\"\",\"website\":\"\",\"links\":[7]}", RC_INVALID, 0, ""},
        {"{" REST ",\"contact\":\"\",\"website\":\"\",\"links\":{}}", RC_INVALID, 0, ""},
};

static void test_kept(struct arena *arena)
{
        check_promise("revisions from before there were links show what was an address");
        for (size_t i = 0; i < ARRAY_COUNT(kept_rows); i++) {
                CLEANUP(jsonx_decref) json_t *json = NULL;
                struct package_info info = {.name = NULL};
                struct err err = {.code = ""};

                check_case("row %zu", i);
                CHECK_RC(jsonx_parse_object(kept_rows[i].text, strlen(kept_rows[i].text), &json,
                                            &err),
                         RC_OK, &err);
                CHECK_RC(package_read(json, arena, &info, &err), kept_rows[i].rc, &err);
                CHECK_INT(info.link_count, kept_rows[i].count);
                CHECK_TEXT(info.link_count ? info.links[0].url : "", kept_rows[i].first);
        }
}

int main(void)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(MIB);

        test_links(arena);
        test_kept(arena);
        return check_end();
}
