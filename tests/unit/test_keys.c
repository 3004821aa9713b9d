/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/fs.h"
#include "core/base/random.h"
#include "core/keys/privkey.h"
#include "tests/lib/check.h"
#include <stdlib.h>
#include <string.h>

#define FOLDER               "tests/vectors/assertion/"
#define VECTOR_CONTENT_BYTES 470
#define VECTOR_WHEN          (1600000000 * USEC_PER_SEC)
#define VECTOR_KEY_ID        "HdBQSgUzqNX9V37eu36NsmoYM-6OJ2xoRJTflxENcQpIQIYz012cjEmAOLZ6kqeJ"

static char *vector;

static char *file_load(const char *path, size_t *ret_bytes)
{
        char *data = NULL;
        struct err err;

        CHECK_RC(fs_read_file(path, 65536, &data, ret_bytes, &err), RC_OK, &err);
        if (!data)
                exit(1);
        return data;
}

static struct privkey *key_load(const char *path)
{
        struct privkey *key = NULL;
        struct err err;
        size_t bytes = 0;
        char *pem = file_load(path, &bytes);

        CHECK_RC(privkey_parse_pem(pem, bytes, &key, &err), RC_OK, &err);
        free(pem);
        if (!key)
                exit(1);
        return key;
}

static struct secret *passphrase_new(const char *text)
{
        struct secret *secret = secret_new_copy(text, strlen(text));

        if (!secret)
                exit(1);
        return secret;
}

static void test_vector(void)
{
        static const char *const files[] = {FOLDER "app-a.pem", FOLDER "app-a.pkcs8.pem"};

        check_promise("the published vector is reproduced byte for byte, from either PEM form");
        for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
                CLEANUP(privkey_freep) struct privkey *key = key_load(files[i]);
                CLEANUP(buf_fini) struct buf text = BUF_INIT(4096);
                struct err err;

                check_case("%s", files[i]);
                CHECK_TEXT(pubkey_id(privkey_pubkey(key)), VECTOR_KEY_ID);
                CHECK_RC(privkey_sign(key, vector, VECTOR_CONTENT_BYTES, VECTOR_WHEN + 999999,
                                      &text, &err),
                         RC_OK, &err);
                buf_char(&text, '\n');
                CHECK_TEXT(text.data, vector + VECTOR_CONTENT_BYTES + 2);
        }
}

static void test_sign(void)
{
        CLEANUP(privkey_freep) struct privkey *rsa = key_load(FOLDER "app-a.pem");
        CLEANUP(privkey_freep) struct privkey *ed = NULL;
        CLEANUP(buf_fini) struct buf small = BUF_INIT(20);
        struct err err;

        check_promise("what either scheme signs verifies, and only there");
        CHECK_RC(privkey_generate_ed25519(&ed, &err), RC_OK, &err);
        for (size_t i = 0; i < 300; i++) {
                const struct privkey *key = i % 2 ? ed : rsa;
                const struct privkey *other = i % 2 ? rsa : ed;
                CLEANUP(buf_fini) struct buf text = BUF_INIT(4096);
                const usec_t when = (usec_t)i * 10000000 * USEC_PER_SEC;

                check_case("signature %zu", i);
                CHECK_RC(privkey_sign(key, vector, i, when, &text, &err), RC_OK, &err);
                CHECK_RC(pubkey_verify(privkey_pubkey(key), vector, i, text.data, text.len, &err),
                         RC_OK, &err);
                CHECK_RC(pubkey_verify(privkey_pubkey(key), vector, i + 1, text.data, text.len,
                                       &err),
                         RC_UNTRUSTED, &err);
                CHECK_RC(pubkey_verify(privkey_pubkey(other), vector, i, text.data, text.len, &err),
                         RC_INVALID, &err);
        }
        check_promise("times outside four bytes, and a buffer that is too small, are refused");
        CHECK_RC(privkey_sign(rsa, "x", 1, -1, &small, &err), RC_INVALID, &err);
        CHECK_RC(privkey_sign(rsa, "x", 1, ((usec_t)UINT32_MAX + 1) * USEC_PER_SEC, &small, &err),
                 RC_INVALID, &err);
        CHECK_INT(small.len, 0);
        CHECK(privkey_sign(rsa, "x", 1, 0, &small, &err) != RC_OK);
}

