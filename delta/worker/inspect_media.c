/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/worker/inspect_media.h"
#include "core/base/fs.h"
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum rc media_refuse(struct err *err, const char *code, const char *why)
{
        return err_set_code(err, RC_INVALID, code, "the picture %s", why);
}

enum rc media_side_check(uint32_t width, uint32_t height, struct err *err)
{
        if (width && height && width <= MEDIA_SIDE_MAX && height <= MEDIA_SIDE_MAX)
                return RC_OK;
        return err_set_code(err, RC_INVALID, "media-dimensions",
                            "the picture states %" PRIu32 " by %" PRIu32
                            " pixels, allowed are 1 to %d each way",
                            width, height, MEDIA_SIDE_MAX);
}

enum rc inspect_media(const uint8_t *data, size_t bytes, struct media_info *ret, struct err *err)
{
        if (bytes > MEDIA_BYTES_MAX)
                return media_refuse(err, "media-size", "is too large");
        if (bytes >= 8 && memcmp(data, "\x89PNG\r\n\x1a\n", 8) == 0)
                return media_png_read(data, bytes, ret, err);
        if (bytes >= 3 && memcmp(data, "\xff\xd8\xff", 3) == 0)
                return media_jpeg_read(data, bytes, ret, err);
        return media_refuse(err, "media-kind", "is neither PNG nor JPEG");
}

enum rc inspect_media_fd(int fd, struct media_info *ret, struct err *err)
{
        CLEANUP(fs_freep) char *data = NULL;
        size_t bytes = 0;
        enum rc rc;

        if (lseek(fd, 0, SEEK_SET) < 0)
                return err_errno(err, "cannot read the picture");
        rc = fs_read_fd(fd, MEDIA_BYTES_MAX, &data, &bytes, err);
        if (rc == RC_TOO_BIG)
                return media_refuse(err, "media-size", "is too large");
        return rc == RC_OK ? inspect_media((const uint8_t *)data, bytes, ret, err) : rc;
}
