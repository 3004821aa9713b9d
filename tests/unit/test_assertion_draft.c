/* SPDX-License-Identifier: Apache-2.0 */
/* Building assertions: the canonical order, the refusals, and that what is built reads back equal.
 */
#include "core/base/fs.h"
#include "core/model/assertion_type.h"
#include "tests/lib/check.h"
#include <stdlib.h>
#include <string.h>

#define KEY_ID "HdBQSgUzqNX9V37eu36NsmoYM-6OJ2xoRJTflxENcQpIQIYz012cjEmAOLZ6kqeJ"
#define DIGEST "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SNAP   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define TIME   ((usec_t)1767225600 * USEC_PER_SEC)

static enum rc content_of(struct assertion_draft *draft, const char **ret, struct err *err)
{
        size_t bytes = 0;

        *ret = "";
        return assertion_draft_content(draft, KEY_ID, ret, &bytes, err);
}

static void vector_is_built_again(void)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(4 * MIB);
        CLEANUP(fs_freep) char *text = NULL;
        struct assertion_draft *draft;
        struct assertion *got = NULL;
        struct assertion *again = NULL;
        struct err err = {0};
        const char *content = NULL;
        size_t content_bytes = 0;
        size_t bytes = 0;

        check_promise("the vector's headers, set in reverse, build its content byte for byte");
        CHECK_RC(fs_read_file("tests/vectors/assertion/app-a.assert", MIB, &text, &bytes, &err),
                 RC_OK, &err);
        CHECK_RC(assertion_parse(arena, text, bytes, &got, &err), RC_OK, &err);
        draft = assertion_draft_new(arena, "serial-request");
        for (size_t i = got->headers.count; i-- > 0;) {
                const char *name = got->headers.names[i];

                if (strcmp(name, "type") && strcmp(name, "body-length") &&
                    strcmp(name, "sign-key-sha3-384"))
                        assertion_draft_value(draft, name, &got->headers.items[i]);
        }
        assertion_draft_body(draft, got->body, got->body_count);
        CHECK_RC(assertion_draft_content(draft, got->key_id, &content, &content_bytes, &err), RC_OK,
                 &err);
        CHECK_BYTES(content, content_bytes, text, got->content_count);
        CHECK_RC(assertion_assemble(arena, content, content_bytes, got->signature, &again, &err),
                 RC_OK, &err);
        CHECK_BYTES(again->bytes, again->bytes_count, text, bytes);
}

static void order_is_canonical(void)
{
        static const char want[] =
                "type: snap-revision\nauthority-id: acme\nrevision: 2\nsnap-sha3-384: " DIGEST
                "\ndeveloper-id: dev\nsnap-id: " SNAP "\nsnap-revision: 7\nsnap-size: 12\n"
                "timestamp: 2026-01-01T00:00:00Z\nsign-key-sha3-384: " KEY_ID;
        CLEANUP(arena_freep) struct arena *arena = arena_new(4 * MIB);
        struct assertion_draft *draft = assertion_draft_new(arena, "snap-revision");
        struct err err = {0};
        const char *content;

        check_promise(
                "type, authority, revision, primary key, then the rest by name; defaults left out");
        assertion_draft_time(draft, "timestamp", TIME);
        assertion_draft_text(draft, "snap-size", "11");
        assertion_draft_printf(draft, "snap-size", "%d", 12);
        assertion_draft_text(draft, "provenance", "global-upload");
        assertion_draft_text(draft, "snap-revision", "7");
        assertion_draft_text(draft, "snap-id", SNAP);
        assertion_draft_text(draft, "developer-id", "dev");
        assertion_draft_text(draft, "revision", "2");
        assertion_draft_text(draft, "snap-sha3-384", DIGEST);
        assertion_draft_text(draft, "authority-id", "acme");
        assertion_draft_value(draft, "integrity", &(struct value){.kind = VALUE_LIST});
        assertion_draft_format(draft, 0);
        CHECK_RC(content_of(draft, &content, &err), RC_OK, &err);
        CHECK_TEXT(content, want);

        check_promise("revision 0 is left out, another provenance and a format are written");
        assertion_draft_text(draft, "revision", "0");
        assertion_draft_text(draft, "provenance", "prod");
        assertion_draft_format(draft, 3);
        CHECK_RC(content_of(draft, &content, &err), RC_OK, &err);
        CHECK(strstr(content, "type: snap-revision\nformat: 3\nauthority-id: acme\nsnap-sha3-384: "
                              "" DIGEST "\nprovenance: prod\ndeveloper-id"));
}

