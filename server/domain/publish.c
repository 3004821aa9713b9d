/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/publish.h"
#include "core/model/name.h"
#include "server/domain/audit.h"
#include "server/domain/believe.h"
#include "server/domain/jobs.h"
#include "server/domain/keep.h"
#include "server/domain/origin.h"
#include "server/domain/package.h"
#include <inttypes.h>
#include <string.h>

#define BUILD_STREAM_MAX 8
#define VERSION_MAX      32

bool build_policy_required(const struct world *world, const struct package_row *package)
{
        return package->require_build || conf_bool(world->conf, SET_REQUIRE_SNAP_BUILD);
}

bool archs_split(struct arena *arena, const char *text, const char *ret[PACKAGE_ARCHS_MAX],
                 size_t *ret_count)
{
        char *at = arena_strdup(arena, text);

        *ret_count = 0;
        while (at) {
                char *arch = strsep(&at, ",");

                if (*ret_count == PACKAGE_ARCHS_MAX || !name_is_arch(arch))
                        return false;
                for (size_t i = 0; i < *ret_count; i++)
                        if (strcmp(ret[i], arch) == 0)
                                return false;
                ret[(*ret_count)++] = arch;
        }
        return *ret_count > 0;
}

/* --- the request beside the upload: three lines, then the stream --- */

const char *push_request_format(struct arena *arena, const struct push_request *request)
{
        return arena_printf(arena, "version %s\narch %s\ncomponent %s\n%s", request->version,
                            request->arch, request->component, request->snap_build);
}

static bool line_take(const char **at, const char *word, struct arena *arena, const char **ret)
{
        const size_t length = strlen(word);
        const char *end = strchr(*at, '\n');

        if (!end || strncmp(*at, word, length) != 0)
                return false;
        *ret = arena_memdup(arena, *at + length, (size_t)(end - *at) - length);
        *at = end + 1;
        return *ret != NULL;
}

enum rc push_request_parse(const char *text, struct arena *arena, struct push_request *ret,
                           struct err *err)
{
        const char *at = text;

        if (!line_take(&at, "version ", arena, &ret->version) ||
            !line_take(&at, "arch ", arena, &ret->arch) ||
            !line_take(&at, "component ", arena, &ret->component))
                return err_set(err, RC_CORRUPT, "a push cannot be read back");
        ret->snap_build = at;
        return RC_OK;
}

/* --- the signed build --- */

enum rc snap_build_find(const char *stream, struct arena *arena, struct assertion **ret,
                        struct err *err)
{
        struct assertion_stream reader;
        struct assertion *found = NULL;

        assertion_stream_init(&reader, stream, strlen(stream));
        for (;;) {
                struct assertion *item;
                const enum rc rc = assertion_stream_next(&reader, arena, &item, err);

                if (rc == RC_END)
                        break;
                if (rc != RC_OK)
                        return err_prefix(err, rc, "snap-build");
                if (strcmp(item->type->name, "snap-build") != 0)
                        continue;
                if (found)
                        return err_set(err, RC_INVALID, "more than one snap-build");
                found = item;
        }
        if (!found)
                return err_set(err, RC_INVALID, "there is no snap-build in the stream");
        *ret = found;
        return RC_OK;
}

static enum rc build_fits(const struct assertion *build, const struct upload_row *upload,
                          const struct package_row *package, struct err *err)
{
        char digest[DIGEST_B64_CHARS + 1];
        uint64_t bytes = 0;

        digest_b64(&upload->digest, digest);
        if (strcmp(build->authority, package->publisher_id) != 0)
                return err_set(err, RC_UNTRUSTED, "the build is signed by %.64s, not by %.64s",
                               build->authority, package->publisher_id);
        if (strcmp(build->pk[0], digest) != 0)
                return err_set(err, RC_UNTRUSTED, "the snap-build is of another file");
        if (assertion_number(build, "snap-size", &bytes) != RC_OK || bytes != upload->bytes)
                return err_set(err, RC_UNTRUSTED, "the snap-build is of a file of another size");
        if (strcmp(assertion_text(build, "snap-id"), package->snap_id) != 0)
                return err_set(err, RC_UNTRUSTED, "the snap-build is for another package");
        return RC_OK;
}

