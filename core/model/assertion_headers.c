/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header grammar (device.md 8.2). Lines are taken one after the other; open lists and maps are
 * frames on a stack of fixed depth, told apart by their indentation alone. Texts stay where they
 * are in one copy of the block: their ends become NUL.
 */
#include "core/model/assertion_inside.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct node {
        struct value value;
        const char *name; /* NULL in a list */
        struct node *next;
};

struct frame {
        enum value_kind kind;
        size_t indent; /* spaces before each entry */
        size_t count;
        struct node *first;
        struct node *last;
        struct value *target; /* gets the list or map when the frame closes */
};

struct reader {
        struct arena *arena;
        struct err *err;
        char *at; /* the next line; NULL after the last */
        unsigned line;
        size_t values;
        size_t depth;
        struct frame stack[ASSERTION_DEPTH_MAX];
};

static enum rc refuse(struct reader *reader, const char *why)
{
        return err_set(reader->err, RC_INVALID, "header line %u: %s", reader->line, why);
}

static enum rc no_memory(struct reader *reader)
{
        return err_set(reader->err, RC_NOMEM, "no memory for the headers");
}

static size_t spaces_count(const char *text)
{
        return strspn(text, " ");
}

/* Takes a line off the block; its LF becomes NUL. */
static char *line_take(struct reader *reader)
{
        char *line = reader->at;
        char *end = strchr(line, '\n');

        if (end)
                *end++ = '\0';
        reader->at = end;
        reader->line++;
        return line;
}

