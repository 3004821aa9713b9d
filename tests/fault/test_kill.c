/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that commits blobs and rows is killed with SIGKILL at a random moment, again and again
 * on the same data. Whatever it had acknowledged must be there afterwards, and nothing half.
 *
 * Seeded: STOREHOUSE_KILL_SEED repeats a run; STOREHOUSE_KILL_ROUNDS (25; 500 when STOREHOUSE_LONG
 * is 1) says how often. A kill shows what the process owes to the kernel, not what the kernel owes
 * to the disk: the latter rests on the order of syncs, which server/store/README.md states.
 */
#include "core/base/fs.h"
#include "core/base/random.h"
#include "server/store/blob.h"
#include "server/store/store.h"
#include "tests/lib/check.h"
#include "tests/lib/scratch.h"
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define WRITERS     2
#define ACKS_MAX    100000
#define BLOB_MAX    (64 * KIB)
#define LIFE_MAX_MS 120
#define TINY_ARENA  (64 * KIB)

/* What the child says on the pipe, after db_run came back. Below PIPE_BUF: written whole or not. */
struct ack {
        uint32_t writer;
        uint64_t number;
        uint64_t generation;
        struct digest digest;
};

struct writer {
        struct db *db;
        struct blob_store *blobs;
        int pipe;
        struct ack ack;
        uint64_t bytes;
        uint64_t seed;
};

/* xorshift64*: the same numbers for the same seed, everywhere. */
static uint64_t next_number(uint64_t *state)
{
        *state ^= *state >> 12;
        *state ^= *state << 25;
        *state ^= *state >> 27;
        return *state * 2685821657736338717u;
}

static const char *package_of(uint32_t writer)
{
        return writer ? "package-1" : "package-0";
}

static enum rc furnish(struct db_tx *tx, void *arg, struct err *err)
{
        const struct account_row account = {"acme", "acme", "", "", "verified", 1};
        enum rc rc;

        (void)arg;
        rc = store_account_insert(tx, &account, err);
        for (uint32_t i = 0; i < WRITERS && rc == RC_OK; i++) {
                const struct package_row row = {.snap_id = package_of(i),
                                                .store_id = "acme",
                                                .name = package_of(i),
                                                .publisher_id = "acme",
                                                .type = "app",
                                                .title = "",
                                                .summary = "",
                                                .description = "",
                                                .default_track = ""};

                rc = store_package_insert(tx, &row, err);
        }
        return rc;
}

/* A revision, its release and the generation: all three or none. */
static enum rc publish(struct db_tx *tx, void *arg, struct err *err)
{
        struct writer *writer = arg;
        struct revision_row row = {.snap_id = package_of(writer->ack.writer),
                                   .digest = writer->ack.digest,
                                   .bytes = writer->bytes,
                                   .info_json = "{}",
                                   .version = "1",
                                   .archs = "all",
                                   .provenance = "global-upload",
                                   .developer_id = "acme"};
        struct release_row release = {.snap_id = row.snap_id,
                                      .arch = "all",
                                      .channel = {.track = "latest", .risk = RISK_EDGE},
                                      .percentage = -1,
                                      .by = "acme"};
        int64_t id;
        enum rc rc;

        rc = store_revision_next(tx, row.snap_id, &row.number, err);
        if (rc == RC_OK)
                rc = store_revision_insert(tx, &row, err);
        release.revision = row.number;
        if (rc == RC_OK)
                rc = store_release_put(tx, &release, &id, err);
        if (rc == RC_OK)
                rc = store_generation_bump(tx, &writer->ack.generation, err);
        writer->ack.number = row.number;
        return rc;
}

static enum rc write_blob(struct writer *writer, struct err *err)
{
        CLEANUP(blob_writer_freep) struct blob_writer *blob = NULL;
        char data[4096];
        size_t left = 1 + next_number(&writer->seed) % BLOB_MAX;
        enum rc rc;

        rc = blob_create(writer->blobs, BLOB_MAX + 1, &blob, err);
        while (rc == RC_OK && left) {
                const size_t part = left < sizeof(data) ? left : sizeof(data);

                random_fill(data, part);
                rc = blob_write(blob, data, part, err);
                left -= part;
        }
        return rc == RC_OK
                       ? blob_commit(writer->blobs, &blob, &writer->ack.digest, &writer->bytes, err)
                       : rc;
}

