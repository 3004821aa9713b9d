/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/register.h"
#include "core/base/random.h"
#include "core/model/name.h"
#include "server/domain/audit.h"
#include "server/domain/block.h"
#include "server/domain/keep.h"
#include "server/domain/remodel.h"
#include "server/domain/reserve.h"
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

/* --- what the database knows of a device --- */

struct lookup {
        struct arena *arena;
        const char *brand_id;
        const char *model;
        const char *serial;
        struct device_row row;
        bool found;
};

static enum rc lookup_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct lookup *lookup = arg;
        const enum rc rc = store_device_get(tx, lookup->arena, lookup->brand_id, lookup->model,
                                            lookup->serial, &lookup->row, err);

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
        struct registration_request request;
        struct reserve_ask ask;
        struct remodel_row remodel;
};

static enum rc request_check(struct world *world, struct registration *registration,
                             struct err *err)
{
        const struct assertion *request = registration->request.request;
        struct reserve_ask *ask = &registration->ask;
        uint8_t key[MAC_KEY_BYTES];
        enum rc rc;

        ask->brand_id = assertion_text(request, "brand-id");
        ask->model = assertion_text(request, "model");
        ask->request_id = assertion_text(request, "request-id");
        ask->proposed = assertion_text(request, "serial");
        ask->key_id = request->key_id;
        ask->now = world_now(world);
        rc = trust_check_self_signed(request, err);
        if (rc != RC_OK)
                return rc;
        world_key(world, "request-id", key);
        rc = ticket_check(key, "request-id", "", ask->now, ask->request_id, err);
        bytes_wipe(key, sizeof(key));
        /* A device that waits for an operator repeats its request for as long as it takes. */
        ask->request_is_old = rc == RC_EXPIRED;
        return rc == RC_EXPIRED ? RC_OK : rc;
}

static bool list_names(const struct value *list, const char *account)
{
        for (size_t i = 0; list && list->kind == VALUE_LIST && i < list->count; i++)
                if (list->items[i].kind == VALUE_TEXT && strcmp(list->items[i].text, account) == 0)
                        return true;
        return false;
}

/* Another brand's model must name the account of our serials as its serial-authority; the signer
 * holds to that as well, but only after a serial was reserved. */
static enum rc issuer_check(struct world *world, const struct assertion *model, struct err *err)
{
        struct signer_identity issuer;
        enum rc rc;

        if (strcmp(model->pk[1], world_text(world, SET_BRAND_ID)) == 0)
                return RC_OK;
        rc = signer_pubkey(world->signer, SIGNER_SERIALS, &issuer, err);
        if (rc == RC_BUSY)
                return RC_PENDING;
        if (rc == RC_NOT_FOUND)
                return err_set(err, RC_FORBIDDEN, "this store issues no serials");
        if (rc != RC_OK || strcmp(model->pk[1], issuer.account_id) == 0 ||
            list_names(assertion_value(model, "serial-authority"), issuer.account_id))
                return rc;
        return err_set(err, RC_FORBIDDEN, "the model %s/%s does not name %s as a serial-authority",
                       model->pk[1], model->pk[2], issuer.account_id);
}

static enum rc serial_issue(struct world *world, const struct catalog *catalog,
                            const struct registration *registration, const char *serial,
                            struct arena *arena, struct assertion **ret, struct err *err)
{
        CLEANUP(buf_fini) struct buf evidence = BUF_INIT(512 * KIB);
        const struct assertion *asked = registration->request.request;
        const char *const names[] = {"brand-id", "device-key", "device-key-sha3-384", "model",
                                     "serial"};
        const struct value values[] = {
                {.kind = VALUE_TEXT, .text = registration->ask.brand_id},
                {.kind = VALUE_TEXT, .text = assertion_text(asked, "device-key")},
                {.kind = VALUE_TEXT, .text = registration->ask.key_id},
                {.kind = VALUE_TEXT, .text = registration->ask.model},
                {.kind = VALUE_TEXT, .text = serial},
        };
        const struct value headers = {
                .kind = VALUE_MAP, .count = ARRAY_COUNT(values), .items = values, .names = names};
        struct signer_request request = {
                .role = SIGNER_SERIALS, .type = "serial", .headers = &headers};
        enum rc rc;

        rc = chain_append(catalog, registration->request.model, true, arena, &evidence, err);
        if (rc != RC_OK)
                return rc;
        assertion_stream_put(&evidence, asked->bytes, asked->bytes_count);
        rc = buf_finish(&evidence, err);
        if (rc != RC_OK)
                return rc;
        request.evidence = evidence.data;
        request.evidence_bytes = evidence.len;
        rc = signer_issue(world->signer, &request, arena, ret, err);
        /* A busy signer is no error to a device: it asks again with the same request. */
        return rc == RC_BUSY || rc == RC_TOO_MANY ? RC_PENDING : rc;
}

struct inserting {
        struct world *world;
        const struct registration *registration;
        const struct assertion *serial;
        struct arena *arena;
};

static enum rc insert_audit(struct db_tx *tx, const struct inserting *inserting, struct err *err)
{
        const struct reserve_ask *ask = &inserting->registration->ask;
        const struct remodel_row *from = ask->remodel;

        return from ? audit_add(tx, "device", "serial", inserting->serial->pk[2], ask->now, err,
                                "model %s/%s, key %s, was %s of %s/%s", ask->brand_id, ask->model,
                                ask->key_id, ask->original, from->from_brand_id, from->from_model)
                    : audit_add(tx, "device", "serial", inserting->serial->pk[2], ask->now, err,
                                "model %s/%s, key %s", ask->brand_id, ask->model, ask->key_id);
}

