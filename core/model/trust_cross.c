/* SPDX-License-Identifier: Apache-2.0 */
/* What an assertion needs to be known beside it (device.md 8.8): as a check, and as a list. */
#include "core/model/assertion_inside.h"
#include "core/model/trust_inside.h"
#include <assert.h>
#include <string.h>

/* Its signer acts for somebody else, by the declaration's revision-authority. */
static bool is_delegated(const struct assertion *assertion)
{
        const struct assertion_type *type = assertion->type;

        return type->signer == SIGNER_REVISION &&
               strcmp(assertion->pk[type->pk_count - 1], type->pk_defaults[type->pk_count - 1]);
}

/* What a trusted account vouches for stands on its own words only: with several roots, none speaks
 * for accounts, keys or packages that another one brought in. */
static enum rc same_authority(const struct trust_run *run, const struct assertion *known)
{
        const char *authority = run->assertion->authority;

        if (!run->source->is_trusted_account(run->source->context, authority) ||
            !strcmp(known->authority, authority) || is_delegated(run->assertion))
                return RC_OK;
        return err_set(run->err, RC_UNTRUSTED, "%s: %.60s has no say in %s %.80s of %.60s",
                       run->assertion->type->name, authority, known->type->name,
                       known->pk[known->type->pk_count - 1], known->authority);
}

static enum rc account_need(const struct trust_run *run, const char *account)
{
        const struct assertion *known = account ? TRUST_FIND(run, "account", account) : NULL;

        return known ? same_authority(run, known)
                     : trust_missing(run, "account", account ? account : "", NULL);
}

/* The account that the header names. */
static enum rc header_account_need(const struct trust_run *run, const char *header)
{
        return account_need(run, assertion_text(run->assertion, header));
}

static enum rc declaration_need(const struct trust_run *run, const char *series,
                                const char *snap_id, const struct assertion **ret)
{
        *ret = TRUST_FIND(run, "snap-declaration", series, snap_id);
        return *ret ? same_authority(run, *ret)
                    : trust_missing(run, "snap-declaration", series, snap_id);
}

static enum rc key_cross(const struct trust_run *run)
{
        return header_account_need(run, "account-id");
}

static enum rc declaration_cross(const struct trust_run *run)
{
        return header_account_need(run, "publisher-id");
}

static enum rc store_cross(const struct trust_run *run)
{
        return header_account_need(run, "operator-id");
}

/* Whether a snap-developer assertion of the publisher lists the account. */
static bool is_listed_developer(const struct trust_run *run, const char *snap_id,
                                const char *publisher, const char *developer)
{
        const struct assertion *known = TRUST_FIND(run, "snap-developer", snap_id, publisher);
        const struct value *list = known ? assertion_value(known, "developers") : NULL;

        if (!list || list->kind != VALUE_LIST)
                return false;
        for (size_t i = 0; i < list->count; i++) {
                const char *id = value_text(&list->items[i], "developer-id");

                if (id && !strcmp(id, developer))
                        return true;
        }
        return false;
}

/* A trusted signer answers for the developer itself (a snap may have changed hands since). A
 * delegated one may name itself, the publisher, or whom the publisher lists. */
static enum rc revision_cross(const struct trust_run *run)
{
        const struct assertion *assertion = run->assertion;
        const char *snap_id = assertion_text(assertion, "snap-id");
        const char *developer = assertion_text(assertion, "developer-id");
        const struct assertion *declaration = NULL;
        const char *publisher;
        enum rc rc;

        rc = account_need(run, developer);
        if (rc == RC_OK)
                rc = declaration_need(run, trust_series, snap_id, &declaration);
        if (rc != RC_OK)
                return rc;
        if (run->source->is_trusted_account(run->source->context, assertion->authority))
                return RC_OK;
        publisher = assertion_text(declaration, "publisher-id");
        if (!strcmp(developer, assertion->authority) ||
            (publisher && (!strcmp(developer, publisher) ||
                           is_listed_developer(run, snap_id, publisher, developer))))
                return RC_OK;
        return trust_refuse(run, "its developer is no developer of this snap");
}

static enum rc validation_cross(const struct trust_run *run)
{
        const struct assertion *declaration = NULL;

        return declaration_need(run, run->assertion->pk[0], run->assertion->pk[2], &declaration);
}

static enum rc developer_cross(const struct trust_run *run)
{
        const struct assertion *assertion = run->assertion;
        const struct value *list = assertion_value(assertion, "developers");
        const struct assertion *declaration = NULL;
        enum rc rc;

        rc = declaration_need(run, trust_series, assertion->pk[0], &declaration);
        if (rc == RC_OK)
                rc = account_need(run, assertion->pk[1]);
        for (size_t i = 0; rc == RC_OK && list && i < list->count; i++) {
                const char *id = value_text(&list->items[i], "developer-id");

                if (!id)
                        return trust_refuse(run, "a developer without developer-id");
                rc = account_need(run, id);
        }
        return rc;
}

