/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * devkey -- a developer's keys: NAME.key (sealed, 0600) and NAME.pub (the public half, base64) in
 * one folder (place_keys).
 *
 * Floor    tools/storectl; includes core/base, core/crypto, core/keys, core/model.
 * Owner    a key is the caller's: CLEANUP(privkey_freep).
 * Tests    tests/flow/test_storectl.py
 */
#include "core/keys/privkey.h"
#include "tools/storectl/args.h"
#include "tools/storectl/cli.h"

#define DEVKEY_MAX 64

struct devkey {
        const char *name;
        char id[KEY_ID_CHARS + 1];
};

/* The keys by name, at most DEVKEY_MAX. */
MUST_USE enum rc devkey_list(struct cli *cli, struct devkey ret[DEVKEY_MAX], size_t *ret_count,
                             struct err *err);
/* RC_EXISTS: a key is never written over. */
MUST_USE enum rc devkey_create(struct cli *cli, const char *name, const struct secret *passphrase,
                               char ret_id[KEY_ID_CHARS + 1], struct err *err);
/* The public half; RC_NOT_FOUND (exit 6). */
MUST_USE enum rc devkey_public(struct cli *cli, const char *name, struct pubkey **ret,
                               struct err *err);
/* Opens the key; the passphrase comes from --passphrase-file, the environment or the terminal. */
MUST_USE enum rc devkey_open(struct cli *cli, const char *name, const struct args *args,
                             struct privkey **ret, struct err *err);
/* The key to sign with: the only one, or `default`. RC_NOT_FOUND without keys, RC_INVALID (exit 2)
 * when there are several. */
MUST_USE enum rc devkey_choose(struct cli *cli, const char **ret, struct err *err);
