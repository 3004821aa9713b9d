/* SPDX-License-Identifier: Apache-2.0 */
/* /v1/snap and /v1/snap/{name}: names, what they say of themselves, tracks. */
#include "core/model/name.h"
#include "server/api/publisher.h"
#include "server/domain/package.h"
#include <string.h>

#define TEXT_MAX (64 * KIB)

static json_t *json_tracks(const struct package_detail *detail)
{
        json_t *list = json_array();

        for (size_t i = 0; i < detail->track_count; i++)
                json_array_append_new(
                        list,
                        json_pack("{s:s, s:o, s:o}", "name", detail->tracks[i].name, "created-at",
                                  json_time(detail->tracks[i].created), "version-pattern",
                                  *detail->tracks[i].version_pattern
                                          ? json_string(detail->tracks[i].version_pattern)
                                          : json_null()));
        return list;
}

static json_t *text_or_null(const char *text)
{
        return *text ? json_string(text) : json_null();
}

static json_t *json_package(const struct package_detail *detail)
{
        const struct package_row *row = &detail->row;
        const bool is_image = strcmp(row->type, PACKAGE_IMAGE_TYPE) == 0;
        json_t *object;

        object = json_pack(
                "{s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:{s:s, s:s, s:s, s:s}, s:o, s:o, s:o, "
                "s:o, s:o}",
                "id", row->snap_id, "name", row->name, "type",
                is_image ? PACKAGE_IMAGE_TYPE : "snap", "store", row->store_id, "status",
                detail->release_count ? "published" : "registered", "private", (int)row->is_private,
                "require-snap-build", (int)row->require_build, "publisher", "id", row->publisher_id,
                "username", detail->publisher.username, "display-name",
                detail->publisher.display_name, "validation", detail->publisher.validation,
                "default-track", text_or_null(row->default_track), "title",
                text_or_null(row->title), "summary", text_or_null(row->summary), "description",
                text_or_null(row->description), "tracks", json_tracks(detail));
        if (object)
                json_put_discovery(object, detail);
        return object;
}

enum rc package_list_get(void *context, struct request *request, struct response *response,
                         struct err *err)
{
        const struct actor actor = request_actor(request);
        const struct package_detail *list = NULL;
        struct page page = {0, 0};
        size_t count = 0;
        json_t *results;
        enum rc rc;

        rc = identity_may(request_identity(request), "package-view", err);
        if (rc == RC_OK)
                rc = package_list(context, &actor, request->arena, &list, &count, err);
        if (rc == RC_OK)
                rc = request_page(request, count, &page, err);
        if (rc != RC_OK)
                return rc;
        results = json_array();
        for (size_t i = page.first; i < page.end; i++)
                json_array_append_new(results, json_package(&list[i]));
        return answer(response, 200, json_pack("{s:o}", "results", results), err);
}

/* "snap" is what clients of the family call everything. */
static enum rc type_read(const json_t *body, const char **ret, struct err *err)
{
        enum rc rc = json_get_text(body, "type", NAME_TEXT_MAX, ret, err);

        if (rc == RC_OK && strcmp(*ret, "snap") == 0)
                *ret = "";
        return rc;
}

enum rc package_register_post(void *context, struct request *request, struct response *response,
                              struct err *err)
{
        CLEANUP(jsonx_decref) json_t *body = NULL;
        const struct actor actor = request_actor(request);
        struct package_ask ask = {.name = NULL};
        const char *snap_id = NULL;
        enum rc rc;

        rc = identity_may(request_identity(request), "package-register", err);
        if (rc == RC_OK)
                rc = api_body(request, &body, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(body, "name", JSONX_MUST, NAME_TEXT_MAX, &ask.name, err);
        if (rc == RC_OK)
                rc = jsonx_get_bool(body, "private", JSONX_MAY, &ask.is_private, err);
        if (rc == RC_OK)
                rc = type_read(body, &ask.type, err);
        if (rc == RC_OK)
                rc = json_get_text(body, "snap-id", NAME_TEXT_MAX, &ask.snap_id, err);
        if (rc == RC_OK)
                rc = package_register(context, &actor, &ask, request->arena, &snap_id, err);
        if (rc != RC_OK)
                return rc;
        return answer(response, 200, json_pack("{s:s}", "id", snap_id), err);
}

static enum rc metadata_answer(struct world *world, struct request *request,
                               struct response *response, struct err *err)
{
        const struct actor actor = request_actor(request);
        struct package_detail detail;
        enum rc rc;

