/* SPDX-License-Identifier: Apache-2.0 */
/* POST /api/v1/packages/import: a package that was signed elsewhere, unchanged. */
#include "server/api/publisher.h"
#include "server/domain/package_import.h"
#include <string.h>

json_t *json_imported(const struct imported *items, size_t count)
{
        json_t *list = json_array();

        for (size_t i = 0; i < count; i++)
                json_array_append_new(list,
                                      json_pack("{s:s, s:I, s:s}", "ref", items[i].ref, "revision",
                                                (json_int_t)items[i].revision, "result",
                                                import_result_name(items[i].result)));
        return list;
}

PUBLISHER_HANDLER(package_import_post)
{
        CLEANUP(jsonx_decref) json_t *body = NULL;
        const struct actor actor = request_actor(request);
        struct package_import_ask ask = {.upload_id = NULL};
        struct package_imported got;
        enum rc rc;

        rc = api_body(request, &body, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(body, "upload-id", JSONX_MUST, NAME_TEXT_MAX, &ask.upload_id,
                                    err);
        if (rc == RC_OK)
                rc = jsonx_get_text(body, "assertions", JSONX_MUST, PUBLISHER_BODY_MAX, &ask.stream,
                                    err);
        if (rc != RC_OK)
                return rc;
        ask.stream_bytes = strlen(ask.stream);
        rc = package_import(context, &actor, &ask, request->arena, &got, err);
        /* An expired signing key is a fault of the assertion, not of the token. */
        if (rc == RC_EXPIRED)
                return RC_UNTRUSTED;
        if (rc != RC_OK)
                return rc;
        return answer(response, 200,
                      json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:o}", "name", got.name,
                                "snap-id", got.snap_id, "publisher-id", got.publisher_id,
                                "authority-id", got.authority, "provenance", got.provenance,
                                "revision", (json_int_t)got.revision, "result",
                                got.is_new ? "added" : "known", "assertions",
                                json_imported(got.assertions, got.assertion_count)),
                      err);
}
