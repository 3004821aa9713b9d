/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * delegation -- whose revisions a declaration lets in beside the store's own: its
 * revision-authority entries, by signer, provenance, number, and the devices that they are for.
 *
 * Floor    core/model; pure.
 * Source   device.md 9.5: the default provenance cannot be delegated; on-store is the store of the
 *          device's model, or one of that store's friends.
 * Tests    tests/unit/test_delegation.c
 */
#include "core/model/assertion.h"

#define PROVENANCE_DEFAULT "global-upload"

/* Texts may be NULL: not known, which no entry that names one accepts. */
struct delegation_device {
        const char *store_id;
        const struct assertion *store; /* its assertion, for friendly-stores */
        const char *brand_id;
        const char *model; /* the model's name */
};

/* Whether an entry of the declaration lets that account sign that revision; device NULL: on-store,
 * on-brand and on-model are not looked at. */
bool delegation_covers(const struct assertion *declaration, const char *account_id,
                       const char *provenance, uint64_t revision,
                       const struct delegation_device *device);
/* Whether some device of that store could take it: on-brand and on-model are not looked at. */
bool delegation_covers_store(const struct assertion *declaration, const char *account_id,
                             const char *provenance, uint64_t revision, const char *store_id,
                             const struct assertion *store);
/* Whether any entry names the account at all. */
bool delegation_names(const struct assertion *declaration, const char *account_id);
/* The first number that an entry for them allows; 0 none. */
uint64_t delegation_first(const struct assertion *declaration, const char *account_id,
                          const char *provenance);
