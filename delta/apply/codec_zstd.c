/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/apply/codec_inside.h"
#include <stdio.h>
#include <zstd.h>
#include <zstd_errors.h>

#define LEVEL_MAX 22
/* ZSTD_estimateCCtxSize is no part of the stable interface; these are what levels need for a block
 * of 1 MiB (zstd 1.5.4), rounded up. */
#define MEMORY_LOW   (4 * MIB)
#define MEMORY_HIGH  (20 * MIB)
#define LEVEL_LOW    15
#define SMALL_BLOCK  (128 * KIB)
#define SMALL_MEMORY (4 * MIB)

static const char *zstd_library(void)
{
        static char text[32];

        if (!text[0])
                snprintf(text, sizeof(text), "libzstd %s", ZSTD_versionString());
        return text;
}

static enum rc zstd_expand(const uint8_t *in, size_t in_bytes, uint8_t *out, size_t out_max,
                           size_t *ret_bytes, struct err *err)
{
        const size_t got = ZSTD_decompress(out, out_max, in, in_bytes);

        if (ZSTD_isError(got))
                return ZSTD_getErrorCode(got) == ZSTD_error_memory_allocation
                               ? codec_no_memory(err)
                               : codec_corrupt("zstd", err);
        *ret_bytes = got;
        return RC_OK;
}

static enum rc zstd_pack(const struct packer *packer, const uint8_t *in, size_t in_bytes,
                         uint8_t *out, size_t out_max, size_t *ret_bytes, struct err *err)
{
        const size_t got = ZSTD_compress(out, out_max, in, in_bytes, packer->level);

        if (ZSTD_isError(got))
                return ZSTD_getErrorCode(got) == ZSTD_error_memory_allocation
                               ? codec_no_memory(err)
                               : err_set(err, RC_TOO_BIG, "a block does not fit");
        *ret_bytes = got;
        return RC_OK;
}

static bool zstd_is_valid(const struct packer *packer)
{
        return packer->level >= 1 && packer->level <= LEVEL_MAX && !packer->strategy &&
               !packer->window_bits && !packer->memory && !packer->filter && !packer->check &&
               !packer->props && !packer->dict_bytes;
}

static uint64_t zstd_memory(const struct packer *packer, size_t block_bytes)
{
        if (block_bytes <= SMALL_BLOCK)
                return SMALL_MEMORY;
        return packer->level <= LEVEL_LOW ? MEMORY_LOW + 4 * (uint64_t)block_bytes : MEMORY_HIGH;
}

static const struct packer zstd_samples[] = {
        {.codec = CODEC_ZSTD, .level = 1},  {.codec = CODEC_ZSTD, .level = 3},
        {.codec = CODEC_ZSTD, .level = 9},  {.codec = CODEC_ZSTD, .level = 15},
        {.codec = CODEC_ZSTD, .level = 19}, {.codec = CODEC_ZSTD, .level = 22},
};

const struct codec codec_zstd = {.name = "zstd",
                                 .library = zstd_library,
                                 .expand = zstd_expand,
                                 .pack = zstd_pack,
                                 .is_valid = zstd_is_valid,
                                 .memory = zstd_memory,
                                 .samples = zstd_samples,
                                 .sample_count = ARRAY_COUNT(zstd_samples)};
