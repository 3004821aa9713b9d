/* SPDX-License-Identifier: Apache-2.0 */
/* Check-ins: what a device says is kept, comes back after a restart, and nobody can fill the
 * memory; clones are told from reverts. */
#include "server/domain/fleet_inside.h"
#include "tests/lib/catalog_make.h"
#include "tests/lib/check.h"
#include "tests/lib/scratch.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW ((usec_t)1800000000 * USEC_PER_SEC)
#define DAY ((usec_t)24 * 3600 * USEC_PER_SEC)

static struct world world;
static struct catalog *catalog;
static struct arena *arena;
static struct err err;
static char ids[20][33];

static const struct epoch epoch_zero = {{0}, 1, {0}, 1};
static const struct epoch epoch_star = {{0, 1}, 2, {1}, 1};

static void world_make(const char *dir)
{
        char text[4096] = "";
        size_t used = 0;

        for (size_t i = 0; i < ARRAY_COUNT(ids); i++) {
                char name[16];

                snprintf(name, sizeof(name), "package%c", (char)('a' + i));
                catalog_make_id(name, ids[i]);
                used += (size_t)snprintf(text + used, sizeof(text) - used, "package %s\n", name);
        }
        catalog = catalog_make(text, NULL, NULL);
        world.clock.fixed_usec = NOW;
        CHECK_RC(db_open(dir, true, &world.db, &err), RC_OK, &err);
        arena = arena_new(64 * MIB);
}

static struct fleet *fleet_make(size_t max)
{
        struct fleet *fleet = NULL;

        CHECK_RC(fleet_new(&world, max, &fleet, &err), RC_OK, &err);
        world.fleet = fleet;
        return fleet;
}

static void fleet_end(struct fleet *fleet)
{
        world.fleet = NULL;
        fleet_freep(&fleet);
}

static const char *date(usec_t time)
{
        char text[CLOCK_CHARS + 1];

        clock_format(time, text);
        return arena_strdup(arena, text);
}

static struct fleet_installed installed(size_t package, uint64_t revision)
{
        return (struct fleet_installed){
                .instance_key = ids[package],
                .snap_id = ids[package],
                .channel = "stable",
                .epoch = &epoch_zero,
                .revision = revision,
                .refreshed = date(NOW - DAY),
        };
}

static void note(const char *serial, usec_t now, const struct fleet_installed *list, size_t count,
                 const struct fleet_answer *answers, size_t answer_count)
{
        const struct fleet_report report = {
                .brand_id = "acme",
                .model = "box",
                .serial = serial,
                .user_agent = "snapd/2.57.6 (series 16; x) y",
                .now = now,
                .installed = list,
                .installed_count = count,
                .answers = answers,
                .answer_count = answer_count,
        };

        fleet_note(world.fleet, catalog, &report);
}

static const struct fleet_device *get(const char *serial)
{
        struct fleet_device *ret = arena_alloc(arena, sizeof(*ret));

        CHECK_RC(fleet_get(&world, "acme", "box", serial, arena, ret, &err), RC_OK, &err);
        return ret;
}

static void known_check(const struct fleet_device *got)
{
        CHECK_TEXT(got->brand_id, "acme");
        CHECK_TEXT(got->model, "box");
        CHECK_TEXT(got->serial, "S1");
        CHECK_TEXT(got->snapd_version, "2.57.6");
        CHECK_INT(got->first_seen, NOW);
        CHECK_INT(got->package_count, 2);
        CHECK_TEXT(got->packages[0].snap_id, ids[0]);
        CHECK_TEXT(got->packages[0].channel, "latest/stable");
        CHECK_TEXT(got->packages[0].epoch, "0");
        CHECK_INT(got->packages[0].revision, 7);
        CHECK_INT(got->packages[0].offered, 9);
        CHECK_INT(got->packages[0].offered_at, NOW);
        CHECK_INT(got->packages[0].refreshed, NOW - DAY);
        CHECK_TEXT(got->packages[1].epoch, "0,1/1");
        CHECK_TEXT(got->packages[1].cohort, "MSBrZXk");
        CHECK_TEXT(got->packages[1].channel, "1.0/edge");
        CHECK(got->packages[1].held && got->packages[1].ignore_validation);
        CHECK(!got->packages[0].held && !got->packages[1].is_instance);
        CHECK_INT(got->error_count, 1);
        CHECK_TEXT(got->errors[0].package, "packageb");
        CHECK_TEXT(got->errors[0].code, "revision-not-found");
        CHECK_INT(got->errors[0].time, NOW);
}

