/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/internal.h"
#include "tests/lib/check.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static enum rc any(void *world, struct request *request, struct response *response, struct err *err)
{
        (void)world;
        (void)request;
        (void)response;
        (void)err;
        return RC_OK;
}

#define ROW(methods, pattern, name)                                                                \
        {                                                                                          \
                methods, pattern, any, ROUTE_FAST, 0, 0, 0, NULL, name                             \
        }

static const struct route routes[] = {
        ROW(HTTP_GET, "/", "root"),
        ROW(HTTP_POST, "/v2/snaps/refresh", "refresh"),
        ROW(HTTP_GET, "/v2/snaps/info/{name}", "info"),
        ROW(HTTP_GET, "/v2/assertions/{type}/{key*}", "assertions"),
        ROW(HTTP_GET | HTTP_PUT, "/api/{a}/x/{b}", "two"),
        ROW(HTTP_DELETE, "/api/{a}/x/{b}", "two-delete"),
        ROW(HTTP_GET, "/api/{a}/x/special", "never-first"),
        ROW(HTTP_PATCH | HTTP_POST, "/slash/", "slash"),
        ROW(HTTP_GET, "/{a}/{b}/{c}/{d}/end", "four"),
        ROW(HTTP_GET, "/static/{file*}", "static"),
};

static const struct match_row {
        enum http_method method;
        const char *url; /* decoded by path_decode first */
        enum rc rc;
        const char *name;   /* or the methods allowed */
        const char *params; /* joined by | */
} match_rows[] = {
        {HTTP_GET, "/", RC_OK, "root", ""},
        {HTTP_HEAD, "/", RC_OK, "root", ""},
        {HTTP_POST, "/", RC_METHOD, "GET, HEAD", ""},
        {HTTP_GET, "//", RC_NOT_FOUND, "", ""},
        {HTTP_POST, "/v2/snaps/refresh", RC_OK, "refresh", ""},
        {HTTP_GET, "/v2/snaps/refresh", RC_METHOD, "POST", ""},
        {HTTP_HEAD, "/v2/snaps/refresh", RC_METHOD, "POST", ""},
        {HTTP_POST, "/v2/snaps/refresh/", RC_NOT_FOUND, "", ""},
        {HTTP_POST, "/v2/snaps/refres", RC_NOT_FOUND, "", ""},
        {HTTP_POST, "/v2/snaps/refreshh", RC_NOT_FOUND, "", ""},
        {HTTP_POST, "/V2/snaps/refresh", RC_NOT_FOUND, "", ""},
        {HTTP_POST, "/v2//snaps/refresh", RC_NOT_FOUND, "", ""},
        {HTTP_POST, "/%76%32/snaps/refresh", RC_OK, "refresh", ""},
        {HTTP_GET, "/v2/snaps/info/hello", RC_OK, "info", "hello"},
        {HTTP_HEAD, "/v2/snaps/info/hello", RC_OK, "info", "hello"},
        {HTTP_GET, "/v2/snaps/info/", RC_NOT_FOUND, "", ""},
        {HTTP_GET, "/v2/snaps/info", RC_NOT_FOUND, "", ""},
        {HTTP_GET, "/v2/snaps/info/a/b", RC_NOT_FOUND, "", ""},
        {HTTP_GET, "/v2/snaps/info/a%2fb", RC_NOT_FOUND, "", ""},
        {HTTP_GET, "/v2/snaps/info/a%20b", RC_OK, "info", "a b"},
        {HTTP_GET, "/v2/snaps/info/a+b", RC_OK, "info", "a+b"},
        {HTTP_GET, "/v2/snaps/info/%2525", RC_OK, "info", "%25"},
        {HTTP_GET, "/v2/snaps/info/{name}", RC_OK, "info", "{name}"},
        {HTTP_GET, "/v2/snaps/info/%C3%A9", RC_OK, "info", "\xc3\xa9"},
        {HTTP_DELETE, "/v2/snaps/info/x", RC_METHOD, "GET, HEAD", ""},
        {HTTP_GET, "/v2/assertions/model/16/b/m", RC_OK, "assertions", "model|16/b/m"},
        {HTTP_GET, "/v2/assertions/model/16%2Fb", RC_OK, "assertions", "model|16/b"},
        {HTTP_GET, "/v2/assertions/model/b/", RC_OK, "assertions", "model|b/"},
        {HTTP_GET, "/v2/assertions/model/", RC_NOT_FOUND, "", ""},
        {HTTP_GET, "/v2/assertions/model//b", RC_NOT_FOUND, "", ""},
        {HTTP_GET, "/v2/assertions/model", RC_NOT_FOUND, "", ""},
        {HTTP_GET, "/api/1/x/2", RC_OK, "two", "1|2"},
        {HTTP_PUT, "/api/1/x/2", RC_OK, "two", "1|2"},
        {HTTP_DELETE, "/api/1/x/2", RC_OK, "two-delete", "1|2"},
        {HTTP_POST, "/api/1/x/2", RC_METHOD, "GET, HEAD, PUT, DELETE", ""},
        {HTTP_GET, "/api/1/x/special", RC_OK, "two", "1|special"},
        {HTTP_GET, "/api/1/y/2", RC_NOT_FOUND, "", ""},
        {HTTP_GET, "/api//x/2", RC_NOT_FOUND, "", ""},
        {HTTP_POST, "/slash/", RC_OK, "slash", ""},
        {HTTP_PATCH, "/slash/", RC_OK, "slash", ""},
        {HTTP_POST, "/slash", RC_NOT_FOUND, "", ""},
        {HTTP_GET, "/slash/", RC_METHOD, "POST, PATCH", ""},
        {HTTP_GET, "/1/2/3/4/end", RC_OK, "four", "1|2|3|4"},
        {HTTP_GET, "/1/2/3/4/5/end", RC_NOT_FOUND, "", ""},
        {HTTP_GET, "/static/a/b/c", RC_OK, "static", "a/b/c"},
        {HTTP_GET, "/static/", RC_NOT_FOUND, "", ""},
        {0, "/static/a", RC_METHOD, "GET, HEAD", ""},
        {0, "/nothing", RC_NOT_FOUND, "", ""},
};

