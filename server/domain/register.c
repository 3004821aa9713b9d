/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/register.h"
#include "core/model/name.h"
#include "server/domain/block.h"
#include "server/domain/keep.h"
#include "server/domain/scope.h"
#include "server/domain/stores.h"
#include "server/domain/ticket.h"
#include <stdio.h>
#include <string.h>

_Static_assert(TICKET_CHARS < 64 + 16, "a request-id fits its buffer");

void request_id_make(const struct world *world, char text[64 + 16])
{
        uint8_t key[MAC_KEY_BYTES];

        world_key(world, "request-id", key);
        ticket_make(key, "request-id", "", world_now(world),
                    world_int(world, SET_REQUEST_ID_TTL_SEC) * USEC_PER_SEC, text);
        bytes_wipe(key, sizeof(key));
}

const char *model_store(const struct world *world, const struct assertion *model)
{
        const char *store = assertion_text(model, "store");

        return store && *store ? store : world_text(world, SET_STORE_ID);
}

bool brand_names_packages(const struct world *world, const char *brand_id)
{
        return strcmp(brand_id, world_text(world, SET_BRAND_ID)) == 0 ||
               world_is_trusted(world, brand_id) ||
               scope_lists(world_text(world, SET_MODEL_BRANDS), brand_id);
}

enum rc model_check(struct world *world, const struct catalog *catalog,
                    const struct assertion *model, struct arena *arena, struct err *err)
{
        struct world_trust trust = {.world = world, .catalog = catalog};
        struct trust_source source;
        enum rc rc;

        world_trust_source(&trust, &source);
        rc = trust_check(model, &source, TRUST_IGNORE_EXPIRY, world_now(world), arena, err);
        if (rc == RC_NOT_FOUND)
                return err_set(err, RC_UNTRUSTED,
                               "the model %s/%s is signed by a key that this store does not know",
                               model->pk[1], model->pk[2]);
        if (rc != RC_OK)
                return rc;
        if (!stores_is_here(world, catalog, model_store(world, model)))
                return err_set(err, RC_FORBIDDEN, "the model %s/%s belongs to another store",
                               model->pk[1], model->pk[2]);
        return RC_OK;
}

/* --- what the database knows of a device --- */

struct lookup {
        struct arena *arena;
        const char *brand_id;
        const char *model;
        const char *serial;     /* or NULL */
        const char *key_id;     /* or NULL */
        const char *request_id; /* or NULL */
        struct device_row row;
        bool found;
};

static enum rc lookup_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct lookup *lookup = arg;
        enum rc rc = RC_NOT_FOUND;

        if (lookup->request_id)
                rc = store_device_get_by_request(tx, lookup->arena, lookup->request_id,
                                                 &lookup->row, err);
        if (rc == RC_NOT_FOUND && lookup->serial)
                rc = store_device_get(tx, lookup->arena, lookup->brand_id, lookup->model,
                                      lookup->serial, &lookup->row, err);
        if (rc == RC_NOT_FOUND && lookup->key_id)
                rc = store_device_get_by_key(tx, lookup->arena, lookup->brand_id, lookup->model,
                                             lookup->key_id, &lookup->row, err);
        lookup->found = rc == RC_OK;
        return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc device_check(struct world *world, const struct assertion *serial, struct arena *arena,
                     struct err *err)
{
        struct lookup lookup = {
                .arena = arena,
                .brand_id = assertion_text(serial, "brand-id"),
                .model = assertion_text(serial, "model"),
                .serial = assertion_text(serial, "serial"),
        };
        const char *key_id = assertion_text(serial, "device-key-sha3-384");
        enum rc rc;

        rc = block_check(world->blocks, lookup.brand_id, lookup.model, lookup.serial, err);
        if (rc == RC_OK)
                rc = db_run(world->db, DB_READ, lookup_body, &lookup, err);
        if (rc != RC_OK || !lookup.found)
                return rc;
        if (!key_id || strcmp(lookup.row.key_id, key_id))
                return err_set(err, RC_FORBIDDEN, "the serial %s is registered with another key",
                               lookup.serial);
        return RC_OK;
}

/* --- registration --- */

struct registration {
        struct assertion *request;
        struct assertion *model;
        const char *brand_id;
        const char *model_name;
        const char *key_id;
        const char *request_id;
};

