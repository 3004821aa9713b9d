/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/scope.h"
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#define PATTERN_MAX 160

const char *scope_next(const char **list, size_t *ret_length)
{
        const char *item = *list;
        const char *end;

        if (!item || !*item)
                return NULL;
        end = strchrnul(item, ',');
        *ret_length = (size_t)(end - item);
        *list = *end ? end + 1 : end;
        return item;
}

static bool holds(const char *list, const char *item, size_t length)
{
        const char *at;
        size_t bytes;

        while ((at = scope_next(&list, &bytes)) != NULL)
                if (bytes == length && memcmp(at, item, length) == 0)
                        return true;
        return false;
}

bool scope_lists(const char *list, const char *item)
{
        return holds(list, item, strlen(item));
}

bool scope_has(const char *list, const char *item)
{
        return !*list || scope_lists(list, item);
}

bool scope_is_within(const char *part, const char *whole)
{
        const char *item;
        size_t length;

        if (!*whole)
                return true;
        if (!*part)
                return false;
        while ((item = scope_next(&part, &length)) != NULL)
                if (!holds(whole, item, length))
                        return false;
        return true;
}

/* A pattern in the full form: what names no track is on latest. */
static bool pattern_complete(const char *item, size_t length, char *text, size_t size)
{
        char head[PATTERN_MAX];
        enum risk risk;
        bool short_form;
        size_t first;

        if (length == 0 || length >= sizeof(head))
                return false;
        memcpy(head, item, length);
        head[length] = '\0';
        if (strcmp(head, "*") == 0)
                return snprintf(text, size, "*") > 0;
        first = strcspn(head, "/");
        short_form = head[first] == '\0';
        if (!short_form) {
                head[first] = '\0';
                short_form = risk_parse(head, &risk) == RC_OK;
                head[first] = '/';
        }
        return (size_t)snprintf(text, size, "%s%s", short_form ? "latest/" : "", head) < size;
}

bool scope_allows_channel(const char *list, const struct channel *channel)
{
        char pattern[PATTERN_MAX + 8];
        char name[CHANNEL_MAX + 1];
        const char *item;
        size_t length;

        if (!*list)
                return true;
        channel_format(channel, name);
        while ((item = scope_next(&list, &length)) != NULL)
                if (pattern_complete(item, length, pattern, sizeof(pattern)) &&
                    fnmatch(pattern, name, FNM_NOESCAPE) == 0)
                        return true;
        return false;
}

const char *scope_join(struct arena *arena, const char *const *items, size_t count)
{
        size_t bytes = 1;
        char *joined;
        char *at;

        for (size_t i = 0; i < count; i++)
                bytes += strlen(items[i]) + 1;
        joined = arena_alloc(arena, bytes);
        if (!joined)
                return NULL;
        at = joined;
        for (size_t i = 0; i < count; i++)
                at = stpcpy(stpcpy(at, i ? "," : ""), items[i]);
        return joined;
}
