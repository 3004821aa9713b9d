/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/apply/vcdiff.h"
#include "delta/apply/window.h"
#include <inttypes.h>

#define WINDOW_SOURCE   0x01
#define WINDOW_TARGET   0x02
#define WINDOW_ADLER32  0x04
#define SECTIONS_PACKED 0x07

static enum rc read_segment(struct delta_reader *delta, struct window *window, struct err *err)
{
        const uint64_t at = delta->offset;
        enum rc rc;

        rc = delta_read_number(delta, &window->source_bytes, err);
        if (rc != RC_OK)
                return rc;
        rc = delta_read_number(delta, &window->source_offset, err);
        if (rc != RC_OK)
                return rc;
        if (window->source_bytes > INT64_MAX || window->source_offset > INT64_MAX)
                return err_set(err, RC_INVALID, "a source segment too large at byte %" PRIu64, at);
        return RC_OK;
}

static enum rc read_length(struct delta_reader *delta, uint64_t *ret, struct err *err)
{
        const uint64_t at = delta->offset;
        uint64_t value;
        const enum rc rc = delta_read_number(delta, &value, err);

        if (rc != RC_OK)
                return rc;
        if (value > VCDIFF_WINDOW_MAX)
                return err_set(err, RC_TOO_BIG, "a window of %" PRIu64 " bytes at byte %" PRIu64,
                               value, at);
        *ret = value;
        return RC_OK;
}

static enum rc read_checksum(struct delta_reader *delta, struct window *window, struct err *err)
{
        for (unsigned i = 0; i < 4; i++) {
                uint8_t byte;
                const enum rc rc = delta_read_byte(delta, &byte, err);

                if (rc != RC_OK)
                        return rc;
                window->checksum = window->checksum << 8 | byte;
        }
        return RC_OK;
}

static enum rc read_lengths(struct delta_reader *delta, struct window *window, struct err *err)
{
        uint64_t *const lengths[] = {&window->data_bytes, &window->inst_bytes, &window->addr_bytes};
        uint8_t packed;
        enum rc rc;

        rc = read_length(delta, &window->target_bytes, err);
        if (rc != RC_OK)
                return rc;
        rc = delta_read_byte(delta, &packed, err);
        if (rc != RC_OK)
                return rc;
        if (packed & ~SECTIONS_PACKED)
                return err_set(err, RC_INVALID, "unknown bits 0x%02x before byte %" PRIu64, packed,
                               delta->offset);
        window->is_compressed = packed != 0;
        for (size_t i = 0; i < ARRAY_COUNT(lengths); i++) {
                rc = read_length(delta, lengths[i], err);
                if (rc != RC_OK)
                        return rc;
        }
        return window->has_checksum ? read_checksum(delta, window, err) : RC_OK;
}

uint64_t window_sections_bytes(const struct window *window)
{
        return window->data_bytes + window->inst_bytes + window->addr_bytes;
}

enum rc window_read_header(struct delta_reader *delta, struct window *ret, struct err *err)
{
        const uint64_t begin = delta->offset;
        struct window window = {0};
        uint64_t length;
        uint64_t at;
        uint8_t bits;
        enum rc rc;

        rc = delta_read_byte(delta, &bits, err);
        if (rc != RC_OK)
                return rc;
        if ((bits & WINDOW_TARGET) && !(bits & WINDOW_SOURCE))
                return err_set(err, RC_UNSUPPORTED, "a window copies from the target (VCD_TARGET)");
        if (bits & ~(WINDOW_SOURCE | WINDOW_ADLER32))
                return err_set(err, RC_INVALID, "unknown window bits 0x%02x at byte %" PRIu64, bits,
                               begin);
        if (bits & WINDOW_SOURCE) {
                rc = read_segment(delta, &window, err);
                if (rc != RC_OK)
                        return rc;
        }
        rc = delta_read_number(delta, &length, err);
        if (rc != RC_OK)
                return rc;
        at = delta->offset;
        window.has_checksum = (bits & WINDOW_ADLER32) != 0;
        rc = read_lengths(delta, &window, err);
        if (rc != RC_OK)
                return rc;
        if (length != delta->offset - at + window_sections_bytes(&window))
                return err_set(err, RC_INVALID,
                               "the lengths of the window at byte %" PRIu64 " disagree", begin);
        *ret = window;
        return RC_OK;
}
