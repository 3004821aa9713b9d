/* SPDX-License-Identifier: Apache-2.0 */
/* The floor under everything: texts, times, buffers, arenas, JSON bounds, settings, frames. */
#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/base/conf.h"
#include "core/base/frame.h"
#include "core/base/fs.h"
#include "core/base/hex.h"
#include "core/base/jsonx.h"
#include "core/base/random.h"
#include "core/base/secret.h"
#include "tests/lib/check.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static void hex_keeps_bytes(void)
{
        uint8_t back[48];
        uint8_t data[48];
        char text[100];

        check_promise("bytes survive hex and base64url, and foreign characters are refused");
        random_fill(data, sizeof(data));
        hex_format(data, sizeof(data), text);
        CHECK_INT(strlen(text), HEX_CHARS(sizeof(data)));
        CHECK_RC(hex_parse(text, back, sizeof(back)), RC_OK, NULL);
        CHECK_BYTES(back, sizeof(back), data, sizeof(data));
        text[3] = 'g';
        CHECK_RC(hex_parse(text, back, sizeof(back)), RC_INVALID, NULL);
        base64url_format(data, sizeof(data), text);
        CHECK_INT(strlen(text), 64);
        CHECK_RC(base64url_parse(text, back, sizeof(back)), RC_OK, NULL);
        CHECK_BYTES(back, sizeof(back), data, sizeof(data));
        text[0] = '+';
        CHECK_RC(base64url_parse(text, back, sizeof(back)), RC_INVALID, NULL);
}

static void base64_follows_rfc4648(void)
{
        static const struct {
                const char *plain;
                const char *coded;
        } rows[] = {{"", ""},
                    {"f", "Zg=="},
                    {"fo", "Zm8="},
                    {"foo", "Zm9v"},
                    {"foob", "Zm9vYg=="},
                    {"fooba", "Zm9vYmE="},
                    {"foobar", "Zm9vYmFy"}};
        static const char *const bad[] = {"Zg", "Zg=", "Zg==Zg==", "Zh==", "Z===", "Zm 9v", "===="};
        char back[32];
        size_t bytes;

        check_promise("base64 is RFC 4648: padding exact, spare bits zero");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                CLEANUP(buf_fini) struct buf out = BUF_INIT(100);

                check_case("%s", rows[i].plain);
                base64_append(&out, rows[i].plain, strlen(rows[i].plain), 0);
                CHECK_TEXT(out.data ? out.data : "", rows[i].coded);
                CHECK_RC(base64_parse(rows[i].coded, strlen(rows[i].coded), back, sizeof(back),
                                      &bytes),
                         RC_OK, NULL);
                CHECK_BYTES(back, bytes, rows[i].plain, strlen(rows[i].plain));
        }
        for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
                check_case("%s", bad[i]);
                CHECK_RC(base64_parse(bad[i], strlen(bad[i]), back, sizeof(back), &bytes),
                         RC_INVALID, NULL);
        }
}

static void times_are_rfc3339(void)
{
        static const struct {
                const char *text;
                int64_t usec;
        } good[] = {{"1970-01-01T00:00:00Z", 0},
                    {"2016-01-01T00:00:00Z", 1451606400000000},
                    {"2016-01-01T01:30:00+01:30", 1451606400000000},
                    {"2016-01-01T00:00:00.25Z", 1451606400250000},
                    {"0001-01-01T00:00:00Z", -62135596800000000},
                    {"2024-02-29T23:59:59-00:00", 1709251199000000}};
        static const char *const bad[] = {"",
                                          "2016-01-01",
                                          "2016-01-01T00:00:00",
                                          "2016-01-01T00:00:00+0000",
                                          "2016-13-01T00:00:00Z",
                                          "2023-02-29T00:00:00Z",
                                          "2016-01-01T24:00:00Z",
                                          "2016-01-01T00:00:00.Z",
                                          "2016-01-01T00:00:00Z ",
                                          "2016-01-01t00:00:00Z"};
        char text[CLOCK_CHARS + 1];
        usec_t usec;

        check_promise("times are RFC 3339 with a zone, and no other form passes");
        for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
                check_case("%s", good[i].text);
                CHECK_RC(clock_parse(good[i].text, &usec), RC_OK, NULL);
                CHECK_INT(usec, good[i].usec);
        }
        for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
                check_case("%s", bad[i]);
                CHECK_RC(clock_parse(bad[i], &usec), RC_INVALID, NULL);
        }
        clock_format(1451606400000000, text);
        CHECK_TEXT(text, "2016-01-01T00:00:00Z");
        clock_format(-62135596800000000, text);
        CHECK_TEXT(text, "0001-01-01T00:00:00Z");
        check_promise("every day from the year 0 to 9999 is printed as it is read");
        for (int64_t day = -719528; day < 2932897; day += 13) {
                const usec_t when = (day * 86400 + (day & 0xffff)) * USEC_PER_SEC;

                clock_format(when, text);
                check_case("%s", text);
                CHECK_RC(clock_parse(text, &usec), RC_OK, NULL);
                CHECK_INT(usec, when);
        }
}

