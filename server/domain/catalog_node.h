/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * catalog_node -- what a catalog is made of: counted nodes of one package or one assertion with all
 * its revisions, the table of assertions, and the root. Internal to catalog*.c.
 *
 * Floor    server/domain. Owner: a node lives in an arena of its own and is freed with its last
 * reference. Threads  references are atomic; a node is immutable once made.
 */
#include "server/domain/catalog_rules.h"
#include <pthread.h>
#include <stdatomic.h>

struct package_node {
        atomic_uint references;
        struct arena *arena;
        const struct catalog_hooks *hooks;
        struct catalog_package package;
        struct catalog_revision *revisions; /* package.revisions, writable for the views */
};

struct assertion_node {
        atomic_uint references;
        struct arena *arena;
        struct catalog_assertion assertion;
};

/* Reads one package with all that belongs to it. RC_NOT_FOUND: deleted. */
MUST_USE enum rc package_node_load(struct db_tx *tx, const struct catalog_hooks *hooks,
                                   const char *snap_id, struct package_node **ret, struct err *err);
void package_node_unref(struct package_node *node);

/* Its channels' past; node->package.snap_id is known. */
MUST_USE enum rc package_past_load(struct db_tx *tx, struct package_node *node, struct err *err);

/* A node for rows[0..count), all of one type and pk, ascending by revision. */
MUST_USE enum rc assertion_node_make(const struct assertion_row *rows, size_t count,
                                     struct assertion_node **ret, struct err *err);
void assertion_node_unref(struct assertion_node *node);

/* The assertions of a catalog, in order of type and pk; shared by roots that do not change them. */
struct assertion_table {
        atomic_uint references;
        struct catalog_gate *gates; /* by gated, then gating; texts are the declarations' */
        size_t gate_count;
        size_t count;
        struct assertion_node *nodes[];
};

/* The operator's list; shared by roots that do not change it. */
struct category_table {
        atomic_uint references;
        struct arena *arena;
        size_t count;
        const char **stores; /* of each, its store */
        const char **names;
};

/* Which components go with its revisions. Those are loaded. */
MUST_USE enum rc package_resources_load(struct db_tx *tx, struct package_node *node,
                                        struct err *err);
/* What people find a package by: links, categories, pictures. The rest of the node is loaded. */
MUST_USE enum rc package_discovery_load(struct db_tx *tx, struct package_node *node,
                                        struct err *err);
MUST_USE enum rc category_table_load(struct db_tx *tx, struct category_table **ret,
                                     struct err *err);
struct category_table *category_table_ref(struct category_table *table); /* takes NULL */
void category_table_unref(struct category_table *table);

struct find_index;
struct catalog {
        atomic_uint references;
        uint64_t generation;
        size_t revision_total;
        struct assertion_table *assertions;
        struct catalog_rules *rules;       /* NULL: none */
        struct category_table *categories; /* NULL: none */
        struct find_index *index;          /* words to packages; NULL: nothing is found by words */
        size_t count;
        struct package_node **by_id;
        struct package_node *by_name[]; /* by name, then store */
};

struct catalog_store {
        struct db *db;
        struct catalog_hooks hooks;
        pthread_mutex_t reloading; /* one new root at a time */
        pthread_mutex_t swapping;  /* held for a pointer and a count, never longer */
        struct catalog *current;
};

/* Roots and tables are counted too; unref takes NULL. */
struct assertion_table *assertion_table_new(size_t count); /* NULL: no memory */
void assertion_table_unref(struct assertion_table *table);
/* Once nodes stand in order: collects the gates. RC_NOMEM. */
MUST_USE enum rc assertion_table_finish(struct assertion_table *table, struct err *err);
struct catalog *catalog_root_new(size_t room); /* NULL: no memory */
void catalog_root_unref(struct catalog *root);
void catalog_root_freep(struct catalog **root);
/* Orders and counts what root->by_name holds. */
void catalog_root_finish(struct catalog *root);
/* Makes root the current one; takes it. */
void catalog_publish(struct catalog_store *store, struct catalog *root);
int assertion_node_compare(const void *a, const void *b); /* for qsort of pointers */
