/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/apply/codec.h"
#include "delta/inside/squash.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define META_PLAIN 0x8000

void squash_table_fini(struct squash_table *meta)
{
        free(meta->data);
        free(meta->blocks);
        meta->data = NULL;
        meta->blocks = NULL;
}

static enum rc meta_room(struct squash_table *meta, size_t *data_room, size_t *block_room,
                         struct err *err)
{
        if (meta->bytes + SQUASH_META_BLOCK > *data_room) {
                const size_t wanted = *data_room ? *data_room * 2 : 8 * SQUASH_META_BLOCK;
                uint8_t *data = wanted > SQUASH_META_MAX ? NULL : realloc(meta->data, wanted);

                if (!data)
                        return err_set(err, RC_NOMEM, "no memory for a table of %zu bytes", wanted);
                meta->data = data;
                *data_room = wanted;
        }
        if (meta->block_count == *block_room) {
                const size_t wanted = *block_room ? *block_room * 2 : 64;
                struct squash_table_block *blocks = realloc(meta->blocks, wanted * sizeof(*blocks));

                if (!blocks)
                        return err_set(err, RC_NOMEM, "no memory for %zu metadata blocks", wanted);
                meta->blocks = blocks;
                *block_room = wanted;
        }
        return RC_OK;
}

/* One metadata block at offset: *ret_next is where the next one begins. */
static enum rc read_one(struct image *image, const struct squash_super *super, uint64_t offset,
                        uint64_t end, uint8_t *out, size_t *ret_bytes, uint64_t *ret_next,
                        struct err *err)
{
        struct block block = {.offset = offset + 2};
        struct piece piece = {.bytes = PIECE_REST};
        uint16_t head;
        enum rc rc = RC_OK;

        if (end - offset < 2)
                return squash_bad(err, "image-metadata", "a metadata block is cut off");
        head = get_u16(image->bytes + offset);
        block.packed_bytes = head & ~META_PLAIN;
        if (!block.packed_bytes || block.packed_bytes > SQUASH_META_BLOCK ||
            block.packed_bytes > end - block.offset)
                return squash_bad(err, "image-metadata", "a metadata block has a wrong length");
        *ret_next = block_end(&block);
        if (head & META_PLAIN) {
                memcpy(out, image->bytes + block.offset, block.packed_bytes);
                *ret_bytes = block.packed_bytes;
        } else {
                block.codec = super->codec;
                block.frame = FRAME_SQUASH_META;
                rc = codec_expand(super->codec, image->bytes + block.offset, block.packed_bytes,
                                  out, SQUASH_META_BLOCK, ret_bytes, err);
        }
        if (rc != RC_OK)
                return err_prefix(err, rc, "the metadata block at %" PRIu64, offset);
        block.plain_bytes = (uint32_t)*ret_bytes;
        rc = image_add_block(image, &block, &piece.block, err);
        return rc == RC_OK ? image_add_piece(image, &piece, err) : rc;
}

enum rc squash_table_read(struct image *image, const struct squash_super *super, uint64_t start,
                          uint64_t end, const char *name, struct squash_table *ret, struct err *err)
{
        size_t data_room = 0;
        size_t block_room = 0;
        enum rc rc;

        memset(ret, 0, sizeof(*ret));
        ret->start = start;
        if (start > end || end > super->bytes_used || end - start > UINT32_MAX)
                return squash_bad(err, "image-table", "a table lies outside of the image");
        rc = image_begin_part(image, image_hash(1, name, strlen(name)), err);
        for (uint64_t offset = start; rc == RC_OK && offset < end;) {
                size_t bytes = 0;

                rc = meta_room(ret, &data_room, &block_room, err);
                if (rc != RC_OK)
                        break;
                ret->blocks[ret->block_count++] = (struct squash_table_block){
                        .disk = (uint32_t)(offset - start), .at = (uint32_t)ret->bytes};
                rc = read_one(image, super, offset, end, ret->data + ret->bytes, &bytes, &offset,
                              err);
                ret->bytes += bytes;
        }
        if (rc != RC_OK)
                squash_table_fini(ret);
        return rc;
}

enum rc squash_table_seek(const struct squash_table *meta, uint64_t disk, uint32_t offset,
                          size_t *ret, struct err *err)
{
        uint32_t low = 0;
        uint32_t high = meta->block_count;

        while (low < high) {
                const uint32_t middle = low + (high - low) / 2;

                if (meta->blocks[middle].disk < disk)
                        low = middle + 1;
                else
                        high = middle;
        }
        if (low == meta->block_count || meta->blocks[low].disk != disk ||
            offset >= SQUASH_META_BLOCK || meta->blocks[low].at + offset > meta->bytes)
                return squash_bad(err, "image-reference",
                                  "a reference points into no metadata block");
        *ret = meta->blocks[low].at + offset;
        return RC_OK;
}
