/* SPDX-License-Identifier: Apache-2.0 */
/* fleet_flush -- between memory and database: reads everything at the start, writes what changed in
 * batches, one short transaction each. */
#include "server/domain/alarm.h"
#include "server/domain/fleet_inside.h"
#include <stdlib.h>
#include <string.h>

#define LOAD_ROWS   500
#define BATCH_ROWS  256
#define BATCH_BYTES (32 * MIB)
#define STATE_MAX   (256 * KIB)

/* --- writing --- */

struct batch_item {
        struct check_in_row row; /* state NULL: its time only */
        bool alarm;
};

struct batch {
        struct fleet *fleet;
        struct arena *arena;
        struct batch_item items[BATCH_ROWS];
        size_t count;
};

static bool slot_waits(const struct fleet_slot *slot)
{
        return slot->state_waits || slot->time_waits || slot->alarm_waits;
}

/* Copies one slot under the shard's lock, and marks it as written. */
static bool item_take(struct batch *batch, struct fleet_slot *slot)
{
        CLEANUP(buf_fini) struct buf state = BUF_INIT(STATE_MAX);
        const struct fleet *fleet = batch->fleet;
        struct batch_item *item = &batch->items[batch->count];

        *item = (struct batch_item){
                .row = {.brand_id = names_get(fleet->known, slot->brand),
                        .model = names_get(fleet->known, slot->model),
                        .serial = arena_strdup(batch->arena, slot->serial),
                        .first_seen = (usec_t)slot->first_seen * USEC_PER_SEC,
                        .last_seen = (usec_t)slot->last_seen * USEC_PER_SEC,
                        .snapd_version = names_get(fleet->told, slot->version),
                        .pending = (int64_t)fleet_slot_pending(slot)},
                .alarm = slot->alarm_waits,
        };
        if (slot->state_waits) {
                fleet_state_format(fleet, slot, &state);
                item->row.state = state.failed
                                          ? NULL
                                          : arena_memdup(batch->arena, state.data ? state.data : "",
                                                         state.len);
                if (!item->row.state)
                        return false;
        }
        if (!item->row.serial)
                return false;
        slot->state_waits = false;
        slot->time_waits = false;
        slot->alarm_waits = false;
        batch->count++;
        return true;
}

/* One slot of a bucket that waits; false when there is none, or no memory for it. The lock is held
 * for one slot at a time: check-ins come in between. */
static bool bucket_take(struct batch *batch, struct fleet_shard *shard, size_t bucket)
{
        struct fleet_slot *slot;
        bool taken = false;

        pthread_mutex_lock(&shard->lock);
        slot = shard->buckets[bucket];
        while (slot && !slot_waits(slot))
                slot = slot->next;
        if (slot)
                taken = item_take(batch, slot);
        pthread_mutex_unlock(&shard->lock);
        return taken;
}

static enum rc item_write(struct db_tx *tx, const struct batch_item *item, usec_t now,
                          struct err *err)
{
        enum rc rc;

        rc = item->row.state ? store_check_in_put(tx, &item->row, err)
                             : store_check_in_seen(tx, &item->row, err);
        if (rc == RC_OK)
                rc = store_device_seen(tx, item->row.brand_id, item->row.model, item->row.serial,
                                       item->row.last_seen, err);
        if (rc == RC_OK && item->alarm)
                rc = alarm_raise(tx,
                                 &(struct alarm){item->row.brand_id, item->row.model,
                                                 item->row.serial, ALARM_STATE,
                                                 "its check-ins contradict each other: a package "
                                                 "comes back to a state that it had left"},
                                 now, err);
        return rc;
}

static enum rc write_body(struct db_tx *tx, void *arg, struct err *err)
{
        const struct batch *batch = arg;
        const usec_t now = world_now(batch->fleet->world);
        enum rc rc = RC_OK;

        for (size_t i = 0; rc == RC_OK && i < batch->count; i++)
                rc = item_write(tx, &batch->items[i], now, err);
        return rc;
}

