/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/inside/write.h"
#include "core/base/buf.h"
#include "core/base/fs.h"
#include "delta/apply/program.h"
#include "delta/apply/table.h"
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define TABLE_BYTES_MAX (256 * MIB)

/* Where the blocks that copies use stand in the delta's own numbering of the source. */
struct writer {
        const struct plan *plan;
        const struct inside_build *job;
        struct inside_header *header;
        uint64_t *begin; /* by source block; 0: not used */
        struct buf table;
        struct program *program;
        /* steps still to be told */
        uint32_t next_job;
        size_t next_op;
        struct step step;
        uint64_t step_left;
        /* the content, unit by unit */
        uint8_t *content;
        uint8_t *room;
};

static void writer_fini(struct writer *writer)
{
        free(writer->begin);
        buf_fini(&writer->table);
        program_freep(&writer->program);
        free(writer->content);
        free(writer->room);
}

static void put_number(struct buf *buf, uint64_t number)
{
        while (number >= 0x80) {
                buf_char(buf, (char)(number | 0x80));
                number >>= 7;
        }
        buf_char(buf, (char)number);
}

static void mark_used(struct writer *writer)
{
        const struct plan *plan = writer->plan;
        const struct space *space = plan->space;

        for (uint32_t i = 0; i < plan->job_count; i++) {
                for (size_t j = 0; j < plan->jobs[i].ops.count; j++) {
                        const struct op *op = &plan->jobs[i].ops.rows[j];
                        uint32_t block;

                        if (!op->copy_bytes || op->from < space->plain_begin)
                                continue;
                        block = space_block_at(space, op->from);
                        for (; block < plan->source->block_count; block++) {
                                if (space->place[block] == SPACE_NONE ||
                                    space->place[block] < space->plain_begin)
                                        continue;
                                if (space->place[block] >= op->from + op->copy_bytes)
                                        break;
                                writer->begin[block] = 1;
                        }
                }
        }
}

static enum rc put_blocks(struct writer *writer, struct err *err)
{
        const struct image *source = writer->plan->source;
        uint64_t begin = writer->header->source_bytes;
        uint64_t end = 0;

        mark_used(writer);
        for (uint32_t i = 0; i < source->block_count; i++) {
                const struct block *block = &source->blocks[i];

                if (!writer->begin[i])
                        continue;
                /* the same arithmetic as the decoder's: blocks come in the image's order */
                put_number(&writer->table, (block->offset - end) << 1);
                put_number(&writer->table, block->packed_bytes);
                put_number(&writer->table, (uint64_t)block->plain_bytes << 3 | block->codec);
                writer->begin[i] = begin;
                begin += block->plain_bytes;
                end = block_end(block);
                writer->header->block_count++;
        }
        writer->header->block_bytes = begin - writer->header->source_bytes;
        if (writer->header->block_count > inside_limits_of(writer->header->profile)->blocks)
                return err_set(err, RC_NOT_WORTH,
                               "the delta needs %" PRIu32
                               " blocks of the source, more than its profile holds",
                               writer->header->block_count);
        return RC_OK;
}

static uint64_t address_of(const struct writer *writer, uint32_t from)
{
        const struct space *space = writer->plan->space;
        uint32_t block;

        if (from < space->plain_begin)
                return from;
        block = space_block_at(space, from);
        return writer->begin[block] + (from - space->place[block]);
}

static unsigned add_packer(struct inside_header *header, const struct packer *packer)
{
        for (unsigned i = 0; i < header->packer_count; i++) {
                if (memcmp(&header->packers[i], packer, sizeof(*packer)) == 0)
                        return i;
        }
        if (header->packer_count == INSIDE_PACKERS_MAX)
                return INSIDE_PACKERS_MAX;
        header->packers[header->packer_count] = *packer;
        return header->packer_count++;
}

static enum rc put_segments(struct writer *writer, struct err *err)
{
        const struct plan *plan = writer->plan;
        struct inside_header *header = writer->header;
        uint64_t plain = 0;

        for (uint32_t i = 0; i < plan->target->block_count; i++) {
                const uint32_t bytes = plan_unit_bytes(plan, i);
                unsigned packer;

                header->content_bytes += bytes;
                if (plan->units[i].how != UNIT_PACKED) {
                        plain += bytes;
                        continue;
                }
                packer = add_packer(header, &plan->units[i].packer);
                if (packer == INSIDE_PACKERS_MAX)
                        return err_set(err, RC_NOT_WORTH, "the blocks were packed in over %d ways",
                                       INSIDE_PACKERS_MAX);
                put_number(&writer->table, plain);
                put_number(&writer->table, packer);
                put_number(&writer->table, bytes);
                plain = 0;
        }
        if (plain)
                put_number(&writer->table, plain);
        header->program.plain_bytes = header->content_bytes;
        return RC_OK;
}

