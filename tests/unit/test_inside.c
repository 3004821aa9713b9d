/* SPDX-License-Identifier: Apache-2.0 */
/* Images are made by mksquashfs, with every compressor that it has. */
#include "core/base/buf.h"
#include "core/base/fs.h"
#include "delta/inside/image.h"
#include "delta/inside/inside_build.h"
#include "tests/lib/check.h"
#include "tests/lib/scratch.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define TARGET_MAX (64 * MIB)
#define FILE_MAX   (200 * KIB)

static const char *dir;

static uint32_t next_random(uint32_t *state)
{
        *state = *state * 1664525 + 1013904223;
        return *state >> 8;
}

/* Words, so that every compressor finds something to do. */
static void fill_text(char *ret, size_t bytes, uint32_t seed)
{
        static const char words[] = "store device model serial channel track risk branch revision";
        size_t at = 0;

        while (at < bytes) {
                const uint32_t from = next_random(&seed) % (sizeof(words) - 12);

                for (uint32_t i = 0; i < 4 + from % 7 && at < bytes; i++)
                        ret[at++] = words[from + i];
        }
}

static void fill_noise(char *ret, size_t bytes, uint32_t seed)
{
        for (size_t i = 0; i < bytes; i++)
                ret[i] = (char)next_random(&seed);
}

static const char *tree_path(const char *tree, const char *name)
{
        static char path[4096];

        snprintf(path, sizeof(path), "%s/%s/%s", dir, tree, name);
        return path;
}

static void put(const char *tree, const char *name, const void *data, size_t bytes)
{
        if (fs_write_file(tree_path(tree, name), data, bytes, 0644, NULL) != RC_OK)
                exit(1);
}

/* A hole, with a little behind it. */
static void put_sparse(const char *tree, const char *name, uint64_t hole)
{
        const int fd = open(tree_path(tree, name), O_CREAT | O_WRONLY | O_TRUNC, 0644);

        if (fd < 0 || pwrite(fd, "end", 3, (off_t)hole) != 3)
                exit(1);
        close(fd);
}

/* Two trees: the second has edits, a file that moved, one that is new, and one that went away. */
static void make_trees(void)
{
        static char text[FILE_MAX];
        static char noise[FILE_MAX];
        const char *const trees[] = {"old", "new"};

        for (unsigned i = 0; i < 2; i++) {
                if (fs_make_dirs(tree_path(trees[i], "meta/deep/er"), 0755, NULL) != RC_OK)
                        exit(1);
                fill_text(text, sizeof(text), 1);
                fill_noise(noise, sizeof(noise), 2);
                if (i) {
                        memmove(text + 60010, text + 60000, 50000);
                        memcpy(text + 60000, "an insert.", 10);
                        for (size_t at = 7; at < sizeof(noise); at += 4099)
                                noise[at] = (char)(noise[at] + 1);
                }
                put(trees[i], "text", text, sizeof(text));
                put(trees[i], "noise", noise, 60000);
                put(trees[i], i ? "moved" : "meta/deep/origin", text + 120000, 80000);
                put(trees[i], i ? "came" : "went", noise, 4000 + 100 * i);
                put(trees[i], "empty", "", 0);
                put(trees[i], "meta/snap.yaml", i ? "version: 2\n" : "version: 1\n", 11);
                put_sparse(trees[i], "sparse", 3 * MIB + i);
        }
}

/* words: what mksquashfs is told besides. */
static void make_image(const char *tree, const char *image, const char *const *words)
{
        char from[256];
        char to[256];
        const char *all[24] = {"mksquashfs", from,         to,
                               "-noappend",  "-quiet",     "-no-progress",
                               "-all-root",  "-mkfs-time", tree[0] == 'o' ? "1000" : "2000"};
        size_t count = 9;

        snprintf(from, sizeof(from), "%s/%s", dir, tree);
        snprintf(to, sizeof(to), "%s/%s", dir, image);
        while (*words)
                all[count++] = *words++;
        scratch_run(all);
}

static int open_file(const char *name)
{
        const int fd = open(scratch_path(dir, name), O_RDONLY | O_CLOEXEC);

        if (fd < 0)
                exit(1);
        return fd;
}