static void params_join(const char *params[ROUTE_PARAMS_MAX], char *text, size_t size)
{
        text[0] = '\0';
        for (size_t i = 0; i < ROUTE_PARAMS_MAX && params[i]; i++)
                snprintf(text + strlen(text), size - strlen(text), "%s%s", i ? "|" : "", params[i]);
}

static void test_match(void)
{
        check_promise("a method and a path find their row, or say what is wrong");
        for (size_t i = 0; i < ARRAY_COUNT(match_rows); i++) {
                const struct match_row *row = &match_rows[i];
                CLEANUP(arena_freep) struct arena *arena = arena_new(64 * KIB);
                const struct route *route = NULL;
                const char *params[ROUTE_PARAMS_MAX] = {NULL};
                const char *path = NULL;
                unsigned allowed = 0;
                char text[128];
                struct err err;
                enum rc rc;

                check_case("%d %s", row->method, row->url);
                rc = path_decode(row->url, arena, &path, &err);
                CHECK_RC(rc, RC_OK, &err);
                rc = route_match(routes, ARRAY_COUNT(routes), row->method, path, arena, &route,
                                 params, &allowed);
                CHECK_RC(rc, row->rc, NULL);
                methods_format(allowed, text, sizeof(text));
                CHECK_TEXT(rc == RC_OK && route ? route->name : text, row->name);
                params_join(params, text, sizeof(text));
                CHECK_TEXT(text, row->params);
        }
}

static const struct path_row {
        const char *url;
        enum rc rc;
        const char *path;
} path_rows[] = {
        {"/", RC_OK, "/"},
        {"/a%2Fb", RC_OK, "/a/b"},
        {"/a%2e%2eb", RC_OK, "/a..b"},
        {"/...", RC_OK, "/..."},
        {"/%E2%82%AC/\xf0\x9f\x98\x80", RC_OK, "/\xe2\x82\xac/\xf0\x9f\x98\x80"},
        {"", RC_INVALID, NULL},
        {"a", RC_INVALID, NULL},
        {"*", RC_INVALID, NULL},
        {"http://host/a", RC_INVALID, NULL},
        {"/%", RC_INVALID, NULL},
        {"/%4", RC_INVALID, NULL},
        {"/%4g", RC_INVALID, NULL},
        {"/%g4", RC_INVALID, NULL},
        {"/%00", RC_INVALID, NULL},
        {"/a%00b", RC_INVALID, NULL},
        {"/%0a", RC_INVALID, NULL},
        {"/%7f", RC_INVALID, NULL},
        {"/a\tb", RC_INVALID, NULL},
        {"/..", RC_INVALID, NULL},
        {"/../etc/passwd", RC_INVALID, NULL},
        {"/a/../b", RC_INVALID, NULL},
        {"/a/./b", RC_INVALID, NULL},
        {"/a/%2e%2e/b", RC_INVALID, NULL},
        {"/a%2f..%2fb", RC_INVALID, NULL},
        {"/a/..", RC_INVALID, NULL},
        {"/%80", RC_INVALID, NULL},
        {"/%c0%af", RC_INVALID, NULL},
        {"/%c3", RC_INVALID, NULL},
        {"/%e0%80%af", RC_INVALID, NULL},
        {"/%ed%a0%80", RC_INVALID, NULL},
        {"/%f0%80%80%80", RC_INVALID, NULL},
        {"/%f4%90%80%80", RC_INVALID, NULL},
        {"/%f5%80%80%80", RC_INVALID, NULL},
};

