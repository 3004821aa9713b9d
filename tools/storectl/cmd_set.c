/* SPDX-License-Identifier: Apache-2.0 */
/* What the store says of a package beside its revisions: set and show. */
#include "core/base/fs.h"
#include "core/model/media.h"
#include "tools/storectl/client.h"
#include "tools/storectl/commands.h"
#include "tools/storectl/table.h"
#include <inttypes.h>
#include <string.h>

#define NOTHING "none" /* takes away what was set */

static const char *const link_kinds[] = {"website", "contact", "issues", "source-code", "donation"};

/* --- set: the texts --- */

/* Adds a yes|no option to body as a boolean. */
static enum rc flag_put(struct cli *cli, const struct args *args, const char *option, json_t *body,
                        struct err *err)
{
        const char *text = args_text(args, option);

        if (!text)
                return RC_OK;
        if (strcmp(text, "yes") && strcmp(text, "no"))
                return cli_usage(cli, "set", err, "--%s is yes or no", option);
        json_object_set_new(body, option, json_boolean(text[0] == 'y'));
        return RC_OK;
}

static void links_put(const struct args *args, json_t *body)
{
        json_t *links = json_object();

        for (size_t i = 0; i < ARRAY_COUNT(link_kinds); i++) {
                const char *values[ARGS_MAX];
                const size_t count = args_many(args, link_kinds[i], values, ARGS_MAX);
                json_t *list;

                if (!count)
                        continue;
                list = json_array();
                for (size_t k = 0; k < count; k++)
                        if (strcmp(values[k], NOTHING))
                                json_array_append_new(list, json_string(values[k]));
                json_object_set_new(links, link_kinds[i], list);
        }
        if (json_object_size(links))
                json_object_set(body, "links", links);
        json_decref(links);
}

static void categories_put(const struct args *args, json_t *body)
{
        const char *text = args_text(args, "category");
        json_t *list;

        if (!text)
                return;
        list = json_array();
        while (*text && strcmp(text, NOTHING)) {
                const size_t length = strcspn(text, ",");

                if (length)
                        json_array_append_new(list, json_stringn(text, length));
                text += length + (text[length] != '\0');
        }
        json_object_set_new(body, "categories", list);
}

static enum rc body_make(struct cli *cli, const struct args *args, json_t *body, struct err *err)
{
        static const char *const flags[] = {"private", "require-snap-build", "featured"};
        static const char *const texts[] = {"default-track", "title", "summary", "description"};
        enum rc rc = RC_OK;

        for (size_t i = 0; rc == RC_OK && i < ARRAY_COUNT(flags); i++)
                rc = flag_put(cli, args, flags[i], body, err);
        for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
                if (args_text(args, texts[i]))
                        json_object_set_new(body, texts[i], json_string(args_text(args, texts[i])));
        links_put(args, body);
        categories_put(args, body);
        return rc;
}

/* --- set: the pictures --- */

static bool has_pictures(const struct args *args)
{
        return args_text(args, "icon") || args_text(args, "screenshot") ||
               args_flag(args, "remove-icon") || args_flag(args, "remove-screenshots");
}

static const char *media_path(struct cli *cli, const char *name, enum media_kind kind)
{
        return client_path(cli, "/api/v1/packages/", name,
                           kind == MEDIA_ICON ? "/media?type=icon" : "/media?type=screenshot");
}

static enum rc picture_send(struct cli *cli, const char *name, enum media_kind kind,
                            const char *path, struct err *err)
{
        CLEANUP(fs_freep) char *data = NULL;
        struct http_answer answer = {.status = 0};
        struct http_request request = {.method = "PUT",
                                       .path = media_path(cli, name, kind),
                                       .type = "application/octet-stream"};
        enum rc rc;

        rc = fs_read_file(path, (size_t)media_bytes_max(kind), &data, &request.bytes, err);
        if (rc == RC_TOO_BIG) {
                cli_hint(cli, EXIT_FAILED,
                         "make it smaller: PNG or JPEG, %" PRIu64 " bytes at most",
                         media_bytes_max(kind));
                return err_set(err, RC_INVALID, "%s is larger than a picture may be", path);
        }
        if (rc != RC_OK)
                return rc;
        request.body = data;
        rc = client_send_text(cli, &request, &answer, err);
        return rc == RC_OK ? rc : err_prefix(err, rc, "%s", path);
}

static enum rc pictures_remove(struct cli *cli, const char *name, enum media_kind kind,
                               struct err *err)
{
        return client_send(cli, "DELETE", media_path(cli, name, kind), NULL, NULL, err);
}

static enum rc pictures_set(struct cli *cli, const struct args *args, struct err *err)
{
        const char *name = args->words[0];
        const char *shots[ARGS_MAX];
        const size_t count = args_many(args, "screenshot", shots, ARGS_MAX);
        enum rc rc = RC_OK;

