/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * buf -- a growing byte buffer with a bound. Builders are sticky: append freely, check once.
 *
 * Floor    core/base; includes libc only.
 * Owner    the struct is the caller's; CLEANUP(buf_fini) frees the bytes. buf_take moves them out.
 * Units    bytes. data is always NUL-terminated when not NULL; the NUL is not counted.
 * Tests    tests/unit/test_buf.c
 */
#include "core/base/rc.h"
#include <stdint.h>

struct buf {
        char *data;
        size_t len;
        size_t cap;
        size_t max;  /* appending past it fails the buffer */
        bool failed; /* sticky: no memory, or over max */
};

#define BUF_INIT(max_bytes)                                                                        \
        {                                                                                          \
                .max = (max_bytes)                                                                 \
        }

void buf_fini(struct buf *buf);
void buf_append(struct buf *buf, const void *data, size_t bytes);
void buf_text(struct buf *buf, const char *text);
void buf_char(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);
/* A decimal number; for places where printf costs too much. */
void buf_number(struct buf *buf, uint64_t number);
/* A JSON string with its quotes; text must be valid UTF-8 (bytes above 0x7f pass unchanged). */
void buf_json_string(struct buf *buf, const char *text);
void buf_clear(struct buf *buf);
/* RC_OK, RC_TOO_BIG (over max), RC_NOMEM. */
MUST_USE enum rc buf_finish(const struct buf *buf, struct err *err);
/* Moves the bytes out (free() them); the buffer is empty afterwards. "" when nothing was appended;
 * NULL after a failure. */
char *buf_take(struct buf *buf, size_t *ret_bytes);
