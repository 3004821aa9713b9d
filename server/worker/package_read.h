/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * package_read -- the worker's JSON as struct package_info, every field checked once more: a worker
 * that a package took over may say what it likes.
 *
 * Floor    server/worker; includes core/base, core/model. Owner: texts live in the arena.
 * Bounds   one for each field, those of core/model/package.h for lists.
 * Outcomes RC_INVALID (a field that no package can have), RC_NOMEM.
 * Tests    tests/unit/test_worker.c
 */
#include "core/base/jsonx.h"
#include "core/model/package.h"

MUST_USE enum rc package_read(const json_t *json, struct arena *arena, struct package_info *ret,
                              struct err *err);
