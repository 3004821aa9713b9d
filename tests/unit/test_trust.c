/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom to believe: one small world of accounts, keys and packages (trust_world.h), and a row for
 * each refusal.
 */
#include "tests/unit/trust_world.h"

#define REVISION(by, provenance, revision, developer, snap)                                        \
        "type: snap-revision\n" BY(by) "snap-sha3-384: " DIGEST "\nprovenance: " provenance        \
                                       "\nsnap-id: " snap                                          \
                                       "\nsnap-size: 1\nsnap-revision: " revision                  \
                                       "\ndeveloper-id: " developer "\n" STAMP
#define PAIR(by, provenance, revision)                                                             \
        "type: snap-resource-pair\n" BY(by) "snap-id: " SNAP_A "\nresource-name: r\n"              \
                                            "resource-revision: " revision "\nsnap-revision: 1\n"  \
                                            "provenance: " provenance                              \
                                            "\ndeveloper-id: dev\n" STAMP
#define ACCOUNT(by)                                                                                \
        "type: account\n" BY(by) "account-id: new\ndisplay-name: X\nvalidation: unproven\n" STAMP
#define SET(by, account)                                                                           \
        "type: validation-set\n" BY(                                                               \
                by) "series: 16\naccount-id: " account                                             \
                    "\nname: x\nsequence: 1\nsnaps:\n  -\n    name: x\n    id: " SNAP_A "\n" STAMP
#define STORE(by, operator) "type: store\n" BY(by) "store: s\noperator-id: " operator"\n" STAMP
#define MODEL(by, brand, model)                                                                    \
        "type: model\n" BY(by) "series: 16\nbrand-id: " brand "\nmodel: " model "\n" STAMP
#define GATE(by, gating, approved)                                                                 \
        "type: validation\n" BY(by) "series: 16\nsnap-id: " gating "\napproved-snap-id: " approved \
                                    "\napproved-snap-revision: 1\n" STAMP
#define PRESEED(by, model)                                                                         \
        "type: preseed\n" BY(                                                                      \
                by) "series: 16\nbrand-id: brand\nmodel: " model                                   \
                    "\nsystem-label: l\nsnaps:\n  -\n    name: x\nartifact-sha3-384: " DIGEST      \
                    "\n" STAMP
#define LISTED(by, publisher, developer, snap)                                                     \
        "type: snap-developer\n" BY(by) "snap-id: " snap "\npublisher-id: " publisher              \
                                        "\ndevelopers:\n  -\n    developer-id: " developer         \
                                        "\n    since: 2026-01-01T00:00:00Z\n"
#define BUILD(by)                                                                                  \
        "type: snap-build\n" BY(by) "snap-sha3-384: " DIGEST "\nsnap-id: " SNAP_A                  \
                                    "\ngrade: stable\nsnap-size: 1\n" STAMP
#define DECLARED(by, publisher, more)                                                              \
        "type: snap-declaration\n" more BY(by) "series: 16\nsnap-id: " SNAP_C                      \
                                               "\nsnap-name: \npublisher-id: " publisher           \
                                               "\n" STAMP
#define USER(by)                                                                                   \
        "type: system-user\n" BY(by) "brand-id: brand\nemail: a@b\nusername: u\n"                  \
                                     "since: 2026-01-01T00:00:00Z\nuntil: 2026-02-01T00:00:00Z\n"
#define EPOCH(by)  "type: manifest-epoch\n" BY(by) "account-id: root-co\nepoch: 1\n" STAMP
#define REPAIR(by) "type: repair\n" BY(by) "brand-id: brand\nrepair-id: 1\nsummary: x\n" STAMP

#define FAR_ACCOUNT(id)                                                                            \
        "type: account\nrevision: 9\n" BY(                                                         \
                "far-co") "account-id: " id "\ndisplay-name: X\nvalidation: unproven\n" STAMP
#define FAR_KEPT(id)                                                                               \
        "type: account\n" BY("root-co") "account-id: " id                                          \
                                        "\ndisplay-name: X\nvalidation: unproven\n" STAMP
#define FAR_DECLARED(snap, publisher)                                                              \
        "type: snap-declaration\nrevision: 9\n" BY(                                                \
                "far-co") "series: 16\nsnap-id: " snap "\nsnap-name: x\npublisher-id: " publisher  \
                          "\n" STAMP

