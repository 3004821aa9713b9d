/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/fs.h"
#include "core/base/hex.h"
#include "delta/apply/reader.h"
#include "delta/apply/sha3.h"
#include "tools/store-delta/command.h"
#include "tools/store-delta/output.h"
#include "tools/store-delta/sealed.h"
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#define READ_BYTES 65536

/* With the decoder's own SHA3-384: a small build has no other. */
static enum rc check_digest(int fd, const char *hex, struct err *err)
{
        static uint8_t bytes[READ_BYTES];
        struct delta_reader reader;
        uint8_t want[SHA3_384_BYTES];
        uint8_t got[SHA3_384_BYTES];
        struct sha3 hash;
        enum rc rc;

        if (!hex)
                return RC_OK;
        if (hex_parse(hex, want, sizeof(want)) != RC_OK)
                return err_set(err, RC_BUG, "a digest that was not checked");
        rc = delta_open(&reader, fd, err);
        sha3_init(&hash);
        while (rc == RC_OK && reader.offset < reader.end) {
                const uint64_t left = reader.end - reader.offset;
                const size_t now = left < READ_BYTES ? (size_t)left : READ_BYTES;

                rc = delta_read(&reader, bytes, now, err);
                sha3_update(&hash, bytes, now);
        }
        if (rc != RC_OK)
                return rc;
        sha3_finish(&hash, got);
        if (memcmp(got, want, sizeof(got)) != 0)
                return err_set(err, RC_CONFLICT, "what was rebuilt has another SHA3-384");
        return RC_OK;
}

/* How large the target may become: the caller's word, or what the delta says, read beforehand. */
static enum rc find_bound(const struct command_options *options, const struct delta_format *format,
                          int delta_fd, uint64_t *ret, struct err *err)
{
        const enum rc rc = format->measure(delta_fd, ret, err);

        if (rc == RC_OK && options->max_bytes && *ret > options->max_bytes)
                return err_set(err, RC_TOO_BIG, "the target has %" PRIu64 " bytes", *ret);
        return rc;
}

static enum rc apply(const struct command_options *options, int source_fd, int delta_fd,
                     const char *path, struct err *err)
{
        CLEANUP(output_fini) struct output output = OUTPUT_INIT;
        struct sealed_job job = {
                .source_fd = source_fd, .delta_fd = delta_fd, .open = options->no_sandbox};
        uint64_t bytes = 0;
        enum rc rc = delta_format_detect(delta_fd, &job.format, err);

        if (rc == RC_OK)
                rc = find_bound(options, job.format, delta_fd, &job.max_target_bytes, err);
        if (rc == RC_OK)
                rc = output_create(&output, path, err);
        job.out_fd = output.fd;
        if (rc == RC_OK)
                rc = sealed_apply(&job, &bytes, err);
        if (rc == RC_OK)
                rc = check_digest(output.fd, options->sha3_384, err);
        return rc == RC_OK ? output_commit(&output, err) : rc;
}

enum exit_status command_status(enum rc rc)
{
        switch (rc) {
        case RC_OK:
                return EXIT_OK;
        case RC_INVALID:
        case RC_CONFLICT:
        case RC_TOO_BIG:
        case RC_UNSUPPORTED:
                return EXIT_BAD_DELTA;
        default:
                return EXIT_ERROR;
        }
}

enum exit_status command_apply(const struct command_options *options, char *const *paths,
                               struct err *err)
{
        CLEANUP(fs_closep) int source_fd = -1;
        CLEANUP(fs_closep) int delta_fd = -1;

        if (fs_open(paths[0], O_RDONLY, 0, &source_fd, err) != RC_OK ||
            fs_open(paths[1], O_RDONLY, 0, &delta_fd, err) != RC_OK)
                return EXIT_ERROR;
        return command_status(apply(options, source_fd, delta_fd, paths[2], err));
}
