/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/inside/image.h"
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 256
#define REST_BYTES (128 * KIB)
#define PIECES_MAX (4 * IMAGE_BLOCKS_MAX)

static enum rc grow(void **rows, uint32_t count, uint32_t *room, size_t row_bytes, uint32_t max,
                    struct err *err)
{
        uint32_t wanted;
        void *larger;

        if (count < *room)
                return RC_OK;
        if (count >= max)
                return err_set_code(err, RC_TOO_BIG, "image-blocks",
                                    "an image of over %" PRIu32 " blocks", max);
        wanted = *room ? *room * 2 : ROOM_FIRST;
        larger = realloc(*rows, wanted * row_bytes);
        if (!larger)
                return err_set(err, RC_NOMEM, "no memory for the blocks of an image");
        *rows = larger;
        *room = wanted;
        return RC_OK;
}

enum rc image_add_block(struct image *image, const struct block *block, uint32_t *ret,
                        struct err *err)
{
        enum rc rc;

        if (block->offset > image->size || block->packed_bytes > image->size - block->offset)
                return err_set_code(err, RC_INVALID, "image-outside",
                                    "a block at %" PRIu64 " ends outside of the image",
                                    block->offset);
        rc = grow((void **)&image->blocks, image->block_count, &image->block_room, sizeof(*block),
                  IMAGE_BLOCKS_MAX, err);
        if (rc != RC_OK)
                return rc;
        *ret = image->block_count;
        image->blocks[image->block_count++] = *block;
        return RC_OK;
}

enum rc image_add_piece(struct image *image, const struct piece *piece, struct err *err)
{
        const enum rc rc = grow((void **)&image->pieces, image->piece_count, &image->piece_room,
                                sizeof(*piece), PIECES_MAX, err);

        if (rc != RC_OK)
                return rc;
        assert(image->part_count);
        image->pieces[image->piece_count++] = *piece;
        image->parts[image->part_count - 1].piece_count++;
        return RC_OK;
}

enum rc image_begin_part(struct image *image, uint64_t name, struct err *err)
{
        const enum rc rc = grow((void **)&image->parts, image->part_count, &image->part_room,
                                sizeof(*image->parts), IMAGE_PARTS_MAX, err);

        if (rc == RC_OK)
                image->parts[image->part_count++] =
                        (struct part){.name = name, .first_piece = image->piece_count};
        return rc;
}

uint64_t image_hash(uint64_t seed, const void *data, size_t bytes)
{
        const uint8_t *at = data;
        uint64_t hash = seed ^ 0xcbf29ce484222325;

        for (size_t i = 0; i < bytes; i++)
                hash = (hash ^ at[i]) * 0x100000001b3;
        return hash ^ hash >> 29;
}

struct order {
        uint64_t offset;
        uint32_t index;
};

static int by_offset(const void *left, const void *right)
{
        const struct order *a = left;
        const struct order *b = right;

        if (a->offset != b->offset)
                return a->offset < b->offset ? -1 : 1;
        return a->index < b->index ? -1 : a->index > b->index;
}

/* One block that several files share is kept once. Pieces follow their blocks. */
static enum rc merge_sorted(struct image *image, const struct order *order, struct block *sorted,
                            uint32_t *moved, struct err *err)
{
        uint32_t kept = 0;

        for (uint32_t i = 0; i < image->block_count; i++) {
                const struct block *block = &image->blocks[order[i].index];
                const struct block *last = kept ? &sorted[kept - 1] : NULL;

                if (last && last->offset == block->offset &&
                    last->packed_bytes == block->packed_bytes && last->codec == block->codec) {
                        moved[order[i].index] = kept - 1;
                        continue;
                }
                if (last && block_begin(block) < block_end(last))
                        return err_set_code(err, RC_INVALID, "image-overlap",
                                            "blocks overlap at %" PRIu64, block->offset);
                moved[order[i].index] = kept;
                sorted[kept++] = *block;
        }
        for (uint32_t i = 0; i < image->piece_count; i++)
                image->pieces[i].block = moved[image->pieces[i].block];
        memcpy(image->blocks, sorted, kept * sizeof(*sorted));
        image->block_count = kept;
        return RC_OK;
}

