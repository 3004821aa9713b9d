/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /v2/snaps/refresh -- install, refresh, download and fetch-assertions in one batch. 200
 * whenever the request can be read; what is wrong with one action is that action's error.
 *
 * Source: device.md section 2. Reading, and its bounds: refresh_read.h; 4,096 assertions.
 */
#include "server/api/fetch_assertions.h"
#include "server/api/handlers.h"
#include "server/api/refresh_note.h"
#include "server/api/refresh_signed.h"
#include "server/api/view.h"
#include <string.h>

#define ANSWER_MAX (48 * MIB)

struct refresh {
        struct world *world;
        struct request *request;
        const struct identity *identity;
        struct refresh_request asked;
        struct decide_context decide;
        struct view_links links;
        struct fetch_context fetch;
        struct manifest_ask manifest;
        bool wants_manifest;
        uint8_t bucket_key[MAC_KEY_BYTES];
        uint8_t cohort_key[MAC_KEY_BYTES];
};

static unsigned fields_read(const json_t *body)
{
        const json_t *list = json_object_get(body, "fields");
        unsigned fields = 0;

        if (!json_is_array(list))
                return VIEW_ALL;
        for (size_t i = 0; i < json_array_size(list) && i < 100; i++) {
                const char *name = json_string_value(json_array_get(list, i));

                fields |= name ? view_field_bit(name) : 0;
        }
        return fields;
}

/* --- one result --- */

static void head_put(struct buf *out, const char *result, const struct refresh_action *action)
{
        buf_printf(out, "{\"result\":\"%s\",\"instance-key\":", result);
        buf_json_string(out, action->key ? action->key : "");
}

static void name_put(struct buf *out, const struct refresh_action *action,
                     const struct catalog_package *package)
{
        const char *name = package ? package->name : action->ask.name;
        const char *snap_id = package ? package->snap_id : action->ask.snap_id;

        buf_text(out, ",\"name\":");
        buf_json_string(out, name ? name : "");
        if (snap_id) {
                buf_text(out, ",\"snap-id\":");
                buf_json_string(out, snap_id);
        }
}

/* package: where a hint helps, the channels that are open. */
static void error_put(struct buf *out, const struct refresh_action *action,
                      const struct catalog_package *package, usec_t now, const char *code,
                      const char *message)
{
        const char *comma = "";

        head_put(out, "error", action);
        name_put(out, action, package);
        buf_text(out, ",\"error\":{\"code\":");
        buf_json_string(out, code);
        buf_text(out, ",\"message\":");
        buf_json_string(out, message);
        buf_text(out, ",\"extra\":{\"releases\":[");
        for (size_t i = 0; package && i < package->release_count; i++) {
                const struct catalog_release *release = &package->releases[i];
                char channel[CHANNEL_MAX + 1];

                if (release->expires && release->expires <= now)
                        continue;
                channel_format(&release->channel, channel);
                buf_printf(out, "%s{\"architecture\":\"%s\",\"channel\":\"%s\"}", comma,
                           release->arch, channel);
                comma = ",";
        }
        buf_text(out, "]}}}");
}

static void found_put(struct buf *out, struct refresh *refresh, const struct refresh_action *action,
                      const struct decide_answer *answer)
{
        char channel[CHANNEL_MAX + 1];

        refresh->links.source = action->ask.current;
        head_put(out, action->verb_text, action);
        name_put(out, action, answer->package);
        if (answer->has_effective) {
                channel_format(&answer->effective, channel);
                buf_printf(out, ",\"effective-channel\":\"%s\"", channel);
        }
        if (*answer->redirect)
                buf_printf(out, ",\"redirect-channel\":\"%s\"", answer->redirect);
        buf_text(out, ",\"snap\":{");
        view_append(out, &refresh->links, answer->package, answer->revision);
        buf_text(out, "}}");
}

static void refusal_put(struct buf *out, struct refresh *refresh,
                        const struct refresh_action *action)
{
        CLEANUP(buf_fini) struct buf text = BUF_INIT(4 * KIB);
        const struct decide_answer *answer = &action->answer;

        decide_step_print(&answer->refusal, &text);
        error_put(out, action, answer->package, refresh->decide.now, refresh_action_code(action),
                  text.data ? text.data : "");
}