/* A stream brings the build and, at most, the keys and accounts that prove it. */
static enum rc kinds_check(const struct believed *believed, struct err *err)
{
        static const char *const allowed[] = {"snap-build", "account-key", "account"};

        for (size_t i = 0; i < believed->count; i++) {
                size_t kind = 0;

                while (kind < ARRAY_COUNT(allowed) &&
                       strcmp(allowed[kind], believed->items[i]->type->name) != 0)
                        kind++;
                if (kind == ARRAY_COUNT(allowed))
                        return err_set(err, RC_INVALID, "a %s has no place beside a snap-build",
                                       believed->items[i]->type->name);
        }
        return RC_OK;
}

static enum rc build_check(struct world *world, const char *stream, const struct upload_row *upload,
                           const struct package_row *package, struct arena *arena,
                           struct believed *ret, struct err *err)
{
        const struct catalog *catalog;
        struct assertion *build = NULL;
        enum rc rc;

        if (!*stream)
                return build_policy_required(world, package)
                               ? err_set_code(err, RC_FORBIDDEN, "snap-build-required",
                                              "this store takes signed builds only")
                               : RC_OK;
        if (strlen(stream) > SNAP_BUILD_MAX)
                return err_set(err, RC_TOO_BIG, "the snap-build stream is too long");
        rc = snap_build_find(stream, arena, &build, err);
        if (rc != RC_OK)
                return rc;
        catalog = catalog_acquire(world->catalog);
        rc = believe_stream(world, catalog, stream, strlen(stream), BUILD_STREAM_MAX, TRUST_DEFAULT,
                            arena, ret, err);
        catalog_release(world->catalog, catalog);
        if (rc == RC_EXPIRED)
                return err_set(err, RC_UNTRUSTED, "the key of the snap-build has expired");
        if (rc == RC_OK)
                rc = kinds_check(ret, err);
        return rc == RC_OK ? build_fits(build, upload, package, err) : rc;
}

/* --- pushing --- */

struct pushing {
        struct world *world;
        const struct actor *actor;
        const char *name;
        const struct push_ask *ask;
        struct arena *arena;
        struct package_row package;
        struct upload_row upload;
        struct believed build;
        usec_t now;
        bool is_done; /* pushed already */
        bool is_writing;
};

static enum rc no_upload(const struct pushing *pushing, struct err *err)
{
        return err_set(err, RC_NOT_FOUND, "the upload \"%.40s\" is not known, or waited too long",
                       pushing->ask->upload_id);
}

static enum rc upload_read(struct db_tx *tx, struct pushing *pushing, struct err *err)
{
        struct upload_row *upload = &pushing->upload;
        enum rc rc;

        rc = store_upload_get(tx, pushing->arena, pushing->ask->upload_id, upload, err);
        if (rc == RC_NOT_FOUND)
                return no_upload(pushing, err);
        if (rc != RC_OK)
                return rc;
        if (*upload->account_id && strcmp(upload->account_id, pushing->actor->account_id) != 0 &&
            !pushing->actor->is_admin)
                return no_upload(pushing, err);
        if (*upload->snap_id && strcmp(upload->snap_id, pushing->package.snap_id) != 0)
                return err_set(err, RC_CONFLICT, "this upload was pushed to another package");
        pushing->is_done = *upload->snap_id != '\0';
        if (!pushing->is_done && upload->expires <= pushing->now)
                return no_upload(pushing, err);
        return RC_OK;
}

static enum rc build_keep(struct db_tx *tx, struct pushing *pushing, struct err *err)
{
        uint64_t generation;
        bool any = false;
        enum rc rc = RC_OK;