struct row {
        enum key key;
        const char *headers;
        enum rc want;
        const char *text; /* a part of the message */
};

static void rows_check(const struct row *rows, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                struct assertion *assertion = make(rows[i].key, rows[i].headers, NO_KEY);
                struct err err = {0};

                check_case("row %zu: %s", i, rows[i].headers);
                if (!assertion)
                        continue;
                CHECK_RC(check_with(assertion, TRUST_DEFAULT, &err), rows[i].want, &err);
                if (rows[i].text && !strstr(err.text, rows[i].text))
                        CHECK_TEXT(err.text, rows[i].text);
                if (rows[i].want == RC_NOT_FOUND)
                        CHECK_TEXT(err.code, "missing-prerequisite");
        }
}

static void signers_are_checked(void)
{
        static const struct row rows[] = {
                {ROOT, ACCOUNT("root-co"), RC_OK, NULL},
                {SECOND, ACCOUNT("root-co"), RC_OK, NULL},
                {BRAND, ACCOUNT("brand"), RC_UNTRUSTED, "trusted account"},
                {BRAND, ACCOUNT("root-co"), RC_UNTRUSTED, "another account"},
                {LONE, ACCOUNT("root-co"), RC_NOT_FOUND, "account-key"},
                {BRAND, MODEL("brand", "brand", "m2"), RC_OK, NULL},
                {DEV, MODEL("dev", "brand", "m2"), RC_UNTRUSTED, "brand-id"},
                {ROOT, MODEL("root-co", "brand", "m2"), RC_UNTRUSTED, "brand-id"},
                {BRAND, SET("brand", "brand"), RC_OK, NULL},
                {BRAND, SET("brand", "dev"), RC_UNTRUSTED, "account-id"},
                {ROOT, STORE("root-co", "brand"), RC_OK, NULL},
                {BRAND, STORE("brand", "brand"), RC_UNTRUSTED, "trusted account"},
                {BRAND, REPAIR("brand"), RC_OK, NULL},
                {ROOT, REPAIR("root-co"), RC_UNTRUSTED, "brand-id"},
                {DEV, USER("dev"), RC_OK, NULL},
                {BRAND, PRESEED("brand", "m1"), RC_OK, NULL},
                {DEV, PRESEED("dev", "m1"), RC_OK, NULL},
                {DEV, PRESEED("dev", "m2"), RC_UNTRUSTED, "brand-id"},
                {ROOT, LISTED("root-co", "dev", "brand", SNAP_A), RC_OK, NULL},
                {DEV, LISTED("dev", "dev", "brand", SNAP_A), RC_OK, NULL},
                {BRAND, LISTED("brand", "dev", "brand", SNAP_A), RC_UNTRUSTED, "publisher"},
                {BRAND, GATE("brand", SNAP_B, SNAP_A), RC_OK, NULL},
                {DEV, GATE("dev", SNAP_B, SNAP_A), RC_UNTRUSTED, "gating"},
                {ROOT, GATE("root-co", SNAP_B, SNAP_A), RC_UNTRUSTED, "gating"},
                {ROOT, EPOCH("root-co"), RC_OK, NULL},
                {SECOND, EPOCH("root-co"), RC_UNTRUSTED, "root key itself"},
                {BRAND, EPOCH("brand"), RC_UNTRUSTED, "root key itself"},
                {DEV, BUILD("dev"), RC_OK, NULL},
                {AGENT, BUILD("dev"), RC_OK, NULL},
                {AGENT, BUILD("brand"), RC_UNTRUSTED, "another account"},
                {OTHER, BUILD("dev"), RC_UNTRUSTED, "another purpose"},
                {ROOT, REVISION("root-co", "global-upload", "1", "dev", SNAP_A), RC_OK, NULL},
                {ROOT, REVISION("root-co", "global-upload", "1", "brand", SNAP_A), RC_OK, NULL},
                {BRAND, REVISION("brand", "global-upload", "5", "dev", SNAP_A), RC_UNTRUSTED,
                 "trusted account"},
                {BRAND, REVISION("brand", "prod", "2", "dev", SNAP_A), RC_OK, NULL},
                {BRAND, REVISION("brand", "prod", "9", "brand", SNAP_A), RC_OK, NULL},
                {BRAND, REVISION("brand", "prod", "1", "dev", SNAP_A), RC_UNTRUSTED, "covers"},
                {BRAND, REVISION("brand", "prod", "10", "dev", SNAP_A), RC_UNTRUSTED, "covers"},
                {BRAND, REVISION("brand", "test", "5", "dev", SNAP_A), RC_UNTRUSTED, "covers"},
                {BRAND, REVISION("brand", "prod", "5", "dev", SNAP_B), RC_UNTRUSTED, "covers"},
                {DEV, REVISION("dev", "prod", "5", "dev", SNAP_A), RC_UNTRUSTED, "covers"},
                {ROOT, REVISION("root-co", "prod", "5", "dev", SNAP_A), RC_UNTRUSTED, "covers"},
                {BRAND, REVISION("brand", "prod", "5", "root-co", SNAP_A), RC_UNTRUSTED,
                 "no developer"},
                {BRAND, PAIR("brand", "prod", "5"), RC_OK, NULL},
                {BRAND, PAIR("brand", "prod", "10"), RC_UNTRUSTED, "covers"},
                {ROOT, PAIR("root-co", "global-upload", "10"), RC_OK, NULL},
        };

        check_promise("a type is believed from whom its rule names, and from nobody else");
        rows_check(rows, ARRAY_COUNT(rows));
}

