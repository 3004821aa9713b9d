/* SPDX-License-Identifier: Apache-2.0 */
/* What is told about a package and changed on it; package_register.c makes it. */
#include "server/domain/package.h"
#include "core/model/name.h"
#include "server/domain/audit.h"
#include "server/domain/package_found.h"
#include "server/domain/scope.h"
#include <string.h>

#define TITLE_MAX       160
#define SUMMARY_MAX     1024
#define DESCRIPTION_MAX (16 * KIB)
#define PATTERN_MAX     128

static bool is_actors(const struct actor *actor, const struct package_row *row)
{
        return actor->is_admin || strcmp(row->publisher_id, actor->account_id) == 0;
}

const char *actor_store(const struct world *world, const struct actor *actor)
{
        return actor->store_id ? actor->store_id : world_text(world, SET_STORE_ID);
}

enum rc package_open(struct db_tx *tx, const struct world *world, const struct actor *actor,
                     const char *name, struct arena *arena, struct package_row *ret,
                     struct err *err)
{
        struct package_row row;
        enum rc rc;

        rc = store_package_get_by_name(tx, arena, actor_store(world, actor), name, &row, err);
        if (rc == RC_NOT_FOUND ||
            (rc == RC_OK && row.is_private &&
             (!is_actors(actor, &row) || !scope_has(actor->packages, row.name))))
                return err_set(err, RC_NOT_FOUND, "no package \"%.64s\"", name);
        if (rc != RC_OK)
                return rc;
        if (!is_actors(actor, &row))
                return err_set(err, RC_FORBIDDEN, "the package %s belongs to somebody else",
                               row.name);
        if (!scope_has(actor->packages, row.name))
                return err_set_code(err, RC_FORBIDDEN, "macaroon-permission-required",
                                    "the token is not for the package %s", row.name);
        *ret = row;
        return RC_OK;
}

/* --- telling --- */

struct reading {
        struct world *world;
        const struct actor *actor;
        const char *name;
        struct arena *arena;
        struct package_detail detail;
        struct package_detail *list;
        size_t count;
};

static enum rc detail_fill(struct db_tx *tx, struct arena *arena, struct package_detail *detail,
                           struct err *err)
{
        const struct release_row *releases;
        enum rc rc;

        rc = store_account_get(tx, arena, detail->row.publisher_id, &detail->publisher, err);
        if (rc == RC_OK)
                rc = store_track_list(tx, arena, detail->row.snap_id, &detail->tracks,
                                      &detail->track_count, err);
        if (rc == RC_OK)
                rc = store_release_list(tx, arena, detail->row.snap_id, &releases,
                                        &detail->release_count, err);
        if (rc == RC_OK)
                rc = store_link_list(tx, arena, detail->row.snap_id, &detail->links,
                                     &detail->link_count, err);
        if (rc == RC_OK)
                rc = store_package_category_list(tx, arena, detail->row.snap_id,
                                                 &detail->categories, &detail->category_count, err);
        if (rc == RC_OK)
                rc = store_media_list(tx, arena, detail->row.snap_id, &detail->media,
                                      &detail->media_count, err);
        return rc;
}

static enum rc get_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct reading *reading = arg;
        enum rc rc;

        rc = package_open(tx, reading->world, reading->actor, reading->name, reading->arena,
                          &reading->detail.row, err);
        return rc == RC_OK ? detail_fill(tx, reading->arena, &reading->detail, err) : rc;
}

static enum rc list_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct reading *reading = arg;
        const struct package_row *rows = NULL;
        size_t count = 0;
        enum rc rc;

        rc = store_package_list(tx, reading->arena, &rows, &count, err);
        if (rc != RC_OK)
                return rc;
        reading->count = 0;
        reading->list = arena_alloc_array(reading->arena, count, sizeof(*reading->list));
        if (!reading->list)
                return err_set(err, RC_NOMEM, "no memory for the packages");
        for (size_t i = 0; rc == RC_OK && i < count; i++) {
                if (!is_actors(reading->actor, &rows[i]) ||
                    !scope_has(reading->actor->packages, rows[i].name))
                        continue;
                reading->list[reading->count].row = rows[i];
                rc = detail_fill(tx, reading->arena, &reading->list[reading->count++], err);
        }
        return rc;
}

enum rc package_get(struct world *world, const struct actor *actor, const char *name,
                    struct arena *arena, struct package_detail *ret, struct err *err)
{
        struct reading reading = {.world = world, .actor = actor, .name = name, .arena = arena};
        enum rc rc;

