/* SPDX-License-Identifier: Apache-2.0 */
/* store.h for packages, tracks, revisions, releases, deltas: each question with an answer, an
 * absence, and what the schema refuses. */
#include "tests/unit/store_cases.h"

static struct release_row release_row(const char *channel, const char *arch, uint64_t revision)
{
        struct release_row ret = {.snap_id = "pkg-1",
                                  .arch = arch,
                                  .revision = revision,
                                  .percentage = -1,
                                  .by = "alice-id",
                                  .created = NOW};

        CHECK_RC(channel_parse(channel, &ret.channel, &err), RC_OK, &err);
        return ret;
}

static void case_package(struct db_tx *tx)
{
        struct package_row row = package_row("pkg-2", "hello");
        const struct package_row *list = NULL;
        struct package_row got;
        size_t count = 0;

        check_promise("a package's name is unique in its store; its publisher exists");
        furnish(tx);
        CHECK_RC(store_package_insert(tx, &row, &err), RC_EXISTS, &err);
        CHECK_TEXT(err.text, "package_insert: there is one already with the same store_id, name");
        row.store_id = "other";
        CHECK_RC(store_package_insert(tx, &row, &err), RC_OK, &err);
        row.snap_id = "pkg-3";
        row.name = "third";
        row.publisher_id = "nobody";
        CHECK_RC(store_package_insert(tx, &row, &err), RC_CONFLICT, &err);
        CHECK_RC(store_package_update(tx, &row, &err), RC_NOT_FOUND, &err);
        CHECK_RC(store_package_get_by_name(tx, arena, "other", "hello", &got, &err), RC_OK, &err);
        CHECK_TEXT(got.snap_id, "pkg-2");
        got.title = "New";
        got.is_private = false;
        got.default_track = "2";
        got.created = 5;
        CHECK_RC(store_package_update(tx, &got, &err), RC_OK, &err);
        CHECK_RC(store_package_get(tx, arena, "pkg-2", &got, &err), RC_OK, &err);
        CHECK_TEXT(got.title, "New");
        CHECK_TEXT(got.default_track, "2");
        CHECK_TEXT(got.description, "two\nlines");
        CHECK(!got.is_private);
        CHECK_INT(got.created, NOW);
        CHECK_RC(store_package_list(tx, arena, &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 2);
        CHECK_RC(store_package_delete(tx, "pkg-2", &err), RC_OK, &err);
        CHECK_RC(store_package_get(tx, arena, "pkg-2", &got, &err), RC_NOT_FOUND, &err);
        CHECK_RC(store_package_get_by_name(tx, arena, "other", "hello", &got, &err), RC_NOT_FOUND,
                 &err);
        CHECK_RC(store_package_delete(tx, "pkg-2", &err), RC_NOT_FOUND, &err);
        CHECK_RC(store_package_delete(tx, "pkg-1", &err), RC_CONFLICT, &err);
}

static void case_track(struct db_tx *tx)
{
        struct track_row row = {"pkg-1", "2", "2.*", NOW};
        const struct track_row *list = NULL;
        size_t count = 0;

        check_promise("every package has the track latest, listed first");
        furnish(tx);
        CHECK_RC(store_track_insert(tx, &row, &err), RC_OK, &err);
        CHECK_RC(store_track_insert(tx, &row, &err), RC_EXISTS, &err);
        row.name = "10";
        CHECK_RC(store_track_insert(tx, &row, &err), RC_OK, &err);
        CHECK_RC(store_track_list(tx, arena, "pkg-1", &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 3);
        CHECK_TEXT(list[0].name, "latest");
        CHECK_TEXT(list[1].name, "10");
        CHECK_TEXT(list[2].version_pattern, "2.*");
        row.snap_id = "nothing";
        CHECK_RC(store_track_insert(tx, &row, &err), RC_CONFLICT, &err);
        CHECK_RC(store_track_list(tx, arena, "nothing", &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 0);
}

static void case_revision(struct db_tx *tx)
{
        struct revision_row row = revision_row("pkg-1", 4);
        const struct revision_row *list = NULL;
        struct revision_row got;
        uint64_t number = 0;
        size_t count = 0;

        check_promise("revisions count up, are found by number and by bytes, and exist once");
        CHECK_RC(store_revision_next(tx, "pkg-1", &number, &err), RC_OK, &err);
        CHECK_INT(number, 1);
        furnish(tx);
        CHECK_RC(store_revision_next(tx, "pkg-1", &number, &err), RC_OK, &err);
        CHECK_INT(number, 4);
        CHECK_RC(store_revision_insert(tx, &row, &err), RC_OK, &err);
        CHECK_RC(store_revision_insert(tx, &row, &err), RC_EXISTS, &err);
        row.number = 5;
        CHECK_RC(store_revision_insert(tx, &row, &err), RC_EXISTS, &err);
        row.provenance = "brand";
        CHECK_RC(store_revision_insert(tx, &row, &err), RC_OK, &err);
        row.number = 0;
        row.digest = digest_of("zero");
        CHECK_RC(store_revision_insert(tx, &row, &err), RC_CONFLICT, &err);
        row.number = 6;
        row.snap_id = "nothing";
        CHECK_RC(store_revision_insert(tx, &row, &err), RC_CONFLICT, &err);
        row = revision_row("pkg-1", 4);
        CHECK_RC(store_revision_get(tx, arena, "pkg-1", 4, &got, &err), RC_OK, &err);
        CHECK(digest_equal(&got.digest, &row.digest));
        CHECK_INT(got.bytes, 5000000000);
        CHECK_TEXT(got.archs, "amd64,arm64");
        CHECK(got.build_signed);
        CHECK_RC(store_revision_get(tx, arena, "pkg-1", 44, &got, &err), RC_NOT_FOUND, &err);
        CHECK_TEXT(err.text, "no such revision (pkg-1, 44)");
        CHECK_RC(store_revision_get_by_digest(tx, arena, "pkg-1", &row.digest, &got, &err), RC_OK,
                 &err);
        CHECK_INT(got.number, 5);
        CHECK_RC(store_revision_get_by_digest(tx, arena, "pkg-2", &row.digest, &got, &err),
                 RC_NOT_FOUND, &err);
        CHECK_RC(store_revision_list(tx, arena, "pkg-1", &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 5);
        CHECK_INT(list[0].number, 5);
        CHECK_INT(list[4].number, 1);
}

static void case_release(struct db_tx *tx)
{
        static const struct {
                const char *channel;
                const char *arch;
                uint64_t revision;
        } puts[] = {{"latest/edge", "amd64", 1},     {"latest/stable", "amd64", 1},
                    {"latest/stable", "arm64", 2},   {"latest/edge", "amd64", 2},
                    {"latest/edge/fix", "amd64", 3}, {"latest/stable", "amd64", 0}};
        const struct release_row *list = NULL;
        struct release_row row;
        char text[CHANNEL_MAX + 1];
        int64_t id = 0;
        int64_t before = 0;
        size_t count = 0;

        check_promise("a release replaces one channel of one architecture and is remembered");
        furnish(tx);
        for (size_t i = 0; i < ARRAY_COUNT(puts); i++) {
                check_case("put %zu", i);
                row = release_row(puts[i].channel, puts[i].arch, puts[i].revision);
                CHECK_RC(store_release_put(tx, &row, &id, &err), RC_OK, &err);
                CHECK(id > before);
                before = id;
        }
        CHECK_RC(store_release_list(tx, arena, "pkg-1", &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 3);
        channel_format(&list[0].channel, text);
        CHECK_TEXT(text, "latest/edge");
        CHECK(list[0].channel.track_named);
        CHECK_INT(list[0].revision, 2);
        CHECK_INT(list[0].percentage, -1);
        CHECK_TEXT(list[1].channel.branch, "fix");
        CHECK_TEXT(list[2].arch, "arm64");
        CHECK_RC(store_release_history(tx, arena, "pkg-1", 0, 100, &list, &count, &err), RC_OK,
                 &err);
        CHECK_INT(count, ARRAY_COUNT(puts));
        CHECK_INT(list[0].id, id);
        CHECK_INT(list[0].revision, 0);
        CHECK_RC(store_release_history(tx, arena, "pkg-1", 4, 1, &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 1);
        CHECK_INT(list[0].revision, 1);
        CHECK_RC(store_release_history(tx, arena, "pkg-1", 99, 9, &list, &count, &err), RC_OK,
                 &err);
        CHECK_INT(count, 0);
}

static void case_release_refused(struct db_tx *tx)
{
        const struct release_row *list = NULL;
        struct release_row row;
        int64_t id = 77;
        size_t count = 0;

        check_promise("a release names a track and revisions that exist, and a possible share");
        furnish(tx);
        row = release_row("latest/stable", "amd64", 9);
        CHECK_RC(store_release_put(tx, &row, &id, &err), RC_CONFLICT, &err);
        row = release_row("3/stable", "amd64", 1);
        CHECK_RC(store_release_put(tx, &row, &id, &err), RC_CONFLICT, &err);
        row = release_row("stable", "amd64", 1);
        row.percentage = 101;
        CHECK_RC(store_release_put(tx, &row, &id, &err), RC_CONFLICT, &err);
        row.percentage = 20;
        row.base_revision = 9;
        CHECK_RC(store_release_put(tx, &row, &id, &err), RC_CONFLICT, &err);
        CHECK_INT(id, 77);
        row.base_revision = 2;
        row.paused = true;
        CHECK_RC(store_release_put(tx, &row, &id, &err), RC_OK, &err);
        CHECK_RC(store_release_list(tx, arena, "pkg-1", &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 1);
        CHECK_INT(list[0].percentage, 20);
        CHECK_INT(list[0].base_revision, 2);
        CHECK(list[0].paused);
}

static void case_release_expire(struct db_tx *tx)
{
        static const usec_t expires[] = {0, NOW, NOW + 1};
        static const char *const channels[] = {"edge", "edge/old", "edge/young"};
        const struct release_row *list = NULL;
        struct release_row row;
        size_t count = 99;
        int64_t id;

        check_promise("branches whose time is over close, once, with an event each");
        furnish(tx);
        for (size_t i = 0; i < ARRAY_COUNT(expires); i++) {
                row = release_row(channels[i], "amd64", 1);
                row.expires = expires[i];
                CHECK_RC(store_release_put(tx, &row, &id, &err), RC_OK, &err);
        }
        CHECK_RC(store_release_expire(tx, NOW - 1, &count, &err), RC_OK, &err);
        CHECK_INT(count, 0);
        CHECK_RC(store_release_expire(tx, NOW, &count, &err), RC_OK, &err);
        CHECK_INT(count, 1);
        CHECK_RC(store_release_expire(tx, NOW, &count, &err), RC_OK, &err);
        CHECK_INT(count, 0);
        CHECK_RC(store_release_list(tx, arena, "pkg-1", &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 2);
        CHECK_TEXT(list[1].channel.branch, "young");
        CHECK_RC(store_release_history(tx, arena, "pkg-1", 0, 9, &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 4);
        CHECK_TEXT(list[0].channel.branch, "old");
        CHECK_INT(list[0].revision, 0);
        CHECK_INT(list[0].created, NOW);
}

static void case_delta(struct db_tx *tx)
{
        struct delta_row row = {.snap_id = "pkg-1",
                                .source = 2,
                                .target = 3,
                                .format = "xdelta3",
                                .state = "failed",
                                .target_bytes = 100,
                                .cpu_usec = 9,
                                .reason = "timeout",
                                .created = NOW};
        const struct delta_row *list = NULL;
        const struct digest none = {0};
        struct delta_row got;
        size_t count = 0;

        check_promise("a delta is ready with its digest, or has its reason; the last word counts");
        furnish(tx);
        CHECK_RC(store_delta_put(tx, &row, &err), RC_OK, &err);
        CHECK_RC(store_delta_get(tx, arena, "pkg-1", 2, 3, "xdelta3", &got, &err), RC_OK, &err);
        CHECK_TEXT(got.reason, "timeout");
        CHECK(digest_equal(&got.digest, &none));
        row.state = "ready";
        CHECK_RC(store_delta_put(tx, &row, &err), RC_CONFLICT, &err);
        row.digest = digest_of("delta");
        row.reason = "";
        row.bytes = 10;
        CHECK_RC(store_delta_put(tx, &row, &err), RC_OK, &err);
        CHECK_RC(store_delta_get(tx, arena, "pkg-1", 2, 3, "xdelta3", &got, &err), RC_OK, &err);
        CHECK(digest_equal(&got.digest, &row.digest));
        CHECK_INT(got.bytes, 10);
        row.source = 1;
        CHECK_RC(store_delta_put(tx, &row, &err), RC_OK, &err);
        CHECK_RC(store_delta_list(tx, arena, "pkg-1", &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 2);
        CHECK_INT(list[0].source, 1);
        row.source = 3;
        CHECK_RC(store_delta_put(tx, &row, &err), RC_CONFLICT, &err);
        row.source = 9;
        CHECK_RC(store_delta_put(tx, &row, &err), RC_CONFLICT, &err);
        CHECK_RC(store_delta_get(tx, arena, "pkg-1", 9, 3, "xdelta3", &got, &err), RC_NOT_FOUND,
                 &err);
}

static void case_small_memory(struct db_tx *tx)
{
        CLEANUP(arena_freep) struct arena *small = arena_new(256);
        const struct revision_row *list = NULL;
        size_t count = 77;

        check_promise("an answer that its memory cannot hold is refused, and leaves no trace");
        furnish(tx);
        CHECK_RC(store_revision_list(tx, small, "pkg-1", &list, &count, &err), RC_NOMEM, &err);
        CHECK_INT(count, 77);
        CHECK_RC(store_revision_list(tx, arena, "pkg-1", &list, &count, &err), RC_OK, &err);
}

int main(void)
{
        static const case_body cases[] = {case_package, case_track,           case_revision,
                                          case_release, case_release_refused, case_release_expire,
                                          case_delta,   case_small_memory};

        return run_cases(cases, ARRAY_COUNT(cases));
}
