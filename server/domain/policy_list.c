/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/policy_list.h"
#include "core/model/name.h"
#include "server/domain/audit.h"
#include <stdio.h>
#include <string.h>

#define FAULTS_SHOWN 3

enum column { COLUMN_SERIAL, COLUMN_KEY, COLUMN_NOTE, COLUMN_COUNT };

static const char *const column_names[COLUMN_COUNT] = {"serial", "key-id", "note"};

/* --- CSV (RFC 4180, without line breaks inside of quotes) --- */

/* The next line, cut at LF; CR before it is left out. False at the end. */
static bool line_next(struct allow_reader *reader, const char **ret, size_t *ret_bytes)
{
        const char *start = reader->data + reader->at;
        const size_t left = reader->bytes - reader->at;
        const char *end = left ? memchr(start, '\n', left) : NULL;

        if (!left)
                return false;
        *ret_bytes = end ? (size_t)(end - start) : left;
        reader->at += *ret_bytes + (end != NULL);
        reader->line++;
        if (*ret_bytes && start[*ret_bytes - 1] == '\r')
                (*ret_bytes)--;
        *ret = start;
        return true;
}

struct field_text {
        char text[ALLOW_LINE_MAX + 1];
        size_t length;
};

/* One field from *at on; leaves *at behind its comma, or at the end. False: bad quotes. */
static bool field_read(const char *line, size_t bytes, size_t *at, struct field_text *ret)
{
        const bool quoted = *at < bytes && line[*at] == '"';

        ret->length = 0;
        *at += quoted;
        for (; *at < bytes; (*at)++) {
                if (quoted && line[*at] == '"') {
                        if (*at + 1 >= bytes || line[*at + 1] != '"')
                                break;
                        (*at)++;
                } else if (!quoted && (line[*at] == ',' || line[*at] == '"')) {
                        break;
                }
                ret->text[ret->length++] = line[*at];
        }
        ret->text[ret->length] = '\0';
        if (quoted && (*at >= bytes || line[(*at)++] != '"'))
                return false;
        return *at >= bytes || line[*at] == ',';
}

/* Blanks around an unquoted field mean nothing. */
static const char *field_trim(struct field_text *field)
{
        char *start = field->text + strspn(field->text, " \t");

        while (field->length && strchr(" \t", field->text[field->length - 1]))
                field->text[--field->length] = '\0';
        return start > field->text + field->length ? "" : start;
}

static bool line_is_text(const char *line, size_t bytes)
{
        for (size_t i = 0; i < bytes; i++)
                if ((uint8_t)line[i] < ' ' && line[i] != '\t')
                        return false;
        return true;
}

/* Calls for each field of the line; false: not CSV. */
static bool fields_split(const char *line, size_t bytes, size_t max, struct field_text *fields,
                         size_t *ret_count)
{
        size_t at = 0;

        *ret_count = 0;
        for (;;) {
                if (*ret_count == max || !field_read(line, bytes, &at, &fields[*ret_count]))
                        return false;
                (*ret_count)++;
                if (at >= bytes)
                        return true;
                at++;
        }
}

/* --- lines --- */

static enum rc column_read(struct allow_reader *reader, struct field_text *field, struct err *err)
{
        const char *name = field_trim(field);

        for (int i = 0; i < COLUMN_COUNT; i++) {
                if (strcmp(column_names[i], name) != 0)
                        continue;
                for (size_t j = 0; j < reader->column_count; j++)
                        if (reader->columns[j] == i)
                                return err_set(err, RC_INVALID, "line 1: the column %s twice",
                                               name);
                reader->columns[reader->column_count++] = i;
                return RC_OK;
        }
        return err_set(err, RC_INVALID,
                       "line 1 names the columns: serial, key-id or both, and note; \"%.40s\" is "
                       "none of them",
                       name);
}

enum rc allow_reader_open(struct allow_reader *reader, const char *data, size_t bytes,
                          struct err *err)
{
        static const char mark[] = "\xef\xbb\xbf";
        struct field_text fields[COLUMN_COUNT];
        const char *line = "";
        size_t length = 0;
        size_t count = 0;
        bool names = false;

