/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/remodel.h"
#include "core/model/name.h"
#include "server/domain/audit.h"
#include "server/domain/register.h"
#include <string.h>

/* --- what a registration carries --- */

static bool is_of(const struct assertion *assertion, const char *type)
{
        return strcmp(assertion->type->name, type) == 0;
}

static bool same_text(const char *a, const char *b)
{
        return a && b && strcmp(a, b) == 0;
}

static enum rc names_check(const struct registration_request *read, struct err *err)
{
        const char *brand_id = assertion_text(read->request, "brand-id");
        const char *model = assertion_text(read->request, "model");

        if (!same_text(brand_id, read->model->pk[1]) || !same_text(model, read->model->pk[2]))
                return err_set(err, RC_INVALID,
                               "the serial-request is for %.60s/%.60s, the model is another",
                               brand_id, model);
        return RC_OK;
}

/* The three headers stand for the serial that comes along: all of them, or none and no serial. */
static enum rc original_check(const struct registration_request *read, struct err *err)
{
        static const char *const names[] = {"original-brand-id", "original-model",
                                            "original-serial"};

        for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
                const char *named = assertion_text(read->request, names[i]);

                if (!read->original && !named)
                        continue;
                if (!read->original || !same_text(named, read->original->pk[i]))
                        return err_set(err, RC_INVALID,
                                       "a remodel names %s, and brings that serial along",
                                       names[i]);
        }
        if (read->original && strcmp(read->original->pk[0], read->model->pk[1]) == 0 &&
            strcmp(read->original->pk[1], read->model->pk[2]) == 0)
                return err_set(err, RC_INVALID,
                               "a remodel is to another model; for another store of this one a new "
                               "session is enough");
        return RC_OK;
}

enum rc registration_read(const char *stream, size_t bytes, struct arena *arena,
                          struct registration_request *ret, struct err *err)
{
        struct assertion *items[3] = {NULL};
        struct assertion_stream reader;
        size_t count = 0;
        enum rc rc = RC_OK;

        assertion_stream_init(&reader, stream, bytes);
        for (;;) {
                struct assertion *item;

                rc = assertion_stream_next(&reader, arena, &item, err);
                if (rc != RC_OK || count == ARRAY_COUNT(items))
                        break;
                items[count++] = item;
        }
        if (rc != RC_OK && rc != RC_END)
                return rc;
        if (rc == RC_OK || count < 2 || !is_of(items[0], "serial-request") ||
            !is_of(items[1], "model") || (items[2] && !is_of(items[2], "serial")))
                return err_set(err, RC_INVALID,
                               "a registration is a serial-request followed by its model, and for "
                               "a remodel by the original serial");
        *ret = (struct registration_request){items[0], items[1], items[2]};
        rc = names_check(ret, err);
        return rc == RC_OK ? original_check(ret, err) : rc;
}

/* --- who it was --- */

enum rc remodel_check(struct world *world, const struct catalog *catalog,
                      const struct registration_request *request, struct remodel_row *ret,
                      struct arena *arena, struct err *err)
{
        const struct assertion *original = request->original;
        struct world_trust trust = {.world = world, .catalog = catalog};
        struct trust_source source;
        enum rc rc;

        if (!same_text(assertion_text(original, "device-key-sha3-384"), request->request->key_id))
                return err_set(err, RC_UNTRUSTED,
                               "the original serial is that of another device key");
        world_trust_source(&trust, &source);
        /* A serial outlives the key that signed it. */
        rc = trust_check(original, &source, TRUST_IGNORE_EXPIRY, world_now(world), arena, err);
        if (rc != RC_OK)
                return err_prefix(err, rc == RC_NOT_FOUND ? RC_UNTRUSTED : rc,
                                  "the original serial");
        rc = device_check(world, original, arena, err);
        if (rc == RC_OK)
                *ret = (struct remodel_row){original->pk[0], original->pk[1], request->model->pk[1],
                                            request->model->pk[2], 0};
        return rc;
}

/* --- which are allowed --- */

struct allowing {
        const struct actor *actor;
        struct remodel_row row;
        bool allow;
};

static enum rc allow_body(struct db_tx *tx, void *arg, struct err *err)
{
        const struct allowing *allowing = arg;
        const struct remodel_row *row = &allowing->row;
        enum rc rc;

        rc = allowing->allow ? store_remodel_insert(tx, row, err)
                             : store_remodel_delete(tx, row, err);
        return rc != RC_OK ? rc
                           : audit_add(tx, allowing->actor->account_id,
                                       allowing->allow ? "remodel-allow" : "remodel-forbid",
                                       row->to_model, row->created, err, "from %s/%s to %s/%s",
                                       row->from_brand_id, row->from_model, row->to_brand_id,
                                       row->to_model);
}

enum rc remodel_allow(struct world *world, const struct actor *actor,
                      const struct remodel_row *remodel, bool allow, struct err *err)
{
        struct allowing allowing = {actor, *remodel, allow};

        allowing.row.created = world_now(world);
        if (!name_is_account(remodel->from_brand_id) || !name_is_account(remodel->to_brand_id) ||
            !name_is_model(remodel->from_model) || !name_is_model(remodel->to_model))
                return err_set(err, RC_INVALID, "a remodel is from BRAND/MODEL to BRAND/MODEL");
        if (strcmp(remodel->from_brand_id, remodel->to_brand_id) == 0 &&
            strcmp(remodel->from_model, remodel->to_model) == 0)
                return err_set(err, RC_INVALID, "a remodel is to another model");
        return db_run(world->db, DB_WRITE, allow_body, &allowing, err);
}

struct listing {
        struct arena *arena;
        const struct remodel_row *rows;
        size_t count;
};

static enum rc list_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct listing *listing = arg;

        return store_remodel_list(tx, listing->arena, &listing->rows, &listing->count, err);
}

enum rc remodel_list(struct world *world, struct arena *arena, const struct remodel_row **ret,
                     size_t *ret_count, struct err *err)
{
        struct listing listing = {.arena = arena};
        enum rc rc;

        rc = db_run(world->db, DB_READ, list_body, &listing, err);
        if (rc != RC_OK)
                return rc;
        *ret = listing.rows;
        *ret_count = listing.count;
        return RC_OK;
}
