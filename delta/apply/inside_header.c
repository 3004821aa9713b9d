/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/apply/inside_header.h"
#include <inttypes.h>
#include <string.h>
#include <zlib.h>

#define PACKER_BYTES 16
#define CRC_BYTES    4
#define FIXED_BYTES  (INSIDE_MAGIC_BYTES + 4 + 4 + 2 * (8 + SHA3_384_BYTES) + 8 + 8 + 4 + 4)

/* What is not named here: 21 MiB of model in the large profile and 3 in the small one, 4 of the
 * source's own cache in both, two segments, and 48 bytes a block. */
static const struct inside_limits limits[PROFILE_COUNT] = {
        {.name = "large",
         .memory_bytes = 64 * MIB,
         .cache_bytes = 12 * MIB,
         .dict_bytes = MIB,
         .blocks = 1 << 17,
         .block_bytes = CODEC_BLOCK_MAX,
         .packer_bytes = 14 * MIB},
        {.name = "small",
         .memory_bytes = 16 * MIB,
         .cache_bytes = 2 * MIB,
         .dict_bytes = 64 * KIB,
         .blocks = 1 << 15,
         .block_bytes = 256 * KIB,
         .packer_bytes = 4 * MIB},
};

const struct inside_limits *inside_limits_of(unsigned profile)
{
        return profile < PROFILE_COUNT ? &limits[profile] : NULL;
}

/* Reads and writes the same members in the same order. */
struct cursor {
        uint8_t *at;
        uint8_t *end;
        bool writing;
        bool short_of; /* more was wanted than there is */
};

static void bytes_of(struct cursor *cursor, void *bytes, size_t count)
{
        if ((size_t)(cursor->end - cursor->at) < count) {
                cursor->short_of = true;
                return;
        }
        if (cursor->writing)
                memcpy(cursor->at, bytes, count);
        else
                memcpy(bytes, cursor->at, count);
        cursor->at += count;
}

static void number_of(struct cursor *cursor, uint64_t *number, size_t count)
{
        uint8_t bytes[8] = {0};

        for (size_t i = 0; i < count; i++)
                bytes[i] = (uint8_t)(*number >> 8 * i);
        bytes_of(cursor, bytes, count);
        *number = 0;
        for (size_t i = 0; i < count; i++)
                *number |= (uint64_t)bytes[i] << 8 * i;
}

static void u32_of(struct cursor *cursor, uint32_t *number)
{
        uint64_t wide = *number;

        number_of(cursor, &wide, 4);
        *number = (uint32_t)wide;
}

static void packer_of(struct cursor *cursor, struct packer *packer)
{
        uint8_t *const members[] = {&packer->codec,     &packer->frame,       &packer->level,
                                    &packer->strategy,  &packer->window_bits, &packer->memory,
                                    &packer->filter,    &packer->check,       &packer->props,
                                    &packer->unused[0], &packer->unused[1],   &packer->unused[2]};

        for (size_t i = 0; i < ARRAY_COUNT(members); i++)
                bytes_of(cursor, members[i], 1);
        u32_of(cursor, &packer->dict_bytes);
}

static void stream_of(struct cursor *cursor, struct inside_stream *stream)
{
        number_of(cursor, &stream->plain_bytes, 8);
        number_of(cursor, &stream->packed_bytes, 8);
        u32_of(cursor, &stream->crc);
}

static void fixed_of(struct cursor *cursor, struct inside_header *header,
                     uint8_t magic[INSIDE_MAGIC_BYTES], uint8_t unused[4])
{
        bytes_of(cursor, magic, INSIDE_MAGIC_BYTES);
        bytes_of(cursor, &header->version, 1);
        bytes_of(cursor, &header->profile, 1);
        bytes_of(cursor, unused, 2);
        u32_of(cursor, &header->header_bytes);
        number_of(cursor, &header->source_bytes, 8);
        bytes_of(cursor, header->source, SHA3_384_BYTES);
        number_of(cursor, &header->target_bytes, 8);
        bytes_of(cursor, header->target, SHA3_384_BYTES);
        number_of(cursor, &header->content_bytes, 8);
        number_of(cursor, &header->block_bytes, 8);
        u32_of(cursor, &header->block_count);
        bytes_of(cursor, &header->codec_count, 1);
        bytes_of(cursor, &header->packer_count, 1);
        bytes_of(cursor, unused + 2, 2);
}

static void rows_of(struct cursor *cursor, struct inside_header *header)
{
        for (unsigned i = 0; i < header->codec_count; i++) {
                bytes_of(cursor, &header->codecs[i].id, 1);
                bytes_of(cursor, header->codecs[i].print, CODEC_PRINT_BYTES);
                bytes_of(cursor, header->codecs[i].library, INSIDE_LIBRARY);
        }
        for (unsigned i = 0; i < header->packer_count; i++)
                packer_of(cursor, &header->packers[i]);
        stream_of(cursor, &header->table);
        stream_of(cursor, &header->program);
}

static uint32_t crc_of(const uint8_t *bytes, size_t count)
{
        return (uint32_t)crc32_z(0, bytes, count);
}

static enum rc bad(struct err *err, const char *what)
{
        return err_set(err, RC_INVALID, "the delta's header is damaged: %s", what);
}

