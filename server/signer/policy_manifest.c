/* SPDX-License-Identifier: Apache-2.0 */
/* What the manifest role may certify: keys that sign refresh manifests, for a day each. */
#include "server/signer/policy_rules.h"
#include <inttypes.h>
#include <string.h>

#define AGENT_LIFE_MAX     (24 * 3600 * USEC_PER_SEC)
#define AGENT_SINCE_SLACK  (60 * USEC_PER_SEC)
#define AGENT_KEYS_AN_HOUR 60

/* The highest epoch that a root's own key raised this account to, among what is proved here. */
static uint64_t epoch_among(const struct trust_set *set, const char *account_id)
{
        uint64_t best = 0;

        for (const struct trust_set *at = set; at; at = at->below) {
                for (size_t i = 0; i < at->count; i++) {
                        const struct assertion *item = at->items[i].assertion;
                        uint64_t epoch = 0;

                        if (at->items[i].proved && !strcmp(item->type->name, "manifest-epoch") &&
                            !strcmp(item->pk[0], account_id) &&
                            trust_set_is_root(set, item->key_id) &&
                            assertion_number(item, "epoch", &epoch) == RC_OK && epoch > best)
                                best = epoch;
                }
        }
        return best;
}

enum rc policy_epoch(const struct policy_case *c, uint64_t *ret, struct err *err)
{
        const uint64_t proved = epoch_among(c->evidence, c->own->account_id);
        const struct fact *known = NULL;
        enum rc rc;

        rc = policy_fact(c, &known, NULL, err, "agent-epoch/%s", c->own->account_id);
        if (rc == RC_OK)
                *ret = known && known->number > proved ? known->number : proved;
        return rc;
}

static enum rc agent_for_manifests(struct policy_case *c, struct err *err)
{
        const char *purpose = assertion_text(c->draft, "purpose");

        if (strcmp(purpose, "manifest") != 0)
                return err_set(err, RC_REFUSED, "no key is certified here for purpose %.20s",
                               purpose);
        return RC_OK;
}

static enum rc agent_of_own_account(struct policy_case *c, struct err *err)
{
        if (strcmp(assertion_text(c->draft, "account-id"), c->own->account_id) != 0)
                return err_set(err, RC_REFUSED, "a manifest key belongs to %s", c->own->account_id);
        return RC_OK;
}

static enum rc agent_short_lived(struct policy_case *c, struct err *err)
{
        usec_t since = 0;
        usec_t until = 0;
        usec_t end = 0;

        if (assertion_time(c->draft, "since", &since) != RC_OK ||
            assertion_time(c->draft, "until", &until) != RC_OK)
                return err_set(err, RC_REFUSED, "a manifest key has a begin and an end");
        if (since < c->now - AGENT_SINCE_SLACK || since > c->now + AGENT_SINCE_SLACK)
                return err_set(err, RC_REFUSED, "a manifest key begins when it is certified");
        if (until <= since || until - since > AGENT_LIFE_MAX)
                return err_set(err, RC_REFUSED, "a manifest key lasts 24 hours at most");
        if (assertion_time(c->own->account_key, "until", &end) == RC_OK && until > end)
                return err_set(err, RC_REFUSED, "the key of role %s ends before",
                               role_name(c->role));
        return RC_OK;
}

/* A server makes one a day; one that asks again and again fills the log, or collects keys. */
static enum rc agent_seldom(struct policy_case *c, struct err *err)
{
        const uint64_t hour = (uint64_t)(c->now / (3600 * USEC_PER_SEC));
        const struct fact *known = NULL;
        const char *key = NULL;
        uint64_t count = 0;
        enum rc rc;

        rc = policy_fact(c, &known, &key, err, "agent-keys/%s", c->own->account_id);
        if (rc != RC_OK)
                return rc;
        if (known && known->number == hour)
                count = strlen(known->text);
        if (count >= AGENT_KEYS_AN_HOUR)
                return err_set(err, RC_REFUSED, "%d manifest keys were certified in this hour",
                               AGENT_KEYS_AN_HOUR);
        return policy_note(
                c, key, hour,
                arena_printf(c->arena, "%.*s", (int)count + 1,
                             "||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||||"),
                err);
}

/* What was promised of the epoch stays: the log remembers it when its evidence is gone. */
static enum rc agent_epoch(struct policy_case *c, struct err *err)
{
        const struct fact *known = NULL;
        const char *key = NULL;
        uint64_t wanted = 0;
        uint64_t given = 0;
        enum rc rc;

        rc = policy_epoch(c, &wanted, err);
        if (rc == RC_OK)
                rc = policy_fact(c, &known, &key, err, "agent-epoch/%s", c->own->account_id);
        if (rc != RC_OK)
                return rc;
        if (assertion_number(c->draft, "epoch", &given) != RC_OK || given != wanted)
                return err_set(err, RC_REFUSED, "the epoch is %" PRIu64, wanted);
        return policy_note(c, key, wanted, "", err);
}

#define AGENT_KEY " agent-key "

const struct policy_rule policy_rules_manifest[] = {
        {"agent-for-manifests", AGENT_KEY, agent_for_manifests},
        {"agent-of-own-account", AGENT_KEY, agent_of_own_account},
        {"agent-short-lived", AGENT_KEY, agent_short_lived},
        {"agent-seldom", AGENT_KEY, agent_seldom},
        {"agent-epoch", AGENT_KEY, agent_epoch},
        {NULL, NULL, NULL},
};
