/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/worker/squash_inside.h"
#include <lzo/lzo1x.h>
#include <sqfs/error.h>
#include <stdlib.h>

/* libsquashfs is built without LZO (GPL), which many snaps use; this worker may link it. */
static sqfs_s32 lzo_do_block(sqfs_compressor_t *codec, const sqfs_u8 *in, sqfs_u32 bytes,
                             sqfs_u8 *out, sqfs_u32 out_bytes)
{
        lzo_uint done = out_bytes;

        (void)codec;
        if (lzo1x_decompress_safe(in, bytes, out, &done, NULL) != LZO_E_OK || done > INT32_MAX)
                return SQFS_ERROR_COMPRESSOR;
        return (sqfs_s32)done;
}

static void lzo_destroy(sqfs_object_t *object)
{
        free(object);
}

static enum rc lzo_new(sqfs_compressor_t **ret, struct err *err)
{
        sqfs_compressor_t *codec;

        if (lzo_init() != LZO_E_OK)
                return err_set(err, RC_BUG, "liblzo2 does not fit");
        codec = calloc(1, sizeof(*codec));
        if (!codec)
                return err_set(err, RC_NOMEM, "no memory for a decompressor");
        codec->base.destroy = lzo_destroy;
        codec->do_block = lzo_do_block;
        *ret = codec;
        return RC_OK;
}

static const char *codec_name(uint16_t id)
{
        switch (id) {
        case SQFS_COMP_GZIP:
                return "gzip";
        case SQFS_COMP_LZMA:
                return "lzma";
        case SQFS_COMP_LZO:
                return "lzo";
        case SQFS_COMP_XZ:
                return "xz";
        case SQFS_COMP_LZ4:
                return "lz4";
        case SQFS_COMP_ZSTD:
                return "zstd";
        default:
                return NULL;
        }
}

enum rc squash_codec_new(uint16_t id, uint32_t block_bytes, sqfs_compressor_t **ret,
                         const char **ret_name, struct err *err)
{
        const char *name = codec_name(id);
        sqfs_compressor_config_t config;
        int code;

        if (!name)
                return err_set_code(err, RC_INVALID, "squashfs-compressor",
                                    "the image uses compressor %u, which is unknown", id);
        *ret_name = name;
        if (id == SQFS_COMP_LZO)
                return lzo_new(ret, err);
        code = sqfs_compressor_config_init(&config, (SQFS_COMPRESSOR)id, block_bytes,
                                           SQFS_COMP_FLAG_UNCOMPRESS);
        if (!code)
                code = sqfs_compressor_create(&config, ret);
        if (code == SQFS_ERROR_ALLOC)
                return err_set(err, RC_NOMEM, "no memory for a decompressor");
        if (code)
                return err_set_code(err, RC_INVALID, "squashfs-compressor",
                                    "images compressed with %s cannot be read here", name);
        return RC_OK;
}
