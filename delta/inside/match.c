/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/inside/match.h"
#include <stdlib.h>
#include <string.h>

#define WINDOW       32 /* a copy goes on unasked while most of the next bytes agree */
#define WINDOW_AGREE 24
#define WINDOW_STEP  16
#define GAIN_MIN     8 /* so many bytes more than the copy under way must another one give */
#define FOUND_MIN    10
#define ENOUGH_BYTES 4096 /* a match as long as this needs no better one */
#define NEAR_ENOUGH  32

void ops_fini(struct ops *ops)
{
        free(ops->rows);
        ops->rows = NULL;
        ops->count = ops->room = 0;
}

enum rc ops_add(struct ops *ops, struct op op, struct err *err)
{
        struct op *last = ops->count ? &ops->rows[ops->count - 1] : NULL;

        if (last && !op.literal_bytes && last->copy_bytes && last->exact == op.exact &&
            last->from + last->copy_bytes == op.from) {
                last->copy_bytes += op.copy_bytes;
                return RC_OK;
        }
        if (last && !last->copy_bytes) {
                last->literal_bytes += op.literal_bytes;
                last->copy_bytes = op.copy_bytes;
                last->from = op.from;
                last->exact = op.exact;
                return RC_OK;
        }
        if (ops->count == ops->room) {
                const size_t room = ops->room ? ops->room * 2 : 64;
                struct op *rows = realloc(ops->rows, room * sizeof(*rows));

                if (!rows)
                        return err_set(err, RC_NOMEM, "no memory for %zu copies", room);
                ops->rows = rows;
                ops->room = room;
        }
        ops->rows[ops->count++] = op;
        return RC_OK;
}

/* The run under way: target bytes from begin on are covered by a copy from `from`, if there is one.
 */
struct run {
        const struct matcher *matcher;
        const uint8_t *target;
        uint32_t bytes;
        uint32_t done; /* what ops were added for */
        bool has_copy;
        uint32_t begin;
        uint32_t from;
        struct ops *ops;
};

static uint32_t min_u32(uint32_t a, uint32_t b)
{
        return a < b ? a : b;
}

static uint32_t common(const uint8_t *a, const uint8_t *b, uint32_t max)
{
        uint32_t at = 0;

        while (max - at >= 8) {
                uint64_t x, y;

                memcpy(&x, a + at, 8);
                memcpy(&y, b + at, 8);
                if (x != y)
                        return at + (uint32_t)__builtin_ctzll(x ^ y) / 8;
                at += 8;
        }
        while (at < max && a[at] == b[at])
                at++;
        return at;
}

static uint32_t agree(const uint8_t *a, const uint8_t *b, uint32_t bytes)
{
        uint32_t count = 0;

        for (uint32_t i = 0; i < bytes; i++)
                count += a[i] == b[i];
        return count;
}

/* Source bytes left for the copy under way, seen from target position at. */
static uint32_t copy_left(const struct run *run, uint32_t at)
{
        const uint32_t end = space_end_of(run->matcher->space, run->from);
        const uint64_t here = (uint64_t)run->from + (at - run->begin);

        return here < end ? (uint32_t)(end - here) : 0;
}

static const uint8_t *copy_at(const struct run *run, uint32_t at)
{
        return run->matcher->space->base + run->from + (at - run->begin);
}

static void look_up(const struct run *run, const struct index *index, uint32_t at,
                    uint32_t *ret_from, uint32_t *ret_bytes)
{
        const struct space *space = run->matcher->space;
        const uint32_t *slots;

        if (!index || run->bytes - at < index->seed_bytes)
                return;
        slots = index_find(index, run->target + at);
        for (unsigned i = 0; i < INDEX_BUCKET && slots[i]; i++) {
                const uint32_t from = slots[i] - 1;
                const uint32_t left = space_end_of(space, from) - from;
                const uint32_t bytes = common(space->base + from, run->target + at,
                                              min_u32(left, run->bytes - at));

                if (bytes > *ret_bytes) {
                        *ret_bytes = bytes;
                        *ret_from = from;
                        if (bytes >= ENOUGH_BYTES)
                                return;
                }
        }
}

/* How far the copy under way is worth going: as bsdiff, where agreement is at its best. */
static uint32_t forward_bytes(const struct run *run, uint32_t end)
{
        const uint32_t max = min_u32(end - run->begin, copy_left(run, run->begin));
        const uint8_t *source = copy_at(run, run->begin);
        const uint8_t *target = run->target + run->begin;
        int64_t score = 0;
        int64_t best = 0;
        uint32_t ret = 0;

        for (uint32_t i = 0; i < max; i++) {
                score += source[i] == target[i] ? 1 : -1;
                if (score > best) {
                        best = score;
                        ret = i + 1;
                }
        }
        return ret;
}