static void test_path(void)
{
        static char longest[REQUEST_URL_MAX + 2];
        CLEANUP(arena_freep) struct arena *arena = arena_new(64 * KIB);
        const char *path = NULL;
        struct err err;
        enum rc rc;

        check_promise("a path is decoded once; what could mean two things is refused");
        for (size_t i = 0; i < ARRAY_COUNT(path_rows); i++) {
                path = NULL;
                check_case("%s", path_rows[i].url);
                rc = path_decode(path_rows[i].url, arena, &path, &err);
                CHECK_RC(rc, path_rows[i].rc, &err);
                CHECK_TEXT(path ? path : "(none)",
                           path_rows[i].path ? path_rows[i].path : "(none)");
        }
        memset(longest, '/', REQUEST_URL_MAX + 1);
        check_case("one byte too long");
        CHECK_RC(path_decode(longest, arena, &path, &err), RC_TOO_BIG, NULL);
        longest[REQUEST_URL_MAX] = '\0';
        check_case("as long as can be");
        CHECK_RC(path_decode(longest, arena, &path, &err), RC_OK, &err);
        check_case("query arguments");
        CHECK_RC(query_decode("a%2Bb c", 7, arena, &path, &err), RC_OK, &err);
        CHECK_TEXT(path, "a+b c");
        CHECK_RC(query_decode("a%00b", 5, arena, &path, &err), RC_INVALID, NULL);
        CHECK_RC(query_decode("%ff", 3, arena, &path, &err), RC_INVALID, NULL);
        CHECK_RC(query_decode(longest, QUERY_VALUE_MAX, arena, &path, &err), RC_TOO_BIG, NULL);
        CHECK_RC(query_decode(longest, QUERY_VALUE_MAX - 1, arena, &path, &err), RC_OK, &err);
}

static const struct range_row {
        const char *text;
        uint64_t size;
        enum rc rc;
        uint64_t first;
        uint64_t last;
} range_rows[] = {
        {NULL, 10, RC_NOT_FOUND, 0, 0},
        {"", 10, RC_NOT_FOUND, 0, 0},
        {"bytes=0-", 10, RC_OK, 0, 9},
        {"bytes=5-", 10, RC_OK, 5, 9},
        {"bytes=9-", 10, RC_OK, 9, 9},
        {"bytes=10-", 10, RC_RANGE, 0, 0},
        {"bytes=0-0", 10, RC_OK, 0, 0},
        {"bytes=2-4", 10, RC_OK, 2, 4},
        {"bytes=2-99", 10, RC_OK, 2, 9},
        {"bytes=4-2", 10, RC_NOT_FOUND, 0, 0},
        {"bytes=-3", 10, RC_OK, 7, 9},
        {"bytes=-10", 10, RC_OK, 0, 9},
        {"bytes=-99", 10, RC_OK, 0, 9},
        {"bytes=-0", 10, RC_RANGE, 0, 0},
        {"bytes=0-", 0, RC_RANGE, 0, 0},
        {"bytes=-1", 0, RC_RANGE, 0, 0},
        {"BYTES=1-2", 10, RC_OK, 1, 2},
        {"bytes=0-1,3-4", 10, RC_NOT_FOUND, 0, 0},
        {"bytes=-1,0-", 10, RC_NOT_FOUND, 0, 0},
        {"items=0-1", 10, RC_NOT_FOUND, 0, 0},
        {"bytes=", 10, RC_NOT_FOUND, 0, 0},
        {"bytes=-", 10, RC_NOT_FOUND, 0, 0},
        {"bytes=a-b", 10, RC_NOT_FOUND, 0, 0},
        {"bytes=1", 10, RC_NOT_FOUND, 0, 0},
        {"bytes=1-2x", 10, RC_NOT_FOUND, 0, 0},
        {"bytes= 1-2", 10, RC_NOT_FOUND, 0, 0},
        {"bytes=+1-2", 10, RC_NOT_FOUND, 0, 0},
        {"bytes=--1", 10, RC_NOT_FOUND, 0, 0},
        {"bytes=18446744073709551615-", 10, RC_RANGE, 0, 0},
        {"bytes=99999999999999999999999-", 10, RC_RANGE, 0, 0},
        {"bytes=1-99999999999999999999999", 10, RC_OK, 1, 9},
        {"bytes=-99999999999999999999999", 10, RC_OK, 0, 9},
        {"bytes=18446744073709551616-18446744073709551617", 10, RC_RANGE, 0, 0},
        {"bytes=4294967296-", 5000000000, RC_OK, 4294967296, 4999999999},
};

