/* SPDX-License-Identifier: Apache-2.0 */
/* What the manifest role certifies: a server that was taken over asks for more, rule by rule. */
#include "tests/lib/signer_ask.h"
#include <string.h>

#define TOMORROW "2026-06-02T00:00:00Z"

static char key_id[KEY_ID_CHARS + 1];
static const char *key_text;

/* A new Ed25519 key, as a server makes one. */
static void key_new(void)
{
        CLEANUP(privkey_freep) struct privkey *key = NULL;
        CLEANUP(buf_fini) struct buf text = BUF_INIT(KIB);
        struct err err = {0};

        CHECK_RC(privkey_generate_ed25519(&key, &err), RC_OK, &err);
        memcpy(key_id, pubkey_id(privkey_pubkey(key)), sizeof(key_id));
        pubkey_format(privkey_pubkey(key), &text);
        key_text = arena_strdup(kit->arena, text.data);
}

static const char *headers(const char *account, const char *purpose, const char *since,
                           const char *until, const char *more)
{
        return F("{\"public-key-sha3-384\":\"%s\",\"account-id\":\"%s\",\"purpose\":\"%s\","
                 "\"since\":\"%s\",\"until\":\"%s\"%s}",
                 key_id, account, purpose, since, until, more);
}

static const char *right(void)
{
        return headers("acme", "manifest", ASK_NOW, TOMORROW, "");
}

static void keys_are_for_manifests(void)
{
        check_promise("the manifest role certifies keys for manifests, of its account, for a day");
        refused("agent-for-manifests", "manifest", "agent-key",
                headers("acme", "developer", ASK_NOW, TOMORROW, ""), key_text, NULL);
        refused("agent-for-manifests", "manifest", "agent-key",
                headers("acme", "device", ASK_NOW, TOMORROW, ""), key_text, NULL);
        refused("agent-of-own-account", "manifest", "agent-key",
                headers("maker", "manifest", ASK_NOW, TOMORROW, ""), key_text, NULL);
        check_case("a second longer");
        refused("agent-short-lived", "manifest", "agent-key",
                headers("acme", "manifest", ASK_NOW, "2026-06-02T00:00:01Z", ""), key_text, NULL);
        check_case("without end");
        refused("agent-short-lived", "manifest", "agent-key",
                F("{\"public-key-sha3-384\":\"%s\",\"account-id\":\"acme\",\"purpose\":"
                  "\"manifest\",\"since\":\"" ASK_NOW "\"}",
                  key_id),
                key_text, NULL);
        check_case("for later");
        refused("agent-short-lived", "manifest", "agent-key",
                headers("acme", "manifest", "2026-06-01T00:01:01Z", TOMORROW, ""), key_text, NULL);
        check_case("for a time that is gone");
        refused("agent-short-lived", "manifest", "agent-key",
                headers("acme", "manifest", "2026-05-31T23:58:59Z", "2026-06-01T10:00:00Z", ""),
                key_text, NULL);
        check_case("an end before the begin");
        CHECK(strcmp(ask_json(kit_request(kit, "manifest", "agent-key",
                                          headers("acme", "manifest", ASK_NOW,
                                                  "2026-05-31T00:00:00Z", ""),
                                          key_text, NULL))
                             .rc,
                     "OK") != 0);
        check_case("an RSA key");
        memcpy(key_id, kit_key_id(kit, KIT_LONE), sizeof(key_id));
        CHECK(strcmp(ask_json(kit_request(kit, "manifest", "agent-key", right(),
                                          kit_key_text(kit, KIT_LONE), NULL))
                             .rc,
                     "OK") != 0);
        key_new();
        check_case("right");
        CHECK(strstr(issued("manifest", "agent-key", right(), key_text, NULL), "\nepoch: 0\n") !=
              NULL);
        refused("role-signs-type", "store", "agent-key", right(), key_text, NULL);
        refused("role-signs-type", "manifest", "account-key", "{}", NULL, NULL);
        refused("role-signs-type", "manifest", "manifest-epoch", "{}", NULL, NULL);
        refused("role-signs-type", "manifest", "refresh-manifest", "{}", NULL, NULL);
        refused("role-signs-type", "store", "manifest-epoch", "{}", NULL, NULL);
}

