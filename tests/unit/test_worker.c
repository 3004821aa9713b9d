/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments: the worker, and tests/lib/bad_worker.c built. */
#include "core/base/clock.h"
#include "core/base/fs.h"
#include "delta/worker/answer.h"
#include "delta/worker/xdelta.h"
#include "server/worker/client.h"
#include "tests/lib/check.h"
#include "tests/lib/scratch.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];
static char *worker;
static char *bad_worker;

static const char *path_of(const char *name)
{
        static char path[4][256];
        static unsigned turn;
        char *text = path[turn++ % 4];

        snprintf(text, sizeof(path[0]), "%s/%s", folder, name);
        return text;
}

static struct worker_options good_options(void)
{
        return (struct worker_options){
                .binary = worker,
                .user = "",
                .memory_bytes = GIB + GIB / 2,
                .seconds = 60,
                .require_sandbox = true,
        };
}

static int fd_of(const void *data, size_t bytes)
{
        const int fd = memfd_create("worker", MFD_CLOEXEC);

        if (fd < 0 || fs_write_all(fd, data, bytes, NULL) != RC_OK)
                exit(1);
        return fd;
}

static void test_sandbox_check(void)
{
        struct worker_options options = good_options();
        struct err err;

        check_promise("the worker gets its sandbox on this machine, and says so");
        CHECK_RC(worker_sandbox_check(&options, &err), RC_OK, &err);
        if (geteuid() == 0) {
                check_case("as nobody");
                options.user = "nobody";
                CHECK_RC(worker_sandbox_check(&options, &err), RC_OK, &err);
                check_case("as a user that does not exist");
                options.user = "no-such-user";
                CHECK_RC(worker_sandbox_check(&options, &err), RC_UNSUPPORTED, &err);
        }
        check_case("a worker that is not there");
        options = good_options();
        options.binary = "/nowhere/storehouse-worker";
        CHECK_RC(worker_sandbox_check(&options, &err), RC_UNSUPPORTED, &err);
}

/* ---- inspect ---- */

#define SNAP_YAML                                                                                  \
        "name: foo\nversion: '1'\ntitle: \"\\u00e4\\\"\\\\\"\ndescription: |\n  a\n  b\n"          \
        "architectures: [amd64, arm64]\nepoch: 2*\napps: {a: {common-id: io.a}, b: {}}\n"

static void make_snap(void)
{
        if (fs_make_dirs(path_of("tree/meta"), 0755, NULL) != RC_OK ||
            fs_write_file(path_of("tree/meta/snap.yaml"), SNAP_YAML, sizeof(SNAP_YAML) - 1, 0644,
                          NULL) != RC_OK)
                exit(1);
        scratch_run((const char *[]){"mksquashfs", path_of("tree"), path_of("foo.snap"),
                                     "-noappend", "-quiet", "-no-progress", "-comp", "xz", NULL});
}

static void test_inspect(void)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(4 * MIB);
        CLEANUP(fs_closep) int fd = -1;
        const struct worker_options options = good_options();
        struct package_info info;
        struct err err;

        check_promise("what a snap says arrives whole, through a real worker");
        CHECK_RC(fs_open(path_of("foo.snap"), O_RDONLY, 0, &fd, &err), RC_OK, &err);
        CHECK_RC(worker_inspect(&options, fd, arena, &info, &err), RC_OK, &err);
        CHECK_TEXT(info.name, "foo");
        CHECK_TEXT(info.version, "1");
        CHECK_TEXT(info.title, "\xc3\xa4\"\\");
        CHECK_TEXT(info.description, "a\nb\n");
        CHECK_TEXT(info.compression, "xz");
        CHECK_TEXT(info.provenance, "global-upload");
        CHECK_TEXT(info.snap_yaml, SNAP_YAML);
        CHECK_INT(info.arch_count, 2);
        CHECK_TEXT(info.archs[1], "arm64");
        CHECK_INT(info.epoch.read_count, 2);
        CHECK_INT(info.epoch.read[0], 1);
        CHECK_INT(info.epoch.write[0], 2);
        CHECK_INT(info.app_count, 2);
        CHECK_TEXT(info.apps[0].name, "a");
        CHECK_TEXT(info.apps[0].common_id, "io.a");

        check_case("handed over on the number that it will have");
        CHECK(dup2(fd, 3) == 3 || fd == 3);
        CHECK_RC(worker_inspect(&options, 3, arena, &info, &err), RC_OK, &err);
        if (fd != 3)
                close(3);
}

