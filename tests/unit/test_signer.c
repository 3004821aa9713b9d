/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signer's policy, asked through its own messages: each rule is attacked by its name, and what
 * is right is issued. The process around it is attacked in test_signer_attack.c.
 */
#include "core/base/fs.h"
#include "core/base/jsonx.h"
#include "server/signer/message.h"
#include "tests/lib/check.h"
#include "tests/lib/scratch.h"
#include "tests/lib/signer_kit.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOW          "2026-06-01T00:00:00Z"
#define SNAP_A       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SNAP_B       "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SNAP_C       "cccccccccccccccccccccccccccccccc"
#define TEN(x)       x x x x x x x x x x
#define DIGEST_OF(x) TEN(x) TEN(x) TEN(x) TEN(x) TEN(x) TEN(x) x x x x
#define F(...)       arena_printf(kit->arena, __VA_ARGS__)

static struct kit *kit;
static struct trust_set *trust;
static struct signer *signer;
static char keys_dir[512];
static char attacked[256][48];
static size_t attacked_count;

struct answer {
        char rc[32];
        const char *text;      /* "" after success */
        const char *assertion; /* NULL after a failure */
};

static struct answer ask_json(const char *request)
{
        CLEANUP(buf_fini) struct buf out = BUF_INIT(1 * MIB);
        CLEANUP(jsonx_decref) json_t *json = NULL;
        struct answer answer = {.text = ""};
        const char *rc = "";
        const char *text = NULL;
        const char *assertion = NULL;
        struct err err = {0};
        bool garbage = false;

        message_answer(signer, request, strlen(request), &out, &garbage);
        CHECK_RC(jsonx_parse_object(out.data, out.len, &json, &err), RC_OK, &err);
        CHECK_RC(jsonx_get_text(json, "rc", JSONX_MUST, 31, &rc, &err), RC_OK, &err);
        CHECK_RC(jsonx_get_text(json, "text", JSONX_MAY, 4096, &text, &err), RC_OK, &err);
        CHECK_RC(jsonx_get_text(json, "assertion", JSONX_MAY, MIB, &assertion, &err), RC_OK, &err);
        snprintf(answer.rc, sizeof(answer.rc), "%s", rc);
        if (text)
                answer.text = arena_strdup(kit->arena, text);
        if (assertion)
                answer.assertion = arena_strdup(kit->arena, assertion);
        return answer;
}

static void refused(const char *rule, const char *role, const char *type, const char *headers,
                    const char *body, const char *evidence)
{
        const struct answer answer =
                ask_json(kit_request(kit, role, type, headers, body, evidence));
        const char *head = F("policy %s: ", rule);

        CHECK_TEXT(answer.rc, "REFUSED");
        CHECK_TEXT(strncmp(answer.text, head, strlen(head)) == 0 ? head : answer.text, head);
        CHECK(!answer.assertion);
        if (attacked_count < ARRAY_COUNT(attacked))
                snprintf(attacked[attacked_count++], sizeof(attacked[0]), "%s", rule);
}

static const char *issued(const char *role, const char *type, const char *headers, const char *body,
                          const char *evidence)
{
        const struct answer answer =
                ask_json(kit_request(kit, role, type, headers, body, evidence));

        CHECK_TEXT(answer.text, "");
        CHECK_TEXT(answer.rc, "OK");
        return answer.assertion ? answer.assertion : "";
}

static void invalid(const char *role, const char *type, const char *headers)
{
        CHECK_TEXT(ask_json(kit_request(kit, role, type, headers, NULL, NULL)).rc, "INVALID");
}

/* --- starting --- */

static void signer_start(const char *now, int64_t rate, bool require_build)
{
        CLEANUP(secret_freep)
        struct secret *passphrase = secret_new_copy(KIT_PASSPHRASE, strlen(KIT_PASSPHRASE));
        CLEANUP(keyring_freep) struct keyring *keyring = NULL;
        CLEANUP(ledger_freep) struct ledger *ledger = NULL;
        struct signer_setup setup = {
                .trust = trust,
                .rate_per_min = rate,
                .policy = {.max_package_bytes = 1000000, .require_snap_build = require_build},
        };
        struct err err = {0};
        int fd = -1;

        signer_freep(&signer);
        CHECK_RC(clock_parse(now, &setup.clock.fixed_usec), RC_OK, NULL);
        CHECK_RC(keyring_load(keys_dir, passphrase, trust, &keyring, &err), RC_OK, &err);
        CHECK_RC(keydir_open(keys_dir, KEYDIR_LOG_FILE, O_RDWR | O_APPEND | O_CREAT, &fd, &err),
                 RC_OK, &err);
        CHECK_RC(ledger_open(fd, &ledger, &err), RC_OK, &err);
        CHECK_RC(signer_new(&setup, &keyring, &ledger, &signer, &err), RC_OK, &err);
        if (!signer)
                exit(1);
}

/* --- every type --- */