static enum rc sort_blocks(struct image *image, struct err *err)
{
        const size_t count = image->block_count;
        struct order *order = calloc(count + 1, sizeof(*order));
        struct block *sorted = calloc(count + 1, sizeof(*sorted));
        uint32_t *moved = calloc(count + 1, sizeof(*moved));
        enum rc rc = RC_OK;

        if (!order || !sorted || !moved)
                rc = err_set(err, RC_NOMEM, "no memory for the blocks of an image");
        for (uint32_t i = 0; rc == RC_OK && i < count; i++)
                order[i] = (struct order){image->blocks[i].offset, i};
        if (rc == RC_OK && count) {
                qsort(order, count, sizeof(*order), by_offset);
                rc = merge_sorted(image, order, sorted, moved, err);
        }
        free(order);
        free(sorted);
        free(moved);
        return rc;
}

/* What no block covers becomes blocks that stand as they are, of the part "rest". */
static enum rc add_rest(struct image *image, struct err *err)
{
        const uint32_t known = image->block_count;
        uint64_t at = 0;
        enum rc rc = image_begin_part(image, IMAGE_REST, err);

        for (uint32_t i = 0; rc == RC_OK && i <= known; i++) {
                const uint64_t end = i < known ? block_begin(&image->blocks[i]) : image->size;

                while (rc == RC_OK && at < end) {
                        const uint64_t left = end - at;
                        struct block block = {.offset = at,
                                              .packed_bytes = left < REST_BYTES ? (uint32_t)left
                                                                                : REST_BYTES};
                        struct piece piece = {.bytes = PIECE_REST};

                        block.plain_bytes = block.packed_bytes;
                        rc = image_add_block(image, &block, &piece.block, err);
                        if (rc == RC_OK)
                                rc = image_add_piece(image, &piece, err);
                        at += block.packed_bytes;
                }
                if (i < known)
                        at = block_end(&image->blocks[i]);
        }
        return rc == RC_OK && image->block_count > known ? sort_blocks(image, err) : rc;
}

static int by_name(const void *left, const void *right)
{
        const struct part *a = left;
        const struct part *b = right;

        if (a->name != b->name)
                return a->name < b->name ? -1 : 1;
        return a->first_piece < b->first_piece ? -1 : a->first_piece > b->first_piece;
}

const struct part *image_find_part(const struct image *image, uint64_t name)
{
        uint32_t low = 0;
        uint32_t high = image->part_count;

        while (low < high) {
                const uint32_t middle = low + (high - low) / 2;

                if (image->parts[middle].name < name)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low < image->part_count && image->parts[low].name == name ? &image->parts[low]
                                                                         : NULL;
}

enum rc image_read(const uint8_t *bytes, uint64_t size, struct image *ret, struct err *err)
{
        enum rc rc;

        memset(ret, 0, sizeof(*ret));
        ret->bytes = bytes;
        ret->size = size;
        ret->kind = "plain";
        if (size > IMAGE_BYTES_MAX)
                return err_set_code(err, RC_TOO_BIG, "image-size", "an image of %" PRIu64 " bytes",
                                    size);
        rc = squash_is_image(bytes, size) ? squash_read_image(ret, err)
                                          : archive_read_image(ret, err);
        if (rc == RC_OK)
                rc = sort_blocks(ret, err);
        if (rc == RC_OK)
                rc = add_rest(ret, err);
        if (rc == RC_OK && ret->part_count)
                qsort(ret->parts, ret->part_count, sizeof(*ret->parts), by_name);
        if (rc != RC_OK)
                image_fini(ret);
        return rc;
}

void image_fini(struct image *image)
{
        free(image->blocks);
        free(image->pieces);
        free(image->parts);
        image->blocks = NULL;
        image->pieces = NULL;
        image->parts = NULL;
        image->block_count = image->piece_count = image->part_count = 0;
}
