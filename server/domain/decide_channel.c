/* SPDX-License-Identifier: Apache-2.0 */
/* From the channel that is asked for to what it gives. */
#include "server/domain/decide_inside.h"
#include <stdio.h>
#include <string.h>

static const char *channel_wanted(struct deciding *deciding)
{
        const struct decide_ask *ask = deciding->ask;
        const struct viewer *viewer = deciding->context->viewer;
        struct model_entry entry;

        if (ask->channel && *ask->channel)
                return ask->channel;
        if (ask->tracking && *ask->tracking)
                return ask->tracking;
        if (viewer->model &&
            model_lists(viewer->model, deciding->package->name, deciding->package->snap_id,
                        &entry) &&
            *entry.channel) {
                decide_note(deciding, REASON_MODEL_CHANNEL, entry.channel, 0);
                return entry.channel;
        }
        return "stable";
}

/* A default track takes the place of "latest" where somebody installs and names no track. What is
 * installed stays in the track that it follows. */
static void track_redirect(struct deciding *deciding, struct channel *channel)
{
        const char *track = deciding->package->default_track;

        if (deciding->ask->action == DECIDE_REFRESH || channel->track_named || !*track ||
            strcmp(track, channel->track) == 0)
                return;
        snprintf(channel->track, sizeof(channel->track), "%s", track);
        channel_format(channel, deciding->answer->redirect);
        decide_note(deciding, REASON_REDIRECT, track, 0);
}

/* A branch falls back to its risk, a risk to the safer one. */
static bool offer_resolve(struct deciding *deciding, struct channel *channel, struct offer *ret)
{
        const char *arch = deciding->ask->arch;
        bool found = offer_find(deciding, channel, arch, ret);

        if (!found && *channel->branch) {
                decide_note(deciding, REASON_BRANCH_EXPIRED, NULL, 0);
                channel->branch[0] = '\0';
                found = offer_find(deciding, channel, arch, ret);
        }
        while (!found && channel->risk > RISK_STABLE) {
                channel->risk--;
                found = offer_find(deciding, channel, arch, ret);
                if (found)
                        decide_note(deciding, REASON_FALLBACK, risk_name(channel->risk), 0);
        }
        return found;
}

/* Whether the channel, or a safer one of its track, is open for another architecture. */
static bool is_elsewhere(struct deciding *deciding, const struct channel *channel, enum risk risk)
{
        struct channel at = *channel;
        struct offer offer;

        for (at.risk = RISK_STABLE; at.risk <= risk; at.risk++)
                if (offer_find(deciding, &at, "", &offer))
                        return true;
        return false;
}

static void nothing_note(struct deciding *deciding, const struct channel *channel, enum risk risk)
{
        if (deciding->is_cohort_old)
                decide_refuse(deciding, REASON_COHORT_OLD, NULL, 0);
        else if (is_elsewhere(deciding, channel, risk))
                decide_note(deciding, REASON_ARCH, deciding->ask->arch, 0);
        else
                decide_note(deciding, REASON_CLOSED, NULL, 0);
}

/* The newest revision before `from` that this channel had once and that the device can read: the
 * step on the way to a revision whose epoch is too far (device.md 9.3). */
static const struct catalog_revision *epoch_pick(struct deciding *deciding,
                                                 const struct channel *channel,
                                                 const struct catalog_revision *from)
{
        const struct catalog_package *package = deciding->package;

        if (!from || epoch_fits(from, deciding->ask->epoch))
                return from;
        decide_note(deciding, REASON_EPOCH, NULL, from->number);
        for (size_t i = (size_t)(from - package->revisions); i > 0; i--) {
                const struct catalog_revision *revision = &package->revisions[i - 1];

                if (revision->number <= deciding->ask->current)
                        break;
                if (!revision_fits(revision, deciding->ask) ||
                    !is_step(deciding, channel, revision->number))
                        continue;
                decide_note(deciding, REASON_EPOCH_STEP, NULL, revision->number);
                return revision;
        }
        return NULL;
}

const struct catalog_revision *channel_pick(struct deciding *deciding, const char *pinned_channel)
{
        const char *wanted = pinned_channel ? pinned_channel : channel_wanted(deciding);
        const struct catalog_revision *revision;
        struct channel channel;
        struct offer offer;
        enum risk risk;

        decide_note(deciding, REASON_CHANNEL, wanted, 0);
        if (channel_parse(wanted, &channel, NULL) != RC_OK)
                return NULL;
        if (!pinned_channel)
                track_redirect(deciding, &channel);
        risk = channel.risk;
        if (!offer_resolve(deciding, &channel, &offer) || deciding->is_cohort_old) {
                nothing_note(deciding, &channel, risk);
                return NULL;
        }
        revision = progressive_pick(deciding, &channel, &offer);
        revision = epoch_pick(deciding, &channel, revision);
        if (revision) {
                deciding->answer->effective = channel;
                deciding->answer->has_effective = true;
        }
        return revision;
}
