/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the answer of a store. Whatever comes, a verifier believes it or names the check
 * that failed; the saved stream `honest` is believed. A manifest that can be read is written again
 * to the very same bytes.
 */
#include "core/manifest/manifest.h"
#include "tests/fuzz/fuzz.h"
#include <string.h>

#define ARENA_MAX (64 * MIB)

/* What the device of corpus/manifest/honest knows. */
#define ROOT   "8K__Z5lGHfk7JCZcFygu1HLG-F6PhfOmYKZGir2Hye4rE1vxWU7a6AfPej3PYFW5"
#define SERIAL "0ca868d8-e945-4700-4f98-324b2f353d86"
#define NOW    "2026-11-23T12:59:19Z"
#define NONCE  "0123456789abcdefghij"

static void body_write(const struct manifest *manifest, struct buf *out)
{
        for (size_t i = 0; i < manifest->package_count; i++) {
                const struct manifest_package *package = &manifest->packages[i];
                CLEANUP(buf_fini) struct buf piece = BUF_INIT(KIB);

                if (package->absent) {
                        manifest_put_absent(out, package->key, package->absent);
                        continue;
                }
                manifest_put_revision(&piece, package->name, package->snap_id, package->revision,
                                      &package->digest, package->bytes);
                FUZZ_HOLDS(!piece.failed);
                manifest_put_package(out, package->key, piece.data, package->channel);
                for (size_t k = 0; k < package->delta_count; k++)
                        manifest_put_delta(out, &package->deltas[k]);
        }
}

static void form_check(struct arena *arena, const uint8_t *data, size_t bytes)
{
        CLEANUP(buf_fini) struct buf body = BUF_INIT(ASSERTION_BODY_MAX);
        const struct manifest *manifest = NULL;
        struct assertion_stream stream;
        struct assertion *first = NULL;
        struct err err = {0};

        assertion_stream_init(&stream, data, bytes);
        if (assertion_stream_next(&stream, arena, &first, &err) != RC_OK)
                return;
        if (manifest_parse(first, arena, &manifest, &err) != RC_OK) {
                FUZZ_HOLDS(*err.text);
                return;
        }
        buf_text(&body, "");
        body_write(manifest, &body);
        FUZZ_HOLDS(!body.failed && body.len == first->body_count);
        FUZZ_HOLDS(!memcmp(body.data, first->body ? first->body : "", body.len));
        for (size_t i = 0; i < manifest->package_count; i++)
                FUZZ_HOLDS(manifest_find(manifest, manifest->packages[i].key) ==
                           &manifest->packages[i]);
}

static void belief_check(struct arena *arena, const uint8_t *data, size_t bytes)
{
        struct trust_set *roots = trust_set_new(arena, NULL);
        struct manifest_expect expect = {
                .roots = roots,
                .authority = "acme",
                .nonce = NONCE,
                .brand_id = "acme",
                .model = "gizmo",
                .serial = SERIAL,
                .store = "acme",
        };
        enum manifest_check check = MANIFEST_CHECK_COUNT;
        const struct manifest *manifest = NULL;
        struct manifest_state state;
        struct err err = {0};
        enum rc rc;

        FUZZ_HOLDS(trust_set_add_root(roots, "acme", ROOT, &err) == RC_OK);
        FUZZ_HOLDS(clock_parse(NOW, &expect.now) == RC_OK);
        rc = manifest_verify((const char *)data, bytes, &expect, arena, &manifest, &check, &err);
        FUZZ_HOLDS(rc == RC_OK || rc == RC_UNTRUSTED || rc == RC_NOMEM);
        if (rc != RC_OK) {
                FUZZ_HOLDS(!manifest && *err.text);
                FUZZ_HOLDS(rc == RC_NOMEM ||
                           (check > MANIFEST_NONE && check < MANIFEST_MATCH_ABSENT));
                return;
        }
        FUZZ_HOLDS(check == MANIFEST_NONE && !strcmp(manifest->nonce, NONCE));
        FUZZ_HOLDS(manifest_state_take(manifest, &state, &err) == RC_OK);
}

static void state_check(const uint8_t *data, size_t bytes)
{
        char text[MANIFEST_STATE_CHARS];
        struct manifest_state state;

        if (manifest_state_parse((const char *)data, bytes, &state, NULL) != RC_OK)
                return;
        manifest_state_format(&state, text);
        FUZZ_HOLDS(strlen(text) == bytes && !memcmp(text, data, bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
        static bool ready;
        CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_MAX);

        if (!ready)
                FUZZ_HOLDS(crypto_init(NULL) == RC_OK);
        ready = true;
        FUZZ_HOLDS(arena);
        form_check(arena, data, bytes);
        belief_check(arena, data, bytes);
        state_check(data, bytes);
        return 0;
}
