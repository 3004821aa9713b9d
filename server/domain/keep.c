/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/keep.h"
#include <string.h>

enum rc assertion_to_row(const struct assertion *assertion, bool imported, usec_t now,
                         struct arena *arena, struct assertion_row *ret, struct err *err)
{
        const char *pk = pk_join(arena, assertion->pk, assertion->type->pk_count);

        if (!pk)
                return err_set(err, RC_NOMEM, "no memory for an assertion");
        *ret = (struct assertion_row){
                .type = assertion->type->name,
                .pk = pk,
                .revision = assertion->revision,
                .format = assertion->format,
                .authority = assertion->authority ? assertion->authority : "",
                .imported = imported,
                .text = assertion->bytes,
                .text_bytes = assertion->bytes_count,
                .created = now,
        };
        return RC_OK;
}

static enum rc same_or_conflict(struct db_tx *tx, const struct assertion_row *row,
                                struct arena *arena, struct err *err)
{
        struct assertion_row known;
        enum rc rc;

        rc = store_assertion_get(tx, arena, row->type, row->pk, row->format, &known, err);
        if (rc != RC_OK)
                return rc;
        if (known.revision != row->revision ||
            (known.text_bytes == row->text_bytes &&
             memcmp(known.text, row->text, row->text_bytes) == 0))
                return RC_OK;
        return err_set(err, RC_CONFLICT, "revision %llu of %s/%s is known here with another text",
                       (unsigned long long)row->revision, row->type, row->pk);
}

enum rc assertion_keep_tx(struct db_tx *tx, const struct assertion *assertion, bool imported,
                          usec_t now, struct arena *arena, bool *ret_added, struct err *err)
{
        struct assertion_row row;
        enum rc rc;

        rc = assertion_to_row(assertion, imported, now, arena, &row, err);
        if (rc != RC_OK)
                return rc;
        rc = store_assertion_insert(tx, &row, err);
        if (ret_added)
                *ret_added = rc == RC_OK;
        return rc == RC_EXISTS ? same_or_conflict(tx, &row, arena, err) : rc;
}

struct keeping {
        const struct assertion *assertion;
        usec_t now;
        bool added;
};

static enum rc keep_body(struct db_tx *tx, void *arg, struct err *err)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(8 * MIB);
        struct keeping *keeping = arg;
        uint64_t generation;
        enum rc rc;

        if (!arena)
                return err_set(err, RC_NOMEM, "no memory for an assertion");
        rc = assertion_keep_tx(tx, keeping->assertion, true, keeping->now, arena, &keeping->added,
                               err);
        if (rc == RC_OK && keeping->added)
                rc = store_generation_bump(tx, &generation, err);
        return rc;
}

/* Whether the catalog holds this revision or a newer one: then no write is needed. */
static enum rc is_known(struct world *world, const struct assertion *assertion, bool *ret,
                        struct err *err)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(64 * KIB);
        const struct catalog *catalog;
        const struct assertion *known;
        const char *pk;

        if (!arena || !(pk = pk_join(arena, assertion->pk, assertion->type->pk_count)))
                return err_set(err, RC_NOMEM, "no memory for an assertion");
        catalog = catalog_acquire(world->catalog);
        known = catalog_get_assertion(catalog, assertion->type->name, pk, assertion->format);
        *ret = known && known->revision >= assertion->revision;
        catalog_release(world->catalog, catalog);
        return RC_OK;
}

enum rc assertion_keep(struct world *world, const struct assertion *assertion, struct err *err)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(64 * KIB);
        struct keeping keeping = {assertion, world_now(world), false};
        const char *pk;
        bool known = false;
        enum rc rc;

        rc = is_known(world, assertion, &known, err);
        if (rc != RC_OK || known)
                return rc;
        if (!arena || !(pk = pk_join(arena, assertion->pk, assertion->type->pk_count)))
                return err_set(err, RC_NOMEM, "no memory for an assertion");
        rc = db_run(world->db, DB_WRITE, keep_body, &keeping, err);
        if (rc != RC_OK)
                return rc;
        return catalog_reload_assertion(world->catalog, assertion->type->name, pk, err);
}

/* --- chains --- */

