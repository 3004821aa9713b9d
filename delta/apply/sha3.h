/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * sha3 -- SHA3-384 without a library: a decoder that is linked statically brings neither GnuTLS nor
 * nettle (whose licence many devices cannot meet).
 *
 * Floor    delta/apply; includes libc only. Everything that is not a small decoder uses
 * core/crypto. Owner    the struct is the caller's. Nothing is allocated, nothing fails. Source
 * FIPS 202. Tests    tests/unit/test_codec.c (against core/crypto)
 */
#include <stddef.h>
#include <stdint.h>

#define SHA3_384_BYTES 48

struct sha3 {
        uint64_t lane[25];
        size_t at; /* bytes of the current block that are in */
};

void sha3_init(struct sha3 *sha3);
void sha3_update(struct sha3 *sha3, const void *data, size_t bytes);
void sha3_finish(struct sha3 *sha3, uint8_t ret[SHA3_384_BYTES]);
