/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request from its head to its answer, as libmicrohttpd's calls drive it:
 *
 *      HEAD -> (GATE, suspended) -> BODY -> (HANDLER, suspended) -> ANSWER -> SENT
 *                                    \-> DRAIN ------------------------^
 *
 * libmicrohttpd takes an answer before the body only to close the connection afterwards, also where
 * there is no body. So an answer is held back until it asks again with the request complete, except
 * where a body was announced that nobody wants.
 */
#include "server/http/internal.h"
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

struct exchange *exchange_new(struct http_server *server, struct MHD_Connection *connection,
                              struct conn *conn, const char *url, const char *method)
{
        struct exchange *x = calloc(1, sizeof(*x));
        enum rc rc;

        if (!x)
                return NULL;
        x->request.arena = arena_new(REQUEST_ARENA_MAX);
        if (!x->request.arena) {
                free(x);
                return NULL;
        }
        response_init(&x->response);
        x->server = server;
        x->connection = connection;
        x->conn = conn;
        x->phase = PHASE_HEAD;
        x->request.id = atomic_fetch_add(&server->next_id, 1);
        x->request.received = clock_uptime();
        x->request.connection = connection;
        x->request.world = server->options.world;
        x->request.body = "";
        x->request.path = "";
        memcpy(x->peer, conn->peer, sizeof(x->peer));
        x->request.peer = x->peer;
        x->request.secure = conn->secure;
        atomic_fetch_add(&server->exchanges, 1);
        atomic_store(&conn->deadline, NO_DEADLINE);
        rc = exchange_read_head(x, url, method);
        if (rc != RC_OK)
                exchange_fail(x, rc);
        else
                x->rc = RC_OK;
        return x;
}

void exchange_fail(struct exchange *x, enum rc rc)
{
        x->rc = rc;
        response_reset(&x->response);
        x->server->options.callbacks.error(x->server->options.world, &x->request, rc, &x->err,
                                           &x->response);
}

static void gate_run(struct exchange *x)
{
        const struct http_options *options = &x->server->options;
        const enum rc rc =
                options->callbacks.gate(options->world, &x->request, &x->response, &x->err);

        if (rc != RC_OK)
                exchange_fail(x, rc);
}

static void handler_run(struct exchange *x)
{
        const enum rc rc = x->request.route->handler(x->server->options.world, &x->request,
                                                     &x->response, &x->err);

        if (rc != RC_OK)
                exchange_fail(x, rc);
}

/* The last piece, the sink's end, the handler. */
static void stream_run(struct exchange *x)
{
        const enum rc rc = stream_write(x);

        stream_close(x, rc == RC_OK);
        if (rc != RC_OK)
                exchange_fail(x, rc);
        else
                handler_run(x);
}

/* On the pool. The exchange is not touched after the connection was resumed. */
static void exchange_run(struct job *job, bool dropped)
{
        struct exchange *x = (struct exchange *)job; /* its first member */
        enum rc rc;

        if (dropped) {
                exchange_fail(x, err_set(&x->err, RC_BUSY, "the server is stopping"));
        } else if (x->phase == PHASE_GATE) {
                gate_run(x);
                if (x->rc == RC_OK && !x->has_body)
                        handler_run(x);
        } else if (x->phase == PHASE_BODY) {
                rc = stream_write(x);
                if (rc != RC_OK)
                        exchange_fail(x, rc);
        } else if (x->upload) {
                stream_run(x);
        } else {
                handler_run(x);
        }
        MHD_resume_connection(x->connection);
}

void exchange_submit(struct exchange *x, bool always)
{
        /* Suspended first: a fast pool thread resumes before we are back here. */
        atomic_store(&x->conn->reading, false);
        MHD_suspend_connection(x->connection);
        x->job.run = exchange_run;
        if (pool_push(x->server->pool, &x->job, always))
                return;
        exchange_fail(x, err_set(&x->err, RC_BUSY, "the server has too much to do"));
        MHD_resume_connection(x->connection);
}

/* The gate let the request pass and a body is to come. */
static bool body_expect(struct exchange *x)
{
        const unsigned seconds = x->server->options.body_deadline_sec;
        const enum rc rc = body_begin(x);

        if (rc != RC_OK) {
                exchange_fail(x, rc);
                return reply_queue(x);
        }
        x->phase = PHASE_BODY;
        atomic_store(&x->conn->deadline, clock_uptime() + seconds * USEC_PER_SEC);
        return true;
}

