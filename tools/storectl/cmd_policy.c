/* SPDX-License-Identifier: Apache-2.0 */
/* model policy, model allow-remodel, device allow|pending|approve|deny: who may register. */
#include "core/base/fs.h"
#include "tools/storectl/commands.h"
#include "tools/storectl/fleet.h"
#include "tools/storectl/table.h"
#include <string.h>
#include <unistd.h>

#define CSV_MAX   (16 * MIB) /* what the store takes at once */
#define QUOTA_MAX 1000000000

/* --- the policy of a model --- */

static enum rc change_make(struct cli *cli, const struct args *args, json_t *body, struct err *err)
{
        const char *quota = args_text(args, "quota");
        const char *proposed = args_text(args, "proposed-serials");
        long number = 0;
        enum rc rc;

        if (args_text(args, "mode"))
                json_object_set_new(body, "mode", json_string(args_text(args, "mode")));
        if (args_text(args, "api-key"))
                json_object_set_new(body, "api-key", json_string(args_text(args, "api-key")));
        if (quota && strcmp(quota, "none") == 0) {
                json_object_set_new(body, "quota", json_null());
        } else if (quota) {
                rc = args_number(args, "quota", 0, QUOTA_MAX, &number, err);
                if (rc != RC_OK)
                        return cli_usage(cli, "model policy", err, "%s, or none", err->text);
                json_object_set_new(body, "quota", json_integer(number));
        }
        if (proposed && strcmp(proposed, "yes") && strcmp(proposed, "no"))
                return cli_usage(cli, "model policy", err, "--proposed-serials is yes or no");
        if (proposed)
                json_object_set_new(body, "proposed-serials",
                                    json_boolean(strcmp(proposed, "yes") == 0));
        return RC_OK;
}

static void policy_say(struct cli *cli, const json_t *policy)
{
        static const struct {
                const char *mode;
                const char *text;
        } modes[] = {{"open", "open: every device that proves its key"},
                     {"serials", "serials: devices that propose a listed serial"},
                     {"keys", "keys: devices with a listed key"},
                     {"pending", "pending: those that an operator approves"}};
        const char *mode = client_text(policy, "mode");
        const char *quota = fleet_number(cli, policy, "quota");

        for (size_t i = 0; i < ARRAY_COUNT(modes); i++)
                if (strcmp(modes[i].mode, mode) == 0)
                        mode = modes[i].text;
        cli_say(cli, "%-18s%s", "Model", fleet_model_text(cli, policy));
        cli_say(cli, "%-18s%s", "Registers", mode);
        cli_say(cli, "%-18s%s", "Quota", *quota ? quota : "none");
        cli_say(cli, "%-18s%s", "API key",
                json_is_true(json_object_get(policy, "api-key")) ? "needed" : "not needed");
        cli_say(cli, "%-18s%s", "Proposed serials",
                json_is_true(json_object_get(policy, "proposed-serials")) ? "taken where free"
                                                                          : "only listed ones");
        cli_say(cli, "%-18s%s registered, %s waiting, %s listed", "Devices",
                fleet_number(cli, policy, "registered"), fleet_number(cli, policy, "waiting"),
                fleet_number(cli, policy, "listed"));
}

enum rc cmd_model_policy(struct cli *cli, const struct args *args, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *body = json_object();
        json_t *answer = NULL;
        const char *path = NULL;
        const char *key;
        enum rc rc;

        rc = change_make(cli, args, body, err);
        if (rc == RC_OK)
                rc = fleet_model_path(cli, args->words[0], "/policy", &path, err);
        if (rc == RC_OK)
                rc = json_object_size(body) ? client_send(cli, "PATCH", path, body, &answer, err)
                                            : client_get(cli, path, &answer, err);
        if (rc != RC_OK)
                return rc;
        cli_result(cli, answer);
        policy_say(cli, answer);
        key = client_text(answer, "new-api-key");
        if (*key) {
                cli_say(cli, "%s", "");
                cli_say(cli, "The new API key, shown this once. The gadget's prepare-device hook:");
                cli_say(cli, "  snapctl set device-service.headers='{\"X-Device-API-Key\":\"%s\"}'",
                        key);
                if (cli->quiet) {
                        cli_print(cli, key, strlen(key));
                        cli_print(cli, "\n", 1);
                }
        }
        return RC_OK;
}

