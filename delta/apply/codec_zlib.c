/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/apply/codec_inside.h"
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#define CHUNK          (32 * KIB)
#define WINDOW_BITS    15
#define MEMORY_DEFAULT 8

static const char *zlib_library(void)
{
        static char text[32];

        if (!text[0])
                snprintf(text, sizeof(text), "zlib %s", zlibVersion());
        return text;
}

/* zlib tells its two formats apart by the sign. */
static int bits_of(unsigned codec, unsigned window_bits)
{
        return codec == CODEC_DEFLATE ? -(int)window_bits : (int)window_bits;
}

static enum rc expand(unsigned codec, const uint8_t *in, size_t in_bytes, uint8_t *out,
                      size_t out_max, size_t *ret_bytes, struct err *err)
{
        z_stream stream = {.next_in = (z_const Bytef *)in,
                           .avail_in = (uInt)in_bytes,
                           .next_out = out,
                           .avail_out = (uInt)out_max};
        int got = inflateInit2(&stream, bits_of(codec, WINDOW_BITS));

        if (got != Z_OK)
                return codec_no_memory(err);
        got = inflate(&stream, Z_FINISH);
        inflateEnd(&stream);
        if (got == Z_MEM_ERROR)
                return codec_no_memory(err);
        if (got != Z_STREAM_END || stream.avail_in)
                return codec_corrupt("deflate", err);
        *ret_bytes = out_max - stream.avail_out;
        return RC_OK;
}

static enum rc zlib_expand(const uint8_t *in, size_t in_bytes, uint8_t *out, size_t out_max,
                           size_t *ret_bytes, struct err *err)
{
        return expand(CODEC_ZLIB, in, in_bytes, out, out_max, ret_bytes, err);
}

static enum rc deflate_expand(const uint8_t *in, size_t in_bytes, uint8_t *out, size_t out_max,
                              size_t *ret_bytes, struct err *err)
{
        return expand(CODEC_DEFLATE, in, in_bytes, out, out_max, ret_bytes, err);
}

static int deflate_begin(const struct packer *packer, z_stream *stream)
{
        return deflateInit2(stream, packer->level, Z_DEFLATED,
                            bits_of(packer->codec, packer->window_bits), packer->memory,
                            packer->strategy);
}

static enum rc zlib_pack(const struct packer *packer, const uint8_t *in, size_t in_bytes,
                         uint8_t *out, size_t out_max, size_t *ret_bytes, struct err *err)
{
        z_stream stream = {.next_in = (z_const Bytef *)in,
                           .avail_in = (uInt)in_bytes,
                           .next_out = out,
                           .avail_out = (uInt)out_max};
        int got = deflate_begin(packer, &stream);

        if (got == Z_MEM_ERROR)
                return codec_no_memory(err);
        if (got != Z_OK)
                return err_set(err, RC_UNSUPPORTED, "zlib has no such options");
        got = deflate(&stream, Z_FINISH);
        deflateEnd(&stream);
        if (got != Z_STREAM_END)
                return err_set(err, RC_TOO_BIG, "a block does not fit");
        *ret_bytes = out_max - stream.avail_out;
        return RC_OK;
}

static bool zlib_is_valid(const struct packer *packer)
{
        return packer->level >= 1 && packer->level <= 9 && packer->strategy <= Z_FIXED &&
               packer->window_bits >= 9 && packer->window_bits <= WINDOW_BITS &&
               packer->memory >= 1 && packer->memory <= MAX_MEM_LEVEL && !packer->filter &&
               !packer->check && !packer->props && !packer->dict_bytes;
}

static uint64_t zlib_memory(const struct packer *packer, size_t block_bytes)
{
        (void)block_bytes;
        return ((uint64_t)1 << (packer->window_bits + 2)) + ((uint64_t)1 << (packer->memory + 9)) +
               16 * KIB;
}

struct packer_stream {
        z_stream zlib;
        codec_put put;
        void *arg;
        uint8_t chunk[CHUNK];
};

enum rc packer_stream_new(const struct packer *packer, codec_put put, void *arg,
                          struct packer_stream **ret, struct err *err)
{
        struct packer_stream *stream;

        if (packer->codec != CODEC_DEFLATE && packer->codec != CODEC_ZLIB)
                return err_set(err, RC_UNSUPPORTED, "only deflate packs more than a block");
        stream = calloc(1, sizeof(*stream));
        if (!stream)
                return codec_no_memory(err);
        stream->put = put;
        stream->arg = arg;
        if (deflate_begin(packer, &stream->zlib) != Z_OK) {
                free(stream);
                return codec_no_memory(err);
        }
        *ret = stream;
        return RC_OK;
}

