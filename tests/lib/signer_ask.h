/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * signer_ask -- a signer inside the test, asked through its own messages, and a list of the rules
 * that refused something.
 *
 * Owner    ask_begin makes one kit, folder and signer for the process; ask_end ends the test.
 */
#include "server/signer/message.h"
#include "tests/lib/check.h"
#include "tests/lib/signer_kit.h"

#define ASK_NOW      "2026-06-01T00:00:00Z"
#define ASK_MAX_SIZE 1000000 /* the largest package */
#define F(...)       arena_printf(kit->arena, __VA_ARGS__)

extern struct kit *kit;
extern struct signer *signer;
extern bool ask_system_users; /* the setting sign-system-users, from the next start on */
extern char ask_keys_dir[512];
extern char ask_trust_dir[512];

struct answer {
        char rc[32];
        const char *text;      /* "" after success */
        const char *assertion; /* NULL after a failure */
};

void ask_begin(void);
/* Checks that each rule of the policy's table refused something. */
void ask_attacked(enum policy_table table);
/* Gives main's result. */
int ask_end(void);
/* Ends the signer that runs and starts another one on the same folders. */
void ask_start(const char *now, int64_t rate_per_min, bool require_build);

struct answer ask_json(const char *request);
/* Checks that it is refused by that rule. */
void refused(const char *rule, const char *role, const char *type, const char *headers,
             const char *body, const char *evidence);
/* Checks that it is issued; "" when it was not. */
const char *issued(const char *role, const char *type, const char *headers, const char *body,
                   const char *evidence);
