/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * api -- what the files of this folder share: who asks, how errors look, the route table.
 *
 * A handler parses its request, makes one domain call, and fills the response. No SQL, no
 * libmicrohttpd. What a request may not do ends in an rc; errors.c writes it in the row's style.
 *
 * Floor    server/api; includes core/base, core/model, server/domain, server/http.
 * Owner    everything of a request lives in its arena.
 * Tests    tests/flow/test_api.py: every row has a case; tests/snapd: the real client.
 */
#include "core/base/jsonx.h"
#include "server/domain/viewer.h"
#include "server/domain/world.h"
#include "server/http/server.h"

/* Who may use a row. */
enum api_auth {
        AUTH_OPEN,   /* anybody; nobody is resolved */
        AUTH_DEVICE, /* anybody; a device session is verified and resolved when one is sent, also a
                        token */
        AUTH_DEVICE_SOFT, /* the same, but of a session that is over by its age the handler is told:
                             identity.session_over */
        AUTH_ACCOUNT,     /* a publisher's or administrator's token */
        AUTH_ADMIN,       /* an administrator's token */
        AUTH_UPLOAD       /* anybody, or a token where the setting upload-require-token says so */
};

/* The form of an error body. */
enum api_style {
        STYLE_DEVICE,       /* {"error-list":[{code,message}]}, application/json */
        STYLE_ASSERTION,    /* the same, and absent is code not-found (device.md 4.3) */
        STYLE_REGISTRATION, /* {"message"} and {"error_list"} */
        STYLE_PUBLISHER     /* both spellings (publisher.md 2.0) */
};

/* How a device is told to open a new session and to repeat its request. */
#define SESSION_OVER_CODE "device-authorization-needs-refresh"
#define SESSION_OVER_TEXT "the device session is over: open a new one"

/* Whose request it is; made by the gate, in request->identity. */
struct identity {
        const struct catalog *catalog; /* acquired for this request, released with it */
        struct viewer viewer;          /* AUTH_DEVICE: who asks */
        bool session_over;             /* AUTH_DEVICE_SOFT; viewer is nobody then */
        /* Filled for tokens. */
        const char *account_id; /* NULL for nobody */
        bool is_admin;
        const char *permissions; /* joined by ','; "" all */
        const char *packages;
        const char *channels;
        int64_t token_id;
        usec_t token_expires;
};
struct identity *request_identity(const struct request *request); /* never NULL for a handler */
/* RC_FORBIDDEN unless the token may do it ("package-push", ...). */
MUST_USE enum rc identity_may(const struct identity *identity, const char *permission,
                              struct err *err);

/* Every row: devices, publishers, and the publishers' again below /publishergw. NULL: no memory. */
struct route *api_routes_make(struct arena *arena, size_t *ret_count);
extern const struct http_callbacks api_callbacks;
extern const struct catalog_hooks api_catalog_hooks;

/* Helpers that many handlers need. */
void api_json(struct response *response, struct buf *out);          /* application/json */
void api_json_value(struct response *response, const json_t *json); /* dumps it */
/* The body as a JSON object; the caller decrefs. */
MUST_USE enum rc api_body(const struct request *request, json_t **ret, struct err *err);
/* The scheme and host that URLs of this request begin with, no final slash: the setting base-url,
 * or the request's own Host. */
const char *api_base_url(const struct world *world, const struct request *request);