/* Found so far, and how many of them had their prerequisites looked up. */
struct chain {
        const struct assertion *items[CHAIN_MAX];
        size_t count;
};

static bool chain_has(const struct chain *chain, const struct assertion *assertion)
{
        for (size_t i = 0; i < chain->count; i++)
                if (chain->items[i] == assertion)
                        return true;
        return false;
}

static enum rc chain_extend(const struct catalog *catalog, const struct assertion *assertion,
                            struct chain *chain, struct arena *arena, struct err *err)
{
        struct trust_ref refs[16];
        size_t count = 0;
        enum rc rc;

        rc = trust_prerequisites(assertion, arena, refs, ARRAY_COUNT(refs), &count, err);
        if (rc != RC_OK)
                return rc;
        for (size_t i = 0; i < count; i++) {
                const struct assertion_type *type = assertion_type_find(refs[i].type);
                const struct assertion *found;
                const char *pk = pk_join(arena, refs[i].pk, type->pk_count);

                if (!pk)
                        return err_set(err, RC_NOMEM, "no memory for a chain");
                found = catalog_get_assertion(catalog, refs[i].type, pk, type->max_format);
                if (found && !chain_has(chain, found) && chain->count < CHAIN_MAX)
                        chain->items[chain->count++] = found;
        }
        return RC_OK;
}

static enum rc chain_find(const struct catalog *catalog, const struct assertion *assertion,
                          struct chain *chain, struct arena *arena, struct err *err)
{
        chain->items[chain->count++] = assertion;
        /* The list grows while it is walked; each assertion is in it once, so the walk ends. */
        for (size_t i = 0; i < chain->count; i++) {
                const enum rc rc = chain_extend(catalog, chain->items[i], chain, arena, err);

                if (rc != RC_OK)
                        return rc;
        }
        return RC_OK;
}

enum rc chain_append(const struct catalog *catalog, const struct assertion *assertion,
                     bool with_self, struct arena *arena, struct buf *out, struct err *err)
{
        struct chain chain = {.count = 0};
        const enum rc rc = chain_find(catalog, assertion, &chain, arena, err);

        if (rc != RC_OK)
                return rc;
        for (size_t i = chain.count; i > (with_self ? 0 : 1); i--)
                assertion_stream_put(out, chain.items[i - 1]->bytes,
                                     chain.items[i - 1]->bytes_count);
        return buf_finish(out, err);
}

/* What a device with that root has built in: the root's account, and the root key itself. */
static bool is_built_in(const struct world *world, const struct assertion *assertion)
{
        const bool is_key = strcmp(assertion->type->name, "account-key") == 0;

        if (!is_key && strcmp(assertion->type->name, "account") != 0)
                return false;
        for (size_t i = 0; i < world->roots.count; i++)
                if (strcmp(assertion->pk[0], is_key ? world->roots.items[i].key_id
                                                    : world->roots.items[i].account_id) == 0)
                        return true;
        return false;
}

enum rc chain_append_for_device(const struct world *world, const struct catalog *catalog,
                                const struct assertion *assertion, struct arena *arena,
                                struct buf *out, struct err *err)
{
        struct chain chain = {.count = 0};
        const enum rc rc = chain_find(catalog, assertion, &chain, arena, err);

        if (rc != RC_OK)
                return rc;
        for (size_t i = chain.count; i > 0; i--)
                if (!is_built_in(world, chain.items[i - 1]))
                        assertion_stream_put(out, chain.items[i - 1]->bytes,
                                             chain.items[i - 1]->bytes_count);
        return buf_finish(out, err);
}

enum rc chain_append_keys(const struct catalog *catalog, const struct assertion *assertion,
                          struct arena *arena, struct buf *out, struct err *err)
{
        struct chain chain = {.count = 0};
        const enum rc rc = chain_find(catalog, assertion, &chain, arena, err);

        if (rc != RC_OK)
                return rc;
        for (size_t i = 1; i < chain.count; i++)
                if (strcmp(chain.items[i]->type->name, "account-key") == 0)
                        assertion_stream_put(out, chain.items[i]->bytes,
                                             chain.items[i]->bytes_count);
        return buf_finish(out, err);
}
