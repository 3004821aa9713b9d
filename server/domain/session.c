/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/session.h"
#include "core/base/bytes.h"
#include "server/domain/block.h"
#include "server/domain/register.h"
#include "server/domain/ticket.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAYLOAD_MAX 512
#define HEAD_BYTES  24 /* expiry, issue, epoch */
#define EPOCH_NAME  "session-epoch"

/* head, four NUL-ended texts, MAC; as base64url. */
static enum rc token_make(const struct world *world, const struct session *session,
                          struct arena *arena, const char **ret, struct err *err)
{
        const char *const texts[] = {session->brand_id, session->model, session->serial,
                                     session->store_id};
        const usec_t now = world_now(world);
        uint8_t bytes[PAYLOAD_MAX + MAC_BYTES];
        uint8_t key[MAC_KEY_BYTES];
        size_t used = HEAD_BYTES;
        char *text;

        u64_put(bytes, (uint64_t)(now + world_int(world, SET_SESSION_TTL_SEC) * USEC_PER_SEC));
        u64_put(bytes + 8, (uint64_t)now);
        u64_put(bytes + 16, atomic_load(&world->session_epoch));
        for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
                const size_t length = strlen(texts[i]) + 1;

                if (used + length > PAYLOAD_MAX)
                        return err_set(err, RC_INVALID, "brand, model and serial are too long");
                memcpy(bytes + used, texts[i], length);
                used += length;
        }
        world_key(world, "session", key);
        mac_make(key, "session", bytes, used, bytes + used);
        bytes_wipe(key, sizeof(key));
        used += MAC_BYTES;
        text = arena_alloc(arena, BASE64URL_CHARS(used) + 1);
        if (!text)
                return err_set(err, RC_NOMEM, "no memory for a session");
        base64url_format(bytes, used, text);
        *ret = text;
        return RC_OK;
}

static enum rc texts_split(struct arena *arena, const uint8_t *data, size_t bytes,
                           struct session *ret)
{
        const char **const fields[] = {&ret->brand_id, &ret->model, &ret->serial, &ret->store_id};
        char *at = arena_memdup(arena, data, bytes);
        const char *end = at + bytes;

        if (!at)
                return RC_NOMEM;
        for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
                char *nul = at < end ? memchr(at, '\0', (size_t)(end - at)) : NULL;

                if (!nul)
                        return RC_INVALID;
                *fields[i] = at;
                at = nul + 1;
        }
        return at == end ? RC_OK : RC_INVALID;
}

enum rc session_check(const struct world *world, const char *token, struct arena *arena,
                      struct session *ret, struct err *err)
{
        uint8_t bytes[PAYLOAD_MAX + MAC_BYTES];
        uint8_t key[MAC_KEY_BYTES];
        uint8_t tag[MAC_BYTES];
        size_t used = 0;

        if (strlen(token) > SESSION_TEXT_MAX ||
            base64url_parse_any(token, bytes, sizeof(bytes), &used) != RC_OK ||
            used < HEAD_BYTES + MAC_BYTES)
                return err_set(err, RC_INVALID, "this is no device session of this store");
        used -= MAC_BYTES;
        world_key(world, "session", key);
        mac_make(key, "session", bytes, used, tag);
        bytes_wipe(key, sizeof(key));
        if (!bytes_equal(tag, bytes + used, MAC_BYTES))
                return err_set(err, RC_INVALID, "this is no device session of this store");
        if (u64_get(bytes + 16) != atomic_load(&world->session_epoch))
                return err_set(err, RC_STALE, "the device session was taken back");
        if (texts_split(arena, bytes + HEAD_BYTES, used - HEAD_BYTES, ret) != RC_OK)
                return err_set(err, RC_INVALID, "this is no device session of this store");
        if (block_find(world->blocks, ret->brand_id, ret->model, ret->serial,
                       (usec_t)u64_get(bytes + 8)) != BLOCK_NONE)
                return err_set(err, RC_STALE, "the device session was taken back");
        if ((usec_t)u64_get(bytes) <= world_now(world))
                return err_set(err, RC_EXPIRED, "the device session is over: open a new one");
        return RC_OK;
}

/* --- opening --- */

struct opening {
        struct assertion *request;
        struct assertion *serial;
        struct assertion *model;
};

static enum rc one_parse(struct arena *arena, const char *text, const char *type,
                         struct assertion **ret, struct err *err)
{
        enum rc rc;

        rc = assertion_parse(arena, text, strlen(text), ret, err);
        if (rc != RC_OK)
                return err_prefix(err, rc, "the %s", type);
        if (strcmp((*ret)->type->name, type))
                return err_set(err, RC_INVALID, "a %s is expected, not a %s", type,
                               (*ret)->type->name);
        return RC_OK;
}

static enum rc names_agree(const struct opening *opening, struct err *err)
{
        static const char *const names[] = {"brand-id", "model", "serial"};

        for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
                const char *in_serial = assertion_text(opening->serial, names[i]);
                const char *in_request = assertion_text(opening->request, names[i]);
                const char *in_model = i < 2 ? assertion_text(opening->model, names[i]) : in_serial;

                if (!in_serial || !in_request || !in_model || strcmp(in_serial, in_request) ||
                    strcmp(in_serial, in_model))
                        return err_set(err, RC_INVALID,
                                       "%s differs between session request, serial and model",
                                       names[i]);
        }
        return RC_OK;
}

