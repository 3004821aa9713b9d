/* SPDX-License-Identifier: Apache-2.0 */
/* Whose revisions a declaration lets in, and on which devices. */
#include "core/model/delegation.h"
#include "tests/lib/check.h"
#include <string.h>

#define ID  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define KEY "HdBQSgUzqNX9V37eu36NsmoYM-6OJ2xoRJTflxENcQpIQIYz012cjEmAOLZ6kqeJ"

static struct arena *arena;

static const struct assertion *read(const char *headers)
{
        CLEANUP(buf_fini) struct buf text = BUF_INIT(64 * KIB);
        struct assertion *got = NULL;
        struct err err = {0};

        buf_printf(&text, "%ssign-key-sha3-384: " KEY "\n\nAQEB\n", headers);
        CHECK_RC(assertion_parse(arena, arena_strdup(arena, text.data), text.len, &got, &err),
                 RC_OK, &err);
        return got;
}

static const struct assertion *declaration(const char *more)
{
        return read(arena_printf(arena,
                                 "type: snap-declaration\nauthority-id: root\nseries: 16\n"
                                 "snap-id: " ID "\nsnap-name: x\npublisher-id: maker\n"
                                 "timestamp: 2026-01-01T00:00:00Z\n%s",
                                 more));
}

#define ENTRY(more)                                                                                \
        "revision-authority:\n  -\n    account-id: brand\n    provenance:\n      - prod\n" more

static void signers_and_numbers(void)
{
        static const struct {
                const char *more;
                const char *account;
                const char *provenance;
                uint64_t revision;
                bool want;
        } rows[] = {
                {"", "brand", "prod", 1, false},
                {ENTRY(""), "brand", "prod", 1, true},
                {ENTRY(""), "other", "prod", 1, false},
                {ENTRY(""), "brand", "test", 1, false},
                {ENTRY(""), "brand", "global-upload", 1, false},
                {ENTRY("      - global-upload\n"), "brand", "global-upload", 1, false},
                {ENTRY("      - test\n"), "brand", "test", 1, true},
                {ENTRY("    min-revision: 3\n"), "brand", "prod", 2, false},
                {ENTRY("    min-revision: 3\n"), "brand", "prod", 3, true},
                {ENTRY("    max-revision: 3\n"), "brand", "prod", 3, true},
                {ENTRY("    max-revision: 3\n"), "brand", "prod", 4, false},
                /* what is no number allows nothing */
                {ENTRY("    min-revision: x\n"), "brand", "prod", 9, false},
                {ENTRY("    max-revision: 0\n"), "brand", "prod", 1, false},
                /* the second of two entries */
                {ENTRY("    max-revision: 3\n  -\n    account-id: brand\n    min-revision: 7\n"
                       "    provenance:\n      - prod\n"),
                 "brand", "prod", 7, true},
                {ENTRY("    max-revision: 3\n  -\n    account-id: brand\n    min-revision: 7\n"
                       "    provenance:\n      - prod\n"),
                 "brand", "prod", 5, false},
        };

        check_promise("a delegation is by signer, provenance and number; never of the default one");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                check_case("row %zu", i);
                CHECK_INT(delegation_covers(declaration(rows[i].more), rows[i].account,
                                            rows[i].provenance, rows[i].revision, NULL),
                          rows[i].want);
        }
        CHECK_INT(delegation_first(declaration(ENTRY("    min-revision: 5\n")), "brand", "prod"),
                  5);
        CHECK_INT(delegation_first(declaration(ENTRY("")), "brand", "prod"), 1);
        CHECK_INT(delegation_first(declaration(ENTRY("")), "other", "prod"), 0);
        CHECK(delegation_names(declaration(ENTRY("")), "brand"));
        CHECK(!delegation_names(declaration(""), "brand"));
}

static void devices(void)
{
        static const char store_text[] = "type: store\nauthority-id: root\nstore: mine\n"
                                         "operator-id: brand\nfriendly-stores:\n  - friend\n"
                                         "timestamp: 2026-01-01T00:00:00Z\n";
        static const struct {
                const char *more;
                const char *store;
                const char *brand;
                const char *model;
                bool want;       /* for the device */
                bool want_store; /* for some device of the store */
        } rows[] = {
                {"", NULL, NULL, NULL, true, true},
                {"    on-store:\n      - mine\n", "mine", "b", "m", true, true},
                {"    on-store:\n      - friend\n", "mine", "b", "m", true, true},
                {"    on-store:\n      - other\n", "mine", "b", "m", false, false},
                {"    on-store:\n      - mine\n", NULL, "b", "m", false, false},
                {"    on-brand:\n      - b\n", "mine", "b", "m", true, true},
                {"    on-brand:\n      - c\n", "mine", "b", "m", false, true},
                {"    on-brand:\n      - b\n", "mine", NULL, NULL, false, true},
                {"    on-model:\n      - b/m\n", "mine", "b", "m", true, true},
                {"    on-model:\n      - b/n\n", "mine", "b", "m", false, true},
                {"    on-model:\n      - bb/m\n", "mine", "b", "m", false, true},
                {"    on-model:\n      - m\n", "mine", "b", "m", false, true},
                {"    on-store:\n      - mine\n    on-brand:\n      - c\n    on-model:\n      - "
                 "b/m\n",
                 "mine", "b", "m", false, true},
        };
        const struct assertion *store = read(store_text);

        check_promise("on-store, on-brand and on-model must all fit the device");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                const struct assertion *one =
                        declaration(arena_printf(arena, ENTRY("%s"), rows[i].more));
                const struct delegation_device device = {
                        .store_id = rows[i].store,
                        .store = rows[i].store ? store : NULL,
                        .brand_id = rows[i].brand,
                        .model = rows[i].model,
                };

                check_case("row %zu", i);
                CHECK_INT(delegation_covers(one, "brand", "prod", 1, &device), rows[i].want);
                CHECK_INT(delegation_covers_store(one, "brand", "prod", 1, rows[i].store,
                                                  rows[i].store ? store : NULL),
                          rows[i].want_store);
        }
}

int main(void)
{
        arena = arena_new(4 * MIB);
        signers_and_numbers();
        devices();
        arena_freep(&arena);
        return check_end();
}
