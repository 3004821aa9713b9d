/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/package_import.h"
#include "core/base/fs.h"
#include "core/model/delegation.h"
#include "server/domain/audit.h"
#include "server/domain/origin.h"
#include "server/domain/package_media.h"
#include "server/domain/revision_keep.h"
#include <inttypes.h>
#include <string.h>

struct incoming {
        struct world *world;
        const struct actor *actor;
        const struct package_import_ask *ask;
        struct arena *arena;
        struct import_run stream;
        const struct catalog *catalog;
        struct upload_row upload;
        struct package_info info;
        struct media_row icon; /* that the file brought; kind NULL: none */
        const struct assertion *revision;
        const struct assertion *declaration;
        const char *name;
        uint64_t number;
        struct revision_row row;
        bool is_new;
};

/* --- the upload --- */

static enum rc upload_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct incoming *in = arg;
        struct upload_row *upload = &in->upload;
        enum rc rc;

        rc = store_upload_get(tx, in->arena, in->ask->upload_id, upload, err);
        if (rc == RC_NOT_FOUND || (rc == RC_OK && strcmp(upload->status, "uploaded") == 0 &&
                                   upload->expires <= world_now(in->world)))
                return err_set(err, RC_NOT_FOUND,
                               "the upload \"%.40s\" is not known, or waited too long",
                               in->ask->upload_id);
        if (rc == RC_OK && strcmp(upload->status, "reviewing") == 0)
                return err_set(err, RC_CONFLICT, "this upload is being reviewed as a push");
        return rc;
}

/* --- what was signed about these bytes --- */

static const struct assertion *fresh_find(const struct incoming *in, const char *type,
                                          const char *pk0, const char *pk1)
{
        for (size_t i = 0; i < in->stream.believed.count; i++) {
                const struct assertion *item = in->stream.believed.items[i];

                if (strcmp(item->type->name, type) == 0 && strcmp(item->pk[0], pk0) == 0 &&
                    strcmp(item->pk[1], pk1) == 0)
                        return item;
        }
        return NULL;
}

static const struct assertion *newer(const struct assertion *a, const struct assertion *b)
{
        return !a || (b && b->revision > a->revision) ? b : a;
}

static enum rc bytes_check(const struct incoming *in, struct err *err)
{
        char digest[DIGEST_B64_CHARS + 1];
        bool spoken = false;

        digest_b64(&in->upload.digest, digest);
        for (size_t i = 0; i < in->stream.believed.count; i++) {
                const struct assertion *item = in->stream.believed.items[i];

                spoken = spoken || (strcmp(item->type->name, "snap-revision") == 0 &&
                                    strcmp(item->pk[0], digest) == 0);
        }
        return spoken ? RC_OK
                      : err_set_code(err, RC_UNTRUSTED, "digest-mismatch",
                                     "no snap-revision of the stream speaks of this file "
                                     "(SHA3-384 %s)",
                                     digest);
}

static enum rc revision_choose(struct incoming *in, struct err *err)
{
        char digest[DIGEST_B64_CHARS + 1];
        uint64_t bytes = 0;

        digest_b64(&in->upload.digest, digest);
        in->revision = newer(fresh_find(in, "snap-revision", digest, in->info.provenance),
                             revision_assertion_find(in->catalog, &in->upload.digest,
                                                     in->info.provenance, in->arena));
        if (!in->revision)
                return err_set_code(err, RC_UNTRUSTED, "provenance",
                                    "the file says provenance %.64s, which nobody signed",
                                    in->info.provenance);
        if (assertion_number(in->revision, "snap-size", &bytes) != RC_OK ||
            bytes != in->upload.bytes)
                return err_set_code(err, RC_UNTRUSTED, "size-mismatch",
                                    "the file has %" PRIu64 " bytes, %" PRIu64 " were signed",
                                    in->upload.bytes, bytes);
        return assertion_number(in->revision, "snap-revision", &in->number);
}

static enum rc declaration_choose(struct incoming *in, struct err *err)
{
        const char *snap_id = assertion_text(in->revision, "snap-id");
        const char *pk = arena_printf(in->arena, "16/%s", snap_id);

