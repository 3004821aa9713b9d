/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * handlers -- the device side's handlers; one file each family, named after its addresses. What
 * each takes and answers is in doc/api.md and in device.md's terms at the top of its file.
 *
 * Floor    server/api.
 */
#include "server/api/api.h"

#define HANDLER(name)                                                                              \
        enum rc name(void *context, struct request *request, struct response *response,            \
                     struct err *err)

HANDLER(root_get);           /* HEAD / GET / */
HANDLER(snaps_refresh_post); /* POST /v2/snaps/refresh */
HANDLER(cohorts_post);       /* POST /v2/cohorts */
HANDLER(snaps_info_get);     /* GET /v2/snaps/info/{name} */
HANDLER(snaps_find_get);     /* GET /v2/snaps/find */
HANDLER(snaps_categories_get);
HANDLER(snaps_names_get);       /* GET /api/v1/snaps/names */
HANDLER(snaps_sections_get);    /* GET /api/v1/snaps/sections */
HANDLER(assertions_get);        /* GET /v2/assertions/{type}/{key*} */
HANDLER(assertions_serial_get); /* the same for serials, which live in the database */
HANDLER(store_assertions_get);  /* GET /v2/auth/store/assertions */
HANDLER(repairs_get);           /* GET /v2/repairs/{brand}/{id} */
HANDLER(auth_nonce_post);
HANDLER(auth_session_post);
HANDLER(auth_request_id_post);
HANDLER(auth_serial_post);
