/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/device.h"
#include "server/domain/audit.h"
#include <string.h>

#define SEVERAL 2

struct looking {
        struct device_filter filter;
        struct arena *arena;
        const struct device_look_row *rows;
        size_t count;
};

static enum rc look_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct looking *looking = arg;

        return store_device_look(tx, looking->arena, &looking->filter, &looking->rows,
                                 &looking->count, err);
}

enum rc device_list(struct world *world, const struct device_filter *filter, struct arena *arena,
                    const struct device_look_row **ret, size_t *ret_count, struct err *err)
{
        struct looking looking = {.filter = *filter, .arena = arena};
        enum rc rc;

        if (!looking.filter.max || looking.filter.max > DEVICE_PAGE_MAX)
                looking.filter.max = DEVICE_PAGE_MAX;
        rc = fleet_flush(world->fleet, err);
        if (rc == RC_OK)
                rc = db_run(world->db, DB_READ, look_body, &looking, err);
        if (rc != RC_OK)
                return rc;
        *ret = looking.rows;
        *ret_count = looking.count;
        return RC_OK;
}

enum rc device_look(struct world *world, const char *brand_id, const char *model,
                    const char *serial, struct arena *arena, struct device_look_row *ret,
                    struct err *err)
{
        const struct device_filter filter = {
                .brand_id = brand_id, .model = model, .serial = serial, .max = SEVERAL};
        const struct device_look_row *rows = NULL;
        size_t count = 0;
        enum rc rc;

        rc = device_list(world, &filter, arena, &rows, &count, err);
        if (rc != RC_OK)
                return rc;
        if (!count)
                return err_set(err, RC_NOT_FOUND, "no device with the serial %.64s", serial);
        if (count > 1)
                return err_set_code(err, RC_CONFLICT, "several-devices",
                                    "several models have a serial %.64s: name the model", serial);
        *ret = rows[0];
        return RC_OK;
}

/* --- those that wait --- */

struct listing {
        const struct registration_row *after;
        size_t max;
        struct arena *arena;
        const struct registration_row *rows;
        size_t count;
};

static enum rc list_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct listing *listing = arg;

        return store_registration_list(tx, listing->arena, listing->after, listing->max,
                                       &listing->rows, &listing->count, err);
}

enum rc registration_list(struct world *world, const struct registration_row *after, size_t max,
                          struct arena *arena, const struct registration_row **ret,
                          size_t *ret_count, struct err *err)
{
        struct listing listing = {.after = after,
                                  .max = max && max < DEVICE_PAGE_MAX ? max : DEVICE_PAGE_MAX,
                                  .arena = arena};
        enum rc rc;

        rc = db_run(world->db, DB_READ, list_body, &listing, err);
        if (rc != RC_OK)
                return rc;
        *ret = listing.rows;
        *ret_count = listing.count;
        return RC_OK;
}

struct deciding {
        const struct actor *actor;
        const char *name;
        bool approve;
        usec_t now;
        struct arena *arena;
        struct registration_row row;
};

static enum rc decide_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct deciding *deciding = arg;
        const struct registration_row *rows = NULL;
        size_t count = 0;
        enum rc rc;

        rc = store_registration_find(tx, deciding->arena, deciding->name, SEVERAL, &rows, &count,
                                     err);
        if (rc != RC_OK)
                return rc;
        if (!count)
                return err_set(err, RC_NOT_FOUND, "no device waits with the serial or key id %.64s",
                               deciding->name);
        if (count > 1)
                return err_set_code(err, RC_CONFLICT, "several-devices",
                                    "several devices wait with the serial %.64s: say the key id",
                                    deciding->name);
        deciding->row = rows[0];
        deciding->row.state = deciding->approve ? "approved" : "denied";
        rc = store_registration_put(tx, &deciding->row, err);
        return rc != RC_OK
                       ? rc
                       : audit_add(tx, deciding->actor->account_id,
                                   deciding->approve ? "device-approve" : "device-deny",
                                   rows[0].key_id, deciding->now, err,
                                   "model %s/%s, proposed serial %s", rows[0].brand_id,
                                   rows[0].model, *rows[0].proposed ? rows[0].proposed : "none");
}

enum rc registration_decide(struct world *world, const struct actor *actor, const char *name,
                            bool approve, struct arena *arena, struct registration_row *ret,
                            struct err *err)
{
        struct deciding deciding = {.actor = actor,
                                    .name = name,
                                    .approve = approve,
                                    .now = world_now(world),
                                    .arena = arena};
        enum rc rc;

        rc = db_run(world->db, DB_WRITE, decide_body, &deciding, err);
        if (rc == RC_OK)
                *ret = deciding.row;
        return rc;
}
