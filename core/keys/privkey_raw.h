/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * privkey_raw -- the bare bytes of a private key, for privkey_seal.c only.
 *
 * Floor    core/keys, private to it. Owner: the caller frees the secret, which wipes it.
 * Tests    tests/unit/test_keys.c, through privkey_seal and privkey_unseal
 */
#include "core/keys/privkey.h"

#define PRIVKEY_RAW_MAX ((size_t)8192)

/* The scheme's byte, then PKCS#8 DER (RSA) or the seed (Ed25519). */
MUST_USE enum rc privkey_raw_get(const struct privkey *key, struct secret **ret, struct err *err);
/* RC_INVALID. */
MUST_USE enum rc privkey_raw_parse(const struct secret *raw, struct privkey **ret, struct err *err);
