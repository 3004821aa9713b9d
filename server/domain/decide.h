/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * decide -- what a device gets: request + viewer + catalog -> one revision or one reason.
 *
 * Order: visible -> pinned (validation sets, an explicit revision, the model's view) -> channel
 * resolved (default tracks redirect who installs, closed risks fall through to the safer one; in a
 * cohort as they were at its moment) -> architecture -> progressive release -> epoch -> gating ->
 * held -> deltas. Every step leaves its reason; `storectl why` prints the same reasons.
 *
 * Never older by accident. A refresh gives a revision older than the installed one only
 *  1. where the action names a channel, a revision, a cohort key or validation sets;
 *  2. where it is pinned: by an enforced validation set or by the view of the device's model;
 *  3. where it is what the effective channel holds, progressive or not: somebody released it there.
 *     That a channel was closed, or that a branch came to the end it was opened with, is such an
 *     act too: what is below it holds from then on;
 *  4. where it is the base of a progressive release, and it was released to the channel in full
 *     after the installed one was: who got an earlier progressive revision keeps it.
 * Steps (epochs, gating) are never older than what is installed. In a cohort 3 is about what the
 * channel held at the moment of the key.
 *
 * Floor    server/domain; pure: no I/O, clock and keys arrive as arguments.
 * Owner    the answer points into the catalog and the ask.
 * Source   design section 5; device.md 2.1 to 2.5, 9.1 to 9.4.
 * Tests    tests/unit/test_decide.c: a table that reads as a specification.
 */
#include "core/base/buf.h"
#include "server/domain/viewer.h"

enum decide_action { DECIDE_REFRESH, DECIDE_INSTALL, DECIDE_DOWNLOAD };

/* A validation set of series 16, as a request names it. */
struct decide_set {
        const char *account_id;
        const char *name;
        uint64_t sequence; /* 0: the newest */
};
#define DECIDE_SETS_MAX 16

struct decide_ask {
        enum decide_action action;
        const char *snap_id;       /* refresh; NULL otherwise */
        const char *name;          /* install, download; NULL otherwise */
        const char *channel;       /* the action's; NULL when absent */
        const char *tracking;      /* the context's tracking-channel; NULL */
        const char *cohort;        /* the action's cohort key; NULL when absent */
        const char *kept_cohort;   /* the context's: counts where the action names no channel and
                                      no key; a channel without a key leaves the cohort */
        uint64_t revision;         /* explicit; 0 none */
        uint64_t current;          /* installed revision; 0 none */
        const struct epoch *epoch; /* of the installed revision; NULL: nothing installed */
        const char *arch;          /* the device's; "" unknown: any */
        const struct decide_set *sets; /* the action's: they hold, and force their revision */
        size_t set_count;
        const struct decide_set *tracked; /* the context's: the points at which the device is */
        size_t tracked_count;
        bool ignore_validation; /* gating and the model's own validation sets do not count */
        bool is_held;           /* the device holds it back: a general refresh leaves it */
};

/* name, as an API and a test say it; API code of a refusal, "" where it is none; sentence, with
 * {text} and {number} of the step. */
#define REASONS(X)                                                                                 \
        X(VISIBLE, "visible", "", "it is visible: {text}")                                         \
        X(HIDDEN, "hidden", "", "it is hidden: {text}")                                            \
        X(ABSENT, "absent", "", "there is no such package in this store")                          \
        X(SET_UNKNOWN, "set-unknown", "resource-not-found",                                        \
          "there is no validation set {text} here (point {number}; 0 is the newest)")              \
        X(SET_INVALID, "set-invalid", "inconsistent-data",                                         \
          "the validation set {text} says that it must not be installed")                          \
        X(SET_CONFLICT, "set-conflict", "inconsistent-data",                                       \
          "the validation set {text} wants revision {number}, and something else another one")     \
        X(SET_PINNED, "set-pinned", "", "the validation set {text} pins revision {number}")        \
        X(PINNED, "pinned", "", "revision {number} was asked for")                                 \
        X(VIEW_PIN, "view-pin", "", "the view of its model holds it at revision {number}")         \
        X(VIEW_CHANNEL, "view-channel", "", "the view of its model holds it in {text}")            \
        X(VIEW_CONFLICT, "view-conflict", "inconsistent-data",                                     \
          "the view of its model does not let it go to revision {number}")                         \
        X(COHORT, "cohort", "", "its cohort key pins the channels as of release event {number}")   \
        X(COHORT_INVALID, "cohort-invalid", "invalid-cohort-key",                                  \
          "this cohort key was not made here for this package")                                    \
        X(COHORT_OLD, "cohort-old", "invalid-cohort-key",                                          \
          "this cohort key is older than the releases that are kept in memory: make a new one")    \
        X(CHANNEL, "channel", "", "the channel is {text}")                                         \
        X(MODEL_CHANNEL, "model-channel", "", "its model names the channel {text}")                \
        X(REDIRECT, "redirect", "", "no track was named: the default track is {text}")             \
        X(FALLBACK, "fallback", "", "that risk is closed: {text} is the next safer one")           \
        X(CLOSED, "closed", "", "nothing is released there, nor at a safer risk of the track")     \
        X(ARCH, "architecture", "", "there is nothing for the architecture {text}")                \
        X(EPOCH, "epoch", "", "revision {number} cannot read the data of the installed epoch")     \
        X(EPOCH_STEP, "epoch-step", "", "revision {number} is the step on the way there")          \
        X(PROGRESSIVE_IN, "progressive-in", "",                                                    \
          "it is one of the {number} % that get the progressive release")                          \
        X(PROGRESSIVE_OUT, "progressive-out", "",                                                  \
          "it is not one of the {number} % that get the progressive release")                      \
        X(PAUSED, "paused", "", "the progressive release is paused")                               \
        X(NOT_BACK, "not-back", "",                                                                \
          "it got revision {number} from this channel, and nobody released the way back")          \
        X(BRANCH_EXPIRED, "branch-expired", "", "the branch is not open (any more)")               \
        X(GATED, "gated", "inconsistent-data", "revision {number} is not validated by {text}")     \
        X(GATE_STEP, "gate-step", "", "revision {number} is the newest one that is validated")     \
        X(PROVENANCE, "provenance", "revision-not-found",                                          \
          "revision {number} of provenance {text} is delegated for other devices")                 \
        X(HELD, "held", "revision-not-found", "the device holds it back")                          \
        X(CURRENT, "current", "", "revision {number} is installed already: nothing changes")       \
        X(CHOSEN, "chosen", "", "revision {number} is offered")

enum reason {
#define X(name, text, code, sentence) REASON_##name,
        REASONS(X)
#undef X
                REASON_COUNT
};
const char *reason_name(enum reason reason);
const char *reason_code(enum reason reason);

#define DECIDE_STEPS_MAX 24
struct decide_step {
        enum reason reason;
        const char *text; /* a name that matters (channel, architecture); may be NULL */
        uint64_t number;  /* a revision or percentage that matters; 0 */
};
/* Appends the step as one sentence, without a final stop. */
void decide_step_print(const struct decide_step *step, struct buf *out);

enum decide_outcome {
        DECIDE_FOUND,
        DECIDE_NO_PACKAGE,  /* id-not-found, name-not-found: absent and hidden alike */
        DECIDE_NO_REVISION, /* revision-not-found: releases[] says where something is */
        DECIDE_REFUSED      /* refusal says why, its reason_code is the API's */
};

struct decide_answer {
        enum decide_outcome outcome;
        const struct catalog_package *package;   /* NULL: DECIDE_NO_PACKAGE */
        const struct catalog_revision *revision; /* NULL unless found */
        struct channel effective; /* where it was found; "" track: explicit revision */
        bool has_effective;
        char redirect[CHANNEL_MAX + 1]; /* "" none */
        struct decide_step refusal;     /* DECIDE_REFUSED */
        struct decide_step steps[DECIDE_STEPS_MAX];
        size_t step_count;
};

struct decide_context {
        const struct catalog *catalog;
        const struct viewer *viewer;
        usec_t now;
        const uint8_t *bucket_key;    /* MAC_KEY_BYTES: sticky buckets of progressive releases */
        const uint8_t *cohort_key;    /* MAC_KEY_BYTES: cohort.h */
        const char *const *installed; /* snap-ids of the request's context, sorted: what may gate */
        size_t installed_count;
};
/* A request may name a thousand, and each of its actions looks among them. */
void decide_installed_sort(const char **snap_ids, size_t count);

/* Never fails: every input has an answer. An unparsable channel is DECIDE_NO_REVISION with
 * REASON_CHANNEL. */
void decide(const struct decide_context *context, const struct decide_ask *ask,
            struct decide_answer *ret);

/* The delta on offer from `source` to `revision` in the format, or NULL. */
const struct catalog_delta *decide_delta(const struct catalog_revision *revision, uint64_t source,
                                         const char *format);
/* 0..99, the same for ever for one device and one revision of a package, so that a raised
 * percentage only ever adds devices; 100 without a serial: never in. */
unsigned progressive_bucket(const uint8_t *bucket_key, const struct viewer *viewer,
                            const char *snap_id, uint64_t revision);
