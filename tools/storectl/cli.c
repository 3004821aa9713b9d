/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/storectl/cli.h"
#include "core/base/fs.h"
#include "tools/storectl/table.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES (64 * KIB)
#define JSON_MAX_BYTES (256 * MIB)

enum rc cli_init(struct cli *cli, struct err *err)
{
        memset(cli, 0, sizeof(*cli));
        cli->arena = arena_new(CLI_ARENA_MAX);
        if (!cli->arena)
                return err_set(err, RC_NOMEM, "out of memory");
        cli->out = stdout;
        cli->notes = stderr;
        cli->out_tty = isatty(STDOUT_FILENO);
        cli->note_tty = isatty(STDERR_FILENO);
        cli->color = cli->out_tty && !getenv("NO_COLOR");
        return RC_OK;
}

void cli_fini(struct cli *cli)
{
        jsonx_decref(&cli->result);
        arena_freep(&cli->arena);
}

/* What a server or a file name says may hold escape sequences; a terminal must not obey them. */
PRINTF_LIKE(3, 0)
static void line_put(FILE *file, const char *prefix, const char *format, va_list args)
{
        CLEANUP(fs_freep) char *text = NULL;
        CLEANUP(buf_fini) struct buf clean = BUF_INIT(LINE_MAX_BYTES);

        if (vasprintf(&text, format, args) < 0)
                return;
        text_clean(&clean, text);
        fprintf(file, "%s%s\n", prefix, clean.data ? clean.data : "");
}

void cli_say(struct cli *cli, const char *format, ...)
{
        va_list args;

        if (cli->json || cli->quiet)
                return;
        va_start(args, format);
        line_put(cli->out, "", format, args);
        va_end(args);
}

void cli_print(struct cli *cli, const char *text, size_t bytes)
{
        if (!cli->json)
                fwrite(text, 1, bytes, cli->out);
}

void cli_warn(struct cli *cli, const char *format, ...)
{
        va_list args;

        if (cli->quiet)
                return;
        va_start(args, format);
        line_put(cli->notes, "storectl: warning: ", format, args);
        va_end(args);
}

void cli_result(struct cli *cli, json_t *document)
{
        jsonx_decref(&cli->result);
        cli->result = document;
}

void cli_hint(struct cli *cli, enum exit_code exit, const char *format, ...)
{
        va_list args;

        if (cli->exit != EXIT_DONE)
                return;
        cli->exit = exit;
        va_start(args, format);
        vsnprintf(cli->hint, sizeof(cli->hint), format, args);
        va_end(args);
}

enum rc cli_usage(struct cli *cli, const char *command, struct err *err, const char *format, ...)
{
        char text[200];
        va_list args;

        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        cli->exit = EXIT_DONE;
        cli_hint(cli, EXIT_USAGE, "storectl help%s%s", command ? " " : "", command ? command : "");
        return err_set(err, RC_INVALID, "%s", text);
}

static void result_print(struct cli *cli)
{
        CLEANUP(buf_fini) struct buf text = BUF_INIT(JSON_MAX_BYTES);

        jsonx_dump(&text, cli->result);
        if (!text.failed && text.data)
                fprintf(cli->out, "%s\n", text.data);
}

static void note_put(FILE *file, const char *format, ...) PRINTF_LIKE(2, 3);

static void note_put(FILE *file, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        line_put(file, "", format, args);
        va_end(args);
}

static void failure_print(struct cli *cli, enum rc rc, const struct err *err)
{
        const char *text = err->text[0] ? err->text : "failed";
        const char *code = err->code[0] ? err->code : rc_api_code(rc);

        note_put(cli->notes, "storectl: %s", text);
        if (cli->hint[0])
                note_put(cli->notes, "try: %s", cli->hint);
        if (!cli->json)
                return;
        /* A document of its own (doctor's findings) says more than the sentence. */
        if (!cli->result)
                cli->result = json_pack("{s:{s:s, s:s, s:s, s:i}}", "error", "code", code,
                                        "message", text, "try", cli->hint, "exit", (int)cli->exit);
        if (cli->result)
                result_print(cli);
}

int cli_end(struct cli *cli, enum rc rc, const struct err *err)
{
        if (rc == RC_OK) {
                if (cli->json) {
                        if (!cli->result)
                                cli->result = json_object();
                        if (cli->result)
                                result_print(cli);
                }
                /* A full disk behind `>` is a failure, not a success with half the output. */
                if (fflush(cli->out) != 0 || ferror(cli->out)) {
                        note_put(cli->notes, "storectl: cannot write the output");
                        return EXIT_FAILED;
                }
                return cli->exit;
        }
        if (cli->exit == EXIT_DONE)
                cli->exit = EXIT_FAILED;
        fflush(cli->out);
        failure_print(cli, rc, err);
        fflush(cli->out);
        return cli->exit;
}
