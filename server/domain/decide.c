/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/decide_inside.h"
#include <string.h>

/* A step more than there is room for takes the place of the last: the end of a decision is what
 * counts. */
void decide_note(struct deciding *deciding, enum reason reason, const char *text, uint64_t number)
{
        struct decide_answer *answer = deciding->answer;

        if (answer->step_count == DECIDE_STEPS_MAX)
                answer->step_count--;
        answer->steps[answer->step_count++] = (struct decide_step){reason, text, number};
}

void decide_refuse(struct deciding *deciding, enum reason reason, const char *text, uint64_t number)
{
        decide_note(deciding, reason, text, number);
        if (!deciding->has_refusal)
                deciding->answer->refusal = (struct decide_step){reason, text, number};
        deciding->has_refusal = true;
}

/* --- small predicates --- */

bool ask_is_general(const struct decide_ask *ask)
{
        return ask->action == DECIDE_REFRESH && !ask->revision && !ask->channel && !ask->cohort;
}

bool arch_fits(const char *arch, const char *wanted)
{
        return !*wanted || strcmp(arch, "all") == 0 || strcmp(arch, wanted) == 0;
}

bool revision_fits_arch(const struct catalog_revision *revision, const char *wanted)
{
        for (size_t i = 0; i < revision->info.arch_count; i++)
                if (arch_fits(revision->info.archs[i], wanted))
                        return true;
        return revision->info.arch_count == 0;
}

static bool epoch_has(const uint32_t *list, size_t count, uint32_t number)
{
        for (size_t i = 0; i < count; i++)
                if (list[i] == number)
                        return true;
        return count == 0 && number == 0; /* no list means {0} */
}

/* What the device writes must be readable by the revision (device.md 9.3). */
bool epoch_fits(const struct catalog_revision *revision, const struct epoch *device)
{
        const struct epoch *offered = &revision->info.epoch;

        if (!device)
                return true;
        if (device->write_count == 0)
                return epoch_has(offered->read, offered->read_count, 0);
        for (size_t i = 0; i < device->write_count; i++)
                if (epoch_has(offered->read, offered->read_count, device->write[i]))
                        return true;
        return false;
}

bool revision_fits(const struct catalog_revision *revision, const struct decide_ask *ask)
{
        return revision_fits_arch(revision, ask->arch) && epoch_fits(revision, ask->epoch);
}

/* --- the steps in order --- */

static const struct catalog_package *package_find(struct deciding *deciding)
{
        const struct decide_context *context = deciding->context;
        const struct decide_ask *ask = deciding->ask;
        const struct catalog_package *package =
                ask->snap_id ? catalog_find_id(context->catalog, ask->snap_id)
                             : catalog_find_visible(context->catalog, context->viewer, ask->name);
        enum visibility visibility;

        if (!package) {
                decide_note(deciding, REASON_ABSENT, NULL, 0);
                return NULL;
        }
        visibility = viewer_sees(context->catalog, context->viewer, package);
        decide_note(deciding, visibility_is_visible(visibility) ? REASON_VISIBLE : REASON_HIDDEN,
                    visibility_text(visibility), 0);
        if (!visibility_is_visible(visibility))
                return NULL;
        return package->revision_count ? package : NULL;
}

static const struct catalog_revision *pinned_pick(struct deciding *deciding, uint64_t number)
{
        const struct catalog_revision *revision = catalog_find_revision(deciding->package, number);

        if (deciding->ask->revision == number)
                decide_note(deciding, REASON_PINNED, NULL, number);
        if (revision && !revision_fits_arch(revision, deciding->ask->arch)) {
                decide_note(deciding, REASON_ARCH, deciding->ask->arch, number);
                return NULL;
        }
        if (revision && !epoch_fits(revision, deciding->ask->epoch)) {
                decide_note(deciding, REASON_EPOCH, NULL, number);
                return NULL;
        }
        return revision;
}

