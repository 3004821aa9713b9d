/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/believe.h"
#include <string.h>

static enum rc stream_read(const char *text, size_t bytes, size_t max, struct arena *arena,
                           struct assertion **items, size_t *ret_count, struct err *err)
{
        struct assertion_stream stream;
        size_t count = 0;

        assertion_stream_init(&stream, text, bytes);
        for (;;) {
                struct assertion *item;
                const enum rc rc = assertion_stream_next(&stream, arena, &item, err);

                if (rc == RC_END)
                        break;
                if (rc != RC_OK)
                        return err_prefix(err, rc, "assertion %zu of the stream", count + 1);
                if (count == max)
                        return err_set(err, RC_TOO_BIG, "more than %zu assertions at once", max);
                items[count++] = item;
        }
        if (!count)
                return err_set(err, RC_INVALID, "there is no assertion in it");
        *ret_count = count;
        return RC_OK;
}

struct believing {
        struct world_trust trust;
        struct trust_source source;
        struct assertion **pending;
        size_t pending_count;
        struct assertion **done;
        unsigned flags;
        usec_t now;
        struct arena *arena;
};

static enum rc one_fails(const struct believing *run, const struct assertion *item, enum rc rc,
                         struct err *err)
{
        const char *ref = assertion_ref(run->arena, item);

        return err_prefix(err, rc, "%.80s", ref ? ref : item->type->name);
}

/* One pass: believes what it can. What misses something stays for the next. */
static enum rc pass(struct believing *run, struct err *missing, struct err *err)
{
        size_t left = 0;

        for (size_t i = 0; i < run->pending_count; i++) {
                struct assertion *item = run->pending[i];
                const enum rc rc =
                        trust_check(item, &run->source, run->flags, run->now, run->arena, err);

                if (rc == RC_OK) {
                        run->done[run->trust.fresh_count++] = item;
                        continue;
                }
                if (rc != RC_NOT_FOUND)
                        return one_fails(run, item, rc, err);
                if (!left) {
                        *missing = *err;
                        (void)one_fails(run, item, rc, missing);
                }
                run->pending[left++] = item;
        }
        run->pending_count = left;
        return RC_OK;
}

enum rc believe_stream(struct world *world, const struct catalog *catalog, const char *text,
                       size_t bytes, size_t max, unsigned trust_flags, struct arena *arena,
                       struct believed *ret, struct err *err)
{
        struct believing run = {.flags = trust_flags, .now = world_now(world), .arena = arena};
        struct err missing = {.text = ""};
        enum rc rc;

        run.pending = arena_alloc_array(arena, max, sizeof(*run.pending));
        run.done = arena_alloc_array(arena, max, sizeof(*run.done));
        if (!run.pending || !run.done)
                return err_set(err, RC_NOMEM, "no memory for assertions");
        rc = stream_read(text, bytes, max, arena, run.pending, &run.pending_count, err);
        if (rc != RC_OK)
                return rc;
        run.trust = (struct world_trust){.world = world, .catalog = catalog, .fresh = run.done};
        world_trust_source(&run.trust, &run.source);
        for (int passes = 0; run.pending_count && passes < BELIEVE_PASSES_MAX; passes++) {
                const size_t before = run.pending_count;

                rc = pass(&run, &missing, err);
                if (rc != RC_OK)
                        return rc;
                if (run.pending_count == before)
                        break;
        }
        if (run.pending_count)
                return err_set_code(err, RC_UNTRUSTED, "missing-prerequisite", "%s", missing.text);
        ret->items = run.done;
        ret->count = run.trust.fresh_count;
        return RC_OK;
}