/* --- its list --- */

static enum rc list_say(struct cli *cli, const char *path, struct err *err)
{
        static const char *const headers[] = {"Serial", "Key", "Note", "Added"};
        struct table *table = table_new(cli->arena, headers, ARRAY_COUNT(headers));
        json_t *answer = NULL;
        const json_t *list;
        enum rc rc;

        rc = client_get(cli, path, &answer, err);
        if (rc != RC_OK)
                return rc;
        cli_result(cli, answer);
        list = json_object_get(answer, "devices");
        for (size_t i = 0; i < json_array_size(list); i++) {
                const json_t *row = json_array_get(list, i);
                const char *const cells[] = {client_text(row, "serial"), client_text(row, "key-id"),
                                             client_text(row, "note"), client_text(row, "added")};

                table_add(table, cells);
        }
        table_print(table, cli, "No device is listed for this model.");
        return RC_OK;
}

static enum rc csv_send(struct cli *cli, const char *path, const char *file, json_t **ret,
                        struct err *err)
{
        struct http_request request = {.method = "POST", .path = path, .type = "text/csv"};
        CLEANUP(fs_freep) char *text = NULL;
        struct http_answer answer = {0};
        enum rc rc;

        rc = strcmp(file, "-") == 0 ? fs_read_fd(STDIN_FILENO, CSV_MAX, &text, &request.bytes, err)
                                    : fs_read_file(file, CSV_MAX, &text, &request.bytes, err);
        if (rc != RC_OK) {
                cli_hint(cli, EXIT_FAILED,
                         "a file of at most 16 MiB; split a longer one, with its first line");
                return rc;
        }
        request.body = text;
        rc = client_send_text(cli, &request, &answer, err);
        if (rc == RC_REFUSED)
                cli_hint(cli, EXIT_REJECTED, "the lines named; nothing of the file was taken");
        return rc == RC_OK ? jsonx_parse(answer.body, answer.bytes, ret, err) : rc;
}

enum rc cmd_device_allow(struct cli *cli, const struct args *args, struct err *err)
{
        const bool remove = args_flag(args, "remove");
        json_t *answer = NULL;
        const char *path = NULL;
        enum rc rc;

        rc = fleet_model_path(cli, args->words[0], remove ? "/devices/remove" : "/devices", &path,
                              err);
        if (rc != RC_OK)
                return rc;
        if (args->count < 2)
                return remove ? cli_usage(cli, "device allow", err, "--remove needs a file")
                              : list_say(cli, path, err);
        rc = csv_send(cli, path, args->words[1], &answer, err);
        if (rc != RC_OK)
                return rc;
        cli_result(cli, answer);
        cli_say(cli, "%s %s, %s unchanged", remove ? "Removed" : "Added",
                fleet_number(cli, answer, remove ? "removed" : "added"),
                fleet_number(cli, answer, "unchanged"));
        return RC_OK;
}

/* --- those that wait --- */

enum rc cmd_device_pending(struct cli *cli, const struct args *args, struct err *err)
{
        static const char *const headers[] = {"Serial", "Model", "Since", "Asked", "Key"};
        struct table *table = table_new(cli->arena, headers, ARRAY_COUNT(headers));
        const char *state = args_text(args, "state");
        json_t *answer = NULL;
        const json_t *list;
        enum rc rc;

        rc = client_get(
                cli,
                client_path(cli, "/api/v1/registrations?state=", state ? state : "waiting", ""),
                &answer, err);
        if (rc != RC_OK)
                return rc;
        cli_result(cli, answer);
        list = json_object_get(answer, "registrations");
        for (size_t i = 0; i < json_array_size(list); i++) {
                const json_t *row = json_array_get(list, i);
                const char *const cells[] = {client_text(row, "proposed-serial"),
                                             fleet_model_text(cli, row), client_text(row, "since"),
                                             client_text(row, "asked"),
                                             client_text(row, "device-key-sha3-384")};

                table_add(table, cells);
        }
        table_print(table, cli, "No device waits.");
        return RC_OK;
}

