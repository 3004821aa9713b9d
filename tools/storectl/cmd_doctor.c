/* SPDX-License-Identifier: Apache-2.0 */
#include "core/model/settings.h"
#include "tools/storectl/commands.h"
#include "tools/storectl/doctor.h"
#include "tools/storectl/place.h"
#include "tools/storectl/table.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES (8 * KIB)

static const struct {
        const char *name;
        const char *color;
} healths[] = {
        [HEALTH_OK] = {"ok", "\033[32m"},
        [HEALTH_WARN] = {"warn", "\033[33m"},
        [HEALTH_FAIL] = {"fail", "\033[31m"},
};

static void line_print(struct doctor *doctor, enum health health, const char *check,
                       const char *advice, const char *text)
{
        CLEANUP(buf_fini) struct buf line = BUF_INIT(LINE_BYTES);
        struct cli *cli = doctor->cli;

        if (cli->json || (cli->quiet && health != HEALTH_FAIL))
                return;
        buf_printf(&line, "%s%-4s%s  %-12s  ", cli->color ? healths[health].color : "",
                   healths[health].name, cli->color ? "\033[0m" : "", check);
        text_clean(&line, text);
        buf_char(&line, '\n');
        if (*advice)
                buf_printf(&line, "%20s-> %s\n", "", advice);
        if (!line.failed)
                cli_print(cli, line.data, line.len);
}

void doctor_find(struct doctor *doctor, enum health health, const char *check, const char *advice,
                 const char *format, ...)
{
        char text[400];
        va_list args;

        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        line_print(doctor, health, check, advice, text);
        json_array_append_new(doctor->findings,
                              json_pack("{s:s, s:s, s:s, s:s}", "state", healths[health].name,
                                        "check", check, "text", text, "do", advice));
        doctor->count[health]++;
}

static void settings_look(struct doctor *doctor)
{
        struct err err = {0};

        if (place_settings(doctor->cli, &doctor->conf, &err) == RC_OK) {
                doctor_find(doctor, HEALTH_OK, "settings", "", "storehouse.conf reads well");
                return;
        }
        doctor->cli->exit = EXIT_DONE;
        doctor->cli->hint[0] = '\0';
        doctor_find(doctor, HEALTH_FAIL, "settings", "storectl config explain", "%s", err.text);
}

enum rc cmd_doctor(struct cli *cli, const struct args *args, struct err *err)
{
        struct doctor doctor = {.cli = cli, .findings = json_array()};
        enum rc rc;

        (void)args;
        /* Elsewhere than on the server, only the server itself can be asked. */
        if (cli->data || getenv("STOREHOUSE_DATA")) {
                rc = place_data(cli, &doctor.data, err);
                if (rc != RC_OK) {
                        json_decref(doctor.findings);
                        return rc;
                }
                settings_look(&doctor);
        }
        if (doctor.conf) {
                doctor_look_files(&doctor);
                doctor_look_life(&doctor);
        }
        doctor_look_server(&doctor);
        conf_freep(&doctor.conf);
        cli_result(cli, json_pack("{s:o, s:I, s:I, s:I}", "findings", doctor.findings, "ok",
                                  (json_int_t)doctor.count[HEALTH_OK], "warn",
                                  (json_int_t)doctor.count[HEALTH_WARN], "fail",
                                  (json_int_t)doctor.count[HEALTH_FAIL]));
        if (!doctor.count[HEALTH_FAIL])
                return RC_OK;
        cli->exit = EXIT_DONE;
        cli->hint[0] = '\0';
        cli_hint(cli, EXIT_FAILED, "what stands behind the arrows above");
        return err_set(err, RC_CORRUPT, "%zu of %zu checks failed", doctor.count[HEALTH_FAIL],
                       doctor.count[HEALTH_OK] + doctor.count[HEALTH_WARN] +
                               doctor.count[HEALTH_FAIL]);
}
