/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/storectl/channel_map.h"
#include "core/model/channel.h"
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX (64 * KIB)
#define ARROW    "\xe2\x86\x91" /* upwards */
#define TO       "\xe2\x86\x92"

struct entry {
        struct channel channel;
        const char *arch;
        json_int_t revision;
        const json_t *row;
        size_t track_order; /* as the store lists them */
};

/* One table under construction. */
struct map {
        struct arena *arena;
        const json_t *answer;
        struct entry *entries; /* by track, arch, risk, branch; a progressive one last */
        size_t count;
        bool progress;
        bool expires;
        bool blank;
        struct table *table;
        const char *last_track;
        const char *last_arch;
};

static const char *text_of(const json_t *row, const char *field)
{
        const char *text = json_string_value(json_object_get(row, field));

        return text ? text : "";
}

static bool is_progressive(const json_t *row)
{
        return json_is_number(json_object_get(json_object_get(row, "progressive"), "percentage"));
}

static size_t track_order(const json_t *answer, const char *track)
{
        const json_t *channels = json_object_get(json_object_get(answer, "package"), "channels");

        for (size_t i = 0; i < json_array_size(channels); i++)
                if (strcmp(text_of(json_array_get(channels, i), "track"), track) == 0)
                        return i;
        return SIZE_MAX;
}

static int entry_compare(const void *left, const void *right)
{
        const struct entry *a = left;
        const struct entry *b = right;
        int order;

        if (a->track_order != b->track_order)
                return a->track_order < b->track_order ? -1 : 1;
        order = strcmp(a->channel.track, b->channel.track);
        if (!order)
                order = strcmp(a->arch, b->arch);
        if (!order)
                order = (int)a->channel.risk - (int)b->channel.risk;
        if (!order)
                order = strcmp(a->channel.branch, b->channel.branch);
        if (!order)
                order = (int)is_progressive(a->row) - (int)is_progressive(b->row);
        return order;
}

static enum rc entry_read(const json_t *answer, const json_t *row, struct entry *ret,
                          struct err *err)
{
        enum rc rc;

        rc = channel_parse(text_of(row, "channel"), &ret->channel, err);
        if (rc != RC_OK)
                return err_prefix(err, rc, "the store's channel map");
        ret->arch = text_of(row, "architecture");
        ret->revision = json_integer_value(json_object_get(row, "revision"));
        ret->row = row;
        ret->track_order = track_order(answer, ret->channel.track);
        return RC_OK;
}

static enum rc map_read(struct map *map, const char *arch, const char *track, struct err *err)
{
        const json_t *list = json_object_get(map->answer, "channel-map");
        const size_t size = json_array_size(list);

        if (!json_is_array(list) || size > CHANNEL_MAP_MAX)
                return err_set(err, RC_INVALID, "the store's answer holds no channel map");
        map->entries = arena_alloc_array(map->arena, size ? size : 1, sizeof(*map->entries));
        if (!map->entries)
                return err_set(err, RC_NOMEM, "out of memory");
        for (size_t i = 0; i < size; i++) {
                struct entry *entry = &map->entries[map->count];
                const enum rc rc = entry_read(map->answer, json_array_get(list, i), entry, err);

                if (rc != RC_OK)
                        return rc;
                if ((arch && strcmp(arch, entry->arch) != 0) ||
                    (track && strcmp(track, entry->channel.track) != 0))
                        continue;
                map->progress |= is_progressive(entry->row);
                map->expires |= json_is_string(json_object_get(entry->row, "expiration-date"));
                map->count++;
        }
        qsort(map->entries, map->count, sizeof(*map->entries), entry_compare);
        return RC_OK;
}

static const char *version_of(const struct map *map, json_int_t revision)
{
        const json_t *list = json_object_get(map->answer, "revisions");

        for (size_t i = 0; i < json_array_size(list); i++) {
                const json_t *row = json_array_get(list, i);

                if (json_integer_value(json_object_get(row, "revision")) == revision)
                        return text_of(row, "version");
        }
        return "";
}

/* "73 -> 70%": the share now and the share that is wanted; other: of those who get the old one. */
static const char *progress_text(const struct map *map, const json_t *row, bool other)
{
        const json_t *progressive = json_object_get(row, "progressive");
        const json_t *now = json_object_get(progressive, "current-percentage");
        const double goal = json_number_value(json_object_get(progressive, "percentage"));
        const double target = other ? 100 - goal : goal;

        if (!json_is_number(now))
                return arena_printf(map->arena, "? " TO " %.0f%%", target);
        return arena_printf(map->arena, "%.0f " TO " %.0f%%",
                            other ? 100 - json_number_value(now) : json_number_value(now), target);
}