static void serials_are_checked(void)
{
        const struct row rows[] = {
                {BRAND, serial_headers("brand", "unknown"), RC_OK, NULL},
                {DEV, serial_headers("dev", "m1"), RC_OK, NULL},
                {DEV, serial_headers("dev", "unknown"), RC_UNTRUSTED, "serial-authority"},
                {ROOT, serial_headers("root-co", "m1"), RC_UNTRUSTED, "serial-authority"},
        };

        check_promise("a serial is the brand's, or of whom the model names as serial-authority");
        rows_check(rows, ARRAY_COUNT(rows));
}

static void prerequisites_are_needed(void)
{
        static const struct row rows[] = {
                {ROOT, STORE("root-co", "nobody"), RC_NOT_FOUND, "account/nobody"},
                {ROOT, DECLARED("root-co", "nobody", ""), RC_NOT_FOUND, "account/nobody"},
                {ROOT, DECLARED("root-co", "dev", ""), RC_OK, NULL},
                {ROOT, REVISION("root-co", "global-upload", "1", "nobody", SNAP_A), RC_NOT_FOUND,
                 "account/nobody"},
                {ROOT, REVISION("root-co", "global-upload", "1", "dev", SNAP_C), RC_NOT_FOUND,
                 "snap-declaration/16/" SNAP_C},
                {BRAND, REVISION("brand", "prod", "5", "dev", SNAP_C), RC_NOT_FOUND,
                 "snap-declaration/16/" SNAP_C},
                {BRAND, GATE("brand", SNAP_B, SNAP_C), RC_NOT_FOUND, "snap-declaration"},
                {BRAND, GATE("brand", SNAP_C, SNAP_B), RC_NOT_FOUND, "snap-declaration"},
                {DEV, LISTED("dev", "dev", "nobody", SNAP_A), RC_NOT_FOUND, "account/nobody"},
                {DEV, LISTED("dev", "dev", "brand", SNAP_C), RC_NOT_FOUND, "snap-declaration"},
                {AGENT, BUILD("dev"), RC_OK, NULL},
        };

        check_promise("what an assertion refers to must be known before it is believed");
        rows_check(rows, ARRAY_COUNT(rows));
}