static void builders_are_bounded(void)
{
        CLEANUP(buf_fini) struct buf buf = BUF_INIT(10);
        CLEANUP(buf_fini) struct buf json = BUF_INIT(100);
        CLEANUP(arena_freep) struct arena *arena = arena_new(4096);
        struct err err;

        check_promise("a buffer stops at its bound and says so once, at the end");
        buf_text(&buf, "0123456789");
        CHECK_RC(buf_finish(&buf, &err), RC_OK, &err);
        buf_char(&buf, 'x');
        buf_text(&buf, "");
        CHECK_RC(buf_finish(&buf, &err), RC_TOO_BIG, &err);

        check_promise("JSON strings escape quotes, backslashes and control characters");
        buf_json_string(&json, "a\"b\\c\n\x01\xc3\xa4");
        CHECK_TEXT(json.data, "\"a\\\"b\\\\c\\n\\u0001\xc3\xa4\"");

        check_promise("an arena stops at its bound, and overflowing sizes give nothing");
        CHECK(arena_alloc(arena, 4000) != NULL);
        CHECK(arena_alloc(arena, 4000) == NULL);
        CHECK(arena_alloc_array(arena, SIZE_MAX / 2, 4) == NULL);
        arena_reset(arena);
        CHECK_TEXT(arena_printf(arena, "%d-%s", 7, "x"), "7-x");
}

static void json_is_bounded(void)
{
        static const struct {
                const char *text;
                enum rc rc;
        } rows[] = {{"{}", RC_OK},
                    {"", RC_INVALID},
                    {"{", RC_INVALID},
                    {"[]", RC_INVALID},
                    {"{\"a\":1,\"a\":2}", RC_INVALID},
                    {"{\"a\":\"x\\u0000y\"}", RC_INVALID},
                    {"{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"}", RC_OK},
                    {"{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}",
                     RC_INVALID}};
        struct err err = {0};

        check_promise("JSON deeper than the bound, doubled or broken is refused before it is used");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                CLEANUP(jsonx_decref) json_t *json = NULL;

                check_case("%s", rows[i].text);
                CHECK_RC(jsonx_parse_object(rows[i].text, strlen(rows[i].text), &json, &err),
                         rows[i].rc, &err);
        }
}

/* {"x":[PIECE,PIECE,...]} */
static enum rc json_of_many(const char *piece, size_t count)
{
        CLEANUP(buf_fini) struct buf text = BUF_INIT(8 * MIB);
        CLEANUP(jsonx_decref) json_t *json = NULL;

        buf_text(&text, "{\"x\":[");
        for (size_t i = 0; i < count; i++) {
                buf_text(&text, i ? "," : "");
                buf_text(&text, piece);
        }
        buf_text(&text, "]}");
        return jsonx_parse_object(text.data, text.len, &json, NULL);
}

static void json_values_are_counted(void)
{
        check_promise("a body of nothing but tiny values does not become a hundred times as large");
        check_case("as a list of texts may have");
        CHECK_INT(json_of_many("\",,[[{{\"", JSONX_MAX_VALUES - 10), RC_OK);
        check_case("objects");
        CHECK_INT(json_of_many("{}", JSONX_MAX_VALUES / 2 - 10), RC_OK);
        CHECK_INT(json_of_many("{}", JSONX_MAX_VALUES / 2 + 10), RC_INVALID);
        check_case("numbers");
        CHECK_INT(json_of_many("1", JSONX_MAX_VALUES + 10), RC_INVALID);
}

static void settings_follow_their_rows(void)
{
        static const struct conf_row rows[] = {
                {"port", CONF_INT, "80", 1, 65535, "", "The port."},
                {"name", CONF_TEXT, "", 0, 8, "", "The name."},
                {"on", CONF_BOOL, "no", 0, 0, "", "Whether."},
                {"data", CONF_PATH, "data", 0, 4096, "", "Where."},
        };
        static const char *const bad[] = {"port = 0",      "port = x",   "nothing = 1",
                                          "port 80",       "on = maybe", "name = 123456789",
                                          "port=1\nport=2"};
        char path[] = "/tmp/test_conf_XXXXXX";
        struct err err = {0};
        const int fd = mkstemp(path);

        check_promise("a settings file is held to its table, line by line");
        CHECK(fd >= 0);
        close(fd);
        for (size_t i = 0; i <= ARRAY_COUNT(bad); i++) {
                CLEANUP(conf_freep) struct conf *conf = NULL;
                const bool last = i == ARRAY_COUNT(bad);
                const char *text = last ? "# c\n\nport = 81\n on=yes\ndata = d\n" : bad[i];

                check_case("%s", text);
                CHECK_RC(fs_write_file(path, text, strlen(text), 0600, &err), RC_OK, &err);
                CHECK_RC(conf_new(rows, ARRAY_COUNT(rows), &conf, &err), RC_OK, &err);
                CHECK_RC(conf_load(conf, path, &err), last ? RC_OK : RC_INVALID, &err);
                if (!last)
                        continue;
                CHECK_INT(conf_int(conf, 0), 81);
                CHECK_TEXT(conf_text(conf, 1), "");
                CHECK(conf_bool(conf, 2));
                CHECK_TEXT(conf_text(conf, 3), "/tmp/d");
        }
        CHECK_RC(fs_remove(path, &err), RC_OK, &err);
}

