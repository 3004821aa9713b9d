/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * frame -- messages over a stream socket or a pipe: u32 little-endian length, then the bytes.
 *
 * Floor    core/base; includes libc only.
 * Owner    a received message is the caller's to free; it is NUL-terminated past its length.
 * Outcomes RC_END (closed between messages or inside one), RC_TOO_BIG, RC_TIMEOUT, RC_IO.
 * Tests    tests/unit/test_frame.c
 */
#include "core/base/clock.h"
#include "core/base/rc.h"

MUST_USE enum rc frame_send(int fd, const void *data, size_t bytes, struct err *err);
/* timeout_usec < 0 waits for ever. */
MUST_USE enum rc frame_receive(int fd, size_t max_bytes, usec_t timeout_usec, char **ret,
                               size_t *ret_bytes, struct err *err);
