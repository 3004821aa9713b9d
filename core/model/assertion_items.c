/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lists hold, and headers that contradict each other (device.md 8.8, 9). Asked of what is new:
 * of drafts and by trust_check; what was kept once is not judged again by a later table.
 */
#include "core/model/assertion_inside.h"
#include "core/model/delegation.h"
#include "core/model/name.h"
#include <string.h>

/* What an item of a list must be: a text of a form (members NULL), or a map with these members. */
struct item_row {
        const char *type;
        const char *header;
        enum header_form form;
        const struct header_rule *members; /* ends with name NULL */
};

#define MEMBERS(...) ((const struct header_rule[]){__VA_ARGS__, {NULL, FORM_ANY, false}})
#define MUST(name, form)                                                                           \
        {                                                                                          \
                name, FORM_##form, true                                                            \
        }
#define MAY(name, form)                                                                            \
        {                                                                                          \
                name, FORM_##form, false                                                           \
        }

static const struct item_row item_rows[] = {
        {"account-key", "constraints", FORM_MAP, MEMBERS(MUST("headers", MAP))},
        {"model", "required-snaps", FORM_TEXT, NULL},
        {"model", "serial-authority", FORM_ACCOUNT, NULL},
        {"model", "system-user-authority", FORM_ACCOUNT, NULL},
        {"model", "preseed-authority", FORM_ACCOUNT, NULL},
        {"model", "snaps", FORM_MAP,
         MEMBERS(MUST("name", NAME_SNAP), MAY("id", SNAP_ID), MAY("type", TEXT),
                 MAY("default-channel", TEXT), MAY("presence", TEXT), MAY("modes", LIST))},
        {"model", "validation-sets", FORM_MAP,
         MEMBERS(MAY("account-id", ACCOUNT), MUST("name", MODEL), MAY("sequence", POSITIVE),
                 MUST("mode", TEXT))},
        {"snap-declaration", "refresh-control", FORM_SNAP_ID, NULL},
        {"snap-declaration", "auto-aliases", FORM_TEXT, NULL},
        {"snap-declaration", "aliases", FORM_MAP,
         MEMBERS(MUST("name", TEXT), MUST("target", TEXT))},
        {"snap-declaration", "revision-authority", FORM_MAP,
         MEMBERS(MUST("account-id", ACCOUNT), MUST("provenance", LIST),
                 MAY("min-revision", POSITIVE), MAY("max-revision", POSITIVE),
                 MAY("on-store", LIST), MAY("on-brand", LIST), MAY("on-model", LIST))},
        {"snap-revision", "integrity", FORM_MAP, MEMBERS(MUST("digest", HEX), MUST("salt", HEX))},
        {"snap-resource-revision", "integrity", FORM_MAP,
         MEMBERS(MUST("digest", HEX), MUST("salt", HEX))},
        {"snap-developer", "developers", FORM_MAP,
         MEMBERS(MUST("developer-id", ACCOUNT), MUST("since", TIME), MAY("until", TIME))},
        {"store", "friendly-stores", FORM_TEXT, NULL},
        {"validation-set", "snaps", FORM_MAP,
         MEMBERS(MUST("name", NAME_SNAP), MUST("id", SNAP_ID), MAY("presence", TEXT),
                 MAY("revision", POSITIVE), MAY("components", MAP))},
        {"repair", "series", FORM_TEXT, NULL},
        {"repair", "architectures", FORM_TEXT, NULL},
        {"repair", "models", FORM_TEXT, NULL},
        {"repair", "bases", FORM_NAME_SNAP, NULL},
        {"repair", "modes", FORM_TEXT, NULL},
        {"system-user", "ssh-keys", FORM_TEXT, NULL},
        {"system-user", "series", FORM_TEXT, NULL},
        {"system-user", "models", FORM_TEXT, NULL},
        {"system-user", "serials", FORM_TEXT, NULL},
        {"preseed", "snaps", FORM_MAP,
         MEMBERS(MUST("name", NAME_SNAP), MAY("id", SNAP_ID), MAY("revision", POSITIVE))},
};

static enum rc item_check(const struct item_row *row, const struct value *item, size_t index,
                          struct err *err)
{
        if (!form_fits(item, row->form))
                return err_set(err, RC_INVALID, "%s: item %zu of \"%s\" must be %s", row->type,
                               index + 1, row->header, form_want(row->form));
        for (const struct header_rule *rule = row->members; rule && rule->name; rule++) {
                const struct value *value = value_find(item, rule->name);

                if (!value && rule->required)
                        return err_set(err, RC_INVALID, "%s: item %zu of \"%s\" has no \"%s\"",
                                       row->type, index + 1, row->header, rule->name);
                if (value && !form_fits(value, rule->form))
                        return err_set(err, RC_INVALID,
                                       "%s: \"%s\" in item %zu of \"%s\" must be %s", row->type,
                                       rule->name, index + 1, row->header, form_want(rule->form));
        }
        return RC_OK;
}

static enum rc lists_check(const struct assertion *assertion, struct err *err)
{
        for (size_t i = 0; i < ARRAY_COUNT(item_rows); i++) {
                const struct item_row *row = &item_rows[i];
                const struct value *list;

                if (strcmp(row->type, assertion->type->name) != 0)
                        continue;
                list = assertion_value(assertion, row->header);
                for (size_t at = 0; list && list->kind == VALUE_LIST && at < list->count; at++) {
                        const enum rc rc = item_check(row, &list->items[at], at, err);

                        if (rc != RC_OK)
                                return rc;
                }
        }
        return RC_OK;
}

/* --- what must agree --- */

static bool is_one_of(const char *text, const char *const *words, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (strcmp(text, words[i]) == 0)
                        return true;
        return false;
}

