/* SPDX-License-Identifier: Apache-2.0 */
/* What lists may hold, and headers that contradict each other: every rule broken once. */
#include "core/model/assertion_type.h"
#include "tests/lib/check.h"
#include "tests/unit/item_samples.h"

#define KEY  "HdBQSgUzqNX9V37eu36NsmoYM-6OJ2xoRJTflxENcQpIQIYz012cjEmAOLZ6kqeJ"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* What every draft of the type needs beside the header under test. */
static const struct {
        const char *type;
        const char *headers[16];
} bases[] = {
        {"model",
         {"series", "16", "brand-id", "acme", "model", "m", "timestamp", "2026-01-01T00:00:00Z"}},
        {"snap-declaration",
         {"series", "16", "snap-id", SAMPLE_ID, "snap-name", "hello", "publisher-id", "acme",
          "timestamp", "2026-01-01T00:00:00Z"}},
        {"snap-revision",
         {"snap-sha3-384", KEY, "snap-id", SAMPLE_ID, "snap-size", "1", "snap-revision", "1",
          "developer-id", "acme", "timestamp", "2026-01-01T00:00:00Z"}},
        {"snap-developer", {"snap-id", SAMPLE_ID, "publisher-id", "acme"}},
        {"store", {"store", "s", "operator-id", "acme", "timestamp", "2026-01-01T00:00:00Z"}},
        {"validation-set",
         {"series", "16", "account-id", "acme", "name", "fleet", "sequence", "1", "timestamp",
          "2026-01-01T00:00:00Z"}},
        {"repair",
         {"brand-id", "acme", "repair-id", "1", "summary", "s", "timestamp",
          "2026-01-01T00:00:00Z"}},
        {"system-user",
         {"brand-id", "acme", "email", "a@b", "username", "a", "since", "2026-01-01T00:00:00Z",
          "until", "2026-02-01T00:00:00Z"}},
        {"preseed",
         {"series", "16", "brand-id", "acme", "model", "m", "system-label", "l",
          "artifact-sha3-384", KEY, "timestamp", "2026-01-01T00:00:00Z"}},
};

static struct assertion_draft *draft_begin(struct arena *arena, const char *type)
{
        struct assertion_draft *draft = assertion_draft_new(arena, type);

        assertion_draft_text(draft, "authority-id", "acme");
        for (size_t i = 0; i < ARRAY_COUNT(bases); i++)
                for (size_t k = 0; !strcmp(bases[i].type, type) && bases[i].headers[k]; k += 2)
                        assertion_draft_text(draft, bases[i].headers[k], bases[i].headers[k + 1]);
        return draft;
}

static enum rc draft_end(struct assertion_draft *draft, struct err *err)
{
        const char *content;
        size_t bytes;

        return assertion_draft_content(draft, KEY, &content, &bytes, err);
}

static const struct {
        const char *type;
        const char *header;
        const char *lines[3];
        const char *want; /* NULL: accepted; else what the refusal says */
} item_rows[] = {
        {"model", "serial-authority", {"No Account"}, "serial-authority"},
        {"model", "snaps", {"id:" SAMPLE_ID}, "has no \"name\""},
        {"model", "snaps", {"name:hello id:short"}, "\"id\""},
        {"model", "snaps", {"name:hello", "name:hello"}, "names hello twice"},
        {"model", "snaps", {"hello"}, "must be a map"},
        {"model", "validation-sets", {"name:fleet"}, "has no \"mode\""},
        {"model", "validation-sets", {"name:fleet mode:monitor"}, "enforce"},
        {"model", "validation-sets", {"name:fleet mode:enforce sequence:0"}, "sequence"},
        {"snap-declaration", "refresh-control", {"hello"}, "a snap id"},
        {"snap-declaration", "aliases", {"name:hi"}, "has no \"target\""},
        {"snap-declaration", "aliases", {"name:hi target:a", "name:hi target:b"}, "names hi twice"},
        {"snap-declaration", "revision-authority", {"account-id:acme"}, "provenance"},
        {"snap-declaration", "revision-authority", {"account-id:acme provenance:prod"}, "a list"},
        {"snap-declaration",
         "revision-authority",
         {"account-id:acme provenance:[global-upload]"},
         "of its own"},
        {"snap-declaration",
         "revision-authority",
         {"account-id:acme provenance:[a_b]"},
         "of its own"},
        {"snap-declaration",
         "revision-authority",
         {"account-id:acme provenance:[prod] min-revision:0"},
         "min-revision"},
        {"snap-revision", "integrity", {"digest:xyz salt:00"}, "hex digits"},
        {"snap-developer", "developers", {"developer-id:acme"}, "since"},
        {"snap-developer",
         "developers",
         {"developer-id:acme since:yesterday"},
         "\"since\" in item 1"},
        {"store", "friendly-stores", {"name:x"}, "friendly-stores"},
        {"validation-set", "snaps", {"name:hello"}, "has no \"id\""},
        {"validation-set", "snaps", {"name:hello id:" SAMPLE_ID " presence:maybe"}, "presence is"},
        {"validation-set",
         "snaps",
         {"name:hello id:" SAMPLE_ID " presence:invalid revision:3"},
         "has no revision"},
        {"validation-set", "snaps", {"name:hello id:" SAMPLE_ID " presence:invalid"}, NULL},
        {"validation-set", "snaps", {"name:hello id:" SAMPLE_ID " revision:0"}, "from 1"},
        {"validation-set", "snaps", {"name:a id:" SAMPLE_ID, "name:b id:" SAMPLE_ID}, "twice"},
        {"validation-set", "snaps", {"name:a id:" SAMPLE_ID, "name:a id:" ID_B}, "twice"},
        {"validation-set", "snaps", {"name:a id:" SAMPLE_ID, "name:b id:" ID_B}, NULL},
        {"repair", "modes", {"install"}, "run or recover"},
        {"repair", "bases", {"Core"}, "a snap name"},
        {"preseed", "snaps", {"id:" SAMPLE_ID}, "has no \"name\""},
        {"preseed", "snaps", {"name:hello revision:x1"}, "revision"},
};

