/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/reserve.h"
#include "core/base/random.h"
#include "core/model/name.h"
#include "server/domain/alarm.h"
#include "server/domain/policy.h"
#include <inttypes.h>
#include <string.h>

#define ASKED_EVERY (3600 * USEC_PER_SEC)
#define CODE_POLICY "device-service-disallowed"

struct reserving {
        struct world *world;
        const struct reserve_ask *ask;
        struct arena *arena;
        bool writing;
        struct reserve_answer answer;
        bool decided;

        struct policy_row policy;
        struct registration_row row; /* of this key; state "" none */
        struct allow_row listed;     /* serial and key_id "" none */
        bool changes;                /* what was judged has to be written */
        const char *alarm;           /* the serial that another key asked for */
};

static void decide_as(struct reserving *r, enum reserve_verdict verdict)
{
        r->answer.verdict = verdict;
        r->decided = true;
}

/* The sentence is in r->answer.why already. */
static enum rc refuse(struct reserving *r, enum rc rc)
{
        r->answer.rc = rc;
        decide_as(r, RESERVE_REFUSED);
        return RC_OK;
}

static enum rc found_or_not(enum rc rc, bool *ret)
{
        *ret = rc == RC_OK;
        return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* --- what is known already --- */

static bool is_own(const struct reserving *r, const char *brand_id, const char *model,
                   const char *key_id)
{
        return strcmp(brand_id, r->ask->brand_id) == 0 && strcmp(model, r->ask->model) == 0 &&
               strcmp(key_id, r->ask->key_id) == 0;
}

static enum rc stale_request(struct reserving *r)
{
        return refuse(
                r, err_set(&r->answer.why, RC_STALE, "this request-id was used by another device"));
}

/* A repeated request gets the same answer, by its request-id or its key. */
static enum rc device_judge(struct db_tx *tx, struct reserving *r, struct err *err)
{
        const struct reserve_ask *ask = r->ask;
        struct device_row *device = &r->answer.device;
        bool by_request = false;
        bool found = false;
        enum rc rc;

        rc = found_or_not(store_device_get_by_request(tx, r->arena, ask->request_id, device, err),
                          &by_request);
        if (rc != RC_OK)
                return rc;
        if (by_request && !is_own(r, device->brand_id, device->model, device->key_id))
                return stale_request(r);
        if (!by_request)
                rc = found_or_not(store_device_get_by_key(tx, r->arena, ask->brand_id, ask->model,
                                                          ask->key_id, device, err),
                                  &found);
        if (rc != RC_OK || !(by_request || found))
                return rc;
        if (device->revoked)
                return refuse(r, err_set_code(&r->answer.why, RC_FORBIDDEN, "device-revoked",
                                              "the device %s was revoked", device->serial));
        decide_as(r, RESERVE_KNOWN);
        return RC_OK;
}

static enum rc row_judge(struct db_tx *tx, struct reserving *r, struct err *err)
{
        const struct reserve_ask *ask = r->ask;
        bool found = false;
        enum rc rc;

        rc = found_or_not(
                store_registration_get_by_request(tx, r->arena, ask->request_id, &r->row, err),
                &found);
        if (rc != RC_OK)
                return rc;
        if (found && !is_own(r, r->row.brand_id, r->row.model, r->row.key_id))
                return stale_request(r);
        if (!found && ask->request_is_old)
                return refuse(r, err_set(&r->answer.why, RC_EXPIRED,
                                         "this request-id is too old: ask for a new one"));
        if (!found)
                rc = found_or_not(store_registration_get(tx, r->arena, ask->brand_id, ask->model,
                                                         ask->key_id, &r->row, err),
                                  &found);
        if (rc != RC_OK)
                return rc;
        if (!found)
                r->row = (struct registration_row){.state = "", .serial = "", .proposed = ""};
        if (strcmp(r->row.state, "denied") == 0)
                return refuse(r, err_set_code(&r->answer.why, RC_FORBIDDEN, CODE_POLICY,
                                              "an operator denied this device"));
        return RC_OK;
}

/* --- the policy --- */

static enum rc api_key_judge(struct reserving *r)
{
        static const struct digest none;
        struct digest digest = none;