/* What could not be written waits again. */
static void batch_give_back(struct batch *batch)
{
        for (size_t i = 0; i < batch->count; i++) {
                const struct batch_item *item = &batch->items[i];
                struct fleet_slot *slot;
                uint64_t hash;
                struct fleet_shard *shard = fleet_shard_of(
                        batch->fleet, item->row.brand_id, item->row.model, item->row.serial, &hash);

                pthread_mutex_lock(&shard->lock);
                slot = fleet_slot_find(batch->fleet, shard, hash, item->row.serial);
                if (slot) {
                        slot->state_waits = slot->state_waits || item->row.state;
                        slot->time_waits = true;
                        slot->alarm_waits = slot->alarm_waits || item->alarm;
                }
                pthread_mutex_unlock(&shard->lock);
        }
}

static enum rc batch_write(struct batch *batch, struct err *err)
{
        enum rc rc = RC_OK;

        if (batch->count)
                rc = db_run(batch->fleet->world->db, DB_WRITE, write_body, batch, err);
        if (rc != RC_OK)
                batch_give_back(batch);
        batch->count = 0;
        arena_reset(batch->arena);
        return rc;
}

static enum rc shards_write(struct batch *batch, struct err *err)
{
        struct fleet *fleet = batch->fleet;
        enum rc rc = RC_OK;

        for (size_t i = 0; i < FLEET_SHARDS; i++)
                for (size_t j = 0; rc == RC_OK && j < fleet->bucket_count; j++)
                        while (rc == RC_OK && bucket_take(batch, &fleet->shards[i], j))
                                if (batch->count == BATCH_ROWS)
                                        rc = batch_write(batch, err);
        return rc == RC_OK ? batch_write(batch, err) : rc;
}

enum rc fleet_flush(struct fleet *fleet, struct err *err)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(BATCH_BYTES);
        struct batch *batch;
        enum rc rc;

        if (!fleet)
                return RC_OK;
        batch = calloc(1, sizeof(*batch));
        if (!arena || !batch) {
                free(batch);
                return err_set(err, RC_NOMEM, "no memory to write check-ins");
        }
        batch->fleet = fleet;
        batch->arena = arena;
        pthread_mutex_lock(&fleet->flushing);
        rc = shards_write(batch, err);
        pthread_mutex_unlock(&fleet->flushing);
        free(batch);
        return rc;
}

/* --- reading --- */

struct loading {
        struct arena *arena;
        const struct check_in_row *after;
        const struct check_in_row *rows;
        size_t count;
};

static enum rc load_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct loading *loading = arg;

        return store_check_in_list(tx, loading->arena, loading->after, LOAD_ROWS, &loading->rows,
                                   &loading->count, err);
}

static uint32_t seconds_of(usec_t time)
{
        return (uint32_t)(time / USEC_PER_SEC);
}

/* A device that checked in since the start is newer than its row: only its first time counts. */
static enum rc row_load(struct fleet *fleet, const struct check_in_row *row, struct err *err)
{
        struct fleet_entry *entries = NULL;
        struct slot_error errors[FLEET_ERRORS_MAX];
        struct fleet_shard *shard;
        struct fleet_slot *slot;
        size_t error_count = 0;
        size_t count = 0;
        uint64_t hash;
        enum rc rc;

        rc = fleet_state_parse(fleet, row->state, &entries, &count, errors, &error_count, err);
        if (rc != RC_OK)
                return rc;
        shard = fleet_shard_of(fleet, row->brand_id, row->model, row->serial, &hash);
        pthread_mutex_lock(&shard->lock);
        slot = fleet_slot_find(fleet, shard, hash, row->serial);
        if (slot) {
                slot->first_seen = seconds_of(row->first_seen);
        } else if (atomic_load(&fleet->count) < fleet->max) {
                slot = fleet_slot_add(fleet, shard, hash, names_put(fleet->known, row->brand_id),
                                      names_put(fleet->known, row->model), row->serial);
                if (slot) {
                        slot->first_seen = seconds_of(row->first_seen);
                        slot->last_seen = seconds_of(row->last_seen);
                        slot->version = names_put(fleet->told, row->snapd_version);
                        slot->error_count = (uint8_t)error_count;
                        memcpy(slot->errors, errors, error_count * sizeof(errors[0]));
                        fleet_slot_take(shard, slot, &entries, count);
                }
        }
        pthread_mutex_unlock(&shard->lock);
        free(entries);
        return RC_OK;
}

static bool is_stopping(struct fleet *fleet)
{
        bool stopping;

        pthread_mutex_lock(&fleet->lock);
        stopping = fleet->stopping;
        pthread_mutex_unlock(&fleet->lock);
        return stopping;
}

