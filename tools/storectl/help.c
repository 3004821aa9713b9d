/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/storectl/commands.h"
#include "tools/storectl/table.h"
#include <string.h>

#define NAME_COLUMNS  28
#define GROUP_COLUMNS 21

static bool is_last_of_group(size_t index)
{
        return index + 1 == command_count() ||
               strcmp(commands[index].group, commands[index + 1].group) != 0;
}

/* "key" once for "key create", "key list", ...: the first word of a row, when it is a new one. */
static bool word_is_new(size_t index, size_t *ret_chars)
{
        const char *name = commands[index].name;
        const size_t chars = strcspn(name, " ");

        *ret_chars = chars;
        return index == 0 || strcspn(commands[index - 1].name, " ") != chars ||
               memcmp(commands[index - 1].name, name, chars) != 0;
}

/* A line that is full goes on below, under the first word. */
static void group_put(struct buf *out, size_t first, size_t last)
{
        size_t column = GROUP_COLUMNS;
        size_t chars = 0;

        buf_printf(out, "  %-*s", GROUP_COLUMNS - 2, commands[first].group);
        for (size_t i = first; i <= last; i++) {
                if (!word_is_new(i, &chars))
                        continue;
                if (column + 3 + chars > HELP_COLUMNS_MAX) {
                        buf_printf(out, ",\n%*s", GROUP_COLUMNS, "");
                        column = GROUP_COLUMNS;
                } else if (i != first) {
                        buf_text(out, ", ");
                        column += 2;
                }
                buf_append(out, commands[i].name, chars);
                column += chars;
        }
        buf_char(out, '\n');
}

void help_all(struct buf *out)
{
        buf_text(out, "storectl works with a Storehouse: packages in, released, and out to "
                      "devices.\n\nUsage: storectl COMMAND [OPTIONS]\n\n");
        for (size_t i = 0, first = 0; i < command_count(); i++) {
                if (!is_last_of_group(i))
                        continue;
                group_put(out, first, i);
                first = i + 1;
        }
        buf_text(out,
                 "\nBegin on the server with  storectl init DIR --brand NAME\n"
                 "      elsewhere with      storectl push FILE --release edge\n\n"
                 "`storectl help COMMAND` says more; `storectl help options` lists what goes\n"
                 "with every command. Exit codes: 0 done, 1 failed, 2 usage, 3 rejected by\n"
                 "the store, 4 not authorised, 5 store not reached, 6 not found, 7 waiting.\n");
}

static void options_put(struct buf *out, const struct option_row *options)
{
        for (; options->name; options++) {
                char name[64];

                snprintf(name, sizeof(name), "--%s%s%s", options->name, options->value ? " " : "",
                         options->value ? options->value : "");
                buf_printf(out, "  %-*s %s%s\n", NAME_COLUMNS - 2, name, options->doc,
                           options->many ? " (repeat)" : "");
        }
}

/* Commands that begin with the word and a blank, a line each; how many. */
static size_t family_put(struct buf *out, const char *word)
{
        const size_t chars = strlen(word);
        size_t count = 0;

        for (size_t i = 0; i < command_count(); i++) {
                const char *name = commands[i].name;

                if (strncmp(name, word, chars) != 0 || name[chars] != ' ')
                        continue;
                buf_printf(out, "  %-*s %s\n", NAME_COLUMNS - 2, name, commands[i].summary);
                count++;
        }
        return count;
}

void help_command(const struct command *command, struct buf *out)
{
        CLEANUP(buf_fini) struct buf family = BUF_INIT(4 * KIB);

        buf_printf(out, "Usage: storectl %s%s%s%s\n\n%s.\n", command->name,
                   command->words[0] ? " " : "", command->words,
                   command->options->name ? " [OPTIONS]" : "", command->summary);
        if (command->doc[0])
                buf_printf(out, "%s\n", command->doc);
        if (command->options->name) {
                buf_text(out, "\nOptions:\n");
                options_put(out, command->options);
        }
        if (family_put(&family, command->name))
                buf_printf(out, "\nAlso:\n%s", family.data);
        buf_text(out, "\n`storectl help options` lists what every command takes.\n");
}

bool help_family(const char *word, struct buf *out)
{
        CLEANUP(buf_fini) struct buf family = BUF_INIT(4 * KIB);

        if (!family_put(&family, word))
                return false;
        buf_printf(out, "Usage: storectl %s COMMAND\n\n%s", word, family.data);
        return true;
}

/* The second words of a family, or the options of a command, as a `case` branch. */
static void completion_branch(struct buf *out, size_t index)
{
        const struct option_row *row = commands[index].options;

        buf_printf(out, "        '%s') words='", commands[index].name);
        for (size_t i = 0; row[i].name; i++)
                buf_printf(out, "%s--%s", i ? " " : "", row[i].name);
        buf_text(out, "' ;;\n");
}

static void completion_families(struct buf *out)
{
        size_t chars = 0;

        for (size_t i = 0; i < command_count(); i++) {
                if (!word_is_new(i, &chars) || !commands[i].name[chars])
                        continue;
                buf_printf(out, "        '%.*s') words='", (int)chars, commands[i].name);
                for (size_t j = i; j < command_count(); j++)
                        if (strncmp(commands[j].name, commands[i].name, chars + 1) == 0)
                                buf_printf(out, "%s%s", j == i ? "" : " ",
                                           commands[j].name + chars + 1);
                buf_text(out, "' ;;\n");
        }
}

