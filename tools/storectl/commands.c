/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/storectl/commands.h"
#include "tools/storectl/options.h"
#include <string.h>

#define GROUP_SERVER    "Run a store"
#define GROUP_PUBLISH   "Publish"
#define GROUP_SEE       "Look around"
#define GROUP_VIEWS     "Stores and models"
#define GROUP_DEVICES   "Devices"
#define GROUP_ACCOUNTS  "Accounts and keys"
#define GROUP_TRUST     "Assertions"
#define GROUP_MANIFESTS "Refresh manifests"
#define GROUP_HELP      "Help"

const struct command commands[] = {
        {"init", GROUP_SERVER, "DIR --brand NAME [--domain HOST]...", "Make a new store",
         "Keys, settings, database, certificate and a first token, in an empty folder.",
         init_options, 1, 1, cmd_init},
        {"doctor", GROUP_SERVER, "", "See whether the server is in good health",
         "Looks at settings, owners, modes, certificate, disk, signer and sandbox. A line\n"
         "is ok, warn or fail; the exit code is 1 when one fails.",
         no_options, 0, 0, cmd_doctor},
        {"fsck", GROUP_SERVER, "", "Prove that the stored data is whole",
         "Checks packages, deltas, assertions and the channel map against each other, also\n"
         "while the server runs. It changes nothing. Exit code 1 when something is wrong.",
         fsck_options, 0, 0, cmd_fsck},
        {"backup", GROUP_SERVER, "FILE", "Copy the database while it is in use",
         "Copy the rest of the data folder beside it, with owners and modes (cp -a), but\n"
         "not storehouse.db*. To restore, put it back, then storectl restore FILE.",
         no_options, 1, 1, cmd_backup},
        {"restore", GROUP_SERVER, "FILE", "Make a backup the database again",
         "While the server is stopped. Devices that have seen more than the backup take\n"
         "it: the catalog goes on above every generation that it may have had.",
         no_options, 1, 1, cmd_restore},
        {"config explain", GROUP_SERVER, "[SETTING]", "Say what a setting means", "", no_options, 0,
         1, cmd_config_explain},
        {"config example", GROUP_SERVER, "", "Print a settings file with every default", "",
         no_options, 0, 0, cmd_config_example},
        {"config check", GROUP_SERVER, "[FILE]", "Check a settings file",
         "Without a file, that of --data.", no_options, 0, 1, cmd_config_check},
        {"tls renew", GROUP_SERVER, "", "Make a new server certificate",
         "Signed by the store's own authority: devices that trust its ca.pem trust it too.",
         renew_options, 0, 0, cmd_tls_renew},
        {"category list", GROUP_SERVER, "", "List the categories of packages", "", no_options, 0, 0,
         cmd_category_list},
        {"category add", GROUP_SERVER, "NAME", "Add a category",
         "`storectl set PACKAGE --category NAME` puts packages into it.", no_options, 1, 1,
         cmd_category_add},
        {"category remove", GROUP_SERVER, "NAME", "Remove a category that no package is in", "",
         no_options, 1, 1, cmd_category_remove},
        {"sessions expire", GROUP_SERVER, "", "Make devices ask for a new session",
         "Every device, or those that are named.", expire_options, 0, 0, cmd_sessions_expire},

        {"register", GROUP_PUBLISH, "NAME", "Register a package name",
         "A name that is yours already is no error.", register_options, 1, 1, cmd_register},
        {"push", GROUP_PUBLISH, "FILE", "Upload a package and wait for its revision",
         "The name is the file name up to the first '_', or --name. The build is signed\n"
         "with your key. The same bytes again give the same revision. NAME+COMPONENT.comp\n"
         "is a component of NAME.",
         push_options, 1, 1, cmd_push},
        {"import", GROUP_PUBLISH, "FILE.snap FILE.assert",
         "Add a package that was signed elsewhere",
         "Both as `snap download` writes them. Id, number, publisher and assertions stay\n"
         "as they are. Their chain must end in a root of `storectl trust list`.",
         import_options, 2, 2, cmd_import},
        {"pair", GROUP_PUBLISH, "NAME REVISION COMPONENT=REVISION...",
         "Say which components go with a revision",
         "Devices on the revision get these from now on.", no_options, 3, 66, cmd_pair},
        {"release", GROUP_PUBLISH, "NAME REVISION CHANNEL[,CHANNEL]...",
         "Release a revision to channels", "Prints the channels as they are now.", release_options,
         3, 3, cmd_release},
        {"close", GROUP_PUBLISH, "NAME CHANNEL[,CHANNEL]...", "Close channels",
         "Devices on a closed channel follow the safer one above.", no_options, 2, 2, cmd_close},
        {"set", GROUP_PUBLISH, "NAME", "Change what the store knows of a package",
         "Only administrators take require-snap-build away again.", set_options, 1, 1, cmd_set},
        {"track create", GROUP_PUBLISH, "NAME TRACK", "Add a track to a package", "", track_options,
         2, 2, cmd_track_create},

        {"store list", GROUP_VIEWS, "", "List the stores of this server", "", no_options, 0, 0,
         cmd_store_list},
        {"store show", GROUP_VIEWS, "ID", "Show a store and what it includes", "", no_options, 1, 1,
         cmd_store_show},
        {"store create", GROUP_VIEWS, "ID", "Make another store on this server",
         "Its devices' models name it in their header `store`.", store_create_options, 1, 1,
         cmd_store_create},
        {"store include", GROUP_VIEWS, "ID OTHER", "Let a store offer what another one has",
         "All but private packages, and what either leaves out. A package of its own goes\n"
         "before one of the same name.",
         undo_options, 2, 2, cmd_store_include},
        {"store exclude", GROUP_VIEWS, "ID PACKAGE", "Leave a package out of what is included", "",
         undo_options, 2, 2, cmd_store_exclude},
        {"store admit", GROUP_VIEWS, "ID PACKAGE", "Let a private package in",
         "Each store on the way from its own has to; it stays private there.", undo_options, 2, 2,
         cmd_store_admit},
        {"view list", GROUP_VIEWS, "", "List the models that see something else", "", no_options, 0,
         0, cmd_view_list},
        {"view show", GROUP_VIEWS, "[BRAND/]MODEL", "Show what a model sees", "", no_options, 1, 1,
         cmd_view_show},
        {"view set", GROUP_VIEWS, "[BRAND/]MODEL all|listed", "Show a model all, or what is listed",
         "listed: what `view include` names and the model itself names. Bases and snapd\n"
         "stay; `view exclude` hides them too.",
         no_options, 2, 2, cmd_view_set},
        {"view reset", GROUP_VIEWS, "[BRAND/]MODEL", "Forget what was decided for a model", "",
         no_options, 1, 1, cmd_view_reset},
        {"view include", GROUP_VIEWS, "[BRAND/]MODEL PACKAGE", "Show a package to a model",
         "A private one too. Only verified devices of the model see it.", undo_options, 2, 2,
         cmd_view_include},
        {"view exclude", GROUP_VIEWS, "[BRAND/]MODEL PACKAGE", "Hide a package from a model", "",
         undo_options, 2, 2, cmd_view_exclude},
        {"view pin", GROUP_VIEWS, "[BRAND/]MODEL PACKAGE REVISION|CHANNEL",
         "Hold a package where it is to stay", "", no_options, 3, 3, cmd_view_pin},
        {"view unpin", GROUP_VIEWS, "[BRAND/]MODEL PACKAGE", "Let a package follow its channel", "",
         no_options, 2, 2, cmd_view_unpin},
        {"why", GROUP_VIEWS, "SERIAL|MODEL PACKAGE", "Say why a device gets what it gets",
         "Every step of the decision, and its result: for a device as it last reported, or\n"
         "for a model ([BRAND/]MODEL). For administrators.",
         why_options, 2, 2, cmd_why},

        {"device list", GROUP_DEVICES, "", "List devices and when they were seen", "",
         device_list_options, 0, 0, cmd_device_list},
        {"device show", GROUP_DEVICES, "SERIAL", "Show what a device has, and what is pending", "",
         device_options, 1, 1, cmd_device_show},
        {"device allow", GROUP_DEVICES, "[BRAND/]MODEL [FILE.csv]",
         "List devices that may register",
         "The first line of FILE names its columns: serial, key-id or both, and note. All\n"
         "of the file or nothing; - reads the input. Without a file the list is shown.",
         device_allow_options, 1, 2, cmd_device_allow},
        {"device pending", GROUP_DEVICES, "", "List devices that wait for a yes", "",
         device_pending_options, 0, 0, cmd_device_pending},
        {"device approve", GROUP_DEVICES, "SERIAL|KEY", "Let a waiting device register", "",
         no_options, 1, 1, cmd_device_approve},
        {"device deny", GROUP_DEVICES, "SERIAL|KEY", "Refuse a waiting device", "", no_options, 1,
         1, cmd_device_deny},
        {"device revoke", GROUP_DEVICES, "[SERIAL]...", "End a device's access",
         "Without a serial, that of every device of --model.", device_revoke_options, 0, 100,
         cmd_device_revoke},
        {"device unrevoke", GROUP_DEVICES, "[SERIAL]...", "Give it back", "", device_revoke_options,
         0, 100, cmd_device_unrevoke},
        {"device alarms", GROUP_DEVICES, "", "List devices that look cloned",
         "key: another key asked for a registered serial. state: one serial speaks for\n"
         "several devices.",
         device_alarms_options, 0, 0, cmd_device_alarms},
        {"model policy", GROUP_DEVICES, "[BRAND/]MODEL", "Show or set who may register",
         "A model is open until it is told otherwise.", model_policy_options, 1, 1,
         cmd_model_policy},
        {"model allow-remodel", GROUP_DEVICES, "[FROM TO]", "Let devices become another model",
         "Without models, list what is allowed.", remodel_options, 0, 2, cmd_model_allow_remodel},

        {"packages", GROUP_SEE, "", "List your packages", "", no_options, 0, 0, cmd_packages},
        {"show", GROUP_SEE, "NAME", "Show what the store says of a package", "", no_options, 1, 1,
         cmd_show},
        {"status", GROUP_SEE, "NAME", "Show what is released where",
         "An arrow: the channel follows the one above. A dash: there is nothing.", status_options,
         1, 1, cmd_status},
        {"revisions", GROUP_SEE, "NAME", "List the revisions of a package",
         "A star marks the channels in which a revision is the current one.", revisions_options, 1,
         1, cmd_revisions},
        {"components", GROUP_SEE, "NAME", "List the components of a package", "", no_options, 1, 1,
         cmd_components},
        {"deltas", GROUP_SEE, "NAME", "List the deltas of a package", "", no_options, 1, 1,
         cmd_deltas},
        {"store", GROUP_SEE, "", "Show the store's state", "For administrators.", no_options, 0, 0,
         cmd_status_store},
        {"audit", GROUP_SEE, "", "Show who changed what", "For administrators.", audit_options, 0,
         0, cmd_audit},
        {"whoami", GROUP_SEE, "", "Show whom the token stands for", "", no_options, 0, 0,
         cmd_whoami},

        {"account create", GROUP_ACCOUNTS, "USERNAME", "Make a publisher's account", "",
         account_options, 1, 1, cmd_account_create},
        {"account list", GROUP_ACCOUNTS, "", "List the accounts", "", no_options, 0, 0,
         cmd_account_list},
        {"account show", GROUP_ACCOUNTS, "ID", "Show an account and its keys", "", no_options, 1, 1,
         cmd_account_show},
        {"token create", GROUP_ACCOUNTS, "", "Make a token for a person or a CI job",
         "Also prints it as credentials that snapcraft takes.", token_options, 0, 0,
         cmd_token_create},
        {"token list", GROUP_ACCOUNTS, "", "List tokens", "", token_list_options, 0, 0,
         cmd_token_list},
        {"token revoke", GROUP_ACCOUNTS, "ID", "Revoke a token", "", no_options, 1, 1,
         cmd_token_revoke},
        {"key create", GROUP_ACCOUNTS, "NAME", "Make a key that signs your builds",
         "Kept sealed in ~/.config/storehouse/keys, or in $STOREHOUSE_KEYS.", key_options, 1, 1,
         cmd_key_create},
        {"key list", GROUP_ACCOUNTS, "", "List your keys", "", no_options, 0, 0, cmd_key_list},
        {"key register", GROUP_ACCOUNTS, "NAME", "Make a key known to the store", "",
         key_register_options, 1, 1, cmd_key_register},
        {"key export", GROUP_ACCOUNTS, "NAME", "Print the public half of a key", "",
         key_export_options, 1, 1, cmd_key_export},

        {"model sign", GROUP_TRUST, "FILE.json", "Sign a model",
         "FILE holds the headers as JSON. Without --key the store's signer signs, in the\n"
         "brand's name.",
         model_options, 1, 1, cmd_model_sign},
        {"model add", GROUP_TRUST, "FILE", "Add a signed model", "", no_options, 1, 1,
         cmd_model_add},
        {"model list", GROUP_TRUST, "", "List the models", "", no_options, 0, 0, cmd_model_list},
        {"assert import", GROUP_TRUST, "FILE", "Add signed assertions; - reads the input",
         "All of the file or nothing. They are kept and served exactly as they came.", no_options,
         1, 1, cmd_assert_import},
        {"assert show", GROUP_TRUST, "TYPE KEY...", "Show an assertion",
         "KEY... is its primary key, part by part; without the number of a sequence, its\n"
         "newest point.",
         no_options, 2, 6, cmd_assert_show},
        {"assert export", GROUP_TRUST, "TYPE KEY...", "Print an assertion as it was signed",
         "With --chain as a stream that `snap ack` and `assert import` take.", export_options, 2, 6,
         cmd_assert_export},
        {"assert sign", GROUP_TRUST, "FILE.json [TYPE]", "Sign an assertion",
         "FILE holds the headers as JSON. With --key it is signed here and only printed.\n"
         "Without, the store's signer signs and keeps it: a model, validation-set,\n"
         "validation, system-user, store or snap-declaration. Of the last two, what FILE\n"
         "does not name stays as it was; [] or {} takes it away.",
         model_options, 1, 2, cmd_assert_sign},
        {"trust export", GROUP_TRUST, "[DIR]", "Write the root that devices have to trust",
         "Root account and key, a source file for building snapd with them, and how to.",
         no_options, 0, 1, cmd_trust_export},
        {"trust add", GROUP_TRUST, "FILE.assert", "Trust a further root",
         "FILE holds the root's account and its account-key, both signed by that very key.\n"
         "What is signed below it can be imported. Restart the server for it to count.",
         no_options, 1, 1, cmd_trust_add},
        {"trust list", GROUP_TRUST, "", "List the roots that the store trusts", "", no_options, 0,
         0, cmd_trust_list},

        {"manifest fetch", GROUP_MANIFESTS, "SERIAL --package NAME[=REVISION]...",
         "Get a signed manifest for a device",
         "For a device that has no network: carry the file to it. For administrators.",
         manifest_fetch_options, 1, 1, cmd_manifest_fetch},
        {"manifest show", GROUP_MANIFESTS, "FILE", "Show what a manifest says",
         "Nothing is proved.", no_options, 1, 1, cmd_manifest_show},
        {"manifest verify", GROUP_MANIFESTS, "FILE --root DIR --nonce TEXT ...",
         "Check a manifest as its device would",
         "The first check that fails is named; exit code 3. doc/manifest.md has them all.",
         manifest_verify_options, 1, 1, cmd_manifest_verify},
        {"manifest raise-epoch", GROUP_MANIFESTS, "--key FILE", "Begin a new epoch of manifests",
         "After somebody made devices believe a sequence that the store never had. The\n"
         "root signs; devices take any sequence of the new epoch. There is no way back.",
         raise_epoch_options, 0, 0, cmd_manifest_raise_epoch},

        {"help", GROUP_HELP, "[COMMAND]", "Show help",
         "`help options` lists what every command takes.", no_options, 0, 2, cmd_help},
        {"completion", GROUP_HELP, "bash", "Print what completes commands in a shell", "",
         no_options, 1, 1, cmd_completion},
        {"manual", GROUP_HELP, "", "Print the manual page", "", no_options, 0, 0, cmd_manual},
};

size_t command_count(void)
{
        return ARRAY_COUNT(commands);
}

const struct command *command_find(int argc, char *const *argv, int *ret_words)
{
        for (size_t i = 0; argc > 0 && i < ARRAY_COUNT(commands); i++) {
                const char *name = commands[i].name;
                const char *space = strchr(name, ' ');
                const size_t first = space ? (size_t)(space - name) : strlen(name);

                if (strlen(argv[0]) != first || memcmp(argv[0], name, first) != 0)
                        continue;
                if (!space) {
                        *ret_words = 1;
                        return &commands[i];
                }
                if (argc > 1 && strcmp(argv[1], space + 1) == 0) {
                        *ret_words = 2;
                        return &commands[i];
                }
        }
        return NULL;
}
