/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * keydir -- the folder of sealed keys with its roles, and the folder of trusted public material.
 * storectl writes both; storehouse-signer reads them once, at its start.
 *
 * keys folder (0700; files 0600; nobody but the signer's user can look in):
 *   NAME.key     a sealed key (privkey.h)
 *   roles        `ROLE FILE ACCOUNT-ID KEY-ID` a line, `#` comments; one line a role
 *   issued.log   what the signer issued; append only (server/signer/ledger.h)
 * trust folder (written by root or the signer's user only):
 *   roots        `ACCOUNT-ID KEY-ID` a line: the keys and accounts trusted by configuration
 *   NAME.assert  a stream of assertions: accounts and account-keys of roots, store and brand
 *
 * Floor    core/keys; includes core/base, core/crypto.
 * Owner    keys are the caller's: CLEANUP(privkey_freep).
 * Outcomes RC_INVALID ("line 3: ..."), RC_FORBIDDEN (modes or owner too wide), and those of fs.h.
 * Tests    tests/unit/test_keydir.c
 */
#include "core/keys/privkey.h"
#include <sys/types.h>

#define KEYDIR_ROLES_FILE   "roles"
#define KEYDIR_LOG_FILE     "issued.log"
#define KEYDIR_ROOTS_FILE   "roots"
#define KEYDIR_TRUST_FOLDER "trust" /* inside the data folder */
#define KEYDIR_TRUST_SUFFIX ".assert"
#define KEYDIR_ROLES_MAX    8
#define KEYDIR_ROOTS_MAX    16
#define KEYDIR_NAME_MAX     64
#define KEYDIR_ACCOUNT_MAX  32

struct keydir_role {
        char role[KEYDIR_NAME_MAX + 1]; /* "store", "brand", "serials" */
        char file[KEYDIR_NAME_MAX + 1]; /* "store.key", inside the folder */
        char account_id[KEYDIR_ACCOUNT_MAX + 1];
        char key_id[KEY_ID_CHARS + 1];
};

struct keydir_root {
        char account_id[KEYDIR_ACCOUNT_MAX + 1];
        char key_id[KEY_ID_CHARS + 1];
};

/* Makes the folder (0700), or checks the one that is there. */
MUST_USE enum rc keydir_create(const char *dir, struct err *err);
/* RC_FORBIDDEN: readable by others, or owned by a third user. */
MUST_USE enum rc keydir_check(const char *dir, struct err *err);
/* Writes a sealed key as dir/file. RC_EXISTS: a key is never written over. */
MUST_USE enum rc keydir_add_key(const char *dir, const char *file, const void *sealed, size_t bytes,
                                struct err *err);
/* Adds the role's line, or replaces the one that is there. */
MUST_USE enum rc keydir_write_role(const char *dir, const struct keydir_role *role,
                                   struct err *err);
/* At most KEYDIR_ROLES_MAX. RC_NOT_FOUND: no roles file. */
MUST_USE enum rc keydir_read_roles(const char *dir, struct keydir_role ret[KEYDIR_ROLES_MAX],
                                   size_t *ret_count, struct err *err);
/* Unseals the role's key; RC_INVALID when its id is not the role's. */
MUST_USE enum rc keydir_read_key(const char *dir, const struct keydir_role *role,
                                 const struct secret *passphrase, struct privkey **ret,
                                 struct err *err);
/* Opens one file of the folder, checked like keydir_check; flags as in open(2). */
MUST_USE enum rc keydir_open(const char *dir, const char *file, int flags, int *ret,
                             struct err *err);
/* Hands the folder and all files in it to the signer's user; for root, after writing. */
MUST_USE enum rc keydir_give(const char *dir, uid_t uid, gid_t gid, struct err *err);

/* Adds a line to trust/roots (once). trust_dir is made when absent (0755). */
MUST_USE enum rc keydir_add_root(const char *trust_dir, const struct keydir_root *root,
                                 struct err *err);
MUST_USE enum rc keydir_read_roots(const char *trust_dir, struct keydir_root ret[KEYDIR_ROOTS_MAX],
                                   size_t *ret_count, struct err *err);
/* Writes trust_dir/NAME.assert (0644), replacing it. name: letters, digits, - and _. */
MUST_USE enum rc keydir_put_public(const char *trust_dir, const char *name, const void *stream,
                                   size_t bytes, struct err *err);