void help_completion(struct buf *out)
{
        size_t chars = 0;

        buf_text(out, "# bash completion for storectl, made by `storectl completion bash`\n"
                      "_storectl() {\n"
                      "    local word=${COMP_WORDS[COMP_CWORD]} first=${COMP_WORDS[1]}\n"
                      "    local both=\"$first ${COMP_WORDS[2]:-}\" words=\n"
                      "    COMPREPLY=()\n"
                      "    if [ \"$COMP_CWORD\" = 1 ]; then\n        words='");
        for (size_t i = 0; i < command_count(); i++)
                if (word_is_new(i, &chars))
                        buf_printf(out, "%s%.*s", i ? " " : "", (int)chars, commands[i].name);
        buf_text(out, "'\n    elif [ \"$COMP_CWORD\" = 2 ] && [ \"${word#-}\" = \"$word\" ]; then\n"
                      "        case $first in\n");
        completion_families(out);
        buf_text(out, "        esac\n    fi\n    if [ \"${word#-}\" != \"$word\" ]; then\n"
                      "        case $both in\n");
        for (size_t i = 0; i < command_count(); i++)
                if (strchr(commands[i].name, ' '))
                        completion_branch(out, i);
        buf_text(out, "        esac\n        [ -n \"$words\" ] || case $first in\n");
        for (size_t i = 0; i < command_count(); i++)
                if (!strchr(commands[i].name, ' '))
                        completion_branch(out, i);
        buf_text(out, "        esac\n        words=\"$words");
        for (const struct option_row *row = global_options; row->name; row++)
                buf_printf(out, " --%s", row->name);
        buf_text(out, "\"\n    fi\n"
                      "    [ -z \"$words\" ] || mapfile -t COMPREPLY < <(compgen -W \"$words\" -- "
                      "\"$word\")\n}\ncomplete -o default -F _storectl storectl\n");
}

/* In roff a '-' is a hyphen and a leading '.' or ''' is a request. */
static void roff_put(struct buf *out, const char *text)
{
        for (const char *at = text; *at; at++) {
                if (at == text && (*at == '.' || *at == '\''))
                        buf_text(out, "\\&");
                if (*at == '-')
                        buf_text(out, "\\-");
                else if (*at == '\\')
                        buf_text(out, "\\e");
                else
                        buf_char(out, *at);
        }
}

static void manual_options(struct buf *out, const struct option_row *options)
{
        for (; options->name; options++) {
                buf_text(out, ".TP\n.B \\-\\-");
                roff_put(out, options->name);
                if (options->value)
                        buf_printf(out, " \\fI%s\\fP", options->value);
                buf_char(out, '\n');
                roff_put(out, options->doc);
                buf_text(out, options->many ? " (may be repeated)\n" : "\n");
        }
}

static void manual_command(struct buf *out, const struct command *command)
{
        buf_text(out, ".SS ");
        roff_put(out, command->name);
        buf_text(out, "\n.B storectl ");
        roff_put(out, command->name);
        buf_printf(out, "\n.RI %s", command->words[0] ? "" : "\\&");
        if (command->words[0]) {
                buf_text(out, "\"");
                roff_put(out, command->words);
                buf_text(out, "\"");
        }
        buf_text(out, "\n.PP\n");
        roff_put(out, command->summary);
        buf_text(out, ".\n");
        if (command->doc[0]) {
                roff_put(out, command->doc);
                buf_char(out, '\n');
        }
        manual_options(out, command->options);
}

void help_manual(struct buf *out)
{
        static const char *const codes[][2] = {
                {"0", "done"},
                {"1", "failed"},
                {"2", "the command line is wrong"},
                {"3", "the store rejected it"},
                {"4", "not authorised: no token, expired, or not allowed"},
                {"5", "the store was not reached or could not answer"},
                {"6", "not found"},
                {"7", "still waiting when the time was over; nothing is lost"},
        };

        buf_text(out, ".TH STORECTL 1 \"\" \"Storehouse " STOREHOUSE_VERSION "\"\n.SH NAME\n"
                      "storectl \\- work with a Storehouse update store\n.SH SYNOPSIS\n"
                      ".B storectl\n.I COMMAND\n.RI [ OPTIONS ]\n.SH OPTIONS\n"
                      "These go with every command.\n");
        manual_options(out, global_options);
        buf_text(out, ".SH COMMANDS\n");
        for (size_t i = 0; i < command_count(); i++)
                manual_command(out, &commands[i]);
        buf_text(out, ".SH EXIT CODES\n");
        for (size_t i = 0; i < ARRAY_COUNT(codes); i++)
                buf_printf(out, ".TP\n.B %s\n%s\n", codes[i][0], codes[i][1]);
        buf_text(out, ".SH FILES\n.TP\n.I ~/.config/storehouse/client.conf\n"
                      "url, ca and token\\-file when neither option nor environment says so\n"
                      ".TP\n.I ~/.config/storehouse/keys\nyour sealed keys\n"
                      ".TP\n.I DATA/client.conf\nthe same settings for who works on the server\n");
}
