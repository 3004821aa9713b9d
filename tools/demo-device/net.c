/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/demo-device/net.h"
#include "core/base/buf.h"
#include "core/base/fs.h"
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#define URL_MAX_BYTES ((size_t)4096)
#define CONNECT_SEC   10L
#define STALL_SEC     60L
#define CALL_SEC      60L
#define USER_AGENT    "storehouse-demo-device/" STOREHOUSE_VERSION

struct net {
        CURL *curl;
        char *base;
        char *ca;
        struct curl_slist *headers; /* with every request */
        char curl_text[CURL_ERROR_SIZE];
};

/* Where the body of one answer goes: into memory, or (fd >= 0) into a file. */
struct sink {
        struct buf body;
        int fd;
        uint64_t got_bytes;
        uint64_t max_bytes;
        enum rc rc;
        struct err *err;
};

enum rc net_new(const char *base_url, const char *ca, struct net **ret, struct err *err)
{
        CLEANUP(net_freep) struct net *net = NULL;

        if ((strncmp(base_url, "http://", 7) && strncmp(base_url, "https://", 8)) ||
            strlen(base_url) > URL_MAX_BYTES)
                return err_set(err, RC_INVALID, "not the address of a store: %.100s", base_url);
        if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
                return err_set(err, RC_NOMEM, "cannot start libcurl");
        net = calloc(1, sizeof(*net));
        if (!net)
                return err_set(err, RC_NOMEM, "out of memory");
        net->curl = curl_easy_init();
        net->base = strdup(base_url);
        net->ca = ca ? strdup(ca) : NULL;
        if (!net->curl || !net->base || (ca && !net->ca))
                return err_set(err, RC_NOMEM, "out of memory");
        while (net->base[strlen(net->base) - 1] == '/')
                net->base[strlen(net->base) - 1] = '\0';
        *ret = net;
        net = NULL;
        return RC_OK;
}

void net_freep(struct net **net)
{
        if (!*net)
                return;
        if ((*net)->curl)
                curl_easy_cleanup((*net)->curl);
        curl_slist_free_all((*net)->headers);
        free((*net)->base);
        free((*net)->ca);
        free(*net);
        *net = NULL;
}

const char *net_base(const struct net *net)
{
        return net->base;
}

static bool line_add(struct curl_slist **list, const char *line)
{
        struct curl_slist *longer = curl_slist_append(*list, line);

        if (longer)
                *list = longer;
        return longer != NULL;
}

enum rc net_add_header(struct net *net, const char *line, struct err *err)
{
        if (!line || strpbrk(line, "\r\n"))
                return err_set(err, RC_INVALID, "not a header");
        return line_add(&net->headers, line) ? RC_OK : err_set(err, RC_NOMEM, "out of memory");
}

static size_t sink_take(char *data, size_t size, size_t count, void *context)
{
        struct sink *sink = context;
        const size_t bytes = size * count;

        if (sink->got_bytes + bytes > sink->max_bytes) {
                sink->rc = err_set(sink->err, RC_TOO_BIG,
                                   "the store sends more than the %llu bytes that it announced",
                                   (unsigned long long)sink->max_bytes);
                return 0;
        }
        sink->got_bytes += bytes;
        if (sink->fd >= 0) {
                sink->rc = fs_write_all(sink->fd, data, bytes, sink->err);
                return sink->rc == RC_OK ? bytes : 0;
        }
        buf_append(&sink->body, data, bytes);
        sink->rc = buf_finish(&sink->body, sink->err);
        return sink->rc == RC_OK ? bytes : 0;
}

static void options_set(struct net *net, const char *url, struct sink *sink)
{
        CURL *curl = net->curl;

        curl_easy_reset(curl);
        curl_easy_setopt(curl, CURLOPT_URL, url);
        curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, net->curl_text);
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
        curl_easy_setopt(curl, CURLOPT_USERAGENT, USER_AGENT);
        curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SEC);
        curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
        curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, STALL_SEC);
        curl_easy_setopt(curl, CURLOPT_NOPROXY, "localhost,127.0.0.1,::1");
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, sink_take);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, sink);
        if (net->ca)
                curl_easy_setopt(curl, CURLOPT_CAINFO, net->ca);
        net->curl_text[0] = '\0';
}