static void roles_are_narrow(void)
{
        static const char *const rows[][2] = {
                {"store", "model"},          {"store", "base-declaration"},
                {"store", "repair"},         {"store", "serial"},
                {"store", "snap-build"},     {"store", "validation"},
                {"store", "system-user"},    {"store", "validation-set"},
                {"store", "never-heard"},    {"store", ""},
                {"store", " account "},      {"store", "account account-key"},
                {"store", "ccoun"},          {"brand", "account-key"},
                {"brand", "snap-revision"},  {"brand", "snap-declaration"},
                {"brand", "account"},        {"brand", "repair"},
                {"serials", "model"},        {"serials", "system-user"},
                {"serials", "account-key"},  {"brand", "preseed"},
                {"store", "serial-request"}, {"store", "device-session-request"},
                {"store", "snap-developer"}, {"store", "account-key-request"},
        };

        check_promise("a role issues the types of its row and no other");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                check_case("%s %s", rows[i][0], rows[i][1]);
                refused("role-signs-type", rows[i][0], rows[i][1], "{}", NULL, NULL);
        }
}

static void basics_are_the_signers(void)
{
        check_promise("authority, time, key, type and format are the signer's to fill in");
        refused("own-authority", "store", "account", "{\"authority-id\":\"rival\"}", NULL, NULL);
        refused("own-authority", "store", "account", "{\"authority-id\":[\"acme\"]}", NULL, NULL);
        refused("own-clock", "store", "account",
                "{\"account-id\":\"dev9\",\"display-name\":\"x\",\"validation\":\"unproven\","
                "\"timestamp\":\"2021-01-01T00:00:00Z\"}",
                NULL, NULL);
        refused("own-clock", "serials", "serial", "{\"timestamp\":\"2021-01-01T00:00:00Z\"}", NULL,
                NULL);
        invalid("store", "account", "{\"type\":\"model\"}");
        invalid("store", "account", "{\"sign-key-sha3-384\":\"" DIGEST_OF("x") "\"}");
        invalid("store", "account", "{\"body-length\":\"7\"}");
        invalid("store", "account", "{\"account-id\":7}");
        invalid("store", "account", "{\"account-id\":\"dev9\"}");
        invalid("store", "account", "{\"account-id\":\"d\\ntype: model\"}");
        invalid("store", "account", "[]");
        invalid("nobody", "account", "{}");
        invalid("store", "account", "{\"x\":[[[[[[[[[[[[[[[[[[[[[[\"deep\"]]]]]]]]]]]]]]]]]]]]]]}");
}

static void garbage_is_told(void)
{
        static const char *const rows[] = {
                "",
                "\xff\xfe",
                "{",
                "[1]",
                "{}",
                "{\"op\":\"sign\",\"bytes\":\"x\"}",
                "{\"op\":\"issue\",\"op\":\"issue\"}",
                "{\"op\":7}",
        };

        check_promise(
                "what is no request is told as garbage; there is no operation that signs bytes");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                CLEANUP(buf_fini) struct buf out = BUF_INIT(64 * KIB);
                bool garbage = false;

                check_case("%zu", i);
                message_answer(signer, rows[i], strlen(rows[i]), &out, &garbage);
                CHECK(garbage);
                CHECK(strncmp(out.data, "{\"rc\":\"INVALID\"", 15) == 0);
        }
}

/* --- accounts and keys --- */

#define ACCOUNT(id) "{\"account-id\":\"" id "\",\"display-name\":\"A\",\"validation\":\"unproven\"}"

static const char *key_headers(enum kit_key key, const char *account, const char *name,
                               const char *since, const char *more)
{
        return F("{\"public-key-sha3-384\":\"%s\",\"account-id\":\"%s\",\"name\":\"%s\","
                 "\"since\":\"%s\"%s}",
                 kit_key_id(kit, key), account, name, since, more);
}

static const char *key_request(enum kit_key key, enum kit_key signs, const char *account,
                               const char *name, const char *more)
{
        return kit_sign(kit, signs, kit_key_text(kit, key),
                        "type: account-key-request\npublic-key-sha3-384: %s\naccount-id: %s\n"
                        "name: %s\nsince: %s\n%s",
                        kit_key_id(kit, key), account, name, KIT_SINCE, more);
}

static void accounts_are_others(void)
{
        check_promise("accounts are issued, but never the trusted ones");
        CHECK(strstr(issued("store", "account", ACCOUNT("dev2"), NULL, NULL), "account-id: dev2"));
        refused("account-not-trusted", "store", "account", ACCOUNT("acme"), NULL, NULL);
        refused("operator-known", "store", "store",
                "{\"store\":\"shop\",\"operator-id\":\"ghost\"}", NULL, NULL);
        issued("store", "store", "{\"store\":\"shop\",\"operator-id\":\"acme\"}", NULL, NULL);
}

static void keys_of_trusted_are_refused(void)
{
        const char *body = kit_key_text(kit, KIT_LONE);

        check_promise("no key of a trusted account, however well it is asked for");
        refused("key-not-of-trusted", "store", "account-key",
                key_headers(KIT_LONE, "acme", "extra", KIT_SINCE, ""), body,
                key_request(KIT_LONE, KIT_LONE, "acme", "extra", ""));
        check_case("even the key that is there");
        refused("key-not-of-trusted", "store", "account-key",
                key_headers(KIT_STORE, "acme", "store", KIT_SINCE, ""),
                kit_key_text(kit, KIT_STORE),
                key_request(KIT_STORE, KIT_STORE, "acme", "store", ""));
}

