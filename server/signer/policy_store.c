/* SPDX-License-Identifier: Apache-2.0 */
/* What the store authority may say: about accounts, keys, packages and their revisions. */
#include "server/signer/policy_rules.h"
#include <inttypes.h>
#include <string.h>

#define ACCOUNT_KEY_BITS_MIN 2048

static bool is_own_or_trusted(const struct policy_case *c, const char *account_id)
{
        return strcmp(account_id, c->own->account_id) == 0 ||
               trust_set_is_trusted(c->evidence, account_id);
}

/* --- account, account-key, store --- */

static enum rc account_not_trusted(struct policy_case *c, struct err *err)
{
        if (is_own_or_trusted(c, c->draft->pk[0]))
                return err_set(err, RC_REFUSED, "%s is a trusted account", c->draft->pk[0]);
        return RC_OK;
}

/* A key of a trusted account could make devices accept any further key: only the root may. */
static enum rc key_not_of_trusted(struct policy_case *c, struct err *err)
{
        const char *account = assertion_text(c->draft, "account-id");

        if (is_own_or_trusted(c, account))
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

/* --- snap-declaration --- */

static enum rc series_16(struct policy_case *c, struct err *err)
{
        if (strcmp(c->draft->pk[0], "16") != 0)
                return err_set(err, RC_REFUSED, "the series is 16");
        return RC_OK;
}

static enum rc publisher_known(struct policy_case *c, struct err *err)
{
        const char *account = assertion_text(c->draft, "publisher-id");

        if (!policy_knows_account(c, account))
                return err_set(err, RC_REFUSED, "the publisher %s is not known", account);
        c->text = account;
        return RC_OK;
}

static enum rc name_keeps_its_id(struct policy_case *c, struct err *err)
{
        const char *name = assertion_text(c->draft, "snap-name");
        const char *id = c->draft->pk[1];
        const struct fact *holder = NULL;
        const struct fact *current = NULL;
        const char *holder_key = NULL;
        const char *current_key = NULL;
        enum rc rc;

        rc = policy_fact(c, &current, &current_key, err, "named/%s", id);
        if (rc == RC_OK)
                rc = policy_note(c, current_key, 0, name, err);
        if (rc != RC_OK || !*name)
                return rc;
        rc = policy_fact(c, &holder, &holder_key, err, "name/%s", name);
        if (rc != RC_OK)
                return rc;
        if (holder && strcmp(holder->text, id) != 0) {
                rc = policy_fact(c, &current, NULL, err, "named/%s", holder->text);
                if (rc != RC_OK)
                        return rc;
                if (current && strcmp(current->text, name) == 0)
                        return err_set(err, RC_REFUSED, "%s is the name of %s", name, holder->text);
        }
        return policy_note(c, holder_key, 0, id, err);
}

/* Delegation goes to others; a trusted account in it would make its keys worth more than they are.
 */
static enum rc delegates_to_others(struct policy_case *c, struct err *err)
{
        const struct value *list = assertion_value(c->draft, "revision-authority");

        for (size_t i = 0; list && i < list->count; i++) {
                const char *account = value_text(&list->items[i], "account-id");

                if (!account || is_own_or_trusted(c, account))
                        return err_set(err, RC_REFUSED,
                                       "revisions are delegated to accounts that are not trusted");
        }
        return RC_OK;
}

/* --- snap-revision --- */

static enum rc size_in_bounds(struct policy_case *c, struct err *err)
{
        uint64_t bytes = 0;

        if (assertion_number(c->draft, "snap-size", &bytes) != RC_OK || bytes == 0 ||
            bytes > c->settings->max_package_bytes)
                return err_set(err, RC_REFUSED, "the size is not between 1 and %" PRIu64 " bytes",
                               c->settings->max_package_bytes);
        return RC_OK;
}

/* The newest declaration that this signer issued or has seen proved says who the developer is. */
static enum rc developer_is_publisher(struct policy_case *c, struct err *err)
{
        const char *id = assertion_text(c->draft, "snap-id");
        const char *pk[ASSERTION_PK_MAX] = {"16", id};
        const struct assertion *seen = trust_set_find(c->evidence, "snap-declaration", pk);
        const struct fact *issued = NULL;
        const char *key = NULL;
        const char *publisher;
        enum rc rc;

