/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * snap_yaml -- meta/snap.yaml as struct package_info, by snapd's rules for each field.
 *
 * Floor    delta/worker; includes core/base, core/model.
 * Owner    texts live in the arena.
 * Bounds   SNAP_YAML_MAX, those of yaml_tree.h, and one for each field.
 * Source   device.md 2.3, 9.3 (epochs), 9.5 (provenance). Unknown fields are passed over: they are
 * in snap_yaml for those who need them. Outcomes RC_INVALID with the code "snap-yaml-FIELD" or one
 * of yaml_tree.h; RC_NOMEM. Tests    tests/unit/test_snap_yaml.c
 */
#include "core/model/package.h"

/* Fills everything but compression. */
MUST_USE enum rc snap_yaml_parse(const char *text, size_t bytes, struct arena *arena,
                                 struct package_info *ret, struct err *err);
