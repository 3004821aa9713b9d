/* SPDX-License-Identifier: Apache-2.0 */
#include "server/api/refresh_note.h"

const char *refresh_action_code(const struct refresh_action *action)
{
        if (action->rc != RC_OK)
                return action->code;
        switch (action->answer.outcome) {
        case DECIDE_FOUND:
                return NULL;
        case DECIDE_NO_PACKAGE:
                return action->ask.action == DECIDE_REFRESH || !action->ask.name ? "id-not-found"
                                                                                 : "name-not-found";
        case DECIDE_NO_REVISION:
                return "revision-not-found";
        case DECIDE_REFUSED:
                return reason_code(action->answer.refusal.reason);
        }
        return "internal-error";
}

static void installed_note(const struct refresh_installed *from, struct fleet_installed *ret)
{
        *ret = (struct fleet_installed){
                .instance_key = from->key,
                .snap_id = from->snap_id,
                .channel = from->tracking,
                .cohort = from->cohort,
                .epoch = from->has_epoch ? &from->epoch : NULL,
                .revision = from->revision,
                .refreshed = from->refreshed,
                .held = from->is_held,
                .ignore_validation = from->ignore_validation,
        };
}

static void answer_note(const struct refresh_request *refresh, const struct refresh_action *action,
                        const struct fleet_installed *installed, struct fleet_answer *ret)
{
        const char *named = action->ask.name ? action->ask.name : action->ask.snap_id;
        const struct catalog_package *package = action->rc == RC_OK ? action->answer.package : NULL;

        *ret = (struct fleet_answer){.package = package ? package->name : named,
                                     .code = refresh_action_code(action)};
        if (action->installed)
                ret->installed = &installed[action->installed - refresh->installed];
        if (!ret->code)
                ret->revision = action->answer.revision->number;
}

void refresh_note(struct world *world, const struct request *request,
                  const struct refresh_request *refresh)
{
        const struct identity *identity = request_identity(request);
        struct fleet_installed *installed =
                arena_alloc_array(request->arena, refresh->installed_count, sizeof(*installed));
        struct fleet_answer *answers =
                arena_alloc_array(request->arena, refresh->action_count, sizeof(*answers));
        struct fleet_report report = {
                .brand_id = identity->viewer.brand_id,
                .model = identity->viewer.model_name,
                .serial = identity->viewer.serial,
                .user_agent = request_header(request, "User-Agent"),
                .now = world_now(world),
                .installed = installed,
                .installed_count = refresh->installed_count,
                .answers = answers,
        };

        /* Without memory for a note the device still gets its answer. */
        if (!world->fleet || !report.brand_id || !installed || !answers)
                return;
        for (size_t i = 0; i < refresh->installed_count; i++)
                installed_note(&refresh->installed[i], &installed[i]);
        for (size_t i = 0; i < refresh->action_count; i++)
                if (!refresh->actions[i].fetch)
                        answer_note(refresh, &refresh->actions[i], installed,
                                    &answers[report.answer_count++]);
        fleet_note(world->fleet, identity->catalog, &report);
}