static void keys_need_their_request(void)
{
        const char *body = kit_key_text(kit, KIT_LONE);
        const char *headers = key_headers(KIT_LONE, "dev2", "ci", KIT_SINCE, "");
        const char *good = key_request(KIT_LONE, KIT_LONE, "dev2", "ci", "");
        const char *until =
                key_request(KIT_LONE, KIT_LONE, "dev2", "ci", "until: 2027-01-01T00:00:00Z\n");

        check_promise("a key is issued to whom the key itself asks for");
        refused("account-known", "store", "account-key",
                key_headers(KIT_LONE, "ghost", "ci", KIT_SINCE, ""), body,
                key_request(KIT_LONE, KIT_LONE, "ghost", "ci", ""));
        check_case("no request");
        refused("key-requested", "store", "account-key", headers, body, NULL);
        check_case("signed by another key");
        refused("key-requested", "store", "account-key", headers, body,
                key_request(KIT_LONE, KIT_DEV, "dev2", "ci", ""));
        check_case("of another key");
        refused("key-requested", "store", "account-key", headers, body,
                key_request(KIT_DEV, KIT_DEV, "dev2", "ci", ""));
        check_case("for another account");
        refused("key-requested", "store", "account-key", headers, body,
                key_request(KIT_LONE, KIT_LONE, "dev1", "ci", ""));
        check_case("for another name");
        refused("key-requested", "store", "account-key", headers, body,
                key_request(KIT_LONE, KIT_LONE, "dev2", "cd", ""));
        check_case("earlier");
        refused("key-requested", "store", "account-key",
                key_headers(KIT_LONE, "dev2", "ci", "2019-01-01T00:00:00Z", ""), body, good);
        check_case("longer");
        refused("key-requested", "store", "account-key", headers, body, until);
        refused("key-requested", "store", "account-key",
                key_headers(KIT_LONE, "dev2", "ci", KIT_SINCE,
                            ",\"until\":\"2028-01-01T00:00:00Z\""),
                body, until);
        check_case("thin");
        refused("key-strong", "store", "account-key",
                key_headers(KIT_THIN, "dev2", "ci", KIT_SINCE, ""), kit_key_text(kit, KIT_THIN),
                key_request(KIT_THIN, KIT_THIN, "dev2", "ci", ""));
        check_case("right");
        issued("store", "account-key", headers, body, good);
        check_case("again, the same");
        issued("store", "account-key", headers, body, good);
}

static void keys_stay(void)
{
        const char *body = kit_key_text(kit, KIT_LONE);

        check_promise("a key stays with its account, and a name with its key");
        issued("store", "account", ACCOUNT("dev3"), NULL, NULL);
        refused("revision-moves-forward", "store", "account-key",
                key_headers(KIT_LONE, "dev3", "ci", KIT_SINCE, ""), body,
                key_request(KIT_LONE, KIT_LONE, "dev3", "ci", ""));
        refused("key-keeps-account", "store", "account-key",
                key_headers(KIT_LONE, "dev3", "ci", KIT_SINCE, ",\"revision\":\"1\""), body,
                key_request(KIT_LONE, KIT_LONE, "dev3", "ci", ""));
        refused("key-keeps-account", "store", "account-key",
                key_headers(KIT_DEVICE, "dev2", "ci", KIT_SINCE, ""), kit_key_text(kit, KIT_DEVICE),
                key_request(KIT_DEVICE, KIT_DEVICE, "dev2", "ci", ""));
}

/* --- packages --- */

static const char *declaration(const char *id, const char *name, const char *publisher,
                               const char *more)
{
        return F("{\"series\":\"16\",\"snap-id\":\"%s\",\"snap-name\":\"%s\","
                 "\"publisher-id\":\"%s\"%s}",
                 id, name, publisher, more);
}

static void declarations_keep_their_history(void)
{
        const char *good = declaration(SNAP_A, "hello", "dev1", "");

        check_promise("declarations name known publishers, and move forward only");
        refused("series-16", "store", "snap-declaration",
                "{\"series\":\"18\",\"snap-id\":\"" SNAP_A "\",\"snap-name\":\"hello\","
                "\"publisher-id\":\"dev1\"}",
                NULL, kit->dev1);
        refused("publisher-known", "store", "snap-declaration", good, NULL, NULL);
        issued("store", "snap-declaration", good, NULL, kit->dev1);
        check_case("the same again, for an answer that was lost");
        issued("store", "snap-declaration", good, NULL, kit->dev1);
        check_case("the same revision, another publisher");
        refused("revision-moves-forward", "store", "snap-declaration",
                declaration(SNAP_A, "hello", "dev2", ""), NULL, NULL);
        issued("store", "snap-declaration",
               declaration(SNAP_A, "hello", "dev1", ",\"revision\":\"5\""), NULL, kit->dev1);
        check_case("back");
        refused("revision-moves-forward", "store", "snap-declaration",
                declaration(SNAP_A, "hello", "dev1", ",\"revision\":\"4\""), NULL, kit->dev1);
        refused("revision-moves-forward", "store", "snap-declaration", good, NULL, kit->dev1);
}

