/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/status.h"
#include "core/base/fs.h"
#include "server/domain/jobs.h"
#include "server/manifest/manifest_keys.h"
#include "server/store/store_fleet.h"
#include <stdio.h>

static enum rc count_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct status *status = arg;
        enum rc rc;

        rc = store_job_count(tx, &status->jobs_waiting, &status->jobs_failed, err);
        if (rc == RC_OK)
                rc = store_device_count(tx, &status->devices, err);
        if (rc == RC_OK)
                rc = store_alarm_count(tx, &status->alarms, err);
        return rc == RC_OK ? store_registration_count(tx, &status->registrations, err) : rc;
}

/* A helper that is away is something to tell, not a reason to tell nothing. */
static void signer_look(struct world *world, struct status *status)
{
        struct err ignored = {.text = ""};
        enum rc rc;

        rc = signer_pubkey(world->signer, SIGNER_STORE, &status->store_key, &ignored);
        status->signer_ok = rc == RC_OK || rc == RC_NOT_FOUND;
        if (status->signer_ok &&
            signer_pubkey(world->signer, SIGNER_SERIALS, &status->serials_key, &ignored) != RC_OK)
                status->serials_key.key_id[0] = '\0';
}

static void manifest_look(struct world *world, struct status *status)
{
        const struct manifest_key *key =
                world->manifest_keys ? manifest_keys_acquire(world->manifest_keys, world_now(world))
                                     : NULL;

        status->manifest_ok = key != NULL;
        if (!key)
                return;
        status->manifest_epoch = key->epoch;
        status->manifest_until = key->until;
        manifest_key_release(key);
}

enum rc status_read(struct world *world, struct status *ret, struct err *err)
{
        struct status status = {.uptime_sec = (clock_uptime() - world->started) / USEC_PER_SEC};
        const struct catalog *catalog;
        enum rc rc;

        rc = db_run(world->db, DB_READ, count_body, &status, err);
        if (rc == RC_OK)
                rc = fs_free_bytes(world_text(world, SET_DATA_DIR), &status.free_bytes, err);
        if (rc != RC_OK)
                return rc;
        catalog = catalog_acquire(world->catalog);
        status.generation = catalog_generation(catalog);
        status.packages = catalog_package_count(catalog);
        status.revisions = catalog_revision_total(catalog);
        catalog_release(world->catalog, catalog);
        fleet_numbers(world->fleet, &status.fleet);
        signer_look(world, &status);
        manifest_look(world, &status);
        jobs_sandbox(world->jobs, &status.sandbox, status.sandbox_reason,
                     sizeof(status.sandbox_reason));
        *ret = status;
        return RC_OK;
}
