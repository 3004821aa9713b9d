/* SPDX-License-Identifier: Apache-2.0 */
/* The pure parts of publishing: scopes, tokens in headers, versions, texts that are read back. */
#include "core/model/name.h"
#include "server/domain/publish.h"
#include "server/domain/release.h"
#include "server/domain/scope.h"
#include "tests/lib/check.h"
#include <string.h>

static void test_scope_lists(void)
{
        static const struct {
                const char *part;
                const char *whole;
                bool within;
        } rows[] = {
                {"", "", true},     {"a", "", true},      {"", "a", false},
                {"a", "a", true},   {"a,b", "b,a", true}, {"a,c", "a,b", false},
                {"a", "ab", false}, {"ab", "a", false},   {"a", "b,aa,a", true},
                {"a,", "a", true},
        };

        check_promise("a part of a scope is never wider than the whole");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                check_case("\"%s\" within \"%s\"", rows[i].part, rows[i].whole);
                CHECK(scope_is_within(rows[i].part, rows[i].whole) == rows[i].within);
        }
        check_promise("an empty list is everything for a scope, and nothing as a list");
        CHECK(scope_has("", "x"));
        CHECK(!scope_lists("", "x"));
        CHECK(scope_has("a,x", "x"));
        CHECK(!scope_has("a,xx", "x"));
}

static void test_scope_channels(void)
{
        static const struct {
                const char *list;
                const char *channel;
                bool allowed;
        } rows[] = {
                {"", "stable", true},
                {"edge", "edge", true},
                {"edge", "latest/edge", true},
                {"latest/edge", "edge", true},
                {"edge", "1.0/edge", false},
                {"edge", "edge/fix", false},
                {"edge/*", "edge/fix", true},
                {"edge/*", "edge", false},
                {"beta,1.0/*", "1.0/stable", true},
                {"beta,1.0/*", "1.0/stable/fix", true},
                {"beta,1.0/*", "stable", false},
                {"*", "1.0/stable/fix", true},
                {"*/edge", "1.0/edge", true},
                {"*/edge", "1.0/stable", false},
                {"e[cd]ge", "edge", true},
                {"stabl?", "stable", true},
                {"1.0", "1.0/stable", false},
        };

        check_promise("a channel is compared in its full form");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                struct channel channel;
                struct err err = {.text = ""};

                check_case("\"%s\" for %s", rows[i].list, rows[i].channel);
                CHECK_RC(channel_parse(rows[i].channel, &channel, &err), RC_OK, &err);
                CHECK(scope_allows_channel(rows[i].list, &channel) == rows[i].allowed);
        }
        check_promise("a pattern longer than any channel allows nothing");

        struct channel stable = {.track = "latest", .risk = RISK_STABLE};
        char longest[400];

        memset(longest, '*', sizeof(longest) - 1);
        longest[sizeof(longest) - 1] = '\0';
        CHECK(!scope_allows_channel(longest, &stable));
}

static void test_token_headers(struct arena *arena)
{
        static const struct {
                const char *header;
                const char *token; /* NULL: none */
        } rows[] = {
                {"Macaroon abc", "abc"},
                {"macaroon abc", "abc"},
                {"MACAROON  abc", "abc"},
                {"Bearer abc", "abc"},
                {"Macaroon \"abc\"", "abc"},
                {"Macaroon root=\"abc\"", "abc"},
                {"Macaroon root=abc", "abc"},
                {"Macaroon root=\"abc\", discharge=\"d\"", "abc"},
                {"Macaroon root=abc, discharge=d", "abc"},
                {"Macaroon", NULL},
                {"Macaroon ", NULL},
                {"Macaroon \"", NULL},
                {"Macaroon \"\"", NULL},
                {"Macaroon \"abc", NULL},
                {"Macaroon root=", NULL},
                {"Basic abc", NULL},
                {"Macaroonabc", NULL},
                {"", NULL},
                {NULL, NULL},
        };

        check_promise("a token is found in each form that clients send, and in no other");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                const char *found = token_from_header(arena, rows[i].header);

                check_case("%s", rows[i].header ? rows[i].header : "no header");
                if (rows[i].token)
                        CHECK_TEXT(found, rows[i].token);
                else
                        CHECK(!found);
        }
}

static void test_versions(void)
{
        static const struct {
                const char *text;
                bool sane;
        } rows[] = {
                {"1", true},
                {"1.0", true},
                {"2:1.0-3~rc1+b", true},
                {"v1", true},
                {"1+", true},
                {"", false},
                {" 1", false},
                {"1 ", false},
                {"-1", false},
                {"1-", false},
                {"1_0", false},
                {"1/0", false},
                {"1\n", false},
                {"\xc3\xa9", false},
                {"12345678901234567890123456789012", true},
                {"123456789012345678901234567890123", false},
        };

        check_promise("a version is what snapd takes");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                check_case("\"%s\"", rows[i].text);
                CHECK(name_is_version(rows[i].text) == rows[i].sane);
        }
}

static void test_texts_read_back(struct arena *arena)
{
        const struct push_request request = {"1.0", "armhf", "words", "type: x\n\nwith\nlines"};
        struct push_request back = {.version = NULL};
        struct err err = {.text = ""};
        const char *text = push_request_format(arena, &request);

        check_promise("what a push leaves for its review comes back as it was");
        CHECK_RC(push_request_parse(text, arena, &back, &err), RC_OK, &err);
        CHECK_TEXT(back.version, request.version);
        CHECK_TEXT(back.arch, request.arch);
        CHECK_TEXT(back.component, request.component);
        CHECK_TEXT(back.snap_build, request.snap_build);
        CHECK_RC(push_request_parse("", arena, &back, &err), RC_CORRUPT, &err);
        CHECK_RC(push_request_parse("version 1\n", arena, &back, &err), RC_CORRUPT, &err);
}

static void test_delta_refs(struct arena *arena)
{
        static const char *const bad[] = {"",       "a/1/2",   "a/0/2/x",          "a/1/-2/x",
                                          "a/1//x", "a/x/2/x", "a/1/99999999999/x"};
        struct err err = {.text = ""};
        struct delta_ref ref;

        check_promise("a delta job is named by package, revisions and format");
        CHECK_RC(delta_ref_parse("id/1/20/xdelta3", arena, &ref, &err), RC_OK, &err);
        CHECK_TEXT(ref.snap_id, "id");
        CHECK_INT(ref.source, 1);
        CHECK_INT(ref.target, 20);
        CHECK_TEXT(ref.format, "xdelta3");
        for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
                check_case("\"%s\"", bad[i]);
                CHECK_RC(delta_ref_parse(bad[i], arena, &ref, &err), RC_INVALID, &err);
        }
}

int main(void)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(1 * MIB);

        CHECK(arena);
        if (!arena)
                return check_end();
        test_scope_lists();
        test_scope_channels();
        test_token_headers(arena);
        test_versions();
        test_texts_read_back(arena);
        test_delta_refs(arena);
        return check_end();
}
