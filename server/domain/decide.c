/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/decide.h"
#include "core/crypto/hash.h"
#include <stdio.h>
#include <string.h>

const char *reason_name(enum reason reason)
{
        static const char *const names[] = {
                [REASON_VISIBLE] = "visible",
                [REASON_HIDDEN] = "hidden",
                [REASON_ABSENT] = "absent",
                [REASON_PINNED] = "pinned",
                [REASON_CHANNEL] = "channel",
                [REASON_MODEL_CHANNEL] = "model-channel",
                [REASON_REDIRECT] = "redirect",
                [REASON_FALLBACK] = "fallback",
                [REASON_CLOSED] = "closed",
                [REASON_ARCH] = "architecture",
                [REASON_EPOCH] = "epoch",
                [REASON_EPOCH_STEP] = "epoch-step",
                [REASON_PROGRESSIVE_IN] = "progressive-in",
                [REASON_PROGRESSIVE_OUT] = "progressive-out",
                [REASON_PAUSED] = "paused",
                [REASON_BRANCH_EXPIRED] = "branch-expired",
                [REASON_CURRENT] = "current",
                [REASON_CHOSEN] = "chosen",
        };
        return names[reason];
}

static void note(struct decide_answer *answer, enum reason reason, const char *text,
                 uint64_t number)
{
        if (answer->step_count < DECIDE_STEPS_MAX)
                answer->steps[answer->step_count++] = (struct decide_step){reason, text, number};
}

/* --- small predicates --- */

static bool arch_fits(const char *arch, const char *wanted)
{
        return !*wanted || strcmp(arch, "all") == 0 || strcmp(arch, wanted) == 0;
}

static bool revision_fits_arch(const struct catalog_revision *revision, const char *wanted)
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
static bool epoch_fits(const struct catalog_revision *revision, const struct epoch *device)
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

/* --- finding the package --- */

static const struct catalog_package *package_find(const struct decide_context *context,
                                                  const struct decide_ask *ask,
                                                  struct decide_answer *answer)
{
        const struct catalog_package *package =
                ask->snap_id ? catalog_find_id(context->catalog, ask->snap_id)
                             : catalog_find_visible(context->catalog, context->viewer, ask->name);
        enum visibility visibility;

        if (!package) {
                note(answer, REASON_ABSENT, NULL, 0);
                return NULL;
        }
        visibility = viewer_sees(context->catalog, context->viewer, package);
        note(answer, visibility_is_visible(visibility) ? REASON_VISIBLE : REASON_HIDDEN,
             visibility_text(visibility), 0);
        /* Images are for store-agent; to snapd there is no such package. */
        if (!visibility_is_visible(visibility) || strcmp(package->type, PACKAGE_IMAGE_TYPE) == 0)
                return NULL;
        return package->revision_count ? package : NULL;
}

/* --- finding the channel --- */

static const char *channel_wanted(const struct decide_context *context,
                                  const struct decide_ask *ask,
                                  const struct catalog_package *package,
                                  struct decide_answer *answer)
{
        struct model_entry entry;

        if (ask->channel && *ask->channel)
                return ask->channel;
        if (ask->tracking && *ask->tracking)
                return ask->tracking;
        if (context->viewer->model &&
            model_lists(context->viewer->model, package->name, package->snap_id, &entry) &&
            *entry.channel) {
                note(answer, REASON_MODEL_CHANNEL, entry.channel, 0);
                return entry.channel;
        }
        return "stable";
}

/* What was released for this architecture by name goes before what was released for all. */
static const struct catalog_release *release_find(const struct catalog_package *package,
                                                  const struct channel *channel, const char *arch,
                                                  usec_t now)
{
        const struct catalog_release *for_all = NULL;

        for (size_t i = 0; i < package->release_count; i++) {
                const struct catalog_release *release = &package->releases[i];

                if (!channel_equal(&release->channel, channel) || !arch_fits(release->arch, arch))
                        continue;
                if (release->expires && release->expires <= now)
                        continue;
                if (strcmp(release->arch, "all"))
                        return release;
                for_all = release;
        }
        return for_all;
}

/* The release that answers for channel: a branch falls back to its risk, a risk to the safer one.
 */
