/* SPDX-License-Identifier: Apache-2.0 */
/* What a channel holds and has held: releases, progressive ones, and the steps that are left. */
#include "core/crypto/hash.h"
#include "server/domain/decide_inside.h"
#include <stdio.h>
#include <string.h>

/* --- what a channel holds --- */

static bool release_is_over(usec_t expires, usec_t now)
{
        return expires && expires <= now;
}

static bool past_offer(struct deciding *deciding, const struct catalog_past *past,
                       struct offer *ret)
{
        const struct catalog_event *event = cohort_event(past, deciding->cohort);

        if (!event && past->is_cut)
                deciding->is_cohort_old = true;
        if (!event || !event->number || release_is_over(event->expires, deciding->context->now))
                return false;
        *ret = (struct offer){
                .revision = catalog_find_revision(deciding->package, event->number),
                .base = catalog_find_revision(deciding->package, event->base),
                .percentage = event->percentage,
                .paused = event->paused,
        };
        return ret->revision != NULL;
}

static bool offer_at_moment(struct deciding *deciding, const struct channel *channel,
                            const char *arch, struct offer *ret)
{
        const struct catalog_package *package = deciding->package;
        bool is_found = false;

        for (size_t i = 0; i < package->past_count; i++) {
                const struct catalog_past *past = &package->past[i];
                const bool is_all = strcmp(past->arch, "all") == 0;

                if (!channel_equal(&past->channel, channel) || !arch_fits(past->arch, arch) ||
                    (is_all && is_found))
                        continue;
                if (!past_offer(deciding, past, ret))
                        continue;
                if (!is_all)
                        return true;
                is_found = true;
        }
        return is_found;
}

/* What was released for this architecture by name goes before what was released for all. */
static bool offer_now(const struct deciding *deciding, const struct channel *channel,
                      const char *arch, struct offer *ret)
{
        const struct catalog_package *package = deciding->package;
        const struct catalog_release *found = NULL;

        for (size_t i = 0; i < package->release_count; i++) {
                const struct catalog_release *release = &package->releases[i];

                if (!channel_equal(&release->channel, channel) || !arch_fits(release->arch, arch) ||
                    release_is_over(release->expires, deciding->context->now))
                        continue;
                found = release;
                if (strcmp(release->arch, "all"))
                        break;
        }
        if (!found)
                return false;
        *ret = (struct offer){found->revision, found->base, found->percentage, found->paused};
        return true;
}

bool offer_find(struct deciding *deciding, const struct channel *channel, const char *arch,
                struct offer *ret)
{
        return deciding->cohort ? offer_at_moment(deciding, channel, arch, ret)
                                : offer_now(deciding, channel, arch, ret);
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

static bool is_full(const struct catalog_event *event)
{
        return event->percentage < 0 || event->percentage >= 100;
}

/* The newest event that released the revision to the channel; 0 none that is kept. */
static int64_t event_of(const struct deciding *deciding, const struct channel *channel,
                        uint64_t number, bool full_only)
{
        const struct catalog_package *package = deciding->package;
        int64_t newest = 0;

        for (size_t i = 0; i < package->past_count; i++) {
                const struct catalog_past *past = &package->past[i];

                if (!channel_equal(&past->channel, channel) ||
                    !arch_fits(past->arch, deciding->ask->arch))
                        continue;
                for (size_t k = 0; k < past->count; k++)
                        if (past->events[k].number == number && past->events[k].id > newest &&
                            (!full_only || is_full(&past->events[k])))
                                newest = past->events[k].id;
        }
        return newest;
}

/* Rule 4 of decide.h: the way back to base was released after the installed one was. */
static bool is_way_back(const struct deciding *deciding, const struct channel *channel,
                        const struct catalog_revision *base)
{
        const int64_t way_back = event_of(deciding, channel, base->number, true);

        return way_back && way_back > event_of(deciding, channel, deciding->ask->current, false);
}

static const struct catalog_revision *base_pick(struct deciding *deciding,
                                                const struct channel *channel,
                                                const struct catalog_revision *base)
{
        if (base && !revision_fits_arch(base, deciding->ask->arch)) {
                decide_note(deciding, REASON_ARCH, deciding->ask->arch, base->number);
                return NULL;
        }
        if (base && ask_is_general(deciding->ask) && base->number < deciding->ask->current &&
            !deciding->cohort && !is_way_back(deciding, channel, base)) {
                decide_note(deciding, REASON_NOT_BACK, NULL, deciding->ask->current);
                return NULL;
        }
        return base;
}

const struct catalog_revision *progressive_pick(struct deciding *deciding,
                                                const struct channel *channel,
                                                const struct offer *offer)
{
        const struct decide_context *context = deciding->context;
        unsigned bucket = 100;

        if (offer->percentage < 0 || offer->percentage >= 100)
                return offer->revision;
        /* Once a device has the new revision it keeps it, whatever the percentage becomes. A cohort
         * is one device, so to speak, and in no bucket: what all of it gets is the base. */
        if (!deciding->cohort) {
                if (deciding->ask->current == offer->revision->number)
                        return offer->revision;
                bucket = progressive_bucket(context->bucket_key, context->viewer,
                                            deciding->package->snap_id, offer->revision->number);
        }
        if (offer->paused)
                decide_note(deciding, REASON_PAUSED, NULL, 0);
        else if (bucket < (unsigned)offer->percentage) {
                decide_note(deciding, REASON_PROGRESSIVE_IN, NULL, (uint64_t)offer->percentage);
                return offer->revision;
        }
        decide_note(deciding, REASON_PROGRESSIVE_OUT, NULL, (uint64_t)offer->percentage);
        return base_pick(deciding, channel, offer->base);
}

/* --- steps --- */

static bool past_has_step(const struct deciding *deciding, const struct catalog_past *past,
                          uint64_t number)
{
        for (size_t i = 0; i < past->count; i++) {
                const struct catalog_event *event = &past->events[i];

                if (deciding->cohort && (event->id > deciding->cohort->event ||
                                         event->created > deciding->cohort->when))
                        continue;
                if (event->number == number && is_full(event))
                        return true;
                if (event->number && event->number < number)
                        return false;
        }
        return false;
}

bool is_step(const struct deciding *deciding, const struct channel *channel, uint64_t number)
{
        const struct catalog_package *package = deciding->package;

        for (size_t i = 0; i < package->past_count; i++)
                if (channel_equal(&package->past[i].channel, channel) &&
                    arch_fits(package->past[i].arch, deciding->ask->arch) &&
                    past_has_step(deciding, &package->past[i], number))
                        return true;
        return false;
}
