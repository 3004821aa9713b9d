/* SPDX-License-Identifier: Apache-2.0 */
/* Reading assertions: the vector, the grammar with its refusals, broken and hostile texts, streams.
 */
#include "core/base/fs.h"
#include "core/model/assertion_type.h"
#include "tests/lib/check.h"
#include <stdlib.h>
#include <string.h>

#define KEY_ID "HdBQSgUzqNX9V37eu36NsmoYM-6OJ2xoRJTflxENcQpIQIYz012cjEmAOLZ6kqeJ"
#define HEAD                                                                                       \
        "type: store\nauthority-id: acme\nstore: s1\noperator-id: acme\n"                          \
        "timestamp: 2026-01-01T00:00:00Z\n"
#define TAIL   "sign-key-sha3-384: " KEY_ID
#define SIGNED "\n\nAQEB\n"
#define WHOLE  HEAD TAIL SIGNED

static const char vector_path[] = "tests/vectors/assertion/app-a.assert";

static enum rc parse(struct arena *arena, const void *data, size_t bytes, struct assertion **ret,
                     struct err *err)
{
        *ret = NULL;
        return assertion_parse(arena, data, bytes, ret, err);
}

static void vector_is_read(void)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(4 * MIB);
        CLEANUP(pubkey_freep) struct pubkey *key = NULL;
        CLEANUP(fs_freep) char *text = NULL;
        struct err err = {0};
        struct digest digest;
        char hex[DIGEST_HEX_CHARS + 1];
        struct assertion *got;
        const struct value *demo;
        const char *device_key;
        size_t bytes = 0;

        check_promise("the published vector is read to its last byte and its signature holds");
        CHECK_RC(fs_read_file(vector_path, MIB, &text, &bytes, &err), RC_OK, &err);
        CHECK_RC(parse(arena, text, bytes, &got, &err), RC_OK, &err);
        CHECK_BYTES(got->bytes, got->bytes_count, text, bytes);
        CHECK_INT(got->content_count, 470);
        sha3_384(got->bytes, got->content_count, &digest);
        digest_hex(&digest, hex);
        CHECK_TEXT(hex, "a6cad8b80db8d17c96e14ae2017caba4fc0c970585affc3466717ed4a45a7055"
                        "73aba9d39a5fc88f088b7980533d34db");
        CHECK_BYTES(got->body, got->body_count, "hello\n", 6);
        CHECK_TEXT(got->key_id, KEY_ID);
        CHECK(got->authority == NULL);
        CHECK_TEXT(assertion_ref(arena, got), "serial-request");
        demo = assertion_value(got, "zz-demo");
        CHECK_INT(demo->kind, VALUE_LIST);
        CHECK_INT(demo->count, 3);
        CHECK_TEXT(demo->items[0].text, "one");
        CHECK_TEXT(value_text(&demo->items[1], "k"), "v");
        CHECK_TEXT(value_text(value_find(&demo->items[1], "m"), "x"), "y");
        CHECK_TEXT(demo->items[2].text, "two\nlines");
        device_key = assertion_text(got, "device-key");
        CHECK_RC(pubkey_parse(device_key, strlen(device_key), &key, &err), RC_OK, &err);
        CHECK_RC(assertion_verify(got, key, &err), RC_OK, &err);
}

