/* SPDX-License-Identifier: Apache-2.0 */
#include "server/api/refresh_read.h"
#include "core/model/name.h"
#include <stdlib.h>
#include <string.h>

#define KEY_TEXT_MAX    256 /* instance keys, channels */
#define ID_TEXT_MAX     64  /* snap-ids, names, accounts */
#define COHORT_TEXT_MAX 4096
#define SET_PARTS       4

struct reading {
        const struct request *request;
        const char *arch;
        struct refresh_request *ret;
};

static enum rc reading_nomem(struct err *err)
{
        return err_set(err, RC_NOMEM, "no memory for a refresh");
}

/* --- epochs --- */

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

/* --- validation sets --- */

/* [series, account, name, sequence]; without a sequence it is the newest. */
static enum rc set_read(const json_t *entry, struct decide_set *ret, struct err *err)
{
        const size_t parts = json_array_size(entry);
        const char *texts[SET_PARTS] = {NULL};
        bool is_good = parts == SET_PARTS || parts == SET_PARTS - 1;

        for (size_t i = 0; is_good && i < parts; i++) {
                texts[i] = json_string_value(json_array_get(entry, i));
                is_good = texts[i] && *texts[i] && strlen(texts[i]) <= ID_TEXT_MAX &&
                          !strchr(texts[i], '/');
        }
        ret->sequence = 0;
        if (is_good && texts[3])
                is_good = number_parse_u64(texts[3], INT64_MAX, &ret->sequence) == RC_OK &&
                          ret->sequence;
        if (!is_good || strcmp(texts[0], "16"))
                return err_set(err, RC_INVALID,
                               "a validation set is named by series, account, name and sequence");
        ret->account_id = texts[1];
        ret->name = texts[2];
        return RC_OK;
}

static enum rc sets_read(struct reading *reading, const json_t *object,
                         const struct decide_set **ret, size_t *ret_count, struct err *err)
{
        const json_t *list = NULL;
        struct decide_set *sets;
        enum rc rc;

        rc = jsonx_get_array(object, "validation-sets", JSONX_MAY, DECIDE_SETS_MAX, &list, err);
        if (rc != RC_OK || json_array_size(list) == 0)
                return rc;
        sets = arena_alloc_array(reading->request->arena, json_array_size(list), sizeof(*sets));
        if (!sets)
                return reading_nomem(err);
        for (size_t i = 0; rc == RC_OK && i < json_array_size(list); i++)
                rc = set_read(json_array_get(list, i), &sets[i], err);
        if (rc != RC_OK)
                return rc;
        *ret = sets;
        *ret_count = json_array_size(list);
        return RC_OK;
}

/* --- the context --- */

/* What only tells more about an installed snap: of another form, it tells nothing. known: members
 * that were found so far. An entry rarely has more, and each look costs a hash. */
static enum rc extras_read(struct reading *reading, const json_t *entry, size_t known,
                           struct refresh_installed *ret, struct err *err)
{
        const char *text = NULL;
        const json_t *held;
        enum rc rc;

        if (jsonx_get_text(entry, "refreshed-date", JSONX_MAY, ID_TEXT_MAX, &text, NULL) == RC_OK)
                ret->refreshed = text;
        if (json_object_size(entry) == known + (text != NULL))
                return RC_OK;
        text = NULL;
        if (jsonx_get_text(entry, "cohort-key", JSONX_MAY, COHORT_TEXT_MAX, &text, NULL) == RC_OK)
                ret->cohort = text;
        held = json_object_get(json_object_get(entry, "held"), "by");
        ret->ignore_validation = json_is_true(json_object_get(entry, "ignore-validation"));
        ret->is_held = json_array_size(held) > 0;
        rc = sets_read(reading, entry, &ret->sets, &ret->set_count, err);
        return rc_is_fault(rc) ? rc : RC_OK;
}

static enum rc installed_read(struct reading *reading, const json_t *entry,
                              struct refresh_installed *ret, struct err *err)
{
        int64_t revision = -1; /* absent */
        size_t known = 2;
        enum rc rc;