        if (digest_equal(&r->policy.api_key, &none))
                return RC_OK;
        if (r->ask->api_key)
                sha3_384(r->ask->api_key, strlen(r->ask->api_key), &digest);
        if (bytes_equal(digest.sha3_384, r->policy.api_key.sha3_384, DIGEST_BYTES))
                return RC_OK;
        return refuse(r, err_set_code(&r->answer.why, RC_FORBIDDEN, CODE_POLICY,
                                      "devices of the model %s/%s show an API key: the header "
                                      "%s is missing or wrong",
                                      r->ask->brand_id, r->ask->model, POLICY_KEY_HEADER));
}

static const char *proposed_of(const struct reserve_ask *ask)
{
        return ask->proposed && name_is_serial(ask->proposed) ? ask->proposed : "";
}

/* What an operator approved is this key with the serial that he saw, not with another one. */
static bool is_approved(const struct reserving *r)
{
        return strcmp(r->row.state, "approved") == 0 &&
               strcmp(r->row.proposed, proposed_of(r->ask)) == 0;
}

/* A row of the list that stands for this device: for its serial, or for its key. */
static enum rc list_judge(struct db_tx *tx, struct reserving *r, struct err *err)
{
        const struct reserve_ask *ask = r->ask;
        const char *proposed = ask->proposed ? ask->proposed : "";
        bool found = false;
        enum rc rc = RC_OK;

        if (*proposed)
                rc = found_or_not(store_allow_find_serial(tx, r->arena, ask->brand_id, ask->model,
                                                          proposed, ask->key_id, &r->listed, err),
                                  &found);
        if (rc == RC_OK && !found)
                rc = found_or_not(store_allow_find_key(tx, r->arena, ask->brand_id, ask->model,
                                                       ask->key_id, &r->listed, err),
                                  &found);
        /* A listed key with a serial is for that serial. */
        if (rc == RC_OK && found && *r->listed.serial && *proposed &&
            strcmp(r->listed.serial, proposed) != 0)
                found = false;
        if (!found)
                r->listed = (struct allow_row){.serial = "", .key_id = ""};
        return rc;
}

static enum rc mode_judge(struct db_tx *tx, struct reserving *r, enum policy_mode mode,
                          struct err *err)
{
        const struct reserve_ask *ask = r->ask;
        enum rc rc;

        rc = list_judge(tx, r, err);
        if (rc != RC_OK)
                return rc;
        switch (mode) {
        case POLICY_OPEN:
                return RC_OK;
        case POLICY_SERIALS:
                if (*r->listed.serial)
                        return RC_OK;
                return refuse(r, err_set_code(&r->answer.why, RC_FORBIDDEN, CODE_POLICY,
                                              "the serial that this device proposes (%.64s) is not "
                                              "on the list of the model %s/%s",
                                              ask->proposed ? ask->proposed : "none", ask->brand_id,
                                              ask->model));
        case POLICY_KEYS:
                if (*r->listed.key_id)
                        return RC_OK;
                return refuse(r, err_set_code(&r->answer.why, RC_FORBIDDEN, CODE_POLICY,
                                              "the key of this device is not on the list of the "
                                              "model %s/%s",
                                              ask->brand_id, ask->model));
        case POLICY_PENDING:
                if (is_approved(r) || *r->listed.serial || *r->listed.key_id)
                        return RC_OK;
                decide_as(r, RESERVE_WAITS);
                return RC_OK;
        }
        return err_set(err, RC_BUG, "an unknown mode of registration");
}

static enum rc remodel_judge(struct db_tx *tx, struct reserving *r, struct err *err)
{
        const struct remodel_row *wanted = r->ask->remodel;
        struct remodel_row row;
        bool found = false;
        enum rc rc;

        rc = found_or_not(store_remodel_get(tx, r->arena, wanted, &row, err), &found);
        if (rc != RC_OK || found)
                return rc;
        return refuse(r, err_set_code(&r->answer.why, RC_FORBIDDEN, "remodel-not-allowed",
                                      "devices of the model %.60s/%.60s may not become %.60s/%.60s",
                                      wanted->from_brand_id, wanted->from_model,
                                      wanted->to_brand_id, wanted->to_model));
}

static enum rc quota_judge(struct db_tx *tx, struct reserving *r, struct err *err)
{
        struct policy_counts counts;
        enum rc rc;

