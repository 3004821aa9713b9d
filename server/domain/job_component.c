/* SPDX-License-Identifier: Apache-2.0 */
/* The review of a component: looks into the file, gives it a number, has it signed. */
#include "core/base/fs.h"
#include "server/domain/job_inspect.h"
#include "server/domain/keep.h"
#include "server/domain/package.h"
#include <inttypes.h>
#include <string.h>

static enum rc look_inside(struct review *review, struct err *err)
{
        const struct component_info *info = &review->component;
        CLEANUP(fs_closep) int fd = -1;
        uint64_t bytes = 0;
        enum rc rc;

        rc = blob_open(review->world->blobs, &review->upload.digest, &fd, &bytes, err);
        if (rc == RC_NOT_FOUND)
                return err_set(err, RC_CORRUPT, "the file of an upload is gone");
        if (rc == RC_OK)
                rc = worker_inspect_component(&review->world->worker, fd, review->arena,
                                              &review->component, err);
        if (rc != RC_OK)
                return rc;
        if (strcmp(info->snap, review->package.name) != 0 ||
            strcmp(info->name, review->request.component) != 0)
                return err_set_code(err, RC_INVALID, "name-mismatch",
                                    "the file says that it is %s+%s, not %s+%s", info->snap,
                                    info->name, review->package.name, review->request.component);
        if (strcmp(info->provenance, "global-upload") != 0)
                return err_set_code(err, RC_INVALID, "provenance",
                                    "this store does not take provenance %.64s", info->provenance);
        return RC_OK;
}

static enum rc load_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct review *review = arg;
        struct component_row same;
        enum rc rc;

        rc = store_component_next(tx, review->package.snap_id, review->request.component,
                                  &review->next, err);
        if (rc != RC_OK)
                return rc;
        rc = store_component_get_by_digest(tx, review->arena, review->package.snap_id,
                                           review->request.component, &review->upload.digest, &same,
                                           err);
        review->is_known = rc == RC_OK;
        review->number = review->is_known ? same.number : 0;
        return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* The assertion of these bytes, of a time before a backup was put back. */
static bool claim_find(struct review *review, const struct catalog *catalog)
{
        char digest[DIGEST_B64_CHARS + 1];
        const struct assertion *known;
        const char *pk;

        digest_b64(&review->upload.digest, digest);
        pk = arena_printf(review->arena, "%s/%s/%s/global-upload", review->package.snap_id,
                          review->request.component, digest);
        known = pk ? catalog_get_assertion(catalog, "snap-resource-revision", pk, 0) : NULL;
        return known && assertion_number(known, "resource-revision", &review->number) == RC_OK;
}

static enum rc commit_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct review *review = arg;
        const struct component_row row = {
                .snap_id = review->package.snap_id,
                .name = review->component.name,
                .number = review->number,
                .digest = review->upload.digest,
                .bytes = review->upload.bytes,
                .type = review->component.type,
                .version = review->component.version,
                .summary = review->component.summary,
                .description = review->component.description,
                .developer_id = review->developer_id,
                .created = world_now(review->world),
        };
        uint64_t generation;
        enum rc rc;

        rc = store_component_insert(tx, &row, err);
        if (rc == RC_EXISTS)
                return err_set(err, RC_BUSY, "revision %" PRIu64 " came to be meanwhile",
                               review->number);
        if (rc == RC_OK && review->issued)
                rc = assertion_keep_tx(tx, review->issued, false, row.created, review->arena, NULL,
                                       err);
        if (rc == RC_OK)
                rc = store_generation_bump(tx, &generation, err);
        return rc == RC_OK ? review_end_tx(tx, review, err) : rc;
}

static enum rc commit(struct review *review, struct err *err)
{
        const struct assertion *issued = review->issued;
        enum rc rc;

        review_approve(review, review->number);
        rc = db_run(review->world->db, DB_WRITE, commit_body, review, err);
        if (rc == RC_OK && issued)
                rc = catalog_reload_assertion(
                        review->world->catalog, issued->type->name,
                        pk_join(review->arena, issued->pk, issued->type->pk_count), err);
        return rc == RC_OK ? catalog_reload_package(review->world->catalog, review->package.snap_id,
                                                    err)
                           : rc;
}

static enum rc end_body(struct db_tx *tx, void *arg, struct err *err)
{
        return review_end_tx(tx, arg, err);
}

enum rc component_review(struct review *review, struct err *err)
{
        const struct catalog *catalog;
        enum rc rc;

        rc = look_inside(review, err);
        if (rc == RC_OK)
                rc = db_run(review->world->db, DB_READ, load_body, review, err);
        if (rc == RC_OK && review->is_known) {
                review_approve(review, review->number);
                return db_run(review->world->db, DB_WRITE, end_body, review, err);
        }
        if (rc == RC_OK)
                rc = package_declare(review->world, &review->package, review->arena, err);
        if (rc != RC_OK)
                return rc;
        review->developer_id = review->package.publisher_id;
        catalog = catalog_acquire(review->world->catalog);
        if (!claim_find(review, catalog))
                rc = revision_issue(review, catalog, err);
        catalog_release(review->world->catalog, catalog);
        return rc == RC_OK ? commit(review, err) : rc;
}