static void test_generate(void)
{
        static const unsigned bad[] = {0, 512, 1023, 1032, 2047, 2049, 8200, 16384};
        CLEANUP(privkey_freep) struct privkey *key = NULL;
        CLEANUP(privkey_freep) struct privkey *again = NULL;
        struct err err;

        check_promise("generated keys have the size asked for; odd sizes are refused");
        for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
                check_case("%u bits", bad[i]);
                CHECK_RC(privkey_generate_rsa(bad[i], &key, &err), RC_INVALID, &err);
                CHECK(key == NULL);
        }
        CHECK_RC(privkey_generate_rsa(2048, &key, &err), RC_OK, &err);
        CHECK_INT(pubkey_bits(privkey_pubkey(key)), 2048);
        privkey_freep(&key);
        CHECK(key == NULL);
        CHECK_RC(privkey_generate_rsa(1024, &key, &err), RC_OK, &err);
        CHECK_RC(privkey_generate_rsa(1024, &again, &err), RC_OK, &err);
        CHECK(strcmp(pubkey_id(privkey_pubkey(key)), pubkey_id(privkey_pubkey(again))) != 0);
}

/* The same key again: same id and, for RSA, the same signature. */
static void same_key_check(const struct privkey *a, const struct privkey *b)
{
        CLEANUP(buf_fini) struct buf first = BUF_INIT(4096);
        CLEANUP(buf_fini) struct buf second = BUF_INIT(4096);
        struct err err;

        CHECK(a && b);
        if (!a || !b)
                return;
        CHECK_TEXT(pubkey_id(privkey_pubkey(a)), pubkey_id(privkey_pubkey(b)));
        CHECK_RC(privkey_sign(a, "content", 7, 0, &first, &err), RC_OK, &err);
        CHECK_RC(privkey_sign(b, "content", 7, 0, &second, &err), RC_OK, &err);
        CHECK_TEXT(first.data, second.data);
}

static void pem_round(const struct privkey *key)
{
        CLEANUP(privkey_freep) struct privkey *again = NULL;
        CLEANUP(secret_freep) struct secret *pem = NULL;
        struct err err;

        CHECK_RC(privkey_format_pem(key, &pem, &err), RC_OK, &err);
        if (!pem)
                return;
        CHECK(memcmp(secret_view(pem), "-----BEGIN PRIVATE KEY-----\n", 28) == 0);
        CHECK_RC(privkey_parse_pem(secret_view(pem), secret_length(pem), &again, &err), RC_OK,
                 &err);
        same_key_check(key, again);
}

static void test_pem(void)
{
        CLEANUP(privkey_freep) struct privkey *rsa = key_load(FOLDER "app-a.pem");
        CLEANUP(privkey_freep) struct privkey *ed = NULL;
        struct err err;

        check_promise("keys of both schemes survive PKCS#8");
        pem_round(rsa);
        CHECK_RC(privkey_generate_ed25519(&ed, &err), RC_OK, &err);
        pem_round(ed);
}

/* Made for this test: a P-256 key, and one with a passphrase. */
static const char pem_p256[] = "-----BEGIN PRIVATE KEY-----\n"
                               "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgiui7h3qDoCkrXe8g\n"
                               "NDcwrn+hRu+NyRdV1goJo2LHnYqhRANCAATGwXs79STPA+PhBG0dFGyMBi4ecoEX\n"
                               "8ZuH6dsQhIqFbYCbJmgH14O2/1C6ne/S108vkSzV2YZ/7lltopPDntfm\n"
                               "-----END PRIVATE KEY-----\n";
