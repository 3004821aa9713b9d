/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/fs.h"
#include "core/base/random.h"
#include "core/keys/privkey.h"
#include "core/model/assertion_type.h"
#include "tests/lib/check.h"
#include "tools/storectl/channel_map.h"
#include "tools/storectl/commands.h"
#include "tools/storectl/http.h"
#include "tools/storectl/push.h"
#include "tools/storectl/sign.h"
#include "tools/storectl/table.h"
#include <stdlib.h>
#include <string.h>

#define ARENA_MAX (64 * MIB)
#define TEXT_MAX  (256 * KIB)
#define NOON      ((usec_t)1790000000 * USEC_PER_SEC)

static void test_text(void)
{
        static const struct {
                const char *text;
                const char *clean;
                size_t width;
        } cases[] = {
                {"plain", "plain", 5},
                {"\xe2\x86\x91", "\xe2\x86\x91", 1},
                {"\xe6\xbc\xa2\xe5\xad\x97", "\xe6\xbc\xa2\xe5\xad\x97", 4},
                {"e\xcc\x81", "e\xcc\x81", 1},
                {"\x1b[31mred", "?[31mred", 8},
                {"a\nb\tc", "a b c", 5},
                {"\xc2\x9b", "?", 1},
                {"\xe2\x80\xae", "?", 1},
                {"\xc0\xaf", "??", 2},
                {"\xff", "?", 1},
                {"\xe2\x86", "??", 2},
                {"\xed\xa0\x80", "???", 3},
        };

        check_promise("foreign text is harmless and measured in cells");
        for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
                CLEANUP(buf_fini) struct buf out = BUF_INIT(TEXT_MAX);

                check_case("%zu", i);
                text_clean(&out, cases[i].text);
                CHECK_TEXT(out.data, cases[i].clean);
                CHECK_INT(text_width(out.data), cases[i].width);
        }
}

static void test_table(struct arena *arena)
{
        static const char *const headers[] = {"Name", "Version", "Notes"};
        CLEANUP(buf_fini) struct buf out = BUF_INIT(TEXT_MAX);
        struct table *table = table_new(arena, headers, 3);
        const char *const one[] = {"a", "1.0", ""};
        const char *const two[] = {table_blank, "\xe2\x86\x91", "note"};
        const char *const three[] = {"\xe6\xbc\xa2", NULL, table_blank};

        check_promise("tables are aligned, '-' stands for nothing, no line ends in a space");
        table_add(table, one);
        table_add(table, two);
        table_add(table, three);
        CHECK(table_format(table, &out));
        CHECK_TEXT(out.data, "Name  Version  Notes\n"
                             "a     1.0      -\n"
                             "      \xe2\x86\x91        note\n"
                             "\xe6\xbc\xa2    -\n");
        CHECK_INT(table_count(table), 3);
        CHECK_TEXT(text_size(arena, 999), "999 B");
        CHECK_TEXT(text_size(arena, 1400000), "1.4 MB");
        CHECK_TEXT(text_size(arena, UINT64_MAX), "18.4 EB");
}

static void map_check(struct arena *arena, const char *json, const char *arch, bool blank,
                      const char *want)
{
        CLEANUP(jsonx_decref) json_t *answer = NULL;
        CLEANUP(buf_fini) struct buf out = BUF_INIT(TEXT_MAX);
        struct table *table = NULL;
        struct err err = {0};

        CHECK_RC(jsonx_parse(json, strlen(json), &answer, &err), RC_OK, &err);
        CHECK_RC(channel_map_table(arena, answer, arch, NULL, blank, &table, &err), RC_OK, &err);
        CHECK(table_format(table, &out));
        CHECK_TEXT(out.data, want);
}

static const char two_tracks[] =
        "{\"channel-map\":["
        "{\"channel\":\"1.0/edge\",\"architecture\":\"amd64\",\"revision\":3},"
        "{\"channel\":\"latest/stable\",\"architecture\":\"amd64\",\"revision\":1},"
        "{\"channel\":\"latest/beta\",\"architecture\":\"arm64\",\"revision\":2},"
        "{\"channel\":\"latest/beta/fix\",\"architecture\":\"amd64\",\"revision\":3,"
        "\"expiration-date\":\"2026-12-24T00:00:00Z\"}],"
        "\"package\":{\"channels\":[{\"track\":\"latest\"},{\"track\":\"1.0\"}]},"
        "\"revisions\":[{\"revision\":1,\"version\":\"1.0\"},{\"revision\":2,\"version\":\"1.1\"},"
        "{\"revision\":3,\"version\":\"2\"}]}";