static void told_check(void)
{
        struct fleet *fleet = fleet_make(1000);
        struct fleet_installed list[] = {installed(0, 7), installed(1, 3)};
        const struct fleet_answer answers[] = {
                {.installed = &list[0], .revision = 9, .package = "packagea"},
                {.installed = &list[1], .package = "packageb", .code = "revision-not-found"},
        };
        struct fleet_device got;
        struct fleet_numbers numbers;

        check_promise("what a device says and is answered is known, also after a restart");
        list[1].channel = "1.0/edge";
        list[1].epoch = &epoch_star;
        list[1].cohort = "MSBrZXk";
        list[1].held = true;
        list[1].ignore_validation = true;
        CHECK_RC(fleet_get(&world, "acme", "box", "S1", arena, &got, &err), RC_NOT_FOUND, &err);
        note("S1", NOW, list, 2, answers, 2);
        known_check(get("S1"));
        CHECK_RC(fleet_get(&world, "acme", "bax", "S1", arena, &got, &err), RC_NOT_FOUND, &err);
        CHECK_RC(fleet_flush(fleet, &err), RC_OK, &err);
        fleet_end(fleet);

        check_case("not in memory: asked of the database");
        fleet = fleet_make(1000);
        known_check(get("S1"));
        check_case("read at the start");
        CHECK_RC(fleet_load(fleet, &err), RC_OK, &err);
        fleet_numbers(fleet, &numbers);
        CHECK_INT(numbers.devices, 1);
        known_check(get("S1"));

        check_case("installed: nothing is pending any more");
        list[0].revision = 9;
        list[0].refreshed = date(NOW);
        note("S1", NOW + 1 * USEC_PER_SEC, list, 2, NULL, 0);
        CHECK_INT(get("S1")->packages[0].offered, 0);
        CHECK_INT(get("S1")->packages[0].revision, 9);
        CHECK_INT(get("S1")->first_seen, NOW);
        CHECK_INT(get("S1")->last_seen, NOW + 1 * USEC_PER_SEC);
        check_case("a question that tells nothing of what is installed takes nothing away");
        note("S1", NOW + 2 * USEC_PER_SEC, NULL, 0, NULL, 0);
        CHECK_INT(get("S1")->package_count, 2);
        CHECK_INT(get("S1")->last_seen, NOW + 2 * USEC_PER_SEC);
        check_case("a package that was removed");
        note("S1", NOW + 3 * USEC_PER_SEC, list, 1, NULL, 0);
        CHECK_INT(get("S1")->package_count, 1);
        check_case("a clock that goes back");
        note("S1", NOW - DAY, list, 1, NULL, 0);
        CHECK_INT(get("S1")->last_seen, NOW + 3 * USEC_PER_SEC);
        fleet_end(fleet);
}

/* --- a poll that changes nothing --- */

struct tampering {
        const char *state;
        struct check_in_row row;
};

static enum rc tamper_body(struct db_tx *tx, void *arg, struct err *e)
{
        struct tampering *tampering = arg;
        enum rc rc;

        rc = store_check_in_get(tx, arena, "acme", "box", "S2", &tampering->row, e);
        if (rc != RC_OK || !tampering->state)
                return rc;
        tampering->row.state = tampering->state;
        return store_check_in_put(tx, &tampering->row, e);
}

