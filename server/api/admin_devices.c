/* SPDX-License-Identifier: Apache-2.0 */
/* /api/v1/devices, /registrations, /alarms, /sessions/expire: the fleet as an operator sees it. */
#include "core/model/name.h"
#include "server/api/publisher.h"
#include "server/domain/alarm.h"
#include "server/domain/block.h"
#include "server/domain/device.h"
#include "server/domain/session.h"
#include <string.h>

static const char *query_text(const struct request *request, const char *name)
{
        const char *text = request_query(request, name);

        return text ? text : "";
}

/* ?limit=N; 0 where it is absent. */
static enum rc query_limit(const struct request *request, size_t *ret, struct err *err)
{
        const char *text = request_query(request, "limit");
        uint64_t number = 0;

        if (text && number_parse_u64(text, DEVICE_PAGE_MAX, &number) != RC_OK)
                return err_set(err, RC_INVALID, "the argument \"limit\" is a number up to %d",
                               DEVICE_PAGE_MAX);
        *ret = (size_t)number;
        return RC_OK;
}

static json_t *text_or_null(const char *text)
{
        return *text ? json_string(text) : json_null();
}

/* --- devices --- */

static json_t *json_look(const struct device_look_row *row)
{
        return json_pack("{s:s, s:s, s:s, s:o, s:b, s:o, s:o, s:o, s:o, s:I, s:I}", "brand-id",
                         row->brand_id, "model", row->model, "serial", row->serial,
                         "device-key-sha3-384", text_or_null(row->key_id), "revoked",
                         (int)row->revoked, "registered", json_time(row->registered), "first-seen",
                         json_time(row->first_seen), "last-seen", json_time(row->last_seen),
                         "snapd-version", text_or_null(row->snapd_version), "pending",
                         (json_int_t)row->pending, "alarms", (json_int_t)row->alarms);
}

static json_t *json_package(const struct catalog *catalog, const struct fleet_package *package)
{
        const struct catalog_package *known = catalog_find_id(catalog, package->snap_id);

        return json_pack("{s:s, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:b, s:b, s:b, s:o}", "snap-id",
                         package->snap_id, "name", text_or_null(known ? known->name : ""),
                         "revision", (json_int_t)package->revision, "channel",
                         text_or_null(package->channel), "epoch", text_or_null(package->epoch),
                         "cohort-key", text_or_null(package->cohort), "offered",
                         package->offered ? json_integer((json_int_t)package->offered)
                                          : json_null(),
                         "offered-at", json_time(package->offered_at), "held", (int)package->held,
                         "ignore-validation", (int)package->ignore_validation, "instance",
                         (int)package->is_instance, "refreshed", json_time(package->refreshed));
}

static json_t *json_alarm(const struct alarm_row *row)
{
        return json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:I, s:o, s:o}", "id", (json_int_t)row->id,
                         "brand-id", row->brand_id, "model", row->model, "serial", row->serial,
                         "kind", row->kind, "detail", row->detail, "times", (json_int_t)row->times,
                         "first", json_time(row->first), "last", json_time(row->last));
}

static json_t *json_alarms(const struct alarm_row *rows, size_t count)
{
        json_t *list = json_array();

        for (size_t i = 0; i < count; i++)
                json_array_append_new(list, json_alarm(&rows[i]));
        return list;
}

/* "BRAND/MODEL/SERIAL", as "next" gave it. */
static enum rc after_read(struct request *request, struct device_look_row *ret, bool *ret_has,
                          struct err *err)
{
        const char *text = request_query(request, "after");
        char *copy = text ? arena_strdup(request->arena, text) : NULL;
        char *model = copy ? strchr(copy, '/') : NULL;
        char *serial = model ? strchr(model + 1, '/') : NULL;

