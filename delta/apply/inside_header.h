/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * inside_header -- the head of a storehouse-1 delta, and its table of source blocks and segments.
 *
 * Floor    delta/apply; includes core/base.
 * Owner    the struct is the caller's; nothing in it is allocated.
 * Bounds   HEADER_BYTES_MAX; counts and lengths are compared with the profile before anything is
 *          allocated by them.
 * Source   delta/FORMAT.md.
 * Outcomes RC_INVALID (malformed, damaged), RC_UNSUPPORTED (a version, profile or codec that is not
 *          known), RC_TOO_BIG.
 * Tests    tests/unit/test_inside_bad.c
 */
#include "delta/apply/codec.h"
#include "delta/apply/sha3.h"

#define INSIDE_MAGIC       "\x89SHD\r\n\x1a\n"
#define INSIDE_MAGIC_BYTES 8
#define INSIDE_VERSION     1
#define INSIDE_CODECS_MAX  (CODEC_END - 1)
#define INSIDE_PACKERS_MAX 64
#define INSIDE_LIBRARY     31
#define HEADER_BYTES_MAX   (4 * KIB)
/* More content than this many bytes for one of the target is a bomb. */
#define INSIDE_CONTENT_RATIO 4096
/* How often all source blocks may be expanded again, and what is allowed in any case. */
#define INSIDE_EXPAND_RATIO 16
#define INSIDE_EXPAND_SPARE ((uint64_t)64 * MIB)

enum inside_profile { PROFILE_LARGE, PROFILE_SMALL, PROFILE_COUNT };

/* What decoding may use. Cache, dictionary, rows and packers together stay below memory. */
struct inside_limits {
        const char *name;
        uint64_t memory_bytes;
        uint64_t cache_bytes;
        uint32_t dict_bytes; /* of the table's stream */
        uint32_t blocks;
        uint32_t block_bytes; /* of what a block expands to, and of a segment that is packed */
        uint64_t packer_bytes;
};

struct inside_codec {
        uint8_t id;
        uint8_t print[CODEC_PRINT_BYTES];
        char library[INSIDE_LIBRARY + 1];
};

struct inside_stream {
        uint64_t plain_bytes;
        uint64_t packed_bytes;
        uint32_t crc;
};

struct inside_header {
        uint8_t version;
        uint8_t profile;
        uint32_t header_bytes;
        uint64_t source_bytes;
        uint8_t source[SHA3_384_BYTES];
        uint64_t target_bytes;
        uint8_t target[SHA3_384_BYTES];
        uint64_t content_bytes; /* what the segments are made of */
        uint64_t block_bytes;   /* what all source blocks expand to */
        uint32_t block_count;
        uint8_t codec_count;
        uint8_t packer_count;
        struct inside_codec codecs[INSIDE_CODECS_MAX];
        struct packer packers[INSIDE_PACKERS_MAX];
        struct inside_stream table;
        struct inside_stream program;
};

const struct inside_limits *inside_limits_of(unsigned profile);
/* bytes: the first of the delta, HEADER_BYTES_MAX or all there are. */
MUST_USE enum rc inside_header_parse(const uint8_t *bytes, size_t count, struct inside_header *ret,
                                     struct err *err);
/* Sets header_bytes. Returns how many of out were used. */
size_t inside_header_format(struct inside_header *header, uint8_t out[HEADER_BYTES_MAX]);
