/* SPDX-License-Identifier: Apache-2.0 */
/* Signed refresh manifests (doc/manifest.md): for a device without a network, and to look at. */
#include "core/base/clock.h"
#include "core/base/fs.h"
#include "core/base/random.h"
#include "core/keys/keydir.h"
#include "core/manifest/manifest.h"
#include "tools/storectl/client.h"
#include "tools/storectl/commands.h"
#include "tools/storectl/table.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PACKAGES_MAX ARGS_MAX
#define NONCE_CHARS  32
#define FILE_MAX     MANIFEST_STREAM_MAX

/* --- fetch --- */

/* NAME[=REVISION][@CHANNEL] */
static enum rc package_pack(struct cli *cli, const char *text, json_t *list, struct err *err)
{
        char *name = arena_strdup(cli->arena, text);
        char *channel = name ? strchr(name, '@') : NULL;
        char *revision;
        json_t *package;

        if (!name)
                return err_set(err, RC_NOMEM, "out of memory");
        if (channel)
                *channel++ = '\0';
        revision = strchr(name, '=');
        if (revision)
                *revision++ = '\0';
        package = json_pack("{s:s, s:s*}", "name", name, "channel", channel);
        if (revision) {
                char *end = NULL;
                const long number = strtol(revision, &end, 10);

                if (number < 1 || *end)
                        return err_set(err, RC_INVALID, "\"%.60s\" is no revision", revision);
                json_object_set_new(package, "revision", json_integer(number));
        }
        json_array_append_new(list, package);
        return RC_OK;
}

static enum rc body_make(struct cli *cli, const struct args *args, const char *nonce, json_t **ret,
                         struct err *err)
{
        const char *packages[PACKAGES_MAX];
        const size_t count = args_many(args, "package", packages, PACKAGES_MAX);
        json_t *list = json_array();
        json_t *body = json_pack("{s:s, s:o}", "nonce", nonce, "packages", list);
        long hours = 0;
        enum rc rc;

        *ret = body;
        if (!count)
                return cli_usage(cli, "manifest fetch", err, "name a --package at least");
        rc = args_number(args, "hours", 1, 24, &hours, err);
        for (size_t i = 0; rc == RC_OK && i < count; i++)
                rc = package_pack(cli, packages[i], list, err);
        if (rc != RC_OK)
                return rc;
        if (hours)
                json_object_set_new(body, "life-sec", json_integer(hours * 3600));
        if (args_text(args, "model"))
                json_object_set_new(body, "model", json_string(args_text(args, "model")));
        if (args_text(args, "brand"))
                json_object_set_new(body, "brand-id", json_string(args_text(args, "brand")));
        return RC_OK;
}

enum rc cmd_manifest_fetch(struct cli *cli, const struct args *args, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *body = NULL;
        const char *out = args_text(args, "out");
        const char *nonce = args_text(args, "nonce");
        char made[NONCE_CHARS + 1];
        const char *text = NULL;
        json_t *answer = NULL;
        enum rc rc;

        if (!nonce) {
                random_text(made, NONCE_CHARS);
                nonce = made;
        }
        rc = body_make(cli, args, nonce, &body, err);
        if (rc == RC_OK)
                rc = client_send(cli, "POST",
                                 client_path(cli, "/api/v1/devices/", args->words[0], "/manifest"),
                                 body, &answer, err);
        if (rc != RC_OK)
                return rc;
        json_object_set_new(answer, "nonce", json_string(nonce));
        cli_result(cli, answer);
        rc = jsonx_get_text(answer, "manifest", JSONX_MUST, FILE_MAX, &text, err);
        if (rc == RC_OK && out)
                rc = fs_write_file(out, text, strlen(text), 0644, err);
        if (rc != RC_OK)
                return rc;
        if (out)
                cli_say(cli, "Wrote %s for the device %s, nonce %s", out, args->words[0], nonce);
        else
                cli_print(cli, text, strlen(text));
        return RC_OK;
}

/* --- show --- */

static enum rc file_read(struct cli *cli, const char *path, const char **ret, size_t *ret_bytes,
                         struct err *err)
{
        CLEANUP(fs_freep) char *text = NULL;
        size_t bytes = 0;
        enum rc rc;

        rc = fs_read_file(path, FILE_MAX, &text, &bytes, err);
        if (rc != RC_OK) {
                cli_hint(cli, rc == RC_NOT_FOUND ? EXIT_ABSENT : EXIT_FAILED,
                         "storectl manifest fetch, which writes one");
                return rc;
        }
        *ret = arena_memdup(cli->arena, text, bytes);
        *ret_bytes = bytes;
        return *ret ? RC_OK : err_set(err, RC_NOMEM, "out of memory");
}

static const char *time_text(struct cli *cli, usec_t time)
{
        char text[CLOCK_CHARS + 1];

        clock_format(time, text);
        return arena_strdup(cli->arena, text);
}

