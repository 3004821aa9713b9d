/* SPDX-License-Identifier: Apache-2.0 */
/* fleet_view -- what is known of devices, for those who ask: copies, never the slots themselves. */
#include "server/domain/fleet_inside.h"
#include <stdlib.h>
#include <string.h>

#define REVISIONS_MAX 4096 /* different ones of one package; a power of two */

static usec_t time_of(uint32_t seconds)
{
        return (usec_t)seconds * USEC_PER_SEC;
}

static void package_view(const struct fleet *fleet, const struct fleet_entry *entry,
                         struct fleet_package *ret)
{
        *ret = (struct fleet_package){
                .snap_id = names_get(fleet->known, entry->snap_id),
                .channel = names_get(fleet->told, entry->channel),
                .cohort = names_get(fleet->told, entry->cohort),
                .epoch = names_get(fleet->told, entry->epoch),
                .revision = entry->revision,
                .offered = entry->offered,
                .offered_at = time_of(entry->offered_at),
                .refreshed = time_of(entry->refreshed),
                .held = entry->flags & ENTRY_HELD,
                .ignore_validation = entry->flags & ENTRY_IGNORES,
                .is_instance = entry->instance != 0,
        };
}

static int package_compare(const void *a, const void *b)
{
        const struct fleet_package *left = a;
        const struct fleet_package *right = b;
        const int order = strcmp(left->snap_id, right->snap_id);

        return order ? order : left->is_instance - right->is_instance;
}

enum rc fleet_view(const struct fleet *fleet, const struct fleet_slot *slot, struct arena *arena,
                   struct fleet_device *ret, struct err *err)
{
        struct fleet_package *packages =
                arena_alloc_array(arena, slot->entry_count, sizeof(*packages));
        struct fleet_error *errors = arena_alloc_array(arena, slot->error_count, sizeof(*errors));
        const char *serial = arena_strdup(arena, slot->serial);

        if (!packages || !errors || !serial)
                return err_set(err, RC_NOMEM, "no memory for a device");
        for (size_t i = 0; i < slot->entry_count; i++)
                package_view(fleet, &slot->entries[i], &packages[i]);
        if (slot->entry_count)
                qsort(packages, slot->entry_count, sizeof(*packages), package_compare);
        for (size_t i = 0; i < slot->error_count; i++)
                errors[i] = (struct fleet_error){names_get(fleet->told, slot->errors[i].package),
                                                 names_get(fleet->known, slot->errors[i].code),
                                                 time_of(slot->errors[i].time)};
        *ret = (struct fleet_device){
                .brand_id = names_get(fleet->known, slot->brand),
                .model = names_get(fleet->known, slot->model),
                .serial = serial,
                .snapd_version = names_get(fleet->told, slot->version),
                .first_seen = time_of(slot->first_seen),
                .last_seen = time_of(slot->last_seen),
                .packages = packages,
                .package_count = slot->entry_count,
                .errors = errors,
                .error_count = slot->error_count,
        };
        return RC_OK;
}

/* --- one device --- */

struct reading {
        const char *brand_id;
        const char *model;
        const char *serial;
        struct arena *arena;
        struct check_in_row row;
};

static enum rc read_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct reading *reading = arg;

        return store_check_in_get(tx, reading->arena, reading->brand_id, reading->model,
                                  reading->serial, &reading->row, err);
}

/* From the database: the slot is made for the moment of its view. */
static enum rc stored_view(struct fleet *fleet, const struct reading *reading, struct arena *arena,
                           struct fleet_device *ret, struct err *err)
{
        const struct check_in_row *row = &reading->row;
        struct fleet_slot *slot = calloc(1, sizeof(*slot) + strlen(row->serial) + 1);
        size_t entries = 0;
        size_t errors = 0;
        enum rc rc;

        if (!slot)
                return err_set(err, RC_NOMEM, "no memory for a device");
        memcpy(slot->serial, row->serial, strlen(row->serial) + 1);
        rc = fleet_state_parse(fleet, row->state, &slot->entries, &entries, slot->errors, &errors,
                               err);
        if (rc == RC_OK) {
                slot->entry_count = (uint16_t)entries;
                slot->error_count = (uint8_t)errors;
                rc = fleet_view(fleet, slot, arena, ret, err);
        }
        free(slot->entries);
        free(slot);
        if (rc != RC_OK)
                return rc;
        ret->brand_id = row->brand_id;
        ret->model = row->model;
        ret->snapd_version = row->snapd_version;
        ret->first_seen = row->first_seen;
        ret->last_seen = row->last_seen;
        return RC_OK;
}

