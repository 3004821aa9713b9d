/* SPDX-License-Identifier: Apache-2.0 */
/* The review of a push: looks into the file, gives it a number, has its revision signed. */
#include "server/domain/job_inspect.h"
#include "core/base/fs.h"
#include "core/model/delegation.h"
#include "server/domain/audit.h"
#include "server/domain/keep.h"
#include "server/domain/package.h"
#include "server/domain/package_media.h"
#include "server/domain/revision_keep.h"
#include <inttypes.h>
#include <string.h>

/* --- what the database knows --- */

static enum rc load_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct review *review = arg;
        struct upload_row *upload = &review->upload;
        enum rc rc;

        rc = store_upload_get(tx, review->arena, review->upload_id, upload, err);
        if (rc != RC_OK)
                return rc;
        rc = store_package_get(tx, review->arena, upload->snap_id, &review->package, err);
        if (rc == RC_OK)
                rc = store_revision_next(tx, upload->snap_id, &review->next, err);
        if (rc != RC_OK)
                return rc;
        rc = store_revision_get_by_digest(tx, review->arena, upload->snap_id, &upload->digest,
                                          &review->same, err);
        review->is_known = rc == RC_OK;
        return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* --- the ends of a review --- */

enum rc review_end_tx(struct db_tx *tx, struct review *review, struct err *err)
{
        struct upload_row current;
        enum rc rc;

        rc = store_upload_get(tx, review->arena, review->upload_id, &current, err);
        if (rc != RC_OK || strcmp(current.status, "reviewing") != 0)
                return rc;
        rc = store_upload_update(tx, &review->upload, err);
        if (rc != RC_OK)
                return rc;
        return audit_add(tx, review->upload.account_id, review->upload.status, review->package.name,
                         world_now(review->world), err, "upload %s: revision %" PRIu64 " %s%s%s",
                         review->upload_id, review->upload.revision, review->upload.error_text,
                         *review->icon_why.text ? "its icon is not shown: " : "",
                         review->icon_why.text);
}

static enum rc end_body(struct db_tx *tx, void *arg, struct err *err)
{
        return review_end_tx(tx, arg, err);
}

void review_approve(struct review *review, uint64_t number)
{
        review->upload.status = "approved";
        review->upload.revision = number;
        review->upload.request_json = "";
}

static enum rc approve_known(struct review *review, uint64_t number, struct err *err)
{
        review_approve(review, number);
        return db_run(review->world->db, DB_WRITE, end_body, review, err);
}

static enum rc reject(struct review *review, const char *code, const char *text, struct err *err)
{
        review->upload.status = "rejected";
        review->upload.error_code = arena_strdup(review->arena, code);
        review->upload.error_text = arena_strdup(review->arena, text);
        review->upload.request_json = "";
        if (!review->upload.error_code || !review->upload.error_text)
                return err_set(err, RC_NOMEM, "no memory for a review");
        return db_run(review->world->db, DB_WRITE, end_body, review, err);
}

/* --- looking into the file --- */

static enum rc image_describe(struct review *review, struct err *err)
{
        struct package_info *info = &review->info;

        *info = (struct package_info){
                .name = review->package.name,
                .version = review->request.version,
                .type = PACKAGE_IMAGE_TYPE,
                .base = "none",
                .confinement = "strict",
                .grade = "stable",
                .title = "",
                .summary = "",
                .description = "",
                .license = "",
                .contact = "",
                .website = "",
                .provenance = PROVENANCE_DEFAULT,
                .epoch = {.read = {0}, .read_count = 1, .write = {0}, .write_count = 1},
                .snap_yaml = "",
                .compression = "",
        };
        return *info->version && archs_split(review->arena, review->request.arch, info->archs,
                                             &info->arch_count)
                       ? RC_OK
                       : err_set(err, RC_INVALID, "an image needs a version and an architecture");
}

/* A package without an icon, or with one that is none, is as good as another. */
static enum rc icon_look(struct review *review, int fd, struct err *err)
{
        const enum rc rc =
                package_icon_take(review->world, fd, &review->icon, &review->icon_why, err);

