/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* errors -- the one place where an rc becomes a body, in the row's style (enum api_style). Floor
 * server/api. Tests: tests/flow/test_device.py */
#include "server/api/api.h"

void api_error(void *world, const struct request *request, enum rc rc, const struct err *err,
               struct response *response);
