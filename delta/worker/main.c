/* SPDX-License-Identifier: Apache-2.0 */
/*
 * storehouse-worker -- one job on files that it was handed, in a sandbox, with one answer.
 *
 * Floor    delta/worker. Descriptors: 1 takes the answer, 3 and up are the job's files (README.md).
 * Order    everything that opens a file or loads a library happens before sandbox_enter; the first
 * byte of a package is read after it.
 */
#include "core/base/fs.h"
#include "core/model/name.h"
#include "core/model/package_json.h"
#include "delta/worker/answer.h"
#include "delta/worker/delta.h"
#include "delta/worker/icon.h"
#include "delta/worker/inspect.h"
#include "delta/worker/inspect_media.h"
#include "delta/worker/sandbox.h"
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FIRST_FILE      3
#define INSPECT_ARENA   (16 * MIB)
#define OUT_SPARE_BYTES MIB
#define SECONDS_MAX     (7 * 86400)
#define THREADS_MAX     64

struct job {
        const char *name;
        int files; /* how many descriptors from FIRST_FILE on */
        enum rc (*run)(const struct job *job, struct buf *out, struct err *err);
        struct delta_job delta;
        struct sandbox_options sandbox;
        struct sandbox_state state;
};

static enum rc run_inspect(const struct job *job, struct buf *out, struct err *err)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(INSPECT_ARENA);
        struct package_info info;
        enum rc rc;

        (void)job;
        if (!arena)
                return err_set(err, RC_NOMEM, "no memory to inspect a package");
        rc = inspect_package(FIRST_FILE, arena, &info, err);
        if (rc != RC_OK)
                return rc;
        buf_text(out, "{\"ok\":true,\"package\":");
        package_json_append(out, &info);
        buf_text(out, "}\n");
        return buf_finish(out, err);
}

static void member_put(struct buf *out, const char *name, const char *text)
{
        buf_printf(out, ",\"%s\":", name);
        buf_json_string(out, text);
}

static enum rc run_inspect_component(const struct job *job, struct buf *out, struct err *err)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(INSPECT_ARENA);
        struct component_info info;
        enum rc rc;

        (void)job;
        if (!arena)
                return err_set(err, RC_NOMEM, "no memory to inspect a component");
        rc = inspect_component(FIRST_FILE, arena, &info, err);
        if (rc != RC_OK)
                return rc;
        buf_text(out, "{\"ok\":true");
        member_put(out, "snap", info.snap);
        member_put(out, "name", info.name);
        member_put(out, "type", info.type);
        member_put(out, "version", info.version);
        member_put(out, "summary", info.summary);
        member_put(out, "description", info.description);
        member_put(out, "provenance", info.provenance);
        buf_text(out, "}\n");
        return buf_finish(out, err);
}

static enum rc run_delta(const struct job *job, struct buf *out, struct err *err)
{
        char digest[DIGEST_HEX_CHARS + 1];
        struct delta_done done;
        const enum rc rc = delta_build(&job->delta, &done, err);

        if (rc != RC_OK)
                return rc;
        digest_hex(&done.digest, digest);
        buf_printf(out,
                   "{\"ok\":true,\"bytes\":%" PRIu64 ",\"sha3-384\":\"%s\",\"cpu-usec\":%" PRIu64
                   ",\"peak-bytes\":%" PRIu64 "}\n",
                   done.bytes, digest, done.cpu_usec, done.peak_bytes);
        return buf_finish(out, err);
}

static enum rc media_answer(struct buf *out, const struct media_info *info, uint64_t bytes,
                            struct err *err)
{
        buf_printf(out,
                   "{\"ok\":true,\"format\":\"%s\",\"width\":%" PRIu32 ",\"height\":%" PRIu32
                   ",\"bytes\":%" PRIu64 "}\n",
                   media_format_name(info->format), info->width, info->height, bytes);
        return buf_finish(out, err);
}