        return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc look_inside(struct review *review, struct err *err)
{
        CLEANUP(fs_closep) int fd = -1;
        uint64_t bytes = 0;
        enum rc rc;

        if (strcmp(review->package.type, PACKAGE_IMAGE_TYPE) == 0)
                return image_describe(review, err);
        rc = blob_open(review->world->blobs, &review->upload.digest, &fd, &bytes, err);
        if (rc == RC_NOT_FOUND)
                return err_set(err, RC_CORRUPT, "the file of an upload is gone");
        if (rc != RC_OK)
                return rc;
        rc = worker_inspect(&review->world->worker, fd, review->arena, &review->info, err);
        return rc == RC_OK ? icon_look(review, fd, err) : rc;
}

/* --- what is known of these bytes by their assertion --- */

enum claim { CLAIM_NONE, CLAIM_OURS, CLAIM_OTHERS };

static enum claim claim_find(struct review *review, const struct catalog *catalog)
{
        const struct assertion *known = revision_assertion_find(
                catalog, &review->upload.digest, review->info.provenance, review->arena);

        if (!known)
                return CLAIM_NONE;
        if (strcmp(assertion_text(known, "snap-id"), review->package.snap_id) != 0 ||
            assertion_number(known, "snap-revision", &review->number) != RC_OK)
                return CLAIM_OTHERS;
        review->developer_id = arena_strdup(review->arena, assertion_text(known, "developer-id"));
        return CLAIM_OURS;
}

/* Numbers that were given elsewhere count too. */
static void next_raise(struct review *review, const struct catalog *catalog)
{
        size_t first = 0;
        const size_t count = catalog_assertions_of(catalog, "snap-revision", &first);

        for (size_t i = first; i < first + count; i++) {
                const struct catalog_assertion *entry = catalog_assertion_at(catalog, i);
                const struct assertion *newest = entry->revisions[entry->count - 1];
                uint64_t number = 0;

                if (strcmp(assertion_text(newest, "snap-id"), review->package.snap_id) == 0 &&
                    assertion_number(newest, "snap-revision", &number) == RC_OK &&
                    number >= review->next)
                        review->next = number + 1;
        }
}

/* Our own packages are signed by the store; of a package that was declared elsewhere, the brand
 * signs what its revision-authority lets the brand sign, and nobody here signs anything else. */
static enum rc signer_choose(struct review *review, const struct catalog *catalog, struct err *err)
{
        const char *provenance = review->info.provenance;
        struct origin *origin = &review->origin;
        uint64_t first;
        enum rc rc;

        rc = origin_find(review->world, catalog, review->package.snap_id, review->arena, origin,
                         err);
        if (rc != RC_OK)
                return rc;
        review->developer_id = review->package.publisher_id;
        if (strcmp(provenance, PROVENANCE_DEFAULT) == 0)
                return !origin->is_foreign
                               ? RC_OK
                               : err_set_code(err, RC_FORBIDDEN, "declared-elsewhere",
                                              "%.64s is declared by %.64s, which signs its "
                                              "revisions: import them",
                                              review->package.name, origin->declaration->authority);
        first = origin->declaration && origin->brand_id[0]
                        ? delegation_first(origin->declaration, origin->brand_id, provenance)
                        : 0;
        if (first > review->next)
                review->next = first;
        if (!origin_lets_brand(origin, provenance, review->next))
                return err_set_code(err, RC_FORBIDDEN, "provenance",
                                    "no revision-authority lets this store's brand sign revision "
                                    "%" PRIu64 " of provenance %.64s",
                                    review->next, provenance);
        review->by_brand = true;
        review->developer_id = arena_strdup(review->arena, origin->brand_id);
        return review->developer_id ? RC_OK : err_set(err, RC_NOMEM, "no memory for a review");
}

/* --- keeping --- */

static enum rc row_make(struct review *review, struct revision_row *ret, struct err *err)
{
        const struct revision_facts facts = {
                .snap_id = review->package.snap_id,
                .number = review->number,
                .digest = &review->upload.digest,
                .bytes = review->upload.bytes,
                .developer_id = review->developer_id,
                .build_signed = *review->request.snap_build != '\0',
                .now = world_now(review->world),
        };

        return revision_row_make(&review->info, &facts, review->arena, ret, err);
}

static enum rc commit_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct review *review = arg;
        uint64_t generation;
        enum rc rc;

        rc = store_revision_insert(tx, &review->row, err);
        /* Another review took the number, or the same bytes, meanwhile: look again. */
        if (rc == RC_EXISTS)
                return err_set(err, RC_BUSY, "revision %" PRIu64 " came to be meanwhile",
                               review->number);
        if (rc == RC_OK && review->icon.kind)
                rc = package_icon_keep_tx(tx, review->world, review->package.snap_id,
                                          review->number, &review->icon, err);
        if (rc == RC_OK && review->issued)
                rc = assertion_keep_tx(tx, review->issued, false, review->row.created,
                                       review->arena, NULL, err);
        if (rc == RC_OK)
                rc = package_type_keep(tx, review->package.snap_id, review->info.type,
                                       review->arena, err);
        if (rc == RC_OK)
                rc = store_generation_bump(tx, &generation, err);
        return rc == RC_OK ? review_end_tx(tx, review, err) : rc;
}