        rc = package_get(world, &actor, request->params[0], request->arena, &detail, err);
        if (rc != RC_OK)
                return rc;
        return answer(response, 200, json_pack("{s:o}", "metadata", json_package(&detail)), err);
}

enum rc package_metadata_get(void *context, struct request *request, struct response *response,
                             struct err *err)
{
        const enum rc rc = identity_may(request_identity(request), "package-view", err);

        return rc == RC_OK ? metadata_answer(context, request, response, err) : rc;
}

enum rc package_metadata_patch(void *context, struct request *request, struct response *response,
                               struct err *err)
{
        CLEANUP(jsonx_decref) json_t *body = NULL;
        const struct actor actor = request_actor(request);
        struct package_change change = {.title = NULL};
        bool is_private = false;
        bool require_build = false;
        enum rc rc;

        rc = identity_may(request_identity(request), "package-manage", err);
        if (rc == RC_OK)
                rc = api_body(request, &body, err);
        if (rc == RC_OK)
                rc = jsonx_get_bool(body, "private", JSONX_MAY, &is_private, err);
        if (rc == RC_OK)
                rc = jsonx_get_bool(body, "require-snap-build", JSONX_MAY, &require_build, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(body, "title", JSONX_MAY, TEXT_MAX, &change.title, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(body, "summary", JSONX_MAY, TEXT_MAX, &change.summary, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(body, "description", JSONX_MAY, TEXT_MAX, &change.description,
                                    err);
        if (rc == RC_OK)
                rc = jsonx_get_text(body, "default-track", JSONX_MAY, TEXT_MAX,
                                    &change.default_track, err);
        if (rc == RC_OK)
                rc = json_get_discovery(body, request->arena, &change, err);
        if (rc != RC_OK)
                return rc;
        if (json_is_boolean(json_object_get(body, "private")))
                change.is_private = &is_private;
        if (json_is_boolean(json_object_get(body, "require-snap-build")))
                change.require_build = &require_build;
        rc = package_update(context, &actor, request->params[0], &change, err);
        return rc == RC_OK ? metadata_answer(context, request, response, err) : rc;
}

enum rc package_delete_delete(void *context, struct request *request, struct response *response,
                              struct err *err)
{
        const struct actor actor = request_actor(request);
        const char *snap_id = NULL;
        enum rc rc;

        rc = identity_may(request_identity(request), "package-manage", err);
        if (rc == RC_OK)
                rc = package_delete(context, &actor, request->params[0], request->arena, &snap_id,
                                    err);
        if (rc != RC_OK)
                return rc;
        return answer(response, 200, json_pack("{s:s}", "package-id", snap_id), err);
}

static enum rc tracks_read(const json_t *body, struct track_ask *asks, size_t *ret_count,
                           struct err *err)
{
        const size_t count = json_array_size(body);
        enum rc rc = RC_OK;

        if (!json_is_array(body) || count == 0 || count > PACKAGE_TRACKS_MAX)
                return err_set(err, RC_INVALID, "a list of 1 to %d tracks is expected",
                               PACKAGE_TRACKS_MAX);
        for (size_t i = 0; rc == RC_OK && i < count; i++) {
                const json_t *item = json_array_get(body, i);

                if (!json_is_object(item))
                        return err_set(err, RC_INVALID, "a track is an object with a name");
                rc = jsonx_get_text(item, "name", JSONX_MUST, NAME_TEXT_MAX, &asks[i].name, err);
                if (rc == RC_OK)
                        rc = json_get_text(item, "version-pattern", NAME_TEXT_MAX,
                                           &asks[i].version_pattern, err);
        }
        *ret_count = count;
        return rc;
}

enum rc package_tracks_post(void *context, struct request *request, struct response *response,
                            struct err *err)
{
        CLEANUP(jsonx_decref) json_t *body = NULL;
        const struct actor actor = request_actor(request);
        struct track_ask asks[PACKAGE_TRACKS_MAX];
        size_t count = 0;
        enum rc rc;

        rc = identity_may(request_identity(request), "package-manage", err);
        if (rc == RC_OK)
                rc = jsonx_parse(request->body, request->body_bytes, &body, err);
        if (rc == RC_OK)
                rc = tracks_read(body, asks, &count, err);
        if (rc == RC_OK)
                rc = package_tracks_create(context, &actor, request->params[0], asks, count, err);
        if (rc != RC_OK)
                return rc;
        return answer(response, 200, json_pack("{s:I}", "num-tracks-created", (json_int_t)count),
                      err);
}
