/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * user -- users of the system: found by name or number, and become for good.
 *
 * Floor    core/base; includes libc only.
 * Tests    tests/unit/test_base.c
 */
#include "core/base/rc.h"
#include <sys/types.h>

/* A name, or a plain number above 0 (then the group has the same number). RC_NOT_FOUND. */
MUST_USE enum rc user_find(const char *name, uid_t *ret_uid, gid_t *ret_gid, struct err *err);
/* Gives up every group and both ids, and looks whether that is so. */
MUST_USE enum rc user_become(uid_t uid, gid_t gid, struct err *err);
