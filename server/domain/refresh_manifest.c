/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/refresh_manifest.h"
#include "server/domain/manifest_keeper.h"
#include "server/manifest/manifest_keys.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static int entry_compare(const void *a, const void *b)
{
        return strcmp(((const struct manifest_entry *)a)->key,
                      ((const struct manifest_entry *)b)->key);
}

static enum rc entries_order(struct manifest_entry *entries, size_t count, struct err *err)
{
        if (count > MANIFEST_PACKAGES_MAX)
                return err_set(err, RC_TOO_BIG, "a manifest holds %d packages at most",
                               MANIFEST_PACKAGES_MAX);
        for (size_t i = 0; i < count; i++)
                if (!manifest_key_is(entries[i].key))
                        return err_set_code(err, RC_INVALID, "manifest-instance-key",
                                            "an instance-key cannot stand in a manifest");
        if (count)
                qsort(entries, count, sizeof(*entries), entry_compare);
        for (size_t i = 1; i < count; i++)
                if (strcmp(entries[i - 1].key, entries[i].key) == 0)
                        return err_set_code(err, RC_INVALID, "manifest-instance-key",
                                            "a manifest needs each instance-key once, "
                                            "\"%.60s\" is there twice",
                                            entries[i].key);
        return RC_OK;
}

/* --- the body --- */

static void deltas_put(struct buf *out, const struct catalog_revision *revision, uint64_t source)
{
        size_t said = 0;

        for (size_t i = 0; source && i < revision->delta_count && said < MANIFEST_DELTAS_MAX; i++) {
                const struct catalog_delta *delta = &revision->deltas[i];

                if (delta->source != source)
                        continue;
                buf_text(out, delta->manifest);
                said++;
        }
}

static void found_put(struct buf *out, const struct manifest_entry *entry)
{
        const struct decide_answer *answer = entry->answer;
        char channel[CHANNEL_MAX + 1] = "-";

        if (answer->has_effective)
                channel_format(&answer->effective, channel);
        manifest_put_package(out, entry->key, answer->revision->manifest, channel);
        if (answer->revision->number != entry->source)
                deltas_put(out, answer->revision, entry->source);
}

static void entry_put(struct buf *out, const struct manifest_entry *entry)
{
        static const char *const absent[] = {[DECIDE_NO_PACKAGE] = "no-package",
                                             [DECIDE_NO_REVISION] = "no-revision",
                                             [DECIDE_REFUSED] = "refused"};

        if (!entry->answer)
                manifest_put_absent(out, entry->key, "no-answer");
        else if (entry->answer->outcome == DECIDE_FOUND)
                found_put(out, entry);
        else
                manifest_put_absent(out, entry->key, absent[entry->answer->outcome]);
}

/* --- may this process answer? --- */

static enum rc place_check(struct world *world, const struct catalog *catalog,
                           const struct manifest_key *key, const struct manifest_ask *ask,
                           struct err *err)
{
        const uint64_t generation = catalog_generation(catalog);

        if (ask->epoch < key->epoch || (ask->epoch == key->epoch && ask->sequence <= generation))
                return RC_OK;
        manifest_keeper_wake(world->manifest_keeper);
        return err_set_code(err, RC_BUSY, "manifest-behind",
                            "this store is at epoch %" PRIu64 ", sequence %" PRIu64
                            ", behind what the device has seen",
                            key->epoch, generation);
}

static enum rc signed_put(struct world *world, const struct catalog *catalog,
                          const struct viewer *viewer, const struct manifest_key *key,
                          const struct manifest_ask *ask, const struct buf *body, struct buf *out,
                          struct err *err)
{
        CLEANUP(buf_fini) struct buf content = BUF_INIT(ASSERTION_MAX);
        const usec_t now = world_now(world);
        struct manifest head = {
                .authority = key->authority,
                .key_id = key->key_id,
                .brand_id = viewer->brand_id,
                .model = viewer->model_name,
                .serial = viewer->serial,
                .store = viewer->store_id,
                .nonce = ask->nonce,
                .timestamp = now - now % USEC_PER_SEC,
                .expiry = key->until,
                .epoch = key->epoch,
                .sequence = catalog_generation(catalog),
        };
        enum rc rc;

        if (ask->life && head.timestamp + ask->life < key->until)
                head.expiry = head.timestamp + ask->life;
        rc = manifest_put_content(&content, &head, body->data, body->len, err);
        return rc == RC_OK ? manifest_key_sign(key, &content, out, err) : rc;
}

enum rc refresh_manifest_make(struct world *world, const struct catalog *catalog,
                              const struct viewer *viewer, const struct manifest_ask *ask,
                              struct manifest_entry *entries, size_t count, struct buf *out,
                              struct err *err)
{
        CLEANUP(buf_fini) struct buf body = BUF_INIT(ASSERTION_BODY_MAX);
        const struct manifest_key *key;
        enum rc rc;

        if (!viewer->brand_id || !viewer->serial)
                return err_set_code(err, RC_UNAUTHORIZED, "manifest-needs-session",
                                    "a manifest is for one device: it needs a device session");
        rc = entries_order(entries, count, err);
        if (rc != RC_OK)
                return rc;
        key = world->manifest_keys ? manifest_keys_acquire(world->manifest_keys, world_now(world))
                                   : NULL;
        if (!key) {
                manifest_keeper_wake(world->manifest_keeper);
                return err_set_code(err, RC_BUSY, "manifest-no-key",
                                    "this store cannot sign manifests at the moment");
        }
        rc = place_check(world, catalog, key, ask, err);
        for (size_t i = 0; rc == RC_OK && i < count; i++)
                entry_put(&body, &entries[i]);
        if (rc == RC_OK)
                rc = buf_finish(&body, err);
        if (rc == RC_OK)
                rc = signed_put(world, catalog, viewer, key, ask, &body, out, err);
        manifest_key_release(key);
        return rc;
}
