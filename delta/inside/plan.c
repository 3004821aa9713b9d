/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/inside/plan.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define JOB_BYTES      (1 * MIB)  /* a job ends behind so much, with its part */
#define JOB_BYTES_MAX  (16 * MIB) /* or in the middle of a part */
#define FAR_SEED       24
#define FAR_STRIDE     16
#define FAR_BYTES_MANY (256 * MIB)

uint32_t plan_unit_bytes(const struct plan *plan, uint32_t unit)
{
        const struct block *block = &plan->target->blocks[unit];

        if (plan->units[unit].how == UNIT_PACKED)
                return block->plain_bytes;
        return block->packed_bytes + block_frame_bytes(block);
}

/* Blocks of the source by the hash of their compressed bytes: open addressing. */
struct twins {
        uint32_t *slots; /* block + 1 */
        uint32_t mask;
};

static uint64_t hash_block(const struct image *image, uint32_t index)
{
        const struct block *block = &image->blocks[index];
        const uint8_t *in = image->bytes + block_begin(block);
        const size_t bytes = (size_t)(block_end(block) - block_begin(block));
        uint64_t hash = bytes;
        size_t at = 0;

        for (; bytes - at >= 8; at += 8) {
                uint64_t word;

                memcpy(&word, in + at, sizeof(word));
                hash = (hash ^ word) * 0x9e3779b97f4a7c15;
                hash ^= hash >> 32;
        }
        return image_hash(hash, in + at, bytes - at);
}

static enum rc twins_make(const struct image *source, struct twins *ret, struct err *err)
{
        uint32_t room = 64;

        while (room < source->block_count * 2)
                room *= 2;
        ret->slots = calloc(room, sizeof(*ret->slots));
        if (!ret->slots)
                return err_set(err, RC_NOMEM, "no memory for %" PRIu32 " blocks",
                               source->block_count);
        ret->mask = room - 1;
        for (uint32_t i = 0; i < source->block_count; i++) {
                uint32_t slot = (uint32_t)hash_block(source, i) & ret->mask;

                while (ret->slots[slot])
                        slot = (slot + 1) & ret->mask;
                ret->slots[slot] = i + 1;
        }
        return RC_OK;
}

static bool same_bytes(const struct image *a, const struct block *left, const struct image *b,
                       const struct block *right)
{
        const uint64_t bytes = block_end(left) - block_begin(left);

        return bytes == block_end(right) - block_begin(right) &&
               memcmp(a->bytes + block_begin(left), b->bytes + block_begin(right), bytes) == 0;
}

/* Blocks that many places of the source have are taken from the same place as seen from the last.
 */
static void find_twins(struct plan *plan, const struct twins *twins, uint8_t *used)
{
        const struct image *target = plan->target;
        uint64_t next = 0;

        for (uint32_t i = 0; i < target->block_count; i++) {
                const struct block *block = &target->blocks[i];
                uint32_t slot = (uint32_t)hash_block(target, i) & twins->mask;

                plan->units[i].how = block->codec ? UNIT_PACKED : UNIT_PLAIN;
                for (unsigned tries = 0; twins->slots[slot] && tries < 64; tries++) {
                        const uint32_t found = twins->slots[slot] - 1;
                        const struct block *twin = &plan->source->blocks[found];

                        slot = (slot + 1) & twins->mask;
                        if (!same_bytes(target, block, plan->source, twin))
                                continue;
                        used[found] = 1;
                        if (plan->units[i].how == UNIT_SAME && block_begin(twin) != next)
                                continue;
                        plan->units[i].how = UNIT_SAME;
                        plan->units[i].twin = (uint32_t)block_begin(twin);
                        if (block_begin(twin) == next)
                                break;
                }
                if (plan->units[i].how == UNIT_SAME)
                        next = plan->units[i].twin + (block_end(block) - block_begin(block));
        }
}

/* What cannot or must not be packed again travels as it is. */
static void keep_packed(struct plan *plan, const struct inside_limits *limits, uint32_t as_they_are)
{
        for (uint32_t i = 0; i < plan->target->block_count; i++) {
                const struct block *block = &plan->target->blocks[i];

                if (plan->units[i].how == UNIT_PACKED &&
                    (block->plain_bytes > limits->block_bytes || as_they_are & 1U << block->codec))
                        plan->units[i].how = UNIT_PLAIN;
        }
}

