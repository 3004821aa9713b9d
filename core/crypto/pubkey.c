/* SPDX-License-Identifier: Apache-2.0 */
#include "core/crypto/pubkey.h"
#include "core/crypto/openpgp.h"
#include <gnutls/abstract.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* A key of KEY_RSA_BITS_MAX with its framing, or a signature by one, has less. */
#define BINARY_MAX   ((size_t)1200)
#define TEXT_MAX     ((size_t)4096)
#define TEXT_COLUMNS 76
/* Go's OpenPGP reader, and so snapd, takes no longer exponent. */
#define EXPONENT_BYTES_MAX 3

struct pubkey {
        enum key_scheme scheme;
        unsigned bits;
        char id[KEY_ID_CHARS + 1];
        gnutls_pubkey_t rsa;
        uint8_t ed25519[crypto_sign_PUBLICKEYBYTES];
        struct buf binary; /* the version byte, then the packet or the key */
};

void pubkey_freep(struct pubkey **key)
{
        if (!*key)
                return;
        if ((*key)->rsa)
                gnutls_pubkey_deinit((*key)->rsa);
        buf_fini(&(*key)->binary);
        free(*key);
        *key = NULL;
}

/* Sets the id from what was appended to binary, and hands the key over. */
static enum rc key_complete(struct pubkey **key, struct pubkey **ret, struct err *err)
{
        struct digest digest;
        const enum rc rc = buf_finish(&(*key)->binary, err);

        if (rc != RC_OK)
                return rc;
        sha3_384((*key)->binary.data, (*key)->binary.len, &digest);
        digest_b64(&digest, (*key)->id);
        *ret = *key;
        *key = NULL;
        return RC_OK;
}

static struct pubkey *key_new(enum key_scheme scheme, unsigned bits)
{
        struct pubkey *key = calloc(1, sizeof(*key));

        if (!key)
                return NULL;
        key->scheme = scheme;
        key->bits = bits;
        key->binary.max = BINARY_MAX;
        buf_char(&key->binary, (char)scheme);
        return key;
}

static unsigned bits_count(const uint8_t *number, size_t bytes)
{
        unsigned bits = (unsigned)(bytes - 1) * 8;

        for (unsigned top = *number; top; top >>= 1)
                bits++;
        return bits;
}

static void zeros_skip(const uint8_t **number, size_t *bytes)
{
        while (*bytes > 0 && **number == 0) {
                (*number)++;
                (*bytes)--;
        }
}

enum rc pubkey_from_rsa(const uint8_t *n, size_t n_bytes, const uint8_t *e, size_t e_bytes,
                        struct pubkey **ret, struct err *err)
{
        CLEANUP(pubkey_freep) struct pubkey *key = NULL;
        unsigned bits;

        zeros_skip(&n, &n_bytes);
        zeros_skip(&e, &e_bytes);
        if (n_bytes < KEY_RSA_BITS_MIN / 8 || n_bytes > KEY_RSA_BITS_MAX / 8 ||
            (bits = bits_count(n, n_bytes)) < KEY_RSA_BITS_MIN)
                return err_set(err, RC_INVALID, "an RSA key has %d to %d bits", KEY_RSA_BITS_MIN,
                               KEY_RSA_BITS_MAX);
        if (!(n[n_bytes - 1] & 1))
                return err_set(err, RC_INVALID, "an RSA modulus is odd");
        if (e_bytes == 0 || e_bytes > EXPONENT_BYTES_MAX || !(e[e_bytes - 1] & 1) ||
            (e_bytes == 1 && e[0] < 3))
                return err_set(err, RC_INVALID, "an RSA exponent is odd, from 3 to 2^24");

        key = key_new(KEY_RSA, bits);
        if (!key || gnutls_pubkey_init(&key->rsa) < 0)
                return err_set(err, RC_NOMEM, "no memory for a key");
        openpgp_put_key(&key->binary, &(struct openpgp_rsa_key){n, n_bytes, e, e_bytes});
        const gnutls_datum_t modulus = {(unsigned char *)n, (unsigned)n_bytes};
        const gnutls_datum_t exponent = {(unsigned char *)e, (unsigned)e_bytes};
        if (gnutls_pubkey_import_rsa_raw(key->rsa, &modulus, &exponent) < 0)
                return err_set(err, RC_INVALID, "not an RSA public key");
        return key_complete(&key, ret, err);
}

enum rc pubkey_from_ed25519(const uint8_t bytes[32], struct pubkey **ret, struct err *err)
{
        CLEANUP(pubkey_freep) struct pubkey *key = NULL;

