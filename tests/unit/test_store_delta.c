/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments: store-delta, storehouse-worker, and store-delta-static where it is built. */
#include "core/base/fs.h"
#include "core/crypto/hash.h"
#include "tests/lib/check.h"
#include "tests/lib/scratch.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILE_BYTES 300000
#define WORDS_MAX  8
#define IMAGE_TEXT (6 * MIB)

static char *tool;
static char *static_tool; /* NULL: not built */
static const char *dir;

/* Runs a program in the scratch folder; its exit status. Output goes to out.txt. */
static int run_program(const char *program, const char *const *words)
{
        const char *all[WORDS_MAX + 2] = {program};
        int status = -1;
        pid_t pid;

        for (size_t i = 0; i < WORDS_MAX && words[i]; i++)
                all[i + 1] = words[i];
        pid = fork();
        if (pid == 0) {
                if (chdir(dir) < 0)
                        _exit(126);
                dup2(open("out.txt", O_WRONLY | O_CREAT | O_TRUNC, 0644), STDOUT_FILENO);
                dup2(STDOUT_FILENO, STDERR_FILENO);
                execv(program, (char *const *)all);
                _exit(127);
        }
        if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
                return -1;
        return WEXITSTATUS(status);
}

#define RUN(...) run_program(tool, (const char *const[WORDS_MAX + 1]){__VA_ARGS__})

static bool said(const char *text)
{
        CLEANUP(fs_freep) char *out = NULL;
        size_t bytes = 0;

        return fs_read_file(scratch_path(dir, "out.txt"), MIB, &out, &bytes, NULL) == RC_OK &&
               strstr(out, text);
}

static void put(const char *name, const void *data, size_t bytes)
{
        if (fs_write_file(scratch_path(dir, name), data, bytes, 0644, NULL) != RC_OK)
                exit(1);
}

static bool is_there(const char *name)
{
        return fs_exists(scratch_path(dir, name));
}

static char old_data[FILE_BYTES];
static char new_data[FILE_BYTES];

static void make_files(void)
{
        unsigned state = 3;

        for (size_t i = 0; i < FILE_BYTES; i++) {
                state = state * 1103515245 + 12345;
                old_data[i] = (char)(state >> 16);
        }
        memcpy(new_data, old_data + 1000, FILE_BYTES - 1000);
        memset(new_data + FILE_BYTES - 1000, 'x', 1000);
        put("old", old_data, FILE_BYTES);
        put("new", new_data, FILE_BYTES);
        put("text", "no delta", 8);
        put("empty", "", 0);
}

static void check_content(const char *name, const char *want)
{
        CLEANUP(fs_freep) char *got = NULL;
        size_t bytes = 0;

        if (fs_read_file(scratch_path(dir, name), MIB, &got, &bytes, NULL) != RC_OK)
                bytes = 0;
        CHECK_BYTES(got, bytes, want, FILE_BYTES);
}

static void check_equal(const char *left, const char *right)
{
        CLEANUP(fs_freep) char *a = NULL;
        CLEANUP(fs_freep) char *b = NULL;
        size_t a_bytes = 0;
        size_t b_bytes = 1;

        (void)!fs_read_file(scratch_path(dir, left), 16 * MIB, &a, &a_bytes, NULL);
        (void)!fs_read_file(scratch_path(dir, right), 16 * MIB, &b, &b_bytes, NULL);
        CHECK(a_bytes == b_bytes && a && b && memcmp(a, b, a_bytes) == 0);
}

static void test_round_trip(void)
{
        char hex[DIGEST_HEX_CHARS + 1];
        struct digest digest;

        check_promise("what build makes, apply turns back into the new file");
        CHECK_INT(RUN("build", "old", "new", "delta"), 0);
        CHECK(said("proved"));
        CHECK(!is_there("delta.partial"));
        CHECK_INT(RUN("apply", "old", "delta", "again"), 0);
        check_content("again", new_data);
        check_case("with a digest");
        sha3_384(new_data, FILE_BYTES, &digest);
        digest_hex(&digest, hex);
        CHECK_INT(RUN("apply", "--sha3-384", hex, "old", "delta", "again"), 0);
        check_case("over the old file itself");
        put("inplace", old_data, FILE_BYTES);
        CHECK_INT(RUN("apply", "inplace", "delta", "inplace"), 0);
        check_content("inplace", new_data);
        check_case("over what a run before left behind");
        put("late.partial", "rubbish", 7);
        CHECK_INT(RUN("apply", "old", "delta", "late"), 0);
        check_content("late", new_data);
        check_case("equal inputs give equal deltas");
        CHECK_INT(RUN("build", "old", "new", "delta2"), 0);
        {
                CLEANUP(fs_freep) char *a = NULL;
                CLEANUP(fs_freep) char *b = NULL;
                size_t a_bytes = 0;
                size_t b_bytes = 1;

                (void)!fs_read_file(scratch_path(dir, "delta"), MIB, &a, &a_bytes, NULL);
                (void)!fs_read_file(scratch_path(dir, "delta2"), MIB, &b, &b_bytes, NULL);
                CHECK_BYTES(a, a_bytes, b, b_bytes);
        }
}