static int by_place(const void *left, const void *right)
{
        const struct claim *a = left;
        const struct claim *b = right;

        if (a->block != b->block)
                return a->block < b->block ? -1 : 1;
        if (a->at != b->at)
                return a->at < b->at ? -1 : 1;
        if (a->bytes != b->bytes)
                return a->bytes > b->bytes ? -1 : 1;
        return a->part < b->part ? -1 : a->part > b->part;
}

static uint32_t piece_bytes(const struct image *image, const struct piece *piece)
{
        return piece->bytes == PIECE_REST ? image->blocks[piece->block].plain_bytes - piece->at
                                          : piece->bytes;
}

/* A stretch that two parts share is the first one's. */
static void drop_overlaps(struct plan *plan)
{
        uint32_t kept = 0;

        for (uint32_t i = 0; i < plan->claim_count; i++) {
                const struct claim *last = kept ? &plan->claims[kept - 1] : NULL;

                if (last && last->block == plan->claims[i].block &&
                    plan->claims[i].at < last->at + last->bytes)
                        continue;
                plan->claims[kept++] = plan->claims[i];
        }
        plan->claim_count = kept;
}

static enum rc make_claims(struct plan *plan, struct err *err)
{
        const struct image *target = plan->target;
        uint32_t at = 0;

        plan->claims = calloc((size_t)target->piece_count + 1, sizeof(*plan->claims));
        plan->first_claim = calloc((size_t)target->block_count + 1, sizeof(*plan->first_claim));
        if (!plan->claims || !plan->first_claim)
                return err_set(err, RC_NOMEM, "no memory for %" PRIu32 " pieces",
                               target->piece_count);
        for (uint32_t i = 0; i < target->part_count; i++) {
                const struct part *part = &target->parts[i];
                uint64_t part_at = 0;

                for (uint32_t j = 0; j < part->piece_count; j++) {
                        const struct piece *piece = &target->pieces[part->first_piece + j];
                        const uint32_t bytes = piece_bytes(target, piece);

                        plan->claims[plan->claim_count++] =
                                (struct claim){piece->block, piece->at, bytes, i, part_at};
                        part_at += bytes;
                }
        }
        if (plan->claim_count)
                qsort(plan->claims, plan->claim_count, sizeof(*plan->claims), by_place);
        drop_overlaps(plan);
        for (uint32_t i = 0; i <= target->block_count; i++) {
                while (at < plan->claim_count && plan->claims[at].block < i)
                        at++;
                plan->first_claim[i] = at;
        }
        return RC_OK;
}

/* Blocks worth expanding: of parts that the target has changed, and those that went away. When the
 * target has new parts, any block may have been their origin. */
static void mark_wanted(const struct plan *plan, uint32_t block_max, const uint8_t *used,
                        uint8_t *wanted)
{
        const struct image *source = plan->source;
        const struct image *target = plan->target;
        bool any_new = false;

        for (uint32_t i = 0; i < target->part_count; i++) {
                const struct part *part = &target->parts[i];
                const struct part *old = image_find_part(source, part->name);
                bool changed = false;

                for (uint32_t j = 0; j < part->piece_count && !changed; j++)
                        changed = plan->units[target->pieces[part->first_piece + j].block].how !=
                                  UNIT_SAME;
                any_new = any_new || (changed && !old);
                for (uint32_t j = 0; changed && old && j < old->piece_count; j++)
                        wanted[source->pieces[old->first_piece + j].block] = 1;
        }
        for (uint32_t i = 0; i < source->block_count; i++)
                wanted[i] = (wanted[i] || any_new || !used[i]) &&
                            source->blocks[i].plain_bytes <= block_max;
}

/* Whether a job may end before this unit. */
static uint32_t part_of(const struct plan *plan, uint32_t unit)
{
        const uint32_t claim = plan->first_claim[unit];

        return claim < plan->first_claim[unit + 1] ? plan->claims[claim].part : UINT32_MAX;
}

static enum rc cut_jobs(struct plan *plan, struct err *err)
{
        const uint32_t count = plan->target->block_count;
        uint64_t bytes = 0;
        uint32_t first = 0;