static void lives_and_formats_are_checked(void)
{
        static const struct row rows[] = {
                {STALE, MODEL("brand", "brand", "m2"), RC_EXPIRED, "not in its life"},
                {ROOT, DECLARED("root-co", "dev", "format: 7\n"), RC_OK, NULL},
                {ROOT, DECLARED("root-co", "dev", "format: 8\n"), RC_UNTRUSTED, "newer"},
                {TIED, MODEL("brand", "brand", "ward-9"), RC_OK, NULL},
                {TIED, MODEL("brand", "brand", "m2"), RC_UNTRUSTED, "constraints"},
                {TIED, SET("brand", "brand"), RC_UNTRUSTED, "constraints"},
        };
        static const struct {
                const char *now;
                const char *stamp;
                unsigned flags;
                enum rc want;
        } times[] = {
                {"2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", 0, RC_OK},
                {"2025-12-31T23:59:59Z", "2026-01-01T00:00:00Z", 0, RC_EXPIRED},
                {"2026-12-31T23:59:59Z", "2026-12-31T23:59:59Z", 0, RC_OK},
                {"2027-01-01T00:00:00Z", "2026-06-01T00:00:00Z", 0, RC_EXPIRED},
                {"2027-01-01T00:00:00Z", "2026-06-01T00:00:00Z", TRUST_IGNORE_EXPIRY, RC_OK},
                {"2026-06-01T00:00:00Z", "2027-01-01T00:00:00Z", 0, RC_UNTRUSTED},
                {"2026-06-01T00:00:00Z", "2025-12-31T23:59:59Z", 0, RC_UNTRUSTED},
                {"2026-06-01T00:00:00Z", "2025-12-31T23:59:59Z", TRUST_IGNORE_EXPIRY, RC_UNTRUSTED},
        };

        check_promise("keys count in their life only, constrained keys for what they allow only");
        rows_check(rows, ARRAY_COUNT(rows));
        for (size_t i = 0; i < ARRAY_COUNT(times); i++) {
                const char *text = arena_printf(
                        arena,
                        "type: model\n" BY("brand") "series: 16\nbrand-id: brand\nmodel: m3\n"
                                                    "timestamp: %s\n",
                        times[i].stamp);
                struct err err = {0};

                check_case("at %s, stamped %s", times[i].now, times[i].stamp);
                CHECK_RC(trust_check(make(BRAND, text, NO_KEY), &source, times[i].flags,
                                     time_of(times[i].now), arena, &err),
                         times[i].want, &err);
        }
}

static void signatures_are_checked(void)
{
        struct assertion *good = make(BRAND, MODEL("brand", "brand", "m2"), NO_KEY);
        struct assertion *other = make(BRAND, MODEL("brand", "brand", "m4"), NO_KEY);
        struct assertion *mixed = NULL;
        struct err err = {0};

        check_promise("a signature counts for the content that it was made over only");
        CHECK_RC(assertion_assemble(arena, good->bytes, good->content_count, other->signature,
                                    &mixed, &err),
                 RC_OK, &err);
        CHECK_RC(check_with(mixed, TRUST_DEFAULT, &err), RC_UNTRUSTED, &err);
        CHECK_RC(check_with(good, TRUST_DEFAULT, &err), RC_OK, &err);
        CHECK_RC(assertion_verify(good, privkey_pubkey(keys[DEV]), &err), RC_UNTRUSTED, &err);
}

static void roots_are_configured(void)
{
        struct err err = {0};

        check_promise("a self-signed account-key is believed for configured roots only");
        CHECK_RC(check_with(make(LONE, key_headers("account-key", LONE, "root-co", ""), LONE), 0,
                            &err),
                 RC_NOT_FOUND, &err);
        CHECK_RC(check_with(make(ROOT, key_headers("account-key", LONE, "nobody", ""), LONE), 0,
                            &err),
                 RC_NOT_FOUND, &err);
        CHECK_RC(check_with(make(ROOT, key_headers("account-key", ROOT, "brand", ""), ROOT), 0,
                            &err),
                 RC_UNTRUSTED, &err);
        CHECK_RC(check_with(make(SECOND, key_headers("account-key", ROOT, "root-co", ""), ROOT), 0,
                            &err),
                 RC_UNTRUSTED, &err);

        check_promise("a further key of the trusted account, signed by another of its keys, holds");
        CHECK_RC(check_with(make(SECOND, key_headers("account-key", LONE, "root-co", ""), LONE), 0,
                            &err),
                 RC_OK, &err);
}

