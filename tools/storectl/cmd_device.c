/* SPDX-License-Identifier: Apache-2.0 */
/* device list|show|revoke|unrevoke|alarms, sessions expire. */
#include "core/base/clock.h"
#include "tools/storectl/commands.h"
#include "tools/storectl/fleet.h"
#include "tools/storectl/table.h"
#include <stdlib.h>
#include <string.h>

#define LIST_STANDARD 1000
#define LIST_MAX      1000000
#define PAGE_ROWS     1000

/* --- list --- */

/* A time, or how long ago: 36h, 7d, 2w. */
static enum rc since_read(struct cli *cli, const char *text, const char **ret, struct err *err)
{
        static const struct {
                char unit;
                usec_t seconds;
        } units[] = {{'h', 3600}, {'d', 24 * 3600}, {'w', 7 * 24 * 3600}};
        char stamp[CLOCK_CHARS + 1];
        char *end = NULL;
        usec_t time;
        long number;

        if (clock_parse(text, &time) == RC_OK) {
                *ret = text;
                return RC_OK;
        }
        number = strtol(text, &end, 10);
        for (size_t i = 0; i < ARRAY_COUNT(units); i++) {
                if (number < 1 || number > 100000 || end[0] != units[i].unit || end[1])
                        continue;
                clock_format(clock_now(NULL) - number * units[i].seconds * USEC_PER_SEC, stamp);
                *ret = arena_strdup(cli->arena, stamp);
                return *ret ? RC_OK : err_set(err, RC_NOMEM, "out of memory");
        }
        return cli_usage(cli, "device list", err,
                         "--seen-before takes 2026-06-01T00:00:00Z, or 36h, 7d, 2w");
}

static void query_put(struct cli *cli, struct buf *out, const char *name, const char *value)
{
        const char *safe = value ? http_escape(cli->arena, value) : NULL;

        if (safe)
                buf_printf(out, "&%s=%s", name, safe);
}

static enum rc query_make(struct cli *cli, const struct args *args, struct buf *out,
                          struct err *err)
{
        const char *seen = args_text(args, "seen-before");
        const char *brand = NULL;
        const char *model = NULL;
        enum rc rc = RC_OK;

        if (args_text(args, "model"))
                rc = fleet_model(cli, args_text(args, "model"), &brand, &model, err);
        if (rc == RC_OK && seen)
                rc = since_read(cli, seen, &seen, err);
        if (rc != RC_OK)
                return rc;
        query_put(cli, out, "brand", brand);
        query_put(cli, out, "model", model);
        query_put(cli, out, "seen-before", seen);
        query_put(cli, out, "pending", args_flag(args, "pending") ? "true" : NULL);
        return buf_finish(out, err);
}

/* Page by page into one list. */
static enum rc pages_get(struct cli *cli, const char *query, long limit, json_t *devices,
                         struct err *err)
{
        const char *after = NULL;

        while (limit > 0) {
                CLEANUP(jsonx_decref) json_t *page = NULL;
                CLEANUP(buf_fini) struct buf path = BUF_INIT(8 * KIB);
                const long rows = limit < PAGE_ROWS ? limit : PAGE_ROWS;
                enum rc rc;

                buf_printf(&path, "/api/v1/devices?limit=%ld%s", rows, query);
                query_put(cli, &path, "after", after);
                rc = buf_finish(&path, err);
                if (rc == RC_OK)
                        rc = client_get(cli, path.data, &page, err);
                if (rc != RC_OK)
                        return rc;
                json_array_extend(devices, json_object_get(page, "devices"));
                after = json_string_value(json_object_get(page, "next"));
                if (!after)
                        return RC_OK;
                after = arena_strdup(cli->arena, after);
                limit -= rows;
        }
        cli_warn(cli, "there are more devices: --limit shows more of them");
        return RC_OK;
}

static const char *state_text(const json_t *row)
{
        if (json_is_true(json_object_get(row, "revoked")))
                return "revoked";
        if (json_integer_value(json_object_get(row, "alarms")) > 0)
                return "alarm";
        return "";
}

static void list_say(struct cli *cli, const json_t *devices)
{
        static const char *const headers[] = {"Serial", "Model",   "Last seen",
                                              "snapd",  "Pending", "State"};
        struct table *table = table_new(cli->arena, headers, ARRAY_COUNT(headers));

        for (size_t i = 0; i < json_array_size(devices); i++) {
                const json_t *row = json_array_get(devices, i);
                const bool pending = json_integer_value(json_object_get(row, "pending")) > 0;
                const char *const cells[] = {client_text(row, "serial"),
                                             fleet_model_text(cli, row),
                                             client_text(row, "last-seen"),
                                             client_text(row, "snapd-version"),
                                             pending ? fleet_number(cli, row, "pending") : "",
                                             state_text(row)};

                table_add(table, cells);
        }
        table_print(table, cli, "There is no such device.");
}