static const struct {
        const char *type;
        enum rc (*check)(const struct trust_run *run);
} crosses[] = {
        {"account-key", key_cross},
        {"agent-key", key_cross},
        {"manifest-epoch", key_cross},
        {"snap-declaration", declaration_cross},
        {"snap-revision", revision_cross},
        {"snap-resource-revision", revision_cross},
        {"snap-resource-pair", revision_cross},
        {"store", store_cross},
        {"validation", validation_cross},
        {"snap-developer", developer_cross},
};

enum rc trust_cross_check(const struct trust_run *run)
{
        for (size_t i = 0; i < ARRAY_COUNT(crosses); i++)
                if (!strcmp(crosses[i].type, run->assertion->type->name))
                        return crosses[i].check(run);
        return RC_OK;
}

/* --- the same as a list --- */

struct refs {
        struct trust_ref *list;
        size_t max;
        size_t count;
        bool full;
};

static void ref_add(struct refs *refs, const char *type, const char *pk0, const char *pk1,
                    const char *pk2)
{
        const struct trust_ref ref = {.type = type, .pk = {pk0, pk1, pk2}};

        if (!pk0)
                return;
        for (size_t i = 0; i < refs->count; i++) {
                const struct trust_ref *old = &refs->list[i];

                if (!strcmp(old->type, type) && !strcmp(old->pk[0], pk0) &&
                    (!pk1 || !strcmp(old->pk[1], pk1)) && (!pk2 || !strcmp(old->pk[2], pk2)))
                        return;
        }
        if (refs->count == refs->max)
                refs->full = true;
        else
                refs->list[refs->count++] = ref;
}

/* Not of itself: a root account signs its own account and key. */
static void account_add(struct refs *refs, const struct assertion *assertion, const char *account)
{
        if (account &&
            (strcmp(assertion->type->name, "account") || strcmp(assertion->pk[0], account)))
                ref_add(refs, "account", account, NULL, NULL);
}

static void signer_add(struct refs *refs, const struct assertion *assertion)
{
        const bool ours = base64_version(assertion->signature) == KEY_ED25519;
        const bool own = !strcmp(assertion->type->name, "account-key") &&
                         !strcmp(assertion->pk[0], assertion->key_id);

        if (!assertion->authority)
                return;
        if (!own)
                ref_add(refs, ours ? "agent-key" : "account-key", assertion->key_id, NULL, NULL);
        account_add(refs, assertion, assertion->authority);
}

static void special_add(struct refs *refs, const struct assertion *assertion)
{
        const char *type = assertion->type->name;
        const char *const *pk = assertion->pk;

        if (!strcmp(type, "device-session-request") || !strcmp(type, "confdb-control"))
                ref_add(refs, "serial", pk[0], pk[1], pk[2]);
        if (!strcmp(type, "serial") && strcmp(pk[0], assertion->authority))
                ref_add(refs, "model", trust_series, pk[0], pk[1]);
        if (!strcmp(type, "preseed"))
                ref_add(refs, "model", pk[0], pk[1], pk[2]);
        if (assertion->type->signer == SIGNER_REVISION)
                ref_add(refs, "snap-declaration", trust_series,
                        assertion_text(assertion, "snap-id"), NULL);
        if (!strcmp(type, "snap-developer"))
                ref_add(refs, "snap-declaration", trust_series, pk[0], NULL);
        if (!strcmp(type, "validation")) {
                ref_add(refs, "snap-declaration", pk[0], pk[1], NULL);
                ref_add(refs, "snap-declaration", pk[0], pk[2], NULL);
        }
}

static void accounts_add(struct refs *refs, const struct assertion *assertion)
{
        static const struct {
                const char *type;
                const char *header;
        } rows[] = {
                {"account-key", "account-id"},
                {"agent-key", "account-id"},
                {"manifest-epoch", "account-id"},
                {"snap-declaration", "publisher-id"},
                {"snap-revision", "developer-id"},
                {"snap-resource-revision", "developer-id"},
                {"snap-resource-pair", "developer-id"},
                {"snap-developer", "publisher-id"},
                {"store", "operator-id"},
        };
        const struct value *list = assertion_value(assertion, "developers");

        for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
                if (!strcmp(rows[i].type, assertion->type->name))
                        account_add(refs, assertion, assertion_text(assertion, rows[i].header));
        if (strcmp(assertion->type->name, "snap-developer") || !list)
                return;
        for (size_t i = 0; i < list->count; i++)
                account_add(refs, assertion, value_text(&list->items[i], "developer-id"));
}

enum rc trust_prerequisites(const struct assertion *assertion, struct arena *arena,
                            struct trust_ref *ret, size_t max, size_t *ret_count, struct err *err)
{
        struct refs refs = {.list = ret, .max = max};

        assert(assertion && arena && ret && ret_count);
        signer_add(&refs, assertion);
        accounts_add(&refs, assertion);
        special_add(&refs, assertion);
        if (refs.full)
                return err_set(err, RC_TOO_BIG, "%s needs more than %zu other assertions",
                               assertion->type->name, max);
        *ret_count = refs.count;
        return RC_OK;
}
