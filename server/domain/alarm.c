/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/alarm.h"
#include "server/domain/audit.h"
#include <inttypes.h>

enum rc alarm_raise(struct db_tx *tx, const struct alarm *alarm, usec_t now, struct err *err)
{
        const struct alarm_row row = {
                .brand_id = alarm->brand_id,
                .model = alarm->model,
                .serial = alarm->serial,
                .kind = alarm->kind,
                .detail = alarm->detail,
                .times = 1,
                .first = now,
                .last = now,
        };
        int64_t times = 0;
        enum rc rc;

        rc = store_alarm_raise(tx, &row, &times, err);
        /* A device that is refused asks again and again: the audit tells it once. */
        if (rc != RC_OK || times > 1)
                return rc;
        return audit_add(tx, "device", "clone-alarm", alarm->serial, now, err, "model %s/%s: %s",
                         alarm->brand_id, alarm->model, alarm->detail);
}

struct listing {
        const char *brand_id;
        const char *model;
        const char *serial;
        struct arena *arena;
        const struct alarm_row *rows;
        size_t count;
};

static enum rc list_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct listing *listing = arg;

        return store_alarm_list(tx, listing->arena, listing->brand_id, listing->model,
                                listing->serial, ALARMS_MAX, &listing->rows, &listing->count, err);
}

enum rc alarm_list(struct world *world, const char *brand_id, const char *model, const char *serial,
                   struct arena *arena, const struct alarm_row **ret, size_t *ret_count,
                   struct err *err)
{
        struct listing listing = {
                .brand_id = brand_id, .model = model, .serial = serial, .arena = arena};
        enum rc rc;

        rc = db_run(world->db, DB_READ, list_body, &listing, err);
        if (rc != RC_OK)
                return rc;
        *ret = listing.rows;
        *ret_count = listing.count;
        return RC_OK;
}

struct clearing {
        const struct actor *actor;
        int64_t id;
        usec_t now;
};

static enum rc clear_body(struct db_tx *tx, void *arg, struct err *err)
{
        const struct clearing *clearing = arg;
        enum rc rc;

        rc = store_alarm_delete(tx, clearing->id, err);
        return rc != RC_OK ? rc
                           : audit_add(tx, clearing->actor->account_id, "alarm-clear", "",
                                       clearing->now, err, "alarm %" PRId64, clearing->id);
}

enum rc alarm_clear(struct world *world, const struct actor *actor, int64_t id, struct err *err)
{
        struct clearing clearing = {actor, id, world_now(world)};

        return db_run(world->db, DB_WRITE, clear_body, &clearing, err);
}
