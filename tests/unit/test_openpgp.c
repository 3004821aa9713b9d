/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/fs.h"
#include "core/crypto/pubkey.h"
#include "tests/lib/check.h"
#include <stdlib.h>
#include <string.h>

/* The vector of doc/sources.md: a throw-away 1024-bit key and an assertion that snapd accepts. */
#define VECTOR_CONTENT_BYTES 470
#define VECTOR_KEY                                                                                 \
        "AcaNBFaFwYABBAC+MDgQaWzEmcOBkHkIa5P1fTU66ViF/IYgbp8b2EVo4PW6dFNy56p1brDpP610\n"           \
        "uHjmuJYJncGeX+bnPnmn9jN6Eiq5dU7kNXcKeTuT0cd2fRXvUmZCChyFQGZbOeqd15jhRLi9MuCH\n"           \
        "kWse87xy+WBbV2GKMdqY3NBJooLyOhG/9wARAQAB"

static char *vector;
static const char *vector_signature;

static void vector_load(void)
{
        struct err err;
        size_t bytes = 0;

        CHECK_RC(fs_read_file("tests/vectors/assertion/app-a.assert", 65536, &vector, &bytes, &err),
                 RC_OK, &err);
        CHECK_INT(bytes, 675);
        if (bytes != 675)
                exit(1);
        vector_signature = vector + VECTOR_CONTENT_BYTES + 2;
}

/* Replaces `cut` bytes at `at` by `put` (hex). at counts from the version byte; where it lies in
 * the packet's body, the packet's length is set right again, so that only the named fault is left.
 */
struct edit {
        const char *name;
        size_t at;
        size_t cut;
        const char *put;
        const char *why; /* part of the error's text */
};

#define LENGTH_AT 2

static void edit_apply(const uint8_t *binary, size_t bytes, const struct edit *edit,
                       struct buf *out)
{
        CLEANUP(buf_fini) struct buf made = BUF_INIT(4096);
        uint8_t put[64];
        const size_t put_bytes = strlen(edit->put) / 2;

        CHECK(edit->at + edit->cut <= bytes && put_bytes <= sizeof(put));
        CHECK_RC(hex_parse(edit->put, put, put_bytes), RC_OK, NULL);
        buf_append(&made, binary, edit->at);
        buf_append(&made, put, put_bytes);
        buf_append(&made, binary + edit->at + edit->cut, bytes - edit->at - edit->cut);
        CHECK_RC(buf_finish(&made, NULL), RC_OK, NULL);
        if (edit->at > LENGTH_AT && made.len > LENGTH_AT && made.len - 3 < 192)
                made.data[LENGTH_AT] = (char)(made.len - 3);
        buf_clear(out);
        buf_text(out, "");
        base64_append(out, made.data, made.len, 76);
}

/* 01 | c6 8d | 04 | 56 85 c1 80 | 01 | 04 00 n[128] | 00 11 01 00 01 */
static const struct edit bad_keys[] = {
        {"version byte 0", 0, 1, "00", "version"},
        {"version byte 2", 0, 1, "02", "version"},
        {"version byte 3", 0, 1, "03", "version"},
        {"old-format tag", 1, 1, "98", "kind"},
        {"signature tag", 1, 1, "c2", "kind"},
        {"length one short", 2, 1, "8c", "length"},
        {"length one long", 2, 1, "8e", "length"},
        {"length in two bytes", 2, 1, "c0", "length"},
        {"length in five bytes", 2, 1, "ff0000008d", "length"},
        {"huge length", 2, 1, "ffffffffff", "length"},
        {"partial length", 2, 1, "e7", "partial"},
        {"cut two-byte length", 2, 142, "c0", "length"},
        {"cut five-byte length", 2, 142, "ff0000", "length"},
        {"key version 3", 3, 1, "03", "version 4"},
        {"key version 5", 3, 1, "05", "version 4"},
        {"sign-only RSA", 8, 1, "03", "version 4"},
        {"DSA", 8, 1, "11", "version 4"},
        {"cut in the head", 5, 139, "", "version 4"},
        {"no numbers", 9, 135, "", "number"},
        {"modulus count too small", 9, 2, "03ff", "number"},
        {"modulus count too big", 9, 2, "0401", "number"},
        {"modulus count past the end", 9, 2, "ffff", "number"},
        {"modulus of no bits", 9, 2, "0000", "number"},
        {"modulus zero", 9, 130, "000100", "number"},
        {"modulus of 8 bits", 9, 130, "0008f1", "1024"},
        {"modulus with a leading zero", 9, 2, "040800", "number"},
        {"even modulus", 138, 1, "f6", "odd"},
        {"exponent count too big", 139, 2, "0012", "number"},
        {"exponent count too small", 139, 2, "0010", "number"},
        {"cut in the exponent", 143, 1, "", "number"},
        {"no exponent", 139, 5, "", "number"},
        {"even exponent", 143, 1, "00", "exponent"},
        {"exponent 1", 139, 5, "000101", "exponent"},
        {"exponent of 4 bytes", 139, 5, "001901000001", "exponent"},
        {"byte after the end", 144, 0, "00", "after"},
        {"version byte only", 1, 143, "", "base64"},
};

