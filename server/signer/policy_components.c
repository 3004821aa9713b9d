/* SPDX-License-Identifier: Apache-2.0 */
/* What the store authority may say about components (in the protocol: resources) of packages. */
#include "server/signer/policy_rules.h"
#include <inttypes.h>
#include <string.h>

static enum rc resource_in_bounds(struct policy_case *c, struct err *err)
{
        uint64_t bytes = 0;

        if (assertion_number(c->draft, "resource-size", &bytes) != RC_OK || bytes == 0 ||
            bytes > c->settings->max_package_bytes)
                return err_set(err, RC_REFUSED, "the size is not between 1 and %" PRIu64 " bytes",
                               c->settings->max_package_bytes);
        return RC_OK;
}

/* The bytes keep their number, and the number its bytes. */
static enum rc resource_keeps_number(struct policy_case *c, struct err *err)
{
        const char *id = c->draft->pk[0];
        const char *name = c->draft->pk[1];
        const char *digest = c->draft->pk[2];
        const char *text = assertion_text(c->draft, "resource-revision");
        const struct fact *bytes = NULL;
        const struct fact *number = NULL;
        const char *bytes_key = NULL;
        const char *number_key = NULL;
        enum rc rc;

        rc = policy_fact(c, &bytes, &bytes_key, err, "resource-digest/%s/%s/%s", id, name, digest);
        if (rc == RC_OK)
                rc = policy_fact(c, &number, &number_key, err, "resource/%s/%s/%s", id, name, text);
        if (rc != RC_OK)
                return rc;
        if (bytes && strcmp(bytes->text, text) != 0)
                return err_set(err, RC_REFUSED, "that digest was issued as revision %.30s",
                               bytes->text);
        if (number && strcmp(number->text, digest) != 0)
                return err_set(err, RC_REFUSED, "revision %.30s of %.60s has another digest", text,
                               name);
        rc = policy_note(c, bytes_key, 0, text, err);
        return rc == RC_OK ? policy_note(c, number_key, 0, digest, err) : rc;
}

static enum rc resource_moves_forward(struct policy_case *c, struct err *err)
{
        const char *id = c->draft->pk[0];
        const char *name = c->draft->pk[1];
        const struct fact *same = NULL;
        const struct fact *top = NULL;
        const char *top_key = NULL;
        uint64_t number = 0;
        enum rc rc;

        if (assertion_number(c->draft, "resource-revision", &number) != RC_OK)
                return err_set(err, RC_REFUSED, "the number is missing");
        rc = policy_fact(c, &same, NULL, err, "resource/%s/%s/%" PRIu64, id, name, number);
        if (rc == RC_OK)
                rc = policy_fact(c, &top, &top_key, err, "resource-top/%s/%s", id, name);
        if (rc != RC_OK)
                return rc;
        if (!same && top && number <= top->number)
                return err_set(err, RC_REFUSED,
                               "revision %" PRIu64 " of %.60s comes after %" PRIu64 " was issued",
                               number, name, top->number);
        return top && number <= top->number ? RC_OK : policy_note(c, top_key, number, "", err);
}

/* Whether evidence of that type, believed, says the same in both headers. */
static bool is_shown(const struct policy_case *c, const char *type, const char *number)
{
        const struct trust_item *item = trust_set_given(c->evidence, type);

        return item && item->proved && policy_same(item->assertion, c->draft, "snap-id") &&
               policy_same(item->assertion, c->draft, number);
}

/* Both ends of a pair were issued here, or are shown and believed. */
static enum rc pair_of_known(struct policy_case *c, struct err *err)
{
        const char *id = c->draft->pk[0];
        const struct fact *revision = NULL;
        const struct fact *resource = NULL;
        enum rc rc;

        rc = policy_fact(c, &revision, NULL, err, "revision/%s/%s", id,
                         assertion_text(c->draft, "snap-revision"));
        if (rc == RC_OK)
                rc = policy_fact(c, &resource, NULL, err, "resource/%s/%s/%s", id, c->draft->pk[1],
                                 assertion_text(c->draft, "resource-revision"));
        if (rc != RC_OK)
                return rc;
        if (!resource)
                return err_set(err, RC_REFUSED, "no such revision of %.60s was issued",
                               c->draft->pk[1]);
        if (!revision && !is_shown(c, "snap-revision", "snap-revision"))
                return err_set(err, RC_REFUSED, "no such revision of %s is known", id);
        return RC_OK;
}

#define RESOURCE " snap-resource-revision "

const struct policy_rule policy_rules_components[] = {
        {"resource-in-bounds", RESOURCE, resource_in_bounds},
        {"resource-keeps-number", RESOURCE, resource_keeps_number},
        {"resource-moves-forward", RESOURCE, resource_moves_forward},
        {"pair-of-known", " snap-resource-pair ", pair_of_known},
        {NULL, NULL, NULL},
};
