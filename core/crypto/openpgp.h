/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * openpgp -- the framing of RSA keys and signatures that assertions use (RFC 4880, a small part).
 * Used by pubkey.c to read and by core/keys/privkey.c to write.
 *
 * Floor    core/crypto. Owner: the caller's buffers. Source: device.md 8.4.
 * Tests    tests/unit/test_openpgp.c (malformed packets), tests/unit/test_crypto.c
 */
#include "core/base/buf.h"
#include <stdint.h>

struct openpgp_rsa_key {
        const uint8_t *n; /* big-endian, no leading zero byte; points into the parsed packet */
        size_t n_bytes;
        const uint8_t *e;
        size_t e_bytes;
};

struct openpgp_signature {
        const uint8_t *hashed; /* the packet body from 0x04 through the hashed subpackets */
        size_t hashed_bytes;
        uint8_t left[2]; /* the first two bytes of the digest */
        const uint8_t *s;
        size_t s_bytes;
        int64_t created_sec; /* seconds since 1970 */
};

/* The packet with its tag and length; the creation time is the fixed 2016-01-01T00:00:00Z. */
void openpgp_put_key(struct buf *out, const struct openpgp_rsa_key *key);
MUST_USE enum rc openpgp_parse_key(const uint8_t *packet, size_t bytes, struct openpgp_rsa_key *ret,
                                   struct err *err);

/* The hashed part for a signature made at created_sec (12 bytes). */
void openpgp_put_hashed(struct buf *out, int64_t created_sec);
/* digest = SHA-512(content || hashed || 04 FF || u32 length of hashed). */
void openpgp_digest(const void *content, size_t bytes, const uint8_t *hashed, size_t hashed_bytes,
                    uint8_t ret[64]);
void openpgp_put_signature(struct buf *out, const uint8_t *hashed, size_t hashed_bytes,
                           const uint8_t left[2], const uint8_t *s, size_t s_bytes);
MUST_USE enum rc openpgp_parse_signature(const uint8_t *packet, size_t bytes,
                                         struct openpgp_signature *ret, struct err *err);