static enum rc check_rows(const struct inside_header *header, struct err *err)
{
        bool known[CODEC_END] = {false};

        for (unsigned i = 0; i < header->codec_count; i++) {
                const uint8_t id = header->codecs[i].id;

                if (!codec_name(id))
                        return err_set(err, RC_UNSUPPORTED,
                                       "the delta uses compressor %u, which is unknown", id);
                if (known[id])
                        return bad(err, "a compressor is named twice");
                known[id] = true;
        }
        for (unsigned i = 0; i < header->packer_count; i++) {
                const struct packer *packer = &header->packers[i];
                enum rc rc;

                if (packer->unused[0] || packer->unused[1] || packer->unused[2])
                        return bad(err, "bits that nobody uses are set");
                rc = packer_check(packer, err);
                if (rc != RC_OK)
                        return rc;
                if (!known[packer->codec])
                        return bad(err, "a compressor has no fingerprint");
        }
        return RC_OK;
}

static enum rc check_bounds(const struct inside_header *header, struct err *err)
{
        const struct inside_limits *limit = inside_limits_of(header->profile);

        if (!limit)
                return err_set(err, RC_UNSUPPORTED, "the delta's profile %u is unknown",
                               header->profile);
        if (header->source_bytes > INT64_MAX / 4 || header->target_bytes > INT64_MAX / 4)
                return err_set(err, RC_TOO_BIG,
                               "the delta is for files of more than %" PRId64 " bytes",
                               INT64_MAX / 4);
        if (header->content_bytes / INSIDE_CONTENT_RATIO > header->target_bytes)
                return err_set(err, RC_TOO_BIG,
                               "the delta makes a target of %" PRIu64 " bytes from %" PRIu64,
                               header->target_bytes, header->content_bytes);
        if (header->block_count > limit->blocks ||
            header->block_bytes > (uint64_t)header->block_count * limit->block_bytes)
                return err_set(err, RC_TOO_BIG,
                               "the delta uses %" PRIu32 " blocks of the source, of %" PRIu64
                               " bytes",
                               header->block_count, header->block_bytes);
        if (header->table.packed_bytes > INT64_MAX / 4 ||
            header->program.packed_bytes > INT64_MAX / 4 ||
            header->program.plain_bytes != header->content_bytes)
                return bad(err, "the lengths of its streams");
        return RC_OK;
}

enum rc inside_header_parse(const uint8_t *bytes, size_t count, struct inside_header *ret,
                            struct err *err)
{
        struct cursor cursor = {.at = (uint8_t *)bytes, .end = (uint8_t *)bytes + count};
        uint8_t magic[INSIDE_MAGIC_BYTES] = {0};
        uint8_t unused[4] = {0};
        uint32_t crc = 0;
        enum rc rc;

        memset(ret, 0, sizeof(*ret));
        fixed_of(&cursor, ret, magic, unused);
        if (memcmp(magic, INSIDE_MAGIC, INSIDE_MAGIC_BYTES) != 0)
                return err_set(err, RC_INVALID, "not a storehouse-1 delta");
        if (cursor.short_of)
                return bad(err, "it is cut off");
        if (ret->version != INSIDE_VERSION)
                return err_set(err, RC_UNSUPPORTED, "the delta's version %u is unknown",
                               ret->version);
        if (ret->header_bytes > count || ret->header_bytes < FIXED_BYTES + CRC_BYTES)
                return bad(err, "its length");
        cursor.end = (uint8_t *)bytes + ret->header_bytes;
        if (ret->codec_count > INSIDE_CODECS_MAX || ret->packer_count > INSIDE_PACKERS_MAX)
                return bad(err, "it lists too many compressors");
        rows_of(&cursor, ret);
        u32_of(&cursor, &crc);
        if (cursor.short_of || cursor.at != cursor.end)
                return bad(err, "its length");
        if (crc != crc_of(bytes, ret->header_bytes - CRC_BYTES))
                return bad(err, "its checksum");
        if (unused[0] || unused[1] || unused[2] || unused[3])
                return bad(err, "bits that nobody uses are set");
        rc = check_rows(ret, err);
        return rc == RC_OK ? check_bounds(ret, err) : rc;
}

size_t inside_header_format(struct inside_header *header, uint8_t out[HEADER_BYTES_MAX])
{
        uint8_t magic[INSIDE_MAGIC_BYTES + 1] = INSIDE_MAGIC;
        uint8_t unused[4] = {0};
        struct cursor cursor = {.at = out, .end = out + HEADER_BYTES_MAX, .writing = true};
        uint32_t crc;

        header->version = INSIDE_VERSION;
        header->header_bytes = FIXED_BYTES +
                               header->codec_count * (1 + CODEC_PRINT_BYTES + INSIDE_LIBRARY) +
                               header->packer_count * PACKER_BYTES + 2 * (8 + 8 + 4) + CRC_BYTES;
        fixed_of(&cursor, header, magic, unused);
        rows_of(&cursor, header);
        crc = crc_of(out, (size_t)(cursor.at - out));
        u32_of(&cursor, &crc);
        return (size_t)(cursor.at - out);
}