static void *write_for_ever(void *arg)
{
        struct writer *writer = arg;
        struct err err;

        for (;;) {
                enum rc rc = write_blob(writer, &err);

                if (rc == RC_OK)
                        rc = db_run(writer->db, DB_WRITE, publish, writer, &err);
                if (rc != RC_OK) {
                        fprintf(stderr, "writer: %s: %s\n", rc_name(rc), err.text);
                        _exit(3);
                }
                if (write(writer->pipe, &writer->ack, sizeof(writer->ack)) !=
                    (ssize_t)sizeof(writer->ack))
                        _exit(4);
        }
        return NULL;
}

_Noreturn static void child_main(const char *dir, int pipe, uint64_t seed)
{
        struct writer writers[WRITERS];
        pthread_t threads[WRITERS];
        struct blob_store *blobs = NULL;
        struct db *db = NULL;
        struct err err;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (db_open(dir, false, &db, &err) != RC_OK ||
            blob_store_open(dir, 0, &blobs, &err) != RC_OK) {
                fprintf(stderr, "child: %s\n", err.text);
                _exit(2);
        }
        for (uint32_t i = 0; i < WRITERS; i++) {
                writers[i] = (struct writer){
                        .db = db, .blobs = blobs, .pipe = pipe, .seed = seed * WRITERS + i + 1};
                writers[i].ack.writer = i;
                if (pthread_create(&threads[i], NULL, write_for_ever, &writers[i]))
                        _exit(5);
        }
        for (;;)
                pause();
}

struct acks {
        struct ack *items;
        size_t count;
};

/* Reads what is acknowledged until the deadline (usec; 0: to the end). */
static void collect(struct acks *acks, int pipe, usec_t deadline)
{
        for (;;) {
                struct pollfd poll_fd = {.fd = pipe, .events = POLLIN};
                const usec_t left = deadline ? deadline - clock_uptime() : USEC_PER_SEC;
                struct ack ack;
                struct err err;

                if (left <= 0 || poll(&poll_fd, 1, (int)(left / 1000)) <= 0)
                        return;
                if (fs_read_exact(pipe, &ack, sizeof(ack), &err) != RC_OK)
                        return;
                if (acks->count < ACKS_MAX)
                        acks->items[acks->count++] = ack;
        }
}

static void run_and_kill(const char *dir, uint64_t *seed, struct acks *acks)
{
        /* The first milliseconds too: the log of the one killed before is being taken up then. */
        const usec_t life = (usec_t)(next_number(seed) % (LIFE_MAX_MS * 1000)) + 500;
        const uint64_t child_seed = next_number(seed);
        int ends[2];
        int status = 0;
        pid_t child;

        CHECK(pipe(ends) == 0);
        child = fork();
        CHECK(child >= 0);
        if (child == 0) {
                close(ends[0]);
                child_main(dir, ends[1], child_seed);
        }
        close(ends[1]);
        collect(acks, ends[0], clock_uptime() + life);
        CHECK(kill(child, SIGKILL) == 0);
        CHECK(waitpid(child, &status, 0) == child);
        collect(acks, ends[0], 0);
        close(ends[0]);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

struct survey {
        const struct acks *acks;
        struct blob_store *blobs;
        size_t checked; /* acknowledgements looked at in earlier rounds */
        uint64_t rows;
        uint64_t generation;
};

static enum rc check_ack(struct db_tx *tx, struct arena *arena, const struct ack *ack,
                         struct err *err)
{
        struct revision_row row;
        enum rc rc;

        rc = store_revision_get(tx, arena, package_of(ack->writer), ack->number, &row, err);
        if (rc != RC_OK)
                return err_prefix(err, rc, "an acknowledged revision is lost");
        if (!digest_equal(&row.digest, &ack->digest))
                return err_set(err, RC_CORRUPT, "revision %lu has other bytes",
                               (unsigned long)ack->number);
        return RC_OK;
}

static enum rc check_blob(struct blob_store *blobs, const struct revision_row *row, struct err *err)
{
        CLEANUP(fs_closep) int fd = -1;
        struct digest digest;
        uint64_t bytes = 0;
        enum rc rc;

        rc = blob_open(blobs, &row->digest, &fd, &bytes, err);
        if (rc == RC_OK)
                rc = sha3_384_fd(fd, &digest, &bytes, err);
        if (rc != RC_OK)
                return err_prefix(err, rc, "the blob of revision %lu", (unsigned long)row->number);
        if (!digest_equal(&digest, &row->digest) || bytes != row->bytes)
                return err_set(err, RC_CORRUPT, "the blob of revision %lu is not what it should be",
                               (unsigned long)row->number);
        return RC_OK;
}

/* Every row has its blob; the channel holds the newest revision; numbers have no gap. */
static enum rc check_package(struct db_tx *tx, struct survey *survey, const char *snap_id,
                             struct err *err)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(64 * MIB);
        const struct revision_row *rows = NULL;
        const struct release_row *open = NULL;
        size_t count = 0;
        size_t open_count = 0;
        enum rc rc;

        rc = store_revision_list(tx, arena, snap_id, &rows, &count, err);
        if (rc == RC_OK)
                rc = store_release_list(tx, arena, snap_id, &open, &open_count, err);
        if (rc != RC_OK)
                return rc;
        if (count && (open_count != 1 || open[0].revision != count || rows[0].number != count))
                return err_set(err, RC_CORRUPT, "%s: revision, release and number disagree",
                               snap_id);
        survey->rows += count;
        for (size_t i = 0; i < count && rc == RC_OK; i++)
                rc = check_blob(survey->blobs, &rows[i], err);
        return rc;
}

