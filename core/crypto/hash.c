/* SPDX-License-Identifier: Apache-2.0 */
#include "core/crypto/hash.h"
#include "core/base/random.h"
#include <assert.h>
#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES MIB

struct hash {
        gnutls_hash_hd_t handle;
};

/* A library built without SHA-3, or by policy made to refuse it, must stop the process at its
 * start and not at the first upload. The text is the digest of no bytes (FIPS 202). */
static const char sha3_384_of_nothing[] =
        "0c63a75b845e4f7d01107d852e4c2485c51a50aaaa94fc61995e71bbee983a2a"
        "c3713831264adb47fb6bd1e058d5f004";

enum rc crypto_init(struct err *err)
{
        uint8_t sink[MAC_BYTES];
        uint8_t digest[DIGEST_BYTES];
        char hex[DIGEST_HEX_CHARS + 1];
        enum rc rc;

        rc = random_init(err);
        if (rc != RC_OK)
                return rc;
        if (gnutls_global_init() < 0 || gnutls_hash_fast(GNUTLS_DIG_SHA3_384, "", 0, digest) < 0)
                return err_set(err, RC_BUG, "GnuTLS does not start");
        hex_format(digest, sizeof(digest), hex);
        if (strcmp(hex, sha3_384_of_nothing) != 0)
                return err_set(err, RC_BUG, "GnuTLS computes a wrong SHA3-384");

        /* Both generators open their source of randomness at the first call. */
        random_fill(sink, sizeof(sink));
        if (gnutls_rnd(GNUTLS_RND_NONCE, sink, sizeof(sink)) < 0 ||
            gnutls_rnd(GNUTLS_RND_KEY, sink, sizeof(sink)) < 0)
                return err_set(err, RC_BUG, "GnuTLS has no source of random bytes");
        bytes_wipe(sink, sizeof(sink));
        return RC_OK;
}

void digest_hex(const struct digest *digest, char text[DIGEST_HEX_CHARS + 1])
{
        hex_format(digest->sha3_384, DIGEST_BYTES, text);
}

void digest_b64(const struct digest *digest, char text[DIGEST_B64_CHARS + 1])
{
        base64url_format(digest->sha3_384, DIGEST_BYTES, text);
}

enum rc digest_parse_hex(const char *text, struct digest *ret)
{
        return hex_parse(text, ret->sha3_384, DIGEST_BYTES);
}

enum rc digest_parse_b64(const char *text, struct digest *ret)
{
        struct digest digest;
        const enum rc rc = base64url_parse(text, digest.sha3_384, DIGEST_BYTES);

        if (rc == RC_OK)
                *ret = digest;
        return rc;
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
        return bytes_equal(a->sha3_384, b->sha3_384, DIGEST_BYTES);
}

struct hash *hash_new_sha3_384(void)
{
        struct hash *hash = calloc(1, sizeof(*hash));

        if (!hash)
                return NULL;
        if (gnutls_hash_init(&hash->handle, GNUTLS_DIG_SHA3_384) < 0) {
                free(hash);
                return NULL;
        }
        return hash;
}

void hash_update(struct hash *hash, const void *data, size_t bytes)
{
        const int status = bytes ? gnutls_hash(hash->handle, data, bytes) : 0;

        assert(status == 0);
        (void)status;
}

void hash_finish(struct hash *hash, struct digest *ret)
{
        gnutls_hash_output(hash->handle, ret->sha3_384);
}

void hash_freep(struct hash **hash)
{
        if (!*hash)
                return;
        gnutls_hash_deinit((*hash)->handle, NULL);
        free(*hash);
        *hash = NULL;
}

void sha3_384(const void *data, size_t bytes, struct digest *ret)
{
        const int status = gnutls_hash_fast(GNUTLS_DIG_SHA3_384, data, bytes, ret->sha3_384);

        /* It works on the stack; only a missing algorithm could fail, and crypto_init tried. */
        assert(status == 0);
        (void)status;
}

void sha512(const void *data, size_t bytes, uint8_t ret[64])
{
        crypto_hash_sha512(ret, data, bytes);
}

void sha256(const void *data, size_t bytes, uint8_t ret[32])
{
        crypto_hash_sha256(ret, data, bytes);
}

static void buffer_freep(uint8_t **buffer)
{
        free(*buffer);
}

enum rc sha3_384_fd(int fd, struct digest *ret, uint64_t *ret_bytes, struct err *err)
{
        CLEANUP(hash_freep) struct hash *hash = hash_new_sha3_384();
        CLEANUP(buffer_freep) uint8_t *buffer = malloc(READ_BYTES);
        uint64_t offset = 0;

        if (!hash || !buffer)
                return err_set(err, RC_NOMEM, "no memory for a digest");
        for (;;) {
                const ssize_t got = pread(fd, buffer, READ_BYTES, (off_t)offset);

                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0)
                        return err_errno(err, "cannot read a file for its digest");
                if (got == 0)
                        break;
                hash_update(hash, buffer, (size_t)got);
                offset += (uint64_t)got;
        }
        hash_finish(hash, ret);
        if (ret_bytes)
                *ret_bytes = offset;
        return RC_OK;
}

void mac_make(const uint8_t key[MAC_KEY_BYTES], const char *domain, const void *data, size_t bytes,
              uint8_t ret[MAC_BYTES])
{
        crypto_generichash_state state;
        const uint64_t length = strlen(domain);
        uint8_t prefix[8];

        /* The length before the domain keeps ("a", "bc") and ("ab", "c") apart. */
        for (size_t i = 0; i < sizeof(prefix); i++)
                prefix[i] = (uint8_t)(length >> (8 * i));
        crypto_generichash_init(&state, key, MAC_KEY_BYTES, MAC_BYTES);
        crypto_generichash_update(&state, prefix, sizeof(prefix));
        crypto_generichash_update(&state, (const uint8_t *)domain, length);
        crypto_generichash_update(&state, data, bytes);
        crypto_generichash_final(&state, ret, MAC_BYTES);
        bytes_wipe(&state, sizeof(state));
}

uint64_t table_hash(const uint8_t key[TABLE_KEY_BYTES], const void *data, size_t bytes)
{
        uint8_t out[crypto_shorthash_BYTES];
        uint64_t hash;

        _Static_assert(TABLE_KEY_BYTES == crypto_shorthash_KEYBYTES, "the key fits");
        _Static_assert(sizeof(out) == sizeof(hash), "the hash fits");
        crypto_shorthash(out, data, bytes, key);
        memcpy(&hash, out, sizeof(hash));
        return hash;
}
