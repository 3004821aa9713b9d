/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * client -- calls of the store's interfaces (doc/api.md), with failures turned into the exit codes
 * and next steps that people and scripts need.
 *
 * Floor    tools/storectl; includes core/base only.
 * Owner    the client belongs to struct cli; answers are the caller's (CLEANUP(jsonx_decref)) or
 *          live in the run's arena.
 * Outcomes RC_UNAUTHORIZED, RC_FORBIDDEN (exit 4), RC_NOT_FOUND (6), RC_REFUSED (any other 4xx: 3),
 *          RC_BUSY, RC_TIMEOUT, RC_UNTRUSTED (5).
 * Tests    tests/flow/test_storectl.py
 */
#include "tools/storectl/cli.h"
#include "tools/storectl/http.h"

/* Where the store is and as whom: options, environment, client.conf. Called by the others. */
MUST_USE enum rc client_open(struct cli *cli, struct http **ret, struct err *err);
void client_close(struct cli *cli);

MUST_USE enum rc client_get(struct cli *cli, const char *path, json_t **ret, struct err *err);
/* body is borrowed and may be NULL; ret may be NULL. */
MUST_USE enum rc client_send(struct cli *cli, const char *method, const char *path,
                             const json_t *body, json_t **ret, struct err *err);
/* Other media than JSON. Gives the answer's text. */
MUST_USE enum rc client_send_text(struct cli *cli, const struct http_request *request,
                                  struct http_answer *ret, struct err *err);
/* Turns an answer that is no 2xx into a failure; RC_OK for 2xx. */
MUST_USE enum rc client_check(struct cli *cli, const struct http_answer *answer, struct err *err);
/* format with its %s escaped as path segments. NULL: no memory. */
const char *client_path(struct cli *cli, const char *prefix, const char *segment,
                        const char *suffix);

/* Borrowed texts of an answer for tables: "" when absent. */
const char *client_text(const json_t *object, const char *field);
/* Texts of a list joined by `, `; in the run's arena. */
const char *client_join(struct cli *cli, const json_t *list);
