/* SPDX-License-Identifier: Apache-2.0 */
#include "core/model/name.h"
#include <string.h>

static bool is_lower(char c)
{
        return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

static bool is_lower_alnum(char c)
{
        return is_lower(c) || is_digit(c);
}

static bool is_alnum(char c)
{
        return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

static bool all_are(const char *text, bool (*is)(char), const char *extra, size_t min, size_t max)
{
        size_t i = 0;

        for (; text[i]; i++)
                if (i >= max || (!is(text[i]) && !strchr(extra, text[i])))
                        return false;
        return i >= min;
}

/* Characters of one class with single marks between them, never at an edge. */
static bool single_marks(const char *text, bool (*is)(char), const char *marks, size_t min,
                         size_t max)
{
        bool open = true;
        size_t i = 0;

        for (; text[i]; i++) {
                if (i >= max)
                        return false;
                if (is(text[i])) {
                        open = false;
                        continue;
                }
                if (open || !strchr(marks, text[i]))
                        return false;
                open = true;
        }
        return !open && i >= min;
}

static bool has_letter(const char *text)
{
        while (*text && !is_lower(*text))
                text++;
        return *text != '\0';
}

bool name_is_snap(const char *text)
{
        return single_marks(text, is_lower_alnum, "-", 1, NAME_SNAP_MAX) && has_letter(text);
}

bool name_is_snap_id(const char *text)
{
        return all_are(text, is_alnum, "", SNAP_ID_CHARS, SNAP_ID_CHARS);
}

bool name_is_account(const char *text)
{
        return all_are(text, is_alnum, "", NAME_ACCOUNT_MAX, NAME_ACCOUNT_MAX) ||
               all_are(text, is_lower_alnum, "-", 2, 28);
}

bool name_is_username(const char *text)
{
        return single_marks(text, is_lower_alnum, "-", 2, 28);
}

bool name_is_model(const char *text)
{
        return single_marks(text, is_lower_alnum, "-", 1, 64);
}

bool name_is_serial(const char *text)
{
        return single_marks(text, is_alnum, ":+-", 1, 64);
}

bool name_is_key(const char *text)
{
        return single_marks(text, is_lower_alnum, "-", 1, 64) && has_letter(text);
}

bool name_is_track(const char *text)
{
        return single_marks(text, is_alnum, "_.-", 1, 28);
}

bool name_is_branch(const char *text)
{
        return all_are(text, is_lower_alnum, ".-", 1, 64);
}

bool name_is_arch(const char *text)
{
        static const char *const known[] = {
                "all", "amd64", "arm64",   "armhf",   "i386",  "powerpc",
                "ppc", "ppc64", "ppc64el", "riscv64", "s390x",
        };

        for (size_t i = 0; i < ARRAY_COUNT(known); i++)
                if (!strcmp(known[i], text))
                        return true;
        return false;
}

bool name_is_store(const char *text)
{
        return all_are(text, is_alnum, "-_", 1, 64);
}

bool name_is_provenance(const char *text)
{
        return single_marks(text, is_alnum, "-", 1, 64);
}

enum rc number_parse_u64(const char *text, uint64_t max, uint64_t *ret)
{
        uint64_t number = 0;

        if (*text < '1' || *text > '9')
                return RC_INVALID;
        for (; *text; text++) {
                if (!is_digit(*text) || __builtin_mul_overflow(number, 10, &number) ||
                    __builtin_add_overflow(number, (uint64_t)(*text - '0'), &number))
                        return RC_INVALID;
        }
        if (number > max)
                return RC_INVALID;
        *ret = number;
        return RC_OK;
}

bool name_is_version(const char *text)
{
        const size_t length = strlen(text);

        if (length == 0 || length > 32 || !is_alnum(text[0]) ||
            (!is_alnum(text[length - 1]) && !strchr("+~", text[length - 1])))
                return false;
        for (size_t i = 0; i < length; i++)
                if (!is_alnum(text[i]) && !strchr(":.+~-", text[i]))
                        return false;
        return true;
}