        /* A point of small order would verify signatures that nobody made. */
        if (!crypto_core_ed25519_is_valid_point(bytes))
                return err_set(err, RC_INVALID, "not an Ed25519 public key");
        key = key_new(KEY_ED25519, 256);
        if (!key)
                return err_set(err, RC_NOMEM, "no memory for a key");
        memcpy(key->ed25519, bytes, sizeof(key->ed25519));
        buf_append(&key->binary, bytes, sizeof(key->ed25519));
        return key_complete(&key, ret, err);
}

/* Base64 of at least a version byte and one byte more. */
static enum rc text_parse(const char *text, size_t bytes, uint8_t ret[BINARY_MAX],
                          size_t *ret_bytes, const char *what, struct err *err)
{
        if (bytes > TEXT_MAX || base64_parse(text, bytes, ret, BINARY_MAX, ret_bytes) != RC_OK ||
            *ret_bytes < 2)
                return err_set(err, RC_INVALID, "%s is not base64 of a proper length", what);
        return RC_OK;
}

enum rc pubkey_parse(const char *text, size_t bytes, struct pubkey **ret, struct err *err)
{
        uint8_t binary[BINARY_MAX];
        struct openpgp_rsa_key rsa;
        size_t used = 0;
        enum rc rc;

        rc = text_parse(text, bytes, binary, &used, "a public key", err);
        if (rc != RC_OK)
                return rc;
        if (binary[0] == KEY_ED25519 && used == 1 + crypto_sign_PUBLICKEYBYTES)
                return pubkey_from_ed25519(binary + 1, ret, err);
        if (binary[0] != KEY_RSA)
                return err_set(err, RC_INVALID, "a public key has an unknown version or length");
        rc = openpgp_parse_key(binary + 1, used - 1, &rsa, err);
        if (rc != RC_OK)
                return rc;
        return pubkey_from_rsa(rsa.n, rsa.n_bytes, rsa.e, rsa.e_bytes, ret, err);
}

enum key_scheme pubkey_scheme(const struct pubkey *key)
{
        return key->scheme;
}

unsigned pubkey_bits(const struct pubkey *key)
{
        return key->bits;
}

const char *pubkey_id(const struct pubkey *key)
{
        return key->id;
}

void pubkey_format(const struct pubkey *key, struct buf *out)
{
        base64_append(out, key->binary.data, key->binary.len, TEXT_COLUMNS);
}

static enum rc mismatch(struct err *err)
{
        return err_set(err, RC_UNTRUSTED, "the signature does not match the content and the key");
}

static enum rc rsa_verify(const struct pubkey *key, const void *content, size_t bytes,
                          const uint8_t *packet, size_t packet_bytes, struct err *err)
{
        struct openpgp_signature signature;
        uint8_t digest[64];
        uint8_t padded[KEY_RSA_BITS_MAX / 8] = {0};
        const size_t full = (key->bits + 7) / 8;
        enum rc rc;
        int status;

        rc = openpgp_parse_signature(packet, packet_bytes, &signature, err);
        if (rc != RC_OK)
                return rc;
        openpgp_digest(content, bytes, signature.hashed, signature.hashed_bytes, digest);
        if (memcmp(digest, signature.left, sizeof(signature.left)) != 0 || signature.s_bytes > full)
                return mismatch(err);
        memcpy(padded + full - signature.s_bytes, signature.s, signature.s_bytes);
        const gnutls_datum_t hash = {digest, sizeof(digest)};
        const gnutls_datum_t number = {padded, (unsigned)full};
        status = gnutls_pubkey_verify_hash2(key->rsa, GNUTLS_SIGN_RSA_SHA512, 0, &hash, &number);
        if (status == GNUTLS_E_MEMORY_ERROR)
                return err_set(err, RC_NOMEM, "no memory to check a signature");
        return status < 0 ? mismatch(err) : RC_OK;
}

enum rc pubkey_verify(const struct pubkey *key, const void *content, size_t bytes,
                      const char *signature, size_t signature_bytes, struct err *err)
{
        uint8_t binary[BINARY_MAX];
        size_t used = 0;
        enum rc rc;

        rc = text_parse(signature, signature_bytes, binary, &used, "a signature", err);
        if (rc != RC_OK)
                return rc;
        if (binary[0] != key->scheme)
                return err_set(err, RC_INVALID, "the signature is of another scheme than the key");
        if (key->scheme == KEY_RSA)
                return rsa_verify(key, content, bytes, binary + 1, used - 1, err);
        if (used != 1 + crypto_sign_BYTES)
                return err_set(err, RC_INVALID, "an Ed25519 signature has %u bytes",
                               crypto_sign_BYTES);
        if (crypto_sign_verify_detached(binary + 1, content, bytes, key->ed25519) != 0)
                return mismatch(err);
        return RC_OK;
}
