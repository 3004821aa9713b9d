/* SPDX-License-Identifier: Apache-2.0 */
/* The server's key of a day: certified before it is used, replaced under its readers, over when its
 * certificate is. */
#include "server/manifest/manifest_keys.h"
#include "tests/lib/check.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define SINCE   "2026-06-01T00:00:00Z"
#define UNTIL   "2026-06-02T00:00:00Z"
#define READERS 4

static struct arena *arena;

static usec_t time_of(const char *text)
{
        usec_t time = 0;

        CHECK_RC(clock_parse(text, &time), RC_OK, NULL);
        return time;
}

/* Nobody checks the certificate's signature here: whoever adopts it did. */
static const struct assertion *certificate(const char *key_id, const char *body,
                                           const char *purpose, const char *epoch)
{
        struct assertion_draft *draft = assertion_draft_new(arena, "agent-key");
        struct assertion *made = NULL;
        const char *content = NULL;
        struct err err = {0};
        size_t bytes = 0;

        assertion_draft_text(draft, "authority-id", "acme");
        assertion_draft_text(draft, "public-key-sha3-384", key_id);
        assertion_draft_text(draft, "account-id", "acme");
        assertion_draft_text(draft, "purpose", purpose);
        assertion_draft_text(draft, "since", SINCE);
        assertion_draft_text(draft, "until", UNTIL);
        assertion_draft_text(draft, "epoch", epoch);
        assertion_draft_body(draft, body, strlen(body));
        CHECK_RC(assertion_draft_content(draft, key_id, &content, &bytes, &err), RC_OK, &err);
        CHECK_RC(assertion_assemble(arena, content, bytes, "AQAA", &made, &err), RC_OK, &err);
        return made;
}

/* Begins a key; its certificate for that epoch. */
static const struct assertion *begun(struct manifest_keys *keys, const char *purpose,
                                     const char *epoch)
{
        CLEANUP(buf_fini) struct buf body = BUF_INIT(KIB);
        char id[KEY_ID_CHARS + 1];
        struct err err = {0};

        CHECK_RC(manifest_keys_begin(keys, &body, id, &err), RC_OK, &err);
        return certificate(id, arena_strdup(arena, body.data), purpose, epoch);
}

static enum rc adopt(struct manifest_keys *keys, const struct assertion *with)
{
        return manifest_keys_adopt(keys, with, with->bytes, with->bytes_count, NULL);
}

static void keys_are_certified_first(void)
{
        struct manifest_keys *keys = manifest_keys_new();
        const struct assertion *first = begun(keys, "manifest", "0");
        const struct manifest_key *key;

        check_promise("a key signs nothing before its certificate, and nothing after its end");
        CHECK(!manifest_keys_acquire(keys, time_of(SINCE)));
        CHECK_RC(adopt(keys, first), RC_OK, NULL);
        CHECK(!manifest_keys_acquire(keys, time_of(SINCE) - 1));
        CHECK(!manifest_keys_acquire(keys, time_of(UNTIL)));
        key = manifest_keys_acquire(keys, time_of(UNTIL) - 1);
        CHECK(key != NULL);
        CHECK_TEXT(key->key_id, first->pk[0]);
        CHECK_TEXT(key->authority, "acme");
        CHECK_INT(key->until, time_of(UNTIL));
        manifest_key_release(key);
        manifest_key_release(NULL);

        check_promise("only the waiting key's own certificate is adopted, and only for manifests");
        CHECK_RC(adopt(keys, first), RC_INVALID, NULL);
        (void)begun(keys, "manifest", "0");
        CHECK_RC(adopt(keys, first), RC_INVALID, NULL);
        CHECK_RC(adopt(keys, begun(keys, "developer", "0")), RC_INVALID, NULL);
        key = manifest_keys_acquire(keys, time_of(SINCE));
        CHECK_TEXT(key ? key->key_id : "", first->pk[0]);
        manifest_key_release(key);
        manifest_keys_freep(&keys);
        CHECK(!keys);
}

