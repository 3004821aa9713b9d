/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /api/v1/devices/{serial}/manifest -- a refresh manifest for a device that has no network: an
 * operator asks in its place, and carries the answer in a file.
 *
 * What each package gets is decided as for the device itself. Bounds: PACKAGES_MAX packages.
 */
#include "server/api/publisher.h"
#include "server/domain/audit.h"
#include "server/domain/device_viewer.h"
#include "server/domain/refresh_manifest.h"
#include <string.h>

#define PACKAGES_MAX 1000
#define KEY_TEXT_MAX 256
#define LIFE_MIN_SEC 60
#define LIFE_MAX_SEC (24 * 3600)

struct wish {
        const char *key;
        struct decide_ask ask;
        struct decide_answer answer;
};

struct asking {
        struct world *world;
        struct request *request;
        const struct catalog *catalog;
        struct viewer viewer;
        struct session device;
        struct manifest_ask ask;
        struct wish *wishes;
        size_t count;
};

/* --- reading --- */

static enum rc ask_read(const json_t *body, struct manifest_ask *ret, struct err *err)
{
        int64_t life = 0;
        int64_t epoch = 0;
        int64_t sequence = 0;
        enum rc rc;

        rc = jsonx_get_text(body, "nonce", JSONX_MUST, MANIFEST_NONCE_MAX, &ret->nonce, err);
        if (rc == RC_OK && !manifest_nonce_is(ret->nonce))
                rc = err_set(err, RC_INVALID, "nonce is %d to %d letters, digits, - and _",
                             MANIFEST_NONCE_MIN, MANIFEST_NONCE_MAX);
        if (rc == RC_OK)
                rc = jsonx_get_int(body, "life-sec", JSONX_MAY, LIFE_MIN_SEC, LIFE_MAX_SEC, &life,
                                   err);
        if (rc == RC_OK)
                rc = jsonx_get_int(body, "epoch", JSONX_MAY, 0, (int64_t)MANIFEST_EPOCH_MAX, &epoch,
                                   err);
        if (rc == RC_OK)
                rc = jsonx_get_int(body, "sequence", JSONX_MAY, 0, MANIFEST_NUMBER_MAX, &sequence,
                                   err);
        if (rc != RC_OK)
                return rc;
        ret->life = life * USEC_PER_SEC;
        ret->epoch = (uint64_t)epoch;
        ret->sequence = (uint64_t)sequence;
        return RC_OK;
}

/* What is installed is refreshed by its id; a name that the device may not see stays a name. */
static void ask_complete(const struct asking *asking, struct wish *wish, const char *name,
                         const char *channel)
{
        struct decide_ask *ask = &wish->ask;

        ask->arch = asking->viewer.arch;
        if (!ask->snap_id && ask->current) {
                const struct catalog_package *package =
                        catalog_find_visible(asking->catalog, &asking->viewer, name);

                if (package &&
                    visibility_is_visible(viewer_sees(asking->catalog, &asking->viewer, package)))
                        ask->snap_id = package->snap_id;
        }
        if (ask->snap_id && ask->current) {
                ask->action = DECIDE_REFRESH;
                ask->tracking = channel;
                return;
        }
        ask->action = DECIDE_INSTALL;
        ask->name = ask->snap_id ? NULL : name;
        ask->channel = channel;
}

static enum rc wish_read(struct asking *asking, const json_t *json, struct wish *ret,
                         struct err *err)
{
        const char *name = NULL;
        const char *channel = NULL;
        int64_t revision = 0;
        enum rc rc;