void packer_stream_freep(struct packer_stream **stream)
{
        if (!*stream)
                return;
        deflateEnd(&(*stream)->zlib);
        free(*stream);
        *stream = NULL;
}

enum rc packer_stream_put(struct packer_stream *stream, const uint8_t *in, size_t bytes, bool last,
                          struct err *err)
{
        int got = Z_OK;

        stream->zlib.next_in = (z_const Bytef *)in;
        stream->zlib.avail_in = (uInt)bytes;
        do {
                enum rc rc;

                stream->zlib.next_out = stream->chunk;
                stream->zlib.avail_out = CHUNK;
                got = deflate(&stream->zlib, last ? Z_FINISH : Z_NO_FLUSH);
                if (got == Z_STREAM_ERROR)
                        return err_set(err, RC_BUG, "deflate lost its state");
                rc = stream->put(stream->arg, stream->chunk, CHUNK - stream->zlib.avail_out, err);
                if (rc != RC_OK)
                        return rc;
        } while (last ? got != Z_STREAM_END : !stream->zlib.avail_out);
        return RC_OK;
}

struct expand_stream {
        z_stream zlib;
        codec_put put;
        void *arg;
        uint8_t chunk[CHUNK];
};

enum rc expand_stream_new(unsigned codec, codec_put put, void *arg, struct expand_stream **ret,
                          struct err *err)
{
        struct expand_stream *stream;

        if (codec != CODEC_DEFLATE && codec != CODEC_ZLIB)
                return err_set(err, RC_UNSUPPORTED, "only deflate expands to more than a block");
        stream = calloc(1, sizeof(*stream));
        if (!stream)
                return codec_no_memory(err);
        stream->put = put;
        stream->arg = arg;
        if (inflateInit2(&stream->zlib, bits_of(codec, WINDOW_BITS)) != Z_OK) {
                free(stream);
                return codec_no_memory(err);
        }
        *ret = stream;
        return RC_OK;
}

void expand_stream_freep(struct expand_stream **stream)
{
        if (!*stream)
                return;
        inflateEnd(&(*stream)->zlib);
        free(*stream);
        *stream = NULL;
}

enum rc expand_stream_put(struct expand_stream *stream, const uint8_t *in, size_t bytes,
                          size_t *ret_used, bool *ret_end, struct err *err)
{
        int got;

        stream->zlib.next_in = (z_const Bytef *)in;
        stream->zlib.avail_in = (uInt)bytes;
        do {
                enum rc rc;

                stream->zlib.next_out = stream->chunk;
                stream->zlib.avail_out = CHUNK;
                got = inflate(&stream->zlib, Z_NO_FLUSH);
                if (got == Z_MEM_ERROR)
                        return codec_no_memory(err);
                if (got != Z_OK && got != Z_STREAM_END && got != Z_BUF_ERROR)
                        return codec_corrupt("deflate", err);
                rc = stream->put(stream->arg, stream->chunk, CHUNK - stream->zlib.avail_out, err);
                if (rc != RC_OK)
                        return rc;
        } while (got != Z_STREAM_END && !stream->zlib.avail_out);
        *ret_used = bytes - stream->zlib.avail_in;
        *ret_end = got == Z_STREAM_END;
        return RC_OK;
}

static const struct packer zlib_samples[] = {
        {.codec = CODEC_ZLIB, .level = 9, .window_bits = WINDOW_BITS, .memory = MEMORY_DEFAULT},
        {.codec = CODEC_ZLIB, .level = 6, .window_bits = WINDOW_BITS, .memory = MEMORY_DEFAULT},
        {.codec = CODEC_ZLIB, .level = 1, .window_bits = WINDOW_BITS, .memory = MEMORY_DEFAULT},
        {.codec = CODEC_ZLIB,
         .level = 9,
         .window_bits = WINDOW_BITS,
         .memory = MAX_MEM_LEVEL,
         .strategy = Z_FILTERED},
        {.codec = CODEC_ZLIB,
         .level = 9,
         .window_bits = 12,
         .memory = MEMORY_DEFAULT,
         .strategy = Z_RLE},
};

const struct codec codec_zlib = {.name = "zlib",
                                 .library = zlib_library,
                                 .expand = zlib_expand,
                                 .pack = zlib_pack,
                                 .is_valid = zlib_is_valid,
                                 .memory = zlib_memory,
                                 .samples = zlib_samples,
                                 .sample_count = ARRAY_COUNT(zlib_samples)};
const struct codec codec_deflate = {.name = "deflate",
                                    .library = zlib_library,
                                    .expand = deflate_expand,
                                    .pack = zlib_pack,
                                    .is_valid = zlib_is_valid,
                                    .memory = zlib_memory,
                                    .samples = zlib_samples,
                                    .sample_count = ARRAY_COUNT(zlib_samples)};
