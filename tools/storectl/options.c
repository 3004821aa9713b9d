/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/storectl/options.h"

#define END                                                                                        \
        {                                                                                          \
                NULL, NULL, NULL, false                                                            \
        }

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

const struct option_row init_options[] = {
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
const struct option_row fsck_options[] = {
        {"fast", NULL, "look at sizes only, do not read the packages", false},
        END,
};
const struct option_row renew_options[] = {
        {"domain", "HOST", "a name or address of the server", true},
        {"ca-key", "FILE", "the authority's key; DATA/offline/ca.key", false},
        END,
};
const struct option_row set_options[] = {
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
const struct option_row account_options[] = {
        {"display-name", "TEXT", "how the account is shown", false},
        {"email", "TEXT", "where to reach it", false},
        {"validation", "V", "unproven, starred or verified", false},
        {"account-id", "ID", "instead of a new one", false},
        END,
};
const struct option_row token_options[] = {
        {"account", "ID", "for another account (administrators)", false},
        {"permissions", "LIST", "such as package-push,package-release", false},
        {"packages", "LIST", "only these packages", false},
        {"channels", "LIST", "only these channels; * stands for anything", false},
        {"model", "BRAND/MODEL", "sees what that model sees; for image builds", false},
        {"description", "TEXT", "what it is for", false},
        {"days", "N", "how long it lasts; 365", false},
        {"out", "FILE", "write it there (mode 0600) instead of printing it", false},
        END,
};
const struct option_row token_list_options[] = {
        {"account", "ID", "of another account (administrators)", false},
        END,
};
const struct option_row key_options[] = {
        {"passphrase-file", "FILE", "seals the key ($STOREHOUSE_PASSPHRASE_FILE)", false},
        END,
};
const struct option_row key_register_options[] = {
        {"account", "ID", "register it for another account", false},
        {"passphrase-file", "FILE", "opens the key", false},
        END,
};
const struct option_row key_export_options[] = {
        {"account", "ID", "print an account-key-request for this account", false},
        {"passphrase-file", "FILE", "opens the key, for a request", false},
        END,
};
const struct option_row register_options[] = {
        {"private", NULL, "hidden from all but its publisher and given devices", false},
        {"snap-id", "ID", "a certain id (administrators)", false},
        {"type", "snap|image", "image: any file, never offered to snapd", false},
        END,
};
const struct option_row track_options[] = {
        {"version-pattern", "P", "versions that belong on the track", false},
        END,
};
const struct option_row push_options[] = {
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
const struct option_row release_options[] = {
        {"progressive", "PERCENT", "to this share of the devices", false},
        {"timeout", "SECONDS", "how long to wait for deltas; 900", false},
        {"wait-deltas", NULL, "wait until the deltas are built", false},
        END,
};
const struct option_row status_options[] = {
        {"arch", "ARCH", "one architecture only", false},
        {"track", "TRACK", "one track only", false},
        END,
};
const struct option_row revisions_options[] = {
        {"arch", "ARCH", "one architecture only", false},
        END,
};
const struct option_row model_options[] = {
        {"key", "FILE", "sign here with this sealed key", false},
        {"passphrase-file", "FILE", "opens the key", false},
        {"out", "FILE", "write the assertion there", false},
        END,
};
const struct option_row why_options[] = {
        {"brand", "BRAND", "of this brand, where several have the name", false},
        {"model", "MODEL", "of this model, where several have the serial", false},
        {"arch", "ARCH", "instead of the model's", false},
        {"channel", "CHANNEL", "as if it asked for this channel", false},
        {"revision", "N", "as if it asked for this revision", false},
        {"installed", "N", "as if this revision were installed; 0 for none", false},
        {"cohort", "KEY", "as if it gave this cohort key", false},
        END,
};
const struct option_row manifest_fetch_options[] = {
        {"package", "NAME[=REV][@CHANNEL]", "a package, REV when it is installed", true},
        {"nonce", "TEXT", "what the device asked with; a new one", false},
        {"model", "NAME", "the device's model, where several have that serial", false},
        {"brand", "ID", "the device's brand", false},
        {"hours", "N", "how long it is to hold; as long as its key", false},
        {"out", "FILE", "write it there", false},
        END,
};
const struct option_row manifest_verify_options[] = {
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
const struct option_row raise_epoch_options[] = {
        {"key", "FILE", "the root's sealed key", false},
        {"passphrase-file", "FILE", "opens the key", false},
        {"epoch", "N", "instead of the next one", false},
        END,
};
const struct option_row import_options[] = {
        {"release", "CH[,CH]", "release to these channels", false},
        END,
};
const struct option_row export_options[] = {
        {"chain", NULL, "with all that it stands on, the root first", false},
        {"out", "FILE", "write it there", false},
        END,
};
const struct option_row audit_options[] = {
        {"before", "ID", "entries older than this one", false},
        END,
};
const struct option_row store_create_options[] = {
        {"title", "TEXT", "how the store is shown", false},
        {"operator", "ACCOUNT", "who operates it; the brand when not given", false},
        END,
};
const struct option_row undo_options[] = {
        {"undo", NULL, "take it back", false},
        END,
};
const struct option_row expire_options[] = {
        {"model", "[BRAND/]MODEL", "only devices of this model", false},
        {"device", "SERIAL", "only this device", true},
        END,
};
const struct option_row device_list_options[] = {
        {"model", "[BRAND/]MODEL", "only devices of this model", false},
        {"seen-before", "TIME", "not seen since then: a time, or 36h, 7d, 2w", false},
        {"pending", NULL, "only those with an update on offer", false},
        {"limit", "N", "how many at most; 1000", false},
        END,
};
const struct option_row device_options[] = {
        {"model", "[BRAND/]MODEL", "where several models have the serial", false},
        END,
};
const struct option_row device_revoke_options[] = {
        {"model", "[BRAND/]MODEL", "of this model; without a serial all of it", false},
        END,
};
const struct option_row device_allow_options[] = {
        {"remove", NULL, "take the rows off the list", false},
        END,
};
const struct option_row device_pending_options[] = {
        {"state", "STATE", "approved or denied, instead of waiting", false},
        END,
};
const struct option_row device_alarms_options[] = {
        {"clear", "ID", "take an alarm away", false},
        END,
};
const struct option_row model_policy_options[] = {
        {"mode", "MODE", "open, serials, keys or pending", false},
        {"api-key", "new|none", "devices show a key; it is printed once", false},
        {"quota", "N|none", "how many devices may register", false},
        {"proposed-serials", "yes|no", "whether a device may name its serial", false},
        END,
};
const struct option_row remodel_options[] = {
        {"remove", NULL, "allow it no longer", false},
        END,
};
const struct option_row no_options[] = {END};
