/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * yaml_tree -- a YAML document as a small tree, with everything refused that a package has no use
 * for: aliases and anchors, tags, merge keys, duplicate keys, keys that are not text, further
 * documents.
 *
 * Floor    delta/worker; includes core/base. yaml.h in yaml_tree.c only.
 * Owner    the tree lives in the arena.
 * Bounds   YAML_DEPTH_MAX levels, YAML_EVENTS_MAX events; the text is the caller's to bound.
 * Outcomes RC_INVALID with a code of its own ("yaml-..."), RC_NOMEM.
 * Tests    tests/unit/test_snap_yaml.c, tests/fuzz/fuzz_inspect.c
 */
#include "core/base/arena.h"

#define YAML_DEPTH_MAX  16
#define YAML_EVENTS_MAX 10000

enum yaml_kind { YAML_TEXT, YAML_LIST, YAML_MAP };

struct yaml_node {
        enum yaml_kind kind;
        const char *key;  /* inside a map, else "" */
        const char *text; /* YAML_TEXT; as written, without quotes */
        bool is_null;     /* plain and empty, ~ or null */
        struct yaml_node *first;
        struct yaml_node *last;
        struct yaml_node *next; /* the next one in the same list or map */
        size_t count;
};

/* text needs no NUL at its end; it must be UTF-8 without NUL inside. */
MUST_USE enum rc yaml_tree_parse(const char *text, size_t bytes, struct arena *arena,
                                 const struct yaml_node **ret, struct err *err);
/* NULL when absent, or when map is none. */
const struct yaml_node *yaml_find(const struct yaml_node *map, const char *key);
/* Characters of a text that is UTF-8. */
size_t text_chars(const char *text);
/* Whether bytes are UTF-8 (RFC 3629). */
bool text_is_utf8(const char *text, size_t bytes);
