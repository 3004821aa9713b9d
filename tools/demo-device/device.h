/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * device -- a device for the quickstart: it registers, opens a session, installs and refreshes a
 * package, and believes nothing that is not proved up to a root key in its own folder. It is not
 * store-agent: it keeps files in a folder and runs none of them.
 *
 * Its folder
 *   trust/roots     `ACCOUNT-ID KEY-ID` a line: the root keys it was made with
 *   model.assert    what it is
 *   device.pem      its own key (0600), made at the first start
 *   serial.assert   its identity, after registration
 *   manifest.state  the highest epoch and sequence that it believed
 *   NAME.state      `SNAP-ID REVISION CHANNEL` of an installed package
 *   NAME_REV.snap   its bytes
 *
 * Floor    tools/demo-device; includes core/base, core/keys, core/model.
 * Owner    the struct is main's: CLEANUP(device_fini). Texts live in its arena.
 * Tests    tests/flow/test_quickstart.sh
 */
#include "core/keys/privkey.h"
#include "tools/demo-device/chain.h"

struct device {
        struct arena *arena;
        struct net *net;
        const char *dir;
        struct privkey *key;
        const struct assertion *model;
        const struct assertion *serial;
};

/* DIR/name. NULL: no memory. */
const char *device_path(const struct device *device, const char *name);
/* A line for the reader: two blanks, the text, LF; written out at once. */
void say(const char *format, ...) PRINTF_LIKE(1, 2);

/* enroll.c: the key, the serial (registered for when there is none), the session. */
MUST_USE enum rc device_enroll(struct device *device, struct err *err);

/* update.c: the package as the store offers it now. A package that is here is refreshed, with a
 * delta where one is offered; one that is not is installed. */
MUST_USE enum rc device_update(struct device *device, const char *name, const char *channel,
                               struct err *err);

/* fetch.c: one revision's bytes, proved. */
struct offer {
        const char *name;
        const char *snap_id;
        uint64_t revision;
        const char *version;
        const char *channel;
        const char *url;
        uint64_t bytes;
        struct digest digest;
        bool has_delta;
        uint64_t delta_source;
        const char *delta_url;
        uint64_t delta_bytes;
        struct digest delta_digest;
};
/* Leaves the revision as DIR/NAME_REV.snap; old_path (or NULL) is what a delta starts from. */
MUST_USE enum rc offer_fetch(struct device *device, const struct offer *offer, const char *old_path,
                             struct err *err);