/* A draft that is complete but for what a row changes. */
static struct assertion_draft *store_draft(struct arena *arena)
{
        struct assertion_draft *draft = assertion_draft_new(arena, "store");

        assertion_draft_text(draft, "authority-id", "acme");
        assertion_draft_text(draft, "store", "s1");
        assertion_draft_text(draft, "operator-id", "acme");
        assertion_draft_time(draft, "timestamp", TIME);
        return draft;
}

static void drafts_are_refused(void)
{
        static const struct {
                const char *name;
                const char *text;
                const char *want;
        } rows[] = {
                {"type", "store", "\"type\""},
                {"format", "1", "\"format\""},
                {"body-length", "1", "\"body-length\""},
                {"sign-key-sha3-384", KEY_ID, "\"sign-key-sha3-384\""},
                {"Store", "s1", "\"Store\""},
                {"a\nb", "x", "not a header name"},
                {"x: y\nz", "x", "not a header name"},
                {"store", "", "store"},
                {"store", "a/b", "store"},
                {"store", "a\nb/", "store"},
                {"authority-id", "No Account", "authority-id"},
                {"operator-id", "Acme!", "operator-id"},
                {"timestamp", "yesterday", "timestamp"},
                {"url", "ftp://x", "url"},
                {"revision", "-1", "revision"},
                {"x", "a\rb", "\"x\""},
                {"x", "\xff", "\"x\""},
        };

        check_promise("a draft that no reader would accept is refused before anybody signs it");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                CLEANUP(arena_freep) struct arena *arena = arena_new(4 * MIB);
                struct assertion_draft *draft = store_draft(arena);
                struct err err = {0};
                const char *content;

                check_case("row %zu: %s", i, rows[i].name);
                assertion_draft_text(draft, rows[i].name, rows[i].text);
                assertion_draft_text(draft, "location", "later settings do not hide it");
                CHECK_RC(content_of(draft, &content, &err), RC_INVALID, &err);
                CHECK_TEXT(content, "");
                if (!strstr(err.text, rows[i].want))
                        CHECK_TEXT(err.text, rows[i].want);
        }
}

static void bodies_and_values_are_refused(void)
{
        static const struct value nothing = {.kind = VALUE_LIST};
        static const struct value holds_nothing = {
                .kind = VALUE_LIST, .count = 1, .items = &nothing};
        static const struct value texts[] = {{.kind = VALUE_TEXT, .text = "1"},
                                             {.kind = VALUE_TEXT, .text = "2"}};
        static const char *const same_names[] = {"a", "a"};
        static const char *const broken_names[] = {"a: b\nc"};
        static const struct value twice = {
                .kind = VALUE_MAP, .count = 2, .items = texts, .names = same_names};
        static const struct value misnamed = {
                .kind = VALUE_MAP, .count = 1, .items = texts, .names = broken_names};
        const struct value *const bad[] = {&holds_nothing, &twice, &misnamed};
        struct value deep[20] = {{.kind = VALUE_TEXT, .text = "x"}};
        struct err err = {0};
        const char *content;

        check_promise("values that have no text form, or one over the bounds, are refused");
        for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
                CLEANUP(arena_freep) struct arena *arena = arena_new(4 * MIB);
                struct assertion_draft *draft = store_draft(arena);

                check_case("value %zu", i);
                assertion_draft_value(draft, "x", bad[i]);
                CHECK_RC(content_of(draft, &content, &err), RC_INVALID, &err);
        }
        for (size_t i = 1; i < ARRAY_COUNT(deep); i++) {
                CLEANUP(arena_freep) struct arena *arena = arena_new(4 * MIB);
                struct assertion_draft *draft = store_draft(arena);

                check_case("%zu lists", i);
                deep[i] = (struct value){.kind = VALUE_LIST, .count = 1, .items = &deep[i - 1]};
                assertion_draft_value(draft, "x", &deep[i]);
                CHECK_RC(content_of(draft, &content, &err),
                         i < ASSERTION_DEPTH_MAX ? RC_OK : RC_INVALID, &err);
        }
        for (unsigned i = 0; i < 3; i++) {
                CLEANUP(arena_freep) struct arena *arena = arena_new(8 * MIB);
                CLEANUP(fs_freep) char *big = calloc(1, ASSERTION_BODY_MAX + 1);
                struct assertion_draft *draft = store_draft(arena);
                static const enum rc want[] = {RC_INVALID, RC_INVALID, RC_TOO_BIG};

                check_case("body %u", i);
                assertion_draft_body(draft, i == 1 ? "\xff" : big,
                                     i == 2 ? ASSERTION_BODY_MAX + 1 : 1);
                CHECK_RC(content_of(draft, &content, &err), want[i], &err);
        }
        CLEANUP(arena_freep) struct arena *arena = arena_new(4 * MIB);
        check_promise("an unknown type has no draft");
        CHECK(assertion_draft_new(arena, "no-such") == NULL);
}

