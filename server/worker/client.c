/* SPDX-License-Identifier: Apache-2.0 */
#include "server/worker/client.h"
#include "core/base/jsonx.h"
#include "core/model/name.h"
#include "server/worker/package_read.h"
#include "server/worker/run.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ANSWER_MAX    MIB
#define ARGUMENTS_MAX 20
#define NUMBER_CHARS  24
#define REASON_MAX    1024

/* The command line, in a place that lives as long as the job. */
struct command {
        char *words[ARGUMENTS_MAX];
        size_t count;
        char memory[NUMBER_CHARS];
        char seconds[NUMBER_CHARS];
        char max_bytes[NUMBER_CHARS];
        char target[DIGEST_HEX_CHARS + 1];
};

static void add_word(struct command *command, const char *word)
{
        command->words[command->count++] = (char *)word;
}

static void add_option(struct command *command, const char *name, const char *value)
{
        add_word(command, name);
        add_word(command, value);
}

static void command_init(struct command *command, const struct worker_options *options,
                         const char *job)
{
        memset(command, 0, sizeof(*command));
        add_word(command, options->binary);
        add_word(command, job);
        if (options->memory_bytes) {
                snprintf(command->memory, sizeof(command->memory), "%" PRIu64,
                         options->memory_bytes);
                add_option(command, "--memory", command->memory);
        }
        if (options->seconds) {
                snprintf(command->seconds, sizeof(command->seconds), "%u", options->seconds);
                add_option(command, "--seconds", command->seconds);
        }
        if (options->user && *options->user)
                add_option(command, "--user", options->user);
        if (!options->require_sandbox)
                add_word(command, "--no-sandbox");
}

static enum rc rc_of_name(const char *name)
{
        static const struct {
                const char *name;
                enum rc rc;
        } rows[] = {
                {"INVALID", RC_INVALID},   {"NOT_WORTH", RC_NOT_WORTH},
                {"CONFLICT", RC_CONFLICT}, {"UNSUPPORTED", RC_UNSUPPORTED},
                {"TOO_BIG", RC_TOO_BIG},   {"NOMEM", RC_TOO_BIG},
                {"TIMEOUT", RC_TIMEOUT},   {"IO", RC_IO},
                {"NOSPACE", RC_NOSPACE},   {"NOT_FOUND", RC_UNSUPPORTED},
        };

        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                if (strcmp(rows[i].name, name) == 0)
                        return rows[i].rc;
        }
        return RC_CRASHED;
}

static enum rc nonsense(struct err *err)
{
        return err_prefix(err, RC_CRASHED, "the worker gave no sensible answer");
}

static enum rc read_failure(const json_t *answer, struct err *err)
{
        const char *name = "";
        const char *code = "";
        const char *message = "";

        if (jsonx_get_text(answer, "rc", JSONX_MUST, 32, &name, err) != RC_OK ||
            jsonx_get_text(answer, "code", JSONX_MAY, 47, &code, err) != RC_OK ||
            jsonx_get_text(answer, "message", JSONX_MUST, REASON_MAX, &message, err) != RC_OK)
                return nonsense(err);
        return err_set_code(err, rc_of_name(name), code, "%s", message);
}

/* Runs the job and gives its answer when that says ok; otherwise its reason. */
static enum rc ask(const struct worker_options *options, const struct command *command,
                   const int *files, size_t file_count, json_t **ret, struct err *err)
{
        CLEANUP(buf_fini) struct buf text = BUF_INIT(ANSWER_MAX);
        CLEANUP(jsonx_decref) json_t *answer = NULL;
        struct run_job job = {
                .options = options,
                .arguments = command->words,
                .file_count = file_count,
                .memory_bytes = options->memory_bytes,
        };
        bool ok = false;
        enum rc rc;

        for (size_t i = 0; i < file_count; i++)
                job.files[i] = files[i];
        rc = run_child(&job, &text, err);
        if (rc != RC_OK)
                return rc;
        if (!text.len)
                return err_set(err, RC_CRASHED, "the worker ended without an answer");
        if (jsonx_parse_object(text.data, text.len, &answer, err) != RC_OK ||
            jsonx_get_bool(answer, "ok", JSONX_MUST, &ok, err) != RC_OK)
                return nonsense(err);
        if (!ok)
                return read_failure(answer, err);
        *ret = answer;
        answer = NULL;
        return RC_OK;
}

