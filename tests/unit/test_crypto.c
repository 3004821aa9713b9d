/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/fs.h"
#include "core/base/random.h"
#include "core/crypto/openpgp.h"
#include "core/crypto/pubkey.h"
#include "tests/lib/check.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The vector of doc/sources.md: a throw-away 1024-bit key and an assertion that snapd accepts. */
#define VECTOR_CONTENT_BYTES 470
#define VECTOR_KEY_ID        "HdBQSgUzqNX9V37eu36NsmoYM-6OJ2xoRJTflxENcQpIQIYz012cjEmAOLZ6kqeJ"
#define VECTOR_SHA3                                                                                \
        "a6cad8b80db8d17c96e14ae2017caba4fc0c970585affc3466717ed4a45a7055"                         \
        "73aba9d39a5fc88f088b7980533d34db"
#define VECTOR_KEY                                                                                 \
        "AcaNBFaFwYABBAC+MDgQaWzEmcOBkHkIa5P1fTU66ViF/IYgbp8b2EVo4PW6dFNy56p1brDpP610\n"           \
        "uHjmuJYJncGeX+bnPnmn9jN6Eiq5dU7kNXcKeTuT0cd2fRXvUmZCChyFQGZbOeqd15jhRLi9MuCH\n"           \
        "kWse87xy+WBbV2GKMdqY3NBJooLyOhG/9wARAQAB"

/* App. A's content signed by Go's OpenPGP: the bit count is 8 * bytes, more than the number has. */
static const char go_signature[] =
        "AcKSBAABCgAGBQJfXhAAAAD/IgQAKWNQlTrznCAL2tPxaOfcxOF3zGF5VZHX7s5wXLpmeacbBwtZ"
        "exlXv88cvWyfpRvJYFexGXMPFK5iGCD02uz+sZI40NTekloy2iBHgDkX5NXT1TNNmylZKK9PB7pT"
        "MNYP1RfNlWhTDGLejJO/hTya9psuzdHrutN0yQ7qCJYuO7E=";

/* The same at 1600000234: the number begins with a zero byte. */
static const char go_short_signature[] =
        "AcKSBAABCgAGBQJfXhDqAAA+JQQAANIoTHMhoY35bj4m0PJGiuQ2w13d68bFCZbktbGjAUGL5mKQ"
        "9SLYH8kOyX7x9+4Xstwt+AgMfNEqPuZ+6qzFi4/ShaPR7FRAWMApoyTTGas9Be4X6qXx6vdY1dpY"
        "OMSEQG0f5EaZn1BVLTQuFrIKXO72xf2flzZyat6yDhe6vGc=";

/* A key that GnuPG 2.2 made; its packet has a creation time of its own. */
static const char gnupg_key[] =
        "AcbATQRrBAR7AQgAxnYoxRW8yTUIQAjqkv6hWScmIGdf7ROF1hqIHNP1Uj3lPOK4D+q3dGl9f5fe"
        "4bQsRs2zNBnH4Frh2P874qkqPcnB/TUCHpxGdPqazHXxbQCo+1Z0y1Xqv1nJ+HpuViDJuH3BD4WQ"
        "3zkQjvv8zO0x8hTi6PzTcVoqMB/uFVZOWqe0y18fgu+qAO+UsS+76wf/YB7dBfYmOu2/jh/2rERX"
        "UQz1as84l2uhVsJuOVj6X9D7vagrCO9c7d0lUWI3baaLvqCgKhPdtbkv4wPBgIhrdf+J8XmJNGBn"
        "M7nqwNjGEgbTpCaGq6phPpvP31Fp1MlLqmLj01i3sucwbeyT+QWDuQARAQAB";

