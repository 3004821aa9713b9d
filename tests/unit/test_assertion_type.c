/* SPDX-License-Identifier: Apache-2.0 */
/* The table of types against its specification, and every rule of every type broken once. */
#include "core/base/fs.h"
#include "core/model/assertion_type.h"
#include "tests/lib/check.h"
#include "tests/unit/item_samples.h"
#include <stdlib.h>
#include <string.h>

#define KEY_ID "HdBQSgUzqNX9V37eu36NsmoYM-6OJ2xoRJTflxENcQpIQIYz012cjEmAOLZ6kqeJ"
#define SNAP   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const char *rsa_text; /* the vector's device key; its id is KEY_ID */
static struct buf ed_text = BUF_INIT(KIB);
static char ed_id[KEY_ID_CHARS + 1];

static const struct value one_text = {.kind = VALUE_TEXT, .text = "a"};
static const char *const one_name[] = {"a"};
static const struct value list = {.kind = VALUE_LIST, .count = 1, .items = &one_text};
static const struct value map = {
        .kind = VALUE_MAP, .count = 1, .items = &one_text, .names = one_name};

/* A good and a bad text for each form; a NULL means the list (or map), which texts stand against.
 */
static const struct {
        const char *good;
        const char *bad;
        bool bad_is_list;
} samples[] = {
        [FORM_TEXT] = {"x", "", false},
        [FORM_TEXT_OR_EMPTY] = {"", NULL, true},
        [FORM_NAME_SNAP] = {"hello", "Hello", false},
        [FORM_SNAP_ID] = {SNAP, "short", false},
        [FORM_ACCOUNT] = {"acme", "No!", false},
        [FORM_MODEL] = {"widget-1", "Widget", false},
        [FORM_DIGEST] = {KEY_ID, "abc", false},
        [FORM_KEY_ID] = {KEY_ID, "abc", false},
        [FORM_TIME] = {"2026-01-01T00:00:00Z", "2026-01-01T00:00:00+0000", false},
        [FORM_NUMBER] = {"0", "01", false},
        [FORM_POSITIVE] = {"1", "0", false},
        [FORM_BOOL] = {"true", "yes", false},
        [FORM_LIST] = {NULL, "a", false},
        [FORM_MAP] = {NULL, "a", false},
        [FORM_LIST_OR_STAR] = {"*", "a", false},
        [FORM_KEY_NAME] = {"default", "1", false},
        [FORM_URL] = {"https://x/y", "https://x/?q", false},
        [FORM_VALIDATION] = {"verified", "good", false},
        [FORM_GRADE] = {"signed", "stable", false},
        [FORM_PURPOSE] = {"manifest", "root", false},
        [FORM_PUBKEY] = {NULL, "AQEB", false},
        [FORM_PROVENANCE] = {"prod", "a_b", false},
        [FORM_HEX] = {"00ff", "0g", false},
        [FORM_ANY] = {"x", NULL, false},
};

static bool is_agent(const struct assertion_type *type)
{
        return !strcmp(type->name, "agent-key");
}

static void good_set(struct arena *arena, struct assertion_draft *draft,
                     const struct assertion_type *type, const char *name, enum header_form form)
{
        const struct item_sample *sample = item_sample_find(type->name, name);

        if (sample && form != FORM_LIST_OR_STAR)
                assertion_draft_value(draft, name, list_make(arena, &sample->good, 1));
        else if (form == FORM_LIST)
                assertion_draft_value(draft, name, &list);
        else if (form == FORM_MAP)
                assertion_draft_value(draft, name, &map);
        else if (form == FORM_PUBKEY)
                assertion_draft_text(draft, name, rsa_text);
        else if (form == FORM_KEY_ID && is_agent(type))
                assertion_draft_text(draft, name, ed_id);
        else
                assertion_draft_text(draft, name, samples[form].good);
}

enum breaks { BREAK_NONE, BREAK_OMIT, BREAK_FORM };

