/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/apply/codec_inside.h"
#include <lzma.h>
#include <stdio.h>
#include <string.h>

#define MEMORY_MAX       (64 * MIB)
#define LZMA_HEADER      13
#define LZMA_SIZE_AT     5
#define DICT_MIN         4096
#define PRESET_MAX       9
#define PROPS_END        (9 * 5 * 5)
#define LCLP_MAX         4
#define MEMORY_OF_STREAM (128 * KIB)

static const char *xz_library(void)
{
        static char text[32];

        if (!text[0])
                snprintf(text, sizeof(text), "liblzma %s", lzma_version_string());
        return text;
}

static enum rc xz_expand(const uint8_t *in, size_t in_bytes, uint8_t *out, size_t out_max,
                         size_t *ret_bytes, struct err *err)
{
        uint64_t memory = MEMORY_MAX;
        size_t in_at = 0;
        size_t out_at = 0;
        const lzma_ret got = lzma_stream_buffer_decode(&memory, 0, NULL, in, &in_at, in_bytes, out,
                                                       &out_at, out_max);

        if (got == LZMA_MEM_ERROR)
                return codec_no_memory(err);
        if (got != LZMA_OK || in_at != in_bytes)
                return codec_corrupt("xz", err);
        *ret_bytes = out_at;
        return RC_OK;
}

static bool fill_options(const struct packer *packer, lzma_options_lzma *ret)
{
        const uint32_t preset = packer->level & ~PACKER_EXTREME;
        uint32_t props = packer->props;

        if (lzma_lzma_preset(ret, packer->level & PACKER_EXTREME ? preset | LZMA_PRESET_EXTREME
                                                                 : preset))
                return false;
        ret->dict_size = packer->dict_bytes;
        ret->lc = props % 9;
        props /= 9;
        ret->lp = props % 5;
        ret->pb = props / 5;
        return true;
}

static void fill_filters(const struct packer *packer, lzma_options_lzma *options,
                         lzma_filter ret[3])
{
        size_t at = 0;

        if (packer->filter)
                ret[at++] = (lzma_filter){.id = packer->filter, .options = NULL};
        ret[at++] = (lzma_filter){.id = LZMA_FILTER_LZMA2, .options = options};
        ret[at] = (lzma_filter){.id = LZMA_VLI_UNKNOWN, .options = NULL};
}

static enum rc xz_pack(const struct packer *packer, const uint8_t *in, size_t in_bytes,
                       uint8_t *out, size_t out_max, size_t *ret_bytes, struct err *err)
{
        lzma_options_lzma options;
        lzma_filter filters[3];
        size_t out_at = 0;
        lzma_ret got;

        if (!fill_options(packer, &options))
                return err_set(err, RC_UNSUPPORTED, "liblzma has no such preset");
        fill_filters(packer, &options, filters);
        got = lzma_stream_buffer_encode(filters, (lzma_check)packer->check, NULL, in, in_bytes, out,
                                        &out_at, out_max);
        if (got == LZMA_MEM_ERROR)
                return codec_no_memory(err);
        if (got == LZMA_BUF_ERROR)
                return err_set(err, RC_TOO_BIG, "a block does not fit");
        if (got != LZMA_OK)
                return err_set(err, RC_UNSUPPORTED, "liblzma has no such options");
        *ret_bytes = out_at;
        return RC_OK;
}

static bool lzma_props_valid(const struct packer *packer)
{
        const unsigned lclp = packer->props % 9 + packer->props / 9 % 5;

        return packer->props < PROPS_END && lclp <= LCLP_MAX &&
               (packer->level & ~PACKER_EXTREME) <= PRESET_MAX && packer->dict_bytes >= DICT_MIN &&
               packer->dict_bytes <= CODEC_BLOCK_MAX && !packer->strategy && !packer->window_bits &&
               !packer->memory;
}

static bool xz_is_valid(const struct packer *packer)
{
        return lzma_props_valid(packer) && packer->check <= LZMA_CHECK_ID_MAX &&
               lzma_check_is_supported((lzma_check)packer->check) &&
               (!packer->filter ||
                (packer->filter >= LZMA_FILTER_X86 && packer->filter <= LZMA_FILTER_SPARC));
}

static bool lzma_is_valid(const struct packer *packer)
{
        return lzma_props_valid(packer) && !packer->check && !packer->filter;
}

static uint64_t xz_memory(const struct packer *packer, size_t block_bytes)
{
        lzma_options_lzma options;
        lzma_filter filters[3];
        uint64_t memory;

        (void)block_bytes;
        if (!fill_options(packer, &options))
                return UINT64_MAX;
        fill_filters(packer, &options, filters);
        memory = lzma_raw_encoder_memusage(filters);
        return memory == UINT64_MAX ? memory : memory + MEMORY_OF_STREAM;
}

