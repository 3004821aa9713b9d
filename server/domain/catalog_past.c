/* SPDX-License-Identifier: Apache-2.0 */
/* What the channels of a package have had, as the catalog keeps it: events stand together by
 * channel, as the statement orders them. */
#include "server/domain/catalog_node.h"
#include <string.h>

#define PAST_ARENA_MAX (16 * MIB)

static enum rc past_nomem(struct err *err)
{
        return err_set(err, RC_NOMEM, "no memory for the catalog");
}

static bool is_same_channel(const struct release_row *a, const struct release_row *b)
{
        return strcmp(a->arch, b->arch) == 0 && channel_equal(&a->channel, &b->channel);
}

static size_t channels_count(const struct release_row *rows, size_t count)
{
        size_t channels = 0;

        for (size_t i = 0; i < count; i++)
                channels += i == 0 || !is_same_channel(&rows[i - 1], &rows[i]);
        return channels;
}

static void event_add(struct catalog_package *package, struct catalog_event *event,
                      const struct release_row *row)
{
        *event = (struct catalog_event){
                .id = row->id,
                .created = row->created,
                .expires = row->expires,
                .number = row->revision,
                .base = row->base_revision,
                .percentage = row->percentage,
                .paused = row->paused,
        };
        if (row->id > package->last_event)
                package->last_event = row->id;
        if (row->created > package->last_event_at)
                package->last_event_at = row->created;
}

static enum rc past_fill(struct package_node *node, const struct release_row *rows, size_t count,
                         struct err *err)
{
        struct catalog_package *package = &node->package;
        struct catalog_past *past =
                arena_alloc_array(node->arena, channels_count(rows, count), sizeof(*past));
        struct catalog_event *events = arena_alloc_array(node->arena, count, sizeof(*events));
        struct catalog_past *at = NULL;

        if (!past || !events)
                return past_nomem(err);
        for (size_t i = 0; i < count; i++) {
                if (i == 0 || !is_same_channel(&rows[i - 1], &rows[i])) {
                        at = &past[package->past_count++];
                        at->arch = arena_strdup(node->arena, rows[i].arch);
                        at->channel = rows[i].channel;
                        at->events = &events[i];
                        if (!at->arch)
                                return past_nomem(err);
                }
                event_add(package, &events[i], &rows[i]);
                at->is_cut = ++at->count == CATALOG_PAST_CHANNEL_MAX || count == CATALOG_PAST_MAX;
        }
        package->past = past;
        return RC_OK;
}

enum rc package_past_load(struct db_tx *tx, struct package_node *node, struct err *err)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(PAST_ARENA_MAX);
        const struct release_row *rows;
        size_t count;
        enum rc rc;

        if (!arena)
                return past_nomem(err);
        rc = store_release_past(tx, arena, node->package.snap_id, CATALOG_PAST_CHANNEL_MAX,
                                CATALOG_PAST_MAX, &rows, &count, err);
        return rc == RC_OK && count ? past_fill(node, rows, count, err) : rc;
}
