/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * decide_ask -- an ask as a line of words (decide_rows.h says which), and an answer as one.
 * Included by test_decide.c and test_decide_any.c.
 */
#include "server/domain/cohort.h"
#include "tests/unit/decide_world.h"

struct asking {
        char text[256];
        char id[33];
        struct epoch epoch;
        struct viewer viewer;
        struct decide_ask ask;
        struct decide_set sets[4];
        struct decide_set tracked[4];
        char cohort[COHORT_CHARS + 1];
        char kept[COHORT_CHARS + 1];
        char installed_ids[4][33];
        const char *installed[4];
        size_t installed_count;
};

static inline size_t list_read(const char *text, uint32_t ret[EPOCH_MAX])
{
        size_t count = 0;

        while (*text >= '0' && *text <= '9') {
                char *end;

                ret[count++] = (uint32_t)strtoul(text, &end, 10);
                text = end + (*end == ',');
        }
        return count;
}

static inline void epoch_read(struct asking *asking, const char *text)
{
        asking->epoch.read_count = list_read(text, asking->epoch.read);
        asking->epoch.write_count = list_read(strchr(text, '/') + 1, asking->epoch.write);
        asking->ask.epoch = &asking->epoch;
}

static inline void set_read(struct decide_set *sets, size_t *count, char *text)
{
        sets[*count].account_id = strsep(&text, "/");
        sets[*count].name = strsep(&text, "/");
        sets[(*count)++].sequence = strtoull(text, NULL, 10);
}

/* Events are of the seconds that catalog_make gives them; "bad" is no key, "other" one of another
 * package. */
static inline const char *cohort_read(const char *id, const char *text, char ret[COHORT_CHARS + 1])
{
        const int64_t event = atoll(text);
        const struct cohort cohort = {event, ((usec_t)1700000000 + event) * USEC_PER_SEC};

        cohort_format(bucket_key, strcmp(text, "other") ? id : "another package", &cohort, ret);
        return strcmp(text, "bad") ? ret : "bad";
}

static inline void installed_read(struct asking *asking, char *text)
{
        while (text && *text) {
                char *id = asking->installed_ids[asking->installed_count];

                catalog_make_id(strsep(&text, ","), id);
                asking->installed[asking->installed_count++] = id;
        }
        decide_installed_sort(asking->installed, asking->installed_count);
}

/* false: another word. */
static inline bool later_word_read(struct asking *asking, const char *word, char *value)
{
        struct decide_ask *ask = &asking->ask;

        if (strcmp(word, "set") == 0)
                set_read(asking->sets, &ask->set_count, value);
        else if (strcmp(word, "tracked") == 0)
                set_read(asking->tracked, &ask->tracked_count, value);
        else if (strcmp(word, "cohort") == 0)
                ask->cohort = cohort_read(asking->id, value, asking->cohort);
        else if (strcmp(word, "kept") == 0)
                ask->kept_cohort = cohort_read(asking->id, value, asking->kept);
        else if (strcmp(word, "installed") == 0)
                installed_read(asking, value);
        else if (strcmp(word, "validation") == 0)
                ask->ignore_validation = strcmp(value, "ignored") == 0;
        else if (strcmp(word, "held") == 0)
                ask->is_held = strcmp(value, "yes") == 0;
        else
                return false;
        return true;
}

static inline void word_read(struct asking *asking, char *word)
{
        char *value = strchr(word, '=');

        CHECK(value != NULL);
        if (!value)
                return;
        *value++ = '\0';
        if (strcmp(word, "as") == 0)
                asking->viewer = viewer_named(value);
        else if (strcmp(word, "channel") == 0)
                asking->ask.channel = value;
        else if (strcmp(word, "tracking") == 0)
                asking->ask.tracking = value;
        else if (strcmp(word, "revision") == 0)
                asking->ask.revision = strtoull(value, NULL, 10);
        else if (strcmp(word, "current") == 0)
                asking->ask.current = strtoull(value, NULL, 10);
        else if (strcmp(word, "arch") == 0)
                asking->ask.arch = value;
        else if (strcmp(word, "epoch") == 0)
                epoch_read(asking, value);
        else if (!later_word_read(asking, word, value))
                CHECK_TEXT(word, "a word of the ask");
}

static inline void ask_read(struct asking *asking, const char *text)
{
        char *state = NULL;
        const char *verb;
        const char *name;

        memset(asking, 0, sizeof(*asking));
        snprintf(asking->text, sizeof(asking->text), "%s", text);
        asking->viewer = viewer_named("nobody");
        asking->ask.arch = "";
        asking->ask.sets = asking->sets;
        asking->ask.tracked = asking->tracked;
        verb = strtok_r(asking->text, " ", &state);
        name = strtok_r(NULL, " ", &state);
        asking->ask.action = strcmp(verb, "refresh") == 0    ? DECIDE_REFRESH
                             : strcmp(verb, "download") == 0 ? DECIDE_DOWNLOAD
                                                             : DECIDE_INSTALL;
        catalog_make_id(name, asking->id);
        if (strcmp(verb, "refresh") == 0 || strcmp(verb, "byid") == 0)
                asking->ask.snap_id = asking->id;
        else
                asking->ask.name = name;
        for (char *word = strtok_r(NULL, " ", &state); word; word = strtok_r(NULL, " ", &state))
                word_read(asking, word);
}

static inline void answer_write(const struct decide_answer *answer, struct buf *out)
{
        char channel[CHANNEL_MAX + 1] = "-";

        if (answer->has_effective)
                channel_format(&answer->effective, channel);
        if (answer->outcome == DECIDE_FOUND)
                buf_printf(out, "%llu %s%s%s:", (unsigned long long)answer->revision->number,
                           channel, *answer->redirect ? " >" : "", answer->redirect);
        else
                buf_text(out, answer->outcome == DECIDE_NO_PACKAGE ? "absent:"
                              : answer->outcome == DECIDE_REFUSED  ? "refused:"
                                                                   : "none:");
        for (size_t i = 0; i < answer->step_count; i++)
                buf_printf(out, " %s", reason_name(answer->steps[i].reason));
}

static inline struct decide_context asking_context(const struct catalog *catalog,
                                                   const struct asking *asking)
{
        struct decide_context context = context_of(catalog, &asking->viewer);

        context.installed = asking->installed;
        context.installed_count = asking->installed_count;
        return context;
}