        plan->jobs = calloc((size_t)count + 1, sizeof(*plan->jobs));
        if (!plan->jobs)
                return err_set(err, RC_NOMEM, "no memory for %" PRIu32 " jobs", count);
        for (uint32_t i = 0; i < count; i++) {
                if (plan->units[i].how != UNIT_SAME)
                        bytes += plan->target->blocks[i].plain_bytes;
                if (i + 1 < count && bytes < JOB_BYTES_MAX &&
                    (bytes < JOB_BYTES || part_of(plan, i) == part_of(plan, i + 1)))
                        continue;
                plan->jobs[plan->job_count++] = (struct job){.first = first, .end = i + 1};
                first = i + 1;
                bytes = 0;
        }
        return RC_OK;
}

static enum rc plan_packers(struct plan *plan, uint64_t memory_max, struct err *err)
{
        uint32_t *blocks = calloc((size_t)plan->target->block_count + 1, sizeof(*blocks));
        uint32_t count = 0;
        enum rc rc;

        if (!blocks)
                return err_set(err, RC_NOMEM, "no memory for a list of blocks");
        for (uint32_t i = 0; i < plan->target->block_count; i++) {
                if (plan->units[i].how == UNIT_PACKED)
                        blocks[count++] = i;
        }
        rc = repack_plan(plan->target, blocks, count, memory_max, &plan->repack, err);
        free(blocks);
        return rc;
}

static void find_owners(struct plan *plan)
{
        const struct image *source = plan->source;

        memset(plan->owner, 0xff, source->block_count * sizeof(*plan->owner));
        for (uint32_t i = 0; i < source->part_count; i++) {
                for (uint32_t j = 0; j < source->parts[i].piece_count; j++)
                        plan->owner[source->pieces[source->parts[i].first_piece + j].block] = i;
        }
}

enum rc plan_make(const struct image *source, const struct image *target, struct space *space,
                  const struct inside_limits *limits, uint32_t as_they_are, struct plan *ret,
                  struct err *err)
{
        struct twins twins = {.slots = NULL};
        uint8_t *used = calloc((size_t)source->block_count + 1, 2);
        enum rc rc = RC_OK;

        memset(ret, 0, sizeof(*ret));
        ret->source = source;
        ret->target = target;
        ret->space = space;
        ret->units = calloc((size_t)target->block_count + 1, sizeof(*ret->units));
        ret->owner = calloc((size_t)source->block_count + 1, sizeof(*ret->owner));
        if (!used || !ret->units || !ret->owner)
                rc = err_set(err, RC_NOMEM, "no memory for %" PRIu32 " blocks",
                             target->block_count);
        if (rc == RC_OK)
                rc = twins_make(source, &twins, err);
        if (rc == RC_OK) {
                find_twins(ret, &twins, used);
                keep_packed(ret, limits, as_they_are);
                find_owners(ret);
                rc = make_claims(ret, err);
        }
        if (rc == RC_OK)
                rc = plan_packers(ret, limits->packer_bytes, err);
        if (rc == RC_OK) {
                mark_wanted(ret, limits->block_bytes, used, used + source->block_count);
                rc = space_plan(space, source, used + source->block_count, err);
        }
        if (rc == RC_OK)
                rc = cut_jobs(ret, err);
        free(used);
        free(twins.slots);
        if (rc != RC_OK)
                plan_fini(ret);
        return rc;
}

enum rc plan_index(struct plan *plan, struct err *err)
{
        const struct space *space = plan->space;
        const uint64_t bytes = (uint64_t)space->raw_bytes + (space->plain_end - space->plain_begin);
        enum rc rc;

        rc = index_init(&plan->far, bytes, FAR_SEED,
                        bytes > FAR_BYTES_MANY ? 2 * FAR_STRIDE : FAR_STRIDE, err);
        if (rc != RC_OK)
                return rc;
        for (uint32_t i = 0; i < plan->source->block_count; i++) {
                if (space->place[i] != SPACE_NONE)
                        index_add(&plan->far, space->base, space->place[i],
                                  space->place[i] + plan->source->blocks[i].plain_bytes);
        }
        return RC_OK;
}

void plan_fini(struct plan *plan)
{
        for (uint32_t i = 0; plan->jobs && i < plan->job_count; i++)
                ops_fini(&plan->jobs[i].ops);
        free(plan->jobs);
        free(plan->units);
        free(plan->claims);
        free(plan->first_claim);
        free(plan->owner);
        index_fini(&plan->far);
        memset(plan, 0, sizeof(*plan));
}
