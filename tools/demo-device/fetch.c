/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes come by a delta or whole; either way they count only once the signed snap-revision names
 * their digest. */
#include "core/base/fs.h"
#include "tools/demo-device/device.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define BINARY_DIR_MAX 4096

extern char **environ;

/* RC_CONFLICT: the file is not what was announced. */
static enum rc file_check(const char *path, uint64_t bytes, const struct digest *digest,
                          struct err *err)
{
        CLEANUP(fs_closep) int fd = -1;
        struct digest found;
        uint64_t found_bytes = 0;
        enum rc rc;

        rc = fs_open(path, O_RDONLY, 0, &fd, err);
        if (rc == RC_OK)
                rc = sha3_384_fd(fd, &found, &found_bytes, err);
        if (rc != RC_OK)
                return rc;
        if (found_bytes != bytes || !digest_equal(&found, digest))
                return err_set(err, RC_CONFLICT, "%s is not what the store announced", path);
        return RC_OK;
}

static enum rc download(struct device *device, const char *url, const char *path, uint64_t bytes,
                        const struct digest *digest, struct err *err)
{
        CLEANUP(fs_closep) int fd = -1;
        enum rc rc;

        rc = fs_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644, &fd, err);
        if (rc == RC_OK)
                rc = net_download(device->net, url, fd, bytes, err);
        if (rc == RC_OK)
                rc = file_check(path, bytes, digest, err);
        return rc;
}

/* `store-delta apply OLD DELTA NEW`, the binary beside this one. */
static enum rc delta_apply(const char *old_path, const char *delta, const char *path,
                           struct arena *arena, struct err *err)
{
        char folder[BINARY_DIR_MAX];
        char name[] = "store-delta";
        char verb[] = "apply";
        char *argv[] = {name,
                        verb,
                        arena_strdup(arena, old_path),
                        arena_strdup(arena, delta),
                        arena_strdup(arena, path),
                        NULL};
        const char *binary;
        int status = 0;
        pid_t pid;
        int failed;
        enum rc rc;

        rc = fs_binary_dir(folder, sizeof(folder), err);
        if (rc != RC_OK)
                return rc;
        binary = arena_printf(arena, "%s/store-delta", folder);
        if (!binary || !argv[2] || !argv[3] || !argv[4])
                return err_set(err, RC_NOMEM, "out of memory");
        fflush(stdout);
        failed = posix_spawn(&pid, binary, NULL, NULL, argv, environ);
        if (failed) {
                errno = failed;
                return err_errno(err, "%s", binary);
        }
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return err_errno(err, "waiting for store-delta");
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
                return err_set(err, RC_CRASHED, "store-delta apply failed");
        return RC_OK;
}

static enum rc fetch_by_delta(struct device *device, const struct offer *offer,
                              const char *old_path, const char *path, struct err *err)
{
        const char *delta = arena_printf(device->arena, "%s.delta", path);
        enum rc rc;

        if (!delta)
                return err_set(err, RC_NOMEM, "out of memory");
        rc = download(device, offer->delta_url, delta, offer->delta_bytes, &offer->delta_digest,
                      err);
        if (rc != RC_OK)
                return rc;
        say("downloaded the delta from revision %" PRIu64 " to %" PRIu64 ": %" PRIu64
            " bytes, digest as announced",
            offer->delta_source, offer->revision, offer->delta_bytes);
        rc = delta_apply(old_path, delta, path, device->arena, err);
        if (rc == RC_OK)
                rc = file_check(path, offer->bytes, &offer->digest, err);
        if (rc == RC_OK)
                say("store-delta apply rebuilt revision %" PRIu64 ": %" PRIu64 " bytes",
                    offer->revision, offer->bytes);
        unlink(delta);
        return rc;
}

