/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * options -- what each command takes, a table a command; commands.c names them.
 *
 * Floor    tools/storectl; includes core/base only.
 * Owner    the tables are constant.
 */
#include "tools/storectl/args.h"

extern const struct option_row init_options[];
extern const struct option_row fsck_options[];
extern const struct option_row renew_options[];
extern const struct option_row set_options[];
extern const struct option_row account_options[];
extern const struct option_row token_options[];
extern const struct option_row token_list_options[];
extern const struct option_row key_options[];
extern const struct option_row key_register_options[];
extern const struct option_row key_export_options[];
extern const struct option_row register_options[];
extern const struct option_row track_options[];
extern const struct option_row push_options[];
extern const struct option_row release_options[];
extern const struct option_row status_options[];
extern const struct option_row revisions_options[];
extern const struct option_row model_options[];
extern const struct option_row why_options[];
extern const struct option_row manifest_fetch_options[];
extern const struct option_row manifest_verify_options[];
extern const struct option_row raise_epoch_options[];
extern const struct option_row import_options[];
extern const struct option_row export_options[];
extern const struct option_row audit_options[];
extern const struct option_row store_create_options[];
extern const struct option_row undo_options[];
extern const struct option_row expire_options[];
extern const struct option_row device_list_options[];
extern const struct option_row device_options[];
extern const struct option_row device_revoke_options[];
extern const struct option_row device_allow_options[];
extern const struct option_row device_pending_options[];
extern const struct option_row device_alarms_options[];
extern const struct option_row model_policy_options[];
extern const struct option_row remodel_options[];
extern const struct option_row no_options[];
