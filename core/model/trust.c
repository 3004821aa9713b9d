/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of device.md 8.7, in its order. */
#include "core/model/assertion_inside.h"
#include "core/model/trust_inside.h"
#include <assert.h>
#include <string.h>

const char trust_series[] = "16";

const struct assertion *trust_find(const struct trust_run *run, const char *type,
                                   const char *const pk[ASSERTION_PK_MAX])
{
        return run->source->find(run->source->context, run->arena, type, pk);
}

enum rc trust_missing(const struct trust_run *run, const char *type, const char *pk0,
                      const char *pk1)
{
        return err_set_code(run->err, RC_NOT_FOUND, "missing-prerequisite",
                            "%s needs %s/%.80s%s%.40s, which is not known",
                            run->assertion->type->name, type, pk0, pk1 ? "/" : "", pk1 ? pk1 : "");
}

enum rc trust_refuse(const struct trust_run *run, const char *why)
{
        return err_set(run->err, RC_UNTRUSTED, "%s: %s", run->assertion->type->name, why);
}

bool trust_list_has(const struct value *list, const char *text)
{
        if (!list || list->kind != VALUE_LIST)
                return false;
        for (size_t i = 0; i < list->count; i++)
                if (list->items[i].kind == VALUE_TEXT && !strcmp(list->items[i].text, text))
                        return true;
        return false;
}

/* RC_INVALID from a key that other code accepted earlier still means: not to be believed. */
static enum rc verify_with(const struct assertion *assertion, const char *key_text, size_t bytes,
                           struct err *err)
{
        CLEANUP(pubkey_freep) struct pubkey *key = NULL;
        enum rc rc;

        rc = pubkey_parse(key_text, bytes, &key, err);
        if (rc == RC_INVALID)
                return err_prefix(err, RC_UNTRUSTED, "signing key");
        if (rc != RC_OK)
                return rc;
        return assertion_verify(assertion, key, err);
}

enum rc trust_check_self_signed(const struct assertion *assertion, struct err *err)
{
        const char *name = assertion->type->name;
        const char *key;

        if (!strcmp(name, "account-key-request"))
                return verify_with(assertion, assertion->body, assertion->body_count, err);
        key = assertion_text(assertion, "device-key");
        if (strcmp(name, "serial-request") || !key)
                return err_set(err, RC_UNTRUSTED, "%s does not carry the key that signs it", name);
        return verify_with(assertion, key, strlen(key), err);
}

/* Types that a device signs with the key of its serial. */
static enum rc device_check(const struct trust_run *run)
{
        const struct assertion *assertion = run->assertion;
        const struct assertion *serial;
        const char *key;

        serial = TRUST_FIND(run, "serial", assertion->pk[0], assertion->pk[1], assertion->pk[2]);
        if (!serial)
                return trust_missing(run, "serial", assertion->pk[0], assertion->pk[2]);
        key = assertion_text(serial, "device-key");
        if (!key)
                return trust_refuse(run, "the serial has no device-key");
        return verify_with(assertion, key, strlen(key), run->err);
}

static enum rc self_check(const struct trust_run *run)
{
        const char *name = run->assertion->type->name;

        if (!strcmp(name, "device-session-request") || !strcmp(name, "confdb-control"))
                return device_check(run);
        return trust_check_self_signed(run->assertion, run->err);
}

static bool is_root_account_key(const struct trust_run *run)
{
        const struct assertion *assertion = run->assertion;
        const struct trust_source *source = run->source;

        return !strcmp(assertion->type->name, "account-key") &&
               !strcmp(assertion->pk[0], assertion->key_id) &&
               !strcmp(assertion->authority, assertion_text(assertion, "account-id")) &&
               source->is_root_key(source->context, assertion->key_id) &&
               source->is_trusted_account(source->context, assertion->authority);
}

/* Nobody may hand a configured root key to an account, not even that key itself. */
static bool claims_root_key(const struct trust_run *run)
{
        return !strcmp(run->assertion->type->name, "account-key") &&
               run->source->is_root_key(run->source->context, run->assertion->pk[0]);
}

/* since <= time < until. */
static bool key_is_alive(const struct assertion *key, usec_t time)
{
        usec_t since;
        usec_t until;
        enum rc rc;

        if (assertion_time(key, "since", &since) != RC_OK || time < since)
                return false;
        rc = assertion_time(key, "until", &until);
        return rc == RC_NOT_FOUND || (rc == RC_OK && time < until);
}

/* The assertion that makes the signing key known: an account-key, or for 0x02 an agent-key. */
static enum rc key_find(const struct trust_run *run, const struct assertion **ret)
{
        const struct assertion *assertion = run->assertion;
        const bool ours = base64_version(assertion->signature) == KEY_ED25519;
        const char *type = ours ? "agent-key" : "account-key";
        const struct assertion *key = TRUST_FIND(run, type, assertion->key_id);
        const char *want = assertion->type->agent_purpose;
        const char *account;
        const char *purpose;

        if (!key)
                return trust_missing(run, type, assertion->key_id, NULL);
        account = assertion_text(key, "account-id");
        if (!account || strcmp(account, assertion->authority))
                return trust_refuse(run, "the signing key belongs to another account");
        purpose = assertion_text(key, "purpose");
        if (ours && (!purpose || strcmp(purpose, want ? want : "developer")))
                return trust_refuse(run, "the signing key is for another purpose");
        *ret = key;
        return RC_OK;
}

static enum rc key_check(const struct trust_run *run, const struct assertion *key)
{
        const struct assertion *assertion = run->assertion;
        usec_t timestamp;
        enum rc rc;

        rc = verify_with(assertion, key->body, key->body_count, run->err);
        if (rc != RC_OK)
                return rc;
        if (assertion_time(assertion, "timestamp", &timestamp) == RC_OK &&
            !key_is_alive(key, timestamp))
                return trust_refuse(run, "its timestamp lies outside the life of the signing key");
        if (!trust_constraints_allow(assertion_value(key, "constraints"), assertion))
                return trust_refuse(run, "the signing key's constraints do not allow it");
        return RC_OK;
}

enum rc trust_check(const struct assertion *assertion, const struct trust_source *source,
                    unsigned flags, usec_t now, struct arena *arena, struct err *err)
{
        const struct trust_run run = {assertion, source, arena, err};
        const struct assertion *key = NULL;
        enum rc rc;

        assert(assertion && source && arena);
        if (assertion->format > assertion->type->max_format && !assertion->type->opaque)
                return trust_refuse(&run, "its format is newer than this store knows");
        rc = assertion_items_check(assertion, err);
        if (rc != RC_OK)
                return rc;
        if (assertion->type->signer == SIGNER_SELF)
                return self_check(&run);
        if (is_root_account_key(&run))
                return verify_with(assertion, assertion->body, assertion->body_count, err);
        if (claims_root_key(&run))
                return trust_refuse(&run, "a root key belongs to its own account only");

        rc = key_find(&run, &key);
        if (rc != RC_OK)
                return rc;
        if (!(flags & TRUST_IGNORE_EXPIRY) && !key_is_alive(key, now))
                return err_set(err, RC_EXPIRED, "%s: the signing key is not in its life",
                               assertion->type->name);
        rc = key_check(&run, key);
        if (rc == RC_OK)
                rc = trust_signer_check(&run);
        if (rc == RC_OK)
                rc = trust_cross_check(&run);
        return rc;
}
