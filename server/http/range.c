/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/internal.h"
#include <string.h>
#include <strings.h>

/* Reads digits at *text; a number too large becomes UINT64_MAX, which is beyond every file. */
static bool number_read(const char **text, uint64_t *ret)
{
        const char *at = *text;
        uint64_t value = 0;

        if (*at < '0' || *at > '9')
                return false;
        for (; *at >= '0' && *at <= '9'; at++)
                if (__builtin_mul_overflow(value, 10, &value) ||
                    __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value))
                        value = UINT64_MAX;
        *text = at;
        *ret = value;
        return true;
}

static enum rc suffix_parse(const char *text, uint64_t size, uint64_t *ret_first,
                            uint64_t *ret_last)
{
        uint64_t bytes;

        if (!number_read(&text, &bytes) || *text)
                return RC_NOT_FOUND;
        if (bytes == 0 || size == 0)
                return RC_RANGE;
        *ret_first = bytes < size ? size - bytes : 0;
        *ret_last = size - 1;
        return RC_OK;
}

enum rc range_parse(const char *text, uint64_t size, uint64_t *ret_first, uint64_t *ret_last)
{
        uint64_t first;
        uint64_t last = UINT64_MAX;

        if (!text || strncasecmp(text, "bytes=", 6) != 0)
                return RC_NOT_FOUND;
        text += 6;
        if (*text == '-')
                return suffix_parse(text + 1, size, ret_first, ret_last);
        if (!number_read(&text, &first) || *text++ != '-')
                return RC_NOT_FOUND;
        if (*text && (!number_read(&text, &last) || *text || last < first))
                return RC_NOT_FOUND;
        if (first >= size)
                return RC_RANGE;
        *ret_first = first;
        *ret_last = last < size ? last : size - 1;
        return RC_OK;
}

bool etag_listed(const char *header, const char *etag)
{
        const size_t bytes = strlen(etag);

        if (!header || !bytes)
                return false;
        header += strspn(header, " \t");
        if (strcmp(header, "*") == 0)
                return true;
        while (*header) {
                const char *end;

                header += strspn(header, " \t,");
                if (strncmp(header, "W/", 2) == 0)
                        header += 2;
                if (*header != '"')
                        return false;
                end = strchr(++header, '"');
                if (!end)
                        return false;
                if ((size_t)(end - header) == bytes && memcmp(header, etag, bytes) == 0)
                        return true;
                header = end + 1;
                header += strspn(header, " \t");
        }
        return false;
}

bool etag_if_range(const char *header, const char *etag)
{
        const size_t bytes = strlen(etag);

        if (!header)
                return true;
        return bytes && strlen(header) == bytes + 2 && header[0] == '"' &&
               header[bytes + 1] == '"' && memcmp(header + 1, etag, bytes) == 0;
}
