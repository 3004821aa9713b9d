/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/inside/repack.h"
#include "core/base/fs.h"
#include <lzma.h>
#include <stdlib.h>
#include <string.h>

#define XZ_HEAD     12 /* of the stream, before the block's header */
#define LZMA_HEADER 13
#define OPTIONS_MAX 96
#define SPARE       512 /* a compressor may want more room than its output has */

struct options {
        struct packer rows[OPTIONS_MAX];
        uint32_t count;
};

static void add_option(struct options *options, struct packer packer)
{
        if (options->count < OPTIONS_MAX)
                options->rows[options->count++] = packer;
}

static const uint8_t presets[] = {6, 9, 6 | PACKER_EXTREME, 9 | PACKER_EXTREME, 5, 4, 3, 2, 1, 0,
                                  7, 8};

/* What the header of an xz block says: the check, the filter and the dictionary. */
static bool xz_header(const uint8_t *in, size_t bytes, struct packer *ret)
{
        lzma_filter filters[LZMA_FILTERS_MAX + 1];
        lzma_block block = {.version = 0, .filters = filters};
        lzma_stream_flags flags;
        size_t chunk;
        bool ok = false;

        if (bytes < XZ_HEAD + 8 || lzma_stream_header_decode(&flags, in) != LZMA_OK)
                return false;
        block.check = flags.check;
        block.header_size = lzma_block_header_size_decode(in[XZ_HEAD]);
        chunk = XZ_HEAD + block.header_size;
        if (bytes < chunk + 6 || lzma_block_header_decode(&block, NULL, in + XZ_HEAD) != LZMA_OK)
                return false;
        *ret = (struct packer){.codec = CODEC_XZ, .check = (uint8_t)flags.check};
        for (size_t i = 0; filters[i].id != LZMA_VLI_UNKNOWN; i++) {
                if (filters[i].id == LZMA_FILTER_LZMA2) {
                        ret->dict_bytes = ((lzma_options_lzma *)filters[i].options)->dict_size;
                        ok = i < 2;
                } else if (!i && filters[i].id < UINT8_MAX && !filters[i].options) {
                        ret->filter = (uint8_t)filters[i].id;
                }
        }
        lzma_filters_free(filters, NULL);
        /* The first chunk states lc, lp and pb, if it is a compressed one. */
        ret->props = in[chunk] >= 0xc0 ? in[chunk + 5] : (2 * 5 + 0) * 9 + 3;
        return ok;
}

static void list_xz(const uint8_t *in, size_t bytes, struct options *options)
{
        struct packer packer;

        if (!xz_header(in, bytes, &packer))
                return;
        for (size_t i = 0; i < ARRAY_COUNT(presets); i++) {
                packer.level = presets[i];
                add_option(options, packer);
        }
}

static void list_lzma(const uint8_t *in, size_t bytes, struct options *options)
{
        struct packer packer = {.codec = CODEC_LZMA};

        if (bytes < LZMA_HEADER)
                return;
        packer.props = in[0];
        for (unsigned i = 0; i < 4; i++)
                packer.dict_bytes |= (uint32_t)in[1 + i] << 8 * i;
        for (size_t i = 0; i < ARRAY_COUNT(presets); i++) {
                packer.level = presets[i];
                add_option(options, packer);
        }
}

/* gzip's coder is zlib's with a larger buffer, hence the two amounts of memory. */
static void list_deflate(const uint8_t *in, unsigned codec, struct options *options)
{
        static const uint8_t levels[] = {9, 6, 1, 8, 7, 5, 4, 3, 2};
        static const uint8_t memories[] = {8, 9};
        const uint8_t bits = codec == CODEC_ZLIB ? (uint8_t)((in[0] >> 4) + 8) : 15;
        const uint8_t strategies = codec == CODEC_ZLIB ? 5 : 1;

        for (uint8_t strategy = 0; strategy < strategies; strategy++) {
                for (size_t i = 0; i < ARRAY_COUNT(levels); i++) {
                        for (size_t j = 0; j < (codec == CODEC_ZLIB ? 1 : ARRAY_COUNT(memories));
                             j++)
                                add_option(options, (struct packer){.codec = (uint8_t)codec,
                                                                    .level = levels[i],
                                                                    .strategy = strategy,
                                                                    .window_bits = bits,
                                                                    .memory = memories[j]});
                }
        }
}

static void list_zstd(struct options *options)
{
        static const uint8_t levels[] = {15, 22, 19, 3, 9, 12};

        for (size_t i = 0; i < ARRAY_COUNT(levels); i++)
                add_option(options, (struct packer){.codec = CODEC_ZSTD, .level = levels[i]});
        for (uint8_t level = 1; level <= 22; level++) {
                if (!memchr(levels, level, sizeof(levels)))
                        add_option(options, (struct packer){.codec = CODEC_ZSTD, .level = level});
        }
}

static void list_lz4(struct options *options)
{
        add_option(options, (struct packer){.codec = CODEC_LZ4});
        for (uint8_t level = 12; level >= 1; level--)
                add_option(options,
                           (struct packer){.codec = CODEC_LZ4, .level = PACKER_LZ4_HC | level});
}

