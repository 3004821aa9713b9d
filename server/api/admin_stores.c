/* SPDX-License-Identifier: Apache-2.0 */
/* /api/v1/stores: the stores of this server and what each includes of others. */
#include "server/api/publisher.h"
#include "server/domain/stores.h"
#include <string.h>

#define TITLE_TEXT_MAX 512

/* The packages of a rule by name; an id where the package is gone. */
static json_t *packages_json(const struct catalog *catalog, const char *const *ids, size_t count)
{
        json_t *list = json_array();

        for (size_t i = 0; i < count; i++) {
                const struct catalog_package *package = catalog_find_id(catalog, ids[i]);

                json_array_append_new(list, json_pack("{s:s, s:s}", "name",
                                                      package ? package->name : ids[i], "snap-id",
                                                      ids[i]));
        }
        return list;
}

static json_t *texts_json(const char *const *texts, size_t count)
{
        json_t *list = json_array();

        for (size_t i = 0; i < count; i++)
                json_array_append_new(list, json_string(texts[i]));
        return list;
}

static json_t *store_json(const struct catalog *catalog, const char *store_id, bool is_own)
{
        static const struct store_rules none = {.title = ""};
        const struct store_rules *rules = catalog_find_store(catalog, store_id);
        const struct assertion *assertion = catalog_get_assertion(catalog, "store", store_id, 0);
        const char *operator_id = assertion ? assertion_text(assertion, "operator-id") : NULL;
        const char *stores[STORES_MAX];
        const size_t count = catalog_stores_of(catalog, store_id, stores);
        json_int_t own = 0;
        json_int_t offered = 0;

        for (size_t i = 0; i < catalog_package_count(catalog); i++) {
                const struct catalog_package *package = catalog_package_at(catalog, i);

                own += strcmp(package->store_id, store_id) == 0;
                offered += visibility_is_visible(catalog_store_offers(catalog, store_id, package));
        }
        rules = rules ? rules : &none;
        return json_pack("{s:s, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:I, s:I}", "store", store_id,
                         "title", rules->title, "own", (int)is_own, "operator-id",
                         operator_id ? json_string(operator_id) : json_null(), "includes",
                         texts_json(rules->parents, rules->parent_count), "offers-of",
                         texts_json(stores + 1, count - 1), "excluded",
                         packages_json(catalog, rules->excluded, rules->excluded_count), "included",
                         packages_json(catalog, rules->included, rules->included_count), "packages",
                         own, "offered", offered);
}

static bool is_own(const struct world *world, const char *store_id)
{
        return strcmp(store_id, world_text(world, SET_STORE_ID)) == 0;
}

/* The store as it is now, after what the request did. */
static enum rc store_answer(struct world *world, const char *store_id, int status,
                            struct response *response, struct err *err)
{
        const struct catalog *catalog = catalog_acquire(world->catalog);
        enum rc rc;

        if (stores_is_here(world, catalog, store_id))
                rc = answer(response, status,
                            store_json(catalog, store_id, is_own(world, store_id)), err);
        else
                rc = err_set(err, RC_NOT_FOUND, "there is no store \"%.64s\" on this server",
                             store_id);
        catalog_release(world->catalog, catalog);
        return rc;
}

enum rc store_list_get(void *context, struct request *request, struct response *response,
                       struct err *err)
{
        const struct catalog *catalog = request_identity(request)->catalog;
        const char *own = world_text(context, SET_STORE_ID);
        json_t *list = json_array();

        json_array_append_new(list, store_json(catalog, own, true));
        for (size_t i = 0; i < catalog_store_count(catalog); i++) {
                const char *store_id = catalog_store_at(catalog, i)->store_id;

                if (strcmp(store_id, own))
                        json_array_append_new(list, store_json(catalog, store_id, false));
        }
        return answer(response, 200, json_pack("{s:o}", "stores", list), err);
}

enum rc store_get(void *context, struct request *request, struct response *response,
                  struct err *err)
{
        return store_answer(context, request->params[0], 200, response, err);
}

enum rc store_create_post(void *context, struct request *request, struct response *response,
                          struct err *err)
{
        CLEANUP(jsonx_decref) json_t *body = NULL;
        const struct actor actor = request_actor(request);
        struct stores_ask ask = {.store_id = NULL};
        enum rc rc;

        rc = api_body(request, &body, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(body, "store", JSONX_MUST, NAME_TEXT_MAX, &ask.store_id, err);
        if (rc == RC_OK)
                rc = json_get_text(body, "title", TITLE_TEXT_MAX, &ask.title, err);
        if (rc == RC_OK)
                rc = json_get_text(body, "operator-id", NAME_TEXT_MAX, &ask.operator_id, err);
        if (rc == RC_OK)
                rc = stores_create(context, &actor, &ask, request->arena, err);
        return rc == RC_OK ? store_answer(context, ask.store_id, 201, response, err) : rc;
}

static enum rc include_set(struct world *world, const struct request *request,
                           const char *parent_id, bool is_on, struct response *response,
                           struct err *err)
{
        const struct actor actor = request_actor(request);
        const char *store_id = request->params[0];
        const enum rc rc =
                stores_include(world, &actor, store_id, parent_id, is_on, request->arena, err);

        return rc == RC_OK ? store_answer(world, store_id, 200, response, err) : rc;
}

enum rc store_include_post(void *context, struct request *request, struct response *response,
                           struct err *err)
{
        CLEANUP(jsonx_decref) json_t *body = NULL;
        const char *parent_id = NULL;
        enum rc rc;

        rc = api_body(request, &body, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(body, "store", JSONX_MUST, NAME_TEXT_MAX, &parent_id, err);
        return rc == RC_OK ? include_set(context, request, parent_id, true, response, err) : rc;
}

enum rc store_include_delete_delete(void *context, struct request *request,
                                    struct response *response, struct err *err)
{
        return include_set(context, request, request->params[1], false, response, err);
}

enum rc json_get_rule(const json_t *object, const char *field, enum jsonx_need need,
                      enum view_rule *ret, bool *ret_given, struct err *err)
{
        static const char *const names[] = {
                [VIEW_SILENT] = "none", [VIEW_INCLUDE] = "include", [VIEW_EXCLUDE] = "exclude"};
        const char *text = NULL;
        const enum rc rc = jsonx_get_text(object, field, need, NAME_TEXT_MAX, &text, err);

        *ret_given = rc == RC_OK && text;
        if (rc != RC_OK || !text)
                return rc;
        for (size_t i = 0; i < ARRAY_COUNT(names); i++)
                if (strcmp(names[i], text) == 0) {
                        *ret = (enum view_rule)i;
                        return RC_OK;
                }
        return err_set(err, RC_INVALID, "\"%s\" is include, exclude or none", field);
}

enum rc store_package_post(void *context, struct request *request, struct response *response,
                           struct err *err)
{
        CLEANUP(jsonx_decref) json_t *body = NULL;
        const struct actor actor = request_actor(request);
        enum view_rule rule = VIEW_SILENT;
        const char *package = NULL;
        bool given;
        enum rc rc;

        rc = api_body(request, &body, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(body, "package", JSONX_MUST, NAME_TEXT_MAX, &package, err);
        if (rc == RC_OK)
                rc = json_get_rule(body, "rule", JSONX_MUST, &rule, &given, err);
        if (rc == RC_OK)
                rc = stores_rule(context, &actor, request->params[0], package, rule, err);
        return rc == RC_OK ? store_answer(context, request->params[0], 200, response, err) : rc;
}
