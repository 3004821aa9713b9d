/* SPDX-License-Identifier: Apache-2.0 */
/* What the store authority may say about packages and their revisions. */
#include "core/model/delegation.h"
#include "server/signer/policy_rules.h"
#include <inttypes.h>
#include <string.h>

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

                if (!account || policy_is_trusted(c, account))
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

/* A trusted account signs the default provenance, which cannot be delegated; a brand signs the
 * others only, and those that the newest declaration lets it sign. */
static enum rc provenance_delegated(struct policy_case *c, struct err *err)
{
        const char *id = assertion_text(c->draft, "snap-id");
        const char *provenance = c->draft->pk[c->draft->type->pk_count - 1];
        const struct assertion *seen = NULL;
        uint64_t number = 0;
        enum rc rc;

        if (c->role == ROLE_STORE)
                return strcmp(provenance, PROVENANCE_DEFAULT) == 0
                               ? RC_OK
                               : err_set(err, RC_REFUSED, "the store signs provenance %s only",
                                         PROVENANCE_DEFAULT);
        rc = policy_declaration(c, id, &seen, err);
        if (rc != RC_OK)
                return rc;
        if (assertion_number(c->draft, "snap-revision", &number) != RC_OK ||
            !delegation_covers(seen, c->own->account_id, provenance, number, NULL))
                return err_set(err, RC_REFUSED,
                               "no revision-authority of %s lets %s sign revision %" PRIu64
                               " of provenance %s",
                               id, c->own->account_id, number, provenance);
        return strcmp(assertion_text(c->draft, "developer-id"), c->own->account_id) == 0
                       ? RC_OK
                       : err_set(err, RC_REFUSED, "a brand signs its own revisions");
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

        if (c->role != ROLE_STORE) /* provenance-delegated says who */
                return RC_OK;
        rc = policy_fact(c, &issued, &key, err, "snap-declaration/16/%s", id);
        if (rc != RC_OK)
                return rc;
        /* Another root's word on a package is no reason for ours. */
        if (seen && strcmp(seen->authority, c->own->account_id) != 0)
                seen = NULL;
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

/* Of a revision, or of a component's, which calls its bytes a resource. */
static bool same_bytes(const struct assertion *build, const struct assertion *draft)
{
        const char *digest = assertion_text(draft, "resource-sha3-384");
        const char *size = assertion_text(draft, "resource-size");

        if (!digest)
                return policy_same(build, draft, "snap-sha3-384") &&
                       policy_same(build, draft, "snap-size");
        return size && strcmp(digest, assertion_text(build, "snap-sha3-384")) == 0 &&
               strcmp(size, assertion_text(build, "snap-size")) == 0;
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
        if (!same_bytes(build, c->draft) || !policy_same(build, c->draft, "snap-id"))
                return err_set(err, RC_REFUSED, "the build is of another file");
        return RC_OK;
}

#define DECLARATION " snap-declaration "
#define REVISION    " snap-revision "
#define FILES       " snap-revision snap-resource-revision "
#define REVISIONS   " snap-revision snap-resource-revision snap-resource-pair "

const struct policy_rule policy_rules_packages[] = {
        {"series-16", DECLARATION, series_16},
        {"publisher-known", DECLARATION, publisher_known},
        {"name-keeps-its-id", DECLARATION, name_keeps_its_id},
        {"delegates-to-others", DECLARATION, delegates_to_others},
        {"size-in-bounds", REVISION, size_in_bounds},
        {"provenance-delegated", REVISIONS, provenance_delegated},
        {"developer-is-publisher", REVISIONS, developer_is_publisher},
        {"digest-keeps-revision", REVISION, digest_keeps_revision},
        {"number-moves-forward", REVISION, number_moves_forward},
        {"build-signed", FILES, build_signed},
        {NULL, NULL, NULL},
};
