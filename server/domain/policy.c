/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/policy.h"
#include "core/base/hex.h"
#include "core/base/random.h"
#include "core/model/name.h"
#include "server/domain/audit.h"
#include "server/store/store_fleet.h"
#include <inttypes.h>
#include <string.h>

#define QUOTA_MAX 1000000000

static const char *const mode_names[] = {
        [POLICY_OPEN] = "open",
        [POLICY_SERIALS] = "serials",
        [POLICY_KEYS] = "keys",
        [POLICY_PENDING] = "pending",
};

_Static_assert(BASE64URL_CHARS(32) == POLICY_KEY_CHARS, "an API key's text fits its buffer");

const char *policy_mode_name(enum policy_mode mode)
{
        return mode_names[mode];
}

enum rc policy_mode_parse(const char *text, enum policy_mode *ret, struct err *err)
{
        for (size_t i = 0; i < ARRAY_COUNT(mode_names); i++)
                if (strcmp(mode_names[i], text) == 0) {
                        *ret = (enum policy_mode)i;
                        return RC_OK;
                }
        return err_set(err, RC_INVALID, "a mode is open, serials, keys or pending, not \"%.40s\"",
                       text);
}

enum rc policy_names_check(const char *brand_id, const char *model, struct err *err)
{
        if (name_is_account(brand_id) && name_is_model(model))
                return RC_OK;
        return err_set(err, RC_INVALID, "\"%.60s/%.60s\" is no BRAND/MODEL", brand_id, model);
}

struct run {
        struct world *world;
        const struct actor *actor;
        const char *brand_id;
        const char *model;
        const struct policy_change *change;
        const char *key;
        struct arena *arena;
        struct policy ret;
};

static enum rc row_get(struct db_tx *tx, const struct run *run, struct policy_row *ret,
                       struct err *err)
{
        const enum rc rc = store_policy_get(tx, run->arena, run->brand_id, run->model, ret, err);

        if (rc == RC_NOT_FOUND)
                *ret = (struct policy_row){.brand_id = run->brand_id,
                                           .model = run->model,
                                           .mode = mode_names[POLICY_OPEN],
                                           .quota = POLICY_NO_QUOTA,
                                           .proposed = true};
        return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc policy_make(struct db_tx *tx, struct run *run, const struct policy_row *row,
                           struct err *err)
{
        static const struct digest none;
        struct policy_counts counts;
        enum policy_mode mode = POLICY_OPEN;
        enum rc rc;

        rc = policy_mode_parse(row->mode, &mode, err);
        if (rc == RC_OK)
                rc = store_policy_counts(tx, run->brand_id, run->model, &counts, err);
        if (rc != RC_OK)
                return rc;
        run->ret = (struct policy){
                .brand_id = run->brand_id,
                .model = run->model,
                .mode = mode,
                .quota = row->quota,
                .has_api_key = !digest_equal(&row->api_key, &none),
                .proposed = row->proposed,
                .registered = (uint64_t)counts.registered,
                .waiting = (uint64_t)counts.waiting,
                .listed = (uint64_t)counts.listed,
        };
        return RC_OK;
}

static enum rc get_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct policy_row row;
        const enum rc rc = row_get(tx, arg, &row, err);

        return rc == RC_OK ? policy_make(tx, arg, &row, err) : rc;
}

enum rc policy_get(struct world *world, const char *brand_id, const char *model,
                   struct arena *arena, struct policy *ret, struct err *err)
{
        struct run run = {.world = world, .brand_id = brand_id, .model = model, .arena = arena};
        enum rc rc;

        rc = policy_names_check(brand_id, model, err);
        if (rc == RC_OK)
                rc = db_run(world->db, DB_READ, get_body, &run, err);
        if (rc == RC_OK)
                *ret = run.ret;
        return rc;
}

static enum rc set_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct run *run = arg;
        const struct policy_change *change = run->change;
        const usec_t now = world_now(run->world);
        struct policy_row row;
        enum rc rc;

        rc = row_get(tx, run, &row, err);
        if (rc != RC_OK)
                return rc;
        if (change->mode)
                row.mode = change->mode;
        if (change->quota_set)
                row.quota = change->quota;
        if (change->proposed_set)
                row.proposed = change->proposed;
        if (change->api_key == POLICY_KEY_NONE)
                row.api_key = (struct digest){{0}};
        if (change->api_key == POLICY_KEY_NEW)
                sha3_384(run->key, POLICY_KEY_CHARS, &row.api_key);
        row.changed = now;
        rc = store_policy_put(tx, &row, err);
        if (rc == RC_OK)
                rc = policy_make(tx, run, &row, err);
        return rc != RC_OK ? rc
                           : audit_add(tx, run->actor->account_id, "model-policy", run->model, now,
                                       err, "brand %s, mode %s, quota %" PRId64 ", API key %s%s",
                                       run->brand_id, row.mode, row.quota,
                                       run->ret.has_api_key ? "yes" : "no",
                                       change->api_key == POLICY_KEY_NEW ? " (new)" : "");
}

enum rc policy_set(struct world *world, const struct actor *actor, const char *brand_id,
                   const char *model, const struct policy_change *change,
                   char key[POLICY_KEY_CHARS + 1], struct arena *arena, struct policy *ret,
                   struct err *err)
{
        struct run run = {.world = world,
                          .actor = actor,
                          .brand_id = brand_id,
                          .model = model,
                          .change = change,
                          .key = key,
                          .arena = arena};
        uint8_t bytes[32];
        enum policy_mode mode;
        enum rc rc;

        rc = policy_names_check(brand_id, model, err);
        if (rc == RC_OK && change->mode)
                rc = policy_mode_parse(change->mode, &mode, err);
        if (rc == RC_OK && change->quota_set &&
            (change->quota < POLICY_NO_QUOTA || change->quota > QUOTA_MAX))
                rc = err_set(err, RC_INVALID, "a quota is a number of devices, or -1 for none");
        if (rc != RC_OK)
                return rc;
        random_fill(bytes, sizeof(bytes));
        base64url_format(bytes, sizeof(bytes), key);
        bytes_wipe(bytes, sizeof(bytes));
        rc = db_run(world->db, DB_WRITE, set_body, &run, err);
        if (rc == RC_OK)
                *ret = run.ret;
        if (rc != RC_OK || change->api_key != POLICY_KEY_NEW)
                bytes_wipe(key, POLICY_KEY_CHARS + 1);
        return rc;
}