enum rc worker_inspect(const struct worker_options *options, int package_fd, struct arena *arena,
                       struct package_info *ret, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *answer = NULL;
        const json_t *package;
        struct command command;
        enum rc rc;

        command_init(&command, options, "inspect");
        rc = ask(options, &command, &package_fd, 1, &answer, err);
        if (rc != RC_OK)
                return rc;
        rc = jsonx_get_object(answer, "package", JSONX_MUST, &package, err);
        if (rc == RC_OK)
                rc = package_read(package, arena, ret, err);
        return rc == RC_OK || rc_is_fault(rc) ? rc : nonsense(err);
}

/* What the worker says is looked at again: it read a stranger's file. */
static enum rc read_component(const json_t *answer, struct arena *arena, struct component_info *ret,
                              struct err *err)
{
        struct component_info info;
        const struct {
                const char *field;
                size_t max_bytes;
                const char **to;
        } rows[] = {
                {"snap", NAME_SNAP_MAX, &info.snap},
                {"name", NAME_SNAP_MAX, &info.name},
                {"type", 16, &info.type},
                {"version", 32, &info.version},
                {"summary", (size_t)4 * COMPONENT_SUMMARY_MAX, &info.summary},
                {"description", (size_t)4 * COMPONENT_ABOUT_MAX, &info.description},
                {"provenance", 64, &info.provenance},
        };

        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                const char *text = "";

                if (jsonx_get_text(answer, rows[i].field, JSONX_MUST, rows[i].max_bytes, &text,
                                   err) != RC_OK)
                        return nonsense(err);
                *rows[i].to = arena_strdup(arena, text);
                if (!*rows[i].to)
                        return err_set(err, RC_NOMEM, "no memory for a component");
        }
        if (!name_is_snap(info.snap) || !name_is_snap(info.name) ||
            !component_type_is_known(info.type) || !name_is_provenance(info.provenance))
                return nonsense(err);
        *ret = info;
        return RC_OK;
}

enum rc worker_inspect_component(const struct worker_options *options, int component_fd,
                                 struct arena *arena, struct component_info *ret, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *answer = NULL;
        struct command command;
        enum rc rc;

        command_init(&command, options, "inspect-component");
        rc = ask(options, &command, &component_fd, 1, &answer, err);
        return rc == RC_OK ? read_component(answer, arena, ret, err) : rc;
}

static enum rc read_media(const json_t *answer, struct media_info *ret, uint64_t *ret_bytes,
                          struct err *err)
{
        struct media_info info = {.format = MEDIA_PNG};
        const char *format = "";
        int64_t numbers[3] = {0, 0, 0};

        if (jsonx_get_text(answer, "format", JSONX_MUST, 8, &format, err) != RC_OK ||
            media_format_parse(format, &info.format, err) != RC_OK ||
            jsonx_get_int(answer, "width", JSONX_MUST, 0, MEDIA_SIDE_MAX, &numbers[0], err) !=
                    RC_OK ||
            jsonx_get_int(answer, "height", JSONX_MUST, 0, MEDIA_SIDE_MAX, &numbers[1], err) !=
                    RC_OK ||
            jsonx_get_int(answer, "bytes", JSONX_MUST, 0, (int64_t)MEDIA_BYTES_MAX, &numbers[2],
                          err) != RC_OK)
                return nonsense(err);
        info.width = (uint32_t)numbers[0];
        info.height = (uint32_t)numbers[1];
        *ret = info;
        *ret_bytes = (uint64_t)numbers[2];
        return RC_OK;
}

enum rc worker_inspect_media(const struct worker_options *options, int media_fd,
                             struct media_info *ret, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *answer = NULL;
        struct command command;
        uint64_t bytes;
        enum rc rc;

        command_init(&command, options, "inspect-media");
        rc = ask(options, &command, &media_fd, 1, &answer, err);
        return rc == RC_OK ? read_media(answer, ret, &bytes, err) : rc;
}