        if (r->policy.quota == POLICY_NO_QUOTA)
                return RC_OK;
        rc = store_policy_counts(tx, r->ask->brand_id, r->ask->model, &counts, err);
        if (rc != RC_OK || counts.registered + counts.reserved < r->policy.quota)
                return rc;
        return refuse(r, err_set_code(&r->answer.why, RC_FORBIDDEN, CODE_POLICY,
                                      "the model %s/%s has its %" PRId64 " devices",
                                      r->ask->brand_id, r->ask->model, r->policy.quota));
}

static enum rc policy_judge(struct db_tx *tx, struct reserving *r, struct err *err)
{
        enum policy_mode mode = POLICY_OPEN;
        bool found = false;
        enum rc rc;

        rc = found_or_not(
                store_policy_get(tx, r->arena, r->ask->brand_id, r->ask->model, &r->policy, err),
                &found);
        if (rc == RC_OK && !found)
                r->policy = (struct policy_row){
                        .mode = "open", .quota = POLICY_NO_QUOTA, .proposed = true};
        if (rc == RC_OK)
                rc = policy_mode_parse(r->policy.mode, &mode, err);
        if (rc == RC_OK)
                rc = api_key_judge(r);
        /* An allowed remodel says yes to the device; what it had is who it is. */
        if (rc == RC_OK && !r->decided)
                rc = r->ask->remodel ? remodel_judge(tx, r, err) : mode_judge(tx, r, mode, err);
        /* A device that waits takes nobody's place. */
        if (rc == RC_OK && !r->decided)
                rc = quota_judge(tx, r, err);
        return rc;
}

/* --- the serial --- */

static enum rc serial_is_taken(struct db_tx *tx, struct reserving *r, const char *serial, bool *ret,
                               struct err *err)
{
        struct registration_row reserved;
        struct device_row device;
        bool found = false;
        enum rc rc;

        rc = found_or_not(store_device_get(tx, r->arena, r->ask->brand_id, r->ask->model, serial,
                                           &device, err),
                          ret);
        if (rc != RC_OK || *ret)
                return rc;
        rc = found_or_not(store_registration_get_by_serial(tx, r->arena, r->ask->brand_id,
                                                           r->ask->model, serial, &reserved, err),
                          &found);
        *ret = found && strcmp(reserved.key_id, r->ask->key_id) != 0;
        return rc;
}

static enum rc serial_judge(struct db_tx *tx, struct reserving *r, struct err *err)
{
        const struct reserve_ask *ask = r->ask;
        const bool may_propose =
                r->policy.proposed && ask->proposed && name_is_serial(ask->proposed);
        const char *serial = *r->listed.serial ? r->listed.serial
                             : may_propose     ? ask->proposed
                             : ask->original   ? ask->original
                                               : ask->fallback;
        bool taken = false;
        enum rc rc;

        rc = serial_is_taken(tx, r, serial, &taken, err);
        if (rc != RC_OK)
                return rc;
        /* A remodel keeps its serial's name where that is free. */
        if (taken && serial == ask->original) {
                serial = ask->fallback;
        } else if (taken) {
                r->alarm = serial;
                r->changes = true;
                return refuse(r, err_set_code(&r->answer.why, RC_CONFLICT, "serial-of-another-key",
                                              "the serial %.64s is registered with another key: "
                                              "the operator was told",
                                              serial));
        }
        r->answer.serial = serial;
        decide_as(r, RESERVE_GRANTED);
        return RC_OK;
}

static enum rc judge(struct db_tx *tx, struct reserving *r, struct err *err)
{
        enum rc rc;

