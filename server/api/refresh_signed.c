/* SPDX-License-Identifier: Apache-2.0 */
#include "server/api/refresh_signed.h"

#define RETRY_AFTER "5" /* seconds: loading a catalog, or a signer that comes back */

enum rc refresh_signed_read(const json_t *body, struct manifest_ask *ret, bool *ret_asked,
                            struct err *err)
{
        struct manifest_ask ask = {.life = MANIFEST_REFRESH_LIFE};
        const json_t *json = NULL;
        int64_t epoch = 0;
        int64_t sequence = 0;
        enum rc rc;

        *ret_asked = false;
        rc = jsonx_get_object(body, "manifest", JSONX_MAY, &json, err);
        if (rc != RC_OK || !json)
                return rc;
        rc = jsonx_get_text(json, "nonce", JSONX_MUST, MANIFEST_NONCE_MAX, &ask.nonce, err);
        if (rc == RC_OK)
                rc = jsonx_get_int(json, "epoch", JSONX_MAY, 0, (int64_t)MANIFEST_EPOCH_MAX, &epoch,
                                   err);
        if (rc == RC_OK)
                rc = jsonx_get_int(json, "sequence", JSONX_MAY, 0, MANIFEST_NUMBER_MAX, &sequence,
                                   err);
        if (rc != RC_OK)
                return err_prefix(err, rc, "manifest");
        if (!manifest_nonce_is(ask.nonce))
                return err_set(err, RC_INVALID,
                               "manifest: the nonce is %d to %d letters, digits, - and _",
                               MANIFEST_NONCE_MIN, MANIFEST_NONCE_MAX);
        ask.epoch = (uint64_t)epoch;
        ask.sequence = (uint64_t)sequence;
        *ret = ask;
        *ret_asked = true;
        return RC_OK;
}

struct gathering {
        struct manifest_entry *entries;
        size_t count;
        bool *acted_on; /* of the installed ones */
};

static void actions_gather(struct gathering *gathering, const struct refresh_request *asked)
{
        for (size_t i = 0; i < asked->action_count; i++) {
                const struct refresh_action *action = &asked->actions[i];

                if (action->fetch || !action->key)
                        continue;
                if (action->installed)
                        gathering->acted_on[action->installed - asked->installed] = true;
                gathering->entries[gathering->count++] = (struct manifest_entry){
                        .key = action->key,
                        .answer = action->rc == RC_OK ? &action->answer : NULL,
                        .source = action->ask.current,
                };
        }
}

/* What is installed and not acted on: what a general refresh would answer. */
static enum rc rest_gather(struct gathering *gathering, const struct request *request,
                           const struct refresh_request *asked,
                           const struct decide_context *decide_context, struct err *err)
{
        for (size_t i = 0; i < asked->installed_count; i++) {
                const struct refresh_installed *installed = &asked->installed[i];
                struct decide_answer *answer;
                struct decide_ask ask;

                if (gathering->acted_on[i])
                        continue;
                answer = arena_alloc(request->arena, sizeof(*answer));
                if (!answer)
                        return err_set(err, RC_NOMEM, "no memory for a manifest");
                refresh_ask_installed(installed, decide_context->viewer->arch, &ask);
                decide(decide_context, &ask, answer);
                gathering->entries[gathering->count++] =
                        (struct manifest_entry){installed->key, answer, installed->revision};
        }
        return RC_OK;
}

enum rc refresh_signed_put(struct world *world, const struct request *request,
                           const struct refresh_request *asked, const struct decide_context *decide,
                           const struct manifest_ask *ask, struct response *response,
                           struct buf *out, struct err *err)
{
        CLEANUP(buf_fini) struct buf stream = BUF_INIT(MANIFEST_STREAM_MAX);
        const size_t room = asked->action_count + asked->installed_count;
        struct gathering gathering = {
                .entries = arena_alloc_array(request->arena, room, sizeof(*gathering.entries)),
                .acted_on = arena_alloc_array(request->arena, asked->installed_count, sizeof(bool)),
        };
        enum rc rc;

        if (!gathering.entries || !gathering.acted_on)
                return err_set(err, RC_NOMEM, "no memory for a manifest");
        actions_gather(&gathering, asked);
        rc = rest_gather(&gathering, request, asked, decide, err);
        if (rc == RC_OK)
                rc = refresh_manifest_make(world, decide->catalog, decide->viewer, ask,
                                           gathering.entries, gathering.count, &stream, err);
        if (rc == RC_BUSY)
                response_header(response, "Retry-After", RETRY_AFTER);
        if (rc != RC_OK)
                return rc;
        buf_text(out, ",\"manifest\":");
        buf_json_string(out, stream.data);
        return buf_finish(out, err);
}
