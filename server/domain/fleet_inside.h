/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * fleet_inside -- what the files of fleet share among themselves; nobody else includes it.
 *
 * A device is a slot in one of FLEET_SHARDS shards. Its texts are numbers of names that are kept
 * once: 100,000 devices with 20 packages each take about 130 MB (tests/unit/test_fleet.c).
 *
 * Floor    server/domain.
 * Owner    the fleet owns slots and names; names live until the fleet is freed.
 * Threads  a slot is read and changed under its shard's lock, which is never held over I/O.
 * Units    times in slots are seconds since 1970.
 */
#include "server/domain/fleet.h"
#include "server/store/store_fleet.h"
#include <pthread.h>

/* --- names: texts kept once; 0 is "" --- */

struct names;
struct names *names_new(size_t max); /* NULL: no memory */
void names_freep(struct names **names);
/* The number of a text; 0 when it is empty, unfit (see name_is_plain) or there is no room. */
uint32_t names_put(struct names *names, const char *text);
/* The same, but a text that is new only while *left is not 0, and for one of it. */
uint32_t names_put_within(struct names *names, const char *text, size_t *left);
uint32_t names_find(struct names *names, const char *text); /* 0: not there */
const char *names_get(const struct names *names, uint32_t number);
uint64_t names_bytes(struct names *names);
/* 1 to 255 printable ASCII characters without a blank. */
bool name_is_plain(const char *text);

/* --- slots --- */

#define LEFT_STATES 2 /* how many states that a package left are remembered */

/* Texts that are new to the fleet which one device may bring in a day: the room is everybody's. */
#define TOLD_A_DAY 64

enum entry_flags { ENTRY_HELD = 1, ENTRY_IGNORES = 2 };

struct fleet_entry {
        uint32_t snap_id; /* of names->known */
        uint32_t channel; /* these of names->told */
        uint32_t cohort;
        uint32_t epoch;
        uint32_t instance; /* of its key; 0 for the package's only one */
        uint32_t revision;
        uint32_t refreshed;
        uint32_t offered;
        uint32_t offered_at;
        uint32_t flags;
        uint32_t left[LEFT_STATES]; /* tags of states, newest first; 0 none */
};

struct slot_error {
        uint32_t package; /* of names->told */
        uint32_t code;    /* of names->known: codes are ours */
        uint32_t time;
};

struct fleet_slot {
        struct fleet_slot *next;
        uint64_t hash;
        uint64_t print; /* of the last report: the same again changes nothing */
        uint32_t brand; /* of names->known */
        uint32_t model;
        uint32_t version; /* of names->told */
        uint32_t first_seen;
        uint32_t last_seen;
        uint32_t returns_since; /* when a package first came back to a state that it had left */
        uint32_t told_since;    /* when the day of `told` began */
        uint16_t told;          /* new texts that it brought since */
        uint16_t returns;
        uint16_t entry_count;
        uint8_t error_count;
        bool state_waits; /* to be written */
        bool time_waits;
        bool alarm_waits;
        struct slot_error errors[FLEET_ERRORS_MAX]; /* newest first */
        struct fleet_entry *entries;                /* by snap_id, instance */
        char serial[];
};

#define FLEET_SHARDS 64

struct fleet_shard {
        pthread_mutex_t lock;
        struct fleet_slot **buckets;
        size_t count;
        size_t hand; /* where the next search for room begins */
        uint64_t bytes;
};

struct fleet {
        struct world *world;
        struct names *known; /* that the catalog vouches for */
        struct names *told;  /* that devices said; bounded apart */
        size_t max;
        atomic_size_t count; /* of all shards */
        size_t bucket_count; /* of a shard; a power of two */
        uint8_t key[MAC_KEY_BYTES];
        struct fleet_shard shards[FLEET_SHARDS];
        atomic_ullong dropped;
        atomic_ullong left_out;
        pthread_mutex_t flushing; /* one at a time */
        pthread_mutex_t lock;     /* of stopping */
        pthread_cond_t changed;
        bool stopping;
        bool has_thread;
        pthread_t thread;
};

/* Reads what the database has; devices that checked in meanwhile stay as they are. */
MUST_USE enum rc fleet_load(struct fleet *fleet, struct err *err);
/* Makes an empty fleet without a thread, for max devices. */
MUST_USE enum rc fleet_new(struct world *world, size_t max, struct fleet **ret, struct err *err);
struct fleet_shard *fleet_shard_of(struct fleet *fleet, const char *brand_id, const char *model,
                                   const char *serial, uint64_t *ret_hash);
/* Under the shard's lock. NULL: not there. */
struct fleet_slot *fleet_slot_find(const struct fleet *fleet, const struct fleet_shard *shard,
                                   uint64_t hash, const char *serial);
/* Makes room where there is none by letting go of one that is written. NULL: no room. */
struct fleet_slot *fleet_slot_add(struct fleet *fleet, struct fleet_shard *shard, uint64_t hash,
                                  uint32_t brand, uint32_t model, const char *serial);
/* Replaces the entries; the old ones are freed. */
void fleet_slot_take(struct fleet_shard *shard, struct fleet_slot *slot,
                     struct fleet_entry **entries, size_t count);
size_t fleet_slot_pending(const struct fleet_slot *slot);

/* --- fleet_state.c: a slot as lines of text, and back --- */

void fleet_state_format(const struct fleet *fleet, const struct fleet_slot *slot, struct buf *out);
/* Reads what format wrote; lines of a newer form are passed over. *ret_entries is malloc'd. */
MUST_USE enum rc fleet_state_parse(struct fleet *fleet, const char *text,
                                   struct fleet_entry **ret_entries, size_t *ret_count,
                                   struct slot_error *ret_errors, size_t *ret_error_count,
                                   struct err *err);
int fleet_entry_compare(const void *a, const void *b);

/* --- fleet_view.c --- */

MUST_USE enum rc fleet_view(const struct fleet *fleet, const struct fleet_slot *slot,
                            struct arena *arena, struct fleet_device *ret, struct err *err);