/* ---- pictures ---- */

#define JPEG                                                                                       \
        "\xff\xd8\xff\xc0\x00\x0b\x08\x00\x20\x00\x40\x01\x01\x11\0"                               \
        "\xff\xda\x00\x08\x01\x01\0\0\x3f\0\x12\x34\xff\xd9"
#define JPEG_SMALL                                                                                 \
        "\xff\xd8\xff\xc0\x00\x0b\x08\x00\x0f\x00\x40\x01\x01\x11\0"                               \
        "\xff\xda\x00\x08\x01\x01\0\0\x3f\0\x12\x34\xff\xd9"

static const struct {
        const char *file; /* below meta/gui; NULL: no such folder */
        const char *text;
        size_t bytes;
        enum rc rc;
        const char *code;
} icon_rows[] = {
        {NULL, "", 0, RC_NOT_FOUND, ""},
        {"other.png", JPEG, sizeof(JPEG) - 1, RC_NOT_FOUND, ""},
        {"icon.jpg", JPEG, sizeof(JPEG) - 1, RC_OK, ""},
        {"icon.png", JPEG, sizeof(JPEG) - 1, RC_OK, ""}, /* what it is counts, not its name */
        {"icon.png", JPEG "PK", sizeof(JPEG) + 1, RC_INVALID, "media-trailing"},
        {"icon.png", JPEG_SMALL, sizeof(JPEG_SMALL) - 1, RC_INVALID, "media-dimensions"},
        {"icon.svg", "<svg/>", 6, RC_INVALID, "media-kind"},
        {"icon.png", "", 0, RC_INVALID, "media-kind"},
        {"icon.png", NULL, 300001, RC_INVALID, "squashfs-file-size"},
        {"icon.png", NULL, 300000, RC_INVALID, "media-kind"},
};

static void make_icon_snap(size_t row)
{
        static const char many[300001];
        const char *text = icon_rows[row].text ? icon_rows[row].text : many;
        char name[64];

        scratch_run((const char *[]){"rm", "-rf", path_of("tree/meta/gui"), path_of("icon.snap"),
                                     NULL});
        snprintf(name, sizeof(name), "tree/meta/gui/%s", icon_rows[row].file);
        if (icon_rows[row].file &&
            (fs_make_dirs(path_of("tree/meta/gui"), 0755, NULL) != RC_OK ||
             fs_write_file(path_of(name), text, icon_rows[row].bytes, 0644, NULL) != RC_OK))
                exit(1);
        scratch_run((const char *[]){"mksquashfs", path_of("tree"), path_of("icon.snap"),
                                     "-noappend", "-quiet", "-no-progress", "-comp", "lzo", NULL});
}

static void test_icon(void)
{
        const struct worker_options options = good_options();

        check_promise("the icon inside a snap comes out as it is, when it does as one");
        for (size_t i = 0; i < ARRAY_COUNT(icon_rows); i++) {
                CLEANUP(fs_closep) int fd = -1;
                CLEANUP(fs_closep) int out_fd = fd_of("", 0);
                char got[64];
                struct media_info info = {.width = 7};
                struct err err = {.code = ""};
                uint64_t bytes = 7;
                const bool ok = icon_rows[i].rc == RC_OK;

                check_case("row %zu, %s", i, icon_rows[i].file ? icon_rows[i].file : "none");
                make_icon_snap(i);
                CHECK_RC(fs_open(path_of("icon.snap"), O_RDONLY, 0, &fd, &err), RC_OK, &err);
                CHECK_RC(worker_extract_icon(&options, fd, out_fd, &info, &bytes, &err),
                         icon_rows[i].rc, &err);
                CHECK_TEXT(err.code, icon_rows[i].code);
                CHECK_INT(info.width, ok ? 64 : 7);
                CHECK_INT(bytes, ok ? icon_rows[i].bytes : 7);
                CHECK_INT(pread(out_fd, got, sizeof(got), 0), ok ? icon_rows[i].bytes : 0);
                CHECK(!ok || memcmp(got, icon_rows[i].text, icon_rows[i].bytes) == 0);
        }
}

