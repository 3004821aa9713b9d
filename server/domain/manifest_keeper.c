/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/manifest_keeper.h"
#include "server/domain/issue.h"
#include "server/domain/keep.h"
#include "server/manifest/manifest_keys.h"
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_SEC       30 /* how often it looks without being woken */
#define RETRY_SEC      2  /* doubled up to LOOK_SEC while the signer refuses or is away */
#define WORK_MAX       (4 * MIB)
#define CHAIN_TEXT_MAX (256 * KIB)

struct manifest_keeper {
        struct world *world;
        manifest_keeper_report report;
        pthread_t thread;
        pthread_mutex_t lock;
        pthread_cond_t changed;
        bool woken;
        bool stopping;
        enum rc reported;
        usec_t retry_at; /* uptime; 0: at once */
        unsigned retry_sec;
};

/* --- the epoch --- */

/* The newest word of a root on the account's epoch; NULL: none, epoch 0. */
static const struct assertion *epoch_find(const struct catalog *catalog, const char *account_id)
{
        const struct assertion *best = NULL;
        uint64_t best_epoch = 0;
        size_t first = 0;
        const size_t count = catalog_assertions_of(catalog, "manifest-epoch", &first);

        for (size_t i = 0; i < count; i++) {
                const struct assertion *at =
                        catalog_assertion_newest(catalog_assertion_at(catalog, first + i), 0);
                uint64_t epoch = 0;

                if (at && strcmp(at->pk[0], account_id) == 0 &&
                    assertion_number(at, "epoch", &epoch) == RC_OK && epoch > best_epoch) {
                        best = at;
                        best_epoch = epoch;
                }
        }
        return best;
}

static uint64_t epoch_of(const struct assertion *raised)
{
        uint64_t epoch = 0;

        return raised && assertion_number(raised, "epoch", &epoch) == RC_OK ? epoch : 0;
}

/* --- a key --- */

struct making {
        struct world *world;
        const struct catalog *catalog;
        struct arena *arena;
        const struct assertion *raised; /* NULL: epoch 0 */
        struct signer_identity signer;
        char key_id[KEY_ID_CHARS + 1];
        usec_t since;
        usec_t until;
};

/* Not beyond the key that certifies it: on that key's last day ours is shorter. */
static void life_choose(struct making *making)
{
        const struct assertion *certifier =
                catalog_get_assertion(making->catalog, "account-key", making->signer.key_id, 1);
        const usec_t now = world_now(making->world);
        usec_t end;

        making->since = now - now % USEC_PER_SEC;
        making->until =
                making->since + world_int(making->world, SET_MANIFEST_KEY_LIFE_SEC) * USEC_PER_SEC;
        if (certifier && assertion_time(certifier, "until", &end) == RC_OK && end < making->until)
                making->until = end;
}

static enum rc certificate_ask(struct making *making, const struct buf *body,
                               const struct buf *evidence, struct assertion **ret, struct err *err)
{
        char since[CLOCK_CHARS + 1];
        char until[CLOCK_CHARS + 1];
        const char *const names[] = {"account-id", "public-key-sha3-384", "purpose", "since",
                                     "until"};
        const struct value values[] = {
                {.kind = VALUE_TEXT, .text = making->signer.account_id},
                {.kind = VALUE_TEXT, .text = making->key_id},
                {.kind = VALUE_TEXT, .text = "manifest"},
                {.kind = VALUE_TEXT, .text = since},
                {.kind = VALUE_TEXT, .text = until},
        };
        const struct value headers = {
                .kind = VALUE_MAP, .count = ARRAY_COUNT(values), .items = values, .names = names};
        const struct signer_request request = {
                .role = SIGNER_MANIFEST,
                .type = "agent-key",
                .headers = &headers,
                .body = body->data,
                .body_bytes = body->len,
                .evidence = evidence->data,
                .evidence_bytes = evidence->len,
        };

        clock_format(making->since, since);
        clock_format(making->until, until);
        return issue_checked(making->world, &request, making->arena, ret, err);
}

