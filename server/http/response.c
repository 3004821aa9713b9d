/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/fs.h"
#include "server/http/internal.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void response_init(struct response *response)
{
        memset(response, 0, sizeof(*response));
        response->fd = -1;
        response->last = &response->headers;
}

void response_reset(struct response *response)
{
        if (response->release)
                response->release(response->owner);
        fs_closep(&response->fd);
        response->fd = -1;
        response->release = NULL;
        response->owner = NULL;
        response->data = NULL;
        response->bytes = 0;
        response->kind = BODY_NONE;
        response->status = 0;
        response->failed = false;
        response->content_type[0] = '\0';
        response->etag[0] = '\0';
}

void response_fini(struct response *response)
{
        struct http_header *header = response->headers;

        response_reset(response);
        while (header) {
                struct http_header *next = header->next;

                free(header);
                header = next;
        }
        response->headers = NULL;
        response->last = &response->headers;
        response->header_count = 0;
}

void response_status(struct response *response, int status)
{
        assert(status >= 200 && status <= 599);
        response->status = status;
}

void response_header(struct response *response, const char *name, const char *value)
{
        const size_t name_bytes = strlen(name) + 1;
        const size_t value_bytes = strlen(value) + 1;
        struct http_header *header;

        assert(!strpbrk(name, "\r\n: ") && !strpbrk(value, "\r\n"));
        header = response->header_count < RESPONSE_HEADERS_MAX
                         ? malloc(sizeof(*header) + name_bytes + value_bytes)
                         : NULL;
        if (!header) {
                response->failed = true;
                return;
        }
        header->next = NULL;
        header->value = header->name + name_bytes;
        memcpy(header->name, name, name_bytes);
        memcpy(header->value, value, value_bytes);
        *response->last = header;
        response->last = &header->next;
        response->header_count++;
}

bool response_has_header(const struct response *response, const char *name)
{
        for (const struct http_header *at = response->headers; at; at = at->next)
                if (strcasecmp(at->name, name) == 0)
                        return true;
        return false;
}

static void content_type_set(struct response *response, const char *content_type)
{
        assert(strlen(content_type) < sizeof(response->content_type));
        assert(!strpbrk(content_type, "\r\n"));
        snprintf(response->content_type, sizeof(response->content_type), "%s", content_type);
}

void response_shared(struct response *response, const char *content_type, const void *data,
                     size_t bytes, void (*release)(void *owner), void *owner)
{
        assert(response->kind == BODY_NONE);
        content_type_set(response, content_type);
        response->kind = BODY_MEMORY;
        response->data = data;
        response->bytes = bytes;
        response->release = release;
        response->owner = owner;
}

void response_body(struct response *response, const char *content_type, struct buf *out)
{
        size_t bytes = 0;
        char *data = buf_take(out, &bytes);

        if (!data) {
                buf_fini(out);
                response->failed = true;
                return;
        }
        response_shared(response, content_type, data, bytes, free, data);
}

void response_file(struct response *response, const char *content_type, int *fd,
                   uint64_t file_bytes, const char *etag)
{
        assert(response->kind == BODY_NONE && *fd >= 0);
        content_type_set(response, content_type);
        response->kind = BODY_FILE;
        response->fd = *fd;
        response->bytes = file_bytes;
        *fd = -1;
        response_etag(response, etag);
}

void response_etag(struct response *response, const char *etag)
{
        assert(strlen(etag) < sizeof(response->etag) && !strpbrk(etag, "\"\r\n"));
        snprintf(response->etag, sizeof(response->etag), "%s", etag);
}