static void names_stay(void)
{
        check_promise("a name belongs to one package until that one gives it up");
        refused("name-keeps-its-id", "store", "snap-declaration",
                declaration(SNAP_B, "hello", "dev2", ""), NULL, NULL);
        issued("store", "snap-declaration", declaration(SNAP_B, "other", "dev2", ""), NULL, NULL);
        refused("name-keeps-its-id", "store", "snap-declaration",
                declaration(SNAP_B, "hello", "dev2", ",\"revision\":\"1\""), NULL, NULL);
        check_case("after a renaming");
        issued("store", "snap-declaration",
               declaration(SNAP_A, "hello2", "dev1", ",\"revision\":\"6\""), NULL, kit->dev1);
        issued("store", "snap-declaration",
               declaration(SNAP_B, "hello", "dev2", ",\"revision\":\"1\""), NULL, NULL);
        check_case("and not back");
        refused("name-keeps-its-id", "store", "snap-declaration",
                declaration(SNAP_A, "hello", "dev1", ",\"revision\":\"7\""), NULL, kit->dev1);

        check_promise("revisions are not delegated to trusted accounts");
        refused("delegates-to-others", "store", "snap-declaration",
                declaration(SNAP_A, "hello2", "dev1",
                            ",\"revision\":\"8\",\"revision-authority\":[{\"account-id\":\"acme\","
                            "\"provenance\":[\"x\"]}]"),
                NULL, kit->dev1);
        refused("delegates-to-others", "store", "snap-declaration",
                declaration(SNAP_A, "hello2", "dev1",
                            ",\"revision\":\"8\",\"revision-authority\":[\"acme\"]"),
                NULL, kit->dev1);
        issued("store", "snap-declaration",
               declaration(SNAP_A, "hello2", "dev1",
                           ",\"revision\":\"8\",\"revision-authority\":[{\"account-id\":\"maker\","
                           "\"provenance\":[\"x\"]}]"),
               NULL, kit->dev1);
}

static const char *revision(const char *digest, const char *id, const char *number,
                            const char *size, const char *developer, const char *more)
{
        return F("{\"snap-sha3-384\":\"%s\",\"snap-id\":\"%s\",\"snap-revision\":\"%s\","
                 "\"snap-size\":\"%s\",\"developer-id\":\"%s\"%s}",
                 digest, id, number, size, developer, more);
}

#define D1 DIGEST_OF("1")
#define D2 DIGEST_OF("2")
#define D3 DIGEST_OF("3")
#define D4 DIGEST_OF("4")
#define D5 DIGEST_OF("5")

static void revision_refused(const char *rule, const char *headers)
{
        refused(rule, "store", "snap-revision", headers, NULL, NULL);
}

static void revision_issued(const char *headers)
{
        issued("store", "snap-revision", headers, NULL, NULL);
}

static void revisions_are_no_false_history(void)
{
        check_promise("a revision stays what it was, and history grows at its end only");
        revision_refused("size-in-bounds", revision(D1, SNAP_A, "1", "0", "dev1", ""));
        revision_refused("size-in-bounds", revision(D1, SNAP_A, "1", "1000001", "dev1", ""));
        revision_refused("developer-is-publisher", revision(D1, SNAP_C, "1", "10", "dev1", ""));
        revision_refused("developer-is-publisher", revision(D1, SNAP_A, "1", "10", "dev2", ""));
        revision_refused("developer-is-publisher", revision(D1, SNAP_A, "1", "10", "acme", ""));
        revision_issued(revision(D1, SNAP_A, "1", "10", "dev1", ""));
        check_case("again, the same");
        revision_issued(revision(D1, SNAP_A, "1", "10", "dev1", ""));
        revision_issued(revision(D1, SNAP_A, "1", "10", "dev1", ",\"revision\":\"1\""));
        check_case("the digest as something else");
        revision_refused("digest-keeps-revision",
                         revision(D1, SNAP_A, "2", "10", "dev1", ",\"revision\":\"2\""));
        revision_refused("digest-keeps-revision",
                         revision(D1, SNAP_A, "1", "11", "dev1", ",\"revision\":\"2\""));
        revision_refused("digest-keeps-revision",
                         revision(D1, SNAP_B, "1", "10", "dev2", ",\"revision\":\"2\""));
        revision_refused("digest-keeps-revision",
                         revision(D1, SNAP_A, "1", "10", "dev1", ",\"provenance\":\"x\""));
        check_case("the number with other content");
        revision_refused("number-moves-forward", revision(D2, SNAP_A, "1", "10", "dev1", ""));
        check_case("a gap upwards, and nothing into it");
        revision_issued(revision(D2, SNAP_A, "5", "10", "dev1", ""));
        revision_refused("number-moves-forward", revision(D3, SNAP_A, "4", "10", "dev1", ""));
        revision_issued(revision(D3, SNAP_A, "6", "10", "dev1", ""));
        check_case("another package counts for itself");
        revision_issued(revision(D4, SNAP_B, "1", "10", "dev2", ""));
}