static void test_bad_keys(void)
{
        CLEANUP(buf_fini) struct buf text = BUF_INIT(8192);
        uint8_t binary[2048];
        size_t bytes = 0;
        struct pubkey *key = NULL;
        struct err err;

        check_promise("a malformed public key is refused, for its own fault");
        CHECK_RC(base64_parse(VECTOR_KEY, strlen(VECTOR_KEY), binary, sizeof(binary), &bytes),
                 RC_OK, NULL);
        CHECK_INT(bytes, 144);
        for (size_t i = 0; i < ARRAY_COUNT(bad_keys); i++) {
                check_case("%s", bad_keys[i].name);
                edit_apply(binary, bytes, &bad_keys[i], &text);
                err.text[0] = '\0';
                CHECK_RC(pubkey_parse(text.data, text.len, &key, &err), RC_INVALID, &err);
                if (!strstr(err.text, bad_keys[i].why))
                        CHECK_TEXT(err.text, bad_keys[i].why);
                CHECK(key == NULL);
        }
        for (size_t i = 0; i < bytes; i++) {
                check_case("cut after %zu bytes", i);
                buf_clear(&text);
                base64_append(&text, binary, i, 76);
                CHECK_RC(pubkey_parse(text.data, text.len, &key, NULL), RC_INVALID, NULL);
        }
        check_case("not base64");
        CHECK_RC(pubkey_parse("no base64!", 10, &key, &err), RC_INVALID, &err);
        check_case("too long");
        buf_clear(&text);
        for (int i = 0; i < 8000; i++)
                buf_char(&text, 'A');
        CHECK_RC(pubkey_parse(text.data, text.len, &key, &err), RC_INVALID, &err);
}

/* 01 | c2 92 | 04 00 01 0a | 00 06 05 02 time[4] | 00 00 | left[2] | 03 fe s[128] */
#define TIME "05025f5e1000"
static const struct edit bad_signatures[] = {
        {"version byte 0", 0, 1, "00", "scheme"},
        {"version byte 2", 0, 1, "02", "scheme"},
        {"old-format tag", 1, 1, "88", "kind"},
        {"key tag", 1, 1, "c6", "kind"},
        {"length one short", 2, 1, "91", "length"},
        {"length in five bytes", 2, 1, "ff00000092", "length"},
        {"partial length", 2, 1, "e7", "partial"},
        {"signature version 3", 3, 1, "03", "version 4"},
        {"text signature", 4, 1, "01", "version 4"},
        {"certification", 4, 1, "10", "version 4"},
        {"DSA", 5, 1, "11", "version 4"},
        {"SHA-1", 6, 1, "02", "version 4"},
        {"SHA-256", 6, 1, "08", "version 4"},
        {"nothing after the head", 7, 142, "", "subpackets"},
        {"no creation time", 7, 10, "00000000", "when"},
        {"creation time only unhashed", 7, 10, "00000006" TIME, "subpackets"},
        {"creation time in both areas", 7, 10, "0006" TIME "0006" TIME, "subpackets"},
        {"two creation times", 7, 10, "000c" TIME TIME "0000", "subpackets"},
        {"critical creation time", 10, 1, "82", "subpackets"},
        {"short creation time", 7, 10, "000504025f5e100000", "subpackets"},
        {"expiration", 7, 10, "000c" TIME "05030000000a0000", "subpackets"},
        {"notation, unhashed", 7, 10, "0006" TIME "0003021400", "subpackets"},
        {"embedded signature", 7, 10, "0006" TIME "0003022000", "subpackets"},
        {"issuer too short", 7, 10, "0006" TIME "0003021000", "subpackets"},
        {"fingerprint of version 5", 7, 10,
         "0006" TIME "001716210500000000000000000000000000000000000000"
         "00",
         "subpackets"},
        {"empty subpacket", 7, 10, "0006" TIME "000100", "subpackets"},
        {"length without a subpacket", 7, 10, "0006" TIME "000105", "subpackets"},
        {"subpacket past its area", 9, 1, "06", "subpackets"},
        {"hashed area past the end", 7, 2, "ffff", "subpackets"},
        {"hashed area one short", 7, 2, "0005", "subpackets"},
        {"unhashed area past the end", 15, 2, "ffff", "subpackets"},
        {"nothing after the areas", 17, 132, "", "number"},
        {"count too small", 19, 2, "03fd", "number"},
        {"count of fewer bytes", 19, 2, "03f8", "after"},
        {"count of more bytes", 19, 2, "0401", "number"},
        {"number of no bits", 19, 130, "0000", "number"},
        {"number zero", 19, 130, "000100", "number"},
        {"byte after the end", 149, 0, "00", "after"},
};