enum rc cmd_device_list(struct cli *cli, const struct args *args, struct err *err)
{
        CLEANUP(buf_fini) struct buf query = BUF_INIT(4 * KIB);
        json_t *devices = json_array();
        long limit = LIST_STANDARD;
        enum rc rc;

        cli_result(cli, json_pack("{s:o}", "devices", devices));
        rc = args_number(args, "limit", 1, LIST_MAX, &limit, err);
        if (rc != RC_OK)
                return cli_usage(cli, "device list", err, "%s", err->text);
        rc = query_make(cli, args, &query, err);
        if (rc == RC_OK)
                rc = pages_get(cli, query.data ? query.data : "", limit, devices, err);
        if (rc == RC_OK)
                list_say(cli, devices);
        return rc;
}

/* --- show --- */

static void packages_say(struct cli *cli, const json_t *device)
{
        static const char *const headers[] = {"Package", "Revision", "Channel",
                                              "Pending", "Since",    "Notes"};
        struct table *table = table_new(cli->arena, headers, ARRAY_COUNT(headers));
        const json_t *list = json_object_get(device, "packages");

        for (size_t i = 0; i < json_array_size(list); i++) {
                const json_t *row = json_array_get(list, i);
                const char *name = client_text(row, "name");
                const bool held = json_is_true(json_object_get(row, "held"));
                const bool ignores = json_is_true(json_object_get(row, "ignore-validation"));
                const char *const cells[] = {*name ? name : client_text(row, "snap-id"),
                                             fleet_number(cli, row, "revision"),
                                             client_text(row, "channel"),
                                             fleet_number(cli, row, "offered"),
                                             client_text(row, "offered-at"),
                                             held && ignores ? "held, ignores validation"
                                             : held          ? "held"
                                             : ignores       ? "ignores validation"
                                                             : ""};

                table_add(table, cells);
        }
        table_print(table, cli, "It has not said yet what is installed.");
}

static void errors_say(struct cli *cli, const json_t *device)
{
        const json_t *errors = json_object_get(device, "errors");
        const json_t *alarms = json_object_get(device, "alarms");

        for (size_t i = 0; i < json_array_size(errors); i++) {
                const json_t *row = json_array_get(errors, i);

                cli_say(cli, "%s%s: %s (%s)", i ? "            " : "\nLast errors ",
                        client_text(row, "package"), client_text(row, "code"),
                        client_text(row, "time"));
        }
        for (size_t i = 0; i < json_array_size(alarms); i++) {
                const json_t *row = json_array_get(alarms, i);

                cli_say(cli, "%sALARM %s: %s (%s times, last %s)", i ? "" : "\n",
                        client_text(row, "kind"), client_text(row, "detail"),
                        fleet_number(cli, row, "times"), client_text(row, "last"));
        }
}

enum rc cmd_device_show(struct cli *cli, const struct args *args, struct err *err)
{
        static const char *const fields[][2] = {
                {"Serial", "serial"},         {"Brand", "brand-id"},
                {"Model", "model"},           {"Key", "device-key-sha3-384"},
                {"Registered", "registered"}, {"First seen", "first-seen"},
                {"Last seen", "last-seen"},   {"snapd", "snapd-version"}};
        const char *path = client_path(cli, "/api/v1/devices/", args->words[0], "");
        const char *brand = "";
        const char *model = "";
        json_t *device = NULL;
        enum rc rc = RC_OK;

        if (args_text(args, "model")) {
                rc = fleet_model(cli, args_text(args, "model"), &brand, &model, err);
                if (rc == RC_OK && path)
                        path = arena_printf(cli->arena, "%s?brand=%s&model=%s", path,
                                            http_escape(cli->arena, brand),
                                            http_escape(cli->arena, model));
        }
        if (rc == RC_OK)
                rc = client_get(cli, path, &device, err);
        if (rc == RC_NOT_FOUND)
                cli_hint(cli, EXIT_ABSENT, "storectl device list");
        if (rc == RC_REFUSED)
                cli_hint(cli, EXIT_REJECTED, "--model [BRAND/]MODEL");
        if (rc != RC_OK)
                return rc;
        cli_result(cli, device);
        for (size_t i = 0; i < ARRAY_COUNT(fields); i++)
                cli_say(cli, "%-12s%s", fields[i][0],
                        *client_text(device, fields[i][1]) ? client_text(device, fields[i][1])
                                                           : "-");
        if (json_is_true(json_object_get(device, "revoked")))
                cli_say(cli, "%-12s%s", "State", "revoked");
        cli_say(cli, "%s", "");
        packages_say(cli, device);
        errors_say(cli, device);
        return RC_OK;
}

/* --- revoke, expire --- */