/* How far a copy that begins at target position at may be extended backwards. */
static uint32_t backward_bytes(const struct run *run, uint32_t at, uint32_t from)
{
        const struct space *space = run->matcher->space;
        const uint32_t max = min_u32(at - (run->has_copy ? run->begin : run->done),
                                     from - space_begin_of(space, from));
        int64_t score = 0;
        int64_t best = 0;
        uint32_t ret = 0;

        for (uint32_t i = 1; i <= max; i++) {
                score += space->base[from - i] == run->target[at - i] ? 1 : -1;
                if (score > best) {
                        best = score;
                        ret = i;
                }
                if (score < best - 64)
                        break;
        }
        return ret;
}

/* Two copies claim the bytes from low to high: the first keeps what is before the split. */
static uint32_t best_split(const struct run *run, uint32_t low, uint32_t high, uint32_t at,
                           uint32_t from)
{
        const uint8_t *base = run->matcher->space->base;
        int64_t score = 0;
        int64_t best = 0;
        uint32_t ret = low;

        for (uint32_t i = low; i < high; i++) {
                score += *copy_at(run, i) == run->target[i];
                score -= base[from - (at - i)] == run->target[i];
                if (score > best) {
                        best = score;
                        ret = i + 1;
                }
        }
        return ret;
}

/* Ends the copy under way at target position end, at the latest. */
static enum rc flush(struct run *run, uint32_t end, struct err *err)
{
        struct op op;

        if (!run->has_copy)
                return RC_OK;
        op = (struct op){run->begin - run->done, end - run->begin, run->from, false};
        op.exact = memcmp(copy_at(run, run->begin), run->target + run->begin, op.copy_bytes) == 0;
        run->has_copy = false;
        if (!op.copy_bytes)
                return RC_OK;
        run->done = end;
        return ops_add(run->ops, op, err);
}

static enum rc switch_copy(struct run *run, uint32_t at, uint32_t from, struct err *err)
{
        uint32_t begin = at - backward_bytes(run, at, from);
        enum rc rc = RC_OK;

        if (run->has_copy) {
                uint32_t end = run->begin + forward_bytes(run, at);

                if (end > begin)
                        end = begin = best_split(run, begin, end, at, from);
                rc = flush(run, end, err);
        }
        run->has_copy = true;
        run->begin = begin;
        run->from = from - (at - begin);
        return rc;
}

/* Whether the copy under way serves the next bytes well enough; *ret_step: how far to go on. */
static bool copy_serves(const struct run *run, uint32_t at, uint32_t *ret_step)
{
        uint32_t bytes;
        uint32_t equal;

        if (!run->has_copy)
                return false;
        bytes = min_u32(run->bytes - at, copy_left(run, at));
        equal = common(copy_at(run, at), run->target + at, bytes);
        if (equal >= WINDOW_STEP || (equal && equal == run->bytes - at)) {
                *ret_step = equal;
                return true;
        }
        if (bytes < WINDOW || agree(copy_at(run, at), run->target + at, WINDOW) < WINDOW_AGREE)
                return false;
        *ret_step = WINDOW_STEP;
        return true;
}

static enum rc search_at(struct run *run, uint32_t at, uint32_t *ret_step, struct err *err)
{
        uint32_t bytes = 0;
        uint32_t from = 0;
        uint32_t have = 0;

        look_up(run, run->matcher->near, at, &from, &bytes);
        if (bytes < NEAR_ENOUGH)
                look_up(run, run->matcher->far, at, &from, &bytes);
        *ret_step = 1;
        if (bytes < FOUND_MIN)
                return RC_OK;
        if (run->has_copy)
                have = agree(copy_at(run, at), run->target + at,
                             min_u32(bytes, copy_left(run, at)));
        if (bytes <= have + GAIN_MIN)
                return RC_OK;
        *ret_step = bytes;
        return switch_copy(run, at, from, err);
}

enum rc match_run(const struct matcher *matcher, const uint8_t *target, uint32_t bytes,
                  uint32_t guess, struct ops *ops, struct err *err)
{
        struct run run = {.matcher = matcher, .target = target, .bytes = bytes, .ops = ops};
        uint32_t step = 0;
        enum rc rc = RC_OK;

        if (guess != SPACE_NONE) {
                run.has_copy = true;
                run.from = guess;
        }
        for (uint32_t at = 0; rc == RC_OK && at < bytes; at += step) {
                if (!copy_serves(&run, at, &step))
                        rc = search_at(&run, at, &step, err);
        }
        if (rc == RC_OK && run.has_copy)
                rc = flush(&run, run.begin + forward_bytes(&run, bytes), err);
        if (rc == RC_OK && run.done < bytes)
                rc = ops_add(ops, (struct op){bytes - run.done, 0, 0, false}, err);
        return rc;
}
