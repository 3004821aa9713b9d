/* SPDX-License-Identifier: Apache-2.0 */
/* POST /v2/snaps/refresh as snapd sends it, with one action. */
#include "core/base/fs.h"
#include "core/base/jsonx.h"
#include "core/model/channel.h"
#include "core/model/name.h"
#include "tools/demo-device/promise.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX    512
#define URL_MAX     4096
#define SIZE_MAX_   ((int64_t)1 << 40)
#define DELTAS_MAX  16
#define RESULTS_MAX 4
#define BUSY_ROUNDS 15

struct installed {
        char snap_id[64];
        uint64_t revision;
        char channel[128];
};

/* RC_NOT_FOUND: the package is not here. */
static enum rc state_read(const struct device *device, const char *name, struct installed *ret,
                          struct err *err)
{
        const char *path = arena_printf(device->arena, "%s/%s.state", device->dir, name);
        CLEANUP(fs_freep) char *text = NULL;
        size_t bytes;
        enum rc rc;

        if (!path)
                return err_set(err, RC_NOMEM, "out of memory");
        rc = fs_read_file(path, KIB, &text, &bytes, err);
        if (rc != RC_OK)
                return rc;
        if (sscanf(text, "%63s %" SCNu64 " %127s", ret->snap_id, &ret->revision, ret->channel) != 3)
                return err_set(err, RC_CORRUPT, "%s is damaged", path);
        return RC_OK;
}

static enum rc state_write(const struct device *device, const struct offer *offer,
                           const char *channel, struct err *err)
{
        const char *path = arena_printf(device->arena, "%s/%s.state", device->dir, offer->name);
        const char *text = arena_printf(device->arena, "%s %" PRIu64 " %s\n", offer->snap_id,
                                        offer->revision, channel);

        if (!path || !text)
                return err_set(err, RC_NOMEM, "out of memory");
        return fs_write_file(path, text, strlen(text), 0644, err);
}

/* How the request and its manifest call the package. */
static const char *key_of(const struct installed *have)
{
        return have ? have->snap_id : "install-1";
}

static enum rc ask_build(const char *name, const char *channel, const struct installed *have,
                         const struct promise *promise, struct buf *out, struct err *err)
{
        buf_text(out, "{\"context\":[");
        if (have) {
                buf_printf(out, "{\"snap-id\":\"%s\",\"instance-key\":\"%s\",\"revision\":%" PRIu64,
                           have->snap_id, have->snap_id, have->revision);
                buf_printf(out, ",\"tracking-channel\":\"%s\",", have->channel);
                buf_text(out, "\"epoch\":{\"read\":[0],\"write\":[0]}}");
        }
        buf_text(out, "],\"actions\":[{");
        if (have)
                buf_printf(out, "\"action\":\"refresh\",\"instance-key\":\"%s\",\"snap-id\":\"%s\"",
                           have->snap_id, have->snap_id);
        else
                buf_printf(out,
                           "\"action\":\"install\",\"instance-key\":\"%s\",\"name\":\"%s\","
                           "\"channel\":\"%s\",\"epoch\":null",
                           key_of(have), name, channel);
        buf_text(out, "}],\"fields\":[\"download\",\"name\",\"revision\",\"snap-id\","
                      "\"version\"]");
        promise_put(promise, out);
        buf_char(out, '}');
        return buf_finish(out, err);
}

static enum rc digest_get(const json_t *object, struct digest *ret, struct err *err)
{
        const char *text;
        enum rc rc;

        rc = jsonx_get_text(object, "sha3-384", JSONX_MUST, DIGEST_HEX_CHARS, &text, err);
        if (rc == RC_OK && digest_parse_hex(text, ret) != RC_OK)
                return err_set(err, RC_INVALID, "sha3-384 is not a digest");
        return rc;
}

/* The delta from what is installed, if there is one in the format asked for. */
static enum rc delta_read(const json_t *download, uint64_t have, struct offer *ret, struct err *err)
{
        const json_t *list = NULL;
        enum rc rc;

        rc = jsonx_get_array(download, "deltas", JSONX_MAY, DELTAS_MAX, &list, err);
        for (size_t i = 0; rc == RC_OK && list && i < json_array_size(list); i++) {
                const json_t *item = json_array_get(list, i);
                const char *format;
                int64_t source = 0;
                int64_t bytes = 0;

                rc = jsonx_get_text(item, "format", JSONX_MUST, TEXT_MAX, &format, err);
                if (rc == RC_OK)
                        rc = jsonx_get_int(item, "source", JSONX_MUST, 1, INT32_MAX, &source, err);
                if (rc == RC_OK)
                        rc = jsonx_get_int(item, "size", JSONX_MUST, 1, SIZE_MAX_, &bytes, err);
                if (rc == RC_OK)
                        rc = jsonx_get_text(item, "url", JSONX_MUST, URL_MAX, &ret->delta_url, err);
                if (rc == RC_OK)
                        rc = digest_get(item, &ret->delta_digest, err);
                if (rc != RC_OK || strcmp(format, "xdelta3") || (uint64_t)source != have)
                        continue;
                ret->has_delta = true;
                ret->delta_source = (uint64_t)source;
                ret->delta_bytes = (uint64_t)bytes;
                return RC_OK;
        }
        return rc;
}

static enum rc snap_read(const json_t *result, const char *name, uint64_t have, struct offer *ret,
                         struct err *err)
{
        const json_t *snap = NULL;
        const json_t *download = NULL;
        int64_t revision = 0;
        int64_t bytes = 0;
        enum rc rc;

