/* SPDX-License-Identifier: Apache-2.0 */
/* /api/v1/models/{brand}/{model}/policy, .../devices, /api/v1/remodels: who may register. */
#include "core/model/name.h"
#include "server/api/publisher.h"
#include "server/domain/policy_list.h"
#include "server/domain/remodel.h"
#include <string.h>

static json_t *json_policy(const struct policy *policy)
{
        return json_pack(
                "{s:s, s:s, s:s, s:o, s:b, s:b, s:I, s:I, s:I}", "brand-id", policy->brand_id,
                "model", policy->model, "mode", policy_mode_name(policy->mode), "quota",
                policy->quota == POLICY_NO_QUOTA ? json_null() : json_integer(policy->quota),
                "api-key", (int)policy->has_api_key, "proposed-serials", (int)policy->proposed,
                "registered", (json_int_t)policy->registered, "waiting",
                (json_int_t)policy->waiting, "listed", (json_int_t)policy->listed);
}

enum rc policy_show_get(void *context, struct request *request, struct response *response,
                        struct err *err)
{
        struct policy policy;
        enum rc rc;

        rc = policy_get(context, request->params[0], request->params[1], request->arena, &policy,
                        err);
        return rc == RC_OK ? answer(response, 200, json_policy(&policy), err) : rc;
}

static enum rc change_read(const json_t *body, struct policy_change *ret, struct err *err)
{
        const json_t *quota = json_object_get(body, "quota");
        const char *key = NULL;
        enum rc rc;

        *ret = (struct policy_change){.quota = POLICY_NO_QUOTA};
        rc = jsonx_get_text(body, "mode", JSONX_MAY, 32, &ret->mode, err);
        if (rc == RC_OK)
                rc = jsonx_get_int(body, "quota", JSONX_MAY, 0, INT32_MAX, &ret->quota, err);
        if (rc == RC_OK)
                rc = jsonx_get_bool(body, "proposed-serials", JSONX_MAY, &ret->proposed, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(body, "api-key", JSONX_MAY, 16, &key, err);
        if (rc != RC_OK)
                return rc;
        ret->quota_set = quota != NULL; /* null: no quota any more */
        ret->proposed_set = json_is_boolean(json_object_get(body, "proposed-serials"));
        if (key && strcmp(key, "new") != 0 && strcmp(key, "none") != 0)
                return err_set(err, RC_INVALID, "\"api-key\" is \"new\" or \"none\"");
        if (key)
                ret->api_key = strcmp(key, "new") == 0 ? POLICY_KEY_NEW : POLICY_KEY_NONE;
        return RC_OK;
}

enum rc policy_patch(void *context, struct request *request, struct response *response,
                     struct err *err)
{
        CLEANUP(jsonx_decref) json_t *body = NULL;
        CLEANUP(jsonx_decref) json_t *json = NULL;
        const struct actor actor = request_actor(request);
        char key[POLICY_KEY_CHARS + 1] = "";
        struct policy_change change;
        struct policy policy;
        enum rc rc;

        rc = api_body(request, &body, err);
        if (rc == RC_OK)
                rc = change_read(body, &change, err);
        if (rc == RC_OK)
                rc = policy_set(context, &actor, request->params[0], request->params[1], &change,
                                key, request->arena, &policy, err);
        if (rc != RC_OK)
                return rc;
        json = json_policy(&policy);
        if (change.api_key == POLICY_KEY_NEW)
                json_object_set_new(json, "new-api-key", json_string(key));
        bytes_wipe(key, sizeof(key));
        response_header(response, "Cache-Control", "no-store");
        return answer(response, 200, json_incref(json), err);
}

/* --- lists --- */

enum rc allow_list_get(void *context, struct request *request, struct response *response,
                       struct err *err)
{
        const char *serial = request_query(request, "after-serial");
        const char *key_id = request_query(request, "after-key");
        const struct allow_row *rows = NULL;
        size_t count = 0;
        json_t *list;
        enum rc rc;

