/* SPDX-License-Identifier: Apache-2.0 */
#include "server/signer/client/signer_client.h"
#include "core/base/frame.h"
#include "core/base/fs.h"
#include "core/base/jsonx.h"
#include "server/signer/protocol.h"
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LINES_COUNT 4 /* connections; the signer works one request at a time anyway */

struct line {
        int fd; /* -1: not open */
        bool taken;
};

struct signer_client {
        struct sockaddr_un address;
        bool too_long;
        usec_t timeout;
        pthread_mutex_t lock; /* of lines */
        pthread_cond_t freed;
        struct line lines[LINES_COUNT];
};

const char *signer_role_name(enum signer_role role)
{
        static const char *const names[SIGNER_ROLE_COUNT] = {SIGNER_ROLES};

        assert(role < SIGNER_ROLE_COUNT);
        return names[role];
}

struct signer_client *signer_client_new(const char *socket_path, usec_t timeout_usec)
{
        struct signer_client *client = calloc(1, sizeof(*client));
        pthread_condattr_t attributes;

        if (!client)
                return NULL;
        client->address.sun_family = AF_UNIX;
        client->too_long = strlen(socket_path) >= sizeof(client->address.sun_path);
        if (!client->too_long)
                memcpy(client->address.sun_path, socket_path, strlen(socket_path) + 1);
        client->timeout = timeout_usec;
        for (size_t i = 0; i < LINES_COUNT; i++)
                client->lines[i].fd = -1;
        pthread_mutex_init(&client->lock, NULL);
        pthread_condattr_init(&attributes);
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        pthread_cond_init(&client->freed, &attributes);
        pthread_condattr_destroy(&attributes);
        return client;
}

void signer_client_freep(struct signer_client **client)
{
        if (!*client)
                return;
        for (size_t i = 0; i < LINES_COUNT; i++)
                fs_closep(&(*client)->lines[i].fd);
        pthread_cond_destroy(&(*client)->freed);
        pthread_mutex_destroy(&(*client)->lock);
        free(*client);
        *client = NULL;
}

/* --- one line for one call --- */

static struct line *line_free(struct signer_client *client)
{
        struct line *closed = NULL;

        for (size_t i = 0; i < LINES_COUNT; i++) {
                struct line *line = &client->lines[i];

                if (!line->taken && line->fd >= 0)
                        return line;
                if (!line->taken)
                        closed = line;
        }
        return closed;
}

static enum rc line_take(struct signer_client *client, usec_t deadline, struct line **ret,
                         struct err *err)
{
        const struct timespec until = {deadline / USEC_PER_SEC, deadline % USEC_PER_SEC * 1000};
        struct line *line;
        int fault = 0;

        pthread_mutex_lock(&client->lock);
        while (!(line = line_free(client)) && fault == 0)
                fault = pthread_cond_timedwait(&client->freed, &client->lock, &until);
        if (line)
                line->taken = true;
        pthread_mutex_unlock(&client->lock);
        if (!line)
                return err_set(err, RC_BUSY, "the signer has too much to do");
        *ret = line;
        return RC_OK;
}

static void line_give(struct signer_client *client, struct line *line)
{
        pthread_mutex_lock(&client->lock);
        line->taken = false;
        pthread_cond_signal(&client->freed);
        pthread_mutex_unlock(&client->lock);
}

static enum rc line_open(const struct signer_client *client, struct line *line, struct err *err)
{
        CLEANUP(fs_closep) int fd = -1;

        if (client->too_long)
                return err_set(err, RC_INVALID, "the path of the signer's socket is too long");
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return err_errno(err, "cannot make a socket");
        if (connect(fd, (const struct sockaddr *)&client->address, sizeof(client->address)) < 0)
                return err_set(err, RC_BUSY, "the signer is not there: %s", strerror(errno));
        line->fd = fd;
        fd = -1;
        return RC_OK;
}

/* RC_END: the line is dead. */
static enum rc bytes_send(int fd, const char *data, size_t bytes, usec_t deadline, struct err *err)
{
        while (bytes) {
                struct pollfd wait = {.fd = fd, .events = POLLOUT};
                const usec_t left = deadline - clock_uptime();
                ssize_t put;

                if (left <= 0)
                        return err_set(err, RC_TIMEOUT, "the signer takes no request");
                if (poll(&wait, 1, (int)(left / 1000) + 1) < 0 && errno != EINTR)
                        return err_errno(err, "cannot wait for the signer");
                put = send(fd, data, bytes, MSG_NOSIGNAL);
                if (put < 0 && (errno == EAGAIN || errno == EINTR))
                        continue;
                if (put < 0)
                        return err_set(err, RC_END, "the signer closed");
                data += put;
                bytes -= (size_t)put;
        }
        return RC_OK;
}