static void damaged_vector_is_refused(void)
{
        CLEANUP(pubkey_freep) struct pubkey *key = NULL;
        CLEANUP(arena_freep) struct arena *arena = arena_new(4 * MIB);
        CLEANUP(fs_freep) char *text = NULL;
        struct err err = {0};
        struct assertion *got;
        const char *device_key;
        size_t bytes = 0;

        CHECK_RC(fs_read_file(vector_path, MIB, &text, &bytes, &err), RC_OK, &err);
        CHECK_RC(parse(arena, text, bytes, &got, &err), RC_OK, &err);
        device_key = assertion_text(got, "device-key");
        CHECK_RC(pubkey_parse(device_key, strlen(device_key), &key, &err), RC_OK, &err);

        check_promise("an assertion cut at any byte does not verify, and without a signature it is "
                      "invalid");
        for (size_t cut = 0; cut < bytes - 1; cut++) {
                /* A copy of exactly that size, so that a sanitizer sees any step past the end. */
                CLEANUP(fs_freep) char *part = malloc(cut + 1);
                enum rc rc;

                arena_reset(arena);
                check_case("cut at %zu", cut);
                memcpy(part, text, cut);
                rc = parse(arena, part, cut, &got, &err);
                if (cut < 472 + 4)
                        CHECK_RC(rc, RC_INVALID, &err);
                else if (rc == RC_OK)
                        CHECK_RC(assertion_verify(got, key, &err), RC_UNTRUSTED, &err);
                else
                        CHECK_RC(rc, RC_INVALID, &err);
        }

        check_promise("an assertion with one bit changed is invalid or does not verify");
        for (size_t bit = 0; bit < (bytes - 1) * 8; bit++) {
                enum rc rc;

                arena_reset(arena);
                check_case("bit %zu of byte %zu", bit % 8, bit / 8);
                text[bit / 8] ^= (char)(1 << bit % 8);
                rc = parse(arena, text, bytes, &got, &err);
                if (rc == RC_OK)
                        rc = assertion_verify(got, key, &err);
                /* The bit count of the signature's number: snapd's own signer rounds it up to whole
                 * bytes, so 1023 for 1022 says the same number. */
                if (bit == 499 * 8 + 2)
                        CHECK_RC(rc, RC_OK, &err);
                else
                        CHECK(rc == RC_INVALID || rc == RC_UNTRUSTED);
                text[bit / 8] ^= (char)(1 << bit % 8);
        }
}

