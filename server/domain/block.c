/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/block.h"
#include "server/domain/audit.h"
#include "server/store/store_fleet.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_MAX (256 * MIB)

struct block_table {
        pthread_mutex_t reloading; /* one reload at a time: an older read never replaces a newer */
        pthread_rwlock_t lock;
        struct arena *arena; /* of rows */
        const struct block_row *rows;
        size_t count;
};

struct block_table *block_table_new(void)
{
        struct block_table *table = calloc(1, sizeof(*table));

        if (!table)
                return NULL;
        pthread_mutex_init(&table->reloading, NULL);
        pthread_rwlock_init(&table->lock, NULL);
        return table;
}

void block_table_freep(struct block_table **table)
{
        if (!*table)
                return;
        arena_freep(&(*table)->arena);
        pthread_rwlock_destroy(&(*table)->lock);
        pthread_mutex_destroy(&(*table)->reloading);
        free(*table);
        *table = NULL;
}

struct reading {
        struct arena *arena;
        const struct block_row *rows;
        size_t count;
};

static enum rc read_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct reading *reading = arg;

        arena_reset(reading->arena);
        return store_block_list(tx, reading->arena, &reading->rows, &reading->count, err);
}

enum rc block_table_reload(struct block_table *table, struct db *db, struct err *err)
{
        struct reading reading = {.arena = arena_new(TABLE_MAX)};
        struct arena *old;
        enum rc rc;

        if (!reading.arena)
                return err_set(err, RC_NOMEM, "no memory for revoked devices");
        pthread_mutex_lock(&table->reloading);
        rc = db_run(db, DB_READ, read_body, &reading, err);
        if (rc == RC_OK) {
                pthread_rwlock_wrlock(&table->lock);
                old = table->arena;
                table->arena = reading.arena;
                table->rows = reading.rows;
                table->count = reading.count;
                pthread_rwlock_unlock(&table->lock);
                reading.arena = old;
        }
        pthread_mutex_unlock(&table->reloading);
        arena_freep(&reading.arena);
        return rc;
}

/* --- looking --- */

/* The database's order of texts is that of their bytes, as strcmp's is. */
static int row_compare(const void *a, const void *b)
{
        const struct block_row *left = a;
        const struct block_row *right = b;
        int order = strcmp(left->brand_id, right->brand_id);

        if (!order)
                order = strcmp(left->model, right->model);
        return order ? order : strcmp(left->serial, right->serial);
}

static const struct block_row *row_find(const struct block_table *table, const char *brand_id,
                                        const char *model, const char *serial)
{
        const struct block_row wanted = {.brand_id = brand_id, .model = model, .serial = serial};

        return bsearch(&wanted, table->rows, table->count, sizeof(*table->rows), row_compare);
}

enum block block_find(struct block_table *table, const char *brand_id, const char *model,
                      const char *serial, usec_t issued)
{
        enum block found = BLOCK_NONE;

        if (!table)
                return BLOCK_NONE;
        pthread_rwlock_rdlock(&table->lock);
        if (table->count) {
                const struct block_row *of_model = row_find(table, brand_id, model, "");
                const struct block_row *of_device = row_find(table, brand_id, model, serial);

                if (of_model && of_model->revoked)
                        found = BLOCK_MODEL;
                else if (of_device && of_device->revoked)
                        found = BLOCK_DEVICE;
                else if ((of_model && issued <= of_model->stale_before) ||
                         (of_device && issued <= of_device->stale_before))
                        found = BLOCK_STALE;
        }
        pthread_rwlock_unlock(&table->lock);
        return found;
}

enum rc block_check(struct block_table *table, const char *brand_id, const char *model,
                    const char *serial, struct err *err)
{
        switch (block_find(table, brand_id, model, serial, INT64_MAX)) {
        case BLOCK_NONE:
        case BLOCK_STALE:
                return RC_OK;
        case BLOCK_DEVICE:
                return err_set_code(err, RC_FORBIDDEN, "device-revoked",
                                    "the device %s was revoked: ask the operator of this store",
                                    serial);
        case BLOCK_MODEL:
                return err_set_code(err, RC_FORBIDDEN, "model-revoked",
                                    "the model %s/%s was revoked: ask the operator of this store",
                                    brand_id, model);
        }
        return err_set(err, RC_BUG, "an unknown block");
}