        *ret_has = text != NULL;
        if (text && !serial)
                return err_set(err, RC_INVALID, "the argument \"after\" is what \"next\" said");
        if (!text)
                return RC_OK;
        *model++ = '\0';
        *serial++ = '\0';
        *ret = (struct device_look_row){.brand_id = copy, .model = model, .serial = serial};
        return RC_OK;
}

static enum rc filter_read(struct request *request, struct device_filter *ret,
                           struct device_look_row *after, struct err *err)
{
        const char *seen = request_query(request, "seen-before");
        const char *pending = query_text(request, "pending");
        bool has_after = false;
        enum rc rc;

        *ret = (struct device_filter){
                .brand_id = query_text(request, "brand"),
                .model = query_text(request, "model"),
                .serial = query_text(request, "serial"),
                .pending = strcmp(pending, "true") == 0 || strcmp(pending, "1") == 0,
        };
        if (seen && clock_parse(seen, &ret->seen_before) != RC_OK)
                return err_set(err, RC_INVALID,
                               "the argument \"seen-before\" is a time as 2026-06-01T00:00:00Z");
        rc = query_limit(request, &ret->max, err);
        if (rc == RC_OK)
                rc = after_read(request, after, &has_after, err);
        if (rc == RC_OK && has_after)
                ret->after = after;
        return rc;
}

enum rc device_list_get(void *context, struct request *request, struct response *response,
                        struct err *err)
{
        const struct device_look_row *rows = NULL;
        struct device_look_row after;
        struct device_filter filter;
        json_t *next = json_null();
        size_t count = 0;
        json_t *list;
        enum rc rc;

        rc = filter_read(request, &filter, &after, err);
        if (rc == RC_OK)
                rc = device_list(context, &filter, request->arena, &rows, &count, err);
        if (rc != RC_OK)
                return rc;
        list = json_array();
        for (size_t i = 0; i < count; i++)
                json_array_append_new(list, json_look(&rows[i]));
        if (count && count == (filter.max ? filter.max : DEVICE_PAGE_MAX))
                next = json_sprintf("%s/%s/%s", rows[count - 1].brand_id, rows[count - 1].model,
                                    rows[count - 1].serial);
        return answer(response, 200, json_pack("{s:o, s:o}", "devices", list, "next", next), err);
}