static const struct {
        const char *text;
        const char *want; /* a part of the message; NULL: accepted */
} grammar[] = {
        {WHOLE, NULL},
        {HEAD TAIL "\n\nAQEB", NULL},
        {TAIL "\n" HEAD "x: y\n\nAQEB", NULL},
        {TAIL "\ntimestamp: 2026-01-01T00:00:00Z\noperator-id: acme\nstore: s1\n"
              "authority-id: acme\ntype: store" SIGNED,
         NULL},
        {HEAD "body-length: 0\n" TAIL "\n\n\n\nAQEB\n", NULL},
        {HEAD "x: \n" TAIL SIGNED, NULL},
        {HEAD "x:   spaces kept  \n" TAIL SIGNED, NULL},
        {HEAD "x:\n    a\n    \n      b\n" TAIL SIGNED, NULL},
        {HEAD "revision: 0\nformat: 0\n" TAIL SIGNED, NULL},
        {HEAD "x:\n  - a\n  -\n    - b\n  -\n    c: d\n" TAIL SIGNED, NULL},
        {"", "empty"},
        {"\n", "empty line after"},
        {"\n\n", "empty line"},
        {"\n\nAQEB", "empty line"},
        {"type: store\r\nstore: s1\r\n\r\nAQEB\r\n", "carriage return"},
        {HEAD "x: a\r\n" TAIL SIGNED, "carriage return"},
        {HEAD "x: a\rb\n" TAIL SIGNED, "carriage return"},
        {HEAD "x: \xff\n" TAIL SIGNED, "UTF-8"},
        {HEAD "x: \xc0\x80\n" TAIL SIGNED, "UTF-8"},
        {HEAD "x: \xed\xa0\x80\n" TAIL SIGNED, "UTF-8"},
        {HEAD "x: \xe2\x82\n" TAIL SIGNED, "UTF-8"},
        {HEAD "x: \xf5\x80\x80\x80\n" TAIL SIGNED, "UTF-8"},
        {HEAD "store: s2\n" TAIL SIGNED, "\"store\" is given twice"},
        {HEAD "x:\n  a: 1\n  b: 2\n  a: 3\n" TAIL SIGNED, "\"a\" is given twice"},
        {HEAD "x:y\n" TAIL SIGNED, "expected a space"},
        {HEAD "x\n" TAIL SIGNED, "name: value"},
        {HEAD "X: y\n" TAIL SIGNED, "not a header name"},
        {HEAD "-x: y\n" TAIL SIGNED, "not a header name"},
        {HEAD "x-: y\n" TAIL SIGNED, "not a header name"},
        {HEAD "x--y: z\n" TAIL SIGNED, "not a header name"},
        {HEAD "1x: y\n" TAIL SIGNED, "not a header name"},
        {HEAD ": y\n" TAIL SIGNED, "not a header name"},
        {HEAD "x_y: z\n" TAIL SIGNED, "not a header name"},
        {HEAD " x: y\n" TAIL SIGNED, "indentation"},
        {HEAD "x:\n" TAIL SIGNED, "value is missing"},
        {HEAD "x:\n y: z\n" TAIL SIGNED, "value is missing"},
        {HEAD "x:\n   y: z\n" TAIL SIGNED, "value is missing"},
        {HEAD "x: y\n  z: 1\n" TAIL SIGNED, "indentation"},
        {HEAD "x:\n  - a\n  b: c\n" TAIL SIGNED, "expected \"-\""},
        {HEAD "x:\n  a: b\n  - c\n" TAIL SIGNED, "name: value"},
        {HEAD "x:\n  -a\n" TAIL SIGNED, "expected a space"},
        {HEAD "x:\n  -\n  - a\n" TAIL SIGNED, "value is missing"},
        {HEAD "x:\n    a\n   b\n" TAIL SIGNED, "indentation"},
        {HEAD "revision: 01\n" TAIL SIGNED, "\"revision\""},
        {HEAD "revision: -1\n" TAIL SIGNED, "\"revision\""},
        {HEAD "revision:\n  - 1\n" TAIL SIGNED, "\"revision\""},
        {HEAD "format: x\n" TAIL SIGNED, "\"format\""},
        {HEAD "format: 4294967296\n" TAIL SIGNED, "\"format\""},
        {HEAD "body-length: 1\n" TAIL SIGNED, "body-length"},
        {HEAD "body-length: 3\n" TAIL "\n\nabcd" SIGNED, "body-length"},
        {HEAD "body-length: 5\n" TAIL "\n\nabcd" SIGNED, "body-length"},
        {HEAD "body-length: 04\n" TAIL "\n\nabcd" SIGNED, "body-length"},
        {HEAD "body-length: 18446744073709551615\n" TAIL "\n\nabcd" SIGNED, "body-length"},
        {HEAD "body-length: 9223372036854775807\n" TAIL "\n\nabcd" SIGNED, "body is over"},
        {HEAD TAIL "\n\nabcd" SIGNED, "more after the signature"},
        {HEAD "body-length: 2\n" TAIL "\n\n\xff\xff" SIGNED, "body is not UTF-8"},
        {HEAD TAIL "\nAQEB\n", "empty line after the headers"},
        {HEAD TAIL "\n\n", "signature is missing"},
        {HEAD TAIL "\n\n\n", "signature is missing"},
        {HEAD TAIL "\n\n\nAQEB\n", "signature is missing"},
        {HEAD TAIL "\n\nAQEB\n\n", "more after the signature"},
        {HEAD TAIL "\n\nAQEB\n\nmore", "more after the signature"},
        {HEAD TAIL "\n\nnot base64!\n", "not base64"},
        {HEAD TAIL "\n\nAQEB\nAQ\n", "not base64"},
        {HEAD TAIL "\n\nAQEB\r\n", "not base64"},
        {HEAD TAIL "\n\nAAEB\n", "version 0"},
        {HEAD TAIL "\n\nAwEB\n", "version 3"},
        {HEAD TAIL "\n\nAgEB\n", "Ed25519"},
        {"store: s1\n" TAIL SIGNED, "\"type\" is missing"},
        {"type: no-such\n" TAIL SIGNED, "unknown assertion type"},
        {"type:\n  - store\n" TAIL SIGNED, "\"type\" is missing"},
        {HEAD "x: y" SIGNED, "sign-key-sha3-384"},
        {HEAD "sign-key-sha3-384: abc" SIGNED, "sign-key-sha3-384"},
};

