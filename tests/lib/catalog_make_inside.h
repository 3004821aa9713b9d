/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* catalog_make_inside -- shared by catalog_make*.c: words of a line, and the parts of a catalog. */
#include "tests/lib/catalog_make.h"
#include <stdbool.h>

#define RULES_MAX 64
#define TEXTS_MAX 128

/* Ends the program: a test's own text is wrong. */
_Noreturn void refuse(const char *what, const char *line);
void *need(void *pointer);
/* The value of NAME=VALUE among the words; fallback when there is none. */
const char *option(char *const *words, const char *name, const char *fallback);
bool flag(char *const *words, const char *name);

/* catalog_make_rules.c: stores and views */
struct rules_making {
        struct arena *arena;
        struct store_row stores[RULES_MAX];
        struct store_include_row includes[RULES_MAX];
        struct store_rule_row store_rules[RULES_MAX];
        struct model_view_row views[RULES_MAX];
        struct model_rule_row model_rules[RULES_MAX];
        struct rule_rows rows;
};
/* false: not such a line */
bool rules_line(struct rules_making *making, char *const *words, size_t count);
struct catalog_rules *rules_finish(struct rules_making *making);

/* catalog_make_texts.c: assertions */
struct texts_making {
        char *items[TEXTS_MAX];
        size_t count;
};
bool texts_line(struct texts_making *making, char *const *words, size_t count);
/* given: further ones, NULL at the end; may be NULL. */
struct assertion_table *texts_finish(struct texts_making *making, const char *const *given);
