/* SPDX-License-Identifier: Apache-2.0 */
#include "core/model/assertion.h"
#include "tools/storectl/fsck.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PACKAGE_ARENA (256 * MIB)
#define FORMAT_ANY    ((uint64_t)INT32_MAX)

/* One package under inspection. */
struct look {
        struct fsck *fsck;
        struct db_tx *tx;
        struct arena *arena; /* of this package */
        const struct package_row *package;
        const struct revision_row *revisions;
        size_t revision_count;
};

static const char *object_of(const struct look *look, uint64_t revision)
{
        const char *text =
                arena_printf(look->arena, "%s revision %" PRIu64, look->package->name, revision);

        return text ? text : look->package->name;
}

static bool revision_is_known(const struct look *look, uint64_t number)
{
        for (size_t i = 0; i < look->revision_count; i++)
                if (look->revisions[i].number == number)
                        return true;
        return false;
}

/* A number of the assertion against the row's. */
static void number_compare(struct look *look, const struct revision_row *row,
                           const struct assertion *assertion, const char *name, uint64_t want)
{
        uint64_t got = 0;

        if (assertion_number(assertion, name, &got) != RC_OK || got != want)
                fsck_report(look->fsck, "revision", object_of(look, row->number),
                            "%s is %" PRIu64 " in the snap-revision and %" PRIu64
                            " in the database",
                            name, got, want);
}

static void text_compare(struct look *look, const struct revision_row *row,
                         const struct assertion *assertion, const char *name, const char *want)
{
        const char *got = assertion_text(assertion, name);

        if (!got || strcmp(got, want) != 0)
                fsck_report(look->fsck, "revision", object_of(look, row->number),
                            "%s is %s in the snap-revision and %s in the database", name,
                            got ? got : "absent", want);
}

static enum rc revision_look(struct look *look, const struct revision_row *row, struct err *err)
{
        struct assertion_row found = {0};
        struct assertion *assertion = NULL;
        char digest[DIGEST_B64_CHARS + 1];
        const char *provenance = row->provenance[0] ? row->provenance : "global-upload";
        const char *pk;
        enum rc rc;

        look->fsck->revisions++;
        digest_b64(&row->digest, digest);
        pk = arena_printf(look->arena, "%s/%s", digest, provenance);
        if (!pk)
                return err_set(err, RC_NOMEM, "out of memory");
        rc = fsck_expect(look->fsck, &row->digest, row->bytes, object_of(look, row->number), err);
        if (rc != RC_OK)
                return rc;
        rc = store_assertion_get(look->tx, look->arena, "snap-revision", pk, FORMAT_ANY, &found,
                                 err);
        if (rc == RC_NOT_FOUND) {
                fsck_report(look->fsck, "revision", object_of(look, row->number),
                            "there is no snap-revision for it");
                return RC_OK;
        }
        if (rc != RC_OK)
                return rc;
        /* One that cannot be read is reported with the assertions. */
        if (assertion_parse(look->arena, found.text, found.text_bytes, &assertion, NULL) != RC_OK)
                return RC_OK;
        number_compare(look, row, assertion, "snap-revision", row->number);
        number_compare(look, row, assertion, "snap-size", row->bytes);
        text_compare(look, row, assertion, "snap-id", row->snap_id);
        text_compare(look, row, assertion, "developer-id", row->developer_id);
        return RC_OK;
}

static enum rc declaration_look(struct look *look, struct err *err)
{
        struct assertion_row found = {0};
        struct assertion *assertion = NULL;
        const char *pk = arena_printf(look->arena, "16/%s", look->package->snap_id);
        const char *name;
        enum rc rc;

        if (!pk)
                return err_set(err, RC_NOMEM, "out of memory");
        if (!look->revision_count)
                return RC_OK;
        rc = store_assertion_get(look->tx, look->arena, "snap-declaration", pk, FORMAT_ANY, &found,
                                 err);
        if (rc == RC_NOT_FOUND) {
                fsck_report(look->fsck, "package", look->package->name,
                            "there is no snap-declaration for it");
                return RC_OK;
        }
        if (rc != RC_OK)
                return rc;
        if (assertion_parse(look->arena, found.text, found.text_bytes, &assertion, NULL) != RC_OK)
                return RC_OK;
        name = assertion_text(assertion, "snap-name");
        if (!name || strcmp(name, look->package->name) != 0)
                fsck_report(look->fsck, "package", look->package->name,
                            "its snap-declaration names %s", name ? name : "nothing");
        return RC_OK;
}

static enum rc releases_look(struct look *look, struct err *err)
{
        const struct release_row *rows = NULL;
        size_t count = 0;
        enum rc rc;

        rc = store_release_list(look->tx, look->arena, look->package->snap_id, &rows, &count, err);
        for (size_t i = 0; rc == RC_OK && i < count; i++) {
                char channel[CHANNEL_MAX + 1];

                channel_format(&rows[i].channel, channel);
                if (!revision_is_known(look, rows[i].revision))
                        fsck_report(look->fsck, "channel", look->package->name,
                                    "%s on %s points to revision %" PRIu64 ", which is not there",
                                    channel, rows[i].arch, rows[i].revision);
                if (rows[i].base_revision && !revision_is_known(look, rows[i].base_revision))
                        fsck_report(look->fsck, "channel", look->package->name,
                                    "%s on %s falls back to revision %" PRIu64
                                    ", which is not there",
                                    channel, rows[i].arch, rows[i].base_revision);
        }
        return rc;
}