static enum rc line_ask(int fd, const struct buf *request, usec_t deadline, char **ret,
                        size_t *ret_bytes, struct err *err)
{
        char head[4];
        enum rc rc;

        for (int i = 0; i < 4; i++)
                head[i] = (char)(request->len >> (8 * i));
        rc = bytes_send(fd, head, sizeof(head), deadline, err);
        if (rc == RC_OK)
                rc = bytes_send(fd, request->data, request->len, deadline, err);
        if (rc == RC_OK)
                rc = frame_receive(fd, SIGNER_FRAME_MAX, deadline - clock_uptime(), ret, ret_bytes,
                                   err);
        return rc;
}

/* A line that had been open may have died with a signer that was started anew: then, once, another
 * one. Asking twice is safe: the signer issues the same revision again only with the same content.
 */
static enum rc line_run(const struct signer_client *client, struct line *line,
                        const struct buf *request, usec_t deadline, char **ret, size_t *ret_bytes,
                        struct err *err)
{
        const bool was_open = line->fd >= 0;
        enum rc rc = RC_OK;

        if (!was_open)
                rc = line_open(client, line, err);
        if (rc == RC_OK)
                rc = line_ask(line->fd, request, deadline, ret, ret_bytes, err);
        if (rc != RC_OK)
                fs_closep(&line->fd);
        if ((rc != RC_END && rc != RC_IO) || !was_open)
                return rc;
        rc = line_open(client, line, err);
        if (rc == RC_OK)
                rc = line_ask(line->fd, request, deadline, ret, ret_bytes, err);
        if (rc != RC_OK)
                fs_closep(&line->fd);
        return rc;
}

static enum rc rc_find(const char *name)
{
        static const enum rc known[] = {RC_OK,      RC_REFUSED, RC_INVALID, RC_TOO_MANY,
                                        RC_TOO_BIG, RC_NOMEM,   RC_NOSPACE, RC_NOT_FOUND};

        for (size_t i = 0; i < ARRAY_COUNT(known); i++)
                if (strcmp(rc_name(known[i]), name) == 0)
                        return known[i];
        return RC_IO;
}

