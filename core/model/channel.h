/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * channel -- track/risk/branch: parsed, completed, printed and ordered.
 *
 * Floor    core/model. Owner: fixed buffers. Source: device.md 2.1 (forms), publisher.md 2.3.
 * Tests    tests/unit/test_channel.c
 */
#include "core/base/rc.h"

#define TRACK_MAX   28
#define BRANCH_MAX  64
#define CHANNEL_MAX (TRACK_MAX + 1 + 9 + 1 + BRANCH_MAX)

enum risk { RISK_STABLE, RISK_CANDIDATE, RISK_BETA, RISK_EDGE, RISK_COUNT };

struct channel {
        char track[TRACK_MAX + 1]; /* "latest" when none was named */
        enum risk risk;
        char branch[BRANCH_MAX + 1]; /* "" for none */
        bool track_named; /* the text named a track (also "latest"): default tracks do not redirect
                           */
};

const char *risk_name(enum risk risk);
MUST_USE enum rc risk_parse(const char *text, enum risk *ret);

/* "stable", "1.0", "1.0/edge", "latest/stable/fix", "edge/fix". RC_INVALID with code
 * "invalid-channel". "" means latest/stable. */
MUST_USE enum rc channel_parse(const char *text, struct channel *ret, struct err *err);
/* The full form "latest/stable", "1.0/edge/fix". */
void channel_format(const struct channel *channel, char text[CHANNEL_MAX + 1]);
/* The short form people use: "stable" for latest/stable, "1.0/edge". */
void channel_format_short(const struct channel *channel, char text[CHANNEL_MAX + 1]);
bool channel_equal(const struct channel *a, const struct channel *b);
