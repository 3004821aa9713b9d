/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * repack -- with which options a block was compressed: those that give the same bytes again.
 *
 * Floor    delta/inside; includes delta/apply (codecs).
 * Owner    the struct is the caller's; nothing is allocated that outlives a call.
 * Threads  read-only after repack_plan.
 * Bounds   REPACK_SAMPLES blocks are tried with every option; each other block with those that
 * served one of them, the most frequent first. Source   what squashfs-tools offers: xz presets and
 * filters, zlib levels, windows and strategies, zstd levels, lz4 and its slow coder; gzip's and
 * zip's levels. Tests    tests/unit/test_inside.c
 */
#include "delta/apply/codec.h"
#include "delta/inside/image.h"

#define REPACK_SAMPLES 12
#define REPACK_KEPT    16

struct repack {
        struct packer kept[REPACK_KEPT];
        uint32_t count;
        uint64_t memory_max; /* of a packer, for the profile of the delta */
};

/* blocks: indexes of those that must be rebuilt, in order; some of them are tried. */
MUST_USE enum rc repack_plan(const struct image *image, const uint32_t *blocks, uint32_t count,
                             uint64_t memory_max, struct repack *ret, struct err *err);
/* plain: what the block expands to. RC_NOT_FOUND: nothing gives its bytes again. */
MUST_USE enum rc repack_find(const struct repack *repack, const struct image *image, uint32_t block,
                             const uint8_t *plain, uint8_t *room, struct packer *ret,
                             struct err *err);
#define REPACK_ROOM (2 * CODEC_BLOCK_MAX)