        for (size_t i = 0; rc == RC_OK && i < pushing->build.count; i++) {
                bool added = false;

                rc = assertion_keep_tx(tx, pushing->build.items[i], true, pushing->now,
                                       pushing->arena, &added, err);
                /* A build that was signed twice is the same statement: the first one stays. */
                if (rc == RC_CONFLICT &&
                    strcmp(pushing->build.items[i]->type->name, "snap-build") == 0)
                        rc = RC_OK;
                any = any || added;
        }
        return rc == RC_OK && any ? store_generation_bump(tx, &generation, err) : rc;
}

static enum rc review_start(struct db_tx *tx, struct pushing *pushing, struct err *err)
{
        const struct push_request request = {pushing->ask->version, pushing->ask->arch,
                                             pushing->ask->component, pushing->ask->snap_build};
        struct upload_row *upload = &pushing->upload;
        enum rc rc;

        upload->request_json = push_request_format(pushing->arena, &request);
        if (!upload->request_json)
                return err_set(err, RC_NOMEM, "no memory for a push");
        upload->snap_id = pushing->package.snap_id;
        upload->status = "reviewing";
        if (!*upload->account_id)
                upload->account_id = pushing->actor->account_id;
        rc = store_upload_update(tx, upload, err);
        if (rc == RC_OK)
                rc = jobs_queue(tx, pushing->world, JOB_INSPECT, upload->upload_id, err);
        if (rc != RC_OK)
                return rc;
        return audit_add(tx, pushing->actor->account_id, "push", pushing->package.name,
                         pushing->now, err, "upload %s, %" PRIu64 " bytes", upload->upload_id,
                         upload->bytes);
}

static enum rc push_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct pushing *pushing = arg;
        enum rc rc;

        rc = package_open(tx, pushing->world, pushing->actor, pushing->name, pushing->arena,
                          &pushing->package, err);
        if (rc == RC_OK)
                rc = upload_read(tx, pushing, err);
        if (rc != RC_OK || pushing->is_done || !pushing->is_writing)
                return rc;
        rc = build_keep(tx, pushing, err);
        return rc == RC_OK ? review_start(tx, pushing, err) : rc;
}

static enum rc image_check(const struct pushing *pushing, struct err *err)
{
        const bool is_image = strcmp(pushing->package.type, PACKAGE_IMAGE_TYPE) == 0;
        const char *archs[PACKAGE_ARCHS_MAX];
        const char *version = pushing->ask->version;
        const char *arch = pushing->ask->arch;
        size_t count = 0;

        if (*pushing->ask->component && (is_image || !name_is_snap(pushing->ask->component)))
                return err_set(err, RC_INVALID, "\"%.40s\" is no component of a snap",
                               pushing->ask->component);
        if (!is_image)
                return *version || *arch
                               ? err_set(err, RC_INVALID,
                                         "a snap says its version and architecture itself")
                               : RC_OK;
        if (!name_is_version(version))
                return err_set(err, RC_INVALID, "an image needs a version of up to %d characters",
                               VERSION_MAX);
        if (!archs_split(pushing->arena, arch, archs, &count))
                return err_set(err, RC_INVALID,
                               "an image needs its architectures, joined by commas, or all");
        return RC_OK;
}

/* Said before the file is reviewed, and where the client asks first, before it is sent. */
static enum rc origin_check(const struct pushing *pushing, const struct digest *digest,
                            struct err *err)
{
        struct catalog_store *store = pushing->world->catalog;
        const struct catalog *catalog = catalog_acquire(store);
        const enum rc rc = origin_check_push(pushing->world, catalog, pushing->package.snap_id,
                                             pushing->package.name, digest, pushing->arena, err);

        catalog_release(store, catalog);
        return rc;
}

static enum rc catalog_follow(const struct pushing *pushing, struct err *err)
{
        enum rc rc = RC_OK;