static enum rc body_make(struct cli *cli, const char *command, const struct args *args,
                         json_t *body, struct err *err)
{
        const char *serials[ARGS_MAX];
        const char *brand = NULL;
        const char *model = NULL;
        json_t *list = json_array();
        size_t count = args_many(args, "device", serials, ARGS_MAX);
        enum rc rc = RC_OK;

        for (size_t i = 0; i < args->count && count < ARGS_MAX; i++)
                serials[count++] = args->words[i];
        for (size_t i = 0; i < count; i++)
                json_array_append_new(list, json_string(serials[i]));
        if (count)
                json_object_set(body, "serials", list);
        json_decref(list);
        if (args_text(args, "model"))
                rc = fleet_model(cli, args_text(args, "model"), &brand, &model, err);
        if (rc == RC_OK && brand) {
                json_object_set_new(body, "brand-id", json_string(brand));
                json_object_set_new(body, "model", json_string(model));
        }
        if (rc == RC_OK && command && !count && !brand)
                return cli_usage(cli, command, err, "name devices, or a whole model with --model");
        return rc;
}

static enum rc block_send(struct cli *cli, const struct args *args, const char *command,
                          const char *path, const char *done, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *body = json_object();
        json_t *answer = NULL;
        enum rc rc;

        rc = body_make(cli, command, args, body, err);
        if (rc == RC_OK)
                rc = client_send(cli, "POST", path, body, &answer, err);
        if (rc == RC_NOT_FOUND)
                cli_hint(cli, EXIT_ABSENT, "storectl device list");
        if (rc != RC_OK)
                return rc;
        cli_result(cli, answer);
        if (json_object_get(body, "serials"))
                cli_say(cli, "%s: %s", done, client_join(cli, json_object_get(body, "serials")));
        else
                cli_say(cli, "%s: every device of %s", done, fleet_model_text(cli, answer));
        return RC_OK;
}

enum rc cmd_device_revoke(struct cli *cli, const struct args *args, struct err *err)
{
        return block_send(cli, args, "device revoke", "/api/v1/devices/revoke", "Revoked", err);
}

enum rc cmd_device_unrevoke(struct cli *cli, const struct args *args, struct err *err)
{
        return block_send(cli, args, "device unrevoke", "/api/v1/devices/unrevoke",
                          "May open sessions again", err);
}

enum rc cmd_sessions_expire(struct cli *cli, const struct args *args, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *body = json_object();
        json_t *answer = NULL;
        enum rc rc;

        if (args_text(args, "model") || args_text(args, "device"))
                return block_send(cli, args, "sessions expire", "/api/v1/sessions/expire",
                                  "Sessions are stale", err);
        rc = client_send(cli, "POST", "/api/v1/sessions/expire", body, &answer, err);
        if (rc != RC_OK)
                return rc;
        cli_say(cli,
                "Every session handed out so far is stale (epoch %s); devices ask for a new "
                "one by themselves",
                fleet_number(cli, answer, "epoch"));
        cli_result(cli, answer);
        return RC_OK;
}

/* --- alarms --- */

static enum rc alarm_clear(struct cli *cli, const char *id, struct err *err)
{
        const enum rc rc = client_send(cli, "DELETE", client_path(cli, "/api/v1/alarms/", id, ""),
                                       NULL, NULL, err);

        if (rc == RC_NOT_FOUND)
                cli_hint(cli, EXIT_ABSENT, "storectl device alarms, for their ids");
        if (rc != RC_OK)
                return rc;
        cli_say(cli, "Cleared alarm %s", id);
        cli_result(cli, json_pack("{s:s}", "cleared", id));
        return RC_OK;
}

enum rc cmd_device_alarms(struct cli *cli, const struct args *args, struct err *err)
{
        static const char *const headers[] = {"Id",    "Serial", "Model", "Kind",
                                              "Times", "Last",   "Detail"};
        struct table *table = table_new(cli->arena, headers, ARRAY_COUNT(headers));
        json_t *answer = NULL;
        const json_t *list;
        enum rc rc;

        if (args_text(args, "clear"))
                return alarm_clear(cli, args_text(args, "clear"), err);
        rc = client_get(cli, "/api/v1/alarms", &answer, err);
        if (rc != RC_OK)
                return rc;
        cli_result(cli, answer);
        list = json_object_get(answer, "alarms");
        for (size_t i = 0; i < json_array_size(list); i++) {
                const json_t *row = json_array_get(list, i);
                const char *const cells[] = {
                        fleet_number(cli, row, "id"),    client_text(row, "serial"),
                        fleet_model_text(cli, row),      client_text(row, "kind"),
                        fleet_number(cli, row, "times"), client_text(row, "last"),
                        client_text(row, "detail")};

                table_add(table, cells);
        }
        table_print(table, cli, "No device looks cloned.");
        return RC_OK;
}
