/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * gate -- who asks: resolved once, before a handler runs. A device by its session (no database), an
 * account by its token, otherwise nobody; the store by header, the architecture by model or header.
 *
 * Floor    server/api. Source: device.md 0.2 (two header dialects), section 5.
 * Tests    tests/flow/test_device.py, tests/flow/test_publisher.py
 */
#include "server/api/api.h"

enum rc api_gate(void *world, struct request *request, struct response *response, struct err *err);
/* Gives back what the gate took. */
void api_gate_leave(void *world, const struct request *request);
