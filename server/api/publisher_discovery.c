/* SPDX-License-Identifier: Apache-2.0 */
/* What a package is found by: links and categories as JSON; /api/v1/packages/{name}/media. */
#include "server/api/publisher.h"
#include "server/domain/package_media.h"
#include <string.h>

/* --- links and categories of a package --- */

static json_t *json_links(const struct package_detail *detail)
{
        json_t *links = json_object();

        for (size_t i = 0; i < detail->link_count; i++) {
                const struct link_row *row = &detail->links[i];

                if (!json_object_get(links, row->kind))
                        json_object_set_new(links, row->kind, json_array());
                json_array_append_new(json_object_get(links, row->kind), json_string(row->url));
        }
        return links;
}

static bool is_featured(const struct package_category_row *row)
{
        return strcmp(row->name, CATEGORY_FEATURED) == 0;
}

/* What people set, and the newest revision's own icon while none is set. Rows come by revision. */
static bool is_told(const struct package_detail *detail, size_t at)
{
        const bool has_icon = strcmp(detail->media[0].kind, media_kind_name(MEDIA_ICON)) == 0 &&
                              detail->media[0].revision == 0;

        return detail->media[at].revision == 0 || (!has_icon && at == detail->media_count - 1);
}

static json_t *json_media(const struct package_detail *detail)
{
        json_t *list = json_array();

        for (size_t i = 0; i < detail->media_count; i++) {
                const struct media_row *row = &detail->media[i];
                enum media_format format = MEDIA_PNG;
                char hex[DIGEST_HEX_CHARS + 1];

                if (!is_told(detail, i))
                        continue;

                digest_hex(&row->digest, hex);
                if (media_format_parse(row->format, &format, NULL) != RC_OK)
                        continue;
                json_array_append_new(
                        list,
                        json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:s, s:o, s:o}", "type",
                                  row->kind, "format", row->format, "sha3-384", hex, "size",
                                  (json_int_t)row->bytes, "width", (json_int_t)row->width, "height",
                                  (json_int_t)row->height, "origin",
                                  row->revision ? "package" : "set", "path",
                                  json_sprintf("/media/%s%s", hex, media_format_suffix(format)),
                                  "revision",
                                  row->revision ? json_integer((json_int_t)row->revision)
                                                : json_null()));
        }
        return list;
}

void json_put_discovery(json_t *object, const struct package_detail *detail)
{
        json_t *categories = json_array();
        bool featured = false;

        for (size_t i = 0; i < detail->category_count; i++) {
                if (is_featured(&detail->categories[i]))
                        featured = true;
                else
                        json_array_append_new(categories, json_string(detail->categories[i].name));
        }
        json_object_set_new(object, "links", json_links(detail));
        json_object_set_new(object, "categories", categories);
        json_object_set_new(object, "featured", json_boolean(featured));
        json_object_set_new(object, "media", json_media(detail));
}

static enum rc texts_read(const json_t *list, const char *what, size_t max, size_t max_bytes,
                          struct arena *arena, const char *const **ret, size_t *ret_count,
                          struct err *err)
{
        const size_t count = json_array_size(list);
        const char **texts;

        if (!json_is_array(list) || count > max)
                return err_set(err, RC_INVALID, "\"%.40s\" is a list of at most %zu texts", what,
                               max);
        texts = arena_alloc_array(arena, count + 1, sizeof(const char *));
        if (!texts)
                return err_set(err, RC_NOMEM, "no memory for a request");
        for (size_t i = 0; i < count; i++) {
                texts[i] = json_string_value(json_array_get(list, i));
                if (!texts[i] || strlen(texts[i]) > max_bytes)
                        return err_set(err, RC_INVALID,
                                       "\"%.40s\" is a list of texts of at most %zu bytes", what,
                                       max_bytes);
        }
        *ret = texts;
        *ret_count = count;
        return RC_OK;
}

static enum rc links_read(const json_t *links, struct arena *arena, struct package_change *change,
                          struct err *err)
{
        struct link_change *list =
                arena_alloc_array(arena, json_object_size(links) + 1, sizeof(*list));
        const char *kind;
        json_t *value;
        enum rc rc = RC_OK;

