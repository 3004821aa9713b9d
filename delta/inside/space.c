/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/inside/space.h"
#include "delta/apply/codec.h"
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define PAGE      ((uint64_t)64 * KIB) /* at least a page of any machine */
#define SPACE_MAX ((uint64_t)UINT32_MAX - PAGE)
/* Reads of a few bytes behind the end are harmless. */
#define SPARE PAGE

static uint64_t round_up(uint64_t bytes)
{
        return (bytes + PAGE - 1) / PAGE * PAGE;
}

enum rc space_open(int fd, uint64_t budget_bytes, struct space *ret, struct err *err)
{
        struct stat st;
        void *base;

        memset(ret, 0, sizeof(*ret));
        if (fstat(fd, &st) < 0)
                return err_errno(err, "cannot look at the source");
        if (!S_ISREG(st.st_mode))
                return err_set(err, RC_INVALID, "the source is no file");
        if ((uint64_t)st.st_size > IMAGE_BYTES_MAX)
                return err_set(err, RC_TOO_BIG, "the source has over %zu bytes", IMAGE_BYTES_MAX);
        ret->raw_bytes = (uint32_t)st.st_size;
        ret->plain_begin = ret->plain_end = (uint32_t)round_up(ret->raw_bytes);
        ret->budget_bytes = budget_bytes < SPACE_MAX - ret->plain_begin
                                    ? budget_bytes
                                    : SPACE_MAX - ret->plain_begin;
        ret->room = (uint64_t)ret->plain_begin + ret->budget_bytes + SPARE;
        base = mmap(NULL, ret->room, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (base == MAP_FAILED)
                return err_errno(err, "no room to map the source");
        ret->base = base;
        if (ret->raw_bytes &&
            mmap(base, ret->raw_bytes, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0) == MAP_FAILED) {
                const enum rc rc = err_errno(err, "cannot map the source");

                space_fini(ret);
                return rc;
        }
        return RC_OK;
}

void space_fini(struct space *space)
{
        if (space->base)
                munmap(space->base, space->room);
        free(space->place);
        free(space->placed);
        memset(space, 0, sizeof(*space));
}

enum rc space_plan(struct space *space, const struct image *image, const uint8_t *wanted,
                   struct err *err)
{
        uint64_t end = space->plain_begin;

        space->image = image;
        space->placed = calloc((size_t)image->block_count + 1, sizeof(*space->placed));
        space->place = calloc((size_t)image->block_count + 1, sizeof(*space->place));
        if (!space->place || !space->placed)
                return err_set(err, RC_NOMEM, "no memory for %" PRIu32 " blocks",
                               image->block_count);
        for (uint32_t i = 0; i < image->block_count; i++) {
                const struct block *block = &image->blocks[i];
                space->place[i] = SPACE_NONE;
                if (!block->codec)
                        space->place[i] = (uint32_t)block->offset;
                else if (wanted[i] &&
                         end - space->plain_begin + block->plain_bytes <= space->budget_bytes) {
                        space->place[i] = (uint32_t)end;
                        space->placed[space->placed_count++] = i;
                        end += block->plain_bytes;
                }
        }
        space->plain_end = (uint32_t)end;
        return RC_OK;
}

enum rc space_load_block(struct space *space, uint32_t block, struct err *err)
{
        const struct block *row = &space->image->blocks[block];
        size_t bytes = 0;
        enum rc rc;

        if (!row->codec || space->place[block] == SPACE_NONE)
                return RC_OK;
        rc = codec_expand(row->codec, space->base + row->offset, row->packed_bytes,
                          space->base + space->place[block], row->plain_bytes, &bytes, err);
        if (rc == RC_OK && bytes != row->plain_bytes)
                rc = err_set_code(err, RC_INVALID, "image-block", "it expands to %zu bytes", bytes);
        return rc == RC_OK ? rc : err_prefix(err, rc, "the block at %" PRIu64, row->offset);
}

uint32_t space_block_at(const struct space *space, uint32_t position)
{
        uint32_t low = 0;
        uint32_t high = space->placed_count;

        assert(position >= space->plain_begin && position < space->plain_end);
        while (high - low > 1) {
                const uint32_t middle = low + (high - low) / 2;

                if (space->place[space->placed[middle]] <= position)
                        low = middle;
                else
                        high = middle;
        }
        return space->placed[low];
}
