/* SPDX-License-Identifier: Apache-2.0 */
/* view list|show|set|reset|include|exclude|pin|unpin: what each model sees. */
#include "core/model/channel.h"
#include "core/model/name.h"
#include "tools/storectl/client.h"
#include "tools/storectl/commands.h"
#include "tools/storectl/table.h"
#include <string.h>

#define VIEWS "/api/v1/views"

/* Of [BRAND/]MODEL. */
static const char *view_path(struct cli *cli, const char *model, const char *suffix)
{
        const char *slash = strchr(model, '/');
        const char *path = client_path(cli, VIEWS "/", slash ? slash + 1 : model, suffix);

        return slash && path
                       ? client_path(cli, arena_printf(cli->arena, "%s?brand=", path),
                                     arena_memdup(cli->arena, model, (size_t)(slash - model)), "")
                       : path;
}

static const char *pin_text(struct cli *cli, const json_t *row)
{
        const json_t *pin = json_object_get(row, "pin");
        const json_t *revision = json_object_get(pin, "revision");

        return json_is_integer(revision)
                       ? arena_printf(cli->arena, "revision %" JSON_INTEGER_FORMAT,
                                      json_integer_value(revision))
                       : client_text(pin, "channel");
}

static void view_say(struct cli *cli, const json_t *view)
{
        static const char *const headers[] = {"Package", "Rule", "Private", "Pinned to"};
        struct table *table = table_new(cli->arena, headers, ARRAY_COUNT(headers));
        const json_t *list = json_object_get(view, "packages");
        const bool listed = strcmp(client_text(view, "mode"), "listed") == 0;

        cli_say(cli, "%s/%s in the store %s sees %s", client_text(view, "brand-id"),
                client_text(view, "model"), client_text(view, "store"),
                listed ? "what is included here, and what the model names"
                       : "everything that its store offers");
        for (size_t i = 0; i < json_array_size(list); i++) {
                const json_t *row = json_array_get(list, i);
                const char *rule = client_text(row, "rule");
                const char *const cells[] = {
                        client_text(row, "name"), strcmp(rule, "none") ? rule : "",
                        json_is_true(json_object_get(row, "private")) ? "yes" : "no",
                        pin_text(cli, row)};

                table_add(table, cells);
        }
        table_print(table, cli, "No package has a rule of its own.");
}

static enum rc view_end(struct cli *cli, enum rc rc, json_t *answer)
{
        if (rc == RC_NOT_FOUND)
                cli_hint(cli, EXIT_ABSENT, "storectl model list, and storectl packages");
        if (rc != RC_OK)
                return rc;
        cli_result(cli, answer);
        view_say(cli, answer);
        return RC_OK;
}

enum rc cmd_view_list(struct cli *cli, const struct args *args, struct err *err)
{
        static const char *const headers[] = {"Model", "Brand", "Store", "Sees", "Packages"};
        struct table *table = table_new(cli->arena, headers, ARRAY_COUNT(headers));
        json_t *answer = NULL;
        const json_t *list;
        enum rc rc;

        (void)args;
        rc = client_get(cli, VIEWS, &answer, err);
        if (rc != RC_OK)
                return rc;
        cli_result(cli, answer);
        list = json_object_get(answer, "views");
        for (size_t i = 0; i < json_array_size(list); i++) {
                const json_t *row = json_array_get(list, i);
                const char *const cells[] = {
                        client_text(row, "model"), client_text(row, "brand-id"),
                        client_text(row, "store"), client_text(row, "mode"),
                        arena_printf(cli->arena, "%zu",
                                     json_array_size(json_object_get(row, "packages")))};

                table_add(table, cells);
        }
        table_print(table, cli, "Every model sees what its store offers.");
        return RC_OK;
}

enum rc cmd_view_show(struct cli *cli, const struct args *args, struct err *err)
{
        json_t *answer = NULL;
        const enum rc rc = client_get(cli, view_path(cli, args->words[0], ""), &answer, err);

        return view_end(cli, rc, answer);
}

enum rc cmd_view_set(struct cli *cli, const struct args *args, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *body = json_pack("{s:s}", "mode", args->words[1]);
        json_t *answer = NULL;
        enum rc rc;

        if (strcmp(args->words[1], "all") && strcmp(args->words[1], "listed"))
                return cli_usage(cli, "view set", err, "%.40s is neither all nor listed",
                                 args->words[1]);
        rc = client_send(cli, "PATCH", view_path(cli, args->words[0], ""), body, &answer, err);
        return view_end(cli, rc, answer);
}

enum rc cmd_view_reset(struct cli *cli, const struct args *args, struct err *err)
{
        json_t *answer = NULL;
        const enum rc rc =
                client_send(cli, "DELETE", view_path(cli, args->words[0], ""), NULL, &answer, err);

        return view_end(cli, rc, answer);
}

static enum rc package_send(struct cli *cli, const struct args *args, const char *field,
                            json_t *value, struct err *err)
{
        CLEANUP(jsonx_decref)
        json_t *body = json_pack("{s:s, s:o}", "package", args->words[1], field, value);
        json_t *answer = NULL;
        const enum rc rc = client_send(cli, "POST", view_path(cli, args->words[0], "/packages"),
                                       body, &answer, err);

        return view_end(cli, rc, answer);
}

enum rc cmd_view_include(struct cli *cli, const struct args *args, struct err *err)
{
        return package_send(cli, args, "rule",
                            json_string(args_flag(args, "undo") ? "none" : "include"), err);
}

enum rc cmd_view_exclude(struct cli *cli, const struct args *args, struct err *err)
{
        return package_send(cli, args, "rule",
                            json_string(args_flag(args, "undo") ? "none" : "exclude"), err);
}

enum rc cmd_view_pin(struct cli *cli, const struct args *args, struct err *err)
{
        const char *text = args->words[2];
        struct channel channel;
        uint64_t revision = 0;
        json_t *pin = NULL;

        if (number_parse_u64(text, INT64_MAX, &revision) == RC_OK)
                pin = json_pack("{s:I}", "revision", (json_int_t)revision);
        else if (channel_parse(text, &channel, err) == RC_OK)
                pin = json_pack("{s:s}", "channel", text);
        else
                return cli_usage(cli, "view pin", err, "%.60s is neither a revision nor a channel",
                                 text);
        return package_send(cli, args, "pin", pin, err);
}

enum rc cmd_view_unpin(struct cli *cli, const struct args *args, struct err *err)
{
        return package_send(cli, args, "pin", json_null(), err);
}
