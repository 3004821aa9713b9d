/* SPDX-License-Identifier: Apache-2.0 */
/* store create|list|show|include|exclude|admit: the stores of one server. */
#include "core/model/name.h"
#include "tools/storectl/client.h"
#include "tools/storectl/commands.h"
#include "tools/storectl/table.h"
#include <string.h>

#define STORES "/api/v1/stores"

static const char *count_of(struct cli *cli, const json_t *row, const char *field)
{
        return arena_printf(cli->arena, "%" JSON_INTEGER_FORMAT,
                            json_integer_value(json_object_get(row, field)));
}

/* Names of the packages of a rule, joined. */
static const char *names_join(struct cli *cli, const json_t *list)
{
        CLEANUP(jsonx_decref) json_t *names = json_array();

        for (size_t i = 0; i < json_array_size(list); i++)
                json_array_append_new(names,
                                      json_string(client_text(json_array_get(list, i), "name")));
        return client_join(cli, names);
}

enum rc cmd_store_list(struct cli *cli, const struct args *args, struct err *err)
{
        static const char *const headers[] = {"Store",    "Title",    "Operator",
                                              "Includes", "Packages", "Offered"};
        struct table *table = table_new(cli->arena, headers, ARRAY_COUNT(headers));
        json_t *answer = NULL;
        const json_t *list;
        enum rc rc;

        (void)args;
        rc = client_get(cli, STORES, &answer, err);
        if (rc != RC_OK)
                return rc;
        cli_result(cli, answer);
        list = json_object_get(answer, "stores");
        for (size_t i = 0; i < json_array_size(list); i++) {
                const json_t *row = json_array_get(list, i);
                const char *const cells[] = {client_text(row, "store"),
                                             client_text(row, "title"),
                                             client_text(row, "operator-id"),
                                             client_join(cli, json_object_get(row, "includes")),
                                             count_of(cli, row, "packages"),
                                             count_of(cli, row, "offered")};

                table_add(table, cells);
        }
        table_print(table, cli, "There is no store.");
        return RC_OK;
}

static void line_say(struct cli *cli, const char *name, const char *text)
{
        cli_say(cli, "%-12s%s", name, *text ? text : "-");
}

static void store_say(struct cli *cli, const json_t *store)
{
        line_say(cli, "Store", client_text(store, "store"));
        line_say(cli, "Title", client_text(store, "title"));
        line_say(cli, "Operator", client_text(store, "operator-id"));
        line_say(cli, "Includes", client_join(cli, json_object_get(store, "includes")));
        line_say(cli, "Offers of", client_join(cli, json_object_get(store, "offers-of")));
        line_say(cli, "Excluded", names_join(cli, json_object_get(store, "excluded")));
        line_say(cli, "Admitted", names_join(cli, json_object_get(store, "included")));
        line_say(cli, "Packages",
                 arena_printf(cli->arena, "%s of its own, %s offered",
                              count_of(cli, store, "packages"), count_of(cli, store, "offered")));
}

enum rc cmd_store_show(struct cli *cli, const struct args *args, struct err *err)
{
        json_t *answer = NULL;
        enum rc rc;

        rc = client_get(cli, client_path(cli, STORES "/", args->words[0], ""), &answer, err);
        if (rc == RC_NOT_FOUND)
                cli_hint(cli, EXIT_ABSENT, "storectl store list");
        if (rc != RC_OK)
                return rc;
        cli_result(cli, answer);
        store_say(cli, answer);
        return RC_OK;
}

enum rc cmd_store_create(struct cli *cli, const struct args *args, struct err *err)
{
        static const char *const fields[][2] = {{"title", "title"}, {"operator", "operator-id"}};
        CLEANUP(jsonx_decref) json_t *body = json_pack("{s:s}", "store", args->words[0]);
        json_t *answer = NULL;
        enum rc rc;

        if (!name_is_store(args->words[0]))
                return cli_usage(cli, "store create", err,
                                 "%.70s is no store id: letters, digits, - and _, 64 at most",
                                 args->words[0]);
        for (size_t i = 0; i < ARRAY_COUNT(fields); i++)
                if (args_text(args, fields[i][0]))
                        json_object_set_new(body, fields[i][1],
                                            json_string(args_text(args, fields[i][0])));
        rc = client_send(cli, "POST", STORES, body, &answer, err);
        if (rc != RC_OK)
                return rc;
        cli_result(cli, answer);
        cli_say(cli, "Store %s is there. Register packages in it with --store %s", args->words[0],
                args->words[0]);
        return RC_OK;
}

enum rc cmd_store_include(struct cli *cli, const struct args *args, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *body = json_pack("{s:s}", "store", args->words[1]);
        const bool undo = args_flag(args, "undo");
        const char *path = client_path(cli, STORES "/", args->words[0], "/includes");
        json_t *answer = NULL;
        enum rc rc;

        if (undo && path)
                path = client_path(cli, arena_printf(cli->arena, "%s/", path), args->words[1], "");
        rc = client_send(cli, undo ? "DELETE" : "POST", path, undo ? NULL : body, &answer, err);
        if (rc != RC_OK)
                return rc;
        cli_result(cli, answer);
        store_say(cli, answer);
        return RC_OK;
}

static enum rc rule_send(struct cli *cli, const struct args *args, const char *rule,
                         struct err *err)
{
        CLEANUP(jsonx_decref)
        json_t *body = json_pack("{s:s, s:s}", "package", args->words[1], "rule",
                                 args_flag(args, "undo") ? "none" : rule);
        json_t *answer = NULL;
        enum rc rc;

        rc = client_send(cli, "POST", client_path(cli, STORES "/", args->words[0], "/packages"),
                         body, &answer, err);
        if (rc != RC_OK)
                return rc;
        cli_result(cli, answer);
        store_say(cli, answer);
        return RC_OK;
}

enum rc cmd_store_exclude(struct cli *cli, const struct args *args, struct err *err)
{
        return rule_send(cli, args, "exclude", err);
}

enum rc cmd_store_admit(struct cli *cli, const struct args *args, struct err *err)
{
        return rule_send(cli, args, "include", err);
}