        if (json_object_size(links) > LINKS_MAX)
                return err_set(err, RC_INVALID, "too many kinds of links");
        if (!list)
                return err_set(err, RC_NOMEM, "no memory for a request");
        json_object_foreach((json_t *)links, kind, value)
        {
                struct link_change *link = &list[change->link_count];

                link->kind = kind;
                rc = texts_read(value, kind, LINKS_MAX, LINK_URL_MAX, arena, &link->urls,
                                &link->count, err);
                if (rc != RC_OK)
                        return rc;
                change->link_count++;
        }
        change->links = list;
        return RC_OK;
}

enum rc json_get_discovery(const json_t *body, struct arena *arena, struct package_change *change,
                           struct err *err)
{
        const json_t *categories = json_object_get(body, "categories");
        const json_t *links = NULL;
        bool *featured = arena_alloc(arena, sizeof(*featured));
        enum rc rc;

        if (!featured)
                return err_set(err, RC_NOMEM, "no memory for a request");
        rc = jsonx_get_object(body, "links", JSONX_MAY, &links, err);
        if (rc == RC_OK && links)
                rc = links_read(links, arena, change, err);
        if (rc == RC_OK && categories)
                rc = texts_read(categories, "categories", PACKAGE_CATEGORIES_MAX, NAME_TEXT_MAX,
                                arena, &change->categories, &change->category_count, err);
        if (rc == RC_OK)
                rc = jsonx_get_bool(body, "featured", JSONX_MAY, featured, err);
        if (rc == RC_OK && json_is_boolean(json_object_get(body, "featured")))
                change->featured = featured;
        return rc;
}

/* --- pictures --- */

static enum rc media_answer(struct world *world, struct request *request, struct response *response,
                            struct err *err)
{
        const struct actor actor = request_actor(request);
        struct package_detail detail;
        const enum rc rc =
                package_get(world, &actor, request->params[0], request->arena, &detail, err);

        if (rc != RC_OK)
                return rc;
        return answer(response, 200, json_pack("{s:o}", "media", json_media(&detail)), err);
}

static enum rc kind_read(const struct request *request, enum media_kind *ret, struct err *err)
{
        const char *type = request_query(request, "type");

        return media_kind_parse(type ? type : "", ret, err);
}

enum rc media_list_get(void *context, struct request *request, struct response *response,
                       struct err *err)
{
        const enum rc rc = identity_may(request_identity(request), "package-view", err);

        return rc == RC_OK ? media_answer(context, request, response, err) : rc;
}

enum rc media_put_put(void *context, struct request *request, struct response *response,
                      struct err *err)
{
        const struct actor actor = request_actor(request);
        struct media_ask ask = {
                .name = request->params[0], .data = request->body, .bytes = request->body_bytes};
        enum rc rc;

        rc = identity_may(request_identity(request), "package-manage", err);
        if (rc == RC_OK)
                rc = kind_read(request, &ask.kind, err);
        if (rc == RC_OK)
                rc = package_media_set(context, &actor, &ask, err);
        return rc == RC_OK ? media_answer(context, request, response, err) : rc;
}

enum rc media_remove_delete(void *context, struct request *request, struct response *response,
                            struct err *err)
{
        const struct actor actor = request_actor(request);
        const char *hex = request_query(request, "sha3-384");
        enum media_kind kind = MEDIA_ICON;
        struct digest digest;
        enum rc rc;

        rc = identity_may(request_identity(request), "package-manage", err);
        if (rc == RC_OK)
                rc = kind_read(request, &kind, err);
        if (rc == RC_OK && hex && digest_parse_hex(hex, &digest) != RC_OK)
                return err_set(err, RC_INVALID, "sha3-384 is %d hexadecimal digits",
                               DIGEST_HEX_CHARS);
        if (rc == RC_OK)
                rc = package_media_remove(context, &actor, request->params[0], kind,
                                          hex ? &digest : NULL, err);
        return rc == RC_OK ? media_answer(context, request, response, err) : rc;
}
