/* SPDX-License-Identifier: Apache-2.0 */
/* /api/v1/views: what each model sees. A model of another brand than the settings' has ?brand=. */
#include "server/api/publisher.h"
#include "server/domain/model_view.h"
#include <string.h>

static json_t *rule_json(const struct catalog *catalog, const struct model_rule *rule)
{
        static const char *const names[] = {
                [VIEW_SILENT] = "none", [VIEW_INCLUDE] = "include", [VIEW_EXCLUDE] = "exclude"};
        const struct catalog_package *package = catalog_find_id(catalog, rule->snap_id);
        json_t *pin = json_null();

        if (rule->pin.revision)
                pin = json_pack("{s:I}", "revision", (json_int_t)rule->pin.revision);
        else if (*rule->pin.channel)
                pin = json_pack("{s:s}", "channel", rule->pin.channel);
        return json_pack("{s:s, s:s, s:s, s:b, s:o}", "name",
                         package ? package->name : rule->snap_id, "snap-id", rule->snap_id, "rule",
                         names[rule->rule], "private", (int)(package && package->is_private), "pin",
                         pin);
}

static json_t *view_json(const struct catalog *catalog, const struct view_model *model,
                         const struct model_view *view)
{
        json_t *packages = json_array();

        for (size_t i = 0; view && i < view->rule_count; i++)
                json_array_append_new(packages, rule_json(catalog, &view->rules[i]));
        return json_pack("{s:s, s:s, s:s, s:s, s:b, s:o}", "brand-id", model->brand_id, "model",
                         model->model, "store", model->store_id, "mode",
                         view && view->only_listed ? "listed" : "all", "decided", view != NULL,
                         "packages", packages);
}

static enum rc model_read(const struct world *world, const struct request *request,
                          struct view_model *ret, struct err *err)
{
        return model_view_name(world, request_identity(request)->catalog,
                               request_query(request, "brand"), request->params[0], request->arena,
                               ret, err);
}

/* The view as it is now, after what the request did. */
static enum rc view_answer(struct world *world, const struct view_model *model,
                           struct response *response, struct err *err)
{
        const struct catalog *catalog = catalog_acquire(world->catalog);
        const enum rc rc =
                answer(response, 200,
                       view_json(catalog, model,
                                 catalog_find_view(catalog, model->brand_id, model->model)),
                       err);

        catalog_release(world->catalog, catalog);
        return rc;
}

enum rc view_list_get(void *context, struct request *request, struct response *response,
                      struct err *err)
{
        const struct catalog *catalog = request_identity(request)->catalog;
        struct page page = {0, 0};
        json_t *list;
        enum rc rc;

        rc = request_page(request, catalog_view_count(catalog), &page, err);
        if (rc != RC_OK)
                return rc;
        list = json_array();
        for (size_t i = page.first; i < page.end; i++) {
                const struct model_view *view = catalog_view_at(catalog, i);
                struct view_model model;

                rc = model_view_name(context, catalog, view->brand_id, view->model, request->arena,
                                     &model, err);
                if (rc == RC_OK)
                        json_array_append_new(list, view_json(catalog, &model, view));
        }
        return answer(response, 200, json_pack("{s:o}", "views", list), err);
}

enum rc view_get(void *context, struct request *request, struct response *response, struct err *err)
{
        struct view_model model;
        const enum rc rc = model_read(context, request, &model, err);

        return rc == RC_OK ? view_answer(context, &model, response, err) : rc;
}

enum rc view_patch(void *context, struct request *request, struct response *response,
                   struct err *err)
{
        CLEANUP(jsonx_decref) json_t *body = NULL;
        const struct actor actor = request_actor(request);
        struct view_model model;
        const char *mode = NULL;
        enum rc rc;

        rc = model_read(context, request, &model, err);
        if (rc == RC_OK)
                rc = api_body(request, &body, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(body, "mode", JSONX_MUST, NAME_TEXT_MAX, &mode, err);
        if (rc != RC_OK)
                return rc;
        if (strcmp(mode, "all") && strcmp(mode, "listed"))
                return err_set(err, RC_INVALID, "\"mode\" is all or listed");
        rc = model_view_set(context, &actor, &model, strcmp(mode, "listed") == 0, err);
        return rc == RC_OK ? view_answer(context, &model, response, err) : rc;
}

enum rc view_delete(void *context, struct request *request, struct response *response,
                    struct err *err)
{
        const struct actor actor = request_actor(request);
        struct view_model model;
        enum rc rc;

        rc = model_read(context, request, &model, err);
        if (rc == RC_OK)
                rc = model_view_reset(context, &actor, &model, err);
        return rc == RC_OK ? view_answer(context, &model, response, err) : rc;
}

/* null ends a pin, absent leaves it. */
static enum rc pin_read(const json_t *body, struct view_pin *ret, bool *ret_given, struct err *err)
{
        const json_t *pin = json_object_get(body, "pin");
        int64_t revision = 0;
        enum rc rc;

        *ret = (struct view_pin){0, ""};
        *ret_given = pin != NULL;
        if (!pin || json_is_null(pin))
                return RC_OK;
        if (!json_is_object(pin))
                return err_set(err, RC_INVALID, "\"pin\" is null, or has a revision or a channel");
        rc = jsonx_get_int(pin, "revision", JSONX_MAY, 1, INT64_MAX, &revision, err);
        if (rc == RC_OK)
                rc = json_get_text(pin, "channel", CHANNEL_MAX, &ret->channel, err);
        ret->revision = (uint64_t)revision;
        return rc;
}

enum rc view_package_post(void *context, struct request *request, struct response *response,
                          struct err *err)
{
        CLEANUP(jsonx_decref) json_t *body = NULL;
        const struct actor actor = request_actor(request);
        struct model_rule_change change = {.package = NULL};
        enum view_rule rule = VIEW_SILENT;
        struct view_model model;
        struct view_pin pin;
        bool rule_given = false;
        bool pin_given = false;
        enum rc rc;

        rc = model_read(context, request, &model, err);
        if (rc == RC_OK)
                rc = api_body(request, &body, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(body, "package", JSONX_MUST, NAME_TEXT_MAX, &change.package,
                                    err);
        if (rc == RC_OK)
                rc = json_get_rule(body, "rule", JSONX_MAY, &rule, &rule_given, err);
        if (rc == RC_OK)
                rc = pin_read(body, &pin, &pin_given, err);
        if (rc != RC_OK)
                return rc;
        change.rule = rule_given ? &rule : NULL;
        change.pin = pin_given ? &pin : NULL;
        rc = model_view_change(context, &actor, &model, &change, err);
        return rc == RC_OK ? view_answer(context, &model, response, err) : rc;
}
