/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/fs.h"
#include "core/model/settings.h"
#include "tools/storectl/commands.h"
#include "tools/storectl/fsck.h"
#include "tools/storectl/place.h"
#include "tools/storectl/progress.h"
#include "tools/storectl/table.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM ((size_t)1024)

static void fsck_fini(struct fsck *fsck)
{
        free(fsck->expected);
        jsonx_decref(&fsck->problems);
        jsonx_decref(&fsck->unreferenced);
}

void fsck_report(struct fsck *fsck, const char *kind, const char *object, const char *format, ...)
{
        char text[400];
        va_list args;

        fsck->problem_count++;
        if (json_array_size(fsck->problems) >= FSCK_PROBLEMS_MAX)
                return;
        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        json_array_append_new(fsck->problems, json_pack("{s:s, s:s, s:s}", "kind", kind, "object",
                                                        object, "text", text));
}

enum rc fsck_expect(struct fsck *fsck, const struct digest *digest, uint64_t bytes,
                    const char *what, struct err *err)
{
        struct fsck_blob *blob;

        if (fsck->expected_count == fsck->expected_room) {
                const size_t room = fsck->expected_room ? fsck->expected_room * 2 : FIRST_ROOM;
                struct fsck_blob *longer = reallocarray(fsck->expected, room, sizeof(*longer));

                if (!longer)
                        return err_set(err, RC_NOMEM, "out of memory");
                fsck->expected = longer;
                fsck->expected_room = room;
        }
        blob = &fsck->expected[fsck->expected_count];
        blob->digest = *digest;
        blob->bytes = bytes;
        blob->what = arena_strdup(fsck->cli->arena, what);
        if (!blob->what)
                return err_set(err, RC_NOMEM, "out of memory");
        fsck->expected_count++;
        return RC_OK;
}

static enum rc look(struct fsck *fsck, const char *data, struct err *err)
{
        CLEANUP(blob_store_freep) struct blob_store *blobs = NULL;
        CLEANUP(db_freep) struct db *db = NULL;
        enum rc rc;

        progress_stage(fsck->cli, "Reading the database");
        rc = db_open(data, false, &db, err);
        if (rc == RC_OK)
                rc = db_run(db, DB_READ, fsck_look_rows, fsck, err);
        if (rc != RC_OK)
                return rc;
        rc = db_check(db, err);
        if (rc == RC_CORRUPT)
                fsck_report(fsck, "database", "storehouse.db", "%s", err->text);
        else if (rc != RC_OK)
                return rc;
        rc = blob_store_open(data, 0, &blobs, err);
        return rc == RC_OK ? fsck_look_blobs(fsck, blobs, err) : rc;
}

static void problems_print(struct fsck *fsck)
{
        static const char *const headers[] = {"Kind", "Object", "Problem"};
        struct table *table = table_new(fsck->cli->arena, headers, ARRAY_COUNT(headers));

        for (size_t i = 0; i < json_array_size(fsck->problems); i++) {
                const json_t *row = json_array_get(fsck->problems, i);
                const char *const cells[] = {json_string_value(json_object_get(row, "kind")),
                                             json_string_value(json_object_get(row, "object")),
                                             json_string_value(json_object_get(row, "text"))};

                table_add(table, cells);
        }
        if (fsck->problem_count)
                table_print(table, fsck->cli, "");
}

static void summary_say(struct fsck *fsck)
{
        struct cli *cli = fsck->cli;
        const size_t loose = json_array_size(fsck->unreferenced);

        cli_say(cli,
                "%" PRIu64 " packages, %" PRIu64 " revisions, %" PRIu64 " deltas, %" PRIu64
                " assertions, %" PRIu64 " files (%s)",
                fsck->packages, fsck->revisions, fsck->deltas, fsck->assertions, fsck->blobs,
                text_size(cli->arena, fsck->bytes));
        if (loose)
                cli_say(cli,
                        "%zu files belong to no revision or delta: uploads under way, or "
                        "leftovers that the server removes",
                        loose);
        if (!fsck->problem_count)
                cli_say(cli, fsck->fast ? "No problem found (the files were not read)"
                                        : "No problem found");
}

enum rc cmd_fsck(struct cli *cli, const struct args *args, struct err *err)
{
        CLEANUP(fsck_fini)
        struct fsck fsck = {.cli = cli,
                            .fast = args_flag(args, "fast"),
                            .problems = json_array(),
                            .unreferenced = json_array()};
        CLEANUP(conf_freep) struct conf *conf = NULL;
        const char *data = NULL;
        enum rc rc;

        rc = place_data(cli, &data, err);
        if (rc == RC_OK)
                rc = place_settings(cli, &conf, err);
        if (rc == RC_OK)
                rc = keydir_read_roots(place_below(cli, data, KEYDIR_TRUST_FOLDER), fsck.roots,
                                       &fsck.root_count, err);
        if (rc == RC_OK)
                rc = look(&fsck, conf_text(conf, SET_DATA_DIR), err);
        if (rc != RC_OK) {
                cli_hint(cli, EXIT_FAILED, "storectl doctor --data %.150s", data ? data : "DIR");
                return rc;
        }
        problems_print(&fsck);
        summary_say(&fsck);
        cli_result(cli,
                   json_pack("{s:O, s:I, s:O, s:{s:I, s:I, s:I, s:I, s:I}}", "problems",
                             fsck.problems, "problem-count", (json_int_t)fsck.problem_count,
                             "unreferenced", fsck.unreferenced, "checked", "packages",
                             (json_int_t)fsck.packages, "revisions", (json_int_t)fsck.revisions,
                             "deltas", (json_int_t)fsck.deltas, "assertions",
                             (json_int_t)fsck.assertions, "files", (json_int_t)fsck.blobs));
        if (!fsck.problem_count)
                return RC_OK;
        cli_hint(cli, EXIT_FAILED, "restore what is named from a backup");
        return err_set(err, RC_CORRUPT, "%zu problem%s found", fsck.problem_count,
                       fsck.problem_count == 1 ? "" : "s");
}
