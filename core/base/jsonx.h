/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * jsonx -- jansson with our bounds, and getters that say which field was wrong.
 *
 * Floor    core/base; the only file that includes jansson.h. Used by server/api, server/signer,
 *          delta/worker and tools; never by server/domain, server/store or core/model.
 * Owner    json_t * results of jsonx_parse are the caller's: CLEANUP(jsonx_decref). Getters borrow.
 * Bounds   nesting at most JSONX_MAX_DEPTH and values JSONX_MAX_VALUES, checked before the parser
 * runs; no NUL in strings; duplicate keys refused. Outcomes RC_INVALID with the field's name in the
 * text; RC_NOT_FOUND never: absent optional fields leave *ret untouched and give RC_OK. Tests
 * tests/unit/test_jsonx.c
 */
#include "core/base/buf.h"
#include <jansson.h>
#include <stdint.h>

#define JSONX_MAX_DEPTH 32
/* Lists, objects and commas: an empty object of two bytes takes 250 of memory. */
#define JSONX_MAX_VALUES 262144

/* Seeds jansson's hash tables now: it would open /dev/urandom at the first object otherwise, which
 * a sandbox forbids. */
void jsonx_init(void);
void jsonx_decref(json_t **json);
/* RC_INVALID: "not JSON: ... (line 3)"; any JSON value is accepted. */
MUST_USE enum rc jsonx_parse(const char *data, size_t bytes, json_t **ret, struct err *err);
/* The same, and it must be an object. */
MUST_USE enum rc jsonx_parse_object(const char *data, size_t bytes, json_t **ret, struct err *err);

/* Getters. A field that is absent or null is RC_INVALID when need is JSONX_MUST. */
enum jsonx_need { JSONX_MAY, JSONX_MUST };
MUST_USE enum rc jsonx_get_text(const json_t *object, const char *field, enum jsonx_need need,
                                size_t max_bytes, const char **ret, struct err *err);
MUST_USE enum rc jsonx_get_int(const json_t *object, const char *field, enum jsonx_need need,
                               int64_t min, int64_t max, int64_t *ret, struct err *err);
MUST_USE enum rc jsonx_get_bool(const json_t *object, const char *field, enum jsonx_need need,
                                bool *ret, struct err *err);
/* *ret is the array or object; at most max_items members. */
MUST_USE enum rc jsonx_get_array(const json_t *object, const char *field, enum jsonx_need need,
                                 size_t max_items, const json_t **ret, struct err *err);
MUST_USE enum rc jsonx_get_object(const json_t *object, const char *field, enum jsonx_need need,
                                  const json_t **ret, struct err *err);
/* Appends the compact text of json; sorted keys. */
void jsonx_dump(struct buf *out, const json_t *json);
