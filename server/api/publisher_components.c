/* SPDX-License-Identifier: Apache-2.0 */
/* /v1/snap/{name}/components: what there is, and which goes with which revision. */
#include "core/model/name.h"
#include "server/api/publisher.h"
#include "server/domain/components.h"
#include <string.h>

/* The revisions that this component revision goes with now. */
static json_t *pairs_json(const struct components *list, const struct component_row *row)
{
        json_t *pairs = json_array();

        for (size_t i = 0; i < list->pair_count; i++)
                if (list->pairs[i].number == row->number &&
                    strcmp(list->pairs[i].name, row->name) == 0)
                        json_array_append_new(pairs,
                                              json_integer((json_int_t)list->pairs[i].revision));
        return pairs;
}

static json_t *component_json(const struct components *list, const struct component_row *row)
{
        char digest[DIGEST_HEX_CHARS + 1];

        digest_hex(&row->digest, digest);
        return json_pack("{s:s, s:I, s:s, s:s, s:s, s:s, s:I, s:o, s:o}", "name", row->name,
                         "revision", (json_int_t)row->number, "type", row->type, "version",
                         row->version, "summary", row->summary, "sha3-384", digest, "size",
                         (json_int_t)row->bytes, "created-at", json_time(row->created),
                         "snap-revisions", pairs_json(list, row));
}

enum rc component_list_get(void *context, struct request *request, struct response *response,
                           struct err *err)
{
        const struct actor actor = request_actor(request);
        struct components list = {.count = 0};
        struct page page = {0, 0};
        json_t *items;
        enum rc rc;

        rc = identity_may(request_identity(request), "package-view", err);
        if (rc == RC_OK)
                rc = components_list(context, &actor, request->params[0], request->arena, &list,
                                     err);
        if (rc == RC_OK)
                rc = request_page(request, list.count, &page, err);
        if (rc != RC_OK)
                return rc;
        items = json_array();
        for (size_t i = page.first; i < page.end; i++)
                json_array_append_new(items, component_json(&list, &list.rows[i]));
        return answer(response, 200, json_pack("{s:o}", "components", items), err);
}

/* {"components":{NAME:REVISION}} */
static enum rc asks_read(const json_t *body, struct component_ask *ret, size_t *ret_count,
                         struct err *err)
{
        const json_t *map = NULL;
        const char *name;
        json_t *number;
        enum rc rc;

        rc = jsonx_get_object(body, "components", JSONX_MUST, &map, err);
        if (rc != RC_OK)
                return rc;
        if (json_object_size(map) > PACKAGE_COMPONENTS_MAX)
                return err_set(err, RC_INVALID, "a revision has %d components at most",
                               PACKAGE_COMPONENTS_MAX);
        json_object_foreach((json_t *)map, name, number)
        {
                if (!name_is_snap(name) || !json_is_integer(number) ||
                    json_integer_value(number) <= 0)
                        return err_set(err, RC_INVALID,
                                       "\"components\" maps names of components to revisions");
                ret[(*ret_count)++] =
                        (struct component_ask){name, (uint64_t)json_integer_value(number)};
        }
        return RC_OK;
}

enum rc component_pair_post(void *context, struct request *request, struct response *response,
                            struct err *err)
{
        CLEANUP(jsonx_decref) json_t *body = NULL;
        const struct actor actor = request_actor(request);
        struct component_ask asks[PACKAGE_COMPONENTS_MAX];
        uint64_t revision = 0;
        size_t count = 0;
        json_t *paired;
        enum rc rc;

        rc = identity_may(request_identity(request), "package-push", err);
        if (rc == RC_OK)
                rc = api_body(request, &body, err);
        if (rc == RC_OK && number_parse_u64(request->params[1], INT64_MAX, &revision) != RC_OK)
                rc = err_set(err, RC_INVALID, "\"%.40s\" is no revision", request->params[1]);
        if (rc == RC_OK)
                rc = asks_read(body, asks, &count, err);
        if (rc == RC_OK)
                rc = components_pair(context, &actor, request->params[0], revision, asks, count,
                                     request->arena, err);
        if (rc != RC_OK)
                return rc;
        paired = json_array();
        for (size_t i = 0; i < count; i++)
                json_array_append_new(paired, json_pack("{s:s, s:I}", "name", asks[i].name,
                                                        "revision", (json_int_t)asks[i].number));
        return answer(
                response, 200,
                json_pack("{s:I, s:o}", "revision", (json_int_t)revision, "resources", paired),
                err);
}
