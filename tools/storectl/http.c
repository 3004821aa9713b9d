/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/storectl/http.h"
#include "core/base/buf.h"
#include "core/base/random.h"
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define URL_MAX     ((size_t)4096)
#define TOKEN_MAX   ((size_t)16384)
#define CONNECT_SEC 10L
#define STALL_SEC   60L
#define STALL_BYTES 1L
#define CALL_SEC    120L
#define USER_AGENT  "storectl/" STOREHOUSE_VERSION

struct http {
        CURL *curl;
        char *base;
        char *ca;
        struct secret *token;
        const char *store_id;
        char curl_text[CURL_ERROR_SIZE];
};

/* What one transfer reads and fills. */
struct transfer {
        struct buf body;
        const struct http_upload *upload;
        uint64_t sent;
        bool read_failed;
};

static bool host_is_local(const char *base)
{
        static const char *const hosts[] = {"localhost", "127.0.0.1", "[::1]"};
        const char *host = strstr(base, "://");

        if (!host)
                return false;
        host += 3;
        for (size_t i = 0; i < ARRAY_COUNT(hosts); i++) {
                const size_t chars = strlen(hosts[i]);

                if (strncasecmp(host, hosts[i], chars) == 0 &&
                    (host[chars] == '\0' || strchr(":/", host[chars])))
                        return true;
        }
        return false;
}

/* http or https, a host, no user, query, fragment or control character. */
static enum rc base_check(const char *base, struct err *err)
{
        const char *host = strstr(base, "://");

        if (strncmp(base, "http://", 7) != 0 && strncmp(base, "https://", 8) != 0)
                return err_set(err, RC_INVALID,
                               "the store's address must begin with https:// or http://: %.100s",
                               base);
        if (strlen(base) > URL_MAX || !host[3] || host[3] == '/' || strpbrk(base, "@?# \\\t\r\n"))
                return err_set(err, RC_INVALID, "not the address of a store: %.100s", base);
        return RC_OK;
}

enum rc http_new(const char *base_url, const char *ca, struct secret **token, struct http **ret,
                 struct err *err)
{
        CLEANUP(http_freep) struct http *http = NULL;
        enum rc rc;

        rc = base_check(base_url, err);
        if (rc != RC_OK)
                return rc;
        if (*token && secret_length(*token) > TOKEN_MAX)
                return err_set(err, RC_INVALID, "the token is longer than %zu bytes", TOKEN_MAX);
        if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
                return err_set(err, RC_NOMEM, "cannot start libcurl");
        http = calloc(1, sizeof(*http));
        if (!http)
                return err_set(err, RC_NOMEM, "out of memory");
        http->curl = curl_easy_init();
        http->base = strdup(base_url);
        http->ca = ca ? strdup(ca) : NULL;
        if (!http->curl || !http->base || (ca && !http->ca))
                return err_set(err, RC_NOMEM, "out of memory");
        while (*http->base && http->base[strlen(http->base) - 1] == '/')
                http->base[strlen(http->base) - 1] = '\0';
        http->token = *token;
        *token = NULL;
        *ret = http;
        http = NULL;
        return RC_OK;
}

void http_freep(struct http **http)
{
        if (!*http)
                return;
        if ((*http)->curl)
                curl_easy_cleanup((*http)->curl);
        secret_freep(&(*http)->token);
        free((*http)->base);
        free((*http)->ca);
        free(*http);
        *http = NULL;
}

void http_set_store(struct http *http, const char *store_id)
{
        http->store_id = store_id;
}

const char *http_base(const struct http *http)
{
        return http->base;
}

bool http_is_exposed(const struct http *http)
{
        return http->token && strncmp(http->base, "http://", 7) == 0 && !host_is_local(http->base);
}

static size_t body_take(char *data, size_t size, size_t count, void *context)
{
        struct transfer *transfer = context;

        buf_append(&transfer->body, data, size * count);
        return transfer->body.failed ? 0 : size * count;
}

