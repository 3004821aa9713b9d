/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/storectl/table.h"
#include "tools/storectl/cli.h"
#include <inttypes.h>
#include <string.h>

#define TABLE_TEXT_MAX (64 * MIB)
#define CELL_MAX       (4 * KIB)
#define GUTTER         2

const char table_blank[] = "";

struct row {
        struct row *next;
        const char *cells[TABLE_COLUMNS_MAX];
};

struct table {
        struct arena *arena;
        size_t columns;
        size_t count;
        size_t width[TABLE_COLUMNS_MAX];
        const char *headers[TABLE_COLUMNS_MAX];
        struct row *first;
        struct row *last;
        bool failed;
};

/* One code point of UTF-8; 0 bytes for what is none (overlong forms and surrogates included). */
static size_t utf8_read(const char *text, uint32_t *ret)
{
        const uint8_t *at = (const uint8_t *)text;
        const size_t more = at[0] < 0x80   ? 0
                            : at[0] < 0xc2 ? SIZE_MAX
                            : at[0] < 0xe0 ? 1
                            : at[0] < 0xf0 ? 2
                            : at[0] < 0xf5 ? 3
                                           : SIZE_MAX;
        uint32_t point;

        if (more == SIZE_MAX)
                return 0;
        point = more ? at[0] & (0x3fu >> more) : at[0];
        for (size_t i = 1; i <= more; i++) {
                if ((at[i] & 0xc0) != 0x80)
                        return 0;
                point = point << 6 | (at[i] & 0x3f);
        }
        if ((more == 2 && point < 0x800) || (more == 3 && (point < 0x10000 || point > 0x10ffff)) ||
            (point >= 0xd800 && point <= 0xdfff))
                return 0;
        *ret = point;
        return more + 1;
}

static size_t point_width(uint32_t point)
{
        static const struct {
                uint32_t first;
                uint32_t last;
                size_t width;
        } ranges[] = {
                {0x0300, 0x036f, 0},   {0x200b, 0x200f, 0},   {0xfe00, 0xfe0f, 0},
                {0x1100, 0x115f, 2},   {0x2e80, 0xa4cf, 2},   {0xac00, 0xd7a3, 2},
                {0xf900, 0xfaff, 2},   {0xfe30, 0xfe6f, 2},   {0xff00, 0xff60, 2},
                {0x1f300, 0x1faff, 2}, {0x20000, 0x3fffd, 2},
        };

        for (size_t i = 0; i < ARRAY_COUNT(ranges); i++)
                if (point >= ranges[i].first && point <= ranges[i].last)
                        return ranges[i].width;
        return 1;
}

size_t text_width(const char *text)
{
        size_t width = 0;

        while (*text) {
                uint32_t point = '?';
                const size_t bytes = utf8_read(text, &point);

                width += point_width(point);
                text += bytes ? bytes : 1;
        }
        return width;
}

/* Controls, C1 controls, and the marks that turn the direction of the text around. */
static bool point_is_safe(uint32_t point)
{
        return point >= 0x20 && !(point >= 0x7f && point < 0xa0) &&
               !(point >= 0x202a && point <= 0x202e) && !(point >= 0x2066 && point <= 0x2069);
}

void text_clean(struct buf *out, const char *text)
{
        while (*text) {
                uint32_t point = 0;
                const size_t bytes = utf8_read(text, &point);

                if (*text == '\n' || *text == '\t')
                        buf_char(out, ' ');
                else if (!bytes || !point_is_safe(point))
                        buf_char(out, '?');
                else
                        buf_append(out, text, bytes);
                text += bytes ? bytes : 1;
        }
}

struct table *table_new(struct arena *arena, const char *const *headers, size_t columns)
{
        struct table *table = arena_alloc(arena, sizeof(*table));

        if (!table || columns > TABLE_COLUMNS_MAX)
                return NULL;
        table->arena = arena;
        table->columns = columns;
        for (size_t i = 0; i < columns; i++) {
                table->headers[i] = headers[i];
                table->width[i] = text_width(headers[i]);
        }
        return table;
}

static const char *cell_copy(struct arena *arena, const char *cell)
{
        CLEANUP(buf_fini) struct buf text = BUF_INIT(CELL_MAX);

        if (cell == table_blank)
                return table_blank;
        if (!cell || !*cell)
                return "-";
        text_clean(&text, cell);
        if (!text.failed)
                return arena_strdup(arena, text.data);
        return text.data ? arena_printf(arena, "%.*s...", 200, text.data) : NULL;
}

void table_add(struct table *table, const char *const *cells)
{
        struct row *row = table ? arena_alloc(table->arena, sizeof(*row)) : NULL;

        if (!row) {
                if (table)
                        table->failed = true;
                return;
        }
        for (size_t i = 0; i < table->columns; i++) {
                row->cells[i] = cell_copy(table->arena, cells[i]);
                if (!row->cells[i]) {
                        table->failed = true;
                        return;
                }
                if (text_width(row->cells[i]) > table->width[i])
                        table->width[i] = text_width(row->cells[i]);
        }
        if (table->last)
                table->last->next = row;
        else
                table->first = row;
        table->last = row;
        table->count++;
}

size_t table_count(const struct table *table)
{
        return table ? table->count : 0;
}

static void row_format(const struct table *table, const char *const *cells, struct buf *out)
{
        size_t gap = 0; /* spaces owed before the next cell that is not empty */

        for (size_t i = 0; i < table->columns; i++) {
                const size_t width = text_width(cells[i]);

                if (width) {
                        buf_printf(out, "%*s", (int)gap, "");
                        buf_text(out, cells[i]);
                        gap = 0;
                }
                gap += table->width[i] - width + GUTTER;
        }
        buf_char(out, '\n');
}

bool table_format(const struct table *table, struct buf *out)
{
        if (!table || table->failed)
                return false;
        row_format(table, table->headers, out);
        for (const struct row *row = table->first; row; row = row->next)
                row_format(table, row->cells, out);
        return !out->failed;
}

void table_print(const struct table *table, struct cli *cli, const char *empty)
{
        CLEANUP(buf_fini) struct buf text = BUF_INIT(TABLE_TEXT_MAX);

        if (cli->json)
                return;
        if (table && !table->failed && !table->count) {
                cli_say(cli, "%s", empty);
                return;
        }
        if (!table_format(table, &text)) {
                cli_warn(cli, "the table is too long to print; use --json");
                return;
        }
        cli_print(cli, text.data, text.len);
}

const char *text_size(struct arena *arena, uint64_t bytes)
{
        static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
        double value = (double)bytes;
        size_t unit = 0;

        while (value >= 999.95 && unit + 1 < ARRAY_COUNT(units)) {
                value /= 1000;
                unit++;
        }
        return unit ? arena_printf(arena, "%.1f %s", value, units[unit])
                    : arena_printf(arena, "%" PRIu64 " B", bytes);
}