static enum rc put_codecs(struct inside_header *header, struct err *err)
{
        for (unsigned i = 0; i < header->packer_count; i++) {
                const uint8_t id = header->packers[i].codec;
                struct inside_codec *row = &header->codecs[header->codec_count];
                unsigned known = 0;
                enum rc rc;

                while (known < header->codec_count && header->codecs[known].id != id)
                        known++;
                if (known < header->codec_count)
                        continue;
                row->id = id;
                strncpy(row->library, codec_library(id), INSIDE_LIBRARY);
                rc = codec_fingerprint(id, row->print, err);
                if (rc != RC_OK)
                        return rc;
                header->codec_count++;
        }
        return RC_OK;
}

/* The program reads the origin in the delta's numbering; here it is in memory already. */
static enum rc read_space(void *arg, uint64_t at, uint8_t *ret, size_t bytes, struct err *err)
{
        const struct writer *writer = arg;
        const uint64_t from = at - writer->step.from;

        (void)err;
        memcpy(ret,
               writer->plan->space->base +
                       writer->plan->jobs[writer->next_job].ops.rows[writer->next_op].from + from,
               bytes);
        return RC_OK;
}

static enum rc open_program(struct writer *writer, struct err *err)
{
        const struct inside_header *header = writer->header;
        const struct program_options options = {
                .small = header->profile == PROFILE_SMALL,
                .source_bytes = header->source_bytes,
                .origin_bytes = header->source_bytes + header->block_bytes,
                .content_bytes = header->content_bytes,
                .read = read_space,
                .read_arg = writer,
        };
        const enum rc rc = program_new(&options, &writer->program, err);

        if (rc == RC_OK)
                mix_encode_begin(program_coder(writer->program));
        return rc;
}

/* The op that comes next, told to the program. */
static enum rc begin_step(struct writer *writer, struct err *err)
{
        const struct plan *plan = writer->plan;
        const struct op *op;

        writer->next_op++;
        while (writer->next_op >= plan->jobs[writer->next_job].ops.count) {
                writer->next_job++;
                writer->next_op = 0;
                assert(writer->next_job < plan->job_count);
        }
        op = &plan->jobs[writer->next_job].ops.rows[writer->next_op];
        writer->step = (struct step){.literal_bytes = op->literal_bytes,
                                     .copy_bytes = op->copy_bytes,
                                     .exact = op->exact};
        if (op->copy_bytes)
                writer->step.from = address_of(writer, op->from);
        writer->step_left = (uint64_t)op->literal_bytes + op->copy_bytes;
        return program_put_step(writer->program, &writer->step, err);
}

static enum rc put_piece(struct writer *writer, uint8_t *bytes, size_t count, struct err *err)
{
        while (count) {
                size_t now;
                enum rc rc = RC_OK;

                if (!writer->step_left)
                        rc = begin_step(writer, err);
                now = count < writer->step_left ? count : (size_t)writer->step_left;
                if (rc == RC_OK)
                        rc = program_run(writer->program, bytes, now, err);
                if (rc != RC_OK)
                        return rc;
                writer->step_left -= now;
                bytes += now;
                count -= now;
        }
        if (program_coder(writer->program)->failed)
                return err_set(err, RC_NOMEM, "no memory for a delta");
        if (writer->job->max_bytes &&
            program_coder(writer->program)->out_bytes > writer->job->max_bytes)
                return err_set(err, RC_NOT_WORTH, "the delta is over %" PRIu64 " bytes",
                               writer->job->max_bytes);
        return RC_OK;
}

static enum rc put_packed_unit(struct writer *writer, const struct block *block, struct err *err)
{
        size_t bytes = 0;
        const enum rc rc =
                codec_expand(block->codec, writer->plan->target->bytes + block->offset,
                             block->packed_bytes, writer->content, block->plain_bytes, &bytes, err);

        return rc == RC_OK ? put_piece(writer, writer->content, bytes, err) : rc;
}

