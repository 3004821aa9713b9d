/* SPDX-License-Identifier: Apache-2.0 */
/* Device sessions: every check of the server violated once, and tokens that were tampered with. */
#include "server/domain/keep.h"
#include "server/domain/session.h"
#include "server/domain/ticket.h"
#include "tests/lib/check.h"
#include "tests/lib/scratch.h"
#include "tests/lib/signer_kit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW ((usec_t)1800000000 * USEC_PER_SEC)

static struct world world;
static struct conf *conf;
static struct kit *kit;

/* --- a small world: the kit's accounts are known, the store is "acme-store" --- */

static void stream_keep(const char *stream)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(4 * MIB);
        struct assertion_stream reader;
        struct assertion *at;
        struct err err = {0};

        assertion_stream_init(&reader, stream, strlen(stream));
        while (assertion_stream_next(&reader, arena, &at, &err) == RC_OK)
                CHECK_RC(assertion_keep(&world, at, &err), RC_OK, &err);
}

static void world_make(const char *dir)
{
        static const struct catalog_hooks hooks;
        static const uint8_t key[32] = "the server key of test_session";
        struct err err = {0};

        CHECK_RC(conf_new(settings_rows, SET_COUNT, &conf, &err), RC_OK, &err);
        CHECK_RC(conf_set(conf, "store-id", "acme-store", &err), RC_OK, &err);
        CHECK_RC(conf_set(conf, "brand-id", "acme", &err), RC_OK, &err);
        world.conf = conf;
        world.clock.fixed_usec = NOW;
        world.server_key = secret_new_copy(key, sizeof(key));
        world.nonces = nonce_book_new(1000);
        snprintf(world.roots.items[0].account_id, 64, "acme");
        snprintf(world.roots.items[0].key_id, KEY_ID_CHARS + 1, "%s", kit_key_id(kit, KIT_ROOT));
        world.roots.count = 1;
        CHECK_RC(db_open(dir, true, &world.db, &err), RC_OK, &err);
        CHECK_RC(catalog_store_open(world.db, &hooks, &world.catalog, &err), RC_OK, &err);
        stream_keep(kit->trust);
}

static void world_end(void)
{
        catalog_store_freep(&world.catalog);
        nonce_book_freep(&world.nonces);
        db_freep(&world.db);
        secret_freep(&world.server_key);
        conf_freep(&conf);
}

/* --- what a device sends --- */

static const char *indented(const char *text)
{
        const char *out = "";

        while (*text) {
                const size_t length = strcspn(text, "\n");

                out = arena_printf(kit->arena, "%s\n    %.*s", out, (int)length, text);
                text += length + (text[length] == '\n');
        }
        return out;
}

static const char *serial_of(enum kit_key signer, const char *authority, const char *brand,
                             const char *model, const char *serial, enum kit_key text,
                             enum kit_key id)
{
        return kit_sign(kit, signer, NULL,
                        "type: serial\nauthority-id: %s\nbrand-id: %s\nmodel: %s\nserial: %s\n"
                        "device-key:%s\ndevice-key-sha3-384: %s\ntimestamp: " KIT_STAMP "\n",
                        authority, brand, model, serial, indented(kit_key_text(kit, text)),
                        kit_key_id(kit, id));
}

static const char *good_serial(void)
{
        return serial_of(KIT_BRAND, "maker", "maker", "gizmo", "S1", KIT_DEVICE, KIT_DEVICE);
}

static const char *request_of(enum kit_key signer, const char *brand, const char *model,
                              const char *serial, const char *nonce)
{
        return kit_sign(kit, signer, NULL,
                        "type: device-session-request\nbrand-id: %s\nmodel: %s\nserial: %s\n"
                        "nonce: %s\ntimestamp: 2001-01-01T00:00:00Z\n",
                        brand, model, serial, nonce);
}

static const char *nonce_at(usec_t when)
{
        char nonce[TICKET_CHARS + 1];

        ticket_make(world.boot_key, "nonce", "", when, 300 * USEC_PER_SEC, nonce);
        return arena_strdup(kit->arena, nonce);
}

static const char *good_request(void)
{
        return request_of(KIT_DEVICE, "maker", "gizmo", "S1", nonce_at(NOW));
}

static enum rc open_with(const char *request, const char *serial, const char *model,
                         const char **ret, struct err *err)
{
        const struct catalog *catalog = catalog_acquire(world.catalog);
        const enum rc rc =
                session_open(&world, catalog, request, serial, model, kit->arena, ret, err);

        catalog_release(world.catalog, catalog);
        return rc;
}

static void refused(const char *what, const char *request, const char *serial, const char *model,
                    enum rc want)
{
        const char *token = NULL;
        struct err err = {0};

        check_case("%s", what);
        CHECK_RC(open_with(request, serial, model, &token, &err), want, &err);
        CHECK(want == RC_OK ? token != NULL : token == NULL);
        CHECK(want == RC_OK || *err.text);
}

