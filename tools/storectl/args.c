/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/storectl/args.h"
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define WORD_MAX 40
#define NEAR     2

size_t args_distance(const char *a, const char *b)
{
        const size_t a_chars = strlen(a);
        const size_t b_chars = strlen(b);
        size_t row[WORD_MAX + 1];

        if (a_chars > WORD_MAX || b_chars > WORD_MAX)
                return SIZE_MAX;
        for (size_t j = 0; j <= b_chars; j++)
                row[j] = j;
        for (size_t i = 1; i <= a_chars; i++) {
                size_t before = row[0];

                row[0] = i;
                for (size_t j = 1; j <= b_chars; j++) {
                        const size_t above = row[j];
                        size_t best = before + (a[i - 1] != b[j - 1]);

                        if (above + 1 < best)
                                best = above + 1;
                        if (row[j - 1] + 1 < best)
                                best = row[j - 1] + 1;
                        row[j] = best;
                        before = above;
                }
        }
        return row[b_chars];
}

static const struct option_row *row_find(const struct option_row *rows, const char *name,
                                         size_t chars)
{
        for (; rows && rows->name; rows++)
                if (strlen(rows->name) == chars && memcmp(rows->name, name, chars) == 0)
                        return rows;
        return NULL;
}

static const char *near_find(const struct option_row *rows, const char *name)
{
        for (; rows && rows->name; rows++)
                if (args_distance(rows->name, name) <= NEAR)
                        return rows->name;
        return NULL;
}

static enum rc option_unknown(const char *text, const struct option_row *global,
                              const struct option_row *own, struct err *err)
{
        const char *near = near_find(own, text + 2);

        if (!near)
                near = near_find(global, text + 2);
        if (near)
                return err_set(err, RC_INVALID, "unknown option %.60s; did you mean --%s?", text,
                               near);
        return err_set(err, RC_INVALID, "unknown option %.60s", text);
}

/* One option at argv[*at]; moves *at past its value. */
static enum rc option_parse(int argc, char *const *argv, int *at, const struct option_row *global,
                            const struct option_row *own, struct args *ret, struct err *err)
{
        const char *text = argv[*at];
        const char *equals = strchr(text, '=');
        const char *name = text + 2;
        const size_t chars = equals ? (size_t)(equals - name) : strlen(name);
        const struct option_row *row = row_find(own, name, chars);
        const char *value = "";

        if (!row)
                row = row_find(global, name, chars);
        if (!row || strncmp(text, "--", 2) != 0)
                return option_unknown(text, global, own, err);
        if (!row->value && equals)
                return err_set(err, RC_INVALID, "--%s takes no value", row->name);
        if (row->value && equals)
                value = equals + 1;
        else if (row->value && *at + 1 >= argc)
                return err_set(err, RC_INVALID, "--%s wants a value", row->name);
        else if (row->value)
                value = argv[++*at];
        if (row->value && !*value)
                return err_set(err, RC_INVALID, "--%s wants a value that is not empty", row->name);
        if (!row->many && args_text(ret, row->name))
                return err_set(err, RC_INVALID, "--%s is given twice", row->name);
        ret->options[ret->option_count].row = row;
        ret->options[ret->option_count++].value = value;
        return RC_OK;
}

enum rc args_parse(int argc, char *const *argv, const struct option_row *global,
                   const struct option_row *own, struct args *ret, struct err *err)
{
        bool words_only = false;
        enum rc rc;

        memset(ret, 0, sizeof(*ret));
        if (argc > ARGS_MAX)
                return err_set(err, RC_INVALID, "more than %d arguments", ARGS_MAX);
        for (int i = 0; i < argc; i++) {
                if (words_only || argv[i][0] != '-' || !argv[i][1]) {
                        ret->words[ret->count++] = argv[i];
                        continue;
                }
                if (strcmp(argv[i], "--") == 0) {
                        words_only = true;
                        continue;
                }
                rc = option_parse(argc, argv, &i, global, own, ret, err);
                if (rc != RC_OK)
                        return rc;
        }
        return RC_OK;
}

const char *args_text(const struct args *args, const char *name)
{
        for (size_t i = 0; i < args->option_count; i++)
                if (strcmp(args->options[i].row->name, name) == 0)
                        return args->options[i].value;
        return NULL;
}

bool args_flag(const struct args *args, const char *name)
{
        return args_text(args, name) != NULL;
}

size_t args_many(const struct args *args, const char *name, const char **ret, size_t max)
{
        size_t count = 0;

        for (size_t i = 0; i < args->option_count && count < max; i++)
                if (strcmp(args->options[i].row->name, name) == 0)
                        ret[count++] = args->options[i].value;
        return count;
}

enum rc args_number(const struct args *args, const char *name, long min, long max, long *ret,
                    struct err *err)
{
        const char *text = args_text(args, name);
        char *end = NULL;
        long value;

        if (!text)
                return RC_OK;
        errno = 0;
        value = strtol(text, &end, 10);
        if (errno || *end || end == text || value < min || value > max)
                return err_set(err, RC_INVALID, "--%s wants a number from %ld to %ld, not %.40s",
                               name, min, max, text);
        *ret = value;
        return RC_OK;
}
