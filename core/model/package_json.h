/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* package_json -- struct package_info as one JSON object: the worker's answer, and the text kept
 * with a revision. Its reader is server/worker/package_read.c. Floor: core/model. Tests:
 * tests/unit/test_worker.c */
#include "core/base/buf.h"
#include "core/model/package.h"

void package_json_append(struct buf *out, const struct package_info *info);
