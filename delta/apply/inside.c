/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/apply/inside.h"
#include "core/base/fs.h"
#include "delta/apply/origin.h"
#include "delta/apply/program.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define READ_BYTES (64 * KIB)
#define PACK_SPARE (4 * KIB) /* a packed segment may be a little larger than what it holds */

/* The bytes of the program's stream, one at a time. */
struct stream_bytes {
        struct delta_reader reader;
        uint64_t left;
        bool failed;
        enum rc rc;
        struct err err;
};

struct inside {
        struct inside_header header;
        const struct inside_limits *limits;
        const struct inside_options *options;
        int source_fd;
        int delta_fd;
        struct table *table;
        struct origin *origin;
        struct program *program;
        struct stream_bytes bytes;
        uint8_t *content; /* of one segment, or of a piece of it */
        uint8_t *packed;
        struct sha3 hash;
        uint64_t done;
};

static void inside_fini(struct inside *inside)
{
        table_freep(&inside->table);
        origin_freep(&inside->origin);
        program_freep(&inside->program);
        free(inside->content);
        free(inside->packed);
}

bool inside_is_delta(const uint8_t *bytes, size_t count)
{
        return count >= INSIDE_MAGIC_BYTES && memcmp(bytes, INSIDE_MAGIC, INSIDE_MAGIC_BYTES) == 0;
}

static enum rc check_stream(struct delta_reader *reader, const struct inside_stream *stream,
                            const char *name, struct err *err)
{
        CLEANUP(fs_freep) uint8_t *bytes = malloc(READ_BYTES);
        uint64_t left = stream->packed_bytes;
        uLong crc = 0;

        if (!bytes)
                return err_set(err, RC_NOMEM, "no memory to read a delta");
        while (left) {
                const size_t now = left < READ_BYTES ? (size_t)left : READ_BYTES;
                const enum rc rc = delta_read(reader, bytes, now, err);

                if (rc != RC_OK)
                        return rc;
                crc = crc32_z(crc, bytes, now);
                left -= now;
        }
        if ((uint32_t)crc != stream->crc)
                return err_set(err, RC_INVALID, "the delta is damaged: the checksum of its %s",
                               name);
        return RC_OK;
}

enum rc inside_info(int delta_fd, struct inside_header *ret, struct err *err)
{
        CLEANUP(fs_freep) struct delta_reader *reader = calloc(1, sizeof(*reader));
        CLEANUP(fs_freep) uint8_t *head = malloc(HEADER_BYTES_MAX);
        size_t count;
        enum rc rc;

        if (!reader || !head)
                return err_set(err, RC_NOMEM, "no memory to read a delta");
        rc = delta_open(reader, delta_fd, err);
        if (rc != RC_OK)
                return rc;
        count = reader->end < HEADER_BYTES_MAX ? (size_t)reader->end : HEADER_BYTES_MAX;
        rc = delta_read(reader, head, count, err);
        if (rc == RC_OK)
                rc = inside_header_parse(head, count, ret, err);
        if (rc != RC_OK)
                return rc;
        reader->offset = ret->header_bytes;
        if (ret->table.packed_bytes > reader->end - reader->offset ||
            ret->program.packed_bytes != reader->end - reader->offset - ret->table.packed_bytes)
                return err_set(err, RC_INVALID,
                               "the delta has %" PRIu64 " bytes, which is too short or too long",
                               reader->end);
        rc = check_stream(reader, &ret->table, "table", err);
        return rc == RC_OK ? check_stream(reader, &ret->program, "program", err) : rc;
}

static enum rc check_prints(const struct inside *inside, struct err *err)
{
        for (unsigned i = 0; i < inside->header.codec_count; i++) {
                const struct inside_codec *codec = &inside->header.codecs[i];
                uint8_t print[CODEC_PRINT_BYTES] = {0};
                const enum rc rc = inside->options->print
                                           ? inside->options->print(inside->options->print_arg,
                                                                    codec->id, print, err)
                                           : codec_fingerprint(codec->id, print, err);

                if (rc != RC_OK)
                        return rc;
                if (memcmp(print, codec->print, sizeof(print)) != 0)
                        return err_set(err, RC_UNSUPPORTED,
                                       "the delta needs %s to be packed as %s does; %s here packs "
                                       "otherwise",
                                       codec_name(codec->id), codec->library,
                                       codec_library(codec->id));
        }
        return RC_OK;
}

