/* SPDX-License-Identifier: Apache-2.0 */
#include "server/signer/message.h"
#include "core/base/jsonx.h"
#include "core/base/log.h"
#include "server/signer/protocol.h"
#include <string.h>

#define WORD_MAX   128
#define FORMAT_MAX 100

/* --- JSON into header values, without recursion --- */

struct level {
        json_t *json;
        struct value *at;
        size_t next;
        void *member; /* of an object */
};

/* Texts are borrowed from the JSON, which outlives the request. */
static enum rc value_open(json_t *json, struct arena *arena, struct value *ret, struct err *err)
{
        struct value *items;
        const char **names = NULL;
        size_t count;

        if (json_is_string(json)) {
                *ret = (struct value){.kind = VALUE_TEXT, .text = json_string_value(json)};
                return RC_OK;
        }
        if (!json_is_array(json) && !json_is_object(json))
                return err_set(err, RC_INVALID, "a header is text, a list or a map");
        count = json_is_array(json) ? json_array_size(json) : json_object_size(json);
        if (count > ASSERTION_VALUES_MAX)
                return err_set(err, RC_INVALID, "a header has more than %d members",
                               ASSERTION_VALUES_MAX);
        items = arena_alloc_array(arena, count, sizeof(*items));
        if (json_is_object(json))
                names = arena_alloc_array(arena, count, sizeof(*names));
        if (!items || (json_is_object(json) && !names))
                return err_set(err, RC_NOMEM, "no memory for a request");
        *ret = (struct value){
                .kind = json_is_array(json) ? VALUE_LIST : VALUE_MAP,
                .count = count,
                .items = items,
                .names = names,
        };
        return RC_OK;
}

/* The next member of a level; NULL after the last. */
static json_t *level_next(struct level *level)
{
        const size_t at = level->next;

        if (level->at->kind == VALUE_TEXT || at == level->at->count)
                return NULL;
        level->next++;
        if (level->at->kind == VALUE_LIST)
                return json_array_get(level->json, at);
        level->member = at ? json_object_iter_next(level->json, level->member)
                           : json_object_iter(level->json);
        ((const char **)level->at->names)[at] = json_object_iter_key(level->member);
        return json_object_iter_value(level->member);
}

static enum rc headers_read(json_t *json, struct arena *arena, struct value *ret, struct err *err)
{
        struct level stack[JSONX_MAX_DEPTH + 1] = {{.json = json, .at = ret}};
        size_t depth = 1;
        enum rc rc;

        rc = value_open(json, arena, ret, err);
        while (rc == RC_OK && depth) {
                struct level *level = &stack[depth - 1];
                json_t *child = level_next(level);
                struct value *at;

                if (!child) {
                        depth--;
                        continue;
                }
                at = (struct value *)&level->at->items[level->next - 1];
                rc = value_open(child, arena, at, err);
                if (rc != RC_OK || at->kind == VALUE_TEXT)
                        continue;
                if (depth == ARRAY_COUNT(stack))
                        return err_set(err, RC_INVALID, "a header is nested too deep");
                stack[depth++] = (struct level){.json = child, .at = at};
        }
        return rc;
}

/* --- requests --- */

static enum rc role_read(const json_t *json, enum role *ret, struct err *err)
{
        const char *name = NULL;
        enum rc rc;

        rc = jsonx_get_text(json, "role", JSONX_MUST, WORD_MAX, &name, err);
        return rc == RC_OK ? role_find(name, ret, err) : rc;
}

static enum rc request_read(const json_t *json, struct arena *arena, struct issue_request *ret,
                            struct err *err)
{
        const json_t *headers = NULL;
        int64_t format = 0;
        enum rc rc;