        for (size_t i = 0; rc == RC_OK && i < pushing->build.count; i++) {
                const struct assertion *item = pushing->build.items[i];

                rc = catalog_reload_assertion(
                        pushing->world->catalog, item->type->name,
                        pk_join(pushing->arena, item->pk, item->type->pk_count), err);
        }
        return rc;
}

enum rc publish_push(struct world *world, const struct actor *actor, const char *name,
                     const struct push_ask *ask, struct err *err)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(16 * MIB);
        struct pushing pushing = {.world = world,
                                  .actor = actor,
                                  .name = name,
                                  .ask = ask,
                                  .arena = arena,
                                  .now = world_now(world)};
        enum rc rc;

        if (!arena)
                return err_set(err, RC_NOMEM, "no memory for a push");
        rc = db_run(world->db, DB_READ, push_body, &pushing, err);
        if (rc != RC_OK || pushing.is_done)
                return rc;
        rc = image_check(&pushing, err);
        if (rc == RC_OK)
                rc = origin_check(&pushing, &pushing.upload.digest, err);
        if (rc == RC_OK)
                rc = build_check(world, ask->snap_build, &pushing.upload, &pushing.package, arena,
                                 &pushing.build, err);
        if (rc != RC_OK)
                return rc;
        pushing.is_writing = true;
        rc = db_run(world->db, DB_WRITE, push_body, &pushing, err);
        if (rc == RC_OK)
                rc = catalog_follow(&pushing, err);
        if (rc == RC_OK)
                jobs_wake(world->jobs);
        return rc;
}

/* --- asking --- */

static enum rc open_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct pushing *pushing = arg;

        return package_open(tx, pushing->world, pushing->actor, pushing->name, pushing->arena,
                            &pushing->package, err);
}

enum rc publish_check(struct world *world, const struct actor *actor, const char *name,
                      const struct push_plan *plan, struct err *err)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(256 * KIB);
        struct pushing pushing = {.world = world, .actor = actor, .name = name, .arena = arena};
        const int64_t most = world_int(world, SET_MAX_PACKAGE_BYTES);
        const char *archs[PACKAGE_ARCHS_MAX];
        size_t count = 0;
        enum rc rc;

        if (!arena)
                return err_set(err, RC_NOMEM, "no memory for a check");
        rc = db_run(world->db, DB_READ, open_body, &pushing, err);
        if (rc != RC_OK)
                return rc;
        if (plan->bytes > (uint64_t)most)
                return err_set(err, RC_TOO_BIG, "a package has %" PRId64 " bytes at most here",
                               most);
        if (*plan->version && !name_is_version(plan->version))
                return err_set(err, RC_INVALID, "\"%.40s\" is no version", plan->version);
        if (*plan->arch && !archs_split(arena, plan->arch, archs, &count))
                return err_set(err, RC_INVALID, "the architecture \"%.32s\" is not known",
                               plan->arch);
        return plan->digest ? origin_check(&pushing, plan->digest, err) : RC_OK;
}

static enum rc status_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct pushing *pushing = arg;
        enum rc rc;

        rc = open_body(tx, pushing, err);
        if (rc == RC_OK)
                rc = store_upload_get(tx, pushing->arena, pushing->ask->upload_id, &pushing->upload,
                                      err);
        if (rc == RC_NOT_FOUND ||
            (rc == RC_OK && strcmp(pushing->upload.snap_id, pushing->package.snap_id) != 0))
                return err_set(err, RC_NOT_FOUND, "no such upload of \"%.64s\"", pushing->name);
        return rc;
}

enum rc publish_status(struct world *world, const struct actor *actor, const char *name,
                       const char *upload_id, struct arena *arena, struct upload_row *ret,
                       struct err *err)
{
        const struct push_ask ask = {.upload_id = upload_id};
        struct pushing pushing = {
                .world = world, .actor = actor, .name = name, .ask = &ask, .arena = arena};
        const enum rc rc = db_run(world->db, DB_READ, status_body, &pushing, err);

        if (rc == RC_OK)
                *ret = pushing.upload;
        return rc;
}
