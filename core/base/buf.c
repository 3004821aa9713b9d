/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/buf.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_fini(struct buf *buf)
{
        free(buf->data);
        buf->data = NULL;
        buf->len = buf->cap = 0;
}

/* Makes room for bytes more and the NUL. */
static bool buf_reserve(struct buf *buf, size_t bytes)
{
        size_t want;
        char *grown;

        if (buf->failed)
                return false;
        if (bytes > buf->max || buf->len > buf->max - bytes) {
                buf->failed = true;
                return false;
        }
        want = buf->len + bytes + 1;
        if (want <= buf->cap)
                return true;
        if (want < buf->cap * 2)
                want = buf->cap * 2;
        if (want < 64)
                want = 64;
        grown = realloc(buf->data, want);
        if (!grown) {
                buf->failed = true;
                return false;
        }
        buf->data = grown;
        buf->cap = want;
        return true;
}

void buf_append(struct buf *buf, const void *data, size_t bytes)
{
        if (!buf_reserve(buf, bytes))
                return;
        if (bytes)
                memcpy(buf->data + buf->len, data, bytes);
        buf->len += bytes;
        buf->data[buf->len] = '\0';
}

void buf_text(struct buf *buf, const char *text)
{
        buf_append(buf, text, strlen(text));
}

void buf_char(struct buf *buf, char c)
{
        buf_append(buf, &c, 1);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
        va_list args;
        va_list again;
        int length;

        va_start(args, format);
        va_copy(again, args);
        length = vsnprintf(NULL, 0, format, args);
        if (length < 0)
                buf->failed = true;
        else if (buf_reserve(buf, (size_t)length)) {
                vsnprintf(buf->data + buf->len, (size_t)length + 1, format, again);
                buf->len += (size_t)length;
        }
        va_end(again);
        va_end(args);
}

void buf_number(struct buf *buf, uint64_t number)
{
        char digits[20];
        size_t at = sizeof(digits);

        do {
                digits[--at] = (char)('0' + number % 10);
                number /= 10;
        } while (number);
        buf_append(buf, digits + at, sizeof(digits) - at);
}

static size_t plain_run(const char *text)
{
        size_t n = 0;

        while ((unsigned char)text[n] >= 0x20 && text[n] != '"' && text[n] != '\\')
                n++;
        return n;
}

void buf_json_string(struct buf *buf, const char *text)
{
        buf_char(buf, '"');
        while (*text) {
                const size_t run = plain_run(text);

                buf_append(buf, text, run);
                text += run;
                if (!*text)
                        break;
                if (*text == '"' || *text == '\\') {
                        buf_char(buf, '\\');
                        buf_char(buf, *text);
                } else if (*text == '\n') {
                        buf_text(buf, "\\n");
                } else {
                        buf_printf(buf, "\\u%04x", (unsigned char)*text);
                }
                text++;
        }
        buf_char(buf, '"');
}

void buf_clear(struct buf *buf)
{
        buf->len = 0;
        buf->failed = false;
        if (buf->data)
                buf->data[0] = '\0';
}

enum rc buf_finish(const struct buf *buf, struct err *err)
{
        if (!buf->failed)
                return RC_OK;
        if (buf->len >= buf->max / 2 && buf->max)
                return err_set(err, RC_TOO_BIG, "the answer grew over %zu bytes", buf->max);
        return err_set(err, RC_NOMEM, "no memory for %zu bytes", buf->len);
}

char *buf_take(struct buf *buf, size_t *ret_bytes)
{
        char *data;

        if (!buf->data)
                buf_append(buf, "", 0);
        if (buf->failed)
                return NULL;
        data = buf->data;
        if (ret_bytes)
                *ret_bytes = buf->len;
        buf->data = NULL;
        buf->len = buf->cap = 0;
        return data;
}