/* What devices get beside a manifest: the certificate, its keys and accounts, the epoch. */
static enum rc chain_make(const struct making *making, const struct assertion *certificate,
                          struct buf *out, struct err *err)
{
        uint64_t epoch = 0;
        enum rc rc;

        if (assertion_number(certificate, "epoch", &epoch) != RC_OK ||
            epoch != epoch_of(making->raised))
                return err_set(err, RC_STALE,
                               "the signer certifies epoch %" PRIu64
                               ", and this store does not have a root's word for it",
                               epoch);
        assertion_stream_put(out, certificate->bytes, certificate->bytes_count);
        rc = chain_append(making->catalog, certificate, false, making->arena, out, err);
        if (rc == RC_OK && making->raised)
                assertion_stream_put(out, making->raised->bytes, making->raised->bytes_count);
        return rc == RC_OK ? buf_finish(out, err) : rc;
}

static enum rc key_make_with(struct making *making, struct err *err)
{
        CLEANUP(buf_fini) struct buf body = BUF_INIT(4 * KIB);
        CLEANUP(buf_fini) struct buf evidence = BUF_INIT(64 * KIB);
        CLEANUP(buf_fini) struct buf chain = BUF_INIT(CHAIN_TEXT_MAX);
        struct world *world = making->world;
        struct assertion *certificate = NULL;
        enum rc rc;

        rc = signer_pubkey(world->signer, SIGNER_MANIFEST, &making->signer, err);
        if (rc != RC_OK)
                return rc;
        making->raised = epoch_find(making->catalog, making->signer.account_id);
        if (making->raised)
                assertion_stream_put(&evidence, making->raised->bytes, making->raised->bytes_count);
        life_choose(making);
        rc = manifest_keys_begin(world->manifest_keys, &body, making->key_id, err);
        if (rc == RC_OK)
                rc = buf_finish(&evidence, err);
        if (rc == RC_OK)
                rc = certificate_ask(making, &body, &evidence, &certificate, err);
        if (rc == RC_OK)
                rc = chain_make(making, certificate, &chain, err);
        if (rc == RC_OK)
                rc = manifest_keys_adopt(world->manifest_keys, certificate, chain.data, chain.len,
                                         err);
        return rc;
}

static enum rc key_make(struct world *world, struct err *err)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(WORK_MAX);
        struct making making = {.world = world, .arena = arena};
        enum rc rc;

        if (!arena)
                return err_set(err, RC_NOMEM, "no memory for a manifest key");
        making.catalog = catalog_acquire(world->catalog);
        rc = key_make_with(&making, err);
        catalog_release(world->catalog, making.catalog);
        return rc == RC_OK ? rc : err_prefix(err, rc, "manifest key");
}

/* At half of its life, or when a root began a new epoch. */
static bool key_is_due(struct world *world)
{
        const usec_t now = world_now(world);
        const struct manifest_key *key = manifest_keys_acquire(world->manifest_keys, now);
        const struct catalog *catalog;
        bool due;

        if (!key)
                return true;
        catalog = catalog_acquire(world->catalog);
        due = now >= key->since + (key->until - key->since) / 2 ||
              epoch_of(epoch_find(catalog, key->authority)) > key->epoch;
        catalog_release(world->catalog, catalog);
        manifest_key_release(key);
        return due;
}

/* --- the thread --- */

static void outcome_report(struct manifest_keeper *keeper, enum rc rc, const struct err *err)
{
        if (keeper->report && rc != keeper->reported)
                keeper->report(rc, err);
        keeper->reported = rc;
}

