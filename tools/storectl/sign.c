/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/storectl/sign.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX   (64 * KIB)
#define FORMAT_MAX 16

enum rc sign_draft(struct arena *arena, struct assertion_draft *draft, const struct privkey *key,
                   usec_t now, struct assertion **ret, struct err *err)
{
        CLEANUP(buf_fini) struct buf signature = BUF_INIT(TEXT_MAX);
        const char *content = NULL;
        size_t bytes = 0;
        enum rc rc;

        if (!draft)
                return err_set(err, RC_NOMEM, "no such assertion type, or no memory");
        rc = assertion_draft_content(draft, pubkey_id(privkey_pubkey(key)), &content, &bytes, err);
        if (rc == RC_OK)
                rc = privkey_sign(key, content, bytes, now, &signature, err);
        if (rc == RC_OK)
                rc = buf_finish(&signature, err);
        if (rc != RC_OK)
                return rc;
        return assertion_assemble(arena, content, bytes, signature.data, ret, err);
}

enum rc sign_account_key(struct arena *arena, const struct sign_key *what,
                         const struct privkey *key, const struct privkey *signer,
                         struct assertion **ret, struct err *err)
{
        CLEANUP(buf_fini) struct buf body = BUF_INIT(TEXT_MAX);
        const struct pubkey *public = privkey_pubkey(key);
        struct assertion_draft *draft;
        enum rc rc;

        pubkey_format(public, &body);
        rc = buf_finish(&body, err);
        if (rc != RC_OK)
                return rc;
        draft = assertion_draft_new(arena,
                                    what->authority_id ? "account-key" : "account-key-request");
        if (!draft)
                return err_set(err, RC_NOMEM, "out of memory");
        if (what->authority_id)
                assertion_draft_text(draft, "authority-id", what->authority_id);
        assertion_draft_text(draft, "public-key-sha3-384", pubkey_id(public));
        assertion_draft_text(draft, "account-id", what->account_id);
        assertion_draft_text(draft, "name", what->name);
        assertion_draft_time(draft, "since", what->since);
        if (what->until)
                assertion_draft_time(draft, "until", what->until);
        assertion_draft_body(draft, body.data, body.len);
        return sign_draft(arena, draft, signer, what->since, ret, err);
}

/* One open list or object while a document is walked. */
struct frame {
        const json_t *json;
        struct value *to;
        struct value *items;
        const char **names;
        void *at; /* the object's iterator */
        size_t done;
};

static enum rc scalar_set(struct arena *arena, const json_t *json, struct value *ret,
                          struct err *err)
{
        ret->kind = VALUE_TEXT;
        if (json_is_string(json))
                ret->text = arena_strdup(arena, json_string_value(json));
        else if (json_is_boolean(json))
                ret->text = json_is_true(json) ? "true" : "false";
        else if (json_is_integer(json))
                ret->text = arena_printf(arena, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
        else
                return err_set(err, RC_INVALID, "null and fractions cannot be headers");
        return ret->text ? RC_OK : err_set(err, RC_NOMEM, "out of memory");
}

static enum rc frame_open(struct arena *arena, struct frame *frame, const json_t *json,
                          struct value *to, struct err *err)
{
        const size_t count = json_is_array(json) ? json_array_size(json) : json_object_size(json);

        memset(frame, 0, sizeof(*frame));
        frame->json = json;
        frame->to = to;
        frame->items = arena_alloc_array(arena, count ? count : 1, sizeof(*frame->items));
        frame->names = arena_alloc_array(arena, count ? count : 1, sizeof(*frame->names));
        if (!frame->items || !frame->names)
                return err_set(err, RC_NOMEM, "out of memory");
        frame->at = json_object_iter((json_t *)json);
        to->kind = json_is_array(json) ? VALUE_LIST : VALUE_MAP;
        to->count = count;
        to->items = frame->items;
        to->names = json_is_array(json) ? NULL : frame->names;
        return RC_OK;
}

/* The next member, and where its value goes. NULL after the last. */
static const json_t *frame_next(struct arena *arena, struct frame *frame, struct value **ret,
                                struct err *err, enum rc *rc)
{
        const json_t *json = NULL;

        if (frame->done >= frame->to->count)
                return NULL;
        *ret = &frame->items[frame->done];
        if (json_is_array(frame->json)) {
                json = json_array_get(frame->json, frame->done);
        } else {
                const char *name = json_object_iter_key(frame->at);

                frame->names[frame->done] = arena_strdup(arena, name);
                if (!frame->names[frame->done])
                        *rc = err_set(err, RC_NOMEM, "out of memory");
                json = json_object_iter_value(frame->at);
                frame->at = json_object_iter_next((json_t *)frame->json, frame->at);
        }
        frame->done++;
        return json;
}

enum rc sign_value_from_json(struct arena *arena, const json_t *json, struct value *ret,
                             struct err *err)
{
        struct frame stack[SIGN_DEPTH_MAX];
        size_t depth = 1;
        enum rc rc;

        if (!json_is_object(json) && !json_is_array(json))
                return scalar_set(arena, json, ret, err);
        rc = frame_open(arena, &stack[0], json, ret, err);
        while (rc == RC_OK && depth) {
                struct value *to = NULL;
                const json_t *member = frame_next(arena, &stack[depth - 1], &to, err, &rc);

                if (!member) {
                        depth--;
                        continue;
                }
                if (rc != RC_OK)
                        return rc;
                if (!json_is_object(member) && !json_is_array(member))
                        rc = scalar_set(arena, member, to, err);
                else if (depth == SIGN_DEPTH_MAX)
                        rc = err_set(err, RC_INVALID, "headers nested over %d levels",
                                     SIGN_DEPTH_MAX);
                else
                        rc = frame_open(arena, &stack[depth++], member, to, err);
        }
        return rc;
}

static enum rc header_put(struct assertion_draft *draft, const char *name,
                          const struct value *value, struct err *err)
{
        if (strcmp(name, "type") == 0)
                return RC_OK;
        if (strcmp(name, "body") == 0 && value->kind == VALUE_TEXT) {
                assertion_draft_body(draft, value->text, strlen(value->text));
        } else if (strcmp(name, "format") == 0 && value->kind == VALUE_TEXT) {
                char *end = NULL;
                const unsigned long format = strtoul(value->text, &end, 10);

                if (*end || format > FORMAT_MAX)
                        return err_set(err, RC_INVALID, "header format: not a number up to %d",
                                       FORMAT_MAX);
                assertion_draft_format(draft, (unsigned)format);
        } else {
                assertion_draft_value(draft, name, value);
        }
        return RC_OK;
}

enum rc sign_from_json(struct arena *arena, const json_t *headers, const struct privkey *key,
                       usec_t now, struct assertion **ret, struct err *err)
{
        struct value map = {0};
        struct assertion_draft *draft;
        const char *type;
        enum rc rc;

        if (!json_is_object(headers))
                return err_set(err, RC_INVALID, "the headers must be a JSON object");
        rc = sign_value_from_json(arena, headers, &map, err);
        if (rc != RC_OK)
                return rc;
        type = value_text(&map, "type");
        draft = assertion_draft_new(arena, type ? type : "model");
        if (!draft)
                return err_set(err, RC_INVALID, "unknown assertion type %.60s",
                               type ? type : "model");
        if (!value_find(&map, "timestamp"))
                assertion_draft_time(draft, "timestamp", now);
        for (size_t i = 0; rc == RC_OK && i < map.count; i++)
                rc = header_put(draft, map.names[i], &map.items[i], err);
        return rc == RC_OK ? sign_draft(arena, draft, key, now, ret, err) : rc;
}