static void items_have_forms(void)
{
        check_promise("an item of a list in a wrong form is refused, and the text says which");
        for (size_t i = 0; i < ARRAY_COUNT(item_rows); i++) {
                CLEANUP(arena_freep) struct arena *arena = arena_new(MIB);
                struct assertion_draft *draft = draft_begin(arena, item_rows[i].type);
                struct err err = {0};
                size_t count = 0;

                while (item_rows[i].lines[count])
                        count++;
                check_case("row %zu: %s %s", i, item_rows[i].type, item_rows[i].header);
                assertion_draft_value(draft, item_rows[i].header,
                                      list_make(arena, item_rows[i].lines, count));
                CHECK_RC(draft_end(draft, &err), item_rows[i].want ? RC_INVALID : RC_OK, &err);
                if (item_rows[i].want && !strstr(err.text, item_rows[i].want))
                        CHECK_TEXT(err.text, item_rows[i].want);
        }
}

static void headers_agree(void)
{
        static const char *const snaps[] = {"name:hello"};
        static const struct {
                const char *type;
                const char *headers[6];
                unsigned format;
                bool snaps;
                const char *want;
        } rows[] = {
                {"model", {"gadget", "pc", "architecture", "amd64"}, 0, false, NULL},
                {"model", {"gadget", "pc"}, 0, true, "exclude"},
                {"model", {"kernel", "k"}, 0, true, "exclude"},
                {"model", {"grade", "signed"}, 0, true, NULL},
                {"model", {"grade", "signed"}, 0, false, "needs the header"},
                {"model", {"storage-safety", "encrypted"}, 0, false, "needs the header"},
                {"model", {"classic", "true", "kernel", "k"}, 0, false, "no kernel"},
                {"model", {"classic", "true", "base", "core20"}, 0, false, "no kernel"},
                {"model", {"classic", "false", "base", "core20"}, 0, false, NULL},
                {"system-user", {"password", "$6$salt$hash"}, 0, false, NULL},
                {"system-user", {"password", "$1$salt$hash"}, 0, false, "SHA-512"},
                {"system-user", {"password", "secret"}, 0, false, "SHA-512"},
                {"system-user", {"password", "$6$nosalt"}, 0, false, "SHA-512"},
                {"system-user", {"user-presence", "until-expiration"}, 1, false, "format 2"},
                {"system-user", {"user-presence", "until-expiration"}, 2, false, NULL},
        };

        check_promise("headers that contradict each other are refused");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                CLEANUP(arena_freep) struct arena *arena = arena_new(MIB);
                struct assertion_draft *draft = draft_begin(arena, rows[i].type);
                struct err err = {0};

                check_case("row %zu: %s %s", i, rows[i].type, rows[i].headers[0]);
                for (size_t k = 0; k < 6 && rows[i].headers[k]; k += 2)
                        assertion_draft_text(draft, rows[i].headers[k], rows[i].headers[k + 1]);
                assertion_draft_format(draft, rows[i].format);
                if (rows[i].snaps)
                        assertion_draft_value(draft, "snaps", list_make(arena, snaps, 1));
                CHECK_RC(draft_end(draft, &err), rows[i].want ? RC_INVALID : RC_OK, &err);
                if (rows[i].want && !strstr(err.text, rows[i].want))
                        CHECK_TEXT(err.text, rows[i].want);
        }
}

/* A text stands where a map is due, or the other way round; the good one passes in
 * test_assertion_type.c. */
static void samples_are_complete(void)
{
        check_promise("every list whose items have a form is tried with a good item");
        for (size_t i = 0; i < ARRAY_COUNT(item_samples); i++) {
                const struct assertion_type *type = assertion_type_find(item_samples[i].type);
                bool listed = false;

                check_case("%s %s", item_samples[i].type, item_samples[i].header);
                CHECK(type != NULL);
                for (const struct header_rule *rule = type ? type->headers : NULL;
                     rule && rule->name; rule++)
                        listed = listed ||
                                 (!strcmp(rule->name, item_samples[i].header) &&
                                  (rule->form == FORM_LIST || rule->form == FORM_LIST_OR_STAR));
                CHECK(listed);
        }
}

int main(void)
{
        items_have_forms();
        headers_agree();
        samples_are_complete();
        return check_end();
}
