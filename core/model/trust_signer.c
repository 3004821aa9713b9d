/* SPDX-License-Identifier: Apache-2.0 */
/* Who may sign a type (device.md 8.8), and what an account-key's constraints allow. */
#include "core/model/delegation.h"
#include "core/model/trust_inside.h"
#include <string.h>

#define PATTERN_MAX 256

static bool is_trusted(const struct trust_run *run)
{
        return run->source->is_trusted_account(run->source->context, run->assertion->authority);
}

static enum rc trusted_check(const struct trust_run *run)
{
        if (is_trusted(run))
                return RC_OK;
        return trust_refuse(run, "it must be signed by a trusted account");
}

static enum rc root_check(const struct trust_run *run)
{
        if (is_trusted(run) &&
            run->source->is_root_key(run->source->context, run->assertion->key_id))
                return RC_OK;
        return trust_refuse(run, "it must be signed by a root key itself");
}

/* The model that this assertion belongs to lists its authority under that header. */
static bool model_allows(const struct trust_run *run, const char *brand, const char *model,
                         const char *header)
{
        const struct assertion *known = TRUST_FIND(run, "model", trust_series, brand, model);

        return known && trust_list_has(assertion_value(known, header), run->assertion->authority);
}

static enum rc serial_check(const struct trust_run *run)
{
        const struct assertion *serial = run->assertion;

        if (!strcmp(serial->authority, serial->pk[0]) ||
            model_allows(run, serial->pk[0], serial->pk[1], "serial-authority"))
                return RC_OK;
        return trust_refuse(run, "neither the brand nor a serial-authority of the model signed it");
}

static enum rc account_check(const struct trust_run *run)
{
        const struct assertion *assertion = run->assertion;
        const char *account = assertion_text(assertion, assertion->type->signer_header);

        if (account && !strcmp(account, assertion->authority))
                return RC_OK;
        if (!strcmp(assertion->type->name, "preseed") &&
            model_allows(run, assertion->pk[1], assertion->pk[2], "preseed-authority"))
                return RC_OK;
        return err_set(run->err, RC_UNTRUSTED, "%s: its authority-id must equal its %s",
                       assertion->type->name, assertion->type->signer_header);
}

/* Which devices it is for is not looked at: that is for the device, and for who offers it. */
static bool declaration_delegates(const struct trust_run *run, const char *provenance)
{
        const struct assertion *assertion = run->assertion;
        const char *snap_id = assertion_text(assertion, "snap-id");
        const struct assertion *known = TRUST_FIND(run, "snap-declaration", trust_series, snap_id);
        const bool snap = !strcmp(assertion->type->name, "snap-revision");
        uint64_t revision = 0;

        return known &&
               assertion_number(assertion, snap ? "snap-revision" : "resource-revision",
                                &revision) == RC_OK &&
               delegation_covers(known, assertion->authority, provenance, revision, NULL);
}

static enum rc revision_check(const struct trust_run *run)
{
        const struct assertion_type *type = run->assertion->type;
        const char *provenance = run->assertion->pk[type->pk_count - 1];

        /* Uploads of the default provenance cannot be delegated, and others only by name. */
        if (!strcmp(provenance, type->pk_defaults[type->pk_count - 1]))
                return trusted_check(run);
        if (declaration_delegates(run, provenance))
                return RC_OK;
        if (!TRUST_FIND(run, "snap-declaration", trust_series,
                        assertion_text(run->assertion, "snap-id")))
                return trust_missing(run, "snap-declaration", trust_series,
                                     assertion_text(run->assertion, "snap-id"));
        return trust_refuse(run, "no revision-authority of the snap covers its signer");
}

static enum rc gating_check(const struct trust_run *run)
{
        const struct assertion *known =
                TRUST_FIND(run, "snap-declaration", run->assertion->pk[0], run->assertion->pk[1]);
        const char *publisher = known ? assertion_text(known, "publisher-id") : NULL;

        if (!known)
                return trust_missing(run, "snap-declaration", run->assertion->pk[0],
                                     run->assertion->pk[1]);
        if (publisher && !strcmp(publisher, run->assertion->authority))
                return RC_OK;
        return trust_refuse(run, "the publisher of the gating snap must sign it");
}

static enum rc developer_check(const struct trust_run *run)
{
        if (is_trusted(run) || !strcmp(run->assertion->pk[1], run->assertion->authority))
                return RC_OK;
        return trust_refuse(run, "the publisher or a trusted account must sign it");
}

/* Of several roots the one that spoke first of a thing goes on speaking of it: a root that was
 * added for some packages must not take over accounts, packages or stores of another one. */
static enum rc first_word_check(const struct trust_run *run)
{
        const struct assertion *assertion = run->assertion;
        const struct assertion *known = trust_find(run, assertion->type->name, assertion->pk);

