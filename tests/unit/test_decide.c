/* SPDX-License-Identifier: Apache-2.0 */
/* What a device gets: the tables of decide_rows.h and decide_rows_later.h, and the parts. */
#include "tests/unit/decide_ask.h"
#include "tests/unit/decide_rows.h"
#include "tests/unit/decide_rows_later.h"

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

/* --- parts --- */

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

/* Numbers come again after a restore from backup, times go back with a clock: neither alone says
 * what was before a key. */
static void cohort_moment_check(void)
{
        const struct catalog_event events[] = {
                {.id = 4, .created = 90, .number = 4, .percentage = -1}, /* a clock set back */
                {.id = 3, .created = 500, .number = 3, .percentage = -1},
                {.id = 2, .created = 100, .number = 2, .percentage = -1},
                {.id = 1, .created = 50, .number = 1, .percentage = -1},
        };
        const struct catalog_past past = {.events = events, .count = ARRAY_COUNT(events)};
        static const struct {
                struct cohort cohort;
                uint64_t want;
        } cases[] = {
                {{3, 200}, 2}, /* number 3 was another event then */
                {{3, 500}, 3}, /* 4 came later, whatever its clock said */
                {{4, 500}, 4}, {{2, 100}, 2}, {{1, 400}, 1}, {{9, 40}, 0}, {{0, 900}, 0},
        };

        for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
                const struct catalog_event *event = cohort_event(&past, &cases[i].cohort);

                check_case("event %lld at %lld", (long long)cases[i].cohort.event,
                           (long long)cases[i].cohort.when);
                CHECK_INT(event ? event->number : 0, cases[i].want);
        }
        check_case("no cohort");
        CHECK_INT(cohort_event(&past, NULL)->number, 4);
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
        check_promise("a raised percentage takes no update away");
        percentage_check();
        check_promise("a bucket is one device's and one revision's");
        bucket_check();
        check_promise("a delta is offered for its source, target and format only");
        delta_check();
        check_promise("an event counts for a key by its number and by its time");
        cohort_moment_check();
        world_close();
        return check_end();
}
