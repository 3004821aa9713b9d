/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /v2/repairs/{brand}/{id}, and the same without /v2: a device whose snapd has
 * SNAPPY_FORCE_SAS_URL set asks there. With Accept: application/json the headers, to see whether
 * the repair is for this device; otherwise the repair, and behind it the keys that it stands on. A
 * repair is believed by a root that is built into snap-repair itself, so only devices with a snapd
 * of their own maker run what is served here. Source: device.md section 10.
 */
#include "core/model/name.h"
#include "server/api/fetch_assertions.h"
#include "server/api/handlers.h"
#include "server/domain/keep.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static json_t *value_json(const struct value *value);

/* The reader of headers bounds how deep this goes: ASSERTION_DEPTH_MAX. */
static json_t *members_json(const struct value *value)
{
        json_t *json = value->kind == VALUE_MAP ? json_object() : json_array();

        for (size_t i = 0; i < value->count; i++) {
                if (value->kind == VALUE_MAP)
                        json_object_set_new(json, value->names[i], value_json(&value->items[i]));
                else
                        json_array_append_new(json, value_json(&value->items[i]));
        }
        return json;
}

static json_t *value_json(const struct value *value)
{
        return value->kind == VALUE_TEXT ? json_string(value->text) : members_json(value);
}

static enum rc headers_send(const struct assertion *repair, struct response *response,
                            struct err *err)
{
        CLEANUP(jsonx_decref)
        json_t *json = json_pack("{s:o}", "headers", value_json(&repair->headers));

        if (!json)
                return err_set(err, RC_NOMEM, "no memory for a repair");
        api_json_value(response, json);
        return RC_OK;
}

static enum rc stream_send(const struct request *request, const struct assertion *repair,
                           struct response *response, struct err *err)
{
        CLEANUP(buf_fini) struct buf out = BUF_INIT(16 * MIB);
        enum rc rc;

        assertion_stream_put(&out, repair->bytes, repair->bytes_count);
        rc = chain_append_keys(request_identity(request)->catalog, repair, request->arena, &out,
                               err);
        if (rc == RC_OK)
                response_body(response, ASSERTION_CONTENT_TYPE, &out);
        return rc;
}

HANDLER(repairs_get)
{
        const char *accept = request_header(request, "Accept");
        const char *pk =
                arena_printf(request->arena, "%s/%s", request->params[0], request->params[1]);
        const struct assertion *repair;
        char etag[24];

        (void)context;
        if (!pk)
                return err_set(err, RC_NOMEM, "no memory for a key");
        repair = catalog_get_assertion(request_identity(request)->catalog, "repair", pk, 0);
        response_header(response, "Vary", "Accept");
        if (!repair) {
                response_header(response, "Cache-Control", "no-store");
                return err_set(err, RC_NOT_FOUND, "there is no repair %.120s here", pk);
        }
        snprintf(etag, sizeof(etag), "%" PRIu64, repair->revision);
        response_etag(response, etag);
        response_header(response, "Cache-Control", "public, max-age=60");
        return accept && strcmp(accept, "application/json") == 0
                       ? headers_send(repair, response, err)
                       : stream_send(request, repair, response, err);
}
