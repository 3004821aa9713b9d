/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deflated members of files that are no squashfs: gzip's, and those of zip archives. Whatever looks
 * like the beginning of one is expanded; what expands to more than a block stays as it is.
 */
#include "delta/apply/codec.h"
#include "delta/inside/squash.h"
#include <stdlib.h>
#include <string.h>

#define GZIP_HEAD       10
#define GZIP_CRC        0x02
#define GZIP_EXTRA      0x04
#define GZIP_NAME       0x08
#define GZIP_COMMENT    0x10
#define GZIP_RESERVED   0xe0
#define ZIP_HEAD        30
#define ZIP_DEFLATED    8
#define MEMBER_NAME_MAX 1024
#define PLAIN_MIN       64 /* less is not worth a row of the table */
#define TRIES_MAX       ((uint32_t)1 << 16)

/* Where the deflated bytes begin behind a member's head at offset; 0: this is none. */
static uint64_t gzip_data(const struct image *image, uint64_t offset)
{
        const uint8_t *in = image->bytes;
        uint64_t at = offset + GZIP_HEAD;
        uint8_t flags;

        if (image->size - offset < GZIP_HEAD || memcmp(in + offset, "\x1f\x8b\x08", 3) != 0)
                return 0;
        flags = in[offset + 3];
        if (flags & GZIP_RESERVED)
                return 0;
        if (flags & GZIP_EXTRA) {
                if (image->size - at < 2)
                        return 0;
                at += 2 + get_u16(in + at);
        }
        for (unsigned bit = GZIP_NAME; bit <= GZIP_COMMENT; bit *= 2) {
                const uint64_t left = at < image->size ? image->size - at : 0;
                const uint8_t *end;

                if (!(flags & bit))
                        continue;
                end = left ? memchr(in + at, 0, left < MEMBER_NAME_MAX ? left : MEMBER_NAME_MAX)
                           : NULL;
                if (!end)
                        return 0;
                at = (uint64_t)(end - in) + 1;
        }
        return at + (flags & GZIP_CRC ? 2 : 0);
}

static uint64_t zip_data(const struct image *image, uint64_t offset)
{
        const uint8_t *in = image->bytes + offset;

        if (image->size - offset < ZIP_HEAD || memcmp(in, "PK\x03\x04", 4) != 0 ||
            get_u16(in + 8) != ZIP_DEFLATED)
                return 0;
        return offset + ZIP_HEAD + get_u16(in + 26) + get_u16(in + 28);
}

struct sink {
        uint64_t bytes;
};

static enum rc count_bytes(void *arg, const uint8_t *data, size_t bytes, struct err *err)
{
        struct sink *sink = arg;

        (void)data;
        sink->bytes += bytes;
        return sink->bytes > CODEC_BLOCK_MAX ? err_set(err, RC_TOO_BIG, "a member is too large")
                                             : RC_OK;
}

/* How long the deflated member at offset is, and what it expands to. */
static bool measure(const struct image *image, uint64_t offset, uint64_t *ret_packed,
                    uint64_t *ret_plain)
{
        CLEANUP(expand_stream_freep) struct expand_stream *stream = NULL;
        const uint64_t left = image->size - offset;
        const size_t most = left < 2 * CODEC_BLOCK_MAX ? (size_t)left : 2 * CODEC_BLOCK_MAX;
        struct sink sink = {0};
        struct err err = {0};
        size_t used = 0;
        bool end = false;

        if (expand_stream_new(CODEC_DEFLATE, count_bytes, &sink, &stream, &err) != RC_OK ||
            expand_stream_put(stream, image->bytes + offset, most, &used, &end, &err) != RC_OK ||
            !end)
                return false;
        *ret_packed = used;
        *ret_plain = sink.bytes;
        return used && sink.bytes >= PLAIN_MIN;
}

/* The n-th member of one file is paired with the n-th of the other. */
static enum rc add_member(struct image *image, uint64_t offset, uint64_t packed, uint64_t plain,
                          uint32_t number, struct err *err)
{
        const struct block block = {.offset = offset,
                                    .packed_bytes = (uint32_t)packed,
                                    .plain_bytes = (uint32_t)plain,
                                    .codec = CODEC_DEFLATE};
        struct piece piece = {.bytes = PIECE_REST};
        enum rc rc = image_begin_part(image, image_hash(2, &number, sizeof(number)), err);

        if (rc == RC_OK)
                rc = image_add_block(image, &block, &piece.block, err);
        return rc == RC_OK ? image_add_piece(image, &piece, err) : rc;
}

enum rc archive_read_image(struct image *image, struct err *err)
{
        uint32_t members = 0;
        uint32_t tries = 0;

        for (uint64_t at = 0; at + GZIP_HEAD < image->size && tries < TRIES_MAX; at++) {
                uint64_t data = 0;
                uint64_t packed;
                uint64_t plain;
                enum rc rc;

                if (image->bytes[at] == 0x1f)
                        data = gzip_data(image, at);
                else if (image->bytes[at] == 'P')
                        data = zip_data(image, at);
                if (!data || data >= image->size)
                        continue;
                tries++;
                if (!measure(image, data, &packed, &plain))
                        continue;
                rc = add_member(image, data, packed, plain, members++, err);
                if (rc != RC_OK)
                        return rc;
                image->kind = "archive";
                at = data + packed - 1;
        }
        return RC_OK;
}