static void quiet_check(void)
{
        struct fleet *fleet = fleet_make(1000);
        const struct fleet_installed list[] = {installed(0, 7), installed(1, 3)};
        struct tampering tampering = {.state = "p written-by-hand\n"};

        check_promise("a poll that changes nothing writes its time and nothing else");
        note("S2", NOW, list, 2, NULL, 0);
        CHECK_RC(fleet_flush(fleet, &err), RC_OK, &err);
        CHECK_RC(db_run(world.db, DB_WRITE, tamper_body, &tampering, &err), RC_OK, &err);
        tampering.state = NULL;
        for (int i = 1; i <= 3; i++) {
                note("S2", NOW + i * DAY, list, 2, NULL, 0);
                CHECK_RC(fleet_flush(fleet, &err), RC_OK, &err);
                CHECK_RC(db_run(world.db, DB_READ, tamper_body, &tampering, &err), RC_OK, &err);
                CHECK_INT(tampering.row.last_seen, NOW + i * DAY);
                CHECK_TEXT(tampering.row.state, "p written-by-hand\n");
        }
        fleet_end(fleet);
}

/* --- clones --- */

static enum rc alarm_body(struct db_tx *tx, void *arg, struct err *e)
{
        const struct alarm_row *rows = NULL;
        size_t count = 0;
        const enum rc rc = store_alarm_list(tx, arena, "", "", arg, 10, &rows, &count, e);

        if (rc == RC_OK && count)
                return err_set(e, RC_EXISTS, "%s %s", rows[0].kind, rows[0].detail);
        return rc;
}

static void clone_check(void)
{
        /* Each step: hours since the one before, then a revision and a letter for its date. */
        static const struct {
                const char *name;
                const char *steps;
                bool alarm;
        } rows[] = {
                {"the same for ever", "6:7a 6:7a 6:7a 6:7a 6:7a", false},
                {"refreshes", "6:7a 6:8b 6:9c 6:12d", false},
                {"a revert", "6:7a 6:8b 6:7a 6:9c 6:10d", false},
                {"two reverts, days apart", "6:7a 6:8b 6:7a 72:8b 6:9c", false},
                {"a downgrade that was released, and back, each dated anew",
                 "6:8a 6:7b 6:8c 6:7d 6:8e", false},
                {"two devices, in turns", "6:7a 6:8b 6:7a 6:8b", true},
                {"two devices with the same revision, installed at different times",
                 "6:7a 6:7b 6:7a 6:7b", true},
                {"two devices that ask once a day drift too far apart to tell",
                 "24:7a 24:8b 24:7a 24:8b", false},
                {"two devices, one asks more often", "1:7a 1:7a 1:8b 1:7a 1:7a 1:8b", true},
        };

        check_promise("a device that comes back to a state which it had left, twice in a day, is "
                      "reported; a revert is not");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                struct fleet *fleet = fleet_make(1000);
                char serial[16];
                usec_t now = NOW;
                const char *at = rows[i].steps;

                check_case("%s", rows[i].name);
                snprintf(serial, sizeof(serial), "C%zu", i);
                while (*at) {
                        char *end;
                        struct fleet_installed list[] = {installed(0, 1), installed(1, 5)};

                        now += strtol(at, &end, 10) * 3600 * USEC_PER_SEC;
                        list[0].revision = strtoul(end + 1, &end, 10);
                        list[0].refreshed = date(NOW + *end * USEC_PER_SEC);
                        note(serial, now, list, 2, NULL, 0);
                        at = end + 1;
                        at += *at == ' ';
                }
                CHECK_RC(fleet_flush(fleet, &err), RC_OK, &err);
                CHECK_RC(db_run(world.db, DB_READ, alarm_body, serial, &err),
                         rows[i].alarm ? RC_EXISTS : RC_OK, &err);
                fleet_end(fleet);
        }
}

/* --- bounds --- */

