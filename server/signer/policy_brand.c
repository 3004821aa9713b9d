/* SPDX-License-Identifier: Apache-2.0 */
/* What a brand's keys may say: about its own models, sets and users, and about serials. */
#include "core/model/name.h"
#include "server/signer/policy_rules.h"
#include <string.h>

#define DEVICE_KEY_BITS_MIN  2048
#define SYSTEM_USER_LIFE_MAX (366 * 24 * 3600 * USEC_PER_SEC)

/* The account in the primary key is the role's own: nobody speaks for another brand. */
static enum rc own_brand(struct policy_case *c, struct err *err)
{
        const char *header =
                strcmp(c->draft->type->name, "validation-set") == 0 ? "account-id" : "brand-id";
        const char *account = assertion_text(c->draft, header);

        if (!account || strcmp(account, c->own->account_id) != 0)
                return err_set(err, RC_REFUSED, "this key speaks for %s only", c->own->account_id);
        return RC_OK;
}

/* Who can have a system user signed can log in everywhere: the operator says whether a server may.
 */
static enum rc user_online(struct policy_case *c, struct err *err)
{
        return c->settings->sign_system_users
                       ? RC_OK
                       : err_set(err, RC_REFUSED,
                                 "system users are signed offline, unless the setting "
                                 "sign-system-users lets the store do it");
}

/* A system user can log in: on named models, for a year at most. */
static enum rc user_bounded(struct policy_case *c, struct err *err)
{
        const struct value *models = assertion_value(c->draft, "models");
        usec_t until = 0;

        if (!models || models->kind != VALUE_LIST || models->count == 0)
                return err_set(err, RC_REFUSED, "a system user is issued for named models");
        if (assertion_time(c->draft, "until", &until) != RC_OK ||
            until > c->now + SYSTEM_USER_LIFE_MAX)
                return err_set(err, RC_REFUSED, "a system user lives a year at most");
        return RC_OK;
}

/* Who publishes the package that gates says what it approves. */
static enum rc gating_own(struct policy_case *c, struct err *err)
{
        const struct assertion *gating = NULL;
        const enum rc rc = policy_declaration(c, c->draft->pk[1], &gating, err);

        if (rc != RC_OK)
                return rc;
        if (strcmp(assertion_text(gating, "publisher-id"), c->own->account_id) != 0)
                return err_set(err, RC_REFUSED, "%s is not known to be published by %s",
                               c->draft->pk[1], c->own->account_id);
        return RC_OK;
}

/* --- serial --- */

static enum rc serial_grammar(struct policy_case *c, struct err *err)
{
        if (!name_is_serial(c->draft->pk[2]))
                return err_set(err, RC_REFUSED, "\"%.70s\" is no serial", c->draft->pk[2]);
        return RC_OK;
}

static bool list_names(const struct value *list, const char *account)
{
        for (size_t i = 0; list && list->kind == VALUE_LIST && i < list->count; i++)
                if (list->items[i].kind == VALUE_TEXT && strcmp(list->items[i].text, account) == 0)
                        return true;
        return false;
}

static enum rc serial_model(struct policy_case *c, struct err *err)
{
        const struct assertion *model = NULL;
        enum rc rc;

        rc = policy_evidence(c, "model", &model, err);
        if (rc != RC_OK)
                return rc;
        if (!policy_same(model, c->draft, "brand-id") || !policy_same(model, c->draft, "model"))
                return err_set(err, RC_REFUSED, "the model that came is another one");
        if (strcmp(c->draft->pk[0], c->own->account_id) != 0 &&
            !list_names(assertion_value(model, "serial-authority"), c->own->account_id))
                return err_set(err, RC_REFUSED, "%s lets others than %s issue its serials",
                               c->draft->pk[0], c->own->account_id);
        return RC_OK;
}

static enum rc serial_requested(struct policy_case *c, struct err *err)
{
        const struct assertion *request = NULL;
        enum rc rc;

        rc = policy_evidence(c, "serial-request", &request, err);
        if (rc != RC_OK)
                return rc;
        if (!policy_same(request, c->draft, "brand-id") || !policy_same(request, c->draft, "model"))
                return err_set(err, RC_REFUSED, "the request is for another model");
        if (!policy_same(request, c->draft, "device-key"))
                return err_set(err, RC_REFUSED, "the request carries another device key");
        return RC_OK;
}

static enum rc device_key_right(struct policy_case *c, struct err *err)
{
        CLEANUP(pubkey_freep) struct pubkey *key = NULL;
        const char *text = assertion_text(c->draft, "device-key");
        const char *id = assertion_text(c->draft, "device-key-sha3-384");

        if (pubkey_parse(text, strlen(text), &key, err) != RC_OK || strcmp(pubkey_id(key), id) != 0)
                return err_set(err, RC_REFUSED, "the device key has another id");
        if (pubkey_scheme(key) != KEY_RSA || pubkey_bits(key) < DEVICE_KEY_BITS_MIN)
                return err_set(err, RC_REFUSED, "a device key is RSA with %d bits or more",
                               DEVICE_KEY_BITS_MIN);
        c->text = id;
        return RC_OK;
}

static enum rc serial_not_cloned(struct policy_case *c, struct err *err)
{
        const struct fact *known = ledger_find(c->ledger, c->ref);

        if (known && strcmp(known->text, assertion_text(c->draft, "device-key-sha3-384")) != 0)
                return err_set(err, RC_REFUSED, "%.100s belongs to another device key", c->ref);
        return RC_OK;
}

#define SERIAL " serial "

const struct policy_rule policy_rules_brand[] = {
        {"own-brand", " model validation-set system-user ", own_brand},
        {"gating-own", " validation ", gating_own},
        {"user-online", " system-user ", user_online},
        {"user-bounded", " system-user ", user_bounded},
        {"serial-grammar", SERIAL, serial_grammar},
        {"serial-model", SERIAL, serial_model},
        {"serial-requested", SERIAL, serial_requested},
        {"device-key-right", SERIAL, device_key_right},
        {"serial-not-cloned", SERIAL, serial_not_cloned},
        {NULL, NULL, NULL},
};