/* Another trusted account, with a key and a developer of its own. */
static void roots_keep_to_their_own(void)
{
        struct assertion *const world[] = {
                make(FAR, far_headers("account-key", "far-co", key_id(FAR)), FAR),
                make(FAR, FAR_ACCOUNT("far-co"), NO_KEY),
                make(FAR, FAR_ACCOUNT("far-dev"), NO_KEY),
                make(FAR, FAR_DECLARED(SNAP_D, "far-dev"), NO_KEY),
        };
        const struct row rows[] = {
                {FAR, REVISION("far-co", "global-upload", "1", "far-dev", SNAP_D), RC_OK, NULL},
                {FAR, FAR_ACCOUNT("brand"), RC_UNTRUSTED, "signed the one that is known"},
                {FAR, FAR_ACCOUNT("root-co"), RC_UNTRUSTED, "signed the one that is known"},
                {FAR, FAR_DECLARED(SNAP_A, "far-dev"), RC_UNTRUSTED,
                 "signed the one that is known"},
                {FAR, FAR_DECLARED(SNAP_C, "brand"), RC_UNTRUSTED, "no say in account"},
                {FAR, REVISION("far-co", "global-upload", "1", "far-dev", SNAP_A), RC_UNTRUSTED,
                 "no say in snap-declaration"},
                {FAR, PAIR("far-co", "global-upload", "1"), RC_UNTRUSTED, "no say in"},
                {FAR, STORE("far-co", "brand"), RC_UNTRUSTED, "no say in account"},
                {FAR, LISTED("far-co", "dev", "far-dev", SNAP_A), RC_UNTRUSTED, "no say in"},
                {ROOT, FAR_KEPT("far-dev"), RC_UNTRUSTED, "signed the one that is known"},
        };
        static const char *const accounts[] = {"brand", "root-co"};
        struct err err = {0};

        check_promise("a root speaks for what it brought in, and for nothing of another root");
        second_root = true;
        for (size_t i = 0; i < ARRAY_COUNT(world); i++)
                know(world[i]);
        rows_check(rows, ARRAY_COUNT(rows));
        for (size_t i = 0; i < ARRAY_COUNT(accounts); i++) {
                check_case("a key for %s", accounts[i]);
                CHECK_RC(check_with(make(FAR, far_headers("account-key", accounts[i], key_id(LONE)),
                                         LONE),
                                    0, &err),
                         RC_UNTRUSTED, &err);
        }
        known_count -= ARRAY_COUNT(world);
        second_root = false;
}

static void devices_sign_for_themselves(void)
{
        static const char session[] = "type: device-session-request\nbrand-id: brand\nmodel: m1\n"
                                      "serial: s1\nnonce: n\n" STAMP;
        const char *request = strstr(serial_headers("brand", "m1"), "device-key:");
        const char *headers = arena_printf(arena,
                                           "type: serial-request\nbrand-id: brand\nmodel: m1\n"
                                           "request-id: r\n%s",
                                           request);
        const char *wanted = arena_printf(arena,
                                          "type: account-key-request\npublic-key-sha3-384: %s\n"
                                          "account-id: dev\nname: x\nsince: 2026-01-01T00:00:00Z\n",
                                          key_id(LONE));
        struct assertion *got;
        struct assertion *mixed = NULL;
        struct err err = {0};

        check_promise(
                "self-signed requests are checked with the key inside, or that of the serial");
        got = make(DEVICE, headers, NO_KEY);
        CHECK_RC(trust_check_self_signed(got, &err), RC_OK, &err);
        CHECK_RC(check_with(got, 0, &err), RC_OK, &err);
        CHECK_RC(trust_check_self_signed(make(LONE, wanted, LONE), &err), RC_OK, &err);
        CHECK_RC(trust_check_self_signed(make(DEV, wanted, LONE), &err), RC_UNTRUSTED, &err);
        CHECK_RC(assertion_assemble(arena, got->bytes, got->content_count,
                                    make(DEVICE, session, NO_KEY)->signature, &mixed, &err),
                 RC_OK, &err);
        CHECK_RC(trust_check_self_signed(mixed, &err), RC_UNTRUSTED, &err);

        CHECK_RC(check_with(make(DEVICE, session, NO_KEY), 0, &err), RC_OK, &err);
        CHECK_RC(check_with(make(LONE, session, NO_KEY), 0, &err), RC_UNTRUSTED, &err);
        CHECK_RC(trust_check_self_signed(make(DEVICE, session, NO_KEY), &err), RC_UNTRUSTED, &err);
        source.context = (void *)"serial";
        CHECK_RC(check_with(make(DEVICE, session, NO_KEY), 0, &err), RC_NOT_FOUND, &err);
        source.context = NULL;
}

