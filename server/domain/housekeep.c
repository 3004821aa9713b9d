/* SPDX-License-Identifier: Apache-2.0 */
/* The work of every minute: what is over goes. */
#include "server/domain/block.h"
#include "server/domain/jobs.h"
#include "server/store/store_fleet.h"

#define WEEK_USEC        (7 * 24 * 3600 * USEC_PER_SEC)
#define SESSION_LIFE_MAX (366 * 24 * 3600 * USEC_PER_SEC) /* more than session-ttl-sec may be */

struct expiring {
        usec_t now;
        size_t branches;
};

static enum rc expire_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct expiring *expiring = arg;
        uint64_t generation;
        size_t uploads = 0;
        enum rc rc;

        rc = store_upload_expire(tx, expiring->now, &uploads, err);
        if (rc == RC_OK)
                rc = store_release_expire(tx, expiring->now, &expiring->branches, err);
        /* A device that waits asks every minute. */
        if (rc == RC_OK)
                rc = store_registration_expire(tx, expiring->now - WEEK_USEC, err);
        if (rc == RC_OK)
                rc = store_block_expire(tx, expiring->now - SESSION_LIFE_MAX, err);
        if (rc == RC_OK && expiring->branches)
                rc = store_generation_bump(tx, &generation, err);
        return rc;
}

static bool has_expired(const struct catalog_package *package, usec_t now)
{
        for (size_t i = 0; i < package->release_count; i++)
                if (package->releases[i].expires && package->releases[i].expires <= now)
                        return true;
        return false;
}

static enum rc packages_reload(struct world *world, usec_t now, struct err *err)
{
        const struct catalog *catalog = catalog_acquire(world->catalog);
        const size_t count = catalog_package_count(catalog);
        enum rc rc = RC_OK;

        for (size_t i = 0; rc == RC_OK && i < count; i++) {
                const struct catalog_package *package = catalog_package_at(catalog, i);

                if (has_expired(package, now))
                        rc = catalog_reload_package(world->catalog, package->snap_id, err);
        }
        catalog_release(world->catalog, catalog);
        return rc;
}

/* --- bytes without a name --- */

struct sweeping {
        struct world *world;
        const struct digest *digest;
        bool removing;
        bool used;
};

/* Removed inside a write transaction: whoever is about to name these bytes does it in one too, and
 * looks whether they are still there. */
static enum rc sweep_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct sweeping *sweeping = arg;
        enum rc rc;

        rc = store_digest_is_used(tx, sweeping->digest, &sweeping->used, err);
        if (rc != RC_OK || sweeping->used || !sweeping->removing)
                return rc;
        return blob_remove(sweeping->world->blobs, sweeping->digest, err);
}

static enum rc blob_look(void *context, const struct digest *id, uint64_t bytes, struct err *err)
{
        struct sweeping sweeping = {.world = context, .digest = id};
        enum rc rc;

        (void)bytes;
        rc = db_run(sweeping.world->db, DB_READ, sweep_body, &sweeping, err);
        if (rc != RC_OK || sweeping.used)
                return rc;
        sweeping.removing = true;
        return db_run(sweeping.world->db, DB_WRITE, sweep_body, &sweeping, err);
}

enum rc jobs_housekeep(struct world *world, bool sweep, struct err *err)
{
        struct expiring expiring = {.now = world_now(world)};
        const usec_t stale = 2 * world_int(world, SET_UPLOAD_DEADLINE_SEC) * USEC_PER_SEC;
        enum rc rc;

        rc = db_run(world->db, DB_WRITE, expire_body, &expiring, err);
        if (rc == RC_OK)
                rc = block_table_reload(world->blocks, world->db, err);
        if (rc == RC_OK && expiring.branches)
                rc = packages_reload(world, expiring.now, err);
        if (rc == RC_OK && sweep)
                rc = blob_each(world->blobs, blob_look, world, err);
        if (rc == RC_OK && sweep)
                rc = blob_sweep(world->blobs, stale, err);
        return rc;
}