static enum rc stream_read(const char *stream, size_t bytes, struct arena *arena,
                           struct registration *ret, struct err *err)
{
        struct assertion_stream reader;
        struct assertion *third;
        enum rc rc;

        assertion_stream_init(&reader, stream, bytes);
        rc = assertion_stream_next(&reader, arena, &ret->request, err);
        if (rc == RC_OK)
                rc = assertion_stream_next(&reader, arena, &ret->model, err);
        if (rc == RC_END || (rc == RC_OK && (strcmp(ret->request->type->name, "serial-request") ||
                                             strcmp(ret->model->type->name, "model"))))
                return err_set(err, RC_INVALID,
                               "a registration is a serial-request followed by its model");
        if (rc != RC_OK)
                return rc;
        rc = assertion_stream_next(&reader, arena, &third, err);
        if (rc == RC_OK)
                return err_set(err, RC_UNSUPPORTED, "this store does not offer remodelling");
        return rc == RC_END ? RC_OK : rc;
}

static enum rc request_check(struct world *world, struct registration *registration,
                             struct err *err)
{
        const struct assertion *request = registration->request;
        uint8_t key[MAC_KEY_BYTES];
        enum rc rc;

        registration->brand_id = assertion_text(request, "brand-id");
        registration->model_name = assertion_text(request, "model");
        registration->request_id = assertion_text(request, "request-id");
        registration->key_id = request->key_id;
        if (strcmp(registration->brand_id, registration->model->pk[1]) ||
            strcmp(registration->model_name, registration->model->pk[2]))
                return err_set(err, RC_INVALID,
                               "the serial-request is for %.60s/%.60s, the model is another",
                               registration->brand_id, registration->model_name);
        rc = trust_check_self_signed(request, err);
        if (rc != RC_OK)
                return rc;
        world_key(world, "request-id", key);
        rc = ticket_check(key, "request-id", "", world_now(world), registration->request_id, err);
        bytes_wipe(key, sizeof(key));
        return rc;
}

/* A proposed serial that is well formed is taken when it is free; otherwise one is made. */
static enum rc serial_choose(struct world *world, const struct registration *registration,
                             struct arena *arena, const char **ret, struct err *err)
{
        const char *proposed = assertion_text(registration->request, "serial");
        struct lookup lookup = {
                .arena = arena,
                .brand_id = registration->brand_id,
                .model = registration->model_name,
                .serial = proposed,
        };
        uint8_t bytes[16];
        char hex[33];
        enum rc rc;

        if (proposed && name_is_serial(proposed)) {
                rc = db_run(world->db, DB_READ, lookup_body, &lookup, err);
                if (rc != RC_OK)
                        return rc;
                if (!lookup.found) {
                        *ret = proposed;
                        return RC_OK;
                }
        }
        random_fill(bytes, sizeof(bytes));
        hex_format(bytes, sizeof(bytes), hex);
        *ret = arena_printf(arena, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
                            hex + 20);
        return *ret ? RC_OK : err_set(err, RC_NOMEM, "no memory for a serial");
}

static enum rc serial_issue(struct world *world, const struct catalog *catalog,
                            const struct registration *registration, const char *serial,
                            struct arena *arena, struct assertion **ret, struct err *err)
{
        CLEANUP(buf_fini) struct buf evidence = BUF_INIT(512 * KIB);
        const char *const names[] = {"brand-id", "device-key", "device-key-sha3-384", "model",
                                     "serial"};
        const struct value values[] = {
                {.kind = VALUE_TEXT, .text = registration->brand_id},
                {.kind = VALUE_TEXT, .text = assertion_text(registration->request, "device-key")},
                {.kind = VALUE_TEXT, .text = registration->key_id},
                {.kind = VALUE_TEXT, .text = registration->model_name},
                {.kind = VALUE_TEXT, .text = serial},
        };
        const struct value headers = {
                .kind = VALUE_MAP, .count = ARRAY_COUNT(values), .items = values, .names = names};
        struct signer_request request = {
                .role = SIGNER_SERIALS, .type = "serial", .headers = &headers};
        enum rc rc;