static void test_info(void)
{
        check_promise("info tells what a delta is, formats what can be made");
        CHECK_INT(RUN("info", "delta"), 0);
        CHECK(said("target                 300000 bytes"));
        CHECK_INT(RUN("info", "--json", "delta"), 0);
        CHECK(said("\"target-bytes\":300000,"));
        CHECK(said("\"applies-here\":true"));
        CHECK_INT(RUN("info", "text"), 4);
        CHECK_INT(RUN("info", "empty"), 4);
        CHECK_INT(RUN("info", "nowhere"), 1);
        CHECK_INT(RUN("formats"), 0);
        CHECK(said("storehouse-1\nxdelta3\n"));
        CHECK_INT(RUN("formats", "--fingerprints"), 0);
        CHECK(said("xz ") && said("liblzma") && said("lz4 ") && !said("lzo"));
}

/* The static decoder, under a limit of its address space in KiB. */
static int run_limited(unsigned kib, const char *source, const char *delta, const char *target)
{
        char line[512];

        snprintf(line, sizeof(line), "ulimit -v %u && exec '%s' apply %s %s %s", kib, static_tool,
                 source, delta, target);
        return run_program("/bin/sh", (const char *const[WORDS_MAX + 1]){"-c", line});
}

/* Text that changes a little everywhere, in blocks of 128 KiB. */
static void make_images(void)
{
        static char text[IMAGE_TEXT];
        const char *const names[] = {"old.img", "new.img"};

        for (unsigned i = 0; i < 2; i++) {
                char tree[512];
                char image[512];
                const char *const words[] = {"mksquashfs", tree, image,       "-noappend",
                                             "-comp",      "xz", "-all-root", "-mkfs-time",
                                             "1000",       NULL};
                unsigned state = 5;

                for (size_t at = 0; at < sizeof(text); at++) {
                        state = state * 1103515245 + 12345;
                        text[at] = "storehouse delta"[state >> 28];
                        if (i && at % 50021 == 0)
                                text[at] = '!';
                }
                snprintf(tree, sizeof(tree), "%s/tree", dir);
                snprintf(image, sizeof(image), "%s/%s", dir, names[i]);
                if (fs_make_dirs(tree, 0755, NULL) != RC_OK)
                        exit(1);
                put("tree/text", text, sizeof(text));
                scratch_run(words);
        }
}

/* As store-delta runs it, but for the small profile. */
static int build_small(void)
{
        CLEANUP(fs_closep) int fd = open(scratch_path(dir, "new.img"), O_RDONLY | O_CLOEXEC);
        char hex[DIGEST_HEX_CHARS + 1];
        struct digest digest;
        char line[1024];
        uint64_t bytes;

        if (fd < 0 || sha3_384_fd(fd, &digest, &bytes, NULL) != RC_OK)
                return -1;
        digest_hex(&digest, hex);
        snprintf(line, sizeof(line),
                 "exec \"$STOREHOUSE_WORKER\" delta --format storehouse-1 --small --max-bytes "
                 "9999999 "
                 "--target-sha3-384 %s 3<old.img 4<new.img 5<>inside",
                 hex);
        return run_program("/bin/sh", (const char *const[WORDS_MAX + 1]){"-c", line});
}

static void test_inside(void)
{
        static const struct {
                const char *profile;
                unsigned kib;
        } rows[] = {{"large", 64 * 1024}, {"small", 16 * 1024}};

        make_images();
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                check_promise("storehouse-1 is built, proved, described and applied");
                check_case("%s", rows[i].profile);
                CHECK_INT(i ? build_small()
                            : RUN("build", "--format", "storehouse-1", "old.img", "new.img",
                                  "inside"),
                          0);
                CHECK_INT(RUN("info", "--json", "inside"), 0);
                CHECK(said("\"format\":\"storehouse-1\"") && said(rows[i].profile) &&
                      said("\"codec\":\"xz\""));
                CHECK_INT(RUN("apply", "old.img", "inside", "again.img"), 0);
                check_equal("again.img", "new.img");
                CHECK_INT(RUN("apply", "new.img", "inside", "none"), 4);
                CHECK(!is_there("none") && !is_there("none.partial"));
                if (!static_tool)
                        continue;
                check_promise("the static decoder works within the memory of the profile");
                CHECK_INT(run_limited(rows[i].kib, "old.img", "inside", "static.img"), 0);
                check_equal("static.img", "new.img");
        }
}

