/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * mix -- a binary arithmetic coder, and predictions of its bits by several contexts, mixed.
 *
 * Floor    delta/apply; includes core/base. Encoder and decoder run the same code: mix_code takes
 * the bit when it encodes and gives it when it decodes. Owner    the coder's bytes belong to
 * whoever gave put or get. CLEANUP(mixer_fini). Threads  no shared state. Bounds   memory is 4 <<
 * bits bytes a mixer and some KiB; a decoder that reads past the end of its bytes sees zeros, and
 * says so afterwards (over). Source   the way of Mahoney's lpaq: adaptive counters in hashed
 * tables, stretched, weighted by what they were worth, squashed. Integers only: every machine
 * computes the same. Tests    tests/unit/test_codec.c
 */
#include "core/base/rc.h"
#include <stdint.h>

/* Encoding: bytes collect in out. Decoding: next gives them, -1 at the end. */
struct mix_coder {
        bool encoding;
        bool over;   /* decoding went past the end */
        bool failed; /* encoding found no memory */
        uint32_t low, high, code;
        unsigned past; /* bytes wanted behind the end */
        uint8_t *out;
        size_t out_bytes, out_room;
        int (*next)(void *arg);
        void *arg;
};

void mix_encode_begin(struct mix_coder *coder);
void mix_encode_end(struct mix_coder *coder);
void mix_decode_begin(struct mix_coder *coder, int (*next)(void *arg), void *arg);
void mix_coder_fini(struct mix_coder *coder);

#define MIX_INPUTS_MAX 12

/* Bits of one kind: up to MIX_INPUTS_MAX contexts look at each of them. */
struct mixer {
        uint32_t *table; /* probability in the upper 22 bits, count in the lower 10 */
        uint32_t mask;
        int32_t *weights; /* inputs of each selector */
        int16_t *stretch;
        uint32_t *rate; /* by count: how far a counter moves */
        unsigned inputs;
        unsigned selectors;
        unsigned limit;                 /* of a count: how slowly a counter forgets */
        uint32_t *slot[MIX_INPUTS_MAX]; /* of the bit under way */
        int32_t stretched[MIX_INPUTS_MAX];
};

MUST_USE enum rc mixer_init(struct mixer *mixer, unsigned table_bits, unsigned inputs,
                            unsigned selectors, unsigned limit, struct err *err);
void mixer_fini(struct mixer *mixer);

/* Codes one bit; contexts[i] is a hash of what input i looks at. */
unsigned mix_bit(struct mix_coder *coder, struct mixer *mixer, const uint32_t *contexts,
                 unsigned selector, unsigned bit);
/* Codes a byte, the highest bit first. */
unsigned mix_byte(struct mix_coder *coder, struct mixer *mixer, const uint32_t *contexts,
                  unsigned selector, unsigned byte);

static inline uint32_t mix_hash(uint32_t a, uint32_t b)
{
        uint32_t hash = a * 0x9e3779b1 ^ b * 0x85ebca6b;

        hash ^= hash >> 15;
        hash *= 0x2c1b3c6d;
        return hash ^ hash >> 13;
}