        rc = chain_append(catalog, registration->model, true, arena, &evidence, err);
        if (rc != RC_OK)
                return rc;
        assertion_stream_put(&evidence, registration->request->bytes,
                             registration->request->bytes_count);
        rc = buf_finish(&evidence, err);
        if (rc != RC_OK)
                return rc;
        request.evidence = evidence.data;
        request.evidence_bytes = evidence.len;
        rc = signer_issue(world->signer, &request, arena, ret, err);
        /* A busy signer is no error to a device: it asks again with the same request. */
        return rc == RC_BUSY || rc == RC_TOO_MANY ? RC_PENDING : rc;
}

static enum rc insert_body(struct db_tx *tx, void *arg, struct err *err)
{
        return store_device_insert(tx, arg, err);
}

static enum rc device_insert(struct world *world, const struct registration *registration,
                             const struct assertion *serial, struct err *err)
{
        struct device_row row = {
                .brand_id = registration->brand_id,
                .model = registration->model_name,
                .serial = serial->pk[2],
                .key_id = registration->key_id,
                .request_id = registration->request_id,
                .text = serial->bytes,
                .text_bytes = serial->bytes_count,
                .created = world_now(world),
                .last_seen = world_now(world),
        };

        return db_run(world->db, DB_WRITE, insert_body, &row, err);
}

/* The serial that this key or request-id has already: a repeated request gets the same answer. */
static enum rc known_find(struct world *world, const struct registration *registration,
                          struct arena *arena, struct lookup *ret, struct err *err)
{
        enum rc rc;

        *ret = (struct lookup){
                .arena = arena,
                .brand_id = registration->brand_id,
                .model = registration->model_name,
                .key_id = registration->key_id,
                .request_id = registration->request_id,
        };
        rc = db_run(world->db, DB_READ, lookup_body, ret, err);
        if (rc != RC_OK || !ret->found)
                return rc;
        if (strcmp(ret->row.key_id, registration->key_id) ||
            strcmp(ret->row.brand_id, registration->brand_id) ||
            strcmp(ret->row.model, registration->model_name))
                return err_set(err, RC_STALE, "this request-id was used by another device");
        if (ret->row.revoked)
                return err_set(err, RC_FORBIDDEN, "the device %s was revoked", ret->row.serial);
        return RC_OK;
}

enum rc register_device(struct world *world, const struct catalog *catalog, const char *stream,
                        size_t bytes, struct arena *arena, const char **ret, size_t *ret_bytes,
                        struct err *err)
{
        struct registration registration;
        struct assertion *issued = NULL;
        struct lookup known;
        const char *serial;
        enum rc rc;

        rc = stream_read(stream, bytes, arena, &registration, err);
        if (rc == RC_OK)
                rc = request_check(world, &registration, err);
        if (rc == RC_OK)
                rc = model_check(world, catalog, registration.model, arena, err);
        if (rc == RC_OK)
                rc = known_find(world, &registration, arena, &known, err);
        if (rc != RC_OK)
                return rc;
        if (known.found) {
                *ret = known.row.text;
                *ret_bytes = known.row.text_bytes;
                return RC_OK;
        }
        rc = serial_choose(world, &registration, arena, &serial, err);
        if (rc == RC_OK)
                rc = assertion_keep(world, registration.model, err);
        if (rc == RC_OK)
                rc = serial_issue(world, catalog, &registration, serial, arena, &issued, err);
        if (rc == RC_OK)
                rc = device_insert(world, &registration, issued, err);
        if (rc == RC_EXISTS)
                return err_set(err, RC_PENDING, "this device is being registered already");
        if (rc != RC_OK)
                return rc;
        *ret = issued->bytes;
        *ret_bytes = issued->bytes_count;
        return RC_OK;
}

enum rc serial_get(struct world *world, const char *brand_id, const char *model, const char *serial,
                   struct arena *arena, const char **ret, size_t *ret_bytes, struct err *err)
{
        struct lookup lookup = {
                .arena = arena, .brand_id = brand_id, .model = model, .serial = serial};
        enum rc rc;

        rc = db_run(world->db, DB_READ, lookup_body, &lookup, err);
        if (rc == RC_OK && !lookup.found)
                return err_set(err, RC_NOT_FOUND, "no such serial");
        if (rc != RC_OK)
                return rc;
        *ret = lookup.row.text;
        *ret_bytes = lookup.row.text_bytes;
        return RC_OK;
}
