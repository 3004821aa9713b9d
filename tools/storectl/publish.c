/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/storectl/publish.h"
#include "core/base/clock.h"
#include "core/model/channel.h"
#include "tools/storectl/channel_map.h"
#include "tools/storectl/progress.h"
#include <string.h>
#include <time.h>

#define POLL_SEC    1
#define QUIET_POLLS 3 /* a release queues its deltas at once, but not in the same moment */

enum rc publish_channels(struct cli *cli, const char *command, const char *text,
                         const char *ret[CHANNELS_MAX], size_t *ret_count, struct err *err)
{
        size_t count = 0;

        while (*text) {
                const size_t chars = strcspn(text, ",");
                char part[CHANNEL_MAX + 1];
                char full[CHANNEL_MAX + 1];
                struct channel channel;

                if (!chars || chars > CHANNEL_MAX || count == CHANNELS_MAX)
                        return cli_usage(cli, command, err, "not a list of channels");
                snprintf(part, sizeof(part), "%.*s", (int)chars, text);
                if (channel_parse(part, &channel, err) != RC_OK)
                        return cli_usage(cli, command, err, "%s", err->text);
                channel_format(&channel, full);
                ret[count] = arena_strdup(cli->arena, full);
                if (!ret[count++])
                        return err_set(err, RC_NOMEM, "out of memory");
                text += chars;
                if (*text == ',' && !*++text)
                        return cli_usage(cli, command, err, "a channel is missing after the comma");
        }
        if (!count)
                return cli_usage(cli, command, err, "no channel is named");
        *ret_count = count;
        return RC_OK;
}

static bool map_has_track(const json_t *map, const char *channel)
{
        const json_t *list = json_object_get(json_object_get(map, "package"), "channels");
        const size_t chars = strcspn(channel, "/");

        for (size_t i = 0; i < json_array_size(list); i++) {
                const char *track = client_text(json_array_get(list, i), "track");

                if (strlen(track) == chars && memcmp(track, channel, chars) == 0)
                        return true;
        }
        return false;
}

enum rc publish_check_tracks(struct cli *cli, const char *name, const char *const *channels,
                             size_t count, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *map = NULL;
        const enum exit_code exit = cli->exit;

        if (client_get(cli, client_path(cli, "/v1/snap/", name, "/releases"), &map, err) != RC_OK) {
                cli->exit = exit;
                cli->hint[0] = '\0';
                *err = (struct err){0};
                return RC_OK;
        }
        for (size_t i = 0; i < count; i++)
                if (!map_has_track(map, channels[i])) {
                        const int chars = (int)strcspn(channels[i], "/");

                        cli_hint(cli, EXIT_ABSENT, "storectl track create %s %.*s", name, chars,
                                 channels[i]);
                        return err_set(err, RC_NOT_FOUND, "%s has no track %.*s", name, chars,
                                       channels[i]);
                }
        return RC_OK;
}

enum rc publish_release(struct cli *cli, const char *name, json_int_t revision,
                        const char *const *channels, size_t count, long percentage, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *body = json_array();

        for (size_t i = 0; i < count; i++) {
                json_t *item = json_pack("{s:s}", "channel", channels[i]);

                json_object_set_new(item, "revision",
                                    revision ? json_integer(revision) : json_null());
                if (percentage >= 0)
                        json_object_set_new(
                                item, "progressive",
                                json_pack("{s:I}", "percentage", (json_int_t)percentage));
                json_array_append_new(body, item);
        }
        return client_send(cli, "POST", client_path(cli, "/v1/snap/", name, "/releases"), body,
                           NULL, err);
}

enum rc publish_map(struct cli *cli, const char *name, const char *arch, const char *track,
                    json_t **ret, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *answer = NULL;
        struct table *table = NULL;
        enum rc rc;

        rc = client_get(cli, client_path(cli, "/v1/snap/", name, "/releases"), &answer, err);
        if (rc != RC_OK)
                return rc;
        rc = channel_map_table(cli->arena, answer, arch, track, cli->out_tty, &table, err);
        if (rc != RC_OK)
                return rc;
        if (!cli->quiet)
                table_print(table, cli, "Nothing is released.");
        *ret = answer;
        answer = NULL;
        return RC_OK;
}

static bool state_is_final(const char *state)
{
        return strcmp(state, "ready") == 0 || strcmp(state, "refused") == 0 ||
               strcmp(state, "failed") == 0;
}

static void deltas_count(const json_t *list, json_int_t revision, size_t *ret_ready,
                         size_t *ret_open, size_t *ret_all)
{
        *ret_ready = *ret_open = *ret_all = 0;
        for (size_t i = 0; i < json_array_size(list); i++) {
                const json_t *row = json_array_get(list, i);
                const char *state = client_text(row, "state");

                if (json_integer_value(json_object_get(row, "target")) != revision)
                        continue;
                ++*ret_all;
                *ret_ready += strcmp(state, "ready") == 0;
                *ret_open += !state_is_final(state);
        }
}

/* Jobs in the queue: only administrators are told; -1 for others. */
static json_int_t jobs_waiting(struct cli *cli)
{
        CLEANUP(jsonx_decref) json_t *answer = NULL;
        const enum exit_code exit = cli->exit;
        struct err err = {0};

        if (client_get(cli, "/api/v1/status", &answer, &err) != RC_OK) {
                cli->exit = exit;
                cli->hint[0] = '\0';
                return -1;
        }
        return json_integer_value(json_object_get(json_object_get(answer, "jobs"), "waiting"));
}

enum rc publish_wait_deltas(struct cli *cli, const char *name, json_int_t revision,
                            long timeout_sec, json_t **ret, struct err *err)
{
        const usec_t end = clock_uptime() + timeout_sec * USEC_PER_SEC;
        const struct timespec pause = {.tv_sec = POLL_SEC};
        size_t quiet = 0;

        progress_stage(cli, "Waiting for deltas");
        for (;;) {
                CLEANUP(jsonx_decref) json_t *answer = NULL;
                size_t ready = 0;
                size_t open = 0;
                size_t all = 0;
                enum rc rc;

                rc = client_get(cli, client_path(cli, "/api/v1/packages/", name, "/deltas"),
                                &answer, err);
                if (rc != RC_OK)
                        return rc;
                deltas_count(json_object_get(answer, "deltas"), revision, &ready, &open, &all);
                quiet = !open && jobs_waiting(cli) <= 0 ? quiet + 1 : 0;
                if (quiet >= QUIET_POLLS) {
                        cli_say(cli, "%zu of %zu deltas to revision %lld are ready", ready, all,
                                (long long)revision);
                        *ret = json_incref(json_object_get(answer, "deltas"));
                        return RC_OK;
                }
                if (clock_uptime() > end) {
                        cli_hint(cli, EXIT_HELD, "storectl deltas %s, later", name);
                        return err_set(err, RC_PENDING, "the deltas are still being built");
                }
                nanosleep(&pause, NULL);
        }
}
