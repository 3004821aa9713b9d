/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * find_index -- words to packages: what a search, a category and a picture's address look up.
 *
 * Invariants
 *  1. An index never changes. find_index_with gives another one that shares all but what the words
 * of one package touch; a release that changes no word gives the same one again.
 *  2. A package has a number for as long as it is known; the index knows packages by it, and says
 *     their snap id. Who may see one is not decided here.
 *
 * Floor    server/domain; internal to catalog*.c and find.c.
 * Owner    counted: find_index_ref, find_index_unref (both take NULL).
 * Bounds   FIND_TERMS_MAX terms a package, FIND_TERM_MAX bytes a term: 2,000 packages with 150
 * words each take about 8 MB. Tests    tests/unit/test_find.c
 */
#include "server/domain/catalog.h"

#define FIND_TERMS_MAX 512
#define FIND_TERM_MAX  160 /* a longer word is cut */

/* What kind of thing a term is: its first byte. Words have none: they begin with themselves. */
#define FIND_COMMON_ID "\1"
#define FIND_CATEGORY  "\2"
#define FIND_MEDIA     "\3"

/* One package's terms, sorted, each once with its best weight. */
struct find_term {
        const char *text;
        uint8_t weight;
};
struct find_doc;
struct find_doc *find_doc_new(const struct catalog_package *package); /* NULL: no memory */
struct find_doc *find_doc_ref(struct find_doc *doc);
void find_doc_unref(struct find_doc *doc);
const char *find_doc_snap_id(const struct find_doc *doc);
size_t find_doc_terms(const struct find_doc *doc, const struct find_term **ret);
bool find_doc_equal(const struct find_doc *a, const struct find_doc *b);
/* The next word at *text (letters, digits, bytes above 0x7f), its length; *text moves behind it.
 * NULL: no more. */
const char *find_word_next(const char **text, size_t *ret_length);

struct find_index;
struct find_entry {
        const char *term;
        uint32_t number; /* of the package */
        uint8_t weight;
};

struct package_node;
MUST_USE enum rc find_index_build(struct package_node *const *nodes, size_t count,
                                  struct find_index **ret, struct err *err);
/* With package in the place of the one with that id; NULL takes it out. NULL: no memory. */
struct find_index *find_index_with(struct find_index *old, const char *snap_id,
                                   const struct catalog_package *package);
struct find_index *find_index_ref(struct find_index *index);
void find_index_unref(struct find_index *index);

/* Numbers of packages are below it. */
uint32_t find_index_room(const struct find_index *index);
/* NULL: nobody has the number now. */
const char *find_index_snap_id(const struct find_index *index, uint32_t number);
/* The entries of a term, or (prefix) of all terms that begin with it; by term. */
size_t find_index_entries(const struct find_index *index, const char *term, bool prefix,
                          const struct find_entry **ret);
