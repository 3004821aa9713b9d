/* SPDX-License-Identifier: Apache-2.0 */
/* Registration and sessions as snapd does them: doc/api.md names the calls. */
#include "core/base/fs.h"
#include "core/base/jsonx.h"
#include "tools/demo-device/device.h"
#include <string.h>
#include <unistd.h>

#define KEY_BITS       2048
#define FILE_MAX       (4 * MIB)
#define TOKEN_MAX      4096
#define PENDING_ROUNDS 30

static enum rc key_make(struct device *device, const char *path, struct err *err)
{
        CLEANUP(secret_freep) struct secret *pem = NULL;
        enum rc rc;

        rc = privkey_generate_rsa(KEY_BITS, &device->key, err);
        if (rc == RC_OK)
                rc = privkey_format_pem(device->key, &pem, err);
        if (rc == RC_OK)
                rc = fs_write_file(path, secret_view(pem), secret_length(pem), 0600, err);
        if (rc == RC_OK)
                say("made its own key: %s", path);
        return rc;
}

static enum rc key_load(struct device *device, struct err *err)
{
        const char *path = device_path(device, "device.pem");
        CLEANUP(fs_freep) char *text = NULL;
        size_t bytes = 0;
        enum rc rc;

        if (!path)
                return err_set(err, RC_NOMEM, "out of memory");
        rc = fs_read_file(path, FILE_MAX, &text, &bytes, err);
        if (rc == RC_NOT_FOUND)
                return key_make(device, path, err);
        if (rc == RC_OK)
                rc = privkey_parse_pem(text, bytes, &device->key, err);
        if (text)
                explicit_bzero(text, bytes);
        return rc;
}

static enum rc sign(struct device *device, struct assertion_draft *draft, struct assertion **ret,
                    struct err *err)
{
        CLEANUP(buf_fini) struct buf signature = BUF_INIT(64 * KIB);
        const char *content = NULL;
        size_t bytes = 0;
        enum rc rc;

        rc = assertion_draft_content(draft, pubkey_id(privkey_pubkey(device->key)), &content,
                                     &bytes, err);
        if (rc == RC_OK)
                rc = privkey_sign(device->key, content, bytes, clock_now(NULL), &signature, err);
        if (rc == RC_OK)
                rc = buf_finish(&signature, err);
        if (rc != RC_OK)
                return rc;
        return assertion_assemble(device->arena, content, bytes, signature.data, ret, err);
}

/* A POST whose answer must be 200 to 202; *ret_status tells which. */
static enum rc post(struct device *device, const char *path, const char *type, const char *body,
                    size_t bytes, struct net_answer *ret, struct err *err)
{
        const struct net_request request = {
                .method = "POST", .path = path, .type = type, .body = body, .bytes = bytes};
        enum rc rc;

        rc = net_send(device->net, &request, device->arena, ret, err);
        if (rc == RC_OK && (ret->status < 200 || ret->status > 202))
                return err_set(err, RC_REFUSED, "%s answers %ld: %.150s", path, ret->status,
                               ret->body);
        return rc;
}

