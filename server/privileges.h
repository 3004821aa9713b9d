/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * privileges -- from root to the server's own user, keeping only the right to listen below 1024.
 *
 * Floor    server. Tests: tests/flow/test_serve.py
 */
#include "core/base/rc.h"

/* user is a name or a number; "" or not being root changes nothing. keep_ports: the right to bind
 * low ports stays (CAP_NET_BIND_SERVICE). RC_NOT_FOUND: no such user. */
MUST_USE enum rc privileges_drop(const char *user, bool keep_ports, struct err *err);
