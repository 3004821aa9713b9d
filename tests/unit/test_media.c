/* SPDX-License-Identifier: Apache-2.0 */
/* What a picture may measure, and which addresses a package may name: tables. */
#include "core/model/link.h"
#include "core/model/media.h"
#include "tests/lib/check.h"
#include <string.h>

static const struct {
        enum media_kind kind;
        uint32_t width;
        uint32_t height;
        uint64_t bytes;
        const char *code; /* NULL: taken */
} media_rows[] = {
        {MEDIA_ICON, 256, 256, 1000, NULL},
        {MEDIA_ICON, 16, 1024, 300000, NULL},
        {MEDIA_ICON, 256, 256, 300001, "media-size"},
        {MEDIA_ICON, 256, 256, 0, "media-size"},
        {MEDIA_ICON, 15, 256, 1000, "media-dimensions"},
        {MEDIA_ICON, 256, 1025, 1000, "media-dimensions"},
        {MEDIA_SCREENSHOT, 1, 4096, 2 * MIB, NULL},
        {MEDIA_SCREENSHOT, 1920, 1080, 2 * MIB + 1, "media-size"},
        {MEDIA_SCREENSHOT, 4097, 1, 1000, "media-dimensions"},
        {MEDIA_SCREENSHOT, 0, 1, 1000, "media-dimensions"},
};

static void test_media(void)
{
        enum media_kind kind = MEDIA_SCREENSHOT;
        enum media_format format = MEDIA_JPEG;

        check_promise("snapd takes icons of 1 to 300000 bytes, and no picture is a burden");
        for (size_t i = 0; i < ARRAY_COUNT(media_rows); i++) {
                const struct media_info info = {MEDIA_PNG, media_rows[i].width,
                                                media_rows[i].height};
                const char *code = media_rows[i].code;
                struct err err = {.code = ""};

                check_case("row %zu", i);
                CHECK_RC(media_check(media_rows[i].kind, &info, media_rows[i].bytes, &err),
                         code ? RC_INVALID : RC_OK, &err);
                CHECK_TEXT(err.code, code ? code : "");
        }
        check_promise("names of kinds and formats are read back");
        CHECK_RC(media_kind_parse(media_kind_name(MEDIA_ICON), &kind, NULL), RC_OK, NULL);
        CHECK_INT(kind, MEDIA_ICON);
        CHECK_RC(media_kind_parse("banner", &kind, NULL), RC_INVALID, NULL);
        CHECK_RC(media_format_parse(media_format_name(MEDIA_PNG), &format, NULL), RC_OK, NULL);
        CHECK_INT(format, MEDIA_PNG);
        CHECK_RC(media_format_parse("svg", &format, NULL), RC_INVALID, NULL);
        CHECK_TEXT(media_format_type(MEDIA_JPEG), "image/jpeg");
}

static void test_links(void)
{
        static const char *const good[] = {"https://a.example",       "http://a.example/x?y=1#z",
                                           "HTTPS://A.example:8443/", "mailto:ann@a.example",
                                           "ann@a.example",           "https://[::1]/x"};
        static const char *const bad[] = {"",
                                          "a.example",
                                          "ftp://a.example",
                                          "javascript:alert(1)",
                                          "data:text/html,x",
                                          "https://",
                                          "https:///x",
                                          "http://:80/",
                                          "https://user@a.example/",
                                          "https://a.example/ x",
                                          "https://a.example/\"",
                                          "https://a.example/<b>",
                                          "https://a.example/\n",
                                          "https://a.example/\xc3\xa4",
                                          "mailto:ann",
                                          "mailto:@a",
                                          "mailto:a@b@c",
                                          "file:///etc/passwd"};
        static const char *const kinds[] = {"website", "source-code", "x"};
        static const char *const no_kinds[] = {
                "", "-a", "a-", "a--b", "1a", "a b", "a_b", "a12345678901234567890123456789012"};
        char long_url[LINK_URL_MAX + 2] = "https://a.example/";

        check_promise("an address is http, https or mail, plain, and no other scheme gets through");
        for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
                check_case("%s", good[i]);
                CHECK(link_url_is_valid(good[i]));
        }
        for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
                check_case("%s", bad[i]);
                CHECK(!link_url_is_valid(bad[i]));
        }
        check_case("one byte too long");
        memset(long_url + strlen(long_url), 'a', LINK_URL_MAX + 1 - strlen(long_url));
        CHECK(!link_url_is_valid(long_url));
        long_url[LINK_URL_MAX] = '\0';
        CHECK(link_url_is_valid(long_url));
        check_promise("kinds of links are those that snapd takes");
        for (size_t i = 0; i < ARRAY_COUNT(kinds); i++)
                CHECK(link_kind_is_valid(kinds[i]));
        for (size_t i = 0; i < ARRAY_COUNT(no_kinds); i++) {
                check_case("%s", no_kinds[i]);
                CHECK(!link_kind_is_valid(no_kinds[i]));
        }
}

int main(void)
{
        test_media();
        test_links();
        return check_end();
}