        rc = allow_list(context, request->params[0], request->params[1], serial ? serial : "",
                        key_id ? key_id : "", ALLOW_PAGE_MAX, request->arena, &rows, &count, err);
        if (rc != RC_OK)
                return rc;
        list = json_array();
        for (size_t i = 0; i < count; i++)
                json_array_append_new(list,
                                      json_pack("{s:s, s:s, s:s, s:o}", "serial", rows[i].serial,
                                                "key-id", rows[i].key_id, "note", rows[i].note,
                                                "added", json_time(rows[i].created)));
        return answer(response, 200, json_pack("{s:o}", "devices", list), err);
}

static enum rc allow_answer(void *context, struct request *request, struct response *response,
                            bool remove, struct err *err)
{
        const struct actor actor = request_actor(request);
        struct allow_result result = {0, 0};
        enum rc rc;

        rc = allow_change(context, &actor, request->params[0], request->params[1], request->body,
                          request->body_bytes, remove, &result, err);
        if (rc != RC_OK)
                return rc;
        return answer(response, 200,
                      json_pack("{s:I, s:I}", remove ? "removed" : "added",
                                (json_int_t)result.changed, "unchanged",
                                (json_int_t)result.unchanged),
                      err);
}

enum rc allow_post(void *context, struct request *request, struct response *response,
                   struct err *err)
{
        return allow_answer(context, request, response, false, err);
}

enum rc allow_remove_post(void *context, struct request *request, struct response *response,
                          struct err *err)
{
        return allow_answer(context, request, response, true, err);
}

/* --- remodels --- */

static enum rc remodel_read(struct request *request, struct remodel_row *ret, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *body = NULL;
        static const char *const fields[] = {"from-brand-id", "from-model", "to-brand-id",
                                             "to-model"};
        const char **const places[] = {&ret->from_brand_id, &ret->from_model, &ret->to_brand_id,
                                       &ret->to_model};
        enum rc rc;

        rc = api_body(request, &body, err);
        for (size_t i = 0; rc == RC_OK && i < ARRAY_COUNT(fields); i++) {
                rc = jsonx_get_text(body, fields[i], JSONX_MUST, NAME_TEXT_MAX, places[i], err);
                if (rc == RC_OK && !(*places[i] = arena_strdup(request->arena, *places[i])))
                        rc = err_set(err, RC_NOMEM, "no memory for a remodel");
        }
        return rc;
}

static json_t *json_remodel(const struct remodel_row *row)
{
        return json_pack("{s:s, s:s, s:s, s:s}", "from-brand-id", row->from_brand_id, "from-model",
                         row->from_model, "to-brand-id", row->to_brand_id, "to-model",
                         row->to_model);
}

static enum rc remodel_answer(void *context, struct request *request, struct response *response,
                              bool allow, struct err *err)
{
        const struct actor actor = request_actor(request);
        struct remodel_row row = {.created = 0};
        enum rc rc;

        rc = remodel_read(request, &row, err);
        if (rc == RC_OK)
                rc = remodel_allow(context, &actor, &row, allow, err);
        return rc == RC_OK ? answer(response, 200, json_remodel(&row), err) : rc;
}

enum rc remodel_post(void *context, struct request *request, struct response *response,
                     struct err *err)
{
        return remodel_answer(context, request, response, true, err);
}

enum rc remodel_remove_post(void *context, struct request *request, struct response *response,
                            struct err *err)
{
        return remodel_answer(context, request, response, false, err);
}

enum rc remodel_list_get(void *context, struct request *request, struct response *response,
                         struct err *err)
{
        const struct remodel_row *rows = NULL;
        size_t count = 0;
        json_t *list;
        enum rc rc;

        rc = remodel_list(context, request->arena, &rows, &count, err);
        if (rc != RC_OK)
                return rc;
        list = json_array();
        for (size_t i = 0; i < count; i++)
                json_array_append_new(list, json_remodel(&rows[i]));
        return answer(response, 200, json_pack("{s:o}", "remodels", list), err);
}