static void test_channel_map(struct arena *arena)
{
        check_promise("the channel map reads as snapcraft users know it");
        check_case("%s", "two tracks, a branch, on a terminal");
        map_check(arena, two_tracks, NULL, true,
                  "Track   Arch   Channel    Version  Revision  Expires at\n"
                  "latest  amd64  stable     1.0      1         -\n"
                  "               candidate  \xe2\x86\x91        \xe2\x86\x91         -\n"
                  "               beta       \xe2\x86\x91        \xe2\x86\x91         -\n"
                  "               beta/fix   2        3         2026-12-24T00:00:00Z\n"
                  "               edge       \xe2\x86\x91        \xe2\x86\x91         -\n"
                  "        arm64  stable     -        -         -\n"
                  "               candidate  -        -         -\n"
                  "               beta       1.1      2         -\n"
                  "               edge       \xe2\x86\x91        \xe2\x86\x91         -\n"
                  "1.0     amd64  stable     -        -         -\n"
                  "               candidate  -        -         -\n"
                  "               beta       -        -         -\n"
                  "               edge       2        3         -\n");
        check_case("%s", "piped, one architecture");
        map_check(arena, two_tracks, "arm64", false,
                  "Track   Arch   Channel    Version  Revision\n"
                  "latest  arm64  stable     -        -\n"
                  "latest  arm64  candidate  -        -\n"
                  "latest  arm64  beta       1.1      2\n"
                  "latest  arm64  edge       \xe2\x86\x91        \xe2\x86\x91\n");
        check_case("%s", "progressive");
        map_check(arena,
                  "{\"channel-map\":["
                  "{\"channel\":\"stable\",\"architecture\":\"all\",\"revision\":2,\"progressive\":"
                  "{\"percentage\":30,\"current-percentage\":21}},"
                  "{\"channel\":\"stable\",\"architecture\":\"all\",\"revision\":1,\"progressive\":"
                  "{\"percentage\":null}}],\"revisions\":[]}",
                  NULL, true,
                  "Track   Arch  Channel    Version  Revision  Progress\n"
                  "latest  all   stable     -        1         79 \xe2\x86\x92 70%\n"
                  "                         -        2         21 \xe2\x86\x92 30%\n"
                  "              candidate  \xe2\x86\x91        \xe2\x86\x91         -\n"
                  "              beta       \xe2\x86\x91        \xe2\x86\x91         -\n"
                  "              edge       \xe2\x86\x91        \xe2\x86\x91         -\n");
}

static void test_channel_map_refused(struct arena *arena)
{
        static const char *const cases[] = {
                "{}",
                "{\"channel-map\":7}",
                "{\"channel-map\":[{\"channel\":\"a/b/c/d\",\"architecture\":\"all\"}]}",
        };

        check_promise("an answer that is no channel map is refused, not guessed");
        for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
                CLEANUP(jsonx_decref) json_t *answer = NULL;
                struct table *table = NULL;
                struct err err = {0};

                check_case("%s", cases[i]);
                CHECK_RC(jsonx_parse(cases[i], strlen(cases[i]), &answer, &err), RC_OK, &err);
                CHECK_RC(channel_map_table(arena, answer, NULL, NULL, false, &table, &err),
                         RC_INVALID, &err);
                CHECK(!table);
        }
}

static void test_channels_of(struct arena *arena)
{
        CLEANUP(jsonx_decref) json_t *answer = NULL;
        struct err err = {0};

        check_promise("a revision names the channels where it is current, each once");
        CHECK_RC(jsonx_parse(two_tracks, strlen(two_tracks), &answer, &err), RC_OK, &err);
        CHECK_TEXT(channel_map_of(arena, answer, 1, NULL), "stable*");
        CHECK_TEXT(channel_map_of(arena, answer, 3, NULL), "beta/fix*, 1.0/edge*");
        CHECK_TEXT(channel_map_of(arena, answer, 9, NULL), "");
}

static void test_file_names(struct arena *arena)
{
        static const struct {
                const char *base;
                bool named;
                const char *name;
                const char *version;
                const char *arch;
        } cases[] = {
                {"app_1.0_amd64.snap", true, "app", "1.0", "amd64"},
                {"app_1.0_rc_1_arm64.snap", true, "app", "1.0_rc_1", "arm64"},
                {"app_1.0_sparc99.snap", true, "app", "1.0", ""},
                {"app_1.snap", true, "app", "", ""},
                {"app.snap", false, "", "", ""},
                {"_1_amd64.snap", false, "", "", ""},
                {"App_1_amd64.snap", false, "", "", ""},
                {"../x_1_amd64.snap", false, "", "", ""},
                {"", false, "", "", ""},
        };

        check_promise("a file name says the package, or does not");
        for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
                const char *name = "";
                const char *version = "";
                const char *arch = "";

                check_case("%s", cases[i].base);
                CHECK_INT(push_read_name(arena, cases[i].base, &name, &version, &arch),
                          cases[i].named);
                if (!cases[i].named)
                        continue;
                CHECK_TEXT(name, cases[i].name);
                CHECK_TEXT(version, cases[i].version);
                CHECK_TEXT(arch, cases[i].arch);
        }
}

