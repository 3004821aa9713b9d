/* SPDX-License-Identifier: Apache-2.0 */
/* Writing. A server makes one of these for every refresh that asks, so nothing here uses printf. */
#include "core/manifest/manifest.h"
#include "core/model/name.h"
#include <assert.h>
#include <string.h>

void manifest_put_revision(struct buf *out, const char *name, const char *snap_id,
                           uint64_t revision, const struct digest *digest, uint64_t bytes)
{
        char text[DIGEST_B64_CHARS + 1];

        digest_b64(digest, text);
        buf_text(out, name);
        buf_char(out, ' ');
        buf_text(out, snap_id);
        buf_char(out, ' ');
        buf_number(out, revision);
        buf_char(out, ' ');
        buf_append(out, text, DIGEST_B64_CHARS);
        buf_char(out, ' ');
        buf_number(out, bytes);
}

void manifest_put_delta(struct buf *out, const struct manifest_delta *delta)
{
        char text[DIGEST_B64_CHARS + 1];

        digest_b64(&delta->digest, text);
        buf_text(out, "delta ");
        buf_text(out, delta->format);
        buf_char(out, ' ');
        buf_number(out, delta->source);
        buf_char(out, ' ');
        buf_append(out, text, DIGEST_B64_CHARS);
        buf_char(out, ' ');
        buf_number(out, delta->bytes);
        buf_char(out, '\n');
}

void manifest_put_package(struct buf *out, const char *key, const char *piece, const char *channel)
{
        buf_text(out, "package ");
        buf_text(out, key);
        buf_char(out, ' ');
        buf_text(out, piece);
        buf_char(out, ' ');
        buf_text(out, channel);
        buf_char(out, '\n');
}

void manifest_put_absent(struct buf *out, const char *key, const char *reason)
{
        buf_text(out, "absent ");
        buf_text(out, key);
        buf_char(out, ' ');
        buf_text(out, reason);
        buf_char(out, '\n');
}

/* One line of UTF-8 is left to who reads it; a line break would begin another header. */
static bool is_line(const char *text)
{
        if (!text || !*text)
                return false;
        for (; *text; text++)
                if ((unsigned char)*text < 0x20 || *text == 0x7f)
                        return false;
        return true;
}

static void header_put(struct buf *out, const char *name, const char *text)
{
        buf_char(out, '\n');
        buf_text(out, name);
        buf_text(out, ": ");
        buf_text(out, text);
}

static void number_put(struct buf *out, const char *name, uint64_t number)
{
        header_put(out, name, "");
        buf_number(out, number);
}

static void time_put(struct buf *out, const char *name, usec_t time)
{
        char text[CLOCK_CHARS + 1];

        clock_format(time, text);
        header_put(out, name, text);
}

enum rc manifest_put_content(struct buf *out, const struct manifest *head, const char *body,
                             size_t body_bytes, struct err *err)
{
        if (!is_line(head->serial) || !is_line(head->store) || !manifest_nonce_is(head->nonce) ||
            !name_is_account(head->brand_id) || !name_is_model(head->model))
                return err_set(err, RC_INVALID, "a manifest cannot name this device");
        if (head->epoch > MANIFEST_EPOCH_MAX || head->sequence > MANIFEST_NUMBER_MAX ||
            body_bytes > ASSERTION_BODY_MAX)
                return err_set(err, RC_TOO_BIG, "a manifest over its bounds");
        assert(!body_bytes || body[body_bytes - 1] == '\n');
        buf_text(out, "type: refresh-manifest");
        header_put(out, "authority-id", head->authority);
        header_put(out, "brand-id", head->brand_id);
        number_put(out, "epoch", head->epoch);
        time_put(out, "expiry", head->expiry);
        header_put(out, "model", head->model);
        header_put(out, "nonce", head->nonce);
        number_put(out, "sequence", head->sequence);
        header_put(out, "serial", head->serial);
        header_put(out, "store", head->store);
        time_put(out, "timestamp", head->timestamp);
        if (body_bytes)
                number_put(out, "body-length", body_bytes);
        header_put(out, "sign-key-sha3-384", head->key_id);
        if (body_bytes) {
                buf_append(out, "\n\n", 2);
                buf_append(out, body, body_bytes);
        }
        return buf_finish(out, err);
}
