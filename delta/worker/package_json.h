/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* package_json -- struct package_info as the JSON object that the worker answers; its reader is in
 * server/worker/client.c. Floor: delta/worker; includes core/model. Tests: tests/unit/test_worker.c
 */
#include "core/base/buf.h"
#include "core/model/package.h"

void package_json_append(struct buf *out, const struct package_info *info);