/* --- round trips --- */

static uint64_t seed;

static unsigned pick(unsigned below)
{
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        return (unsigned)(seed >> 33) % below;
}

static const char *random_text(struct arena *arena)
{
        static const char *const parts[] = {
                "",   " ", "-",  ": ", "\n", "a",     "\n\n", "  - x",
                "x:", "#", "\t", "é",  "\"", "    y", "/",    "\xf0\x9f\x98\x80"};
        const char *text = "";

        for (unsigned i = pick(6); i > 0; i--)
                text = arena_printf(arena, "%s%s", text, parts[pick(ARRAY_COUNT(parts))]);
        return text;
}

/* Recursive in the test only: depth is the generator's own bound. */
static struct value random_value(struct arena *arena, unsigned depth)
{
        struct value value = {.kind = depth ? (enum value_kind)pick(3) : VALUE_TEXT};
        struct value *items;
        const char **names;

        if (value.kind == VALUE_TEXT) {
                value.text = random_text(arena);
                return value;
        }
        value.count = 1 + pick(4);
        items = arena_alloc_array(arena, value.count, sizeof(*items));
        names = arena_alloc_array(arena, value.count, sizeof(*names));
        for (size_t i = 0; i < value.count; i++) {
                items[i] = random_value(arena, depth - 1);
                names[i] = arena_printf(arena, "%c%u-k%zu", 'a' + pick(26), pick(9), i);
        }
        value.items = items;
        value.names = value.kind == VALUE_MAP ? names : NULL;
        return value;
}

static bool value_equal(const struct value *a, const struct value *b)
{
        if (!a || !b || a->kind != b->kind)
                return false;
        if (a->kind == VALUE_TEXT)
                return !strcmp(a->text, b->text);
        if (a->count != b->count)
                return false;
        for (size_t i = 0; i < a->count; i++)
                if (!value_equal(&a->items[i],
                                 a->kind == VALUE_MAP ? value_find(b, a->names[i]) : &b->items[i]))
                        return false;
        return true;
}

static void values_come_back(void)
{
        check_promise("any value that is built reads back equal, and builds the same bytes again");
        for (unsigned number = 1; number <= 2000; number++) {
                CLEANUP(arena_freep) struct arena *arena = arena_new(8 * MIB);
                struct assertion_draft *draft = store_draft(arena);
                struct value value;
                struct assertion *got = NULL;
                struct err err = {0};
                const char *content = "";
                const char *again = "";
                size_t bytes = 0;

                check_case("seed %u", number);
                seed = number;
                value = random_value(arena, 5);
                assertion_draft_value(draft, "x", &value);
                CHECK_RC(assertion_draft_content(draft, KEY_ID, &content, &bytes, &err), RC_OK,
                         &err);
                CHECK_RC(assertion_assemble(arena, content, bytes, "AQEB", &got, &err), RC_OK,
                         &err);
                CHECK(got && value_equal(&value, assertion_value(got, "x")));
                if (!got)
                        return;
                draft = store_draft(arena);
                assertion_draft_value(draft, "x", assertion_value(got, "x"));
                CHECK_RC(content_of(draft, &again, &err), RC_OK, &err);
                CHECK_TEXT(again, content);
        }
}

int main(void)
{
        struct err err = {0};

        CHECK_RC(crypto_init(&err), RC_OK, &err);
        vector_is_built_again();
        order_is_canonical();
        drafts_are_refused();
        bodies_and_values_are_refused();
        values_come_back();
        return check_end();
}
