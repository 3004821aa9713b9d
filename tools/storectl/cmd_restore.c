/* SPDX-License-Identifier: Apache-2.0 */
/*
 * storectl restore -- a backup becomes the database again. Devices remember the highest catalog
 * generation that they believed, and a backup does not know how far it went on after it was made:
 * so a restored store goes on above the time, which no counting by ones has reached.
 */
#include "core/base/clock.h"
#include "core/base/fs.h"
#include "core/model/settings.h"
#include "server/store/db.h"
#include "server/store/store.h"
#include "tools/storectl/commands.h"
#include "tools/storectl/place.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define DB_NAME    "storehouse.db"
#define WORK_NAME  "restoring"
#define KEPT_NAME  "storehouse.db.before-restore"
#define COPY_BYTES (256 * KIB)

struct restore {
        struct cli *cli;
        const char *data;
        const char *work; /* DATA/restoring, where the copy is looked at */
        int lock;
        struct stat owner; /* whose the database is to be */
        uint64_t above;
        uint64_t generation;
};

static void restore_fini(struct restore *restore)
{
        fs_closep(&restore->lock);
}

static const char *below(const struct restore *restore, const char *folder, const char *name)
{
        return arena_printf(restore->cli->arena, "%s/%s", folder, name);
}

/* The server holds the same lock as long as it runs. */
static enum rc place_take(struct restore *restore, struct err *err)
{
        enum rc rc;

        rc = fs_open(restore->data, O_RDONLY | O_DIRECTORY, 0, &restore->lock, err);
        if (rc != RC_OK)
                return rc;
        if (flock(restore->lock, LOCK_EX | LOCK_NB) < 0) {
                cli_hint(restore->cli, EXIT_FAILED, "stop the server, then the same command");
                return err_set(err, RC_CONFLICT, "a server runs on %.150s", restore->data);
        }
        if (stat(below(restore, restore->data, "blobs"), &restore->owner) < 0)
                return err_errno(err, "%.150s has no blobs: copy the rest of the data folder first",
                                 restore->data);
        return RC_OK;
}

static enum rc file_copy(const char *from, const char *to, struct err *err)
{
        CLEANUP(fs_closep) int in = -1;
        CLEANUP(fs_closep) int out = -1;
        static char piece[COPY_BYTES];
        ssize_t got;
        enum rc rc;

        rc = fs_open(from, O_RDONLY, 0, &in, err);
        if (rc == RC_OK)
                rc = fs_open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600, &out, err);
        while (rc == RC_OK && (got = read(in, piece, sizeof(piece))) != 0) {
                if (got < 0 && errno == EINTR)
                        continue;
                rc = got < 0 ? err_errno(err, "cannot read %.150s", from)
                             : fs_write_all(out, piece, (size_t)got, err);
        }
        if (rc == RC_OK && fsync(out) < 0)
                return err_errno(err, "cannot sync %.150s", to);
        return rc;
}

static enum rc generation_body(struct db_tx *tx, void *arg, struct err *err)
{
        return store_generation_get(tx, arg, err);
}

/* What the database that is there now has reached; a damaged one cannot say. */
static void present_look(struct restore *restore)
{
        CLEANUP(db_freep) struct db *db = NULL;
        uint64_t generation = 0;

        restore->above = (uint64_t)clock_now(NULL);
        if (db_open(restore->data, false, &db, NULL) != RC_OK ||
            db_run(db, DB_READ, generation_body, &generation, NULL) != RC_OK)
                return;
        if (generation > restore->above)
                restore->above = generation;
}

static enum rc raise_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct restore *restore = arg;
        const struct audit_row row = {.created = clock_now(NULL),
                                      .by = "operator",
                                      .action = "restore",
                                      .object = "database",
                                      .detail = "from a backup"};
        enum rc rc;

        rc = store_generation_raise(tx, restore->above, &restore->generation, err);
        return rc == RC_OK ? store_audit_add(tx, &row, err) : rc;
}

/* Proved and changed apart: until the rename nothing has happened. */
static enum rc copy_prepare(struct restore *restore, const char *backup, struct err *err)
{
        CLEANUP(db_freep) struct db *db = NULL;
        enum rc rc;

        rc = fs_make_dirs(restore->work, 0700, err);
        if (rc == RC_OK)
                rc = file_copy(backup, below(restore, restore->work, DB_NAME), err);
        if (rc == RC_OK)
                rc = db_open(restore->work, false, &db, err);
        if (rc == RC_OK)
                rc = db_check(db, err);
        if (rc == RC_OK)
                rc = db_run(db, DB_WRITE, raise_body, restore, err);
        return rc == RC_OK ? RC_OK : err_prefix(err, rc, "%.100s", backup);
}

static void work_remove(const struct restore *restore)
{
        static const char *const names[] = {DB_NAME, DB_NAME "-wal", DB_NAME "-shm"};

        for (size_t i = 0; i < ARRAY_COUNT(names); i++)
                (void)!fs_remove(below(restore, restore->work, names[i]), NULL);
        rmdir(restore->work);
}

static enum rc copy_place(struct restore *restore, struct err *err)
{
        const char *made = below(restore, restore->work, DB_NAME);
        const char *place = below(restore, restore->data, DB_NAME);
        enum rc rc;

        if (chown(made, restore->owner.st_uid, restore->owner.st_gid) < 0 || chmod(made, 0600) < 0)
                return err_errno(err, "cannot give %.150s to the server's user", made);
        if (rename(place, below(restore, restore->data, KEPT_NAME)) < 0 && errno != ENOENT)
                return err_errno(err, "cannot put the present database aside");
        /* They belong to the one that was put aside; the next one must not read them. */
        rc = fs_remove(below(restore, restore->data, DB_NAME "-wal"), err);
        if (rc == RC_OK)
                rc = fs_remove(below(restore, restore->data, DB_NAME "-shm"), err);
        if (rc != RC_OK)
                return rc;
        if (rename(made, place) < 0)
                return err_errno(err, "cannot put the backup in place");
        return fs_sync_dir(restore->data, err);
}

enum rc cmd_restore(struct cli *cli, const struct args *args, struct err *err)
{
        CLEANUP(restore_fini) struct restore restore = {.cli = cli, .lock = -1};
        enum rc rc;

        rc = place_data(cli, &restore.data, err);
        if (rc != RC_OK)
                return rc;
        restore.work = below(&restore, restore.data, WORK_NAME);
        rc = place_take(&restore, err);
        if (rc != RC_OK)
                return rc;
        present_look(&restore);
        rc = copy_prepare(&restore, args->words[0], err);
        if (rc == RC_OK)
                rc = copy_place(&restore, err);
        work_remove(&restore);
        if (rc != RC_OK)
                return rc;
        cli_say(cli, "Restored %s; the catalog goes on at generation %" PRIu64, args->words[0],
                restore.generation);
        cli_say(cli, "The database that was there is kept as %s", KEPT_NAME);
        cli_say(cli, "Next: storectl fsck, then start the server");
        cli_result(cli, json_pack("{s:s, s:I}", "file", args->words[0], "generation",
                                  (json_int_t)restore.generation));
        return RC_OK;
}
