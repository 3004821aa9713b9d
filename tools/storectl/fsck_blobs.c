/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/fs.h"
#include "tools/storectl/fsck.h"
#include "tools/storectl/progress.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define UNREFERENCED_MAX 1000

static int blob_compare(const void *a, const void *b)
{
        return memcmp(&((const struct fsck_blob *)a)->digest,
                      &((const struct fsck_blob *)b)->digest, sizeof(struct digest));
}

static void blob_look(struct fsck *fsck, struct blob_store *blobs, const struct fsck_blob *want)
{
        CLEANUP(fs_closep) int fd = -1;
        struct digest digest;
        struct err err = {0};
        uint64_t bytes = 0;
        enum rc rc;

        rc = blob_open(blobs, &want->digest, &fd, &bytes, &err);
        if (rc != RC_OK) {
                fsck_report(fsck, "blob", want->what, "%s",
                            rc == RC_NOT_FOUND ? "its bytes are not there" : err.text);
                return;
        }
        if (bytes != want->bytes) {
                fsck_report(fsck, "blob", want->what,
                            "it has %" PRIu64 " bytes, and should have %" PRIu64, bytes,
                            want->bytes);
                return;
        }
        if (fsck->fast)
                return;
        rc = sha3_384_fd(fd, &digest, &bytes, &err);
        if (rc != RC_OK)
                fsck_report(fsck, "blob", want->what, "%s", err.text);
        else if (!digest_equal(&digest, &want->digest))
                fsck_report(fsck, "blob", want->what, "its bytes are not those of its digest");
}

static enum rc blob_see(void *context, const struct digest *id, uint64_t bytes, struct err *err)
{
        const struct fsck_blob key = {.digest = *id};
        struct fsck *fsck = context;
        char hex[DIGEST_HEX_CHARS + 1];

        (void)err;
        fsck->blobs++;
        fsck->bytes += bytes;
        if (fsck->expected_count &&
            bsearch(&key, fsck->expected, fsck->expected_count, sizeof(key), blob_compare))
                return RC_OK;
        digest_hex(id, hex);
        if (json_array_size(fsck->unreferenced) < UNREFERENCED_MAX)
                json_array_append_new(fsck->unreferenced, json_string(hex));
        return RC_OK;
}

enum rc fsck_look_blobs(struct fsck *fsck, struct blob_store *blobs, struct err *err)
{
        struct progress progress;
        uint64_t total = 0;

        if (fsck->expected_count)
                qsort(fsck->expected, fsck->expected_count, sizeof(*fsck->expected), blob_compare);
        for (size_t i = 0; i < fsck->expected_count; i++)
                total += fsck->expected[i].bytes;
        progress_begin(&progress, fsck->cli,
                       fsck->fast ? "Looking at packages" : "Reading packages", total);
        for (size_t i = 0; i < fsck->expected_count; i++) {
                const struct fsck_blob *blob = &fsck->expected[i];

                /* Two revisions (of two packages) may be the same bytes. */
                if (!i || blob_compare(blob, blob - 1) != 0 || blob->bytes != blob[-1].bytes)
                        blob_look(fsck, blobs, blob);
                progress_add(&progress, blob->bytes);
        }
        progress_end(&progress);
        return blob_each(blobs, blob_see, fsck, err);
}
