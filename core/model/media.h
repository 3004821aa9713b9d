/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * media -- pictures of a package: which there are, and their bounds.
 *
 * Floor    core/model; pure.
 * Units    bytes and pixels.
 * Bounds   snapd takes icons of 1 to 300000 bytes; the others are ours: what no picture of a
 * package needs more of, and what a viewer can unpack without harm. Source   device.md 7.6. Tests
 * tests/unit/test_media.c
 */
#include "core/base/rc.h"
#include <stdint.h>

#define MEDIA_BYTES_MAX      (2 * (uint64_t)MIB) /* of any picture */
#define MEDIA_SIDE_MAX       4096
#define MEDIA_ICON_BYTES_MAX 300000
#define MEDIA_ICON_SIDE_MIN  16
#define MEDIA_ICON_SIDE_MAX  1024
#define MEDIA_SCREENSHOT_MAX 5 /* pictures of a package, beside its icon */

enum media_kind { MEDIA_ICON, MEDIA_SCREENSHOT };
enum media_format { MEDIA_PNG, MEDIA_JPEG };

struct media_info {
        enum media_format format;
        uint32_t width;
        uint32_t height;
};

const char *media_kind_name(enum media_kind kind); /* "icon", "screenshot" */
MUST_USE enum rc media_kind_parse(const char *name, enum media_kind *ret, struct err *err);
const char *media_format_name(enum media_format format);   /* "png", "jpeg" */
const char *media_format_suffix(enum media_format format); /* ".png", ".jpg" */
const char *media_format_type(enum media_format format);   /* "image/png", "image/jpeg" */
MUST_USE enum rc media_format_parse(const char *name, enum media_format *ret, struct err *err);
uint64_t media_bytes_max(enum media_kind kind);
/* RC_INVALID, code "media-size" or "media-dimensions": the picture does not do as this. */
MUST_USE enum rc media_check(enum media_kind kind, const struct media_info *info, uint64_t bytes,
                             struct err *err);