static const char pem_encrypted[] =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
        "MIIC3TBXBgkqhkiG9w0BBQ0wSjApBgkqhkiG9w0BBQwwHAQIFCRiCKK1KaICAggA\n"
        "MAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAEqBBDTuPuZs7S6MgHVt/MCuwm8BIIC\n"
        "gO3jSGswCsZzeJ7vtjHHiwaaG9dYXHHnPAtpXM/x0v/+bm47Tlnpu7vxCXPN9EM/\n"
        "pYMCJkaPXJ9zWXoNYb/aiXOkZU1lb5qgHo4hrAzXsbCZ06IRgjxqRUIzbkdCG8bv\n"
        "WURYmC02SVQRyp5ciy49GKXQ2AmnAyJfno3QiCiWNFNAn0hbEeIwjnrT2bGGE5hx\n"
        "C04FvM12KEFX9xeSFKCI4esLYy773qKsEGEgzjGZF77NY563up1UpsEBplNKXeeT\n"
        "jM23zDnN3fLYGLOPoS6dw2kieTbUxVq4+uMkdsKOL4M1IfbZC+06hjzpihUuyZbX\n"
        "19myGQOqi49uL4SX5U1cqucY1+LwGZesTm/78dDZ/J+AdsPR97XzjjBtkbnr1Srr\n"
        "qZsIhz3odxq+d2xjLswvSEmEg5LFST5LIrBn7ZnVUsqyLDzxzpJQcF8j9YyxU6Pa\n"
        "IClsggcaTMtPaLPCSmjtOpUhcgPTTjNGbjSWgro6vlQ8gfp4YivG1pNcne/bZaa8\n"
        "Js6xiAyr1pXjMeD7U7nizLkyFV3s0Q6Y+hWl9PWseUOFoaLjZUmtvo34CE2srndo\n"
        "cYWdkNNHAhdAWIzHA6Hm8BtEX32qA/UfSZpvXMuOlnTcjkHokC5ztRoCkXkCN20S\n"
        "nbgqC0T0PVL1HlUsfXUUSePzT1IXWYzV4Yv4shYviWvjp5MGR6fNFa4lG1G7sVmU\n"
        "G5UZi0tIgBcXUgxoq2CscpiW5px2wWg5hy/2rqBlyW+VdtGxkHUKITcUIdR4E+PT\n"
        "wW/d+WejrRkrSWLepJruKjH6NisYWCDczmjrFtIYwTPfZe+rp+E8HJv/jxwia0LJ\n"
        "d0m0qt5ISps0Tt90Ilr2OIA=\n"
        "-----END ENCRYPTED PRIVATE KEY-----\n";

static void test_bad_pem(void)
{
        const struct {
                const char *name;
                const char *text;
        } rows[] = {
                {"nothing", ""},
                {"prose", "a key"},
                {"an empty frame",
                 "-----BEGIN RSA PRIVATE KEY-----\n-----END RSA PRIVATE KEY-----\n"},
                {"ECDSA", pem_p256},
                {"with a passphrase", pem_encrypted},
                {"a signature", vector},
        };
        struct privkey *key = NULL;
        struct err err;
        size_t bytes = 0;
        char *pem = file_load(FOLDER "app-a.pem", &bytes);
        char *big = calloc(1, 70000);

        check_promise("what is no RSA or Ed25519 key in plain PEM is refused");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                check_case("%s", rows[i].name);
                CHECK_RC(privkey_parse_pem(rows[i].text, strlen(rows[i].text), &key, &err),
                         RC_INVALID, &err);
        }
        check_case("too long");
        CHECK_RC(privkey_parse_pem(big, 70000, &key, &err), RC_INVALID, &err);
        free(big);
        for (size_t cut = 0; cut < bytes - 30; cut += 7) {
                check_case("cut at %zu", cut);
                CHECK_RC(privkey_parse_pem(pem, cut, &key, &err), RC_INVALID, &err);
        }
        CHECK(key == NULL);
        free(pem);
}

/* Any single base64 character changed: no key, or the same key. The latter where the change is in
 * numbers that follow from others, or in the version number. */
static void test_damaged_pem(void)
{
        CLEANUP(privkey_freep) struct privkey *key = key_load(FOLDER "app-a.pem");
        CLEANUP(secret_freep) struct secret *want = NULL;
        struct err err;
        size_t bytes = 0;
        size_t refused = 0;
        char *pem = file_load(FOLDER "app-a.pem", &bytes);

        check_promise("an RSA key whose parts do not belong together is refused");
        CHECK_RC(privkey_format_pem(key, &want, &err), RC_OK, &err);
        for (size_t at = 32; want && at < bytes - 31; at++) {
                CLEANUP(privkey_freep) struct privkey *again = NULL;
                CLEANUP(secret_freep) struct secret *got = NULL;
                const char was = pem[at];

                if (was == '\n')
                        continue;
                check_case("base64 character %zu", at);
                pem[at] = was == 'A' ? 'B' : 'A';
                if (privkey_parse_pem(pem, bytes, &again, &err) != RC_OK) {
                        refused++;
                } else {
                        same_key_check(key, again);
                        CHECK_RC(privkey_format_pem(again, &got, &err), RC_OK, &err);
                        if (got)
                                CHECK_BYTES(secret_view(got), secret_length(got), secret_view(want),
                                            secret_length(want));
                }
                pem[at] = was;
        }
        CHECK(refused > 400);
        free(pem);
}