/* A declaration of another store of the same trusted account, given as evidence. */
static void declarations_can_be_evidence(void)
{
        const char *seen =
                kit_sign(kit, KIT_STORE, NULL,
                         "type: snap-declaration\nauthority-id: acme\nrevision: 3\n"
                         "series: 16\nsnap-id: " SNAP_C
                         "\npublisher-id: dev1\nsnap-name: third\ntimestamp: " KIT_STAMP "\n");
        const char *forged =
                kit_sign(kit, KIT_DEV, NULL,
                         "type: snap-declaration\nauthority-id: dev1\nrevision: 9\n"
                         "series: 16\nsnap-id: " SNAP_A
                         "\npublisher-id: dev2\nsnap-name: x\ntimestamp: " KIT_STAMP "\n");
        const char *headers = revision(D5, SNAP_C, "1", "10", "dev1", "");

        check_promise("a declaration counts when it is proved, and is remembered");
        refused("developer-is-publisher", "store", "snap-revision", headers, NULL, seen);
        issued("store", "snap-revision", headers, NULL, kit_stream(kit, kit->dev1, seen, NULL));
        issued("store", "snap-revision", headers, NULL, NULL);
        check_case("signed by the wrong account");
        refused("developer-is-publisher", "store", "snap-revision",
                revision(DIGEST_OF("6"), SNAP_A, "9", "10", "dev2", ""), NULL,
                kit_stream(kit, kit->dev1, forged, NULL));
}

static const char *build_alone(enum kit_key key, const char *account, const char *digest,
                               const char *id, const char *size)
{
        return kit_sign(kit, key, NULL,
                        "type: snap-build\nauthority-id: %s\nsnap-sha3-384: %s\n"
                        "grade: stable\nsnap-id: %s\nsnap-size: %s\ntimestamp: " KIT_STAMP "\n",
                        account, digest, id, size);
}

static const char *build(enum kit_key key, const char *account, const char *digest, const char *id,
                         const char *size)
{
        return kit_stream(kit, kit->dev1, kit->rival, build_alone(key, account, digest, id, size),
                          NULL);
}

#define D7 DIGEST_OF("7")
#define D8 DIGEST_OF("8")

static void builds_are_looked_at(void)
{
        const char *headers = revision(D7, SNAP_A, "20", "10", "dev1", "");
        const char *good = build(KIT_DEV, "dev1", D7, SNAP_A, "10");

        check_promise("a build that is shown is the developer's and of this very file");
        check_case("another file");
        refused("build-signed", "store", "snap-revision", headers, NULL,
                build(KIT_DEV, "dev1", D8, SNAP_A, "10"));
        refused("build-signed", "store", "snap-revision", headers, NULL,
                build(KIT_DEV, "dev1", D7, SNAP_A, "11"));
        refused("build-signed", "store", "snap-revision", headers, NULL,
                build(KIT_DEV, "dev1", D7, SNAP_B, "10"));
        check_case("another account");
        refused("build-signed", "store", "snap-revision", headers, NULL,
                build(KIT_RIVAL, "rival", D7, SNAP_A, "10"));
        check_case("another key, in the developer's name");
        refused("build-signed", "store", "snap-revision", headers, NULL,
                build(KIT_RIVAL, "dev1", D7, SNAP_A, "10"));
        check_case("the key is not shown");
        refused("build-signed", "store", "snap-revision", headers, NULL,
                build_alone(KIT_DEV, "dev1", D7, SNAP_A, "10"));
        check_case("right");
        issued("store", "snap-revision", headers, NULL, good);

        check_promise("where a build is required, nothing goes without");
        signer_start(NOW, 100000, true);
        headers = revision(D8, SNAP_A, "21", "10", "dev1", "");
        refused("build-signed", "store", "snap-revision", headers, NULL, NULL);
        issued("store", "snap-revision", headers, NULL, build(KIT_DEV, "dev1", D8, SNAP_A, "10"));
        signer_start(NOW, 100000, false);
}

/* --- brands --- */

static const char *model(const char *brand, const char *name, const char *more)
{
        return F("{\"series\":\"16\",\"brand-id\":\"%s\",\"model\":\"%s\","
                 "\"architecture\":\"amd64\",\"classic\":\"true\"%s}",
                 brand, name, more);
}

