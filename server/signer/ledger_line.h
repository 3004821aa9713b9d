/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * ledger_line -- one line of issued.log, written and read back. The format is in ledger.h.
 *
 * Floor    server/signer; includes core/base, core/crypto.
 * Owner    texts of a parsed entry point into the line, which is changed in place.
 * Tests    tests/unit/test_signer.c
 */
#include "core/base/buf.h"
#include "server/signer/ledger.h"

void ledger_line_format(const struct ledger_entry *entry, struct buf *out);
/* line has no LF. RC_CORRUPT. */
MUST_USE enum rc ledger_line_parse(char *line, struct ledger_entry *ret, struct err *err);