static void seal_round(const struct privkey *key, struct buf *sealed)
{
        CLEANUP(secret_freep) struct secret *right = passphrase_new("correct horse");
        CLEANUP(secret_freep) struct secret *wrong = passphrase_new("correct horsf");
        CLEANUP(secret_freep) struct secret *longer = passphrase_new("correct horse ");
        CLEANUP(secret_freep) struct secret *empty = passphrase_new("");
        CLEANUP(privkey_freep) struct privkey *again = NULL;
        CLEANUP(privkey_freep) struct privkey *none = NULL;
        struct err err;

        CHECK_RC(privkey_seal(key, empty, SEAL_TEST, sealed, &err), RC_INVALID, &err);
        CHECK_INT(sealed->len, 0);
        CHECK_RC(privkey_seal(key, right, SEAL_TEST, sealed, &err), RC_OK, &err);
        CHECK_RC(privkey_unseal(sealed->data, sealed->len, right, &again, &err), RC_OK, &err);
        same_key_check(key, again);
        CHECK_RC(privkey_unseal(sealed->data, sealed->len, wrong, &none, &err), RC_FORBIDDEN, &err);
        CHECK_RC(privkey_unseal(sealed->data, sealed->len, longer, &none, &err), RC_FORBIDDEN,
                 &err);
        CHECK_RC(privkey_unseal(sealed->data, sealed->len, empty, &none, &err), RC_FORBIDDEN, &err);
        CHECK(none == NULL);
}

/* Every byte changed in its lowest bit, and every length. */
static void seal_damage(const struct buf *sealed)
{
        CLEANUP(secret_freep) struct secret *right = passphrase_new("correct horse");
        struct privkey *none = NULL;

        for (size_t i = 0; i < sealed->len; i++) {
                CLEANUP(buf_fini) struct buf changed = BUF_INIT(16384);
                enum rc rc;

                check_case("byte %zu of %zu", i, sealed->len);
                buf_append(&changed, sealed->data, sealed->len);
                changed.data[i] ^= 1;
                rc = privkey_unseal(changed.data, changed.len, right, &none, NULL);
                CHECK(rc == RC_INVALID || rc == RC_FORBIDDEN);
                if (i + 1 == sealed->len)
                        break; /* without the last LF it is whole */
                rc = privkey_unseal(sealed->data, i, right, &none, NULL);
                CHECK(rc == RC_INVALID || rc == RC_FORBIDDEN);
        }
        CHECK(none == NULL);
}

static void test_seal(void)
{
        CLEANUP(privkey_freep) struct privkey *rsa = key_load(FOLDER "app-a.pem");
        CLEANUP(privkey_freep) struct privkey *big = NULL;
        CLEANUP(privkey_freep) struct privkey *ed = NULL;
        CLEANUP(buf_fini) struct buf first = BUF_INIT(16384);
        CLEANUP(buf_fini) struct buf second = BUF_INIT(16384);
        CLEANUP(buf_fini) struct buf third = BUF_INIT(16384);
        struct err err;

        check_promise("a sealed key opens with its passphrase and no other");
        CHECK_RC(privkey_generate_ed25519(&ed, &err), RC_OK, &err);
        CHECK_RC(privkey_generate_rsa(4096, &big, &err), RC_OK, &err);
        seal_round(rsa, &first);
        seal_round(ed, &second);
        seal_round(big, &third);
        CHECK(strncmp(second.data,
                      "storehouse-key 1\nkdf: argon2id13\nops: 1\nmem: 8192\nsalt: ", 56) == 0);
        check_promise("a damaged or cut key file never opens");
        seal_damage(&first);
        seal_damage(&second);
}

static void test_seal_strengths(void)
{
        static const enum seal_strength rows[] = {SEAL_INTERACTIVE, SEAL_SENSITIVE};
        CLEANUP(secret_freep) struct secret *right = passphrase_new("correct horse");
        CLEANUP(privkey_freep) struct privkey *key = NULL;
        struct err err;

        check_promise("what the real strengths seal is inside the bounds of what opens");
        CHECK_RC(privkey_generate_ed25519(&key, &err), RC_OK, &err);
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                CLEANUP(buf_fini) struct buf sealed = BUF_INIT(16384);
                CLEANUP(privkey_freep) struct privkey *again = NULL;

                check_case("strength %zu", i);
                CHECK_RC(privkey_seal(key, right, rows[i], &sealed, &err), RC_OK, &err);
                CHECK_RC(privkey_unseal(sealed.data, sealed.len, right, &again, &err), RC_OK, &err);
                same_key_check(key, again);
        }
}

