/* SPDX-License-Identifier: Apache-2.0 */
#include "core/model/channel.h"
#include "tests/lib/check.h"
#include <string.h>

#define A10 "aaaaaaaaaa"

static void channels_are_read(void)
{
        static const struct {
                const char *text;
                const char *full;
                const char *brief;
                bool named;
        } rows[] = {
                {"", "latest/stable", "stable", false},
                {"stable", "latest/stable", "stable", false},
                {"edge", "latest/edge", "edge", false},
                {"latest", "latest/stable", "stable", true},
                {"latest/beta", "latest/beta", "beta", true},
                {"1.0", "1.0/stable", "1.0/stable", true},
                {"1.0/candidate", "1.0/candidate", "1.0/candidate", true},
                {"edge/fix", "latest/edge/fix", "edge/fix", false},
                {"latest/stable/fix-1", "latest/stable/fix-1", "stable/fix-1", true},
                {"2.x/beta/fix", "2.x/beta/fix", "2.x/beta/fix", true},
                {"stable/stable", "latest/stable/stable", "stable/stable", false},
        };
        char text[CHANNEL_MAX + 1];

        check_promise("every form of a channel completes, prints and reads back as the same one");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                struct err err = {0};
                struct channel channel;
                struct channel again;

                check_case("\"%s\"", rows[i].text);
                CHECK_RC(channel_parse(rows[i].text, &channel, &err), RC_OK, &err);
                channel_format(&channel, text);
                CHECK_TEXT(text, rows[i].full);
                CHECK_RC(channel_parse(text, &again, &err), RC_OK, &err);
                CHECK(channel_equal(&channel, &again));
                channel_format_short(&channel, text);
                CHECK_TEXT(text, rows[i].brief);
                CHECK_RC(channel_parse(text, &again, &err), RC_OK, &err);
                CHECK(channel_equal(&channel, &again));
                CHECK_INT(channel.track_named, rows[i].named);
        }
}

static void channels_are_refused(void)
{
        static const char *const rows[] = {
                "/",
                "stable/",
                "/stable",
                "1.0//stable",
                "1.0/unstable",
                "1.0/Edge",
                "a/b/c/d",
                "1.0/edge/a_b",
                "edge/fix/more",
                "edge/Fix",
                "1..0/edge",
                "caf\xc3\xa9",
                "1.0/edge/fix/",
                " stable",
                "stable ",
                A10 A10 A10,
                "edge/" A10 A10 A10 A10 A10 A10 A10,
                A10 A10 A10 A10 A10 A10 A10 A10 A10 A10 A10 A10 A10,
        };

        check_promise(
                "what is no channel is refused with code invalid-channel, the result untouched");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                struct channel channel = {.track = "keep"};
                struct err err = {0};

                check_case("\"%s\"", rows[i]);
                CHECK_RC(channel_parse(rows[i], &channel, &err), RC_INVALID, &err);
                CHECK_TEXT(err.code, "invalid-channel");
                CHECK_TEXT(channel.track, "keep");
        }
}

static void channels_differ(void)
{
        struct channel a;
        struct channel b;
        enum risk risk = RISK_BETA;

        check_promise("equality looks at track, risk and branch, not at how the text was written");
        CHECK_RC(channel_parse("latest/edge", &a, NULL), RC_OK, NULL);
        CHECK_RC(channel_parse("edge", &b, NULL), RC_OK, NULL);
        CHECK(channel_equal(&a, &b));
        CHECK_RC(channel_parse("edge/fix", &b, NULL), RC_OK, NULL);
        CHECK(!channel_equal(&a, &b));
        CHECK_RC(channel_parse("1/edge", &b, NULL), RC_OK, NULL);
        CHECK(!channel_equal(&a, &b));
        CHECK_RC(channel_parse("beta", &b, NULL), RC_OK, NULL);
        CHECK(!channel_equal(&a, &b));
        CHECK_RC(risk_parse("Stable", &risk), RC_INVALID, NULL);
        CHECK_INT(risk, RISK_BETA);
        CHECK_TEXT(risk_name(RISK_COUNT), "");
}

int main(void)
{
        channels_are_read();
        channels_are_refused();
        channels_differ();
        return check_end();
}