        rc = policy_fact(c, &issued, &key, err, "snap-declaration/16/%s", id);
        if (rc != RC_OK)
                return rc;
        if (!seen && !issued)
                return err_set(err, RC_REFUSED, "no declaration of %s is known", id);
        if (issued && (!seen || seen->revision <= issued->number)) {
                publisher = issued->text;
        } else {
                publisher = assertion_text(seen, "publisher-id");
                rc = policy_note(c, key, seen->revision, publisher, err);
                if (rc != RC_OK)
                        return rc;
        }
        if (strcmp(publisher, assertion_text(c->draft, "developer-id")) != 0)
                return err_set(err, RC_REFUSED, "%s is published by %s", id, publisher);
        return RC_OK;
}

static const char *revision_text(const struct policy_case *c)
{
        return arena_printf(c->arena, "%s/%s/%s/%s", assertion_text(c->draft, "snap-id"),
                            assertion_text(c->draft, "snap-revision"),
                            assertion_text(c->draft, "snap-size"), c->draft->pk[1]);
}

static enum rc digest_keeps_revision(struct policy_case *c, struct err *err)
{
        const char *text = revision_text(c);
        const struct fact *known = NULL;
        const char *key = NULL;
        enum rc rc;

        if (!text)
                return err_set(err, RC_NOMEM, "no memory for a request");
        rc = policy_fact(c, &known, &key, err, "digest/%s", c->draft->pk[0]);
        if (rc != RC_OK)
                return rc;
        if (known && strcmp(known->text, text) != 0)
                return err_set(err, RC_REFUSED, "that digest was issued as %.100s", known->text);
        return policy_note(c, key, 0, text, err);
}

static enum rc number_moves_forward(struct policy_case *c, struct err *err)
{
        const char *id = assertion_text(c->draft, "snap-id");
        const struct fact *same = NULL;
        const struct fact *top = NULL;
        const char *same_key = NULL;
        const char *top_key = NULL;
        uint64_t number = 0;
        enum rc rc;

        if (assertion_number(c->draft, "snap-revision", &number) != RC_OK)
                return err_set(err, RC_REFUSED, "the number is missing");
        rc = policy_fact(c, &same, &same_key, err, "revision/%s/%" PRIu64, id, number);
        if (rc == RC_OK)
                rc = policy_fact(c, &top, &top_key, err, "top/%s", id);
        if (rc != RC_OK)
                return rc;
        if (same && strcmp(same->text, c->draft->pk[0]) != 0)
                return err_set(err, RC_REFUSED, "revision %" PRIu64 " of %s has another digest",
                               number, id);
        if (!same && top && number <= top->number)
                return err_set(err, RC_REFUSED,
                               "revision %" PRIu64 " of %s comes after %" PRIu64 " was issued",
                               number, id, top->number);
        rc = policy_note(c, same_key, 0, c->draft->pk[0], err);
        if (rc == RC_OK && (!top || number > top->number))
                rc = policy_note(c, top_key, number, "", err);
        return rc;
}

static enum rc build_signed(struct policy_case *c, struct err *err)
{
        const struct assertion *build = NULL;
        enum rc rc;

        /* Given evidence is looked at even where none is required: it would be shown as proof. */
        if (!c->settings->require_snap_build && !trust_set_given(c->evidence, "snap-build"))
                return RC_OK;
        rc = policy_evidence(c, "snap-build", &build, err);
        if (rc != RC_OK)
                return rc;
        if (strcmp(build->authority, assertion_text(c->draft, "developer-id")) != 0)
                return err_set(err, RC_REFUSED, "the build is signed by %s", build->authority);
        if (!policy_same(build, c->draft, "snap-sha3-384") ||
            !policy_same(build, c->draft, "snap-size") || !policy_same(build, c->draft, "snap-id"))
                return err_set(err, RC_REFUSED, "the build is of another file");
        return RC_OK;
}

#define ACCOUNT     " account "
#define ACCOUNT_KEY " account-key "
#define DECLARATION " snap-declaration "
#define REVISION    " snap-revision "

const struct policy_rule policy_rules_store[] = {
        {"account-not-trusted", ACCOUNT, account_not_trusted},
        {"key-not-of-trusted", ACCOUNT_KEY, key_not_of_trusted},
        {"account-known", ACCOUNT_KEY, account_known},
        {"key-requested", ACCOUNT_KEY, key_requested},
        {"key-strong", ACCOUNT_KEY, key_strong},
        {"key-keeps-account", ACCOUNT_KEY, key_keeps_account},
        {"operator-known", " store ", operator_known},
        {"series-16", DECLARATION, series_16},
        {"publisher-known", DECLARATION, publisher_known},
        {"name-keeps-its-id", DECLARATION, name_keeps_its_id},
        {"delegates-to-others", DECLARATION, delegates_to_others},
        {"size-in-bounds", REVISION, size_in_bounds},
        {"developer-is-publisher", REVISION, developer_is_publisher},
        {"digest-keeps-revision", REVISION, digest_keeps_revision},
        {"number-moves-forward", REVISION, number_moves_forward},
        {"build-signed", REVISION, build_signed},
        {NULL, NULL, NULL},
};