static const char *cut_last(const char *text)
{
        char *copy = arena_strdup(kit->arena, text);
        char *at = copy + strlen(copy) - 12;

        *at = *at == 'A' ? 'B' : 'A';
        return copy;
}

static void opening_check(void)
{
        const char *model = kit->model;
        const char *serial = good_serial();
        const char *once = good_request();

        check_promise(
                "a device with its serial and its key has a session, whatever its clock says");
        refused("all is well", good_request(), serial, model, RC_OK);
        check_promise("each check of the server refuses");
        refused("another device's key",
                request_of(KIT_DEVICE2, "maker", "gizmo", "S1", nonce_at(NOW)), serial, model,
                RC_UNTRUSTED);
        refused("a changed signature", cut_last(good_request()), serial, model, RC_UNTRUSTED);
        refused("another device's serial", good_request(),
                serial_of(KIT_BRAND, "maker", "maker", "gizmo", "S1", KIT_DEVICE2, KIT_DEVICE2),
                model, RC_UNTRUSTED);
        refused("a serial whose key is not the one that it names", good_request(),
                serial_of(KIT_BRAND, "maker", "maker", "gizmo", "S1", KIT_DEVICE2, KIT_DEVICE),
                model, RC_INVALID);
        refused("another serial number",
                request_of(KIT_DEVICE, "maker", "gizmo", "S2", nonce_at(NOW)), serial, model,
                RC_INVALID);
        refused("another model", request_of(KIT_DEVICE, "maker", "gadget", "S1", nonce_at(NOW)),
                serial, model, RC_INVALID);
        refused("another brand", request_of(KIT_DEVICE, "rival", "gizmo", "S1", nonce_at(NOW)),
                serial, model, RC_INVALID);
        refused("another model assertion", good_request(), serial, kit->other, RC_INVALID);
        refused("a serial of somebody's making", good_request(),
                serial_of(KIT_DEVICE, "maker", "maker", "gizmo", "S1", KIT_DEVICE, KIT_DEVICE),
                model, RC_UNTRUSTED);
        refused("a serial signed by another brand", good_request(),
                serial_of(KIT_RIVAL, "rival", "maker", "gizmo", "S1", KIT_DEVICE, KIT_DEVICE),
                model, RC_UNTRUSTED);
        refused("a changed serial", good_request(), cut_last(serial), model, RC_UNTRUSTED);
        refused("a changed model", good_request(), serial, cut_last(model), RC_UNTRUSTED);
        refused("a model of an unknown brand",
                request_of(KIT_DEVICE, "rival", "gadget", "S1", nonce_at(NOW)),
                serial_of(KIT_RIVAL, "rival", "rival", "gadget", "S1", KIT_DEVICE, KIT_DEVICE),
                kit->other, RC_UNTRUSTED);
        refused("a model of another store", good_request(), serial,
                kit_sign(kit, KIT_BRAND, NULL,
                         "type: model\nauthority-id: maker\nseries: 16\nbrand-id: maker\n"
                         "model: gizmo\narchitecture: amd64\ngadget: g\nkernel: k\n"
                         "store: elsewhere\ntimestamp: " KIT_STAMP "\n"),
                RC_FORBIDDEN);
        refused("no assertion", "", serial, model, RC_INVALID);
        refused("a serial in place of the request", serial, serial, model, RC_INVALID);
        refused("a request in place of the serial", good_request(), good_request(), model,
                RC_INVALID);
        check_promise("a nonce is ours, fresh, and used once");
        refused("the first time", once, serial, model, RC_OK);
        refused("again", once, serial, model, RC_STALE);
        refused("too old",
                request_of(KIT_DEVICE, "maker", "gizmo", "S1", nonce_at(NOW - 301 * USEC_PER_SEC)),
                serial, model, RC_EXPIRED);
        refused("made up", request_of(KIT_DEVICE, "maker", "gizmo", "S1", "0123456789abcdef"),
                serial, model, RC_INVALID);
}

/* A request that fails does not use its nonce up. */
static void nonce_kept_check(void)
{
        const char *nonce = nonce_at(NOW);

        check_promise("a nonce is not used up by a request that fails otherwise");
        refused("a wrong key", request_of(KIT_DEVICE2, "maker", "gizmo", "S1", nonce),
                good_serial(), kit->model, RC_UNTRUSTED);
        refused("the right key", request_of(KIT_DEVICE, "maker", "gizmo", "S1", nonce),
                good_serial(), kit->model, RC_OK);
}

/* --- what the database knows of the device --- */

static enum rc device_put(struct db_tx *tx, void *arg, struct err *err)
{
        return store_device_insert(tx, arg, err);
}

