/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/storectl/commands.h"
#include <string.h>

#define END                                                                                        \
        {                                                                                          \
                NULL, NULL, NULL, false                                                            \
        }
#define GROUP_SERVER    "Run a store"
#define GROUP_PUBLISH   "Publish"
#define GROUP_SEE       "Look around"
#define GROUP_VIEWS     "Stores and models"
#define GROUP_DEVICES   "Devices"
#define GROUP_ACCOUNTS  "Accounts and keys"
#define GROUP_TRUST     "Assertions"
#define GROUP_MANIFESTS "Refresh manifests"
#define GROUP_HELP      "Help"

const struct option_row global_options[] = {
        {"url", "URL", "the store's address ($STOREHOUSE_URL)", false},
        {"ca", "FILE", "trust this certificate authority ($STOREHOUSE_CA)", false},
        {"token-file", "FILE", "who asks ($STOREHOUSE_TOKEN_FILE)", false},
        {"data", "DIR", "the server's data folder ($STOREHOUSE_DATA)", false},
        {"store", "ID", "another store of the server than its first", false},
        {"json", NULL, "print one JSON document", false},
        {"quiet", NULL, "print nothing but answers and errors", false},
        {"no-color", NULL, "no colours ($NO_COLOR)", false},
        {"help", NULL, "show help", false},
        END,
};