/* GnuPG 2.2 over gnupg_content: the issuer's fingerprint is in the hashed area. */
static const char gnupg_signature[] =
        "AcLAcwQAAQoAHRYhBHhEQClkXsjaXHDprOFuN+nxHuT2BQJrBAR7AAoJEOFuN+nxHuT2+jcIAKlf"
        "YRdLLTX/0SH5ux3QE16OA8mHgIwbfTjkcts+HyEyvbl/I/s6KJ9IfHJVzs4GriueDVmoZBkUm3H1"
        "6Bu+h0bA0mgW3U6xwGU9v842BSBovhOMHZhuZAdr4iEjPYD4SU4leqPis44K8vPbE7ot8Vkh6fQt"
        "R5YNAsd/t4c2mJc43jVVh+WDm/HxXSQp6MB9viaAXhynBRfRvA27YdSegvd0H9NePenoa3JZJOoM"
        "2cyGYkM9wGZuc7zUyq1d7XOShzGhJ76CUlwl0xj16DlNuGBBUGZalIv7tTWGRzQhMVM1XIRmgu5K"
        "CQ5ycHViQogTjDhnKONxHODLUd3SBgtwj+s=";

static const char gnupg_content[] = "type: test\n\nbody";

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

static struct pubkey *key_load(const char *text)
{
        struct pubkey *key = NULL;
        struct err err;

        CHECK_RC(pubkey_parse(text, strlen(text), &key, &err), RC_OK, &err);
        if (!key)
                exit(1);
        return key;
}

static void test_sha3(void)
{
        static const struct {
                const char *text;
                const char *hex;
        } rows[] = {
                {"", "0c63a75b845e4f7d01107d852e4c2485c51a50aaaa94fc61995e71bbee983a2a"
                     "c3713831264adb47fb6bd1e058d5f004"},
                {"abc", "ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b2"
                        "98d88cea927ac7f539f1edf228376d25"},
                {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmno"
                 "ijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
                 "79407d3b5916b59c3e30b09822974791c313fb9ecc849e406f23592d04f625dc"
                 "8c709b98b43b3852b337216179aa7fc7"},
        };
        CLEANUP(hash_freep) struct hash *hash = hash_new_sha3_384();
        char hex[DIGEST_HEX_CHARS + 1];
        struct digest digest;

        check_promise("SHA3-384 is that of FIPS 202, whole and in pieces");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                const size_t length = strlen(rows[i].text);

                check_case("%zu bytes", length);
                sha3_384(rows[i].text, length, &digest);
                digest_hex(&digest, hex);
                CHECK_TEXT(hex, rows[i].hex);
                for (size_t at = 0; at < length; at++)
                        hash_update(hash, rows[i].text + at, 1);
                hash_finish(hash, &digest);
                digest_hex(&digest, hex);
                CHECK_TEXT(hex, rows[i].hex);
        }
        sha3_384(vector, VECTOR_CONTENT_BYTES, &digest);
        digest_hex(&digest, hex);
        CHECK_TEXT(hex, VECTOR_SHA3);
}