/* The signer's own outcome; its text becomes ours. */
static enum rc answer_read(const char *data, size_t bytes, json_t **ret, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *json = NULL;
        const char *name = "";
        const char *text = "";
        enum rc rc;

        rc = jsonx_parse_object(data, bytes, &json, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(json, "rc", JSONX_MUST, 64, &name, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(json, "text", JSONX_MAY, SIGNER_FRAME_MAX, &text, err);
        if (rc != RC_OK)
                return err_set(err, RC_IO, "the signer's answer cannot be read");
        rc = rc_find(name);
        if (rc != RC_OK)
                return err_set(err, rc, "%s", text);
        *ret = json;
        json = NULL;
        return RC_OK;
}

static enum rc client_ask(struct signer_client *client, const struct buf *request, json_t **ret,
                          struct err *err)
{
        const usec_t deadline = clock_uptime() + client->timeout;
        CLEANUP(fs_freep) char *answer = NULL;
        struct line *line = NULL;
        size_t bytes = 0;
        enum rc rc;

        rc = buf_finish(request, err);
        if (rc != RC_OK)
                return rc;
        rc = line_take(client, deadline, &line, err);
        if (rc != RC_OK)
                return rc;
        rc = line_run(client, line, request, deadline, &answer, &bytes, err);
        line_give(client, line);
        if (rc == RC_END || rc == RC_TIMEOUT || rc == RC_IO)
                return err_set(err, RC_BUSY, "the signer does not answer");
        return rc == RC_OK ? answer_read(answer, bytes, ret, err) : rc;
}

/* --- requests --- */

struct level {
        const struct value *value;
        size_t next;
};

static void scalar_or_open(struct buf *out, const struct value *value)
{
        if (value->kind == VALUE_TEXT)
                buf_json_string(out, value->text);
        else
                buf_char(out, value->kind == VALUE_LIST ? '[' : '{');
}

static enum rc value_put(struct buf *out, const struct value *root, struct err *err)
{
        struct level stack[ASSERTION_DEPTH_MAX + 1] = {{.value = root}};
        size_t depth = 1;

        buf_char(out, '{');
        while (depth) {
                struct level *level = &stack[depth - 1];
                const struct value *value = level->value;
                const struct value *item;

                if (level->next == value->count) {
                        buf_char(out, value->kind == VALUE_LIST ? ']' : '}');
                        depth--;
                        continue;
                }
                if (level->next)
                        buf_char(out, ',');
                if (value->kind == VALUE_MAP) {
                        buf_json_string(out, value->names[level->next]);
                        buf_char(out, ':');
                }
                item = &value->items[level->next++];
                scalar_or_open(out, item);
                if (item->kind == VALUE_TEXT)
                        continue;
                if (depth == ARRAY_COUNT(stack))
                        return err_set(err, RC_INVALID, "a header is nested too deep");
                stack[depth++] = (struct level){.value = item};
        }
        return RC_OK;
}

/* Assertion bodies and streams are UTF-8 text. */
static enum rc text_put(struct buf *out, const char *name, const void *data, size_t bytes,
                        struct err *err)
{
        CLEANUP(fs_freep) char *text = NULL;

        if (!data || !bytes)
                return RC_OK;
        if (memchr(data, '\0', bytes))
                return err_set(err, RC_INVALID, "the %s is no text", name);
        text = strndup(data, bytes);
        if (!text)
                return err_set(err, RC_NOMEM, "no memory for a request");
        buf_printf(out, ",\"%s\":", name);
        buf_json_string(out, text);
        return RC_OK;
}

static enum rc request_put(struct buf *out, const struct signer_request *request, struct err *err)
{
        enum rc rc;

        assert(request->headers->kind == VALUE_MAP);
        buf_printf(out, "{\"op\":\"" SIGNER_OP_ISSUE "\",\"role\":\"%s\",\"type\":",
                   signer_role_name(request->role));
        buf_json_string(out, request->type);
        buf_printf(out, ",\"format\":%u,\"headers\":", request->format);
        rc = value_put(out, request->headers, err);
        if (rc == RC_OK)
                rc = text_put(out, "body", request->body, request->body_bytes, err);
        if (rc == RC_OK)
                rc = text_put(out, "evidence", request->evidence, request->evidence_bytes, err);
        buf_char(out, '}');
        return rc;
}

enum rc signer_issue(struct signer_client *client, const struct signer_request *request,
                     struct arena *arena, struct assertion **ret, struct err *err)
{
        CLEANUP(buf_fini) struct buf out = BUF_INIT(SIGNER_FRAME_MAX);
        CLEANUP(jsonx_decref) json_t *json = NULL;
        const char *text = NULL;
        char *kept;
        enum rc rc;

        rc = request_put(&out, request, err);
        if (rc == RC_OK)
                rc = client_ask(client, &out, &json, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(json, "assertion", JSONX_MUST, SIGNER_FRAME_MAX, &text, err);
        if (rc != RC_OK)
                return rc;
        kept = arena_strdup(arena, text);
        if (!kept)
                return err_set(err, RC_NOMEM, "no memory for an assertion");
        return assertion_parse(arena, kept, strlen(kept), ret, err);
}

static enum rc id_copy(const json_t *json, const char *field, char *ret, size_t size,
                       struct err *err)
{
        const char *text = NULL;
        enum rc rc;

        rc = jsonx_get_text(json, field, JSONX_MUST, size - 1, &text, err);
        if (rc == RC_OK)
                memcpy(ret, text, strlen(text) + 1);
        return rc;
}

enum rc signer_pubkey(struct signer_client *client, enum signer_role role,
                      struct signer_identity *ret, struct err *err)
{
        CLEANUP(buf_fini) struct buf out = BUF_INIT(SIGNER_FRAME_MAX);
        CLEANUP(jsonx_decref) json_t *json = NULL;
        struct signer_identity identity = {0};
        enum rc rc;

        buf_printf(&out, "{\"op\":\"" SIGNER_OP_PUBKEY "\",\"role\":\"%s\"}",
                   signer_role_name(role));
        rc = client_ask(client, &out, &json, err);
        if (rc == RC_OK)
                rc = id_copy(json, "account-id", identity.account_id, sizeof(identity.account_id),
                             err);
        if (rc == RC_OK)
                rc = id_copy(json, "key-id", identity.key_id, sizeof(identity.key_id), err);
        if (rc == RC_OK)
                *ret = identity;
        return rc;
}