static void test_urls(struct arena *arena)
{
        static const char *const wrong[] = {
                "ftp://a",    "https://",          "https:///x",   "//a",
                "",           "https://u:p@host",  "https://a/?x", "https://a#b",
                "http://a b", "http://a\nHost: b", "file:///etc"};

        check_promise("only the plain address of a store is taken");
        for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
                CLEANUP(http_freep) struct http *http = NULL;
                CLEANUP(secret_freep) struct secret *token = NULL;
                struct err err = {0};

                check_case("%s", wrong[i]);
                CHECK_RC(http_new(wrong[i], NULL, &token, &http, &err), RC_INVALID, &err);
        }
        check_promise("a token in clear to another machine is noticed, to this one not");
        for (size_t i = 0; i < 5; i++) {
                static const struct {
                        const char *url;
                        bool exposed;
                } cases[] = {{"http://store.example", true},
                             {"http://localhost.example", true},
                             {"http://127.0.0.1:80/", false},
                             {"http://[::1]:8", false},
                             {"https://store.example", false}};
                CLEANUP(http_freep) struct http *http = NULL;
                CLEANUP(secret_freep) struct secret *token = secret_new_copy("t", 1);
                struct err err = {0};

                check_case("%s", cases[i].url);
                CHECK_RC(http_new(cases[i].url, NULL, &token, &http, &err), RC_OK, &err);
                CHECK(!token);
                CHECK_INT(http && http_is_exposed(http), cases[i].exposed);
        }
        check_promise("what goes into a path stays one segment");
        CHECK_TEXT(http_escape(arena, "a/b?c d\xc3\xbc"), "a%2Fb%3Fc%20d%C3%BC");
}

static void lines_check(const struct buf *text)
{
        size_t lines = 0;

        CHECK(!text->failed && text->len);
        for (const char *at = text->data; at && *at;) {
                const char *end = strchr(at, '\n');
                char line[256];

                if (!end)
                        break;
                snprintf(line, sizeof(line), "%.*s", (int)(end - at), at);
                CHECK(text_width(line) <= HELP_COLUMNS_MAX);
                lines++;
                at = end + 1;
        }
        CHECK(lines <= HELP_LINES_MAX);
}

static void test_help(void)
{
        CLEANUP(buf_fini) struct buf all = BUF_INIT(TEXT_MAX);

        check_promise("every help fits 25 lines of 80 columns");
        check_case("%s", "all");
        help_all(&all);
        lines_check(&all);
        for (size_t i = 0; i < command_count(); i++) {
                CLEANUP(buf_fini) struct buf text = BUF_INIT(TEXT_MAX);

                check_case("%s", commands[i].name);
                help_command(&commands[i], &text);
                lines_check(&text);
                CHECK(commands[i].min_words <= commands[i].max_words);
        }
        check_promise("a family lists its commands; what is none has no help");
        for (size_t i = 0; i < 2; i++) {
                static const char *const words[] = {"nothing", "push"};
                CLEANUP(buf_fini) struct buf text = BUF_INIT(TEXT_MAX);

                check_case("%s", words[i]);
                CHECK(!help_family(words[i], &text));
        }
}

static void test_help_complete(void)
{
        CLEANUP(buf_fini) struct buf manual = BUF_INIT(TEXT_MAX);
        CLEANUP(buf_fini) struct buf completion = BUF_INIT(TEXT_MAX);
        CLEANUP(fs_freep) char *page = NULL;
        struct err err = {0};
        size_t bytes = 0;

        help_manual(&manual);
        help_completion(&completion);
        check_promise("manual and completion know every command and option");
        for (size_t i = 0; i < command_count(); i++) {
                const struct option_row *row = commands[i].options;
                char heading[80];
                char branch[80];

                check_case("%s", commands[i].name);
                /* A dash is written as roff wants it. */
                snprintf(heading, sizeof(heading), ".SS %.*s%s%s\n",
                         (int)strcspn(commands[i].name, "-"), commands[i].name,
                         strchr(commands[i].name, '-') ? "\\" : "",
                         strchr(commands[i].name, '-') ? strchr(commands[i].name, '-') : "");
                snprintf(branch, sizeof(branch), "'%s') words='", commands[i].name);
                CHECK(strstr(manual.data, heading));
                CHECK(strstr(completion.data, branch));
                for (; row->name; row++)
                        CHECK(strstr(completion.data, row->name));
        }
        check_promise("the manual page in the tree is the one that the table makes");
        check_case("%s", "storectl manual >tools/storectl/man/storectl.1");
        CHECK_RC(fs_read_file("tools/storectl/man/storectl.1", TEXT_MAX, &page, &bytes, &err),
                 RC_OK, &err);
        CHECK_BYTES(page, bytes, manual.data, manual.len);
}

