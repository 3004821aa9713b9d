/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * request, response, route -- one HTTP exchange as plain structs. Handlers see nothing else.
 *
 * A request goes down once and comes up once: the listener fills struct request, the router finds
 * the row, the gate checks who asks, the row's handler fills struct response or returns an rc with
 * an err, and the server writes the answer. Only error.c (server/api) turns an rc into a body,
 * through struct http_callbacks.error; so nobody can answer twice.
 *
 * Floor    server/http; includes core/base, and no header of libmicrohttpd.
 * Owner    texts in a request live as long as the request (its arena). A response owns what is put
 *          into it and frees it after the last byte.
 * Threads  a request is touched by one thread at a time. FAST handlers run on epoll threads and
 * must not block; POOL handlers run on the bounded pool with the connection suspended. Tests
 * tests/unit/test_http.c (router, range), tests/flow/test_http.py (a live listener)
 */
#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/clock.h"

enum http_method {
        HTTP_GET = 1 << 0,
        HTTP_HEAD = 1 << 1, /* rows with GET answer HEAD too: the body is dropped by the server */
        HTTP_POST = 1 << 2,
        HTTP_PUT = 1 << 3,
        HTTP_PATCH = 1 << 4,
        HTTP_DELETE = 1 << 5
};

#define ROUTE_PARAMS_MAX  4
#define REQUEST_ARENA_MAX (64 * MIB)
#define REQUEST_URL_MAX   8192

struct response;
struct request;
struct sink;

/* Where a streamed request body goes (uploads). All three run on the pool, one after another. */
struct sink_type {
        /* Called when the request's head is known and the gate has let it pass. name is the
         * multipart part's name, file its file name ("" when absent). */
        enum rc (*open)(struct request *request, const char *name, const char *file,
                        struct sink **ret, struct err *err);
        enum rc (*write)(struct sink *sink, const void *data, size_t bytes, struct err *err);
        /* Always called once after a successful open, complete or not; the handler runs after it
         * where the body was complete, and finds the sink's result in request->upload. When the
         * body was cut off, complete is false and no handler runs. */
        void (*close)(struct sink *sink, bool complete);
};

typedef enum rc (*http_handler)(void *world, struct request *request, struct response *response,
                                struct err *err);

enum route_where { ROUTE_FAST, ROUTE_POOL };

struct route {
        unsigned methods;    /* HTTP_GET | ... ; one handler for all of them */
        const char *pattern; /* "/v2/snaps/info/{name}"; a final "{key*}" takes the rest */
        http_handler handler;
        enum route_where where;
        int auth;        /* an auth class of server/api; passed to the gate */
        int errors;      /* an error style of server/api; passed to the error callback */
        size_t body_max; /* 0: a body is refused with 413, except an empty one */
        const struct sink_type *sink; /* multipart or raw body streamed; body_max bounds it too */
        const char *name;             /* for logs and metrics: "snaps-info" */
};

struct request {
        uint64_t id; /* for the log line and X-Request-Id */
        struct arena *arena;
        enum http_method method;   /* exactly one bit */
        const char *path;          /* percent-decoded; no NUL, no "..", starts with '/' */
        const char *url;           /* as it came, without the query */
        const struct route *route; /* NULL before routing */
        const char *params[ROUTE_PARAMS_MAX]; /* the pattern's {..} in order, decoded, not empty */
        const char *body; /* whole body, NUL-terminated; "" when none or streamed */
        size_t body_bytes;
        void *upload;     /* what the sink left for the handler */
        const char *peer; /* numeric address */
        bool secure;      /* came over HTTPS */
        const char *host; /* Host header; "" when absent */
        usec_t received;  /* monotonic */
        void *identity;   /* set by the gate (in the arena); NULL for nobody */
        void *world;
        void *connection; /* the listener's own */
};

/* Header by case-insensitive name; NULL when absent, "" when empty. The first of several. */
const char *request_header(const struct request *request, const char *name);
/* Query argument, decoded; NULL when absent. At most 64 arguments, each below 4 KiB. */
const char *request_query(const struct request *request, const char *name);
/* On rows with a sink: a field without a file of a multipart form, at most 16 of 1 KiB. NULL when
 * absent. Fields that come before the file are known when the sink is opened. */
const char *request_field(const struct request *request, const char *name);

/* --- response: filled by handlers --- */
/* One body at most; a second one is a bug (asserted). Without a status the answer is 200. */
void response_status(struct response *response, int status);
/* Adds a header; name and value are copied. Values with CR or LF are a bug (asserted). Content-Type
 * has no default: say it. May be used before returning a failure too: the headers stay. */
void response_header(struct response *response, const char *name, const char *value);
bool response_has_header(const struct response *response, const char *name);
/* Takes the bytes of out (which is empty afterwards). A failed buffer makes the answer a 500. */
void response_body(struct response *response, const char *content_type, struct buf *out);
/* Bytes owned by somebody else; release(owner) is called after the last byte, even on failure. */
void response_shared(struct response *response, const char *content_type, const void *data,
                     size_t bytes, void (*release)(void *owner), void *owner);
/* A part of a file, sent with sendfile on plain HTTP; takes *fd (closed after the last byte).
 * Handles Range (one range; 206, 416), If-None-Match, If-Range and HEAD by itself; etag is the
 * strong ETag without quotes; file_bytes the whole size. */
void response_file(struct response *response, const char *content_type, int *fd,
                   uint64_t file_bytes, const char *etag);
/* An ETag for a body in memory: If-None-Match then answers 304. Without quotes. */
void response_etag(struct response *response, const char *etag);

struct http_callbacks {
        /* Who asks? RC_OK lets the request pass. Runs where the row's handler will run. */
        enum rc (*gate)(void *world, struct request *request, struct response *response,
                        struct err *err);
        /* Writes the error body for rc in the row's style (route may be NULL: no such row). Sets
         * status, content type and body. */
        void (*error)(void *world, const struct request *request, enum rc rc, const struct err *err,
                      struct response *response);
        /* Headers that every answer carries, also 404s. */
        void (*common)(void *world, const struct request *request, struct response *response);
        /* One line per request, after the last byte or the break. */
        void (*done)(void *world, const struct request *request, int status, enum rc rc,
                     const struct err *err, uint64_t sent_bytes, usec_t took);
};
