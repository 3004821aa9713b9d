/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes -- every address of the server, a row each. A new one is a row here, a handler in its
 * file, a line in doc/api.md and a case in tests/flow/.
 */
#include "core/base/log.h"
#include "server/api/download.h"
#include "server/api/errors.h"
#include "server/api/gate.h"
#include "server/api/handlers.h"
#include "server/api/media.h"
#include "server/api/publisher.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SNAP_STORE_VERSION "72" /* device.md 0.3 */
#define GET                (HTTP_GET | HTTP_HEAD)
#define REFRESH_MAX        (4 * MIB)
#define COHORTS_MAX        (64 * KIB)
#define REGISTER_MAX       (256 * KIB)
#define SESSION_MAX        (512 * KIB)

static const struct route device_routes[] = {
        /* methods, pattern, handler, where, auth, errors, body_max, sink, name */
        {GET, "/", root_get, ROUTE_FAST, AUTH_OPEN, STYLE_DEVICE, 0, NULL, "root"},
        {HTTP_POST, "/v2/snaps/refresh", snaps_refresh_post, ROUTE_FAST, AUTH_DEVICE_SOFT,
         STYLE_DEVICE, REFRESH_MAX, NULL, "snaps-refresh"},
        {GET, "/v2/snaps/info/{name}", snaps_info_get, ROUTE_FAST, AUTH_DEVICE, STYLE_DEVICE, 0,
         NULL, "snaps-info"},
        {HTTP_POST, "/v2/cohorts", cohorts_post, ROUTE_FAST, AUTH_DEVICE, STYLE_DEVICE, COHORTS_MAX,
         NULL, "cohorts"},
        {GET, "/v2/snaps/find", snaps_find_get, ROUTE_FAST, AUTH_DEVICE, STYLE_DEVICE, 0, NULL,
         "snaps-find"},
        {GET, "/v2/snaps/categories", snaps_categories_get, ROUTE_FAST, AUTH_DEVICE, STYLE_DEVICE,
         0, NULL, "snaps-categories"},
        {GET, "/api/v1/snaps/names", snaps_names_get, ROUTE_FAST, AUTH_DEVICE, STYLE_DEVICE, 0,
         NULL, "snaps-names"},
        {GET, "/api/v1/snaps/sections", snaps_sections_get, ROUTE_FAST, AUTH_DEVICE, STYLE_DEVICE,
         0, NULL, "snaps-sections"},
        {GET, "/v2/assertions/serial/{key*}", assertions_serial_get, ROUTE_POOL, AUTH_DEVICE,
         STYLE_ASSERTION, 0, NULL, "assertions-serial"},
        {GET, "/v2/assertions/{type}/{key*}", assertions_get, ROUTE_FAST, AUTH_DEVICE,
         STYLE_ASSERTION, 0, NULL, "assertions"},
        {GET, "/v2/auth/store/assertions", store_assertions_get, ROUTE_FAST, AUTH_OPEN,
         STYLE_ASSERTION, 0, NULL, "store-assertions"},
        {GET, "/v2/repairs/{brand}/{id}", repairs_get, ROUTE_FAST, AUTH_OPEN, STYLE_ASSERTION, 0,
         NULL, "repairs"},
        {GET, "/repairs/{brand}/{id}", repairs_get, ROUTE_FAST, AUTH_OPEN, STYLE_ASSERTION, 0, NULL,
         "repairs-short"},
        {GET, "/api/v1/snaps/download/{file}", download_get, ROUTE_FAST, AUTH_DEVICE, STYLE_DEVICE,
         0, NULL, "download"},
        {GET, "/media/{file}", media_get, ROUTE_FAST, AUTH_DEVICE, STYLE_DEVICE, 0, NULL, "media"},
        {HTTP_POST, "/api/v1/snaps/auth/nonces", auth_nonce_post, ROUTE_FAST, AUTH_OPEN,
         STYLE_DEVICE, KIB, NULL, "auth-nonces"},
        {HTTP_POST, "/api/v1/snaps/auth/sessions", auth_session_post, ROUTE_POOL, AUTH_OPEN,
         STYLE_DEVICE, SESSION_MAX, NULL, "auth-sessions"},
        {HTTP_POST, "/api/v1/snaps/auth/request-id", auth_request_id_post, ROUTE_FAST, AUTH_OPEN,
         STYLE_REGISTRATION, KIB, NULL, "auth-request-id"},
        {HTTP_POST, "/api/v1/snaps/auth/devices", auth_serial_post, ROUTE_POOL, AUTH_OPEN,
         STYLE_REGISTRATION, REGISTER_MAX, NULL, "auth-devices"},
        {HTTP_POST, "/api/v1/snaps/auth/serial", auth_serial_post, ROUTE_POOL, AUTH_OPEN,
         STYLE_REGISTRATION, REGISTER_MAX, NULL, "auth-serial"},
        /* A gadget's device-service.url may also be the address with /v1/ behind it. */
        {HTTP_POST, "/v1/request-id", auth_request_id_post, ROUTE_FAST, AUTH_OPEN,
         STYLE_REGISTRATION, KIB, NULL, "v1-request-id"},
        {HTTP_POST, "/v1/serial", auth_serial_post, ROUTE_POOL, AUTH_OPEN, STYLE_REGISTRATION,
         REGISTER_MAX, NULL, "v1-serial"},
};