        rc = device_judge(tx, r, err);
        if (rc == RC_OK && !r->decided)
                rc = row_judge(tx, r, err);
        if (rc == RC_OK && !r->decided && strcmp(r->row.state, "reserved") == 0) {
                r->answer.serial = r->row.serial;
                decide_as(r, RESERVE_GRANTED);
        }
        if (rc == RC_OK && !r->decided)
                rc = policy_judge(tx, r, err);
        if (rc == RC_OK && !r->decided)
                rc = serial_judge(tx, r, err);
        return rc;
}

/* --- writing it down --- */

/* Whether the row of this key has to change, or begins. */
static bool row_changes(const struct reserving *r, const char *state)
{
        return strcmp(r->row.state, state) != 0 ||
               strcmp(r->row.request_id, r->ask->request_id) != 0 ||
               r->row.asked + ASKED_EVERY < r->ask->now;
}

static enum rc row_put(struct db_tx *tx, struct reserving *r, const char *state, struct err *err)
{
        const struct reserve_ask *ask = r->ask;
        const bool granted = r->answer.verdict == RESERVE_GRANTED;
        const struct registration_row row = {
                .brand_id = ask->brand_id,
                .model = ask->model,
                .key_id = ask->key_id,
                .request_id = ask->request_id,
                .proposed = proposed_of(ask),
                .serial = granted ? r->answer.serial : "",
                .state = state,
                .created = ask->now,
                .asked = ask->now,
        };
        struct policy_counts counts;
        enum rc rc;

        /* For each model, and for those that wait apart from those that were granted: whoever
         * makes keys enough to fill one keeps nobody else out. */
        if (!*r->row.state) {
                rc = store_policy_counts(tx, ask->brand_id, ask->model, &counts, err);
                if (rc != RC_OK)
                        return rc;
                if ((granted ? counts.reserved : counts.waiting) >=
                    world_int(r->world, SET_MAX_REGISTRATIONS_WAITING)) {
                        decide_as(r, RESERVE_WAITS);
                        return RC_OK;
                }
        }
        return store_registration_put(tx, &row, err);
}

static enum rc alarm_put(struct db_tx *tx, const struct reserving *r, struct err *err)
{
        const struct alarm alarm = {
                .brand_id = r->ask->brand_id,
                .model = r->ask->model,
                .serial = r->alarm,
                .kind = ALARM_KEY,
                .detail = arena_printf(r->arena, "the key %.80s asked for it", r->ask->key_id),
        };

        return alarm.detail ? alarm_raise(tx, &alarm, r->ask->now, err)
                            : err_set(err, RC_NOMEM, "no memory for an alarm");
}

static enum rc reserve_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct reserving *r = arg;
        const struct reserving begin = {
                .world = r->world,
                .ask = r->ask,
                .arena = r->arena,
                .writing = r->writing,
                .listed = {.serial = "", .key_id = ""},
        };
        const char *state;
        enum rc rc;

        *r = begin; /* a body may run twice */
        rc = judge(tx, r, err);
        if (rc != RC_OK)
                return rc;
        state = r->answer.verdict == RESERVE_GRANTED ? "reserved" : "waiting";
        if (r->answer.verdict == RESERVE_GRANTED || r->answer.verdict == RESERVE_WAITS)
                r->changes = row_changes(r, state);
        if (!r->writing || !r->changes)
                return RC_OK;
        return r->alarm ? alarm_put(tx, r, err) : row_put(tx, r, state, err);
}

enum rc reserve_serial(struct world *world, const struct reserve_ask *ask, struct arena *arena,
                       struct reserve_answer *ret, struct err *err)
{
        struct reserving r = {.world = world, .ask = ask, .arena = arena};
        enum rc rc;

        rc = db_run(world->db, DB_READ, reserve_body, &r, err);
        if (rc == RC_OK && r.changes) {
                r.writing = true;
                rc = db_run(world->db, DB_WRITE, reserve_body, &r, err);
        }
        if (rc == RC_OK)
                *ret = r.answer;
        return rc;
}

static enum rc drop_body(struct db_tx *tx, void *arg, struct err *err)
{
        const struct reserve_ask *ask = arg;

        return store_registration_delete(tx, ask->brand_id, ask->model, ask->key_id, err);
}

void reserve_drop(struct world *world, const struct reserve_ask *ask)
{
        struct err ignored = {.text = ""};
        struct reserve_ask copy = *ask;

        /* Housekeeping takes what is left. */
        (void)!db_run(world->db, DB_WRITE, drop_body, &copy, &ignored);
}
