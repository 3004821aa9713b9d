/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * codec -- the compressors that squashfs images and archives use: expand a block, and pack it again
 * exactly as it was packed.
 *
 * Floor    delta/apply; includes core/base. lzma.h, zlib.h, zstd.h, lz4.h in codec_*.c only. No
 * LZO: it is GPL, and devices that cannot ship it must be able to link this. Owner    buffers are
 * the caller's. CLEANUP(packer_stream_freep). Threads  no shared state. Bounds   a block has at
 * most CODEC_BLOCK_MAX bytes; larger content is deflate and goes through a packer_stream or an
 * expand_stream, which hold what zlib holds (under 300 KiB). Source   the squashfs wrappers of
 * squashfs-tools (which options a block is made with); delta/FORMAT.md. Outcomes RC_INVALID (what
 * should be compressed bytes is none), RC_TOO_BIG (more than the room given), RC_UNSUPPORTED (a
 * codec or an option that is not in the tables), RC_NOMEM. Tests    tests/unit/test_codec.c
 */
#include "core/base/rc.h"
#include <stdint.h>

#define CODEC_BLOCK_MAX   MIB
#define CODEC_PRINT_BYTES 16

enum codec_id {
        CODEC_XZ = 1,   /* an .xz file of one block */
        CODEC_LZMA = 2, /* an .lzma file with its size in the header */
        CODEC_ZLIB = 3,
        CODEC_DEFLATE = 4,
        CODEC_ZSTD = 5,
        CODEC_LZ4 = 6,
        CODEC_END,
};

enum codec_frame {
        FRAME_NONE = 0,
        FRAME_SQUASH_META = 1, /* behind its length in two bytes, as squashfs keeps its metadata */
};

/* How a block was packed. Members that a codec does not know are 0. */
struct packer {
        uint8_t codec;
        uint8_t frame;
        uint8_t level;       /* xz, lzma: preset, PACKER_EXTREME added; the others: level */
        uint8_t strategy;    /* zlib */
        uint8_t window_bits; /* zlib */
        uint8_t memory;      /* zlib: memLevel */
        uint8_t filter;      /* xz: a BCJ filter's id, or 0 */
        uint8_t check;       /* xz */
        uint8_t props;       /* xz, lzma: (pb * 5 + lp) * 9 + lc */
        uint8_t unused[3];   /* 0, so that rows compare byte by byte */
        uint32_t dict_bytes; /* xz, lzma */
};

#define PACKER_EXTREME 0x80
#define PACKER_LZ4_HC  0x80 /* level of lz4: the plain coder, or this and the level */

const char *codec_name(unsigned codec); /* NULL: no such codec */
/* "liblzma 5.4.1": what the recorded fingerprint was made with. */
const char *codec_library(unsigned codec);

/* Exactly one compressed block, all of in used. */
MUST_USE enum rc codec_expand(unsigned codec, const uint8_t *in, size_t in_bytes, uint8_t *out,
                              size_t out_max, size_t *ret_bytes, struct err *err);
/* RC_TOO_BIG: it does not fit in out_max. */
MUST_USE enum rc packer_run(const struct packer *packer, const uint8_t *in, size_t in_bytes,
                            uint8_t *out, size_t out_max, size_t *ret_bytes, struct err *err);
/* RC_UNSUPPORTED: a member is outside its range. */
MUST_USE enum rc packer_check(const struct packer *packer, struct err *err);
/* What packing one block of that size needs, at the most. */
uint64_t packer_memory_bytes(const struct packer *packer, size_t block_bytes);

/* What the library here makes of the built-in test vectors: equal fingerprints pack alike. */
MUST_USE enum rc codec_fingerprint(unsigned codec, uint8_t ret[CODEC_PRINT_BYTES], struct err *err);

/* Deflate of any length. put is called with compressed bytes in order. */
typedef enum rc (*codec_put)(void *arg, const uint8_t *data, size_t bytes, struct err *err);
struct packer_stream;
MUST_USE enum rc packer_stream_new(const struct packer *packer, codec_put put, void *arg,
                                   struct packer_stream **ret, struct err *err);
void packer_stream_freep(struct packer_stream **stream);
MUST_USE enum rc packer_stream_put(struct packer_stream *stream, const uint8_t *in, size_t bytes,
                                   bool last, struct err *err);

struct expand_stream;
MUST_USE enum rc expand_stream_new(unsigned codec, codec_put put, void *arg,
                                   struct expand_stream **ret, struct err *err);
void expand_stream_freep(struct expand_stream **stream);
/* *ret_used: how many of in were used; *ret_end: the compressed stream is over. */
MUST_USE enum rc expand_stream_put(struct expand_stream *stream, const uint8_t *in, size_t bytes,
                                   size_t *ret_used, bool *ret_end, struct err *err);
