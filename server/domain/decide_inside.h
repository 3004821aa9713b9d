/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * decide_inside -- the steps of a decision, one file each; internal to decide*.c.
 *
 * Floor    server/domain; pure.
 */
#include "server/domain/cohort.h"
#include "server/domain/decide.h"

struct deciding {
        const struct decide_context *context;
        const struct decide_ask *ask;
        const struct catalog_package *package;
        struct decide_answer *answer;
        const struct cohort *cohort; /* NULL: the channels as they are now */
        struct cohort cohort_room;
        bool is_cohort_old; /* a channel's past does not reach back to the cohort's moment */
        bool has_refusal;   /* answer->refusal; counts where nothing else can be given */
        bool is_refused;    /* counts in any case */
};

void decide_note(struct deciding *deciding, enum reason reason, const char *text, uint64_t number);
/* Notes it, and that it is the reason when nothing can be given. */
void decide_refuse(struct deciding *deciding, enum reason reason, const char *text,
                   uint64_t number);

/* An action that names neither revision, channel nor cohort: what is installed may simply stay. */
bool ask_is_general(const struct decide_ask *ask);
bool arch_fits(const char *arch, const char *wanted);
bool revision_fits(const struct catalog_revision *revision, const struct decide_ask *ask);
bool revision_fits_arch(const struct catalog_revision *revision, const char *wanted);
bool epoch_fits(const struct catalog_revision *revision, const struct epoch *device);

/* decide_sets.c: the revision that validation sets want; 0 none. */
uint64_t sets_pin(struct deciding *deciding);

/* decide_channel.c: what the asked channel gives, progressive release and epoch steps included. */
const struct catalog_revision *channel_pick(struct deciding *deciding, const char *pinned_channel);

/* decide_release.c */
/* What a channel holds, now or at the cohort's moment. */
struct offer {
        const struct catalog_revision *revision;
        const struct catalog_revision *base;
        int percentage;
        bool paused;
};
/* false: the channel is not open for the architecture. */
bool offer_find(struct deciding *deciding, const struct channel *channel, const char *arch,
                struct offer *ret);
const struct catalog_revision *progressive_pick(struct deciding *deciding,
                                                const struct channel *channel,
                                                const struct offer *offer);
/* Whether the channel had that revision for everybody and was never taken back behind it. */
bool is_step(const struct deciding *deciding, const struct channel *channel, uint64_t number);

/* decide_gate.c: revision, an earlier one that is validated, what is installed, or NULL. */
const struct catalog_revision *gate_pick(struct deciding *deciding,
                                         const struct catalog_revision *revision);

/* decide_provenance.c: revision, or NULL where it is delegated for other devices. */
const struct catalog_revision *provenance_pick(struct deciding *deciding,
                                               const struct catalog_revision *revision);