        rc = role_read(json, &ret->role, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(json, "type", JSONX_MUST, WORD_MAX, &ret->type, err);
        if (rc == RC_OK)
                rc = jsonx_get_int(json, "format", JSONX_MAY, 0, FORMAT_MAX, &format, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(json, "body", JSONX_MAY, SIGNER_FRAME_MAX, &ret->body, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(json, "evidence", JSONX_MAY, SIGNER_FRAME_MAX, &ret->evidence,
                                    err);
        if (rc == RC_OK)
                rc = jsonx_get_object(json, "headers", JSONX_MUST, &headers, err);
        if (rc != RC_OK)
                return rc;
        ret->format = (unsigned)format;
        ret->body_bytes = ret->body ? strlen(ret->body) : 0;
        ret->evidence_bytes = ret->evidence ? strlen(ret->evidence) : 0;
        return headers_read((json_t *)headers, arena, &ret->headers, err);
}

static void field_put(struct buf *out, const char *name, const char *text)
{
        buf_printf(out, ",\"%s\":", name);
        buf_json_string(out, text);
}

static enum rc issue_answer(struct signer *signer, const json_t *json, struct arena *arena,
                            struct buf *out, struct err *err)
{
        struct issue_request request = {0};
        const struct assertion *made = NULL;
        const char *text;
        enum rc rc;

        rc = request_read(json, arena, &request, err);
        if (rc == RC_OK)
                rc = signer_run(signer, &request, arena, &made, err);
        if (rc == RC_REFUSED)
                log_line(LOG_LEVEL_WARNING, "msg=\"refused\" role=%s reason=\"%s\"",
                         role_name(request.role), err->text);
        if (rc != RC_OK)
                return rc;
        text = arena_memdup(arena, made->bytes, made->bytes_count);
        if (!text)
                return err_set(err, RC_NOMEM, "no memory for an answer");
        log_line(LOG_LEVEL_INFO, "msg=\"issued\" role=%s ref=\"%s\" revision=%llu",
                 role_name(request.role), assertion_ref(arena, made),
                 (unsigned long long)made->revision);
        buf_text(out, "{\"rc\":\"OK\"");
        field_put(out, "assertion", text);
        buf_char(out, '}');
        return RC_OK;
}

static enum rc pubkey_answer(const struct signer *signer, const json_t *json, struct buf *out,
                             struct err *err)
{
        const struct keyring_entry *entry = NULL;
        enum role role;
        enum rc rc;

        rc = role_read(json, &role, err);
        if (rc == RC_OK)
                rc = signer_identity(signer, role, &entry, err);
        if (rc != RC_OK)
                return rc;
        buf_text(out, "{\"rc\":\"OK\"");
        field_put(out, "account-id", entry->account_id);
        field_put(out, "key-id", entry->key_id);
        buf_char(out, '}');
        return RC_OK;
}

static enum rc op_answer(struct signer *signer, const json_t *json, struct arena *arena,
                         struct buf *out, bool *ret_garbage, struct err *err)
{
        const char *op = NULL;
        enum rc rc;

        rc = jsonx_get_text(json, "op", JSONX_MUST, WORD_MAX, &op, err);
        if (rc == RC_OK && strcmp(op, SIGNER_OP_ISSUE) == 0)
                return issue_answer(signer, json, arena, out, err);
        if (rc == RC_OK && strcmp(op, SIGNER_OP_PUBKEY) == 0)
                return pubkey_answer(signer, json, out, err);
        *ret_garbage = true;
        return rc == RC_OK ? err_set(err, RC_INVALID, "there is no operation \"%.40s\"", op) : rc;
}

static void failure_put(struct buf *out, enum rc rc, const struct err *err)
{
        buf_clear(out);
        buf_printf(out, "{\"rc\":\"%s\"", rc_name(rc));
        field_put(out, "text", err->text);
        if (err->code[0])
                field_put(out, "code", err->code);
        buf_char(out, '}');
}

void message_answer(struct signer *signer, const char *data, size_t bytes, struct buf *out,
                    bool *ret_garbage)
{
        CLEANUP(jsonx_decref) json_t *json = NULL;
        CLEANUP(arena_freep) struct arena *arena = arena_new(MESSAGE_ARENA_MAX);
        struct err err = {0};
        enum rc rc;

        *ret_garbage = false;
        if (!arena) {
                rc = err_set(&err, RC_NOMEM, "no memory for a request");
        } else {
                rc = jsonx_parse_object(data, bytes, &json, &err);
                *ret_garbage = rc == RC_INVALID;
                if (rc == RC_OK)
                        rc = op_answer(signer, json, arena, out, ret_garbage, &err);
        }
        if (rc_is_fault(rc))
                log_line(LOG_LEVEL_ERROR, "msg=\"%s\" rc=%s origin=%s", err.text, rc_name(rc),
                         err.origin ? err.origin : "");
        if (rc != RC_OK)
                failure_put(out, rc, &err);
}
