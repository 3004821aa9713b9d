/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/fs.h"
#include "core/model/settings.h"
#include "server/store/db.h"
#include "tools/storectl/client.h"
#include "tools/storectl/commands.h"
#include "tools/storectl/place.h"
#include "tools/storectl/table.h"
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#define TEXT_MAX (256 * KIB)

static const char *integer(struct cli *cli, const json_t *row, const char *field)
{
        const json_t *value = json_object_get(row, field);

        return json_is_integer(value) ? arena_printf(cli->arena, "%" JSON_INTEGER_FORMAT,
                                                     json_integer_value(value))
                                      : "";
}

enum rc cmd_status_store(struct cli *cli, const struct args *args, struct err *err)
{
        static const char *const texts[][2] = {
                {"Store", "store"}, {"Brand", "brand"}, {"Version", "version"}};
        static const char *const numbers[][2] = {{"Packages", "packages"},
                                                 {"Revisions", "revisions"},
                                                 {"Devices", "devices"},
                                                 {"Generation", "generation"}};
        json_t *answer = NULL;
        const json_t *signer;
        const json_t *worker;
        enum rc rc;

        (void)args;
        rc = client_get(cli, "/api/v1/status", &answer, err);
        if (rc != RC_OK)
                return rc;
        cli_result(cli, answer);
        signer = json_object_get(answer, "signer");
        worker = json_object_get(answer, "worker");
        cli_say(cli, "%-12s%s", "URL", cli->url);
        for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
                cli_say(cli, "%-12s%s", texts[i][0], client_text(answer, texts[i][1]));
        for (size_t i = 0; i < ARRAY_COUNT(numbers); i++)
                cli_say(cli, "%-12s%s", numbers[i][0], integer(cli, answer, numbers[i][1]));
        cli_say(cli, "%-12s%s waiting, %s failed", "Jobs",
                integer(cli, json_object_get(answer, "jobs"), "waiting"),
                integer(cli, json_object_get(answer, "jobs"), "failed"));
        cli_say(cli, "%-12s%s; storectl device alarms", "Alarms",
                integer(cli, json_object_get(answer, "fleet"), "alarms"));
        cli_say(cli, "%-12s%s", "Signer",
                json_is_true(json_object_get(signer, "ok")) ? "ok" : "does not answer");
        cli_say(cli, "%-12s%s", "Sandbox",
                json_is_true(json_object_get(worker, "sandbox")) ? "on"
                                                                 : client_text(worker, "reason"));
        cli_say(cli, "%-12s%s", "Free",
                text_size(cli->arena,
                          (uint64_t)json_integer_value(json_object_get(answer, "free-bytes"))));
        return RC_OK;
}

enum rc cmd_audit(struct cli *cli, const struct args *args, struct err *err)
{
        static const char *const headers[] = {"Id", "Time", "By", "Action", "Object", "Detail"};
        struct table *table = table_new(cli->arena, headers, ARRAY_COUNT(headers));
        const char *path = "/api/v1/audit";
        json_t *answer = NULL;
        const json_t *list;
        enum rc rc;

        if (args_text(args, "before"))
                path = client_path(cli, "/api/v1/audit?before=", args_text(args, "before"), "");
        rc = client_get(cli, path, &answer, err);
        if (rc != RC_OK)
                return rc;
        cli_result(cli, answer);
        list = json_object_get(answer, "entries");
        for (size_t i = 0; i < json_array_size(list); i++) {
                const json_t *row = json_array_get(list, i);
                const char *const cells[] = {
                        integer(cli, row, "id"),    client_text(row, "time"),
                        client_text(row, "by"),     client_text(row, "action"),
                        client_text(row, "object"), client_text(row, "detail")};

                table_add(table, cells);
        }
        table_print(table, cli, "Nothing was changed yet.");
        return RC_OK;
}

