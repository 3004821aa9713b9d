/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/package_media.h"
#include "core/base/fs.h"
#include "server/domain/audit.h"
#include <string.h>

#define INSPECT_MEMORY (256 * MIB)

struct picturing {
        struct world *world;
        const struct actor *actor;
        const char *name;
        enum media_kind kind;
        const struct digest *digest; /* to be removed; NULL: all of the kind */
        struct media_row added;      /* without snap_id and position; kind "" none */
        struct arena *arena;
        struct package_row package;
        usec_t now;
};

/* --- looking at the bytes --- */

static enum rc blob_keep(struct world *world, const struct media_ask *ask, struct digest *ret,
                         struct err *err)
{
        CLEANUP(blob_writer_freep) struct blob_writer *writer = NULL;
        uint64_t bytes = 0;
        enum rc rc;

        rc = blob_create(world->blobs, media_bytes_max(ask->kind), &writer, err);
        if (rc == RC_OK)
                rc = blob_write(writer, ask->data, ask->bytes, err);
        return rc == RC_OK ? blob_commit(world->blobs, &writer, ret, &bytes, err) : rc;
}

static struct worker_options inspect_options(const struct world *world)
{
        struct worker_options options = world->worker;

        options.seconds = MEDIA_INSPECT_SECONDS;
        if (!options.memory_bytes || options.memory_bytes > INSPECT_MEMORY)
                options.memory_bytes = INSPECT_MEMORY;
        return options;
}

static void row_fill(struct media_row *row, enum media_kind kind, const struct media_info *info,
                     uint64_t bytes, usec_t now)
{
        row->kind = media_kind_name(kind);
        row->bytes = bytes;
        row->format = media_format_name(info->format);
        row->width = info->width;
        row->height = info->height;
        row->created = now;
}

/* A picture that is refused leaves a blob that nobody names: the sweep takes it. */
static enum rc picture_take(struct picturing *picturing, const struct media_ask *ask,
                            struct err *err)
{
        CLEANUP(fs_closep) int fd = -1;
        const struct worker_options options = inspect_options(picturing->world);
        struct media_info info = {.width = MEDIA_ICON_SIDE_MIN, .height = MEDIA_ICON_SIDE_MIN};
        uint64_t bytes = 0;
        enum rc rc;

        rc = media_check(ask->kind, &info, ask->bytes, err); /* before anything is written */
        if (rc == RC_OK)
                rc = blob_keep(picturing->world, ask, &picturing->added.digest, err);
        if (rc == RC_OK)
                rc = blob_open(picturing->world->blobs, &picturing->added.digest, &fd, &bytes, err);
        if (rc == RC_OK)
                rc = worker_inspect_media(&options, fd, &info, err);
        if (rc == RC_OK)
                rc = media_check(ask->kind, &info, bytes, err);
        if (rc == RC_OK)
                row_fill(&picturing->added, ask->kind, &info, bytes, picturing->now);
        return rc;
}

/* --- keeping it --- */

static bool stays(const struct picturing *picturing, const struct media_row *row)
{
        if (row->revision != 0 || strcmp(row->kind, media_kind_name(picturing->kind)))
                return false;
        if (picturing->added.kind) /* an icon is replaced, the same screenshot is not there twice */
                return picturing->kind == MEDIA_SCREENSHOT &&
                       !digest_equal(&row->digest, &picturing->added.digest);
        return picturing->digest && !digest_equal(&row->digest, picturing->digest);
}

/* Those that stay, and the new one behind them, numbered from 0. */
static enum rc rows_write(struct db_tx *tx, const struct picturing *picturing,
                          const struct media_row *rows, size_t count, struct err *err)
{
        const char *kind = media_kind_name(picturing->kind);
        const char *snap_id = picturing->package.snap_id;
        struct media_row row = picturing->added;
        int position = 0;
        enum rc rc = store_media_delete(tx, snap_id, 0, kind, err);

        for (size_t i = 0; rc == RC_OK && i < count; i++) {
                struct media_row old = rows[i];

                if (!stays(picturing, &old))
                        continue;
                old.position = position++;
                rc = store_media_insert(tx, &old, err);
        }
        if (rc != RC_OK || !row.kind)
                return rc;
        if (position >= MEDIA_SCREENSHOT_MAX)
                return err_set(err, RC_TOO_MANY, "a package has %d screenshots at most",
                               MEDIA_SCREENSHOT_MAX);
        row.snap_id = snap_id;
        row.position = position;
        rc = store_media_insert(tx, &row, err);
        return rc == RC_OK ? world_blob_check(picturing->world, &row.digest, err) : rc;
}

