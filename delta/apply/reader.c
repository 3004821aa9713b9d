/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/apply/reader.h"
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NUMBER_DIGITS_MAX 10 /* of base 128 in 64 bits */

static enum rc file_bytes(int fd, uint64_t *ret, struct err *err)
{
        struct stat st;

        if (fstat(fd, &st) < 0)
                return err_errno(err, "cannot look at a file");
        if (!S_ISREG(st.st_mode))
                return err_set(err, RC_INVALID, "not a regular file");
        *ret = (uint64_t)st.st_size;
        return RC_OK;
}

static enum rc read_at(int fd, uint64_t offset, void *ret, size_t bytes, struct err *err)
{
        uint8_t *to = ret;

        while (bytes) {
                const ssize_t got = pread(fd, to, bytes, (off_t)offset);

                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0)
                        return err_errno(err, "cannot read at %" PRIu64, offset);
                if (!got)
                        return err_set(err, RC_IO, "a file became shorter while it was read");
                to += got;
                offset += (uint64_t)got;
                bytes -= (size_t)got;
        }
        return RC_OK;
}

enum rc delta_open(struct delta_reader *reader, int fd, struct err *err)
{
        reader->fd = fd;
        reader->offset = 0;
        reader->kept_offset = 0;
        reader->kept = 0;
        return file_bytes(fd, &reader->end, err);
}

static enum rc too_short(const struct delta_reader *reader, struct err *err)
{
        return err_set(err, RC_INVALID, "the delta ends too early, at byte %" PRIu64, reader->end);
}

/* Makes at least one byte at offset ready in bytes[]. */
static enum rc delta_fill(struct delta_reader *reader, struct err *err)
{
        const uint64_t left = reader->end - reader->offset;
        const size_t want = left < sizeof(reader->bytes) ? (size_t)left : sizeof(reader->bytes);
        enum rc rc;

        if (!left)
                return too_short(reader, err);
        rc = read_at(reader->fd, reader->offset, reader->bytes, want, err);
        if (rc != RC_OK)
                return rc;
        reader->kept_offset = reader->offset;
        reader->kept = want;
        return RC_OK;
}

enum rc delta_read_byte(struct delta_reader *reader, uint8_t *ret, struct err *err)
{
        if (reader->offset - reader->kept_offset >= reader->kept) {
                const enum rc rc = delta_fill(reader, err);

                if (rc != RC_OK)
                        return rc;
        }
        *ret = reader->bytes[reader->offset - reader->kept_offset];
        reader->offset++;
        return RC_OK;
}

enum rc delta_read(struct delta_reader *reader, void *ret, size_t bytes, struct err *err)
{
        enum rc rc;

        if (bytes > reader->end - reader->offset)
                return too_short(reader, err);
        rc = read_at(reader->fd, reader->offset, ret, bytes, err);
        if (rc == RC_OK)
                reader->offset += bytes;
        return rc;
}

enum rc delta_read_number(struct delta_reader *reader, uint64_t *ret, struct err *err)
{
        uint64_t value = 0;

        for (unsigned digits = 0; digits < NUMBER_DIGITS_MAX; digits++) {
                uint8_t byte;
                const enum rc rc = delta_read_byte(reader, &byte, err);

                if (rc != RC_OK)
                        return rc;
                if (value >> 57)
                        break;
                value = value << 7 | (byte & 0x7f);
                if (!(byte & 0x80)) {
                        *ret = value;
                        return RC_OK;
                }
        }
        return err_set(err, RC_INVALID, "a number before byte %" PRIu64 " is too large",
                       reader->offset);
}

enum rc delta_skip(struct delta_reader *reader, uint64_t bytes, struct err *err)
{
        if (bytes > reader->end - reader->offset)
                return too_short(reader, err);
        reader->offset += bytes;
        return RC_OK;
}

enum rc source_open(struct source *source, int fd, struct err *err)
{
        memset(source, 0, sizeof(*source));
        source->fd = fd;
        return file_bytes(fd, &source->bytes, err);
}

void source_fini(struct source *source)
{
        free(source->blocks);
        source->blocks = NULL;
}

static enum rc source_block(struct source *source, uint64_t number, const uint8_t **ret,
                            struct err *err)
{
        const size_t slot = number % SOURCE_BLOCKS;
        const uint64_t offset = number * SOURCE_BLOCK;
        const uint64_t left = source->bytes - offset;
        uint8_t *block;
        enum rc rc;

        if (!source->blocks)
                source->blocks = malloc(SOURCE_BLOCKS * SOURCE_BLOCK);
        if (!source->blocks)
                return err_set(err, RC_NOMEM, "no memory for the source's cache");
        block = source->blocks + slot * SOURCE_BLOCK;
        if (source->held[slot] != number + 1) {
                source->held[slot] = 0;
                rc = read_at(source->fd, offset, block,
                             left < SOURCE_BLOCK ? (size_t)left : SOURCE_BLOCK, err);
                if (rc != RC_OK)
                        return rc;
                source->held[slot] = number + 1;
        }
        *ret = block;
        return RC_OK;
}

enum rc source_read(struct source *source, uint64_t offset, void *ret, size_t bytes,
                    struct err *err)
{
        uint8_t *to = ret;

        assert(offset <= source->bytes && bytes <= source->bytes - offset);

        if (bytes >= SOURCE_BLOCK)
                return read_at(source->fd, offset, ret, bytes, err);

        while (bytes) {
                const size_t skip = offset % SOURCE_BLOCK;
                const size_t here = bytes < SOURCE_BLOCK - skip ? bytes : SOURCE_BLOCK - skip;
                const uint8_t *block;
                const enum rc rc = source_block(source, offset / SOURCE_BLOCK, &block, err);

                if (rc != RC_OK)
                        return rc;
                memcpy(to, block + skip, here);
                to += here;
                offset += here;
                bytes -= here;
        }
        return RC_OK;
}
