/* SPDX-License-Identifier: Apache-2.0 */
/* One job of a plan: its units are expanded, a packer is found for each, and what they hold is
 * matched with the source, one stretch of a part after the other. */
#include "core/base/fs.h"
#include "delta/inside/plan.h"
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NEAR_SEED         8
#define NEAR_MARGIN       (8 * MIB)
#define NEAR_SPAN         (16 * MIB)
#define NEAR_STRIDE_BYTES (16 * MIB) /* a stride more for each so many */
#define VOTE_SAMPLES      256
#define VOTES_MIN         2
#define VOTERS            16

/* Bytes of one part that follow each other in the target. */
struct stretch {
        uint32_t part;
        uint64_t part_at;
        uint8_t *bytes;
        uint32_t count;
        bool has_raw; /* some of them are compressed bytes that stay so */
};

struct worker {
        struct plan *plan;
        struct job *job;
        uint8_t *content; /* what the units of the job hold, one after the other */
        size_t room;
        uint8_t *scratch; /* REPACK_ROOM */
        struct index near;
        uint32_t near_part; /* of the source, or UINT32_MAX */
        uint64_t near_begin;
        uint64_t near_end;
        bool near_raw;
};

static void worker_fini(struct worker *worker)
{
        free(worker->content);
        free(worker->scratch);
        index_fini(&worker->near);
}

/* What a unit holds, into ret (room for its block, plain or packed). */
static enum rc unit_read(struct worker *worker, uint32_t unit, uint8_t *ret, struct err *err)
{
        const struct image *target = worker->plan->target;
        const struct block *block = &target->blocks[unit];
        struct unit *row = &worker->plan->units[unit];
        size_t bytes = 0;
        enum rc rc;

        if (row->how == UNIT_PACKED) {
                rc = codec_expand(block->codec, target->bytes + block->offset, block->packed_bytes,
                                  ret, block->plain_bytes, &bytes, err);
                if (rc == RC_OK && bytes != block->plain_bytes)
                        rc = err_set_code(err, RC_INVALID, "image-block", "it expands to %zu bytes",
                                          bytes);
                if (rc != RC_OK)
                        return err_prefix(err, rc, "the block at %" PRIu64, block->offset);
                rc = repack_find(&worker->plan->repack, target, unit, ret, worker->scratch,
                                 &row->packer, err);
                if (rc != RC_NOT_FOUND)
                        return rc;
                row->how = UNIT_PLAIN;
        }
        memcpy(ret, target->bytes + block_begin(block), block_end(block) - block_begin(block));
        return RC_OK;
}

static uint64_t part_bytes(const struct image *image, const struct part *part)
{
        uint64_t bytes = 0;

        for (uint32_t i = 0; i < part->piece_count; i++) {
                const struct piece *piece = &image->pieces[part->first_piece + i];

                bytes += piece->bytes == PIECE_REST
                                 ? image->blocks[piece->block].plain_bytes - piece->at
                                 : piece->bytes;
        }
        return bytes;
}

/* Calls for each piece of a source part between two positions of it. */
typedef enum rc (*piece_visit)(struct worker *worker, uint32_t block, uint32_t at, uint32_t bytes,
                               struct err *err);

static enum rc visit_pieces(struct worker *worker, uint32_t part, uint64_t begin, uint64_t end,
                            piece_visit visit, struct err *err)
{
        const struct image *source = worker->plan->source;
        const struct part *row = &source->parts[part];
        uint64_t position = 0;
        enum rc rc = RC_OK;

        for (uint32_t i = 0; rc == RC_OK && i < row->piece_count && position < end; i++) {
                const struct piece *piece = &source->pieces[row->first_piece + i];
                const uint32_t bytes =
                        piece->bytes == PIECE_REST
                                ? source->blocks[piece->block].plain_bytes - piece->at
                                : piece->bytes;

                if (position + bytes > begin)
                        rc = visit(worker, piece->block, piece->at, bytes, err);
                position += bytes;
        }
        return rc;
}

static enum rc index_piece(struct worker *worker, uint32_t block, uint32_t at, uint32_t bytes,
                           struct err *err)
{
        const struct space *space = worker->plan->space;
        const struct block *row = &worker->plan->source->blocks[block];

        (void)err;
        if (space->place[block] != SPACE_NONE)
                index_add(&worker->near, space->base, space->place[block] + at,
                          space->place[block] + at + bytes);
        if (worker->near_raw && row->codec)
                index_add(&worker->near, space->base, (uint32_t)row->offset,
                          (uint32_t)block_end(row));
        return RC_OK;
}