#define IS_ONE_OF(text, ...)                                                                       \
        is_one_of((text), (const char *const[]){__VA_ARGS__},                                      \
                  ARRAY_COUNT(((const char *const[]){__VA_ARGS__})))

static enum rc contradicts(const struct assertion *assertion, const char *why, struct err *err)
{
        return err_set(err, RC_INVALID, "%s: %s", assertion->type->name, why);
}

/* No two items say the same of that member. */
static enum rc items_differ(const struct assertion *assertion, const char *header,
                            const char *member, struct err *err)
{
        const struct value *list = assertion_value(assertion, header);

        for (size_t i = 1; list && i < list->count; i++) {
                const char *text = value_text(&list->items[i], member);

                for (size_t k = 0; text && k < i; k++) {
                        const char *other = value_text(&list->items[k], member);

                        if (other && strcmp(other, text) == 0)
                                return err_set(err, RC_INVALID, "%s: \"%s\" names %.64s twice",
                                               assertion->type->name, header, text);
                }
        }
        return RC_OK;
}

static enum rc model_agrees(const struct assertion *model, struct err *err)
{
        static const char *const short_only[] = {"gadget", "kernel", "required-snaps"};
        const struct value *sets = assertion_value(model, "validation-sets");
        const char *classic = assertion_text(model, "classic");
        const bool extended = assertion_value(model, "snaps") != NULL;

        for (size_t i = 0; extended && i < ARRAY_COUNT(short_only); i++)
                if (assertion_value(model, short_only[i]))
                        return err_set(err, RC_INVALID,
                                       "model: \"%s\" and \"snaps\" exclude each "
                                       "other",
                                       short_only[i]);
        if (!extended &&
            (assertion_value(model, "grade") || assertion_value(model, "storage-safety")))
                return contradicts(model, "a grade needs the header \"snaps\"", err);
        if (!extended && classic && strcmp(classic, "true") == 0 &&
            (assertion_value(model, "kernel") || assertion_value(model, "base")))
                return contradicts(model, "a classic model without \"snaps\" has no kernel or base",
                                   err);
        for (size_t i = 0; sets && i < sets->count; i++)
                if (!IS_ONE_OF(value_text(&sets->items[i], "mode"), "prefer-enforce", "enforce"))
                        return contradicts(model,
                                           "the mode of a validation set is enforce or "
                                           "prefer-enforce",
                                           err);
        return items_differ(model, "snaps", "name", err);
}

static enum rc delegations_agree(const struct assertion *declaration, struct err *err)
{
        const struct value *list = assertion_value(declaration, "revision-authority");

        for (size_t i = 0; list && i < list->count; i++) {
                const struct value *names = value_find(&list->items[i], "provenance");

                for (size_t k = 0; k < names->count; k++)
                        if (names->items[k].kind != VALUE_TEXT ||
                            !name_is_provenance(names->items[k].text) ||
                            strcmp(names->items[k].text, PROVENANCE_DEFAULT) == 0)
                                return contradicts(declaration,
                                                   "only a provenance of its own can be delegated",
                                                   err);
        }
        return items_differ(declaration, "aliases", "name", err);
}

static enum rc set_agrees(const struct assertion *set, struct err *err)
{
        const struct value *list = assertion_value(set, "snaps");
        enum rc rc;

        for (size_t i = 0; i < list->count; i++) {
                const char *presence = value_text(&list->items[i], "presence");

                if (presence && !IS_ONE_OF(presence, "required", "optional", "invalid"))
                        return contradicts(set, "presence is required, optional or invalid", err);
                if (presence && strcmp(presence, "invalid") == 0 &&
                    value_find(&list->items[i], "revision"))
                        return contradicts(set, "what is invalid has no revision", err);
        }
        rc = items_differ(set, "snaps", "name", err);
        return rc == RC_OK ? items_differ(set, "snaps", "id", err) : rc;
}

static enum rc repair_agrees(const struct assertion *repair, struct err *err)
{
        const struct value *modes = assertion_value(repair, "modes");

        for (size_t i = 0; modes && i < modes->count; i++)
                if (!IS_ONE_OF(modes->items[i].text, "run", "recover"))
                        return contradicts(repair, "a mode is run or recover", err);
        return RC_OK;
}

static enum rc user_agrees(const struct assertion *user, struct err *err)
{
        const char *password = assertion_text(user, "password");

        if (password && *password &&
            (strncmp(password, "$6$", 3) != 0 || !strchr(password + 3, '$')))
                return contradicts(user, "a password is a SHA-512 hash like $6$salt$hash", err);
        if (assertion_value(user, "user-presence") && user->format < 2)
                return contradicts(user, "\"user-presence\" needs format 2", err);
        return RC_OK;
}

static enum rc key_agrees(const struct assertion *key, struct err *err)
{
        if (assertion_value(key, "constraints") && key->format < 1)
                return contradicts(key, "\"constraints\" need format 1", err);
        return RC_OK;
}

static const struct {
        const char *type;
        enum rc (*check)(const struct assertion *assertion, struct err *err);
} agreements[] = {
        {"account-key", key_agrees},
        {"model", model_agrees},
        {"snap-declaration", delegations_agree},
        {"validation-set", set_agrees},
        {"repair", repair_agrees},
        {"system-user", user_agrees},
};

enum rc assertion_items_check(const struct assertion *assertion, struct err *err)
{
        enum rc rc = lists_check(assertion, err);

        for (size_t i = 0; rc == RC_OK && i < ARRAY_COUNT(agreements); i++)
                if (strcmp(agreements[i].type, assertion->type->name) == 0)
                        rc = agreements[i].check(assertion, err);
        return rc;
}
