/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/fs.h"
#include "server/worker/client.h"
#include "tools/store-delta/command.h"
#include "tools/store-delta/output.h"
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORKER_ENV  "STOREHOUSE_WORKER"
#define WORKER_NAME "storehouse-worker"

static enum rc find_worker(char *ret, size_t size, struct err *err)
{
        const char *named = getenv(WORKER_ENV);
        char folder[OUTPUT_PATH_MAX];
        enum rc rc;
        int chars;

        if (named && *named) {
                chars = snprintf(ret, size, "%s", named);
        } else {
                rc = fs_binary_dir(folder, sizeof(folder), err);
                if (rc != RC_OK)
                        return rc;
                chars = snprintf(ret, size, "%s/%s", folder, WORKER_NAME);
        }
        if (chars < 0 || (size_t)chars >= size)
                return err_set(err, RC_INVALID, "the path of %s is too long", WORKER_NAME);
        if (!fs_exists(ret))
                return err_set(err, RC_NOT_FOUND,
                               "no %s: deltas are built by that program, which is installed beside "
                               "this one or named by $" WORKER_ENV,
                               ret);
        return RC_OK;
}

static enum rc build(const struct command_options *options, char *const *paths,
                     struct worker_delta *ret, uint64_t *ret_target_bytes, struct err *err)
{
        CLEANUP(fs_closep) int source_fd = -1;
        CLEANUP(fs_closep) int target_fd = -1;
        CLEANUP(output_fini) struct output output = OUTPUT_INIT;
        char binary[OUTPUT_PATH_MAX];
        struct worker_options worker = {
                .binary = binary,
                .user = "",
                .memory_bytes = options->memory_bytes,
                .seconds = options->seconds,
                .require_sandbox = false,
        };
        struct digest digest;
        enum rc rc;

        rc = crypto_init(err);
        if (rc == RC_OK)
                rc = find_worker(binary, sizeof(binary), err);
        if (rc == RC_OK)
                rc = fs_open(paths[0], O_RDONLY, 0, &source_fd, err);
        if (rc == RC_OK)
                rc = fs_open(paths[1], O_RDONLY, 0, &target_fd, err);
        if (rc == RC_OK)
                rc = sha3_384_fd(target_fd, &digest, ret_target_bytes, err);
        if (rc == RC_OK)
                rc = output_create(&output, paths[2], err);
        if (rc == RC_OK)
                rc = worker_delta_build(&worker, options->format, source_fd, target_fd, &digest,
                                        options->max_bytes ? options->max_bytes : *ret_target_bytes,
                                        output.fd, ret, err);
        return rc == RC_OK ? output_commit(&output, err) : rc;
}

enum exit_status command_build(const struct command_options *options, char *const *paths,
                               struct err *err)
{
        struct worker_delta delta;
        uint64_t target_bytes = 0;
        const enum rc rc = build(options, paths, &delta, &target_bytes, err);
        char digest[DIGEST_HEX_CHARS + 1];

        if (rc == RC_NOT_WORTH || rc == RC_UNSUPPORTED)
                return EXIT_REFUSED;
        if (rc != RC_OK)
                return EXIT_ERROR;
        digest_hex(&delta.digest, digest);
        printf("%s: %" PRIu64 " bytes, %.2f %% of %s; proved; %.1f s, %" PRIu64
               " MB\nsha3-384 %s\n",
               paths[2], delta.bytes, 100.0 * (double)delta.bytes / (double)target_bytes, paths[1],
               (double)delta.cpu_usec / 1e6, delta.peak_bytes / 1000000, digest);
        return EXIT_OK;
}