static void test_sha2(void)
{
        uint8_t digest[64];
        char hex[HEX_CHARS(64) + 1];

        check_promise("SHA-256 and SHA-512 are those of FIPS 180");
        sha256("abc", 3, digest);
        hex_format(digest, 32, hex);
        CHECK_TEXT(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        sha512("abc", 3, digest);
        hex_format(digest, 64, hex);
        CHECK_TEXT(hex, "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

static void test_digest_text(void)
{
        struct digest digest;
        struct digest again;
        char hex[DIGEST_HEX_CHARS + 1];
        char b64[DIGEST_B64_CHARS + 1];

        check_promise("a digest survives both text forms, and its forms are strict");
        sha3_384("abc", 3, &digest);
        digest_hex(&digest, hex);
        digest_b64(&digest, b64);
        CHECK_RC(digest_parse_hex(hex, &again), RC_OK, NULL);
        CHECK(digest_equal(&digest, &again));
        CHECK_RC(digest_parse_b64(b64, &again), RC_OK, NULL);
        CHECK(digest_equal(&digest, &again));
        again.sha3_384[47] ^= 1;
        CHECK(!digest_equal(&digest, &again));
        hex[95] = '\0';
        CHECK_RC(digest_parse_hex(hex, &again), RC_INVALID, NULL);
        b64[63] = '=';
        CHECK_RC(digest_parse_b64(b64, &again), RC_INVALID, NULL);
        CHECK_RC(digest_parse_b64("", &again), RC_INVALID, NULL);
}

static void test_fd(void)
{
        CLEANUP(fs_closep) int fd = memfd_create("digest", MFD_CLOEXEC);
        CLEANUP(fs_closep) int folder = -1;
        const size_t bytes = MIB + 17;
        uint8_t *data = malloc(bytes);
        struct digest want;
        struct digest got;
        struct err err;
        uint64_t count = 0;

        check_promise("a descriptor's digest is that of its bytes, and its offset stays");
        if (!data)
                exit(1);
        memset(data, 0x5a, bytes);
        CHECK_RC(fs_write_all(fd, data, bytes, &err), RC_OK, &err);
        CHECK_INT(lseek(fd, 5, SEEK_SET), 5);
        sha3_384(data, bytes, &want);
        free(data);
        CHECK_RC(sha3_384_fd(fd, &got, &count, &err), RC_OK, &err);
        CHECK(digest_equal(&got, &want));
        CHECK_INT(count, bytes);
        CHECK_INT(lseek(fd, 0, SEEK_CUR), 5);
        CHECK_RC(fs_open("/", 0, 0, &folder, &err), RC_OK, &err);
        CHECK_RC(sha3_384_fd(folder, &got, &count, &err), RC_IO, NULL);
        CHECK_RC(sha3_384_fd(-1, &got, NULL, &err), RC_IO, NULL);
        CHECK_INT(count, bytes);
}

static void test_mac(void)
{
        const uint8_t key[MAC_KEY_BYTES] = {1};
        const uint8_t other[MAC_KEY_BYTES] = {2};
        const struct {
                const uint8_t *key;
                const char *domain;
                const char *data;
        } rows[] = {
                {key, "nonce", "data"}, {key, "token", "data"}, {other, "nonce", "data"},
                {key, "nonce", "dat"},  {key, "nonced", "ata"}, {key, "", "noncedata"},
                {key, "noncedata", ""},
        };
        uint8_t tags[ARRAY_COUNT(rows)][MAC_BYTES];
        uint8_t again[MAC_BYTES];

        check_promise("MACs of different keys, domains or data are apart");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                mac_make(rows[i].key, rows[i].domain, rows[i].data, strlen(rows[i].data), tags[i]);
                mac_make(rows[i].key, rows[i].domain, rows[i].data, strlen(rows[i].data), again);
                check_case("row %zu", i);
                CHECK_BYTES(again, MAC_BYTES, tags[i], MAC_BYTES);
                for (size_t k = 0; k < i; k++)
                        CHECK(!bytes_equal(tags[i], tags[k], MAC_BYTES));
        }
}

static void test_vector(void)
{
        CLEANUP(pubkey_freep) struct pubkey *key = key_load(VECTOR_KEY);
        CLEANUP(buf_fini) struct buf text = BUF_INIT(4096);
        struct err err;

        check_promise("the published vector: key text, key id and signature");
        CHECK_INT(pubkey_scheme(key), KEY_RSA);
        CHECK_INT(pubkey_bits(key), 1024);
        CHECK_TEXT(pubkey_id(key), VECTOR_KEY_ID);
        pubkey_format(key, &text);
        CHECK_TEXT(text.data, VECTOR_KEY);
        CHECK_RC(pubkey_verify(key, vector, VECTOR_CONTENT_BYTES, vector_signature,
                               strlen(vector_signature), &err),
                 RC_OK, &err);
        CHECK_RC(pubkey_verify(key, vector, VECTOR_CONTENT_BYTES, vector_signature,
                               strlen(vector_signature) - 1, &err),
                 RC_OK, &err);
        check_promise("signatures as Go writes them verify: a bit count of whole bytes");
        CHECK_RC(pubkey_verify(key, vector, VECTOR_CONTENT_BYTES, go_signature,
                               strlen(go_signature), &err),
                 RC_OK, &err);
        CHECK_RC(pubkey_verify(key, vector, VECTOR_CONTENT_BYTES, go_short_signature,
                               strlen(go_short_signature), &err),
                 RC_OK, &err);
}

static void test_gnupg(void)
{
        CLEANUP(pubkey_freep) struct pubkey *key = key_load(gnupg_key);
        CLEANUP(pubkey_freep) struct pubkey *again = NULL;
        CLEANUP(buf_fini) struct buf text = BUF_INIT(4096);
        uint8_t binary[2048];
        size_t used = 0;
        struct openpgp_signature signature = {0};
        struct err err;

        check_promise("what GnuPG signed verifies: issuer and fingerprint are passed over");
        CHECK_RC(pubkey_verify(key, gnupg_content, strlen(gnupg_content), gnupg_signature,
                               strlen(gnupg_signature), &err),
                 RC_OK, &err);
        CHECK_RC(base64_parse(gnupg_signature, strlen(gnupg_signature), binary, sizeof(binary),
                              &used),
                 RC_OK, NULL);
        CHECK_RC(openpgp_parse_signature(binary + 1, used - 1, &signature, &err), RC_OK, &err);
        CHECK_INT(signature.created_sec, 0x6b04047b);
        CHECK_INT(signature.hashed_bytes, 4 + 2 + 29);

        check_promise("a key id does not depend on the packet's creation time");
        pubkey_format(key, &text);
        CHECK(strstr(text.data, "AcbATQRWhcGAAQ") == text.data);
        CHECK_RC(pubkey_parse(text.data, text.len, &again, &err), RC_OK, &err);
        CHECK_TEXT(pubkey_id(again), pubkey_id(key));
}

/* The base64 text of binary with one byte changed. */
static void text_flip(const uint8_t *binary, size_t bytes, size_t at, uint8_t mask, struct buf *out)
{
        uint8_t changed[2048];

        memcpy(changed, binary, bytes);
        changed[at] ^= mask;
        buf_clear(out);
        base64_append(out, changed, bytes, 0);
}

/* Offsets into the vector's signature text: 01, C2 92, 4 fixed, 2 + 6 hashed, 2, left, MPI. */
static void test_flips(void)
{
        CLEANUP(pubkey_freep) struct pubkey *key = key_load(VECTOR_KEY);
        CLEANUP(pubkey_freep) struct pubkey *other = key_load(gnupg_key);
        CLEANUP(buf_fini) struct buf text = BUF_INIT(4096);
        uint8_t binary[2048];
        char content[VECTOR_CONTENT_BYTES];
        size_t bytes = 0;
        size_t accepted = 0;

        check_promise("a changed signature, content or key never verifies");
        CHECK_RC(base64_parse(vector_signature, strlen(vector_signature), binary, sizeof(binary),
                              &bytes),
                 RC_OK, NULL);
        CHECK_INT(bytes, 149);
        for (size_t i = 0; i < bytes * 8; i++) {
                enum rc rc;

                check_case("signature bit %zu", i);
                text_flip(binary, bytes, i / 8, (uint8_t)(1u << i % 8), &text);
                rc = pubkey_verify(key, vector, VECTOR_CONTENT_BYTES, text.data, text.len, NULL);
                /* A bit count of 1023 for a number of 1022 says the same in other words. */
                if (rc == RC_OK)
                        accepted++;
                else if (i / 8 >= 19 - 2 && i / 8 < 19)
                        CHECK_RC(rc, RC_UNTRUSTED, NULL);
                else
                        CHECK(rc == RC_INVALID || rc == RC_UNTRUSTED);
        }
        CHECK_INT(accepted, 1);
        for (size_t i = 0; i < VECTOR_CONTENT_BYTES; i++) {
                check_case("content byte %zu", i);
                memcpy(content, vector, sizeof(content));
                content[i] ^= 0x20;
                CHECK_RC(pubkey_verify(key, content, sizeof(content), vector_signature,
                                       strlen(vector_signature), NULL),
                         RC_UNTRUSTED, NULL);
        }
        check_case("content one byte shorter");
        CHECK_RC(pubkey_verify(key, vector, VECTOR_CONTENT_BYTES - 1, vector_signature,
                               strlen(vector_signature), NULL),
                 RC_UNTRUSTED, NULL);
        check_case("another key");
        CHECK_RC(pubkey_verify(other, vector, VECTOR_CONTENT_BYTES, vector_signature,
                               strlen(vector_signature), NULL),
                 RC_UNTRUSTED, NULL);
}

#define ED_PUBLIC "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
#define ED_SIGNATURE                                                                               \
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555"                        \
        "fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"

static void test_ed25519(void)
{
        CLEANUP(pubkey_freep) struct pubkey *key = NULL;
        CLEANUP(pubkey_freep) struct pubkey *again = NULL;
        CLEANUP(pubkey_freep) struct pubkey *rsa = key_load(VECTOR_KEY);
        CLEANUP(buf_fini) struct buf text = BUF_INIT(4096);
        CLEANUP(buf_fini) struct buf key_text = BUF_INIT(4096);
        uint8_t public[32];
        uint8_t signature[65] = {KEY_ED25519};
        struct err err;

        check_promise("the first vector of RFC 8032 verifies, and nothing near it");
        CHECK_RC(hex_parse(ED_PUBLIC, public, 32), RC_OK, NULL);
        CHECK_RC(hex_parse(ED_SIGNATURE, signature + 1, 64), RC_OK, NULL);
        CHECK_RC(pubkey_from_ed25519(public, &key, &err), RC_OK, &err);
        CHECK_INT(pubkey_scheme(key), KEY_ED25519);
        CHECK_INT(pubkey_bits(key), 256);
        base64_append(&text, signature, sizeof(signature), 76);
        CHECK_RC(pubkey_verify(key, "", 0, text.data, text.len, &err), RC_OK, &err);
        CHECK_RC(pubkey_verify(key, "x", 1, text.data, text.len, &err), RC_UNTRUSTED, &err);
        CHECK_RC(pubkey_verify(rsa, "", 0, text.data, text.len, &err), RC_INVALID, &err);
        CHECK_RC(pubkey_verify(key, "", 0, vector_signature, strlen(vector_signature), &err),
                 RC_INVALID, &err);
        for (size_t i = 1; i < sizeof(signature); i++) {
                check_case("byte %zu", i);
                text_flip(signature, sizeof(signature), i, 0x01, &text);
                CHECK_RC(pubkey_verify(key, "", 0, text.data, text.len, NULL), RC_UNTRUSTED, NULL);
        }
        buf_clear(&text);
        base64_append(&text, signature, sizeof(signature) - 1, 76);
        CHECK_RC(pubkey_verify(key, "", 0, text.data, text.len, NULL), RC_INVALID, NULL);

        check_promise("an Ed25519 key survives its text form; a point of small order is refused");
        pubkey_format(key, &key_text);
        CHECK_RC(pubkey_parse(key_text.data, key_text.len, &again, &err), RC_OK, &err);
        CHECK_TEXT(pubkey_id(again), pubkey_id(key));
        memset(public, 0, sizeof(public));
        CHECK_RC(pubkey_from_ed25519(public, &again, &err), RC_INVALID, &err);
        public[0] = 1;
        CHECK_RC(pubkey_from_ed25519(public, &again, &err), RC_INVALID, &err);
        memset(public, 0xff, sizeof(public));
        CHECK_RC(pubkey_from_ed25519(public, &again, &err), RC_INVALID, &err);
        CHECK_TEXT(pubkey_id(again), pubkey_id(key));
}

int main(void)
{
        struct err err;

        CHECK_RC(crypto_init(&err), RC_OK, &err);
        vector_load();
        test_sha3();
        test_sha2();
        test_digest_text();
        test_fd();
        test_mac();
        test_vector();
        test_gnupg();
        test_flips();
        test_ed25519();
        free(vector);
        return check_end();
}
