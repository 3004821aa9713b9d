/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /v2/snaps/refresh -- install, refresh, download and fetch-assertions in one batch. 200
 * whenever the request can be read; what is wrong with one action is that action's error.
 *
 * Source: device.md section 2. Bounds: 1,000 actions and context entries, 4,096 assertions.
 */
#include "server/api/fetch_assertions.h"
#include "server/api/handlers.h"
#include "server/api/view.h"
#include "server/domain/decide.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ACTIONS_MAX 1000
#define ANSWER_MAX  (48 * MIB)

/* An installed snap, as the request's context tells. */
struct installed {
        const char *key;
        const char *snap_id;
        const char *tracking;
        int64_t revision;
        struct epoch epoch;
        bool has_epoch;
};

struct refresh {
        struct world *world;
        struct request *request;
        const struct identity *identity;
        struct installed *installed; /* sorted by key */
        size_t installed_count;
        struct decide_context decide;
        struct view_links links;
        struct fetch_context fetch;
        uint8_t bucket_key[MAC_KEY_BYTES];
};

/* --- reading --- */

static enum rc epoch_numbers(const json_t *epoch, const char *field, uint32_t *ret,
                             size_t *ret_count, struct err *err)
{
        const json_t *list = NULL;
        enum rc rc;

        rc = jsonx_get_array(epoch, field, JSONX_MAY, EPOCH_MAX, &list, err);
        if (rc != RC_OK)
                return rc;
        for (size_t i = 0; i < json_array_size(list); i++) {
                const json_t *number = json_array_get(list, i);

                if (!json_is_integer(number) || json_integer_value(number) < 0 ||
                    json_integer_value(number) > UINT32_MAX)
                        return err_set(err, RC_INVALID, "an epoch lists whole numbers");
                ret[(*ret_count)++] = (uint32_t)json_integer_value(number);
        }
        return RC_OK;
}

/* null and absent mean: nothing installed. */
static enum rc epoch_read(const json_t *object, struct epoch *ret, bool *ret_has, struct err *err)
{
        const json_t *epoch = NULL;
        enum rc rc;

        memset(ret, 0, sizeof(*ret));
        rc = jsonx_get_object(object, "epoch", JSONX_MAY, &epoch, err);
        if (rc != RC_OK || !epoch)
                return rc;
        *ret_has = true;
        rc = epoch_numbers(epoch, "read", ret->read, &ret->read_count, err);
        return rc == RC_OK ? epoch_numbers(epoch, "write", ret->write, &ret->write_count, err) : rc;
}

static enum rc installed_read(const json_t *entry, struct installed *ret, struct err *err)
{
        enum rc rc;

