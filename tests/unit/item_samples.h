/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * item_samples -- values of headers written as one line, for tests of the type table: words are
 * members `name:text`, `name:[text]` a list of one, `name:{text}` a map; without a colon the line
 * is a plain text. Included by test_assertion_type.c and test_assertion_items.c.
 */
#include "core/model/assertion_type.h"
#include <string.h>

#define SAMPLE_ID "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* A good item for each list whose items have a form. */
static const struct item_sample {
        const char *type;
        const char *header;
        const char *good;
} item_samples[] = {
        {"account-key", "constraints", "headers:{x}"},
        {"model", "required-snaps", "hello"},
        {"model", "serial-authority", "acme"},
        {"model", "system-user-authority", "acme"},
        {"model", "preseed-authority", "acme"},
        {"model", "snaps",
         "name:hello id:" SAMPLE_ID " type:app default-channel:stable modes:[run]"},
        {"model", "validation-sets", "account-id:acme name:fleet sequence:3 mode:enforce"},
        {"snap-declaration", "refresh-control", SAMPLE_ID},
        {"snap-declaration", "auto-aliases", "hi"},
        {"snap-declaration", "aliases", "name:hi target:hello"},
        {"snap-declaration", "revision-authority",
         "account-id:acme provenance:[prod] min-revision:1 max-revision:9 on-store:[s] "
         "on-brand:[acme] on-model:[acme/m]"},
        {"snap-revision", "integrity", "digest:00ff salt:00ff"},
        {"snap-resource-revision", "integrity", "digest:00ff salt:00ff"},
        {"snap-developer", "developers",
         "developer-id:acme since:2026-01-01T00:00:00Z until:2027-01-01T00:00:00Z"},
        {"store", "friendly-stores", "other"},
        {"validation-set", "snaps", "name:hello id:" SAMPLE_ID " presence:required revision:7"},
        {"repair", "series", "16"},
        {"repair", "architectures", "amd64"},
        {"repair", "models", "acme/m"},
        {"repair", "bases", "core20"},
        {"repair", "modes", "run"},
        {"system-user", "ssh-keys", "ssh-ed25519 AAAA"},
        {"system-user", "series", "16"},
        {"system-user", "models", "m"},
        {"system-user", "serials", "s1"},
        {"preseed", "snaps", "name:hello id:" SAMPLE_ID " revision:7"},
};

static inline const struct item_sample *item_sample_find(const char *type, const char *header)
{
        for (size_t i = 0; i < ARRAY_COUNT(item_samples); i++)
                if (!strcmp(item_samples[i].type, type) && !strcmp(item_samples[i].header, header))
                        return &item_samples[i];
        return NULL;
}

static inline struct value *value_new(struct arena *arena, size_t count)
{
        return arena_alloc_array(arena, count, sizeof(struct value));
}

/* One member's value: a text, or a list or map of one. */
static inline struct value member_make(struct arena *arena, const char *text)
{
        static const char *const names[] = {"x"};
        const size_t length = strlen(text);
        struct value value = {.kind = VALUE_TEXT, .text = arena_strdup(arena, text)};
        struct value *inner;

        if (*text != '[' && *text != '{')
                return value;
        inner = value_new(arena, 1);
        inner->kind = VALUE_TEXT;
        inner->text = arena_memdup(arena, text + 1, length - 2);
        value = (struct value){.kind = *text == '[' ? VALUE_LIST : VALUE_MAP,
                               .count = 1,
                               .items = inner,
                               .names = names};
        return value;
}

static inline struct value item_make(struct arena *arena, const char *line)
{
        char *at = arena_strdup(arena, line);
        struct value *items = value_new(arena, 16);
        const char **names = arena_alloc_array(arena, 16, sizeof(const char *));
        size_t count = 0;
        char *word;

        if (!strchr(line, ':') || strchr(line, '/') == line)
                return member_make(arena, line);
        while ((word = strsep(&at, " ")) && count < 16) {
                char *name = strsep(&word, ":");

                names[count] = name;
                items[count++] = member_make(arena, word);
        }
        return (struct value){.kind = VALUE_MAP, .count = count, .items = items, .names = names};
}

/* A list of such items. */
static inline struct value *list_make(struct arena *arena, const char *const *lines, size_t count)
{
        struct value *list = value_new(arena, 1);
        struct value *items = value_new(arena, count);

        for (size_t i = 0; i < count; i++)
                items[i] = item_make(arena, lines[i]);
        *list = (struct value){.kind = VALUE_LIST, .count = count, .items = items};
        return list;
}