/* Every required header in a good form, but for the one named. */
static struct assertion_draft *draft_make(struct arena *arena, const struct assertion_type *type,
                                          const char *name, enum breaks how)
{
        struct assertion_draft *draft = assertion_draft_new(arena, type->name);

        if (type->signer != SIGNER_SELF)
                assertion_draft_text(draft, "authority-id", "acme");
        assertion_draft_format(draft, type->max_format);
        /* A grade is for models with a list of snaps. */
        if (name && (!strcmp(name, "grade") || !strcmp(name, "storage-safety")))
                good_set(arena, draft, type, "snaps", FORM_LIST);
        for (size_t i = 0; i < type->pk_count; i++)
                if (!(how == BREAK_OMIT && !strcmp(type->pk[i], name)) &&
                    !(type->pk_defaults && type->pk_defaults[i]))
                        assertion_draft_text(draft, type->pk[i], "a@b");
        for (const struct header_rule *rule = type->headers; rule->name; rule++) {
                const bool here = name && !strcmp(rule->name, name);

                if (here && how == BREAK_OMIT)
                        continue;
                if (here && how == BREAK_FORM && samples[rule->form].bad_is_list)
                        assertion_draft_value(draft, name, &list);
                else if (here && how == BREAK_FORM)
                        assertion_draft_text(draft, name, samples[rule->form].bad);
                else if (rule->required || here)
                        good_set(arena, draft, type, rule->name, rule->form);
        }
        if (type->needs_body && !(name && !strcmp(name, "body")))
                assertion_draft_body(draft, is_agent(type) ? ed_text.data : rsa_text,
                                     strlen(is_agent(type) ? ed_text.data : rsa_text));
        return draft;
}

static enum rc draft_try(const struct assertion_type *type, const char *name, enum breaks how,
                         struct err *err)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(MIB);
        struct assertion_draft *draft = draft_make(arena, type, name, how);
        const char *content;
        size_t bytes;

        return assertion_draft_content(draft, KEY_ID, &content, &bytes, err);
}

static void rules_are_enforced(void)
{
        struct err err = {0};

        for (size_t t = 0; t < assertion_type_count(); t++) {
                const struct assertion_type *type = assertion_type_at(t);

                check_promise("an assertion with just its required headers is accepted");
                check_case("%s", type->name);
                CHECK_RC(draft_try(type, NULL, BREAK_NONE, &err), RC_OK, &err);
                for (const struct header_rule *rule = type->headers; rule->name; rule++) {
                        check_case("%s %s", type->name, rule->name);
                        check_promise("a required header that is absent is refused");
                        CHECK_RC(draft_try(type, rule->name, BREAK_OMIT, &err),
                                 rule->required ? RC_INVALID : RC_OK, &err);
                        check_promise("a header in another form is refused, an optional one too");
                        CHECK_RC(draft_try(type, rule->name, BREAK_FORM, &err), RC_INVALID, &err);
                        CHECK(strstr(err.text, rule->name) != NULL);
                }
                check_promise("every part of the primary key without a default is required");
                for (size_t i = 0; i < type->pk_count; i++) {
                        const bool standard = type->pk_defaults && type->pk_defaults[i];

                        check_case("%s %s", type->name, type->pk[i]);
                        CHECK_RC(draft_try(type, type->pk[i], BREAK_OMIT, &err),
                                 standard ? RC_OK : RC_INVALID, &err);
                }
                check_promise("a type that carries a key in its body is refused without");
                CHECK_RC(draft_try(type, "body", BREAK_NONE, &err),
                         type->needs_body ? RC_INVALID : RC_OK, &err);
        }
}

