/* SPDX-License-Identifier: Apache-2.0 */
#include "core/model/media.h"
#include <inttypes.h>
#include <string.h>

static const struct {
        const char *name;
        uint64_t bytes_max;
        uint32_t side_min;
        uint32_t side_max;
} kinds[] = {
        [MEDIA_ICON] = {"icon", MEDIA_ICON_BYTES_MAX, MEDIA_ICON_SIDE_MIN, MEDIA_ICON_SIDE_MAX},
        [MEDIA_SCREENSHOT] = {"screenshot", MEDIA_BYTES_MAX, 1, MEDIA_SIDE_MAX},
};

static const struct {
        const char *name;
        const char *suffix;
        const char *type;
} formats[] = {
        [MEDIA_PNG] = {"png", ".png", "image/png"},
        [MEDIA_JPEG] = {"jpeg", ".jpg", "image/jpeg"},
};

const char *media_kind_name(enum media_kind kind)
{
        return kinds[kind].name;
}

enum rc media_kind_parse(const char *name, enum media_kind *ret, struct err *err)
{
        for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
                if (strcmp(kinds[i].name, name) == 0) {
                        *ret = (enum media_kind)i;
                        return RC_OK;
                }
        }
        return err_set(err, RC_INVALID, "a picture is an icon or a screenshot, not \"%.20s\"",
                       name);
}

const char *media_format_name(enum media_format format)
{
        return formats[format].name;
}

const char *media_format_suffix(enum media_format format)
{
        return formats[format].suffix;
}

const char *media_format_type(enum media_format format)
{
        return formats[format].type;
}

enum rc media_format_parse(const char *name, enum media_format *ret, struct err *err)
{
        for (size_t i = 0; i < ARRAY_COUNT(formats); i++) {
                if (strcmp(formats[i].name, name) == 0) {
                        *ret = (enum media_format)i;
                        return RC_OK;
                }
        }
        return err_set(err, RC_INVALID, "a picture is PNG or JPEG, not \"%.20s\"", name);
}

uint64_t media_bytes_max(enum media_kind kind)
{
        return kinds[kind].bytes_max;
}

static bool side_fits(enum media_kind kind, uint32_t side)
{
        return side >= kinds[kind].side_min && side <= kinds[kind].side_max;
}

enum rc media_check(enum media_kind kind, const struct media_info *info, uint64_t bytes,
                    struct err *err)
{
        if (bytes == 0 || bytes > kinds[kind].bytes_max)
                return err_set_code(err, RC_INVALID, "media-size",
                                    "the %s has %" PRIu64 " bytes, allowed are 1 to %" PRIu64,
                                    kinds[kind].name, bytes, kinds[kind].bytes_max);
        if (!side_fits(kind, info->width) || !side_fits(kind, info->height))
                return err_set_code(err, RC_INVALID, "media-dimensions",
                                    "the %s is %" PRIu32 " by %" PRIu32
                                    " pixels, allowed are %" PRIu32 " to %" PRIu32 " each way",
                                    kinds[kind].name, info->width, info->height,
                                    kinds[kind].side_min, kinds[kind].side_max);
        return RC_OK;
}
