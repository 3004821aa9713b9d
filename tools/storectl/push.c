/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/storectl/push.h"
#include "core/base/clock.h"
#include "core/base/fs.h"
#include "core/model/name.h"
#include "tools/storectl/progress.h"
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define READ_BYTES MIB
#define TRIES      6
#define ID_MAX     256

void push_fini(struct push *push)
{
        fs_closep(&push->fd);
}

bool push_read_name(struct arena *arena, const char *base, const char **ret_name,
                    const char **ret_version, const char **ret_arch)
{
        const char *dot = strrchr(base, '.');
        const char *end = dot && strcmp(dot, ".snap") == 0 ? dot : base + strlen(base);
        const char *first = strchr(base, '_');
        const char *last = NULL;

        *ret_version = "";
        *ret_arch = "";
        if (!first || first >= end)
                return false;
        for (const char *at = first + 1; at < end; at++)
                if (*at == '_')
                        last = at;
        *ret_name = arena_memdup(arena, base, (size_t)(first - base));
        if (!*ret_name || !name_is_snap(*ret_name))
                return false;
        if (last) {
                *ret_version = arena_memdup(arena, first + 1, (size_t)(last - first - 1));
                *ret_arch = arena_memdup(arena, last + 1, (size_t)(end - last - 1));
                if (!*ret_version)
                        *ret_version = "";
                if (!*ret_arch || !name_is_arch(*ret_arch))
                        *ret_arch = "";
        }
        return true;
}

enum rc push_open_file(struct push *push, struct err *err)
{
        const char *slash = strrchr(push->path, '/');
        struct stat st;
        enum rc rc;

        push->base = slash ? slash + 1 : push->path;
        rc = fs_open(push->path, O_RDONLY, 0, &push->fd, err);
        if (rc != RC_OK)
                return rc;
        if (fstat(push->fd, &st) < 0)
                return err_errno(err, "cannot look at %.150s", push->path);
        if (!S_ISREG(st.st_mode) || st.st_size == 0)
                return err_set(err, RC_INVALID, "%.150s is no package: %s", push->path,
                               S_ISREG(st.st_mode) ? "it is empty" : "it is not a file");
        push->bytes = (uint64_t)st.st_size;
        return RC_OK;
}

enum rc push_open(struct push *push, struct err *err)
{
        struct cli *cli = push->cli;
        const char *name = NULL;
        bool named;
        enum rc rc;

        /* First the file: a path that is mistyped must not be answered with advice on its name. */
        rc = push_open_file(push, err);
        if (rc != RC_OK)
                return rc;
        if (!push->component && !push->is_image && !push->name &&
            push_read_component(cli->arena, push->base, &name, &push->component))
                push->name = name;
        if (push->component)
                push->version = push->arch = "";
        named = !push->is_image && !push->component &&
                push_read_name(cli->arena, push->base, &name, &push->version, &push->arch);
        if (!push->name && !named)
                return cli_usage(cli, "push", err,
                                 "the file name %.60s does not say the package; add --name NAME",
                                 push->base);
        if (!push->name)
                push->name = name;
        if (!name_is_snap(push->name))
                return cli_usage(cli, "push", err, "%.60s is no package name", push->name);
        return RC_OK;
}

enum rc push_hash(struct push *push, struct err *err)
{
        CLEANUP(hash_freep) struct hash *hash = hash_new_sha3_384();
        CLEANUP(fs_freep) char *data = malloc(READ_BYTES);
        struct progress progress;
        uint64_t at = 0;

        if (!hash || !data)
                return err_set(err, RC_NOMEM, "out of memory");
        progress_begin(&progress, push->cli,
                       arena_printf(push->cli->arena, "Reading %s", push->base), push->bytes);
        while (at < push->bytes) {
                const ssize_t got = pread(push->fd, data, READ_BYTES, (off_t)at);

                if (got <= 0) {
                        progress_end(&progress);
                        return got < 0 ? err_errno(err, "cannot read %.150s", push->path)
                                       : err_set(err, RC_IO,
                                                 "%.150s became shorter while it was "
                                                 "read",
                                                 push->path);
                }
                hash_update(hash, data, (size_t)got);
                progress_add(&progress, (uint64_t)got);
                at += (uint64_t)got;
        }
        hash_finish(hash, &push->digest);
        progress_end(&progress);
        if (at == push->bytes)
                return RC_OK;
        return err_set(err, RC_IO, "%.150s became longer while it was read", push->path);
}

