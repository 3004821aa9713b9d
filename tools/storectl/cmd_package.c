/* SPDX-License-Identifier: Apache-2.0 */
#include "core/model/name.h"
#include "tools/storectl/client.h"
#include "tools/storectl/commands.h"
#include "tools/storectl/table.h"
#include <inttypes.h>
#include <string.h>

/* Registered by the same account before: what was asked for is the case. */
static enum rc already_owned(struct cli *cli, const char *name, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *answer = NULL;
        const char *id;
        enum rc rc;

        cli->exit = EXIT_DONE;
        cli->hint[0] = '\0';
        rc = client_get(cli, client_path(cli, "/v1/snap/", name, ""), &answer, err);
        if (rc != RC_OK)
                return rc;
        id = client_text(json_object_get(answer, "metadata"), "id");
        cli_say(cli, "%s is yours already (%s)", name, id);
        cli_result(cli, json_pack("{s:s, s:s, s:b}", "id", id, "name", name, "already", 1));
        return RC_OK;
}

enum rc cmd_register(struct cli *cli, const struct args *args, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *body = NULL;
        const char *name = args->words[0];
        json_t *answer = NULL;
        enum rc rc;

        if (!name_is_snap(name))
                return cli_usage(cli, "register", err,
                                 "%.60s is no package name: lowercase letters, digits and single "
                                 "dashes, 40 at most",
                                 name);
        body = json_pack("{s:s, s:b}", "name", name, "private", args_flag(args, "private"));
        if (args_text(args, "snap-id"))
                json_object_set_new(body, "snap-id", json_string(args_text(args, "snap-id")));
        if (args_text(args, "type"))
                json_object_set_new(body, "type", json_string(args_text(args, "type")));
        rc = client_send(cli, "POST", "/v1/snap", body, &answer, err);
        if (rc == RC_REFUSED && strcmp(err->code, "already_owned") == 0)
                return already_owned(cli, name, err);
        if (rc != RC_OK)
                return rc;
        cli_say(cli, "Registered %s (%s)", name, client_text(answer, "id"));
        cli_say(cli, "Next: storectl push FILE --name %s --release edge", name);
        json_object_set_new(answer, "name", json_string(name));
        json_object_set_new(answer, "already", json_false());
        cli_result(cli, answer);
        return RC_OK;
}

enum rc cmd_packages(struct cli *cli, const struct args *args, struct err *err)
{
        static const char *const headers[] = {"Name",   "Type",      "Visibility",
                                              "Status", "Publisher", "Id"};
        struct table *table = table_new(cli->arena, headers, ARRAY_COUNT(headers));
        json_t *answer = NULL;
        const json_t *list;
        enum rc rc;

        (void)args;
        rc = client_get(cli, "/v1/snap", &answer, err);
        if (rc != RC_OK)
                return rc;
        cli_result(cli, answer);
        list = json_object_get(answer, "results");
        for (size_t i = 0; i < json_array_size(list); i++) {
                const json_t *row = json_array_get(list, i);
                const bool hidden = json_is_true(json_object_get(row, "private"));
                const char *const cells[] = {
                        client_text(row, "name"),
                        client_text(row, "type"),
                        hidden ? "private" : "public",
                        client_text(row, "status"),
                        client_text(json_object_get(row, "publisher"), "username"),
                        client_text(row, "id")};

                table_add(table, cells);
        }
        table_print(table, cli, "You have no package. `storectl register NAME` begins one.");
        return RC_OK;
}

enum rc cmd_track_create(struct cli *cli, const struct args *args, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *body = NULL;
        const char *pattern = args_text(args, "version-pattern");
        json_t *answer = NULL;
        enum rc rc;

        if (!name_is_track(args->words[1]))
                return cli_usage(cli, "track create", err,
                                 "%.60s is no track: letters and digits with single . _ - between, "
                                 "28 at most",
                                 args->words[1]);
        body = pattern ? json_pack("[{s:s, s:s}]", "name", args->words[1], "version-pattern",
                                   pattern)
                       : json_pack("[{s:s}]", "name", args->words[1]);
        rc = client_send(cli, "POST", client_path(cli, "/v1/snap/", args->words[0], "/tracks"),
                         body, &answer, err);
        if (rc != RC_OK)
                return rc;
        if (json_integer_value(json_object_get(answer, "num-tracks-created")) > 0)
                cli_say(cli, "Track %s of %s is there", args->words[1], args->words[0]);
        else
                cli_say(cli, "Track %s of %s was there already", args->words[1], args->words[0]);
        cli_result(cli, answer);
        return RC_OK;
}

static const char *number(struct cli *cli, const json_t *row, const char *field)
{
        return arena_printf(cli->arena, "%" JSON_INTEGER_FORMAT,
                            json_integer_value(json_object_get(row, field)));
}

/* How much smaller than the full package, in per cent. */
static const char *saving(struct cli *cli, const json_t *row)
{
        const json_int_t size = json_integer_value(json_object_get(row, "size"));
        const json_int_t full = json_integer_value(json_object_get(row, "target-size"));

        if (size <= 0 || full <= 0 || size > full)
                return "";
        return arena_printf(cli->arena, "%.1f %%", 100.0 * (double)(full - size) / (double)full);
}

enum rc cmd_deltas(struct cli *cli, const struct args *args, struct err *err)
{
        static const char *const headers[] = {"From", "To",    "Format", "State",
                                              "Size", "Saved", "CPU",    "Reason"};
        struct table *table = table_new(cli->arena, headers, ARRAY_COUNT(headers));
        json_t *answer = NULL;
        const json_t *list;
        enum rc rc;

        rc = client_get(cli, client_path(cli, "/api/v1/packages/", args->words[0], "/deltas"),
                        &answer, err);
        if (rc != RC_OK)
                return rc;
        cli_result(cli, answer);
        list = json_object_get(answer, "deltas");
        for (size_t i = 0; i < json_array_size(list); i++) {
                const json_t *row = json_array_get(list, i);
                const json_int_t size = json_integer_value(json_object_get(row, "size"));
                const json_int_t cpu = json_integer_value(json_object_get(row, "cpu-usec"));
                const char *const cells[] = {
                        number(cli, row, "source"),
                        number(cli, row, "target"),
                        client_text(row, "format"),
                        client_text(row, "state"),
                        size > 0 ? text_size(cli->arena, (uint64_t)size) : "",
                        saving(cli, row),
                        cpu > 0 ? arena_printf(cli->arena, "%.1f s", (double)cpu / 1e6) : "",
                        client_text(row, "reason")};

                table_add(table, cells);
        }
        table_print(table, cli, "There is no delta.");
        return RC_OK;
}