static enum rc perform(struct net *net, struct sink *sink, long *ret_status, struct err *err)
{
        const CURLcode code = curl_easy_perform(net->curl);
        const char *why = net->curl_text[0] ? net->curl_text : curl_easy_strerror(code);

        if (sink->rc != RC_OK)
                return sink->rc;
        if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
                return err_set(err, RC_UNTRUSTED, "cannot trust %.80s: %.120s", net->base, why);
        if (code == CURLE_OPERATION_TIMEDOUT)
                return err_set(err, RC_TIMEOUT, "%.80s does not answer: %.120s", net->base, why);
        if (code != CURLE_OK)
                return err_set(err, RC_BUSY, "cannot reach %.80s: %.120s", net->base, why);
        curl_easy_getinfo(net->curl, CURLINFO_RESPONSE_CODE, ret_status);
        return RC_OK;
}

static void slist_freep(struct curl_slist **list)
{
        curl_slist_free_all(*list);
}

/* The lasting headers and those of one request. A POST without a body still says so. */
static bool headers_make(const struct net *net, const struct net_request *request,
                         struct arena *arena, struct curl_slist **ret)
{
        for (const struct curl_slist *at = net->headers; at; at = at->next)
                if (!line_add(ret, at->data))
                        return false;
        if (request->accept) {
                const char *line = arena_printf(arena, "Accept: %s", request->accept);

                if (!line || !line_add(ret, line))
                        return false;
        }
        if (request->type) {
                const char *line = arena_printf(arena, "Content-Type: %s", request->type);

                return line && line_add(ret, line) && line_add(ret, "Expect:");
        }
        return line_add(ret, "Content-Type:") && line_add(ret, "Expect:");
}

static enum rc answer_keep(const struct sink *sink, struct arena *arena, struct net_answer *ret,
                           struct err *err)
{
        ret->bytes = sink->body.len;
        ret->body = arena_memdup(arena, sink->body.data ? sink->body.data : "", ret->bytes);
        return ret->body ? RC_OK : err_set(err, RC_NOMEM, "out of memory");
}

enum rc net_send(struct net *net, const struct net_request *request, struct arena *arena,
                 struct net_answer *ret, struct err *err)
{
        CLEANUP(slist_freep) struct curl_slist *headers = NULL;
        struct sink sink = {.body = BUF_INIT(NET_ANSWER_MAX),
                            .fd = -1,
                            .max_bytes = NET_ANSWER_MAX,
                            .err = err};
        const char *url = arena_printf(arena, "%s%s", net->base, request->path);
        enum rc rc;

        if (!url || !headers_make(net, request, arena, &headers))
                return err_set(err, RC_NOMEM, "out of memory");
        options_set(net, url, &sink);
        curl_easy_setopt(net->curl, CURLOPT_TIMEOUT, CALL_SEC);
        curl_easy_setopt(net->curl, CURLOPT_HTTPHEADER, headers);
        if (!strcmp(request->method, "POST")) {
                curl_easy_setopt(net->curl, CURLOPT_POSTFIELDSIZE_LARGE,
                                 (curl_off_t)request->bytes);
                curl_easy_setopt(net->curl, CURLOPT_POSTFIELDS, request->body ? request->body : "");
        }
        rc = perform(net, &sink, &ret->status, err);
        if (rc == RC_OK)
                rc = answer_keep(&sink, arena, ret, err);
        buf_fini(&sink.body);
        return rc;
}

enum rc net_download(struct net *net, const char *url, int fd, uint64_t max_bytes, struct err *err)
{
        struct sink sink = {.fd = fd, .max_bytes = max_bytes, .err = err};
        long status = 0;
        enum rc rc;

        if (strncmp(url, "http://", 7) && strncmp(url, "https://", 8))
                return err_set(err, RC_INVALID, "not a download address: %.100s", url);
        options_set(net, url, &sink);
        curl_easy_setopt(net->curl, CURLOPT_HTTPHEADER, net->headers);
        curl_easy_setopt(net->curl, CURLOPT_FAILONERROR, 0L);
        rc = perform(net, &sink, &status, err);
        if (rc == RC_OK && status != 200)
                return err_set(err, RC_NOT_FOUND, "%.120s answers %ld", url, status);
        return rc;
}
