/* SPDX-License-Identifier: Apache-2.0 */
/* Builds one delta; the worker proves it before it is kept. */
#include "core/base/fs.h"
#include "core/model/name.h"
#include "server/domain/jobs.h"
#include "server/domain/release.h"
#include <inttypes.h>
#include <string.h>

struct building {
        struct world *world;
        struct arena *arena;
        struct delta_ref ref;
        struct revision_row source;
        struct revision_row target;
        struct delta_row row;
        bool is_needed;
};

static enum rc load_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct building *building = arg;
        const struct delta_ref *ref = &building->ref;
        struct delta_row known;
        enum rc rc;

        rc = store_delta_get(tx, building->arena, ref->snap_id, ref->source, ref->target,
                             ref->format, &known, err);
        if (rc != RC_NOT_FOUND)
                return rc;
        rc = store_revision_get(tx, building->arena, ref->snap_id, ref->source, &building->source,
                                err);
        if (rc == RC_OK)
                rc = store_revision_get(tx, building->arena, ref->snap_id, ref->target,
                                        &building->target, err);
        building->is_needed = rc == RC_OK;
        return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc put_body(struct db_tx *tx, void *arg, struct err *err)
{
        CLEANUP(fs_closep) int fd = -1;
        struct building *building = arg;
        uint64_t generation;
        uint64_t bytes;
        enum rc rc;

        rc = store_delta_put(tx, &building->row, err);
        if (rc == RC_OK && strcmp(building->row.state, "ready") == 0)
                rc = blob_open(building->world->blobs, &building->row.digest, &fd, &bytes, err);
        if (rc == RC_NOT_FOUND)
                return err_set(err, RC_BUSY, "the delta was swept away");
        return rc == RC_OK ? store_generation_bump(tx, &generation, err) : rc;
}

static enum rc put(struct building *building, const char *state, const char *reason,
                   struct err *err)
{
        struct delta_row *row = &building->row;
        enum rc rc;

        row->snap_id = building->ref.snap_id;
        row->source = building->ref.source;
        row->target = building->ref.target;
        row->format = building->ref.format;
        row->target_bytes = building->target.bytes;
        row->state = state;
        row->reason = reason;
        row->created = world_now(building->world);
        rc = db_run(building->world->db, DB_WRITE, put_body, building, err);
        if (rc != RC_OK)
                return rc;
        return catalog_reload_package(building->world->catalog, building->ref.snap_id, err);
}

static enum rc build(struct building *building, struct err *err)
{
        CLEANUP(blob_writer_freep) struct blob_writer *writer = NULL;
        CLEANUP(fs_closep) int source = -1;
        CLEANUP(fs_closep) int target = -1;
        struct world *world = building->world;
        struct worker_delta made = {.bytes = 0};
        uint64_t max_bytes;
        uint64_t bytes;
        enum rc rc;

        rc = blob_open(world->blobs, &building->source.digest, &source, &bytes, err);
        if (rc == RC_OK)
                rc = blob_open(world->blobs, &building->target.digest, &target, &bytes, err);
        if (rc != RC_OK)
                return rc;
        max_bytes =
                building->target.bytes / 100 * (uint64_t)world_int(world, SET_DELTA_PERCENT) +
                building->target.bytes % 100 * (uint64_t)world_int(world, SET_DELTA_PERCENT) / 100;
        rc = blob_create(world->blobs, max_bytes, &writer, err);
        if (rc == RC_OK)
                rc = worker_delta_build(&world->worker, building->ref.format, source, target,
                                        &building->target.digest, max_bytes, blob_writer_fd(writer),
                                        &made, err);
        if (rc != RC_OK)
                return rc;
        rc = blob_commit(world->blobs, &writer, &building->row.digest, &building->row.bytes, err);
        building->row.cpu_usec = made.cpu_usec;
        return rc;
}

enum rc job_delta(struct world *world, const struct job_row *job, struct err *err)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(8 * MIB);
        struct building building = {.world = world, .arena = arena};
        struct err why = {.text = ""};
        enum rc rc;

        if (!arena)
                return err_set(err, RC_NOMEM, "no memory for a delta");
        rc = delta_ref_parse(job->subject, arena, &building.ref, err);
        if (rc == RC_OK)
                rc = db_run(world->db, DB_READ, load_body, &building, err);
        if (rc != RC_OK || !building.is_needed)
                return rc;
        rc = build(&building, &why);
        if (rc == RC_OK)
                return put(&building, "ready", "", err);
        if (rc == RC_NOT_WORTH)
                return put(&building, "refused", why.text, err);
        if (rc == RC_INVALID || rc == RC_UNSUPPORTED || rc == RC_CONFLICT)
                return put(&building, "failed", why.text, err);
        *err = why;
        return rc;
}

enum rc job_delta_give_up(struct world *world, const struct job_row *job, enum rc rc,
                          const struct err *why, struct err *err)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(8 * MIB);
        struct building building = {.world = world, .arena = arena};
        enum rc loaded;

        if (!arena)
                return err_set(err, RC_NOMEM, "no memory for a delta");
        loaded = delta_ref_parse(job->subject, arena, &building.ref, err);
        if (loaded == RC_OK)
                loaded = db_run(world->db, DB_READ, load_body, &building, err);
        if (loaded != RC_OK || !building.is_needed)
                return loaded == RC_INVALID ? RC_OK : loaded;
        return put(&building, "failed", *why->text ? why->text : rc_name(rc), err);
}
