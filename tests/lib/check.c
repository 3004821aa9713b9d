/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/check.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *promise = "(no promise named)";
static char row[200];
static unsigned long ran;
static unsigned long failed;

void check_promise(const char *text)
{
        promise = text;
        row[0] = '\0';
}

void check_case(const char *format, ...)
{
        va_list args;

        va_start(args, format);
        vsnprintf(row, sizeof(row), format, args);
        va_end(args);
}

int check_end(void)
{
        printf("%lu checks, %lu failed\n", ran, failed);
        return failed || !ran;
}

/* Counts; true when this one failed, with the head of its report printed. */
static bool report(bool held, const char *text, const char *origin)
{
        ran++;
        if (held)
                return false;
        failed++;
        printf("FAILED: %s\n  case %s\n  at %s: %s\n", promise, row[0] ? row : "-", origin, text);
        return true;
}

void check_true_at(bool value, const char *text, const char *origin)
{
        report(value, text, origin);
}

void check_int_at(int64_t got, int64_t want, const char *text, const char *origin)
{
        if (report(got == want, text, origin))
                printf("  got  %" PRId64 "\n  want %" PRId64 "\n", got, want);
}

void check_text_at(const char *got, const char *want, const char *text, const char *origin)
{
        const bool same = got && want ? strcmp(got, want) == 0 : got == want;

        if (report(same, text, origin))
                printf("  got  %s\n  want %s\n", got ? got : "(null)", want ? want : "(null)");
}

void check_bytes_at(const void *got, size_t got_bytes, const void *want, size_t want_bytes,
                    const char *text, const char *origin)
{
        const bool same =
                got_bytes == want_bytes && (!want_bytes || !memcmp(got, want, want_bytes));

        if (report(same, text, origin))
                printf("  got  %zu bytes\n  want %zu bytes\n", got_bytes, want_bytes);
}

void check_rc_at(enum rc got, enum rc want, const struct err *err, const char *text,
                 const char *origin)
{
        if (report(got == want, text, origin))
                printf("  got  %s (%s)\n  want %s\n", rc_name(got), err ? err->text : "",
                       rc_name(want));
}