static int memory_file(const void *data, size_t bytes)
{
        const int fd = memfd_create("inside", MFD_CLOEXEC);

        if (fd < 0 || fs_write_all(fd, data, bytes, NULL) != RC_OK)
                exit(1);
        return fd;
}

static enum rc put_buf(void *arg, const void *data, size_t bytes, struct err *err)
{
        buf_append(arg, data, bytes);
        return buf_finish(arg, err);
}

static enum rc apply(int source_fd, const void *delta, size_t bytes, struct buf *ret,
                     struct err *err)
{
        CLEANUP(fs_closep) int delta_fd = memory_file(delta, bytes);
        const struct inside_options options = {
                .max_target_bytes = TARGET_MAX, .put = put_buf, .put_arg = ret};
        uint64_t done = 0;

        buf_clear(ret);
        return inside_apply_to(source_fd, delta_fd, &options, &done, err);
}

static void check_whole(const char *name, const struct buf *got)
{
        CLEANUP(fs_freep) char *want = NULL;
        size_t bytes = 0;

        if (fs_read_file(scratch_path(dir, name), TARGET_MAX, &want, &bytes, NULL) != RC_OK)
                exit(1);
        CHECK(got->len == bytes && (!bytes || memcmp(got->data, want, bytes) == 0));
}

/* Builds and applies; the delta's size, 0 when that failed. */
static size_t round_trip(const char *from, const char *to, struct inside_build job,
                         struct inside_built *ret)
{
        CLEANUP(buf_fini) struct buf out = BUF_INIT(TARGET_MAX);
        struct err err = {0};
        enum rc rc;

        job.source_fd = open_file(from);
        job.target_fd = open_file(to);
        memset(ret, 0, sizeof(*ret));
        rc = inside_build(&job, ret, &err);
        CHECK_RC(rc, RC_OK, &err);
        if (rc == RC_OK) {
                rc = apply(job.source_fd, ret->bytes, ret->count, &out, &err);
                CHECK_RC(rc, RC_OK, &err);
        }
        if (rc == RC_OK)
                check_whole(to, &out);
        close(job.source_fd);
        close(job.target_fd);
        return rc == RC_OK ? ret->count : 0;
}

static const struct {
        const char *what;
        const char *words[10];
        bool repacks; /* blocks of it are packed again, so that the delta is small */
} image_rows[] = {
        {"gzip", {"-comp", "gzip"}, true},
        {"gzip, level 3, a small window",
         {"-comp", "gzip", "-Xcompression-level", "3", "-Xwindow-size", "10"},
         true},
        {"gzip, several strategies",
         {"-comp", "gzip", "-Xstrategy", "default,filtered,huffman_only"},
         true},
        {"xz", {"-comp", "xz"}, true},
        {"xz as snaps have it", {"-comp", "xz", "-no-fragments", "-no-xattrs"}, true},
        {"xz, filters and a small dictionary",
         {"-comp", "xz", "-Xbcj", "x86,arm", "-Xdict-size", "8192"},
         true},
        {"xz, blocks of 1 MiB", {"-comp", "xz", "-b", "1M"}, true},
        {"xz, blocks of 4 KiB", {"-comp", "xz", "-b", "4K"}, true},
        {"zstd", {"-comp", "zstd"}, true},
        {"zstd, level 19", {"-comp", "zstd", "-Xcompression-level", "19"}, true},
        {"lz4", {"-comp", "lz4"}, true},
        {"lz4, slow", {"-comp", "lz4", "-Xhc"}, true},
        {"lzma", {"-comp", "lzma"}, true},
        {"lzo, which is not looked into", {"-comp", "lzo"}, false},
        {"nothing compressed", {"-comp", "xz", "-noI", "-noD", "-noF", "-noX"}, true},
        {"tables not compressed", {"-comp", "xz", "-noI"}, true},
        {"no export table, no duplicates found",
         {"-comp", "gzip", "-no-exports", "-no-duplicates"},
         true},
        {"padded to 64 KiB, tails packed",
         {"-comp", "xz", "-always-use-fragments", "-no-tailends"},
         true},
};