static enum rc check_all(struct db_tx *tx, void *arg, struct err *err)
{
        struct survey *survey = arg;
        enum rc rc;

        survey->rows = 0;
        rc = store_generation_get(tx, &survey->generation, err);
        for (size_t i = survey->checked; i < survey->acks->count && rc == RC_OK; i++) {
                CLEANUP(arena_freep) struct arena *arena = arena_new(TINY_ARENA);

                rc = check_ack(tx, arena, &survey->acks->items[i], err);
                if (rc == RC_OK && survey->acks->items[i].generation > survey->generation)
                        rc = err_set(err, RC_CORRUPT, "the generation fell");
        }
        for (uint32_t i = 0; i < WRITERS && rc == RC_OK; i++)
                rc = check_package(tx, survey, package_of(i), err);
        if (rc == RC_OK && survey->rows != survey->generation)
                rc = err_set(err, RC_CORRUPT, "%lu revisions, but generation %lu",
                             (unsigned long)survey->rows, (unsigned long)survey->generation);
        return rc;
}

static void look(const char *dir, struct acks *acks, size_t *checked)
{
        CLEANUP(db_freep) struct db *db = NULL;
        CLEANUP(blob_store_freep) struct blob_store *blobs = NULL;
        struct survey survey = {.acks = acks, .checked = *checked};
        struct err err;

        CHECK_RC(db_open(dir, false, &db, &err), RC_OK, &err);
        CHECK_RC(blob_store_open(dir, 0, &blobs, &err), RC_OK, &err);
        if (!db || !blobs)
                return;
        survey.blobs = blobs;
        CHECK_RC(db_check(db, &err), RC_OK, &err);
        CHECK_RC(db_run(db, DB_READ, check_all, &survey, &err), RC_OK, &err);
        CHECK_RC(blob_sweep(blobs, 0, &err), RC_OK, &err);
        *checked = acks->count;
}

static uint64_t number_from(const char *name, uint64_t standard)
{
        const char *text = getenv(name);

        return text && *text ? strtoull(text, NULL, 10) : standard;
}

static void prepare(const char *dir)
{
        CLEANUP(db_freep) struct db *db = NULL;
        struct err err;

        CHECK_RC(db_open(dir, true, &db, &err), RC_OK, &err);
        if (db)
                CHECK_RC(db_run(db, DB_WRITE, furnish, NULL, &err), RC_OK, &err);
}

int main(void)
{
        CLEANUP(scratch_freep) char *dir = scratch_new();
        struct acks acks = {calloc(ACKS_MAX, sizeof(struct ack)), 0};
        const uint64_t rounds = number_from("STOREHOUSE_KILL_ROUNDS",
                                            number_from("STOREHOUSE_LONG", 0) == 1 ? 500 : 25);
        uint64_t seed = number_from("STOREHOUSE_KILL_SEED", 20261123);
        size_t checked = 0;
        struct err err;

        CHECK_RC(crypto_init(&err), RC_OK, &err);
        CHECK(acks.items);
        prepare(dir);
        check_promise("what was acknowledged survives kill -9, and nothing is half done");
        printf("seed %lu, %lu rounds\n", (unsigned long)seed, (unsigned long)rounds);
        seed += !seed;
        for (uint64_t round = 0; round < rounds; round++) {
                check_case("round %lu, seed %lu", (unsigned long)round, (unsigned long)seed);
                run_and_kill(dir, &seed, &acks);
                look(dir, &acks, &checked);
        }
        printf("%zu acknowledged\n", acks.count);
        check_promise("the rounds did acknowledge something");
        CHECK(acks.count > rounds);
        free(acks.items);
        return check_end();
}
