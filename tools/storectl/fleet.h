/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * fleet -- what the commands about devices and their models have in common.
 *
 * Floor    tools/storectl; includes core/base only.
 * Owner    texts live in the run's arena.
 * Tests    tests/flow/test_fleet.py
 */
#include "tools/storectl/client.h"

/* "[BRAND/]MODEL" in two; without a brand the store's own, which it is asked for. */
MUST_USE enum rc fleet_model(struct cli *cli, const char *text, const char **ret_brand,
                             const char **ret_model, struct err *err);
/* "/api/v1/models/BRAND/MODEL" and suffix. */
MUST_USE enum rc fleet_model_path(struct cli *cli, const char *text, const char *suffix,
                                  const char **ret, struct err *err);
/* A number of a row; "" for null. */
const char *fleet_number(struct cli *cli, const json_t *row, const char *field);
/* How a model is shown: without the brand where it is `brand`. */
const char *fleet_model_text(struct cli *cli, const json_t *row);
