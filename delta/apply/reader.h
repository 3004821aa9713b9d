/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * reader -- the two inputs of a decoder: the delta, read forward, and the source, read anywhere.
 *
 * Floor    delta/apply; includes core/base.
 * Owner    descriptors stay the caller's; source_fini frees the cache.
 * Outcomes RC_INVALID (the end came too early, a number too long), RC_IO, RC_NOMEM.
 * Tests    tests/unit/test_vcdiff.c
 */
#include "core/base/rc.h"
#include <stdint.h>

struct delta_reader {
        int fd;
        uint64_t offset; /* of the next byte */
        uint64_t end;    /* the file's length */
        uint64_t kept_offset;
        size_t kept;
        uint8_t bytes[4096];
};

MUST_USE enum rc delta_open(struct delta_reader *reader, int fd, struct err *err);
MUST_USE enum rc delta_read(struct delta_reader *reader, void *ret, size_t bytes, struct err *err);
MUST_USE enum rc delta_read_byte(struct delta_reader *reader, uint8_t *ret, struct err *err);
/* RFC 3284's integer: base 128, the most significant digit first. */
MUST_USE enum rc delta_read_number(struct delta_reader *reader, uint64_t *ret, struct err *err);
MUST_USE enum rc delta_skip(struct delta_reader *reader, uint64_t bytes, struct err *err);

#define SOURCE_BLOCK  (128 * KIB)
#define SOURCE_BLOCKS 32

struct source {
        int fd;
        uint64_t bytes;
        uint8_t *blocks;              /* SOURCE_BLOCKS * SOURCE_BLOCK, made at the first use */
        uint64_t held[SOURCE_BLOCKS]; /* number of the block + 1; 0: none */
};

MUST_USE enum rc source_open(struct source *source, int fd, struct err *err);
void source_fini(struct source *source);
/* offset + bytes lies inside the source (asserted). */
MUST_USE enum rc source_read(struct source *source, uint64_t offset, void *ret, size_t bytes,
                             struct err *err);
