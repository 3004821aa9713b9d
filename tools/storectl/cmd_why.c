/* SPDX-License-Identifier: Apache-2.0 */
/* why: what a device or a model gets of a package now, and the steps that led there. */
#include "tools/storectl/client.h"
#include "tools/storectl/commands.h"
#include "tools/storectl/table.h"
#include <string.h>

static const char *query_add(struct cli *cli, const char *path, const char *name, const char *value)
{
        return value && path
                       ? client_path(cli, arena_printf(cli->arena, "%s&%s=", path, name), value, "")
                       : path;
}

static const char *why_path(struct cli *cli, const struct args *args)
{
        static const char *const names[][2] = {{"brand", "brand"},       {"model", "model"},
                                               {"arch", "architecture"}, {"channel", "channel"},
                                               {"revision", "revision"}, {"installed", "installed"},
                                               {"cohort", "cohort"}};
        const char *path = client_path(cli, "/api/v1/why?who=", args->words[0], "");

        path = query_add(cli, path, "package", args->words[1]);
        for (size_t i = 0; i < ARRAY_COUNT(names); i++)
                path = query_add(cli, path, names[i][1], args_text(args, names[i][0]));
        return path;
}

static json_int_t number_of(const json_t *object, const char *field)
{
        return json_integer_value(json_object_get(object, field));
}

static void device_say(struct cli *cli, const json_t *answer)
{
        const json_t *device = json_object_get(answer, "device");
        const json_t *asked = json_object_get(answer, "asked");
        const char *serial = client_text(device, "serial");
        const char *seen = client_text(device, "last-seen");
        const json_int_t installed = number_of(asked, "installed");

        if (*serial)
                cli_say(cli, "Device   %s of %s/%s (store %s, %s), %s%s", serial,
                        client_text(device, "brand-id"), client_text(device, "model"),
                        client_text(device, "store"), client_text(device, "architecture"),
                        *seen ? "last seen " : "never seen", seen);
        else
                cli_say(cli, "Model    %s/%s (store %s, %s), any device without a serial",
                        client_text(device, "brand-id"), client_text(device, "model"),
                        client_text(device, "store"), client_text(device, "architecture"));
        if (json_is_true(json_object_get(device, "revoked")))
                cli_warn(cli, "this device is revoked: it gets no session, and nothing of this");
        if (installed)
                cli_say(cli, "Package  %s, revision %" JSON_INTEGER_FORMAT " installed%s%s",
                        client_text(answer, "package"), installed,
                        *client_text(asked, "tracking") ? ", follows " : "",
                        client_text(asked, "tracking"));
        else
                cli_say(cli, "Package  %s, not installed", client_text(answer, "package"));
}

static void steps_say(struct cli *cli, const json_t *steps)
{
        for (size_t i = 0; i < json_array_size(steps); i++)
                cli_say(cli, "%3zu. %s", i + 1, client_text(json_array_get(steps, i), "sentence"));
}

static void found_say(struct cli *cli, const json_t *result)
{
        const json_t *deltas = json_object_get(result, "deltas");
        const char *channel = client_text(result, "channel");

        cli_say(cli, "Result   revision %" JSON_INTEGER_FORMAT " (version %s, %s)%s%s%s",
                number_of(result, "revision"), client_text(result, "version"),
                text_size(cli->arena, (uint64_t)number_of(result, "size")),
                *channel ? " from " : "", channel,
                json_is_true(json_object_get(result, "changes")) ? "" : ": nothing changes");
        for (size_t i = 0; i < json_array_size(deltas); i++) {
                const json_t *delta = json_array_get(deltas, i);

                cli_say(cli, "Delta    from revision %" JSON_INTEGER_FORMAT ", %s (%s)",
                        number_of(delta, "source"),
                        text_size(cli->arena, (uint64_t)number_of(delta, "size")),
                        client_text(delta, "format"));
        }
}

static void result_say(struct cli *cli, const json_t *result)
{
        const char *outcome = client_text(result, "outcome");

        if (strcmp(outcome, "found") == 0)
                found_say(cli, result);
        else if (strcmp(outcome, "no-package") == 0)
                cli_say(cli, "Result   there is no such package for it");
        else if (strcmp(outcome, "no-revision") == 0)
                cli_say(cli, "Result   there is no revision for it");
        else
                cli_say(cli, "Result   refused (%s)", client_text(result, "code"));
}

enum rc cmd_why(struct cli *cli, const struct args *args, struct err *err)
{
        const char *path = why_path(cli, args);
        json_t *answer = NULL;
        enum rc rc;

        if (!path)
                return err_set(err, RC_NOMEM, "out of memory");
        rc = client_get(cli, path, &answer, err);
        if (rc == RC_REFUSED)
                cli_hint(cli, EXIT_REJECTED, "--brand or --model, where there are several");
        if (rc != RC_OK)
                return rc;
        cli_result(cli, answer);
        device_say(cli, answer);
        steps_say(cli, json_object_get(answer, "steps"));
        result_say(cli, json_object_get(answer, "result"));
        return RC_OK;
}
