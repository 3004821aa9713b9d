/* SPDX-License-Identifier: Apache-2.0 */
#include "core/keys/privkey.h"
#include "core/base/random.h"
#include "core/crypto/openpgp.h"
#include "core/keys/privkey_raw.h"
#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define PEM_MAX                  (64 * KIB)
#define HASHED_BYTES             12
#define SIGNATURE_MAX            ((size_t)1200)
#define TEXT_COLUMNS             76
#define RSA_BITS_LEAST_GENERATED 2048

struct privkey {
        struct pubkey *pubkey;
        gnutls_x509_privkey_t parts; /* RSA: for export */
        gnutls_privkey_t rsa;        /* RSA: for use; borrows parts */
        struct secret *ed25519;      /* Ed25519: libsodium's 64 bytes, the seed first */
};

void privkey_freep(struct privkey **key)
{
        if (!*key)
                return;
        if ((*key)->rsa)
                gnutls_privkey_deinit((*key)->rsa);
        if ((*key)->parts)
                gnutls_x509_privkey_deinit((*key)->parts);
        secret_freep(&(*key)->ed25519);
        pubkey_freep(&(*key)->pubkey);
        free(*key);
        *key = NULL;
}

static void parts_freep(gnutls_x509_privkey_t *parts)
{
        if (*parts)
                gnutls_x509_privkey_deinit(*parts);
}

/* For datums of GnuTLS that may hold a private half. */
static void datum_wipep(gnutls_datum_t *datum)
{
        if (!datum->data)
                return;
        bytes_wipe(datum->data, datum->size);
        gnutls_free(datum->data);
}

const struct pubkey *privkey_pubkey(const struct privkey *key)
{
        return key->pubkey;
}

static enum rc no_memory(struct err *err)
{
        return err_set(err, RC_NOMEM, "no memory for a private key");
}

/* The numbers that define an RSA key; the others follow from them. */
enum { RSA_N, RSA_E, RSA_D, RSA_P, RSA_Q, RSA_NUMBERS };

struct rsa_numbers {
        gnutls_datum_t of[RSA_NUMBERS];
};

static void numbers_fini(struct rsa_numbers *numbers)
{
        for (size_t i = 0; i < RSA_NUMBERS; i++)
                datum_wipep(&numbers->of[i]);
}

static int numbers_get(gnutls_x509_privkey_t parts, struct rsa_numbers *ret)
{
        gnutls_datum_t *of = ret->of;

        return gnutls_x509_privkey_export_rsa_raw2(parts, &of[RSA_N], &of[RSA_E], &of[RSA_D],
                                                   &of[RSA_P], &of[RSA_Q], NULL, NULL, NULL);
}

/* Numbers that do not belong together sign what nobody can check, and can give the factors away.
 * GnuTLS does not compare what a file says of the derived ones, and would export it again: so the
 * key is built anew from those that define it. */
static enum rc rsa_build(const struct rsa_numbers *numbers, gnutls_x509_privkey_t *ret,
                         struct err *err)
{
        const gnutls_datum_t *of = numbers->of;

        if (gnutls_x509_privkey_init(ret) < 0)
                return no_memory(err);
        if (gnutls_x509_privkey_import_rsa_raw2(*ret, &of[RSA_N], &of[RSA_E], &of[RSA_D],
                                                &of[RSA_P], &of[RSA_Q], NULL, NULL, NULL) < 0 ||
            gnutls_x509_privkey_verify_params(*ret) < 0)
                return err_set(err, RC_INVALID, "the parts of an RSA private key do not match");
        return RC_OK;
}

static enum rc key_from_rsa(gnutls_x509_privkey_t parts, struct privkey **ret, struct err *err)
{
        CLEANUP(privkey_freep) struct privkey *key = calloc(1, sizeof(*key));
        CLEANUP(numbers_fini) struct rsa_numbers numbers = {0};
        CLEANUP(buf_fini) struct buf trial = BUF_INIT(2 * SIGNATURE_MAX);
        enum rc rc;