/* The answer's one text, e.g. a nonce, copied into the arena. */
static enum rc post_for_text(struct device *device, const char *path, const char *body,
                             const char *field, const char **ret, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *json = NULL;
        struct net_answer answer;
        const char *text = NULL;
        enum rc rc;

        rc = post(device, path, body ? "application/json" : NULL, body, body ? strlen(body) : 0,
                  &answer, err);
        if (rc == RC_OK)
                rc = jsonx_parse_object(answer.body, answer.bytes, &json, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(json, field, JSONX_MUST, TOKEN_MAX, &text, err);
        if (rc != RC_OK)
                return rc;
        *ret = arena_strdup(device->arena, text);
        return *ret ? RC_OK : err_set(err, RC_NOMEM, "out of memory");
}

static enum rc request_build(struct device *device, struct buf *out, struct err *err)
{
        CLEANUP(buf_fini) struct buf key = BUF_INIT(64 * KIB);
        struct assertion_draft *draft = assertion_draft_new(device->arena, "serial-request");
        struct assertion *request;
        const char *request_id;
        enum rc rc;

        if (!draft)
                return err_set(err, RC_NOMEM, "out of memory");
        rc = post_for_text(device, "/api/v1/snaps/auth/request-id", NULL, "request-id", &request_id,
                           err);
        if (rc != RC_OK)
                return rc;
        pubkey_format(privkey_pubkey(device->key), &key);
        rc = buf_finish(&key, err);
        if (rc != RC_OK)
                return rc;
        assertion_draft_text(draft, "brand-id", device->model->pk[1]);
        assertion_draft_text(draft, "model", device->model->pk[2]);
        assertion_draft_text(draft, "request-id", request_id);
        assertion_draft_text(draft, "device-key", key.data);
        rc = sign(device, draft, &request, err);
        if (rc != RC_OK)
                return rc;
        assertion_stream_put(out, request->bytes, request->bytes_count);
        assertion_stream_put(out, device->model->bytes, device->model->bytes_count);
        return buf_finish(out, err);
}

/* The chain's serial, when it is about this device: its brand, its model, its key. */
static enum rc serial_accept(struct device *device, struct chain *chain, struct err *err)
{
        const char *key_id = pubkey_id(privkey_pubkey(device->key));
        const struct assertion *serial = NULL;
        enum rc rc;

        for (size_t i = 0; i < chain->count; i++)
                if (!strcmp(chain->items[i]->type->name, "serial"))
                        serial = chain->items[i];
        if (!serial)
                return err_set(err, RC_UNTRUSTED, "there is no serial in the store's answer");
        if (strcmp(serial->pk[0], device->model->pk[1]) ||
            strcmp(serial->pk[1], device->model->pk[2]) ||
            strcmp(assertion_text(serial, "device-key-sha3-384"), key_id))
                return err_set(err, RC_UNTRUSTED, "the serial is for another device");
        rc = chain_prove(chain, clock_now(NULL), err);
        if (rc == RC_OK)
                device->serial = serial;
        return rc;
}

/* 202 means that the signer is busy: the same request again, as snapd does (each minute there). */
static enum rc request_send(struct device *device, const struct buf *request,
                            struct net_answer *ret, struct err *err)
{
        for (int round = 0; round < PENDING_ROUNDS; round++) {
                enum rc rc;

                rc = post(device, "/api/v1/snaps/auth/devices", "application/x.ubuntu.assertion",
                          request->data, request->len, ret, err);
                if (rc != RC_OK || ret->status != 202)
                        return rc;
                sleep(1);
        }
        return err_set(err, RC_TIMEOUT, "the store did not decide about the serial");
}

static enum rc serial_register(struct device *device, struct chain *chain, const char *path,
                               struct err *err)
{
        CLEANUP(buf_fini) struct buf request = BUF_INIT(ASSERTION_MAX);
        struct net_answer answer;
        enum rc rc;

        rc = request_build(device, &request, err);
        if (rc == RC_OK)
                rc = request_send(device, &request, &answer, err);
        if (rc == RC_OK)
                rc = chain_put(chain, answer.body, answer.bytes, err);
        if (rc == RC_OK)
                rc = serial_accept(device, chain, err);
        if (rc != RC_OK)
                return rc;
        rc = fs_write_file(path, device->serial->bytes, device->serial->bytes_count, 0644, err);
        if (rc == RC_OK)
                say("registered: the store gave it the serial %s", device->serial->pk[2]);
        return rc;
}

static enum rc serial_load(struct device *device, struct err *err)
{
        const char *path = device_path(device, "serial.assert");
        const char *trust = device_path(device, KEYDIR_TRUST_FOLDER);
        CLEANUP(fs_freep) char *text = NULL;
        struct chain chain;
        size_t bytes;
        enum rc rc;

        if (!path || !trust)
                return err_set(err, RC_NOMEM, "out of memory");
        rc = chain_init(&chain, device->arena, device->net, trust, err);
        if (rc == RC_OK)
                rc = chain_put(&chain, device->model->bytes, device->model->bytes_count, err);
        if (rc != RC_OK)
                return rc;
        rc = fs_read_file(path, FILE_MAX, &text, &bytes, err);
        if (rc == RC_NOT_FOUND) {
                rc = serial_register(device, &chain, path, err);
                if (rc == RC_OK)
                        chain_print(&chain, device->serial);
                return rc;
        }
        if (rc == RC_OK)
                rc = chain_put(&chain, text, bytes, err);
        if (rc == RC_OK)
                rc = serial_accept(device, &chain, err);
        if (rc == RC_OK)
                say("has the serial %s already", device->serial->pk[2]);
        return rc;
}

static enum rc session_request(struct device *device, struct assertion **ret, struct err *err)
{
        struct assertion_draft *draft =
                assertion_draft_new(device->arena, "device-session-request");
        const char *nonce;
        enum rc rc;

        if (!draft)
                return err_set(err, RC_NOMEM, "out of memory");
        rc = post_for_text(device, "/api/v1/snaps/auth/nonces", NULL, "nonce", &nonce, err);
        if (rc != RC_OK)
                return rc;
        assertion_draft_text(draft, "brand-id", device->serial->pk[0]);
        assertion_draft_text(draft, "model", device->serial->pk[1]);
        assertion_draft_text(draft, "serial", device->serial->pk[2]);
        assertion_draft_text(draft, "nonce", nonce);
        assertion_draft_time(draft, "timestamp", clock_now(NULL));
        return sign(device, draft, ret, err);
}

/* Both dialects: snapd uses one for refresh and the other for downloads and assertions. */
static enum rc session_use(struct device *device, const char *token, struct err *err)
{
        const char *arch = assertion_text(device->model, "architecture");
        const char *store = assertion_text(device->model, "store");
        struct arena *arena = device->arena;
        const char *const lines[] = {
                arena_printf(arena, "Snap-Device-Authorization: Macaroon root=\"%s\"", token),
                arena_printf(arena, "X-Device-Authorization: Macaroon root=\"%s\"", token),
                arena_printf(arena, "Snap-Device-Architecture: %s", arch ? arch : "amd64"),
                store ? arena_printf(arena, "Snap-Device-Store: %s", store) : NULL,
                "Snap-Device-Series: 16",
                "Snap-Accept-Delta-Format: xdelta3",
        };

        for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
                enum rc rc = lines[i] ? net_add_header(device->net, lines[i], err) : RC_OK;

                if (rc != RC_OK)
                        return rc;
        }
        return RC_OK;
}

