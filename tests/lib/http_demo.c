/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_demo -- a listener with a few routes, for tests/flow/test_http.py.
 *
 *      http_demo KEY=VALUE...      ports, deadlines and bounds as in struct http_options; file=PATH
 * is what /file answers. Prints "ready", runs until standard input ends.
 */
#include "core/base/fs.h"
#include "core/base/log.h"
#include "server/http/server.h"
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BIG_BYTES  (16 * MIB)
#define ECHO_MAX   (64 * KIB)
#define UPLOAD_MAX (64 * MIB)
#define AUTH_OPEN  0
#define AUTH_NEVER 1

struct demo {
        const char *file;
        _Atomic unsigned sinks_open;
        _Atomic unsigned sinks_cut;
        _Atomic unsigned requests_done;
};

struct sink {
        struct request *request;
        struct demo *demo;
        uint64_t bytes;
        uint64_t sum; /* FNV-1a, 64 bits */
        bool fails;
        char name[64];
        char file[64];
};

static void text_answer(struct response *response, const char *text)
{
        struct buf out = BUF_INIT(ECHO_MAX);

        buf_text(&out, text);
        response_body(response, "text/plain", &out);
}

static enum rc echo_run(void *world, struct request *request, struct response *response,
                        struct err *err)
{
        struct buf out = BUF_INIT(2 * ECHO_MAX);
        const char *query = request_query(request, "q");
        const char *accept = request_header(request, "Accept");

        (void)world;
        (void)err;
        buf_printf(&out, "path=%s q=%s accept=%s peer=%s secure=%d body=", request->path,
                   query ? query : "(none)", accept ? accept : "(none)", request->peer,
                   request->secure);
        buf_append(&out, request->body, request->body_bytes);
        response_etag(response, "echo-1");
        response_body(response, "text/plain", &out);
        return RC_OK;
}

static void msec_sleep(const char *msec)
{
        const long wait = msec ? atol(msec) : 0;
        const struct timespec time = {wait / 1000, wait % 1000 * 1000000};

        nanosleep(&time, NULL);
}

static enum rc slow_run(void *world, struct request *request, struct response *response,
                        struct err *err)
{
        (void)world;
        (void)err;
        msec_sleep(request_query(request, "msec"));
        text_answer(response, "slept");
        return RC_OK;
}

static enum rc pool_run(void *world, struct request *request, struct response *response,
                        struct err *err)
{
        struct buf out = BUF_INIT(2 * ECHO_MAX);

        (void)world;
        (void)err;
        buf_append(&out, request->body, request->body_bytes);
        response_body(response, "application/octet-stream", &out);
        return RC_OK;
}

static enum rc file_run(void *world, struct request *request, struct response *response,
                        struct err *err)
{
        struct demo *demo = world;
        CLEANUP(fs_closep) int fd = -1;
        struct stat stat_of;
        enum rc rc;

        (void)request;
        rc = fs_open(demo->file, O_RDONLY, 0, &fd, err);
        if (rc != RC_OK)
                return rc;
        if (fstat(fd, &stat_of) < 0)
                return err_errno(err, "fstat");
        response_header(response, "Cache-Control", "immutable");
        response_file(response, "application/octet-stream", &fd, (uint64_t)stat_of.st_size,
                      "file-1");
        return RC_OK;
}

static enum rc error_run(void *world, struct request *request, struct response *response,
                         struct err *err)
{
        (void)world;
        response_header(response, "X-Kept", "yes");
        text_answer(response, "this must not be seen");
        return err_set(err, RC_CONFLICT, "refused %s", request->params[0]);
}

static enum rc broken_run(void *world, struct request *request, struct response *response,
                          struct err *err)
{
        struct buf out = BUF_INIT(4);

        (void)world;
        (void)request;
        (void)err;
        buf_text(&out, "over the bound");
        response_body(response, "text/plain", &out);
        return RC_OK;
}

static enum rc big_run(void *world, struct request *request, struct response *response,
                       struct err *err)
{
        struct buf out = BUF_INIT(BIG_BYTES);
        static const char piece[64 * 1024];

        (void)world;
        (void)request;
        (void)err;
        while (out.len < BIG_BYTES)
                buf_append(&out, piece, sizeof(piece));
        response_body(response, "application/octet-stream", &out);
        return RC_OK;
}

static enum rc stats_run(void *world, struct request *request, struct response *response,
                         struct err *err)
{
        struct demo *demo = world;
        char text[128];

        (void)request;
        (void)err;
        snprintf(text, sizeof(text), "open=%u cut=%u done=%u", demo->sinks_open, demo->sinks_cut,
                 demo->requests_done);
        text_answer(response, text);
        return RC_OK;
}

