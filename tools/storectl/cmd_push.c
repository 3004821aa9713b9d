/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/storectl/commands.h"
#include "tools/storectl/publish.h"
#include "tools/storectl/push.h"
#include "tools/storectl/table.h"
#include <string.h>

#define TIMEOUT_STANDARD 900
#define TIMEOUT_MAX      86400

/* What --release names. */
struct wanted {
        const char *channels[CHANNELS_MAX];
        size_t count;
};

static enum rc steps_run(struct push *push, const struct wanted *wanted, const struct args *args,
                         long timeout, struct err *err)
{
        enum rc rc;

        rc = push_open(push, err);
        if (rc == RC_OK)
                rc = push_parts_read(push, args, err);
        if (rc == RC_OK && push->component && wanted->count)
                rc = cli_usage(push->cli, "push", err,
                               "a component is not released: it goes with revisions of %s",
                               push->name);
        if (rc == RC_OK)
                rc = push_parts_send(push, args, timeout, err);
        if (rc == RC_OK)
                rc = push_hash(push, err);
        if (rc == RC_OK)
                rc = push_ask(push, err);
        if (rc == RC_OK)
                rc = publish_check_tracks(push->cli, push->name, wanted->channels, wanted->count,
                                          err);
        if (rc == RC_OK && !args_flag(args, "unsigned"))
                rc = push_sign(push, args, err);
        if (rc == RC_OK)
                rc = push_send(push, err);
        if (rc == RC_OK)
                rc = push_review(push, timeout, err);
        return rc == RC_OK ? push_parts_pair(push, push->revision, err) : rc;
}

static void summary_say(const struct push *push, const struct wanted *wanted)
{
        struct cli *cli = push->cli;
        char hex[DIGEST_HEX_CHARS + 1];

        digest_hex(&push->digest, hex);
        cli_say(cli, "Revision %lld of %s%s%s (%s, build %s)", (long long)push->revision,
                push->name, push->component ? "+" : "", push->component ? push->component : "",
                text_size(cli->arena, push->bytes), push->snap_build ? "signed" : "unsigned");
        cli_say(cli, "  sha3-384  %s", hex);
        for (size_t i = 0; i < push->part_count; i++)
                cli_say(cli, "  component %s %lld", push->parts[i].name,
                        (long long)push->parts[i].revision);
        for (size_t i = 0; i < wanted->count; i++)
                cli_say(cli, "  released  %s", wanted->channels[i]);
        if (push->component)
                cli_say(cli, "Next: storectl pair %s REVISION %s=%lld", push->name, push->component,
                        (long long)push->revision);
        else if (wanted->count)
                cli_say(cli, "Next: storectl status %s", push->name);
        else
                cli_say(cli, "Next: storectl release %s %lld edge", push->name,
                        (long long)push->revision);
}

static json_t *document_make(const struct push *push, const struct wanted *wanted)
{
        json_t *list = json_array();
        json_t *parts = json_object();
        char hex[DIGEST_HEX_CHARS + 1];

        digest_hex(&push->digest, hex);
        for (size_t i = 0; i < wanted->count; i++)
                json_array_append_new(list, json_string(wanted->channels[i]));
        for (size_t i = 0; i < push->part_count; i++)
                json_object_set_new(parts, push->parts[i].name,
                                    json_integer(push->parts[i].revision));
        return json_pack("{s:s, s:o, s:I, s:s, s:I, s:b, s:o, s:o}", "name", push->name,
                         "component", push->component ? json_string(push->component) : json_null(),
                         "revision", push->revision, "sha3-384", hex, "size",
                         (json_int_t)push->bytes, "build-signed", push->snap_build != NULL,
                         "channels", list, "components", parts);
}

/* A snap says its version and architecture itself; any other file cannot. */
static enum rc image_read(struct push *push, const struct args *args, struct err *err)
{
        const char *type = args_text(args, "type");

        push->is_image = type && strcmp(type, "image") == 0;
        push->version = args_text(args, "version");
        push->arch = args_text(args, "arch");
        if (type && !push->is_image && strcmp(type, "snap"))
                return cli_usage(push->cli, "push", err, "%.40s is neither snap nor image", type);
        if (push->is_image && (!push->name || !push->version || !push->arch))
                return cli_usage(push->cli, "push", err,
                                 "an image needs --name, --version and --arch");
        if (!push->is_image && (push->version || push->arch))
                return cli_usage(push->cli, "push", err,
                                 "--version and --arch are for --type image");
        return RC_OK;
}

enum rc cmd_push(struct cli *cli, const struct args *args, struct err *err)
{
        CLEANUP(push_fini)
        struct push push = {
                .cli = cli, .path = args->words[0], .name = args_text(args, "name"), .fd = -1};
        struct wanted wanted = {.count = 0};
        const char *release = args_text(args, "release");
        json_t *deltas = NULL;
        long timeout = TIMEOUT_STANDARD;
        enum rc rc;

        rc = args_number(args, "timeout", 1, TIMEOUT_MAX, &timeout, err);
        if (rc != RC_OK)
                return cli_usage(cli, "push", err, "%s", err->text);
        if (args_flag(args, "unsigned") && args_text(args, "key"))
                return cli_usage(cli, "push", err, "--key and --unsigned exclude each other");
        rc = image_read(&push, args, err);
        if (rc == RC_OK && release)
                rc = publish_channels(cli, "push", release, wanted.channels, &wanted.count, err);
        if (rc == RC_OK)
                rc = steps_run(&push, &wanted, args, timeout, err);
        if (rc == RC_OK && wanted.count)
                rc = publish_release(cli, push.name, push.revision, wanted.channels, wanted.count,
                                     -1, err);
        if (rc != RC_OK)
                return push.revision ? err_prefix(err, rc, "revision %lld is stored, but",
                                                  (long long)push.revision)
                                     : rc;
        cli_result(cli, document_make(&push, &wanted));
        summary_say(&push, &wanted);
        if (!args_flag(args, "wait-deltas"))
                return RC_OK;
        rc = publish_wait_deltas(cli, push.name, push.revision, timeout, &deltas, err);
        if (rc == RC_OK)
                json_object_set_new(cli->result, "deltas", deltas);
        return rc;
}
