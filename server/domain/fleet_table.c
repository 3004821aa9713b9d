/* SPDX-License-Identifier: Apache-2.0 */
/* fleet_table -- where the slots of devices are: shards, room, and letting go. */
#include "core/base/bytes.h"
#include "server/domain/fleet_inside.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KNOWN_NAMES_MAX 262144 /* snap-ids, brands, models */
#define TOLD_NAMES_MAX  65536  /* channels, epochs, cohorts, versions, error codes */
#define ROOM_LOOKS      64     /* buckets that are looked at for one to let go */

static uint64_t device_hash(const struct fleet *fleet, const char *brand_id, const char *model,
                            const char *serial)
{
        uint8_t tag[MAC_BYTES];
        char text[512];
        const int bytes = snprintf(text, sizeof(text), "%s/%s/%s", brand_id, model, serial);

        mac_make(fleet->key, "fleet", text, bytes < (int)sizeof(text) ? (size_t)bytes : 511, tag);
        return u64_get(tag);
}

struct fleet_shard *fleet_shard_of(struct fleet *fleet, const char *brand_id, const char *model,
                                   const char *serial, uint64_t *ret_hash)
{
        *ret_hash = device_hash(fleet, brand_id, model, serial);
        return &fleet->shards[*ret_hash % FLEET_SHARDS];
}

static size_t bucket_of(const struct fleet *fleet, uint64_t hash)
{
        return (size_t)(hash / FLEET_SHARDS) & (fleet->bucket_count - 1);
}

/* The hash is keyed and 64 bits wide: with the serial it names one device. */
struct fleet_slot *fleet_slot_find(const struct fleet *fleet, const struct fleet_shard *shard,
                                   uint64_t hash, const char *serial)
{
        struct fleet_slot *at = shard->buckets[bucket_of(fleet, hash)];

        while (at && (at->hash != hash || strcmp(at->serial, serial)))
                at = at->next;
        return at;
}

static void slot_free(struct fleet *fleet, struct fleet_shard *shard, struct fleet_slot *slot)
{
        shard->bytes -= sizeof(*slot) + strlen(slot->serial) + 1 +
                        slot->entry_count * sizeof(struct fleet_entry);
        shard->count--;
        atomic_fetch_sub(&fleet->count, 1);
        free(slot->entries);
        free(slot);
}

/* Lets go of a device that is written already and was not seen for longest among a few. */
static bool room_make(struct fleet *fleet, struct fleet_shard *shard)
{
        struct fleet_slot **oldest = NULL;
        struct fleet_slot *gone;

        for (size_t i = 0; i < ROOM_LOOKS && i < fleet->bucket_count; i++) {
                struct fleet_slot **at = &shard->buckets[shard->hand];

                shard->hand = (shard->hand + 1) & (fleet->bucket_count - 1);
                for (; *at; at = &(*at)->next) {
                        if ((*at)->state_waits || (*at)->time_waits || (*at)->alarm_waits)
                                continue;
                        if (!oldest || (*at)->last_seen < (*oldest)->last_seen)
                                oldest = at;
                }
        }
        if (!oldest)
                return false;
        gone = *oldest;
        *oldest = gone->next;
        slot_free(fleet, shard, gone);
        return true;
}

struct fleet_slot *fleet_slot_add(struct fleet *fleet, struct fleet_shard *shard, uint64_t hash,
                                  uint32_t brand, uint32_t model, const char *serial)
{
        const size_t bytes = strlen(serial) + 1;
        struct fleet_slot **bucket = &shard->buckets[bucket_of(fleet, hash)];
        struct fleet_slot *slot;

        /* An empty shard has nobody to let go: it may go over the bound by one. */
        if (atomic_load(&fleet->count) >= fleet->max && shard->count && !room_make(fleet, shard))
                return NULL;
        slot = calloc(1, sizeof(*slot) + bytes);
        if (!slot)
                return NULL;
        slot->hash = hash;
        slot->brand = brand;
        slot->model = model;
        memcpy(slot->serial, serial, bytes);
        slot->next = *bucket;
        *bucket = slot;
        shard->count++;
        atomic_fetch_add(&fleet->count, 1);
        shard->bytes += sizeof(*slot) + bytes;
        return slot;
}

void fleet_slot_take(struct fleet_shard *shard, struct fleet_slot *slot,
                     struct fleet_entry **entries, size_t count)
{
        shard->bytes += (count - slot->entry_count) * sizeof(struct fleet_entry);
        free(slot->entries);
        slot->entries = *entries;
        slot->entry_count = (uint16_t)count;
        *entries = NULL;
}

size_t fleet_slot_pending(const struct fleet_slot *slot)
{
        size_t pending = 0;

        for (size_t i = 0; i < slot->entry_count; i++)
                pending += slot->entries[i].offered != 0;
        return pending;
}

enum rc fleet_new(struct world *world, size_t max, struct fleet **ret, struct err *err)
{
        CLEANUP(fleet_freep) struct fleet *fleet = calloc(1, sizeof(*fleet));
        pthread_condattr_t monotonic;

        if (!fleet)
                return err_set(err, RC_NOMEM, "no memory for the fleet");
        fleet->world = world;
        random_fill(fleet->key, sizeof(fleet->key));
        pthread_mutex_init(&fleet->flushing, NULL);
        pthread_mutex_init(&fleet->lock, NULL);
        pthread_condattr_init(&monotonic);
        pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
        pthread_cond_init(&fleet->changed, &monotonic);
        pthread_condattr_destroy(&monotonic);
        fleet->max = max;
        fleet->bucket_count = 16;
        while (fleet->bucket_count < max / FLEET_SHARDS)
                fleet->bucket_count *= 2;
        for (size_t i = 0; i < FLEET_SHARDS; i++)
                pthread_mutex_init(&fleet->shards[i].lock, NULL);
        for (size_t i = 0; i < FLEET_SHARDS; i++) {
                fleet->shards[i].buckets =
                        calloc(fleet->bucket_count, sizeof(*fleet->shards[i].buckets));
                fleet->shards[i].bytes = fleet->bucket_count * sizeof(*fleet->shards[i].buckets);
                if (!fleet->shards[i].buckets)
                        return err_set(err, RC_NOMEM, "no memory for the fleet");
        }
        fleet->known = names_new(KNOWN_NAMES_MAX);
        fleet->told = names_new(TOLD_NAMES_MAX);
        if (!fleet->known || !fleet->told)
                return err_set(err, RC_NOMEM, "no memory for the fleet");
        *ret = fleet;
        fleet = NULL;
        return RC_OK;
}
