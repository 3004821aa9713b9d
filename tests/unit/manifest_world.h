/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * manifest_world -- what the tests of manifests tamper with: a root with its store key, manifest
 * keys, a second root that the device does not know, and a recipe from which a whole stream is
 * made. A row of a table changes one ingredient. Included by test_manifest.c and
 * test_manifest_form.c.
 */
#include "core/keys/privkey.h"
#include "core/manifest/manifest.h"
#include "tests/lib/check.h"
#include <stdlib.h>
#include <string.h>

#define NOW    "2026-06-01T12:00:00Z"
#define NONCE  "0123456789abcdefghij"
#define SNAP_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SNAP_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SNAP_C "cccccccccccccccccccccccccccccccc"
#define DIG_A  "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"
#define DIG_B  "rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr"
#define DIG_D  "ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss"
#define LINE_A "package " SNAP_A " app-a " SNAP_A " 7 " DIG_A " 4096 latest/stable\n"
#define LINE_D "delta xdelta3 6 " DIG_D " 512\n"
#define LINE_B "package " SNAP_B " app-b " SNAP_B " 3 " DIG_B " 8192 2.0/edge\n"
#define LINE_C "absent " SNAP_C " no-revision\n"
#define BODY   LINE_A LINE_D LINE_B LINE_C

/* root, store: the device's; second: another key of that account, certified by the store key only;
 * foreign, foreign_store: of a root that the device does not know; day, other: Ed25519. */
enum key { ROOT, STORE, SECOND, FOREIGN, FOREIGN_STORE, DAY, OTHER, KEY_COUNT, NO_KEY };

static struct privkey *keys[KEY_COUNT];
static struct arena *arena;

struct recipe {
        /* the manifest */
        const char *authority, *brand, *model, *serial, *store, *nonce, *timestamp, *expiry;
        const char *epoch, *sequence, *body;
        enum key by;
        /* the certificate of its key */
        const char *key_authority, *key_account, *key_purpose, *key_since, *key_until, *key_epoch;
        enum key key_body, key_by;
        /* the key that signs certificates */
        const char *store_until, *store_more;
        enum key store_by;
        /* the epoch */
        const char *raised; /* NULL: no such assertion */
        enum key raised_by;
        const char *more; /* another assertion at the end */
        /* the device */
        const char *want_nonce, *want_brand, *want_model, *want_serial, *want_store, *now;
        const char *keys; /* asked for, with blanks between */
        struct manifest_state seen;
        enum key root;
        usec_t tolerance;
        bool knows_foreign; /* rival's root too, for packages */
};

static const struct recipe honest = {
        .authority = "acme",
        .brand = "acme",
        .model = "gizmo",
        .serial = "s-1",
        .store = "acme-store",
        .nonce = NONCE,
        .timestamp = NOW,
        .expiry = "2026-06-01T13:00:00Z",
        .epoch = "0",
        .sequence = "41",
        .body = BODY,
        .by = DAY,
        .key_authority = "acme",
        .key_account = "acme",
        .key_purpose = "manifest",
        .key_since = "2026-06-01T11:00:00Z",
        .key_until = "2026-06-02T11:00:00Z",
        .key_epoch = "0",
        .key_body = DAY,
        .key_by = STORE,
        .store_until = "2028-01-01T00:00:00Z",
        .store_more = "",
        .store_by = ROOT,
        .raised_by = ROOT,
        .want_nonce = NONCE,
        .want_brand = "acme",
        .want_model = "gizmo",
        .want_serial = "s-1",
        .want_store = "acme-store",
        .now = NOW,
        .keys = SNAP_A " " SNAP_B " " SNAP_C,
        .seen = {"acme-store", 0, 41},
        .root = ROOT,
};

static const char *key_id(enum key key)
{
        return pubkey_id(privkey_pubkey(keys[key]));
}

static const char *key_text(enum key key)
{
        CLEANUP(buf_fini) struct buf out = BUF_INIT(16 * KIB);

        pubkey_format(privkey_pubkey(keys[key]), &out);
        return arena_strdup(arena, out.data);
}

static usec_t time_of(const char *text)
{
        usec_t time = 0;

        CHECK_RC(clock_parse(text, &time), RC_OK, NULL);
        return time;
}

/* Signs headers (each line ends in LF) around a body, whatever they say. */
static const char *make(enum key key, const char *headers, const char *body)
{
        CLEANUP(buf_fini) struct buf text = BUF_INIT(4 * MIB);
        CLEANUP(buf_fini) struct buf signature = BUF_INIT(16 * KIB);
        struct err err = {0};

        buf_text(&text, headers);
        if (*body)
                buf_printf(&text, "body-length: %zu\n", strlen(body));
        buf_printf(&text, "sign-key-sha3-384: %s", key_id(key));
        if (*body) {
                buf_text(&text, "\n\n");
                buf_text(&text, body);
        }
        CHECK_RC(privkey_sign(keys[key], text.data, text.len, USEC_PER_SEC, &signature, &err),
                 RC_OK, &err);
        buf_text(&text, "\n\n");
        buf_text(&text, signature.data);
        buf_char(&text, '\n');
        return arena_strdup(arena, text.data);
}

static const char *account_key(enum key key, enum key by, const char *account, const char *until,
                               const char *more)
{
        return make(by,
                    arena_printf(arena,
                                 "type: account-key\nauthority-id: %s\npublic-key-sha3-384: %s\n"
                                 "account-id: %s\nsince: 2026-01-01T00:00:00Z\n%s%s%s%s",
                                 account, key_id(key), account, *until ? "until: " : "", until,
                                 *until ? "\n" : "", more),
                    key_text(key));
}