        rc = db_run(world->db, DB_READ, get_body, &reading, err);
        if (rc == RC_OK)
                *ret = reading.detail;
        return rc;
}

enum rc package_list(struct world *world, const struct actor *actor, struct arena *arena,
                     const struct package_detail **ret, size_t *ret_count, struct err *err)
{
        struct reading reading = {.world = world, .actor = actor, .arena = arena};
        enum rc rc;

        rc = db_run(world->db, DB_READ, list_body, &reading, err);
        if (rc != RC_OK)
                return rc;
        *ret = reading.list;
        *ret_count = reading.count;
        return RC_OK;
}

/* --- changing --- */

struct changing {
        struct world *world;
        const struct actor *actor;
        const char *name;
        struct arena *arena;
        const struct package_change *change;
        const struct track_ask *tracks;
        size_t track_count;
        struct package_row row;
        usec_t now;
};

static enum rc text_change(const char *what, const char *text, size_t max, const char **ret,
                           struct err *err)
{
        if (!text)
                return RC_OK;
        if (strlen(text) > max)
                return err_set(err, RC_INVALID, "the %s is longer than %zu bytes", what, max);
        *ret = text;
        return RC_OK;
}

/* In characters, as clients cut it. */
static enum rc title_check(const char *title, struct err *err)
{
        size_t chars = 0;

        for (; title && *title; title++)
                chars += ((unsigned char)*title & 0xc0) != 0x80;
        return chars <= PACKAGE_TITLE_CHARS
                       ? RC_OK
                       : err_set(err, RC_INVALID, "the title is longer than %d characters",
                                 PACKAGE_TITLE_CHARS);
}

static enum rc change_apply(const struct package_change *change, struct package_row *row,
                            struct err *err)
{
        enum rc rc;

        if (change->is_private)
                row->is_private = *change->is_private;
        if (change->require_build)
                row->require_build = *change->require_build;
        rc = title_check(change->title, err);
        if (rc == RC_OK)
                rc = text_change("title", change->title, TITLE_MAX, &row->title, err);
        if (rc == RC_OK)
                rc = text_change("summary", change->summary, SUMMARY_MAX, &row->summary, err);
        if (rc == RC_OK)
                rc = text_change("description", change->description, DESCRIPTION_MAX,
                                 &row->description, err);
        if (rc == RC_OK)
                rc = text_change("default track", change->default_track, TRACK_MAX,
                                 &row->default_track, err);
        return rc;
}

static enum rc track_exists(struct db_tx *tx, struct changing *changing, const char *name,
                            struct err *err)
{
        const struct track_row *tracks;
        size_t count;
        enum rc rc;

        rc = store_track_list(tx, changing->arena, changing->row.snap_id, &tracks, &count, err);
        for (size_t i = 0; rc == RC_OK && i < count; i++)
                if (strcmp(tracks[i].name, name) == 0)
                        return RC_OK;
        return rc == RC_OK ? err_set(err, RC_INVALID, "the package has no track \"%.28s\"", name)
                           : rc;
}

/* What a leaked token could take away would protect against nothing. */
static enum rc change_allowed(const struct changing *changing, struct err *err)
{
        const bool *wanted = changing->change->require_build;

        if (wanted && !*wanted && changing->row.require_build && !changing->actor->is_admin)
                return err_set(err, RC_FORBIDDEN,
                               "only an administrator lifts require-snap-build again");
        return RC_OK;
}

static enum rc update_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct changing *changing = arg;
        uint64_t generation;
        enum rc rc;

        rc = package_open(tx, changing->world, changing->actor, changing->name, changing->arena,
                          &changing->row, err);
        if (rc == RC_OK)
                rc = change_allowed(changing, err);
        if (rc == RC_OK)
                rc = change_apply(changing->change, &changing->row, err);
        if (rc == RC_OK && *changing->row.default_track)
                rc = track_exists(tx, changing, changing->row.default_track, err);
        if (rc == RC_OK)
                rc = store_package_update(tx, &changing->row, err);
        if (rc == RC_OK)
                rc = package_found_update(tx, changing->actor, &changing->row, changing->change,
                                          changing->arena, err);
        if (rc == RC_OK)
                rc = store_generation_bump(tx, &generation, err);
        if (rc != RC_OK)
                return rc;
        return audit_add(tx, changing->actor->account_id, "package-update", changing->row.name,
                         changing->now, err, "%s", changing->row.is_private ? "private" : "public");
}

