/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * inspect -- the inspect job: is this a squashfs image that can be read, and what does it say it
 * is?
 *
 * Floor    delta/worker; includes core/base, core/model.
 * Owner    texts live in the arena; the descriptor stays the caller's.
 * Bounds   those of squash.h and snap_yaml.h.
 * Outcomes RC_INVALID with a code that names what is wrong; RC_IO, RC_NOMEM.
 * Tests    tests/unit/test_inspect.c, tests/fuzz/fuzz_inspect.c
 */
#include "core/model/component.h"
#include "core/model/package.h"

MUST_USE enum rc inspect_package(int fd, struct arena *arena, struct package_info *ret,
                                 struct err *err);
/* The same for a component. */
MUST_USE enum rc inspect_component(int fd, struct arena *arena, struct component_info *ret,
                                   struct err *err);
