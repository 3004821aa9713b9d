/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST .../auth/nonces, .../auth/sessions    -- device sessions
 * POST .../request-id, .../devices, .../serial -- device registration, by both URL forms
 *
 * Source: device.md sections 5 and 6. The bodies' Content-Type is not looked at (0.2).
 */
#include "server/api/handlers.h"
#include "server/domain/policy.h"
#include "server/domain/register.h"
#include "server/domain/session.h"
#include "server/domain/ticket.h"
#include <string.h>

#define SESSION_ASSERTION_MAX (128 * KIB)

/* {"name":"value"} with status 200. */
static enum rc pair_send(struct response *response, const char *name, const char *value)
{
        struct buf out = BUF_INIT(8 * KIB);

        buf_char(&out, '{');
        buf_json_string(&out, name);
        buf_char(&out, ':');
        buf_json_string(&out, value);
        buf_char(&out, '}');
        response_header(response, "Cache-Control", "no-store");
        api_json(response, &out);
        buf_fini(&out);
        return RC_OK;
}

HANDLER(auth_nonce_post)
{
        char nonce[TICKET_CHARS + 1];
        struct world *world = context;

        (void)request;
        (void)err;
        ticket_make(world->boot_key, "nonce", "", world_now(world),
                    world_int(world, SET_NONCE_TTL_SEC) * USEC_PER_SEC, nonce);
        return pair_send(response, "nonce", nonce);
}

HANDLER(auth_session_post)
{
        static const char *const fields[] = {"device-session-request", "serial-assertion",
                                             "model-assertion"};
        CLEANUP(jsonx_decref) json_t *body = NULL;
        const char *texts[ARRAY_COUNT(fields)] = {NULL};
        const char *token = NULL;
        enum rc rc;

        rc = api_body(request, &body, err);
        for (size_t i = 0; rc == RC_OK && i < ARRAY_COUNT(fields); i++)
                rc = jsonx_get_text(body, fields[i], JSONX_MUST, SESSION_ASSERTION_MAX, &texts[i],
                                    err);
        if (rc == RC_OK)
                rc = session_open(context, request_identity(request)->catalog, texts[0], texts[1],
                                  texts[2], request->arena, &token, err);
        return rc == RC_OK ? pair_send(response, "macaroon", token) : rc;
}

HANDLER(auth_request_id_post)
{
        char text[64 + 16];

        (void)request;
        (void)err;
        request_id_make(context, text);
        return pair_send(response, "request-id", text);
}

HANDLER(auth_serial_post)
{
        CLEANUP(buf_fini) struct buf out = BUF_INIT(ASSERTION_MAX + KIB);
        const char *takes = request_header(request, "Snap-Device-Capabilities");
        const struct register_ask ask = {
                .stream = request->body,
                .stream_bytes = request->body_bytes,
                .api_key = request_header(request, POLICY_KEY_HEADER),
                .takes_stream = takes && strstr(takes, "serial-stream"),
        };
        enum rc rc;

        rc = register_device(context, request_identity(request)->catalog, &ask, request->arena,
                             &out, err);
        if (rc != RC_OK)
                return rc;
        response_header(response, "Cache-Control", "no-store");
        response_body(response, "application/x.ubuntu.assertion", &out);
        return RC_OK;
}

HANDLER(root_get)
{
        struct buf out = BUF_INIT(KIB);

        (void)context;
        (void)request;
        (void)err;
        buf_text(&out, "Storehouse " STOREHOUSE_VERSION ": an update store for devices\n");
        response_body(response, "text/plain", &out);
        buf_fini(&out);
        return RC_OK;
}