static const char *raised(enum kit_key by, const char *account, const char *epoch)
{
        return kit_sign(kit, by, NULL,
                        "type: manifest-epoch\nauthority-id: acme\naccount-id: %s\nepoch: %s\n"
                        "timestamp: " KIT_STAMP "\n",
                        account, epoch);
}

static const char *epoch_given(const char *evidence)
{
        const char *made;
        const char *at;

        key_new();
        made = issued("manifest", "agent-key", right(), key_text, evidence);
        at = strstr(made, "\nepoch: ");
        return at ? F("%.*s", (int)strcspn(at + 8, "\n"), at + 8) : "none";
}

static void epochs_are_the_roots(void)
{
        check_promise("only a root raises the epoch of manifest keys, and nothing takes it back");
        key_new();
        refused("agent-epoch", "manifest", "agent-key",
                headers("acme", "manifest", ASK_NOW, TOMORROW, ",\"epoch\":\"7\""), key_text, NULL);
        check_case("raised by the store key");
        CHECK_TEXT(epoch_given(raised(KIT_STORE, "acme", "7")), "0");
        check_case("raised by a key that acme does not have");
        CHECK_TEXT(epoch_given(raised(KIT_RIVAL, "acme", "7")), "0");
        check_case("raised for another account");
        CHECK_TEXT(epoch_given(kit_stream(kit, kit->dev1, raised(KIT_ROOT, "dev1", "7"), NULL)),
                   "0");
        check_case("raised by the root");
        CHECK_TEXT(epoch_given(raised(KIT_ROOT, "acme", "2")), "2");
        check_case("an older word of the root");
        CHECK_TEXT(epoch_given(raised(KIT_ROOT, "acme", "1")), "2");
        check_case("the root's word held back");
        CHECK_TEXT(epoch_given(NULL), "2");
        check_case("after a restart");
        ask_start(ASK_NOW, 100000, false);
        CHECK_TEXT(epoch_given(NULL), "2");
        check_case("the newest of several");
        CHECK_TEXT(epoch_given(kit_stream(kit, raised(KIT_ROOT, "acme", "4"),
                                          raised(KIT_ROOT, "acme", "3"), NULL)),
                   "4");
}

static void keys_are_few(void)
{
        bool stopped = false;

        check_promise("a server cannot collect manifest keys, not even over a restart");
        for (int i = 0; i < 60 && !stopped; i++) {
                key_new();
                stopped = strcmp(ask_json(kit_request(kit, "manifest", "agent-key", right(),
                                                      key_text, NULL))
                                         .rc,
                                 "OK") != 0;
        }
        CHECK(stopped);
        key_new();
        refused("agent-seldom", "manifest", "agent-key", right(), key_text, NULL);
        ask_start(ASK_NOW, 100000, false);
        refused("agent-seldom", "manifest", "agent-key", right(), key_text, NULL);
        check_case("an hour later");
        ask_start("2026-06-01T01:00:00Z", 100000, false);
        issued("manifest", "agent-key",
               headers("acme", "manifest", "2026-06-01T01:00:00Z", "2026-06-02T01:00:00Z", ""),
               key_text, NULL);
        check_promise("the manifest role has a rate of its own");
        ask_start("2026-06-01T02:00:00Z", 1, false);
        key_new();
        issued("manifest", "agent-key",
               headers("acme", "manifest", "2026-06-01T02:00:00Z", "2026-06-02T02:00:00Z", ""),
               key_text, NULL);
        CHECK_TEXT(ask_json(kit_request(kit, "manifest", "agent-key", right(), key_text, NULL)).rc,
                   "TOO_MANY");
}

int main(void)
{
        ask_begin();
        key_new();
        keys_are_for_manifests();
        epochs_are_the_roots();
        keys_are_few();
        ask_attacked(POLICY_MANIFEST);
        return ask_end();
}