static void test_images(void)
{
        check_promise("an image of every compressor comes out bit for bit, from a small delta");
        for (size_t i = 0; i < ARRAY_COUNT(image_rows); i++) {
                struct inside_built built;
                struct stat st;
                size_t bytes;

                check_case("%s", image_rows[i].what);
                make_image("old", "old.img", image_rows[i].words);
                make_image("new", "new.img", image_rows[i].words);
                bytes = round_trip("old.img", "new.img", (struct inside_build){.threads = 2},
                                   &built);
                if (stat(scratch_path(dir, "new.img"), &st) < 0)
                        exit(1);
                if (image_rows[i].repacks)
                        CHECK(bytes && bytes < (size_t)st.st_size / 6);
                free(built.bytes);
                unlink(scratch_path(dir, "old.img"));
                unlink(scratch_path(dir, "new.img"));
        }
}

static const char *const xz_words[] = {"-comp", "xz", NULL};

static void make_pair(void)
{
        make_image("old", "old.img", xz_words);
        make_image("new", "new.img", xz_words);
}

static void test_variants(void)
{
        static const struct {
                const char *what;
                struct inside_build job;
                bool packs;
        } rows[] = {
                {"three threads", {.threads = 3}, true},
                {"the small profile", {.profile = PROFILE_SMALL}, true},
                {"little memory for the source", {.content_budget = 256 * KIB}, true},
                {"blocks travel as they are", {.as_they_are = 1U << CODEC_XZ}, false},
        };
        struct inside_built first;

        check_promise(
                "a delta does not depend on the number of threads, and says how it was asked for");
        round_trip("old.img", "new.img", (struct inside_build){.threads = 1}, &first);
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                struct inside_header header = {.codec_count = 0};
                struct inside_built built;
                struct err err = {0};
                int fd;

                check_case("%s", rows[i].what);
                round_trip("old.img", "new.img", rows[i].job, &built);
                fd = memory_file(built.bytes, built.count);
                CHECK_RC(inside_info(fd, &header, &err), RC_OK, &err);
                CHECK_INT(header.profile, rows[i].job.profile);
                CHECK_INT(header.codec_count, rows[i].packs);
                if (rows[i].job.threads)
                        CHECK_BYTES(built.bytes, built.count, first.bytes, first.count);
                close(fd);
                free(built.bytes);
        }
        free(first.bytes);
}

static void test_files(void)
{
        static const struct {
                const char *what;
                const char *from;
                const char *to;
                size_t max_bytes;
        } rows[] = {
                {"identical images", "new.img", "new.img", 1000},
                {"from nothing", "nothing", "new.img", SIZE_MAX},
                {"to nothing", "new.img", "nothing", 1000},
                {"nothing to nothing", "nothing", "nothing", 1000},
                {"plain files", "old/noise", "new/noise", 4000},
                {"an image from a plain file", "old/noise", "new.img", SIZE_MAX},
                {"a plain file from an image", "old.img", "new/text", SIZE_MAX},
                {"unrelated files", "old/noise", "new/text", SIZE_MAX},
                {"one byte", "new.img", "one", 1000},
        };

        check_promise("files of any kind come out bit for bit");
        put(".", "nothing", "", 0);
        put(".", "one", "1", 1);
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                struct inside_built built;

                check_case("%s", rows[i].what);
                CHECK(round_trip(rows[i].from, rows[i].to, (struct inside_build){.threads = 1},
                                 &built) <= rows[i].max_bytes);
                free(built.bytes);
        }
}

static enum rc print_other(void *arg, unsigned codec, uint8_t ret[CODEC_PRINT_BYTES],
                           struct err *err)
{
        (void)arg, (void)codec, (void)err;
        memset(ret, 0x5a, CODEC_PRINT_BYTES);
        return RC_OK;
}

