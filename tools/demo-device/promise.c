/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/demo-device/promise.h"
#include "core/base/fs.h"
#include "core/base/random.h"
#include <inttypes.h>
#include <string.h>

#define STATE_FILE "manifest.state"
#define TOLERANCE  (5 * 60 * USEC_PER_SEC) /* how wrong this device's clock may be */

/* The store that the model names; without one the brand's. */
static const char *store_of(const struct device *device)
{
        const char *store = assertion_text(device->model, "store");

        return store && *store ? store : device->model->pk[1];
}

enum rc promise_begin(const struct device *device, struct promise *ret, struct err *err)
{
        const char *path = device_path(device, STATE_FILE);
        CLEANUP(fs_freep) char *text = NULL;
        size_t bytes = 0;
        enum rc rc;

        *ret = (struct promise){.nonce = ""};
        random_text(ret->nonce, PROMISE_NONCE_CHARS);
        if (!path)
                return err_set(err, RC_NOMEM, "out of memory");
        if (!fs_exists(path))
                return RC_OK;
        rc = fs_read_file(path, MANIFEST_STATE_CHARS, &text, &bytes, err);
        if (rc == RC_OK)
                rc = manifest_state_parse(text, bytes, &ret->seen, err);
        /* What was seen from another store says nothing about this one. */
        if (rc == RC_OK && strcmp(ret->seen.store, store_of(device)) != 0)
                ret->seen = (struct manifest_state){.store = ""};
        return rc == RC_OK ? RC_OK : err_prefix(err, rc, "%.100s", path);
}

void promise_put(const struct promise *promise, struct buf *out)
{
        buf_printf(out,
                   ",\"manifest\":{\"nonce\":\"%s\",\"epoch\":%" PRIu64 ",\"sequence\":%" PRIu64
                   "}",
                   promise->nonce, promise->seen.epoch, promise->seen.sequence);
}

/* The store's own root is the first; those that were added for packages come behind it. */
static enum rc roots_read(const struct device *device, struct trust_set **ret,
                          const char **ret_authority, struct err *err)
{
        struct trust_set *set = trust_set_new(device->arena, NULL);
        const char *dir = device_path(device, KEYDIR_TRUST_FOLDER);
        struct keydir_root roots[KEYDIR_ROOTS_MAX];
        size_t count = 0;
        enum rc rc;

        if (!set || !dir)
                return err_set(err, RC_NOMEM, "out of memory");
        rc = keydir_read_roots(dir, roots, &count, err);
        for (size_t i = 0; rc == RC_OK && i < count; i++)
                rc = trust_set_add_root(set, roots[i].account_id, roots[i].key_id, err);
        if (rc == RC_OK && !count)
                return err_set(err, RC_UNTRUSTED, "this device knows no root");
        if (rc == RC_OK && !(*ret_authority = arena_strdup(device->arena, roots[0].account_id)))
                return err_set(err, RC_NOMEM, "out of memory");
        if (rc == RC_OK)
                *ret = set;
        return rc;
}

static enum rc state_write(const struct device *device, const struct manifest *manifest,
                           struct err *err)
{
        const char *path = device_path(device, STATE_FILE);
        char text[MANIFEST_STATE_CHARS];
        struct manifest_state state;
        enum rc rc;

        if (!path)
                return err_set(err, RC_NOMEM, "out of memory");
        rc = manifest_state_take(manifest, &state, err);
        if (rc != RC_OK)
                return rc;
        manifest_state_format(&state, text);
        return fs_write_file(path, text, strlen(text), 0644, err);
}

static enum rc answer_match(const struct manifest *manifest, const char *key,
                            const struct offer *offer, enum manifest_check *ret_check,
                            struct err *err)
{
        const struct manifest_delta delta = {.format = "xdelta3",
                                             .source = offer->delta_source,
                                             .digest = offer->delta_digest,
                                             .bytes = offer->delta_bytes};
        const struct manifest_package answer = {.key = key,
                                                .name = offer->name,
                                                .snap_id = offer->snap_id,
                                                .revision = offer->revision,
                                                .digest = offer->digest,
                                                .bytes = offer->bytes,
                                                .deltas = &delta,
                                                .delta_count = offer->has_delta ? 1 : 0};

        return manifest_match(manifest, &answer, ret_check, err);
}

enum rc promise_check(const struct device *device, const struct promise *promise,
                      const json_t *answer, const char *key, const struct offer *offer,
                      struct err *err)
{
        struct manifest_expect expect = {
                .nonce = promise->nonce,
                .brand_id = device->serial->pk[0],
                .model = device->serial->pk[1],
                .serial = device->serial->pk[2],
                .store = store_of(device),
                .now = clock_now(NULL),
                .tolerance = TOLERANCE,
                .seen = promise->seen,
                .keys = &key,
                .key_count = 1,
        };
        enum manifest_check check = MANIFEST_NONE;
        const struct manifest *manifest = NULL;
        struct trust_set *roots = NULL;
        const char *stream = NULL;
        enum rc rc;

        rc = jsonx_get_text(answer, "manifest", JSONX_MUST, MANIFEST_STREAM_MAX, &stream, err);
        if (rc != RC_OK)
                return err_set(err, RC_UNTRUSTED, "the store's answer comes without a manifest");
        rc = roots_read(device, &roots, &expect.authority, err);
        if (rc != RC_OK)
                return rc;
        expect.roots = roots;
        rc = manifest_verify(stream, strlen(stream), &expect, device->arena, &manifest, &check,
                             err);
        if (rc == RC_OK)
                rc = answer_match(manifest, key, offer, &check, err);
        if (rc == RC_UNTRUSTED)
                return err_prefix(err, rc, "manifest refused, check %s",
                                  manifest_check_name(check));
        if (rc == RC_OK)
                rc = state_write(device, manifest, err);
        if (rc == RC_OK)
                say("manifest verified: epoch %" PRIu64 ", sequence %" PRIu64
                    ", signed for this device and this question",
                    manifest->epoch, manifest->sequence);
        return rc;
}