static json_t *package_json(struct cli *cli, const struct manifest_package *package)
{
        char digest[DIGEST_HEX_CHARS + 1];
        json_t *json = json_pack("{s:s}", "instance-key", package->key);

        (void)cli;
        if (package->absent) {
                json_object_set_new(json, "absent", json_string(package->absent));
                return json;
        }
        digest_hex(&package->digest, digest);
        json_object_update_new(json,
                               json_pack("{s:s, s:s, s:I, s:s, s:I, s:s, s:I}", "name",
                                         package->name, "snap-id", package->snap_id, "revision",
                                         (json_int_t)package->revision, "sha3-384", digest, "size",
                                         (json_int_t)package->bytes, "channel", package->channel,
                                         "deltas", (json_int_t)package->delta_count));
        return json;
}

static json_t *manifest_json(struct cli *cli, const struct manifest *manifest)
{
        json_t *list = json_array();

        for (size_t i = 0; i < manifest->package_count; i++)
                json_array_append_new(list, package_json(cli, &manifest->packages[i]));
        return json_pack(
                "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:s, s:o}", "authority-id",
                manifest->authority, "brand-id", manifest->brand_id, "model", manifest->model,
                "serial", manifest->serial, "store", manifest->store, "nonce", manifest->nonce,
                "timestamp", time_text(cli, manifest->timestamp), "expiry",
                time_text(cli, manifest->expiry), "epoch", (json_int_t)manifest->epoch, "sequence",
                (json_int_t)manifest->sequence, "key", manifest->key_id, "packages", list);
}

static void packages_print(struct cli *cli, const struct manifest *manifest)
{
        static const char *const headers[] = {"Package", "Revision", "Channel",
                                              "Size",    "Deltas",   "SHA3-384"};
        struct table *table = table_new(cli->arena, headers, ARRAY_COUNT(headers));

        for (size_t i = 0; i < manifest->package_count; i++) {
                const struct manifest_package *package = &manifest->packages[i];
                char digest[DIGEST_HEX_CHARS + 1];
                const char *cells[] = {package->key, package->absent, "", "", "", ""};

                if (!package->absent) {
                        digest_hex(&package->digest, digest);
                        cells[0] = package->name;
                        cells[1] = arena_printf(cli->arena, "%" PRIu64, package->revision);
                        cells[2] = package->channel;
                        cells[3] = text_size(cli->arena, package->bytes);
                        cells[4] = arena_printf(cli->arena, "%zu", package->delta_count);
                        cells[5] = arena_printf(cli->arena, "%.16s...", digest);
                }
                table_add(table, cells);
        }
        table_print(table, cli, "It speaks of no package.");
}

static void manifest_print(struct cli *cli, const struct manifest *manifest)
{
        cli_say(cli, "%-10s%s/%s, serial %s, store %s", "Device", manifest->brand_id,
                manifest->model, manifest->serial, manifest->store);
        cli_say(cli, "%-10s%s", "Nonce", manifest->nonce);
        cli_say(cli, "%-10s%s until %s", "Holds", time_text(cli, manifest->timestamp),
                time_text(cli, manifest->expiry));
        cli_say(cli, "%-10sepoch %" PRIu64 ", sequence %" PRIu64, "Place", manifest->epoch,
                manifest->sequence);
        cli_say(cli, "%s", "");
        packages_print(cli, manifest);
}

enum rc cmd_manifest_show(struct cli *cli, const struct args *args, struct err *err)
{
        const struct manifest *manifest = NULL;
        struct assertion_stream stream;
        struct assertion *assertion = NULL;
        const char *text = NULL;
        size_t bytes = 0;
        enum rc rc;

        rc = file_read(cli, args->words[0], &text, &bytes, err);
        if (rc != RC_OK)
                return rc;
        assertion_stream_init(&stream, text, bytes);
        rc = assertion_stream_next(&stream, cli->arena, &assertion, err);
        if (rc == RC_OK)
                rc = manifest_parse(assertion, cli->arena, &manifest, err);
        if (rc != RC_OK)
                return err_prefix(err, rc, "%.100s", args->words[0]);
        manifest_print(cli, manifest);
        cli_say(cli, "Nothing of this is proved: storectl manifest verify does that");
        cli_result(cli, manifest_json(cli, manifest));
        return RC_OK;
}

/* --- verify --- */

/* The store's own root is the first; those that were added for packages come behind it. */
static enum rc roots_read(struct cli *cli, const char *dir, struct trust_set **ret,
                          const char **ret_authority, struct err *err)
{
        struct keydir_root roots[KEYDIR_ROOTS_MAX];
        struct trust_set *set = trust_set_new(cli->arena, NULL);
        size_t count = 0;
        enum rc rc;

        if (!set)
                return err_set(err, RC_NOMEM, "out of memory");
        rc = keydir_read_roots(dir, roots, &count, err);
        if (rc == RC_OK && !count)
                rc = err_set(err, RC_INVALID, "%.100s/" KEYDIR_ROOTS_FILE " names no root", dir);
        for (size_t i = 0; rc == RC_OK && i < count; i++)
                rc = trust_set_add_root(set, roots[i].account_id, roots[i].key_id, err);
        if (rc != RC_OK) {
                cli_hint(cli, EXIT_FAILED, "storectl trust export, which writes such a folder");
                return rc;
        }
        *ret = set;
        *ret_authority = arena_strdup(cli->arena, roots[0].account_id);
        return *ret_authority ? RC_OK : err_set(err, RC_NOMEM, "out of memory");
}

