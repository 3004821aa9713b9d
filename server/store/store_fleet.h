/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * store_fleet -- the rows about devices beside their serials: policies, lists, registrations on
 * their way, remodels, blocks, check-ins, alarms; and what can be asked of them.
 *
 * Floor    server/store. Outcomes: as store.h: *_get and *_find give RC_NOT_FOUND.
 * Units    times are usec since 1970; 0 is "none". Texts are never NULL: absent is "".
 * Tests    tests/unit/test_store_fleet.c
 */
#include "server/store/db.h"
#include "server/store/rows.h"

/* --- who may register --- */

struct policy_row {
        const char *brand_id;
        const char *model;
        const char *mode;      /* open serials keys pending */
        struct digest api_key; /* of the key's text; zeros: none */
        int64_t quota;         /* -1 none */
        bool proposed;
        usec_t changed;
};

struct policy_counts {
        int64_t registered;
        int64_t reserved;
        int64_t waiting;
        int64_t listed;
};

struct allow_row {
        const char *brand_id;
        const char *model;
        const char *serial; /* "" any */
        const char *key_id; /* "" any */
        const char *note;
        usec_t created;
};

struct registration_row {
        const char *brand_id;
        const char *model;
        const char *key_id;
        const char *request_id;
        const char *proposed; /* "" none */
        const char *serial;   /* when reserved */
        const char *state;    /* waiting approved denied reserved */
        usec_t created;
        usec_t asked; /* last */
};

struct remodel_row {
        const char *from_brand_id;
        const char *from_model;
        const char *to_brand_id;
        const char *to_model;
        usec_t created;
};

MUST_USE enum rc store_policy_get(struct db_tx *tx, struct arena *arena, const char *brand_id,
                                  const char *model, struct policy_row *ret, struct err *err);
MUST_USE enum rc store_policy_put(struct db_tx *tx, const struct policy_row *row, struct err *err);
MUST_USE enum rc store_policy_counts(struct db_tx *tx, const char *brand_id, const char *model,
                                     struct policy_counts *ret, struct err *err);

/* *ret_changed: it was not there (was there, for delete). */
MUST_USE enum rc store_allow_insert(struct db_tx *tx, const struct allow_row *row,
                                    bool *ret_changed, struct err *err);
MUST_USE enum rc store_allow_delete(struct db_tx *tx, const struct allow_row *row,
                                    bool *ret_changed, struct err *err);
/* The row of a serial for this key; and of a key, with or without a serial. */
MUST_USE enum rc store_allow_find_serial(struct db_tx *tx, struct arena *arena,
                                         const char *brand_id, const char *model,
                                         const char *serial, const char *key_id,
                                         struct allow_row *ret, struct err *err);
MUST_USE enum rc store_allow_find_key(struct db_tx *tx, struct arena *arena, const char *brand_id,
                                      const char *model, const char *key_id, struct allow_row *ret,
                                      struct err *err);
/* The max rows after `after`'s serial and key_id; its brand and model say whose. */
MUST_USE enum rc store_allow_list(struct db_tx *tx, struct arena *arena,
                                  const struct allow_row *after, size_t max,
                                  const struct allow_row **ret, size_t *ret_count, struct err *err);

/* Inserts, or replaces all but created. RC_EXISTS: request-id or serial is another's. */
MUST_USE enum rc store_registration_put(struct db_tx *tx, const struct registration_row *row,
                                        struct err *err);
MUST_USE enum rc store_registration_get(struct db_tx *tx, struct arena *arena, const char *brand_id,
                                        const char *model, const char *key_id,
                                        struct registration_row *ret, struct err *err);
MUST_USE enum rc store_registration_get_by_request(struct db_tx *tx, struct arena *arena,
                                                   const char *request_id,
                                                   struct registration_row *ret, struct err *err);
MUST_USE enum rc store_registration_get_by_serial(struct db_tx *tx, struct arena *arena,
                                                  const char *brand_id, const char *model,
                                                  const char *serial, struct registration_row *ret,
                                                  struct err *err);
/* By proposed serial or key id, not the reserved ones. */
MUST_USE enum rc store_registration_find(struct db_tx *tx, struct arena *arena, const char *name,
                                         size_t max, const struct registration_row **ret,
                                         size_t *ret_count, struct err *err);
/* The max rows of a state after `after` (its brand, model, key). */
MUST_USE enum rc store_registration_list(struct db_tx *tx, struct arena *arena,
                                         const struct registration_row *after, size_t max,
                                         const struct registration_row **ret, size_t *ret_count,
                                         struct err *err);
MUST_USE enum rc store_registration_count(struct db_tx *tx, uint64_t *ret, struct err *err);
MUST_USE enum rc store_registration_delete(struct db_tx *tx, const char *brand_id,
                                           const char *model, const char *key_id, struct err *err);