        rc = jsonx_get_object(result, "snap", JSONX_MUST, &snap, err);
        if (rc == RC_OK)
                rc = jsonx_get_object(snap, "download", JSONX_MUST, &download, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(snap, "name", JSONX_MUST, TEXT_MAX, &ret->name, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(snap, "snap-id", JSONX_MUST, 32, &ret->snap_id, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(snap, "version", JSONX_MUST, TEXT_MAX, &ret->version, err);
        if (rc == RC_OK)
                rc = jsonx_get_int(snap, "revision", JSONX_MUST, 1, INT32_MAX, &revision, err);
        if (rc == RC_OK)
                rc = jsonx_get_int(download, "size", JSONX_MUST, 1, SIZE_MAX_, &bytes, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(download, "url", JSONX_MUST, URL_MAX, &ret->url, err);
        if (rc == RC_OK)
                rc = digest_get(download, &ret->digest, err);
        if (rc != RC_OK)
                return rc;
        if (strcmp(ret->name, name) || !name_is_snap_id(ret->snap_id))
                return err_set(err, RC_UNTRUSTED, "the store answers with another package");
        ret->revision = (uint64_t)revision;
        ret->bytes = (uint64_t)bytes;
        return delta_read(download, have, ret, err);
}

static enum rc result_read(const json_t *answer, const char *name, uint64_t have, struct offer *ret,
                           struct err *err)
{
        const json_t *results = NULL;
        const json_t *result;
        const json_t *error = NULL;
        const char *kind;
        const char *text = "it gives no reason";
        enum rc rc;

        rc = jsonx_get_array(answer, "results", JSONX_MUST, RESULTS_MAX, &results, err);
        if (rc != RC_OK)
                return rc;
        result = json_array_get(results, 0);
        if (!json_is_object(result))
                return err_set(err, RC_INVALID, "the store's answer is empty");
        rc = jsonx_get_text(result, "result", JSONX_MUST, TEXT_MAX, &kind, err);
        if (rc == RC_OK && !strcmp(kind, "error")) {
                rc = jsonx_get_object(result, "error", JSONX_MUST, &error, err);
                if (rc == RC_OK)
                        rc = jsonx_get_text(error, "message", JSONX_MAY, TEXT_MAX, &text, err);
                return rc == RC_OK ? err_set(err, RC_REFUSED, "the store: %.200s", text) : rc;
        }
        return rc == RC_OK ? snap_read(result, name, have, ret, err) : rc;
}

/* 503: a store that has just started has no key for manifests yet, or is behind what we have seen.
 */
static enum rc ask_send(struct device *device, const struct net_request *request,
                        struct net_answer *ret, struct err *err)
{
        for (int round = 0;; round++) {
                const enum rc rc = net_send(device->net, request, device->arena, ret, err);

                if (rc != RC_OK || ret->status != 503 || round == BUSY_ROUNDS)
                        return rc;
                sleep(1);
        }
}

static enum rc ask(struct device *device, const char *name, const char *channel,
                   const struct installed *have, const struct promise *promise, json_t **ret,
                   struct err *err)
{
        CLEANUP(buf_fini) struct buf body = BUF_INIT(64 * KIB);
        struct net_request request = {.method = "POST",
                                      .path = "/v2/snaps/refresh",
                                      .type = "application/json",
                                      .accept = "application/json"};
        struct net_answer answer;
        enum rc rc;

        rc = ask_build(name, channel, have, promise, &body, err);
        if (rc != RC_OK)
                return rc;
        request.body = body.data;
        request.bytes = body.len;
        rc = ask_send(device, &request, &answer, err);
        if (rc != RC_OK)
                return rc;
        if (answer.status != 200)
                return err_set(err, RC_REFUSED, "%s answers %ld: %.150s", request.path,
                               answer.status, answer.body);
        return jsonx_parse_object(answer.body, answer.bytes, ret, err);
}

static enum rc offer_take(struct device *device, const struct offer *offer,
                          const struct installed *have, const char *channel, struct err *err)
{
        const char *old_path = NULL;
        enum rc rc;

        say("the store offers %s %s, revision %" PRIu64 "%s", offer->name, offer->version,
            offer->revision, have && offer->has_delta ? ", with a delta" : "");
        if (have) {
                old_path = arena_printf(device->arena, "%s/%s_%" PRIu64 ".snap", device->dir,
                                        offer->name, have->revision);
                if (!old_path)
                        return err_set(err, RC_NOMEM, "out of memory");
        }
        rc = offer_fetch(device, offer, old_path, err);
        if (rc == RC_OK)
                rc = state_write(device, offer, channel, err);
        return rc;
}

enum rc device_update(struct device *device, const char *name, const char *channel, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *answer = NULL;
        struct offer offer = {0};
        struct promise promise;
        struct installed state;
        struct installed *have = &state;
        struct channel parsed;
        enum rc rc;

        if (!name_is_snap(name))
                return err_set(err, RC_INVALID, "not the name of a package: %.60s", name);
        rc = channel_parse(channel, &parsed, err);
        if (rc == RC_OK)
                rc = state_read(device, name, &state, err);
        if (rc == RC_NOT_FOUND) {
                have = NULL;
                rc = RC_OK;
        }
        if (rc == RC_OK)
                rc = promise_begin(device, &promise, err);
        if (rc == RC_OK)
                rc = ask(device, name, channel, have, &promise, &answer, err);
        if (rc == RC_OK)
                rc = result_read(answer, name, have ? have->revision : 0, &offer, err);
        if (rc == RC_OK)
                rc = promise_check(device, &promise, answer, key_of(have), &offer, err);
        if (rc != RC_OK)
                return rc;
        if (have && have->revision == offer.revision) {
                say("nothing to do: revision %" PRIu64 " (%s) is what the store offers",
                    offer.revision, offer.version);
                return RC_OK;
        }
        return offer_take(device, &offer, have, have ? have->channel : channel, err);
}
