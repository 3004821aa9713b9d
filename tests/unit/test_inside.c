/* SPDX-License-Identifier: Apache-2.0 */
/* Images are made by mksquashfs, with every compressor that it has. */
#include "tests/unit/inside_world.h"
#include <zlib.h>

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

/* Two members behind some other bytes; the first one is new's text or old's. */
static void make_archive(const char *tree, const char *name)
{
        CLEANUP(fs_freep) char *text = NULL;
        static uint8_t out[2 * FILE_MAX];
        size_t bytes = 0;
        size_t at = 5;

        if (fs_read_file(tree_path(tree, "text"), FILE_MAX, &text, &bytes, NULL) != RC_OK)
                exit(1);
        memcpy(out, "bytes", 5);
        for (unsigned i = 0; i < 2; i++) {
                z_stream stream = {.next_in = (Bytef *)text,
                                   .avail_in = (uInt)(i ? bytes / 2 : bytes),
                                   .next_out = out + at,
                                   .avail_out = (uInt)(sizeof(out) - at)};

                if (deflateInit2(&stream, i ? 6 : 9, Z_DEFLATED, 31, 8, 0) != Z_OK ||
                    deflate(&stream, Z_FINISH) != Z_STREAM_END)
                        exit(1);
                at = sizeof(out) - stream.avail_out;
                deflateEnd(&stream);
        }
        put(".", name, out, at);
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
                {"gzip members", "old.gz", "new.gz", 3000},
                {"an image from a plain file", "old/noise", "new.img", SIZE_MAX},
                {"a plain file from an image", "old.img", "new/text", SIZE_MAX},
                {"unrelated files", "old/noise", "new/text", SIZE_MAX},
                {"one byte", "new.img", "one", 1000},
        };

        check_promise("files of any kind come out bit for bit");
        make_archive("old", "old.gz");
        make_archive("new", "new.gz");
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
        test_random_edits();
        test_ends();
        return check_end();
}