/* The index of a source part around a stretch; kept while stretches stay inside. */
static enum rc near_index(struct worker *worker, uint32_t part, const struct stretch *stretch,
                          struct err *err)
{
        const uint64_t whole = part_bytes(worker->plan->source, &worker->plan->source->parts[part]);
        const uint64_t at = stretch->part_at < whole ? stretch->part_at : whole;
        uint64_t bytes;
        enum rc rc;

        if (worker->near.slots && worker->near_part == part && at >= worker->near_begin &&
            (stretch->part_at + stretch->count <= worker->near_end || worker->near_end == whole) &&
            (worker->near_raw || !stretch->has_raw))
                return RC_OK;
        index_fini(&worker->near);
        worker->near_part = part;
        worker->near_raw = stretch->has_raw;
        worker->near_begin = at > NEAR_MARGIN ? at - NEAR_MARGIN : 0;
        worker->near_end =
                whole - at > NEAR_SPAN + NEAR_MARGIN ? at + NEAR_SPAN + NEAR_MARGIN : whole;
        bytes = (worker->near_end - worker->near_begin) * (worker->near_raw ? 2 : 1);
        rc = index_init(&worker->near, bytes, NEAR_SEED, (unsigned)(bytes / NEAR_STRIDE_BYTES) + 1,
                        err);
        return rc == RC_OK ? visit_pieces(worker, part, worker->near_begin, worker->near_end,
                                          index_piece, err)
                           : rc;
}

/* Which source part holds most of what a part without namesake holds. */
static uint32_t vote(const struct worker *worker, const struct stretch *stretch)
{
        const struct plan *plan = worker->plan;
        const uint32_t step = stretch->count / VOTE_SAMPLES + 1;
        uint32_t voters[VOTERS];
        uint32_t votes[VOTERS] = {0};
        uint32_t known = 0;
        uint32_t best = 0;

        for (uint32_t at = 0; at < stretch->count && stretch->count - at >= plan->far.seed_bytes;
             at += step) {
                const uint32_t *slots = index_find(&plan->far, stretch->bytes + at);

                for (unsigned i = 0; i < INDEX_BUCKET && slots[i]; i++) {
                        const uint32_t from = slots[i] - 1;
                        uint32_t part;
                        uint32_t j = 0;

                        if (from < plan->space->plain_begin ||
                            memcmp(plan->space->base + from, stretch->bytes + at,
                                   plan->far.seed_bytes) != 0)
                                continue;
                        part = plan->owner[space_block_at(plan->space, from)];
                        while (j < known && voters[j] != part)
                                j++;
                        if (j == known && known < VOTERS)
                                voters[known++] = part;
                        if (j < known)
                                votes[j]++;
                        break;
                }
        }
        for (uint32_t j = 1; j < known; j++) {
                if (votes[j] > votes[best])
                        best = j;
        }
        return known && votes[best] >= VOTES_MIN ? voters[best] : UINT32_MAX;
}

/* Where in the space position part_at of a source part stands. */
static uint32_t place_in_part(const struct worker *worker, uint32_t part, uint64_t part_at,
                              bool raw)
{
        const struct image *source = worker->plan->source;
        const struct part *row = &source->parts[part];
        uint64_t position = 0;

        for (uint32_t i = 0; i < row->piece_count; i++) {
                const struct piece *piece = &source->pieces[row->first_piece + i];
                const struct block *block = &source->blocks[piece->block];
                const uint32_t bytes =
                        piece->bytes == PIECE_REST ? block->plain_bytes - piece->at : piece->bytes;

                if (part_at < position + bytes) {
                        const uint32_t place = worker->plan->space->place[piece->block];

                        if (raw)
                                return (uint32_t)block_begin(block);
                        return place == SPACE_NONE
                                       ? place
                                       : place + piece->at + (uint32_t)(part_at - position);
                }
                position += bytes;
        }
        return SPACE_NONE;
}

static enum rc match_stretch(struct worker *worker, const struct stretch *stretch, struct err *err)
{
        const struct plan *plan = worker->plan;
        struct matcher matcher = {.space = plan->space, .far = &plan->far};
        uint32_t guess = SPACE_NONE;
        uint32_t part = UINT32_MAX;
        enum rc rc;

        if (stretch->part != UINT32_MAX) {
                const struct part *old =
                        image_find_part(plan->source, plan->target->parts[stretch->part].name);

                if (old)
                        part = (uint32_t)(old - plan->source->parts);
        }
        if (part == UINT32_MAX)
                part = vote(worker, stretch);
        if (part != UINT32_MAX) {
                guess = place_in_part(worker, part, stretch->part_at, stretch->has_raw);
                rc = near_index(worker, part, stretch, err);
                if (rc != RC_OK)
                        return rc;
                matcher.near = &worker->near;
        }
        return match_run(&matcher, stretch->bytes, stretch->count, guess, &worker->job->ops, err);
}