/* One call of a coder over whole buffers. */
static lzma_ret code_whole(lzma_stream *stream, const uint8_t *in, size_t in_bytes, uint8_t *out,
                           size_t out_max)
{
        stream->next_in = in;
        stream->avail_in = in_bytes;
        stream->next_out = out;
        stream->avail_out = out_max;
        return lzma_code(stream, LZMA_FINISH);
}

static enum rc lzma_expand(const uint8_t *in, size_t in_bytes, uint8_t *out, size_t out_max,
                           size_t *ret_bytes, struct err *err)
{
        lzma_stream stream = LZMA_STREAM_INIT;
        lzma_ret got = lzma_alone_decoder(&stream, MEMORY_MAX);
        size_t left = 1;

        if (got == LZMA_OK)
                got = code_whole(&stream, in, in_bytes, out, out_max);
        left = stream.avail_in;
        *ret_bytes = out_max - stream.avail_out;
        lzma_end(&stream);
        if (got == LZMA_MEM_ERROR)
                return codec_no_memory(err);
        return got == LZMA_STREAM_END && !left ? RC_OK : codec_corrupt("lzma", err);
}

/* squashfs-tools writes the size where liblzma leaves "unknown". */
static enum rc lzma_pack(const struct packer *packer, const uint8_t *in, size_t in_bytes,
                         uint8_t *out, size_t out_max, size_t *ret_bytes, struct err *err)
{
        lzma_stream stream = LZMA_STREAM_INIT;
        lzma_options_lzma options;
        lzma_ret got;

        if (!fill_options(packer, &options))
                return err_set(err, RC_UNSUPPORTED, "liblzma has no such preset");
        got = lzma_alone_encoder(&stream, &options);
        if (got == LZMA_OK)
                got = code_whole(&stream, in, in_bytes, out, out_max);
        *ret_bytes = out_max - stream.avail_out;
        lzma_end(&stream);
        if (got == LZMA_MEM_ERROR)
                return codec_no_memory(err);
        if (got != LZMA_STREAM_END || *ret_bytes < LZMA_HEADER)
                return err_set(err, RC_TOO_BIG, "a block does not fit");
        for (size_t i = 0; i < 8; i++)
                out[LZMA_SIZE_AT + i] = (uint8_t)((uint64_t)in_bytes >> 8 * i);
        return RC_OK;
}

#define PROPS_DEFAULT ((2 * 5 + 0) * 9 + 3)

static const struct packer xz_samples[] = {
        {.codec = CODEC_XZ,
         .level = 6,
         .check = LZMA_CHECK_CRC32,
         .props = PROPS_DEFAULT,
         .dict_bytes = 131072},
        {.codec = CODEC_XZ,
         .level = 6,
         .check = LZMA_CHECK_CRC32,
         .props = PROPS_DEFAULT,
         .dict_bytes = 8192},
        {.codec = CODEC_XZ,
         .level = 6,
         .check = LZMA_CHECK_CRC32,
         .props = PROPS_DEFAULT,
         .dict_bytes = 131072,
         .filter = LZMA_FILTER_X86},
        {.codec = CODEC_XZ,
         .level = 6,
         .check = LZMA_CHECK_CRC32,
         .props = PROPS_DEFAULT,
         .dict_bytes = 131072,
         .filter = LZMA_FILTER_ARM},
        {.codec = CODEC_XZ,
         .level = 6,
         .check = LZMA_CHECK_CRC32,
         .props = PROPS_DEFAULT,
         .dict_bytes = 131072,
         .filter = LZMA_FILTER_ARMTHUMB},
        {.codec = CODEC_XZ,
         .level = 1,
         .check = LZMA_CHECK_CRC32,
         .props = PROPS_DEFAULT,
         .dict_bytes = 131072},
        {.codec = CODEC_XZ,
         .level = 9 | PACKER_EXTREME,
         .check = LZMA_CHECK_CRC32,
         .props = PROPS_DEFAULT,
         .dict_bytes = 262144},
};

static const struct packer lzma_samples[] = {
        {.codec = CODEC_LZMA, .level = 6, .props = PROPS_DEFAULT, .dict_bytes = 131072},
        {.codec = CODEC_LZMA, .level = 6, .props = PROPS_DEFAULT, .dict_bytes = 8192},
};

const struct codec codec_xz = {.name = "xz",
                               .library = xz_library,
                               .expand = xz_expand,
                               .pack = xz_pack,
                               .is_valid = xz_is_valid,
                               .memory = xz_memory,
                               .samples = xz_samples,
                               .sample_count = ARRAY_COUNT(xz_samples)};
const struct codec codec_lzma = {.name = "lzma",
                                 .library = xz_library,
                                 .expand = lzma_expand,
                                 .pack = lzma_pack,
                                 .is_valid = lzma_is_valid,
                                 .memory = xz_memory,
                                 .samples = lzma_samples,
                                 .sample_count = ARRAY_COUNT(lzma_samples)};