/* The decision about the head is there: refused, answered, or on to the body. */
static bool head_decided(struct exchange *x)
{
        if (x->rc != RC_OK && (x->has_body || x->close))
                return reply_queue(x);
        if (x->rc == RC_OK && x->has_body)
                return body_expect(x);
        x->phase = PHASE_ANSWER;
        return true;
}

static bool head_step(struct exchange *x)
{
        if (x->rc != RC_OK)
                return head_decided(x);
        if (x->request.route->where == ROUTE_POOL) {
                x->phase = PHASE_GATE;
                exchange_submit(x, false);
                return true;
        }
        gate_run(x);
        if (x->rc == RC_OK && !x->has_body)
                handler_run(x);
        return head_decided(x);
}

static bool body_step(struct exchange *x)
{
        enum rc rc = x->rc;

        atomic_store(&x->conn->reading, false);
        atomic_store(&x->conn->deadline, NO_DEADLINE);
        if (rc == RC_OK) {
                rc = body_finish(x);
                if (rc != RC_OK)
                        exchange_fail(x, rc);
        }
        if (rc != RC_OK)
                return reply_queue(x);
        if (x->request.route->where == ROUTE_POOL) {
                x->phase = PHASE_HANDLER;
                exchange_submit(x, x->upload != NULL);
                return true;
        }
        handler_run(x);
        return reply_queue(x);
}

bool exchange_step(struct exchange *x)
{
        switch (x->phase) {
        case PHASE_HEAD:
                return head_step(x);
        case PHASE_GATE:
                return head_decided(x);
        case PHASE_BODY:
        case PHASE_DRAIN:
                return body_step(x);
        case PHASE_HANDLER:
        case PHASE_ANSWER:
                return reply_queue(x);
        case PHASE_SENT:
                return true;
        }
        return false;
}

/* No answer can go out before the body was read; so the rest is read and thrown away: as far as
 * announced, or a little over the bound. */
static bool drain(struct exchange *x)
{
        stream_refuse(x);
        x->phase = PHASE_DRAIN;
        return x->received_bytes <= x->request.route->body_max + DRAIN_EXTRA;
}

bool exchange_take(struct exchange *x, const char *data, size_t bytes)
{
        bool hand_over = false;
        enum rc rc;

        x->received_bytes += bytes;
        atomic_store(&x->conn->reading, true);
        if (x->rc != RC_OK)
                return drain(x);
        rc = body_take(x, data, bytes, &hand_over);
        if (rc != RC_OK) {
                exchange_fail(x, rc);
                return drain(x);
        }
        if (hand_over)
                exchange_submit(x, true);
        return true;
}

static void exchange_free(struct exchange *x)
{
        const struct http_options *options = &x->server->options;
        struct http_server *server = x->server;

        options->callbacks.done(options->world, &x->request, x->status, x->rc, &x->err,
                                x->answer_bytes, clock_uptime() - x->request.received);
        body_fini(x);
        response_fini(&x->response);
        atomic_fetch_sub(&server->answer_memory, x->held_bytes);
        arena_freep(&x->request.arena);
        free(x);
        atomic_fetch_sub(&server->exchanges, 1);
}

static void exchange_abandon(struct job *job, bool dropped)
{
        struct exchange *x = (struct exchange *)job;

        (void)dropped;
        stream_close(x, false);
        exchange_free(x);
}

void exchange_end(struct exchange *x, bool sent)
{
        if (!sent || x->phase != PHASE_SENT) {
                x->answer_bytes = 0;
                if (x->rc == RC_OK)
                        x->rc = err_set(&x->err, RC_END, "the connection broke");
        }
        /* The connection may be gone or serve its next request before the pool is done. */
        x->connection = NULL;
        x->conn = NULL;
        x->request.connection = NULL;
        if (!upload_is_open(x)) {
                exchange_free(x);
                return;
        }
        x->job.run = exchange_abandon;
        if (!pool_push(x->server->pool, &x->job, true))
                exchange_abandon(&x->job, true);
}