/* RC_OK without a state file yet. */
static enum rc state_read(const char *path, struct manifest_state *ret, struct err *err)
{
        CLEANUP(fs_freep) char *text = NULL;
        size_t bytes = 0;
        enum rc rc;

        if (!path || !fs_exists(path))
                return RC_OK;
        rc = fs_read_file(path, MANIFEST_STATE_CHARS, &text, &bytes, err);
        if (rc == RC_OK)
                rc = manifest_state_parse(text, bytes, ret, err);
        return rc == RC_OK ? RC_OK : err_prefix(err, rc, "%.100s", path);
}

static enum rc state_write(const char *path, const struct manifest *manifest, struct err *err)
{
        char text[MANIFEST_STATE_CHARS];
        struct manifest_state state;
        enum rc rc;

        if (!path)
                return RC_OK;
        rc = manifest_state_take(manifest, &state, err);
        if (rc != RC_OK)
                return rc;
        manifest_state_format(&state, text);
        return fs_write_file(path, text, strlen(text), 0600, err);
}

static int text_compare(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* BRAND/MODEL to both. */
static enum rc model_split(struct cli *cli, const char *text, struct manifest_expect *ret,
                           struct err *err)
{
        char *copy = text ? arena_strdup(cli->arena, text) : NULL;
        char *slash = copy ? strchr(copy, '/') : NULL;

        if (!slash)
                return cli_usage(cli, "manifest verify", err, "--model is BRAND/MODEL");
        *slash = '\0';
        ret->brand_id = copy;
        ret->model = slash + 1;
        return RC_OK;
}

static enum rc expect_read(struct cli *cli, const struct args *args, struct manifest_expect *ret,
                           struct err *err)
{
        static const char *const needed[] = {"root", "nonce", "model", "serial", "store"};
        const char **keys = arena_alloc_array(cli->arena, PACKAGES_MAX, sizeof(*keys));
        struct trust_set *roots = NULL;
        long minutes = 5;
        enum rc rc;

        if (!keys)
                return err_set(err, RC_NOMEM, "out of memory");
        for (size_t i = 0; i < ARRAY_COUNT(needed); i++)
                if (!args_text(args, needed[i]))
                        return cli_usage(cli, "manifest verify", err, "--%s is missing", needed[i]);
        ret->nonce = args_text(args, "nonce");
        ret->serial = args_text(args, "serial");
        ret->store = args_text(args, "store");
        ret->now = clock_now(NULL);
        rc = args_number(args, "tolerance", 0, 60 * 24, &minutes, err);
        if (rc == RC_OK)
                rc = model_split(cli, args_text(args, "model"), ret, err);
        if (rc == RC_OK)
                rc = roots_read(cli, args_text(args, "root"), &roots, &ret->authority, err);
        if (rc == RC_OK)
                rc = state_read(args_text(args, "state"), &ret->seen, err);
        if (rc != RC_OK)
                return rc;
        ret->roots = roots;
        ret->tolerance = minutes * 60 * USEC_PER_SEC;
        ret->key_count = args_many(args, "package", keys, PACKAGES_MAX);
        if (ret->key_count) {
                qsort(keys, ret->key_count, sizeof(*keys), text_compare);
                ret->keys = keys;
        }
        return RC_OK;
}

enum rc cmd_manifest_verify(struct cli *cli, const struct args *args, struct err *err)
{
        struct manifest_expect expect = {.now = 0};
        enum manifest_check check = MANIFEST_NONE;
        const struct manifest *manifest = NULL;
        const char *text = NULL;
        size_t bytes = 0;
        json_t *result;
        enum rc rc;

        rc = file_read(cli, args->words[0], &text, &bytes, err);
        if (rc == RC_OK)
                rc = expect_read(cli, args, &expect, err);
        if (rc != RC_OK)
                return rc;
        rc = manifest_verify(text, bytes, &expect, cli->arena, &manifest, &check, err);
        if (rc == RC_UNTRUSTED) {
                cli_hint(cli, EXIT_REJECTED, "keep what the device has; %s means: %s",
                         manifest_check_name(check), manifest_check_doc(check));
                return err_prefix(err, rc, "check %s failed", manifest_check_name(check));
        }
        if (rc == RC_OK)
                rc = state_write(args_text(args, "state"), manifest, err);
        if (rc != RC_OK)
                return rc;
        manifest_print(cli, manifest);
        cli_say(cli, "manifest verified: every check holds");
        result = manifest_json(cli, manifest);
        json_object_set_new(result, "verified", json_true());
        cli_result(cli, result);
        return RC_OK;
}
