/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/release_delta.h"
#include "core/model/name.h"
#include "server/domain/jobs.h"
#include "server/domain/package.h"
#include <inttypes.h>
#include <string.h>

#define HISTORY_MAX 256
#define DEPTH_MAX   50

struct sources {
        uint64_t numbers[DEPTH_MAX];
        size_t count;
        size_t max;
};

static void source_add(struct sources *sources, uint64_t number, uint64_t target)
{
        if (!number || number == target || sources->count == sources->max)
                return;
        for (size_t i = 0; i < sources->count; i++)
                if (sources->numbers[i] == number)
                        return;
        sources->numbers[sources->count++] = number;
}

/* Every risk of the track counts: a device that moves from candidate to stable has a revision of
 * the one and wants one of the other. */
static bool is_related(const struct release_row *row, const struct release_row *released)
{
        return strcmp(row->channel.track, released->channel.track) == 0 &&
               (strcmp(row->arch, released->arch) == 0 || strcmp(row->arch, "all") == 0 ||
                strcmp(released->arch, "all") == 0);
}

enum rc release_queue_deltas(struct db_tx *tx, struct world *world,
                             const struct release_row *released, struct arena *arena,
                             struct err *err)
{
        const int64_t depth = world_int(world, SET_DELTA_DEPTH);
        struct sources sources = {.max = depth < DEPTH_MAX ? (size_t)depth : DEPTH_MAX};
        const struct release_row *rows = NULL;
        size_t count = 0;
        enum rc rc;

        rc = store_release_history(tx, arena, released->snap_id, 0, HISTORY_MAX, &rows, &count,
                                   err);
        for (size_t i = 0; rc == RC_OK && i < count; i++)
                if (is_related(&rows[i], released))
                        source_add(&sources, rows[i].revision, released->revision);
        for (size_t i = 0; rc == RC_OK && i < sources.count; i++) {
                const char *subject =
                        arena_printf(arena, "%s/%" PRIu64 "/%" PRIu64 "/%s", released->snap_id,
                                     sources.numbers[i], released->revision, DELTA_FORMAT);

                if (!subject)
                        return err_set(err, RC_NOMEM, "no memory for a release");
                rc = jobs_queue(tx, world, JOB_DELTA, subject, err);
        }
        return rc == RC_BUSY ? RC_OK : rc;
}

void release_deltas_wake(struct world *world)
{
        jobs_wake(world->jobs);
}

enum rc delta_ref_parse(const char *text, struct arena *arena, struct delta_ref *ret,
                        struct err *err)
{
        char *copy = arena_strdup(arena, text);
        char *parts[4] = {copy};

        if (!copy)
                return err_set(err, RC_NOMEM, "no memory for a delta");
        for (size_t i = 1; i < ARRAY_COUNT(parts); i++) {
                parts[i] = parts[i - 1] ? strchr(parts[i - 1], '/') : NULL;
                if (parts[i])
                        *parts[i]++ = '\0';
        }
        if (!parts[3] || number_parse_u64(parts[1], INT32_MAX, &ret->source) != RC_OK ||
            number_parse_u64(parts[2], INT32_MAX, &ret->target) != RC_OK)
                return err_set(err, RC_INVALID, "no delta is named \"%.80s\"", text);
        ret->snap_id = parts[0];
        ret->format = parts[3];
        return RC_OK;
}

struct listing {
        struct world *world;
        const struct actor *actor;
        const char *name;
        struct arena *arena;
        const struct delta_row *rows;
        size_t count;
};

static enum rc list_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct listing *listing = arg;
        struct package_row package;
        enum rc rc;

        rc = package_open(tx, listing->world, listing->actor, listing->name, listing->arena,
                          &package, err);
        if (rc != RC_OK)
                return rc;
        return store_delta_list(tx, listing->arena, package.snap_id, &listing->rows,
                                &listing->count, err);
}

enum rc release_deltas(struct world *world, const struct actor *actor, const char *name,
                       struct arena *arena, const struct delta_row **ret, size_t *ret_count,
                       struct err *err)
{
        struct listing listing = {.world = world, .actor = actor, .name = name, .arena = arena};
        enum rc rc;

        rc = db_run(world->db, DB_READ, list_body, &listing, err);
        if (rc != RC_OK)
                return rc;
        *ret = listing.rows;
        *ret_count = listing.count;
        return RC_OK;
}