static enum rc deltas_look(struct look *look, struct err *err)
{
        const struct delta_row *rows = NULL;
        size_t count = 0;
        enum rc rc;

        rc = store_delta_list(look->tx, look->arena, look->package->snap_id, &rows, &count, err);
        for (size_t i = 0; rc == RC_OK && i < count; i++) {
                const char *what =
                        arena_printf(look->arena, "%s delta %" PRIu64 " to %" PRIu64,
                                     look->package->name, rows[i].source, rows[i].target);

                if (!what)
                        return err_set(err, RC_NOMEM, "out of memory");
                look->fsck->deltas++;
                if (!revision_is_known(look, rows[i].source) ||
                    !revision_is_known(look, rows[i].target))
                        fsck_report(look->fsck, "delta", what, "a revision of it is not there");
                if (strcmp(rows[i].state, "ready") == 0)
                        rc = fsck_expect(look->fsck, &rows[i].digest, rows[i].bytes, what, err);
        }
        return rc;
}

static enum rc media_look(struct look *look, struct err *err)
{
        const struct media_row *rows = NULL;
        size_t count = 0;
        enum rc rc;

        rc = store_media_list(look->tx, look->arena, look->package->snap_id, &rows, &count, err);
        for (size_t i = 0; rc == RC_OK && i < count; i++) {
                const char *what =
                        arena_printf(look->arena, "%s %s", look->package->name, rows[i].kind);

                if (!what)
                        return err_set(err, RC_NOMEM, "out of memory");
                if (rows[i].revision && !revision_is_known(look, rows[i].revision))
                        fsck_report(look->fsck, "media", what,
                                    "revision %" PRIu64 ", which brought it, is not there",
                                    rows[i].revision);
                rc = fsck_expect(look->fsck, &rows[i].digest, rows[i].bytes, what, err);
        }
        return rc;
}

static enum rc components_look(struct look *look, struct err *err)
{
        const struct component_row *rows = NULL;
        size_t count = 0;
        enum rc rc;

        rc = store_component_list(look->tx, look->arena, look->package->snap_id, &rows, &count,
                                  err);
        for (size_t i = 0; rc == RC_OK && i < count; i++) {
                struct assertion_row found = {0};
                char digest[DIGEST_B64_CHARS + 1];
                const char *what = arena_printf(look->arena, "%s+%s revision %" PRIu64,
                                                look->package->name, rows[i].name, rows[i].number);
                const char *pk;

                digest_b64(&rows[i].digest, digest);
                pk = arena_printf(look->arena, "%s/%s/%s/global-upload", rows[i].snap_id,
                                  rows[i].name, digest);
                if (!what || !pk)
                        return err_set(err, RC_NOMEM, "out of memory");
                rc = fsck_expect(look->fsck, &rows[i].digest, rows[i].bytes, what, err);
                if (rc != RC_OK)
                        return rc;
                rc = store_assertion_get(look->tx, look->arena, "snap-resource-revision", pk,
                                         FORMAT_ANY, &found, err);
                if (rc == RC_NOT_FOUND) {
                        fsck_report(look->fsck, "component", what,
                                    "there is no snap-resource-revision for it");
                        rc = RC_OK;
                }
        }
        return rc;
}

static enum rc package_look(struct fsck *fsck, struct db_tx *tx, const struct package_row *row,
                            struct err *err)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(PACKAGE_ARENA);
        struct look look = {.fsck = fsck, .tx = tx, .arena = arena, .package = row};
        struct account_row publisher = {0};
        enum rc rc;

        if (!arena)
                return err_set(err, RC_NOMEM, "out of memory");
        fsck->packages++;
        rc = store_account_get(tx, arena, row->publisher_id, &publisher, err);
        if (rc == RC_NOT_FOUND)
                fsck_report(fsck, "package", row->name, "its publisher %s has no account",
                            row->publisher_id);
        else if (rc != RC_OK)
                return rc;
        rc = store_revision_list(tx, arena, row->snap_id, &look.revisions, &look.revision_count,
                                 err);
        for (size_t i = 0; rc == RC_OK && i < look.revision_count; i++)
                rc = revision_look(&look, &look.revisions[i], err);
        if (rc == RC_OK)
                rc = declaration_look(&look, err);
        if (rc == RC_OK)
                rc = releases_look(&look, err);
        if (rc == RC_OK)
                rc = components_look(&look, err);
        if (rc == RC_OK)
                rc = media_look(&look, err);
        return rc == RC_OK ? deltas_look(&look, err) : rc;
}

/* A body may run twice: begin anew. */
static void counts_reset(struct fsck *fsck)
{
        json_array_clear(fsck->problems);
        fsck->problem_count = 0;
        fsck->expected_count = 0;
        fsck->packages = fsck->revisions = fsck->assertions = fsck->deltas = 0;
}

enum rc fsck_look_rows(struct db_tx *tx, void *arg, struct err *err)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(PACKAGE_ARENA);
        const struct package_row *rows = NULL;
        struct fsck *fsck = arg;
        size_t count = 0;
        enum rc rc;

        if (!arena)
                return err_set(err, RC_NOMEM, "out of memory");
        counts_reset(fsck);
        rc = store_package_list(tx, arena, &rows, &count, err);
        for (size_t i = 0; rc == RC_OK && i < count; i++)
                rc = package_look(fsck, tx, &rows[i], err);
        return rc == RC_OK ? fsck_look_trust(fsck, tx, err) : rc;
}
