/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * decide -- what a device gets: request + viewer + catalog -> one revision or one reason.
 *
 * Order: visible -> pinned (an explicit revision) -> channel resolved (closed risks fall through to
 * the safer one, default tracks redirect) -> architecture -> epoch -> progressive release -> never
 * older by accident -> deltas. Every step leaves its reason; `storectl why` prints the same
 * reasons.
 *
 * Floor    server/domain; pure: no I/O, clock and bucket key arrive as arguments.
 * Owner    the answer points into the catalog; texts live in the arena.
 * Source   design section 5; device.md 2.2 to 2.5, 9.3.
 * Tests    tests/unit/test_decide.c: a table that reads as a specification.
 */
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
        const char *kept_cohort;   /* the context's: counts where the action names no channel and no
                                      key; a channel without a key leaves the cohort */
        uint64_t revision;         /* explicit; 0 none */
        uint64_t current;          /* installed revision; 0 none */
        const struct epoch *epoch; /* of the installed revision; NULL: nothing installed */
        const char *arch;          /* the device's; "" unknown: any */
        const struct decide_set *sets; /* the action's: they hold, and force their revision */
        size_t set_count;
        const struct decide_set *tracked; /* the context's: the point at which the device is */
        size_t tracked_count;
        bool ignore_validation; /* gating and the model's own validation sets do not count */
        bool is_held;           /* the device holds it back: only a general refresh says so */
};

enum reason {
        REASON_VISIBLE, /* text: visibility_text */
        REASON_HIDDEN,
        REASON_ABSENT,
        REASON_PINNED,        /* explicit revision */
        REASON_CHANNEL,       /* the channel that was asked */
        REASON_MODEL_CHANNEL, /* taken from the model */
        REASON_REDIRECT,      /* default track */
        REASON_FALLBACK,      /* risk closed, the safer one is taken */
        REASON_CLOSED,        /* nothing open in this track */
        REASON_ARCH,          /* not for this architecture */
        REASON_EPOCH,         /* not readable from the device's epoch */
        REASON_EPOCH_STEP,    /* an intermediate revision is taken instead */
        REASON_PROGRESSIVE_IN,
        REASON_PROGRESSIVE_OUT,
        REASON_PAUSED,
        REASON_BRANCH_EXPIRED,
        REASON_CURRENT, /* the device has it already */
        REASON_CHOSEN
};
const char *reason_name(enum reason reason);

#define DECIDE_STEPS_MAX 16
struct decide_step {
        enum reason reason;
        const char *text; /* a name that matters (channel, architecture); may be NULL */
        uint64_t number;  /* a revision or percentage that matters; 0 */
};

enum decide_outcome {
        DECIDE_FOUND,
        DECIDE_NO_PACKAGE, /* id-not-found, name-not-found: absent and hidden alike */
        DECIDE_NO_REVISION /* revision-not-found: releases[] says where something is */
};

struct decide_answer {
        enum decide_outcome outcome;
        const struct catalog_package *package;   /* NULL: DECIDE_NO_PACKAGE */
        const struct catalog_revision *revision; /* NULL unless found */
        struct channel effective; /* where it was found; "" track: explicit revision */
        bool has_effective;
        char redirect[CHANNEL_MAX + 1]; /* "" none */
        struct decide_step steps[DECIDE_STEPS_MAX];
        size_t step_count;
};

struct decide_context {
        const struct catalog *catalog;
        const struct viewer *viewer;
        usec_t now;
        const uint8_t *bucket_key;    /* MAC_KEY_BYTES: sticky buckets of progressive releases */
        const uint8_t *cohort_key;    /* MAC_KEY_BYTES: cohort.h */
        const char *const *installed; /* snap-ids of the request's context: what may gate */
        size_t installed_count;
};

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
