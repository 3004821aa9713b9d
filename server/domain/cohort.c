/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/cohort.h"
#include "core/base/bytes.h"
#include "core/base/random.h"
#include <string.h>

/* The MAC covers the moment and the package; the key itself carries the moment only. */
static void tag_make(const uint8_t *key, const char *snap_id, const uint8_t moment[16],
                     uint8_t tag[MAC_BYTES])
{
        uint8_t data[16 + 64];
        const size_t length = strnlen(snap_id, 64);

        memcpy(data, moment, 16);
        memcpy(data + 16, snap_id, length);
        mac_make(key, "cohort", data, 16 + length, tag);
}

struct cohort cohort_now(const struct catalog_package *package)
{
        return (struct cohort){package->last_event, package->last_event_at};
}

void cohort_format(const uint8_t key[MAC_KEY_BYTES], const char *snap_id,
                   const struct cohort *cohort, char text[COHORT_CHARS + 1])
{
        uint8_t bytes[COHORT_BYTES];

        u64_put(bytes, (uint64_t)cohort->event);
        u64_put(bytes + 8, (uint64_t)cohort->when);
        tag_make(key, snap_id, bytes, bytes + 16);
        base64url_format(bytes, sizeof(bytes), text);
}

enum rc cohort_parse(const uint8_t key[MAC_KEY_BYTES], const char *snap_id, const char *text,
                     struct cohort *ret)
{
        uint8_t bytes[COHORT_BYTES];
        uint8_t tag[MAC_BYTES];

        if (base64url_parse(text, bytes, sizeof(bytes)) != RC_OK)
                return RC_INVALID;
        tag_make(key, snap_id, bytes, tag);
        if (!bytes_equal(tag, bytes + 16, MAC_BYTES))
                return RC_INVALID;
        ret->event = (int64_t)u64_get(bytes);
        ret->when = (usec_t)u64_get(bytes + 8);
        return RC_OK;
}

const struct catalog_event *cohort_event(const struct catalog_past *past,
                                         const struct cohort *cohort)
{
        for (size_t i = 0; i < past->count; i++)
                if (!cohort || (past->events[i].id <= cohort->event &&
                                past->events[i].created <= cohort->when))
                        return &past->events[i];
        return NULL;
}
