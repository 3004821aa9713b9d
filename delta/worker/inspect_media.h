/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * inspect_media -- is this a picture, and of what size? PNG and JPEG, by their structure alone:
 * nothing is decompressed.
 *
 * A file is one picture from the first byte to the last. What stands behind its end, moves, is a
 * format inside a format, or states more pixels than its data could hold, is refused: a picture
 * goes to devices and consoles as it came, and their decoders need not see it first.
 *
 * Floor    delta/worker; includes core/base, core/model. media_png.c and media_jpeg.c are behind
 * it. Bounds   MEDIA_BYTES_MAX, MEDIA_SIDE_MAX; 64 KiB for each thing in a PNG that is not its
 * pixels, 32 scans in a JPEG. Outcomes RC_INVALID with a code "media-...". Source   PNG (ISO/IEC
 * 15948) sections 5, 11; JPEG (ITU T.81) annex B; zlib (RFC 1950) 2.2. Tests
 * tests/unit/test_inspect_media.c, tests/fuzz/fuzz_media.c
 */
#include "core/model/media.h"

MUST_USE enum rc inspect_media(const uint8_t *data, size_t bytes, struct media_info *ret,
                               struct err *err);
/* The whole file behind a descriptor, from its begin. RC_IO, RC_NOMEM too. */
MUST_USE enum rc inspect_media_fd(int fd, struct media_info *ret, struct err *err);

/* --- shared by the two readers --- */

struct media_bytes {
        const uint8_t *data;
        size_t bytes;
        size_t at;
};

static inline size_t media_left(const struct media_bytes *in)
{
        return in->bytes - in->at;
}
enum rc media_refuse(struct err *err, const char *code, const char *why);
MUST_USE enum rc media_side_check(uint32_t width, uint32_t height, struct err *err);
MUST_USE enum rc media_png_read(const uint8_t *data, size_t bytes, struct media_info *ret,
                                struct err *err);
MUST_USE enum rc media_jpeg_read(const uint8_t *data, size_t bytes, struct media_info *ret,
                                 struct err *err);
