/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * commands -- every command as one row: help, manual, completion and dispatch come from it. A new
 * command is a row in commands.c and a handler in the cmd_ file of its family.
 *
 * Floor    tools/storectl; includes core/base only.
 * Owner    rows are constant.
 * Tests    tests/unit/test_storectl.c: a row without help, a help over 25 lines of 80 columns, or a
 *          manual without the row fails.
 */
#include "tools/storectl/args.h"
#include "tools/storectl/cli.h"

#define HELP_LINES_MAX   25
#define HELP_COLUMNS_MAX 80

struct command {
        const char *name; /* one word or two: "push", "key create" */
        const char *group;
        const char *words;   /* what follows, as in the usage line */
        const char *summary; /* one line */
        const char *doc;     /* more sentences for help and manual; "" none */
        const struct option_row *options;
        size_t min_words;
        size_t max_words;
        enum rc (*run)(struct cli *cli, const struct args *args, struct err *err);
};

extern const struct option_row global_options[];
extern const struct command commands[];
size_t command_count(void);
/* The row that argv begins with; *ret_words of it are its name. NULL: none. */
const struct command *command_find(int argc, char *const *argv, int *ret_words);

/* help.c */
void help_all(struct buf *out);
void help_command(const struct command *command, struct buf *out);
/* The two-word commands that begin with word; false when there are none. */
bool help_family(const char *word, struct buf *out);
void help_completion(struct buf *out);
void help_manual(struct buf *out);

/* Runs one command line; gives the exit code. */
int storectl_run(int argc, char *const *argv);

/* The handlers. */
enum rc cmd_init(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_doctor(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_fsck(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_backup(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_restore(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_config_explain(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_config_example(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_config_check(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_tls_renew(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_trust_export(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_trust_add(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_trust_list(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_status_store(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_sessions_expire(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_why(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_device_list(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_device_show(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_device_allow(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_device_pending(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_device_approve(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_device_deny(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_device_revoke(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_device_unrevoke(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_device_alarms(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_model_policy(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_model_allow_remodel(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_audit(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_whoami(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_account_create(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_account_list(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_account_show(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_token_create(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_token_list(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_token_revoke(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_key_create(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_key_list(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_key_register(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_key_export(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_register(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_set(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_show(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_category_list(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_category_add(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_category_remove(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_packages(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_track_create(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_push(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_import(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_release(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_close(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_status(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_revisions(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_components(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_pair(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_deltas(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_store_list(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_store_show(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_store_create(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_store_include(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_store_exclude(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_store_admit(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_view_list(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_view_show(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_view_set(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_view_reset(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_view_include(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_view_exclude(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_view_pin(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_view_unpin(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_model_sign(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_model_add(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_model_list(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_assert_import(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_assert_export(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_assert_sign(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_assert_show(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_manifest_fetch(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_manifest_show(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_manifest_verify(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_manifest_raise_epoch(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_completion(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_manual(struct cli *cli, const struct args *args, struct err *err);
enum rc cmd_help(struct cli *cli, const struct args *args, struct err *err);
