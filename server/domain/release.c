/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/release.h"
#include "server/domain/audit.h"
#include "server/domain/package.h"
#include "server/domain/release_delta.h"
#include "server/domain/scope.h"
#include <inttypes.h>
#include <string.h>

struct releasing {
        struct world *world;
        const struct actor *actor;
        const char *name;
        const struct release_ask *asks;
        struct channel *channels; /* parsed, one for each ask */
        size_t count;
        struct arena *arena;
        struct package_row package;
        const struct track_row *tracks;
        size_t track_count;
        usec_t now;
};

/* --- before the transaction --- */

static enum rc ask_check(const struct releasing *releasing, size_t i, struct err *err)
{
        const struct release_ask *ask = &releasing->asks[i];
        struct channel *channel = &releasing->channels[i];
        char name[CHANNEL_MAX + 1];
        enum rc rc;

        rc = channel_parse(ask->channel, channel, err);
        if (rc != RC_OK)
                return rc;
        channel_format(channel, name);
        if (!scope_allows_channel(releasing->actor->channels, channel))
                return err_set_code(err, RC_FORBIDDEN, "macaroon-permission-required",
                                    "the token is not for the channel %s", name);
        if (ask->percentage != -1 && (ask->percentage < 1 || ask->percentage > 100))
                return err_set(err, RC_INVALID, "a percentage is 1 to 100");
        if (!ask->revision && ask->percentage != -1)
                return err_set(err, RC_INVALID, "a closed channel has no percentage");
        for (size_t k = 0; k < i; k++)
                if (channel_equal(&releasing->channels[k], channel) &&
                    releasing->asks[k].revision == ask->revision)
                        return err_set(err, RC_INVALID, "revision %" PRIu64 " to %s twice",
                                       ask->revision, name);
        return RC_OK;
}

/* --- inside it --- */

static enum rc track_check(const struct releasing *releasing, const struct channel *channel,
                           struct err *err)
{
        for (size_t i = 0; i < releasing->track_count; i++)
                if (strcmp(releasing->tracks[i].name, channel->track) == 0)
                        return RC_OK;
        return err_set_code(err, RC_INVALID, "invalid-channel", "the package %s has no track %s",
                            releasing->package.name, channel->track);
}

static const struct release_row *row_find(const struct release_row *rows, size_t count,
                                          const struct channel *channel, const char *arch)
{
        for (size_t i = 0; i < count; i++)
                if (channel_equal(&rows[i].channel, channel) && strcmp(rows[i].arch, arch) == 0)
                        return &rows[i];
        return NULL;
}

static enum rc close_one(struct db_tx *tx, const struct releasing *releasing,
                         const struct release_row *open, struct err *err)
{
        struct release_row row = *open;
        int64_t id;

        row.revision = 0;
        row.base_revision = 0;
        row.percentage = -1;
        row.paused = false;
        row.expires = 0;
        row.by = releasing->actor->account_id;
        row.created = releasing->now;
        return store_release_put(tx, &row, &id, err);
}

/* Closes the channel for every architecture ("") or, for "all", for each single one: a release for
 * all takes their place. A release for one leaves "all" open to the others; devices of its own get
 * it first. */
static enum rc close_rows(struct db_tx *tx, const struct releasing *releasing,
                          const struct channel *channel, const char *arch, struct err *err)
{
        const struct release_row *rows = NULL;
        size_t count = 0;
        enum rc rc;

        rc = store_release_list(tx, releasing->arena, releasing->package.snap_id, &rows, &count,
                                err);
        for (size_t i = 0; rc == RC_OK && i < count; i++) {
                const bool is_all = strcmp(rows[i].arch, "all") == 0;

                if (!channel_equal(&rows[i].channel, channel))
                        continue;
                if (!*arch || (strcmp(arch, "all") == 0 && !is_all))
                        rc = close_one(tx, releasing, &rows[i], err);
        }
        return rc;
}

