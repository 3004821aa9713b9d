/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/token_table.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_MAX (64 * MIB)

struct token_table {
        pthread_mutex_t reloading; /* one reload at a time: an older read never replaces a newer */
        pthread_mutex_t lock;
        struct arena *arena; /* of rows */
        struct token_row *rows;
        size_t count;
};

struct token_table *token_table_new(void)
{
        struct token_table *table = calloc(1, sizeof(*table));

        if (!table)
                return NULL;
        pthread_mutex_init(&table->reloading, NULL);
        pthread_mutex_init(&table->lock, NULL);
        return table;
}

void token_table_freep(struct token_table **table)
{
        if (!*table)
                return;
        arena_freep(&(*table)->arena);
        pthread_mutex_destroy(&(*table)->lock);
        pthread_mutex_destroy(&(*table)->reloading);
        free(*table);
        *table = NULL;
}

static int row_compare(const void *a, const void *b)
{
        return memcmp(((const struct token_row *)a)->secret.sha3_384,
                      ((const struct token_row *)b)->secret.sha3_384, DIGEST_BYTES);
}

struct reading {
        struct arena *arena;
        struct token_row *rows;
        size_t count;
};

static enum rc read_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct reading *reading = arg;
        const struct token_row *rows = NULL;
        enum rc rc;

        arena_reset(reading->arena);
        rc = store_token_live_list(tx, reading->arena, &rows, &reading->count, err);
        if (rc != RC_OK)
                return rc;
        reading->rows = arena_alloc_array(reading->arena, reading->count, sizeof(*reading->rows));
        if (!reading->rows)
                return err_set(err, RC_NOMEM, "no memory for tokens");
        if (reading->count)
                memcpy(reading->rows, rows, reading->count * sizeof(*rows));
        return RC_OK;
}

static void rows_swap(struct token_table *table, struct reading *reading)
{
        struct arena *old;

        qsort(reading->rows, reading->count, sizeof(*reading->rows), row_compare);
        pthread_mutex_lock(&table->lock);
        old = table->arena;
        table->arena = reading->arena;
        table->rows = reading->rows;
        table->count = reading->count;
        pthread_mutex_unlock(&table->lock);
        reading->arena = old;
}

enum rc token_table_reload(struct token_table *table, struct db *db, struct err *err)
{
        struct reading reading = {.arena = arena_new(TABLE_MAX)};
        enum rc rc;

        if (!reading.arena)
                return err_set(err, RC_NOMEM, "no memory for tokens");
        pthread_mutex_lock(&table->reloading);
        rc = db_run(db, DB_READ, read_body, &reading, err);
        if (rc == RC_OK)
                rows_swap(table, &reading);
        pthread_mutex_unlock(&table->reloading);
        arena_freep(&reading.arena);
        return rc;
}

static bool row_copy(struct arena *arena, const struct token_row *row, struct token_row *ret)
{
        *ret = *row;
        ret->account_id = arena_strdup(arena, row->account_id);
        ret->kind = arena_strdup(arena, row->kind);
        ret->permissions = arena_strdup(arena, row->permissions);
        ret->packages = arena_strdup(arena, row->packages);
        ret->channels = arena_strdup(arena, row->channels);
        ret->description = arena_strdup(arena, row->description);
        return ret->account_id && ret->kind && ret->permissions && ret->packages && ret->channels &&
               ret->description;
}

enum rc token_table_find(struct token_table *table, const struct digest *secret,
                         struct arena *arena, struct token_row *ret, struct err *err)
{
        const struct token_row wanted = {.secret = *secret};
        const struct token_row *found = NULL;
        bool copied = false;

        pthread_mutex_lock(&table->lock);
        if (table->count)
                found = bsearch(&wanted, table->rows, table->count, sizeof(*table->rows),
                                row_compare);
        if (found)
                copied = row_copy(arena, found, ret);
        pthread_mutex_unlock(&table->lock);
        if (!found)
                return err_set(err, RC_NOT_FOUND, "no such token");
        return copied ? RC_OK : err_set(err, RC_NOMEM, "no memory for a token");
}
