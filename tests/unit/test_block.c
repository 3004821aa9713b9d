/* SPDX-License-Identifier: Apache-2.0 */
/* Whose sessions count: a table over devices and models, revoked, lifted, expired. */
#include "server/domain/block.h"
#include "server/store/store_fleet.h"
#include "tests/lib/check.h"
#include "tests/lib/scratch.h"
#include <string.h>

#define NOW ((usec_t)1800000000 * USEC_PER_SEC)

static struct world world;
static struct err err;
static const struct actor operator_actor = {.account_id = "acme", .is_admin = true};

static enum rc begin_body(struct db_tx *tx, void *arg, struct err *e)
{
        static const char *const serials[] = {"S1", "S2"};
        enum rc rc = RC_OK;

        (void)arg;
        for (size_t i = 0; rc == RC_OK && i < ARRAY_COUNT(serials); i++)
                rc = store_check_in_begin(tx, "acme", "box", serials[i], e);
        return rc == RC_OK ? store_check_in_begin(tx, "zeta", "box", "S1", e) : rc;
}

static void change(enum block_change what, const char *brand, const char *serial, enum rc want)
{
        CHECK_RC(block_change(&world, &operator_actor, what, brand, "box", &serial, serial ? 1 : 0,
                              &err),
                 want, &err);
}

static enum block found(const char *brand, const char *serial, usec_t issued)
{
        return block_find(world.blocks, brand, "box", serial, issued);
}

static void devices_check(void)
{
        check_promise("one device is revoked, and no other");
        CHECK_INT(found("acme", "S1", NOW), BLOCK_NONE);
        change(BLOCK_REVOKE, "acme", "S1", RC_OK);
        CHECK_INT(found("acme", "S1", NOW - 1), BLOCK_DEVICE);
        CHECK_INT(found("acme", "S1", NOW + 1), BLOCK_DEVICE);
        CHECK_INT(found("acme", "S2", NOW), BLOCK_NONE);
        CHECK_INT(found("zeta", "S1", NOW), BLOCK_NONE);
        CHECK_RC(block_check(world.blocks, "acme", "box", "S1", &err), RC_FORBIDDEN, &err);
        CHECK(strstr(err.text, "S1 was revoked"));
        CHECK_RC(block_check(world.blocks, "acme", "box", "S2", &err), RC_OK, &err);
        check_promise("a lifted device opens a new session; those from before stay over");
        change(BLOCK_LIFT, "acme", "S1", RC_OK);
        CHECK_INT(found("acme", "S1", NOW), BLOCK_STALE);
        CHECK_INT(found("acme", "S1", NOW + 1), BLOCK_NONE);
        CHECK_RC(block_check(world.blocks, "acme", "box", "S1", &err), RC_OK, &err);
        check_promise("expiring ends the sessions so far and leaves a revocation alone");
        change(BLOCK_EXPIRE, "acme", "S2", RC_OK);
        CHECK_INT(found("acme", "S2", NOW), BLOCK_STALE);
        CHECK_INT(found("acme", "S2", NOW + 1), BLOCK_NONE);
        change(BLOCK_REVOKE, "acme", "S2", RC_OK);
        change(BLOCK_EXPIRE, "acme", "S2", RC_OK);
        CHECK_INT(found("acme", "S2", NOW + 1), BLOCK_DEVICE);
        check_promise("an unknown device is no device, and changes nothing of the others");
        {
                const char *const serials[] = {"S1", "S9"};

                CHECK_RC(block_change(&world, &operator_actor, BLOCK_REVOKE, "acme", "box", serials,
                                      2, &err),
                         RC_NOT_FOUND, &err);
                CHECK_INT(found("acme", "S1", NOW + 1), BLOCK_NONE);
        }
}

static void models_check(void)
{
        check_promise("a model is revoked with all its devices");
        change(BLOCK_REVOKE, "zeta", NULL, RC_OK);
        CHECK_INT(found("zeta", "S1", NOW + 1), BLOCK_MODEL);
        CHECK_INT(found("zeta", "S7", NOW + 1), BLOCK_MODEL);
        CHECK_INT(found("acme", "S1", NOW + 1), BLOCK_NONE);
        CHECK_RC(block_check(world.blocks, "zeta", "box", "S7", &err), RC_FORBIDDEN, &err);
        CHECK(strstr(err.text, "zeta/box was revoked"));
        change(BLOCK_LIFT, "zeta", NULL, RC_OK);
        CHECK_INT(found("zeta", "S7", NOW), BLOCK_STALE);
        CHECK_INT(found("zeta", "S7", NOW + 1), BLOCK_NONE);
        check_promise("it lasts over a restart");
        block_table_freep(&world.blocks);
        world.blocks = block_table_new();
        CHECK_INT(found("acme", "S2", NOW), BLOCK_NONE);
        CHECK_RC(block_table_reload(world.blocks, world.db, &err), RC_OK, &err);
        CHECK_INT(found("acme", "S2", NOW), BLOCK_DEVICE);
        check_promise("without a table nobody is blocked");
        CHECK_INT(block_find(NULL, "acme", "box", "S2", NOW), BLOCK_NONE);
}

int main(void)
{
        CLEANUP(scratch_freep) char *dir = scratch_new();

        world.clock.fixed_usec = NOW;
        world.blocks = block_table_new();
        CHECK_RC(db_open(dir, true, &world.db, &err), RC_OK, &err);
        CHECK_RC(db_run(world.db, DB_WRITE, begin_body, NULL, &err), RC_OK, &err);
        devices_check();
        models_check();
        block_table_freep(&world.blocks);
        db_freep(&world.db);
        return check_end();
}
