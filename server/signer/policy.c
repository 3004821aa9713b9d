/* SPDX-License-Identifier: Apache-2.0 */
#include "server/signer/policy.h"
#include "server/signer/policy_rules.h"
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FACT_KEY_MAX 1024

/* Which type a role may issue. What is not in its row is refused, known or not. */
static const char *const role_types[ROLE_COUNT] = {
        [ROLE_STORE] = (" account account-key snap-declaration snap-revision "
                        "snap-resource-revision snap-resource-pair store "),
        [ROLE_BRAND] = " model validation-set validation system-user serial snap-revision ",
        [ROLE_SERIALS] = " serial ",
        [ROLE_MANIFEST] = " agent-key ",
};

static bool list_has(const char *list, const char *word)
{
        const size_t length = strlen(word);

        if (length == 0 || strchr(word, ' '))
                return false;
        for (const char *at = strstr(list, word); at; at = strstr(at + 1, word))
                if (at[-1] == ' ' && at[length] == ' ')
                        return true;
        return false;
}

/* --- rules for every type --- */

#define RULE_TYPE      "role-signs-type"
#define RULE_AUTHORITY "own-authority"
#define RULE_CLOCK     "own-clock"

enum rc policy_check_request(enum role role, const char *account_id, const char *type,
                             const struct value *headers, struct err *err)
{
        const struct value *authority = value_find(headers, "authority-id");

        if (!list_has(role_types[role], type))
                return err_set(err, RC_REFUSED,
                               "policy " RULE_TYPE ": role %s does not issue %.60s",
                               role_name(role), type);
        if (authority &&
            (authority->kind != VALUE_TEXT || strcmp(authority->text, account_id) != 0))
                return err_set(err, RC_REFUSED,
                               "policy " RULE_AUTHORITY ": the authority is always %s", account_id);
        /* A model may carry the time at which the brand wrote it; everything else is dated here. */
        if (value_find(headers, "timestamp") && strcmp(type, "model") != 0)
                return err_set(err, RC_REFUSED,
                               "policy " RULE_CLOCK ": the signer dates what it issues");
        return RC_OK;
}

static enum rc past_timestamp(struct policy_case *c, struct err *err)
{
        usec_t time;

        if (assertion_time(c->draft, "timestamp", &time) == RC_OK && time > c->now)
                return err_set(err, RC_REFUSED, "the timestamp lies in the future");
        return RC_OK;
}

static enum rc key_in_life(struct policy_case *c, struct err *err)
{
        usec_t since = 0;
        usec_t until = 0;
        enum rc rc;

        rc = assertion_time(c->own->account_key, "since", &since);
        if (rc != RC_OK || c->now < since)
                return err_set(err, RC_REFUSED, "the key of role %s is not valid yet",
                               role_name(c->role));
        rc = assertion_time(c->own->account_key, "until", &until);
        if (rc != RC_NOT_FOUND && (rc != RC_OK || c->now >= until))
                return err_set(err, RC_REFUSED, "the key of role %s has expired",
                               role_name(c->role));
        return RC_OK;
}

/* Everything that is signed but the line with the timestamp: two issues with the same gist say the
 * same thing. */
static enum rc gist_make(const struct assertion *draft, struct digest *ret, struct err *err)
{
        CLEANUP(hash_freep) struct hash *hash = hash_new_sha3_384();
        const char *end = draft->bytes + draft->content_count;
        const char *line = draft->bytes;
        static const char name[] = "\ntimestamp:";
        const char *at;
        const char *next;
        const char *head;

        if (!hash)
                return err_set(err, RC_NOMEM, "no memory for a digest");
        head = memmem(line, (size_t)(end - line), "\n\n", 2);
        head = head ? head : end;
        at = memmem(line, (size_t)(head - line), name, sizeof(name) - 1);
        if (at) {
                next = memchr(at + 1, '\n', (size_t)(end - at - 1));
                hash_update(hash, line, (size_t)(at - line));
                line = next ? next : end;
        }
        hash_update(hash, line, (size_t)(end - line));
        hash_finish(hash, ret);
        return RC_OK;
}

static enum rc revision_moves_forward(struct policy_case *c, struct err *err)
{
        const struct fact *last = ledger_find(c->ledger, c->ref);

        if (!last || c->draft->revision > last->number)
                return RC_OK;
        if (c->draft->revision == last->number && digest_equal(&last->gist, &c->gist))
                return RC_OK;
        return err_set(err, RC_REFUSED,
                       "revision %" PRIu64 " of %.100s was issued with other content", last->number,
                       c->ref);
}

static const struct policy_rule rules_common[] = {
        {"past-timestamp", NULL, past_timestamp},
        {"key-in-life", NULL, key_in_life},
        {"revision-moves-forward", NULL, revision_moves_forward},
        {NULL, NULL, NULL},
};

static const struct policy_rule *const rule_tables[POLICY_TABLES] = {
        [POLICY_GENERAL] = rules_common,           [POLICY_ACCOUNTS] = policy_rules_accounts,
        [POLICY_PACKAGES] = policy_rules_packages, [POLICY_COMPONENTS] = policy_rules_components,
        [POLICY_BRAND] = policy_rules_brand,       [POLICY_MANIFEST] = policy_rules_manifest,
};

