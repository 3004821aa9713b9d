/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/worker/icon.h"
#include "core/base/fs.h"
#include "delta/worker/inspect_media.h"
#include "delta/worker/squash.h"

static enum rc icon_read(struct squash *squash, char **ret, size_t *ret_bytes, struct err *err)
{
        static const char *const names[] = {"icon.png", "icon.jpg", "icon.jpeg", "icon.svg"};
        enum rc rc = RC_NOT_FOUND;

        for (size_t i = 0; rc == RC_NOT_FOUND && i < ARRAY_COUNT(names); i++)
                rc = squash_read_file(squash, "meta/gui", names[i], MEDIA_ICON_BYTES_MAX, ret,
                                      ret_bytes, err);
        return rc;
}

enum rc icon_extract(int snap_fd, int out_fd, struct media_info *ret, uint64_t *ret_bytes,
                     struct err *err)
{
        CLEANUP(squash_freep) struct squash *squash = NULL;
        CLEANUP(fs_freep) char *data = NULL;
        struct media_info info;
        size_t bytes = 0;
        enum rc rc;

        rc = squash_open(snap_fd, &squash, err);
        if (rc == RC_OK)
                rc = icon_read(squash, &data, &bytes, err);
        if (rc == RC_OK)
                rc = inspect_media((const uint8_t *)data, bytes, &info, err);
        if (rc == RC_OK)
                rc = media_check(MEDIA_ICON, &info, bytes, err);
        if (rc == RC_OK)
                rc = fs_write_all(out_fd, data, bytes, err);
        if (rc != RC_OK)
                return rc;
        *ret = info;
        *ret_bytes = bytes;
        return RC_OK;
}
