/* SPDX-License-Identifier: Apache-2.0 */
#include "core/model/assertion.h"
#include "core/model/assertion_inside.h"
#include <string.h>

const struct value *value_find(const struct value *map, const char *name)
{
        if (!map || map->kind != VALUE_MAP)
                return NULL;
        for (size_t i = 0; i < map->count; i++)
                if (!strcmp(map->names[i], name))
                        return &map->items[i];
        return NULL;
}

const char *value_text(const struct value *map, const char *name)
{
        const struct value *value = value_find(map, name);

        return value && value->kind == VALUE_TEXT ? value->text : NULL;
}

const char *assertion_text(const struct assertion *assertion, const char *name)
{
        return value_text(&assertion->headers, name);
}

const struct value *assertion_value(const struct assertion *assertion, const char *name)
{
        return value_find(&assertion->headers, name);
}

enum rc assertion_time(const struct assertion *assertion, const char *name, usec_t *ret)
{
        const struct value *value = assertion_value(assertion, name);

        if (!value)
                return RC_NOT_FOUND;
        return value->kind == VALUE_TEXT ? clock_parse(value->text, ret) : RC_INVALID;
}

enum rc assertion_number(const struct assertion *assertion, const char *name, uint64_t *ret)
{
        const struct value *value = assertion_value(assertion, name);

        if (!value)
                return RC_NOT_FOUND;
        if (value->kind != VALUE_TEXT)
                return RC_INVALID;
        return header_number_parse(value->text, UINT64_MAX, ret);
}

void assertion_digest(const struct assertion *assertion, struct digest *ret)
{
        sha3_384(assertion->bytes, assertion->bytes_count, ret);
}

const char *assertion_ref(struct arena *arena, const struct assertion *assertion)
{
        const struct assertion_type *type = assertion->type;
        size_t count = type->pk_count;
        const char *text = arena_strdup(arena, type->name);

        while (count && type->pk_defaults && type->pk_defaults[count - 1] &&
               !strcmp(type->pk_defaults[count - 1], assertion->pk[count - 1]))
                count--;
        for (size_t i = 0; text && i < count; i++)
                text = arena_printf(arena, "%s/%s", text, assertion->pk[i]);
        return text;
}

enum rc assertion_verify(const struct assertion *assertion, const struct pubkey *key,
                         struct err *err)
{
        enum rc rc;

        if (strcmp(pubkey_id(key), assertion->key_id))
                return err_set(err, RC_UNTRUSTED, "the key is not the one that signed this %s",
                               assertion->type->name);
        rc = pubkey_verify(key, assertion->bytes, assertion->content_count, assertion->signature,
                           strlen(assertion->signature), err);
        if (rc == RC_INVALID)
                return err_prefix(err, RC_UNTRUSTED, "signature");
        return rc;
}