/* false: there is a key, and it is none for this package. */
static bool cohort_enter(struct deciding *deciding)
{
        const struct decide_ask *ask = deciding->ask;
        const char *text = ask->cohort ? ask->cohort : ask->channel ? NULL : ask->kept_cohort;

        if (!text || !*text)
                return true;
        if (cohort_parse(deciding->context->cohort_key, deciding->package->snap_id, text,
                         &deciding->cohort_room) != RC_OK) {
                decide_refuse(deciding, REASON_COHORT_INVALID, NULL, 0);
                deciding->is_refused = true;
                return false;
        }
        decide_note(deciding, REASON_COHORT, NULL, (uint64_t)deciding->cohort_room.event);
        deciding->cohort = &deciding->cohort_room;
        return true;
}

/* What is fixed before any channel is looked at. */
struct fixed {
        uint64_t revision;   /* 0 none */
        const char *channel; /* NULL none */
};

/* The view of the device's model holds a package whatever the device asks for; a validation set
 * goes before a channel of the view, and contradicts another revision of it. */
static void view_apply(struct deciding *deciding, struct fixed *fixed)
{
        const struct decide_context *context = deciding->context;
        struct view_pin pin;

        if (!viewer_pin(context->catalog, context->viewer, deciding->package, &pin))
                return;
        if (pin.revision && (!fixed->revision || fixed->revision == pin.revision)) {
                decide_note(deciding, REASON_VIEW_PIN, NULL, pin.revision);
                fixed->revision = pin.revision;
        } else if (pin.revision || (fixed->revision && fixed->revision == deciding->ask->revision &&
                                    !deciding->ask->set_count)) {
                decide_refuse(deciding, REASON_VIEW_CONFLICT, NULL, fixed->revision);
        } else if (!fixed->revision) {
                decide_note(deciding, REASON_VIEW_CHANNEL, pin.channel, 0);
                fixed->channel = pin.channel;
        }
}

static const struct catalog_revision *revision_pick(struct deciding *deciding)
{
        struct fixed fixed = {.revision = sets_pin(deciding)};
        const struct catalog_revision *revision;

        if (!deciding->has_refusal)
                view_apply(deciding, &fixed);
        if (deciding->has_refusal)
                return NULL;
        if (fixed.revision)
                revision = pinned_pick(deciding, fixed.revision);
        else if (cohort_enter(deciding))
                revision = channel_pick(deciding, fixed.channel);
        else
                return NULL;
        return provenance_pick(deciding, gate_pick(deciding, revision));
}

/* A general refresh leaves what the device holds back, and keeps what it has where nothing else can
 * be given: a device whose channel went away is told of no error. */
static const struct catalog_revision *installed_keep(struct deciding *deciding,
                                                     const struct catalog_revision *revision)
{
        const struct decide_ask *ask = deciding->ask;

        if (!ask_is_general(ask) || deciding->is_refused)
                return revision;
        if (revision && (!ask->is_held || revision->number == ask->current))
                return revision;
        if (revision)
                decide_refuse(deciding, REASON_HELD, NULL, 0);
        deciding->answer->has_effective = false;
        return catalog_find_revision(deciding->package, ask->current);
}

void decide(const struct decide_context *context, const struct decide_ask *ask,
            struct decide_answer *ret)
{
        struct deciding deciding = {.context = context, .ask = ask, .answer = ret};
        const struct catalog_revision *revision;

        memset(ret, 0, sizeof(*ret));
        ret->outcome = DECIDE_NO_PACKAGE;
        ret->package = deciding.package = package_find(&deciding);
        if (!ret->package)
                return;
        revision = installed_keep(&deciding, revision_pick(&deciding));
        if (!revision) {
                ret->outcome = deciding.has_refusal ? DECIDE_REFUSED : DECIDE_NO_REVISION;
                return;
        }
        ret->outcome = DECIDE_FOUND;
        ret->revision = revision;
        decide_note(&deciding, revision->number == ask->current ? REASON_CURRENT : REASON_CHOSEN,
                    NULL, revision->number);
}

const struct catalog_delta *decide_delta(const struct catalog_revision *revision, uint64_t source,
                                         const char *format)
{
        for (size_t i = 0; i < revision->delta_count; i++)
                if (revision->deltas[i].source == source &&
                    strcmp(revision->deltas[i].format, format) == 0)
                        return &revision->deltas[i];
        return NULL;
}