static void table_is_the_specification(void)
{
        static const struct {
                const char *type;
                const char *key; /* joined with spaces */
                unsigned format;
                bool sequence;
        } rows[] = {
                {"account", "account-id ", 0, false},
                {"account-key", "public-key-sha3-384 ", 1, false},
                {"account-key-request", "public-key-sha3-384 ", 0, false},
                {"model", "series brand-id model ", 0, false},
                {"serial", "brand-id model serial ", 0, false},
                {"serial-request", "", 0, false},
                {"device-session-request", "brand-id model serial ", 0, false},
                {"snap-declaration", "series snap-id ", 7, false},
                {"snap-build", "snap-sha3-384 ", 0, false},
                {"snap-revision", "snap-sha3-384 provenance ", 0, false},
                {"snap-developer", "snap-id publisher-id ", 0, false},
                {"store", "store ", 0, false},
                {"validation", "series snap-id approved-snap-id approved-snap-revision ", 0, false},
                {"validation-set", "series account-id name sequence ", 0, true},
                {"repair", "brand-id repair-id ", 0, true},
                {"system-user", "brand-id email ", 2, false},
                {"preseed", "series brand-id model system-label ", 0, false},
                {"base-declaration", "series ", 7, false},
                {"snap-resource-revision", "snap-id resource-name resource-sha3-384 provenance ", 0,
                 false},
                {"snap-resource-pair",
                 "snap-id resource-name resource-revision snap-revision provenance ", 0, false},
                {"authority-delegation", "account-id delegate-id ", 0, false},
                {"confdb-schema", "account-id name ", 0, false},
                {"confdb-control", "brand-id model serial ", 0, false},
                {"cluster", "cluster-id sequence ", 0, true},
                {"request-message", "account-id message-id ", 0, false},
                {"response-message", "account-id message-id device ", 0, false},
                {"hardware-identity", "issuer-id hardware-id-key-sha3-384 ", 0, false},
                {"agent-key", "public-key-sha3-384 ", 0, false},
                {"refresh-manifest", "", 0, false},
                {"manifest-epoch", "account-id epoch ", 0, false},
        };

        check_promise("the types, their primary keys and formats are those of the protocol");
        CHECK_INT(assertion_type_count(), ARRAY_COUNT(rows));
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                const struct assertion_type *type = assertion_type_find(rows[i].type);
                CLEANUP(buf_fini) struct buf key = BUF_INIT(KIB);

                check_case("%s", rows[i].type);
                CHECK(type != NULL);
                if (!type)
                        continue;
                buf_text(&key, "");
                for (size_t k = 0; k < type->pk_count; k++)
                        buf_printf(&key, "%s ", type->pk[k]);
                CHECK_TEXT(key.data ? key.data : "", rows[i].key);
                CHECK(type->pk_count <= ASSERTION_PK_MAX);
                CHECK_INT(type->max_format, rows[i].format);
                CHECK_INT(type->has_sequence, rows[i].sequence);
                CHECK((type->signer == SIGNER_PRIMARY_ACCOUNT) == (type->signer_header != NULL));
        }
        CHECK(assertion_type_find("generic") == NULL);
        CHECK(assertion_type_at(assertion_type_count()) == NULL);
}

static void schemes_are_kept_apart(void)
{
        check_promise(
                "snapd's types are RSA; snap-build may be Ed25519, a refresh-manifest must be");
        for (size_t t = 0; t < assertion_type_count(); t++) {
                const struct assertion_type *type = assertion_type_at(t);
                CLEANUP(arena_freep) struct arena *arena = arena_new(MIB);
                struct assertion_draft *draft = draft_make(arena, type, NULL, BREAK_NONE);
                struct assertion *got;
                struct err err = {0};
                const bool manifest = !strcmp(type->name, "refresh-manifest");
                const bool build = !strcmp(type->name, "snap-build");
                const char *content = "";
                size_t bytes = 0;

                check_case("%s", type->name);
                CHECK_RC(assertion_draft_content(draft, KEY_ID, &content, &bytes, &err), RC_OK,
                         &err);
                CHECK_RC(assertion_assemble(arena, content, bytes, "AQEB", &got, &err),
                         manifest ? RC_INVALID : RC_OK, &err);
                CHECK_RC(assertion_assemble(arena, content, bytes, "AgEB", &got, &err),
                         manifest || build ? RC_OK : RC_INVALID, &err);
        }
}

static void keys_fit_their_carrier(void)
{
        static const struct {
                const char *type;
                const char *header;
                bool ed_body;
                const char *id;
                const char *want;
        } rows[] = {
                {"account-key", "public-key-sha3-384", true, NULL, "Ed25519"},
                {"agent-key", "public-key-sha3-384", false, KEY_ID, "RSA"},
                {"account-key", "public-key-sha3-384", false, NULL, "another id"},
                {"serial", "device-key-sha3-384", false, NULL, "another id"},
                {"account-key", "since", false, "2027-01-01T00:00:00Z", "before"},
        };

        check_promise("a carried key has the scheme of its type and the id that is claimed for it");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                const struct assertion_type *type = assertion_type_find(rows[i].type);
                CLEANUP(arena_freep) struct arena *arena = arena_new(MIB);
                struct assertion_draft *draft = draft_make(arena, type, NULL, BREAK_NONE);
                const char *key = rows[i].ed_body ? ed_text.data : rsa_text;
                struct err err = {0};
                const char *content;
                size_t bytes;

                check_case("row %zu: %s", i, rows[i].type);
                assertion_draft_text(draft, rows[i].header, rows[i].id ? rows[i].id : ed_id);
                assertion_draft_body(draft, key, strlen(key));
                if (!strcmp(rows[i].header, "since"))
                        assertion_draft_text(draft, "until", "2026-01-01T00:00:00Z");
                CHECK_RC(assertion_draft_content(draft, KEY_ID, &content, &bytes, &err), RC_INVALID,
                         &err);
                if (!strstr(err.text, rows[i].want))
                        CHECK_TEXT(err.text, rows[i].want);
        }
}

