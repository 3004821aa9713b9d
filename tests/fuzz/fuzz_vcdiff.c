/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a delta over one source that never changes. What applies has the size that its
 * headers state, and gives the same bytes again; what does not, is refused without a fault.
 */
#include "core/base/buf.h"
#include "core/base/fs.h"
#include "delta/apply/vcdiff.h"
#include "tests/fuzz/fuzz.h"
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SOURCE_BYTES 4096
#define TARGET_MAX   MIB

static enum rc put_buf(void *arg, const void *data, size_t bytes, struct err *err)
{
        buf_append(arg, data, bytes);
        return buf_finish(arg, err);
}

static int fd_of(const void *data, size_t bytes)
{
        const int fd = memfd_create("fuzz", MFD_CLOEXEC);

        FUZZ_HOLDS(fd >= 0 && fs_write_all(fd, data, bytes, NULL) == RC_OK);
        return fd;
}

static int source_new(void)
{
        uint8_t data[SOURCE_BYTES];

        for (size_t i = 0; i < sizeof(data); i++)
                data[i] = (uint8_t)(i * i >> 3 ^ i);
        return fd_of(data, sizeof(data));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
        CLEANUP(buf_fini) struct buf first = BUF_INIT(TARGET_MAX);
        CLEANUP(buf_fini) struct buf second = BUF_INIT(TARGET_MAX);
        CLEANUP(fs_closep) int source_fd = source_new();
        CLEANUP(fs_closep) int delta_fd = fd_of(data, bytes);
        struct vcdiff_info info;
        uint64_t done = 0;
        struct err err = {.text = ""};
        const enum rc told = vcdiff_info(delta_fd, &info, &err);
        const enum rc rc =
                vcdiff_apply_to(source_fd, delta_fd, put_buf, &first, TARGET_MAX, &done, &err);

        FUZZ_HOLDS(!rc_is_fault(told));
        FUZZ_HOLDS(!rc_is_fault(rc));
        if (rc != RC_OK) {
                FUZZ_HOLDS(err.text[0] != '\0');
                return 0;
        }
        FUZZ_HOLDS(told == RC_OK && info.target_bytes == done && first.len == done);
        FUZZ_HOLDS(!info.secondary_used && info.source_bytes <= SOURCE_BYTES);
        FUZZ_HOLDS(vcdiff_apply_to(source_fd, delta_fd, put_buf, &second, done, &done, &err) ==
                   RC_OK);
        FUZZ_HOLDS(second.len == first.len &&
                   (!first.len || !memcmp(first.data, second.data, first.len)));
        return 0;
}