/* One device that makes up names, and then an honest one. */
static void told_is_shared_out(void)
{
        struct fleet *fleet = fleet_make(640);
        struct fleet_installed list[20];
        struct fleet_answer answers[20];
        char channels[20][32];
        char names[20][32];
        uint64_t before;

        check_promise("a device that makes up names takes no room that others need");
        note("T0", NOW, list, 0, NULL, 0);
        before = names_bytes(fleet->told);
        for (int round = 0; round < 4000; round++) {
                for (size_t i = 0; i < 20; i++) {
                        snprintf(channels[i], sizeof(channels[i]), "t%d-%zu/stable", round, i);
                        snprintf(names[i], sizeof(names[i]), "n%d-%zu", round, i);
                        list[i] = installed(i, (uint64_t)round + 1);
                        list[i].channel = channels[i];
                        answers[i] = (struct fleet_answer){.package = names[i],
                                                           .code = "name-not-found"};
                }
                note("T1", NOW + round, list, 20, answers, 20);
        }
        CHECK(names_bytes(fleet->told) - before < (uint64_t)TOLD_A_DAY * 64);
        check_case("the errors themselves are still known");
        CHECK_INT(get("T1")->error_count, FLEET_ERRORS_MAX);
        CHECK_TEXT(get("T1")->errors[0].code, "name-not-found");
        check_case("another device");
        list[0] = installed(0, 7);
        list[0].channel = "honest/candidate";
        list[0].cohort = "MSBob25lc3Q";
        answers[0] = (struct fleet_answer){.package = "honest-name", .code = "revision-not-found"};
        note("T2", NOW, list, 1, answers, 1);
        CHECK_TEXT(get("T2")->packages[0].channel, "honest/candidate");
        CHECK_TEXT(get("T2")->packages[0].cohort, "MSBob25lc3Q");
        CHECK_TEXT(get("T2")->errors[0].package, "honest-name");
        CHECK_TEXT(get("T2")->errors[0].code, "revision-not-found");
        check_case("the same device, the next day");
        list[0].channel = "later/edge";
        note("T1", NOW + 2 * DAY, list, 1, NULL, 0);
        CHECK_TEXT(get("T1")->packages[0].channel, "later/edge");
        fleet_end(fleet);
}

static void bounds_check(void)
{
        struct fleet *fleet = fleet_make(640);
        struct fleet_installed list[3];
        struct fleet_numbers numbers;
        uint64_t left_out;
        char serial[32];

        check_promise("memory is bounded: devices, packages, names");
        check_case("packages that the catalog does not know are left out");
        for (size_t i = 0; i < 3; i++)
                list[i] = installed(0, i + 1);
        list[0].snap_id = list[0].instance_key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        list[1].snap_id = list[1].instance_key = "";
        list[2].cohort = "with a blank";
        list[2].channel = "a/b/c/d/e";
        note("B1", NOW, list, 3, NULL, 0);
        CHECK_INT(get("B1")->package_count, 1);
        CHECK_TEXT(get("B1")->packages[0].cohort, "");
        CHECK_TEXT(get("B1")->packages[0].channel, "");
        check_case("who has no serial");
        note(NULL, NOW, list, 3, NULL, 0);
        fleet_numbers(fleet, &numbers);
        CHECK_INT(numbers.devices, 1);

        check_case("devices that were never written are not let go: others stay out");
        for (int i = 0; i < 3000; i++) {
                snprintf(serial, sizeof(serial), "D%d", i);
                note(serial, NOW, list, 3, NULL, 0);
        }
        fleet_numbers(fleet, &numbers);
        CHECK(numbers.devices <= 640 + FLEET_SHARDS);
        CHECK_INT(numbers.devices + numbers.left_out, 3001);
        left_out = numbers.left_out;
        check_case("written ones make room");
        CHECK_RC(fleet_flush(fleet, &err), RC_OK, &err);
        for (int i = 0; i < 60; i++) {
                snprintf(serial, sizeof(serial), "E%d", i);
                note(serial, NOW + DAY, list, 3, NULL, 0);
                CHECK_INT(get(serial)->last_seen, NOW + DAY);
                CHECK_RC(fleet_flush(fleet, &err), RC_OK, &err);
        }
        fleet_numbers(fleet, &numbers);
        CHECK(numbers.devices <= 640 + FLEET_SHARDS);
        CHECK_INT(numbers.left_out, left_out);
        check_case("one that was let go, or not, is known");
        CHECK_INT(get("B1")->package_count, 1);
        fleet_end(fleet);
}

