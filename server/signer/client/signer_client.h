/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * signer_client -- asks storehouse-signer to ISSUE an assertion. There is no way to ask for a
 * signature over bytes: the signer builds the assertion itself and decides whether it may.
 *
 * Wire     one frame (core/base/frame.h) each way over the signer's unix socket; JSON inside, see
 *          server/signer/README.md. One request at a time per connection.
 * Floor    server/signer/client; includes core/base, core/model.
 * Owner    who opens a client frees it: signer_client_freep. Answers live in the caller's arena.
 * Threads  safe: calls of several threads queue up behind one connection each; a lost connection is
 *          opened anew once per call.
 * Outcomes RC_REFUSED (policy: err.text says which rule), RC_INVALID (headers), RC_TOO_MANY (rate),
 * RC_BUSY (the signer is not there or does not answer in time). Tests    tests/unit/test_signer.c
 */
#include "core/model/assertion.h"

struct signer_client;

/* What a key is for; the signer's roles file maps each to a key and an account. */
enum signer_role { SIGNER_STORE, SIGNER_BRAND, SIGNER_SERIALS, SIGNER_MANIFEST, SIGNER_ROLE_COUNT };
const char *signer_role_name(enum signer_role role); /* "store", "brand", "serials", "manifest" */

/* Connects at the first use. timeout_usec bounds each call. NULL: no memory. */
struct signer_client *signer_client_new(const char *socket_path, usec_t timeout_usec);
void signer_client_freep(struct signer_client **client);

struct signer_request {
        enum signer_role role;
        const char *type;
        /* A map of headers: the primary key, revision (text, may be absent) and type specific ones.
         * The signer itself sets type, format, authority-id, timestamp (where the type has one and
         * none is given), sign-key-sha3-384 and body-length. */
        const struct value *headers;
        unsigned format;
        const void *body;
        size_t body_bytes;
        /* What proves that the issue is right, as a stream (may be NULL): the serial-request and
         * model for a serial, the account-key-request for an account-key, snap-build and
         * snap-declaration for a snap-revision. */
        const char *evidence;
        size_t evidence_bytes;
};

/* The issued assertion, parsed. It has been written to the signer's own log already. */
MUST_USE enum rc signer_issue(struct signer_client *client, const struct signer_request *request,
                              struct arena *arena, struct assertion **ret, struct err *err);
/* The account and key id of a role; RC_NOT_FOUND: the role has no key. */
struct signer_identity {
        char account_id[64];
        char key_id[KEY_ID_CHARS + 1];
};
MUST_USE enum rc signer_pubkey(struct signer_client *client, enum signer_role role,
                               struct signer_identity *ret, struct err *err);
