/* SPDX-License-Identifier: Apache-2.0 */
/* The root's word that manifests of earlier epochs are over (doc/manifest.md, "Recovering"). */
#include "core/base/clock.h"
#include "core/base/fs.h"
#include "tools/storectl/client.h"
#include "tools/storectl/commands.h"
#include "tools/storectl/place.h"
#include "tools/storectl/sign.h"
#include <string.h>
#include <unistd.h>

#define KEY_FILE_MAX (64 * KIB)
#define WAIT_SEC     60

static enum rc root_open(struct cli *cli, const struct args *args, struct privkey **ret,
                         struct err *err)
{
        CLEANUP(secret_freep) struct secret *passphrase = NULL;
        CLEANUP(fs_freep) char *text = NULL;
        const char *path = args_text(args, "key");
        size_t bytes = 0;
        enum rc rc;

        if (!path)
                return cli_usage(cli, "manifest raise-epoch", err, "--key names the root's key");
        rc = fs_read_file(path, KEY_FILE_MAX, &text, &bytes, err);
        if (rc == RC_OK)
                rc = place_passphrase(cli, args_text(args, "passphrase-file"),
                                      "STOREHOUSE_ROOT_PASSPHRASE_FILE",
                                      "Passphrase of the root key", false, &passphrase, err);
        if (rc == RC_OK)
                rc = privkey_unseal(text, bytes, passphrase, ret, err);
        return rc == RC_OK ? RC_OK : err_prefix(err, rc, "%.100s", path);
}

struct now_served {
        const char *brand;
        json_int_t epoch;
        bool ok;
};

static enum rc status_ask(struct cli *cli, struct now_served *ret, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *answer = NULL;
        const json_t *manifest;
        enum rc rc;

        rc = client_get(cli, "/api/v1/status", &answer, err);
        if (rc != RC_OK)
                return rc;
        manifest = json_object_get(answer, "manifest");
        ret->brand = arena_strdup(cli->arena, client_text(answer, "brand"));
        ret->epoch = json_integer_value(json_object_get(manifest, "epoch"));
        ret->ok = json_is_true(json_object_get(manifest, "ok"));
        return ret->brand ? RC_OK : err_set(err, RC_NOMEM, "out of memory");
}

static enum rc word_sign(struct cli *cli, const struct privkey *key, const char *account,
                         long epoch, struct assertion **ret, struct err *err)
{
        struct assertion_draft *draft = assertion_draft_new(cli->arena, "manifest-epoch");
        const usec_t now = clock_now(NULL);

        if (!draft)
                return err_set(err, RC_NOMEM, "out of memory");
        assertion_draft_text(draft, "authority-id", account);
        assertion_draft_text(draft, "account-id", account);
        assertion_draft_printf(draft, "epoch", "%ld", epoch);
        assertion_draft_time(draft, "timestamp", now);
        return sign_draft(cli->arena, draft, key, now, ret, err);
}

/* The server sees the assertion at once; its key follows when the signer has certified a new one.
 */
static enum rc epoch_wait(struct cli *cli, long epoch, struct err *err)
{
        struct now_served served = {.brand = ""};

        for (int second = 0; second < WAIT_SEC; second++) {
                const enum rc rc = status_ask(cli, &served, err);

                if (rc != RC_OK)
                        return rc;
                if (served.ok && served.epoch == epoch)
                        return RC_OK;
                sleep(1);
        }
        cli_hint(cli, EXIT_HELD, "storectl store, and look whether the signer is well");
        return err_set(err, RC_BUSY, "the store took epoch %ld, but signs none of it yet", epoch);
}

enum rc cmd_manifest_raise_epoch(struct cli *cli, const struct args *args, struct err *err)
{
        CLEANUP(privkey_freep) struct privkey *key = NULL;
        struct http_request request = {.method = "POST",
                                       .path = "/api/v1/assertions",
                                       .type = "application/x.ubuntu.assertion"};
        struct now_served served = {.brand = ""};
        struct http_answer answer = {0};
        struct assertion *word = NULL;
        long epoch;
        enum rc rc;

        rc = status_ask(cli, &served, err);
        if (rc == RC_OK && !served.ok && !args_text(args, "epoch"))
                rc = err_set(err, RC_BUSY, "the store signs no manifests: its epoch is not known");
        if (rc != RC_OK)
                return rc;
        epoch = (long)served.epoch + 1;
        rc = args_number(args, "epoch", epoch, INT32_MAX, &epoch, err);
        if (rc == RC_OK)
                rc = root_open(cli, args, &key, err);
        if (rc == RC_OK)
                rc = word_sign(cli, key, served.brand, epoch, &word, err);
        if (rc != RC_OK)
                return rc;
        request.body = word->bytes;
        request.bytes = word->bytes_count;
        rc = client_send_text(cli, &request, &answer, err);
        if (rc == RC_OK)
                rc = epoch_wait(cli, epoch, err);
        if (rc != RC_OK)
                return rc;
        cli_say(cli, "Manifests are of epoch %ld now; devices take any sequence of it", epoch);
        cli_result(cli, json_pack("{s:I}", "epoch", (json_int_t)epoch));
        return RC_OK;
}