        *reader = (struct allow_reader){.data = data, .bytes = bytes};
        if (bytes >= 3 && memcmp(data, mark, 3) == 0)
                reader->at = 3; /* what spreadsheets put in front */
        if (!line_next(reader, &line, &length) || length > ALLOW_LINE_MAX ||
            !line_is_text(line, length) ||
            !fields_split(line, length, ARRAY_COUNT(fields), fields, &count))
                return err_set(err, RC_INVALID,
                               "line 1 names the columns: serial, key-id or both, and note");
        for (size_t i = 0; i < count; i++) {
                const enum rc rc = column_read(reader, &fields[i], err);

                if (rc != RC_OK)
                        return rc;
                names = names || reader->columns[i] != COLUMN_NOTE;
        }
        return names ? RC_OK
                     : err_set(err, RC_INVALID, "line 1 names no column serial and no key-id");
}

static enum rc fault(const struct allow_reader *reader, struct err *err, const char *what,
                     const char *text)
{
        return err_set(err, RC_INVALID, "line %zu: %s%.40s", reader->line, what, text);
}

static enum rc values_check(const struct allow_reader *reader, const struct allow_line *line,
                            struct err *err)
{
        struct digest digest;

        if (*line->serial && !name_is_serial(line->serial))
                return fault(reader, err, "no serial: ", line->serial);
        if (*line->key_id && digest_parse_b64(line->key_id, &digest) != RC_OK)
                return fault(reader, err, "no key id: ", line->key_id);
        if (!*line->serial && !*line->key_id)
                return fault(reader, err, "neither serial nor key id", "");
        return RC_OK;
}

static enum rc row_read(struct allow_reader *reader, const char *text, size_t bytes,
                        struct allow_line *ret, struct err *err)
{
        struct field_text fields[COLUMN_COUNT];
        const struct {
                char *text;
                size_t size;
        } places[COLUMN_COUNT] = {{ret->serial, sizeof(ret->serial)},
                                  {ret->key_id, sizeof(ret->key_id)},
                                  {ret->note, sizeof(ret->note)}};
        size_t count = 0;

        if (bytes > ALLOW_LINE_MAX || !line_is_text(text, bytes) ||
            !fields_split(text, bytes, reader->column_count, fields, &count))
                return fault(reader, err, "not a line of CSV with these columns", "");
        memset(ret, 0, sizeof(*ret));
        ret->number = reader->line;
        for (size_t i = 0; i < count; i++) {
                const char *value = field_trim(&fields[i]);
                const int column = reader->columns[i];

                if (strlen(value) >= places[column].size)
                        return fault(reader, err, "too long: ", column_names[column]);
                memcpy(places[column].text, value, strlen(value) + 1);
        }
        return values_check(reader, ret, err);
}

enum rc allow_reader_next(struct allow_reader *reader, struct allow_line *ret, struct err *err)
{
        const char *text;
        size_t bytes;

        while (line_next(reader, &text, &bytes)) {
                if (!bytes)
                        continue;
                if (++reader->rows > ALLOW_ROWS_MAX)
                        return err_set(err, RC_TOO_BIG, "more than %d devices in one file",
                                       ALLOW_ROWS_MAX);
                return row_read(reader, text, bytes, ret, err);
        }
        return RC_END;
}

/* --- judging and writing --- */

/* The first faults in one sentence. */
static enum rc csv_check(const char *csv, size_t bytes, struct err *err)
{
        char faults[sizeof(err->text)] = "";
        struct allow_reader reader;
        struct allow_line line;
        size_t count = 0;
        size_t used = 0;
        enum rc rc;