        rc = jsonx_get_text(json, "instance-key", JSONX_MAY, KEY_TEXT_MAX, &ret->key, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(json, "name", JSONX_MAY, NAME_TEXT_MAX, &name, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(json, "snap-id", JSONX_MAY, NAME_TEXT_MAX, &ret->ask.snap_id,
                                    err);
        if (rc == RC_OK)
                rc = jsonx_get_text(json, "channel", JSONX_MAY, KEY_TEXT_MAX, &channel, err);
        if (rc == RC_OK)
                rc = jsonx_get_int(json, "revision", JSONX_MAY, 1, INT32_MAX, &revision, err);
        if (rc == RC_OK && !name && !ret->ask.snap_id)
                rc = err_set(err, RC_INVALID, "a package has a name or a snap-id");
        if (rc != RC_OK)
                return rc;
        if (!ret->key)
                ret->key = ret->ask.snap_id ? ret->ask.snap_id : name;
        ret->ask.current = (uint64_t)revision;
        ask_complete(asking, ret, name, channel);
        return RC_OK;
}

static enum rc wishes_read(struct asking *asking, const json_t *body, struct err *err)
{
        const json_t *list = NULL;
        enum rc rc;

        rc = jsonx_get_array(body, "packages", JSONX_MUST, PACKAGES_MAX, &list, err);
        if (rc != RC_OK)
                return rc;
        asking->count = json_array_size(list);
        asking->wishes =
                arena_alloc_array(asking->request->arena, asking->count, sizeof(*asking->wishes));
        if (!asking->wishes)
                return err_set(err, RC_NOMEM, "no memory for a manifest");
        for (size_t i = 0; i < asking->count; i++) {
                rc = wish_read(asking, json_array_get(list, i), &asking->wishes[i], err);
                if (rc != RC_OK)
                        return err_prefix(err, rc, "package %zu", i + 1);
        }
        return RC_OK;
}

/* --- answering --- */

static enum rc device_read(struct asking *asking, const json_t *body, struct err *err)
{
        struct arena *arena = asking->request->arena;
        const char *brand_id = "";
        const char *model = "";
        enum rc rc;

        rc = json_get_text(body, "brand-id", NAME_TEXT_MAX, &brand_id, err);
        if (rc == RC_OK)
                rc = json_get_text(body, "model", NAME_TEXT_MAX, &model, err);
        if (rc != RC_OK)
                return rc;
        if (*model && !*brand_id)
                brand_id = world_text(asking->world, SET_BRAND_ID);
        rc = device_find(asking->world, asking->catalog, brand_id, model,
                         asking->request->params[0], arena, &asking->device, err);
        if (rc != RC_OK)
                return rc;
        asking->viewer.arch = "";
        return device_viewer_fill(asking->world, asking->catalog, &asking->device, arena,
                                  &asking->viewer, err);
}

static enum rc manifest_make(struct asking *asking, struct buf *out, struct err *err)
{
        uint8_t bucket_key[MAC_KEY_BYTES];
        uint8_t cohort_key[MAC_KEY_BYTES];
        struct arena *arena = asking->request->arena;
        struct manifest_entry *entries = arena_alloc_array(arena, asking->count, sizeof(*entries));
        const char **installed = arena_alloc_array(arena, asking->count, sizeof(*installed));
        struct decide_context context = {
                .catalog = asking->catalog,
                .viewer = &asking->viewer,
                .now = world_now(asking->world),
                .bucket_key = bucket_key,
                .cohort_key = cohort_key,
                .installed = installed,
        };

        if (!entries || !installed)
                return err_set(err, RC_NOMEM, "no memory for a manifest");
        world_key(asking->world, "bucket", bucket_key);
        world_key(asking->world, "cohort", cohort_key);
        for (size_t i = 0; i < asking->count; i++)
                if (asking->wishes[i].ask.action == DECIDE_REFRESH)
                        installed[context.installed_count++] = asking->wishes[i].ask.snap_id;
        decide_installed_sort(installed, context.installed_count);
        for (size_t i = 0; i < asking->count; i++) {
                struct wish *wish = &asking->wishes[i];

                decide(&context, &wish->ask, &wish->answer);
                entries[i] = (struct manifest_entry){wish->key, &wish->answer, wish->ask.current};
        }
        return refresh_manifest_make(asking->world, asking->catalog, &asking->viewer, &asking->ask,
                                     entries, asking->count, out, err);
}

struct noting {
        const struct asking *asking;
        const char *by;
};

static enum rc note_body(struct db_tx *tx, void *arg, struct err *err)
{
        const struct noting *noting = arg;
        const struct asking *asking = noting->asking;

        return audit_add(tx, noting->by, "manifest", asking->device.serial,
                         world_now(asking->world), err, "%zu packages, nonce %s", asking->count,
                         asking->ask.nonce);
}

PUBLISHER_HANDLER(device_manifest_post)
{
        CLEANUP(jsonx_decref) json_t *body = NULL;
        CLEANUP(buf_fini) struct buf stream = BUF_INIT(MANIFEST_STREAM_MAX);
        struct asking asking = {.world = context,
                                .request = request,
                                .catalog = request_identity(request)->catalog};
        struct noting noting = {&asking, request_identity(request)->account_id};
        enum rc rc;

        rc = api_body(request, &body, err);
        if (rc == RC_OK)
                rc = ask_read(body, &asking.ask, err);
        if (rc == RC_OK)
                rc = device_read(&asking, body, err);
        if (rc == RC_OK)
                rc = wishes_read(&asking, body, err);
        if (rc == RC_OK)
                rc = manifest_make(&asking, &stream, err);
        if (rc == RC_OK)
                rc = db_run(asking.world->db, DB_WRITE, note_body, &noting, err);
        if (rc != RC_OK)
                return rc;
        return answer(response, 200,
                      json_pack("{s:s, s:s, s:s, s:s, s:s}", "brand-id", asking.device.brand_id,
                                "model", asking.device.model, "serial", asking.device.serial,
                                "store", asking.device.store_id, "manifest", stream.data),
                      err);
}
