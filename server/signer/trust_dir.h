/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * trust_dir -- the trust folder, read once at the start. Who can write to it decides what is
 * trusted, so its owners and modes count.
 *
 * Floor    server/signer; includes core/base, core/keys, core/model.
 * Owner    the set lives in the caller's arena.
 * Tests    tests/unit/test_signer.c, test_signer_attack.c
 */
#include "core/model/trust_set.h"
#include <sys/types.h>

/* Reads DATA/trust: roots and *.assert. forbidden_uid: files must not be writable by that user
 * ((uid_t)-1: not looked at). RC_UNTRUSTED names what could not be proved. */
MUST_USE enum rc trust_set_load(const char *trust_dir, uid_t forbidden_uid, usec_t now,
                                struct arena *arena, struct trust_set **ret, struct err *err);
