/* SPDX-License-Identifier: Apache-2.0 */
/* A package's second half: its snap-build, and what the store makes of it. */
#include "core/base/clock.h"
#include "core/keys/privkey.h"
#include "tools/storectl/devkey.h"
#include "tools/storectl/progress.h"
#include "tools/storectl/push.h"
#include "tools/storectl/sign.h"
#include <inttypes.h>
#include <string.h>
#include <time.h>

#define STATUS_PATH_MAX 1024

static enum rc text_keep(struct cli *cli, const json_t *object, const char *field, const char **ret,
                         struct err *err)
{
        const char *text = client_text(object, field);

        *ret = arena_strdup(cli->arena, text);
        return *text && *ret ? RC_OK
                             : err_set(err, RC_INVALID, "the store's answer has no %s", field);
}

/* The account and the package that the build is signed for. */
static enum rc ids_get(struct push *push, const char **ret_account, const char **ret_snap_id,
                       struct err *err)
{
        CLEANUP(jsonx_decref) json_t *who = NULL;
        CLEANUP(jsonx_decref) json_t *package = NULL;
        enum rc rc;

        rc = client_get(push->cli, "/v1/tokens/whoami", &who, err);
        if (rc == RC_OK)
                rc = text_keep(push->cli, json_object_get(who, "account"), "id", ret_account, err);
        if (rc == RC_OK)
                rc = client_get(push->cli, client_path(push->cli, "/v1/snap/", push->name, ""),
                                &package, err);
        if (rc == RC_OK)
                rc = text_keep(push->cli, json_object_get(package, "metadata"), "id", ret_snap_id,
                               err);
        return rc;
}

static enum rc build_make(struct push *push, const char *account, const char *snap_id,
                          const struct privkey *key, struct assertion **ret, struct err *err)
{
        struct assertion_draft *draft = assertion_draft_new(push->cli->arena, "snap-build");
        const usec_t now = clock_now(NULL);
        char digest[DIGEST_B64_CHARS + 1];

        if (!draft)
                return err_set(err, RC_NOMEM, "out of memory");
        digest_b64(&push->digest, digest);
        assertion_draft_text(draft, "authority-id", account);
        assertion_draft_text(draft, "snap-sha3-384", digest);
        assertion_draft_text(draft, "snap-id", snap_id);
        assertion_draft_text(draft, "grade", "stable");
        assertion_draft_printf(draft, "snap-size", "%" PRIu64, push->bytes);
        assertion_draft_time(draft, "timestamp", now);
        return sign_draft(push->cli->arena, draft, key, now, ret, err);
}

enum rc push_sign(struct push *push, const struct args *args, struct err *err)
{
        CLEANUP(privkey_freep) struct privkey *key = NULL;
        const char *name = args_text(args, "key");
        const char *account = NULL;
        const char *snap_id = NULL;
        struct assertion *build = NULL;
        enum rc rc = RC_OK;

        if (!name)
                rc = devkey_choose(push->cli, &name, err);
        if (rc == RC_OK)
                rc = devkey_open(push->cli, name, args, &key, err);
        if (rc == RC_OK)
                rc = ids_get(push, &account, &snap_id, err);
        if (rc == RC_OK)
                rc = build_make(push, account, snap_id, key, &build, err);
        if (rc != RC_OK)
                return rc;
        progress_stage(push->cli, "Signed the build with key %s", name);
        push->snap_build = build->bytes;
        return RC_OK;
}

static enum rc revision_ask(struct push *push, const char **ret, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *body = json_pack("{s:s}", "upload-id", push->upload_id);
        CLEANUP(jsonx_decref) json_t *answer = NULL;
        const char *path = NULL;
        enum rc rc;

        if (push->snap_build)
                json_object_set_new(body, "snap-build", json_string(push->snap_build));
        if (push->component)
                json_object_set_new(body, "component", json_string(push->component));
        if (push->is_image) {
                json_object_set_new(body, "version", json_string(push->version));
                json_object_set_new(body, "architecture", json_string(push->arch));
        }
        rc = client_send(push->cli, "POST",
                         client_path(push->cli, "/v1/snap/", push->name, "/revisions"), body,
                         &answer, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(answer, "status-url", JSONX_MUST, STATUS_PATH_MAX, &path, err);
        if (rc != RC_OK)
                return rc;
        /* A path of this store: a whole URL could send the token elsewhere. */
        if (path[0] != '/' || path[1] == '/')
                return err_set(err, RC_INVALID, "the store's status-url is no path");
        *ret = arena_strdup(push->cli->arena, path);
        return *ret ? RC_OK : err_set(err, RC_NOMEM, "out of memory");
}

static enum rc rejected(struct push *push, const json_t *row, struct err *err)
{
        const json_t *list = json_object_get(row, "errors");
        const json_t *first = json_array_get(list, 0);

        for (size_t i = 1; i < json_array_size(list); i++)
                cli_warn(push->cli, "%s", client_text(json_array_get(list, i), "message"));
        cli_hint(push->cli, EXIT_REJECTED, "storectl push again with a corrected package");
        return err_set_code(err, RC_REFUSED, client_text(first, "code"),
                            "the store rejected %s: %s", push->base, client_text(first, "message"));
}

/* RC_PENDING: not decided yet. */
static enum rc review_look(struct push *push, const char *path, const char **last, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *answer = NULL;
        const json_t *row;
        const char *status;
        enum rc rc;

        rc = client_get(push->cli, path, &answer, err);
        if (rc != RC_OK)
                return rc;
        row = json_array_get(json_object_get(answer, "revisions"), 0);
        status = client_text(row, "status");
        if (strcmp(status, "approved") == 0) {
                push->revision = json_integer_value(json_object_get(row, "revision"));
                return push->revision > 0
                               ? RC_OK
                               : err_set(err, RC_INVALID, "the store approved without a revision");
        }
        if (strcmp(status, "rejected") == 0 || json_array_size(json_object_get(row, "errors")))
                return rejected(push, row, err);
        if (strcmp(status, *last) != 0)
                progress_stage(push->cli, "Review: %s", status);
        *last = arena_strdup(push->cli->arena, status);
        if (!*last)
                *last = "";
        return RC_PENDING;
}

enum rc push_review(struct push *push, long timeout_sec, struct err *err)
{
        const usec_t end = clock_uptime() + timeout_sec * USEC_PER_SEC;
        const char *last = "";
        const char *path = NULL;
        long pause_msec = 100;
        enum rc rc;

        rc = revision_ask(push, &path, err);
        if (rc != RC_OK)
                return rc;
        for (;;) {
                const struct timespec pause = {.tv_sec = pause_msec / 1000,
                                               .tv_nsec = pause_msec % 1000 * 1000000L};

                rc = review_look(push, path, &last, err);
                if (rc != RC_PENDING)
                        return rc;
                if (clock_uptime() > end) {
                        cli_hint(push->cli, EXIT_HELD,
                                 "the same push again: it costs no second revision");
                        return err_set(err, RC_PENDING, "the review takes longer than %ld s",
                                       timeout_sec);
                }
                nanosleep(&pause, NULL);
                pause_msec = pause_msec < 500 ? pause_msec * 2 : 1000;
        }
}
