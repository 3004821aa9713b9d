/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * image -- what the encoder knows about one file: which of its bytes are compressed blocks, and
 * which blocks belong together.
 *
 * Floor    delta/inside; includes core/base, delta/apply (codecs).
 * Owner    CLEANUP(image_fini). bytes stay the caller's and must outlive the image.
 * Threads  read-only after image_read; safe to share then.
 * Bounds   IMAGE_BLOCKS_MAX blocks; blocks lie inside the image and do not overlap.
 * Outcomes RC_INVALID with a code "image-...", RC_TOO_BIG, RC_NOMEM.
 * Tests    tests/unit/test_inside_bad.c, tests/fuzz/fuzz_inside.c
 */
#include "core/base/rc.h"
#include <stdint.h>

#define IMAGE_BYTES_MAX  (4 * GIB - 2 * MIB) /* positions have 32 bits while encoding */
#define IMAGE_BLOCKS_MAX ((uint32_t)1 << 21)
#define IMAGE_PARTS_MAX  ((uint32_t)1 << 22)

/* Together the blocks are the whole image, in order. */
struct block {
        uint64_t offset; /* of the compressed bytes, behind the frame's */
        uint32_t packed_bytes;
        uint32_t plain_bytes; /* what it expands to; 0: not known before it is expanded */
        uint8_t codec;        /* 0: its bytes stand in the image as they are */
        uint8_t frame;        /* enum codec_frame: FRAME_SQUASH_META has two bytes before offset */
};

/* A stretch of one part (a file of the image, or one of its tables). */
struct piece {
        uint32_t block;
        uint32_t at; /* in what the block expands to */
        uint32_t bytes;
};

#define PIECE_REST UINT32_MAX /* bytes: to the end of the block */

#define IMAGE_REST 0 /* the name of the part that holds what belongs to none */

struct part {
        uint64_t name; /* a hash of the path; the same in both images */
        uint32_t first_piece;
        uint32_t piece_count;
};

struct image {
        const uint8_t *bytes;
        uint64_t size;
        const char *kind;     /* "squashfs xz", "plain" */
        struct block *blocks; /* by offset */
        uint32_t block_count;
        struct piece *pieces; /* of a part together, in its order */
        uint32_t piece_count;
        struct part *parts; /* by name */
        uint32_t part_count;
        uint32_t block_room, piece_room, part_room;
};

/* Reads whatever is known of the format: squashfs, else gzip members and zip entries. */
MUST_USE enum rc image_read(const uint8_t *bytes, uint64_t size, struct image *ret,
                            struct err *err);
void image_fini(struct image *image);
/* The part of that name, or NULL. */
const struct part *image_find_part(const struct image *image, uint64_t name);

static inline uint32_t block_frame_bytes(const struct block *block)
{
        return block->frame ? 2 : 0;
}

static inline uint64_t block_begin(const struct block *block)
{
        return block->offset - block_frame_bytes(block);
}

static inline uint64_t block_end(const struct block *block)
{
        return block->offset + block->packed_bytes;
}

/* While it is being read. */
MUST_USE enum rc image_add_block(struct image *image, const struct block *block, uint32_t *ret,
                                 struct err *err);
/* The pieces that follow are those of this part. */
MUST_USE enum rc image_begin_part(struct image *image, uint64_t name, struct err *err);
MUST_USE enum rc image_add_piece(struct image *image, const struct piece *piece, struct err *err);
uint64_t image_hash(uint64_t seed, const void *data, size_t bytes);

MUST_USE enum rc squash_read_image(struct image *image, struct err *err);
MUST_USE enum rc archive_read_image(struct image *image, struct err *err);
bool squash_is_image(const uint8_t *bytes, uint64_t size);
