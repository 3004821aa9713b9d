/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * message -- one request in JSON in, one answer in JSON out (README.md).
 *
 * Floor    server/signer; includes core/base (jsonx).
 * Owner    the answer's buffer is the caller's.
 * Threads  one.
 * Bounds   SIGNER_FRAME_MAX each way; MESSAGE_ARENA_MAX for the work in between.
 * Tests    tests/unit/test_signer.c
 */
#include "core/base/buf.h"
#include "server/signer/issue.h"

#define MESSAGE_ARENA_MAX (16 * MIB)

/* Appends the answer. *ret_garbage: this was no request at all; the connection is to be closed. */
void message_answer(struct signer *signer, const char *data, size_t bytes, struct buf *out,
                    bool *ret_garbage);