        if (!key || gnutls_privkey_init(&key->rsa) < 0)
                return no_memory(err);
        if (numbers_get(parts, &numbers) < 0)
                return err_set(err, RC_INVALID, "not an RSA private key");
        rc = pubkey_from_rsa(numbers.of[RSA_N].data, numbers.of[RSA_N].size, numbers.of[RSA_E].data,
                             numbers.of[RSA_E].size, &key->pubkey, err);
        if (rc == RC_OK)
                rc = rsa_build(&numbers, &key->parts, err);
        if (rc != RC_OK)
                return rc;
        if (gnutls_privkey_import_x509(key->rsa, key->parts, 0) < 0)
                return no_memory(err);
        /* What it computes with follows from d, so a signature that verifies proves d. */
        rc = privkey_sign(key, "", 0, 0, &trial, err);
        if (rc != RC_OK)
                return rc == RC_NOMEM
                               ? rc
                               : err_set(err, RC_INVALID, "an RSA private key does not sign");
        *ret = key;
        key = NULL;
        return RC_OK;
}

static enum rc key_from_seed(const uint8_t seed[crypto_sign_SEEDBYTES], struct privkey **ret,
                             struct err *err)
{
        CLEANUP(privkey_freep) struct privkey *key = calloc(1, sizeof(*key));
        uint8_t pub[crypto_sign_PUBLICKEYBYTES];
        enum rc rc;

        if (!key || !(key->ed25519 = secret_new(crypto_sign_SECRETKEYBYTES)))
                return no_memory(err);
        crypto_sign_seed_keypair(pub, secret_bytes(key->ed25519), seed);
        rc = pubkey_from_ed25519(pub, &key->pubkey, err);
        if (rc != RC_OK)
                return rc;
        *ret = key;
        key = NULL;
        return RC_OK;
}

enum rc privkey_generate_rsa(unsigned bits, struct privkey **ret, struct err *err)
{
        CLEANUP(parts_freep) gnutls_x509_privkey_t parts = NULL;

        if ((bits != KEY_RSA_BITS_MIN && bits < RSA_BITS_LEAST_GENERATED) ||
            bits > KEY_RSA_BITS_MAX || bits % 8 != 0)
                return err_set(err, RC_INVALID, "an RSA key is made with %d to %d bits",
                               RSA_BITS_LEAST_GENERATED, KEY_RSA_BITS_MAX);
        if (gnutls_x509_privkey_init(&parts) < 0)
                return no_memory(err);
        if (gnutls_x509_privkey_generate(parts, GNUTLS_PK_RSA, bits, 0) < 0)
                return err_set(err, RC_BUG, "GnuTLS makes no RSA key of %u bits", bits);
        return key_from_rsa(parts, ret, err);
}

enum rc privkey_generate_ed25519(struct privkey **ret, struct err *err)
{
        CLEANUP(secret_freep) struct secret *seed = secret_new(crypto_sign_SEEDBYTES);

        if (!seed)
                return no_memory(err);
        random_fill(secret_bytes(seed), secret_length(seed));
        return key_from_seed(secret_view(seed), ret, err);
}

static enum rc key_from_parts(gnutls_x509_privkey_t parts, struct privkey **ret, struct err *err)
{
        CLEANUP(datum_wipep) gnutls_datum_t x = {0};
        CLEANUP(datum_wipep) gnutls_datum_t y = {0};
        CLEANUP(datum_wipep) gnutls_datum_t k = {0};
        gnutls_ecc_curve_t curve;

        if (gnutls_x509_privkey_get_pk_algorithm(parts) == GNUTLS_PK_RSA)
                return key_from_rsa(parts, ret, err);
        if (gnutls_x509_privkey_get_pk_algorithm(parts) != GNUTLS_PK_EDDSA_ED25519 ||
            gnutls_x509_privkey_export_ecc_raw(parts, &curve, &x, &y, &k) < 0 ||
            k.size != crypto_sign_SEEDBYTES)
                return err_set(err, RC_INVALID, "a private key is neither RSA nor Ed25519");
        return key_from_seed(k.data, ret, err);
}