static void grammar_is_kept(void)
{
        for (size_t i = 0; i < ARRAY_COUNT(grammar); i++) {
                CLEANUP(arena_freep) struct arena *arena = arena_new(8 * MIB);
                struct assertion *got;
                struct err err = {0};
                const enum rc rc =
                        parse(arena, grammar[i].text, strlen(grammar[i].text), &got, &err);

                check_case("row %zu: %s", i, grammar[i].text);
                if (!grammar[i].want) {
                        check_promise("every form of the grammar is read, and kept byte for byte");
                        CHECK_RC(rc, RC_OK, &err);
                        CHECK_TEXT(got ? got->bytes : "", grammar[i].text);
                        continue;
                }
                check_promise("what breaks the grammar is refused, and the message says how");
                CHECK(rc == RC_INVALID || rc == RC_TOO_BIG);
                CHECK(got == NULL);
                if (!strstr(err.text, grammar[i].want))
                        CHECK_TEXT(err.text, grammar[i].want);
        }
}

static void values_are_verbatim(void)
{
        static const char text[] = HEAD "a: \nb:   x  \nc:\n    1\n    \n      3\nd:\n  k:\n    - "
                                        "p: q\n    -\n          deep\n" TAIL SIGNED;
        CLEANUP(arena_freep) struct arena *arena = arena_new(8 * MIB);
        struct err err = {0};
        struct assertion *got;
        const struct value *list;

        check_promise("texts keep every space, empty lines and dashes as they came");
        CHECK_RC(parse(arena, text, strlen(text), &got, &err), RC_OK, &err);
        CHECK_TEXT(assertion_text(got, "a"), "");
        CHECK_TEXT(assertion_text(got, "b"), "  x  ");
        CHECK_TEXT(assertion_text(got, "c"), "1\n\n  3");
        list = value_find(assertion_value(got, "d"), "k");
        CHECK_INT(list->count, 2);
        CHECK_TEXT(list->items[0].text, "p: q");
        CHECK_TEXT(list->items[1].text, "  deep");
        CHECK(assertion_text(got, "d") == NULL);
        CHECK(assertion_value(got, "e") == NULL);
        CHECK(value_find(list, "k") == NULL);
}

/* A header with `depth` nested lists in it; the headers themselves are one more level. */
static void nest_put(struct buf *out, unsigned depth)
{
        buf_text(out, HEAD "x:");
        for (unsigned i = 1; i <= depth; i++)
                buf_printf(out, "\n%*s-", (int)(i * 2), "");
        buf_text(out, " y\n" TAIL SIGNED);
}

static void bounds_hold(void)
{
        static const struct {
                const char *what;
                unsigned nest;
                unsigned values;
                size_t filler;
                size_t signature;
                enum rc want;
        } rows[] = {
                {"15 lists in the headers", 15, 0, 0, 0, RC_OK},
                {"16 lists in the headers", 16, 0, 0, 0, RC_INVALID},
                {"300 lists", 300, 0, 0, 0, RC_INVALID},
                {"4096 values, 8 of them headers", 0, 4088, 0, 0, RC_OK},
                {"4097 values", 0, 4089, 0, 0, RC_INVALID},
                {"headers under 128 KiB", 0, 0, 127 * KIB, 0, RC_OK},
                {"headers over 128 KiB", 0, 0, 128 * KIB, 0, RC_TOO_BIG},
                {"signature under 128 KiB", 0, 0, 0, 127 * KIB, RC_OK},
                {"signature over 128 KiB", 0, 0, 0, 132 * KIB, RC_TOO_BIG},
        };

        check_promise("depth, number of values and sizes end at their stated bounds");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                CLEANUP(buf_fini) struct buf text = BUF_INIT(MIB);
                CLEANUP(arena_freep) struct arena *arena = arena_new(8 * MIB);
                struct assertion *got;
                struct err err = {0};

                check_case("%s", rows[i].what);
                if (rows[i].nest) {
                        nest_put(&text, rows[i].nest);
                } else {
                        buf_text(&text, HEAD "x:\n  - a\n");
                        for (unsigned k = 1; k < rows[i].values; k++)
                                buf_text(&text, "  - a\n");
                        buf_text(&text, "y: ");
                        for (size_t k = 0; k < rows[i].filler; k++)
                                buf_char(&text, 'f');
                        buf_text(&text, "\n" TAIL SIGNED);
                        text.len--;
                        for (size_t k = 0; k < rows[i].signature; k += 4)
                                buf_text(&text, "AQEB");
                }
                CHECK_RC(buf_finish(&text, &err), RC_OK, &err);
                CHECK_RC(parse(arena, text.data, text.len, &got, &err), rows[i].want, &err);
        }
}