static void test_picture(void)
{
        CLEANUP(fs_closep) int jpeg_fd = fd_of(JPEG, sizeof(JPEG) - 1);
        CLEANUP(fs_closep) int text_fd = fd_of("GIF89a", 6);
        const struct worker_options options = good_options();
        struct media_info info = {.width = 0};
        struct err err = {.code = ""};

        check_promise("a picture is looked at by the worker, and its size is what comes back");
        CHECK_RC(worker_inspect_media(&options, jpeg_fd, &info, &err), RC_OK, &err);
        CHECK_INT(info.format, MEDIA_JPEG);
        CHECK_INT(info.width, 64);
        CHECK_INT(info.height, 32);
        CHECK_RC(worker_inspect_media(&options, text_fd, &info, &err), RC_INVALID, &err);
        CHECK_TEXT(err.code, "media-kind");
}

static void test_inspect_refusals(void)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(4 * MIB);
        CLEANUP(fs_closep) int text_fd = fd_of("no squashfs", 11);
        struct worker_options options = good_options();
        struct package_info info = {.name = "untouched"};
        int ends[2];
        struct err err;

        check_promise("a refusal arrives with its code and its sentence");
        CHECK_RC(worker_inspect(&options, text_fd, arena, &info, &err), RC_INVALID, &err);
        CHECK_TEXT(err.code, "squashfs-magic");
        CHECK_TEXT(err.text, "the package is not a squashfs image");
        CHECK_TEXT(info.name, "untouched");
        check_case("a pipe");
        CHECK(pipe(ends) == 0);
        CHECK_RC(worker_inspect(&options, ends[0], arena, &info, &err), RC_INVALID, &err);
        CHECK_TEXT(err.code, "not-a-file");
        close(ends[0]);
        close(ends[1]);
        check_case("a descriptor that is none");
        CHECK_RC(worker_inspect(&options, -1, arena, &info, &err), RC_IO, &err);
}

/* ---- delta ---- */

static void fill(uint8_t *data, size_t bytes, uint64_t state)
{
        for (size_t i = 0; i < bytes; i++) {
                state = state * 6364136223846793005u + 1442695040888963407u;
                data[i] = (uint8_t)(state >> 56);
        }
}

#define PAIR_BYTES (24 * MIB)

static struct {
        uint8_t source[PAIR_BYTES];
        uint8_t target[PAIR_BYTES];
} pair;

static void make_pair(void)
{
        fill(pair.source, PAIR_BYTES, 1);
        memcpy(pair.target, pair.source, PAIR_BYTES);
        fill(pair.target + MIB, 5000, 2);
}

static enum rc build(const struct worker_options *options, const char *format, uint64_t max_bytes,
                     const struct digest *digest, int out_fd, struct worker_delta *ret,
                     struct err *err)
{
        CLEANUP(fs_closep) int source_fd = fd_of(pair.source, PAIR_BYTES);
        CLEANUP(fs_closep) int target_fd = fd_of(pair.target, PAIR_BYTES);

        memset(err, 0, sizeof(*err));
        return worker_delta_build(options, format, source_fd, target_fd, digest, max_bytes, out_fd,
                                  ret, err);
}

static enum rc put_buf(void *arg, const void *data, size_t bytes, struct err *err)
{
        buf_append(arg, data, bytes);
        return buf_finish(arg, err);
}