static const struct catalog_release *release_resolve(const struct decide_context *context,
                                                     const struct decide_ask *ask,
                                                     const struct catalog_package *package,
                                                     struct channel *channel,
                                                     struct decide_answer *answer)
{
        const struct catalog_release *release =
                release_find(package, channel, ask->arch, context->now);

        if (!release && *channel->branch) {
                note(answer, REASON_BRANCH_EXPIRED, NULL, 0);
                channel->branch[0] = '\0';
                release = release_find(package, channel, ask->arch, context->now);
        }
        while (!release && channel->risk > RISK_STABLE) {
                channel->risk--;
                release = release_find(package, channel, ask->arch, context->now);
                if (release)
                        note(answer, REASON_FALLBACK, risk_name(channel->risk), 0);
        }
        return release;
}

/* Whether the channel, or a safer one of its track, is open for another architecture. */
static bool is_elsewhere(const struct catalog_package *package, const struct channel *channel,
                         enum risk risk, usec_t now)
{
        struct channel at = *channel;

        for (at.risk = RISK_STABLE; at.risk <= risk; at.risk++)
                if (release_find(package, &at, "", now))
                        return true;
        return false;
}

/* --- progressive releases --- */

unsigned progressive_bucket(const uint8_t *bucket_key, const struct viewer *viewer,
                            const char *snap_id, uint64_t revision)
{
        uint8_t tag[MAC_BYTES];
        char subject[512];
        int length;

        if (!viewer->serial)
                return 100;
        length =
                snprintf(subject, sizeof(subject), "%s/%s/%s/%s/%llu", viewer->brand_id,
                         viewer->model_name, viewer->serial, snap_id, (unsigned long long)revision);
        if (length < 0 || (size_t)length >= sizeof(subject))
                return 100;
        mac_make(bucket_key, "progressive", subject, (size_t)length, tag);
        /* 32 bits over 100 buckets: the bias is below one in forty million. */
        return (unsigned)(((uint32_t)tag[0] << 24 | (uint32_t)tag[1] << 16 | (uint32_t)tag[2] << 8 |
                           tag[3]) %
                          100);
}

/* The device has a revision between base and new one, from an earlier progressive release: nobody
 * released the way back. With a channel in the action it is a switch, and the base is right. */
static bool is_taken_back(const struct decide_ask *ask, const struct catalog_release *release)
{
        return ask->action == DECIDE_REFRESH && !ask->channel && release->base &&
               ask->current > release->base->number && ask->current < release->revision->number;
}

static const struct catalog_revision *progressive_pick(const struct decide_context *context,
                                                       const struct decide_ask *ask,
                                                       const struct catalog_release *release,
                                                       struct decide_answer *answer)
{
        unsigned bucket;

        if (release->percentage < 0 || release->percentage >= 100)
                return release->revision;
        /* Once a device has the new revision it keeps it, whatever the percentage becomes. */
        if (ask->current && ask->current == release->revision->number)
                return release->revision;
        bucket = progressive_bucket(context->bucket_key, context->viewer, answer->package->snap_id,
                                    release->revision->number);
        if (release->paused)
                note(answer, REASON_PAUSED, NULL, 0);
        else if (bucket < (unsigned)release->percentage) {
                note(answer, REASON_PROGRESSIVE_IN, NULL, (uint64_t)release->percentage);
                return release->revision;
        }
        note(answer, REASON_PROGRESSIVE_OUT, NULL, (uint64_t)release->percentage);
        return is_taken_back(ask, release) ? NULL : release->base;
}

/* --- epochs --- */

static bool was_released(const struct catalog_package *package, const struct channel *channel,
                         const char *arch, uint64_t number)
{
        for (size_t i = 0; i < package->past_count; i++)
                if (package->past[i].number == number &&
                    channel_equal(&package->past[i].channel, channel) &&
                    arch_fits(package->past[i].arch, arch))
                        return true;
        return false;
}

/* The newest revision before `from` that this channel had once and that the device can read: the
 * step on the way to a revision whose epoch is too far (device.md 9.3). */
static const struct catalog_revision *epoch_step(const struct catalog_package *package,
                                                 const struct channel *channel,
                                                 const struct catalog_revision *from,
                                                 const struct decide_ask *ask)
{
        for (size_t i = (size_t)(from - package->revisions); i > 0; i--) {
                const struct catalog_revision *revision = &package->revisions[i - 1];

                if (revision->number <= ask->current)
                        break;
                if (epoch_fits(revision, ask->epoch) && revision_fits_arch(revision, ask->arch) &&
                    was_released(package, channel, ask->arch, revision->number))
                        return revision;
        }
        return NULL;
}

