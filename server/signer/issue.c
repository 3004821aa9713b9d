/* SPDX-License-Identifier: Apache-2.0 */
#include "server/signer/issue.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Reads as a signature of the scheme that we sign with; matches nothing. */
#define PLACEHOLDER  "AQAA"
#define USEC_PER_MIN (60 * USEC_PER_SEC)

struct bucket {
        int64_t left_usec; /* of signing time: an issue takes a minute's rate-th part */
        usec_t filled_at;
};

struct signer {
        struct signer_setup setup;
        struct keyring *keyring;
        struct ledger *ledger;
        struct bucket buckets[ROLE_COUNT];
};

enum rc signer_new(const struct signer_setup *setup, struct keyring **keyring,
                   struct ledger **ledger, struct signer **ret, struct err *err)
{
        CLEANUP(signer_freep) struct signer *signer = calloc(1, sizeof(*signer));

        if (!signer)
                return err_set(err, RC_NOMEM, "no memory for the signer");
        if (setup->rate_per_min < 1)
                return err_set(err, RC_INVALID, "the rate is one a minute at least");
        signer->setup = *setup;
        signer->keyring = *keyring;
        signer->ledger = *ledger;
        *keyring = NULL;
        *ledger = NULL;
        for (unsigned i = 0; i < ROLE_COUNT; i++)
                signer->buckets[i] = (struct bucket){USEC_PER_MIN, clock_uptime()};
        *ret = signer;
        signer = NULL;
        return RC_OK;
}

void signer_freep(struct signer **signer)
{
        if (!*signer)
                return;
        keyring_freep(&(*signer)->keyring);
        ledger_freep(&(*signer)->ledger);
        free(*signer);
        *signer = NULL;
}

enum rc signer_identity(const struct signer *signer, enum role role,
                        const struct keyring_entry **ret, struct err *err)
{
        const struct keyring_entry *entry = keyring_get(signer->keyring, role);

        if (!entry->key)
                return err_set(err, RC_NOT_FOUND, "the signer has no key for role %s",
                               role_name(role));
        *ret = entry;
        return RC_OK;
}

static enum rc rate_take(struct signer *signer, enum role role, struct err *err)
{
        struct bucket *bucket = &signer->buckets[role];
        const int64_t price = USEC_PER_MIN / signer->setup.rate_per_min;
        const usec_t now = clock_uptime();

        bucket->left_usec += now - bucket->filled_at;
        bucket->filled_at = now;
        if (bucket->left_usec > USEC_PER_MIN)
                bucket->left_usec = USEC_PER_MIN;
        if (bucket->left_usec < price)
                return err_set(err, RC_TOO_MANY, "role %s issues %lld a minute", role_name(role),
                               (long long)signer->setup.rate_per_min);
        bucket->left_usec -= price;
        return RC_OK;
}

static bool has_timestamp(const struct assertion_type *type)
{
        for (const struct header_rule *rule = type->headers; rule && rule->name; rule++)
                if (strcmp(rule->name, "timestamp") == 0)
                        return true;
        return false;
}

static enum rc content_build(const struct issue_request *request, const struct policy_case *c,
                             const char **ret, size_t *ret_bytes, struct err *err)
{
        const struct assertion_type *type = assertion_type_find(request->type);
        struct assertion_draft *draft = assertion_draft_new(c->arena, request->type);
        uint64_t epoch = 0;
        enum rc rc;

        if (!type)
                return err_set(err, RC_INVALID, "the type %.60s is not known", request->type);
        if (!draft)
                return err_set(err, RC_NOMEM, "no memory for an assertion");
        rc = policy_epoch(c, &epoch, err);
        if (rc != RC_OK)
                return rc;
        for (size_t i = 0; i < request->headers.count; i++)
                assertion_draft_value(draft, request->headers.names[i], &request->headers.items[i]);
        assertion_draft_text(draft, "authority-id", c->own->account_id);
        if (has_timestamp(type) && !value_find(&request->headers, "timestamp"))
                assertion_draft_time(draft, "timestamp", c->now);
        if (request->role == ROLE_MANIFEST && !value_find(&request->headers, "epoch"))
                assertion_draft_printf(draft, "epoch", "%" PRIu64, epoch);
        assertion_draft_format(draft, request->format);
        if (request->body_bytes)
                assertion_draft_body(draft, request->body, request->body_bytes);
        return assertion_draft_content(draft, c->own->key_id, ret, ret_bytes, err);
}