static enum rc check_source(const struct inside *inside, struct err *err)
{
        CLEANUP(fs_freep) struct delta_reader *reader = calloc(1, sizeof(*reader));
        CLEANUP(fs_freep) uint8_t *bytes = malloc(READ_BYTES);
        uint8_t digest[SHA3_384_BYTES];
        struct sha3 hash;
        enum rc rc;

        if (!reader || !bytes)
                return err_set(err, RC_NOMEM, "no memory to read the source");
        rc = delta_open(reader, inside->source_fd, err);
        if (rc != RC_OK)
                return rc;
        if (reader->end != inside->header.source_bytes)
                return err_set(err, RC_CONFLICT,
                               "the delta is for a source of %" PRIu64
                               " bytes, this one has %" PRIu64,
                               inside->header.source_bytes, reader->end);
        sha3_init(&hash);
        while (reader->offset < reader->end) {
                const uint64_t left = reader->end - reader->offset;
                const size_t now = left < READ_BYTES ? (size_t)left : READ_BYTES;

                rc = delta_read(reader, bytes, now, err);
                if (rc != RC_OK)
                        return rc;
                sha3_update(&hash, bytes, now);
        }
        sha3_finish(&hash, digest);
        if (memcmp(digest, inside->header.source, sizeof(digest)) != 0)
                return err_set(err, RC_CONFLICT, "the delta is for another source");
        return RC_OK;
}

static int next_byte(void *arg)
{
        struct stream_bytes *bytes = arg;
        uint8_t byte;

        if (!bytes->left || bytes->failed)
                return -1;
        bytes->rc = delta_read_byte(&bytes->reader, &byte, &bytes->err);
        if (bytes->rc != RC_OK) {
                bytes->failed = true;
                return -1;
        }
        bytes->left--;
        return byte;
}

static enum rc read_origin(void *arg, uint64_t at, uint8_t *ret, size_t bytes, struct err *err)
{
        return origin_read(arg, at, ret, bytes, err);
}

static enum rc open_program(struct inside *inside, struct err *err)
{
        const struct program_options options = {
                .small = inside->header.profile == PROFILE_SMALL,
                .source_bytes = inside->header.source_bytes,
                .origin_bytes = origin_bytes(inside->origin),
                .content_bytes = inside->header.content_bytes,
                .read = read_origin,
                .read_arg = inside->origin,
        };
        enum rc rc = program_new(&options, &inside->program, err);

        if (rc == RC_OK)
                rc = delta_open(&inside->bytes.reader, inside->delta_fd, err);
        if (rc == RC_OK)
                rc = delta_skip(&inside->bytes.reader,
                                inside->header.header_bytes + inside->header.table.packed_bytes,
                                err);
        if (rc != RC_OK)
                return rc;
        inside->bytes.left = inside->header.program.packed_bytes;
        mix_decode_begin(program_coder(inside->program), next_byte, &inside->bytes);
        return RC_OK;
}

static enum rc open_streams(struct inside *inside, struct err *err)
{
        const struct inside_header *header = &inside->header;
        const struct origin_options options = {
                .fd = inside->source_fd,
                .source_bytes = header->source_bytes,
                .block_count = header->block_count,
                .block_bytes = header->block_bytes,
                .block_max = inside->limits->block_bytes,
                .cache_bytes = inside->limits->cache_bytes,
                .expand_max = header->block_bytes * INSIDE_EXPAND_RATIO + INSIDE_EXPAND_SPARE,
        };
        enum rc rc = table_new(inside->delta_fd, header->header_bytes, header->table.packed_bytes,
                               header->table.plain_bytes, inside->limits->dict_bytes,
                               &inside->table, err);

        if (rc == RC_OK)
                rc = origin_new(&options, inside->table, &inside->origin, err);
        if (rc == RC_OK)
                rc = open_program(inside, err);
        if (rc != RC_OK)
                return rc;
        inside->content = malloc(inside->limits->block_bytes);
        inside->packed = malloc(inside->limits->block_bytes + PACK_SPARE);
        return inside->content && inside->packed
                       ? RC_OK
                       : err_set(err, RC_NOMEM, "no memory for a segment");
}

static enum rc run_program(struct inside *inside, size_t bytes, struct err *err)
{
        const enum rc rc = program_run(inside->program, inside->content, bytes, err);

        if (inside->bytes.failed) {
                *err = inside->bytes.err;
                return inside->bytes.rc;
        }
        return rc;
}

