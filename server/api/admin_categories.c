/* SPDX-License-Identifier: Apache-2.0 */
/* /api/v1/categories: the operator's list. */
#include "server/api/publisher.h"
#include "server/domain/category.h"

enum rc category_list_get(void *context, struct request *request, struct response *response,
                          struct err *err)
{
        const struct actor actor = request_actor(request);
        const struct category_detail *list = NULL;
        json_t *categories;
        size_t count = 0;
        const enum rc rc = category_list(context, &actor, request->arena, &list, &count, err);

        if (rc != RC_OK)
                return rc;
        categories = json_array();
        for (size_t i = 0; i < count; i++)
                json_array_append_new(categories,
                                      json_pack("{s:s, s:I, s:o}", "name", list[i].name, "packages",
                                                (json_int_t)list[i].package_count, "created-at",
                                                json_time(list[i].created)));
        return answer(response, 200, json_pack("{s:o}", "categories", categories), err);
}

enum rc category_add_post(void *context, struct request *request, struct response *response,
                          struct err *err)
{
        CLEANUP(jsonx_decref) json_t *body = NULL;
        const struct actor actor = request_actor(request);
        const char *name = "";
        enum rc rc = api_body(request, &body, err);

        if (rc == RC_OK)
                rc = jsonx_get_text(body, "name", JSONX_MUST, NAME_TEXT_MAX, &name, err);
        if (rc == RC_OK)
                rc = category_add(context, &actor, name, err);
        return rc == RC_OK ? answer(response, 201, json_pack("{s:s}", "name", name), err) : rc;
}

enum rc category_remove_delete(void *context, struct request *request, struct response *response,
                               struct err *err)
{
        const struct actor actor = request_actor(request);
        const char *name = request->params[0];
        const enum rc rc = category_remove(context, &actor, name, err);

        return rc == RC_OK ? answer(response, 200, json_pack("{s:s}", "name", name), err) : rc;
}
