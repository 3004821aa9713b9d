/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * signer_kit -- a small world around a signer: a trusted account, a brand, a rival brand, a
 * publisher, devices; their keys, assertions, and the folders that a signer reads.
 *
 *   acme   trusted by configuration; the root key and the store key are its own
 *   maker  a brand; its key is certified, and fills the roles brand and serials
 *   rival  another brand; its key is certified, but is not the signer's
 *   dev1   a publisher with a certified key
 *
 * Owner    the caller: CLEANUP(kit_freep). Everything made lives as long as the kit.
 */
#include "core/base/arena.h"
#include "core/keys/keydir.h"
#include "core/model/assertion.h"

#define KIT_PASSPHRASE "correct horse"
#define KIT_SINCE      "2020-01-01T00:00:00Z"
#define KIT_STAMP      "2021-01-01T00:00:00Z"

/* KIT_LONE belongs to dev1 and is not certified; KIT_THIN is an RSA key that is too short. */
enum kit_key {
        KIT_ROOT,
        KIT_STORE,
        KIT_BRAND,
        KIT_RIVAL,
        KIT_DEV,
        KIT_DEVICE,
        KIT_DEVICE2,
        KIT_LONE,
        KIT_THIN,
        KIT_KEYS
};

struct kit {
        struct arena *arena;
        struct privkey *keys[KIT_KEYS];
        const char *trust; /* a stream: acme and maker with their keys */
        const char *dev1;  /* dev1 and its key */
        const char *rival; /* rival and its key */
        const char *model; /* maker/gizmo */
        const char *other; /* rival/gadget, without a serial-authority */
        const char *ally;  /* rival/ally, whose serials maker may issue */
};

/* Ends the test when it cannot be made. */
struct kit *kit_new(void);
void kit_freep(struct kit **kit);

const char *kit_key_id(const struct kit *kit, enum kit_key key);
const char *kit_key_text(const struct kit *kit, enum kit_key key);
/* Signs an assertion; headers as `name: value` lines, each ending in LF, without body-length and
 * sign-key. body may be NULL. */
const char *kit_sign(const struct kit *kit, enum kit_key key, const char *body, const char *format,
                     ...) PRINTF_LIKE(4, 5);
/* A stream of the texts; ends with NULL. */
const char *kit_stream(const struct kit *kit, ...);
/* Writes dir/keys, dir/data/trust, dir/passphrase. */
void kit_write(const struct kit *kit, const char *dir);

/* The request that asks for an issue, as JSON; headers is JSON; body and evidence may be NULL. */
const char *kit_request(const struct kit *kit, const char *role, const char *type,
                        const char *headers, const char *body, const char *evidence);
/* A serial-request for brand/model by that device. */
const char *kit_serial_request(const struct kit *kit, enum kit_key device, const char *brand,
                               const char *model);
/* The headers of a serial, as JSON. */
const char *kit_serial_headers(const struct kit *kit, enum kit_key device, const char *brand,
                               const char *model, const char *serial);
/* A JSON string. */
const char *kit_json(const struct kit *kit, const char *text);
