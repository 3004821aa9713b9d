/* SPDX-License-Identifier: Apache-2.0 */
#include "core/model/name.h"
#include "tools/storectl/channel_map.h"
#include "tools/storectl/commands.h"
#include "tools/storectl/publish.h"
#include <string.h>

#define TIMEOUT_STANDARD 900
#define TIMEOUT_MAX      86400

static const char *join(struct cli *cli, const char *const *channels, size_t count)
{
        const char *text = count ? channels[0] : "";

        for (size_t i = 1; i < count && text; i++)
                text = arena_printf(cli->arena, "%s, %s", text, channels[i]);
        return text ? text : "";
}

static json_t *list_make(const char *const *channels, size_t count)
{
        json_t *list = json_array();

        for (size_t i = 0; i < count; i++)
                json_array_append_new(list, json_string(channels[i]));
        return list;
}

enum rc cmd_release(struct cli *cli, const struct args *args, struct err *err)
{
        const char *channels[CHANNELS_MAX];
        const char *name = args->words[0];
        json_t *deltas = NULL;
        json_t *map = NULL;
        uint64_t revision = 0;
        size_t count = 0;
        long timeout = TIMEOUT_STANDARD;
        long percentage = -1;
        enum rc rc;

        if (number_parse_u64(args->words[1], INT32_MAX, &revision) != RC_OK)
                return cli_usage(cli, "release", err, "%.40s is no revision", args->words[1]);
        rc = args_number(args, "progressive", 0, 100, &percentage, err);
        if (rc == RC_OK)
                rc = args_number(args, "timeout", 1, TIMEOUT_MAX, &timeout, err);
        if (rc != RC_OK)
                return cli_usage(cli, "release", err, "%s", err->text);
        rc = publish_channels(cli, "release", args->words[2], channels, &count, err);
        if (rc == RC_OK)
                rc = publish_release(cli, name, (json_int_t)revision, channels, count, percentage,
                                     err);
        if (rc != RC_OK)
                return rc;
        if (percentage >= 0)
                cli_say(cli, "Released revision %s of %s to %ld%% of %s", args->words[1], name,
                        percentage, join(cli, channels, count));
        else
                cli_say(cli, "Released revision %s of %s to %s", args->words[1], name,
                        join(cli, channels, count));
        rc = publish_map(cli, name, NULL, NULL, &map, err);
        if (rc != RC_OK)
                return rc;
        cli_result(cli,
                   json_pack("{s:s, s:I, s:o, s:o}", "name", name, "revision", (json_int_t)revision,
                             "channels", list_make(channels, count), "releases", map));
        if (!args_flag(args, "wait-deltas"))
                return RC_OK;
        rc = publish_wait_deltas(cli, name, (json_int_t)revision, timeout, &deltas, err);
        if (rc == RC_OK)
                json_object_set_new(cli->result, "deltas", deltas);
        return rc;
}

enum rc cmd_close(struct cli *cli, const struct args *args, struct err *err)
{
        const char *channels[CHANNELS_MAX];
        const char *name = args->words[0];
        json_t *map = NULL;
        size_t count = 0;
        enum rc rc;

        rc = publish_channels(cli, "close", args->words[1], channels, &count, err);
        if (rc == RC_OK)
                rc = publish_release(cli, name, 0, channels, count, -1, err);
        if (rc != RC_OK)
                return rc;
        cli_say(cli, "Closed %s of %s", join(cli, channels, count), name);
        rc = publish_map(cli, name, NULL, NULL, &map, err);
        if (rc == RC_OK)
                cli_result(cli, json_pack("{s:s, s:o, s:o}", "name", name, "channels",
                                          list_make(channels, count), "releases", map));
        return rc;
}

enum rc cmd_status(struct cli *cli, const struct args *args, struct err *err)
{
        json_t *map = NULL;
        enum rc rc;

        rc = publish_map(cli, args->words[0], args_text(args, "arch"), args_text(args, "track"),
                         &map, err);
        if (rc == RC_OK)
                cli_result(cli, map);
        return rc;
}

static bool list_holds(const json_t *list, const char *text)
{
        for (size_t i = 0; i < json_array_size(list); i++) {
                const char *item = json_string_value(json_array_get(list, i));

                if (item && strcmp(item, text) == 0)
                        return true;
        }
        return false;
}

static void revision_add(struct cli *cli, struct table *table, const json_t *row,
                         const json_t *releases, const char *arch)
{
        const json_t *number = json_object_get(row, "revision");
        const json_t *signed_build = json_object_get(row, "build-signed");
        const char *const cells[] = {
                arena_printf(cli->arena, "%" JSON_INTEGER_FORMAT, json_integer_value(number)),
                client_text(row, "created-at"),
                client_join(cli, json_object_get(row, "architectures")),
                client_text(row, "version"),
                channel_map_of(cli->arena, releases, json_integer_value(number), arch),
                json_is_true(signed_build)    ? "signed"
                : json_is_false(signed_build) ? "unsigned"
                                              : ""};

        table_add(table, cells);
}

enum rc cmd_revisions(struct cli *cli, const struct args *args, struct err *err)
{
        static const char *const headers[] = {"Rev.",    "Uploaded", "Arches",
                                              "Version", "Channels", "Build"};
        CLEANUP(jsonx_decref) json_t *releases = NULL;
        struct table *table = table_new(cli->arena, headers, ARRAY_COUNT(headers));
        const char *arch = args_text(args, "arch");
        json_t *answer = NULL;
        const json_t *list;
        enum rc rc;

        rc = client_get(cli, client_path(cli, "/v1/snap/", args->words[0], "/revisions"), &answer,
                        err);
        if (rc != RC_OK)
                return rc;
        cli_result(cli, answer);
        rc = client_get(cli, client_path(cli, "/v1/snap/", args->words[0], "/releases"), &releases,
                        err);
        if (rc != RC_OK)
                return rc;
        list = json_object_get(answer, "revisions");
        for (size_t i = 0; i < json_array_size(list); i++) {
                const json_t *row = json_array_get(list, i);

                if (!arch || list_holds(json_object_get(row, "architectures"), arch))
                        revision_add(cli, table, row, releases, arch);
        }
        json_object_set_new(answer, "channel-map",
                            json_incref(json_object_get(releases, "channel-map")));
        table_print(table, cli, "There is no revision.");
        return RC_OK;
}