static void known_device_check(void)
{
        const char *nine =
                serial_of(KIT_BRAND, "maker", "maker", "gizmo", "S9", KIT_DEVICE, KIT_DEVICE);
        struct device_row row = {
                .brand_id = "maker",
                .model = "gizmo",
                .serial = "S9",
                .key_id = kit_key_id(kit, KIT_DEVICE2),
                .request_id = "r9",
                .text = nine,
                .text_bytes = strlen(nine),
                .created = NOW,
        };
        struct err err = {0};

        check_promise("a serial that is registered here has the key of its registration");
        CHECK_RC(db_run(world.db, DB_WRITE, device_put, &row, &err), RC_OK, &err);
        refused("another key", request_of(KIT_DEVICE, "maker", "gizmo", "S9", nonce_at(NOW)), nine,
                kit->model, RC_FORBIDDEN);
}

/* --- tokens --- */

static const char *token_new(void)
{
        const char *token = NULL;
        struct err err = {0};

        CHECK_RC(open_with(good_request(), good_serial(), kit->model, &token, &err), RC_OK, &err);
        return token;
}

static enum rc check_token(const char *token, struct session *ret)
{
        return session_check(&world, token, kit->arena, ret, NULL);
}

static void token_check(void)
{
        const char *token = token_new();
        struct session session = {0};

        check_promise("a token says whose it is");
        check_case("just opened");
        CHECK_RC(check_token(token, &session), RC_OK, NULL);
        CHECK_TEXT(session.brand_id, "maker");
        CHECK_TEXT(session.model, "gizmo");
        CHECK_TEXT(session.serial, "S1");
        CHECK_TEXT(session.store_id, "acme-store");
        CHECK(strlen(token) < SESSION_TEXT_MAX);
        CHECK(!strpbrk(token, "\"\\ \r\n,"));
        check_promise("a token ends");
        world.clock.fixed_usec = NOW + (conf_int(conf, SET_SESSION_TTL_SEC) - 1) * USEC_PER_SEC;
        CHECK_RC(check_token(token, &session), RC_OK, NULL);
        world.clock.fixed_usec += USEC_PER_SEC;
        CHECK_RC(check_token(token, &session), RC_EXPIRED, NULL);
        world.clock.fixed_usec = NOW;
        check_promise("another server's token is none");
        {
                static const uint8_t key[32] = "another server's key";
                struct secret *own = world.server_key;

                world.server_key = secret_new_copy(key, sizeof(key));
                CHECK_RC(check_token(token, &session), RC_INVALID, NULL);
                secret_freep(&world.server_key);
                world.server_key = own;
        }
}

static void tampering_check(void)
{
        const char *token = token_new();
        const size_t length = strlen(token);
        char *long_one = arena_alloc(kit->arena, 100000);
        char *changed = arena_strdup(kit->arena, token);
        struct session session;

        check_promise("each character of a token counts");
        for (size_t i = 0; i < length; i++) {
                memcpy(changed, token, length + 1);
                for (const char *with = "AQgw_-=\""; *with; with++) {
                        if (token[i] == *with)
                                continue;
                        changed[i] = *with;
                        check_case("character %zu as %c", i, *with);
                        CHECK_RC(check_token(changed, &session), RC_INVALID, NULL);
                }
        }
        memcpy(changed, token, length + 1);
        check_promise("a token has one length");
        for (size_t cut = 0; cut < length; cut++) {
                changed[cut] = '\0';
                check_case("cut to %zu", cut);
                CHECK_RC(check_token(changed, &session), RC_INVALID, NULL);
                changed[cut] = token[cut];
        }
        memset(long_one, 'A', 99999);
        check_case("100 kB");
        CHECK_RC(check_token(long_one, &session), RC_INVALID, NULL);
        check_case("a nonce is no session");
        CHECK_RC(check_token(nonce_at(NOW), &session), RC_INVALID, NULL);
}

static void epoch_check(void)
{
        const char *before = token_new();
        const char *after;
        struct session session;
        struct err err = {0};
        uint64_t first = 0;
        uint64_t second = 0;

        check_promise("raising the epoch ends every session so far, and lasts");
        check_case("raised");
        CHECK_RC(session_expire_all(&world, &first, &err), RC_OK, &err);
        CHECK_RC(check_token(before, &session), RC_STALE, NULL);
        after = token_new();
        CHECK_RC(check_token(after, &session), RC_OK, NULL);
        check_case("read again, as at a start");
        atomic_store(&world.session_epoch, 0);
        CHECK_RC(session_load_epoch(&world, &err), RC_OK, &err);
        CHECK_INT(atomic_load(&world.session_epoch), first);
        CHECK_RC(check_token(before, &session), RC_STALE, NULL);
        CHECK_RC(check_token(after, &session), RC_OK, NULL);
        check_case("raised again");
        CHECK_RC(session_expire_all(&world, &second, &err), RC_OK, &err);
        CHECK_INT(second, first + 1);
        CHECK_RC(check_token(after, &session), RC_STALE, NULL);
}

int main(void)
{
        CLEANUP(scratch_freep) char *dir = scratch_new();

        kit = kit_new();
        world_make(dir);
        opening_check();
        nonce_kept_check();
        known_device_check();
        token_check();
        tampering_check();
        epoch_check();
        world_end();
        kit_freep(&kit);
        return check_end();
}
