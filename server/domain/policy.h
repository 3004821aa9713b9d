/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * policy -- which devices of a model may register: a row a model, and lists of devices.
 *
 * A model without a row is open: every device that proves its key gets a serial. The policy is
 * applied by reserve.h; the lists are policy_list.h's. An API key comes in the header
 * POLICY_KEY_HEADER, which a gadget's device-service.headers names; only its digest is kept.
 *
 * Floor    server/domain. Threads: safe; blocks (database).
 * Source   device.md 6.3 (policy), 14.10 (serials).
 * Tests    tests/flow/test_fleet.py
 */
#include "server/domain/token.h"

enum policy_mode {
        POLICY_OPEN,    /* every device */
        POLICY_SERIALS, /* devices that propose a listed serial */
        POLICY_KEYS,    /* devices with a listed key */
        POLICY_PENDING, /* an operator says yes to each */
};
const char *policy_mode_name(enum policy_mode mode);
/* RC_INVALID names the modes. */
MUST_USE enum rc policy_mode_parse(const char *text, enum policy_mode *ret, struct err *err);

#define POLICY_KEY_CHARS  43 /* an API key: 32 random bytes */
#define POLICY_KEY_HEADER "X-Device-API-Key"
#define POLICY_NO_QUOTA   (-1)

struct policy {
        const char *brand_id;
        const char *model;
        enum policy_mode mode;
        int64_t quota; /* POLICY_NO_QUOTA: none */
        bool has_api_key;
        bool proposed;       /* a serial that a device proposes is taken where it is free */
        uint64_t registered; /* not revoked */
        uint64_t waiting;
        uint64_t listed;
};

/* What is to change: NULL or *_set false leaves it. */
struct policy_change {
        const char *mode;
        bool quota_set;
        int64_t quota;
        bool proposed_set;
        bool proposed;
        enum { POLICY_KEY_KEEP, POLICY_KEY_NEW, POLICY_KEY_NONE } api_key;
};

/* RC_INVALID unless both are names. */
MUST_USE enum rc policy_names_check(const char *brand_id, const char *model, struct err *err);

MUST_USE enum rc policy_get(struct world *world, const char *brand_id, const char *model,
                            struct arena *arena, struct policy *ret, struct err *err);
/* With POLICY_KEY_NEW, key gets the new key's text: it is not kept, only its digest. RC_INVALID. */
MUST_USE enum rc policy_set(struct world *world, const struct actor *actor, const char *brand_id,
                            const char *model, const struct policy_change *change,
                            char key[POLICY_KEY_CHARS + 1], struct arena *arena, struct policy *ret,
                            struct err *err);