        if (!pk)
                return err_set(err, RC_NOMEM, "no memory for a declaration");
        in->declaration =
                newer(fresh_find(in, "snap-declaration", "16", snap_id),
                      catalog_get_assertion(in->catalog, "snap-declaration", pk,
                                            assertion_type_find("snap-declaration")->max_format));
        if (!in->declaration)
                return err_set_code(err, RC_UNTRUSTED, "missing-prerequisite",
                                    "no snap-declaration of %s is known", snap_id);
        in->name = assertion_text(in->declaration, "snap-name");
        if (!*in->name)
                return err_set_code(err, RC_UNTRUSTED, "revoked", "the package %s is revoked",
                                    snap_id);
        return RC_OK;
}

/* A delegation that is for other stores only would put here what no device of ours takes. */
static enum rc scope_check(const struct incoming *in, struct err *err)
{
        const char *store = world_text(in->world, SET_STORE_ID);

        if (strcmp(in->info.provenance, PROVENANCE_DEFAULT) == 0 ||
            delegation_covers_store(in->declaration, in->revision->authority, in->info.provenance,
                                    in->number, store,
                                    catalog_get_assertion(in->catalog, "store", store, 0)))
                return RC_OK;
        return err_set_code(err, RC_UNTRUSTED, "provenance",
                            "provenance %.64s by %.64s is not for the store %.64s",
                            in->info.provenance, in->revision->authority, store);
}

static enum rc signed_check(struct incoming *in, struct err *err)
{
        enum rc rc;

        rc = revision_choose(in, err);
        if (rc == RC_OK)
                rc = declaration_choose(in, err);
        if (rc == RC_OK)
                rc = scope_check(in, err);
        return rc == RC_OK ? package_info_check(&in->info, in->name, "", err) : rc;
}

/* --- the file --- */

static enum rc look_inside(struct incoming *in, struct err *err)
{
        CLEANUP(fs_closep) int fd = -1;
        struct err why = {.text = ""};
        uint64_t bytes = 0;
        enum rc rc;

        rc = blob_open(in->world->blobs, &in->upload.digest, &fd, &bytes, err);
        if (rc == RC_NOT_FOUND)
                return err_set(err, RC_CORRUPT, "the file of an upload is gone");
        if (rc != RC_OK)
                return rc;
        rc = worker_inspect(&in->world->worker, fd, in->arena, &in->info, err);
        if (rc != RC_OK)
                return rc;
        /* A package without an icon, or with one that is none, is as good as another. */
        rc = package_icon_take(in->world, fd, &in->icon, &why, err);
        return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* --- keeping --- */

static enum rc package_keep(struct db_tx *tx, struct incoming *in, struct err *err)
{
        const struct package_row row = {
                .snap_id = in->declaration->pk[1],
                .store_id = world_text(in->world, SET_STORE_ID),
                .name = in->name,
                .publisher_id = assertion_text(in->declaration, "publisher-id"),
                .type = in->info.type,
                .title = "",
                .summary = "",
                .description = "",
                .default_track = "",
                .created = in->stream.now,
        };
        struct package_row known;
        enum rc rc;

        rc = store_package_get(tx, in->arena, row.snap_id, &known, err);
        if (rc == RC_OK) {
                if (strcmp(known.store_id, row.store_id) != 0)
                        return err_set(err, RC_CONFLICT, "%.64s belongs to the store %.64s",
                                       known.name, known.store_id);
                return package_info_check(&in->info, known.name, known.type, err);
        }
        if (rc == RC_NOT_FOUND)
                rc = store_package_get_by_name(tx, in->arena, row.store_id, row.name, &known, err);
        if (rc == RC_OK)
                return err_set(err, RC_CONFLICT, "the name %.64s is another package's here",
                               row.name);
        return rc == RC_NOT_FOUND ? store_package_insert(tx, &row, err) : rc;
}

static enum rc taken(const struct incoming *in, const char *what, struct err *err)
{
        return err_set(err, RC_CONFLICT, "revision %" PRIu64 " of %.64s is here %s", in->number,
                       in->name, what);
}

static enum rc revision_keep(struct db_tx *tx, struct incoming *in, struct err *err)
{
        struct revision_row known;
        uint64_t generation;
        enum rc rc;

