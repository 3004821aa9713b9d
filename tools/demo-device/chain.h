/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * chain -- from an assertion up to a root key that the device was made with.
 *
 * Invariants
 *  1. What the store sends is believed only after every assertion that it rests on was checked, up
 *     to a root key named in the device's own file.
 *  2. The store is asked only for what is missing, at most CHAIN_MAX times.
 *
 * Floor    tools/demo-device; includes core/keys (the file of roots), core/model, net.
 * Owner    everything lives in the arena given at init.
 * Tests    tests/flow/test_quickstart.sh
 */
#include "core/keys/keydir.h"
#include "core/model/trust.h"
#include "tools/demo-device/net.h"

#define CHAIN_MAX 64

struct chain {
        struct arena *arena;
        struct net *net;
        struct keydir_root roots[KEYDIR_ROOTS_MAX];
        size_t root_count;
        const struct assertion *items[CHAIN_MAX];
        bool proved[CHAIN_MAX];
        size_t count;
};

/* trust_dir holds the file `roots`. */
MUST_USE enum rc chain_init(struct chain *chain, struct arena *arena, struct net *net,
                            const char *trust_dir, struct err *err);
/* Reads every assertion of a stream into the chain, not believed yet. */
MUST_USE enum rc chain_put(struct chain *chain, const char *stream, size_t bytes, struct err *err);
/* The assertion from the chain, or from the store. RC_NOT_FOUND. */
MUST_USE enum rc chain_get(struct chain *chain, const struct trust_ref *ref,
                           const struct assertion **ret, struct err *err);
/* Fetches what the chain's assertions rest on and checks all of them. RC_UNTRUSTED names the one
 * that cannot be believed. */
MUST_USE enum rc chain_prove(struct chain *chain, usec_t now, struct err *err);
/* "snap-revision < account-key 4f2.. (acme) < root": prints the way up from assertion. */
void chain_print(const struct chain *chain, const struct assertion *assertion);
