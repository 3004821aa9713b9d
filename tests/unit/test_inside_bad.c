/* SPDX-License-Identifier: Apache-2.0 */
/* Deltas and images that are damaged. */
#include "tests/unit/inside_world.h"

/* A delta of an edited text: short, so that every cut and every bit can be tried. */
static void test_damage(void)
{
        CLEANUP(buf_fini) struct buf out = BUF_INIT(TARGET_MAX);
        static char text[30000];
        struct inside_built built = {.bytes = NULL};
        struct inside_build job;
        struct err err = {0};

        fill_text(text, sizeof(text), 3);
        job = (struct inside_build){.source_fd = memory_file(text, sizeof(text))};
        memcpy(text + 1000, "changed", 7);
        job.target_fd = memory_file(text, sizeof(text));
        CHECK_RC(inside_build(&job, &built, &err), RC_OK, &err);

        check_promise("a delta that was cut is refused, and nothing is written");
        for (size_t bytes = 0; bytes < built.count; bytes++) {
                check_case("%zu of %zu bytes", bytes, built.count);
                CHECK(apply(job.source_fd, built.bytes, bytes, &out, &err) != RC_OK && err.text[0]);
                CHECK_INT(out.len, 0);
        }
        check_promise("a delta with a bit turned is refused, and nothing is written");
        for (size_t bit = 0; bit < built.count * 8; bit++) {
                check_case("bit %zu", bit);
                built.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
                CHECK(apply(job.source_fd, built.bytes, built.count, &out, &err) != RC_OK);
                CHECK_INT(out.len, 0);
                built.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        check_promise("a delta is for one source");
        CHECK_RC(apply(job.target_fd, built.bytes, built.count, &out, &err), RC_CONFLICT, &err);
        CHECK_INT(out.len, 0);
        close(job.source_fd);
        close(job.target_fd);
        free(built.bytes);
}

static void put_le(uint8_t *at, uint64_t number, unsigned bytes)
{
        for (unsigned i = 0; i < bytes; i++)
                at[i] = (uint8_t)(number >> 8 * i);
}

/* Of a superblock: where, how many bytes, what is put there, and the code of the refusal. */
static const struct {
        const char *what;
        unsigned at, bytes;
        uint64_t value;
        const char *code;
} image_damage[] = {
        {"a compressor that nobody has", 20, 2, 9, "image-compressor"},
        {"another version", 28, 2, 3, "image-version"},
        {"a block size of 3", 12, 4, 3, "image-super"},
        {"a block size of 2 GiB", 12, 4, 0x80000000, "image-super"},
        {"four thousand million inodes", 4, 4, 0xffffffff, "image-super"},
        {"longer than its file", 40, 8, (uint64_t)1 << 40, "image-truncated"},
        {"inodes behind the end", 64, 8, (uint64_t)1 << 40, "image-table"},
        {"inodes before the data, folders before them", 72, 8, 0, "image-table"},
        {"inodes where data is", 64, 8, 96, NULL},
        {"ids behind the end", 48, 8, (uint64_t)1 << 50, "image-table"},
        {"a root that is no inode", 32, 8, 0xffff0000, "image-reference"},
        {"fragments behind the end", 80, 8, (uint64_t)1 << 60, "image-table"},
        {"more fragments than there are", 16, 4, 1 << 20, NULL},
        {"fewer inodes than there are", 4, 4, 3, NULL},
};

static void test_bad_images(void)
{
        CLEANUP(fs_freep) char *bytes = NULL;
        size_t count = 0;

        check_promise("an image that is damaged is refused by name, whatever it states");
        if (fs_read_file(scratch_path(dir, "new.img"), TARGET_MAX, &bytes, &count, NULL) != RC_OK)
                exit(1);
        for (size_t i = 0; i < ARRAY_COUNT(image_damage); i++) {
                CLEANUP(fs_freep) uint8_t *bad = malloc(count);
                struct image image;
                struct err err = {0};

                check_case("%s", image_damage[i].what);
                memcpy(bad, bytes, count);
                put_le(bad + image_damage[i].at, image_damage[i].value, image_damage[i].bytes);
                CHECK_RC(image_read(bad, count, &image, &err), RC_INVALID, &err);
                CHECK(err.text[0]);
                if (image_damage[i].code)
                        CHECK_TEXT(err.code, image_damage[i].code);
        }
        check_promise("an image that was cut is refused");
        for (size_t cut = 96; cut < count - 4096; cut += count / 97) {
                CLEANUP(fs_freep) uint8_t *bad = malloc(cut);
                struct image image;
                struct err err = {0};

                check_case("%zu of %zu bytes", cut, count);
                memcpy(bad, bytes, cut);
                CHECK_RC(image_read(bad, cut, &image, &err), RC_INVALID, &err);
                CHECK_TEXT(err.code, "image-truncated");
        }
}

int main(void)
{
        CLEANUP(scratch_freep) char *scratch = scratch_new();

        dir = scratch;
        make_trees();
        make_pair();
        test_damage();
        test_bad_images();
        return check_end();
}
