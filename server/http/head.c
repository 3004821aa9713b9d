/* SPDX-License-Identifier: Apache-2.0 */
/* The head of a request: address, arguments, framing of the body, route. */
#include "server/http/internal.h"
#include <microhttpd.h>
#include <string.h>
#include <strings.h>

const char *request_header(const struct request *request, const char *name)
{
        struct MHD_Connection *connection = request->connection;
        const char *value = NULL;
        size_t bytes = 0;

        if (!connection || MHD_lookup_connection_value_n(connection, MHD_HEADER_KIND, name,
                                                         strlen(name), &value, &bytes) != MHD_YES)
                return NULL;
        return value ? value : "";
}

const char *request_query(const struct request *request, const char *name)
{
        const struct exchange *exchange =
                (const void *)((const char *)request - offsetof(struct exchange, request));

        for (unsigned i = 0; i < exchange->arg_count; i++)
                if (strcmp(exchange->args[i].name, name) == 0)
                        return exchange->args[i].value;
        return NULL;
}

const char *request_field(const struct request *request, const char *name)
{
        return stream_field(
                (const void *)((const char *)request - offsetof(struct exchange, request)), name);
}

static enum MHD_Result argument_add(void *cls, enum MHD_ValueKind kind, const char *name,
                                    size_t name_bytes, const char *value, size_t value_bytes)
{
        struct exchange *x = cls;
        struct query_arg *arg = &x->args[x->arg_count];

        (void)kind;
        if (x->arg_count == QUERY_ARGS_MAX) {
                x->rc = err_set(&x->err, RC_INVALID, "over %d query arguments", QUERY_ARGS_MAX);
                return MHD_NO;
        }
        x->rc = query_decode(name, name_bytes, x->request.arena, &arg->name, &x->err);
        if (x->rc == RC_OK)
                x->rc = query_decode(value ? value : "", value ? value_bytes : 0, x->request.arena,
                                     &arg->value, &x->err);
        if (x->rc != RC_OK)
                return MHD_NO;
        x->arg_count++;
        return MHD_YES;
}

static enum rc arguments_read(struct exchange *x)
{
        x->rc = RC_OK;
        MHD_get_connection_values_n(x->connection, MHD_GET_ARGUMENT_KIND, argument_add, x);
        return x->rc;
}

struct framing {
        unsigned lengths;
        unsigned encodings;
        unsigned hosts;
        const char *length;
        const char *encoding;
};

static enum MHD_Result framing_add(void *cls, enum MHD_ValueKind kind, const char *name,
                                   size_t name_bytes, const char *value, size_t value_bytes)
{
        struct framing *framing = cls;

        (void)kind;
        (void)name_bytes;
        (void)value_bytes;
        if (strcasecmp(name, "Content-Length") == 0) {
                framing->length = value ? value : "";
                framing->lengths++;
        } else if (strcasecmp(name, "Transfer-Encoding") == 0) {
                framing->encoding = value ? value : "";
                framing->encodings++;
        } else if (strcasecmp(name, "Host") == 0) {
                framing->hosts++;
        }
        return MHD_YES;
}

/* A request whose end two programs could see in two places is refused, and the connection with it:
 * a proxy in front of us must never be made to disagree (RFC 9112 section 6.3). */
static enum rc framing_read(struct exchange *x)
{
        struct framing framing = {0};
        const char *digits;

        MHD_get_connection_values_n(x->connection, MHD_HEADER_KIND, framing_add, &framing);
        x->has_body = framing.lengths || framing.encodings;
        x->close = true;
        if (framing.lengths + framing.encodings > 1 || framing.hosts > 1)
                return err_set(&x->err, RC_INVALID, "ambiguous request headers");
        if (framing.encodings && strcasecmp(framing.encoding, "chunked") != 0)
                return err_set(&x->err, RC_INVALID, "only the transfer encoding chunked is known");
        x->close = false;
        x->chunked = framing.encodings > 0;
        if (!framing.lengths)
                return RC_OK;
        /* libmicrohttpd has checked that there are digits only, and that they fit. */
        x->announced_bytes = 0;
        for (digits = framing.length; *digits >= '0' && *digits <= '9'; digits++)
                x->announced_bytes = x->announced_bytes * 10 + (uint64_t)(*digits - '0');
        x->has_body = x->announced_bytes > 0;
        return RC_OK;
}

/* 0 for a method that no row can have. */
static enum http_method method_parse(const char *name)
{
        static const struct {
                const char *name;
                enum http_method method;
        } methods[] = {{"GET", HTTP_GET}, {"HEAD", HTTP_HEAD},   {"POST", HTTP_POST},
                       {"PUT", HTTP_PUT}, {"PATCH", HTTP_PATCH}, {"DELETE", HTTP_DELETE}};

        for (size_t i = 0; i < ARRAY_COUNT(methods); i++)
                if (strcmp(methods[i].name, name) == 0)
                        return methods[i].method;
        return 0;
}

static enum rc route_find(struct exchange *x)
{
        const struct http_options *options = &x->server->options;
        struct request *request = &x->request;
        unsigned allowed = 0;
        char text[64];
        enum rc rc;

        rc = route_match(options->routes, options->route_count, request->method, request->path,
                         request->arena, &request->route, request->params, &allowed);
        if (rc == RC_NOT_FOUND)
                return err_set(&x->err, rc, "there is nothing at this address");
        if (rc == RC_METHOD) {
                methods_format(allowed, text, sizeof(text));
                response_header(&x->response, "Allow", text);
                return err_set(&x->err, rc, "the method is not one of %s", text);
        }
        if (rc != RC_OK)
                return err_set(&x->err, rc, "no memory for a route");
        return RC_OK;
}

enum rc exchange_read_head(struct exchange *x, const char *url, const char *method)
{
        struct request *request = &x->request;
        const char *host = request_header(request, "Host");
        enum rc rc;

        /* Copies: a log line can outlive the connection. */
        request->method = method_parse(method);
        request->host = arena_strdup(request->arena, host ? host : "");
        request->url = arena_strdup(request->arena, url);
        rc = framing_read(x);
        if (rc != RC_OK)
                return rc;
        if (!request->host || !request->url)
                return err_set(&x->err, RC_NOMEM, "no memory for a request");
        rc = path_decode(url, request->arena, &request->path, &x->err);
        if (rc != RC_OK)
                return rc;
        rc = arguments_read(x);
        if (rc != RC_OK)
                return rc;
        rc = route_find(x);
        if (rc != RC_OK)
                return rc;
        if (x->has_body && !request->route->body_max && !x->chunked)
                return err_set(&x->err, RC_TOO_BIG, "no body is taken here");
        if (x->announced_bytes > request->route->body_max)
                return err_set(&x->err, RC_TOO_BIG, "the body is over %zu bytes",
                               request->route->body_max);
        return RC_OK;
}
