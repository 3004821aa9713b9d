/* SPDX-License-Identifier: Apache-2.0 */
#include "core/model/channel.h"
#include "core/model/name.h"
#include <stdio.h>
#include <string.h>

static const char *const risk_names[RISK_COUNT] = {"stable", "candidate", "beta", "edge"};

const char *risk_name(enum risk risk)
{
        return (unsigned)risk < RISK_COUNT ? risk_names[risk] : "";
}

enum rc risk_parse(const char *text, enum risk *ret)
{
        for (unsigned i = 0; i < RISK_COUNT; i++) {
                if (!strcmp(risk_names[i], text)) {
                        *ret = (enum risk)i;
                        return RC_OK;
                }
        }
        return RC_INVALID;
}

static enum rc channel_refuse(const char *text, const char *why, struct err *err)
{
        return err_set_code(err, RC_INVALID, "invalid-channel", "channel \"%.100s\": %s", text,
                            why);
}

/* Splits a copy at its slashes; RC_INVALID for an empty part or more than three. */
static enum rc parts_split(char *copy, char *parts[3], size_t *ret_count)
{
        size_t count = 0;

        while (copy) {
                if (count == 3)
                        return RC_INVALID;
                parts[count] = strsep(&copy, "/");
                if (!*parts[count++])
                        return RC_INVALID;
        }
        *ret_count = count;
        return RC_OK;
}

static void set_latest(struct channel *channel)
{
        snprintf(channel->track, sizeof(channel->track), "latest");
}

enum rc channel_parse(const char *text, struct channel *ret, struct err *err)
{
        struct channel channel = {.risk = RISK_STABLE};
        char copy[CHANNEL_MAX + 1];
        char *parts[3];
        size_t count = 0;
        size_t at = 0;

        if (strlen(text) > CHANNEL_MAX)
                return channel_refuse(text, "too long", err);
        if (!*text) {
                set_latest(&channel);
                *ret = channel;
                return RC_OK;
        }
        memcpy(copy, text, strlen(text) + 1);
        if (parts_split(copy, parts, &count) != RC_OK)
                return channel_refuse(text, "expected [track/]risk[/branch]", err);

        /* A first word that is a risk is the risk, so no track can be called "stable". */
        if (risk_parse(parts[0], &channel.risk) == RC_OK) {
                set_latest(&channel);
                at = 1;
        } else {
                if (!name_is_track(parts[0]))
                        return channel_refuse(text, "not a track name", err);
                memcpy(channel.track, parts[0], strlen(parts[0]) + 1);
                channel.track_named = true;
                at = 1;
                if (count > 1 && risk_parse(parts[at++], &channel.risk) != RC_OK)
                        return channel_refuse(text, "the risk is stable, candidate, beta or edge",
                                              err);
        }
        if (at + 1 < count)
                return channel_refuse(text, "too many parts", err);
        if (at < count) {
                if (!name_is_branch(parts[at]))
                        return channel_refuse(text, "not a branch name", err);
                memcpy(channel.branch, parts[at], strlen(parts[at]) + 1);
        }
        *ret = channel;
        return RC_OK;
}

void channel_format(const struct channel *channel, char text[CHANNEL_MAX + 1])
{
        snprintf(text, CHANNEL_MAX + 1, "%s/%s%s%s", channel->track, risk_name(channel->risk),
                 *channel->branch ? "/" : "", channel->branch);
}

void channel_format_short(const struct channel *channel, char text[CHANNEL_MAX + 1])
{
        const bool latest = !strcmp(channel->track, "latest");

        snprintf(text, CHANNEL_MAX + 1, "%s%s%s%s%s", latest ? "" : channel->track,
                 latest ? "" : "/", risk_name(channel->risk), *channel->branch ? "/" : "",
                 channel->branch);
}

bool channel_equal(const struct channel *a, const struct channel *b)
{
        return a->risk == b->risk && !strcmp(a->track, b->track) && !strcmp(a->branch, b->branch);
}