static enum rc evidence_read(const struct signer *signer, const struct issue_request *request,
                             usec_t now, struct arena *arena, const struct trust_set **ret,
                             struct err *err)
{
        struct trust_set *set = trust_set_new(arena, signer->setup.trust);
        enum rc rc;

        if (!set)
                return err_set(err, RC_NOMEM, "no memory for the evidence");
        rc = trust_set_add(set, request->evidence ? request->evidence : "", request->evidence_bytes,
                           err);
        if (rc != RC_OK)
                return err_prefix(err, rc, "evidence");
        rc = trust_set_prove(set, TRUST_DEFAULT, now, err);
        if (rc == RC_OK)
                *ret = set;
        return rc;
}

/* Signs, and reads back what was signed as a stranger would. */
static enum rc content_sign(const struct keyring_entry *own, const char *content, size_t bytes,
                            usec_t now, struct arena *arena, struct assertion **ret,
                            struct err *err)
{
        CLEANUP(buf_fini) struct buf signature = BUF_INIT(ASSERTION_SIGNATURE_MAX);
        struct assertion *made = NULL;
        enum rc rc;

        rc = privkey_sign(own->key, content, bytes, now, &signature, err);
        if (rc == RC_OK)
                rc = buf_finish(&signature, err);
        if (rc == RC_OK)
                rc = assertion_assemble(arena, content, bytes, signature.data, &made, err);
        if (rc == RC_OK)
                rc = assertion_verify(made, privkey_pubkey(own->key), err);
        if (rc != RC_OK)
                return rc;
        *ret = made;
        return RC_OK;
}

static enum rc issue_record(struct signer *signer, const struct policy_case *c,
                            const struct assertion *made, struct err *err)
{
        struct ledger_entry entry = {
                .time = c->now,
                .role = role_name(c->role),
                .ref = c->ref,
                .revision = made->revision,
                .gist = c->gist,
                .text = c->text,
                .news_count = c->news_count,
        };

        assertion_digest(made, &entry.digest);
        memcpy(entry.news, c->news, sizeof(entry.news));
        return ledger_append(signer->ledger, &entry, err);
}

static enum rc issue_make(struct signer *signer, const struct issue_request *request,
                          const struct keyring_entry *own, struct arena *arena,
                          struct assertion **ret, struct err *err)
{
        const usec_t now = clock_now(&signer->setup.clock);
        struct assertion *draft = NULL;
        struct assertion *made = NULL;
        const char *content = NULL;
        size_t bytes = 0;
        struct policy_case c = {
                .settings = &signer->setup.policy,
                .role = request->role,
                .own = own,
                .ledger = signer->ledger,
                .arena = arena,
                .now = now,
        };
        enum rc rc;

        rc = evidence_read(signer, request, now, arena, &c.evidence, err);
        if (rc == RC_OK)
                rc = content_build(request, &c, &content, &bytes, err);
        if (rc == RC_OK)
                rc = assertion_assemble(arena, content, bytes, PLACEHOLDER, &draft, err);
        if (rc != RC_OK)
                return rc;
        c.draft = draft;
        rc = policy_check(&c, err);
        if (rc == RC_OK)
                rc = content_sign(own, content, bytes, now, arena, &made, err);
        if (rc == RC_OK)
                rc = issue_record(signer, &c, made, err);
        if (rc == RC_OK)
                *ret = made;
        return rc;
}

enum rc signer_run(struct signer *signer, const struct issue_request *request, struct arena *arena,
                   const struct assertion **ret, struct err *err)
{
        const struct keyring_entry *own = NULL;
        struct assertion *made = NULL;
        enum rc rc;

        rc = signer_identity(signer, request->role, &own, err);
        if (rc == RC_OK)
                rc = rate_take(signer, request->role, err);
        if (rc == RC_OK)
                rc = policy_check_request(request->role, own->account_id, request->type,
                                          &request->headers, err);
        if (rc == RC_OK)
                rc = issue_make(signer, request, own, arena, &made, err);
        if (rc == RC_OK)
                *ret = made;
        return rc;
}
