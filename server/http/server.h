/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * server -- listens on HTTP and HTTPS, keeps the deadlines, runs the routes.
 *
 * libmicrohttpd's own timeout is inactivity only; a watchdog here adds a total deadline for head
 * and for body (a client that drips a byte now and then is cut off), bounds connections in all and
 * per address, and ends what a full pool cannot take with 503.
 *
 * Floor    server/http; the only user of libmicrohttpd.
 * Owner    who starts a server stops it: http_server_freep (waits for requests under way, bounded).
 * Threads  its own: epoll threads per listener, the pool, one watchdog.
 * Units    seconds where the name says so, bytes elsewhere.
 */
#include "server/http/request.h"

struct http_server;

struct http_options {
        const struct route *routes;
        size_t route_count;
        struct http_callbacks callbacks;
        void *world;
        const char *address;  /* "127.0.0.1", "::", "0.0.0.0" */
        uint16_t http_port;   /* 0: no plain HTTP */
        uint16_t https_port;  /* 0: no HTTPS */
        const char *tls_cert; /* PEM text, leaf first; NULL without HTTPS */
        const char *tls_key;  /* PEM text; wiped by the caller after start */
        unsigned threads;     /* epoll threads per listener */
        unsigned pool_threads;
        unsigned pool_queue; /* requests waiting for the pool; over it: 503 */
        unsigned max_connections;
        unsigned max_connections_per_ip; /* 0: no own bound */
        unsigned header_deadline_sec;
        unsigned body_deadline_sec;
        unsigned upload_deadline_sec; /* rows with a sink */
        unsigned idle_timeout_sec;
};

/* RC_INVALID (a bad route row, certificate), RC_CONFLICT (port in use: text says which), RC_IO. */
MUST_USE enum rc http_server_start(const struct http_options *options, struct http_server **ret,
                                   struct err *err);
/* Stops accepting, lets what runs finish for at most wait_sec, then closes. */
void http_server_stop(struct http_server *server, unsigned wait_sec);
void http_server_freep(struct http_server **server);

/* Exposed for tests. Finds the row for a method and a decoded path.
 * RC_NOT_FOUND; RC_METHOD with *ret_allowed the methods that the path has. */
MUST_USE enum rc route_match(const struct route *routes, size_t count, enum http_method method,
                             const char *path, struct arena *arena, const struct route **ret,
                             const char *params[ROUTE_PARAMS_MAX], unsigned *ret_allowed);
/* "bytes=5-", "bytes=-5", "bytes=0-4" over size bytes. RC_OK, RC_RANGE; RC_NOT_FOUND: absent,
 * another unit, several ranges or malformed: serve the whole (RFC 9110 14.2). */
MUST_USE enum rc range_parse(const char *text, uint64_t size, uint64_t *ret_first,
                             uint64_t *ret_last);
