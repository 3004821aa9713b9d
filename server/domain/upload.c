/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/upload.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define WAITING_FACTOR 64 /* uploads that wait to be pushed, for each that may be under way */
#define ACCOUNT_MAX    64
/* Strangers, who may send files too where upload-require-token is off, never take all the room:
 * half of the places, and the bytes of so many packages of the largest size. */
#define ANONYMOUS_PACKAGES 8

struct upload {
        struct world *world;
        struct blob_writer *writer;
        char account_id[ACCOUNT_MAX + 1];
};

struct waiting {
        size_t open;
        size_t anonymous;
        uint64_t anonymous_bytes;
};

static enum rc count_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct waiting *waiting = arg;
        const enum rc rc = store_upload_count_open(tx, &waiting->open, err);

        return rc == RC_OK ? store_upload_count_anonymous(tx, &waiting->anonymous,
                                                          &waiting->anonymous_bytes, err)
                           : rc;
}

static bool is_anonymous(const struct upload *upload)
{
        return !*upload->account_id;
}

static enum rc place_take(struct upload *upload, struct err *err)
{
        struct world *world = upload->world;
        const unsigned most = (unsigned)world_int(world, SET_MAX_UPLOADS);
        const unsigned strangers =
                is_anonymous(upload) ? atomic_fetch_add(&world->uploads_anonymous, 1) : 0;

        if (atomic_fetch_add(&world->uploads, 1) >= most || strangers >= (most + 1) / 2)
                return err_set(err, RC_BUSY, "too many uploads are under way");
        return RC_OK;
}

static enum rc room_check(const struct upload *upload, struct err *err)
{
        struct world *world = upload->world;
        const uint64_t most = (uint64_t)world_int(world, SET_MAX_UPLOADS) * WAITING_FACTOR;
        const uint64_t bytes =
                (uint64_t)world_int(world, SET_MAX_PACKAGE_BYTES) * ANONYMOUS_PACKAGES;
        struct waiting waiting = {0, 0, 0};
        enum rc rc;

        rc = db_run(world->db, DB_READ, count_body, &waiting, err);
        if (rc != RC_OK)
                return rc;
        if (waiting.open >= most)
                return err_set(err, RC_TOO_MANY, "%zu uploads wait to be pushed", waiting.open);
        if (is_anonymous(upload) &&
            (waiting.anonymous >= most / 2 || waiting.anonymous_bytes >= bytes))
                return err_set(err, RC_TOO_MANY,
                               "%zu uploads without a token wait to be pushed: send a token",
                               waiting.anonymous);
        return RC_OK;
}

enum rc upload_begin(struct world *world, const char *account_id, struct upload **ret,
                     struct err *err)
{
        CLEANUP(upload_freep) struct upload *upload = calloc(1, sizeof(*upload));
        enum rc rc;

        if (!upload)
                return err_set(err, RC_NOMEM, "no memory for an upload");
        upload->world = world;
        if (account_id && strlen(account_id) <= ACCOUNT_MAX)
                memcpy(upload->account_id, account_id, strlen(account_id) + 1);
        rc = place_take(upload, err);
        if (rc == RC_OK)
                rc = room_check(upload, err);
        if (rc == RC_OK)
                rc = blob_create(world->blobs, (uint64_t)world_int(world, SET_MAX_PACKAGE_BYTES),
                                 &upload->writer, err);
        if (rc != RC_OK)
                return rc;
        *ret = upload;
        upload = NULL;
        return RC_OK;
}

void upload_freep(struct upload **upload)
{
        if (!*upload)
                return;
        blob_writer_freep(&(*upload)->writer);
        if (is_anonymous(*upload))
                atomic_fetch_sub(&(*upload)->world->uploads_anonymous, 1);
        atomic_fetch_sub(&(*upload)->world->uploads, 1);
        free(*upload);
        *upload = NULL;
}

enum rc upload_put(struct upload *upload, const void *data, size_t bytes, struct err *err)
{
        return blob_write(upload->writer, data, bytes, err);
}

struct ending {
        struct world *world;
        struct upload_row row;
};

/* Once the row is in, and the blob is there, it stays. */
static enum rc insert_body(struct db_tx *tx, void *arg, struct err *err)
{
        const struct ending *ending = arg;
        const enum rc rc = store_upload_insert(tx, &ending->row, err);

        return rc == RC_OK ? world_blob_check(ending->world, &ending->row.digest, err) : rc;
}

enum rc upload_end(struct upload *upload, char id[UPLOAD_ID_CHARS + 1], struct err *err)
{
        struct world *world = upload->world;
        const usec_t now = world_now(world);
        char text[UPLOAD_ID_CHARS + 1];
        struct ending ending = {
                .world = world,
                .row = {.upload_id = text,
                        .account_id = upload->account_id,
                        .snap_id = "",
                        .status = "uploaded",
                        .error_code = "",
                        .error_text = "",
                        .request_json = "",
                        .created = now,
                        .expires = now + world_int(world, SET_UPLOAD_TTL_SEC) * USEC_PER_SEC},
        };
        enum rc rc;

        if (!blob_writer_bytes(upload->writer))
                return err_set(err, RC_INVALID, "the file is empty");
        rc = blob_commit(world->blobs, &upload->writer, &ending.row.digest, &ending.row.bytes, err);
        if (rc != RC_OK)
                return rc;
        random_text(text, UPLOAD_ID_CHARS);
        rc = db_run(world->db, DB_WRITE, insert_body, &ending, err);
        if (rc != RC_OK)
                return rc;
        memcpy(id, text, sizeof(text));
        return RC_OK;
}
