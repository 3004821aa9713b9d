/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* roots -- the trusted root keys that the configuration names: DATA/trust/roots, a line `ACCOUNT-ID
 * KEY-ID` each, '#' comments. Floor server. Tests: tests/flow/test_serve.py */
#include "server/domain/world.h"

/* RC_INVALID: a malformed line, or none at all. */
MUST_USE enum rc roots_read(const char *data_dir, struct trusted_roots *ret, struct err *err);