static enum rc set_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct picturing *picturing = arg;
        const struct media_row *rows;
        uint64_t generation;
        size_t count;
        enum rc rc;

        rc = package_open(tx, picturing->world, picturing->actor, picturing->name, picturing->arena,
                          &picturing->package, err);
        if (rc == RC_OK)
                rc = store_media_list(tx, picturing->arena, picturing->package.snap_id, &rows,
                                      &count, err);
        if (rc == RC_OK)
                rc = rows_write(tx, picturing, rows, count, err);
        if (rc == RC_OK)
                rc = store_generation_bump(tx, &generation, err);
        if (rc != RC_OK)
                return rc;
        return audit_add(tx, picturing->actor->account_id, "media", picturing->package.name,
                         picturing->now, err, "%s %s", media_kind_name(picturing->kind),
                         picturing->added.kind ? "set" : "removed");
}

static enum rc open_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct picturing *picturing = arg;

        return package_open(tx, picturing->world, picturing->actor, picturing->name,
                            picturing->arena, &picturing->package, err);
}

static enum rc set_run(struct picturing *picturing, struct err *err)
{
        const enum rc rc = db_run(picturing->world->db, DB_WRITE, set_body, picturing, err);

        return rc == RC_OK ? catalog_reload_package(picturing->world->catalog,
                                                    picturing->package.snap_id, err)
                           : rc;
}

enum rc package_media_set(struct world *world, const struct actor *actor,
                          const struct media_ask *ask, struct err *err)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(MIB);
        struct picturing picturing = {.world = world,
                                      .actor = actor,
                                      .name = ask->name,
                                      .kind = ask->kind,
                                      .arena = arena,
                                      .now = world_now(world)};
        enum rc rc;

        if (!arena)
                return err_set(err, RC_NOMEM, "no memory for a picture");
        /* Who may not set it need not be looked at. */
        rc = db_run(world->db, DB_READ, open_body, &picturing, err);
        if (rc == RC_OK)
                rc = picture_take(&picturing, ask, err);
        return rc == RC_OK ? set_run(&picturing, err) : rc;
}

enum rc package_media_remove(struct world *world, const struct actor *actor, const char *name,
                             enum media_kind kind, const struct digest *digest, struct err *err)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(MIB);
        struct picturing picturing = {.world = world,
                                      .actor = actor,
                                      .name = name,
                                      .kind = kind,
                                      .digest = digest,
                                      .arena = arena,
                                      .now = world_now(world)};

        if (!arena)
                return err_set(err, RC_NOMEM, "no memory for a picture");
        return set_run(&picturing, err);
}

/* --- the one that a snap brings with it --- */

enum rc package_icon_take(struct world *world, int snap_fd, struct media_row *ret, struct err *why,
                          struct err *err)
{
        CLEANUP(blob_writer_freep) struct blob_writer *writer = NULL;
        struct worker_options options = world->worker;
        struct media_row row = {.kind = NULL};
        struct media_info info;
        uint64_t bytes = 0;
        enum rc rc;

        why->text[0] = '\0';
        rc = blob_create(world->blobs, MEDIA_ICON_BYTES_MAX, &writer, err);
        if (rc != RC_OK)
                return rc;
        rc = worker_extract_icon(&options, snap_fd, blob_writer_fd(writer), &info, &bytes, why);
        if (rc_is_fault(rc) || (rc == RC_TIMEOUT && options.cancel && *options.cancel)) {
                *err = *why;
                return rc;
        }
        if (rc == RC_NOT_FOUND)
                why->text[0] = '\0';
        if (rc != RC_OK)
                return RC_NOT_FOUND;
        rc = blob_commit(world->blobs, &writer, &row.digest, &bytes, err);
        if (rc != RC_OK)
                return rc;
        row_fill(&row, MEDIA_ICON, &info, bytes, world_now(world));
        *ret = row;
        return RC_OK;
}

enum rc package_icon_keep_tx(struct db_tx *tx, const struct world *world, const char *snap_id,
                             uint64_t revision, const struct media_row *icon, struct err *err)
{
        struct media_row row = *icon;
        enum rc rc;

        row.snap_id = snap_id;
        row.revision = revision;
        rc = store_media_insert(tx, &row, err);
        return rc == RC_OK ? world_blob_check(world, &row.digest, err) : rc;
}