static void frames_arrive_whole(void)
{
        CLEANUP(fs_freep) char *got = NULL;
        struct err err = {0};
        size_t bytes = 0;
        int pair[2];

        check_promise("a frame arrives whole, late, oversized and cut ones are told apart");
        CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        CHECK_RC(frame_send(pair[0], "hello", 5, &err), RC_OK, &err);
        CHECK_RC(frame_receive(pair[1], 5, -1, &got, &bytes, &err), RC_OK, &err);
        CHECK_TEXT(got, "hello");
        CHECK_RC(frame_receive(pair[1], 5, 1000, &got, &bytes, &err), RC_TIMEOUT, &err);
        CHECK_RC(frame_send(pair[0], "hello!", 6, &err), RC_OK, &err);
        CHECK_RC(frame_receive(pair[1], 5, -1, &got, &bytes, &err), RC_TOO_BIG, &err);
        close(pair[0]);
        close(pair[1]);
        CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        CHECK_INT(write(pair[0], "\x09\0\0\0ab", 6), 6);
        close(pair[0]);
        CHECK_RC(frame_receive(pair[1], 100, -1, &got, &bytes, &err), RC_END, &err);
        close(pair[1]);
}

static void passphrases_are_private(void)
{
        CLEANUP(secret_freep) struct secret *secret = NULL;
        char path[] = "/tmp/test_pass_XXXXXX";
        struct err err = {0};
        const int fd = mkstemp(path);

        check_promise("a passphrase file that others can read is refused");
        CHECK_INT(write(fd, "open sesame\nrest", 16), 16);
        CHECK_INT(fchmod(fd, 0644), 0);
        CHECK_RC(secret_read_passphrase(path, "x", &secret, &err), RC_FORBIDDEN, &err);
        CHECK_INT(fchmod(fd, 0600), 0);
        CHECK_RC(secret_read_passphrase(path, "x", &secret, &err), RC_OK, &err);
        CHECK_BYTES(secret_view(secret), secret_length(secret), "open sesame", 11);
        close(fd);
        unlink(path);
}

static void errors_are_text(void)
{
        static const struct {
                const char *given;
                const char *want;
        } rows[] = {
                {"plain", "plain"},
                {"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", NULL},
                {"cut \xe2\x82", "cut ??"},
                {"\xff\xfe", "??"},
                {"\xc0\xaf overlong", "?? overlong"},
                {"\xed\xa0\x80 surrogate", "??? surrogate"},
                {"\xf4\x90\x80\x80 too high", "???? too high"},
                {"\x80 alone", "? alone"},
        };
        struct err err = {0};
        char euros[3 * 200 + 1];

        check_promise("the text of an error is UTF-8, whatever was put into it");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                check_case("row %zu", i);
                CHECK_RC(err_set(&err, RC_INVALID, "%s", rows[i].given), RC_INVALID, NULL);
                CHECK_TEXT(err.text, rows[i].want ? rows[i].want : rows[i].given);
        }
        for (int i = 0; i < 200; i++)
                memcpy(euros + 3 * i, "\xe2\x82\xac", 4);
        check_case("over the end");
        CHECK_RC(err_set(&err, RC_INVALID, "%s", euros), RC_INVALID, NULL);
        CHECK_TEXT(err.text + 252, "\xe2\x82\xac");
        CHECK_RC(err_prefix(&err, RC_INVALID, "ab"), RC_INVALID, NULL);
        CHECK_TEXT(err.text + 253, "??");
}

int main(void)
{
        struct err err;

        if (random_init(&err) != RC_OK)
                return 1;
        hex_keeps_bytes();
        base64_follows_rfc4648();
        times_are_rfc3339();
        builders_are_bounded();
        json_is_bounded();
        json_values_are_counted();
        settings_follow_their_rows();
        frames_arrive_whole();
        passphrases_are_private();
        errors_are_text();
        return check_end();
}