static void prerequisites_are_listed(void)
{
        const struct {
                enum key key;
                const char *headers;
                const char *want;
        } rows[] = {
                {ROOT, ACCOUNT("root-co"), "account-key/ROOT account/root-co "},
                {ROOT, REVISION("root-co", "global-upload", "1", "dev", SNAP_A),
                 "account-key/ROOT account/root-co account/dev snap-declaration/16/" SNAP_A " "},
                {ROOT, STORE("root-co", "root-co"), "account-key/ROOT account/root-co "},
                {BRAND, GATE("brand", SNAP_B, SNAP_A),
                 "account-key/BRAND account/brand snap-declaration/16/" SNAP_B
                 " snap-declaration/16/" SNAP_A " "},
                {DEV, serial_headers("dev", "m1"),
                 "account-key/DEV account/dev model/16/brand/m1 "},
                {BRAND, serial_headers("brand", "m1"), "account-key/BRAND account/brand "},
                {DEV, LISTED("dev", "dev", "brand", SNAP_A),
                 "account-key/DEV account/dev account/brand snap-declaration/16/" SNAP_A " "},
                {AGENT, BUILD("dev"), "agent-key/AGENT account/dev "},
                {DEVICE,
                 "type: device-session-request\nbrand-id: brand\nmodel: m1\nserial: s1\n"
                 "nonce: n\n" STAMP,
                 "serial/brand/m1/s1 "},
        };
        static const char *const names[] = {"ROOT",   "SECOND", "BRAND", "DEV",   "TIED", "STALE",
                                            "DEVICE", "LONE",   "FAR",   "AGENT", "OTHER"};

        check_promise(
                "the list of prerequisites names each one once, and never the assertion itself");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                CLEANUP(buf_fini) struct buf got = BUF_INIT(16 * KIB);
                struct assertion *assertion = make(rows[i].key, rows[i].headers, NO_KEY);
                struct trust_ref refs[8];
                struct err err = {0};
                size_t count = 0;

                check_case("row %zu", i);
                CHECK_RC(trust_prerequisites(assertion, arena, refs, 8, &count, &err), RC_OK, &err);
                for (size_t k = 0; k < count; k++) {
                        buf_text(&got, refs[k].type);
                        for (size_t p = 0; p < ASSERTION_PK_MAX && refs[k].pk[p]; p++)
                                buf_printf(&got, "/%s",
                                           strcmp(refs[k].pk[p], key_id(rows[i].key))
                                                   ? refs[k].pk[p]
                                                   : names[rows[i].key]);
                        buf_char(&got, ' ');
                }
                CHECK_TEXT(got.data ? got.data : "", rows[i].want);
                CHECK_RC(trust_prerequisites(assertion, arena, refs, count - 1, &count, &err),
                         RC_TOO_BIG, &err);
        }
        struct assertion *root = make(ROOT, key_headers("account-key", ROOT, "root-co", ""), ROOT);
        struct trust_ref refs[8];
        size_t count = 0;

        check_case("the root's own key");
        CHECK_RC(trust_prerequisites(root, arena, refs, 8, &count, NULL), RC_OK, NULL);
        CHECK_INT(count, 1);
        CHECK_TEXT(refs[0].type, "account");
}

int main(void)
{
        struct err err = {0};

        CHECK_RC(crypto_init(&err), RC_OK, &err);
        arena = arena_new(64 * MIB);
        for (unsigned i = 0; i < KEY_COUNT; i++)
                CHECK_RC(i >= AGENT ? privkey_generate_ed25519(&keys[i], &err)
                                    : privkey_generate_rsa(1024, &keys[i], &err),
                         RC_OK, &err);
        world_build();
        signers_are_checked();
        serials_are_checked();
        prerequisites_are_needed();
        lives_and_formats_are_checked();
        signatures_are_checked();
        roots_are_configured();
        roots_keep_to_their_own();
        devices_sign_for_themselves();
        prerequisites_are_listed();
        for (unsigned i = 0; i < KEY_COUNT; i++)
                privkey_freep(&keys[i]);
        arena_freep(&arena);
        return check_end();
}