static void setting_say(struct cli *cli, const struct conf_row *row)
{
        static const char *const types[] = {[CONF_TEXT] = "text",
                                            [CONF_INT] = "number",
                                            [CONF_BOOL] = "yes or no",
                                            [CONF_PATH] = "path"};

        cli_say(cli, "%s (%s%s%s)", row->name, types[row->type], row->unit[0] ? ", " : "",
                row->unit);
        cli_say(cli, "  %s", row->doc);
        if (row->type == CONF_INT)
                cli_say(cli, "  default %s, %" PRId64 " to %" PRId64, row->standard, row->min,
                        row->max);
        else
                cli_say(cli, "  default %s", row->standard[0] ? row->standard : "none");
}

enum rc cmd_config_explain(struct cli *cli, const struct args *args, struct err *err)
{
        json_t *list = json_array();
        size_t shown = 0;

        for (size_t i = 0; i < SET_COUNT; i++) {
                const struct conf_row *row = &settings_rows[i];

                if (args->count && strcmp(args->words[0], row->name) != 0)
                        continue;
                if (shown++)
                        cli_say(cli, "%s", "");
                setting_say(cli, row);
                json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "name", row->name,
                                                      "default", row->standard, "unit", row->unit,
                                                      "doc", row->doc));
        }
        cli_result(cli, json_pack("{s:o}", "settings", list));
        if (shown)
                return RC_OK;
        cli_result(cli, NULL);
        cli_hint(cli, EXIT_ABSENT, "storectl config explain, which lists them all");
        return err_set(err, RC_NOT_FOUND, "there is no setting %.60s", args->words[0]);
}

enum rc cmd_config_example(struct cli *cli, const struct args *args, struct err *err)
{
        CLEANUP(buf_fini) struct buf text = BUF_INIT(TEXT_MAX);
        enum rc rc;

        (void)args;
        conf_print_example(settings_rows, SET_COUNT, &text);
        rc = buf_finish(&text, err);
        if (rc != RC_OK)
                return rc;
        cli_print(cli, text.data, text.len);
        cli_result(cli, json_pack("{s:s}", "example", text.data));
        return RC_OK;
}

enum rc cmd_config_check(struct cli *cli, const struct args *args, struct err *err)
{
        CLEANUP(conf_freep) struct conf *conf = NULL;
        const char *path = args->count ? args->words[0] : NULL;
        enum rc rc;

        if (path) {
                rc = conf_new(settings_rows, SET_COUNT, &conf, err);
                if (rc == RC_OK)
                        rc = conf_load(conf, path, err);
        } else {
                path = "storehouse.conf";
                rc = place_settings(cli, &conf, err);
        }
        if (rc != RC_OK) {
                cli_hint(cli, EXIT_FAILED, "storectl config explain, for what may stand there");
                return args->count ? err_prefix(err, rc, "%.100s", path) : rc;
        }
        cli_say(cli, "%s reads well", path);
        cli_result(cli, json_pack("{s:b}", "ok", 1));
        return RC_OK;
}

enum rc cmd_backup(struct cli *cli, const struct args *args, struct err *err)
{
        CLEANUP(conf_freep) struct conf *conf = NULL;
        CLEANUP(db_freep) struct db *db = NULL;
        const char *path = args->words[0];
        struct stat st;
        enum rc rc;

        rc = place_settings(cli, &conf, err);
        if (rc != RC_OK)
                return rc;
        if (fs_exists(path)) {
                cli_hint(cli, EXIT_FAILED, "a file that is not there yet");
                return err_set(err, RC_EXISTS, "%.150s is there already", path);
        }
        rc = db_open(conf_text(conf, SET_DATA_DIR), false, &db, err);
        if (rc == RC_OK)
                rc = db_backup(db, path, err);
        if (rc != RC_OK)
                return rc;
        if (chmod(path, 0600) < 0 || stat(path, &st) < 0)
                return err_errno(err, "cannot look at %.150s", path);
        cli_say(cli, "Wrote the database to %s (%s)", path,
                text_size(cli->arena, (uint64_t)st.st_size));
        cli_say(cli, "Copy the rest of the data folder beside it (storectl help backup)");
        cli_result(cli, json_pack("{s:s, s:I}", "file", path, "size", (json_int_t)st.st_size));
        return RC_OK;
}