static size_t upload_read(char *data, size_t size, size_t count, void *context)
{
        struct transfer *transfer = context;
        const uint64_t left = transfer->upload->bytes - transfer->sent;
        const size_t room = size * count < left ? size * count : (size_t)left;
        ssize_t got;

        if (!room)
                return 0;
        got = pread(transfer->upload->fd, data, room, (off_t)transfer->sent);
        if (got <= 0) { /* also a file that became shorter */
                transfer->read_failed = true;
                return CURL_READFUNC_ABORT;
        }
        transfer->upload->each(transfer->upload->context, data, (size_t)got);
        transfer->sent += (uint64_t)got;
        return (size_t)got;
}

static void slist_freep(struct curl_slist **list)
{
        curl_slist_free_all(*list);
}

static void mime_freep(curl_mime **mime)
{
        curl_mime_free(*mime);
}

/* Appends a header; false without memory. */
static bool header_put(struct curl_slist **list, const char *name, const void *value, size_t bytes)
{
        CLEANUP(buf_fini) struct buf text = BUF_INIT(TOKEN_MAX + 256);
        struct curl_slist *longer = NULL;

        buf_printf(&text, "%s: ", name);
        buf_append(&text, value, bytes);
        if (!text.failed)
                longer = curl_slist_append(*list, text.data);
        if (text.data)
                bytes_wipe(text.data, text.len);
        if (!longer)
                return false;
        *list = longer;
        return true;
}

static bool headers_make(struct http *http, const char *type, const char *accept,
                         struct curl_slist **ret)
{
        if (!accept)
                accept = "application/json";
        if (!header_put(ret, "Accept", accept, strlen(accept)))
                return false;
        if (type && !header_put(ret, "Content-Type", type, strlen(type)))
                return false;
        /* Publishers see their images too. */
        if (!header_put(ret, "Storehouse-Accept", "image", 5))
                return false;
        if (http->store_id &&
            !header_put(ret, "Snap-Device-Store", http->store_id, strlen(http->store_id)))
                return false;
        if (http->token) {
                CLEANUP(secret_freep) struct secret *value = NULL;

                value = secret_new(secret_length(http->token) + 9);
                if (!value)
                        return false;
                memcpy(secret_bytes(value), "Macaroon ", 9);
                memcpy(secret_bytes(value) + 9, secret_view(http->token),
                       secret_length(http->token));
                if (!header_put(ret, "Authorization", secret_view(value), secret_length(value)))
                        return false;
        }
        /* A server that does not know Expect would make every upload wait a second. */
        return header_put(ret, "Expect", "", 0);
}

static void options_set(struct http *http, const char *url, struct transfer *transfer)
{
        CURL *curl = http->curl;

        curl_easy_reset(curl);
        curl_easy_setopt(curl, CURLOPT_URL, url);
        curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, http->curl_text);
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
        curl_easy_setopt(curl, CURLOPT_USERAGENT, USER_AGENT);
        curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SEC);
        curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, STALL_BYTES);
        curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, STALL_SEC);
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, body_take);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
        if (http->ca)
                curl_easy_setopt(curl, CURLOPT_CAINFO, http->ca);
        if (host_is_local(http->base))
                curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
        http->curl_text[0] = '\0';
}

static enum rc failure_name(struct http *http, CURLcode code, const struct transfer *transfer,
                            struct err *err)
{
        const char *why = http->curl_text[0] ? http->curl_text : curl_easy_strerror(code);

        if (transfer->body.failed)
                return err_set(err, RC_TOO_BIG, "the answer of %s is too long", http->base);
        if (transfer->read_failed)
                return err_set(err, RC_IO,
                               "the file changed or could not be read while it was sent");
        switch (code) {
        case CURLE_OUT_OF_MEMORY:
                return err_set(err, RC_NOMEM, "out of memory");
        case CURLE_URL_MALFORMAT:
        case CURLE_UNSUPPORTED_PROTOCOL:
                return err_set(err, RC_INVALID, "not the address of a store: %.100s", http->base);
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CACERT_BADFILE:
                return err_set(err, RC_UNTRUSTED, "cannot trust %.80s: %.120s", http->base, why);
        case CURLE_OPERATION_TIMEDOUT:
                return err_set(err, RC_TIMEOUT, "%.80s does not answer: %.120s", http->base, why);
        default:
                return err_set(err, RC_BUSY, "cannot reach %.80s: %.120s", http->base, why);
        }
}

