/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * table -- rows for people: left aligned, two spaces between columns, "-" for nothing. Also what
 * makes foreign text harmless on a terminal.
 *
 * Floor    tools/storectl; includes core/base only.
 * Owner    a table and its cells live in the arena given.
 * Bounds   TABLE_COLUMNS_MAX columns; rows as memory allows.
 * Units    widths are terminal cells, not bytes.
 * Tests    tests/unit/test_storectl.c
 */
#include "core/base/arena.h"
#include "core/base/buf.h"

#define TABLE_COLUMNS_MAX 12

struct table;
struct cli;

/* A cell that is left empty on purpose (a repeated one), not "-". */
extern const char table_blank[];

/* NULL: no memory. headers live on. */
struct table *table_new(struct arena *arena, const char *const *headers, size_t columns);
/* Copies the cells; NULL and "" become "-". Sticky on memory. */
void table_add(struct table *table, const char *const *cells);
size_t table_count(const struct table *table);
/* Appends the header and the rows; no trailing spaces. False after a failed table_add. */
bool table_format(const struct table *table, struct buf *out);
/* The table on the output (nothing under --json), or `empty` as a sentence when it has no row. */
void table_print(const struct table *table, struct cli *cli, const char *empty);

/* Cells that a terminal needs for UTF-8 text. */
size_t text_width(const char *text);
/* Appends text with control characters and broken UTF-8 as '?'. LF and TAB become a space. */
void text_clean(struct buf *out, const char *text);
/* "14 B", "1.4 MB": decimal units. */
const char *text_size(struct arena *arena, uint64_t bytes);
