/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * hex -- bytes as text: lowercase hex, and base64 in the two alphabets of RFC 4648.
 *
 * Floor    core/base; includes libc only.
 * Owner    the caller's buffers, except where buf is filled.
 * Units    bytes; the *_CHARS macros count characters without the NUL.
 * Source   RFC 4648 sections 4 (base64), 5 (base64url, here always without padding).
 * Tests    tests/unit/test_hex.c
 */
#include "core/base/buf.h"
#include <stdint.h>

#define HEX_CHARS(bytes)       ((bytes)*2)
#define BASE64URL_CHARS(bytes) (((bytes)*4 + 2) / 3)

/* The value of one digit in either case; -1 for anything else. */
int hex_digit(char c);
/* text holds HEX_CHARS(bytes) + 1. */
void hex_format(const void *data, size_t bytes, char *text);
/* Exactly bytes * 2 lowercase or uppercase digits, then NUL. RC_INVALID otherwise. */
MUST_USE enum rc hex_parse(const char *text, void *ret, size_t bytes);

/* text holds BASE64URL_CHARS(bytes) + 1. */
void base64url_format(const void *data, size_t bytes, char *text);
/* Exactly BASE64URL_CHARS(bytes) characters with zero spare bits, then NUL. RC_INVALID otherwise.
 */
MUST_USE enum rc base64url_parse(const char *text, void *ret, size_t bytes);
/* Any length up to max; sets *ret_bytes. RC_INVALID, RC_TOO_BIG. */
MUST_USE enum rc base64url_parse_any(const char *text, void *ret, size_t max, size_t *ret_bytes);

/* Padded base64; width > 0 breaks lines with LF after that many characters (none at the end). */
void base64_append(struct buf *out, const void *data, size_t bytes, size_t width);
/* Padded base64 of length characters; LF inside is skipped, everything else foreign is RC_INVALID.
 * RC_TOO_BIG when more than max bytes would come out. */
MUST_USE enum rc base64_parse(const char *text, size_t length, void *ret, size_t max,
                              size_t *ret_bytes);