static enum rc decide_send(struct cli *cli, const struct args *args, const char *verb,
                           const char *done, const char *then, struct err *err)
{
        json_t *answer = NULL;
        enum rc rc;

        rc = client_send(cli, "POST",
                         client_path(cli, "/api/v1/registrations/", args->words[0], verb), NULL,
                         &answer, err);
        if (rc == RC_NOT_FOUND)
                cli_hint(cli, EXIT_ABSENT, "storectl device pending");
        if (rc == RC_REFUSED)
                cli_hint(cli, EXIT_REJECTED, "the key id that `storectl device pending` shows");
        if (rc != RC_OK)
                return rc;
        cli_result(cli, answer);
        cli_say(cli, "%s %s of %s%s", done, args->words[0], fleet_model_text(cli, answer), then);
        return RC_OK;
}

enum rc cmd_device_approve(struct cli *cli, const struct args *args, struct err *err)
{
        return decide_send(cli, args, "/approve", "Approved",
                           "; it gets its serial when it asks next, within a minute", err);
}

enum rc cmd_device_deny(struct cli *cli, const struct args *args, struct err *err)
{
        return decide_send(cli, args, "/deny", "Denied", "", err);
}

/* --- remodels --- */

static enum rc remodels_say(struct cli *cli, struct err *err)
{
        static const char *const headers[] = {"From", "To"};
        struct table *table = table_new(cli->arena, headers, ARRAY_COUNT(headers));
        json_t *answer = NULL;
        const json_t *list;
        enum rc rc;

        rc = client_get(cli, "/api/v1/remodels", &answer, err);
        if (rc != RC_OK)
                return rc;
        cli_result(cli, answer);
        list = json_object_get(answer, "remodels");
        for (size_t i = 0; i < json_array_size(list); i++) {
                const json_t *row = json_array_get(list, i);
                const char *const cells[] = {
                        arena_printf(cli->arena, "%s/%s", client_text(row, "from-brand-id"),
                                     client_text(row, "from-model")),
                        arena_printf(cli->arena, "%s/%s", client_text(row, "to-brand-id"),
                                     client_text(row, "to-model"))};

                table_add(table, cells);
        }
        table_print(table, cli, "No device may become one of another model.");
        return RC_OK;
}

enum rc cmd_model_allow_remodel(struct cli *cli, const struct args *args, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *body = NULL;
        const bool remove = args_flag(args, "remove");
        const char *names[4] = {"", "", "", ""};
        json_t *answer = NULL;
        enum rc rc;

        if (!args->count)
                return remodels_say(cli, err);
        if (args->count != 2)
                return cli_usage(cli, "model allow-remodel", err, "name both models");
        rc = fleet_model(cli, args->words[0], &names[0], &names[1], err);
        if (rc == RC_OK)
                rc = fleet_model(cli, args->words[1], &names[2], &names[3], err);
        if (rc != RC_OK)
                return rc;
        body = json_pack("{s:s, s:s, s:s, s:s}", "from-brand-id", names[0], "from-model", names[1],
                         "to-brand-id", names[2], "to-model", names[3]);
        rc = client_send(cli, "POST", remove ? "/api/v1/remodels/remove" : "/api/v1/remodels", body,
                         &answer, err);
        if (rc == RC_NOT_FOUND)
                cli_hint(cli, EXIT_ABSENT, "storectl model allow-remodel, for what is allowed");
        if (rc != RC_OK)
                return rc;
        cli_result(cli, answer);
        cli_say(cli, "Devices of %s/%s may %sbecome %s/%s", names[0], names[1],
                remove ? "no longer " : "", names[2], names[3]);
        return RC_OK;
}
