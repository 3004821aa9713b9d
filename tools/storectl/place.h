/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * place -- where the store, the data folder and the developer's keys are: what an option says, else
 * the environment, else client.conf (of the data folder, else of ~/.config/storehouse).
 *
 * Floor    tools/storectl; includes core/base, core/model.
 * Owner    texts live in the run's arena.
 * Tests    tests/flow/test_storectl.py
 */
#include "core/base/conf.h"
#include "core/base/secret.h"
#include "tools/storectl/cli.h"

/* Fills url, ca, token_file of *cli. RC_INVALID (exit 2) when no address is known. */
MUST_USE enum rc place_find(struct cli *cli, struct err *err);
/* The data folder, absolute. RC_INVALID (exit 2) when none is named, RC_NOT_FOUND. */
MUST_USE enum rc place_data(struct cli *cli, const char **ret, struct err *err);
/* DATA/storehouse.conf over the defaults. */
MUST_USE enum rc place_settings(struct cli *cli, struct conf **ret, struct err *err);
/* path itself when absolute, else below the data folder. NULL: no memory. */
const char *place_below(struct cli *cli, const char *data, const char *path);
/* $STOREHOUSE_KEYS, else ~/.config/storehouse/keys. */
MUST_USE enum rc place_keys(struct cli *cli, const char **ret, struct err *err);
/* Reads a passphrase: the file of the option, else of the environment variable (when not NULL),
 * else the terminal. `again` asks twice. */
MUST_USE enum rc place_passphrase(struct cli *cli, const char *file, const char *variable,
                                  const char *prompt, bool again, struct secret **ret,
                                  struct err *err);
