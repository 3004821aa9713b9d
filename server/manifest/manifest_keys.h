/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * manifest_keys -- the key with which this process signs refresh manifests: made in memory, never
 * written anywhere, certified for a day at most, and replaced before its certificate ends.
 *
 * Invariants
 *  1. No private half leaves this folder; no header of it names one.
 *  2. A reader keeps the key that it acquired, whatever is adopted meanwhile.
 *  3. Acquiring and signing never wait for anything but the swap of a pointer.
 *
 * Floor    server/manifest; includes core/base, core/crypto, core/keys, core/manifest, core/model.
 * Owner    who makes the keys frees them, after every reader has released its key.
 * Threads  safe; manifest_keys_begin and manifest_keys_adopt are one thread's affair.
 * Units    times are usec since 1970.
 * Tests    tests/unit/test_manifest_keys.c, tests/flow/test_manifest.py
 */
#include "core/manifest/manifest.h"

struct manifest_keys;
struct manifest_key_inside;

/* What a key may say, and what goes with it. */
struct manifest_key {
        const char *authority; /* the account in whose name it signs */
        const char *key_id;
        usec_t since;
        usec_t until;
        uint64_t epoch;
        const char *chain; /* a stream: its certificate, and what that rests on */
        size_t chain_bytes;
        struct manifest_key_inside *inside;
};

struct manifest_keys *manifest_keys_new(void); /* NULL: no memory */
void manifest_keys_freep(struct manifest_keys **keys);

/* Makes a new key that waits for its certificate; an earlier one that still waits is forgotten. Its
 * public half is appended as the body of an agent-key. */
MUST_USE enum rc manifest_keys_begin(struct manifest_keys *keys, struct buf *ret_body,
                                     char ret_id[KEY_ID_CHARS + 1], struct err *err);
/* From now on this is the key. certificate is the agent-key of the key that waits, believed
 * already, and chain begins with it. RC_INVALID: it certifies another key, or not for a manifest.
 */
MUST_USE enum rc manifest_keys_adopt(struct manifest_keys *keys,
                                     const struct assertion *certificate, const char *chain,
                                     size_t chain_bytes, struct err *err);

/* The key for `now`; NULL: there is none, or its time is over. */
const struct manifest_key *manifest_keys_acquire(struct manifest_keys *keys, usec_t now);
void manifest_key_release(const struct manifest_key *key); /* takes NULL */

/* Appends content, signature and chain as one stream. RC_TOO_BIG, faults. */
MUST_USE enum rc manifest_key_sign(const struct manifest_key *key, const struct buf *content,
                                   struct buf *out, struct err *err);
