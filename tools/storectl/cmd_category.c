/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's list of categories. */
#include "core/model/name.h"
#include "tools/storectl/client.h"
#include "tools/storectl/commands.h"
#include "tools/storectl/table.h"
#include <string.h>

enum rc cmd_category_list(struct cli *cli, const struct args *args, struct err *err)
{
        static const char *const headers[] = {"Name", "Packages", "Created"};
        struct table *table = table_new(cli->arena, headers, ARRAY_COUNT(headers));
        json_t *answer = NULL;
        const json_t *list;
        enum rc rc;

        (void)args;
        rc = client_get(cli, "/api/v1/categories", &answer, err);
        if (rc != RC_OK)
                return rc;
        cli_result(cli, answer);
        list = json_object_get(answer, "categories");
        for (size_t i = 0; i < json_array_size(list); i++) {
                const json_t *row = json_array_get(list, i);
                const char *const cells[] = {
                        client_text(row, "name"),
                        arena_printf(cli->arena, "%" JSON_INTEGER_FORMAT,
                                     json_integer_value(json_object_get(row, "packages"))),
                        client_text(row, "created-at")};

                table_add(table, cells);
        }
        table_print(table, cli,
                    "There is no category but featured. `storectl category add NAME` makes one.");
        return RC_OK;
}

enum rc cmd_category_add(struct cli *cli, const struct args *args, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *body = json_pack("{s:s}", "name", args->words[0]);
        json_t *answer = NULL;
        enum rc rc;

        if (!name_is_snap(args->words[0]))
                return cli_usage(cli, "category add", err,
                                 "%.60s is no name for a category: lowercase letters, digits and "
                                 "single dashes, 40 at most",
                                 args->words[0]);
        rc = client_send(cli, "POST", "/api/v1/categories", body, &answer, err);
        if (rc != RC_OK)
                return rc;
        cli_say(cli, "Category %s is there", args->words[0]);
        cli_say(cli, "Next: storectl set PACKAGE --category %s", args->words[0]);
        cli_result(cli, answer);
        return RC_OK;
}

enum rc cmd_category_remove(struct cli *cli, const struct args *args, struct err *err)
{
        json_t *answer = NULL;
        const enum rc rc = client_send(cli, "DELETE",
                                       client_path(cli, "/api/v1/categories/", args->words[0], ""),
                                       NULL, &answer, err);

        if (rc != RC_OK)
                return rc;
        cli_say(cli, "Category %s is gone", args->words[0]);
        cli_result(cli, answer);
        return RC_OK;
}
