/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * serve -- the server process: drops its rights, opens what the world is made of, listens, and ends
 * on SIGTERM. Wiring only.
 *
 * Floor    server.
 */
#include "core/base/conf.h"

/* The exit status that says: trying again is of no use. */
#define SERVE_EXIT_FINAL 78

MUST_USE enum rc serve_run(const struct conf *conf, struct err *err);