enum rc privkey_parse_pem(const void *data, size_t bytes, struct privkey **ret, struct err *err)
{
        CLEANUP(parts_freep) gnutls_x509_privkey_t parts = NULL;
        const gnutls_datum_t text = {(unsigned char *)data, (unsigned)bytes};

        if (bytes > PEM_MAX)
                return err_set(err, RC_INVALID, "a private key has more than %zu bytes", PEM_MAX);
        if (gnutls_x509_privkey_init(&parts) < 0)
                return no_memory(err);
        if (gnutls_x509_privkey_import(parts, &text, GNUTLS_X509_FMT_PEM) < 0)
                return err_set(err, RC_INVALID, "not a private key in PEM without a passphrase");
        return key_from_parts(parts, ret, err);
}

static enum rc rsa_sign(const struct privkey *key, const void *content, size_t bytes, usec_t when,
                        struct buf *binary, struct err *err)
{
        CLEANUP(buf_fini) struct buf hashed = BUF_INIT(HASHED_BYTES);
        CLEANUP(datum_wipep) gnutls_datum_t number = {0};
        uint8_t digest[64];
        enum rc rc;

        if (when < 0 || when / USEC_PER_SEC > UINT32_MAX)
                return err_set(err, RC_INVALID, "a signature is made between 1970 and 2106");
        openpgp_put_hashed(&hashed, when / USEC_PER_SEC);
        rc = buf_finish(&hashed, err);
        if (rc != RC_OK)
                return rc;
        openpgp_digest(content, bytes, (const uint8_t *)hashed.data, hashed.len, digest);
        const gnutls_datum_t hash = {digest, sizeof(digest)};
        if (gnutls_privkey_sign_hash2(key->rsa, GNUTLS_SIGN_RSA_SHA512, 0, &hash, &number) < 0)
                return err_set(err, RC_BUG, "GnuTLS does not sign");
        openpgp_put_signature(binary, (const uint8_t *)hashed.data, hashed.len, digest, number.data,
                              number.size);
        return RC_OK;
}

static void ed25519_sign(const struct privkey *key, const void *content, size_t bytes,
                         struct buf *binary)
{
        uint8_t signature[crypto_sign_BYTES];

        crypto_sign_detached(signature, NULL, content, bytes, secret_view(key->ed25519));
        buf_append(binary, signature, sizeof(signature));
}

enum rc privkey_sign_daily(const struct privkey *key, const void *content, size_t bytes,
                           struct buf *out, struct err *err)
{
        CLEANUP(buf_fini) struct buf binary = BUF_INIT(1 + crypto_sign_BYTES);

        if (pubkey_scheme(key->pubkey) != KEY_ED25519)
                return err_set(err, RC_INVALID, "an RSA key proves each signature");
        buf_char(&binary, KEY_ED25519);
        ed25519_sign(key, content, bytes, &binary);
        base64_append(out, binary.data, binary.len, TEXT_COLUMNS);
        return buf_finish(out, err);
}

enum rc privkey_sign(const struct privkey *key, const void *content, size_t bytes, usec_t when,
                     struct buf *out, struct err *err)
{
        CLEANUP(buf_fini) struct buf binary = BUF_INIT(SIGNATURE_MAX);
        CLEANUP(buf_fini) struct buf text = BUF_INIT(2 * SIGNATURE_MAX);
        enum rc rc = RC_OK;

        buf_char(&binary, (char)pubkey_scheme(key->pubkey));
        if (pubkey_scheme(key->pubkey) == KEY_RSA) {
                rc = rsa_sign(key, content, bytes, when, &binary, err);
        } else {
                ed25519_sign(key, content, bytes, &binary);
        }
        if (rc == RC_OK)
                rc = buf_finish(&binary, err);
        if (rc != RC_OK)
                return rc;
        base64_append(&text, binary.data, binary.len, TEXT_COLUMNS);
        rc = buf_finish(&text, err);
        if (rc != RC_OK)
                return rc;

