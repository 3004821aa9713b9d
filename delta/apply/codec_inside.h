/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* codec_inside -- one row a codec, each in the file of its library. Floor: delta/apply. */
#include "delta/apply/codec.h"

struct codec {
        const char *name;
        const char *(*library)(void);
        enum rc (*expand)(const uint8_t *in, size_t in_bytes, uint8_t *out, size_t out_max,
                          size_t *ret_bytes, struct err *err);
        enum rc (*pack)(const struct packer *packer, const uint8_t *in, size_t in_bytes,
                        uint8_t *out, size_t out_max, size_t *ret_bytes, struct err *err);
        bool (*is_valid)(const struct packer *packer);
        uint64_t (*memory)(const struct packer *packer, size_t block_bytes);
        /* what the fingerprint is taken of */
        const struct packer *samples;
        size_t sample_count;
};

extern const struct codec codec_xz, codec_lzma, codec_zlib, codec_deflate, codec_zstd, codec_lz4;

static inline enum rc codec_no_memory(struct err *err)
{
        return err_set(err, RC_NOMEM, "no memory for a compressor");
}

static inline enum rc codec_corrupt(const char *name, struct err *err)
{
        return err_set(err, RC_INVALID, "a block is no %s data, or too large", name);
}
