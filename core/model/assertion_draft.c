/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building an assertion's content in the canonical order (device.md 8.3). What is built is read
 * again before anybody may sign it, so a draft cannot yield what the parser would refuse.
 */
#include "core/model/assertion_inside.h"
#include "core/model/name.h"
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
        const char *name;
        struct value value;
        struct entry *next;
};

struct assertion_draft {
        struct arena *arena;
        const struct assertion_type *type;
        struct entry *entries;
        size_t count;
        unsigned format;
        const char *body;
        size_t body_count;
        enum rc rc; /* the first failure */
        struct err err;
};

struct assertion_draft *assertion_draft_new(struct arena *arena, const char *type_name)
{
        const struct assertion_type *type = assertion_type_find(type_name);
        struct assertion_draft *draft = type ? arena_alloc(arena, sizeof(*draft)) : NULL;

        if (!draft)
                return NULL;
        draft->arena = arena;
        draft->type = type;
        return draft;
}

#define draft_fail(draft, code, ...) ((draft)->rc = err_set(&(draft)->err, code, __VA_ARGS__))

static bool is_filled_in(const char *name)
{
        return !strcmp(name, "type") || !strcmp(name, "format") || !strcmp(name, "body-length") ||
               !strcmp(name, "sign-key-sha3-384");
}

static void entry_set(struct assertion_draft *draft, const char *name, const struct value *value)
{
        struct entry *entry = draft->entries;

        if (draft->rc != RC_OK)
                return;
        if (!header_is_name(name)) {
                draft_fail(draft, RC_INVALID, "\"%.80s\" is not a header name", name);
                return;
        }
        if (is_filled_in(name)) {
                draft_fail(draft, RC_INVALID, "header \"%s\" is filled in by the store", name);
                return;
        }
        while (entry && strcmp(entry->name, name))
                entry = entry->next;
        if (!entry) {
                entry = arena_alloc(draft->arena, sizeof(*entry));
                if (entry)
                        entry->name = arena_strdup(draft->arena, name);
                if (!entry || !entry->name) {
                        draft_fail(draft, RC_NOMEM, "no memory for a header");
                        return;
                }
                entry->next = draft->entries;
                draft->entries = entry;
                draft->count++;
        }
        entry->value = *value;
}

void assertion_draft_text(struct assertion_draft *draft, const char *name, const char *text)
{
        struct value value = {.kind = VALUE_TEXT};

        assert(text);
        value.text = arena_strdup(draft->arena, text);

        if (!value.text && draft->rc == RC_OK)
                draft_fail(draft, RC_NOMEM, "no memory for a header");
        entry_set(draft, name, &value);
}

void assertion_draft_printf(struct assertion_draft *draft, const char *name, const char *format,
                            ...)
{
        char *room;
        va_list args;
        int bytes;

        va_start(args, format);
        bytes = vsnprintf(NULL, 0, format, args);
        va_end(args);
        room = bytes < 0 || (size_t)bytes > ASSERTION_HEADERS_MAX
                       ? NULL
                       : arena_alloc(draft->arena, (size_t)bytes + 1);
        if (!room) {
                if (draft->rc == RC_OK)
                        draft_fail(draft, RC_NOMEM, "no memory for a header");
                return;
        }
        va_start(args, format);
        vsnprintf(room, (size_t)bytes + 1, format, args);
        va_end(args);
        entry_set(draft, name, &(struct value){.kind = VALUE_TEXT, .text = room});
}

void assertion_draft_time(struct assertion_draft *draft, const char *name, usec_t time)
{
        char text[CLOCK_CHARS + 1];

        clock_format(time, text);
        assertion_draft_text(draft, name, text);
}

void assertion_draft_value(struct assertion_draft *draft, const char *name,
                           const struct value *value)
{
        entry_set(draft, name, value);
}

void assertion_draft_format(struct assertion_draft *draft, unsigned format)
{
        draft->format = format;
}

void assertion_draft_body(struct assertion_draft *draft, const void *body, size_t bytes)
{
        if (draft->rc != RC_OK)
                return;
        if (bytes > ASSERTION_BODY_MAX) {
                draft_fail(draft, RC_TOO_BIG, "the body is over %zu bytes", ASSERTION_BODY_MAX);
                return;
        }
        draft->body = arena_memdup(draft->arena, body, bytes);
        draft->body_count = bytes;
        if (!draft->body)
                draft_fail(draft, RC_NOMEM, "no memory for the body");
}

/* --- writing values --- */

struct place {
        const struct value *value;
        const size_t *order; /* of a map's names; NULL for a list */
        size_t next;
        size_t indent;
};

struct writer {
        struct arena *arena;
        struct buf *out;
        struct err *err;
        const char *header; /* for messages */
        size_t values;
        size_t depth;
        struct place stack[ASSERTION_DEPTH_MAX];
};

