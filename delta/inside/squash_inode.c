/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/inside/squash.h"
#include <string.h>

#define HEAD_BYTES  16
#define NO_FRAGMENT UINT32_MAX

/* Bytes of an inode before what varies, by type. */
static const uint8_t fixed_bytes[15] = {0, 32, 32, 24, 24, 24, 20, 20, 40, 56, 24, 28, 28, 24, 24};

static enum rc cut_off(struct err *err)
{
        return squash_bad(err, "image-inode", "an inode is cut off");
}

/* Skips the index of a folder: entries of 12 bytes, each with a name. */
static enum rc skip_index(const struct squash_table *inodes, uint32_t count, size_t *at,
                          struct err *err)
{
        for (uint32_t i = 0; i < count; i++) {
                uint32_t name;

                if (inodes->bytes - *at < 12)
                        return cut_off(err);
                name = get_u32(inodes->data + *at + 8);
                if (name >= 256 || inodes->bytes - *at - 12 < name + 1)
                        return cut_off(err);
                *at += 12 + name + 1;
        }
        return RC_OK;
}

static enum rc skip_bytes(const struct squash_table *inodes, uint64_t bytes, size_t *at,
                          struct err *err)
{
        if (bytes > inodes->bytes - *at)
                return cut_off(err);
        *at += bytes;
        return RC_OK;
}

static enum rc parse_file(const struct squash_super *super, const struct squash_table *inodes,
                          size_t at, struct squash_inode *ret, struct err *err)
{
        const uint8_t *in = inodes->data + at;
        uint64_t blocks;

        if (ret->type == 2) {
                ret->start = get_u32(in + 16);
                ret->fragment = get_u32(in + 20);
                ret->offset = get_u32(in + 24);
                ret->size = get_u32(in + 28);
        } else {
                ret->start = get_u64(in + 16);
                ret->size = get_u64(in + 24);
                ret->fragment = get_u32(in + 44);
                ret->offset = get_u32(in + 48);
        }
        blocks = ret->size / super->block_bytes;
        if (ret->fragment == NO_FRAGMENT && ret->size % super->block_bytes)
                blocks++;
        ret->blocks_at = ret->end;
        if (blocks > (inodes->bytes - ret->end) / 4)
                return squash_bad(err, "image-inode",
                                  "a file has more blocks than the table of inodes lists");
        ret->block_count = (uint32_t)blocks;
        ret->end += 4 * blocks;
        return RC_OK;
}

static enum rc parse_rest(const struct squash_super *super, const struct squash_table *inodes,
                          size_t at, struct squash_inode *ret, struct err *err)
{
        const uint8_t *in = inodes->data + at;

        switch (ret->type) {
        case 1:
                ret->start = get_u32(in + 16);
                ret->size = get_u16(in + 24);
                ret->offset = get_u16(in + 26);
                return RC_OK;
        case 8:
                ret->size = get_u32(in + 20);
                ret->start = get_u32(in + 24);
                ret->offset = get_u16(in + 34);
                return skip_index(inodes, get_u16(in + 32), &ret->end, err);
        case 2:
        case 9:
                return parse_file(super, inodes, at, ret, err);
        case 3:
                return skip_bytes(inodes, get_u32(in + 20), &ret->end, err);
        case 10:
                return skip_bytes(inodes, (uint64_t)get_u32(in + 20) + 4, &ret->end, err);
        default:
                return RC_OK;
        }
}

enum rc squash_inode_parse(const struct squash_super *super, const struct squash_table *inodes,
                           size_t at, struct squash_inode *ret, struct err *err)
{
        memset(ret, 0, sizeof(*ret));
        if (inodes->bytes - at < HEAD_BYTES)
                return cut_off(err);
        ret->type = get_u16(inodes->data + at);
        ret->number = get_u32(inodes->data + at + 12);
        if (!ret->type || ret->type >= sizeof(fixed_bytes))
                return squash_bad(err, "image-inode", "an inode of an unknown type");
        if (ret->number > super->inodes)
                return squash_bad(err, "image-inode", "an inode's number is over their count");
        if (inodes->bytes - at < fixed_bytes[ret->type])
                return cut_off(err);
        ret->end = at + fixed_bytes[ret->type];
        return parse_rest(super, inodes, at, ret, err);
}