static const struct catalog_revision *epoch_pick(const struct catalog_package *package,
                                                 const struct channel *channel,
                                                 const struct catalog_revision *revision,
                                                 const struct decide_ask *ask,
                                                 struct decide_answer *answer)
{
        const struct catalog_revision *step;

        if (!revision || epoch_fits(revision, ask->epoch))
                return revision;
        note(answer, REASON_EPOCH, NULL, revision->number);
        step = epoch_step(package, channel, revision, ask);
        if (step)
                note(answer, REASON_EPOCH_STEP, NULL, step->number);
        return step;
}

/* --- the two ways to a revision --- */

static const struct catalog_revision *pinned_pick(const struct decide_ask *ask,
                                                  const struct catalog_package *package,
                                                  struct decide_answer *answer)
{
        const struct catalog_revision *revision = catalog_find_revision(package, ask->revision);

        note(answer, REASON_PINNED, NULL, ask->revision);
        if (revision && !revision_fits_arch(revision, ask->arch)) {
                note(answer, REASON_ARCH, ask->arch, ask->revision);
                return NULL;
        }
        if (revision && !epoch_fits(revision, ask->epoch)) {
                note(answer, REASON_EPOCH, NULL, ask->revision);
                return NULL;
        }
        return revision;
}

/* A default track takes the place of "latest" where the device named no track. */
static void track_redirect(const struct catalog_package *package, const struct decide_ask *ask,
                           struct channel *channel, struct decide_answer *answer)
{
        if (channel->track_named || !*package->default_track ||
            strcmp(package->default_track, channel->track) == 0)
                return;
        snprintf(channel->track, sizeof(channel->track), "%s", package->default_track);
        if (ask->action != DECIDE_REFRESH)
                channel_format(channel, answer->redirect);
        note(answer, REASON_REDIRECT, package->default_track, 0);
}

static const struct catalog_revision *channel_pick(const struct decide_context *context,
                                                   const struct decide_ask *ask,
                                                   const struct catalog_package *package,
                                                   struct decide_answer *answer)
{
        const char *wanted = channel_wanted(context, ask, package, answer);
        const struct catalog_revision *revision;
        const struct catalog_release *release;
        struct channel channel;
        enum risk risk;

        note(answer, REASON_CHANNEL, wanted, 0);
        if (channel_parse(wanted, &channel, NULL) != RC_OK)
                return NULL;
        track_redirect(package, ask, &channel, answer);
        risk = channel.risk;
        release = release_resolve(context, ask, package, &channel, answer);
        if (!release) {
                if (is_elsewhere(package, &channel, risk, context->now))
                        note(answer, REASON_ARCH, ask->arch, 0);
                else
                        note(answer, REASON_CLOSED, NULL, 0);
                return NULL;
        }
        revision = progressive_pick(context, ask, release, answer);
        revision = epoch_pick(package, &channel, revision, ask, answer);
        if (revision) {
                answer->effective = channel;
                answer->has_effective = true;
        }
        return revision;
}

void decide(const struct decide_context *context, const struct decide_ask *ask,
            struct decide_answer *ret)
{
        const struct catalog_revision *revision;

        memset(ret, 0, sizeof(*ret));
        ret->outcome = DECIDE_NO_PACKAGE;
        ret->package = package_find(context, ask, ret);
        if (!ret->package)
                return;
        ret->outcome = DECIDE_NO_REVISION;
        revision = ask->revision ? pinned_pick(ask, ret->package, ret)
                                 : channel_pick(context, ask, ret->package, ret);
        /* A device whose channel went away keeps what it has; that is no error to it. */
        if (!revision && ask->action == DECIDE_REFRESH && !ask->revision && !ask->channel)
                revision = catalog_find_revision(ret->package, ask->current);
        if (!revision)
                return;
        ret->outcome = DECIDE_FOUND;
        ret->revision = revision;
        note(ret, revision->number == ask->current ? REASON_CURRENT : REASON_CHOSEN, NULL,
             revision->number);
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