static void zero_bytes_are_refused(void)
{
        static const char text[] = HEAD "body-length: 4\n" TAIL "\n\nabcd" SIGNED;
        CLEANUP(arena_freep) struct arena *arena = arena_new(32 * MIB);

        check_promise("a NUL anywhere is refused, so a C text never ends early");
        for (size_t i = 0; i < sizeof(text) - 2; i++) {
                char copy[sizeof(text)];
                struct assertion *got;
                struct err err = {0};

                check_case("NUL at %zu", i);
                arena_reset(arena);
                memcpy(copy, text, sizeof(text));
                copy[i] = '\0';
                CHECK_RC(parse(arena, copy, sizeof(text) - 1, &got, &err), RC_INVALID, &err);
        }
}

static void streams_are_read(void)
{
        static const struct {
                const char *text;
                size_t count;
                enum rc end;
        } rows[] = {
                {"", 0, RC_END},
                {WHOLE, 1, RC_END},
                {WHOLE "\n", 1, RC_END},
                {WHOLE "\n" WHOLE, 2, RC_END},
                {WHOLE "\n" WHOLE "\n", 2, RC_END},
                {WHOLE "\n" WHOLE "\n" HEAD TAIL "\n\nAQEB", 3, RC_END},
                {HEAD "body-length: 4\n" TAIL "\n\n\n\n\n\n" SIGNED "\n" WHOLE, 2, RC_END},
                {WHOLE WHOLE, 0, RC_INVALID},
                {WHOLE "\n\n" WHOLE, 1, RC_INVALID},
                {WHOLE "\n\n", 1, RC_INVALID},
                {"\n" WHOLE, 0, RC_INVALID},
                {WHOLE "\nrubbish", 1, RC_INVALID},
                {WHOLE "\ntype: store\n\nAQEB\n", 1, RC_INVALID},
        };

        check_promise("a stream gives each assertion once and ends where its text ends");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                CLEANUP(arena_freep) struct arena *arena = arena_new(8 * MIB);
                struct assertion_stream stream;
                struct assertion *got = NULL;
                struct err err = {0};
                enum rc rc;

                check_case("row %zu", i);
                assertion_stream_init(&stream, rows[i].text, strlen(rows[i].text));
                do
                        rc = assertion_stream_next(&stream, arena, &got, &err);
                while (rc == RC_OK && stream.count < 10);
                CHECK_RC(rc, rows[i].end, &err);
                CHECK_INT(stream.count, rows[i].count);
        }
}

static void streams_are_written(void)
{
        CLEANUP(buf_fini) struct buf out = BUF_INIT(MIB);

        check_promise("assertions are written apart, whether or not they end in LF");
        assertion_stream_put(&out, WHOLE, strlen(WHOLE));
        CHECK_TEXT(out.data, WHOLE);
        assertion_stream_put(&out, WHOLE, strlen(WHOLE) - 1);
        assertion_stream_put(&out, WHOLE, strlen(WHOLE));
        CHECK_TEXT(out.data, WHOLE "\n" WHOLE "\n" WHOLE);
}

int main(void)
{
        struct err err = {0};

        CHECK_RC(crypto_init(&err), RC_OK, &err);
        vector_is_read();
        damaged_vector_is_refused();
        grammar_is_kept();
        values_are_verbatim();
        bounds_hold();
        zero_bytes_are_refused();
        streams_are_read();
        streams_are_written();
        return check_end();
}
