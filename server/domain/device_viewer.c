/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/device_viewer.h"
#include "server/domain/block.h"
#include "server/domain/register.h"
#include "server/store/store_fleet.h"
#include <string.h>

static const struct assertion *model_find(const struct catalog *catalog, const char *brand_id,
                                          const char *model, struct arena *arena)
{
        const char *pk = arena_printf(arena, "16/%s/%s", brand_id, model);

        return pk ? catalog_get_assertion(catalog, "model", pk, 0) : NULL;
}

enum rc device_viewer_fill(const struct world *world, const struct catalog *catalog,
                           const struct session *device, struct arena *arena, struct viewer *ret,
                           struct err *err)
{
        const struct assertion *model = model_find(catalog, device->brand_id, device->model, arena);
        const char *arch;

        if (!model)
                return err_set(err, RC_NOT_FOUND, "the model %s/%s is not known", device->brand_id,
                               device->model);
        ret->model = model;
        ret->brand_id = device->brand_id;
        ret->model_name = device->model;
        ret->serial = device->serial;
        ret->store_id = device->store_id;
        ret->model_counts = brand_names_packages(world, device->brand_id);
        arch = assertion_text(model, "architecture");
        if (arch && *arch)
                ret->arch = arch;
        return RC_OK;
}

/* --- an operator's device --- */

struct finding {
        struct arena *arena;
        const char *brand_id; /* "" any; so model */
        const char *model;
        const char *serial;
        struct device_row row;
};

/* Which models have a device of that serial, by what checked in. */
static enum rc names_complete(struct db_tx *tx, struct finding *finding, struct err *err)
{
        const struct device_filter filter = {.brand_id = finding->brand_id,
                                             .model = finding->model,
                                             .serial = finding->serial,
                                             .max = 2};
        const struct device_look_row *rows = NULL;
        size_t count = 0;
        enum rc rc;

        rc = store_device_look(tx, finding->arena, &filter, &rows, &count, err);
        if (rc != RC_OK)
                return rc;
        if (count == 0)
                return err_set(err, RC_NOT_FOUND,
                               "no device %s checked in: name its brand and model",
                               finding->serial);
        if (count > 1)
                return err_set(err, RC_CONFLICT, "several models have a device %s: name one",
                               finding->serial);
        finding->brand_id = rows[0].brand_id;
        finding->model = rows[0].model;
        return RC_OK;
}

static enum rc find_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct finding *finding = arg;
        enum rc rc = RC_OK;

        if (!*finding->brand_id || !*finding->model)
                rc = names_complete(tx, finding, err);
        if (rc == RC_OK)
                rc = store_device_get(tx, finding->arena, finding->brand_id, finding->model,
                                      finding->serial, &finding->row, err);
        return rc == RC_NOT_FOUND
                       ? err_set(err, rc, "no device %s is registered here", finding->serial)
                       : rc;
}

enum rc device_find(struct world *world, const struct catalog *catalog, const char *brand_id,
                    const char *model, const char *serial, struct arena *arena, struct session *ret,
                    struct err *err)
{
        struct finding finding = {
                .arena = arena, .brand_id = brand_id, .model = model, .serial = serial};
        const struct assertion *known;
        enum rc rc;

        rc = db_run(world->db, DB_READ, find_body, &finding, err);
        if (rc != RC_OK)
                return rc;
        if (finding.row.revoked)
                return err_set(err, RC_FORBIDDEN, "the device %s was revoked", serial);
        rc = block_check(world->blocks, finding.row.brand_id, finding.row.model, serial, err);
        if (rc != RC_OK)
                return rc;
        known = model_find(catalog, finding.row.brand_id, finding.row.model, arena);
        if (!known)
                return err_set(err, RC_NOT_FOUND, "the model %s/%s is not known",
                               finding.row.brand_id, finding.row.model);
        *ret = (struct session){
                .brand_id = finding.row.brand_id,
                .model = finding.row.model,
                .serial = finding.row.serial,
                .store_id = model_store(world, known),
        };
        return RC_OK;
}
