/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/internal.h"
#include <stdio.h>
#include <string.h>

#define METHODS_ALL (HTTP_GET | HTTP_HEAD | HTTP_POST | HTTP_PUT | HTTP_PATCH | HTTP_DELETE)

struct capture {
        const char *at;
        size_t bytes;
};

/* Literal characters match themselves; "{x}" one segment, "{x*}" the rest, neither ever empty. */
static bool pattern_match(const char *pattern, const char *path,
                          struct capture captures[ROUTE_PARAMS_MAX], unsigned *ret_count)
{
        unsigned count = 0;

        while (*pattern) {
                const char *end;
                size_t bytes;

                if (*pattern != '{') {
                        if (*pattern++ != *path++)
                                return false;
                        continue;
                }
                end = strchr(pattern, '}');
                bytes = end[-1] == '*' ? strlen(path) : strcspn(path, "/");
                if (bytes == 0 || *path == '/' || count == ROUTE_PARAMS_MAX)
                        return false;
                captures[count++] = (struct capture){.at = path, .bytes = bytes};
                path += bytes;
                pattern = end + 1;
        }
        *ret_count = count;
        return *path == '\0';
}

static unsigned row_methods(const struct route *row)
{
        return row->methods & HTTP_GET ? row->methods | HTTP_HEAD : row->methods;
}

static enum rc captures_keep(const struct capture *captures, unsigned count, struct arena *arena,
                             const char *params[ROUTE_PARAMS_MAX])
{
        const char *kept[ROUTE_PARAMS_MAX] = {NULL};

        for (unsigned i = 0; i < count; i++) {
                kept[i] = arena_memdup(arena, captures[i].at, captures[i].bytes);
                if (!kept[i])
                        return RC_NOMEM;
        }
        memcpy(params, kept, sizeof(kept));
        return RC_OK;
}

enum rc route_match(const struct route *routes, size_t count, enum http_method method,
                    const char *path, struct arena *arena, const struct route **ret,
                    const char *params[ROUTE_PARAMS_MAX], unsigned *ret_allowed)
{
        unsigned allowed = 0;

        for (size_t i = 0; i < count; i++) {
                struct capture captures[ROUTE_PARAMS_MAX];
                unsigned capture_count;
                enum rc rc;

                if (!pattern_match(routes[i].pattern, path, captures, &capture_count))
                        continue;
                allowed |= row_methods(&routes[i]);
                if (!(row_methods(&routes[i]) & (unsigned)method))
                        continue;
                rc = captures_keep(captures, capture_count, arena, params);
                if (rc != RC_OK)
                        return rc;
                *ret = &routes[i];
                return RC_OK;
        }
        if (!allowed)
                return RC_NOT_FOUND;
        *ret_allowed = allowed;
        return RC_METHOD;
}

static enum rc pattern_check(const char *pattern, struct err *err)
{
        unsigned params = 0;

        if (!pattern || pattern[0] != '/')
                return err_set(err, RC_INVALID, "a pattern begins with a slash");
        for (const char *at = pattern; (at = strpbrk(at, "{}")); at++) {
                const char *end = strpbrk(at + 1, "{}/");

                if (*at != '{' || at[-1] != '/' || !end || *end != '}' || end == at + 1 ||
                    end[1] == '{')
                        return err_set(err, RC_INVALID, "pattern %s: braces", pattern);
                if (end[1] != '\0' && (end[1] != '/' || end[-1] == '*'))
                        return err_set(err, RC_INVALID,
                                       "pattern %s: a parameter is a whole segment", pattern);
                if (++params > ROUTE_PARAMS_MAX)
                        return err_set(err, RC_INVALID, "pattern %s: over %d parameters", pattern,
                                       ROUTE_PARAMS_MAX);
                at = end;
        }
        return RC_OK;
}

enum rc routes_check(const struct route *routes, size_t count, struct err *err)
{
        for (size_t i = 0; i < count; i++) {
                const struct route *row = &routes[i];
                const enum rc rc = pattern_check(row->pattern, err);

                if (rc != RC_OK)
                        return err_prefix(err, rc, "route %zu", i);
                if (!row->methods || (row->methods & ~(unsigned)METHODS_ALL))
                        return err_set(err, RC_INVALID, "route %s: methods", row->pattern);
                if (!row->handler || !row->name)
                        return err_set(err, RC_INVALID, "route %s: no handler or no name",
                                       row->pattern);
                if (row->sink && (row->where != ROUTE_POOL || !row->body_max))
                        return err_set(err, RC_INVALID,
                                       "route %s: a sink needs the pool and a body", row->pattern);
        }
        return RC_OK;
}

void methods_format(unsigned methods, char *text, size_t size)
{
        static const struct {
                unsigned bit;
                const char *name;
        } names[] = {{HTTP_GET, "GET"}, {HTTP_HEAD, "HEAD"},   {HTTP_POST, "POST"},
                     {HTTP_PUT, "PUT"}, {HTTP_PATCH, "PATCH"}, {HTTP_DELETE, "DELETE"}};
        size_t used = 0;

        text[0] = '\0';
        for (size_t i = 0; i < ARRAY_COUNT(names) && used < size; i++)
                if (methods & names[i].bit)
                        used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "",
                                                 names[i].name);
}
