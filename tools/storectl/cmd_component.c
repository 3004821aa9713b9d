/* SPDX-License-Identifier: Apache-2.0 */
/* Components: pushed beside a snap or by themselves, and told which revision they go with. */
#include "core/model/component.h"
#include "core/model/name.h"
#include "tools/storectl/commands.h"
#include "tools/storectl/push.h"
#include "tools/storectl/table.h"
#include <string.h>

/* NAME=FILE or NAME=REVISION. */
static enum rc part_read(struct push *push, const char *text, struct push_part *ret,
                         struct err *err)
{
        const char *equals = strchr(text, '=');
        uint64_t number = 0;

        *ret = (struct push_part){.file = equals ? equals + 1 : ""};
        if (equals)
                ret->name = arena_memdup(push->cli->arena, text, (size_t)(equals - text));
        if (!ret->name || !name_is_snap(ret->name) || !*ret->file)
                return cli_usage(push->cli, "push", err,
                                 "--component %.60s is not NAME=FILE or NAME=REVISION", text);
        if (number_parse_u64(ret->file, INT64_MAX, &number) == RC_OK) {
                ret->revision = (json_int_t)number;
                ret->file = NULL;
        }
        return RC_OK;
}

enum rc push_parts_read(struct push *push, const struct args *args, struct err *err)
{
        const char *texts[PUSH_PARTS_MAX];
        const size_t count = args_many(args, "component", texts, PUSH_PARTS_MAX);
        enum rc rc = RC_OK;

        if (count && (push->is_image || push->component))
                return cli_usage(push->cli, "push", err, "--component goes with a snap");
        for (size_t i = 0; rc == RC_OK && i < count; i++)
                rc = part_read(push, texts[i], &push->parts[push->part_count++], err);
        for (size_t i = 0; rc == RC_OK && i < count; i++)
                for (size_t k = 0; k < i; k++)
                        if (strcmp(push->parts[k].name, push->parts[i].name) == 0)
                                return cli_usage(push->cli, "push", err,
                                                 "the component %s is given twice",
                                                 push->parts[i].name);
        return rc;
}

bool push_read_component(struct arena *arena, const char *base, const char **ret_snap,
                         const char **ret_name)
{
        const char *end = strchr(base, '_');
        const char *dot = strrchr(base, '.');
        const char *text;

        if (!dot || strcmp(dot, ".comp") != 0)
                return false;
        text = arena_memdup(arena, base, (size_t)((end && end < dot ? end : dot) - base));
        return text && component_name_split(text, arena, ret_snap, ret_name);
}

enum rc push_parts_send(struct push *push, const struct args *args, long timeout_sec,
                        struct err *err)
{
        enum rc rc = RC_OK;

        for (size_t i = 0; rc == RC_OK && i < push->part_count; i++) {
                struct push_part *part = &push->parts[i];
                CLEANUP(push_fini)
                struct push own = {.cli = push->cli,
                                   .path = part->file,
                                   .name = push->name,
                                   .component = part->name,
                                   .fd = -1};

                if (!part->file)
                        continue;
                rc = push_open(&own, err);
                if (rc == RC_OK)
                        rc = push_hash(&own, err);
                if (rc == RC_OK && !args_flag(args, "unsigned"))
                        rc = push_sign(&own, args, err);
                if (rc == RC_OK)
                        rc = push_send(&own, err);
                if (rc == RC_OK)
                        rc = push_review(&own, timeout_sec, err);
                part->revision = own.revision;
        }
        return rc;
}

enum rc push_parts_pair(struct push *push, json_int_t revision, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *map = json_object();
        CLEANUP(jsonx_decref) json_t *body = json_pack("{s:O}", "components", map);
        const char *path;

        if (!push->part_count)
                return RC_OK;
        for (size_t i = 0; i < push->part_count; i++)
                json_object_set_new(map, push->parts[i].name,
                                    json_integer(push->parts[i].revision));
        path = client_path(push->cli, "/v1/snap/", push->name, "/revisions/");
        if (path)
                path = arena_printf(push->cli->arena, "%s%lld/components", path,
                                    (long long)revision);
        return client_send(push->cli, "POST", path, body, NULL, err);
}

static const char *revisions_join(struct cli *cli, const json_t *list)
{
        CLEANUP(jsonx_decref) json_t *texts = json_array();

        for (size_t i = 0; i < json_array_size(list); i++)
                json_array_append_new(texts, json_string(arena_printf(
                                                     cli->arena, "%" JSON_INTEGER_FORMAT,
                                                     json_integer_value(json_array_get(list, i)))));
        return client_join(cli, texts);
}

enum rc cmd_components(struct cli *cli, const struct args *args, struct err *err)
{
        static const char *const headers[] = {"Component", "Revision", "Version",
                                              "Type",      "Size",     "Goes with"};
        struct table *table = table_new(cli->arena, headers, ARRAY_COUNT(headers));
        json_t *answer = NULL;
        const json_t *list;
        enum rc rc;

        rc = client_get(cli, client_path(cli, "/v1/snap/", args->words[0], "/components"), &answer,
                        err);
        if (rc != RC_OK)
                return rc;
        cli_result(cli, answer);
        list = json_object_get(answer, "components");
        for (size_t i = 0; i < json_array_size(list); i++) {
                const json_t *row = json_array_get(list, i);
                const char *const cells[] = {
                        client_text(row, "name"),
                        arena_printf(cli->arena, "%" JSON_INTEGER_FORMAT,
                                     json_integer_value(json_object_get(row, "revision"))),
                        client_text(row, "version"),
                        client_text(row, "type"),
                        text_size(cli->arena,
                                  (uint64_t)json_integer_value(json_object_get(row, "size"))),
                        revisions_join(cli, json_object_get(row, "snap-revisions"))};

                table_add(table, cells);
        }
        table_print(table, cli, "There is no component.");
        return RC_OK;
}

enum rc cmd_pair(struct cli *cli, const struct args *args, struct err *err)
{
        struct push push = {.cli = cli, .name = args->words[0], .fd = -1};
        uint64_t revision = 0;
        enum rc rc = RC_OK;

        if (number_parse_u64(args->words[1], INT64_MAX, &revision) != RC_OK)
                return cli_usage(cli, "pair", err, "%.40s is no revision", args->words[1]);
        if (args->count - 2 > PUSH_PARTS_MAX)
                return cli_usage(cli, "pair", err, "a revision has %d components at most",
                                 PUSH_PARTS_MAX);
        for (size_t i = 2; rc == RC_OK && i < args->count; i++) {
                rc = part_read(&push, args->words[i], &push.parts[push.part_count++], err);
                if (rc == RC_OK && push.parts[push.part_count - 1].file)
                        rc = cli_usage(cli, "pair", err, "%.60s is not NAME=REVISION",
                                       args->words[i]);
        }
        if (rc == RC_OK)
                rc = push_parts_pair(&push, (json_int_t)revision, err);
        return rc == RC_OK ? cmd_components(cli, args, err) : rc;
}