static enum rc device_add_seen(struct world *world, struct request *request,
                               const struct device_look_row *row, json_t *json, struct err *err)
{
        const struct catalog *catalog = request_identity(request)->catalog;
        struct fleet_device seen = {.package_count = 0};
        json_t *packages = json_array();
        json_t *errors = json_array();
        enum rc rc;

        rc = fleet_get(world, row->brand_id, row->model, row->serial, request->arena, &seen, err);
        for (size_t i = 0; rc == RC_OK && i < seen.package_count; i++)
                json_array_append_new(packages, json_package(catalog, &seen.packages[i]));
        for (size_t i = 0; rc == RC_OK && i < seen.error_count; i++)
                json_array_append_new(errors,
                                      json_pack("{s:s, s:s, s:o}", "package",
                                                seen.errors[i].package, "code", seen.errors[i].code,
                                                "time", json_time(seen.errors[i].time)));
        json_object_set_new(json, "packages", packages);
        json_object_set_new(json, "errors", errors);
        return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc device_get(void *context, struct request *request, struct response *response,
                   struct err *err)
{
        CLEANUP(jsonx_decref) json_t *json = NULL;
        const struct alarm_row *alarms = NULL;
        struct device_look_row row;
        size_t count = 0;
        enum rc rc;

        rc = device_look(context, query_text(request, "brand"), query_text(request, "model"),
                         request->params[0], request->arena, &row, err);
        if (rc == RC_OK)
                rc = alarm_list(context, row.brand_id, row.model, row.serial, request->arena,
                                &alarms, &count, err);
        if (rc != RC_OK)
                return rc;
        json = json_look(&row);
        rc = device_add_seen(context, request, &row, json, err);
        if (rc != RC_OK)
                return rc;
        json_object_set_new(json, "alarms", json_alarms(alarms, count));
        return answer(response, 200, json_incref(json), err);
}

/* --- revoking --- */

struct naming {
        const char *brand_id;
        const char *model;
        const char **serials;
        size_t count;
};

/* Serials without a model are looked up one by one; all must be of one model. */
static enum rc naming_complete(struct world *world, struct request *request, struct naming *naming,
                               struct err *err)
{
        for (size_t i = 0; i < naming->count; i++) {
                struct device_look_row row;
                const enum rc rc = device_look(world, naming->brand_id, naming->model,
                                               naming->serials[i], request->arena, &row, err);

                if (rc != RC_OK)
                        return rc;
                naming->brand_id = row.brand_id;
                naming->model = row.model;
        }
        return RC_OK;
}

static enum rc naming_read(struct world *world, struct request *request, const json_t *body,
                           struct naming *ret, struct err *err)
{
        const json_t *list = NULL;
        enum rc rc;

        *ret = (struct naming){.brand_id = "", .model = ""};
        rc = json_get_text(body, "brand-id", NAME_TEXT_MAX, &ret->brand_id, err);
        if (rc == RC_OK)
                rc = json_get_text(body, "model", NAME_TEXT_MAX, &ret->model, err);
        if (rc == RC_OK)
                rc = jsonx_get_array(body, "serials", JSONX_MAY, BLOCK_SERIALS_MAX, &list, err);
        if (rc != RC_OK)
                return rc;
        ret->count = json_array_size(list);
        ret->serials = arena_alloc_array(request->arena, ret->count, sizeof(*ret->serials));
        if (!ret->serials)
                return err_set(err, RC_NOMEM, "no memory for serials");
        for (size_t i = 0; i < ret->count; i++) {
                ret->serials[i] = json_string_value(json_array_get(list, i));
                if (!ret->serials[i] || !*ret->serials[i])
                        return err_set(err, RC_INVALID, "\"serials\" is a list of serials");
        }
        if (*ret->model && !*ret->brand_id)
                ret->brand_id = world_text(world, SET_BRAND_ID);
        if (!ret->count)
                return RC_OK;
        return *ret->model ? RC_OK : naming_complete(world, request, ret, err);
}

static enum rc block_post(struct world *world, struct request *request, struct response *response,
                          enum block_change change, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *body = NULL;
        const struct actor actor = request_actor(request);
        struct naming naming;
        enum rc rc;

        rc = api_body(request, &body, err);
        if (rc == RC_OK)
                rc = naming_read(world, request, body, &naming, err);
        if (rc == RC_OK && !*naming.model)
                rc = err_set(err, RC_INVALID, "name \"serials\", or a \"model\"");
        if (rc == RC_OK)
                rc = block_change(world, &actor, change, naming.brand_id, naming.model,
                                  naming.serials, naming.count, err);
        if (rc != RC_OK)
                return rc;
        return answer(response, 200,
                      json_pack("{s:s, s:s, s:I}", "brand-id", naming.brand_id, "model",
                                naming.model, "devices", (json_int_t)naming.count),
                      err);
}

enum rc device_revoke_post(void *context, struct request *request, struct response *response,
                           struct err *err)
{
        return block_post(context, request, response, BLOCK_REVOKE, err);
}

enum rc device_unrevoke_post(void *context, struct request *request, struct response *response,
                             struct err *err)
{
        return block_post(context, request, response, BLOCK_LIFT, err);
}

/* {} ends every session; with a model or serials only theirs. */
enum rc session_expire_post(void *context, struct request *request, struct response *response,
                            struct err *err)
{
        CLEANUP(jsonx_decref) json_t *body = NULL;
        uint64_t epoch = 0;
        enum rc rc;

        if (request->body_bytes) {
                rc = api_body(request, &body, err);
                if (rc != RC_OK)
                        return rc;
        }
        if (json_object_size(body))
                return block_post(context, request, response, BLOCK_EXPIRE, err);
        rc = session_expire_all(context, &epoch, err);
        if (rc != RC_OK)
                return rc;
        return answer(response, 200, json_pack("{s:I}", "epoch", (json_int_t)epoch), err);
}

/* --- registrations that wait --- */

static json_t *json_registration(const struct registration_row *row)
{
        return json_pack("{s:s, s:s, s:s, s:o, s:s, s:o, s:o}", "brand-id", row->brand_id, "model",
                         row->model, "device-key-sha3-384", row->key_id, "proposed-serial",
                         text_or_null(row->proposed), "state", row->state, "since",
                         json_time(row->created), "asked", json_time(row->asked));
}

enum rc registration_list_get(void *context, struct request *request, struct response *response,
                              struct err *err)
{
        static const char *const states[] = {"waiting", "approved", "denied", "reserved"};
        const char *state = query_text(request, "state");
        struct registration_row after = {.brand_id = query_text(request, "after-brand"),
                                         .model = query_text(request, "after-model"),
                                         .key_id = query_text(request, "after-key"),
                                         .state = states[0]};
        const struct registration_row *rows = NULL;
        size_t count = 0;
        size_t max = 0;
        json_t *list;
        enum rc rc;

        for (size_t i = 0; i < ARRAY_COUNT(states); i++)
                if (strcmp(state, states[i]) == 0)
                        after.state = states[i];
        if (*state && strcmp(state, after.state) != 0)
                return err_set(err, RC_INVALID, "a registration is waiting, approved or denied");
        rc = query_limit(request, &max, err);
        if (rc == RC_OK)
                rc = registration_list(context, &after, max, request->arena, &rows, &count, err);
        if (rc != RC_OK)
                return rc;
        list = json_array();
        for (size_t i = 0; i < count; i++)
                json_array_append_new(list, json_registration(&rows[i]));
        return answer(response, 200, json_pack("{s:o}", "registrations", list), err);
}

static enum rc registration_answer(void *context, struct request *request,
                                   struct response *response, bool approve, struct err *err)
{
        const struct actor actor = request_actor(request);
        struct registration_row row;
        enum rc rc;

        rc = registration_decide(context, &actor, request->params[0], approve, request->arena, &row,
                                 err);
        return rc == RC_OK ? answer(response, 200, json_registration(&row), err) : rc;
}

enum rc registration_approve_post(void *context, struct request *request, struct response *response,
                                  struct err *err)
{
        return registration_answer(context, request, response, true, err);
}

enum rc registration_deny_post(void *context, struct request *request, struct response *response,
                               struct err *err)
{
        return registration_answer(context, request, response, false, err);
}

/* --- alarms --- */

enum rc alarm_list_get(void *context, struct request *request, struct response *response,
                       struct err *err)
{
        const struct alarm_row *rows = NULL;
        struct world *world = context;
        size_t count = 0;
        enum rc rc;

        rc = fleet_flush(world->fleet, err);
        if (rc == RC_OK)
                rc = alarm_list(world, query_text(request, "brand"), query_text(request, "model"),
                                query_text(request, "serial"), request->arena, &rows, &count, err);
        if (rc != RC_OK)
                return rc;
        return answer(response, 200, json_pack("{s:o}", "alarms", json_alarms(rows, count)), err);
}

enum rc alarm_delete(void *context, struct request *request, struct response *response,
                     struct err *err)
{
        const struct actor actor = request_actor(request);
        uint64_t id = 0;
        enum rc rc;

        if (number_parse_u64(request->params[0], INT64_MAX, &id) != RC_OK)
                return err_set(err, RC_NOT_FOUND, "no alarm \"%.32s\"", request->params[0]);
        rc = alarm_clear(context, &actor, (int64_t)id, err);
        if (rc == RC_OK)
                response_status(response, 204);
        return rc;
}