        rc = jsonx_get_text(entry, "instance-key", JSONX_MUST, KEY_TEXT_MAX, &ret->key, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(entry, "snap-id", JSONX_MUST, ID_TEXT_MAX, &ret->snap_id, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(entry, "tracking-channel", JSONX_MAY, CHANNEL_MAX,
                                    &ret->tracking, err);
        if (rc == RC_OK)
                rc = jsonx_get_int(entry, "revision", JSONX_MAY, 0, INT64_MAX, &revision, err);
        if (rc == RC_OK)
                rc = epoch_read(entry, &ret->epoch, &ret->has_epoch, err);
        if (rc != RC_OK)
                return rc;
        known += (ret->tracking != NULL) + (revision >= 0) + ret->has_epoch;
        ret->revision = revision > 0 ? (uint64_t)revision : 0;
        return extras_read(reading, entry, known, ret, err);
}

static int installed_compare(const void *a, const void *b)
{
        return strcmp(((const struct refresh_installed *)a)->key,
                      ((const struct refresh_installed *)b)->key);
}

static enum rc context_read(struct reading *reading, struct err *err)
{
        struct refresh_request *ret = reading->ret;
        struct arena *arena = reading->request->arena;
        const json_t *list = NULL;
        enum rc rc;

        rc = jsonx_get_array(ret->body, "context", JSONX_MAY, REFRESH_ACTIONS_MAX, &list, err);
        if (rc != RC_OK)
                return rc;
        ret->installed_count = json_array_size(list);
        ret->installed = arena_alloc_array(arena, ret->installed_count, sizeof(*ret->installed));
        ret->installed_ids = arena_alloc_array(arena, ret->installed_count, sizeof(const char *));
        if (!ret->installed || !ret->installed_ids)
                return reading_nomem(err);
        for (size_t i = 0; i < ret->installed_count; i++) {
                rc = installed_read(reading, json_array_get(list, i), &ret->installed[i], err);
                if (rc != RC_OK)
                        return err_prefix(err, rc, "context entry %zu", i + 1);
        }
        qsort(ret->installed, ret->installed_count, sizeof(*ret->installed), installed_compare);
        for (size_t i = 0; i < ret->installed_count; i++)
                ret->installed_ids[i] = ret->installed[i].snap_id;
        decide_installed_sort(ret->installed_ids, ret->installed_count);
        return RC_OK;
}

/* --- one action --- */

static enum rc verb_read(const json_t *json, struct refresh_action *ret, struct err *err)
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
                        ret->ask.action = verbs[i].verb;
                        return RC_OK;
                }
        return err_set_code(err, RC_INVALID, "bad-argument", "there is no action \"%.40s\"",
                            ret->verb_text);
}

static enum rc names_read(const struct refresh_request *request, const json_t *json,
                          struct refresh_action *ret, size_t *known, struct err *err)
{
        const struct refresh_installed wanted = {.key = ret->key};
        enum rc rc;

        rc = jsonx_get_text(json, "snap-id", JSONX_MAY, ID_TEXT_MAX, &ret->ask.snap_id, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(json, "name", JSONX_MAY, ID_TEXT_MAX, &ret->ask.name, err);
        if (rc != RC_OK)
                return rc;
        *known += (ret->ask.snap_id != NULL) + (ret->ask.name != NULL);
        if (ret->ask.action != DECIDE_REFRESH)
                return ret->ask.name || ret->ask.snap_id
                               ? RC_OK
                               : err_set_code(err, RC_INVALID, "missing-key",
                                              "the action names no snap");
        if (request->installed_count)
                ret->installed = bsearch(&wanted, request->installed, request->installed_count,
                                         sizeof(*request->installed), installed_compare);
        if (!ret->installed)
                return err_set_code(err, RC_INVALID, "missing-context",
                                    "the snap to refresh is not in the context");
        ret->ask.snap_id = ret->installed->snap_id;
        ret->ask.name = NULL;
        return RC_OK;
}

/* What the installed snap adds to the ask. */
static void installed_apply(const struct refresh_installed *installed, struct decide_ask *ask)
{
        ask->current = installed->revision;
        ask->tracking = installed->tracking;
        ask->kept_cohort = installed->cohort;
        ask->epoch = installed->has_epoch ? &installed->epoch : NULL;
        ask->tracked = installed->sets;
        ask->tracked_count = installed->set_count;
        ask->is_held = installed->is_held;
}

void refresh_ask_installed(const struct refresh_installed *installed, const char *arch,
                           struct decide_ask *ret)
{
        *ret = (struct decide_ask){
                .action = DECIDE_REFRESH,
                .snap_id = installed->snap_id,
                .arch = arch,
                .ignore_validation = installed->ignore_validation,
        };
        installed_apply(installed, ret);
}

/* What an action may say beside what it is about. */
static enum rc wish_read(struct reading *reading, const json_t *json, struct refresh_action *ret,
                         struct err *err)
{
        struct decide_ask *ask = &ret->ask;
        const json_t *ignore = json_object_get(json, "ignore-validation");
        bool has_epoch = false;
        int64_t revision = 0;
        enum rc rc;