static void row_put(struct map *map, const char *track, const char *arch, const char *channel,
                    const char *version, const char *revision, const char *progress,
                    const char *expires)
{
        const bool same_track =
                map->blank && map->last_track && strcmp(map->last_track, track) == 0;
        const bool same_arch = same_track && strcmp(map->last_arch, arch) == 0;
        const char *cells[TABLE_COLUMNS_MAX];
        size_t count = 0;

        cells[count++] = same_track ? table_blank : track;
        cells[count++] = same_arch ? table_blank : arch;
        cells[count++] = channel;
        cells[count++] = version;
        cells[count++] = revision;
        if (map->progress)
                cells[count++] = progress;
        if (map->expires)
                cells[count++] = expires;
        table_add(map->table, cells);
        map->last_track = track;
        map->last_arch = arch;
}

static void entry_put(struct map *map, const struct entry *entry, const json_t *partner)
{
        const char *channel =
                entry->channel.branch[0]
                        ? arena_printf(map->arena, "%s/%s", risk_name(entry->channel.risk),
                                       entry->channel.branch)
                        : risk_name(entry->channel.risk);
        const char *progress = "";

        if (is_progressive(entry->row))
                progress = progress_text(map, entry->row, false);
        else if (partner)
                progress = progress_text(map, partner, true);
        row_put(map, entry->channel.track, entry->arch,
                is_progressive(entry->row) && partner ? table_blank : channel,
                version_of(map, entry->revision),
                arena_printf(map->arena, "%" JSON_INTEGER_FORMAT, entry->revision), progress,
                text_of(entry->row, "expiration-date"));
}

/* The rows of one track and architecture: entries[first..last). */
static void group_put(struct map *map, size_t first, size_t last)
{
        const struct entry *head = &map->entries[first];
        bool open_above = false;
        size_t at = first;

        for (enum risk risk = RISK_STABLE; risk < RISK_COUNT; risk++) {
                const bool is_open = at < last && map->entries[at].channel.risk == risk &&
                                     !map->entries[at].channel.branch[0];

                if (!is_open) {
                        const char *mark = open_above ? ARROW : "";

                        row_put(map, head->channel.track, head->arch, risk_name(risk), mark, mark,
                                "", "");
                }
                open_above |= is_open;
                for (; at < last && map->entries[at].channel.risk == risk; at++) {
                        const struct entry *entry = &map->entries[at];
                        const json_t *partner = NULL;

                        for (size_t i = first; i < last; i++)
                                if (i != at &&
                                    channel_equal(&map->entries[i].channel, &entry->channel) &&
                                    (is_progressive(map->entries[i].row) ||
                                     is_progressive(entry->row)))
                                        partner = map->entries[i].row;
                        entry_put(map, entry, partner);
                }
        }
}

enum rc channel_map_table(struct arena *arena, const json_t *answer, const char *arch,
                          const char *track, bool blank, struct table **ret, struct err *err)
{
        const char *headers[TABLE_COLUMNS_MAX] = {"Track", "Arch", "Channel", "Version",
                                                  "Revision"};
        struct map map = {.arena = arena, .answer = answer, .blank = blank};
        size_t columns = 5;
        enum rc rc;

        rc = map_read(&map, arch, track, err);
        if (rc != RC_OK)
                return rc;
        if (map.progress)
                headers[columns++] = "Progress";
        if (map.expires)
                headers[columns++] = "Expires at";
        map.table = table_new(arena, headers, columns);
        if (!map.table)
                return err_set(err, RC_NOMEM, "out of memory");
        for (size_t first = 0, i = 1; i <= map.count; i++) {
                if (i < map.count &&
                    strcmp(map.entries[i].channel.track, map.entries[first].channel.track) == 0 &&
                    strcmp(map.entries[i].arch, map.entries[first].arch) == 0)
                        continue;
                group_put(&map, first, i);
                first = i;
        }
        *ret = map.table;
        return RC_OK;
}

const char *channel_map_of(struct arena *arena, const json_t *answer, json_int_t revision,
                           const char *arch)
{
        CLEANUP(buf_fini) struct buf text = BUF_INIT(TEXT_MAX);
        struct map map = {.arena = arena, .answer = answer};
        char last[CHANNEL_MAX + 1] = "";

        if (map_read(&map, arch, NULL, NULL) != RC_OK)
                return "";
        /* One channel may hold the revision for several architectures: said once. */
        for (enum risk risk = RISK_STABLE; risk < RISK_COUNT; risk++) {
                for (size_t i = 0; i < map.count; i++) {
                        char name[CHANNEL_MAX + 1];

                        if (map.entries[i].revision != revision ||
                            map.entries[i].channel.risk != risk)
                                continue;
                        channel_format_short(&map.entries[i].channel, name);
                        if (strcmp(name, last) == 0)
                                continue;
                        buf_printf(&text, "%s%s*", text.len ? ", " : "", name);
                        snprintf(last, sizeof(last), "%s", name);
                }
        }
        return text.data ? arena_strdup(arena, text.data) : "";
}
