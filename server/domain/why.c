/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/why.h"
#include "core/model/name.h"
#include "server/domain/register.h"
#include "server/store/store_fleet.h"
#include <limits.h>
#include <string.h>

#define CANDIDATES_MAX 8

struct finding {
        struct world *world;
        const struct catalog *catalog;
        const struct why_ask *ask;
        struct arena *arena;
        const struct device_look_row *devices;
        size_t device_count;
};

/* --- who --- */

static enum rc devices_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct finding *finding = arg;
        const struct device_filter filter = {
                .brand_id = finding->ask->brand_id ? finding->ask->brand_id : "",
                .model = finding->ask->model ? finding->ask->model : "",
                .serial = finding->ask->who,
                .max = CANDIDATES_MAX,
        };

        return store_device_look(tx, finding->arena, &filter, &finding->devices,
                                 &finding->device_count, err);
}

static enum rc several(const char *what, struct buf *names, struct err *err)
{
        return err_set(err, RC_CONFLICT, "there are several %s: %s", what,
                       names->data ? names->data : "");
}

static enum rc devices_conflict(const struct finding *finding, struct err *err)
{
        CLEANUP(buf_fini) struct buf names = BUF_INIT(KIB);

        for (size_t i = 0; i < finding->device_count; i++)
                buf_printf(&names, "%s%s/%s", i ? ", " : "", finding->devices[i].brand_id,
                           finding->devices[i].model);
        return several("models with a device of this serial", &names, err);
}

static bool model_fits(const struct assertion *model, const char *brand_id, const char *name)
{
        return strcmp(model->pk[2], name) == 0 &&
               (!brand_id || strcmp(model->pk[1], brand_id) == 0);
}

/* brand_id NULL: any, where there is one of that name only. */
static enum rc model_find(const struct catalog *catalog, const char *brand_id, const char *name,
                          const struct assertion **ret, struct err *err)
{
        CLEANUP(buf_fini) struct buf names = BUF_INIT(KIB);
        size_t first = 0;
        const size_t count = catalog_assertions_of(catalog, "model", &first);
        size_t found = 0;

        for (size_t i = first; i < first + count; i++) {
                const struct assertion *model =
                        catalog_assertion_newest(catalog_assertion_at(catalog, i), UINT_MAX);

                if (!model || !model_fits(model, brand_id, name))
                        continue;
                if (found++ == 0)
                        *ret = model;
                if (found <= CANDIDATES_MAX)
                        buf_printf(&names, "%s%s/%s", found > 1 ? ", " : "", model->pk[1], name);
        }
        if (found > 1)
                return several("brands with a model of this name", &names, err);
        return found ? RC_OK : RC_NOT_FOUND;
}

static void viewer_fill(const struct finding *finding, const struct assertion *model,
                        const char *serial, struct viewer *ret)
{
        const char *arch = assertion_text(model, "architecture");

        *ret = (struct viewer){
                .store_id = model_store(finding->world, model),
                .arch = finding->ask->arch ? finding->ask->arch
                        : arch             ? arch
                                           : "",
                .brand_id = model->pk[1],
                .model_name = model->pk[2],
                .serial = serial,
                .model = model,
                .model_counts = brand_names_packages(finding->world, model->pk[1]),
        };
}

/* A serial that was issued here, or that checked in; else the model of that name. */
static enum rc who_find(struct finding *finding, struct why *ret, struct err *err)
{
        const struct why_ask *ask = finding->ask;
        const char *slash = strchr(ask->who, '/');
        const struct assertion *model = NULL;
        const char *brand = ask->brand_id;
        enum rc rc;

        /* A device that checked in a moment ago is found too. */
        rc = finding->world->fleet ? fleet_flush(finding->world->fleet, err) : RC_OK;
        if (rc == RC_OK)
                rc = db_run(finding->world->db, DB_READ, devices_body, finding, err);
        if (rc != RC_OK)
                return rc;
        if (finding->device_count > 1)
                return devices_conflict(finding, err);
        if (finding->device_count == 1) {
                ret->revoked = finding->devices[0].revoked;
                rc = model_find(finding->catalog, finding->devices[0].brand_id,
                                finding->devices[0].model, &model, err);
                if (rc == RC_NOT_FOUND)
                        return err_set(err, rc, "the model %s/%s of this device is not known here",
                                       finding->devices[0].brand_id, finding->devices[0].model);
                if (rc == RC_OK)
                        viewer_fill(finding, model, finding->devices[0].serial, &ret->viewer);
                return rc;
        }
        if (slash)
                brand = arena_memdup(finding->arena, ask->who, (size_t)(slash - ask->who));
        rc = model_find(finding->catalog, brand, slash ? slash + 1 : ask->who, &model, err);
        if (rc == RC_NOT_FOUND)
                return err_set(err, rc, "there is no device and no model \"%.80s\" here", ask->who);
        if (rc == RC_OK)
                viewer_fill(finding, model, NULL, &ret->viewer);
        return rc;
}

/* --- what it would ask --- */