static enum rc open_one(struct db_tx *tx, const struct releasing *releasing, size_t i,
                        const char *arch, struct err *err)
{
        const struct release_ask *ask = &releasing->asks[i];
        const struct channel *channel = &releasing->channels[i];
        const bool is_progressive = ask->percentage >= 1 && ask->percentage < 100;
        const struct release_row *rows = NULL;
        const struct release_row *current;
        struct release_row row = {
                .snap_id = releasing->package.snap_id,
                .arch = arch,
                .channel = *channel,
                .revision = ask->revision,
                .percentage = is_progressive ? ask->percentage : -1,
                .paused = is_progressive && ask->paused,
                .expires = *channel->branch ? releasing->now + BRANCH_LIFE_SEC * USEC_PER_SEC : 0,
                .by = releasing->actor->account_id,
                .created = releasing->now,
        };
        size_t count = 0;
        int64_t id;
        enum rc rc;

        rc = store_release_list(tx, releasing->arena, row.snap_id, &rows, &count, err);
        if (rc != RC_OK)
                return rc;
        current = row_find(rows, count, channel, arch);
        if (!current)
                current = row_find(rows, count, channel, "all");
        /* The rest stays with the last revision that everybody was meant to get. */
        if (is_progressive && current)
                row.base_revision =
                        current->percentage == -1 ? current->revision : current->base_revision;
        /* The map is read whole by every reload: branches are cheap to name. */
        if (!current && count >= RELEASE_OPEN_MAX)
                return err_set(err, RC_TOO_BIG,
                               "%s has %d open channels already: close branches that are done",
                               releasing->package.name, RELEASE_OPEN_MAX);
        rc = close_rows(tx, releasing, channel, arch, err);
        if (rc == RC_OK)
                rc = store_release_put(tx, &row, &id, err);
        if (rc == RC_OK)
                rc = release_queue_deltas(tx, releasing->world, &row, releasing->arena, err);
        return rc;
}

static enum rc item_release(struct db_tx *tx, const struct releasing *releasing, size_t i,
                            struct err *err)
{
        const struct release_ask *ask = &releasing->asks[i];
        struct revision_row revision;
        const char *archs;
        const char *item;
        size_t length;
        enum rc rc;

        rc = track_check(releasing, &releasing->channels[i], err);
        if (rc != RC_OK)
                return rc;
        if (!ask->revision)
                return close_rows(tx, releasing, &releasing->channels[i], "", err);
        rc = store_revision_get(tx, releasing->arena, releasing->package.snap_id, ask->revision,
                                &revision, err);
        if (rc == RC_NOT_FOUND)
                return err_set(err, rc, "%s has no revision %" PRIu64, releasing->package.name,
                               ask->revision);
        archs = rc == RC_OK ? revision.archs : "";
        while (rc == RC_OK && (item = scope_next(&archs, &length)) != NULL) {
                const char *arch = arena_memdup(releasing->arena, item, length);

                rc = arch ? open_one(tx, releasing, i, arch, err)
                          : err_set(err, RC_NOMEM, "no memory for a release");
        }
        return rc;
}

static enum rc item_audit(struct db_tx *tx, const struct releasing *releasing, size_t i,
                          struct err *err)
{
        const struct release_ask *ask = &releasing->asks[i];
        char name[CHANNEL_MAX + 1];

        channel_format(&releasing->channels[i], name);
        if (!ask->revision)
                return audit_add(tx, releasing->actor->account_id, "close", releasing->package.name,
                                 releasing->now, err, "%s", name);
        return audit_add(tx, releasing->actor->account_id, "release", releasing->package.name,
                         releasing->now, err, "revision %" PRIu64 " to %s, percentage %d",
                         ask->revision, name, ask->percentage == -1 ? 100 : ask->percentage);
}

static enum rc release_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct releasing *releasing = arg;
        uint64_t generation;
        enum rc rc;

        rc = package_open(tx, releasing->world, releasing->actor, releasing->name, releasing->arena,
                          &releasing->package, err);
        if (rc == RC_OK)
                rc = store_track_list(tx, releasing->arena, releasing->package.snap_id,
                                      &releasing->tracks, &releasing->track_count, err);
        for (size_t i = 0; rc == RC_OK && i < releasing->count; i++) {
                rc = item_release(tx, releasing, i, err);
                if (rc == RC_OK)
                        rc = item_audit(tx, releasing, i, err);
        }
        return rc == RC_OK ? store_generation_bump(tx, &generation, err) : rc;
}

enum rc release_list(struct world *world, const struct actor *actor, const char *name,
                     const struct release_ask *asks, size_t count, struct err *err)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(64 * MIB);
        struct releasing releasing = {.world = world,
                                      .actor = actor,
                                      .name = name,
                                      .asks = asks,
                                      .count = count,
                                      .arena = arena,
                                      .now = world_now(world)};
        enum rc rc = RC_OK;

        if (count == 0 || count > RELEASE_ITEMS_MAX)
                return err_set(err, RC_INVALID, "1 to %d releases at once", RELEASE_ITEMS_MAX);
        if (arena)
                releasing.channels = arena_alloc_array(arena, count, sizeof(struct channel));
        if (!releasing.channels)
                return err_set(err, RC_NOMEM, "no memory for a release");
        for (size_t i = 0; rc == RC_OK && i < count; i++)
                rc = ask_check(&releasing, i, err);
        if (rc == RC_OK)
                rc = db_run(world->db, DB_WRITE, release_body, &releasing, err);
        if (rc != RC_OK)
                return rc;
        release_deltas_wake(world);
        return catalog_reload_package(world->catalog, releasing.package.snap_id, err);
}
