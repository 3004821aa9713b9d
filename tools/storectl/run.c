/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/random.h"
#include "core/crypto/hash.h"
#include "tools/storectl/client.h"
#include "tools/storectl/commands.h"
#include <string.h>

#define TEXT_MAX (256 * KIB)
#define NEAR     2

static enum rc text_print(struct cli *cli, struct buf *text, const char *field, struct err *err)
{
        const enum rc rc = buf_finish(text, err);

        if (rc != RC_OK)
                return rc;
        cli_print(cli, text->data, text->len);
        cli_result(cli, json_pack("{s:s}", field, text->data));
        return RC_OK;
}

enum rc cmd_completion(struct cli *cli, const struct args *args, struct err *err)
{
        CLEANUP(buf_fini) struct buf text = BUF_INIT(TEXT_MAX);

        if (strcmp(args->words[0], "bash") != 0)
                return cli_usage(cli, "completion", err, "completion is made for bash only");
        help_completion(&text);
        return text_print(cli, &text, "completion", err);
}

enum rc cmd_manual(struct cli *cli, const struct args *args, struct err *err)
{
        CLEANUP(buf_fini) struct buf text = BUF_INIT(TEXT_MAX);

        (void)args;
        help_manual(&text);
        return text_print(cli, &text, "manual", err);
}

static void options_help(struct buf *out)
{
        buf_text(out, "Options of every command:\n");
        for (const struct option_row *row = global_options; row->name; row++) {
                char name[64];

                snprintf(name, sizeof(name), "--%s%s%s", row->name, row->value ? " " : "",
                         row->value ? row->value : "");
                buf_printf(out, "  %-18s %s\n", name, row->doc);
        }
        buf_text(out, "\nWithout them, client.conf of the data folder counts, else\n"
                      "~/.config/storehouse/client.conf with url, ca and token-file.\n");
}

static const char *near_name(const char *word)
{
        for (size_t i = 0; i < command_count(); i++)
                if (args_distance(word, commands[i].name) <= NEAR)
                        return commands[i].name;
        return NULL;
}

static enum rc command_unknown(struct cli *cli, const char *word, struct err *err)
{
        const char *near = near_name(word);

        if (near)
                return cli_usage(cli, NULL, err, "unknown command %.60s; did you mean %s?", word,
                                 near);
        return cli_usage(cli, NULL, err, "unknown command %.60s", word);
}

enum rc cmd_help(struct cli *cli, const struct args *args, struct err *err)
{
        CLEANUP(buf_fini) struct buf text = BUF_INIT(TEXT_MAX);
        const struct command *command = NULL;
        int words = 0;

        if (args->count)
                command = command_find((int)args->count, (char *const *)args->words, &words);
        if (command)
                help_command(command, &text);
        else if (!args->count)
                help_all(&text);
        else if (strcmp(args->words[0], "options") == 0)
                options_help(&text);
        else if (!help_family(args->words[0], &text))
                return command_unknown(cli, args->words[0], err);
        return text_print(cli, &text, "help", err);
}

static void globals_take(struct cli *cli, const struct args *args)
{
        cli->url = args_text(args, "url");
        cli->ca = args_text(args, "ca");
        cli->token_file = args_text(args, "token-file");
        cli->data = args_text(args, "data");
        cli->store = args_text(args, "store");
        cli->json = args_flag(args, "json");
        cli->quiet = args_flag(args, "quiet");
        if (args_flag(args, "no-color"))
                cli->color = false;
}

/* --json counts also where the rest of the line is wrong. */
static void json_guess(struct cli *cli, int argc, char *const *argv)
{
        for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
                if (strcmp(argv[i], "--json") == 0)
                        cli->json = true;
}

static enum rc command_run(struct cli *cli, const struct command *command, int argc,
                           char *const *argv, struct err *err)
{
        CLEANUP(buf_fini) struct buf text = BUF_INIT(TEXT_MAX);
        struct args args;
        enum rc rc;

        rc = args_parse(argc, argv, global_options, command->options, &args, err);
        if (rc != RC_OK)
                return cli_usage(cli, command->name, err, "%s", err->text);
        globals_take(cli, &args);
        if (args_flag(&args, "help")) {
                help_command(command, &text);
                return text_print(cli, &text, "help", err);
        }
        if (args.count < command->min_words)
                return cli_usage(cli, command->name, err, "%s wants %s", command->name,
                                 command->words);
        if (args.count > command->max_words)
                return cli_usage(cli, command->name, err, "%s does not take %.60s", command->name,
                                 args.words[command->max_words]);
        rc = random_init(err);
        if (rc == RC_OK)
                rc = crypto_init(err);
        return rc == RC_OK ? command->run(cli, &args, err) : rc;
}

/* Options may stand before the command: they are moved behind it. */
static int command_first(int argc, char *const *argv, char **ret)
{
        int leading = 0;
        int count = 0;

        while (leading < argc && argv[leading][0] == '-' && argv[leading][1]) {
                const struct option_row *row = global_options;

                while (row->name && strcmp(row->name, argv[leading] + 2) != 0)
                        row++;
                leading += row->name && row->value && leading + 1 < argc ? 2 : 1;
        }
        for (int i = leading; i < argc; i++) {
                /* before a `--`, behind which nothing is an option */
                if (strcmp(argv[i], "--") == 0)
                        for (int j = 0; j < leading; j++)
                                ret[count++] = argv[j];
                if (strcmp(argv[i], "--") == 0)
                        leading = 0;
                ret[count++] = argv[i];
        }
        for (int j = 0; j < leading; j++)
                ret[count++] = argv[j];
        return count;
}

static enum rc line_run(struct cli *cli, int argc, char *const *argv, struct err *err)
{
        CLEANUP(buf_fini) struct buf text = BUF_INIT(TEXT_MAX);
        const struct command *command;
        char *line[ARGS_MAX];
        int words = 0;

        if (argc > ARGS_MAX)
                return cli_usage(cli, NULL, err, "more than %d arguments", ARGS_MAX);
        argc = command_first(argc, argv, line);
        json_guess(cli, argc, line);
        if (argc == 0 || strcmp(line[0], "--help") == 0 || strcmp(line[0], "-h") == 0) {
                help_all(&text);
                return text_print(cli, &text, "help", err);
        }
        if (strcmp(line[0], "--version") == 0) {
                buf_text(&text, "storectl " STOREHOUSE_VERSION "\n");
                return text_print(cli, &text, "version", err);
        }
        command = command_find(argc, line, &words);
        if (command)
                return command_run(cli, command, argc - words, line + words, err);
        if (!help_family(line[0], &text))
                return command_unknown(cli, line[0], err);
        if (argc > 1 && strcmp(line[1], "--help") == 0)
                return text_print(cli, &text, "help", err);
        return argc > 1 && line[1][0] != '-'
                       ? cli_usage(cli, line[0], err, "unknown command %.40s %.40s", line[0],
                                   line[1])
                       : cli_usage(cli, line[0], err, "%.40s wants one command more", line[0]);
}

int storectl_run(int argc, char *const *argv)
{
        struct err err = {0};
        struct cli cli;
        enum rc rc;
        int ret;

        if (cli_init(&cli, &err) != RC_OK) {
                fprintf(stderr, "storectl: %s\n", err.text);
                return EXIT_FAILED;
        }
        rc = line_run(&cli, argc, argv, &err);
        ret = cli_end(&cli, rc, &err);
        client_close(&cli);
        cli_fini(&cli);
        return ret;
}