static enum rc run_inspect_media(const struct job *job, struct buf *out, struct err *err)
{
        struct media_info info = {.width = 0};
        const enum rc rc = inspect_media_fd(FIRST_FILE, &info, err);

        (void)job;
        return rc == RC_OK ? media_answer(out, &info, 0, err) : rc;
}

/* A snap without an icon is no failure: zero bytes. */
static enum rc run_extract_icon(const struct job *job, struct buf *out, struct err *err)
{
        struct media_info info = {.format = MEDIA_PNG};
        uint64_t bytes = 0;
        const enum rc rc = icon_extract(FIRST_FILE, FIRST_FILE + 1, &info, &bytes, err);

        (void)job;
        return rc == RC_OK || rc == RC_NOT_FOUND ? media_answer(out, &info, bytes, err) : rc;
}

static enum rc run_check_sandbox(const struct job *job, struct buf *out, struct err *err)
{
        buf_printf(out, "{\"ok\":true,\"seccomp\":%s,\"namespaces\":%s}\n",
                   job->state.seccomp ? "true" : "false", job->state.namespaces ? "true" : "false");
        return buf_finish(out, err);
}

static const struct job jobs[] = {
        {.name = "inspect", .files = 1, .run = run_inspect},
        {.name = "inspect-component", .files = 1, .run = run_inspect_component},
        {.name = "inspect-media", .files = 1, .run = run_inspect_media},
        {.name = "extract-icon", .files = 2, .run = run_extract_icon},
        {.name = "delta", .files = 3, .run = run_delta},
        {.name = "check-sandbox", .files = 0, .run = run_check_sandbox},
};

static const char usage_text[] =
        "storehouse-worker JOB [OPTION]...\n"
        "  inspect         what the snap on descriptor 3 says about itself\n"
        "  inspect-component  the same of a component\n"
        "  inspect-media   what the picture on descriptor 3 is\n"
        "  extract-icon    the icon inside the snap on 3, into 4\n"
        "  delta           a delta from 3 to 4, into 5, proved; needs\n"
        "                  --format NAME --max-bytes N --target-sha3-384 HEX\n"
        "  check-sandbox   whether this machine gives the sandbox\n"
        "                  --threads N and --small are for the format storehouse-1\n"
        "  --memory BYTES  --seconds N  --user NAME\n"
        "  --no-sandbox    goes on where the machine gives no sandbox\n"
        "It answers one JSON object on standard output: {\"ok\":true,...} or\n"
        "{\"ok\":false,\"rc\":...,\"code\":...,\"message\":...}; exit status 0 and 1.\n";

static enum rc usage(struct err *err, const char *what)
{
        return err_set_code(err, RC_INVALID, "worker-usage", "%s (see --help)", what);
}

enum worker_option {
        OPTION_FORMAT = 256,
        OPTION_MAX_BYTES,
        OPTION_TARGET,
        OPTION_MEMORY,
        OPTION_SECONDS,
        OPTION_USER,
        OPTION_THREADS,
        OPTION_SMALL,
        OPTION_NO_SANDBOX,
};

static const struct option option_rows[] = {
        {"format", required_argument, NULL, OPTION_FORMAT},
        {"max-bytes", required_argument, NULL, OPTION_MAX_BYTES},
        {"target-sha3-384", required_argument, NULL, OPTION_TARGET},
        {"memory", required_argument, NULL, OPTION_MEMORY},
        {"seconds", required_argument, NULL, OPTION_SECONDS},
        {"user", required_argument, NULL, OPTION_USER},
        {"threads", required_argument, NULL, OPTION_THREADS},
        {"small", no_argument, NULL, OPTION_SMALL},
        {"no-sandbox", no_argument, NULL, OPTION_NO_SANDBOX},
        {NULL, 0, NULL, 0},
};