static const char *account(enum key by, const char *id)
{
        return make(by,
                    arena_printf(arena,
                                 "type: account\nauthority-id: %s\naccount-id: %s\n"
                                 "display-name: A\nvalidation: verified\n"
                                 "timestamp: 2026-01-01T00:00:00Z\n",
                                 id, id),
                    "");
}

static const char *agent_key(const struct recipe *r)
{
        return make(r->key_by,
                    arena_printf(arena,
                                 "type: agent-key\nauthority-id: %s\npublic-key-sha3-384: %s\n"
                                 "account-id: %s\npurpose: %s\nsince: %s\n%s%s%s%s%s%s",
                                 r->key_authority, key_id(r->key_body), r->key_account,
                                 r->key_purpose, r->key_since, *r->key_until ? "until: " : "",
                                 r->key_until, *r->key_until ? "\n" : "",
                                 *r->key_epoch ? "epoch: " : "", r->key_epoch,
                                 *r->key_epoch ? "\n" : ""),
                    key_text(r->key_body));
}

static const char *raised(enum key by, const char *account_id, const char *epoch)
{
        return make(by,
                    arena_printf(arena,
                                 "type: manifest-epoch\nauthority-id: acme\naccount-id: %s\n"
                                 "epoch: %s\ntimestamp: 2026-05-01T00:00:00Z\n",
                                 account_id, epoch),
                    "");
}

static const char *manifest_text(const struct recipe *r)
{
        return make(r->by,
                    arena_printf(arena,
                                 "type: refresh-manifest\nauthority-id: %s\nbrand-id: %s\n"
                                 "epoch: %s\nexpiry: %s\nmodel: %s\nnonce: %s\nsequence: %s\n"
                                 "serial: %s\nstore: %s\ntimestamp: %s\n",
                                 r->authority, r->brand, r->epoch, r->expiry, r->model, r->nonce,
                                 r->sequence, r->serial, r->store, r->timestamp),
                    r->body);
}

static void put(struct buf *out, const char *text)
{
        assertion_stream_put(out, text, strlen(text));
}

/* The stream as a server sends it: root key and account, store key, certificate, epoch. */
static const char *stream_of(const struct recipe *r)
{
        CLEANUP(buf_fini) struct buf out = BUF_INIT(8 * MIB);
        const enum key root = r->store_by == FOREIGN ? FOREIGN : ROOT;

        put(&out, manifest_text(r));
        put(&out, agent_key(r));
        put(&out, account_key(root, root, "acme", "", ""));
        put(&out, account(root, "acme"));
        put(&out, account_key(r->key_by, r->store_by, "acme", r->store_until, r->store_more));
        if (r->raised)
                put(&out, raised(r->raised_by, "acme", r->raised));
        if (r->more)
                put(&out, r->more);
        return arena_strdup(arena, out.data);
}

/* Cuts "a b c" into its words; in the arena. */
static const char *const *words_of(const char *text, size_t *ret_count)
{
        const char **words = arena_alloc_array(arena, 4096, sizeof(*words));
        char *copy = arena_strdup(arena, text);
        size_t count = 0;

        for (char *at = copy; at && *at;) {
                char *blank = strchr(at, ' ');

                words[count++] = at;
                if (blank)
                        *blank = '\0';
                at = blank ? blank + 1 : NULL;
        }
        *ret_count = count;
        return words;
}

/* What the device of the recipe makes of a stream. */
static enum manifest_check look(const struct recipe *r, const char *stream, size_t bytes,
                                const struct manifest **ret)
{
        struct trust_set *roots = trust_set_new(arena, NULL);
        struct manifest_expect expect = {
                .roots = roots,
                .authority = "acme",
                .nonce = r->want_nonce,
                .brand_id = r->want_brand,
                .model = r->want_model,
                .serial = r->want_serial,
                .store = r->want_store,
                .now = time_of(r->now),
                .tolerance = r->tolerance,
                .seen = r->seen,
        };
        enum manifest_check check = MANIFEST_CHECK_COUNT;
        const struct manifest *manifest = NULL;
        struct err err = {0};
        enum rc rc;

        CHECK_RC(trust_set_add_root(roots, "acme", key_id(r->root), &err), RC_OK, &err);
        if (r->knows_foreign)
                CHECK_RC(trust_set_add_root(roots, "rival", key_id(FOREIGN), &err), RC_OK, &err);
        if (r->keys)
                expect.keys = words_of(r->keys, &expect.key_count);
        rc = manifest_verify(stream, bytes, &expect, arena, &manifest, &check, &err);
        CHECK((rc == RC_OK) == (check == MANIFEST_NONE));
        CHECK((rc == RC_OK) == (manifest != NULL));
        if (rc != RC_OK) {
                CHECK_RC(rc, RC_UNTRUSTED, &err);
                CHECK(*err.text && !strcmp(err.code, "manifest-refused"));
        }
        if (ret)
                *ret = manifest;
        return check;
}

static enum manifest_check outcome(const struct recipe *r)
{
        const char *stream = stream_of(r);

        return look(r, stream, strlen(stream), NULL);
}

static void check_outcome(const struct recipe *r, enum manifest_check want)
{
        CHECK_TEXT(manifest_check_name(outcome(r)), manifest_check_name(want));
}

static void world_make(void)
{
        struct err err = {0};

        arena = arena_new(512 * MIB);
        for (int i = 0; i < KEY_COUNT; i++) {
                const enum rc rc = i < DAY ? privkey_generate_rsa(1024, &keys[i], &err)
                                           : privkey_generate_ed25519(&keys[i], &err);

                CHECK_RC(rc, RC_OK, &err);
        }
}

static void world_free(void)
{
        for (int i = 0; i < KEY_COUNT; i++)
                privkey_freep(&keys[i]);
        arena_freep(&arena);
}
