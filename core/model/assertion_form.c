/* SPDX-License-Identifier: Apache-2.0 */
/* The forms of header texts, and what must agree inside one assertion (device.md 8.8). */
#include "core/model/assertion_inside.h"
#include "core/model/name.h"
#include <assert.h>
#include <string.h>

static bool is_one_of(const char *text, const char *const *words, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (!strcmp(text, words[i]))
                        return true;
        return false;
}

#define IS_ONE_OF(text, ...)                                                                       \
        is_one_of((text), (const char *const[]){__VA_ARGS__},                                      \
                  ARRAY_COUNT(((const char *const[]){__VA_ARGS__})))

static bool is_digest(const char *text)
{
        struct digest digest;

        return digest_parse_b64(text, &digest) == RC_OK;
}

static bool is_time(const char *text)
{
        usec_t time;

        return clock_parse(text, &time) == RC_OK;
}

static bool is_number(const char *text)
{
        uint64_t number;

        return header_number_parse(text, UINT64_MAX, &number) == RC_OK;
}

static bool is_positive(const char *text)
{
        uint64_t number;

        return number_parse_u64(text, INT32_MAX, &number) == RC_OK;
}

/* http or https, a host, no query and no fragment; an empty one means none. */
static bool is_url(const char *text)
{
        const char *host;

        if (!*text)
                return true;
        if (!strncmp(text, "https://", 8))
                host = text + 8;
        else if (!strncmp(text, "http://", 7))
                host = text + 7;
        else
                return false;
        return *host && *host != '/' && *host != ':' && !strpbrk(host, "?# \t\n\"<>\\");
}

static bool is_hex(const char *text)
{
        return *text && strspn(text, "0123456789abcdefABCDEF") == strlen(text);
}

static bool is_pubkey(const char *text)
{
        CLEANUP(pubkey_freep) struct pubkey *key = NULL;

        return pubkey_parse(text, strlen(text), &key, NULL) == RC_OK;
}

static bool is_key_name(const char *text)
{
        return name_is_key(text);
}

static bool is_text(const char *text)
{
        return *text != '\0';
}

static bool is_anything(const char *text)
{
        return text != NULL;
}

static bool is_bool(const char *text)
{
        return IS_ONE_OF(text, "true", "false");
}

/* "certified" stands in Canonical's own first account assertion. */
static bool is_validation(const char *text)
{
        return IS_ONE_OF(text, "unproven", "starred", "verified", "certified");
}

static bool is_grade(const char *text)
{
        return IS_ONE_OF(text, "unset", "dangerous", "signed", "secured");
}

static bool is_purpose(const char *text)
{
        return IS_ONE_OF(text, "developer", "manifest", "device");
}

static const struct form_row {
        bool (*fits)(const char *text); /* NULL: not a text */
        bool list;
        bool map;
        const char *want;
} forms[] = {
        [FORM_TEXT] = {is_text, false, false, "a text that is not empty"},
        [FORM_TEXT_OR_EMPTY] = {is_anything, false, false, "a text"},
        [FORM_NAME_SNAP] = {name_is_snap, false, false, "a snap name"},
        [FORM_SNAP_ID] = {name_is_snap_id, false, false, "a snap id"},
        [FORM_ACCOUNT] = {name_is_account, false, false, "an account id"},
        [FORM_MODEL] = {name_is_model, false, false,
                        "lowercase letters and digits with single dashes"},
        [FORM_DIGEST] = {is_digest, false, false, "a SHA3-384 digest in base64url"},
        [FORM_KEY_ID] = {is_digest, false, false, "a key id"},
        [FORM_TIME] = {is_time, false, false, "a time like 2026-11-23T08:49:00Z"},
        [FORM_NUMBER] = {is_number, false, false, "a number"},
        [FORM_POSITIVE] = {is_positive, false, false, "a number from 1"},
        [FORM_BOOL] = {is_bool, false, false, "true or false"},
        [FORM_LIST] = {NULL, true, false, "a list"},
        [FORM_MAP] = {NULL, false, true, "a map"},
        [FORM_LIST_OR_STAR] = {NULL, true, false, "a list or *"},
        [FORM_KEY_NAME] = {is_key_name, false, false, "a key name"},
        [FORM_URL] = {is_url, false, false, "an http or https URL without query"},
        [FORM_VALIDATION] = {is_validation, false, false, "unproven, starred or verified"},
        [FORM_GRADE] = {is_grade, false, false, "dangerous, signed or secured"},
        [FORM_PURPOSE] = {is_purpose, false, false, "developer, manifest or device"},
        [FORM_PUBKEY] = {is_pubkey, false, false, "a public key"},
        [FORM_PROVENANCE] = {name_is_provenance, false, false, "a provenance"},
        [FORM_HEX] = {is_hex, false, false, "hex digits"},
        [FORM_ANY] = {is_anything, true, true, "a value"},
};