enum rc fleet_get(struct world *world, const char *brand_id, const char *model, const char *serial,
                  struct arena *arena, struct fleet_device *ret, struct err *err)
{
        struct reading reading = {
                .brand_id = brand_id, .model = model, .serial = serial, .arena = arena};
        struct fleet *fleet = world->fleet;
        struct fleet_shard *shard;
        struct fleet_slot *slot;
        enum rc rc = RC_NOT_FOUND;
        uint64_t hash;

        if (!fleet)
                return err_set(err, RC_NOT_FOUND, "nothing is known of devices here");
        shard = fleet_shard_of(fleet, brand_id, model, serial, &hash);
        pthread_mutex_lock(&shard->lock);
        slot = fleet_slot_find(fleet, shard, hash, serial);
        if (slot)
                rc = fleet_view(fleet, slot, arena, ret, err);
        pthread_mutex_unlock(&shard->lock);
        if (slot)
                return rc;
        rc = db_run(world->db, DB_READ, read_body, &reading, err);
        if (rc == RC_OK && !reading.row.last_seen)
                rc = RC_NOT_FOUND;
        if (rc == RC_NOT_FOUND)
                return err_set(err, rc, "the device %.64s never checked in", serial);
        return rc == RC_OK ? stored_view(fleet, &reading, arena, ret, err) : rc;
}

/* --- counting --- */

static void count_add(struct fleet_count *table, uint64_t revision)
{
        size_t at = revision & (REVISIONS_MAX - 1);

        for (size_t i = 0; i < REVISIONS_MAX; i++, at = (at + 1) & (REVISIONS_MAX - 1)) {
                if (table[at].devices && table[at].revision != revision)
                        continue;
                table[at].revision = revision;
                table[at].devices++;
                return;
        }
}

static int count_compare(const void *a, const void *b)
{
        const struct fleet_count *left = a;
        const struct fleet_count *right = b;

        return left->revision > right->revision ? -1 : left->revision < right->revision ? 1 : 0;
}

static void shard_count(const struct fleet *fleet, const struct fleet_shard *shard,
                        uint32_t snap_id, uint32_t channel, struct fleet_count *table)
{
        for (size_t i = 0; i < fleet->bucket_count; i++)
                for (const struct fleet_slot *at = shard->buckets[i]; at; at = at->next)
                        for (size_t j = 0; j < at->entry_count; j++)
                                if (at->entries[j].snap_id == snap_id &&
                                    (!channel || at->entries[j].channel == channel))
                                        count_add(table, at->entries[j].revision);
}

enum rc fleet_count_revisions(struct fleet *fleet, const char *snap_id, const char *channel,
                              struct fleet_count *ret, size_t max, size_t *ret_count,
                              struct err *err)
{
        const uint32_t package = fleet ? names_find(fleet->known, snap_id) : 0;
        const uint32_t of_channel = fleet && channel ? names_find(fleet->told, channel) : 0;
        struct fleet_count *table;
        size_t count = 0;

        *ret_count = 0;
        if (!package || (channel && !of_channel))
                return RC_OK;
        table = calloc(REVISIONS_MAX, sizeof(*table));
        if (!table)
                return err_set(err, RC_NOMEM, "no memory to count devices");
        for (size_t i = 0; i < FLEET_SHARDS; i++) {
                pthread_mutex_lock(&fleet->shards[i].lock);
                shard_count(fleet, &fleet->shards[i], package, of_channel, table);
                pthread_mutex_unlock(&fleet->shards[i].lock);
        }
        for (size_t i = 0; i < REVISIONS_MAX; i++)
                if (table[i].devices)
                        table[count++] = table[i];
        qsort(table, count, sizeof(*table), count_compare);
        *ret_count = count < max ? count : max;
        memcpy(ret, table, *ret_count * sizeof(*table));
        free(table);
        return RC_OK;
}

void fleet_numbers(struct fleet *fleet, struct fleet_numbers *ret)
{
        *ret = (struct fleet_numbers){0};
        if (!fleet)
                return;
        ret->bytes = sizeof(*fleet) + names_bytes(fleet->known) + names_bytes(fleet->told);
        ret->dropped = atomic_load(&fleet->dropped);
        ret->left_out = atomic_load(&fleet->left_out);
        for (size_t i = 0; i < FLEET_SHARDS; i++) {
                pthread_mutex_lock(&fleet->shards[i].lock);
                ret->devices += fleet->shards[i].count;
                ret->bytes += fleet->shards[i].bytes;
                pthread_mutex_unlock(&fleet->shards[i].lock);
        }
}
