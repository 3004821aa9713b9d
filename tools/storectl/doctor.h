/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * doctor -- findings about a server: each ok, warn or fail, with what to do.
 *
 * Floor    tools/storectl; includes core/base, core/keys, core/model.
 * Owner    texts live in the run's arena. Nothing is changed by a look.
 * Tests    tests/flow/test_storectl.py
 */
#include "core/base/conf.h"
#include "tools/storectl/cli.h"
#include <sys/types.h>

enum health { HEALTH_OK, HEALTH_WARN, HEALTH_FAIL };

struct doctor {
        struct cli *cli;
        const char *data;  /* NULL: no data folder at hand */
        struct conf *conf; /* NULL: none */
        json_t *findings;
        size_t count[HEALTH_FAIL + 1];
        bool two_users;
        uid_t server_uid;
        uid_t signer_uid;
};

/* advice: what to do; "" for none. */
void doctor_find(struct doctor *doctor, enum health health, const char *check, const char *advice,
                 const char *format, ...) PRINTF_LIKE(5, 6);

/* doctor_files.c: owners, modes, what lies where it should not. */
void doctor_look_files(struct doctor *doctor);
/* doctor_life.c: what runs out: certificate, keys, disk, clock. */
void doctor_look_life(struct doctor *doctor);
/* doctor_server.c: what the running server says. */
void doctor_look_server(struct doctor *doctor);
