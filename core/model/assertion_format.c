/* SPDX-License-Identifier: Apache-2.0 */
#include "core/model/assertion_format.h"
#include <string.h>

struct named_format {
        const char *type; /* NULL: a key anywhere in plugs or slots */
        const char *name;
        unsigned format;
};

static const struct named_format by_header[] = {
        {"snap-declaration", "plugs", 1},  {"snap-declaration", "slots", 1},
        {"system-user", "serials", 1},     {"system-user", "user-presence", 2},
        {"account-key", "constraints", 1},
};

static const struct named_format by_key[] = {
        {NULL, "on-store", 3},   {NULL, "on-brand", 3},   {NULL, "on-model", 3},
        {NULL, "plug-names", 4}, {NULL, "slot-names", 4}, {NULL, "on-core-desktop", 7},
};

static const struct {
        const char *part;
        unsigned format;
} by_text[] = {
        {"$MISSING", 2},
        {"$PLUG(", 2},
        {"$SLOT(", 2},
        {"PUBLISHER_ID", 6},
};

/* A list or map that is walked; at: the next member. */
struct frame {
        const struct value *value;
        size_t at;
        bool in_attributes;
};

static void raise(unsigned *format, unsigned to)
{
        if (to > *format)
                *format = to;
}

static void key_look(const char *name, unsigned *format)
{
        for (size_t i = 0; i < ARRAY_COUNT(by_key); i++)
                if (strcmp(by_key[i].name, name) == 0)
                        raise(format, by_key[i].format);
}

static void text_look(const char *text, unsigned *format)
{
        for (size_t i = 0; i < ARRAY_COUNT(by_text); i++)
                if (strstr(text, by_text[i].part))
                        raise(format, by_text[i].format);
}

static bool is_attributes(const char *name)
{
        return strcmp(name, "plug-attributes") == 0 || strcmp(name, "slot-attributes") == 0;
}

/* The rules of plugs or slots. Values nest as deep as the reader of headers lets them. */
static void rules_walk(const struct value *rules, unsigned *format)
{
        struct frame stack[ASSERTION_DEPTH_MAX + 1];
        size_t depth = 1;

        stack[0] = (struct frame){.value = rules};
        while (depth) {
                struct frame *frame = &stack[depth - 1];
                const struct value *item;
                bool inside = frame->in_attributes;

                if (frame->value->kind == VALUE_TEXT || frame->at == frame->value->count) {
                        depth--;
                        continue;
                }
                item = &frame->value->items[frame->at];
                if (frame->value->kind == VALUE_MAP && !inside) {
                        key_look(frame->value->names[frame->at], format);
                        inside = is_attributes(frame->value->names[frame->at]);
                }
                frame->at++;
                if (inside && item->kind == VALUE_TEXT)
                        text_look(item->text, format);
                if (inside && item->kind == VALUE_LIST)
                        raise(format, 5);
                if (item->kind != VALUE_TEXT && depth < ARRAY_COUNT(stack))
                        stack[depth++] = (struct frame){.value = item, .in_attributes = inside};
        }
}

unsigned assertion_format_needed(const char *type, const struct value *headers)
{
        unsigned format = 0;

        for (size_t i = 0; i < ARRAY_COUNT(by_header); i++) {
                const struct value *value = value_find(headers, by_header[i].name);

                if (strcmp(by_header[i].type, type) != 0 || !value ||
                    (value->kind != VALUE_TEXT && value->count == 0))
                        continue;
                raise(&format, by_header[i].format);
                if (strcmp(type, "snap-declaration") == 0)
                        rules_walk(value, &format);
        }
        return format;
}