static enum rc commit(struct review *review, struct err *err)
{
        const struct assertion *issued = review->issued;
        struct catalog_store *store = review->world->catalog;
        enum rc rc;

        rc = row_make(review, &review->row, err);
        if (rc != RC_OK)
                return rc;
        review_approve(review, review->number);
        rc = db_run(review->world->db, DB_WRITE, commit_body, review, err);
        if (rc == RC_OK && issued)
                rc = catalog_reload_assertion(
                        store, issued->type->name,
                        pk_join(review->arena, issued->pk, issued->type->pk_count), err);
        if (rc == RC_OK)
                rc = catalog_reload_package(store, review->package.snap_id, err);
        return rc;
}

static enum rc number_and_keep(struct review *review, struct err *err)
{
        const struct catalog *catalog;
        enum claim claim;
        enum rc rc;

        rc = package_declare(review->world, &review->package, review->arena, err);
        if (rc != RC_OK)
                return rc;
        catalog = catalog_acquire(review->world->catalog);
        claim = claim_find(review, catalog);
        if (claim == CLAIM_NONE) {
                next_raise(review, catalog);
                rc = signer_choose(review, catalog, err);
                if (rc == RC_OK)
                        rc = revision_issue(review, catalog, err);
        }
        catalog_release(review->world->catalog, catalog);
        if (rc == RC_OK && claim == CLAIM_OTHERS)
                return reject(review, "duplicate-content",
                              "these bytes are a revision of another package", err);
        return rc == RC_OK ? commit(review, err) : rc;
}

/* --- the job --- */

/* What is wrong with the file, or refused for it, ends the review; anything else is tried again. */
static enum rc verdict(struct review *review, enum rc rc, const char *code, struct err *err)
{
        const struct err why = *err;

        if (rc != RC_INVALID && rc != RC_REFUSED && rc != RC_FORBIDDEN)
                return rc;
        if (rc != RC_INVALID)
                code = rc_api_code(rc);
        return reject(review, *why.code ? why.code : code, why.text, err);
}

static enum rc review_run(struct review *review, struct err *err)
{
        enum rc rc = look_inside(review, err);

        if (rc == RC_OK)
                rc = package_info_check(&review->info, review->package.name, review->package.type,
                                        err);
        if (rc == RC_OK)
                rc = number_and_keep(review, err);
        return verdict(review, rc, "bad-package", err);
}

static enum rc component_run(struct review *review, struct err *err)
{
        return verdict(review, component_review(review, err), "bad-component", err);
}

enum rc job_inspect(struct world *world, const struct job_row *job, struct err *err)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(32 * MIB);
        struct review review = {.world = world, .arena = arena, .upload_id = job->subject};
        enum rc rc;

        if (!arena)
                return err_set(err, RC_NOMEM, "no memory for a review");
        rc = db_run(world->db, DB_READ, load_body, &review, err);
        if (rc == RC_NOT_FOUND) /* the package was deleted, and the upload with it */
                return RC_OK;
        if (rc != RC_OK || strcmp(review.upload.status, "reviewing") != 0)
                return rc;
        rc = push_request_parse(review.upload.request_json, arena, &review.request, err);
        if (rc != RC_OK)
                return rc;
        if (*review.request.component)
                return component_run(&review, err);
        if (review.is_known)
                return approve_known(&review, review.same.number, err);
        return review_run(&review, err);
}

enum rc job_inspect_give_up(struct world *world, const struct job_row *job, enum rc rc,
                            const struct err *why, struct err *err)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(4 * MIB);
        struct review review = {.world = world, .arena = arena, .upload_id = job->subject};
        enum rc loaded;

        if (!arena)
                return err_set(err, RC_NOMEM, "no memory for a review");
        loaded = db_run(world->db, DB_READ, load_body, &review, err);
        if (loaded != RC_OK)
                return loaded == RC_NOT_FOUND ? RC_OK : loaded;
        return reject(&review, *why->code ? why->code : rc_api_code(rc),
                      rc_is_fault(rc) ? "the store could not look into the file" : why->text, err);
}