enum rc push_ask(struct push *push, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *body = NULL;
        char hex[DIGEST_HEX_CHARS + 1];

        digest_hex(&push->digest, hex);
        body = json_pack("{s:s, s:s, s:I}", "name", push->name, "sha3-384", hex, "size",
                         (json_int_t)push->bytes);
        if (push->version[0])
                json_object_set_new(body, "version", json_string(push->version));
        if (push->arch[0])
                json_object_set_new(body, "architecture", json_string(push->arch));
        return client_send(push->cli, "POST",
                           client_path(push->cli, "/v1/snap/", push->name, "/revisions?dry-run=1"),
                           body, NULL, err);
}

/* What goes out is hashed again: the file may change between two readings. */
struct sending {
        struct progress *progress;
        struct hash *hash;
};

static void piece_see(void *context, const void *data, size_t bytes)
{
        struct sending *sending = context;

        hash_update(sending->hash, data, bytes);
        progress_add(sending->progress, bytes);
}

static enum rc send_once(struct push *push, struct http_answer *answer, struct err *err)
{
        CLEANUP(hash_freep) struct hash *hash = hash_new_sha3_384();
        struct progress progress;
        struct sending sending = {&progress, hash};
        const struct http_upload upload = {.fd = push->fd,
                                           .bytes = push->bytes,
                                           .file_name = push->base,
                                           .each = piece_see,
                                           .context = &sending};
        struct http *http = NULL;
        struct digest digest;
        enum rc rc;

        rc = client_open(push->cli, &http, err);
        if (rc != RC_OK)
                return rc;
        if (!hash)
                return err_set(err, RC_NOMEM, "out of memory");
        progress_begin(&progress, push->cli,
                       arena_printf(push->cli->arena, "Uploading %s", push->base), push->bytes);
        rc = http_upload(http, "/unscanned-upload/", &upload, push->cli->arena, answer, err);
        progress_end(&progress);
        if (rc != RC_OK || answer->status >= 300)
                return rc;
        hash_finish(hash, &digest);
        if (!digest_equal(&digest, &push->digest))
                return err_set(err, RC_IO, "%.150s changed while it was sent", push->path);
        return RC_OK;
}

static enum rc upload_id_read(struct push *push, const struct http_answer *answer, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *json = NULL;
        const char *id = NULL;
        enum rc rc;

        rc = jsonx_parse_object(answer->body, answer->bytes, &json, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(json, "upload_id", JSONX_MUST, ID_MAX, &id, err);
        if (rc != RC_OK)
                return err_prefix(err, rc, "the store's answer to the upload");
        push->upload_id = arena_strdup(push->cli->arena, id);
        return push->upload_id ? RC_OK : err_set(err, RC_NOMEM, "out of memory");
}

enum rc push_send(struct push *push, struct err *err)
{
        enum rc rc;

        for (unsigned i = 0;; i++) {
                const struct timespec pause = {.tv_sec = 1 << i};
                struct http_answer answer = {0};
                bool again;

                rc = send_once(push, &answer, err);
                again = rc == RC_BUSY || rc == RC_TIMEOUT ||
                        (rc == RC_OK && (answer.status == 429 || answer.status >= 502));
                if (again && i + 1 < TRIES) {
                        progress_stage(push->cli, "%s; trying again in %u s",
                                       rc == RC_OK ? "The store is busy" : err->text, 1u << i);
                        nanosleep(&pause, NULL);
                        continue;
                }
                if (rc == RC_OK)
                        rc = client_check(push->cli, &answer, err);
                else if (again)
                        cli_hint(push->cli, EXIT_NETWORK, "the same push again later");
                return rc == RC_OK ? upload_id_read(push, &answer, err) : rc;
        }
}