static void answer_put(struct buf *out, struct refresh *refresh,
                       const struct refresh_action *action)
{
        const struct decide_answer *answer = &action->answer;

        if (action->rc != RC_OK) {
                error_put(out, action, NULL, 0, action->code, action->text);
                return;
        }
        switch (answer->outcome) {
        case DECIDE_FOUND:
                found_put(out, refresh, action, answer);
                return;
        case DECIDE_NO_PACKAGE:
                error_put(out, action, NULL, 0, refresh_action_code(action),
                          "there is no such snap in this store");
                return;
        case DECIDE_NO_REVISION:
                error_put(out, action, answer->package, refresh->decide.now,
                          refresh_action_code(action),
                          "there is no revision of this snap as specified");
                return;
        case DECIDE_REFUSED:
                refusal_put(out, refresh, action);
                return;
        }
}

/* --- the request --- */

static void actions_decide(struct refresh *refresh)
{
        for (size_t i = 0; i < refresh->asked.action_count; i++) {
                struct refresh_action *action = &refresh->asked.actions[i];

                if (!action->fetch && action->rc == RC_OK)
                        decide(&refresh->decide, &action->ask, &action->answer);
        }
}

static enum rc actions_put(struct buf *out, struct refresh *refresh, struct err *err)
{
        buf_text(out, "{\"results\":[");
        for (size_t i = 0; i < refresh->asked.action_count; i++) {
                const struct refresh_action *action = &refresh->asked.actions[i];

                buf_text(out, i ? "," : "");
                if (action->fetch)
                        fetch_assertions_put(out, &refresh->fetch, action->fetch);
                else
                        answer_put(out, refresh, action);
        }
        buf_text(out, "],\"error-list\":[]");
        return buf_finish(out, err);
}

/* After the body was read. */
static void refresh_init(struct refresh *refresh, struct world *world, struct request *request)
{
        const struct identity *identity = request_identity(request);
        const char *base_url = api_base_url(world, request);

        world_key(world, "bucket", refresh->bucket_key);
        world_key(world, "cohort", refresh->cohort_key);
        refresh->world = world;
        refresh->request = request;
        refresh->identity = identity;
        refresh->decide = (struct decide_context){
                .catalog = identity->catalog,
                .viewer = &identity->viewer,
                .now = world_now(world),
                .bucket_key = refresh->bucket_key,
                .cohort_key = refresh->cohort_key,
                .installed = refresh->asked.installed_ids,
                .installed_count = refresh->asked.installed_count,
        };
        refresh->links = (struct view_links){
                .world = world,
                .base_url = base_url,
                .delta_formats = request_header(request, "Snap-Accept-Delta-Format"),
                .fields = fields_read(refresh->asked.body),
                .now = refresh->decide.now,
        };
        refresh->fetch = (struct fetch_context){
                .world = world,
                .identity = identity,
                .arena = request->arena,
                .base_url = base_url,
                .max_formats = json_object_get(refresh->asked.body, "assertion-max-formats"),
                .left = FETCH_ASSERTIONS_MAX,
        };
}

/* The client opens a new session and asks again (device.md 5, soft path). */
static enum rc session_over_put(struct buf *out, struct err *err)
{
        buf_text(out, "{\"results\":[],\"error-list\":[{\"code\":\"" SESSION_OVER_CODE
                      "\",\"message\":\"" SESSION_OVER_TEXT "\"}]}");
        return buf_finish(out, err);
}

HANDLER(snaps_refresh_post)
{
        CLEANUP(jsonx_decref) json_t *body = NULL;
        CLEANUP(buf_fini) struct buf out = BUF_INIT(ANSWER_MAX);
        struct refresh refresh = {0};
        enum rc rc;

        rc = api_body(request, &body, err);
        if (rc != RC_OK)
                return rc;
        rc = refresh_read(request, body, request_identity(request)->viewer.arch, &refresh.asked,
                          err);
        if (rc == RC_OK)
                rc = refresh_signed_read(body, &refresh.manifest, &refresh.wants_manifest, err);
        if (rc != RC_OK)
                return rc;
        if (request_identity(request)->session_over) {
                rc = session_over_put(&out, err);
        } else {
                refresh_init(&refresh, context, request);
                actions_decide(&refresh);
                rc = actions_put(&out, &refresh, err);
                if (rc == RC_OK && refresh.wants_manifest)
                        rc = refresh_signed_put(context, request, &refresh.asked, &refresh.decide,
                                                &refresh.manifest, response, &out, err);
                buf_char(&out, '}');
        }
        if (rc != RC_OK)
                return rc;
        refresh_note(context, request, &refresh.asked);
        api_json(response, &out);
        return RC_OK;
}