static void test_delta(void)
{
        CLEANUP(buf_fini) struct buf rebuilt = BUF_INIT(PAIR_BYTES);
        CLEANUP(fs_closep) int out_fd = fd_of("", 0);
        CLEANUP(fs_freep) char *delta = NULL;
        const struct worker_options options = good_options();
        struct worker_delta done;
        struct digest digest;
        struct digest written;
        uint64_t written_bytes = 0;
        size_t bytes = 0;
        struct err err;

        check_promise("a delta is small, proved, and what the answer says it is");
        sha3_384(pair.target, PAIR_BYTES, &digest);
        CHECK_RC(build(&options, "xdelta3", MIB, &digest, out_fd, &done, &err), RC_OK, &err);
        CHECK(done.bytes > 5000 && done.bytes < 5200);
        CHECK(done.peak_bytes > PAIR_BYTES);
        CHECK_RC(sha3_384_fd(out_fd, &written, &written_bytes, &err), RC_OK, &err);
        CHECK_INT(written_bytes, done.bytes);
        CHECK(digest_equal(&written, &done.digest));
        CHECK(lseek(out_fd, 0, SEEK_SET) == 0);
        CHECK_RC(fs_read_fd(out_fd, MIB, &delta, &bytes, &err), RC_OK, &err);
        CHECK_RC(xdelta_decode((struct bytes_view){pair.source, PAIR_BYTES},
                               (struct bytes_view){(uint8_t *)delta, bytes}, PAIR_BYTES, put_buf,
                               &rebuilt, &err),
                 RC_OK, &err);
        CHECK_BYTES(rebuilt.data, rebuilt.len, pair.target, PAIR_BYTES);
}

static void test_delta_refusals(void)
{
        CLEANUP(fs_closep) int out_fd = fd_of("", 0);
        struct worker_options options = good_options();
        struct worker_delta done = {.bytes = 77};
        struct digest digest;
        struct digest other;
        struct err err;

        check_promise("a delta that is too large, not proved or of another format is refused");
        sha3_384(pair.target, PAIR_BYTES, &digest);
        sha3_384(pair.source, PAIR_BYTES, &other);
        CHECK_RC(build(&options, "xdelta3", 4000, &digest, out_fd, &done, &err), RC_NOT_WORTH,
                 &err);
        CHECK_TEXT(err.code, "delta-not-worth");
        CHECK_RC(build(&options, "xdelta3", 0, &digest, out_fd, &done, &err), RC_NOT_WORTH, &err);
        CHECK_RC(build(&options, "bsdiff", MIB, &digest, out_fd, &done, &err), RC_UNSUPPORTED,
                 &err);
        CHECK_RC(build(&options, "--help", MIB, &digest, out_fd, &done, &err), RC_UNSUPPORTED,
                 &err);
        check_case("the target has another digest than the database says");
        CHECK_RC(build(&options, "xdelta3", MIB, &other, out_fd, &done, &err), RC_CONFLICT, &err);
        CHECK_INT(done.bytes, 77);
        if (!WITH_SANITIZER) {
                check_case("too little memory");
                options.memory_bytes = 40 * MIB;
                CHECK_RC(build(&options, "xdelta3", MIB, &digest, out_fd, &done, &err), RC_TOO_BIG,
                         &err);
        }
}

/* ---- workers that misbehave ---- */

static const struct {
        const char *name;
        enum rc rc;
        const char *code;
        bool release_only; /* the sanitizers' runtime wants more memory than any limit */
} bad_rows[] = {
        {"crash", RC_CRASHED, "", false},
        {"hang", RC_TIMEOUT, "worker-timeout", false},
        {"spin", RC_TIMEOUT, "worker-timeout", false},
        {"eat", RC_CRASHED, "", true},
        {"flood", RC_CRASHED, "", false},
        {"silent", RC_CRASHED, "", false},
        {"garbage", RC_CRASHED, "", false},
        {"list", RC_CRASHED, "", false},
        {"twice", RC_CRASHED, "", false},
        {"empty", RC_CRASHED, "", false},
        {"oddrc", RC_CRASHED, "", false},
        {"badname", RC_CRASHED, "", false},
        {"hugedelta", RC_CRASHED, "", false},
        {"leavechild", RC_TIMEOUT, "worker-timeout", false},
        {"linger", RC_TIMEOUT, "worker-timeout", false},
        {"files", RC_INVALID, "files", false},
};