/* The digest is signed for exactly this package, this revision, this size. */
static enum rc revision_check(const struct assertion *revision, const struct assertion *declaration,
                              const struct offer *offer, struct err *err)
{
        uint64_t bytes = 0;
        uint64_t number = 0;

        if (assertion_number(revision, "snap-size", &bytes) != RC_OK ||
            assertion_number(revision, "snap-revision", &number) != RC_OK)
                return err_set(err, RC_UNTRUSTED, "a snap-revision without size and number");
        if (strcmp(assertion_text(revision, "snap-id"), offer->snap_id) || bytes != offer->bytes ||
            number != offer->revision)
                return err_set(err, RC_UNTRUSTED, "the digest is signed for something else");
        if (strcmp(assertion_text(declaration, "snap-name"), offer->name))
                return err_set(err, RC_UNTRUSTED, "the package is declared under another name");
        return RC_OK;
}

static enum rc offer_prove(struct device *device, const struct offer *offer, struct err *err)
{
        const char *trust = device_path(device, KEYDIR_TRUST_FOLDER);
        char text[DIGEST_B64_CHARS + 1];
        const struct trust_ref revision_ref = {.type = "snap-revision", .pk = {text}};
        const struct trust_ref declaration_ref = {.type = "snap-declaration",
                                                  .pk = {"16", offer->snap_id}};
        const struct assertion *revision;
        const struct assertion *declaration;
        struct chain chain;
        enum rc rc;

        if (!trust)
                return err_set(err, RC_NOMEM, "out of memory");
        digest_b64(&offer->digest, text);
        rc = chain_init(&chain, device->arena, device->net, trust, err);
        if (rc == RC_OK)
                rc = chain_get(&chain, &revision_ref, &revision, err);
        if (rc == RC_OK)
                rc = chain_get(&chain, &declaration_ref, &declaration, err);
        if (rc == RC_OK)
                rc = chain_prove(&chain, clock_now(NULL), err);
        if (rc == RC_OK)
                rc = revision_check(revision, declaration, offer, err);
        if (rc != RC_OK)
                return rc;
        say("proved: these bytes are revision %" PRIu64 " of %s (%zu assertions checked)",
            offer->revision, offer->name, chain.count);
        chain_print(&chain, revision);
        chain_print(&chain, declaration);
        return RC_OK;
}

static enum rc bytes_get(struct device *device, const struct offer *offer, const char *old_path,
                         const char *path, struct err *err)
{
        enum rc rc;

        if (old_path && offer->has_delta) {
                rc = fetch_by_delta(device, offer, old_path, path, err);
                if (rc == RC_OK) {
                        say("saved %" PRIu64 " of %" PRIu64 " bytes (%" PRIu64 " %%)",
                            offer->bytes - offer->delta_bytes, offer->bytes,
                            (offer->bytes - offer->delta_bytes) * 100 / offer->bytes);
                        return RC_OK;
                }
                say("the delta did not work (%s): the whole package instead", err->text);
        }
        rc = download(device, offer->url, path, offer->bytes, &offer->digest, err);
        if (rc == RC_OK)
                say("downloaded revision %" PRIu64 ": %" PRIu64 " bytes, digest as announced",
                    offer->revision, offer->bytes);
        return rc;
}

enum rc offer_fetch(struct device *device, const struct offer *offer, const char *old_path,
                    struct err *err)
{
        const char *path = arena_printf(device->arena, "%s/%s_%" PRIu64 ".snap", device->dir,
                                        offer->name, offer->revision);
        const char *part = arena_printf(device->arena, "%s.part", path ? path : "");
        enum rc rc;

        if (!path || !part)
                return err_set(err, RC_NOMEM, "out of memory");
        rc = bytes_get(device, offer, old_path, part, err);
        if (rc == RC_OK)
                rc = offer_prove(device, offer, err);
        if (rc != RC_OK) {
                unlink(part);
                return rc;
        }
        if (rename(part, path))
                return err_errno(err, "%s", path);
        say("kept as %s", path);
        return RC_OK;
}
