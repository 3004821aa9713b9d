/* SPDX-License-Identifier: Apache-2.0 */
/* What the store authority may say about accounts, their keys, and the store itself. */
#include "server/signer/policy_rules.h"
#include <string.h>

#define ACCOUNT_KEY_BITS_MIN 2048

/* --- account, account-key, store --- */

static enum rc account_not_trusted(struct policy_case *c, struct err *err)
{
        if (policy_is_trusted(c, c->draft->pk[0]))
                return err_set(err, RC_REFUSED, "%s is a trusted account", c->draft->pk[0]);
        return RC_OK;
}

/* A key of a trusted account could make devices accept any further key: only the root may. */
static enum rc key_not_of_trusted(struct policy_case *c, struct err *err)
{
        const char *account = assertion_text(c->draft, "account-id");

        if (policy_is_trusted(c, account))
                return err_set(err, RC_REFUSED,
                               "%s is a trusted account; its keys are certified offline", account);
        return RC_OK;
}

static enum rc account_known(struct policy_case *c, struct err *err)
{
        const char *account = assertion_text(c->draft, "account-id");

        if (!policy_knows_account(c, account))
                return err_set(err, RC_REFUSED, "the account %s is not known", account);
        return RC_OK;
}

static enum rc key_requested(struct policy_case *c, struct err *err)
{
        const struct assertion *request = NULL;
        usec_t asked = 0;
        usec_t given = 0;
        enum rc rc;

        rc = policy_evidence(c, "account-key-request", &request, err);
        if (rc != RC_OK)
                return rc;
        if (!policy_same(c->draft, request, "public-key-sha3-384") ||
            !policy_same(c->draft, request, "account-id") ||
            !policy_same(c->draft, request, "name"))
                return err_set(err, RC_REFUSED, "the request is for another key, account or name");
        if (c->draft->body_count != request->body_count ||
            memcmp(c->draft->body, request->body, request->body_count) != 0)
                return err_set(err, RC_REFUSED, "the request carries another key");
        if (assertion_time(request, "since", &asked) != RC_OK ||
            assertion_time(c->draft, "since", &given) != RC_OK || given < asked)
                return err_set(err, RC_REFUSED, "the key would be valid earlier than requested");
        if (assertion_time(request, "until", &asked) == RC_OK &&
            (assertion_time(c->draft, "until", &given) != RC_OK || given > asked))
                return err_set(err, RC_REFUSED, "the key would be valid longer than requested");
        return RC_OK;
}

static enum rc key_strong(struct policy_case *c, struct err *err)
{
        CLEANUP(pubkey_freep) struct pubkey *key = NULL;

        if (pubkey_parse(c->draft->body, c->draft->body_count, &key, err) != RC_OK ||
            strcmp(pubkey_id(key), c->draft->pk[0]) != 0)
                return err_set(err, RC_REFUSED, "the body is not the key of that id");
        if (pubkey_scheme(key) != KEY_RSA || pubkey_bits(key) < ACCOUNT_KEY_BITS_MIN)
                return err_set(err, RC_REFUSED, "an account key is RSA with %d bits or more",
                               ACCOUNT_KEY_BITS_MIN);
        return RC_OK;
}

static enum rc key_keeps_account(struct policy_case *c, struct err *err)
{
        const struct fact *known = ledger_find(c->ledger, c->ref);
        const char *account = assertion_text(c->draft, "account-id");
        const char *name = assertion_text(c->draft, "name");
        const struct fact *named = NULL;
        const char *key = NULL;
        enum rc rc;

        if (known && strcmp(known->text, account) != 0)
                return err_set(err, RC_REFUSED, "the key was issued to %s", known->text);
        rc = policy_fact(c, &named, &key, err, "key-name/%s/%s", account, name);
        if (rc != RC_OK)
                return rc;
        if (named && strcmp(named->text, c->draft->pk[0]) != 0)
                return err_set(err, RC_REFUSED, "%s has another key named %s", account, name);
        c->text = account;
        return policy_note(c, key, 0, c->draft->pk[0], err);
}

static enum rc operator_known(struct policy_case *c, struct err *err)
{
        const char *account = assertion_text(c->draft, "operator-id");

        if (!policy_knows_account(c, account))
                return err_set(err, RC_REFUSED, "the operator %s is not known", account);
        return RC_OK;
}

#define ACCOUNT     " account "
#define ACCOUNT_KEY " account-key "

const struct policy_rule policy_rules_accounts[] = {
        {"account-not-trusted", ACCOUNT, account_not_trusted},
        {"key-not-of-trusted", ACCOUNT_KEY, key_not_of_trusted},
        {"account-known", ACCOUNT_KEY, account_known},
        {"key-requested", ACCOUNT_KEY, key_requested},
        {"key-strong", ACCOUNT_KEY, key_strong},
        {"key-keeps-account", ACCOUNT_KEY, key_keeps_account},
        {"operator-known", " store ", operator_known},
        {NULL, NULL, NULL},
};
