/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * privkey -- private halves: made, read, sealed, used. Reached only by storehouse-signer,
 * storectl and demo-device.
 *
 * Floor    core/keys; includes core/base, core/crypto. GnuTLS for RSA, libsodium for the rest.
 * Owner    who loads a key frees it: CLEANUP(privkey_freep); its memory is wiped.
 * Threads  a loaded key may be used by several threads.
 * Format   a sealed key file is text: `storehouse-key 1`, then `name: value` lines (kdf, ops, mem,
 *          salt, nonce), an empty line and base64: Argon2id turns the passphrase into the key of a
 *          secretbox around the PKCS#8 (RSA) or seed (Ed25519). Described in core/keys/README.md.
 * Tests    tests/unit/test_keys.c
 */
#include "core/base/clock.h"
#include "core/base/secret.h"
#include "core/crypto/pubkey.h"

struct privkey;

/* bits: 1024 (tests only), 2048 to 8192. Authority and account keys have 4096. */
MUST_USE enum rc privkey_generate_rsa(unsigned bits, struct privkey **ret, struct err *err);
MUST_USE enum rc privkey_generate_ed25519(struct privkey **ret, struct err *err);
/* PKCS#1 or PKCS#8 PEM without a passphrase (the kit's *.pem). RC_INVALID. */
MUST_USE enum rc privkey_parse_pem(const void *data, size_t bytes, struct privkey **ret,
                                   struct err *err);
void privkey_freep(struct privkey **key);

const struct pubkey *privkey_pubkey(const struct privkey *key);

/* Appends the signature text (base64, wrapped at 76 columns, no final LF) over content, made at
 * `when` (whole seconds are recorded for RSA). RSA output is deterministic. */
MUST_USE enum rc privkey_sign(const struct privkey *key, const void *content, size_t bytes,
                              usec_t when, struct buf *out, struct err *err);

/* The same for an Ed25519 key, without the proof by the public half: for a key of a day that signs
 * at the rate of requests. The proof keeps a computing fault from telling a key; a key that is
 * worth more than its day is used with privkey_sign. RC_INVALID: an RSA key. */
MUST_USE enum rc privkey_sign_daily(const struct privkey *key, const void *content, size_t bytes,
                                    struct buf *out, struct err *err);

/* A sealed key file's content. strength: SEAL_TEST is fast and for tests only. */
enum seal_strength { SEAL_INTERACTIVE, SEAL_SENSITIVE, SEAL_TEST };
MUST_USE enum rc privkey_seal(const struct privkey *key, const struct secret *passphrase,
                              enum seal_strength strength, struct buf *out, struct err *err);
/* RC_INVALID: not a sealed key file; RC_FORBIDDEN: wrong passphrase or damaged file. */
MUST_USE enum rc privkey_unseal(const void *data, size_t bytes, const struct secret *passphrase,
                                struct privkey **ret, struct err *err);
/* Unencrypted PKCS#8 PEM, for handing a key to other tools; the caller wipes it. */
MUST_USE enum rc privkey_format_pem(const struct privkey *key, struct secret **ret,
                                    struct err *err);