        in->is_new = false;
        rc = store_revision_get(tx, in->arena, in->row.snap_id, in->number, &known, err);
        if (rc == RC_OK)
                return digest_equal(&known.digest, &in->row.digest) &&
                                       strcmp(known.provenance, in->row.provenance) == 0
                               ? RC_OK
                               : taken(in, "with other bytes", err);
        if (rc != RC_NOT_FOUND)
                return rc;
        in->is_new = true;
        rc = store_revision_insert(tx, &in->row, err);
        if (rc == RC_EXISTS)
                return taken(in, "under another number", err);
        if (rc == RC_OK && in->icon.kind)
                rc = package_icon_keep_tx(tx, in->world, in->row.snap_id, in->number, &in->icon,
                                          err);
        if (rc == RC_OK)
                rc = package_type_keep(tx, in->row.snap_id, in->info.type, in->arena, err);
        if (rc == RC_OK)
                rc = store_generation_bump(tx, &generation, err);
        if (rc != RC_OK)
                return rc;
        return audit_add(tx, in->actor->account_id, "import-package", in->name, in->stream.now, err,
                         "revision %" PRIu64 ", signed by %.64s", in->number,
                         in->revision->authority);
}

static enum rc keep_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct incoming *in = arg;
        enum rc rc;

        rc = import_keep_tx(tx, &in->stream, err);
        if (rc == RC_OK)
                rc = package_keep(tx, in, err);
        if (rc == RC_OK)
                rc = revision_keep(tx, in, err);
        if (rc != RC_OK)
                return rc;
        in->upload.snap_id = in->row.snap_id;
        in->upload.status = "approved";
        in->upload.revision = in->number;
        in->upload.request_json = "";
        return store_upload_update(tx, &in->upload, err);
}

static enum rc row_make(struct incoming *in, struct err *err)
{
        const struct revision_facts facts = {
                .snap_id = in->declaration->pk[1],
                .number = in->number,
                .digest = &in->upload.digest,
                .bytes = in->upload.bytes,
                .developer_id = assertion_text(in->revision, "developer-id"),
                .build_signed = false,
                .now = in->stream.now,
        };

        return revision_row_make(&in->info, &facts, in->arena, &in->row, err);
}

/* --- all of it --- */

static enum rc incoming_check(struct incoming *in, struct err *err)
{
        enum rc rc;

        rc = db_run(in->world->db, DB_READ, upload_body, in, err);
        if (rc == RC_OK)
                rc = import_prepare(&in->stream, in->ask->stream, in->ask->stream_bytes,
                                    TRUST_DEFAULT, err);
        if (rc == RC_OK)
                rc = bytes_check(in, err);
        if (rc == RC_OK)
                rc = look_inside(in, err);
        if (rc == RC_OK)
                rc = signed_check(in, err);
        return rc == RC_OK ? row_make(in, err) : rc;
}

/* Texts of the catalog's assertions are copied: they go with it. */
static enum rc answer_make(const struct incoming *in, struct package_imported *ret, struct err *err)
{
        *ret = (struct package_imported){
                .name = arena_strdup(in->arena, in->name),
                .snap_id = arena_strdup(in->arena, in->row.snap_id),
                .publisher_id =
                        arena_strdup(in->arena, assertion_text(in->declaration, "publisher-id")),
                .authority = arena_strdup(in->arena, in->revision->authority),
                .provenance = in->info.provenance,
                .revision = in->number,
                .is_new = in->is_new,
                .assertions = in->stream.results,
                .assertion_count = in->stream.believed.count,
        };
        return ret->name && ret->snap_id && ret->publisher_id && ret->authority
                       ? RC_OK
                       : err_set(err, RC_NOMEM, "no memory for an import");
}

enum rc package_import(struct world *world, const struct actor *actor,
                       const struct package_import_ask *ask, struct arena *arena,
                       struct package_imported *ret, struct err *err)
{
        struct incoming in = {.world = world,
                              .actor = actor,
                              .ask = ask,
                              .arena = arena,
                              .stream = {.world = world, .by = actor->account_id, .arena = arena}};
        enum rc rc;

        in.catalog = catalog_acquire(world->catalog);
        rc = incoming_check(&in, err);
        if (rc == RC_OK)
                rc = db_run(world->db, DB_WRITE, keep_body, &in, err);
        if (rc == RC_OK)
                rc = import_follow(&in.stream, err);
        if (rc == RC_OK)
                rc = catalog_reload_package(world->catalog, in.row.snap_id, err);
        if (rc == RC_OK)
                rc = answer_make(&in, ret, err);
        catalog_release(world->catalog, in.catalog);
        return rc;
}