static void signatures_are_right(void)
{
        struct manifest_keys *keys = manifest_keys_new();
        CLEANUP(buf_fini) struct buf content = BUF_INIT(KIB);
        CLEANUP(buf_fini) struct buf out = BUF_INIT(16 * KIB);
        CLEANUP(buf_fini) struct buf small = BUF_INIT(64);
        CLEANUP(pubkey_freep) struct pubkey *public = NULL;
        const struct assertion *with = begun(keys, "manifest", "3");
        const struct manifest_key *key;
        const char *signature;
        struct err err = {0};

        check_promise("what is signed verifies with the certified key, and the chain follows");
        CHECK_RC(adopt(keys, with), RC_OK, NULL);
        key = manifest_keys_acquire(keys, time_of(SINCE));
        CHECK_INT(key->epoch, 3);
        buf_text(&content, "type: refresh-manifest\nx: y");
        CHECK_RC(manifest_key_sign(key, &content, &out, &err), RC_OK, &err);
        CHECK(!strncmp(out.data, content.data, content.len));
        signature = out.data + content.len + 2;
        CHECK_RC(pubkey_parse(with->body, with->body_count, &public, &err), RC_OK, &err);
        CHECK_RC(pubkey_verify(public, content.data, content.len, signature,
                               (size_t)(strstr(signature, "\n\n") - signature), &err),
                 RC_OK, &err);
        CHECK_TEXT(strstr(signature, "\n\n") + 2, with->bytes);
        check_promise("a stream over its bound is an error, not a cut one");
        CHECK_RC(manifest_key_sign(key, &content, &small, &err), RC_TOO_BIG, &err);
        manifest_key_release(key);
        manifest_keys_freep(&keys);
}

struct reading {
        struct manifest_keys *keys;
        atomic_bool stop;
        atomic_uint wrong;
        atomic_uint signatures;
};

static void *reader_main(void *arg)
{
        struct reading *reading = arg;

        do {
                CLEANUP(buf_fini) struct buf content = BUF_INIT(KIB);
                CLEANUP(buf_fini) struct buf out = BUF_INIT(16 * KIB);
                const struct manifest_key *key =
                        manifest_keys_acquire(reading->keys, time_of(SINCE));

                buf_text(&content, "content");
                /* The chain that comes out is that of the key that signed. */
                if (!key || manifest_key_sign(key, &content, &out, NULL) != RC_OK ||
                    !strstr(out.data, key->key_id))
                        atomic_fetch_add(&reading->wrong, 1);
                atomic_fetch_add(&reading->signatures, 1);
                manifest_key_release(key);
        } while (!atomic_load(&reading->stop));
        return NULL;
}

static void readers_keep_their_key(void)
{
        struct reading reading = {.keys = manifest_keys_new()};
        pthread_t threads[READERS];

        check_promise("keys are replaced under their readers, who finish with what they have");
        CHECK_RC(adopt(reading.keys, begun(reading.keys, "manifest", "0")), RC_OK, NULL);
        for (size_t i = 0; i < READERS; i++)
                CHECK_INT(pthread_create(&threads[i], NULL, reader_main, &reading), 0);
        for (int i = 0; i < 200; i++)
                CHECK_RC(adopt(reading.keys, begun(reading.keys, "manifest", "0")), RC_OK, NULL);
        atomic_store(&reading.stop, true);
        for (size_t i = 0; i < READERS; i++)
                pthread_join(threads[i], NULL);
        CHECK_INT(atomic_load(&reading.wrong), 0);
        CHECK(atomic_load(&reading.signatures) >= READERS);
        manifest_keys_freep(&reading.keys);
}

int main(void)
{
        CHECK_RC(crypto_init(NULL), RC_OK, NULL);
        arena = arena_new(64 * MIB);
        keys_are_certified_first();
        signatures_are_right();
        readers_keep_their_key();
        arena_freep(&arena);
        return check_end();
}
