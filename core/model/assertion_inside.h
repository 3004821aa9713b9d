/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * assertion_inside -- what the files of the codec share among themselves; nobody else includes it.
 *
 * Floor    core/model. Owner: everything lives in the caller's arena.
 * Tests    through assertion.h
 */
#include "core/model/assertion_type.h"

/* Whether a text is a header name or map key: [a-z](-?[a-z0-9])*. */
bool header_is_name(const char *text);
/* Whether a value has that form, and what the form wants, for messages. */
bool form_fits(const struct value *value, enum header_form form);
const char *form_want(enum header_form form);
/* Valid UTF-8 without NUL. */
bool text_is_clean(const void *data, size_t bytes);
/* "0" or a positive decimal number without leading zeros. */
MUST_USE enum rc header_number_parse(const char *text, uint64_t max, uint64_t *ret);
/* The version byte of a base64 key or signature text; 0 when it has none. */
unsigned base64_version(const char *text);

/* Reads the header block head[0..bytes), which has no final LF, into a map. */
MUST_USE enum rc headers_parse(struct arena *arena, const char *head, size_t bytes,
                               struct value *ret, struct err *err);

/* Reads one assertion at the begin of data. whole: data ends with it. *ret_used counts the bytes
 * read, with the separator that follows in a stream. */
MUST_USE enum rc assertion_read(struct arena *arena, const char *data, size_t bytes, bool whole,
                                struct assertion **ret, size_t *ret_used, struct err *err);
/* Everything but the signature: type, keys, authority and forms of headers that are read already.
 */
MUST_USE enum rc assertion_fill(struct assertion *assertion, struct err *err);