static void test_range(void)
{
        check_promise("a range is what RFC 9110 says, or the whole is served");
        for (size_t i = 0; i < ARRAY_COUNT(range_rows); i++) {
                uint64_t first = 77;
                uint64_t last = 78;
                const enum rc rc =
                        range_parse(range_rows[i].text, range_rows[i].size, &first, &last);

                check_case("%s of %" PRIu64, range_rows[i].text ? range_rows[i].text : "(absent)",
                           range_rows[i].size);
                CHECK_RC(rc, range_rows[i].rc, NULL);
                CHECK_INT(first, rc == RC_OK ? range_rows[i].first : 77);
                CHECK_INT(last, rc == RC_OK ? range_rows[i].last : 78);
        }
}

static void test_etag(void)
{
        static const struct {
                const char *header;
                bool listed;
                bool if_range;
        } rows[] = {
                {NULL, false, true},
                {"", false, false},
                {"\"abc\"", true, true},
                {"W/\"abc\"", true, false},
                {"*", true, false},
                {"abc", false, false},
                {"\"ab\"", false, false},
                {"\"abcd\"", false, false},
                {"\"x\", \"abc\"", true, false},
                {"\"x\" ,W/\"y\",\t\"abc\"", true, false},
                {"\"x\", abc", false, false},
                {"\"abc", false, false},
                {"\"", false, false},
                {",,,", false, false},
                {"Mon, 23 Nov 2026 09:00:00 GMT", false, false},
        };

        check_promise("If-None-Match compares weakly, If-Range strongly");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                check_case("%s", rows[i].header ? rows[i].header : "(absent)");
                CHECK_INT(etag_listed(rows[i].header, "abc"), rows[i].listed);
                CHECK_INT(etag_if_range(rows[i].header, "abc"), rows[i].if_range);
        }
        CHECK(!etag_listed("*", ""));
        CHECK(!etag_if_range("\"\"", ""));
}

static const struct sink_type no_sink;

static void test_rows(void)
{
        static const struct {
                const char *what;
                struct route row;
                enum rc rc;
        } rows[] = {
                {"a good row", ROW(HTTP_GET, "/a/{b}/{c*}", "x"), RC_OK},
                {"no methods", ROW(0, "/a", "x"), RC_INVALID},
                {"foreign methods", ROW(1 << 9, "/a", "x"), RC_INVALID},
                {"relative", ROW(HTTP_GET, "a", "x"), RC_INVALID},
                {"no pattern", ROW(HTTP_GET, NULL, "x"), RC_INVALID},
                {"no name", ROW(HTTP_GET, "/a", NULL), RC_INVALID},
                {"open brace", ROW(HTTP_GET, "/{a", "x"), RC_INVALID},
                {"closing brace", ROW(HTTP_GET, "/a}", "x"), RC_INVALID},
                {"empty braces", ROW(HTTP_GET, "/{}", "x"), RC_INVALID},
                {"braces in braces", ROW(HTTP_GET, "/{a{b}}", "x"), RC_INVALID},
                {"half a segment", ROW(HTTP_GET, "/x{a}", "x"), RC_INVALID},
                {"half a segment, behind", ROW(HTTP_GET, "/{a}x", "x"), RC_INVALID},
                {"side by side", ROW(HTTP_GET, "/{a}{b}", "x"), RC_INVALID},
                {"a star in the middle", ROW(HTTP_GET, "/{a*}/b", "x"), RC_INVALID},
                {"five", ROW(HTTP_GET, "/{a}/{b}/{c}/{d}/{e}", "x"), RC_INVALID},
                {"no handler", {HTTP_GET, "/", NULL, ROUTE_FAST, 0, 0, 0, NULL, "x"}, RC_INVALID},
                {"a sink on the epoll thread",
                 {HTTP_PUT, "/", any, ROUTE_FAST, 0, 0, 9, &no_sink, "x"},
                 RC_INVALID},
                {"a sink without a body",
                 {HTTP_PUT, "/", any, ROUTE_POOL, 0, 0, 0, &no_sink, "x"},
                 RC_INVALID},
                {"a sink", {HTTP_PUT, "/", any, ROUTE_POOL, 0, 0, 9, &no_sink, "x"}, RC_OK},
        };

        check_promise("a route row that cannot be served is named at the start");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                struct err err = {0};

                check_case("%s", rows[i].what);
                CHECK_RC(routes_check(&rows[i].row, 1, &err), rows[i].rc, &err);
        }
}