static void brands_speak_for_themselves(void)
{
        check_promise("models, sets and users are those of the role's own brand");
        issued("brand", "model", model("maker", "m1", ""), NULL, NULL);
        issued("brand", "model", model("maker", "m2", ",\"timestamp\":\"2026-01-01T00:00:00Z\""),
               NULL, NULL);
        refused("past-timestamp", "brand", "model",
                model("maker", "m3", ",\"timestamp\":\"2027-01-01T00:00:00Z\""), NULL, NULL);
        refused("own-brand", "brand", "model", model("rival", "gadget", ""), NULL, NULL);
        refused("own-brand", "brand", "model", model("rival", "gadget", ""), NULL,
                kit_stream(kit, kit->rival, kit->other, NULL));
        refused("revision-moves-forward", "brand", "model",
                model("maker", "m1", ",\"store\":\"elsewhere\""), NULL, NULL);
        refused("own-brand", "brand", "validation-set",
                "{\"series\":\"16\",\"account-id\":\"rival\",\"name\":\"s\",\"sequence\":\"1\","
                "\"snaps\":[{\"name\":\"a\",\"id\":\"" SNAP_A "\"}]}",
                NULL, NULL);
        issued("brand", "validation-set",
               "{\"series\":\"16\",\"account-id\":\"maker\",\"name\":\"s\",\"sequence\":\"1\","
               "\"snaps\":[{\"name\":\"a\",\"id\":\"" SNAP_A "\"}]}",
               NULL, NULL);
}

static const char *user(const char *brand, const char *until, const char *more)
{
        return F("{\"brand-id\":\"%s\",\"email\":\"a b@c\",\"username\":\"root\","
                 "\"since\":\"2026-01-01T00:00:00Z\",\"until\":\"%s\"%s}",
                 brand, until, more);
}

static void users_are_bounded(void)
{
        static const char models[] = ",\"models\":[\"gizmo\"]";

        check_promise("a system user is for named models, for a year");
        refused("own-brand", "brand", "system-user", user("rival", "2026-12-01T00:00:00Z", models),
                NULL, NULL);
        refused("user-bounded", "brand", "system-user", user("maker", "2026-12-01T00:00:00Z", ""),
                NULL, NULL);
        refused("user-bounded", "brand", "system-user",
                user("maker", "2026-12-01T00:00:00Z", ",\"models\":[]"), NULL, NULL);
        refused("user-bounded", "brand", "system-user",
                user("maker", "2036-12-01T00:00:00Z", models), NULL, NULL);
        issued("brand", "system-user", user("maker", "2026-12-01T00:00:00Z", models), NULL, NULL);
}

/* --- serials --- */

static void serials_need_their_model(void)
{
        const char *request = kit_serial_request(kit, KIT_DEVICE, "maker", "gizmo");
        const char *headers = kit_serial_headers(kit, KIT_DEVICE, "maker", "gizmo", "s-1");
        const char *other =
                kit_stream(kit, kit->rival, kit->other,
                           kit_serial_request(kit, KIT_DEVICE, "rival", "gadget"), NULL);
        const char *forged = kit_sign(kit, KIT_RIVAL, NULL,
                                      "type: model\nauthority-id: maker\nseries: 16\n"
                                      "brand-id: maker\nmodel: gizmo\narchitecture: amd64\n"
                                      "classic: true\ntimestamp: " KIT_STAMP "\n");

        check_promise("a serial is issued for a proved model that lets this brand do so");
        refused("serial-model", "serials", "serial", headers, NULL, request);
        check_case("another model");
        refused("serial-model", "serials", "serial", headers, NULL,
                kit_stream(kit, kit->rival, kit->ally, request, NULL));
        check_case("a forged model");
        refused("serial-model", "serials", "serial", headers, NULL,
                kit_stream(kit, forged, request, NULL));
        check_case("another brand's model");
        refused("serial-model", "serials", "serial",
                kit_serial_headers(kit, KIT_DEVICE, "rival", "gadget", "s-1"), NULL, other);
        check_case("another brand's, which allows it");
        issued("serials", "serial", kit_serial_headers(kit, KIT_DEVICE, "rival", "ally", "s-1"),
               NULL,
               kit_stream(kit, kit->rival, kit->ally,
                          kit_serial_request(kit, KIT_DEVICE, "rival", "ally"), NULL));
        check_case("right");
        issued("serials", "serial", headers, NULL, kit_stream(kit, kit->model, request, NULL));
        issued("brand", "serial", kit_serial_headers(kit, KIT_DEVICE, "maker", "gizmo", "s-2"),
               NULL, kit_stream(kit, kit->model, request, NULL));
        check_case("a name that is none");
        refused("serial-grammar", "serials", "serial",
                kit_serial_headers(kit, KIT_DEVICE, "maker", "gizmo", "s_1 x"), NULL,
                kit_stream(kit, kit->model, request, NULL));
}

/* The request of a device, with one letter of its signed text changed. */
static const char *tampered(const char *request)
{
        char *copy = arena_strdup(kit->arena, request);
        char *at = strstr(copy, "request-id: r1");

        at[13] = '2';
        return copy;
}

