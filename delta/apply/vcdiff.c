/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/apply/vcdiff.h"
#include "core/base/fs.h"
#include "delta/apply/window.h"
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_SECONDARY  0x01
#define HEADER_CODE_TABLE 0x02
#define HEADER_APP        0x04
#define APP_HEADER_MAX    (64 * KIB) /* xdelta3 puts two file names there */

static enum rc read_file_header(struct delta_reader *delta, struct vcdiff_info *ret,
                                struct err *err)
{
        static const uint8_t magic[4] = {0xd6, 0xc3, 0xc4, 0x00};
        uint8_t head[5];
        uint8_t id;
        uint64_t app_bytes;
        enum rc rc;

        rc = delta_read(delta, head, sizeof(head), err);
        if (rc != RC_OK)
                return rc;
        if (memcmp(head, magic, sizeof(magic)) != 0)
                return err_set(err, RC_INVALID, "not a VCDIFF delta");
        if (head[4] & ~(HEADER_SECONDARY | HEADER_CODE_TABLE | HEADER_APP))
                return err_set(err, RC_INVALID, "unknown bits in the header: 0x%02x", head[4]);
        if (head[4] & HEADER_CODE_TABLE)
                return err_set(err, RC_UNSUPPORTED, "the delta brings a code table of its own");
        ret->secondary = (head[4] & HEADER_SECONDARY) != 0;
        ret->has_app_header = (head[4] & HEADER_APP) != 0;
        if (ret->secondary) {
                rc = delta_read_byte(delta, &id, err);
                if (rc != RC_OK)
                        return rc;
        }
        if (!ret->has_app_header)
                return RC_OK;
        rc = delta_read_number(delta, &app_bytes, err);
        if (rc != RC_OK)
                return rc;
        if (app_bytes > APP_HEADER_MAX)
                return err_set(err, RC_TOO_BIG, "an application header of %" PRIu64 " bytes",
                               app_bytes);
        return delta_skip(delta, app_bytes, err);
}

static void count_window(struct vcdiff_info *info, const struct window *window)
{
        const uint64_t source_end = window->source_offset + window->source_bytes;

        info->windows++;
        info->target_bytes += window->target_bytes;
        info->checksums = info->checksums && window->has_checksum;
        info->secondary_used = info->secondary_used || window->is_compressed;
        if (window->target_bytes > info->max_window_bytes)
                info->max_window_bytes = window->target_bytes;
        if (window->source_bytes && source_end > info->source_bytes)
                info->source_bytes = source_end;
}

enum rc vcdiff_info(int delta_fd, struct vcdiff_info *ret, struct err *err)
{
        struct vcdiff_info info = {.checksums = true};
        struct delta_reader delta;
        struct window window;
        enum rc rc;

        assert(ret);

        rc = delta_open(&delta, delta_fd, err);
        if (rc != RC_OK)
                return rc;
        rc = read_file_header(&delta, &info, err);
        if (rc != RC_OK)
                return rc;
        while (delta.offset < delta.end) {
                rc = window_read_header(&delta, &window, err);
                if (rc != RC_OK)
                        return rc;
                rc = delta_skip(&delta, window_sections_bytes(&window), err);
                if (rc != RC_OK)
                        return rc;
                count_window(&info, &window);
        }
        *ret = info;
        return RC_OK;
}

static enum rc apply_windows(struct delta_reader *delta, struct window_decoder *decoder,
                             vcdiff_put put, void *arg, uint64_t max_target_bytes,
                             uint64_t *ret_bytes, struct err *err)
{
        uint64_t done = 0;
        struct window window;
        const uint8_t *target;
        enum rc rc;

        while (delta->offset < delta->end) {
                rc = window_read_header(delta, &window, err);
                if (rc != RC_OK)
                        return rc;
                if (window.target_bytes > max_target_bytes - done)
                        return err_set(err, RC_TOO_BIG, "the target is over %" PRIu64 " bytes",
                                       max_target_bytes);
                rc = window_decode(decoder, delta, &window, &target, err);
                if (rc != RC_OK)
                        return rc;
                rc = put(arg, target, window.target_bytes, err);
                if (rc != RC_OK)
                        return rc;
                done += window.target_bytes;
        }
        *ret_bytes = done;
        return RC_OK;
}

enum rc vcdiff_apply_to(int source_fd, int delta_fd, vcdiff_put put, void *arg,
                        uint64_t max_target_bytes, uint64_t *ret_bytes, struct err *err)
{
        CLEANUP(window_decoder_freep) struct window_decoder *decoder = NULL;
        struct vcdiff_info info = {0};
        struct delta_reader delta;
        enum rc rc;

        assert(put && ret_bytes);

        rc = delta_open(&delta, delta_fd, err);
        if (rc != RC_OK)
                return rc;
        rc = read_file_header(&delta, &info, err);
        if (rc != RC_OK)
                return rc;
        rc = window_decoder_new(source_fd, &decoder, err);
        if (rc != RC_OK)
                return rc;
        return apply_windows(&delta, decoder, put, arg, max_target_bytes, ret_bytes, err);
}

static enum rc put_to_file(void *arg, const void *data, size_t bytes, struct err *err)
{
        return fs_write_all(*(const int *)arg, data, bytes, err);
}

enum rc vcdiff_apply(int source_fd, int delta_fd, int out_fd, uint64_t max_target_bytes,
                     uint64_t *ret_bytes, struct err *err)
{
        return vcdiff_apply_to(source_fd, delta_fd, put_to_file, &out_fd, max_target_bytes,
                               ret_bytes, err);
}