static enum rc upload_open(struct request *request, const char *name, const char *file,
                           struct sink **ret, struct err *err)
{
        struct sink *sink;

        if (request_query(request, "refuse"))
                return err_set(err, RC_NOSPACE, "the disk is full");
        msec_sleep(request_query(request, "msec"));
        sink = calloc(1, sizeof(*sink));
        if (!sink)
                return err_set(err, RC_NOMEM, "no memory");
        sink->request = request;
        sink->demo = request->world;
        sink->sum = 0xcbf29ce484222325u;
        sink->fails = request_query(request, "fail") != NULL;
        snprintf(sink->name, sizeof(sink->name), "%s", name);
        snprintf(sink->file, sizeof(sink->file), "%s", file);
        sink->demo->sinks_open++;
        *ret = sink;
        return RC_OK;
}

static enum rc upload_add(struct sink *sink, const void *data, size_t bytes, struct err *err)
{
        const unsigned char *at = data;

        if (sink->fails && sink->bytes > MIB)
                return err_set(err, RC_NOSPACE, "the disk became full");
        for (size_t i = 0; i < bytes; i++)
                sink->sum = (sink->sum ^ at[i]) * 0x100000001b3u;
        sink->bytes += bytes;
        return RC_OK;
}

static void upload_end(struct sink *sink, bool complete)
{
        sink->demo->sinks_open--;
        if (!complete) {
                sink->demo->sinks_cut++;
                free(sink);
                return;
        }
        sink->request->upload = sink;
}

static const struct sink_type upload_sink = {upload_open, upload_add, upload_end};

static enum rc upload_run(void *world, struct request *request, struct response *response,
                          struct err *err)
{
        struct sink *sink = request->upload;
        const char *field = request_field(request, "note");
        char text[256];

        (void)world;
        if (!sink)
                return err_set(err, RC_INVALID, "no file came");
        snprintf(text, sizeof(text), "name=%s file=%s bytes=%" PRIu64 " sum=%016" PRIx64 " note=%s",
                 sink->name, sink->file, sink->bytes, sink->sum, field ? field : "(none)");
        free(sink);
        request->upload = NULL;
        text_answer(response, text);
        return RC_OK;
}

static const struct route routes[] = {
        {HTTP_GET | HTTP_POST, "/echo", echo_run, ROUTE_FAST, AUTH_OPEN, 0, ECHO_MAX, NULL, "echo"},
        {HTTP_GET, "/echo/{name}", echo_run, ROUTE_FAST, AUTH_OPEN, 0, 0, NULL, "echo-name"},
        {HTTP_GET, "/slow", slow_run, ROUTE_POOL, AUTH_OPEN, 0, 0, NULL, "slow"},
        {HTTP_POST, "/pool", pool_run, ROUTE_POOL, AUTH_OPEN, 0, ECHO_MAX, NULL, "pool"},
        {HTTP_GET, "/file", file_run, ROUTE_FAST, AUTH_OPEN, 0, 0, NULL, "file"},
        {HTTP_GET, "/error/{what}", error_run, ROUTE_FAST, AUTH_OPEN, 0, 0, NULL, "error"},
        {HTTP_GET, "/broken", broken_run, ROUTE_FAST, AUTH_OPEN, 0, 0, NULL, "broken"},
        {HTTP_GET, "/big", big_run, ROUTE_FAST, AUTH_OPEN, 0, 0, NULL, "big"},
        {HTTP_GET, "/stats", stats_run, ROUTE_FAST, AUTH_OPEN, 0, 0, NULL, "stats"},
        {HTTP_POST, "/upload", upload_run, ROUTE_POOL, AUTH_OPEN, 0, UPLOAD_MAX, &upload_sink,
         "upload"},
        {HTTP_POST, "/never", upload_run, ROUTE_POOL, AUTH_NEVER, 0, UPLOAD_MAX, &upload_sink,
         "never"},
};

static enum rc demo_gate(void *world, struct request *request, struct response *response,
                         struct err *err)
{
        (void)world;
        (void)response;
        if (request->route->auth == AUTH_NEVER)
                return err_set(err, RC_UNAUTHORIZED, "nobody may");
        return RC_OK;
}

static void demo_error(void *world, const struct request *request, enum rc rc,
                       const struct err *err, struct response *response)
{
        struct buf out = BUF_INIT(4 * KIB);

        (void)world;
        buf_printf(&out, "%s %s: %s", rc_name(rc), request->route ? request->route->name : "-",
                   err->text);
        response_status(response, rc_http_status(rc));
        response_body(response, "application/problem", &out);
}

