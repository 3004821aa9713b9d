/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/apply/codec_inside.h"
#include <lz4.h>
#include <lz4hc.h>
#include <stdio.h>

static const char *lz4_library(void)
{
        static char text[32];

        if (!text[0])
                snprintf(text, sizeof(text), "liblz4 %s", LZ4_versionString());
        return text;
}

static enum rc lz4_expand(const uint8_t *in, size_t in_bytes, uint8_t *out, size_t out_max,
                          size_t *ret_bytes, struct err *err)
{
        const int got =
                LZ4_decompress_safe((const char *)in, (char *)out, (int)in_bytes, (int)out_max);

        if (got < 0)
                return codec_corrupt("lz4", err);
        *ret_bytes = (size_t)got;
        return RC_OK;
}

static enum rc lz4_pack(const struct packer *packer, const uint8_t *in, size_t in_bytes,
                        uint8_t *out, size_t out_max, size_t *ret_bytes, struct err *err)
{
        const int level = packer->level & ~PACKER_LZ4_HC;
        const int got = packer->level & PACKER_LZ4_HC
                                ? LZ4_compress_HC((const char *)in, (char *)out, (int)in_bytes,
                                                  (int)out_max, level)
                                : LZ4_compress_default((const char *)in, (char *)out, (int)in_bytes,
                                                       (int)out_max);

        if (got <= 0)
                return err_set(err, RC_TOO_BIG, "a block does not fit");
        *ret_bytes = (size_t)got;
        return RC_OK;
}

static bool lz4_is_valid(const struct packer *packer)
{
        const unsigned level = packer->level & ~PACKER_LZ4_HC;

        return (packer->level & PACKER_LZ4_HC ? level >= 1 && level <= LZ4HC_CLEVEL_MAX : !level) &&
               !packer->strategy && !packer->window_bits && !packer->memory && !packer->filter &&
               !packer->check && !packer->props && !packer->dict_bytes;
}

static uint64_t lz4_memory(const struct packer *packer, size_t block_bytes)
{
        (void)packer, (void)block_bytes;
        return 320 * KIB; /* LZ4_STREAMHC_MINSIZE, rounded up */
}

static const struct packer lz4_samples[] = {
        {.codec = CODEC_LZ4},
        {.codec = CODEC_LZ4, .level = PACKER_LZ4_HC | 9},
        {.codec = CODEC_LZ4, .level = PACKER_LZ4_HC | 12},
};

const struct codec codec_lz4 = {.name = "lz4",
                                .library = lz4_library,
                                .expand = lz4_expand,
                                .pack = lz4_pack,
                                .is_valid = lz4_is_valid,
                                .memory = lz4_memory,
                                .samples = lz4_samples,
                                .sample_count = ARRAY_COUNT(lz4_samples)};