static void authority_follows_the_type(void)
{
        check_promise("self-signed types have no authority-id, all others need one");
        for (size_t t = 0; t < assertion_type_count(); t++) {
                const struct assertion_type *type = assertion_type_at(t);
                CLEANUP(arena_freep) struct arena *arena = arena_new(MIB);
                struct assertion_draft *draft = draft_make(arena, type, NULL, BREAK_NONE);
                struct err err = {0};
                const char *content;
                size_t bytes;

                check_case("%s", type->name);
                if (type->signer == SIGNER_SELF)
                        assertion_draft_text(draft, "authority-id", "acme");
                else
                        assertion_draft_value(draft, "authority-id",
                                              &(struct value){.kind = VALUE_LIST});
                CHECK_RC(assertion_draft_content(draft, KEY_ID, &content, &bytes, &err), RC_INVALID,
                         &err);
                CHECK(strstr(err.text, "authority-id") != NULL);
        }
}

static void system_users_are_bounded(void)
{
        static const struct {
                const char *until;
                bool models;
                bool serials;
                unsigned format;
                const char *email;
                enum rc want;
        } rows[] = {
                {"2027-01-01T00:00:00Z", false, false, 0, "a@b", RC_OK},
                {"2027-06-01T00:00:00Z", false, false, 0, "a@b", RC_INVALID},
                {"2036-01-01T00:00:00Z", true, false, 0, "a@b", RC_OK},
                {"2025-12-31T00:00:00Z", true, false, 0, "a@b", RC_INVALID},
                {"2027-01-01T00:00:00Z", true, true, 1, "a@b", RC_OK},
                {"2027-01-01T00:00:00Z", true, true, 0, "a@b", RC_INVALID},
                {"2027-01-01T00:00:00Z", false, true, 1, "a@b", RC_INVALID},
                {"2027-01-01T00:00:00Z", true, false, 0, "nobody", RC_INVALID},
        };

        check_promise("a system-user for every model ends within a year; serials need one model");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                CLEANUP(arena_freep) struct arena *arena = arena_new(MIB);
                struct assertion_draft *draft =
                        draft_make(arena, assertion_type_find("system-user"), NULL, BREAK_NONE);
                struct err err = {0};
                const char *content;
                size_t bytes;

                check_case("row %zu", i);
                assertion_draft_text(draft, "until", rows[i].until);
                assertion_draft_text(draft, "email", rows[i].email);
                assertion_draft_format(draft, rows[i].format);
                if (rows[i].models)
                        assertion_draft_value(draft, "models", &list);
                if (rows[i].serials)
                        assertion_draft_value(draft, "serials", &list);
                CHECK_RC(assertion_draft_content(draft, KEY_ID, &content, &bytes, &err),
                         rows[i].want, &err);
        }
}

int main(void)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(MIB);
        CLEANUP(pubkey_freep) struct pubkey *key = NULL;
        CLEANUP(fs_freep) char *text = NULL;
        uint8_t raw[32]; /* the base point of the curve: a key that nobody uses */
        struct assertion *got = NULL;
        struct err err = {0};
        size_t bytes = 0;

        CHECK_RC(crypto_init(&err), RC_OK, &err);
        CHECK_RC(fs_read_file("tests/vectors/assertion/app-a.assert", MIB, &text, &bytes, &err),
                 RC_OK, &err);
        CHECK_RC(assertion_parse(arena, text, bytes, &got, &err), RC_OK, &err);
        rsa_text = assertion_text(got, "device-key");
        memset(raw, 0x66, sizeof(raw));
        raw[0] = 0x58;
        CHECK_RC(pubkey_from_ed25519(raw, &key, &err), RC_OK, &err);
        pubkey_format(key, &ed_text);
        memcpy(ed_id, pubkey_id(key), sizeof(ed_id));

        table_is_the_specification();
        rules_are_enforced();
        schemes_are_kept_apart();
        keys_fit_their_carrier();
        authority_follows_the_type();
        system_users_are_bounded();
        buf_fini(&ed_text);
        return check_end();
}
