/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/apply/codec.h"
#include "core/base/fs.h"
#include "delta/apply/codec_inside.h"
#include "delta/apply/sha3.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define VECTOR_BYTES   (64 * KIB)
#define PACKED_MAX     (VECTOR_BYTES + 4 * KIB)
#define META_BYTES_MAX 0x7fff

static const struct codec *const codecs[CODEC_END] = {
        [CODEC_XZ] = &codec_xz,           [CODEC_LZMA] = &codec_lzma, [CODEC_ZLIB] = &codec_zlib,
        [CODEC_DEFLATE] = &codec_deflate, [CODEC_ZSTD] = &codec_zstd, [CODEC_LZ4] = &codec_lz4,
};

static const struct codec *codec_find(unsigned codec)
{
        return codec < CODEC_END ? codecs[codec] : NULL;
}

const char *codec_name(unsigned codec)
{
        return codec_find(codec) ? codecs[codec]->name : NULL;
}

const char *codec_library(unsigned codec)
{
        return codec_find(codec) ? codecs[codec]->library() : "";
}

static enum rc unknown_codec(unsigned codec, struct err *err)
{
        return err_set(err, RC_UNSUPPORTED, "compressor %u is unknown", codec);
}

enum rc codec_expand(unsigned codec, const uint8_t *in, size_t in_bytes, uint8_t *out,
                     size_t out_max, size_t *ret_bytes, struct err *err)
{
        if (!codec_find(codec))
                return unknown_codec(codec, err);
        if (in_bytes > 2 * CODEC_BLOCK_MAX || out_max > 2 * CODEC_BLOCK_MAX)
                return err_set(err, RC_TOO_BIG, "a block of more than %zu bytes", CODEC_BLOCK_MAX);
        return codecs[codec]->expand(in, in_bytes, out, out_max, ret_bytes, err);
}

enum rc packer_check(const struct packer *packer, struct err *err)
{
        if (!codec_find(packer->codec))
                return unknown_codec(packer->codec, err);
        if (packer->frame > FRAME_SQUASH_META || !codecs[packer->codec]->is_valid(packer))
                return err_set(err, RC_UNSUPPORTED, "options of %s that are unknown",
                               codec_name(packer->codec));
        return RC_OK;
}

enum rc packer_run(const struct packer *packer, const uint8_t *in, size_t in_bytes, uint8_t *out,
                   size_t out_max, size_t *ret_bytes, struct err *err)
{
        const size_t head = packer->frame == FRAME_SQUASH_META ? 2 : 0;
        size_t bytes = 0;
        enum rc rc;

        assert(codec_find(packer->codec));
        if (in_bytes > CODEC_BLOCK_MAX || out_max < head)
                return err_set(err, RC_TOO_BIG, "a block of %zu bytes", in_bytes);
        rc = codecs[packer->codec]->pack(packer, in, in_bytes, out + head, out_max - head, &bytes,
                                         err);
        if (rc != RC_OK)
                return rc;
        if (head && bytes > META_BYTES_MAX)
                return err_set(err, RC_TOO_BIG, "metadata of %zu bytes", bytes);
        if (head) {
                out[0] = (uint8_t)bytes;
                out[1] = (uint8_t)(bytes >> 8);
        }
        *ret_bytes = bytes + head;
        return RC_OK;
}

uint64_t packer_memory_bytes(const struct packer *packer, size_t block_bytes)
{
        assert(codec_find(packer->codec));
        return codecs[packer->codec]->memory(packer, block_bytes);
}

/* The test vector: runs, words from a small set, machine-like records and noise, so that every part
 * of a match finder and of an entropy coder is used. */
static void vector_fill(uint8_t ret[VECTOR_BYTES])
{
        uint32_t state = 0x53544f52;

        for (size_t i = 0; i < VECTOR_BYTES; i++) {
                const size_t part = i / 1024 % 8;

                state = state * 1664525 + 1013904223;
                if (part < 3)
                        ret[i] =
                                (uint8_t)("the of and store delta block "[state >> 16 & 3] + i % 7);
                else if (part < 5)
                        ret[i] = i % 4 == 0 ? 0xe8 : i % 4 == 3 ? 0 : (uint8_t)(state >> 28);
                else if (part < 7)
                        ret[i] = state >> 30 ? ret[i - 1 - (state >> 20 & 511)]
                                             : (uint8_t)(state >> 8);
                else
                        ret[i] = (uint8_t)(state >> 24);
        }
}

static enum rc print_samples(const struct codec *codec, uint8_t *vector, uint8_t *packed,
                             struct sha3 *hash, struct err *err)
{
        for (size_t i = 0; i < codec->sample_count; i++) {
                uint8_t length[4];
                size_t bytes = 0;
                const enum rc rc = codec->pack(&codec->samples[i], vector, VECTOR_BYTES, packed,
                                               PACKED_MAX, &bytes, err);

                if (rc != RC_OK)
                        return rc;
                for (size_t j = 0; j < sizeof(length); j++)
                        length[j] = (uint8_t)(bytes >> 8 * j);
                sha3_update(hash, length, sizeof(length));
                sha3_update(hash, packed, bytes);
        }
        return RC_OK;
}

enum rc codec_fingerprint(unsigned codec, uint8_t ret[CODEC_PRINT_BYTES], struct err *err)
{
        CLEANUP(fs_freep) uint8_t *vector = malloc(VECTOR_BYTES + PACKED_MAX);
        uint8_t digest[SHA3_384_BYTES];
        struct sha3 hash;
        enum rc rc;

        if (!codec_find(codec))
                return unknown_codec(codec, err);
        if (!vector)
                return codec_no_memory(err);
        vector_fill(vector);
        sha3_init(&hash);
        rc = print_samples(codecs[codec], vector, vector + VECTOR_BYTES, &hash, err);
        if (rc != RC_OK)
                return rc;
        sha3_finish(&hash, digest);
        memcpy(ret, digest, CODEC_PRINT_BYTES);
        return RC_OK;
}