/* Device, check-in, log and model in one: half a device is none. */
static enum rc insert_body(struct db_tx *tx, void *arg, struct err *err)
{
        const struct inserting *inserting = arg;
        const struct reserve_ask *ask = &inserting->registration->ask;
        const struct assertion *serial = inserting->serial;
        const struct device_row row = {
                .brand_id = ask->brand_id,
                .model = ask->model,
                .serial = serial->pk[2],
                .key_id = ask->key_id,
                .request_id = ask->request_id,
                .text = serial->bytes,
                .text_bytes = serial->bytes_count,
                .created = ask->now,
                .last_seen = ask->now,
        };
        enum rc rc;

        rc = store_device_insert(tx, &row, err);
        if (rc == RC_OK)
                rc = store_check_in_begin(tx, row.brand_id, row.model, row.serial, err);
        if (rc == RC_OK)
                rc = store_registration_delete(tx, row.brand_id, row.model, row.key_id, err);
        if (rc == RC_OK)
                rc = insert_audit(tx, inserting, err);
        return rc == RC_OK
                       ? model_keep_tx(tx, inserting->world, inserting->registration->request.model,
                                       inserting->arena, err)
                       : rc;
}

static enum rc serial_make(struct world *world, const struct catalog *catalog,
                           const struct registration *registration, const char *serial,
                           struct arena *arena, struct assertion **ret, struct err *err)
{
        struct inserting inserting = {.world = world, .registration = registration, .arena = arena};
        const struct assertion *model = registration->request.model;
        const struct assertion *known = model_known(catalog, model, arena);
        struct assertion *issued = NULL;
        enum rc rc;

        rc = serial_issue(world, catalog, registration, serial, arena, &issued, err);
        if (rc == RC_REFUSED || rc == RC_INVALID)
                reserve_drop(world, &registration->ask);
        if (rc != RC_OK)
                return rc;
        inserting.serial = issued;
        rc = db_run(world->db, DB_WRITE, insert_body, &inserting, err);
        if (rc == RC_EXISTS)
                return err_set(err, RC_PENDING, "this device is being registered already");
        if (rc == RC_OK && (!known || known->revision < model->revision))
                rc = catalog_reload_assertion(world->catalog, "model",
                                              pk_join(arena, model->pk, model->type->pk_count),
                                              err);
        if (rc == RC_OK)
                *ret = issued;
        return rc;
}

/* An answer with more than the serial must hold all that the serial stands on: the client fetches
 * nothing then (device.md 6.3). What we do not know ourselves it fetches by itself. */
static enum rc serial_put(const struct world *world, const struct catalog *catalog,
                          const struct assertion *serial, bool with_chain, struct arena *arena,
                          struct buf *out, struct err *err)
{
        if (with_chain && catalog_get_assertion(catalog, "account-key", serial->key_id,
                                                assertion_type_find("account-key")->max_format))
                return chain_append_for_device(world, catalog, serial, arena, out, err);
        assertion_stream_put(out, serial->bytes, serial->bytes_count);
        return buf_finish(out, err);
}

/* What must hold before a device is looked at: all proofs, and that we are the ones to ask. */
static enum rc proofs_check(struct world *world, const struct catalog *catalog,
                            struct registration *registration, struct arena *arena, struct err *err)
{
        const struct assertion *model = registration->request.model;
        enum rc rc;

        rc = request_check(world, registration, err);
        if (rc == RC_OK)
                rc = model_check(world, catalog, model, arena, err);
        if (rc == RC_OK)
                rc = block_check(world->blocks, model->pk[1], model->pk[2], "", err);
        if (rc == RC_OK && registration->request.original)
                rc = remodel_check(world, catalog, &registration->request, &registration->remodel,
                                   arena, err);
        if (rc == RC_OK)
                rc = issuer_check(world, model, err);
        if (rc == RC_OK && registration->request.original) {
                registration->ask.remodel = &registration->remodel;
                registration->ask.original = registration->request.original->pk[2];
        }
        return rc;
}

static const char *serial_random(struct arena *arena)
{
        uint8_t bytes[16];
        char hex[33];

        random_fill(bytes, sizeof(bytes));
        hex_format(bytes, sizeof(bytes), hex);
        return arena_printf(arena, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
                            hex + 20);
}

enum rc register_device(struct world *world, const struct catalog *catalog,
                        const struct register_ask *ask, struct arena *arena, struct buf *out,
                        struct err *err)
{
        struct registration registration = {.ask = {.api_key = ask->api_key}};
        struct reserve_answer answer;
        struct assertion *serial = NULL;
        enum rc rc;

        rc = registration_read(ask->stream, ask->stream_bytes, arena, &registration.request, err);
        if (rc == RC_OK)
                rc = proofs_check(world, catalog, &registration, arena, err);
        if (rc != RC_OK)
                return rc;
        registration.ask.fallback = serial_random(arena);
        if (!registration.ask.fallback)
                return err_set(err, RC_NOMEM, "no memory for a serial");
        rc = reserve_serial(world, &registration.ask, arena, &answer, err);
        if (rc != RC_OK)
                return rc;
        switch (answer.verdict) {
        case RESERVE_REFUSED:
                *err = answer.why;
                return answer.rc;
        case RESERVE_WAITS:
                return err_set(err, RC_PENDING, "this device waits for an operator to approve it");
        case RESERVE_KNOWN:
                rc = assertion_parse(arena, answer.device.text, answer.device.text_bytes, &serial,
                                     err);
                break;
        case RESERVE_GRANTED:
                rc = serial_make(world, catalog, &registration, answer.serial, arena, &serial, err);
                break;
        }
        return rc == RC_OK ? serial_put(world, catalog, serial, ask->takes_stream, arena, out, err)
                           : rc;
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
