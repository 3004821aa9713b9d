/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * supervise -- `storehouse serve`: a small parent that starts the signer and the server, starts
 * either again when it dies, and ends both on SIGTERM or SIGINT. It parses nothing and serves
 * nothing; it keeps the rights that starting a helper under another user id needs.
 *
 * Floor    server. Source: design section 4.
 * Tests    tests/flow/test_serve.py
 */
#include "core/base/conf.h"

/* RC_CONFLICT: another one serves this data folder. conf_path is handed to the signer. Returns when
 * told to stop: RC_OK, or why it could not go on (a child that dies within seconds of its start,
 * again and again). */
MUST_USE enum rc supervise_run(const struct conf *conf, const char *conf_path, struct err *err);
