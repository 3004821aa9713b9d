/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * http -- requests to one store over libcurl. The only file with curl in it is http.c.
 *
 * Invariants
 *  1. The token goes to the base URL's origin only: redirects are never followed.
 *  2. The token is never printed, and lives in a struct secret.
 *  3. A peer that stalls ends the request: 10 s to connect, 60 s without a byte.
 *
 * Floor    tools/storectl; includes core/base only.
 * Owner    who makes a struct http frees it: CLEANUP(http_freep). Answers live in the arena given.
 * Bounds   an answer is at most HTTP_ANSWER_MAX bytes.
 * Outcomes RC_BUSY (not reached, or broken off: worth repeating), RC_TIMEOUT, RC_INVALID (the URL),
 * RC_UNTRUSTED (the certificate), RC_TOO_BIG. An HTTP status, whatever it is, is RC_OK. Tests
 * tests/flow/test_storectl.py
 */
#include "core/base/arena.h"
#include "core/base/secret.h"

#define HTTP_ANSWER_MAX (64 * MIB)

struct http;

struct http_answer {
        long status;
        const char *body; /* NUL-terminated */
        size_t bytes;
        const char *type; /* "" when absent */
};

struct http_upload {
        int fd; /* read from offset 0 */
        uint64_t bytes;
        const char *file_name;
        /* Sees every piece in order, before it goes out. */
        void (*each)(void *context, const void *data, size_t bytes);
        void *context;
};

/* ca (a PEM file) may be NULL for the system's; token may be NULL. Takes *token. */
MUST_USE enum rc http_new(const char *base_url, const char *ca, struct secret **token,
                          struct http **ret, struct err *err);
void http_freep(struct http **http);
/* Which store of the server is meant; lives as long as http. NULL: its first. */
void http_set_store(struct http *http, const char *store_id);
const char *http_base(const struct http *http);
/* True where a token would travel unencrypted to another machine. */
bool http_is_exposed(const struct http *http);

/* path begins with '/'. type and accept may be NULL. */
struct http_request {
        const char *method;
        const char *path;
        const char *type;
        const char *accept;
        const void *body;
        size_t bytes;
};
MUST_USE enum rc http_send(struct http *http, const struct http_request *request,
                           struct arena *arena, struct http_answer *ret, struct err *err);
/* A multipart POST with one file part `binary`. */
MUST_USE enum rc http_upload(struct http *http, const char *path, const struct http_upload *upload,
                             struct arena *arena, struct http_answer *ret, struct err *err);
/* Percent-encodes one path segment or query value. NULL: no memory. */
const char *http_escape(struct arena *arena, const char *text);
