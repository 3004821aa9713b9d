/* SPDX-License-Identifier: Apache-2.0 */
/* /api/v1/why: what a device or a model gets of a package now, step by step. */
#include "core/model/name.h"
#include "server/api/publisher.h"
#include "server/domain/why.h"
#include <string.h>

static enum rc number_argument(const struct request *request, const char *name, uint64_t *ret,
                               bool *ret_given, struct err *err)
{
        const char *text = request_query(request, name);

        *ret_given = text != NULL;
        if (!text || number_parse_u64(text, INT64_MAX, ret) == RC_OK)
                return RC_OK;
        return err_set(err, RC_INVALID, "the argument \"%s\" is a revision", name);
}

static enum rc ask_read(const struct request *request, struct why_ask *ret, uint64_t *ret_installed,
                        struct err *err)
{
        bool given = false;
        enum rc rc;

        ret->who = request_query(request, "who");
        ret->package = request_query(request, "package");
        ret->brand_id = request_query(request, "brand");
        ret->model = request_query(request, "model");
        ret->arch = request_query(request, "architecture");
        ret->channel = request_query(request, "channel");
        ret->cohort = request_query(request, "cohort");
        if (!ret->who || !*ret->who || !ret->package || !*ret->package)
                return err_set(err, RC_INVALID,
                               "\"who\" (a serial or a model) and \"package\" say "
                               "what is asked");
        if (ret->arch && !name_is_arch(ret->arch))
                return err_set(err, RC_INVALID, "there is no architecture \"%.40s\"", ret->arch);
        rc = number_argument(request, "revision", &ret->revision, &given, err);
        if (rc == RC_OK)
                rc = number_argument(request, "installed", ret_installed, &given, err);
        if (rc == RC_OK && given)
                ret->installed = ret_installed;
        return rc;
}

static json_t *json_device(const struct why *why)
{
        const struct viewer *viewer = &why->viewer;
        const char *version = why->has_checked_in ? why->device.snapd_version : "";

        return json_pack("{s:s, s:s, s:s?, s:s, s:s, s:b, s:o, s:s}", "brand-id", viewer->brand_id,
                         "model", viewer->model_name, "serial", viewer->serial, "store",
                         viewer->store_id, "architecture", viewer->arch, "revoked",
                         (int)why->revoked, "last-seen",
                         json_time(why->has_checked_in ? why->device.last_seen : 0),
                         "snapd-version", version);
}

static json_t *json_number(uint64_t number)
{
        return number ? json_integer((json_int_t)number) : json_null();
}

static json_t *json_asked(const struct decide_ask *ask)
{
        return json_pack("{s:s, s:o, s:o, s:s?, s:s?, s:b, s:b, s:b}", "action",
                         ask->action == DECIDE_REFRESH ? "refresh" : "install", "installed",
                         json_number(ask->current), "revision", json_number(ask->revision),
                         "channel", ask->channel, "tracking", ask->tracking, "cohort",
                         (int)(ask->cohort || (ask->kept_cohort && !ask->channel)), "held",
                         (int)ask->is_held, "ignore-validation", (int)ask->ignore_validation);
}

static json_t *json_steps(const struct decide_answer *answer)
{
        json_t *list = json_array();

        for (size_t i = 0; i < answer->step_count; i++) {
                CLEANUP(buf_fini) struct buf text = BUF_INIT(4 * KIB);
                const struct decide_step *step = &answer->steps[i];

                decide_step_print(step, &text);
                json_array_append_new(list, json_pack("{s:s, s:s?, s:I, s:s}", "reason",
                                                      reason_name(step->reason), "name", step->text,
                                                      "number", (json_int_t)step->number,
                                                      "sentence", text.data ? text.data : ""));
        }
        return list;
}

static json_t *json_deltas(const struct why *why)
{
        const struct catalog_revision *revision = why->answer.revision;
        json_t *list = json_array();

        for (size_t i = 0; revision && i < revision->delta_count; i++)
                if (revision->deltas[i].source == why->ask.current)
                        json_array_append_new(
                                list, json_pack("{s:I, s:s, s:I}", "source",
                                                (json_int_t)revision->deltas[i].source, "format",
                                                revision->deltas[i].format, "size",
                                                (json_int_t)revision->deltas[i].bytes));
        return list;
}

static json_t *json_result(const struct why *why)
{
        static const char *const outcomes[] = {[DECIDE_FOUND] = "found",
                                               [DECIDE_NO_PACKAGE] = "no-package",
                                               [DECIDE_NO_REVISION] = "no-revision",
                                               [DECIDE_REFUSED] = "refused"};
        const struct decide_answer *answer = &why->answer;
        const struct catalog_revision *revision = answer->revision;
        char channel[CHANNEL_MAX + 1] = "";

        if (answer->has_effective)
                channel_format(&answer->effective, channel);
        return json_pack(
                "{s:s, s:o, s:s?, s:o, s:s?, s:s?, s:b, s:s?, s:o}", "outcome",
                outcomes[answer->outcome], "revision", json_number(revision ? revision->number : 0),
                "version", revision ? revision->info.version : NULL, "size",
                json_number(revision ? revision->bytes : 0), "channel", *channel ? channel : NULL,
                "redirect", *answer->redirect ? answer->redirect : NULL, "changes",
                (int)(revision && revision->number != why->ask.current), "code",
                answer->outcome == DECIDE_REFUSED ? reason_code(answer->refusal.reason) : NULL,
                "deltas", json_deltas(why));
}

enum rc why_get(void *context, struct request *request, struct response *response, struct err *err)
{
        const struct identity *identity = request_identity(request);
        struct why_ask ask = {0};
        uint64_t installed = 0;
        struct why *why = arena_alloc(request->arena, sizeof(*why));
        enum rc rc;

        if (!why)
                return err_set(err, RC_NOMEM, "no memory for an answer");
        rc = ask_read(request, &ask, &installed, err);
        if (rc == RC_OK)
                rc = why_decide(context, identity->catalog, &ask, request->arena, why, err);
        if (rc != RC_OK)
                return rc;
        return answer(response, 200,
                      json_pack("{s:o, s:s, s:I, s:o, s:o, s:o}", "device", json_device(why),
                                "package", ask.package, "generation",
                                (json_int_t)catalog_generation(identity->catalog), "asked",
                                json_asked(&why->ask), "steps", json_steps(&why->answer), "result",
                                json_result(why)),
                      err);
}