static void demo_common(void *world, const struct request *request, struct response *response)
{
        (void)world;
        (void)request;
        response_header(response, "Server", "demo");
}

static void demo_done(void *world, const struct request *request, int status, enum rc rc,
                      const struct err *err, uint64_t sent_bytes, usec_t took)
{
        struct demo *demo = world;

        (void)err;
        demo->requests_done++;
        log_line(LOG_LEVEL_DEBUG,
                 "id=%016" PRIx64 " url=%s status=%d rc=%s bytes=%" PRIu64 " usec=%" PRId64,
                 request->id, request->url, status, rc_name(rc), sent_bytes, took);
}

struct setting {
        const char *name;
        unsigned *value;
};

static bool settings_parse(int argc, char **argv, const struct setting *settings, size_t count,
                           const char **texts[3])
{
        static const char *const text_names[] = {"file", "cert", "key"};

        for (int i = 1; i < argc; i++) {
                char *value = strchr(argv[i], '=');
                bool known = false;

                if (!value)
                        return false;
                *value++ = '\0';
                for (size_t k = 0; k < count; k++)
                        if (strcmp(settings[k].name, argv[i]) == 0) {
                                *settings[k].value = (unsigned)atoi(value);
                                known = true;
                        }
                for (size_t k = 0; k < ARRAY_COUNT(text_names); k++)
                        if (strcmp(text_names[k], argv[i]) == 0) {
                                *texts[k] = value;
                                known = true;
                        }
                if (!known)
                        return false;
        }
        return true;
}

static enum rc tls_read(const char *cert, const char *key, char **ret_cert, char **ret_key,
                        struct err *err)
{
        size_t bytes;
        enum rc rc;

        if (!cert || !key)
                return RC_OK;
        rc = fs_read_file(cert, MIB, ret_cert, &bytes, err);
        return rc == RC_OK ? fs_read_file(key, MIB, ret_key, &bytes, err) : rc;
}

static enum rc demo_run(struct http_options *options, const char *cert, const char *key,
                        struct err *err)
{
        CLEANUP(http_server_freep) struct http_server *server = NULL;
        CLEANUP(fs_freep) char *cert_text = NULL;
        CLEANUP(fs_freep) char *key_text = NULL;
        char waste[16];
        enum rc rc;

        rc = tls_read(cert, key, &cert_text, &key_text, err);
        if (rc != RC_OK)
                return rc;
        options->tls_cert = cert_text;
        options->tls_key = key_text;
        rc = http_server_start(options, &server, err);
        if (rc != RC_OK)
                return rc;
        printf("ready\n");
        fflush(stdout);
        while (read(STDIN_FILENO, waste, sizeof(waste)) > 0)
                ;
        http_server_stop(server, 2);
        return RC_OK;
}

int main(int argc, char **argv)
{
        struct demo demo = {0};
        unsigned http = 0;
        unsigned https = 0;
        const char *cert = NULL;
        const char *key = NULL;
        struct err err = {0};
        struct http_options options = {
                .routes = routes,
                .route_count = ARRAY_COUNT(routes),
                .callbacks = {demo_gate, demo_error, demo_common, demo_done},
                .world = &demo,
                .address = "127.0.0.1",
                .threads = 2,
                .pool_threads = 2,
                .pool_queue = 8,
                .max_connections = 512,
                .header_deadline_sec = 5,
                .body_deadline_sec = 5,
                .upload_deadline_sec = 20,
                .idle_timeout_sec = 5,
        };
        const struct setting settings[] = {
                {"http", &http},
                {"https", &https},
                {"threads", &options.threads},
                {"pool_threads", &options.pool_threads},
                {"pool_queue", &options.pool_queue},
                {"max_connections", &options.max_connections},
                {"per_ip", &options.max_connections_per_ip},
                {"header_deadline", &options.header_deadline_sec},
                {"body_deadline", &options.body_deadline_sec},
                {"upload_deadline", &options.upload_deadline_sec},
                {"idle_timeout", &options.idle_timeout_sec},
        };

        log_set_level(getenv("DEMO_DEBUG") ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
        if (!settings_parse(argc, argv, settings, ARRAY_COUNT(settings),
                            (const char **[]){&demo.file, &cert, &key})) {
                fprintf(stderr, "usage: http_demo KEY=VALUE...\n");
                return 2;
        }
        options.http_port = (uint16_t)http;
        options.https_port = (uint16_t)https;
        if (demo_run(&options, cert, key, &err) != RC_OK) {
                fprintf(stderr, "http_demo: %s\n", err.text);
                return 1;
        }
        return 0;
}
