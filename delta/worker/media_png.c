/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/worker/inspect_media.h"
#include <string.h>

#define SIGNATURE_BYTES 8
#define CHUNK_BYTES     12 /* length, type, CRC */
#define HEADER_BYTES    13
#define EXTRA_MAX       (64 * KIB)
#define PALETTE_MAX     768
/* zlib packs no better than 1032 to 1: fewer bytes cannot hold the picture. */
#define PACK_RATIO 1032

struct png {
        struct media_bytes in;
        uint32_t crc_table[256];
        struct media_info info;
        uint8_t depth;
        uint8_t colour;
        bool has_palette;
        bool in_pixels; /* IDAT chunks stand together */
        bool after_pixels;
        uint8_t zlib_head[2];
        uint64_t pixel_bytes; /* of all IDAT */
};

struct chunk {
        char type[5];
        const uint8_t *data;
        uint32_t bytes;
};

static uint32_t u32_read(const uint8_t *at)
{
        return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void crc_init(struct png *png)
{
        for (uint32_t i = 0; i < 256; i++) {
                uint32_t value = i;

                for (int bit = 0; bit < 8; bit++)
                        value = value & 1 ? 0xedb88320 ^ (value >> 1) : value >> 1;
                png->crc_table[i] = value;
        }
}

static uint32_t crc_of(const struct png *png, const uint8_t *data, size_t bytes)
{
        uint32_t crc = 0xffffffff;

        for (size_t i = 0; i < bytes; i++)
                crc = png->crc_table[(crc ^ data[i]) & 0xff] ^ (crc >> 8);
        return ~crc;
}

static bool type_is_valid(const uint8_t *type)
{
        for (int i = 0; i < 4; i++)
                if (!((type[i] >= 'A' && type[i] <= 'Z') || (type[i] >= 'a' && type[i] <= 'z')))
                        return false;
        return !(type[2] & 0x20); /* reserved: always upper case */
}

static enum rc chunk_read(struct png *png, struct chunk *ret, struct err *err)
{
        const uint8_t *at = png->in.data + png->in.at;
        uint32_t bytes;

        if (media_left(&png->in) < CHUNK_BYTES)
                return media_refuse(err, "media-truncated", "ends before its end");
        bytes = u32_read(at);
        if (bytes > media_left(&png->in) - CHUNK_BYTES)
                return media_refuse(err, "media-truncated", "ends inside a chunk");
        if (!type_is_valid(at + 4))
                return media_refuse(err, "media-chunk", "has a chunk of no valid type");
        if (crc_of(png, at + 4, bytes + 4) != u32_read(at + 8 + bytes))
                return media_refuse(err, "media-crc", "has a chunk with a wrong checksum");
        memcpy(ret->type, at + 4, 4);
        ret->type[4] = '\0';
        ret->data = at + 8;
        ret->bytes = bytes;
        png->in.at += CHUNK_BYTES + (size_t)bytes;
        return RC_OK;
}

static bool is(const struct chunk *chunk, const char *type)
{
        return strcmp(chunk->type, type) == 0;
}

/* Bits of a sample by the kind of colour. */
static bool depth_fits(uint8_t colour, uint8_t depth)
{
        switch (colour) {
        case 0:
                return depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
        case 3:
                return depth == 1 || depth == 2 || depth == 4 || depth == 8;
        case 2:
        case 4:
        case 6:
                return depth == 8 || depth == 16;
        default:
                return false;
        }
}

static enum rc header_read(struct png *png, struct err *err)
{
        struct chunk chunk = {.type = ""};
        enum rc rc = chunk_read(png, &chunk, err);

        if (rc != RC_OK)
                return rc;
        if (!is(&chunk, "IHDR") || chunk.bytes != HEADER_BYTES)
                return media_refuse(err, "media-chunk", "does not begin with its header");
        png->info.format = MEDIA_PNG;
        png->info.width = u32_read(chunk.data);
        png->info.height = u32_read(chunk.data + 4);
        png->depth = chunk.data[8];
        png->colour = chunk.data[9];
        if (!depth_fits(png->colour, png->depth) || chunk.data[10] != 0 || chunk.data[11] != 0 ||
            chunk.data[12] > 1)
                return media_refuse(err, "media-chunk", "has a header that is not valid");
        return media_side_check(png->info.width, png->info.height, err);
}

static enum rc palette_take(struct png *png, const struct chunk *chunk, struct err *err)
{
        if (png->has_palette || png->in_pixels || png->colour == 0 || png->colour == 4 ||
            chunk->bytes == 0 || chunk->bytes % 3 || chunk->bytes > PALETTE_MAX)
                return media_refuse(err, "media-chunk", "has a palette that is not valid");
        png->has_palette = true;
        return RC_OK;
}

static enum rc pixels_take(struct png *png, const struct chunk *chunk, struct err *err)
{
        if (png->after_pixels)
                return media_refuse(err, "media-chunk", "has its pixels in two places");
        png->in_pixels = true;
        for (uint32_t i = 0; i < chunk->bytes && png->pixel_bytes + i < 2; i++)
                png->zlib_head[png->pixel_bytes + i] = chunk->data[i];
        png->pixel_bytes += chunk->bytes;
        return RC_OK;
}

static enum rc chunk_take(struct png *png, const struct chunk *chunk, struct err *err)
{
        if (is(chunk, "IDAT"))
                return pixels_take(png, chunk, err);
        png->after_pixels = png->in_pixels;
        if (is(chunk, "PLTE"))
                return palette_take(png, chunk, err);
        if (is(chunk, "acTL") || is(chunk, "fcTL") || is(chunk, "fdAT"))
                return media_refuse(err, "media-animated", "moves");
        if (!(chunk->type[0] & 0x20)) /* upper case: not to be passed over */
                return media_refuse(err, "media-chunk", "has a chunk that is not known");
        if (chunk->bytes > EXTRA_MAX)
                return media_refuse(err, "media-chunk", "has too much beside its pixels");
        return RC_OK;
}

static uint64_t row_bits(const struct png *png)
{
        static const uint8_t samples[] = {1, 0, 3, 1, 2, 0, 4};

        return (uint64_t)png->info.width * samples[png->colour] * png->depth;
}

/* Whether the packed bytes begin as zlib's do, and are enough for the pixels that are stated. */
static enum rc pixels_check(const struct png *png, struct err *err)
{
        const unsigned head = png->zlib_head[0] * 256U + png->zlib_head[1];
        const uint64_t plain = (row_bits(png) + 7) / 8 * png->info.height;

        if (png->pixel_bytes < 8)
                return media_refuse(err, "media-truncated", "has no pixels");
        if ((head >> 8 & 0xf) != 8 || (head >> 12) > 7 || head % 31 || head & 0x20)
                return media_refuse(err, "media-chunk", "has pixels that are not packed by zlib");
        if (plain / PACK_RATIO > png->pixel_bytes)
                return media_refuse(err, "media-truncated", "has too few bytes for its size");
        if (png->colour == 3 && !png->has_palette)
                return media_refuse(err, "media-chunk", "has no palette");
        return RC_OK;
}

enum rc media_png_read(const uint8_t *data, size_t bytes, struct media_info *ret, struct err *err)
{
        struct png png = {.in = {.data = data, .bytes = bytes, .at = SIGNATURE_BYTES}};
        struct chunk chunk = {.type = ""};
        enum rc rc;

        crc_init(&png);
        rc = header_read(&png, err);
        while (rc == RC_OK && !is(&chunk, "IEND")) {
                rc = chunk_read(&png, &chunk, err);
                if (rc == RC_OK && !is(&chunk, "IEND"))
                        rc = chunk_take(&png, &chunk, err);
        }
        if (rc == RC_OK)
                rc = pixels_check(&png, err);
        if (rc != RC_OK)
                return rc;
        if (chunk.bytes || media_left(&png.in))
                return media_refuse(err, "media-trailing", "has something behind its end");
        *ret = png.info;
        return RC_OK;
}
