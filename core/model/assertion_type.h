/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * assertion_type -- the types as one table: primary key, headers and their forms, who may sign.
 *
 * Floor    core/model. Owner: the table is constant.
 * Source   device.md 8.8 (every type listed there), and our own agent-key (design: 0x02 keys):
 *          agent-key: primary key public-key-sha3-384; account-id, purpose
 * developer|manifest|device, since, optional until, epoch of a manifest key; body = the 0x02 public
 * key; signed in 0x01 by a trusted account. refresh-manifest and manifest-epoch: doc/manifest.md.
 * Tests    tests/unit/test_assertion_type.c
 */
#include "core/model/assertion.h"

/* Who may sign, as trust.c enforces it. */
enum signer_rule {
        SIGNER_TRUSTED,         /* an account of the trusted set */
        SIGNER_ROOT,            /* the same, with one of the configured root keys itself */
        SIGNER_PRIMARY_ACCOUNT, /* authority-id equals the header named in signer_header */
        SIGNER_SELF,            /* no authority-id; the key is inside or known otherwise */
        SIGNER_SERIAL,          /* brand-id, or an account in the model's serial-authority */
        SIGNER_REVISION,        /* trusted; or delegated by the declaration's revision-authority */
        SIGNER_GATING,          /* the publisher of the gating snap */
        SIGNER_DEVELOPER,       /* trusted, or the publisher */
        SIGNER_ANY              /* any account with a known key */
};

enum header_form {
        FORM_TEXT,
        FORM_TEXT_OR_EMPTY,
        FORM_NAME_SNAP,
        FORM_SNAP_ID,
        FORM_ACCOUNT,
        FORM_MODEL,
        FORM_DIGEST /* 64 base64url characters */,
        FORM_KEY_ID,
        FORM_TIME,
        FORM_NUMBER /* >= 0 */,
        FORM_POSITIVE /* >= 1 */,
        FORM_BOOL,
        FORM_LIST,
        FORM_MAP,
        FORM_LIST_OR_STAR,
        FORM_KEY_NAME,
        FORM_URL,
        FORM_VALIDATION,
        FORM_GRADE,
        FORM_PURPOSE,
        FORM_PUBKEY,
        FORM_PROVENANCE,
        FORM_HEX,
        FORM_ANY
};

struct header_rule {
        const char *name;
        enum header_form form;
        bool required;
};

struct assertion_type {
        const char *name;
        const char *const *pk; /* header names in order */
        size_t pk_count;
        const char *const *pk_defaults;    /* NULL, or per part NULL or the default text */
        const struct header_rule *headers; /* with forms for the primary key; ends with name NULL */
        enum signer_rule signer;
        const char *signer_header; /* SIGNER_PRIMARY_ACCOUNT: "brand-id", "account-id" */
        unsigned max_format;       /* the highest format we know */
        bool has_sequence;         /* the last part of the key is a sequence number */
        bool snapd_reads;          /* 0x02 signatures are refused */
        bool needs_body;
        bool opaque; /* stored and served, not interpreted */
        /* Signed in 0x02 only, by an agent-key of this purpose. NULL: in 0x01, or, where snapd does
         * not read it, also by a developer's agent-key. */
        const char *agent_purpose;
};

/* NULL for an unknown name. */
const struct assertion_type *assertion_type_find(const char *name);
size_t assertion_type_count(void);
const struct assertion_type *assertion_type_at(size_t index);
/* Checks headers against the type's rows (also inside assertion_parse). */
MUST_USE enum rc assertion_type_check(const struct assertion *assertion, struct err *err);
/* What lists hold, and headers that contradict each other. Asked by trust_check and of drafts: what
 * was kept before a rule came stays readable. */
MUST_USE enum rc assertion_items_check(const struct assertion *assertion, struct err *err);
