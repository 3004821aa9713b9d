/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * refresh_note -- a refresh request and its answers as a check-in of the fleet.
 *
 * Floor    server/api. Owner: the report lives in the request's arena for the time of the call.
 * Tests    tests/flow/test_fleet.py
 */
#include "server/api/refresh_read.h"
#include "server/domain/fleet.h"

/* Does nothing for who is no verified device. Never blocks. */
void refresh_note(struct world *world, const struct request *request,
                  const struct refresh_request *refresh);
/* The API's code of an action that was not answered with a revision; NULL when it was. */
const char *refresh_action_code(const struct refresh_action *action);