static void key_keep(struct manifest_keeper *keeper)
{
        struct err err = {0};
        enum rc rc;

        if (!key_is_due(keeper->world) || clock_uptime() < keeper->retry_at)
                return;
        rc = key_make(keeper->world, &err);
        outcome_report(keeper, rc, &err);
        if (rc == RC_OK) {
                keeper->retry_sec = 0;
                keeper->retry_at = 0;
                return;
        }
        keeper->retry_sec = keeper->retry_sec ? keeper->retry_sec * 2 : RETRY_SEC;
        if (keeper->retry_sec > LOOK_SEC)
                keeper->retry_sec = LOOK_SEC;
        keeper->retry_at = clock_uptime() + keeper->retry_sec * USEC_PER_SEC;
}

/* When to look again without being woken. */
static usec_t next_look(struct manifest_keeper *keeper)
{
        struct world *world = keeper->world;
        const usec_t now = world_now(world);
        const struct manifest_key *key = manifest_keys_acquire(world->manifest_keys, now);
        usec_t wait = LOOK_SEC * USEC_PER_SEC;

        if (keeper->retry_at)
                wait = keeper->retry_at - clock_uptime();
        else if (key && key->since + (key->until - key->since) / 2 - now < wait)
                wait = key->since + (key->until - key->since) / 2 - now;
        manifest_key_release(key);
        return clock_uptime() + (wait > 0 ? wait : 0) + 1000;
}

/* False: stop. */
static bool keeper_wait(struct manifest_keeper *keeper)
{
        const usec_t at = next_look(keeper);
        const struct timespec until = {(time_t)(at / USEC_PER_SEC),
                                       (long)(at % USEC_PER_SEC) * 1000};
        bool go_on;

        pthread_mutex_lock(&keeper->lock);
        while (!keeper->stopping && !keeper->woken)
                if (pthread_cond_timedwait(&keeper->changed, &keeper->lock, &until) != 0)
                        break;
        keeper->woken = false;
        go_on = !keeper->stopping;
        pthread_mutex_unlock(&keeper->lock);
        return go_on;
}

static void *keeper_main(void *arg)
{
        struct manifest_keeper *keeper = arg;

        do {
                struct err err = {0};

                /* Another process may have written; what fails now is tried at the next look. */
                (void)!catalog_reload_behind(keeper->world->catalog, &err);
                key_keep(keeper);
        } while (keeper_wait(keeper));
        return NULL;
}

void manifest_keeper_wake(struct manifest_keeper *keeper)
{
        if (!keeper)
                return;
        pthread_mutex_lock(&keeper->lock);
        keeper->woken = true;
        pthread_cond_signal(&keeper->changed);
        pthread_mutex_unlock(&keeper->lock);
}

enum rc manifest_keeper_start(struct world *world, manifest_keeper_report report,
                              struct manifest_keeper **ret, struct err *err)
{
        struct manifest_keeper *keeper = calloc(1, sizeof(*keeper));
        pthread_condattr_t monotonic;

        if (!keeper)
                return err_set(err, RC_NOMEM, "no memory for manifests");
        keeper->world = world;
        keeper->report = report;
        pthread_mutex_init(&keeper->lock, NULL);
        pthread_condattr_init(&monotonic);
        pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
        pthread_cond_init(&keeper->changed, &monotonic);
        pthread_condattr_destroy(&monotonic);
        if (pthread_create(&keeper->thread, NULL, keeper_main, keeper) != 0) {
                pthread_cond_destroy(&keeper->changed);
                pthread_mutex_destroy(&keeper->lock);
                free(keeper);
                return err_set(err, RC_NOMEM, "no thread for manifests");
        }
        *ret = keeper;
        return RC_OK;
}

void manifest_keeper_freep(struct manifest_keeper **keeper)
{
        struct manifest_keeper *gone = *keeper;

        if (!gone)
                return;
        pthread_mutex_lock(&gone->lock);
        gone->stopping = true;
        pthread_cond_signal(&gone->changed);
        pthread_mutex_unlock(&gone->lock);
        pthread_join(gone->thread, NULL);
        pthread_cond_destroy(&gone->changed);
        pthread_mutex_destroy(&gone->lock);
        free(gone);
        *keeper = NULL;
}