/* The content, in the pieces in which the decoder makes it. */
static enum rc put_content(struct writer *writer, struct err *err)
{
        const struct plan *plan = writer->plan;
        const uint32_t count = plan->target->block_count;
        size_t kept = 0;
        enum rc rc = RC_OK;

        for (uint32_t i = 0; rc == RC_OK && i < count; i++) {
                const struct block *block = &plan->target->blocks[i];
                uint64_t at = block_begin(block);

                if (writer->job->progress && !(i % 16) &&
                    !writer->job->progress(writer->job->progress_arg, count + i,
                                           2 * (uint64_t)count))
                        return err_set(err, RC_END, "cancelled");
                if (plan->units[i].how == UNIT_PACKED) {
                        rc = put_piece(writer, writer->room, kept, err);
                        kept = 0;
                        if (rc == RC_OK)
                                rc = put_packed_unit(writer, block, err);
                        continue;
                }
                while (rc == RC_OK && at < block_end(block)) {
                        const uint64_t left = block_end(block) - at;
                        const size_t now =
                                left < INSIDE_PIECE - kept ? (size_t)left : INSIDE_PIECE - kept;

                        memcpy(writer->room + kept, plan->target->bytes + at, now);
                        kept += now;
                        at += now;
                        if (kept == INSIDE_PIECE) {
                                rc = put_piece(writer, writer->room, kept, err);
                                kept = 0;
                        }
                }
        }
        return rc == RC_OK ? put_piece(writer, writer->room, kept, err) : rc;
}

static enum rc put_together(struct writer *writer, struct inside_built *ret, struct err *err)
{
        struct mix_coder *coder = program_coder(writer->program);
        CLEANUP(fs_freep) uint8_t *table = NULL;
        uint8_t head[HEADER_BYTES_MAX];
        size_t head_bytes;
        size_t table_bytes = 0;
        enum rc rc = buf_finish(&writer->table, err);

        if (rc == RC_OK)
                rc = table_pack((const uint8_t *)writer->table.data, writer->table.len,
                                inside_limits_of(writer->header->profile)->dict_bytes, &table,
                                &table_bytes, err);
        if (rc != RC_OK)
                return rc;
        writer->header->table = (struct inside_stream){writer->table.len, table_bytes,
                                                       (uint32_t)crc32_z(0, table, table_bytes)};
        writer->header->program.packed_bytes = coder->out_bytes;
        writer->header->program.crc = (uint32_t)crc32_z(0, coder->out, coder->out_bytes);
        head_bytes = inside_header_format(writer->header, head);
        ret->count = head_bytes + table_bytes + coder->out_bytes;
        if (writer->job->max_bytes && ret->count > writer->job->max_bytes)
                return err_set(err, RC_NOT_WORTH, "the delta is over %" PRIu64 " bytes",
                               writer->job->max_bytes);
        ret->bytes = malloc(ret->count);
        if (!ret->bytes)
                return err_set(err, RC_NOMEM, "no memory for a delta");
        memcpy(ret->bytes, head, head_bytes);
        memcpy(ret->bytes + head_bytes, table, table_bytes);
        if (coder->out_bytes)
                memcpy(ret->bytes + head_bytes + table_bytes, coder->out, coder->out_bytes);
        return RC_OK;
}

enum rc write_delta(const struct plan *plan, const struct inside_build *job,
                    struct inside_header *header, struct inside_built *ret, struct err *err)
{
        CLEANUP(writer_fini)
        struct writer writer = {.plan = plan,
                                .job = job,
                                .header = header,
                                .table = BUF_INIT(TABLE_BYTES_MAX),
                                .next_op = SIZE_MAX};
        enum rc rc;

        writer.begin = calloc((size_t)plan->source->block_count + 1, sizeof(*writer.begin));
        writer.content = malloc(CODEC_BLOCK_MAX);
        writer.room = malloc(INSIDE_PIECE);
        if (!writer.begin || !writer.content || !writer.room)
                return err_set(err, RC_NOMEM, "no memory to write a delta");
        rc = put_blocks(&writer, err);
        if (rc == RC_OK)
                rc = put_segments(&writer, err);
        if (rc == RC_OK)
                rc = put_codecs(header, err);
        if (rc == RC_OK)
                rc = open_program(&writer, err);
        if (rc == RC_OK)
                rc = put_content(&writer, err);
        if (rc != RC_OK)
                return rc;
        mix_encode_end(program_coder(writer.program));
        return put_together(&writer, ret, err);
}
