/* SPDX-License-Identifier: Apache-2.0 */
/* A package that was signed elsewhere, with the assertions that came with it. */
#include "core/model/assertion_type.h"
#include "tools/storectl/assertions.h"
#include "tools/storectl/commands.h"
#include "tools/storectl/publish.h"
#include "tools/storectl/push.h"
#include "tools/storectl/table.h"
#include <inttypes.h>
#include <string.h>

struct import {
        struct push push;
        const char *stream;
        const struct assertion **items;
        size_t count;
        const char *channels[CHANNELS_MAX];
        size_t channel_count;
};

static void import_fini(struct import *import)
{
        push_fini(&import->push);
}

/* The name of the package whose revision the file is, as the stream declares it. */
static enum rc name_find(struct import *import, struct err *err)
{
        char digest[DIGEST_B64_CHARS + 1];
        const char *snap_id = NULL;

        digest_b64(&import->push.digest, digest);
        for (size_t i = 0; i < import->count; i++)
                if (strcmp(import->items[i]->type->name, "snap-revision") == 0 &&
                    strcmp(import->items[i]->pk[0], digest) == 0)
                        snap_id = assertion_text(import->items[i], "snap-id");
        if (!snap_id) {
                cli_hint(import->push.cli, EXIT_REJECTED,
                         "the FILE.assert that was downloaded together with this file");
                return err_set(err, RC_REFUSED, "no snap-revision in the stream is of %.150s",
                               import->push.path);
        }
        for (size_t i = 0; i < import->count; i++)
                if (strcmp(import->items[i]->type->name, "snap-declaration") == 0 &&
                    strcmp(import->items[i]->pk[1], snap_id) == 0)
                        import->push.name = assertion_text(import->items[i], "snap-name");
        return RC_OK;
}

static enum rc send(struct import *import, json_t **ret, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *body = NULL;
        enum rc rc;

        rc = push_send(&import->push, err);
        if (rc != RC_OK)
                return rc;
        body = json_pack("{s:s, s:s}", "upload-id", import->push.upload_id, "assertions",
                         import->stream);
        return client_send(import->push.cli, "POST", "/api/v1/packages/import", body, ret, err);
}

static void summary_say(const struct import *import, const json_t *answer)
{
        struct cli *cli = import->push.cli;

        cli_say(cli, "Revision %" JSON_INTEGER_FORMAT " of %s (%s, signed by %s)%s",
                json_integer_value(json_object_get(answer, "revision")),
                client_text(answer, "name"), text_size(cli->arena, import->push.bytes),
                client_text(answer, "authority-id"),
                strcmp(client_text(answer, "result"), "known") == 0 ? " is here already" : "");
        for (size_t i = 0; i < import->channel_count; i++)
                cli_say(cli, "  released  %s", import->channels[i]);
        if (import->channel_count)
                cli_say(cli, "Next: storectl status %s", client_text(answer, "name"));
        else
                cli_say(cli, "Next: storectl release %s %" JSON_INTEGER_FORMAT " edge",
                        client_text(answer, "name"),
                        json_integer_value(json_object_get(answer, "revision")));
}

static enum rc steps_run(struct import *import, json_t **ret, struct err *err)
{
        struct push *push = &import->push;
        json_t *channels = json_array();
        enum rc rc;

        rc = push_open_file(push, err);
        if (rc == RC_OK)
                rc = push_hash(push, err);
        if (rc == RC_OK)
                rc = name_find(import, err);
        if (rc == RC_OK)
                rc = send(import, ret, err);
        if (rc == RC_OK && import->channel_count)
                rc = publish_release(push->cli, client_text(*ret, "name"),
                                     json_integer_value(json_object_get(*ret, "revision")),
                                     import->channels, import->channel_count, -1, err);
        for (size_t i = 0; i < import->channel_count; i++)
                json_array_append_new(channels, json_string(import->channels[i]));
        if (rc == RC_OK)
                json_object_set(*ret, "channels", channels);
        json_decref(channels);
        return rc;
}

enum rc cmd_import(struct cli *cli, const struct args *args, struct err *err)
{
        CLEANUP(import_fini)
        struct import import = {.push = {.cli = cli, .path = args->words[0], .fd = -1}};
        CLEANUP(jsonx_decref) json_t *answer = NULL;
        const char *release = args_text(args, "release");
        enum rc rc = RC_OK;

        if (release)
                rc = publish_channels(cli, "import", release, import.channels,
                                      &import.channel_count, err);
        if (rc == RC_OK)
                rc = stream_read(cli, args->words[1], &import.stream, &import.items, &import.count,
                                 err);
        if (rc == RC_OK)
                rc = steps_run(&import, &answer, err);
        if (rc != RC_OK)
                return answer ? err_prefix(err, rc, "the package is stored, but") : rc;
        summary_say(&import, answer);
        cli_result(cli, json_incref(answer));
        return RC_OK;
}