static void serials_need_their_request(void)
{
        const char *request = kit_serial_request(kit, KIT_DEVICE, "maker", "gizmo");
        const char *headers = kit_serial_headers(kit, KIT_DEVICE, "maker", "gizmo", "s-9");
        char *wrong_id = arena_strdup(kit->arena, headers);

        check_promise("a serial goes to the device that asked, with the key that asked");
        refused("serial-requested", "serials", "serial", headers, NULL, kit->model);
        refused("serial-requested", "serials", "serial", headers, NULL,
                kit_stream(kit, kit->model, kit_serial_request(kit, KIT_DEVICE, "rival", "ally"),
                           NULL));
        refused("serial-requested", "serials", "serial", headers, NULL,
                kit_stream(kit, kit->model, kit_serial_request(kit, KIT_DEVICE2, "maker", "gizmo"),
                           NULL));
        refused("serial-requested", "serials", "serial", headers, NULL,
                kit_stream(kit, kit->model, tampered(request), NULL));
        check_case("another id");
        memcpy(strstr(wrong_id, kit_key_id(kit, KIT_DEVICE)), kit_key_id(kit, KIT_DEVICE2),
               KEY_ID_CHARS);
        CHECK(strcmp(ask_json(kit_request(kit, "serials", "serial", wrong_id, NULL,
                                          kit_stream(kit, kit->model, request, NULL)))
                             .rc,
                     "OK") != 0);
        check_case("a thin key");
        refused("device-key-right", "serials", "serial",
                kit_serial_headers(kit, KIT_THIN, "maker", "gizmo", "s-9"), NULL,
                kit_stream(kit, kit->model, kit_serial_request(kit, KIT_THIN, "maker", "gizmo"),
                           NULL));
}

static void serials_are_not_cloned(void)
{
        const char *evidence = kit_stream(
                kit, kit->model, kit_serial_request(kit, KIT_DEVICE2, "maker", "gizmo"), NULL);

        check_promise("one serial number is never issued to two keys");
        refused("revision-moves-forward", "serials", "serial",
                kit_serial_headers(kit, KIT_DEVICE2, "maker", "gizmo", "s-1"), NULL, evidence);
        refused("serial-not-cloned", "serials", "serial",
                F("{\"revision\":\"1\",%s",
                  kit_serial_headers(kit, KIT_DEVICE2, "maker", "gizmo", "s-1") + 1),
                NULL, evidence);
        check_case("the same device, again");
        issued("serials", "serial", kit_serial_headers(kit, KIT_DEVICE, "maker", "gizmo", "s-1"),
               NULL,
               kit_stream(kit, kit->model, kit_serial_request(kit, KIT_DEVICE, "maker", "gizmo"),
                          NULL));
}

/* --- time, rate, the log --- */

static void rates_hold(void)
{
        const char *request = kit_request(kit, "store", "model", "{}", NULL, NULL);
        struct answer answer;

        check_promise("a role issues so many a minute; another role is not touched");
        signer_start(NOW, 5, false);
        for (int i = 0; i < 5; i++)
                CHECK_TEXT(ask_json(request).rc, "REFUSED");
        answer = ask_json(request);
        CHECK_TEXT(answer.rc, "TOO_MANY");
        CHECK_TEXT(ask_json(kit_request(kit, "brand", "account", "{}", NULL, NULL)).rc, "REFUSED");
}

static void keys_have_their_life(void)
{
        check_promise("a key signs nothing outside of its life");
        signer_start("2019-12-31T23:59:59Z", 100, false);
        refused("key-in-life", "store", "account", ACCOUNT("dev8"), NULL, NULL);
        refused("key-in-life", "brand", "model", model("maker", "m8", ""), NULL, NULL);
}

static void log_append(const char *text)
{
        char path[600];
        struct err err = {0};
        int fd = -1;

        snprintf(path, sizeof(path), "%s/" KEYDIR_LOG_FILE, keys_dir);
        CHECK_RC(fs_open(path, O_WRONLY | O_APPEND, 0, &fd, &err), RC_OK, &err);
        CHECK_RC(fs_write_all(fd, text, strlen(text), &err), RC_OK, &err);
        fs_closep(&fd);
}

static void promises_outlive_the_process(void)
{
        check_promise("after a start anew, what was issued still binds");
        signer_start(NOW, 100000, false);
        revision_refused("number-moves-forward",
                         revision(DIGEST_OF("9"), SNAP_A, "1", "10", "dev1", ""));
        revision_refused("number-moves-forward",
                         revision(DIGEST_OF("9"), SNAP_A, "21", "10", "dev1", ""));
        revision_refused("digest-keeps-revision",
                         revision(D1, SNAP_A, "30", "10", "dev1", ",\"revision\":\"2\""));
        refused("revision-moves-forward", "store", "snap-declaration",
                declaration(SNAP_A, "hello2", "dev1", ",\"revision\":\"7\""), NULL, kit->dev1);
        refused("serial-not-cloned", "serials", "serial",
                F("{\"revision\":\"1\",%s",
                  kit_serial_headers(kit, KIT_DEVICE2, "maker", "gizmo", "s-1") + 1),
                NULL,
                kit_stream(kit, kit->model, kit_serial_request(kit, KIT_DEVICE2, "maker", "gizmo"),
                           NULL));
        issued("store", "snap-declaration",
               declaration(SNAP_A, "hello2", "dev1", ",\"revision\":\"9\""), NULL, kit->dev1);

        check_promise("a line that a crash tore is cut off, and the next one is whole");
        signer_freep(&signer);
        log_append("2026-06-01T00:00:00Z store half");
        signer_start(NOW, 100000, false);
        revision_issued(revision(DIGEST_OF("9"), SNAP_A, "22", "10", "dev1", ""));
        signer_start(NOW, 100000, false);
        revision_refused("number-moves-forward",
                         revision(DIGEST_OF("0"), SNAP_A, "22", "10", "dev1", ""));
}

