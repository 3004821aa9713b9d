/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * assertion_format -- the lowest format that says what the headers say: older devices read as much
 * as they can, and none reads a rule that it does not know as if it were not there.
 *
 * Floor    core/model; pure.
 * Source   device.md 8.8: snap-declaration 1 plugs and slots, 2 $PLUG, $SLOT and $MISSING, 3
 *          on-store, on-brand, on-model, 4 plug-names and slot-names, 5 alternatives of an
 *          attribute, 6 publishers' ids in attributes, 7 variants of classic; system-user 1
 * serials, 2 user-presence; account-key 1 constraints. Tests    tests/unit/test_assertion_format.c
 */
#include "core/model/assertion.h"

unsigned assertion_format_needed(const char *type, const struct value *headers);