static const struct option_row init_options[] = {
        {"brand", "NAME", "the operator's account", false},
        {"display-name", "TEXT", "how the operator is shown", false},
        {"store-id", "ID", "the store's id; the brand's when not given", false},
        {"domain", "HOST", "a name or address of the server", true},
        {"http-port", "N", "0 for none; 8080", false},
        {"https-port", "N", "0 for none; 8443", false},
        {"root-from", "DIR", "take root and store key from a folder", false},
        {"passphrase-file", "FILE", "seals the keys the signer uses", false},
        {"root-passphrase-file", "FILE", "seals the root key", false},
        {"server-user", "USER", "runs the server; storehouse", false},
        {"signer-user", "USER", "runs the signer; storehouse-signer", false},
        {"worker-user", "USER", "runs the worker; the server's", false},
        {"create-users", NULL, "make those users", false},
        {"one-user", NULL, "do without them, even as root (weaker)", false},
        END,
};
static const struct option_row fsck_options[] = {
        {"fast", NULL, "look at sizes only, do not read the packages", false},
        END,
};
static const struct option_row renew_options[] = {
        {"domain", "HOST", "a name or address of the server", true},
        {"ca-key", "FILE", "the authority's key; DATA/offline/ca.key", false},
        END,
};
static const struct option_row set_options[] = {
        {"private", "yes|no", "who may see it", false},
        {"require-snap-build", "yes|no", "whether each push must be signed by its developer",
         false},
        {"default-track", "TRACK", "where devices go that name no track", false},
        {"title", "TEXT", "instead of the package's own; so are the others", false},
        {"summary", "TEXT", "one line", false},
        {"description", "TEXT", "as long as it must be", false},
        {"website", "URL", "none: the package's own; as below", true},
        {"contact", "URL", "http, https or mail", true},
        {"issues", "URL", "where to report them", true},
        {"source-code", "URL", "where it is", true},
        {"donation", "URL", "where to give", true},
        {"category", "LIST", "all its categories, or none (administrators)", false},
        {"featured", "yes|no", "whether it is shown first (administrators)", false},
        {"icon", "FILE", "PNG or JPEG, 300000 bytes at most", false},
        {"screenshot", "FILE", "one more, 5 at most", true},
        {"remove-icon", NULL, "the package's own is shown again", false},
        {"remove-screenshots", NULL, "all of them", false},
        END,
};
static const struct option_row account_options[] = {
        {"display-name", "TEXT", "how the account is shown", false},
        {"email", "TEXT", "where to reach it", false},
        {"validation", "V", "unproven, starred or verified", false},
        {"account-id", "ID", "instead of a new one", false},
        END,
};
static const struct option_row token_options[] = {
        {"account", "ID", "for another account (administrators)", false},
        {"permissions", "LIST", "such as package-push,package-release", false},
        {"packages", "LIST", "only these packages", false},
        {"channels", "LIST", "only these channels; * stands for anything", false},
        {"description", "TEXT", "what it is for", false},
        {"days", "N", "how long it lasts; 365", false},
        {"out", "FILE", "write it there (mode 0600) instead of printing it", false},
        END,
};
static const struct option_row token_list_options[] = {
        {"account", "ID", "of another account (administrators)", false},
        END,
};
static const struct option_row key_options[] = {
        {"passphrase-file", "FILE", "seals the key ($STOREHOUSE_PASSPHRASE_FILE)", false},
        END,
};
static const struct option_row key_register_options[] = {
        {"account", "ID", "register it for another account", false},
        {"passphrase-file", "FILE", "opens the key", false},
        END,
};
static const struct option_row key_export_options[] = {
        {"account", "ID", "print an account-key-request for this account", false},
        {"passphrase-file", "FILE", "opens the key, for a request", false},
        END,
};
static const struct option_row register_options[] = {
        {"private", NULL, "hidden from all but its publisher and given devices", false},
        {"snap-id", "ID", "a certain id (administrators)", false},
        {"type", "snap|image", "image: any file, never offered to snapd", false},
        END,
};
static const struct option_row track_options[] = {
        {"version-pattern", "P", "versions that belong on the track", false},
        END,
};
static const struct option_row push_options[] = {
        {"release", "CH[,CH]", "release to these channels when accepted", false},
        {"name", "NAME", "the package, when the file's name does not say", false},
        {"type", "snap|image", "image: any file, for store-agent; with these two:", false},
        {"version", "V", "what the image is called", false},
        {"arch", "A[,A]", "the machines that it is for, or all", false},
        {"component", "NAME=FILE|REV", "a component that goes with it", true},
        {"key", "NAME", "sign the build with this key", false},
        {"passphrase-file", "FILE", "opens the key ($STOREHOUSE_PASSPHRASE_FILE)", false},
        {"unsigned", NULL, "do not sign the build", false},
        {"timeout", "SECONDS", "how long to wait for the review; 900", false},
        {"wait-deltas", NULL, "wait until the deltas are built", false},
        END,
};
static const struct option_row release_options[] = {
        {"progressive", "PERCENT", "to this share of the devices", false},
        {"timeout", "SECONDS", "how long to wait for deltas; 900", false},
        {"wait-deltas", NULL, "wait until the deltas are built", false},
        END,
};
static const struct option_row status_options[] = {
        {"arch", "ARCH", "one architecture only", false},
        {"track", "TRACK", "one track only", false},
        END,
};
static const struct option_row revisions_options[] = {
        {"arch", "ARCH", "one architecture only", false},
        END,
};
static const struct option_row model_options[] = {
        {"key", "FILE", "sign here with this sealed key", false},
        {"passphrase-file", "FILE", "opens the key", false},
        {"out", "FILE", "write the assertion there", false},
        END,
};
static const struct option_row why_options[] = {
        {"brand", "BRAND", "of this brand, where several have the name", false},
        {"model", "MODEL", "of this model, where several have the serial", false},
        {"arch", "ARCH", "instead of the model's", false},
        {"channel", "CHANNEL", "as if it asked for this channel", false},
        {"revision", "N", "as if it asked for this revision", false},
        {"installed", "N", "as if this revision were installed; 0 for none", false},
        {"cohort", "KEY", "as if it gave this cohort key", false},
        END,
};
static const struct option_row manifest_fetch_options[] = {
        {"package", "NAME[=REV][@CHANNEL]", "a package, REV when it is installed", true},
        {"nonce", "TEXT", "what the device asked with; a new one", false},
        {"model", "NAME", "the device's model, where several have that serial", false},
        {"brand", "ID", "the device's brand", false},
        {"hours", "N", "how long it is to hold; as long as its key", false},
        {"out", "FILE", "write it there", false},
        END,
};
static const struct option_row manifest_verify_options[] = {
        {"root", "DIR", "holds the file roots (storectl trust export)", false},
        {"nonce", "TEXT", "what was asked with", false},
        {"model", "BRAND/MODEL", "the device's", false},
        {"serial", "TEXT", "the device's", false},
        {"store", "ID", "the device's", false},
        {"package", "KEY", "every instance-key that was asked for", true},
        {"state", "FILE", "what was believed before; written anew", false},
        {"tolerance", "MINUTES", "how wrong this clock may be; 5", false},
        END,
};
static const struct option_row raise_epoch_options[] = {
        {"key", "FILE", "the root's sealed key", false},
        {"passphrase-file", "FILE", "opens the key", false},
        {"epoch", "N", "instead of the next one", false},
        END,
};
static const struct option_row import_options[] = {
        {"release", "CH[,CH]", "release to these channels", false},
        END,
};
static const struct option_row export_options[] = {
        {"chain", NULL, "with all that it stands on, the root first", false},
        {"out", "FILE", "write it there", false},
        END,
};
static const struct option_row audit_options[] = {
        {"before", "ID", "entries older than this one", false},
        END,
};
static const struct option_row store_create_options[] = {
        {"title", "TEXT", "how the store is shown", false},
        {"operator", "ACCOUNT", "who operates it; the brand when not given", false},
        END,
};
static const struct option_row undo_options[] = {
        {"undo", NULL, "take it back", false},
        END,
};
static const struct option_row expire_options[] = {
        {"model", "[BRAND/]MODEL", "only devices of this model", false},
        {"device", "SERIAL", "only this device", true},
        END,
};
static const struct option_row device_list_options[] = {
        {"model", "[BRAND/]MODEL", "only devices of this model", false},
        {"seen-before", "TIME", "not seen since then: a time, or 36h, 7d, 2w", false},
        {"pending", NULL, "only those with an update on offer", false},
        {"limit", "N", "how many at most; 1000", false},
        END,
};
static const struct option_row device_options[] = {
        {"model", "[BRAND/]MODEL", "where several models have the serial", false},
        END,
};
static const struct option_row device_revoke_options[] = {
        {"model", "[BRAND/]MODEL", "of this model; without a serial all of it", false},
        END,
};
static const struct option_row device_allow_options[] = {
        {"remove", NULL, "take the rows off the list", false},
        END,
};
static const struct option_row device_pending_options[] = {
        {"state", "STATE", "approved or denied, instead of waiting", false},
        END,
};
static const struct option_row device_alarms_options[] = {
        {"clear", "ID", "take an alarm away", false},
        END,
};
static const struct option_row model_policy_options[] = {
        {"mode", "MODE", "open, serials, keys or pending", false},
        {"api-key", "new|none", "devices show a key; it is printed once", false},
        {"quota", "N|none", "how many devices may register", false},
        {"proposed-serials", "yes|no", "whether a device may name its serial", false},
        END,
};
static const struct option_row remodel_options[] = {
        {"remove", NULL, "allow it no longer", false},
        END,
};
static const struct option_row no_options[] = {END};

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