static void log_is_judged(void)
{
        static const char *const bad[] = {
                "rubbish\n",
                "\n",
                "2026-06-01T00:00:00Z store " D1 " " D1 " x=y=z\n",
                "2026-06-01T00:00:00Z store " D1 " " D1 " x=1\n",
                "2026-06-01T00:00:00Z store " D1 " " D1 " x=1=%0\n",
                "2026-06-01T00:00:00Z store " D1 " " D1 "\n",
                "2026-06-01T00:00:00Z store " D1 " " D1 " x=99999999999999999999=z\n",
                "2026-06-01T00:00:00Z store " D1 " " D1
                " a=1= b=1= c=1= d=1= e=1= f=1= g=1= h=1=\n",
        };
        char path[600];
        struct err err = {0};

        check_promise("a log with a line that is not ours is not believed");
        snprintf(path, sizeof(path), "%s/odd.log", keys_dir);
        for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
                CLEANUP(ledger_freep) struct ledger *ledger = NULL;
                int fd = -1;

                check_case("%zu", i);
                CHECK_RC(fs_write_file(path, bad[i], strlen(bad[i]), 0600, &err), RC_OK, &err);
                CHECK_RC(fs_open(path, O_RDWR | O_APPEND, 0, &fd, &err), RC_OK, &err);
                CHECK_RC(ledger_open(fd, &ledger, &err), RC_CORRUPT, &err);
                CHECK(!ledger);
                fs_closep(&fd);
        }
        check_promise("two signers never share one log");
        check_case("lock");
        {
                CLEANUP(ledger_freep) struct ledger *ledger = NULL;
                int fd = -1;

                CHECK_RC(keydir_open(keys_dir, KEYDIR_LOG_FILE, O_RDWR | O_APPEND, &fd, &err),
                         RC_OK, &err);
                CHECK_RC(ledger_open(fd, &ledger, &err), RC_BUSY, &err);
                fs_closep(&fd);
        }
}

static void every_rule_was_attacked(void)
{
        const char *rule;

        check_promise("each rule of the policy has an attack in this test");
        for (size_t i = 0; (rule = policy_rule_name(i)) != NULL; i++) {
                bool found = false;

                for (size_t k = 0; k < attacked_count; k++)
                        found = found || strcmp(attacked[k], rule) == 0;
                check_case("%s", rule);
                CHECK(found);
        }
}

static void trust_folder_is_judged(const char *dir)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(16 * MIB);
        struct trust_set *set = NULL;
        struct err err = {0};
        char path[600];

        check_promise("what the trust folder cannot prove stops the start");
        snprintf(path, sizeof(path), "%s/data/trust", dir);
        CHECK_RC(keydir_put_public(path, "more", kit->other, strlen(kit->other), &err), RC_OK,
                 &err);
        CHECK_RC(trust_set_load(path, (uid_t)-1, 0, arena, &set, &err), RC_UNTRUSTED, &err);
        check_promise("a trust folder that the server could write is not trusted");
        CHECK_RC(keydir_put_public(path, "more", kit->dev1, strlen(kit->dev1), &err), RC_OK, &err);
        CHECK_RC(trust_set_load(path, getuid(), 0, arena, &set, &err), RC_FORBIDDEN, &err);
        CHECK(!set);
        CHECK_RC(trust_set_load(path, (uid_t)-1, 0, arena, &set, &err), RC_OK, &err);
}

int main(void)
{
        CLEANUP(scratch_freep) char *dir = scratch_new();
        CLEANUP(kit_freep) struct kit *made = kit_new();
        char path[600];
        struct err err = {0};

        kit = made;
        kit_write(kit, dir);
        snprintf(keys_dir, sizeof(keys_dir), "%s/keys", dir);
        snprintf(path, sizeof(path), "%s/data/trust", dir);
        CHECK_RC(trust_set_load(path, (uid_t)-1, 0, kit->arena, &trust, &err), RC_OK, &err);
        signer_start(NOW, 100000, false);
        roles_are_narrow();
        basics_are_the_signers();
        garbage_is_told();
        accounts_are_others();
        keys_of_trusted_are_refused();
        keys_need_their_request();
        keys_stay();
        declarations_keep_their_history();
        names_stay();
        revisions_are_no_false_history();
        declarations_can_be_evidence();
        builds_are_looked_at();
        brands_speak_for_themselves();
        users_are_bounded();
        serials_need_their_model();
        serials_need_their_request();
        serials_are_not_cloned();
        promises_outlive_the_process();
        log_is_judged();
        keys_have_their_life();
        rates_hold();
        every_rule_was_attacked();
        signer_freep(&signer);
        trust_folder_is_judged(dir);
        return check_end();
}
