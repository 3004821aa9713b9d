/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * protocol -- what storehouse-signer and its clients agree on; the messages are in README.md.
 *
 * Floor    server/signer; also included by server/signer/client. Includes core/base only.
 * Units    bytes.
 */
#include "core/base/compiler.h"

#define SIGNER_FRAME_MAX (512 * KIB)
#define SIGNER_ROLES     "store", "brand", "serials", "manifest" /* in the order of the role enums */
#define SIGNER_OP_ISSUE  "issue"
#define SIGNER_OP_PUBKEY "pubkey"
