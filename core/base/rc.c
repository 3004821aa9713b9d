/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/rc.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct rc_row {
        enum rc rc;
        const char *name;
        int status;
        const char *code;
        bool again;
} rows[] = {
#define X(name, value, status, code, again) {RC_##name, #name, status, code, again},
        RC_TABLE(X)
#undef X
};

static const struct rc_row *row_find(enum rc rc)
{
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
                if (rows[i].rc == rc)
                        return &rows[i];
        return NULL;
}

const char *rc_name(enum rc rc)
{
        const struct rc_row *row = row_find(rc);
        return row ? row->name : "UNKNOWN";
}

int rc_http_status(enum rc rc)
{
        const struct rc_row *row = row_find(rc);
        return row ? row->status : 500;
}

const char *rc_api_code(enum rc rc)
{
        const struct rc_row *row = row_find(rc);
        return row ? row->code : "internal-error";
}

bool rc_is_retryable(enum rc rc)
{
        const struct rc_row *row = row_find(rc);
        return row && row->again;
}

/* How many bytes of a UTF-8 sequence begin at `at`; 0: none does. */
static size_t sequence_bytes(const unsigned char *at)
{
        const size_t bytes = at[0] < 0x80   ? 1
                             : at[0] < 0xc2 ? 0
                             : at[0] < 0xe0 ? 2
                             : at[0] < 0xf0 ? 3
                             : at[0] < 0xf5 ? 4
                                            : 0;

        for (size_t i = 1; i < bytes; i++)
                if ((at[i] & 0xc0) != 0x80)
                        return 0;
        if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
            (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
                return 0;
        return bytes;
}

/* A precision or the buffer may cut a character, and a stranger's words may be no UTF-8 at all: the
 * text must still be fit to stand in JSON. */
static void text_mend(char *text)
{
        unsigned char *at = (unsigned char *)text;

        while (*at) {
                const size_t bytes = sequence_bytes(at);

                if (!bytes)
                        *at = '?';
                at += bytes ? bytes : 1;
        }
}

enum rc err_set_at(struct err *err, enum rc rc, const char *code, const char *origin,
                   const char *format, ...)
{
        va_list args;

        if (!err)
                return rc;
        snprintf(err->code, sizeof(err->code), "%s", code);
        err->origin = origin;
        va_start(args, format);
        vsnprintf(err->text, sizeof(err->text), format, args);
        va_end(args);
        text_mend(err->text);
        return rc;
}

enum rc err_errno_at(struct err *err, const char *origin, const char *format, ...)
{
        const int saved = errno;
        const enum rc rc = saved == ENOSPC || saved == EDQUOT ? RC_NOSPACE
                           : saved == ENOMEM                  ? RC_NOMEM
                                                              : RC_IO;
        char what[160];
        char reason[80];
        va_list args;

        va_start(args, format);
        vsnprintf(what, sizeof(what), format, args);
        va_end(args);
        /* The GNU strerror_r: it may answer with a constant instead of filling the buffer. */
        return err_set_at(err, rc, "", origin, "%s: %s", what,
                          strerror_r(saved, reason, sizeof(reason)));
}

/* ": " and more behind the first used bytes, cut at size. */
static void text_append(char *text, size_t used, size_t size, const char *more)
{
        const char *const parts[] = {": ", more};

        for (size_t i = 0; i < ARRAY_COUNT(parts); i++)
                for (const char *at = parts[i]; *at && used + 1 < size; at++)
                        text[used++] = *at;
        text[used] = '\0';
}

enum rc err_prefix(struct err *err, enum rc rc, const char *format, ...)
{
        char old[sizeof(err->text)];
        va_list args;
        int used;

        if (!err)
                return rc;
        memcpy(old, err->text, sizeof(old));
        va_start(args, format);
        used = vsnprintf(err->text, sizeof(err->text), format, args);
        va_end(args);
        if (used >= 0 && (size_t)used < sizeof(err->text))
                text_append(err->text, (size_t)used, sizeof(err->text), old);
        text_mend(err->text);
        return rc;
}
