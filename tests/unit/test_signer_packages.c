/* SPDX-License-Identifier: Apache-2.0 */
/* What the store authority says about packages: declarations and revisions, rule by rule. */
#include "core/base/fs.h"
#include "tests/lib/signer_ask.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define SNAP_A       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SNAP_B       "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SNAP_C       "cccccccccccccccccccccccccccccccc"
#define SNAP_D       "dddddddddddddddddddddddddddddddd"
#define TEN(x)       x x x x x x x x x x
#define DIGEST_OF(x) TEN(x) TEN(x) TEN(x) TEN(x) TEN(x) TEN(x) x x x x

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
        revision_refused("provenance-delegated",
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

static const char *resource(const char *name, const char *digest, const char *number,
                            const char *size, const char *developer)
{
        return F("{\"snap-id\":\"" SNAP_A "\",\"resource-name\":\"%s\","
                 "\"resource-sha3-384\":\"%s\",\"resource-revision\":\"%s\","
                 "\"resource-size\":\"%s\",\"developer-id\":\"%s\"}",
                 name, digest, number, size, developer);
}

static void resource_refused(const char *rule, const char *headers)
{
        refused(rule, "store", "snap-resource-revision", headers, NULL, NULL);
}

static void resource_issued(const char *headers)
{
        issued("store", "snap-resource-revision", headers, NULL, NULL);
}

static const char *pair(const char *id, const char *name, const char *number, const char *revision,
                        const char *developer)
{
        return F("{\"snap-id\":\"%s\",\"resource-name\":\"%s\","
                 "\"resource-revision\":\"%s\",\"snap-revision\":\"%s\","
                 "\"developer-id\":\"%s\"}",
                 id, name, number, revision, developer);
}

static void pair_refused(const char *rule, const char *headers)
{
        refused(rule, "store", "snap-resource-pair", headers, NULL, NULL);
}

static void components_are_no_false_history(void)
{
        const char *imported =
                kit_sign(kit, KIT_STORE, NULL,
                         "type: snap-revision\nauthority-id: acme\nsnap-sha3-384: %s\n"
                         "developer-id: dev1\nsnap-id: " SNAP_A "\nsnap-revision: 77\n"
                         "snap-size: 10\ntimestamp: " KIT_STAMP "\n",
                         DIGEST_OF("e"));

        check_promise("a component's revision stays what it was, and history grows at its end");
        resource_refused("resource-in-bounds", resource("words", D1, "1", "0", "dev1"));
        resource_refused("resource-in-bounds", resource("words", D1, "1", "1000001", "dev1"));
        resource_refused("developer-is-publisher", resource("words", D1, "1", "10", "dev2"));
        resource_issued(resource("words", D1, "1", "10", "dev1"));
        check_case("again, the same");
        resource_issued(resource("words", D1, "1", "10", "dev1"));
        resource_refused("resource-keeps-number", resource("words", D2, "1", "10", "dev1"));
        resource_issued(resource("words", D2, "4", "10", "dev1"));
        resource_refused("resource-moves-forward", resource("words", D3, "3", "10", "dev1"));
        check_case("another component counts for itself, also with the same bytes");
        resource_issued(resource("voices", D1, "1", "10", "dev1"));

        check_case("a provenance, which is for others to sign");
        refused("provenance-delegated", "store", "snap-resource-revision",
                F("{\"snap-id\":\"" SNAP_A "\",\"resource-name\":\"words\","
                  "\"resource-sha3-384\":\"%s\",\"resource-revision\":\"9\","
                  "\"resource-size\":\"10\",\"developer-id\":\"dev1\",\"provenance\":\"x\"}",
                  D5),
                NULL, NULL);

        check_promise("a pair is of what was issued, or is shown");
        pair_refused("pair-of-known", pair(SNAP_A, "words", "2", "1", "dev1"));
        pair_refused("pair-of-known", pair(SNAP_A, "verbs", "1", "1", "dev1"));
        pair_refused("pair-of-known", pair(SNAP_A, "words", "1", "77", "dev1"));
        pair_refused("pair-of-known", pair(SNAP_B, "words", "1", "1", "dev2"));
        pair_refused("developer-is-publisher", pair(SNAP_A, "words", "1", "1", "dev2"));
        issued("store", "snap-resource-pair", pair(SNAP_A, "words", "1", "1", "dev1"), NULL, NULL);
        refused("pair-of-known", "store", "snap-resource-pair",
                pair(SNAP_A, "words", "1", "78", "dev1"), NULL,
                kit_stream(kit, kit->dev1, imported, NULL));
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
        ask_start(ASK_NOW, 100000, true);
        headers = revision(D8, SNAP_A, "21", "10", "dev1", "");
        refused("build-signed", "store", "snap-revision", headers, NULL, NULL);
        resource_refused("build-signed", resource("words", D8, "21", "10", "dev1"));
        refused("build-signed", "store", "snap-resource-revision",
                resource("words", D8, "21", "10", "dev1"), NULL,
                build(KIT_DEV, "dev1", D7, SNAP_A, "10"));
        issued("store", "snap-resource-revision", resource("words", D8, "21", "10", "dev1"), NULL,
               build(KIT_DEV, "dev1", D8, SNAP_A, "10"));
        issued("store", "snap-revision", headers, NULL, build(KIT_DEV, "dev1", D8, SNAP_A, "10"));
        ask_start(ASK_NOW, 100000, false);
}

static void log_append(const char *text)
{
        char path[600];
        struct err err = {0};
        int fd = -1;

        snprintf(path, sizeof(path), "%s/" KEYDIR_LOG_FILE, ask_keys_dir);
        CHECK_RC(fs_open(path, O_WRONLY | O_APPEND, 0, &fd, &err), RC_OK, &err);
        CHECK_RC(fs_write_all(fd, text, strlen(text), &err), RC_OK, &err);
        fs_closep(&fd);
}

static void promises_outlive_the_process(void)
{
        check_promise("after a start anew, what was issued still binds");
        ask_start(ASK_NOW, 100000, false);
        revision_refused("number-moves-forward",
                         revision(DIGEST_OF("9"), SNAP_A, "1", "10", "dev1", ""));
        revision_refused("number-moves-forward",
                         revision(DIGEST_OF("9"), SNAP_A, "21", "10", "dev1", ""));
        revision_refused("digest-keeps-revision",
                         revision(D1, SNAP_A, "30", "10", "dev1", ",\"revision\":\"2\""));
        refused("revision-moves-forward", "store", "snap-declaration",
                declaration(SNAP_A, "hello2", "dev1", ",\"revision\":\"7\""), NULL, kit->dev1);
        issued("store", "snap-declaration",
               declaration(SNAP_A, "hello2", "dev1", ",\"revision\":\"9\""), NULL, kit->dev1);

        check_promise("a line that a crash tore is cut off, and the next one is whole");
        signer_freep(&signer);
        log_append("2026-06-01T00:00:00Z store half");
        ask_start(ASK_NOW, 100000, false);
        revision_issued(revision(DIGEST_OF("9"), SNAP_A, "22", "10", "dev1", ""));
        ask_start(ASK_NOW, 100000, false);
        revision_refused("number-moves-forward",
                         revision(DIGEST_OF("0"), SNAP_A, "22", "10", "dev1", ""));
}

/* The declaration of SNAP_D, by another trusted account than the signer's brand. */
static const char *delegated(const char *more)
{
        return kit_stream(
                kit, kit->dev1,
                kit_sign(kit, KIT_STORE, NULL,
                         "type: snap-declaration\nauthority-id: acme\nseries: 16\nsnap-id: " SNAP_D
                         "\nsnap-name: far\npublisher-id: dev1\ntimestamp: " KIT_STAMP "\n%s",
                         more),
                NULL);
}

#define LETS(account)                                                                              \
        "revision-authority:\n  -\n    account-id: " account "\n    provenance:\n      - prod\n"   \
        "    min-revision: 3\n    max-revision: 5\n"

static void brands_sign_what_is_delegated(void)
{
        static const char prod[] = ",\"provenance\":\"prod\"";
        static const struct {
                const char *declared;
                const char *number;
                const char *developer;
                const char *more;
        } rows[] = {
                {"", "3", "maker", prod},
                {LETS("rival"), "3", "maker", prod},
                {LETS("maker"), "3", "maker", ",\"provenance\":\"test\""},
                {LETS("maker"), "3", "maker", ""},
                {LETS("maker"), "3", "maker", ",\"provenance\":\"global-upload\""},
                {LETS("maker"), "2", "maker", prod},
                {LETS("maker"), "6", "maker", prod},
                {LETS("maker"), "3", "dev1", prod},
                {LETS("maker"), "3", "rival", prod},
        };
        const char *good = delegated(LETS("maker"));

        check_promise("a brand signs the revisions that a declaration lets it sign, no other");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                check_case("row %zu", i);
                refused("provenance-delegated", "brand", "snap-revision",
                        revision(DIGEST_OF("a"), SNAP_D, rows[i].number, "10", rows[i].developer,
                                 rows[i].more),
                        NULL, delegated(rows[i].declared));
        }
        check_case("without a declaration, or one that nobody proves");
        refused("provenance-delegated", "brand", "snap-revision",
                revision(DIGEST_OF("a"), SNAP_D, "3", "10", "maker", prod), NULL, NULL);
        refused("provenance-delegated", "brand", "snap-revision",
                revision(DIGEST_OF("a"), SNAP_D, "3", "10", "maker", prod), NULL,
                kit_stream(kit, kit->dev1,
                           kit_sign(kit, KIT_RIVAL, NULL,
                                    "type: snap-declaration\nauthority-id: rival\nseries: 16\n"
                                    "snap-id: " SNAP_D "\nsnap-name: far\npublisher-id: dev1\n"
                                    "timestamp: " KIT_STAMP "\n" LETS("maker")),
                           NULL));
        check_case("the store's key does not");
        refused("provenance-delegated", "store", "snap-revision",
                revision(DIGEST_OF("a"), SNAP_D, "3", "10", "dev1", prod), NULL, good);
        issued("brand", "snap-revision", revision(DIGEST_OF("a"), SNAP_D, "3", "10", "maker", prod),
               NULL, good);
        check_case("and history binds the brand too");
        refused("number-moves-forward", "brand", "snap-revision",
                revision(DIGEST_OF("b"), SNAP_D, "3", "10", "maker", prod), NULL, good);
        refused("digest-keeps-revision", "brand", "snap-revision",
                revision(DIGEST_OF("a"), SNAP_D, "4", "10", "maker",
                         ",\"provenance\":\"prod\",\"revision\":\"1\""),
                NULL, good);
        refused("size-in-bounds", "brand", "snap-revision",
                revision(DIGEST_OF("c"), SNAP_D, "4", "0", "maker", prod), NULL, good);

        check_promise("a declaration that is known to be over lets nobody sign any more");
        issued("brand", "snap-revision", revision(DIGEST_OF("d"), SNAP_D, "4", "10", "maker", prod),
               NULL, delegated("revision: 2\n" LETS("maker")));
        refused("provenance-delegated", "brand", "snap-revision",
                revision(DIGEST_OF("f"), SNAP_D, "5", "10", "maker", prod), NULL, good);
}

static void publishers_are_made(void)
{
        issued("store", "account",
               "{\"account-id\":\"dev2\",\"display-name\":\"A\",\"validation\":\"unproven\"}", NULL,
               NULL);
}

int main(void)
{
        ask_begin();
        publishers_are_made();
        declarations_keep_their_history();
        names_stay();
        revisions_are_no_false_history();
        declarations_can_be_evidence();
        components_are_no_false_history();
        brands_sign_what_is_delegated();
        builds_are_looked_at();
        promises_outlive_the_process();
        ask_attacked(POLICY_PACKAGES);
        ask_attacked(POLICY_COMPONENTS);
        return ask_end();
}