        if (args_flag(args, "remove-icon"))
                rc = pictures_remove(cli, name, MEDIA_ICON, err);
        if (rc == RC_OK && args_flag(args, "remove-screenshots"))
                rc = pictures_remove(cli, name, MEDIA_SCREENSHOT, err);
        if (rc == RC_OK && args_text(args, "icon"))
                rc = picture_send(cli, name, MEDIA_ICON, args_text(args, "icon"), err);
        for (size_t i = 0; rc == RC_OK && i < count; i++)
                rc = picture_send(cli, name, MEDIA_SCREENSHOT, shots[i], err);
        return rc;
}

/* --- set --- */

static void set_tell(struct cli *cli, const char *name, const json_t *now)
{
        cli_say(cli, "%s is %s; builds %s", name,
                json_is_true(json_object_get(now, "private")) ? "private" : "public",
                json_is_true(json_object_get(now, "require-snap-build")) ? "must be signed"
                                                                         : "may be unsigned");
}

enum rc cmd_set(struct cli *cli, const struct args *args, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *body = json_object();
        const char *path = client_path(cli, "/v1/snap/", args->words[0], "");
        json_t *answer = NULL;
        enum rc rc = body_make(cli, args, body, err);

        if (rc == RC_OK && json_object_size(body) == 0 && !has_pictures(args))
                return cli_usage(cli, "set", err, "say what to change, such as --private yes");
        if (rc == RC_OK && json_object_size(body))
                rc = client_send(cli, "PATCH", path, body, has_pictures(args) ? NULL : &answer,
                                 err);
        if (rc == RC_OK && has_pictures(args)) {
                rc = pictures_set(cli, args, err);
                if (rc == RC_OK)
                        rc = client_get(cli, path, &answer, err);
        }
        if (rc != RC_OK)
                return rc;
        set_tell(cli, args->words[0], json_object_get(answer, "metadata"));
        cli_result(cli, answer);
        return RC_OK;
}

/* --- show --- */

static void line_add(struct table *table, const char *name, const char *value)
{
        const char *const cells[] = {name, value};

        if (*value)
                table_add(table, cells);
}

static void links_show(struct cli *cli, struct table *table, const json_t *links)
{
        const char *kind;
        json_t *list;

        json_object_foreach((json_t *)links, kind, list)
                line_add(table, kind, client_join(cli, list));
}

static void media_show(struct cli *cli, struct table *table, const json_t *list)
{
        for (size_t i = 0; i < json_array_size(list); i++) {
                const json_t *row = json_array_get(list, i);
                const json_int_t bytes = json_integer_value(json_object_get(row, "size"));
                const char *text = arena_printf(
                        cli->arena, "%" JSON_INTEGER_FORMAT " x %" JSON_INTEGER_FORMAT " %s, %s%s",
                        json_integer_value(json_object_get(row, "width")),
                        json_integer_value(json_object_get(row, "height")),
                        client_text(row, "format"),
                        text_size(cli->arena, bytes > 0 ? (uint64_t)bytes : 0),
                        strcmp(client_text(row, "origin"), "set") ? ", of the package" : "");

                line_add(table, client_text(row, "type"), text ? text : "");
        }
}

enum rc cmd_show(struct cli *cli, const struct args *args, struct err *err)
{
        static const char *const headers[] = {"What", "Value"};
        static const char *const texts[] = {"name",    "id",          "type",
                                            "status",  "store",       "title",
                                            "summary", "description", "default-track"};
        struct table *table = table_new(cli->arena, headers, ARRAY_COUNT(headers));
        json_t *answer = NULL;
        const json_t *now;
        enum rc rc;

        rc = client_get(cli, client_path(cli, "/v1/snap/", args->words[0], ""), &answer, err);
        if (rc != RC_OK)
                return rc;
        cli_result(cli, answer);
        now = json_object_get(answer, "metadata");
        for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
                line_add(table, texts[i], client_text(now, texts[i]));
        line_add(table, "publisher", client_text(json_object_get(now, "publisher"), "username"));
        line_add(table, "visibility",
                 json_is_true(json_object_get(now, "private")) ? "private" : "public");
        line_add(table, "builds",
                 json_is_true(json_object_get(now, "require-snap-build")) ? "must be signed"
                                                                          : "may be unsigned");
        line_add(table, "categories", client_join(cli, json_object_get(now, "categories")));
        line_add(table, "featured", json_is_true(json_object_get(now, "featured")) ? "yes" : "no");
        links_show(cli, table, json_object_get(now, "links"));
        media_show(cli, table, json_object_get(now, "media"));
        table_print(table, cli, "");
        return RC_OK;
}