MUST_USE enum rc store_registration_expire(struct db_tx *tx, usec_t asked_before, struct err *err);

MUST_USE enum rc store_remodel_insert(struct db_tx *tx, const struct remodel_row *row,
                                      struct err *err); /* there already: RC_OK */
MUST_USE enum rc store_remodel_get(struct db_tx *tx, struct arena *arena,
                                   const struct remodel_row *wanted, struct remodel_row *ret,
                                   struct err *err);
MUST_USE enum rc store_remodel_delete(struct db_tx *tx, const struct remodel_row *row,
                                      struct err *err); /* RC_NOT_FOUND */
MUST_USE enum rc store_remodel_list(struct db_tx *tx, struct arena *arena,
                                    const struct remodel_row **ret, size_t *ret_count,
                                    struct err *err);

/* --- whose sessions count no more --- */

struct block_row {
        const char *brand_id;
        const char *model;
        const char *serial; /* "" the whole model */
        bool revoked;
        usec_t stale_before;
};

MUST_USE enum rc store_block_get(struct db_tx *tx, struct arena *arena, const char *brand_id,
                                 const char *model, const char *serial, struct block_row *ret,
                                 struct err *err);
MUST_USE enum rc store_block_put(struct db_tx *tx, const struct block_row *row, struct err *err);
MUST_USE enum rc store_block_list(struct db_tx *tx, struct arena *arena,
                                  const struct block_row **ret, size_t *ret_count, struct err *err);
MUST_USE enum rc store_block_expire(struct db_tx *tx, usec_t before, struct err *err);

/* --- check-ins --- */

struct check_in_row {
        const char *brand_id;
        const char *model;
        const char *serial;
        usec_t first_seen;
        usec_t last_seen;
        const char *snapd_version;
        int64_t pending; /* packages that were offered and are not installed yet */
        const char *state;
};

/* A device for `device list`, joined from serial, block, check-in and alarms. */
struct device_look_row {
        const char *brand_id;
        const char *model;
        const char *serial;
        const char *key_id; /* "" where the serial was not issued here */
        bool revoked;
        usec_t registered; /* 0 not here */
        usec_t first_seen; /* 0 never */
        usec_t last_seen;
        const char *snapd_version;
        int64_t pending;
        int64_t alarms;
};

struct device_filter {
        const struct device_look_row *after; /* NULL: from the first */
        const char *brand_id;                /* "" any; so the next two */
        const char *model;
        const char *serial;
        usec_t seen_before; /* 0 any */
        int64_t pending;    /* at least */
        size_t max;
};

/* The empty row of a device that registered. */
MUST_USE enum rc store_check_in_begin(struct db_tx *tx, const char *brand_id, const char *model,
                                      const char *serial, struct err *err);
MUST_USE enum rc store_check_in_put(struct db_tx *tx, const struct check_in_row *row,
                                    struct err *err);
MUST_USE enum rc store_check_in_seen(struct db_tx *tx, const struct check_in_row *row,
                                     struct err *err);
MUST_USE enum rc store_check_in_get(struct db_tx *tx, struct arena *arena, const char *brand_id,
                                    const char *model, const char *serial, struct check_in_row *ret,
                                    struct err *err);
MUST_USE enum rc store_check_in_list(struct db_tx *tx, struct arena *arena,
                                     const struct check_in_row *after, size_t max,
                                     const struct check_in_row **ret, size_t *ret_count,
                                     struct err *err);
MUST_USE enum rc store_device_look(struct db_tx *tx, struct arena *arena,
                                   const struct device_filter *filter,
                                   const struct device_look_row **ret, size_t *ret_count,
                                   struct err *err);

/* --- alarms --- */

struct alarm_row {
        int64_t id;
        const char *brand_id;
        const char *model;
        const char *serial;
        const char *kind; /* key state */
        const char *detail;
        int64_t times;
        usec_t first;
        usec_t last;
};

/* One row for a serial and kind: raised again it counts. row->id is not looked at. */
MUST_USE enum rc store_alarm_raise(struct db_tx *tx, const struct alarm_row *row,
                                   int64_t *ret_times, struct err *err);
MUST_USE enum rc store_alarm_list(struct db_tx *tx, struct arena *arena, const char *brand_id,
                                  const char *model, const char *serial, size_t max,
                                  const struct alarm_row **ret, size_t *ret_count, struct err *err);
MUST_USE enum rc store_alarm_count(struct db_tx *tx, uint64_t *ret, struct err *err);
MUST_USE enum rc store_alarm_delete(struct db_tx *tx, int64_t id, struct err *err);