/* --- changing --- */

static const struct {
        const char *device;
        const char *model;
} change_actions[] = {
        [BLOCK_REVOKE] = {"device-revoke", "model-revoke"},
        [BLOCK_LIFT] = {"device-unrevoke", "model-unrevoke"},
        [BLOCK_EXPIRE] = {"session-expire", "session-expire"},
};

struct changing {
        const struct actor *actor;
        enum block_change change;
        const char *brand_id;
        const char *model;
        const char *const *serials;
        size_t count;
        usec_t now;
};

static enum rc device_mark(struct db_tx *tx, const struct changing *changing, const char *serial,
                           struct arena *arena, struct err *err)
{
        struct check_in_row known;
        enum rc rc;

        rc = store_check_in_get(tx, arena, changing->brand_id, changing->model, serial, &known,
                                err);
        if (rc == RC_NOT_FOUND)
                return err_set(err, rc, "there is no device %.64s of the model %s/%s", serial,
                               changing->brand_id, changing->model);
        if (rc != RC_OK || changing->change == BLOCK_EXPIRE)
                return rc;
        /* A device whose serial was not issued here has no row of its own. */
        rc = store_device_revoke(tx, changing->brand_id, changing->model, serial,
                                 changing->change == BLOCK_REVOKE, err);
        return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc one_change(struct db_tx *tx, const struct changing *changing, const char *serial,
                          struct arena *arena, struct err *err)
{
        struct block_row row = {changing->brand_id, changing->model, serial, false, 0};
        enum rc rc = RC_OK;

        if (*serial)
                rc = device_mark(tx, changing, serial, arena, err);
        if (rc != RC_OK)
                return rc;
        rc = store_block_get(tx, arena, row.brand_id, row.model, serial, &row, err);
        if (rc != RC_OK && rc != RC_NOT_FOUND)
                return rc;
        if (rc == RC_NOT_FOUND)
                row = (struct block_row){changing->brand_id, changing->model, serial, false, 0};
        if (changing->change != BLOCK_EXPIRE)
                row.revoked = changing->change == BLOCK_REVOKE;
        row.stale_before = changing->now;
        return store_block_put(tx, &row, err);
}

static enum rc change_body(struct db_tx *tx, void *arg, struct err *err)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(16 * MIB);
        const struct changing *changing = arg;
        enum rc rc = RC_OK;

        if (!arena)
                return err_set(err, RC_NOMEM, "no memory for devices");
        if (!changing->count) {
                rc = one_change(tx, changing, "", arena, err);
                return rc != RC_OK
                               ? rc
                               : audit_add(tx, changing->actor->account_id,
                                           change_actions[changing->change].model, changing->model,
                                           changing->now, err, "brand %s", changing->brand_id);
        }
        for (size_t i = 0; rc == RC_OK && i < changing->count; i++) {
                rc = one_change(tx, changing, changing->serials[i], arena, err);
                if (rc == RC_OK)
                        rc = audit_add(tx, changing->actor->account_id,
                                       change_actions[changing->change].device,
                                       changing->serials[i], changing->now, err, "model %s/%s",
                                       changing->brand_id, changing->model);
        }
        return rc;
}

enum rc block_change(struct world *world, const struct actor *actor, enum block_change change,
                     const char *brand_id, const char *model, const char *const *serials,
                     size_t count, struct err *err)
{
        struct changing changing = {
                .actor = actor,
                .change = change,
                .brand_id = brand_id,
                .model = model,
                .serials = serials,
                .count = count,
                .now = world_now(world),
        };
        enum rc rc;

        if (count > BLOCK_SERIALS_MAX)
                return err_set(err, RC_TOO_BIG, "at most %d devices at once", BLOCK_SERIALS_MAX);
        for (size_t i = 0; i < count; i++)
                if (!*serials[i])
                        return err_set(err, RC_INVALID, "a serial is missing");
        rc = db_run(world->db, DB_WRITE, change_body, &changing, err);
        return rc == RC_OK ? block_table_reload(world->blocks, world->db, err) : rc;
}