static enum rc perform(struct http *http, struct transfer *transfer, struct arena *arena,
                       struct http_answer *ret, struct err *err)
{
        const CURLcode code = curl_easy_perform(http->curl);
        const char *type = NULL;

        if (code != CURLE_OK)
                return failure_name(http, code, transfer, err);
        curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &ret->status);
        curl_easy_getinfo(http->curl, CURLINFO_CONTENT_TYPE, &type);
        ret->bytes = transfer->body.len;
        ret->body = arena_memdup(arena, transfer->body.data ? transfer->body.data : "", ret->bytes);
        ret->type = arena_strdup(arena, type ? type : "");
        if (!ret->body || !ret->type)
                return err_set(err, RC_NOMEM, "out of memory");
        return RC_OK;
}

static const char *url_make(const struct http *http, struct arena *arena, const char *path)
{
        return arena_printf(arena, "%s%s", http->base, path);
}

enum rc http_send(struct http *http, const struct http_request *request, struct arena *arena,
                  struct http_answer *ret, struct err *err)
{
        CLEANUP(slist_freep) struct curl_slist *headers = NULL;
        struct transfer transfer = {.body = BUF_INIT(HTTP_ANSWER_MAX)};
        const char *url = url_make(http, arena, request->path);
        enum rc rc;

        if (!url || !headers_make(http, request->type, request->accept, &headers))
                return err_set(err, RC_NOMEM, "out of memory");
        options_set(http, url, &transfer);
        curl_easy_setopt(http->curl, CURLOPT_TIMEOUT, CALL_SEC);
        curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, headers);
        if (request->body) {
                curl_easy_setopt(http->curl, CURLOPT_POSTFIELDSIZE_LARGE,
                                 (curl_off_t)request->bytes);
                curl_easy_setopt(http->curl, CURLOPT_POSTFIELDS, request->body);
        }
        curl_easy_setopt(http->curl, CURLOPT_CUSTOMREQUEST, request->method);
        rc = perform(http, &transfer, arena, ret, err);
        buf_fini(&transfer.body);
        return rc;
}

enum rc http_upload(struct http *http, const char *path, const struct http_upload *upload,
                    struct arena *arena, struct http_answer *ret, struct err *err)
{
        CLEANUP(slist_freep) struct curl_slist *headers = NULL;
        CLEANUP(mime_freep) curl_mime *mime = NULL;
        struct transfer transfer = {.body = BUF_INIT(HTTP_ANSWER_MAX), .upload = upload};
        const char *url = url_make(http, arena, path);
        curl_mimepart *part;
        enum rc rc;

        if (!url || !headers_make(http, NULL, NULL, &headers))
                return err_set(err, RC_NOMEM, "out of memory");
        options_set(http, url, &transfer);
        mime = curl_mime_init(http->curl);
        part = mime ? curl_mime_addpart(mime) : NULL;
        if (!part || curl_mime_name(part, "binary") != CURLE_OK ||
            curl_mime_filename(part, upload->file_name) != CURLE_OK ||
            curl_mime_type(part, "application/octet-stream") != CURLE_OK ||
            curl_mime_data_cb(part, (curl_off_t)upload->bytes, upload_read, NULL, NULL,
                              &transfer) != CURLE_OK)
                return err_set(err, RC_NOMEM, "out of memory");
        curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(http->curl, CURLOPT_MIMEPOST, mime);
        rc = perform(http, &transfer, arena, ret, err);
        buf_fini(&transfer.body);
        return rc;
}

const char *http_escape(struct arena *arena, const char *text)
{
        static const char digits[] = "0123456789ABCDEF";
        char *ret = arena_alloc_array(arena, strlen(text) + 1, 3);
        char *at = ret;

        if (!ret)
                return NULL;
        for (; *text; text++) {
                const unsigned char c = (unsigned char)*text;

                if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                    strchr("-_.~", c)) {
                        *at++ = (char)c;
                        continue;
                }
                *at++ = '%';
                *at++ = digits[c >> 4];
                *at++ = digits[c & 15];
        }
        return ret;
}
