/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first byte chooses: the rest is read as an image, or as a storehouse-1 delta over a source
 * that never changes. Checksums would stop everything, so those of the delta are made right first.
 */
#include "core/base/fs.h"
#include "delta/apply/inside.h"
#include "delta/inside/image.h"
#include "tests/fuzz/fuzz.h"
#include <string.h>
#include <sys/mman.h>
#include <zlib.h>

#define SOURCE_BYTES 4096
#define TARGET_MAX   MIB

static enum rc put_nothing(void *arg, const void *data, size_t bytes, struct err *err)
{
        (void)data, (void)err;
        *(uint64_t *)arg += bytes;
        return RC_OK;
}

static int fd_of(const void *data, size_t bytes)
{
        const int fd = memfd_create("fuzz", MFD_CLOEXEC);

        FUZZ_HOLDS(fd >= 0 && fs_write_all(fd, data, bytes, NULL) == RC_OK);
        return fd;
}

static void put_u32(uint8_t *at, uint32_t number)
{
        for (unsigned i = 0; i < 4; i++)
                at[i] = (uint8_t)(number >> 8 * i);
}

static uint64_t get_le(const uint8_t *at, unsigned bytes)
{
        uint64_t number = 0;

        for (unsigned i = bytes; i > 0; i--)
                number = number << 8 | at[i - 1];
        return number;
}

/* The two streams' checksums, then the header's. */
static void mend(uint8_t *delta, size_t bytes)
{
        const uint64_t head = bytes >= 16 ? get_le(delta + 12, 4) : 0;
        uint64_t at = head;

        if (head < 64 || head > bytes)
                return;
        for (unsigned i = 0; i < 2; i++) {
                uint8_t *row = delta + head - 44 + 20 * i;
                const uint64_t packed = get_le(row + 8, 8);

                if (packed > bytes - at)
                        return;
                put_u32(row + 16, (uint32_t)crc32_z(0, delta + at, packed));
                at += packed;
        }
        put_u32(delta + head - 4, (uint32_t)crc32_z(0, delta, head - 4));
}

static int print_any(const uint8_t *delta, size_t bytes, struct inside_header *ret)
{
        CLEANUP(fs_closep) int fd = fd_of(delta, bytes);
        struct err err = {.text = ""};

        return inside_info(fd, ret, &err) == RC_OK;
}

static enum rc print_of(void *arg, unsigned codec, uint8_t ret[CODEC_PRINT_BYTES], struct err *err)
{
        const struct inside_header *header = arg;

        (void)err;
        for (unsigned i = 0; i < header->codec_count; i++) {
                if (header->codecs[i].id == codec)
                        memcpy(ret, header->codecs[i].print, CODEC_PRINT_BYTES);
        }
        return RC_OK;
}

static void run_delta(uint8_t *delta, size_t bytes)
{
        uint8_t source[SOURCE_BYTES];
        struct inside_header header = {.codec_count = 0};
        uint64_t done = 0;
        uint64_t told = 0;
        struct inside_options options = {.max_target_bytes = TARGET_MAX,
                                         .put = put_nothing,
                                         .put_arg = &done,
                                         .print = print_of,
                                         .print_arg = &header};
        struct err err = {.text = ""};
        int source_fd, delta_fd;
        enum rc rc;

        for (size_t i = 0; i < sizeof(source); i++)
                source[i] = (uint8_t)(i * i >> 3 ^ i);
        mend(delta, bytes);
        if (!print_any(delta, bytes, &header))
                return;
        source_fd = fd_of(source, sizeof(source));
        delta_fd = fd_of(delta, bytes);
        rc = inside_apply_to(source_fd, delta_fd, &options, &told, &err);
        FUZZ_HOLDS(!rc_is_fault(rc) && done <= TARGET_MAX);
        FUZZ_HOLDS(rc == RC_OK ? told == done : err.text[0] != '\0');
        fs_closep(&source_fd);
        fs_closep(&delta_fd);
}

static void run_image(const uint8_t *bytes, size_t count)
{
        struct image image;
        struct err err = {.text = ""};
        const enum rc rc = image_read(bytes, count, &image, &err);
        uint64_t at = 0;

        FUZZ_HOLDS(!rc_is_fault(rc));
        if (rc != RC_OK) {
                FUZZ_HOLDS(err.text[0] != '\0');
                return;
        }
        /* The blocks are the whole image, in order. */
        for (uint32_t i = 0; i < image.block_count; i++) {
                FUZZ_HOLDS(block_begin(&image.blocks[i]) == at);
                at = block_end(&image.blocks[i]);
        }
        FUZZ_HOLDS(at == count);
        image_fini(&image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
        CLEANUP(fs_freep) uint8_t *copy = malloc(bytes + 1);

        FUZZ_HOLDS(copy);
        if (!bytes)
                return 0;
        memcpy(copy, data + 1, bytes - 1);
        if (data[0] & 1)
                run_delta(copy, bytes - 1);
        else
                run_image(copy, bytes - 1);
        return 0;
}
