/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/storectl/fleet.h"
#include <string.h>

enum rc fleet_model(struct cli *cli, const char *text, const char **ret_brand,
                    const char **ret_model, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *status = NULL;
        const char *slash = strchr(text, '/');
        enum rc rc;

        if (slash) {
                *ret_brand = arena_memdup(cli->arena, text, (size_t)(slash - text));
                *ret_model = slash + 1;
        } else {
                rc = client_get(cli, "/api/v1/status", &status, err);
                if (rc != RC_OK)
                        return rc;
                *ret_brand = arena_strdup(cli->arena, client_text(status, "brand"));
                *ret_model = text;
        }
        return *ret_brand ? RC_OK : err_set(err, RC_NOMEM, "out of memory");
}

enum rc fleet_model_path(struct cli *cli, const char *text, const char *suffix, const char **ret,
                         struct err *err)
{
        const char *brand = "";
        const char *model = "";
        const char *head;
        enum rc rc;

        rc = fleet_model(cli, text, &brand, &model, err);
        if (rc != RC_OK)
                return rc;
        head = client_path(cli, "/api/v1/models/", brand, "/");
        *ret = head ? client_path(cli, head, model, suffix) : NULL;
        return *ret ? RC_OK : err_set(err, RC_NOMEM, "out of memory");
}

const char *fleet_number(struct cli *cli, const json_t *row, const char *field)
{
        const json_t *value = json_object_get(row, field);

        return json_is_integer(value) ? arena_printf(cli->arena, "%" JSON_INTEGER_FORMAT,
                                                     json_integer_value(value))
                                      : "";
}

const char *fleet_model_text(struct cli *cli, const json_t *row)
{
        return arena_printf(cli->arena, "%s/%s", client_text(row, "brand-id"),
                            client_text(row, "model"));
}