        rc = jsonx_get_text(json, "channel", JSONX_MAY, KEY_TEXT_MAX, &ask->channel, err);
        if (rc == RC_OK)
                rc = jsonx_get_int(json, "revision", JSONX_MAY, 0, INT64_MAX, &revision, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(json, "cohort-key", JSONX_MAY, COHORT_TEXT_MAX, &ask->cohort,
                                    err);
        if (rc == RC_OK)
                rc = sets_read(reading, json, &ask->sets, &ask->set_count, err);
        if (rc == RC_OK)
                rc = epoch_read(json, &ret->epoch, &has_epoch, err);
        if (rc != RC_OK)
                return rc;
        ask->revision = (uint64_t)revision;
        if (has_epoch && !ret->installed)
                ask->epoch = &ret->epoch;
        if (json_is_boolean(ignore))
                ask->ignore_validation = json_is_true(ignore);
        return RC_OK;
}

static enum rc action_read(struct reading *reading, const json_t *json, struct refresh_action *ret,
                           struct err *err)
{
        size_t known = 2;
        enum rc rc;

        rc = jsonx_get_text(json, "instance-key", JSONX_MUST, KEY_TEXT_MAX, &ret->key, err);
        if (rc == RC_OK)
                rc = verb_read(json, ret, err);
        if (rc == RC_OK)
                rc = names_read(reading->ret, json, ret, &known, err);
        if (rc != RC_OK)
                return rc;
        ret->ask.arch = reading->arch;
        if (ret->installed) {
                installed_apply(ret->installed, &ret->ask);
                ret->ask.ignore_validation = ret->installed->ignore_validation;
        }
        /* By far most say nothing else, and each look costs a hash. */
        return json_object_size(json) == known ? RC_OK : wish_read(reading, json, ret, err);
}

/* One action that cannot be read is that action's error. */
static enum rc action_take(struct reading *reading, const json_t *json, struct refresh_action *ret,
                           struct err *err)
{
        const char *verb = json_string_value(json_object_get(json, "action"));
        struct err own = {0};

        if (verb && strcmp(verb, "fetch-assertions") == 0) {
                ret->fetch = json;
                return RC_OK;
        }
        ret->rc = action_read(reading, json, ret, &own);
        if (ret->rc == RC_OK)
                return RC_OK;
        ret->code = arena_strdup(reading->request->arena, *own.code ? own.code : "bad-argument");
        ret->text = arena_strdup(reading->request->arena, own.text);
        return ret->code && ret->text ? RC_OK : reading_nomem(err);
}

static enum rc actions_read(struct reading *reading, struct err *err)
{
        struct refresh_request *ret = reading->ret;
        const json_t *list = NULL;
        enum rc rc;

        rc = jsonx_get_array(ret->body, "actions", JSONX_MUST, REFRESH_ACTIONS_MAX, &list, err);
        if (rc != RC_OK)
                return rc;
        ret->action_count = json_array_size(list);
        ret->actions = arena_alloc_array(reading->request->arena, ret->action_count,
                                         sizeof(*ret->actions));
        if (!ret->actions)
                return reading_nomem(err);
        for (size_t i = 0; i < ret->action_count; i++) {
                const json_t *json = json_array_get(list, i);

                if (!json_is_object(json))
                        return err_set(err, RC_INVALID, "action %zu is no object", i + 1);
                rc = action_take(reading, json, &ret->actions[i], err);
                if (rc != RC_OK)
                        return rc;
        }
        return RC_OK;
}

/* A hold keeps general refreshes off a snap. Who names some snaps of several wants just those, held
 * or not: such a request acts on a part of the context, and is not scheduled. */
static void holds_settle(struct refresh_request *request)
{
        size_t refreshes = 0;

        for (size_t i = 0; i < request->action_count; i++)
                refreshes += request->actions[i].installed != NULL;
        if (request->is_scheduled || refreshes >= request->installed_count)
                return;
        for (size_t i = 0; i < request->action_count; i++)
                request->actions[i].ask.is_held = false;
}

enum rc refresh_read(const struct request *request, const json_t *body, const char *arch,
                     struct refresh_request *ret, struct err *err)
{
        struct reading reading = {request, arch, ret};
        const char *reason = request_header(request, "Snap-Refresh-Reason");
        enum rc rc;

        memset(ret, 0, sizeof(*ret));
        ret->body = body;
        ret->is_scheduled = reason && strcmp(reason, "scheduled") == 0;
        rc = context_read(&reading, err);
        if (rc == RC_OK)
                rc = actions_read(&reading, err);
        if (rc == RC_OK)
                holds_settle(ret);
        return rc;
}