/* Publishers' clients may be told that the gateway lives below this prefix (publisher.md 1.1). */
#define GATEWAY_PREFIX "/publishergw"

struct route *api_routes_make(struct arena *arena, size_t *ret_count)
{
        const size_t devices = ARRAY_COUNT(device_routes);
        struct route *routes =
                arena_alloc_array(arena, devices + 2 * publisher_route_count, sizeof(*routes));

        if (!routes)
                return NULL;
        memcpy(routes, device_routes, sizeof(device_routes));
        memcpy(routes + devices, publisher_routes, publisher_route_count * sizeof(*routes));
        for (size_t i = 0; i < publisher_route_count; i++) {
                struct route *alias = &routes[devices + publisher_route_count + i];

                *alias = publisher_routes[i];
                alias->pattern = arena_printf(arena, GATEWAY_PREFIX "%s", alias->pattern);
                if (!alias->pattern)
                        return NULL;
        }
        *ret_count = devices + 2 * publisher_route_count;
        return routes;
}

/* --- helpers of all handlers --- */

void api_json(struct response *response, struct buf *out)
{
        response_body(response, "application/json", out);
}

void api_json_value(struct response *response, const json_t *json)
{
        CLEANUP(buf_fini) struct buf out = BUF_INIT(48 * MIB);

        jsonx_dump(&out, json);
        api_json(response, &out);
}

enum rc api_body(const struct request *request, json_t **ret, struct err *err)
{
        return jsonx_parse_object(request->body, request->body_bytes, ret, err);
}

/* A Host header that may stand in an address: host, port, nothing else. */
static bool host_is_plain(const char *host)
{
        const size_t length = strlen(host);

        return length > 0 && length < 256 &&
               strspn(host,
                      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]") ==
                       length;
}

const char *api_base_url(const struct world *world, const struct request *request)
{
        const char *base = world_text(world, SET_BASE_URL);
        const char *url;

        if (*base)
                return base;
        if (!host_is_plain(request->host))
                return "";
        url = arena_printf(request->arena, "%s://%s", request->secure ? "https" : "http",
                           request->host);
        return url ? url : "";
}

/* --- what the server does around every request --- */

static void common_headers(void *world, const struct request *request, struct response *response)
{
        /* The answer is made, and holds copies: who reads it slowly must not keep a catalog alive.
         */
        api_gate_leave(world, request);
        response_header(response, "Snap-Store-Version", SNAP_STORE_VERSION);
        response_header(response, "X-Content-Type-Options", "nosniff");
        /* Who asks is in headers that no cache knows of: only what says so itself is kept. */
        if (!response_has_header(response, "Cache-Control"))
                response_header(response, "Cache-Control", "no-store");
}

static void request_done(void *world, const struct request *request, int status, enum rc rc,
                         const struct err *err, uint64_t sent_bytes, usec_t took)
{
        const char *route = request->route ? request->route->name : "-";

        api_gate_leave(world, request);
        if (rc_is_fault(rc) || rc == RC_CRASHED)
                log_line(LOG_LEVEL_ERROR,
                         "request=%" PRIu64 " route=%s status=%d rc=%s usec=%" PRId64
                         " bytes=%" PRIu64 " origin=%s msg=\"%s\"",
                         request->id, route, status, rc_name(rc), took, sent_bytes,
                         err && err->origin ? err->origin : "-", err ? err->text : "");
        else
                log_line(LOG_LEVEL_INFO,
                         "request=%" PRIu64 " peer=%s route=%s status=%d rc=%s usec=%" PRId64
                         " bytes=%" PRIu64,
                         request->id, request->peer, route, status, rc_name(rc), took, sent_bytes);
}

const struct http_callbacks api_callbacks = {
        .gate = api_gate,
        .error = api_error,
        .common = common_headers,
        .done = request_done,
};
