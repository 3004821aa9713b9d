/* SPDX-License-Identifier: Apache-2.0 */
/* Stores and views of a catalog that is made from lines. */
#include "tests/lib/catalog_make_inside.h"
#include <stdlib.h>
#include <string.h>

static const char *id_of(struct arena *arena, const char *name)
{
        char id[33];

        catalog_make_id(name, id);
        return need(arena_strdup(arena, id));
}

static void store_line(struct rules_making *making, char *const *words)
{
        char *parents = arena_strdup(making->arena, option(words, "includes", ""));

        making->stores[making->rows.store_count++] =
                (struct store_row){need(arena_strdup(making->arena, words[1])), "", 0};
        while (parents && *parents) {
                const size_t place = making->rows.include_count++;

                making->includes[place] = (struct store_include_row){
                        .store_id = making->stores[making->rows.store_count - 1].store_id,
                        .parent_id = strsep(&parents, ","),
                        .place = (int64_t)place,
                        .by = ""};
        }
}

static void model_split(struct arena *arena, const char *text, const char **ret_brand,
                        const char **ret_model)
{
        char *copy = need(arena_strdup(arena, text));

        *ret_brand = strsep(&copy, "/");
        *ret_model = need(copy);
}

bool rules_line(struct rules_making *making, char *const *words, size_t count)
{
        struct arena *arena = making->arena;

        if (strcmp(words[0], "store") == 0 && count >= 2) {
                store_line(making, words);
        } else if (strcmp(words[0], "store-rule") == 0 && count == 4) {
                making->store_rules[making->rows.store_rule_count++] = (struct store_rule_row){
                        arena_strdup(arena, words[1]), id_of(arena, words[3]),
                        arena_strdup(arena, words[2]), "", 0};
        } else if (strcmp(words[0], "model") == 0 && count == 3) {
                struct model_view_row *row = &making->views[making->rows.view_count++];

                model_split(arena, words[1], &row->brand_id, &row->model);
                row->mode = arena_strdup(arena, words[2]);
        } else if (strcmp(words[0], "model-rule") == 0 && count >= 3) {
                struct model_rule_row *row = &making->model_rules[making->rows.model_rule_count++];

                model_split(arena, words[1], &row->brand_id, &row->model);
                row->snap_id = id_of(arena, words[2]);
                row->rule = flag(words, "include")   ? "include"
                            : flag(words, "exclude") ? "exclude"
                                                     : "";
                row->revision = strtoull(option(words, "revision", "0"), NULL, 10);
                row->channel = arena_strdup(arena, option(words, "channel", ""));
        } else {
                return false;
        }
        return true;
}

/* As the statements order them: each begins with the texts that it is sorted by. */
static int pair_compare(const void *a, const void *b)
{
        const char *const *x = a;
        const char *const *y = b;
        const int first = strcmp(x[0], y[0]);

        return first ? first : strcmp(x[1], y[1]);
}

static int triple_compare(const void *a, const void *b)
{
        const int pair = pair_compare(a, b);

        return pair ? pair : strcmp(((const char *const *)a)[2], ((const char *const *)b)[2]);
}

struct catalog_rules *rules_finish(struct rules_making *making)
{
        struct rule_rows *rows = &making->rows;
        struct catalog_rules *rules = NULL;
        struct err err = {0};

        qsort(making->stores, rows->store_count, sizeof(making->stores[0]), pair_compare);
        qsort(making->store_rules, rows->store_rule_count, sizeof(making->store_rules[0]),
              pair_compare);
        qsort(making->views, rows->view_count, sizeof(making->views[0]), pair_compare);
        qsort(making->model_rules, rows->model_rule_count, sizeof(making->model_rules[0]),
              triple_compare);
        rows->stores = making->stores;
        rows->includes = making->includes;
        rows->store_rules = making->store_rules;
        rows->views = making->views;
        rows->model_rules = making->model_rules;
        if (catalog_rules_make(rows, &rules, &err) != RC_OK)
                refuse(err.text, "rules");
        return rules;
}
