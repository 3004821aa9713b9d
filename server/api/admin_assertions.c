/* SPDX-License-Identifier: Apache-2.0 */
/* /api/v1/assertions and /api/v1/models: what is imported, and models that are issued here. */
#include "server/api/publisher.h"
#include "server/domain/import.h"
#include "server/domain/sign.h"
#include <string.h>

#define HEADERS_DEPTH_MAX 10
#define HEADERS_ITEMS_MAX 1024
#define HEADERS_TEXT_MAX  4096

enum rc assertion_import_post(void *context, struct request *request, struct response *response,
                              struct err *err)
{
        const struct actor actor = request_actor(request);
        struct imported *results = NULL;
        size_t count = 0;
        enum rc rc;

        rc = import_stream(context, actor.account_id, request->body, request->body_bytes,
                           TRUST_DEFAULT, request->arena, &results, &count, err);
        /* An expired signing key is a fault of the assertion, not of the token. */
        if (rc == RC_EXPIRED)
                return RC_UNTRUSTED;
        if (rc != RC_OK)
                return rc;
        return answer(response, 200,
                      json_pack("{s:o}", "assertions", json_imported(results, count)), err);
}

/* --- models --- */

static json_t *text_or_null(const char *text)
{
        return text ? json_string(text) : json_null();
}

enum rc model_list_get(void *context, struct request *request, struct response *response,
                       struct err *err)
{
        const struct catalog *catalog = request_identity(request)->catalog;
        size_t first = 0;
        const size_t count = catalog_assertions_of(catalog, "model", &first);
        struct page page = {0, 0};
        json_t *list;
        enum rc rc;

        (void)context;
        rc = request_page(request, count, &page, err);
        if (rc != RC_OK)
                return rc;
        list = json_array();
        for (size_t i = first + page.first; i < first + page.end; i++) {
                const struct catalog_assertion *entry = catalog_assertion_at(catalog, i);
                const struct assertion *model = entry->revisions[entry->count - 1];

                json_array_append_new(
                        list,
                        json_pack("{s:s, s:s, s:I, s:o, s:o, s:o}", "brand-id", model->pk[1],
                                  "model", model->pk[2], "revision", (json_int_t)model->revision,
                                  "store", text_or_null(assertion_text(model, "store")),
                                  "architecture",
                                  text_or_null(assertion_text(model, "architecture")), "base",
                                  text_or_null(assertion_text(model, "base"))));
        }
        return answer(response, 200, json_pack("{s:o}", "models", list), err);
}

static enum rc value_read(const json_t *json, unsigned depth, struct arena *arena,
                          struct value *ret, struct err *err);

static enum rc members_read(const json_t *json, unsigned depth, struct arena *arena,
                            struct value *ret, struct err *err)
{
        const bool is_map = json_is_object(json);
        const size_t count = is_map ? json_object_size(json) : json_array_size(json);
        struct value *items = arena_alloc_array(arena, count, sizeof(*items));
        const char **names = arena_alloc_array(arena, count, sizeof(const char *));
        void *at = json_object_iter((json_t *)json);

        if (!items || !names)
                return err_set(err, RC_NOMEM, "no memory for headers");
        if (count > HEADERS_ITEMS_MAX)
                return err_set(err, RC_INVALID, "more than %d members in a header",
                               HEADERS_ITEMS_MAX);
        for (size_t i = 0; i < count; i++) {
                const json_t *item = is_map ? json_object_iter_value(at) : json_array_get(json, i);
                const enum rc rc = value_read(item, depth + 1, arena, &items[i], err);

                if (rc != RC_OK)
                        return rc;
                if (is_map) {
                        names[i] = json_object_iter_key(at);
                        at = json_object_iter_next((json_t *)json, at);
                }
        }
        *ret = (struct value){.kind = is_map ? VALUE_MAP : VALUE_LIST,
                              .count = count,
                              .items = items,
                              .names = names};
        return RC_OK;
}

/* Calls itself HEADERS_DEPTH_MAX times at most, whatever the body holds. */
static enum rc value_read(const json_t *json, unsigned depth, struct arena *arena,
                          struct value *ret, struct err *err)
{
        if (depth > HEADERS_DEPTH_MAX)
                return err_set(err, RC_INVALID, "headers nest %d levels at most",
                               HEADERS_DEPTH_MAX);
        if (json_is_object(json) || json_is_array(json))
                return members_read(json, depth, arena, ret, err);
        *ret = (struct value){.kind = VALUE_TEXT};
        if (json_is_boolean(json))
                ret->text = json_is_true(json) ? "true" : "false";
        else if (json_is_integer(json))
                ret->text = arena_printf(arena, "%lld", (long long)json_integer_value(json));
        else if (json_is_string(json) && json_string_length(json) <= HEADERS_TEXT_MAX)
                ret->text = json_string_value(json);
        else
                return err_set(err, RC_INVALID, "headers are texts, lists and maps");
        return ret->text ? RC_OK : err_set(err, RC_NOMEM, "no memory for headers");
}

static enum rc signed_send(void *world, struct request *request, const struct sign_ask *ask,
                           struct response *response, struct err *err)
{
        const struct actor actor = request_actor(request);
        const struct assertion *made = NULL;
        const enum rc rc = assertion_sign(world, &actor, ask, request->arena, &made, err);

        if (rc != RC_OK)
                return rc;
        return answer(response, 201,
                      json_pack("{s:s, s:I, s:s%}", "ref", assertion_ref(request->arena, made),
                                "revision", (json_int_t)made->revision, "assertion", made->bytes,
                                made->bytes_count),
                      err);
}

PUBLISHER_HANDLER(assertion_sign_post)
{
        CLEANUP(jsonx_decref) json_t *body = NULL;
        struct sign_ask ask = {.type = NULL};
        const json_t *given = NULL;
        struct value headers;
        enum rc rc;

        rc = api_body(request, &body, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(body, "type", JSONX_MUST, NAME_TEXT_MAX, &ask.type, err);
        if (rc == RC_OK)
                rc = json_get_text(body, "body", PUBLISHER_BODY_MAX, &ask.body, err);
        if (rc == RC_OK)
                rc = jsonx_get_object(body, "headers", JSONX_MUST, &given, err);
        if (rc == RC_OK)
                rc = value_read(given, 0, request->arena, &headers, err);
        ask.headers = &headers;
        return rc == RC_OK ? signed_send(context, request, &ask, response, err) : rc;
}

enum rc model_issue_post(void *context, struct request *request, struct response *response,
                         struct err *err)
{
        CLEANUP(jsonx_decref) json_t *body = NULL;
        struct sign_ask ask = {.type = "model", .body = ""};
        const json_t *given = NULL;
        struct value headers;
        enum rc rc;

        rc = api_body(request, &body, err);
        if (rc == RC_OK)
                rc = jsonx_get_object(body, "headers", JSONX_MUST, &given, err);
        if (rc == RC_OK)
                rc = value_read(given, 0, request->arena, &headers, err);
        ask.headers = &headers;
        return rc == RC_OK ? signed_send(context, request, &ask, response, err) : rc;
}
