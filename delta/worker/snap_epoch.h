/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * snap_epoch -- the epoch field: "1", "1*" or {read: [..], write: [..]}.
 *
 * Floor    delta/worker; includes core/model. Bounds: EPOCH_MAX.
 * Source   device.md 9.3; snapd: read defaults to write, write to the last of read, both ascending,
 * with one element in common. Outcomes RC_INVALID "snap-yaml-epoch". Tests
 * tests/unit/test_snap_yaml.c
 */
#include "core/model/package.h"
#include "delta/worker/yaml_tree.h"

/* node may be NULL: epoch 0. */
MUST_USE enum rc snap_epoch_parse(const struct yaml_node *node, struct epoch *ret, struct err *err);