static void state_check(void)
{
        static const char *const texts[] = {
                "",
                "\n\n",
                "p",
                "p x",
                "q something newer\n",
                "e a b c\n",
                "p id 0 1 2 latest/stable 0 - 0 0 0 0\n",            /* a word is missing */
                "p id 0 1 2 latest/stable 0 - 0 0 0 0 0 0\n",        /* one too many */
                "p - 0 1 2 latest/stable 0 - 0 0 0 0 0\n",           /* nameless */
                "p id 0 -1 2 latest/stable 0 - 0 0 0 0 0\n",         /* no number */
                "p id 0 99999999999 2 latest/stable 0 - 0 0 0 0 0\n" /* too large a one */
        };
        struct fleet *fleet = fleet_make(100);
        struct slot_error errors[FLEET_ERRORS_MAX];
        struct fleet_entry *entries = NULL;
        size_t error_count;
        size_t count;

        check_promise("a damaged state is read as far as it is whole");
        for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
                check_case("%zu", i);
                count = error_count = 77;
                CHECK_RC(fleet_state_parse(fleet, texts[i], &entries, &count, errors, &error_count,
                                           &err),
                         RC_OK, &err);
                CHECK_INT(count, 0);
                CHECK_INT(error_count, 0);
                free(entries);
        }
        check_case("a good line among bad ones");
        CHECK_RC(fleet_state_parse(fleet, "x\np id 0 1 2 latest/stable 0 - 3 4 5 6 7\np\n",
                                   &entries, &count, errors, &error_count, &err),
                 RC_OK, &err);
        CHECK_INT(count, 1);
        CHECK_INT(entries[0].left[1], 7);
        free(entries);
        fleet_end(fleet);
}

static void count_check(void)
{
        struct fleet *fleet = fleet_make(1000);
        struct fleet_count counts[2];
        size_t count = 9;
        char serial[32];

        check_promise("devices are counted by revision and channel");
        for (int i = 0; i < 60; i++) {
                struct fleet_installed list[] = {installed(0, 1 + (uint64_t)i % 3)};

                list[0].channel = i < 20 ? "edge" : "latest/stable";
                snprintf(serial, sizeof(serial), "N%d", i);
                note(serial, NOW, list, 1, NULL, 0);
        }
        CHECK_RC(fleet_count_revisions(fleet, ids[0], NULL, counts, 2, &count, &err), RC_OK, &err);
        CHECK_INT(count, 2);
        CHECK_INT(counts[0].revision, 3);
        CHECK_INT(counts[0].devices, 20);
        CHECK_INT(counts[1].revision, 2);
        CHECK_RC(fleet_count_revisions(fleet, ids[0], "latest/edge", counts, 2, &count, &err),
                 RC_OK, &err);
        CHECK_INT(counts[0].devices, 6);
        CHECK_RC(fleet_count_revisions(fleet, ids[1], NULL, counts, 2, &count, &err), RC_OK, &err);
        CHECK_INT(count, 0);
        CHECK_RC(fleet_count_revisions(NULL, ids[0], NULL, counts, 2, &count, &err), RC_OK, &err);
        CHECK_INT(count, 0);
        fleet_end(fleet);
}

static void memory_check(size_t devices)
{
        struct fleet *fleet = fleet_make(devices + devices / 4);
        struct fleet_installed list[20];
        struct fleet_numbers numbers;
        char serial[64];

        check_promise("100,000 devices with 20 packages each fit 300 MB well");
        for (size_t i = 0; i < ARRAY_COUNT(list); i++)
                list[i] = installed(i, i + 1);
        for (size_t i = 0; i < devices; i++) {
                snprintf(serial, sizeof(serial), "0123456789ab-4567-89ab-%012zu", i);
                note(serial, NOW, list, ARRAY_COUNT(list), NULL, 0);
        }
        fleet_numbers(fleet, &numbers);
        CHECK_INT(numbers.devices, devices);
        printf("# %zu devices: %llu bytes\n", devices, (unsigned long long)numbers.bytes);
        CHECK(numbers.bytes < (uint64_t)devices * 1500 + 8 * MIB);
        fleet_end(fleet);
}

/* A number of devices may be given, to measure with. */
int main(int argc, char **argv)
{
        CLEANUP(scratch_freep) char *dir = scratch_new();

        world_make(dir);
        told_check();
        quiet_check();
        clone_check();
        told_is_shared_out();
        bounds_check();
        state_check();
        count_check();
        memory_check(argc > 1 ? strtoul(argv[1], NULL, 10) : 5000);
        arena_freep(&arena);
        catalog_root_freep(&catalog);
        db_freep(&world.db);
        return check_end();
}
