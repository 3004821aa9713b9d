/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * internal -- what the files of server/http share: connection, exchange, response, pool, watchdog.
 *
 * A connection (struct conn) is one socket; an exchange is one request on it with its answer.
 *
 * Floor    server/http; nobody else includes this, except tests/unit/test_http.c.
 * Owner    the listener owns connections, an exchange owns its request, response and upload.
 * Threads  an exchange belongs to the epoll thread of its connection, or, while the connection is
 *          suspended, to the pool. The pool's and libmicrohttpd's locks order the two.
 * Units    bytes, usec_t.
 * Tests    tests/unit/test_http.c, tests/flow/test_http.py
 */
#include "server/http/server.h"
#include <pthread.h>
#include <stdatomic.h>

#define CONNECTION_MEMORY    (64 * KIB) /* request head, and the read buffer of a body */
#define QUERY_ARGS_MAX       64
#define QUERY_VALUE_MAX      (4 * KIB)
#define RESPONSE_HEADERS_MAX 64
#define BODY_MEMORY_MAX      (128 * MIB) /* bodies kept in memory, all requests together */
#define ANSWER_MEMORY_MAX    (128 * MIB) /* answers kept in memory, all requests together */
#define ANSWER_SMALL         (64 * KIB)  /* not counted, and never refused */
#define ANSWER_BYTES_PER_SEC (8 * KIB)   /* slower clients are cut off */
#define BODY_STEP            (64 * KIB)
#define UPLOADS_MAX          64          /* streamed bodies at a time */
#define UPLOAD_PIECE         (256 * KIB) /* handed to the sink at a time */
#define UPLOAD_PIECE_MAX     (1 * MIB)   /* a piece, and what one read can add to it */
#define UPLOAD_FIELDS_MAX    16
#define UPLOAD_FIELD_MAX     (1 * KIB)
#define UPLOAD_NAME_MAX      255
#define DRAIN_EXTRA          (16 * MIB) /* read and thrown away after a refusal, over body_max */
#define LINGERS_MAX          64
#define LINGER_USEC          (3 * USEC_PER_SEC)
#define LINGER_BYTES         (64 * MIB)
#define NO_DEADLINE          INT64_MAX

struct MHD_Connection;
struct MHD_Daemon;
struct MHD_PostProcessor;
struct MHD_Response;

/* --- path.c: pure --- */
/* Decodes a request path once. RC_INVALID: not absolute, a bad escape, NUL or control characters,
 * not UTF-8, a "." or ".." segment. RC_TOO_BIG: over REQUEST_URL_MAX. */
MUST_USE enum rc path_decode(const char *url, struct arena *arena, const char **ret,
                             struct err *err);
/* Decodes %XX in a query part ('+' is a space already). RC_INVALID, RC_TOO_BIG, RC_NOMEM. */
MUST_USE enum rc query_decode(const char *raw, size_t bytes, struct arena *arena, const char **ret,
                              struct err *err);

/* --- router.c --- */
/* RC_INVALID names the row that cannot be served. */
MUST_USE enum rc routes_check(const struct route *routes, size_t count, struct err *err);
/* "GET, HEAD, POST"; text holds 64. */
void methods_format(unsigned methods, char *text, size_t size);

/* --- range.c: pure --- */
/* An If-None-Match list names etag (without quotes), compared weakly. NULL header: false. */
bool etag_listed(const char *header, const char *etag);
/* An If-Range value is exactly this strong ETag. NULL header: true. */
bool etag_if_range(const char *header, const char *etag);

/* --- response.c --- */
struct http_header {
        struct http_header *next;
        char *value; /* behind name, in the same allocation */
        char name[];
};

enum body_kind { BODY_NONE, BODY_MEMORY, BODY_FILE };

struct response {
        int status; /* 0: 200 */
        enum body_kind kind;
        bool failed; /* something had no memory or room: answered with 500 */
        char content_type[128];
        char etag[160]; /* "" without */
        const void *data;
        uint64_t bytes; /* of data or of the file */
        void (*release)(void *owner);
        void *owner;
        int fd;
        struct http_header *headers;
        struct http_header **last;
        unsigned header_count;
};

void response_init(struct response *response);
/* Drops body, status and ETag; the headers stay. */
void response_reset(struct response *response);
void response_fini(struct response *response);

/* --- pool.c --- */
struct job {
        struct job *next;
        /* dropped: the pool stops and the work must be given up, at once */
        void (*run)(struct job *job, bool dropped);
};

struct pool;
MUST_USE enum rc pool_start(unsigned threads, unsigned queue_max, struct pool **ret,
                            struct err *err);
/* False: full or stopping. always goes over the bound: for work that was admitted before. */
bool pool_push(struct pool *pool, struct job *job, bool always);
/* Waits for the jobs that run, drops those that wait. No push succeeds from then on. */
void pool_stop(struct pool *pool);
void pool_freep(struct pool **pool);

