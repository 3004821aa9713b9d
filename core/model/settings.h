/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * settings -- the rows of storehouse.conf, one place for server, signer and storectl.
 *
 * Floor    core/model. Tests: tests/unit/test_settings.c compares deploy/storehouse.conf.example.
 */
#include "core/base/conf.h"

enum setting {
        SET_BASE_URL,       /* what download URLs begin with; "" takes the request's Host */
        SET_STORE_PAGE_URL, /* where people read about packages */
        SET_STORE_ID,       /* the store this server answers as */
        SET_BRAND_ID,       /* the operator's account (trusted) */
        SET_MODEL_BRANDS,   /* other accounts whose models may name private packages */
        SET_DATA_DIR,
        SET_HTTP_ADDRESS,
        SET_HTTP_PORT,  /* 0: no plain HTTP */
        SET_HTTPS_PORT, /* 0: no HTTPS */
        SET_TLS_CERT_FILE,
        SET_TLS_KEY_FILE,
        SET_KEYS_DIR,        /* sealed keys; read by the signer only */
        SET_PASSPHRASE_FILE, /* path, "credential:NAME" or "-" */
        SET_SIGNER_SOCKET,
        SET_SIGNER_START, /* yes: serve starts the signer itself */
        SET_SERVER_USER,  /* dropped to when started as root; "" stays */
        SET_SIGNER_USER,
        SET_WORKER_USER,
        SET_REQUIRE_SANDBOX,
        SET_REQUIRE_SNAP_BUILD,
        SET_SIGN_SYSTEM_USERS,  /* by the brand key that is here */
        SET_SERVE_SYSTEM_USERS, /* also to strangers */
        SET_HTTP_THREADS,
        SET_POOL_THREADS,
        SET_POOL_QUEUE,
        SET_MAX_CONNECTIONS,
        SET_MAX_CONNECTIONS_PER_IP,
        SET_HEADER_DEADLINE_SEC,
        SET_BODY_DEADLINE_SEC,
        SET_IDLE_TIMEOUT_SEC,
        SET_UPLOAD_DEADLINE_SEC,
        SET_MAX_PACKAGE_BYTES,
        SET_MAX_UPLOADS,
        SET_UPLOAD_TTL_SEC,
        SET_UPLOAD_REQUIRE_TOKEN,
        SET_MIN_FREE_BYTES,
        SET_MAX_JOBS,
        SET_WORKER_JOBS,
        SET_WORKER_MEMORY_BYTES,
        SET_WORKER_SECONDS,
        SET_DELTA_PERCENT, /* a delta over this share of the full size is refused */
        SET_DELTA_DEPTH,   /* how many earlier revisions of a channel get one */
        SET_SESSION_TTL_SEC,
        SET_NONCE_TTL_SEC,
        SET_REQUEST_ID_TTL_SEC,
        SET_SIGNER_RATE_PER_MIN,
        SET_MAX_REGISTRATIONS_WAITING,
        SET_MAX_GUEST_MODELS, /* of one brand that is not the operator's */
        SET_MAX_DEVICES_IN_MEMORY,
        SET_FLEET_FLUSH_SEC,
        SET_MANIFEST_KEY_LIFE_SEC,
        SET_LOG_LEVEL,
        SET_COUNT
};

extern const struct conf_row settings_rows[SET_COUNT];
