/* SPDX-License-Identifier: Apache-2.0 */
#include "server/manifest/manifest_keys.h"
#include "core/keys/privkey.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct manifest_key_inside {
        struct manifest_key key;
        atomic_uint references;
        struct privkey *private;
        struct arena *arena;
};

struct manifest_keys {
        pthread_mutex_t swapping; /* held for a pointer and a count, never longer */
        struct manifest_key_inside *current;
        struct privkey *waiting;
};

#define KEY_ARENA_MAX MIB

static void inside_unref(struct manifest_key_inside *inside)
{
        if (!inside || atomic_fetch_sub(&inside->references, 1) != 1)
                return;
        privkey_freep(&inside->private);
        arena_freep(&inside->arena);
        free(inside);
}

static void inside_freep(struct manifest_key_inside **inside)
{
        inside_unref(*inside);
        *inside = NULL;
}

struct manifest_keys *manifest_keys_new(void)
{
        struct manifest_keys *keys = calloc(1, sizeof(*keys));

        if (keys)
                pthread_mutex_init(&keys->swapping, NULL);
        return keys;
}

void manifest_keys_freep(struct manifest_keys **keys)
{
        if (!*keys)
                return;
        inside_unref((*keys)->current);
        privkey_freep(&(*keys)->waiting);
        pthread_mutex_destroy(&(*keys)->swapping);
        free(*keys);
        *keys = NULL;
}

enum rc manifest_keys_begin(struct manifest_keys *keys, struct buf *ret_body,
                            char ret_id[KEY_ID_CHARS + 1], struct err *err)
{
        CLEANUP(privkey_freep) struct privkey *made = NULL;
        enum rc rc;

        rc = privkey_generate_ed25519(&made, err);
        if (rc != RC_OK)
                return rc;
        pubkey_format(privkey_pubkey(made), ret_body);
        rc = buf_finish(ret_body, err);
        if (rc != RC_OK)
                return rc;
        memcpy(ret_id, pubkey_id(privkey_pubkey(made)), KEY_ID_CHARS + 1);
        privkey_freep(&keys->waiting);
        keys->waiting = made;
        made = NULL;
        return RC_OK;
}

static enum rc facts_fill(struct manifest_key_inside *inside, const struct assertion *certificate,
                          const char *chain, size_t chain_bytes, struct err *err)
{
        const char *purpose = assertion_text(certificate, "purpose");
        struct manifest_key *key = &inside->key;
        enum rc rc;

        if (!purpose || strcmp(purpose, "manifest") != 0 ||
            assertion_time(certificate, "since", &key->since) != RC_OK ||
            assertion_time(certificate, "until", &key->until) != RC_OK)
                return err_set(err, RC_INVALID, "the certificate is not for a manifest key");
        rc = assertion_number(certificate, "epoch", &key->epoch);
        if (rc != RC_OK && rc != RC_NOT_FOUND)
                return err_set(err, RC_INVALID, "the certificate's epoch is no number");
        key->authority = arena_strdup(inside->arena, certificate->authority);
        key->key_id = arena_strdup(inside->arena, certificate->pk[0]);
        key->chain = arena_memdup(inside->arena, chain, chain_bytes);
        key->chain_bytes = chain_bytes;
        key->inside = inside;
        return key->authority && key->key_id && key->chain
                       ? RC_OK
                       : err_set(err, RC_NOMEM, "no memory for a key");
}

enum rc manifest_keys_adopt(struct manifest_keys *keys, const struct assertion *certificate,
                            const char *chain, size_t chain_bytes, struct err *err)
{
        CLEANUP(inside_freep) struct manifest_key_inside *inside = calloc(1, sizeof(*inside));
        struct manifest_key_inside *old;
        enum rc rc;

        if (!inside)
                return err_set(err, RC_NOMEM, "no memory for a key");
        atomic_init(&inside->references, 1);
        inside->arena = arena_new(KEY_ARENA_MAX);
        if (!inside->arena)
                return err_set(err, RC_NOMEM, "no memory for a key");
        if (strcmp(certificate->type->name, "agent-key") != 0 || !keys->waiting ||
            strcmp(certificate->pk[0], pubkey_id(privkey_pubkey(keys->waiting))) != 0)
                return err_set(err, RC_INVALID, "the certificate is not for the key that waits");
        rc = facts_fill(inside, certificate, chain, chain_bytes, err);
        if (rc != RC_OK)
                return rc;
        inside->private = keys->waiting;
        keys->waiting = NULL;
        pthread_mutex_lock(&keys->swapping);
        old = keys->current;
        keys->current = inside;
        pthread_mutex_unlock(&keys->swapping);
        inside = old;
        return RC_OK;
}

const struct manifest_key *manifest_keys_acquire(struct manifest_keys *keys, usec_t now)
{
        struct manifest_key_inside *inside;

        pthread_mutex_lock(&keys->swapping);
        inside = keys->current;
        if (inside && (now < inside->key.since || now >= inside->key.until))
                inside = NULL;
        if (inside)
                atomic_fetch_add(&inside->references, 1);
        pthread_mutex_unlock(&keys->swapping);
        return inside ? &inside->key : NULL;
}

void manifest_key_release(const struct manifest_key *key)
{
        if (key)
                inside_unref(key->inside);
}

enum rc manifest_key_sign(const struct manifest_key *key, const struct buf *content,
                          struct buf *out, struct err *err)
{
        enum rc rc;

        rc = buf_finish(content, err);
        if (rc != RC_OK)
                return rc;
        buf_append(out, content->data, content->len);
        buf_append(out, "\n\n", 2);
        rc = privkey_sign_daily(key->inside->private, content->data, content->len, out, err);
        if (rc != RC_OK)
                return rc;
        buf_append(out, "\n\n", 2);
        buf_append(out, key->chain, key->chain_bytes);
        return buf_finish(out, err);
}