        /* A signature that a fault spoiled can tell an RSA key's factors; it stays here. */
        rc = pubkey_verify(key->pubkey, content, bytes, text.data, text.len, err);
        if (rc != RC_OK)
                return rc_is_fault(rc) ? rc : err_set(err, RC_BUG, "a new signature is wrong");
        buf_append(out, text.data, text.len);
        return buf_finish(out, err);
}

/* PKCS#8 without encryption. */
static enum rc pkcs8_export(const struct privkey *key, gnutls_x509_crt_fmt_t format,
                            gnutls_datum_t *ret, struct err *err)
{
        CLEANUP(parts_freep) gnutls_x509_privkey_t made = NULL;
        gnutls_x509_privkey_t parts = key->parts;

        if (!parts) {
                const uint8_t *pair = secret_view(key->ed25519);
                const gnutls_datum_t k = {(unsigned char *)pair, crypto_sign_SEEDBYTES};
                const gnutls_datum_t x = {(unsigned char *)pair + crypto_sign_SEEDBYTES,
                                          crypto_sign_PUBLICKEYBYTES};

                if (gnutls_x509_privkey_init(&made) < 0 ||
                    gnutls_x509_privkey_import_ecc_raw(made, GNUTLS_ECC_CURVE_ED25519, &x, NULL,
                                                       &k) < 0)
                        return no_memory(err);
                parts = made;
        }
        if (gnutls_x509_privkey_export2_pkcs8(parts, format, NULL, GNUTLS_PKCS_PLAIN, ret) < 0)
                return no_memory(err);
        return RC_OK;
}

enum rc privkey_format_pem(const struct privkey *key, struct secret **ret, struct err *err)
{
        CLEANUP(datum_wipep) gnutls_datum_t pem = {0};
        struct secret *secret;
        const enum rc rc = pkcs8_export(key, GNUTLS_X509_FMT_PEM, &pem, err);

        if (rc != RC_OK)
                return rc;
        secret = secret_new_copy(pem.data, pem.size);
        if (!secret)
                return no_memory(err);
        *ret = secret;
        return RC_OK;
}

enum rc privkey_raw_get(const struct privkey *key, struct secret **ret, struct err *err)
{
        CLEANUP(datum_wipep) gnutls_datum_t der = {0};
        const uint8_t *inner = NULL;
        size_t bytes = crypto_sign_SEEDBYTES;
        struct secret *secret;

        if (pubkey_scheme(key->pubkey) == KEY_RSA) {
                const enum rc rc = pkcs8_export(key, GNUTLS_X509_FMT_DER, &der, err);

                if (rc != RC_OK)
                        return rc;
                inner = der.data;
                bytes = der.size;
        } else {
                inner = secret_view(key->ed25519);
        }
        secret = secret_new(1 + bytes);
        if (!secret)
                return no_memory(err);
        secret_bytes(secret)[0] = (uint8_t)pubkey_scheme(key->pubkey);
        memcpy(secret_bytes(secret) + 1, inner, bytes);
        *ret = secret;
        return RC_OK;
}

enum rc privkey_raw_parse(const struct secret *raw, struct privkey **ret, struct err *err)
{
        CLEANUP(parts_freep) gnutls_x509_privkey_t parts = NULL;
        const uint8_t *bytes = secret_view(raw);
        const size_t length = secret_length(raw);

        if (length == 1 + crypto_sign_SEEDBYTES && bytes[0] == KEY_ED25519)
                return key_from_seed(bytes + 1, ret, err);
        if (length < 2 || bytes[0] != KEY_RSA)
                return err_set(err, RC_INVALID, "a sealed key of an unknown scheme");
        if (gnutls_x509_privkey_init(&parts) < 0)
                return no_memory(err);
        const gnutls_datum_t der = {(unsigned char *)bytes + 1, (unsigned)(length - 1)};
        if (gnutls_x509_privkey_import_pkcs8(parts, &der, GNUTLS_X509_FMT_DER, NULL,
                                             GNUTLS_PKCS_PLAIN) < 0)
                return err_set(err, RC_INVALID, "a sealed key is not PKCS#8");
        return key_from_rsa(parts, ret, err);
}
