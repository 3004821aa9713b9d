/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * clock -- the time as a value. Floors above pass it as an argument; only clock.c asks the system.
 *
 * Floor    core/base; includes libc only.
 * Units    usec_t counts microseconds: since 1970 UTC (clock_now) or since boot (clock_uptime).
 * Source   RFC 3339 as assertions use it: `Z` or `+hh:mm`, fractions allowed (device.md 8.2).
 * Tests    tests/unit/test_clock.c
 */
#include "core/base/rc.h"
#include <stdint.h>

typedef int64_t usec_t;
#define USEC_PER_SEC ((usec_t)1000000)
#define CLOCK_CHARS  20 /* "2026-11-23T08:49:00Z" */

/* A clock that can be replaced: tests and imports set fixed_usec, everybody else leaves it 0. */
struct clock {
        usec_t fixed_usec;
};

usec_t clock_now(const struct clock *clock); /* wall time; clock may be NULL */
usec_t clock_uptime(void);                   /* monotonic */

/* UTC with `Z`, whole seconds. text holds CLOCK_CHARS + 1. Years 0000 to 9999. */
void clock_format(usec_t time, char *text);
/* RC_INVALID when text is not one RFC 3339 time. */
MUST_USE enum rc clock_parse(const char *text, usec_t *ret);