        if (!known || !strcmp(known->authority, assertion->authority))
                return RC_OK;
        return err_set(run->err, RC_UNTRUSTED, "%s: %.60s signed the one that is known, not %.60s",
                       assertion->type->name, known->authority, assertion->authority);
}

static enum rc signer_check(const struct trust_run *run)
{
        switch (run->assertion->type->signer) {
        case SIGNER_TRUSTED:
                return trusted_check(run);
        case SIGNER_ROOT:
                return root_check(run);
        case SIGNER_PRIMARY_ACCOUNT:
                return account_check(run);
        case SIGNER_SERIAL:
                return serial_check(run);
        case SIGNER_REVISION:
                return revision_check(run);
        case SIGNER_GATING:
                return gating_check(run);
        case SIGNER_DEVELOPER:
                return developer_check(run);
        case SIGNER_ANY:
                return RC_OK;
        case SIGNER_SELF:
                break;
        }
        return err_set(run->err, RC_BUG, "a self-signed type has no signer rule");
}

enum rc trust_signer_check(const struct trust_run *run)
{
        const enum signer_rule rule = run->assertion->type->signer;
        const enum rc rc = signer_check(run);

        return rc == RC_OK && (rule == SIGNER_TRUSTED || rule == SIGNER_REVISION)
                       ? first_word_check(run)
                       : rc;
}

/* --- constraints --- */

/* One alternative of a pattern against a whole text. Of the regular expressions that snapd takes
 * here, literals, `.`, `.*`, `\` and `|` at the top are understood; anything richer matches
 * nothing, which refuses rather than believes. */
static bool pattern_matches(const char *pattern, size_t bytes, const char *text)
{
        const char *const end = pattern + bytes;
        const char *retry = NULL; /* the pattern behind the last ".*" */
        const char *from = NULL;  /* where the text may go on after it */

        for (;;) {
                if (end - pattern >= 2 && pattern[0] == '.' && pattern[1] == '*') {
                        pattern += 2;
                        retry = pattern;
                        from = text;
                        continue;
                }
                if (pattern == end && !*text)
                        return true;
                if (pattern < end && *text) {
                        const bool quoted = *pattern == '\\' && end - pattern >= 2;

                        if (quoted ? pattern[1] == *text : *pattern == '.' || *pattern == *text) {
                                pattern += quoted ? 2 : 1;
                                text++;
                                continue;
                        }
                }
                if (!retry || !*from)
                        return false;
                pattern = retry;
                text = ++from;
        }
}

static bool pattern_is_known(const char *pattern)
{
        for (const char *at = pattern; *at; at++) {
                if (*at == '\\') {
                        /* \d, \w and the like are classes; \\| would be cut at the bar. */
                        if (!at[1] || strchr("|dDwWsSbBAzZpPQE0123456789xnrtfva", at[1]))
                                return false;
                        at++;
                        continue;
                }
                if (strchr("+?^$()[]{}", *at) || (*at == '*' && (at == pattern || at[-1] != '.')))
                        return false;
        }
        return strlen(pattern) <= PATTERN_MAX;
}

static bool text_matches(const char *pattern, const char *text)
{
        if (!pattern_is_known(pattern))
                return false;
        for (;;) {
                const size_t bytes = strcspn(pattern, "|");

                if (pattern_matches(pattern, bytes, text))
                        return true;
                if (!pattern[bytes])
                        return false;
                pattern += bytes + 1;
        }
}

/* A text, or a list of texts of which one must match. */
static bool header_matches(const struct value *want, const char *text)
{
        if (want->kind == VALUE_TEXT)
                return text_matches(want->text, text);
        if (want->kind != VALUE_LIST)
                return false;
        for (size_t i = 0; i < want->count; i++)
                if (want->items[i].kind == VALUE_TEXT && text_matches(want->items[i].text, text))
                        return true;
        return false;
}

static bool constraint_matches(const struct value *constraint, const struct assertion *assertion)
{
        const struct value *headers = value_find(constraint, "headers");

        if (!headers || headers->kind != VALUE_MAP)
                return false;
        for (size_t i = 0; i < headers->count; i++) {
                const char *text = assertion_text(assertion, headers->names[i]);

                if (!text || !header_matches(&headers->items[i], text))
                        return false;
        }
        return true;
}

bool trust_constraints_allow(const struct value *constraints, const struct assertion *assertion)
{
        if (!constraints)
                return true;
        if (constraints->kind != VALUE_LIST)
                return false;
        for (size_t i = 0; i < constraints->count; i++)
                if (constraint_matches(&constraints->items[i], assertion))
                        return true;
        return false;
}
