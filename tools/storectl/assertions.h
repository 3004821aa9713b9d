/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * assertions -- what the commands about assertions have in common: files of them, and signing with
 * a key that is here or with the store's.
 *
 * Floor    tools/storectl; includes core/base, core/keys, core/model.
 * Owner    texts live in the run's arena, unless said.
 * Bounds   ASSERTIONS_MAX bytes of a stream, JSON_MAX of headers.
 * Tests    tests/flow/test_storectl.py, tests/flow/test_signing.py
 */
#include "core/model/assertion.h"
#include "tools/storectl/args.h"
#include "tools/storectl/client.h"

#define ASSERTIONS_MAX (16 * MIB)

/* A file, or - for the input. The caller frees *ret (fs_freep). */
MUST_USE enum rc input_read(struct cli *cli, const char *path, size_t max, char **ret,
                            size_t *ret_bytes, struct err *err);
/* The headers in a JSON file; the caller decrefs. */
MUST_USE enum rc headers_read(struct cli *cli, const char *path, json_t **ret, struct err *err);
/* A stream from a file, each assertion parsed in the arena. RC_INVALID: none in it. */
MUST_USE enum rc stream_read(struct cli *cli, const char *path, const char **ret_text,
                             const struct assertion ***ret, size_t *ret_count, struct err *err);
/* Sends a file to be imported, and says what became of each. type NULL: of any. */
MUST_USE enum rc stream_import(struct cli *cli, const char *path, const char *type,
                               struct err *err);
/* With the sealed key of --key. */
MUST_USE enum rc sign_here(struct cli *cli, const struct args *args, const json_t *headers,
                           const char **ret, struct err *err);
/* Prints the text, or writes it where --out says. */
MUST_USE enum rc text_put(struct cli *cli, const struct args *args, const char *text,
                          struct err *err);
/* A header's value as JSON; NULL: no memory. */
json_t *value_json(const struct value *value);