static enum rc delete_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct changing *changing = arg;
        uint64_t generation;
        enum rc rc;

        rc = package_open(tx, changing->world, changing->actor, changing->name, changing->arena,
                          &changing->row, err);
        if (rc == RC_OK)
                rc = store_package_delete(tx, changing->row.snap_id, err);
        if (rc == RC_CONFLICT)
                return err_set(err, rc, "the package %s has revisions", changing->row.name);
        if (rc == RC_OK)
                rc = store_generation_bump(tx, &generation, err);
        if (rc != RC_OK)
                return rc;
        return audit_add(tx, changing->actor->account_id, "package-delete", changing->row.name,
                         changing->now, err, "%s", changing->row.snap_id);
}

static enum rc tracks_check(const struct changing *changing, struct err *err)
{
        for (size_t i = 0; i < changing->track_count; i++) {
                const struct track_ask *ask = &changing->tracks[i];
                enum risk risk;

                if (!name_is_track(ask->name) || risk_parse(ask->name, &risk) == RC_OK)
                        return err_set(err, RC_INVALID, "\"%.28s\" is no name for a track",
                                       ask->name);
                if (strlen(ask->version_pattern) > PATTERN_MAX)
                        return err_set(err, RC_INVALID, "the version pattern is too long");
        }
        return changing->track_count ? RC_OK : err_set(err, RC_INVALID, "no track is named");
}

static enum rc tracks_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct changing *changing = arg;
        const struct track_row *known;
        uint64_t generation;
        size_t count = 0;
        enum rc rc;

        rc = package_open(tx, changing->world, changing->actor, changing->name, changing->arena,
                          &changing->row, err);
        if (rc == RC_OK)
                rc = store_track_list(tx, changing->arena, changing->row.snap_id, &known, &count,
                                      err);
        if (rc != RC_OK)
                return rc;
        if (count + changing->track_count > PACKAGE_TRACKS_MAX)
                return err_set(err, RC_TOO_MANY, "a package has %d tracks at most",
                               PACKAGE_TRACKS_MAX);
        for (size_t i = 0; rc == RC_OK && i < changing->track_count; i++) {
                const struct track_row row = {
                        .snap_id = changing->row.snap_id,
                        .name = changing->tracks[i].name,
                        .version_pattern = changing->tracks[i].version_pattern,
                        .created = changing->now,
                };
                rc = store_track_insert(tx, &row, err);
                if (rc == RC_EXISTS)
                        return err_set_code(err, rc, "conflict", "there is a track %s already",
                                            row.name);
        }
        if (rc == RC_OK)
                rc = store_generation_bump(tx, &generation, err);
        if (rc != RC_OK)
                return rc;
        return audit_add(tx, changing->actor->account_id, "track-create", changing->row.name,
                         changing->now, err, "%zu tracks, first %s", changing->track_count,
                         changing->tracks[0].name);
}

static enum rc change_run(struct changing *changing, db_body body, struct err *err)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(8 * MIB);
        enum rc rc;

        if (!arena)
                return err_set(err, RC_NOMEM, "no memory for a package");
        if (!changing->arena)
                changing->arena = arena;
        changing->now = world_now(changing->world);
        rc = db_run(changing->world->db, DB_WRITE, body, changing, err);
        if (rc != RC_OK)
                return rc;
        return catalog_reload_package(changing->world->catalog, changing->row.snap_id, err);
}

enum rc package_update(struct world *world, const struct actor *actor, const char *name,
                       const struct package_change *change, struct err *err)
{
        struct changing changing = {.world = world, .actor = actor, .name = name, .change = change};

        return change_run(&changing, update_body, err);
}

enum rc package_delete(struct world *world, const struct actor *actor, const char *name,
                       struct arena *arena, const char **ret_snap_id, struct err *err)
{
        struct changing changing = {.world = world, .actor = actor, .name = name, .arena = arena};
        const enum rc rc = change_run(&changing, delete_body, err);

        if (rc == RC_OK)
                *ret_snap_id = changing.row.snap_id;
        return rc;
}

enum rc package_tracks_create(struct world *world, const struct actor *actor, const char *name,
                              const struct track_ask *asks, size_t count, struct err *err)
{
        struct changing changing = {
                .world = world, .actor = actor, .name = name, .tracks = asks, .track_count = count};
        const enum rc rc = tracks_check(&changing, err);

        return rc == RC_OK ? change_run(&changing, tracks_body, err) : rc;
}