/* As fleet.h writes them: "0", "1*" or "READ/WRITE". false: no epoch. */
static bool epoch_parse(const char *text, struct epoch *ret)
{
        const size_t digits = strspn(text, "0123456789");
        uint32_t *list = ret->read;
        size_t *count = &ret->read_count;
        uint64_t number = 0;

        memset(ret, 0, sizeof(*ret));
        if (!digits)
                return false;
        for (const char *at = text; *at; at++) {
                if (*at >= '0' && *at <= '9') {
                        number = number * 10 + (uint64_t)(*at - '0');
                        if (number > UINT32_MAX)
                                return false;
                        if (at[1] >= '0' && at[1] <= '9')
                                continue;
                        if (*count == EPOCH_MAX)
                                return false;
                        list[(*count)++] = (uint32_t)number;
                        number = 0;
                } else if (*at == '/') {
                        list = ret->write;
                        count = &ret->write_count;
                }
        }
        /* One number alone is written too; with a star the one before is read as well. */
        if (!strchr(text, '/')) {
                ret->write[ret->write_count++] = ret->read[0];
                if (strchr(text, '*') && ret->read[0])
                        ret->read[ret->read_count++] = ret->read[0] - 1;
        }
        return true;
}

static const struct fleet_package *reported_find(const struct why *why, const char *snap_id)
{
        for (size_t i = 0; why->has_checked_in && i < why->device.package_count; i++)
                if (strcmp(why->device.packages[i].snap_id, snap_id) == 0 &&
                    !why->device.packages[i].is_instance)
                        return &why->device.packages[i];
        return NULL;
}

static void reported_apply(const struct fleet_package *reported, struct why *ret)
{
        struct decide_ask *ask = &ret->ask;

        ask->current = reported->revision;
        ask->tracking = *reported->channel ? reported->channel : NULL;
        ask->kept_cohort = *reported->cohort ? reported->cohort : NULL;
        ask->is_held = reported->held;
        ask->ignore_validation = reported->ignore_validation;
        if (epoch_parse(reported->epoch, &ret->epoch))
                ask->epoch = &ret->epoch;
}

static void ask_fill(const struct finding *finding, const struct catalog_package *package,
                     struct why *ret)
{
        const struct fleet_package *reported =
                package ? reported_find(ret, package->snap_id) : NULL;
        const struct why_ask *asked = finding->ask;
        const struct catalog_revision *installed;
        struct decide_ask *ask = &ret->ask;

        ask->arch = ret->viewer.arch;
        ask->channel = asked->channel;
        ask->cohort = asked->cohort;
        ask->revision = asked->revision;
        if (reported)
                reported_apply(reported, ret);
        if (asked->installed)
                ask->current = *asked->installed;
        ask->action = ask->current ? DECIDE_REFRESH : DECIDE_INSTALL;
        if (package && ask->current) {
                ask->snap_id = package->snap_id;
                installed = catalog_find_revision(package, ask->current);
                if (!ask->epoch && installed) {
                        ret->epoch = installed->info.epoch;
                        ask->epoch = &ret->epoch;
                }
        } else {
                ask->name = asked->package;
        }
}

static enum rc installed_list(const struct why *why, struct arena *arena,
                              struct decide_context *context, struct err *err)
{
        const size_t count = why->has_checked_in ? why->device.package_count : 0;
        const char **ids = arena_alloc_array(arena, count, sizeof(const char *));

        if (!ids)
                return err_set(err, RC_NOMEM, "no memory for a device");
        for (size_t i = 0; i < count; i++)
                ids[i] = why->device.packages[i].snap_id;
        decide_installed_sort(ids, count);
        context->installed = ids;
        context->installed_count = count;
        return RC_OK;
}

enum rc why_decide(struct world *world, const struct catalog *catalog, const struct why_ask *ask,
                   struct arena *arena, struct why *ret, struct err *err)
{
        struct finding finding = {.world = world, .catalog = catalog, .ask = ask, .arena = arena};
        uint8_t bucket_key[MAC_KEY_BYTES];
        uint8_t cohort_key[MAC_KEY_BYTES];
        struct decide_context context = {.catalog = catalog,
                                         .viewer = &ret->viewer,
                                         .now = world_now(world),
                                         .bucket_key = bucket_key,
                                         .cohort_key = cohort_key};
        enum rc rc;

        memset(ret, 0, sizeof(*ret));
        rc = who_find(&finding, ret, err);
        if (rc != RC_OK)
                return rc;
        if (ret->viewer.serial) {
                rc = fleet_get(world, ret->viewer.brand_id, ret->viewer.model_name,
                               ret->viewer.serial, arena, &ret->device, err);
                if (rc != RC_OK && rc != RC_NOT_FOUND)
                        return rc;
                ret->has_checked_in = rc == RC_OK;
        }
        rc = installed_list(ret, arena, &context, err);
        if (rc != RC_OK)
                return rc;
        ask_fill(&finding, catalog_find_visible(catalog, &ret->viewer, ask->package), ret);
        world_key(world, "bucket", bucket_key);
        world_key(world, "cohort", cohort_key);
        decide(&context, &ret->ask, &ret->answer);
        return RC_OK;
}