static void list_options(const struct image *image, const struct block *block, struct options *ret)
{
        const uint8_t *in = image->bytes + block->offset;

        ret->count = 0;
        switch (block->codec) {
        case CODEC_XZ:
                list_xz(in, block->packed_bytes, ret);
                break;
        case CODEC_LZMA:
                list_lzma(in, block->packed_bytes, ret);
                break;
        case CODEC_ZLIB:
        case CODEC_DEFLATE:
                list_deflate(in, block->codec, ret);
                break;
        case CODEC_ZSTD:
                list_zstd(ret);
                break;
        case CODEC_LZ4:
                list_lz4(ret);
                break;
        default:
                break;
        }
        for (uint32_t i = 0; i < ret->count; i++)
                ret->rows[i].frame = block->frame;
}

static bool gives_again(const struct image *image, const struct block *block,
                        const struct packer *packer, const uint8_t *plain, uint8_t *room)
{
        const uint64_t begin = block_begin(block);
        const size_t want = block_end(block) - begin;
        size_t bytes = 0;
        struct err err = {0};

        if (packer->codec != block->codec || packer->frame != block->frame ||
            packer_check(packer, &err) != RC_OK)
                return false;
        return packer_run(packer, plain, block->plain_bytes, room, want + SPARE, &bytes, &err) ==
                       RC_OK &&
               bytes == want && memcmp(room, image->bytes + begin, want) == 0;
}

/* Of a row that served before, what is written in a block itself is taken from this one. */
static bool is_fitting(const struct packer *packer, const struct options *options)
{
        for (uint32_t i = 0; i < options->count; i++) {
                if (memcmp(packer, &options->rows[i], sizeof(*packer)) == 0)
                        return true;
        }
        return false;
}

enum rc repack_find(const struct repack *repack, const struct image *image, uint32_t block,
                    const uint8_t *plain, uint8_t *room, struct packer *ret, struct err *err)
{
        const struct block *row = &image->blocks[block];
        struct options options;

        list_options(image, row, &options);
        for (uint32_t i = 0; i < repack->count; i++) {
                struct packer packer = repack->kept[i];

                packer.frame = row->frame;
                if (options.count && (packer.codec == CODEC_XZ || packer.codec == CODEC_LZMA)) {
                        packer.filter = options.rows[0].filter;
                        packer.check = options.rows[0].check;
                        packer.props = options.rows[0].props;
                        packer.dict_bytes = options.rows[0].dict_bytes;
                }
                if (!is_fitting(&packer, &options) ||
                    packer_memory_bytes(&packer, row->plain_bytes) > repack->memory_max)
                        continue;
                if (gives_again(image, row, &packer, plain, room)) {
                        *ret = packer;
                        return RC_OK;
                }
        }
        return err_set(err, RC_NOT_FOUND, "no options give the block again");
}

static bool is_alike(const struct packer *a, const struct packer *b)
{
        return a->codec == b->codec && a->level == b->level && a->strategy == b->strategy &&
               a->window_bits == b->window_bits && a->memory == b->memory;
}

struct tally {
        struct packer packer;
        uint32_t served;
};

static void count_one(struct tally *tallies, uint32_t *count, const struct packer *packer)
{
        for (uint32_t i = 0; i < *count; i++) {
                if (is_alike(&tallies[i].packer, packer)) {
                        tallies[i].served++;
                        return;
                }
        }
        if (*count < REPACK_KEPT)
                tallies[(*count)++] = (struct tally){*packer, 1};
}

static void try_sample(const struct image *image, uint32_t block, uint8_t *room,
                       struct tally *tallies, uint32_t *count)
{
        const struct block *row = &image->blocks[block];
        uint8_t *plain = room + REPACK_ROOM;
        struct options options;
        struct err err = {0};
        size_t bytes = 0;

        if (row->plain_bytes > CODEC_BLOCK_MAX ||
            codec_expand(row->codec, image->bytes + row->offset, row->packed_bytes, plain,
                         CODEC_BLOCK_MAX, &bytes, &err) != RC_OK ||
            bytes != row->plain_bytes)
                return;
        list_options(image, row, &options);
        for (uint32_t i = 0; i < options.count; i++) {
                if (gives_again(image, row, &options.rows[i], plain, room)) {
                        count_one(tallies, count, &options.rows[i]);
                        return;
                }
        }
}

enum rc repack_plan(const struct image *image, const uint32_t *blocks, uint32_t count,
                    uint64_t memory_max, struct repack *ret, struct err *err)
{
        CLEANUP(fs_freep) uint8_t *room = malloc(REPACK_ROOM + CODEC_BLOCK_MAX);
        struct tally tallies[REPACK_KEPT];
        const uint32_t step = count / REPACK_SAMPLES + 1;

        memset(ret, 0, sizeof(*ret));
        ret->memory_max = memory_max;
        if (!room)
                return err_set(err, RC_NOMEM, "no memory to find how blocks were packed");
        for (uint32_t i = 0; i < count; i += step)
                try_sample(image, blocks[i], room, tallies, &ret->count);
        for (uint32_t i = 0; i < ret->count; i++) {
                uint32_t best = i;
                struct tally row;

                for (uint32_t j = i + 1; j < ret->count; j++) {
                        if (tallies[j].served > tallies[best].served)
                                best = j;
                }
                row = tallies[best];
                tallies[best] = tallies[i];
                tallies[i] = row;
                ret->kept[i] = row.packer;
        }
        return RC_OK;
}
