/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * issue -- asks the signer, and believes its answer only after the same checks that a stranger's
 * assertion has to pass: a signer with a wrong key must not fill the store with what no device
 * takes.
 *
 * Floor    server/domain. Blocks (signer). Outcomes: those of signer_issue; RC_CRASHED: the answer
 * is not believed.
 */
#include "server/domain/world.h"

MUST_USE enum rc issue_checked(struct world *world, const struct signer_request *request,
                               struct arena *arena, struct assertion **ret, struct err *err);
/* Whether the signer refused because it has issued that revision, or a later one, with other
 * content: a crash, or a restored backup, took it from us. The next number is worth a try,
 * ISSUE_TRIES times. */
#define ISSUE_TRIES 16
bool issue_was_overtaken(enum rc rc, const struct err *err);
/* The headers given, and those of an earlier revision that are not: what is not named stays. What
 * the signer fills in itself is left out. *ret lives in arena. */
MUST_USE enum rc issue_build_on(const struct value *given, const struct assertion *known,
                                struct arena *arena, struct value *ret, struct err *err);