static enum rc writer_refuse(struct writer *writer, const char *why)
{
        return err_set(writer->err, RC_INVALID, "header \"%.80s\": %s", writer->header, why);
}

static void spaces_put(struct buf *out, size_t count)
{
        buf_printf(out, "%*s", (int)count, "");
}

static enum rc text_put(struct writer *writer, const char *text, size_t indent)
{
        const char *line = text;

        if (!text || !text_is_clean(text, strlen(text)) || strchr(text, '\r'))
                return writer_refuse(writer, "not UTF-8 text without carriage returns");
        if (!strchr(text, '\n')) {
                buf_char(writer->out, ' ');
                buf_text(writer->out, text);
                return RC_OK;
        }
        while (line) {
                const char *end = strchr(line, '\n');

                buf_char(writer->out, '\n');
                spaces_put(writer->out, indent + 4);
                buf_append(writer->out, line, end ? (size_t)(end - line) : strlen(line));
                line = end ? end + 1 : NULL;
        }
        return RC_OK;
}

static int order_compare(const void *a, const void *b, void *names)
{
        const char *const *all = names;

        return strcmp(all[*(const size_t *)a], all[*(const size_t *)b]);
}

static enum rc order_make(struct writer *writer, const struct value *map, const size_t **ret)
{
        size_t *order = arena_alloc_array(writer->arena, map->count, sizeof(*order));

        if (!order)
                return err_set(writer->err, RC_NOMEM, "no memory for a header");
        for (size_t i = 0; i < map->count; i++) {
                order[i] = i;
                if (!map->names[i] || !header_is_name(map->names[i]))
                        return writer_refuse(writer, "a name in it is malformed");
        }
        qsort_r(order, map->count, sizeof(*order), order_compare, (void *)map->names);
        for (size_t i = 1; i < map->count; i++)
                if (!strcmp(map->names[order[i - 1]], map->names[order[i]]))
                        return writer_refuse(writer, "a name in it is given twice");
        *ret = order;
        return RC_OK;
}

/* Writes a value whose name or dash, at that indentation, stands already. */
static enum rc value_open(struct writer *writer, const struct value *value, size_t indent)
{
        struct place place = {.value = value, .indent = indent + 2};

        if (value->kind == VALUE_TEXT)
                return text_put(writer, value->text, indent);
        /* The headers themselves are the first level that the parser counts. */
        if (writer->depth == ASSERTION_DEPTH_MAX - 1)
                return writer_refuse(writer, "nested too deeply");
        if (value->count > ASSERTION_VALUES_MAX)
                return writer_refuse(writer, "too many values");
        if (value->kind == VALUE_MAP) {
                const enum rc rc = order_make(writer, value, &place.order);

                if (rc != RC_OK)
                        return rc;
        }
        writer->stack[writer->depth++] = place;
        return RC_OK;
}

static bool is_empty(const struct value *value)
{
        return value->kind != VALUE_TEXT && value->count == 0;
}

static enum rc value_put(struct writer *writer, const struct value *value)
{
        enum rc rc = value_open(writer, value, 0);

        while (rc == RC_OK && writer->depth) {
                struct place *place = &writer->stack[writer->depth - 1];
                size_t index = place->next++;

                if (index == place->value->count) {
                        writer->depth--;
                        continue;
                }
                if (place->order)
                        index = place->order[index];
                if (writer->values++ == ASSERTION_VALUES_MAX)
                        return writer_refuse(writer, "too many values");
                if (is_empty(&place->value->items[index]))
                        return writer_refuse(writer, "an empty list or map inside it");
                buf_char(writer->out, '\n');
                spaces_put(writer->out, place->indent);
                if (place->order)
                        buf_printf(writer->out, "%s:", place->value->names[index]);
                else
                        buf_char(writer->out, '-');
                rc = value_open(writer, &place->value->items[index], place->indent);
        }
        return rc;
}

/* --- writing the headers --- */

static struct entry *entry_find(const struct assertion_draft *draft, const char *name)
{
        struct entry *entry = draft->entries;

        while (entry && strcmp(entry->name, name))
                entry = entry->next;
        return entry;
}

static enum rc entry_put(struct writer *writer, const struct entry *entry)
{
        if (!entry || is_empty(&entry->value))
                return RC_OK;
        writer->header = entry->name;
        buf_printf(writer->out, "\n%s:", entry->name);
        return value_put(writer, &entry->value);
}

/* The place of a header among those with a fixed place: 0 authority, 1 revision, 2.. primary key;
 * -1 for the others. */
