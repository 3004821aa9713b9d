/* SPDX-License-Identifier: Apache-2.0 */
/* From struct response to libmicrohttpd's: conditions, ranges, headers. On the epoll thread. */
#include "server/http/internal.h"
#include <inttypes.h>
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>

struct part {
        uint64_t first;
        uint64_t bytes;
};

static bool is_read(const struct exchange *x)
{
        return x->request.method == HTTP_GET || x->request.method == HTTP_HEAD;
}

/* 304, 206 or 416 where the request has conditions and the answer an ETag or a file behind it. */
static void conditions_apply(struct exchange *x, struct part *part)
{
        struct response *response = &x->response;
        const struct request *request = &x->request;
        char text[80];
        uint64_t last;
        enum rc rc;

        if (x->rc != RC_OK || response->status != 200 || !is_read(x))
                return;
        if (etag_listed(request_header(request, "If-None-Match"), response->etag)) {
                response->status = 304;
                return;
        }
        if (response->kind != BODY_FILE || request->method != HTTP_GET ||
            !etag_if_range(request_header(request, "If-Range"), response->etag))
                return;
        rc = range_parse(request_header(request, "Range"), response->bytes, &part->first, &last);
        if (rc == RC_OK) {
                part->bytes = last - part->first + 1;
                response->status = 206;
                snprintf(text, sizeof(text), "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, part->first,
                         last, response->bytes);
                response_header(response, "Content-Range", text);
        } else if (rc == RC_RANGE) {
                snprintf(text, sizeof(text), "bytes */%" PRIu64, response->bytes);
                exchange_fail(x, err_set(&x->err, rc, "the range is not in the file"));
                response_header(response, "Content-Range", text);
                part->bytes = response->bytes;
                if (!response->status)
                        response->status = rc_http_status(rc);
        }
}

static void own_headers(struct exchange *x)
{
        struct response *response = &x->response;
        const struct http_options *options = &x->server->options;
        char text[sizeof(response->etag) + 2];

        if (response->kind == BODY_FILE)
                response_header(response, "Accept-Ranges", "bytes");
        if (response->etag[0]) {
                snprintf(text, sizeof(text), "\"%s\"", response->etag);
                response_header(response, "ETag", text);
        }
        if (response->content_type[0] && response->status != 304)
                response_header(response, "Content-Type", response->content_type);
        snprintf(text, sizeof(text), "%016" PRIx64, x->request.id);
        response_header(response, "X-Request-Id", text);
        if (x->close || atomic_load(&x->server->stopping))
                response_header(response, "Connection", "close");
        options->callbacks.common(options->world, &x->request, response);
}

static struct MHD_Response *body_make(struct response *response, const struct part *part)
{
        struct MHD_Response *made;

        if (response->kind == BODY_FILE && part->bytes) {
                made = MHD_create_response_from_fd_at_offset64(part->bytes, response->fd,
                                                               part->first);
                if (made)
                        response->fd = -1; /* libmicrohttpd closes it */
                return made;
        }
        /* The bytes stay ours and are released when the exchange ends. */
        return MHD_create_response_from_buffer(response->kind == BODY_MEMORY ? part->bytes : 0,
                                               (void *)response->data, MHD_RESPMEM_PERSISTENT);
}

static struct MHD_Response *reply_make(struct response *response, const struct part *part)
{
        struct MHD_Response *made = body_make(response, part);

        for (const struct http_header *header = response->headers; header && made;
             header = header->next)
                if (MHD_add_response_header(made, header->name, header->value) != MHD_YES) {
                        MHD_destroy_response(made);
                        made = NULL;
                }
        return made;
}

/* An answer lies in memory until the client has taken it, however slowly: counted, refused over the
 * bound, and with a deadline. */
static void memory_hold(struct exchange *x)
{
        const size_t bytes = (size_t)x->response.bytes;
        const usec_t life = (usec_t)(bytes / ANSWER_BYTES_PER_SEC) +
                            (usec_t)x->server->options.idle_timeout_sec;

        if (x->response.kind != BODY_MEMORY || bytes <= ANSWER_SMALL)
                return;
        if (atomic_fetch_add(&x->server->answer_memory, bytes) + bytes > ANSWER_MEMORY_MAX) {
                atomic_fetch_sub(&x->server->answer_memory, bytes);
                exchange_fail(x, err_set(&x->err, RC_BUSY, "too many answers are on their way"));
                return;
        }
        x->held_bytes = bytes;
        atomic_store(&x->conn->deadline, clock_uptime() + life * USEC_PER_SEC);
}

/* Everything is decided; on return the response has a status, and headers without a failure. */
static void reply_prepare(struct exchange *x, struct part *part)
{
        struct response *response = &x->response;

        if (response->failed)
                exchange_fail(x, err_set(&x->err, RC_BUG, "the answer could not be built"));
        memory_hold(x);
        if (!response->status)
                response->status = x->rc == RC_OK ? 200 : rc_http_status(x->rc);
        *part = (struct part){.first = 0, .bytes = response->bytes};
        conditions_apply(x, part);
        own_headers(x);
}

bool reply_queue(struct exchange *x)
{
        const bool early = x->has_body && (x->phase == PHASE_HEAD || x->phase == PHASE_GATE);
        struct MHD_Response *made = NULL;
        struct part part;
        bool queued;

        reply_prepare(x, &part);
        if (!x->response.failed)
                made = reply_make(&x->response, &part);
        if (!made)
                return false;
        x->status = x->response.status;
        x->answer_bytes = x->request.method == HTTP_HEAD || x->status == 304 ? 0 : part.bytes;
        x->conn->linger |= early;
        x->phase = PHASE_SENT;
        queued = MHD_queue_response(x->connection, (unsigned)x->status, made) == MHD_YES;
        MHD_destroy_response(made);
        return queued;
}