/* The row to come after must outlive the arena's reset: it is kept in the other one. */
enum rc fleet_load(struct fleet *fleet, struct err *err)
{
        CLEANUP(arena_freep) struct arena *one = arena_new(256 * MIB);
        CLEANUP(arena_freep) struct arena *two = arena_new(256 * MIB);
        struct loading loading = {.count = LOAD_ROWS};
        enum rc rc = RC_OK;

        if (!one || !two)
                return err_set(err, RC_NOMEM, "no memory to read check-ins");
        for (size_t page = 0; rc == RC_OK && loading.count == LOAD_ROWS && !is_stopping(fleet);
             page++) {
                loading.arena = page % 2 ? two : one;
                arena_reset(loading.arena);
                rc = db_run(fleet->world->db, DB_READ, load_body, &loading, err);
                for (size_t i = 0; rc == RC_OK && i < loading.count; i++)
                        rc = row_load(fleet, &loading.rows[i], err);
                if (rc == RC_OK && loading.count)
                        loading.after = &loading.rows[loading.count - 1];
        }
        return rc;
}

/* --- the thread --- */

/* False: stop. */
static bool wait_for(struct fleet *fleet, int64_t seconds)
{
        const usec_t at = clock_uptime() + seconds * USEC_PER_SEC;
        const struct timespec until = {.tv_sec = (time_t)(at / USEC_PER_SEC),
                                       .tv_nsec = (long)(at % USEC_PER_SEC) * 1000};
        bool go_on;

        pthread_mutex_lock(&fleet->lock);
        while (!fleet->stopping)
                if (pthread_cond_timedwait(&fleet->changed, &fleet->lock, &until) != 0)
                        break;
        go_on = !fleet->stopping;
        pthread_mutex_unlock(&fleet->lock);
        return go_on;
}

static void *keeper_main(void *arg)
{
        struct fleet *fleet = arg;
        const int64_t seconds = world_int(fleet->world, SET_FLEET_FLUSH_SEC);
        struct err err = {.text = ""};
        bool loaded = false;

        do {
                /* What fails now is tried again; memory goes on either way. */
                loaded = loaded || fleet_load(fleet, &err) == RC_OK;
                (void)!fleet_flush(fleet, &err);
        } while (wait_for(fleet, seconds));
        return NULL;
}

enum rc fleet_start(struct world *world, struct fleet **ret, struct err *err)
{
        CLEANUP(fleet_freep) struct fleet *fleet = NULL;
        enum rc rc;

        rc = fleet_new(world, (size_t)world_int(world, SET_MAX_DEVICES_IN_MEMORY), &fleet, err);
        if (rc != RC_OK)
                return rc;
        if (pthread_create(&fleet->thread, NULL, keeper_main, fleet) != 0)
                return err_set(err, RC_NOMEM, "no thread for check-ins");
        fleet->has_thread = true;
        *ret = fleet;
        fleet = NULL;
        return RC_OK;
}

static void shard_fini(struct fleet *fleet, struct fleet_shard *shard)
{
        for (size_t i = 0; shard->buckets && i < fleet->bucket_count; i++)
                while (shard->buckets[i]) {
                        struct fleet_slot *gone = shard->buckets[i];

                        shard->buckets[i] = gone->next;
                        free(gone->entries);
                        free(gone);
                }
        free(shard->buckets);
        pthread_mutex_destroy(&shard->lock);
}

void fleet_freep(struct fleet **fleet)
{
        struct fleet *gone = *fleet;
        struct err err = {.text = ""};

        if (!gone)
                return;
        pthread_mutex_lock(&gone->lock);
        gone->stopping = true;
        pthread_cond_broadcast(&gone->changed);
        pthread_mutex_unlock(&gone->lock);
        if (gone->has_thread) {
                pthread_join(gone->thread, NULL);
                /* Last times and states; without them a restart would have to hear them again. */
                (void)!fleet_flush(gone, &err);
        }
        for (size_t i = 0; i < FLEET_SHARDS; i++)
                shard_fini(gone, &gone->shards[i]);
        names_freep(&gone->known);
        names_freep(&gone->told);
        pthread_cond_destroy(&gone->changed);
        pthread_mutex_destroy(&gone->flushing);
        pthread_mutex_destroy(&gone->lock);
        free(gone);
        *fleet = NULL;
}