enum rc worker_extract_icon(const struct worker_options *options, int package_fd, int out_fd,
                            struct media_info *ret, uint64_t *ret_bytes, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *answer = NULL;
        const int files[] = {package_fd, out_fd};
        struct media_info info;
        struct command command;
        uint64_t bytes = 0;
        enum rc rc;

        command_init(&command, options, "extract-icon");
        rc = ask(options, &command, files, ARRAY_COUNT(files), &answer, err);
        if (rc == RC_OK)
                rc = read_media(answer, &info, &bytes, err);
        if (rc != RC_OK)
                return rc;
        if (!bytes)
                return err_set(err, RC_NOT_FOUND, "the package has no icon");
        if (media_check(MEDIA_ICON, &info, bytes, err) != RC_OK)
                return nonsense(err);
        *ret = info;
        *ret_bytes = bytes;
        return RC_OK;
}

static enum rc read_delta(const json_t *answer, uint64_t max_bytes, struct worker_delta *ret,
                          struct err *err)
{
        const char *digest = "";
        int64_t bytes = 0;
        int64_t cpu_usec = 0;
        int64_t peak_bytes = 0;
        struct worker_delta delta;

        if (jsonx_get_int(answer, "bytes", JSONX_MUST, 1, (int64_t)max_bytes, &bytes, err) !=
                    RC_OK ||
            jsonx_get_text(answer, "sha3-384", JSONX_MUST, DIGEST_HEX_CHARS, &digest, err) !=
                    RC_OK ||
            jsonx_get_int(answer, "cpu-usec", JSONX_MUST, 0, INT64_MAX, &cpu_usec, err) != RC_OK ||
            jsonx_get_int(answer, "peak-bytes", JSONX_MUST, 0, INT64_MAX, &peak_bytes, err) !=
                    RC_OK)
                return nonsense(err);
        if (digest_parse_hex(digest, &delta.digest) != RC_OK)
                return err_set(err, RC_CRASHED, "the worker gave a digest that is none");
        delta.bytes = (uint64_t)bytes;
        delta.cpu_usec = (uint64_t)cpu_usec;
        delta.peak_bytes = (uint64_t)peak_bytes;
        *ret = delta;
        return RC_OK;
}

enum rc worker_delta_build(const struct worker_options *options, const char *format, int source_fd,
                           int target_fd, const struct digest *target_digest, uint64_t max_bytes,
                           int out_fd, struct worker_delta *ret, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *answer = NULL;
        const int files[] = {source_fd, target_fd, out_fd};
        struct command command;
        enum rc rc;

        if (!max_bytes || max_bytes > INT64_MAX)
                return err_set(err, RC_NOT_WORTH, "no bytes are allowed for the delta");
        command_init(&command, options, "delta");
        snprintf(command.max_bytes, sizeof(command.max_bytes), "%" PRIu64, max_bytes);
        digest_hex(target_digest, command.target);
        add_option(&command, "--format", format);
        add_option(&command, "--max-bytes", command.max_bytes);
        add_option(&command, "--target-sha3-384", command.target);
        rc = ask(options, &command, files, ARRAY_COUNT(files), &answer, err);
        return rc == RC_OK ? read_delta(answer, max_bytes, ret, err) : rc;
}

enum rc worker_sandbox_check(const struct worker_options *options, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *answer = NULL;
        struct command command;
        bool seccomp = false;
        enum rc rc;

        command_init(&command, options, "check-sandbox");
        rc = ask(options, &command, NULL, 0, &answer, err);
        if (rc != RC_OK)
                return rc_is_fault(rc) ? rc : err_prefix(err, RC_UNSUPPORTED, "the worker");
        if (jsonx_get_bool(answer, "seccomp", JSONX_MUST, &seccomp, err) != RC_OK)
                return nonsense(err);
        if (!seccomp)
                return err_set(err, RC_UNSUPPORTED, "the worker runs without seccomp");
        return RC_OK;
}