#define SEAL_REST                                                                                  \
        "salt: AAAAAAAAAAAAAAAAAAAAAA\nnonce: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n\n"                \
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
#define SEAL_BEGIN "storehouse-key 1\nkdf: argon2id13\n"

static void test_seal_bounds(void)
{
        static const struct {
                const char *name;
                const char *text;
                enum rc want;
        } rows[] = {
                {"well formed, foreign", SEAL_BEGIN "ops: 1\nmem: 8192\n" SEAL_REST, RC_FORBIDDEN},
                {"a terabyte", SEAL_BEGIN "ops: 1\nmem: 1099511627776\n" SEAL_REST, RC_INVALID},
                {"two gigabytes", SEAL_BEGIN "ops: 1\nmem: 2147483648\n" SEAL_REST, RC_INVALID},
                {"a part of a KiB", SEAL_BEGIN "ops: 1\nmem: 8193\n" SEAL_REST, RC_INVALID},
                {"little memory", SEAL_BEGIN "ops: 1\nmem: 8191\n" SEAL_REST, RC_INVALID},
                {"many rounds", SEAL_BEGIN "ops: 33\nmem: 8192\n" SEAL_REST, RC_INVALID},
                {"no rounds", SEAL_BEGIN "ops: 0\nmem: 8192\n" SEAL_REST, RC_INVALID},
                {"both at most", SEAL_BEGIN "ops: 32\nmem: 1073741824\n" SEAL_REST, RC_INVALID},
                {"past 64 bits", SEAL_BEGIN "ops: 18446744073709551617\nmem: 8192\n" SEAL_REST,
                 RC_INVALID},
                {"negative", SEAL_BEGIN "ops: -1\nmem: 8192\n" SEAL_REST, RC_INVALID},
                {"leading zero", SEAL_BEGIN "ops: 01\nmem: 8192\n" SEAL_REST, RC_INVALID},
                {"a space", SEAL_BEGIN "ops:  1\nmem: 8192\n" SEAL_REST, RC_INVALID},
                {"CR", SEAL_BEGIN "ops: 1\r\nmem: 8192\n" SEAL_REST, RC_INVALID},
                {"order", SEAL_BEGIN "mem: 8192\nops: 1\n" SEAL_REST, RC_INVALID},
                {"missing", SEAL_BEGIN "mem: 8192\n" SEAL_REST, RC_INVALID},
                {"other kdf", "storehouse-key 1\nkdf: scrypt\nops: 1\nmem: 8192\n" SEAL_REST,
                 RC_INVALID},
                {"other version",
                 "storehouse-key 2\nkdf: argon2id13\nops: 1\nmem: 8192\n" SEAL_REST, RC_INVALID},
                {"no box",
                 SEAL_BEGIN "ops: 1\nmem: 8192\nsalt: AAAAAAAAAAAAAAAAAAAAAA\n"
                            "nonce: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n\n",
                 RC_INVALID},
                {"a box of its tag only",
                 SEAL_BEGIN "ops: 1\nmem: 8192\nsalt: AAAAAAAAAAAAAAAAAAAAAA\n"
                            "nonce: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n\nAAAAAAAAAAAAAAAAAAAAAA==\n",
                 RC_INVALID},
                {"nothing", "", RC_INVALID},
        };
        CLEANUP(secret_freep) struct secret *passphrase = passphrase_new("p");
        struct privkey *none = NULL;
        char *big = malloc(20000);
        struct err err;

        check_promise("a key file cannot ask for more work than is allowed, nor in another form");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                check_case("%s", rows[i].name);
                CHECK_RC(
                        privkey_unseal(rows[i].text, strlen(rows[i].text), passphrase, &none, &err),
                        rows[i].want, &err);
        }
        check_case("a NUL inside");
        CHECK_RC(privkey_unseal("storehouse-key 1\0", 17, passphrase, &none, &err), RC_INVALID,
                 &err);
        check_case("too long");
        memset(big, 'A', 20000);
        CHECK_RC(privkey_unseal(big, 20000, passphrase, &none, &err), RC_INVALID, &err);
        free(big);
        CHECK(none == NULL);
}

int main(void)
{
        struct err err;
        size_t bytes = 0;

        CHECK_RC(crypto_init(&err), RC_OK, &err);
        vector = file_load(FOLDER "app-a.assert", &bytes);
        test_vector();
        test_sign();
        test_generate();
        test_pem();
        test_bad_pem();
        test_damaged_pem();
        test_seal();
        test_seal_strengths();
        test_seal_bounds();
        free(vector);
        return check_end();
}