        rc = jsonx_get_text(entry, "instance-key", JSONX_MUST, 256, &ret->key, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(entry, "snap-id", JSONX_MUST, 64, &ret->snap_id, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(entry, "tracking-channel", JSONX_MAY, CHANNEL_MAX,
                                    &ret->tracking, err);
        if (rc == RC_OK)
                rc = jsonx_get_int(entry, "revision", JSONX_MAY, 0, INT64_MAX, &ret->revision, err);
        return rc == RC_OK ? epoch_read(entry, &ret->epoch, &ret->has_epoch, err) : rc;
}

static int installed_compare(const void *a, const void *b)
{
        return strcmp(((const struct installed *)a)->key, ((const struct installed *)b)->key);
}

static enum rc context_read(struct refresh *refresh, const json_t *body, struct err *err)
{
        const json_t *list = NULL;
        enum rc rc;

        rc = jsonx_get_array(body, "context", JSONX_MAY, ACTIONS_MAX, &list, err);
        if (rc != RC_OK)
                return rc;
        refresh->installed_count = json_array_size(list);
        refresh->installed = arena_alloc_array(refresh->request->arena, refresh->installed_count,
                                               sizeof(*refresh->installed));
        if (!refresh->installed)
                return err_set(err, RC_NOMEM, "no memory for the context");
        for (size_t i = 0; i < refresh->installed_count; i++) {
                rc = installed_read(json_array_get(list, i), &refresh->installed[i], err);
                if (rc != RC_OK)
                        return err_prefix(err, rc, "context entry %zu", i + 1);
        }
        qsort(refresh->installed, refresh->installed_count, sizeof(*refresh->installed),
              installed_compare);
        return RC_OK;
}

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

/* --- one action --- */

struct action {
        enum decide_action verb;
        const char *verb_text;
        const char *key;
        const struct installed *installed; /* NULL unless refresh */
        struct decide_ask ask;
        struct epoch epoch;
        bool has_epoch;
};

static enum rc verb_read(const json_t *json, struct action *ret, struct err *err)
{
        static const struct {
                const char *text;
                enum decide_action verb;
        } verbs[] = {{"refresh", DECIDE_REFRESH},
                     {"install", DECIDE_INSTALL},
                     {"download", DECIDE_DOWNLOAD}};
        enum rc rc;

        rc = jsonx_get_text(json, "action", JSONX_MUST, 64, &ret->verb_text, err);
        if (rc != RC_OK)
                return rc;
        for (size_t i = 0; i < ARRAY_COUNT(verbs); i++)
                if (strcmp(verbs[i].text, ret->verb_text) == 0) {
                        ret->verb = verbs[i].verb;
                        return RC_OK;
                }
        return err_set_code(err, RC_INVALID, "bad-argument", "there is no action \"%.40s\"",
                            ret->verb_text);
}

static enum rc names_read(const struct refresh *refresh, const json_t *json, struct action *ret,
                          struct err *err)
{
        const struct installed wanted = {.key = ret->key};
        enum rc rc;

        rc = jsonx_get_text(json, "snap-id", JSONX_MAY, 64, &ret->ask.snap_id, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(json, "name", JSONX_MAY, 64, &ret->ask.name, err);
        if (rc != RC_OK)
                return rc;
        if (ret->verb != DECIDE_REFRESH)
                return ret->ask.name || ret->ask.snap_id
                               ? RC_OK
                               : err_set_code(err, RC_INVALID, "missing-key",
                                              "the action names no snap");
        if (refresh->installed_count)
                ret->installed = bsearch(&wanted, refresh->installed, refresh->installed_count,
                                         sizeof(*refresh->installed), installed_compare);
        if (!ret->installed)
                return err_set_code(err, RC_INVALID, "missing-context",
                                    "the snap to refresh is not in the context");
        ret->ask.snap_id = ret->installed->snap_id;
        ret->ask.name = NULL;
        return RC_OK;
}

static enum rc action_read(const struct refresh *refresh, const json_t *json, struct action *ret,
                           struct err *err)
{
        int64_t revision = 0;
        enum rc rc;

        rc = jsonx_get_text(json, "instance-key", JSONX_MUST, 256, &ret->key, err);
        if (rc == RC_OK)
                rc = verb_read(json, ret, err);
        if (rc == RC_OK)
                rc = names_read(refresh, json, ret, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(json, "channel", JSONX_MAY, 256, &ret->ask.channel, err);
        if (rc == RC_OK)
                rc = jsonx_get_int(json, "revision", JSONX_MAY, 0, INT64_MAX, &revision, err);
        if (rc == RC_OK)
                rc = epoch_read(json, &ret->epoch, &ret->has_epoch, err);
        if (rc != RC_OK)
                return rc;
        ret->ask.action = ret->verb;
        ret->ask.revision = (uint64_t)revision;
        ret->ask.arch = refresh->identity->viewer.arch;
        ret->ask.epoch = ret->has_epoch ? &ret->epoch : NULL;
        if (ret->installed) {
                ret->ask.current = (uint64_t)ret->installed->revision;
                ret->ask.tracking = ret->installed->tracking;
                ret->ask.epoch = ret->installed->has_epoch ? &ret->installed->epoch : NULL;
        }
        return RC_OK;
}

static void head_put(struct buf *out, const char *result, const struct action *action)
{
        buf_printf(out, "{\"result\":\"%s\",\"instance-key\":", result);
        buf_json_string(out, action->key ? action->key : "");
}

static void name_put(struct buf *out, const struct action *action,
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

static void error_put(struct buf *out, const struct action *action,
                      const struct catalog_package *package, const char *code, const char *message)
{
        head_put(out, "error", action);
        name_put(out, action, package);
        buf_text(out, ",\"error\":{\"code\":");
        buf_json_string(out, code);
        buf_text(out, ",\"message\":");
        buf_json_string(out, message);
        buf_text(out, ",\"extra\":{\"releases\":[");
        for (size_t i = 0; package && i < package->release_count; i++) {
                char channel[CHANNEL_MAX + 1];

                channel_format(&package->releases[i].channel, channel);
                buf_printf(out, "%s{\"architecture\":\"%s\",\"channel\":\"%s\"}", i ? "," : "",
                           package->releases[i].arch, channel);
        }
        buf_text(out, "]}}}");
}

static void found_put(struct buf *out, struct refresh *refresh, const struct action *action,
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

static void snap_action_put(struct buf *out, struct refresh *refresh, const json_t *json)
{
        struct action action = {0};
        struct decide_answer answer;
        struct err err = {0};

        if (action_read(refresh, json, &action, &err) != RC_OK) {
                error_put(out, &action, NULL, *err.code ? err.code : "bad-argument", err.text);
                return;
        }
        decide(&refresh->decide, &action.ask, &answer);
        switch (answer.outcome) {
        case DECIDE_FOUND:
                found_put(out, refresh, &action, &answer);
                return;
        case DECIDE_NO_PACKAGE:
                error_put(out, &action, NULL,
                          action.verb == DECIDE_REFRESH || !action.ask.name ? "id-not-found"
                                                                            : "name-not-found",
                          "there is no such snap in this store");
                return;
        case DECIDE_NO_REVISION:
                error_put(out, &action, answer.package, "revision-not-found",
                          "there is no revision of this snap as specified");
                return;
        }
}

/* --- the request --- */

static enum rc actions_put(struct buf *out, struct refresh *refresh, const json_t *body,
                           struct err *err)
{
        const json_t *actions = NULL;
        enum rc rc;

        rc = jsonx_get_array(body, "actions", JSONX_MUST, ACTIONS_MAX, &actions, err);
        if (rc != RC_OK)
                return rc;
        buf_text(out, "{\"results\":[");
        for (size_t i = 0; i < json_array_size(actions); i++) {
                const json_t *action = json_array_get(actions, i);
                const char *verb = json_string_value(json_object_get(action, "action"));

                if (!json_is_object(action))
                        return err_set(err, RC_INVALID, "action %zu is no object", i + 1);
                buf_text(out, i ? "," : "");
                if (verb && strcmp(verb, "fetch-assertions") == 0)
                        fetch_assertions_put(out, &refresh->fetch, action);
                else
                        snap_action_put(out, refresh, action);
        }
        buf_text(out, "],\"error-list\":[]}");
        return buf_finish(out, err);
}

static void refresh_init(struct refresh *refresh, struct world *world, struct request *request,
                         const json_t *body)
{
        const struct identity *identity = request_identity(request);
        const char *base_url = api_base_url(world, request);

        world_key(world, "bucket", refresh->bucket_key);
        refresh->world = world;
        refresh->request = request;
        refresh->identity = identity;
        refresh->decide = (struct decide_context){identity->catalog, &identity->viewer,
                                                  world_now(world), refresh->bucket_key};
        refresh->links = (struct view_links){
                .world = world,
                .base_url = base_url,
                .delta_formats = request_header(request, "Snap-Accept-Delta-Format"),
                .fields = fields_read(body),
                .now = refresh->decide.now,
        };
        refresh->fetch = (struct fetch_context){
                .world = world,
                .identity = identity,
                .arena = request->arena,
                .base_url = base_url,
                .max_formats = json_object_get(body, "assertion-max-formats"),
                .left = FETCH_ASSERTIONS_MAX,
        };
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
        refresh_init(&refresh, context, request, body);
        rc = context_read(&refresh, body, err);
        if (rc == RC_OK)
                rc = actions_put(&out, &refresh, body, err);
        if (rc != RC_OK)
                return rc;
        api_json(response, &out);
        return RC_OK;
}
