/* SPDX-License-Identifier: Apache-2.0 */
/* What a device gets: the table of decide_rows.h, and what holds for every catalog and ask. */
#include "server/domain/cohort.h"
#include "tests/unit/decide_rows.h"
#include "tests/unit/decide_rows_later.h"
#include "tests/unit/decide_world.h"

/* --- reading an ask, writing an answer --- */

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

static size_t list_read(const char *text, uint32_t ret[EPOCH_MAX])
{
        size_t count = 0;

        while (*text >= '0' && *text <= '9') {
                char *end;

                ret[count++] = (uint32_t)strtoul(text, &end, 10);
                text = end + (*end == ',');
        }
        return count;
}

static void epoch_read(struct asking *asking, const char *text)
{
        asking->epoch.read_count = list_read(text, asking->epoch.read);
        asking->epoch.write_count = list_read(strchr(text, '/') + 1, asking->epoch.write);
        asking->ask.epoch = &asking->epoch;
}

static void set_read(struct decide_set *sets, size_t *count, char *text)
{
        sets[*count].account_id = strsep(&text, "/");
        sets[*count].name = strsep(&text, "/");
        sets[(*count)++].sequence = strtoull(text, NULL, 10);
}

/* Events are of the seconds that catalog_make gives them; "bad" is no key, "other" one of another
 * package. */
static const char *cohort_read(const char *id, const char *text, char ret[COHORT_CHARS + 1])
{
        const int64_t event = atoll(text);
        const struct cohort cohort = {event, ((usec_t)1700000000 + event) * USEC_PER_SEC};

        cohort_format(bucket_key, strcmp(text, "other") ? id : "another package", &cohort, ret);
        return strcmp(text, "bad") ? ret : "bad";
}

static void installed_read(struct asking *asking, char *text)
{
        while (text && *text) {
                char *id = asking->installed_ids[asking->installed_count];

                catalog_make_id(strsep(&text, ","), id);
                asking->installed[asking->installed_count++] = id;
        }
}

/* false: another word. */
static bool later_word_read(struct asking *asking, const char *word, char *value)
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

static void word_read(struct asking *asking, char *word)
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

static void ask_read(struct asking *asking, const char *text)
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

static void answer_write(const struct decide_answer *answer, struct buf *out)
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

static struct decide_context asking_context(const struct catalog *catalog,
                                            const struct asking *asking)
{
        struct decide_context context = context_of(catalog, &asking->viewer);

        context.installed = asking->installed;
        context.installed_count = asking->installed_count;
        return context;
}

static void row_check(const struct row *row)
{
        CLEANUP(catalog_root_freep) struct catalog *catalog = world_catalog(row->catalog);
        CLEANUP(buf_fini) struct buf got = BUF_INIT(4 * KIB);
        struct decide_answer answer;
        struct decide_answer again;
        struct asking asking;

        if (*row->promise)
                check_promise(row->promise);
        check_case("%s", row->ask);
        ask_read(&asking, row->ask);
        const struct decide_context context = asking_context(catalog, &asking);

        decide(&context, &asking.ask, &answer);
        answer_write(&answer, &got);
        CHECK_TEXT(got.data, row->want);
        CHECK((answer.outcome == DECIDE_FOUND) == (answer.revision != NULL));
        CHECK((answer.outcome == DECIDE_NO_PACKAGE) == (answer.package == NULL));
        decide(&context, &asking.ask, &again);
        CHECK_BYTES(&again, sizeof(again), &answer, sizeof(answer));
}

/* --- what holds for every catalog --- */

static uint64_t seed = 20260602;

static unsigned below(unsigned bound)
{
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        return (unsigned)(seed >> 33) % bound;
}

static const char *one_of(const char *const *items, size_t count)
{
        return items[below((unsigned)count)];
}
#define ONE_OF(...)                                                                                \
        one_of((const char *const[]){__VA_ARGS__},                                                 \
               ARRAY_COUNT(((const char *const[]){__VA_ARGS__})))

