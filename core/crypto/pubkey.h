/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * pubkey -- public keys of assertions, their ids, and the checking of signatures.
 *
 * Two schemes, told apart by the version byte that both texts begin with (after base64):
 *   0x01  RSA in OpenPGP v4 framing; the only one that snapd reads
 *   0x02  Ed25519: key = 0x02 || 32 bytes, signature = 0x02 || 64 bytes; our own assertions only
 *
 * Floor    core/crypto; includes core/base.
 * Owner    who parses a key frees it: CLEANUP(pubkey_freep).
 * Threads  a parsed key is immutable and may be shared.
 * Source   device.md 8.4; the id is base64url(SHA3-384(version byte || packet or key)).
 * Tests    tests/unit/test_crypto.c with the vector of device.md App. A
 */
#include "core/crypto/hash.h"

enum key_scheme { KEY_RSA = 1, KEY_ED25519 = 2 };
#define KEY_ID_CHARS     DIGEST_B64_CHARS
#define KEY_RSA_BITS_MIN 1024
#define KEY_RSA_BITS_MAX 8192

struct pubkey;

/* text is the base64 form as in an account-key body or a device-key header (LF inside skipped).
 * RC_INVALID: not base64, unknown version byte, malformed packet, trailing bytes, bad key size. */
MUST_USE enum rc pubkey_parse(const char *text, size_t bytes, struct pubkey **ret, struct err *err);
/* From the raw big-endian modulus and exponent; used by core/keys. */
MUST_USE enum rc pubkey_from_rsa(const uint8_t *n, size_t n_bytes, const uint8_t *e, size_t e_bytes,
                                 struct pubkey **ret, struct err *err);
MUST_USE enum rc pubkey_from_ed25519(const uint8_t key[32], struct pubkey **ret, struct err *err);
void pubkey_freep(struct pubkey **key);

enum key_scheme pubkey_scheme(const struct pubkey *key);
unsigned pubkey_bits(const struct pubkey *key);  /* RSA modulus bits; 256 for Ed25519 */
const char *pubkey_id(const struct pubkey *key); /* KEY_ID_CHARS characters; borrowed */
/* Appends the base64 text, wrapped at 76 columns, no final LF. */
void pubkey_format(const struct pubkey *key, struct buf *out);

/* Checks a signature text (base64, LF inside skipped, a final LF allowed) over content.
 * RC_OK; RC_INVALID: not a signature text of this key's scheme; RC_UNTRUSTED: it does not match. */
MUST_USE enum rc pubkey_verify(const struct pubkey *key, const void *content, size_t bytes,
                               const char *signature, size_t signature_bytes, struct err *err);
