/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * refresh_read -- the body of POST /v2/snaps/refresh as structs: what is installed, what is asked.
 * snaps_refresh.c answers every action (refresh_action.answer) before anything is written, so that
 * check-ins and manifests see the whole answer.
 *
 * What cannot be read in one action is that action's error (rc, code, text); only a body without
 * form fails as a whole. Fields that are not known here are not looked at.
 *
 * Floor    server/api. Owner: everything lives in the request's arena and its JSON body.
 * Bounds   REFRESH_ACTIONS_MAX actions and context entries; texts as refresh_read.c says.
 * Source   device.md 2.1. Tests: tests/flow/test_device.py, tests/flow/test_decide.py
 */
#include "server/api/api.h"
#include "server/domain/decide.h"

#define REFRESH_ACTIONS_MAX 1000

/* An installed snap, as the context tells. */
struct refresh_installed {
        const char *key; /* instance-key */
        const char *snap_id;
        const char *tracking; /* NULL when absent */
        const char *cohort;   /* NULL when absent */
        uint64_t revision;
        struct epoch epoch;
        bool has_epoch;
        bool ignore_validation;
        bool is_held;          /* "held" names somebody */
        const char *refreshed; /* refreshed-date as it came; NULL */
        const struct decide_set *sets;
        size_t set_count;
};

struct refresh_action {
        const json_t *fetch; /* a fetch-assertions group: nothing else is filled; NULL otherwise */
        const char *verb_text;                     /* echoed as result */
        const char *key;                           /* instance-key; NULL when it cannot be read */
        const struct refresh_installed *installed; /* NULL unless a refresh */
        struct decide_ask ask;
        struct epoch epoch; /* ask.epoch points here for install and download */
        enum rc rc;         /* RC_OK: ask is complete */
        const char *code;   /* otherwise the API's code, and a sentence */
        const char *text;
        struct decide_answer answer; /* where rc is RC_OK and fetch NULL */
};

struct refresh_request {
        const json_t *body;
        struct refresh_installed *installed; /* sorted by key */
        size_t installed_count;
        const char **installed_ids;     /* their snap-ids, sorted */
        struct refresh_action *actions; /* in the request's order */
        size_t action_count;
        bool is_scheduled; /* an automatic refresh: Snap-Refresh-Reason */
};

/* RC_INVALID (a body without form), RC_NOMEM. arch is the device's. */
MUST_USE enum rc refresh_read(const struct request *request, const json_t *body, const char *arch,
                              struct refresh_request *ret, struct err *err);
/* The ask of a general refresh for something installed that no action names. */
void refresh_ask_installed(const struct refresh_installed *installed, const char *arch,
                           struct decide_ask *ret);
