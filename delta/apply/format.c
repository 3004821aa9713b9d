/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/apply/format.h"
#include "delta/apply/inside.h"
#include "delta/apply/reader.h"
#include "delta/apply/vcdiff.h"
#include <string.h>

#define HEAD_BYTES 8

static enum rc measure_inside(int delta_fd, uint64_t *ret_target_bytes, struct err *err)
{
        struct inside_header header;
        const enum rc rc = inside_info(delta_fd, &header, err);

        if (rc == RC_OK)
                *ret_target_bytes = header.target_bytes;
        return rc;
}

static enum rc apply_inside(int source_fd, int delta_fd, uint64_t max_target_bytes, delta_put put,
                            void *arg, uint64_t *ret_bytes, struct err *err)
{
        const struct inside_options options = {
                .max_target_bytes = max_target_bytes, .put = put, .put_arg = arg};

        return inside_apply_to(source_fd, delta_fd, &options, ret_bytes, err);
}

static bool is_vcdiff(const uint8_t *head, size_t bytes)
{
        return bytes >= 3 && memcmp(head, "\xd6\xc3\xc4", 3) == 0;
}

static enum rc measure_vcdiff(int delta_fd, uint64_t *ret_target_bytes, struct err *err)
{
        struct vcdiff_info info;
        const enum rc rc = vcdiff_info(delta_fd, &info, err);

        if (rc == RC_OK)
                *ret_target_bytes = info.target_bytes;
        return rc;
}

static enum rc apply_vcdiff(int source_fd, int delta_fd, uint64_t max_target_bytes, delta_put put,
                            void *arg, uint64_t *ret_bytes, struct err *err)
{
        return vcdiff_apply_to(source_fd, delta_fd, put, arg, max_target_bytes, ret_bytes, err);
}

const struct delta_format delta_formats[DELTA_FORMATS] = {
        {"storehouse-1", true, inside_is_delta, measure_inside, apply_inside},
        {"xdelta3", false, is_vcdiff, measure_vcdiff, apply_vcdiff},
};

const struct delta_format *delta_format_find(const char *name)
{
        for (size_t i = 0; i < DELTA_FORMATS; i++) {
                if (strcmp(delta_formats[i].name, name) == 0)
                        return &delta_formats[i];
        }
        return NULL;
}

enum rc delta_format_detect(int delta_fd, const struct delta_format **ret, struct err *err)
{
        struct delta_reader reader;
        uint8_t head[HEAD_BYTES];
        size_t bytes;
        enum rc rc = delta_open(&reader, delta_fd, err);

        if (rc != RC_OK)
                return rc;
        bytes = reader.end < HEAD_BYTES ? (size_t)reader.end : HEAD_BYTES;
        rc = delta_read(&reader, head, bytes, err);
        if (rc != RC_OK)
                return rc;
        for (size_t i = 0; i < DELTA_FORMATS; i++) {
                if (delta_formats[i].is_one(head, bytes)) {
                        *ret = &delta_formats[i];
                        return RC_OK;
                }
        }
        return err_set(err, RC_INVALID, "not a delta of a format that is known");
}
