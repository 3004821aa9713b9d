/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * hash -- digests and keyed MACs.
 *
 * Floor    core/crypto; includes core/base. GnuTLS (SHA3-384, SHA-512) and libsodium (MAC) inside.
 * Owner    who makes a struct hash frees it: CLEANUP(hash_freep).
 * Threads  one thread per struct hash; crypto_init once per process, before threads or sandboxes.
 * Units    digests are raw bytes; text forms are lowercase hex (JSON) or base64url (assertions).
 * Source   device.md 2.3 (hex in JSON), 8.4 (base64url in assertions).
 * Tests    tests/unit/test_crypto.c
 */
#include "core/base/hex.h"
#include "core/base/rc.h"
#include <stdint.h>

#define DIGEST_BYTES     48
#define DIGEST_HEX_CHARS HEX_CHARS(DIGEST_BYTES)       /* 96 */
#define DIGEST_B64_CHARS BASE64URL_CHARS(DIGEST_BYTES) /* 64 */

struct digest {
        uint8_t sha3_384[DIGEST_BYTES];
};

/* Starts libsodium and GnuTLS and touches what a sandbox would later forbid to load. */
MUST_USE enum rc crypto_init(struct err *err);

void digest_hex(const struct digest *digest, char text[DIGEST_HEX_CHARS + 1]);
void digest_b64(const struct digest *digest, char text[DIGEST_B64_CHARS + 1]);
MUST_USE enum rc digest_parse_hex(const char *text, struct digest *ret);
MUST_USE enum rc digest_parse_b64(const char *text, struct digest *ret);
bool digest_equal(const struct digest *a, const struct digest *b);

struct hash;
struct hash *hash_new_sha3_384(void); /* NULL: no memory */
void hash_update(struct hash *hash, const void *data, size_t bytes);
/* The digest so far; the hash starts anew. */
void hash_finish(struct hash *hash, struct digest *ret);
void hash_freep(struct hash **hash);

void sha3_384(const void *data, size_t bytes, struct digest *ret);
void sha512(const void *data, size_t bytes, uint8_t ret[64]);
void sha256(const void *data, size_t bytes, uint8_t ret[32]);
/* A keyed hash for tables in memory (SipHash): who does not know the key cannot make names collide.
 */
#define TABLE_KEY_BYTES 16
uint64_t table_hash(const uint8_t key[TABLE_KEY_BYTES], const void *data, size_t bytes);
/* Hashes fd from offset 0 to its end with pread; the file offset does not move. */
MUST_USE enum rc sha3_384_fd(int fd, struct digest *ret, uint64_t *ret_bytes, struct err *err);

/* A keyed MAC (BLAKE2b, 32-byte key, 32-byte tag); domain keeps uses apart: equal keys with
 * different domains give unrelated tags. Compare tags with bytes_equal. */
#define MAC_KEY_BYTES 32
#define MAC_BYTES     32
void mac_make(const uint8_t key[MAC_KEY_BYTES], const char *domain, const void *data, size_t bytes,
              uint8_t ret[MAC_BYTES]);