static enum rc put(struct inside *inside, const uint8_t *bytes, size_t count, struct err *err)
{
        if (count > inside->header.target_bytes - inside->done)
                return err_set(err, RC_INVALID, "the delta makes more than its target");
        inside->done += count;
        sha3_update(&inside->hash, bytes, count);
        return inside->options->put(inside->options->put_arg, bytes, count, err);
}

static enum rc run_plain(struct inside *inside, uint64_t bytes, struct err *err)
{
        while (bytes) {
                const size_t now = bytes < INSIDE_PIECE ? (size_t)bytes : INSIDE_PIECE;
                enum rc rc = run_program(inside, now, err);

                if (rc == RC_OK)
                        rc = put(inside, inside->content, now, err);
                if (rc != RC_OK)
                        return rc;
                bytes -= now;
        }
        return RC_OK;
}

static enum rc run_packed(struct inside *inside, uint64_t packer, uint64_t bytes, struct err *err)
{
        size_t packed = 0;
        enum rc rc;

        if (packer >= inside->header.packer_count || !bytes || bytes > inside->limits->block_bytes)
                return err_set(err, RC_INVALID, "a segment of the delta's table is impossible");
        if (packer_memory_bytes(&inside->header.packers[packer], (size_t)bytes) >
            inside->limits->packer_bytes)
                return err_set(err, RC_TOO_BIG,
                               "the delta packs with more memory than its profile has");
        rc = run_program(inside, (size_t)bytes, err);
        if (rc == RC_OK)
                rc = packer_run(&inside->header.packers[packer], inside->content, (size_t)bytes,
                                inside->packed, inside->limits->block_bytes + PACK_SPARE, &packed,
                                err);
        return rc == RC_OK ? put(inside, inside->packed, packed, err) : rc;
}

/* Plain and packed segments take turns; the content's end ends them. */
static enum rc run_segments(struct inside *inside, struct err *err)
{
        uint64_t left = inside->header.content_bytes;

        while (left) {
                uint64_t plain = 0;
                uint64_t packer = 0;
                uint64_t bytes = 0;
                enum rc rc = table_number(inside->table, &plain, err);

                if (rc == RC_OK && plain > left)
                        rc = err_set(err, RC_INVALID,
                                     "the segments of the delta's table do not add up");
                if (rc == RC_OK)
                        rc = run_plain(inside, plain, err);
                if (rc != RC_OK)
                        return rc;
                left -= plain;
                if (!left)
                        break;
                rc = table_number(inside->table, &packer, err);
                if (rc == RC_OK)
                        rc = table_number(inside->table, &bytes, err);
                if (rc == RC_OK && bytes > left)
                        rc = err_set(err, RC_INVALID,
                                     "the segments of the delta's table do not add up");
                if (rc == RC_OK)
                        rc = run_packed(inside, packer, bytes, err);
                if (rc != RC_OK)
                        return rc;
                left -= bytes;
        }
        return table_end(inside->table, err);
}

static enum rc check_target(struct inside *inside, struct err *err)
{
        uint8_t digest[SHA3_384_BYTES];

        if (inside->done != inside->header.target_bytes)
                return err_set(err, RC_CONFLICT,
                               "the target came out with %" PRIu64 " bytes instead of %" PRIu64,
                               inside->done, inside->header.target_bytes);
        sha3_finish(&inside->hash, digest);
        if (memcmp(digest, inside->header.target, sizeof(digest)) != 0)
                return err_set(err, RC_CONFLICT, "the target came out with another SHA3-384");
        return RC_OK;
}

enum rc inside_apply_to(int source_fd, int delta_fd, const struct inside_options *options,
                        uint64_t *ret_bytes, struct err *err)
{
        CLEANUP(inside_fini)
        struct inside inside = {.source_fd = source_fd, .delta_fd = delta_fd, .options = options};
        enum rc rc = inside_info(delta_fd, &inside.header, err);

        if (rc != RC_OK)
                return rc;
        if (inside.header.target_bytes > options->max_target_bytes)
                return err_set(err, RC_TOO_BIG, "the target has %" PRIu64 " bytes",
                               inside.header.target_bytes);
        inside.limits = inside_limits_of(inside.header.profile);
        sha3_init(&inside.hash);
        rc = check_prints(&inside, err);
        if (rc == RC_OK)
                rc = check_source(&inside, err);
        if (rc == RC_OK)
                rc = open_streams(&inside, err);
        if (rc == RC_OK)
                rc = run_segments(&inside, err);
        if (rc == RC_OK)
                rc = check_target(&inside, err);
        if (rc == RC_OK)
                *ret_bytes = inside.done;
        return rc;
}