static void test_find(void)
{
        static const struct {
                const char *line[2];
                const char *want;
                int words;
        } cases[] = {{{"push", "x"}, "push", 1},    {{"key", "create"}, "key create", 2},
                     {{"key", "nothing"}, NULL, 0}, {{"key", NULL}, NULL, 0},
                     {{"ke", "create"}, NULL, 0},   {{"store", "x"}, "store", 1}};

        check_promise("a line finds its command by whole words");
        for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
                const struct command *command;
                int words = 0;

                check_case("%s", cases[i].line[0]);
                command = command_find(cases[i].line[1] ? 2 : 1, (char *const *)cases[i].line,
                                       &words);
                CHECK_TEXT(command ? command->name : NULL, cases[i].want);
                CHECK_INT(words, cases[i].words);
        }
}

static void test_sign(struct arena *arena)
{
        CLEANUP(privkey_freep) struct privkey *key = NULL;
        static const char json[] =
                "{\"type\":\"model\",\"series\":\"16\",\"authority-id\":\"acme\",\"brand-id\":"
                "\"acme\",\"model\":\"box\",\"classic\":true,\"distribution\":\"debian\","
                "\"display-name\":\"A box\",\"architecture\":\"amd64\","
                "\"serial-authority\":[\"acme\",\"other\"],\"timestamp\":\"2026-01-02T03:04:05Z\"}";
        const struct sign_key what = {.account_id = "acme", .name = "default", .since = NOON};
        CLEANUP(jsonx_decref) json_t *headers = NULL;
        struct assertion *model = NULL;
        struct assertion *request = NULL;
        struct err err = {0};

        check_promise("a model written as JSON is signed as it says, and verifies");
        CHECK_RC(privkey_generate_rsa(2048, &key, &err), RC_OK, &err);
        CHECK_RC(jsonx_parse(json, strlen(json), &headers, &err), RC_OK, &err);
        CHECK_RC(sign_from_json(arena, headers, key, NOON, &model, &err), RC_OK, &err);
        if (!model)
                return;
        CHECK_RC(assertion_verify(model, privkey_pubkey(key), &err), RC_OK, &err);
        CHECK_TEXT(assertion_text(model, "classic"), "true");
        CHECK_TEXT(assertion_text(model, "timestamp"), "2026-01-02T03:04:05Z");
        CHECK_INT(assertion_value(model, "serial-authority")->count, 2);
        check_promise("a request for an account-key is signed by the key it is about");
        CHECK_RC(sign_account_key(arena, &what, key, key, &request, &err), RC_OK, &err);
        if (!request)
                return;
        CHECK_TEXT(request->type->name, "account-key-request");
        CHECK_TEXT(request->pk[0], pubkey_id(privkey_pubkey(key)));
        CHECK_RC(assertion_verify(request, privkey_pubkey(key), &err), RC_OK, &err);
}

static void test_sign_refused(struct arena *arena)
{
        static const char *const cases[] = {
                "{\"model\":null}",
                "{\"model\":1.5}",
                "{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":{\"g\":{\"h\":{\"i\":\"x\"}}}}}}}}}",
        };
        struct err err = {0};

        check_promise("what cannot be a header is refused");
        for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
                CLEANUP(jsonx_decref) json_t *json = NULL;
                struct value value = {0};

                check_case("%s", cases[i]);
                CHECK_RC(jsonx_parse(cases[i], strlen(cases[i]), &json, &err), RC_OK, &err);
                CHECK_RC(sign_value_from_json(arena, json, &value, &err), RC_INVALID, &err);
        }
}

int main(void)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_MAX);
        struct err err = {0};

        CHECK_RC(random_init(&err), RC_OK, &err);
        CHECK_RC(crypto_init(&err), RC_OK, &err);
        test_text();
        test_table(arena);
        test_channel_map(arena);
        test_channel_map_refused(arena);
        test_channels_of(arena);
        test_file_names(arena);
        test_urls(arena);
        test_help();
        test_help_complete();
        test_find();
        test_sign(arena);
        test_sign_refused(arena);
        return check_end();
}