bool form_fits(const struct value *value, enum header_form form)
{
        const struct form_row *row = &forms[form];

        if (form == FORM_LIST_OR_STAR && value->kind == VALUE_TEXT)
                return !strcmp(value->text, "*");
        if (value->kind == VALUE_LIST)
                return row->list;
        if (value->kind == VALUE_MAP)
                return row->map;
        return row->fits && row->fits(value->text);
}

const char *form_want(enum header_form form)
{
        return forms[form].want;
}

static enum rc rules_check(const struct assertion *assertion, struct err *err)
{
        const char *type = assertion->type->name;

        for (const struct header_rule *rule = assertion->type->headers; rule->name; rule++) {
                const struct value *value = assertion_value(assertion, rule->name);

                assert(rule->form < ARRAY_COUNT(forms));
                if (!value && rule->required)
                        return err_set(err, RC_INVALID, "%s: header \"%s\" is missing", type,
                                       rule->name);
                if (value && !form_fits(value, rule->form))
                        return err_set(err, RC_INVALID, "%s: \"%s\" must be %s", type, rule->name,
                                       forms[rule->form].want);
        }
        return RC_OK;
}

/* The key inside (a body or a device-key) is well-formed, of a scheme that this type may carry, and
 * has the id that the assertion names for it. */
static enum rc key_check(const struct assertion *assertion, const char *text, size_t bytes,
                         const char *id, struct err *err)
{
        CLEANUP(pubkey_freep) struct pubkey *key = NULL;
        const bool ours = !assertion->type->snapd_reads;
        enum rc rc;

        rc = pubkey_parse(text, bytes, &key, err);
        if (rc != RC_OK)
                return err_prefix(err, rc, "%s: its key", assertion->type->name);
        if ((pubkey_scheme(key) == KEY_ED25519) != ours)
                return err_set(err, RC_INVALID, "%s cannot carry %s key", assertion->type->name,
                               ours ? "an RSA" : "an Ed25519");
        if (strcmp(pubkey_id(key), id))
                return err_set(err, RC_INVALID, "%s: its key has another id",
                               assertion->type->name);
        return RC_OK;
}

static enum rc body_key_check(const struct assertion *assertion, struct err *err)
{
        usec_t since;
        usec_t until;

        if (assertion_time(assertion, "since", &since) == RC_OK &&
            assertion_time(assertion, "until", &until) == RC_OK && until < since)
                return err_set(err, RC_INVALID, "%s: \"until\" lies before \"since\"",
                               assertion->type->name);
        return key_check(assertion, assertion->body, assertion->body_count, assertion->pk[0], err);
}

static enum rc device_key_check(const struct assertion *assertion, struct err *err)
{
        const char *text = assertion_text(assertion, "device-key");
        const char *id = assertion_text(assertion, "device-key-sha3-384");

        return key_check(assertion, text, strlen(text), id ? id : assertion->key_id, err);
}

static size_t list_count(const struct assertion *assertion, const char *name)
{
        const struct value *list = assertion_value(assertion, name);

        return list && list->kind == VALUE_LIST ? list->count : 0;
}

static enum rc system_user_check(const struct assertion *assertion, struct err *err)
{
        const size_t models = list_count(assertion, "models");
        usec_t since = 0;
        usec_t until = 0;

        if (assertion_time(assertion, "since", &since) != RC_OK ||
            assertion_time(assertion, "until", &until) != RC_OK || until < since)
                return err_set(err, RC_INVALID, "system-user: \"until\" lies before \"since\"");
        if (!models && until - since > 366 * 24 * 3600 * USEC_PER_SEC)
                return err_set(err, RC_INVALID,
                               "system-user: without \"models\" it may hold for a year at most");
        if (list_count(assertion, "serials") && (assertion->format < 1 || models != 1))
                return err_set(err, RC_INVALID,
                               "system-user: \"serials\" need format 1 and exactly one model");
        if (!strchr(assertion->pk[1], '@'))
                return err_set(err, RC_INVALID, "system-user: \"email\" is not an address");
        return RC_OK;
}

static enum rc repair_check(const struct assertion *assertion, struct err *err)
{
        if (strchr(assertion_text(assertion, "summary"), '\n'))
                return err_set(err, RC_INVALID, "repair: \"summary\" must be one line");
        return RC_OK;
}

static const struct {
        const char *type;
        enum rc (*check)(const struct assertion *assertion, struct err *err);
} checks[] = {
        {"account-key", body_key_check},
        {"account-key-request", body_key_check},
        {"agent-key", body_key_check},
        {"serial", device_key_check},
        {"serial-request", device_key_check},
        {"system-user", system_user_check},
        {"repair", repair_check},
};

enum rc assertion_type_check(const struct assertion *assertion, struct err *err)
{
        const enum rc rc = rules_check(assertion, err);

        if (rc != RC_OK)
                return rc;
        if (assertion->type->needs_body && !assertion->body)
                return err_set(err, RC_INVALID, "%s: the body is missing", assertion->type->name);
        for (size_t i = 0; i < ARRAY_COUNT(checks); i++)
                if (!strcmp(checks[i].type, assertion->type->name))
                        return checks[i].check(assertion, err);
        return RC_OK;
}