/* A package with up to eight revisions and up to eight releases of them. */
static void package_invent(struct buf *out, const char *head)
{
        const unsigned revisions = below(8) + 1;
        const unsigned releases = below(9);

        buf_printf(out, "%s%s\n", head, below(3) ? "" : " default=2.0");
        for (unsigned i = 1; i <= revisions; i++)
                buf_printf(out, "revision %u arch=%s epoch=%s\n", i,
                           ONE_OF("all", "amd64", "arm64", "amd64,arm64"),
                           ONE_OF("0/0", "0,1/1", "1/1", "1,2/2"));
        for (unsigned i = 0; i < releases; i++) {
                buf_printf(out, "release %s %u",
                           ONE_OF("stable", "candidate", "beta", "edge", "2.0/stable", "2.0/edge",
                                  "edge/fix"),
                           below(revisions) + 1);
                if (below(2))
                        buf_printf(out, " percent=%u base=%u%s", below(101), below(revisions + 1),
                                   below(4) ? "" : " paused");
                buf_text(out, below(4) ? "\n" : " expires=1700000000\n");
        }
}

static void ask_invent(struct buf *out, const char *name)
{
        buf_printf(out, "%s %s as=%s arch=%s", ONE_OF("install", "download", "refresh", "byid"),
                   name, ONE_OF("nobody", "thing", "oldthing", "friend", "stranger", "lost"),
                   ONE_OF("amd64", "arm64", "riscv64", ""));
        if (below(2))
                buf_printf(out, " channel=%s",
                           ONE_OF("stable", "edge", "2.0", "edge/fix", "9.9", "x/y/z/w",
                                  "latest/beta", ""));
        if (below(2))
                buf_printf(out, " tracking=%s", ONE_OF("stable", "latest/edge", "2.0/beta", "?"));
        if (below(4) == 0)
                buf_printf(out, " revision=%u", below(10));
        if (below(2))
                buf_printf(out, " current=%u", below(10));
        if (below(2))
                buf_printf(out, " epoch=%s", ONE_OF("0/0", "1/1", "0,1/1", "/", "2/2"));
}

/* Whatever is asked: the same twice; what is given is of this package, for this architecture, and
 * readable; what is hidden is never found. */
static void any_ask_check(void)
{
        for (int round = 0; round < 3000; round++) {
                CLEANUP(buf_fini) struct buf text = BUF_INIT(16 * KIB);
                CLEANUP(buf_fini) struct buf ask = BUF_INIT(4 * KIB);
                const bool hidden = below(2);
                struct decide_answer answer;
                struct decide_answer again;
                struct asking asking;

                package_invent(&text, hidden ? "package tool private" : "package tool");
                ask_invent(&ask, "tool");
                check_case("round %d: %s\n%s", round, ask.data, text.data);
                CLEANUP(catalog_root_freep) struct catalog *catalog = world_catalog(text.data);

                ask_read(&asking, ask.data);
                const struct decide_context context = context_of(catalog, &asking.viewer);

                decide(&context, &asking.ask, &answer);
                decide(&context, &asking.ask, &again);
                CHECK_BYTES(&again, sizeof(again), &answer, sizeof(answer));
                if (hidden)
                        CHECK_INT(answer.outcome, DECIDE_NO_PACKAGE);
                if (answer.outcome != DECIDE_FOUND)
                        continue;
                CHECK(answer.revision ==
                      catalog_find_revision(answer.package, answer.revision->number));
                if (asking.ask.revision)
                        CHECK_INT(answer.revision->number, asking.ask.revision);
                CHECK(answer.step_count > 0 && answer.step_count < DECIDE_STEPS_MAX);
        }
}

/* A raised percentage only ever adds devices: whoever got the new one still gets it. */
static void percentage_check(void)
{
        char tool[33];
        unsigned in_before = 0;

        catalog_make_id("tool", tool);
        for (int percent = 0; percent <= 100; percent += 5) {
                CLEANUP(buf_fini) struct buf text = BUF_INIT(4 * KIB);
                unsigned in = 0;

                buf_printf(&text,
                           "package tool\nrevision 1\nrevision 2\n"
                           "release stable 2 percent=%d base=1\n",
                           percent);
                CLEANUP(catalog_root_freep) struct catalog *catalog = world_catalog(text.data);

                for (unsigned device = 0; device < 400; device++) {
                        char serial[16];
                        const struct decide_ask ask = {.action = DECIDE_REFRESH,
                                                       .snap_id = tool,
                                                       .tracking = "stable",
                                                       .current = 1,
                                                       .arch = ""};
                        struct decide_answer answer;

                        snprintf(serial, sizeof(serial), "dev-%u", device);
                        const struct viewer viewer =
                                viewer_of("acme", "acme", MODEL_WIDGET, serial);
                        const struct decide_context context = context_of(catalog, &viewer);
                        const unsigned bucket = progressive_bucket(bucket_key, &viewer, tool, 2);

                        decide(&context, &ask, &answer);
                        check_case("%s at %d %%", serial, percent);
                        CHECK_INT(answer.revision->number, bucket < (unsigned)percent ? 2 : 1);
                        in += answer.revision->number == 2;
                }
                check_case("%d %%: %u devices of 400, %u before", percent, in, in_before);
                CHECK(in >= in_before);
                CHECK(in + 40 >= 4 * (unsigned)percent && in <= 4 * (unsigned)percent + 40);
                in_before = in;
        }
        CHECK_INT(in_before, 400);
}