static void test_bad_signatures(void)
{
        CLEANUP(pubkey_freep) struct pubkey *key = NULL;
        CLEANUP(buf_fini) struct buf text = BUF_INIT(8192);
        uint8_t binary[2048];
        size_t bytes = 0;
        struct err err;

        check_promise("a malformed signature is refused as such, for its own fault");
        CHECK_RC(pubkey_parse(VECTOR_KEY, strlen(VECTOR_KEY), &key, &err), RC_OK, &err);
        CHECK_RC(base64_parse(vector_signature, strlen(vector_signature), binary, sizeof(binary),
                              &bytes),
                 RC_OK, NULL);
        CHECK_INT(bytes, 149);
        for (size_t i = 0; i < ARRAY_COUNT(bad_signatures); i++) {
                check_case("%s", bad_signatures[i].name);
                edit_apply(binary, bytes, &bad_signatures[i], &text);
                err.text[0] = '\0';
                CHECK_RC(
                        pubkey_verify(key, vector, VECTOR_CONTENT_BYTES, text.data, text.len, &err),
                        RC_INVALID, &err);
                if (!strstr(err.text, bad_signatures[i].why))
                        CHECK_TEXT(err.text, bad_signatures[i].why);
        }
        for (size_t i = 0; i < bytes; i++) {
                check_case("cut after %zu bytes", i);
                buf_clear(&text);
                base64_append(&text, binary, i, 76);
                CHECK_RC(
                        pubkey_verify(key, vector, VECTOR_CONTENT_BYTES, text.data, text.len, NULL),
                        RC_INVALID, NULL);
        }
        check_case("an issuer as older signers put it is no fault");
        edit_apply(binary, bytes,
                   &(struct edit){"", 7, 10, "0006" TIME "000a09100102030405060708", ""}, &text);
        CHECK_RC(pubkey_verify(key, vector, VECTOR_CONTENT_BYTES, text.data, text.len, &err), RC_OK,
                 &err);
}

static void test_rsa_bounds(void)
{
        static const uint8_t e3[] = {3};
        static const uint8_t one[] = {0, 1};
        static const uint8_t even[] = {1, 0, 0};
        static const uint8_t wide[] = {1, 0, 0, 1};
        static const uint8_t zero[] = {0, 0};
        uint8_t n[KEY_RSA_BITS_MAX / 8 + 2];
        struct pubkey *key = NULL;
        struct err err;

        check_promise("RSA keys have 1024 to 8192 bits and an odd exponent of at most 3 bytes");
        memset(n, 0xff, sizeof(n));
        CHECK_RC(pubkey_from_rsa(n, 127, e3, 1, &key, &err), RC_INVALID, &err);
        CHECK_RC(pubkey_from_rsa(n, 1025, e3, 1, &key, &err), RC_INVALID, &err);
        CHECK_RC(pubkey_from_rsa(n, 0, e3, 1, &key, &err), RC_INVALID, &err);
        CHECK_RC(pubkey_from_rsa(n, 256, one, 2, &key, &err), RC_INVALID, &err);
        CHECK_RC(pubkey_from_rsa(n, 256, even, 3, &key, &err), RC_INVALID, &err);
        CHECK_RC(pubkey_from_rsa(n, 256, wide, 4, &key, &err), RC_INVALID, &err);
        CHECK_RC(pubkey_from_rsa(n, 256, zero, 2, &key, &err), RC_INVALID, &err);
        CHECK_RC(pubkey_from_rsa(n, 256, NULL, 0, &key, &err), RC_INVALID, &err);
        CHECK(key == NULL);
        n[0] = 0x7f;
        CHECK_RC(pubkey_from_rsa(n, 128, e3, 1, &key, &err), RC_INVALID, &err);
        CHECK(key == NULL);
        CHECK_RC(pubkey_from_rsa(n, 1024, e3, 1, &key, &err), RC_OK, &err);
        CHECK_INT(pubkey_bits(key), 8191);
        pubkey_freep(&key);
        n[0] = 0;
        CHECK_RC(pubkey_from_rsa(n, 1025, e3, 1, &key, &err), RC_OK, &err);
        CHECK_INT(pubkey_bits(key), 8192);
        pubkey_freep(&key);
}

int main(void)
{
        struct err err;

        CHECK_RC(crypto_init(&err), RC_OK, &err);
        vector_load();
        test_bad_keys();
        test_bad_signatures();
        test_rsa_bounds();
        free(vector);
        return check_end();
}