static void test_bad_workers(void)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(4 * MIB);
        CLEANUP(fs_closep) int fd = fd_of("x", 1);

        check_promise("a worker that misbehaves fails its job with a reason, and nothing else");
        for (size_t i = 0; i < ARRAY_COUNT(bad_rows); i++) {
                const char *path = path_of(bad_rows[i].name);
                struct worker_options options = good_options();
                struct package_info info = {.name = "untouched"};
                const usec_t begin = clock_uptime();
                struct err err = {.code = ""};

                if (bad_rows[i].release_only && WITH_SANITIZER)
                        continue;
                check_case("%s", bad_rows[i].name);
                CHECK(symlink(bad_worker, path) == 0);
                options.binary = path;
                options.seconds = 1;
                options.memory_bytes = 256 * MIB;
                CHECK_RC(worker_inspect(&options, fd, arena, &info, &err), bad_rows[i].rc, &err);
                CHECK_TEXT(err.code, bad_rows[i].code);
                CHECK(err.text[0] != '\0');
                CHECK_TEXT(info.name, "untouched");
                CHECK(clock_uptime() - begin < 5 * USEC_PER_SEC);
                /* Every child was waited for: none is left to wait for. */
                CHECK(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
                if (strcmp(bad_rows[i].name, "files") == 0)
                        CHECK_TEXT(err.text, "1 files");
        }
        check_case("a delta larger than allowed");
        {
                CLEANUP(fs_closep) int out_fd = fd_of("", 0);
                struct worker_options options = good_options();
                struct worker_delta done;
                struct digest digest = {{0}};
                struct err err;

                options.binary = path_of("hugedelta");
                CHECK_RC(worker_delta_build(&options, "xdelta3", fd, fd, &digest, 100, out_fd,
                                            &done, &err),
                         RC_CRASHED, &err);
        }
}

static volatile sig_atomic_t cancel_flag;

static void on_alarm(int number)
{
        (void)number;
        cancel_flag = 1;
}

static void test_cancel(void)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(MIB);
        CLEANUP(fs_closep) int fd = fd_of("x", 1);
        struct worker_options options = good_options();
        const usec_t begin = clock_uptime();
        struct package_info info;
        struct err err;

        check_promise("a cancelled job ends at once");
        signal(SIGALRM, on_alarm);
        alarm(1);
        options.binary = path_of("hang");
        options.cancel = &cancel_flag;
        CHECK_RC(worker_inspect(&options, fd, arena, &info, &err), RC_TIMEOUT, &err);
        CHECK_TEXT(err.code, "cancelled");
        CHECK(clock_uptime() - begin < 3 * USEC_PER_SEC);
}

static void test_answer(void)
{
        CLEANUP(buf_fini) struct buf out = BUF_INIT(ANSWER_MAX);
        struct err err = {.code = "x", .text = "half a character \xc3"};

        check_promise("a reason is JSON whatever a package put into it");
        answer_failure(&out, RC_INVALID, &err);
        CHECK_TEXT(out.data, "{\"ok\":false,\"rc\":\"INVALID\",\"code\":\"x\","
                             "\"message\":\"half a character ?\"}\n");
}

int main(int argc, char **argv)
{
        struct err err;

        if (argc != 3 || crypto_init(&err) != RC_OK)
                return 1;
        /* Links are made to them, from another folder. */
        worker = realpath(argv[1], NULL);
        bad_worker = realpath(argv[2], NULL);
        if (!worker || !bad_worker)
                return 1;
        snprintf(folder, sizeof(folder), "/tmp/test_worker.XXXXXX");
        if (!mkdtemp(folder))
                return 1;
        make_snap();
        make_pair();
        test_sandbox_check();
        test_inspect();
        test_icon();
        test_picture();
        test_inspect_refusals();
        test_delta();
        test_delta_refusals();
        test_bad_workers();
        test_cancel();
        test_answer();
        scratch_run((const char *[]){"rm", "-rf", folder, NULL});
        free(worker);
        free(bad_worker);
        return check_end();
}