/* A unit whose block belongs to several parts (fragments), or to none in places. */
static enum rc match_pieces(struct worker *worker, uint32_t unit, uint8_t *content, struct err *err)
{
        const struct plan *plan = worker->plan;
        const uint32_t bytes = plan_unit_bytes(plan, unit);
        const bool raw = plan->units[unit].how != UNIT_PACKED && plan->target->blocks[unit].codec;
        uint32_t claim = plan->first_claim[unit];
        uint32_t at = 0;
        enum rc rc = RC_OK;

        while (rc == RC_OK && at < bytes) {
                const struct claim *row =
                        claim < plan->first_claim[unit + 1] ? &plan->claims[claim] : NULL;
                struct stretch stretch = {.part = UINT32_MAX,
                                          .bytes = content + at,
                                          .count = bytes - at,
                                          .has_raw = raw};

                if (!raw && row && row->at > at) {
                        stretch.count = row->at - at;
                } else if (row) {
                        stretch.part = row->part;
                        stretch.part_at = row->part_at;
                        stretch.count = raw ? bytes : row->bytes;
                        claim++;
                }
                rc = match_stretch(worker, &stretch, err);
                at += stretch.count;
        }
        return rc;
}

/* Whether a unit goes on where the stretch before it ends. */
static bool goes_on(const struct plan *plan, uint32_t unit, const struct stretch *stretch)
{
        const uint32_t claim = plan->first_claim[unit];
        const struct claim *row = &plan->claims[claim];
        const bool raw = plan->units[unit].how != UNIT_PACKED && plan->target->blocks[unit].codec;

        return plan->first_claim[unit + 1] == claim + 1 && row->part == stretch->part && !row->at &&
               !raw && !stretch->has_raw && row->part_at == stretch->part_at + stretch->count;
}

static bool is_whole(const struct plan *plan, uint32_t unit)
{
        const uint32_t claim = plan->first_claim[unit];

        return plan->first_claim[unit + 1] == claim + 1 && !plan->claims[claim].at &&
               plan->claims[claim].bytes == plan->target->blocks[unit].plain_bytes;
}

static enum rc run_units(struct worker *worker, struct err *err)
{
        const struct plan *plan = worker->plan;
        struct stretch stretch = {.count = 0};
        uint8_t *at = worker->content;
        enum rc rc = RC_OK;

        for (uint32_t unit = worker->job->first; rc == RC_OK && unit < worker->job->end; unit++) {
                uint32_t bytes;

                if (plan->units[unit].how != UNIT_SAME)
                        rc = unit_read(worker, unit, at, err);
                if (rc != RC_OK)
                        break;
                bytes = plan_unit_bytes(plan, unit);
                if (stretch.count &&
                    (plan->units[unit].how == UNIT_SAME || !goes_on(plan, unit, &stretch))) {
                        rc = match_stretch(worker, &stretch, err);
                        stretch.count = 0;
                        if (rc != RC_OK)
                                break;
                }
                if (plan->units[unit].how == UNIT_SAME) {
                        rc = ops_add(&worker->job->ops,
                                     (struct op){0, bytes, plan->units[unit].twin, true}, err);
                        continue;
                }
                if (stretch.count) {
                        stretch.count += bytes;
                } else if (is_whole(plan, unit) && (plan->units[unit].how == UNIT_PACKED ||
                                                    !plan->target->blocks[unit].codec)) {
                        const struct claim *claim = &plan->claims[plan->first_claim[unit]];

                        stretch = (struct stretch){claim->part, claim->part_at, at, bytes, false};
                } else {
                        rc = match_pieces(worker, unit, at, err);
                }
                at += bytes;
        }
        return rc == RC_OK && stretch.count ? match_stretch(worker, &stretch, err) : rc;
}

enum rc plan_run_job(struct plan *plan, uint32_t job, struct err *err)
{
        CLEANUP(worker_fini)
        struct worker worker = {.plan = plan, .job = &plan->jobs[job], .near_part = UINT32_MAX};

        for (uint32_t unit = worker.job->first; unit < worker.job->end; unit++) {
                const struct block *block = &plan->target->blocks[unit];
                const uint64_t packed = block_end(block) - block_begin(block);

                if (plan->units[unit].how != UNIT_SAME)
                        worker.room += packed > block->plain_bytes ? packed : block->plain_bytes;
        }
        worker.content = malloc(worker.room + 1);
        worker.scratch = malloc(REPACK_ROOM);
        if (!worker.content || !worker.scratch)
                return err_set(err, RC_NOMEM, "no memory for %zu bytes of the target", worker.room);
        return run_units(&worker, err);
}
