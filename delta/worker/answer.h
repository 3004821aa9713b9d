/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * answer -- the one JSON object with which the worker ends: {"ok":true,...}, or what went wrong.
 *
 * Floor    delta/worker; includes core/base, core/model.
 * Bounds   ANSWER_MAX, which the other end (server/worker) expects too.
 * Tests    tests/unit/test_worker.c
 */
#include "core/base/buf.h"

#define ANSWER_MAX MIB

/* {"ok":false,"rc":"INVALID","code":"...","message":"..."}; text that is not UTF-8 is masked. */
void answer_failure(struct buf *out, enum rc rc, const struct err *err);