const char *policy_rule_name(enum policy_table table, size_t index)
{
        static const char *const early[] = {RULE_TYPE, RULE_AUTHORITY, RULE_CLOCK};

        if (table == POLICY_GENERAL && index < ARRAY_COUNT(early))
                return early[index];
        index -= table == POLICY_GENERAL ? ARRAY_COUNT(early) : 0;
        for (const struct policy_rule *rule = rule_tables[table]; rule->name; rule++)
                if (index-- == 0)
                        return rule->name;
        return NULL;
}

static enum rc table_check(const struct policy_rule *rule, struct policy_case *c, struct err *err)
{
        for (; rule->name; rule++) {
                enum rc rc;

                if (rule->types && !list_has(rule->types, c->draft->type->name))
                        continue;
                rc = rule->check(c, err);
                if (rc != RC_OK)
                        return err_prefix(err, rc, "policy %s", rule->name);
        }
        return RC_OK;
}

enum rc policy_check(struct policy_case *c, struct err *err)
{
        enum rc rc;

        c->ref = assertion_ref(c->arena, c->draft);
        if (!c->ref)
                return err_set(err, RC_NOMEM, "no memory for a request");
        rc = gist_make(c->draft, &c->gist, err);
        for (size_t i = 0; rc == RC_OK && i < POLICY_TABLES; i++)
                rc = table_check(rule_tables[i], c, err);
        return rc;
}

/* --- what rules have in common --- */

enum rc policy_note(struct policy_case *c, const char *key, uint64_t number, const char *text,
                    struct err *err)
{
        if (!key || !text)
                return err_set(err, RC_NOMEM, "no memory for a request");
        assert(c->news_count < LEDGER_NEWS_MAX);
        c->news[c->news_count++] = (struct fact){.key = key, .number = number, .text = text};
        return RC_OK;
}

bool policy_is_trusted(const struct policy_case *c, const char *account_id)
{
        return strcmp(account_id, c->own->account_id) == 0 ||
               trust_set_is_trusted(c->evidence, account_id);
}

bool policy_knows_account(const struct policy_case *c, const char *account_id)
{
        const char *pk[ASSERTION_PK_MAX] = {account_id};
        char key[FACT_KEY_MAX];

        if (trust_set_is_trusted(c->evidence, account_id) ||
            trust_set_find(c->evidence, "account", pk))
                return true;
        snprintf(key, sizeof(key), "account/%s", account_id);
        return ledger_find(c->ledger, key) != NULL;
}

enum rc policy_fact(const struct policy_case *c, const struct fact **ret, const char **ret_key,
                    struct err *err, const char *format, ...)
{
        char key[FACT_KEY_MAX];
        va_list args;
        int bytes;

        va_start(args, format);
        bytes = vsnprintf(key, sizeof(key), format, args);
        va_end(args);
        if (bytes < 0 || (size_t)bytes >= sizeof(key))
                return err_set(err, RC_REFUSED, "a name is too long");
        *ret = ledger_find(c->ledger, key);
        if (ret_key) {
                *ret_key = arena_strdup(c->arena, key);
                if (!*ret_key)
                        return err_set(err, RC_NOMEM, "no memory for a request");
        }
        return RC_OK;
}

enum rc policy_evidence(const struct policy_case *c, const char *type, const struct assertion **ret,
                        struct err *err)
{
        const struct trust_item *item = trust_set_given(c->evidence, type);

        if (!item)
                return err_set(err, RC_REFUSED, "no %s came as evidence", type);
        if (!item->proved)
                return err_set(err, RC_REFUSED, "the %s is not believed: %s", type, item->reason);
        *ret = item->assertion;
        return RC_OK;
}

bool policy_same(const struct assertion *a, const struct assertion *b, const char *header)
{
        const char *left = assertion_text(a, header);
        const char *right = assertion_text(b, header);

        return left && right && strcmp(left, right) == 0;
}

enum rc policy_declaration(struct policy_case *c, const char *snap_id, const struct assertion **ret,
                           struct err *err)
{
        const char *pk[ASSERTION_PK_MAX] = {"16", snap_id};
        const struct assertion *seen = trust_set_find(c->evidence, "snap-declaration", pk);
        const struct fact *known = NULL;
        const char *key = NULL;
        enum rc rc;

        if (!seen)
                return err_set(err, RC_REFUSED, "no declaration of %s is known", snap_id);
        rc = policy_fact(c, &known, &key, err, "snap-declaration/16/%s", snap_id);
        if (rc != RC_OK)
                return rc;
        if (known && seen->revision < known->number)
                return err_set(err, RC_REFUSED,
                               "revision %" PRIu64
                               " of the declaration of %s is known, not only %" PRIu64,
                               known->number, snap_id, seen->revision);
        *ret = seen;
        if (known && seen->revision == known->number)
                return RC_OK;
        return policy_note(c, key, seen->revision, assertion_text(seen, "publisher-id"), err);
}
