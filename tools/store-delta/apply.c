/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/fs.h"
#include "core/crypto/hash.h"
#include "delta/apply/vcdiff.h"
#include "tools/store-delta/command.h"
#include "tools/store-delta/output.h"
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

static enum rc check_digest(int fd, const char *hex, struct err *err)
{
        struct digest want;
        struct digest got;
        uint64_t bytes;
        enum rc rc;

        if (!hex)
                return RC_OK;
        if (digest_parse_hex(hex, &want) != RC_OK)
                return err_set(err, RC_BUG, "a digest that was not checked");
        rc = sha3_384_fd(fd, &got, &bytes, err);
        if (rc != RC_OK)
                return rc;
        if (!digest_equal(&got, &want))
                return err_set(err, RC_CONFLICT, "what was rebuilt has another SHA3-384");
        return RC_OK;
}

/* How large the target may become: the caller's word, or what the headers say, read beforehand. */
static enum rc find_bound(const struct command_options *options, int delta_fd, uint64_t *ret,
                          struct err *err)
{
        struct vcdiff_info info;
        const enum rc rc = vcdiff_info(delta_fd, &info, err);

        if (rc != RC_OK)
                return rc;
        if (options->max_bytes && info.target_bytes > options->max_bytes)
                return err_set(err, RC_TOO_BIG, "the target has %" PRIu64 " bytes",
                               info.target_bytes);
        *ret = info.target_bytes;
        return RC_OK;
}

static enum rc apply(const struct command_options *options, int source_fd, int delta_fd,
                     const char *path, struct err *err)
{
        CLEANUP(output_fini) struct output output = OUTPUT_INIT;
        uint64_t bytes = 0;
        uint64_t bound = 0;
        enum rc rc;

        rc = find_bound(options, delta_fd, &bound, err);
        if (rc == RC_OK)
                rc = output_create(&output, path, err);
        if (rc == RC_OK)
                rc = vcdiff_apply(source_fd, delta_fd, output.fd, bound, &bytes, err);
        if (rc == RC_OK)
                rc = check_digest(output.fd, options->sha3_384, err);
        return rc == RC_OK ? output_commit(&output, err) : rc;
}

static enum exit_status status_of(enum rc rc)
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
        return status_of(apply(options, source_fd, delta_fd, paths[2], err));
}

static const char *yes_no(bool value)
{
        return value ? "yes" : "no";
}

static const char *json_bool(bool value)
{
        return value ? "true" : "false";
}

static void print_info(const struct vcdiff_info *info)
{
        printf("format                 xdelta3 (VCDIFF, RFC 3284)\n");
        printf("target                 %" PRIu64 " bytes\n", info->target_bytes);
        printf("source                 %" PRIu64 " bytes at least\n", info->source_bytes);
        printf("windows                %u, the largest %" PRIu64 " bytes\n", info->windows,
               info->max_window_bytes);
        printf("checksums              %s\n", yes_no(info->checksums));
        printf("application header     %s\n", yes_no(info->has_app_header));
        printf("secondary compression  %s\n", yes_no(info->secondary));
        printf("store-delta applies it %s\n", yes_no(!info->secondary_used));
}

static void print_json(const struct vcdiff_info *info)
{
        printf("{\"format\":\"xdelta3\",\"target-bytes\":%" PRIu64
               ",\"source-bytes-at-least\":%" PRIu64
               ",\"windows\":%u,\"max-window-bytes\":%" PRIu64,
               info->target_bytes, info->source_bytes, info->windows, info->max_window_bytes);
        printf(",\"checksums\":%s,\"app-header\":%s,\"secondary-compression\":%s,\"applies-here\":%"
               "s}\n",
               json_bool(info->checksums), json_bool(info->has_app_header),
               json_bool(info->secondary), json_bool(!info->secondary_used));
}

enum exit_status command_info(const struct command_options *options, char *const *paths,
                              struct err *err)
{
        CLEANUP(fs_closep) int fd = -1;
        struct vcdiff_info info;
        enum rc rc;

        if (fs_open(paths[0], O_RDONLY, 0, &fd, err) != RC_OK)
                return EXIT_ERROR;
        rc = vcdiff_info(fd, &info, err);
        if (rc == RC_OK)
                options->json ? print_json(&info) : print_info(&info);
        return status_of(rc);
}

enum exit_status command_formats(const struct command_options *options, char *const *paths,
                                 struct err *err)
{
        (void)options, (void)paths, (void)err;
        puts("xdelta3");
        return EXIT_OK;
}