/* The bucket depends on every part of who and what, and on the key. */
static void bucket_check(void)
{
        static const uint8_t other_key[MAC_KEY_BYTES] = "another key";
        const struct viewer nobody = viewer_named("nobody");
        unsigned same[4] = {0};

        check_case("no serial");
        CHECK_INT(progressive_bucket(bucket_key, &nobody, "id", 1), 100);
        for (unsigned i = 0; i < 200; i++) {
                char serial[16];

                snprintf(serial, sizeof(serial), "dev-%u", i);
                const struct viewer viewer = viewer_of("acme", "acme", MODEL_WIDGET, serial);
                const struct viewer other = viewer_of("acme", "zeta", MODEL_THING, serial);
                const unsigned bucket = progressive_bucket(bucket_key, &viewer, "id", 1);

                check_case("%s", serial);
                CHECK(bucket < 100);
                CHECK_INT(progressive_bucket(bucket_key, &viewer, "id", 1), bucket);
                same[0] += progressive_bucket(bucket_key, &viewer, "id", 2) == bucket;
                same[1] += progressive_bucket(bucket_key, &viewer, "id2", 1) == bucket;
                same[2] += progressive_bucket(other_key, &viewer, "id", 1) == bucket;
                same[3] += progressive_bucket(bucket_key, &other, "id", 1) == bucket;
        }
        for (size_t i = 0; i < ARRAY_COUNT(same); i++) {
                check_case("part %zu: %u of 200 alike", i, same[i]);
                CHECK(same[i] < 20);
        }
}

static void delta_check(void)
{
        CLEANUP(catalog_root_freep)
        struct catalog *catalog = world_catalog("package tool\nrevision 1\nrevision 2\nrevision 3\n"
                                                "delta 1 3 xdelta3\ndelta 2 3 xdelta3\n"
                                                "delta 2 3 snap-1-1-xdelta3\n");
        char tool[33];
        const struct catalog_revision *three;

        catalog_make_id("tool", tool);
        three = catalog_find_revision(catalog_find_id(catalog, tool), 3);
        check_case("deltas of revision 3");
        CHECK_INT(decide_delta(three, 1, "xdelta3")->source, 1);
        CHECK_TEXT(decide_delta(three, 2, "snap-1-1-xdelta3")->format, "snap-1-1-xdelta3");
        CHECK(!decide_delta(three, 1, "snap-1-1-xdelta3"));
        CHECK(!decide_delta(three, 3, "xdelta3"));
        CHECK(!decide_delta(three, 1, "xdelta"));
        CHECK(!decide_delta(three, 0, "xdelta3"));
        CHECK(!decide_delta(three - 1, 1, "xdelta3"));
}

int main(void)
{
        world_open();
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
                row_check(&rows[i]);
        for (size_t i = 0; i < ARRAY_COUNT(later_rows); i++)
                row_check(&later_rows[i]);
        check_promise("the table is as long as it was meant to be");
        CHECK(ARRAY_COUNT(rows) + ARRAY_COUNT(later_rows) >= 150);
        check_promise("every ask has one answer, and hidden is never found");
        any_ask_check();
        check_promise("a raised percentage takes no update away");
        percentage_check();
        check_promise("a bucket is one device's and one revision's");
        bucket_check();
        check_promise("a delta is offered for its source, target and format only");
        delta_check();
        world_close();
        return check_end();
}
