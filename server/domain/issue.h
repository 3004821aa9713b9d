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
