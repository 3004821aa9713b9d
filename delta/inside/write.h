/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* write -- a finished plan as the bytes of a delta. Floor: delta/inside. */
#include "delta/inside/inside_build.h"
#include "delta/inside/plan.h"

/* Source and target digests are in the header already. */
MUST_USE enum rc write_delta(const struct plan *plan, const struct inside_build *job,
                             struct inside_header *header, struct inside_built *ret,
                             struct err *err);
