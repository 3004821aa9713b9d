/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * world -- what the server is made of, passed to every handler and rule; nothing is global.
 *
 * Floor    server/domain. Owner: server/main.c makes it and outlives every thread.
 */
#include "core/base/conf.h"
#include "core/base/random.h"
#include "core/base/secret.h"
#include "core/model/settings.h"
#include "core/model/trust.h"
#include "server/domain/catalog.h"
#include "server/signer/client/signer_client.h"
#include "server/store/blob.h"
#include "server/worker/client.h"
#include <stdatomic.h>

struct block_table;
struct fleet;
struct jobs;
struct nonce_book;
struct token_table;
struct manifest_keys;
struct manifest_keeper;

/* Root keys by configuration (trust/roots), read once at start. */
struct trusted_roots {
        size_t count;
        struct {
                char account_id[64];
                char key_id[KEY_ID_CHARS + 1];
        } items[16];
};

struct world {
        const struct conf *conf;
        struct clock clock;
        struct db *db;
        struct blob_store *blobs;
        struct signer_client *signer;
        struct catalog_store *catalog;
        struct trusted_roots roots;
        struct worker_options worker;
        struct jobs *jobs;
        struct nonce_book *nonces;
        struct token_table *tokens;
        struct block_table *blocks;          /* NULL in tools: nobody is revoked */
        struct fleet *fleet;                 /* NULL before the server listens, and in tools */
        struct manifest_keys *manifest_keys; /* NULL in tools */
        struct manifest_keeper *manifest_keeper;
        struct secret *server_key; /* 32 bytes: everything keyed is derived from it by domain */
        uint8_t boot_key[MAC_KEY_BYTES]; /* random at start: nonces of an earlier run are stale */
        char boot_id[33];
        atomic_ullong session_epoch;   /* sessions of an earlier epoch are stale */
        atomic_uint uploads;           /* files that are being received now */
        atomic_uint uploads_anonymous; /* of them, without a token */
        usec_t started;                /* monotonic */
};

/* A key for one purpose, derived from server_key; domain names it ("session", "bucket"). */
bool world_is_trusted(const struct world *world, const char *account_id);
/* The parts of a primary key joined by '/', as catalog and database key them. NULL: no memory. */
const char *pk_join(struct arena *arena, const char *const *pk, size_t count);
/* Inside the transaction that names these bytes: the sweep, which runs in write transactions too,
 * has not taken them. RC_BUSY: it has. */
MUST_USE enum rc world_blob_check(const struct world *world, const struct digest *digest,
                                  struct err *err);
void world_key(const struct world *world, const char *domain, uint8_t ret[MAC_KEY_BYTES]);
static inline usec_t world_now(const struct world *world)
{
        return clock_now(&world->clock);
}
static inline const char *world_text(const struct world *world, enum setting setting)
{
        return conf_text(world->conf, setting);
}
static inline int64_t world_int(const struct world *world, enum setting setting)
{
        return conf_int(world->conf, setting);
}

/* What is known, for trust_check: the catalog, and for serials the database (tx may be NULL). */
struct world_trust {
        struct world *world;
        const struct catalog *catalog;
        /* Assertions of the stream in hand, believed already; looked at first. */
        struct assertion *const *fresh;
        size_t fresh_count;
};
void world_trust_source(struct world_trust *trust, struct trust_source *ret);