static unsigned released;

static void release_count(void *owner)
{
        released += *(unsigned *)owner;
}

static void test_response(void)
{
        struct buf out = BUF_INIT(16);
        struct buf small = BUF_INIT(2);
        struct response response;
        unsigned one = 1;

        check_promise("a response owns its body and lets go of it once");
        response_init(&response);
        response_shared(&response, "text/plain", "abc", 3, release_count, &one);
        response_header(&response, "X-Kept", "1");
        response_reset(&response);
        CHECK_INT(released, 1);
        CHECK_INT(response.kind, BODY_NONE);
        CHECK(response.headers && strcmp(response.headers->value, "1") == 0);
        buf_text(&out, "hello");
        response_body(&response, "text/plain", &out);
        CHECK(!out.data && response.bytes == 5);
        response_fini(&response);
        CHECK_INT(released, 1);
        CHECK(!response.headers);

        check_promise("what could not be built is not half sent");
        response_init(&response);
        buf_text(&small, "too long");
        response_body(&response, "text/plain", &small);
        CHECK(response.failed);
        response_reset(&response);
        CHECK(!response.failed);
        for (unsigned i = 0; i < RESPONSE_HEADERS_MAX; i++)
                response_header(&response, "A", "b");
        CHECK(!response.failed);
        response_header(&response, "A", "b");
        CHECK(response.failed);
        response_fini(&response);
}

struct counted {
        struct job job;
        atomic_uint *ran;
        atomic_uint *dropped;
        unsigned msec;
};

static void counted_run(struct job *job, bool dropped)
{
        struct counted *counted = (struct counted *)job;
        const struct timespec time = {0, counted->msec * 1000000};

        if (dropped) {
                atomic_fetch_add(counted->dropped, 1);
                return;
        }
        nanosleep(&time, NULL);
        atomic_fetch_add(counted->ran, 1);
}

static void test_pool(void)
{
        const struct timespec moment = {0, 50 * 1000000};
        atomic_uint ran = 0;
        atomic_uint dropped = 0;
        struct counted jobs[8];
        struct pool *pool = NULL;
        struct err err;

        check_promise("the pool takes what fits, refuses the rest, and loses nothing");
        CHECK_RC(pool_start(1, 2, &pool, &err), RC_OK, &err);
        for (size_t i = 0; i < ARRAY_COUNT(jobs); i++)
                jobs[i] = (struct counted){
                        .job = {.run = counted_run}, .ran = &ran, .dropped = &dropped, .msec = 300};
        CHECK(pool_push(pool, &jobs[0].job, false));
        nanosleep(&moment, NULL); /* the only thread has it now */
        CHECK(pool_push(pool, &jobs[1].job, false));
        CHECK(pool_push(pool, &jobs[2].job, false));
        CHECK(!pool_push(pool, &jobs[3].job, false));
        CHECK(pool_push(pool, &jobs[4].job, true));
        pool_stop(pool);
        CHECK_INT(ran, 1);
        CHECK_INT(dropped, 3);
        CHECK(!pool_push(pool, &jobs[5].job, true));
        pool_freep(&pool);
        CHECK(!pool);
}

int main(void)
{
        test_match();
        test_path();
        test_range();
        test_etag();
        test_rows();
        test_response();
        test_pool();
        return check_end();
}
