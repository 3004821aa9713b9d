/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds for every request to the signer: roles, basics, accounts and their keys, rates, the
 * log. Packages and brands have their own tests; the process is attacked in test_signer_attack.c.
 */
#include "core/base/fs.h"
#include "server/signer/trust_dir.h"
#include "tests/lib/scratch.h"
#include "tests/lib/signer_ask.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TEN(x)       x x x x x x x x x x
#define DIGEST_OF(x) TEN(x) TEN(x) TEN(x) TEN(x) TEN(x) TEN(x) x x x x
#define D1           DIGEST_OF("1")

static void invalid(const char *role, const char *type, const char *headers)
{
        CHECK_TEXT(ask_json(kit_request(kit, role, type, headers, NULL, NULL)).rc, "INVALID");
}

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
                {"brand", "snap-build"},     {"brand", "snap-declaration"},
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
        refused("past-timestamp", "brand", "model",
                "{\"series\":\"16\",\"brand-id\":\"maker\",\"model\":\"m7\",\"classic\":\"true\","
                "\"architecture\":\"amd64\",\"timestamp\":\"2026-06-01T00:00:01Z\"}",
                NULL, NULL);
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

static void rates_hold(void)
{
        const char *request = kit_request(kit, "store", "model", "{}", NULL, NULL);
        struct answer answer;

        check_promise("a role issues so many a minute; another role is not touched");
        ask_start(ASK_NOW, 5, false);
        for (int i = 0; i < 5; i++)
                CHECK_TEXT(ask_json(request).rc, "REFUSED");
        answer = ask_json(request);
        CHECK_TEXT(answer.rc, "TOO_MANY");
        CHECK_TEXT(ask_json(kit_request(kit, "brand", "account", "{}", NULL, NULL)).rc, "REFUSED");
}

static void keys_have_their_life(void)
{
        check_promise("a key signs nothing outside of its life");
        ask_start("2019-12-31T23:59:59Z", 100, false);
        refused("key-in-life", "store", "account", ACCOUNT("dev8"), NULL, NULL);
        refused("key-in-life", "brand", "model",
                "{\"series\":\"16\",\"brand-id\":\"maker\",\"model\":\"m8\",\"classic\":\"true\","
                "\"architecture\":\"amd64\"}",
                NULL, NULL);
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
        snprintf(path, sizeof(path), "%s/odd.log", ask_keys_dir);
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

                CHECK_RC(keydir_open(ask_keys_dir, KEYDIR_LOG_FILE, O_RDWR | O_APPEND, &fd, &err),
                         RC_OK, &err);
                CHECK_RC(ledger_open(fd, &ledger, &err), RC_BUSY, &err);
                fs_closep(&fd);
        }
}

static void trust_folder_is_judged(void)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(16 * MIB);
        struct trust_set *set = NULL;
        struct err err = {0};

        check_promise("what the trust folder cannot prove stops the start");
        CHECK_RC(keydir_put_public(ask_trust_dir, "more", kit->other, strlen(kit->other), &err),
                 RC_OK, &err);
        CHECK_RC(trust_set_load(ask_trust_dir, (uid_t)-1, 0, arena, &set, &err), RC_UNTRUSTED,
                 &err);
        check_promise("a trust folder that the server could write is not trusted");
        CHECK_RC(keydir_put_public(ask_trust_dir, "more", kit->dev1, strlen(kit->dev1), &err),
                 RC_OK, &err);
        CHECK_RC(trust_set_load(ask_trust_dir, getuid(), 0, arena, &set, &err), RC_FORBIDDEN, &err);
        CHECK(!set);
        CHECK_RC(trust_set_load(ask_trust_dir, (uid_t)-1, 0, arena, &set, &err), RC_OK, &err);
}

int main(void)
{
        ask_begin();
        roles_are_narrow();
        basics_are_the_signers();
        garbage_is_told();
        accounts_are_others();
        keys_of_trusted_are_refused();
        keys_need_their_request();
        keys_stay();
        log_is_judged();
        keys_have_their_life();
        rates_hold();
        trust_folder_is_judged();
        ask_attacked(POLICY_GENERAL);
        ask_attacked(POLICY_ACCOUNTS);
        return ask_end();
}