static void check_refused(int got, int want, const char *output)
{
        char partial[64];

        snprintf(partial, sizeof(partial), "%s.partial", output);
        CHECK_INT(got, want);
        CHECK(said("store-delta: "));
        CHECK(!is_there(output));
        CHECK(!is_there(partial));
}

static void test_refused(void)
{
        char zeros[DIGEST_HEX_CHARS + 1];

        memset(zeros, '0', DIGEST_HEX_CHARS);
        zeros[DIGEST_HEX_CHARS] = '\0';
        check_promise("on failure nothing is left, and the status says which kind it was");
        check_case("another source");
        check_refused(RUN("apply", "new", "delta", "none"), 4, "none");
        check_case("a source too short");
        check_refused(RUN("apply", "text", "delta", "none"), 4, "none");
        check_case("no delta");
        check_refused(RUN("apply", "old", "text", "none"), 4, "none");
        check_case("another digest");
        check_refused(RUN("apply", "--sha3-384", zeros, "old", "delta", "none"), 4, "none");
        check_case("over the bound");
        check_refused(RUN("apply", "--max-bytes", "299999", "old", "delta", "none"), 4, "none");
        check_case("no such file");
        check_refused(RUN("apply", "nowhere", "delta", "none"), 1, "none");
        check_case("no such folder");
        check_refused(RUN("apply", "old", "delta", "a/none"), 1, "none");
        check_case("not worth it");
        check_refused(RUN("build", "--max-bytes", "20", "old", "new", "none"), 3, "none");
        check_case("an unknown format");
        check_refused(RUN("build", "--format", "bsdiff", "old", "new", "none"), 3, "none");
        check_case("an empty source");
        check_refused(RUN("build", "empty", "new", "none"), 1, "none");
}

static void test_usage(void)
{
        static const char *const rows[][WORDS_MAX + 1] = {
                {NULL},
                {"explode"},
                {"build", "old", "new"},
                {"build", "old", "new", "delta", "more"},
                {"build", "--max-bytes", "0", "old", "new", "none"},
                {"build", "--max-bytes", "1x", "old", "new", "none"},
                {"build", "--seconds", "99999999", "old", "new", "none"},
                {"build", "--sha3-384", "00", "old", "new", "none"},
                {"apply", "--sha3-384", "00", "old", "delta", "none"},
                {"apply", "--format", "xdelta3", "old", "delta", "none"},
                {"info"},
                {"info", "--yaml", "delta"},
                {"formats", "x"},
        };

        check_promise("a command line that is not understood is refused before anything is read");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                check_case("%s %s %s", rows[i][0] ? rows[i][0] : "", rows[i][1] ? rows[i][1] : "",
                           rows[i][2] ? rows[i][2] : "");
                CHECK_INT(run_program(tool, rows[i]), 2);
                CHECK(said("store-delta build"));
                CHECK(!is_there("none"));
        }
        check_case("--help, --version");
        CHECK_INT(RUN("--help"), 0);
        CHECK(said("Exit status"));
        CHECK_INT(RUN("--version"), 0);
        CHECK(said("store-delta 0"));
}

static void test_no_worker(void)
{
        check_promise("without the worker building fails and says so; applying needs none");
        setenv("STOREHOUSE_WORKER", "/nowhere/storehouse-worker", 1);
        check_refused(RUN("build", "old", "new", "none"), 1, "none");
        CHECK(said("/nowhere/storehouse-worker"));
        CHECK_INT(RUN("apply", "old", "delta", "again2"), 0);
}

int main(int argc, char **argv)
{
        CLEANUP(scratch_freep) char *folder = scratch_new();
        char *worker = NULL;
        struct err err;

        if (argc < 3 || crypto_init(&err) != RC_OK)
                return 1;
        /* They run in the scratch folder. */
        tool = realpath(argv[1], NULL);
        worker = realpath(argv[2], NULL);
        static_tool = argc > 3 ? realpath(argv[3], NULL) : NULL;
        if (!tool || !worker || (argc > 3 && !static_tool))
                return 1;
        dir = folder;
        setenv("STOREHOUSE_WORKER", worker, 1);
        make_files();
        test_round_trip();
        test_info();
        test_inside();
        test_refused();
        test_usage();
        test_no_worker();
        free(tool);
        free(static_tool);
        free(worker);
        return check_end();
}
