/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * catalog_rules -- the catalog's node of what an operator decided about visibility: the stores of
 * this server with what each includes of others, and what each model sees. server/domain/viewer.h
 * applies it; nobody else asks who may see what.
 *
 * Invariants
 *  1. A node never changes after it was made; roots share it (catalog.h).
 *  2. It is loaded whole: few rows, changed by hand.
 *
 * Floor    server/domain. Owner: the node lives in an arena of its own; what is found lives as long
 *          as the acquired catalog.
 * Threads  references are atomic.
 * Tests    tests/unit/test_catalog.c, tests/unit/test_viewer.c
 */
#include "server/domain/catalog.h"

/* A store of this server beside the one of the settings, or that one once it has rules. */
struct store_rules {
        const char *store_id;
        const char *title;
        const char *const *parents; /* whose packages it offers too, the first goes first */
        size_t parent_count;
        const char *const *excluded; /* snap ids that it leaves out; sorted */
        size_t excluded_count;
        const char *const *included; /* private ones that it takes in; sorted */
        size_t included_count;
};

/* Where a model's devices stay, whatever they ask for: a revision, or else a channel. */
struct view_pin {
        uint64_t revision;   /* 0 none */
        const char *channel; /* "" none */
};

enum view_rule { VIEW_SILENT, VIEW_INCLUDE, VIEW_EXCLUDE };

struct model_rule {
        const char *snap_id;
        enum view_rule rule;
        struct view_pin pin;
};

struct model_view {
        const char *brand_id;
        const char *model;
        bool only_listed; /* what the rules include, and what the model names itself */
        const struct model_rule *rules; /* by snap_id */
        size_t rule_count;
};

/* NULL: the store of the settings without rules, or no store of this server. */
const struct store_rules *catalog_find_store(const struct catalog *catalog, const char *store_id);
size_t catalog_store_count(const struct catalog *catalog);
const struct store_rules *catalog_store_at(const struct catalog *catalog, size_t index);
bool store_rules_exclude(const struct store_rules *store, const char *snap_id);
bool store_rules_include(const struct store_rules *store, const char *snap_id);

/* NULL: the model sees what its store has. */
const struct model_view *catalog_find_view(const struct catalog *catalog, const char *brand_id,
                                           const char *model);
size_t catalog_view_count(const struct catalog *catalog);
const struct model_view *catalog_view_at(const struct catalog *catalog, size_t index);
const struct model_rule *model_view_find(const struct model_view *view, const char *snap_id);

/* After a committed write to stores or views. */
MUST_USE enum rc catalog_reload_rules(struct catalog_store *store, struct err *err);

/* --- for catalog*.c and tests/lib/catalog_make.c --- */
struct catalog_rules;
MUST_USE enum rc catalog_rules_load(struct db_tx *tx, struct catalog_rules **ret, struct err *err);
/* The rows by what they belong to, as the statements order them. */
struct rule_rows {
        const struct store_row *stores;
        size_t store_count;
        const struct store_include_row *includes;
        size_t include_count;
        const struct store_rule_row *store_rules;
        size_t store_rule_count;
        const struct model_view_row *views;
        size_t view_count;
        const struct model_rule_row *model_rules;
        size_t model_rule_count;
};
MUST_USE enum rc catalog_rules_make(const struct rule_rows *rows, struct catalog_rules **ret,
                                    struct err *err);
struct catalog_rules *catalog_rules_ref(struct catalog_rules *rules); /* takes NULL */
void catalog_rules_unref(struct catalog_rules *rules);
