/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/hex.h"
#include "server/http/internal.h"
#include <string.h>

/* raw is NUL-terminated after bytes characters; out has room for as many. */
static enum rc percent_decode(const char *raw, size_t bytes, char *out, struct err *err)
{
        size_t at = 0;

        for (size_t i = 0; i < bytes; i++) {
                int high;
                int low;

                if (raw[i] != '%') {
                        out[at++] = raw[i];
                        continue;
                }
                if (bytes - i < 3)
                        return err_set(err, RC_INVALID, "the address ends in a %% escape");
                high = hex_digit(raw[i + 1]);
                low = hex_digit(raw[i + 2]);
                if (high < 0 || low < 0)
                        return err_set(err, RC_INVALID, "the address has a broken %% escape");
                out[at++] = (char)(high * 16 + low);
                i += 2;
        }
        out[at] = '\0';
        if (memchr(out, '\0', at))
                return err_set(err, RC_INVALID, "the address has a NUL");
        return RC_OK;
}

/* Bytes of the UTF-8 character at text, 0 when it is none (RFC 3629: no overlong forms, no
 * surrogates, nothing above U+10FFFF). */
static size_t utf8_length(const unsigned char *text)
{
        const unsigned char c = text[0];
        size_t length;
        uint32_t value;

        if (c < 0x80)
                return 1;
        if (c < 0xc2 || c > 0xf4)
                return 0;
        length = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
        value = c & (0x7fu >> length);
        for (size_t i = 1; i < length; i++) {
                if ((text[i] & 0xc0) != 0x80)
                        return 0;
                value = value << 6 | (text[i] & 0x3fu);
        }
        if (length == 3 && (value < 0x800 || (value >= 0xd800 && value <= 0xdfff)))
                return 0;
        if (length == 4 && (value < 0x10000 || value > 0x10ffff))
                return 0;
        return length;
}

static bool text_is_utf8(const char *text)
{
        const unsigned char *at = (const unsigned char *)text;

        while (*at) {
                const size_t length = utf8_length(at);

                if (!length)
                        return false;
                at += length;
        }
        return true;
}

static bool has_control(const char *text)
{
        for (; *text; text++)
                if ((unsigned char)*text < 0x20 || *text == 0x7f)
                        return true;
        return false;
}

static bool has_dot_segment(const char *path)
{
        while (*path == '/') {
                const size_t length = strcspn(++path, "/");

                if ((length == 1 && path[0] == '.') ||
                    (length == 2 && path[0] == '.' && path[1] == '.'))
                        return true;
                path += length;
        }
        return false;
}

enum rc path_decode(const char *url, struct arena *arena, const char **ret, struct err *err)
{
        const size_t bytes = strlen(url);
        char *path;
        enum rc rc;

        if (bytes > REQUEST_URL_MAX)
                return err_set(err, RC_TOO_BIG, "the address is over %d bytes", REQUEST_URL_MAX);
        if (url[0] != '/')
                return err_set(err, RC_INVALID, "the address does not begin with a slash");
        path = arena_alloc(arena, bytes + 1);
        if (!path)
                return err_set(err, RC_NOMEM, "no memory for an address");
        rc = percent_decode(url, bytes, path, err);
        if (rc != RC_OK)
                return rc;
        if (has_control(path))
                return err_set(err, RC_INVALID, "the address has control characters");
        if (!text_is_utf8(path))
                return err_set(err, RC_INVALID, "the address is not UTF-8");
        if (has_dot_segment(path))
                return err_set(err, RC_INVALID, "the address has a dot segment");
        *ret = path;
        return RC_OK;
}

enum rc query_decode(const char *raw, size_t bytes, struct arena *arena, const char **ret,
                     struct err *err)
{
        char *text;
        enum rc rc;

        if (bytes >= QUERY_VALUE_MAX)
                return err_set(err, RC_TOO_BIG, "a query argument is over %zu bytes",
                               QUERY_VALUE_MAX - 1);
        text = arena_alloc(arena, bytes + 1);
        if (!text)
                return err_set(err, RC_NOMEM, "no memory for a query argument");
        rc = percent_decode(raw, bytes, text, err);
        if (rc != RC_OK)
                return rc;
        if (!text_is_utf8(text))
                return err_set(err, RC_INVALID, "a query argument is not UTF-8");
        *ret = text;
        return RC_OK;
}
