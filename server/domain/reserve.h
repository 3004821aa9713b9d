/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * reserve -- which serial a device that proved its key gets, or why none: known devices, the
 * model's policy, clones. Nothing is signed here.
 *
 * It is judged on a snapshot first, so that what is refused or waits costs no write; what changes
 * something is judged again inside the writing transaction, so that two processes cannot exceed a
 * quota or hand out a serial twice. A reserved serial stays the key's until the signer answered.
 *
 * Floor    server/domain. Threads: safe; blocks (database).
 * Bounds   max-registrations-waiting rows: over it a device is told to ask again.
 * Source   device.md 6.3, 6.4, 14.10.
 * Tests    tests/flow/test_fleet.py
 */
#include "server/domain/world.h"
#include "server/store/store_fleet.h"

struct reserve_ask {
        const char *brand_id;
        const char *model;
        const char *key_id;
        const char *request_id;
        bool request_is_old;               /* past its life: good only for what it began in time */
        const char *proposed;              /* NULL none */
        const char *api_key;               /* NULL none */
        const char *fallback;              /* a serial made for this call, should one be needed */
        const struct remodel_row *remodel; /* NULL: no remodel */
        const char *original;              /* its serial, kept where it is free */
        usec_t now;
};

enum reserve_verdict {
        RESERVE_KNOWN,   /* it has one: *device */
        RESERVE_GRANTED, /* serial is reserved */
        RESERVE_WAITS,   /* for an operator, or for room */
        RESERVE_REFUSED  /* rc and the error say why */
};

struct reserve_answer {
        enum reserve_verdict verdict;
        const char *serial;
        struct device_row device;
        enum rc rc;
        struct err why;
};

MUST_USE enum rc reserve_serial(struct world *world, const struct reserve_ask *ask,
                                struct arena *arena, struct reserve_answer *ret, struct err *err);
/* The signer will never issue it: the reservation ends. */
void reserve_drop(struct world *world, const struct reserve_ask *ask);