static void test_prints(void)
{
        CLEANUP(buf_fini) struct buf out = BUF_INIT(TARGET_MAX);
        CLEANUP(fs_closep) int source_fd = open_file("old.img");
        struct inside_options options = {.max_target_bytes = TARGET_MAX,
                                         .put = put_buf,
                                         .put_arg = &out,
                                         .print = print_other};
        struct inside_built built;
        struct err err = {0};
        uint64_t bytes = 0;
        int fd;

        check_promise("a library that packs otherwise is noticed before anything is written");
        round_trip("old.img", "new.img", (struct inside_build){.threads = 1}, &built);
        fd = memory_file(built.bytes, built.count);
        CHECK_RC(inside_apply_to(source_fd, fd, &options, &bytes, &err), RC_UNSUPPORTED, &err);
        CHECK(strstr(err.text, "liblzma"));
        CHECK_INT(out.len, 0);
        close(fd);
        free(built.bytes);

        check_promise("a delta whose blocks travel as they are needs no library");
        round_trip("old.img", "new.img", (struct inside_build){.as_they_are = ~0U}, &built);
        fd = memory_file(built.bytes, built.count);
        CHECK_RC(inside_apply_to(source_fd, fd, &options, &bytes, &err), RC_OK, &err);
        check_whole("new.img", &out);
        close(fd);
        free(built.bytes);
}

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

/* Edits of all kinds in files of all sizes. */
static void test_random_edits(void)
{
        CLEANUP(buf_fini) struct buf out = BUF_INIT(TARGET_MAX);
        static char old[200000];
        static char new[260000];
        uint32_t state = 11;

        check_promise("whatever was edited, the target comes out bit for bit");
        for (unsigned round = 0; round < 24; round++) {
                const size_t old_bytes = next_random(&state) % sizeof(old);
                struct inside_build job = {.profile = round & 1};
                struct inside_built built = {.bytes = NULL};
                struct err err = {0};
                size_t new_bytes = 0;

                check_case("round %u", round);
                (round % 3 ? fill_text : fill_noise)(old, old_bytes, round);
                while (new_bytes < sizeof(new) - 70000 && next_random(&state) % 9) {
                        const size_t from = old_bytes ? next_random(&state) % old_bytes : 0;
                        size_t bytes = next_random(&state) % 60000;

                        if (bytes > old_bytes - from)
                                bytes = old_bytes - from;
                        memcpy(new + new_bytes, old + from, bytes);
                        for (size_t i = 0; i < bytes; i += 1 + next_random(&state) % 300)
                                new[new_bytes + i] = (char)next_random(&state);
                        new_bytes += bytes;
                        bytes = next_random(&state) % 300;
                        fill_noise(new + new_bytes, bytes, state);
                        new_bytes += bytes;
                }
                job.source_fd = memory_file(old, old_bytes);
                job.target_fd = memory_file(new, new_bytes);
                CHECK_RC(inside_build(&job, &built, &err), RC_OK, &err);
                CHECK_RC(apply(job.source_fd, built.bytes, built.count, &out, &err), RC_OK, &err);
                CHECK_BYTES(out.data, out.len, new, new_bytes);
                close(job.source_fd);
                close(job.target_fd);
                free(built.bytes);
        }
}

static bool stop_at_once(void *arg, uint64_t done, uint64_t all)
{
        (void)done, (void)all;
        (*(unsigned *)arg)++;
        return false;
}

static void test_ends(void)
{
        unsigned asked = 0;
        struct inside_build job = {.progress = stop_at_once, .progress_arg = &asked};
        struct inside_built built = {.bytes = NULL};
        struct err err = {0};

        job.source_fd = open_file("old.img");
        job.target_fd = open_file("new.img");
        check_promise("building ends when it is told to");
        CHECK_RC(inside_build(&job, &built, &err), RC_END, &err);
        CHECK(asked == 1 && !built.bytes);
        check_promise("building ends when the delta is not worth it");
        job.progress = NULL;
        job.max_bytes = 200;
        CHECK_RC(inside_build(&job, &built, &err), RC_NOT_WORTH, &err);
        CHECK(!built.bytes);
        close(job.source_fd);
        close(job.target_fd);
}

int main(void)
{
        CLEANUP(scratch_freep) char *scratch = scratch_new();

        dir = scratch;
        make_trees();
        test_images();
        make_pair();
        test_variants();
        test_files();
        test_prints();
        test_damage();
        test_bad_images();
        test_random_edits();
        test_ends();
        return check_end();
}