static enum rc session_open(struct device *device, struct err *err)
{
        CLEANUP(buf_fini) struct buf body = BUF_INIT(MIB);
        struct assertion *request;
        const char *token;
        enum rc rc;

        rc = session_request(device, &request, err);
        if (rc != RC_OK)
                return rc;
        buf_text(&body, "{\"device-session-request\":");
        buf_json_string(&body, request->bytes);
        buf_text(&body, ",\"serial-assertion\":");
        buf_json_string(&body, device->serial->bytes);
        buf_text(&body, ",\"model-assertion\":");
        buf_json_string(&body, device->model->bytes);
        buf_char(&body, '}');
        rc = buf_finish(&body, err);
        if (rc == RC_OK)
                rc = post_for_text(device, "/api/v1/snaps/auth/sessions", body.data, "macaroon",
                                   &token, err);
        if (rc == RC_OK)
                rc = session_use(device, token, err);
        if (rc == RC_OK)
                say("opened a session: proved with its key that it is %s", device->serial->pk[2]);
        return rc;
}

static enum rc model_load(struct device *device, struct err *err)
{
        const char *path = device_path(device, "model.assert");
        CLEANUP(fs_freep) char *text = NULL;
        struct assertion *model;
        size_t bytes;
        enum rc rc;

        if (!path)
                return err_set(err, RC_NOMEM, "out of memory");
        rc = fs_read_file(path, FILE_MAX, &text, &bytes, err);
        if (rc == RC_OK)
                rc = assertion_parse(device->arena, text, bytes, &model, err);
        if (rc == RC_OK && strcmp(model->type->name, "model"))
                return err_set(err, RC_INVALID, "%s is no model", path);
        if (rc == RC_OK)
                device->model = model;
        return rc;
}

enum rc device_enroll(struct device *device, struct err *err)
{
        enum rc rc;

        rc = model_load(device, err);
        if (rc == RC_OK)
                rc = key_load(device, err);
        if (rc == RC_OK)
                rc = serial_load(device, err);
        if (rc == RC_OK)
                rc = session_open(device, err);
        return rc;
}