/* --- watchdog.c --- */
struct conn {
        struct conn *prev;
        struct conn *next;
        int fd;
        _Atomic usec_t deadline; /* uptime, or NO_DEADLINE */
        atomic_bool reading;     /* in the middle of a body, and not suspended */
        bool ended;              /* the watchdog's: no more bytes will come, seen one tick ago */
        bool secure;
        bool linger; /* answered before the body was read: close late */
        char peer[64];
};

struct watchdog;
MUST_USE enum rc watchdog_start(struct watchdog **ret, struct err *err);
void watchdog_add(struct watchdog *watchdog, struct conn *conn);
/* Before the descriptor is closed: from then on the watchdog leaves it alone. */
void watchdog_remove(struct watchdog *watchdog, struct conn *conn);
void watchdog_freep(struct watchdog **watchdog); /* stops the thread */

/* --- the server --- */
struct http_server {
        struct http_options options; /* texts of the certificate are not kept */
        struct MHD_Daemon *daemons[2];
        struct pool *pool;
        struct watchdog *watchdog;
        _Atomic uint64_t next_id;
        atomic_uint connections;
        atomic_uint exchanges;
        atomic_uint uploads;
        atomic_size_t body_memory;
        atomic_size_t answer_memory;
        atomic_bool stopping;
};

/* --- exchange.c --- */
enum phase {
        PHASE_HEAD,    /* the head is here, nothing was decided */
        PHASE_GATE,    /* suspended for the gate, with no body also for the handler */
        PHASE_BODY,    /* reading the body, at times suspended for the sink */
        PHASE_DRAIN,   /* refused: the rest of the body is thrown away, then answered */
        PHASE_HANDLER, /* suspended for the handler */
        PHASE_ANSWER,  /* the response is ready */
        PHASE_SENT     /* given to libmicrohttpd */
};

struct query_arg {
        const char *name;
        const char *value;
};

struct upload;

struct exchange {
        struct job job;
        struct request request;
        struct response response;
        struct err err;
        enum rc rc;
        enum phase phase;
        struct http_server *server;
        struct MHD_Connection *connection;
        struct conn *conn;
        bool has_body;
        bool chunked;
        bool close; /* the connection cannot be used again */
        uint64_t announced_bytes;
        uint64_t received_bytes;
        uint64_t answer_bytes;
        int status;
        size_t reserved_bytes;
        size_t held_bytes; /* of answer_memory */
        struct buf body;
        struct upload *upload;
        struct query_arg args[QUERY_ARGS_MAX];
        unsigned arg_count;
        char peer[64]; /* the connection's, for what comes after it */
};

/* NULL: no memory. */
struct exchange *exchange_new(struct http_server *server, struct MHD_Connection *connection,
                              struct conn *conn, const char *url, const char *method);
/* libmicrohttpd has no (more) data. False: the connection must be closed. */
bool exchange_step(struct exchange *exchange);
/* libmicrohttpd has a piece of the body. False: the connection must be closed. */
bool exchange_take(struct exchange *exchange, const char *data, size_t bytes);
/* The answer was sent, or the connection broke. Frees the exchange, soon. */
void exchange_end(struct exchange *exchange, bool sent);
/* Makes rc the answer. */
void exchange_fail(struct exchange *exchange, enum rc rc);
/* Suspends the connection and gives the exchange to the pool; it comes back by exchange_step. */
void exchange_submit(struct exchange *exchange, bool always);

/* --- head.c --- */
/* Fills the request, finds the route, refuses what cannot be served. */
MUST_USE enum rc exchange_read_head(struct exchange *exchange, const char *url, const char *method);

/* --- body.c --- */
/* Takes memory or an upload slot for the body. RC_BUSY, RC_NOMEM, RC_INVALID. */
MUST_USE enum rc body_begin(struct exchange *exchange);
/* On the epoll thread. *ret_hand_over: the sink has something to do. */
MUST_USE enum rc body_take(struct exchange *exchange, const char *data, size_t bytes,
                           bool *ret_hand_over);
/* On the epoll thread: everything is here. RC_INVALID: the form is cut short. */
MUST_USE enum rc body_finish(struct exchange *exchange);
/* On the pool: opens the sink if it is time, writes what was gathered. */
MUST_USE enum rc stream_write(struct exchange *exchange);
/* On the pool: closes an open sink. */
void stream_close(struct exchange *exchange, bool complete);
/* On the epoll thread: gives up the slot of an upload that was refused and is only drained. */
void stream_refuse(struct exchange *exchange);
bool upload_is_open(const struct exchange *exchange);
const char *stream_field(const struct exchange *exchange, const char *name);
void body_fini(struct exchange *exchange);

/* --- reply.c --- */
/* Turns the response into libmicrohttpd's and queues it. False: close the connection. */
bool reply_queue(struct exchange *exchange);
