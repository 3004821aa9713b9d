/* SPDX-License-Identifier: Apache-2.0 */
/* /v1/snap/{name}/revisions: push, review, list. */
#include "server/api/publisher.h"
#include "server/domain/package.h"
#include "server/domain/publish.h"
#include <string.h>

static enum rc dry_run(struct world *world, struct request *request, const json_t *body,
                       struct response *response, struct err *err)
{
        const struct actor actor = request_actor(request);
        const char *name = request->params[0];
        const char *named = name;
        struct digest digest;
        const char *hex = "";
        struct push_plan plan = {.bytes = 0};
        int64_t bytes = 0;
        enum rc rc;

        rc = jsonx_get_text(body, "name", JSONX_MAY, NAME_TEXT_MAX, &named, err);
        if (rc == RC_OK)
                rc = json_get_text(body, "version", NAME_TEXT_MAX, &plan.version, err);
        if (rc == RC_OK)
                rc = json_get_text(body, "architecture", NAME_TEXT_MAX, &plan.arch, err);
        if (rc == RC_OK)
                rc = json_get_text(body, "sha3-384", NAME_TEXT_MAX, &hex, err);
        if (rc == RC_OK)
                rc = jsonx_get_int(body, "size", JSONX_MAY, 0, INT64_MAX, &bytes, err);
        if (rc != RC_OK)
                return rc;
        if (strcmp(named, name) != 0)
                return err_set(err, RC_INVALID, "the file is named %.64s, the package %.64s", named,
                               name);
        plan.bytes = (uint64_t)bytes;
        if (*hex && digest_parse_hex(hex, &digest) != RC_OK)
                return err_set(err, RC_INVALID, "sha3-384 is no digest in hex");
        plan.digest = *hex ? &digest : NULL;
        rc = publish_check(world, &actor, name, &plan, err);
        return rc == RC_OK ? answer(response, 200, json_pack("{s:b}", "ok", 1), err) : rc;
}

static enum rc push(struct world *world, struct request *request, const json_t *body,
                    struct response *response, struct err *err)
{
        const struct actor actor = request_actor(request);
        const char *name = request->params[0];
        struct push_ask ask = {.upload_id = NULL};
        const char *url;
        enum rc rc;

        rc = jsonx_get_text(body, "upload-id", JSONX_MUST, NAME_TEXT_MAX, &ask.upload_id, err);
        if (rc == RC_OK)
                rc = json_get_text(body, "snap-build", SNAP_BUILD_MAX, &ask.snap_build, err);
        if (rc == RC_OK)
                rc = json_get_text(body, "version", NAME_TEXT_MAX, &ask.version, err);
        if (rc == RC_OK)
                rc = json_get_text(body, "architecture", NAME_TEXT_MAX, &ask.arch, err);
        if (rc == RC_OK)
                rc = json_get_text(body, "component", NAME_TEXT_MAX, &ask.component, err);
        if (rc == RC_OK)
                rc = publish_push(world, &actor, name, &ask, err);
        if (rc != RC_OK)
                return rc;
        /* The name and the id are in the database by now: they need no escaping. Clients put the
         * address behind the gateway's own (publisher.md, traps). */
        url = arena_printf(request->arena, "/v1/snap/%s/revisions/review?upload-id=%s", name,
                           ask.upload_id);
        if (!url)
                return err_set(err, RC_NOMEM, "no memory for an answer");
        return answer(response, 200, json_pack("{s:s}", "status-url", url), err);
}

enum rc revision_push_post(void *context, struct request *request, struct response *response,
                           struct err *err)
{
        CLEANUP(jsonx_decref) json_t *body = NULL;
        const char *dry = request_query(request, "dry-run");
        enum rc rc;

        rc = identity_may(request_identity(request), "package-push", err);
        if (rc == RC_OK)
                rc = api_body(request, &body, err);
        if (rc != RC_OK)
                return rc;
        if (dry && strcmp(dry, "0") != 0)
                return dry_run(context, request, body, response, err);
        return push(context, request, body, response, err);
}

enum rc revision_review_get(void *context, struct request *request, struct response *response,
                            struct err *err)
{
        const struct actor actor = request_actor(request);
        const char *upload_id = request_query(request, "upload-id");
        struct upload_row row;
        json_t *errors;
        enum rc rc;

        if (!upload_id)
                return err_set(err, RC_INVALID, "the argument \"upload-id\" is missing");
        rc = identity_may(request_identity(request), "package-push", err);
        if (rc == RC_OK)
                rc = publish_status(context, &actor, request->params[0], upload_id, request->arena,
                                    &row, err);
        if (rc != RC_OK)
                return rc;
        errors = *row.error_code ? json_pack("[{s:s, s:s}]", "code", row.error_code, "message",
                                             row.error_text)
                                 : json_null();
        return answer(response, 200,
                      json_pack("{s:[{s:s, s:s, s:o, s:o}]}", "revisions", "upload-id",
                                row.upload_id, "status", row.status, "revision",
                                row.revision ? json_integer((json_int_t)row.revision) : json_null(),
                                "errors", errors),
                      err);
}

enum rc revision_list_get(void *context, struct request *request, struct response *response,
                          struct err *err)
{
        const struct identity *identity = request_identity(request);
        const struct actor actor = request_actor(request);
        const struct catalog_package *package;
        struct package_detail detail;
        struct page page = {0, 0};
        json_t *list;
        enum rc rc;

        rc = identity_may(identity, "package-view", err);
        if (rc == RC_OK)
                rc = package_get(context, &actor, request->params[0], request->arena, &detail, err);
        if (rc != RC_OK)
                return rc;
        package = catalog_find_id(identity->catalog, detail.row.snap_id);
        rc = request_page(request, package ? package->revision_count : 0, &page, err);
        if (rc != RC_OK)
                return rc;
        list = json_array();
        for (size_t i = page.first; package && i < page.end; i++)
                json_array_append_new(
                        list, json_revision(package,
                                            &package->revisions[package->revision_count - 1 - i]));
        return answer(response, 200, json_pack("{s:o}", "revisions", list), err);
}