/* The request must be signed by the very key that the serial names. */
static enum rc key_agrees(const struct opening *opening, struct err *err)
{
        const char *text = assertion_text(opening->serial, "device-key");
        const char *key_id = assertion_text(opening->serial, "device-key-sha3-384");
        CLEANUP(pubkey_freep) struct pubkey *key = NULL;
        enum rc rc;

        if (!text || !key_id || strcmp(key_id, opening->request->key_id))
                return err_set(err, RC_UNTRUSTED,
                               "the session request is not signed by the key of this serial");
        rc = pubkey_parse(text, strlen(text), &key, err);
        if (rc != RC_OK)
                return rc;
        if (strcmp(pubkey_id(key), key_id))
                return err_set(err, RC_UNTRUSTED,
                               "the serial's device-key is not the key it names");
        return assertion_verify(opening->request, key, err);
}

static enum rc chains_check(struct world *world, const struct catalog *catalog,
                            const struct opening *opening, struct arena *arena, struct err *err)
{
        struct assertion *const fresh[] = {opening->model};
        struct world_trust trust = {world, catalog, fresh, 1};
        struct trust_source source;
        enum rc rc;

        world_trust_source(&trust, &source);
        rc = model_check(world, catalog, opening->model, arena, err);
        if (rc != RC_OK)
                return rc;
        /* A serial outlives the key that signed it: the key's end does not end the device. */
        rc = trust_check(opening->serial, &source, TRUST_IGNORE_EXPIRY, world_now(world), arena,
                         err);
        return rc == RC_NOT_FOUND ? RC_UNTRUSTED : rc;
}

static enum rc nonce_check(struct world *world, const struct opening *opening, struct err *err)
{
        const char *nonce = assertion_text(opening->request, "nonce");
        const usec_t life = world_int(world, SET_NONCE_TTL_SEC) * USEC_PER_SEC;
        const usec_t now = world_now(world);
        enum rc rc;

        if (!nonce)
                return err_set(err, RC_INVALID, "the session request has no nonce");
        rc = ticket_check(world->boot_key, "nonce", "", now, nonce, err);
        return rc == RC_OK ? nonce_book_use(world->nonces, nonce, now, life, err) : rc;
}

enum rc session_open(struct world *world, const struct catalog *catalog, const char *request_text,
                     const char *serial_text, const char *model_text, struct arena *arena,
                     const char **ret, struct err *err)
{
        struct opening opening;
        struct session session;
        enum rc rc;

        rc = one_parse(arena, request_text, "device-session-request", &opening.request, err);
        if (rc == RC_OK)
                rc = one_parse(arena, serial_text, "serial", &opening.serial, err);
        if (rc == RC_OK)
                rc = one_parse(arena, model_text, "model", &opening.model, err);
        if (rc == RC_OK)
                rc = names_agree(&opening, err);
        if (rc == RC_OK)
                rc = key_agrees(&opening, err);
        if (rc == RC_OK)
                rc = chains_check(world, catalog, &opening, arena, err);
        if (rc == RC_OK)
                rc = device_check(world, opening.serial, arena, err);
        /* The nonce comes last: a request that fails otherwise does not use it up. */
        if (rc == RC_OK)
                rc = nonce_check(world, &opening, err);
        if (rc == RC_OK)
                rc = model_keep(world, catalog, opening.model, arena, err);
        if (rc != RC_OK)
                return rc;
        session = (struct session){
                .brand_id = assertion_text(opening.serial, "brand-id"),
                .model = assertion_text(opening.serial, "model"),
                .serial = assertion_text(opening.serial, "serial"),
                .store_id = model_store(world, opening.model),
        };
        return token_make(world, &session, arena, ret, err);
}

/* --- the epoch --- */

static enum rc epoch_raise(struct db_tx *tx, void *arg, struct err *err)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(64 * KIB);
        const char *text = "0";
        char next[24];
        enum rc rc;

        if (!arena)
                return err_set(err, RC_NOMEM, "no memory for the session epoch");
        rc = store_meta_get(tx, arena, EPOCH_NAME, &text, err);
        if (rc != RC_OK && rc != RC_NOT_FOUND)
                return rc;
        *(uint64_t *)arg = strtoull(text, NULL, 10) + 1;
        snprintf(next, sizeof(next), "%llu", *(unsigned long long *)arg);
        return store_meta_put(tx, EPOCH_NAME, next, err);
}

enum rc session_expire_all(struct world *world, uint64_t *ret, struct err *err)
{
        uint64_t epoch = 0;
        enum rc rc;

        rc = db_run(world->db, DB_WRITE, epoch_raise, &epoch, err);
        if (rc != RC_OK)
                return rc;
        atomic_store(&world->session_epoch, epoch);
        *ret = epoch;
        return RC_OK;
}

static enum rc epoch_read(struct db_tx *tx, void *arg, struct err *err)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(64 * KIB);
        const char *text = "0";
        enum rc rc;

        if (!arena)
                return err_set(err, RC_NOMEM, "no memory for the session epoch");
        rc = store_meta_get(tx, arena, EPOCH_NAME, &text, err);
        *(uint64_t *)arg = strtoull(text, NULL, 10);
        return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc session_load_epoch(struct world *world, struct err *err)
{
        uint64_t epoch = 0;
        enum rc rc;

        rc = db_run(world->db, DB_READ, epoch_read, &epoch, err);
        if (rc == RC_OK)
                atomic_store(&world->session_epoch, epoch);
        return rc;
}