static int place_of(const struct assertion_draft *draft, const char *name)
{
        if (!strcmp(name, "authority-id"))
                return 0;
        if (!strcmp(name, "revision"))
                return 1;
        for (size_t i = 0; i < draft->type->pk_count; i++)
                if (!strcmp(name, draft->type->pk[i]))
                        return (int)i + 2;
        return -1;
}

static bool has_text(const struct entry *entry, const char *text)
{
        return entry && entry->value.kind == VALUE_TEXT && !strcmp(entry->value.text, text);
}

static enum rc fixed_put(const struct assertion_draft *draft, struct writer *writer)
{
        const struct assertion_type *type = draft->type;
        const struct entry *revision = entry_find(draft, "revision");
        enum rc rc = entry_put(writer, entry_find(draft, "authority-id"));

        if (rc == RC_OK && !has_text(revision, "0"))
                rc = entry_put(writer, revision);
        for (size_t i = 0; rc == RC_OK && i < type->pk_count; i++) {
                const struct entry *part = entry_find(draft, type->pk[i]);

                if (type->pk_defaults && type->pk_defaults[i] &&
                    has_text(part, type->pk_defaults[i]))
                        continue;
                rc = entry_put(writer, part);
        }
        return rc;
}

static int entry_compare(const void *a, const void *b)
{
        const struct entry *const *left = a;
        const struct entry *const *right = b;

        return strcmp((*left)->name, (*right)->name);
}

static enum rc others_put(const struct assertion_draft *draft, struct writer *writer)
{
        const struct entry **sorted =
                arena_alloc_array(draft->arena, draft->count, sizeof(*sorted));
        size_t count = 0;
        enum rc rc = RC_OK;

        if (!sorted)
                return err_set(writer->err, RC_NOMEM, "no memory for the headers");
        for (const struct entry *entry = draft->entries; entry; entry = entry->next)
                if (place_of(draft, entry->name) < 0)
                        sorted[count++] = entry;
        qsort(sorted, count, sizeof(*sorted), entry_compare);
        for (size_t i = 0; rc == RC_OK && i < count; i++)
                rc = entry_put(writer, sorted[i]);
        return rc;
}

static enum rc headers_put(const struct assertion_draft *draft, const char *key_id, struct buf *out,
                           struct err *err)
{
        struct writer writer = {.arena = draft->arena, .out = out, .err = err};
        enum rc rc;

        buf_printf(out, "type: %s", draft->type->name);
        if (draft->format)
                buf_printf(out, "\nformat: %u", draft->format);
        rc = fixed_put(draft, &writer);
        if (rc == RC_OK)
                rc = others_put(draft, &writer);
        if (draft->body_count)
                buf_printf(out, "\nbody-length: %zu", draft->body_count);
        buf_printf(out, "\nsign-key-sha3-384: %s", key_id);
        return rc;
}

/* Reads the headers and the body back as any parser would, without a signature. */
static enum rc content_prove(const struct assertion_draft *draft, const char *head, size_t bytes,
                             struct err *err)
{
        struct assertion *copy = arena_alloc(draft->arena, sizeof(*copy));
        enum rc rc;

        if (!copy)
                return err_set(err, RC_NOMEM, "no memory for an assertion");
        rc = headers_parse(draft->arena, head, bytes, &copy->headers, err);
        if (rc != RC_OK)
                return rc;
        if (draft->body_count) {
                if (!text_is_clean(draft->body, draft->body_count))
                        return err_set(err, RC_INVALID, "the body is not UTF-8 text");
                copy->body = draft->body;
                copy->body_count = draft->body_count;
        }
        rc = assertion_fill(copy, err);
        return rc == RC_OK ? assertion_items_check(copy, err) : rc;
}

enum rc assertion_draft_content(struct assertion_draft *draft, const char *key_id, const char **ret,
                                size_t *ret_bytes, struct err *err)
{
        CLEANUP(buf_fini) struct buf out = BUF_INIT(ASSERTION_MAX);
        const char *content;
        enum rc rc;

        assert(draft && key_id && ret && ret_bytes);
        if (draft->rc != RC_OK) {
                if (err)
                        *err = draft->err;
                return draft->rc;
        }
        rc = headers_put(draft, key_id, &out, err);
        if (rc == RC_OK)
                rc = buf_finish(&out, err);
        if (rc == RC_OK)
                rc = content_prove(draft, out.data, out.len, err);
        if (rc != RC_OK)
                return rc;
        if (draft->body_count) {
                buf_text(&out, "\n\n");
                buf_append(&out, draft->body, draft->body_count);
        }
        rc = buf_finish(&out, err);
        if (rc != RC_OK)
                return rc;
        content = arena_memdup(draft->arena, out.data, out.len);
        if (!content)
                return err_set(err, RC_NOMEM, "no memory for the content");
        *ret = content;
        *ret_bytes = out.len;
        return RC_OK;
}
