/* SPDX-License-Identifier: Apache-2.0 */
#include "core/model/name.h"
#include "tests/lib/check.h"
#include <inttypes.h>

#define A10 "aaaaaaaaaa"
#define A32 A10 A10 A10 "aa"

struct grammar_case {
        bool (*is)(const char *text);
        const char *text;
        bool want;
};

static const struct grammar_case grammars[] = {
        {name_is_snap, "hello", true},
        {name_is_snap, "a", true},
        {name_is_snap, "0a-b9", true},
        {name_is_snap, A10 A10 A10 A10, true},
        {name_is_snap, A10 A10 A10 A10 "a", false},
        {name_is_snap, "", false},
        {name_is_snap, "-a", false},
        {name_is_snap, "a-", false},
        {name_is_snap, "a--b", false},
        {name_is_snap, "123", false},
        {name_is_snap, "Hello", false},
        {name_is_snap, "a_b", false},
        {name_is_snap, "a/b", false},
        {name_is_snap, "caf\xc3\xa9", false},
        {name_is_snap_id, A32, true},
        {name_is_snap_id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345", true},
        {name_is_snap_id, A32 "a", false},
        {name_is_snap_id, A10, false},
        {name_is_snap_id, A10 A10 A10 "a-", false},
        {name_is_account, A32, true},
        {name_is_account, "canonical", true},
        {name_is_account, "testrootorg", true},
        {name_is_account, "generic", true},
        {name_is_account, "my-brand", true},
        {name_is_account, "ab", true},
        {name_is_account, "a", false},
        {name_is_account, "", false},
        {name_is_account, "Brand", false},
        {name_is_account, "a/b", false},
        {name_is_account, A10 A10 "aaaaaaaa", true},
        {name_is_account, A10 A10 "aaaaaaaaa", false},
        {name_is_username, "jo-hn", true},
        {name_is_username, "j", false},
        {name_is_username, "jo--hn", false},
        {name_is_username, A10 A10 A10, false},
        {name_is_model, "widget-1", true},
        {name_is_model, "Widget", false},
        {name_is_model, "a--b", false},
        {name_is_model, A32 A32, true},
        {name_is_model, A32 A32 "a", false},
        {name_is_serial, "A1:b+2-3", true},
        {name_is_serial, "a::b", false},
        {name_is_serial, "a-", false},
        {name_is_serial, "a/b", false},
        {name_is_serial, "", false},
        {name_is_key, "default", true},
        {name_is_key, "1-a", true},
        {name_is_key, "1-2", false},
        {name_is_key, "a--b", false},
        {name_is_track, "2.0", true},
        {name_is_track, "latest", true},
        {name_is_track, "A-b_c", true},
        {name_is_track, "a..b", false},
        {name_is_track, ".a", false},
        {name_is_track, A10 A10 "aaaaaaaa", true},
        {name_is_track, A10 A10 "aaaaaaaaa", false},
        {name_is_branch, "fix-1.2", true},
        {name_is_branch, "a_b", false},
        {name_is_branch, "a/b", false},
        {name_is_branch, "", false},
        {name_is_branch, A32 A32 "a", false},
        {name_is_arch, "all", true},
        {name_is_arch, "riscv64", true},
        {name_is_arch, "mips", false},
        {name_is_arch, "", false},
        {name_is_store, "My_Store-1", true},
        {name_is_store, "my store", false},
        {name_is_store, "", false},
        {name_is_store, "a/b", false},
        {name_is_provenance, "global-upload", true},
        {name_is_provenance, "Prod1", true},
        {name_is_provenance, "-a", false},
        {name_is_provenance, "a--b", false},
        {name_is_provenance, "a_b", false},
};

static void names_follow_their_grammar(void)
{
        check_promise("a text is a name exactly where its grammar says so");
        for (size_t i = 0; i < ARRAY_COUNT(grammars); i++) {
                check_case("row %zu: \"%s\"", i, grammars[i].text);
                CHECK_INT(grammars[i].is(grammars[i].text), grammars[i].want);
        }
}

static void numbers_are_plain(void)
{
        static const struct {
                const char *text;
                uint64_t max;
                enum rc rc;
                uint64_t want;
        } rows[] = {
                {"1", 10, RC_OK, 1},
                {"10", 10, RC_OK, 10},
                {"18446744073709551615", UINT64_MAX, RC_OK, UINT64_MAX},
                {"18446744073709551616", UINT64_MAX, RC_INVALID, 7},
                {"99999999999999999999", UINT64_MAX, RC_INVALID, 7},
                {"11", 10, RC_INVALID, 7},
                {"0", 10, RC_INVALID, 7},
                {"01", 10, RC_INVALID, 7},
                {"", 10, RC_INVALID, 7},
                {"+1", 10, RC_INVALID, 7},
                {"-1", 10, RC_INVALID, 7},
                {" 1", 10, RC_INVALID, 7},
                {"1 ", 10, RC_INVALID, 7},
                {"1a", 10, RC_INVALID, 7},
                {"0x1", 10, RC_INVALID, 7},
        };

        check_promise("a number is decimal, positive and bounded; a refusal leaves the result");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                uint64_t got = 7;

                check_case("\"%s\" up to %" PRIu64, rows[i].text, rows[i].max);
                CHECK_RC(number_parse_u64(rows[i].text, rows[i].max, &got), rows[i].rc, NULL);
                CHECK(got == rows[i].want);
        }
}

int main(void)
{
        names_follow_their_grammar();
        numbers_are_plain();
        return check_end();
}
