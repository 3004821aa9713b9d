/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * crew -- numbered tasks on several threads.
 *
 * Floor    delta/inside.
 * Threads  made and ended inside of crew_run; with one, everything runs on the caller's. told is
 * called on the caller's thread only. Outcomes that of the failing task with the lowest number, so
 * that it does not depend on chance; RC_END (told said false). Tests    tests/unit/test_inside.c
 */
#include "core/base/rc.h"
#include <stdint.h>

typedef enum rc (*crew_task)(void *arg, uint32_t number, struct err *err);
typedef bool (*crew_told)(void *arg, uint32_t done, uint32_t all);

/* told may be NULL. */
MUST_USE enum rc crew_run(unsigned threads, uint32_t count, crew_task task, void *arg,
                          crew_told told, void *told_arg, struct err *err);
