/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * component_yaml -- meta/component.yaml as struct component_info, by snapd's rules for each field.
 *
 * Floor    delta/worker; includes core/base, core/model.
 * Owner    texts live in the arena.
 * Bounds   COMPONENT_YAML_MAX, those of yaml_tree.h, and one for each field.
 * Source   snapd's component.yaml. Unknown fields are passed over.
 * Outcomes RC_INVALID with the code "component-yaml-FIELD" or one of yaml_tree.h; RC_NOMEM.
 * Tests    tests/unit/test_component.c, tests/fuzz/fuzz_inspect.c
 */
#include "core/model/component.h"

MUST_USE enum rc component_yaml_parse(const char *text, size_t bytes, struct arena *arena,
                                      struct component_info *ret, struct err *err);