static bool take_option(struct job *job, int option)
{
        uint64_t number;

        switch (option) {
        case OPTION_FORMAT:
                job->delta.format = optarg;
                return true;
        case OPTION_MAX_BYTES:
                return number_parse_u64(optarg, INT64_MAX, &job->delta.max_bytes) == RC_OK;
        case OPTION_TARGET:
                return digest_parse_hex(optarg, &job->delta.target) == RC_OK;
        case OPTION_MEMORY:
                return number_parse_u64(optarg, INT64_MAX, &job->sandbox.memory_bytes) == RC_OK;
        case OPTION_SECONDS:
                if (number_parse_u64(optarg, SECONDS_MAX, &number) != RC_OK)
                        return false;
                job->sandbox.seconds = (unsigned)number;
                return true;
        case OPTION_USER:
                job->sandbox.user = optarg;
                return true;
        case OPTION_THREADS:
                if (number_parse_u64(optarg, THREADS_MAX, &number) != RC_OK)
                        return false;
                job->delta.threads = job->sandbox.threads = (unsigned)number;
                return true;
        case OPTION_SMALL:
                job->delta.small = true;
                return true;
        case OPTION_NO_SANDBOX:
                job->sandbox.optional = true;
                return true;
        default:
                return false;
        }
}

static enum rc parse_arguments(int argc, char **argv, struct job *ret, struct err *err)
{
        bool has_target = false;
        int option;

        for (size_t i = 0; argc > 1 && i < ARRAY_COUNT(jobs); i++) {
                if (strcmp(argv[1], jobs[i].name) == 0)
                        *ret = jobs[i];
        }
        if (!ret->run)
                return usage(err, "no such job");
        optind = 2;
        opterr = 0;
        while ((option = getopt_long(argc, argv, "", option_rows, NULL)) != -1) {
                if (!take_option(ret, option))
                        return usage(err, "an option that is unknown or has no valid value");
                has_target = has_target || option == OPTION_TARGET;
        }
        if (optind != argc)
                return usage(err, "an argument too many");
        if (ret->run == run_delta && (!ret->delta.format || !ret->delta.max_bytes || !has_target))
                return usage(err, "a delta needs --format, --max-bytes and --target-sha3-384");
        return RC_OK;
}

static enum rc run_job(struct job *job, struct buf *out, struct err *err)
{
        enum rc rc = crypto_init(err);

        if (rc != RC_OK)
                return rc;
        job->delta.source_fd = FIRST_FILE;
        job->delta.target_fd = FIRST_FILE + 1;
        job->delta.out_fd = FIRST_FILE + 2;
        job->sandbox.keep_count = FIRST_FILE + job->files;
        job->sandbox.file_bytes = job->delta.max_bytes + OUT_SPARE_BYTES;
        rc = sandbox_enter(&job->sandbox, &job->state, err);
        if (rc != RC_OK)
                return err_prefix(err, rc, "no sandbox");
        return job->run(job, out, err);
}

int main(int argc, char **argv)
{
        CLEANUP(buf_fini) struct buf out = BUF_INIT(ANSWER_MAX);
        struct job job = {.run = NULL};
        struct err err = {0};
        enum rc rc;

        if (argc == 2 && strcmp(argv[1], "--help") == 0)
                return fputs(usage_text, stdout) < 0;
        if (argc == 2 && strcmp(argv[1], "--version") == 0)
                return puts("storehouse-worker " STOREHOUSE_VERSION) < 0;
        rc = parse_arguments(argc, argv, &job, &err);
        if (rc == RC_OK)
                rc = run_job(&job, &out, &err);
        if (rc != RC_OK) {
                buf_clear(&out);
                answer_failure(&out, rc, &err);
        }
        if (buf_finish(&out, NULL) != RC_OK ||
            fs_write_all(STDOUT_FILENO, out.data, out.len, NULL) != RC_OK)
                rc = RC_IO;
        /* What exit() would run may need calls that the sandbox forbids. */
        _exit(rc == RC_OK ? 0 : 1);
}
