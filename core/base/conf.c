/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/conf.h"
#include "core/base/buf.h"
#include "core/base/fs.h"
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (64 * KIB)

struct cell {
        char *text;
        int64_t number;
        bool set;
};

struct conf {
        const struct conf_row *rows;
        size_t count;
        struct cell cells[];
};

static enum rc number_parse(const struct conf_row *row, const char *value, int64_t *ret,
                            struct err *err)
{
        char *end;

        if (row->type == CONF_BOOL) {
                if (strcmp(value, "yes") && strcmp(value, "no"))
                        return err_set(err, RC_INVALID, "%s must be yes or no", row->name);
                *ret = value[0] == 'y';
                return RC_OK;
        }
        errno = 0;
        *ret = strtoll(value, &end, 10);
        if (errno || *end || end == value)
                return err_set(err, RC_INVALID, "%s must be a whole number", row->name);
        if (*ret < row->min || *ret > row->max)
                return err_set(err, RC_INVALID,
                               "%s must lie between %" PRId64 " and %" PRId64 " %s", row->name,
                               row->min, row->max, row->unit);
        return RC_OK;
}

static enum rc cell_set(const struct conf_row *row, struct cell *cell, const char *value,
                        struct err *err)
{
        const bool is_text = row->type == CONF_TEXT || row->type == CONF_PATH;
        char *copy;

        if (!is_text)
                return number_parse(row, value, &cell->number, err);
        if (row->max && (int64_t)strlen(value) > row->max)
                return err_set(err, RC_INVALID, "%s is longer than %" PRId64 " bytes", row->name,
                               row->max);
        copy = strdup(value);
        if (!copy)
                return err_set(err, RC_NOMEM, "no memory for settings");
        free(cell->text);
        cell->text = copy;
        return RC_OK;
}

enum rc conf_new(const struct conf_row *rows, size_t count, struct conf **ret, struct err *err)
{
        CLEANUP(conf_freep) struct conf *conf = NULL;

        conf = calloc(1, sizeof(*conf) + count * sizeof(conf->cells[0]));
        if (!conf)
                return err_set(err, RC_NOMEM, "no memory for settings");
        conf->rows = rows;
        conf->count = count;
        for (size_t i = 0; i < count; i++) {
                const enum rc rc = cell_set(&rows[i], &conf->cells[i], rows[i].standard, err);
                if (rc != RC_OK)
                        return rc;
        }
        *ret = conf;
        conf = NULL;
        return RC_OK;
}

void conf_freep(struct conf **conf)
{
        if (!*conf)
                return;
        for (size_t i = 0; i < (*conf)->count; i++)
                free((*conf)->cells[i].text);
        free(*conf);
        *conf = NULL;
}

enum rc conf_set(struct conf *conf, const char *name, const char *value, struct err *err)
{
        for (size_t i = 0; i < conf->count; i++) {
                enum rc rc;

                if (strcmp(conf->rows[i].name, name))
                        continue;
                rc = cell_set(&conf->rows[i], &conf->cells[i], value, err);
                if (rc == RC_OK)
                        conf->cells[i].set = true;
                return rc;
        }
        return err_set(err, RC_INVALID, "there is no setting \"%.60s\"", name);
}

static char *trim(char *text)
{
        char *end = text + strlen(text);

        while (*text == ' ' || *text == '\t')
                text++;
        while (end > text && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
                *--end = '\0';
        return text;
}

static size_t row_index(const struct conf *conf, const char *name)
{
        size_t i = 0;

        while (i < conf->count && strcmp(conf->rows[i].name, name))
                i++;
        return i;
}

static enum rc line_apply(struct conf *conf, const char *folder, char *line, struct err *err)
{
        char absolute[PATH_MAX];
        char *equals;
        const char *name;
        const char *value;
        size_t index;

        line = trim(line);
        if (!*line || *line == '#')
                return RC_OK;
        equals = strchr(line, '=');
        if (!equals)
                return err_set(err, RC_INVALID, "expected \"name = value\"");
        *equals = '\0';
        name = trim(line);
        value = trim(equals + 1);
        index = row_index(conf, name);
        if (index < conf->count && conf->cells[index].set)
                return err_set(err, RC_INVALID, "%s is given twice", name);
        if (index < conf->count && conf->rows[index].type == CONF_PATH && *value && *value != '/' &&
            *value != '-' && strncmp(value, "credential:", 11)) {
                snprintf(absolute, sizeof(absolute), "%s%s", folder, value);
                value = absolute;
        }
        return conf_set(conf, name, value, err);
}

enum rc conf_load(struct conf *conf, const char *path, struct err *err)
{
        CLEANUP(fs_freep) char *text = NULL;
        char folder[PATH_MAX];
        const char *slash = strrchr(path, '/');
        char *at;
        int number = 0;
        enum rc rc;

        rc = fs_read_file(path, FILE_MAX, &text, NULL, err);
        if (rc != RC_OK)
                return rc;
        snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path + 1) : 0, path);
        at = text;
        while (at) {
                char *line = strsep(&at, "\n");

                number++;
                rc = line_apply(conf, folder, line, err);
                if (rc != RC_OK)
                        return err_prefix(err, rc, "%s line %d", path, number);
        }
        return RC_OK;
}

const char *conf_text(const struct conf *conf, size_t index)
{
        assert(index < conf->count && conf->cells[index].text);
        return conf->cells[index].text;
}

int64_t conf_int(const struct conf *conf, size_t index)
{
        assert(index < conf->count && conf->rows[index].type == CONF_INT);
        return conf->cells[index].number;
}

bool conf_bool(const struct conf *conf, size_t index)
{
        assert(index < conf->count && conf->rows[index].type == CONF_BOOL);
        return conf->cells[index].number != 0;
}

bool conf_is_set(const struct conf *conf, size_t index)
{
        assert(index < conf->count);
        return conf->cells[index].set;
}

void conf_print_example(const struct conf_row *rows, size_t count, struct buf *out)
{
        buf_text(out,
                 "# Storehouse settings: `name = value` a line. What is commented out shows the "
                 "default.\n");
        for (size_t i = 0; i < count; i++) {
                buf_printf(out, "\n# %s\n", rows[i].doc);
                if (rows[i].type == CONF_INT)
                        buf_printf(out, "# %" PRId64 " to %" PRId64 " %s\n", rows[i].min,
                                   rows[i].max, rows[i].unit);
                buf_printf(out, "#%s = %s\n", rows[i].name, rows[i].standard);
        }
}