        rc = allow_reader_open(&reader, csv, bytes, err);
        if (rc != RC_OK)
                return rc;
        while (rc != RC_END) {
                struct err one = {.text = ""};

                rc = allow_reader_next(&reader, &line, &one);
                if (rc != RC_OK && rc != RC_END && rc != RC_INVALID)
                        return err_set(err, rc, "%s", one.text);
                if (rc == RC_INVALID && count++ < FAULTS_SHOWN && used < sizeof(faults))
                        used += (size_t)snprintf(faults + used, sizeof(faults) - used, "%s%s",
                                                 used ? "; " : "", one.text);
        }
        if (!count)
                return RC_OK;
        return count > FAULTS_SHOWN ? err_set(err, RC_INVALID, "%.200s; and %zu more", faults,
                                              count - FAULTS_SHOWN)
                                    : err_set(err, RC_INVALID, "%s", faults);
}

struct changing {
        struct world *world;
        const struct actor *actor;
        const char *brand_id;
        const char *model;
        const char *csv;
        size_t bytes;
        bool remove;
        struct allow_result result;
};

static enum rc line_change(struct db_tx *tx, struct changing *changing,
                           const struct allow_line *line, usec_t now, struct err *err)
{
        const struct allow_row row = {
                .brand_id = changing->brand_id,
                .model = changing->model,
                .serial = line->serial,
                .key_id = line->key_id,
                .note = line->note,
                .created = now,
        };
        bool changed = false;
        enum rc rc;

        rc = changing->remove ? store_allow_delete(tx, &row, &changed, err)
                              : store_allow_insert(tx, &row, &changed, err);
        changing->result.changed += changed;
        changing->result.unchanged += !changed;
        return rc;
}

static enum rc change_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct changing *changing = arg;
        const usec_t now = world_now(changing->world);
        struct allow_reader reader;
        struct allow_line line;
        enum rc rc;

        changing->result = (struct allow_result){0, 0};
        rc = allow_reader_open(&reader, changing->csv, changing->bytes, err);
        while (rc == RC_OK) {
                rc = allow_reader_next(&reader, &line, err);
                if (rc == RC_OK)
                        rc = line_change(tx, changing, &line, now, err);
        }
        if (rc != RC_END)
                return rc;
        return audit_add(tx, changing->actor->account_id,
                         changing->remove ? "device-disallow" : "device-allow", changing->model,
                         now, err, "brand %s, %zu rows, %zu unchanged", changing->brand_id,
                         changing->result.changed, changing->result.unchanged);
}

enum rc allow_change(struct world *world, const struct actor *actor, const char *brand_id,
                     const char *model, const char *csv, size_t bytes, bool remove,
                     struct allow_result *ret, struct err *err)
{
        struct changing changing = {.world = world,
                                    .actor = actor,
                                    .brand_id = brand_id,
                                    .model = model,
                                    .csv = csv,
                                    .bytes = bytes,
                                    .remove = remove};
        enum rc rc;

        rc = policy_names_check(brand_id, model, err);
        if (rc == RC_OK)
                rc = csv_check(csv, bytes, err);
        if (rc == RC_OK)
                rc = db_run(world->db, DB_WRITE, change_body, &changing, err);
        if (rc == RC_OK)
                *ret = changing.result;
        return rc;
}

/* --- listing --- */

struct listing {
        struct allow_row after;
        size_t max;
        struct arena *arena;
        const struct allow_row *rows;
        size_t count;
};

static enum rc list_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct listing *listing = arg;

        return store_allow_list(tx, listing->arena, &listing->after, listing->max, &listing->rows,
                                &listing->count, err);
}

enum rc allow_list(struct world *world, const char *brand_id, const char *model,
                   const char *after_serial, const char *after_key_id, size_t max,
                   struct arena *arena, const struct allow_row **ret, size_t *ret_count,
                   struct err *err)
{
        struct listing listing = {
                .after = {brand_id, model, after_serial, after_key_id, "", 0},
                .max = max < ALLOW_PAGE_MAX ? max : ALLOW_PAGE_MAX,
                .arena = arena,
        };
        enum rc rc;

        rc = policy_names_check(brand_id, model, err);
        if (rc == RC_OK)
                rc = db_run(world->db, DB_READ, list_body, &listing, err);
        if (rc != RC_OK)
                return rc;
        *ret = listing.rows;
        *ret_count = listing.count;
        return RC_OK;
}