static int name_compare(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorting keeps the search for duplicates cheap however many names a hostile text has. */
static enum rc names_check(struct reader *reader, const char *const *names, size_t count)
{
        const char **sorted = arena_alloc_array(reader->arena, count, sizeof(*sorted));

        if (!sorted)
                return no_memory(reader);
        memcpy(sorted, names, count * sizeof(*sorted));
        qsort(sorted, count, sizeof(*sorted), name_compare);
        for (size_t i = 1; i < count; i++)
                if (!strcmp(sorted[i - 1], sorted[i]))
                        return err_set(reader->err, RC_INVALID, "header \"%.80s\" is given twice",
                                       sorted[i]);
        return RC_OK;
}

static enum rc frame_close(struct reader *reader)
{
        struct frame *frame = &reader->stack[--reader->depth];
        struct value *items = arena_alloc_array(reader->arena, frame->count, sizeof(*items));
        const char **names = NULL;
        size_t i = 0;

        if (frame->kind == VALUE_MAP)
                names = arena_alloc_array(reader->arena, frame->count, sizeof(*names));
        if (!items || (frame->kind == VALUE_MAP && !names))
                return no_memory(reader);
        for (const struct node *node = frame->first; node; node = node->next, i++) {
                items[i] = node->value;
                if (names)
                        names[i] = node->name;
        }
        *frame->target = (struct value){
                .kind = frame->kind, .count = frame->count, .items = items, .names = names};
        return names ? names_check(reader, names, frame->count) : RC_OK;
}

static enum rc frame_open(struct reader *reader, enum value_kind kind, size_t indent,
                          struct value *target)
{
        if (reader->depth == ASSERTION_DEPTH_MAX)
                return refuse(reader, "nested too deeply");
        reader->stack[reader->depth++] =
                (struct frame){.kind = kind, .indent = indent, .target = target};
        return RC_OK;
}

/* Joins lines of at least indent spaces, moving them together within the block: what is written
 * never overtakes what is read, because every line loses its indentation. */
static const char *multiline_take(struct reader *reader, size_t indent)
{
        char *const text = reader->at;
        char *end = text;

        for (bool first = true; reader->at && spaces_count(reader->at) >= indent; first = false) {
                const char *line = line_take(reader) + indent;
                const size_t bytes = strlen(line);

                if (!first)
                        *end++ = '\n';
                memmove(end, line, bytes);
                end += bytes;
        }
        *end = '\0';
        return text;
}

/* What stands below "name:" or "-" at the given indentation. */
static enum rc block_open(struct reader *reader, size_t indent, struct value *target)
{
        const size_t spaces = reader->at ? spaces_count(reader->at) : 0;

        if (reader->at && spaces >= indent + 4) {
                target->kind = VALUE_TEXT;
                target->text = multiline_take(reader, indent + 4);
                return RC_OK;
        }
        if (!reader->at || spaces != indent + 2)
                return refuse(reader,
                              "a value is missing (expected \": text\" or an indented block)");
        return frame_open(reader, reader->at[spaces] == '-' ? VALUE_LIST : VALUE_MAP, indent + 2,
                          target);
}

static enum rc node_add(struct reader *reader, struct frame *frame, const char *name,
                        struct node **ret)
{
        struct node *node;

        if (reader->values++ == ASSERTION_VALUES_MAX)
                return refuse(reader, "too many values");
        node = arena_alloc(reader->arena, sizeof(*node));
        if (!node)
                return no_memory(reader);
        node->name = name;
        if (frame->last)
                frame->last->next = node;
        else
                frame->first = node;
        frame->last = node;
        frame->count++;
        *ret = node;
        return RC_OK;
}

/* rest: what follows the colon or the dash. */
static enum rc entry_finish(struct reader *reader, struct frame *frame, const char *name,
                            const char *rest)
{
        struct node *node;
        const enum rc rc = node_add(reader, frame, name, &node);

        if (rc != RC_OK)
                return rc;
        if (!*rest)
                return block_open(reader, frame->indent, &node->value);
        if (*rest != ' ')
                return refuse(reader,
                              "expected a space or the end of the line after the name or dash");
        node->value = (struct value){.kind = VALUE_TEXT, .text = rest + 1};
        return RC_OK;
}

static enum rc entry_read(struct reader *reader)
{
        char *line = line_take(reader);
        const size_t spaces = spaces_count(line);
        struct frame *frame;
        char *colon;

        while (reader->stack[reader->depth - 1].indent > spaces) {
                const enum rc rc = frame_close(reader);

                if (rc != RC_OK)
                        return rc;
        }
        frame = &reader->stack[reader->depth - 1];
        line += spaces;
        if (!*line && !spaces)
                return refuse(reader, "empty line");
        if (frame->indent != spaces)
                return refuse(reader, "unexpected indentation");
        if (frame->kind == VALUE_LIST) {
                if (*line != '-')
                        return refuse(reader, "expected \"-\" in this list");
                return entry_finish(reader, frame, NULL, line + 1);
        }
        colon = strchr(line, ':');
        if (!colon)
                return refuse(reader, "expected \"name: value\"");
        *colon = '\0';
        if (!header_is_name(line))
                return refuse(reader, "not a header name");
        return entry_finish(reader, frame, line, colon + 1);
}

enum rc headers_parse(struct arena *arena, const char *head, size_t bytes, struct value *ret,
                      struct err *err)
{
        struct reader reader = {.arena = arena, .err = err};
        struct value headers = {.kind = VALUE_MAP};
        enum rc rc;

        if (bytes > ASSERTION_HEADERS_MAX)
                return err_set(err, RC_TOO_BIG, "the headers are over %zu bytes",
                               ASSERTION_HEADERS_MAX);
        if (memchr(head, '\r', bytes))
                return err_set(err, RC_INVALID,
                               "a carriage return in the headers: lines end with LF only");
        if (!text_is_clean(head, bytes))
                return err_set(err, RC_INVALID, "the headers are not UTF-8 text");
        reader.at = arena_memdup(arena, head, bytes);
        if (!reader.at)
                return no_memory(&reader);
        rc = frame_open(&reader, VALUE_MAP, 0, &headers);
        while (rc == RC_OK && reader.at)
                rc = entry_read(&reader);
        while (rc == RC_OK && reader.depth)
                rc = frame_close(&reader);
        if (rc == RC_OK)
                *ret = headers;
        return rc;
}

bool header_is_name(const char *text)
{
        bool dash = false;

        if (*text < 'a' || *text > 'z')
                return false;
        for (text++; *text; text++) {
                if (*text == '-') {
                        if (dash)
                                return false;
                        dash = true;
                        continue;
                }
                if ((*text < 'a' || *text > 'z') && (*text < '0' || *text > '9'))
                        return false;
                dash = false;
        }
        return !dash;
}
