/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/inside/inside_build.h"
#include "delta/inside/crew.h"
#include "delta/inside/write.h"
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define THREADS_MAX 64

struct build {
        const struct inside_build *job;
        struct space space;
        struct image source;
        struct image target;
        struct plan plan;
        const uint8_t *target_bytes;
        size_t target_size;
        struct inside_header header;
};

static void build_fini(struct build *build)
{
        plan_fini(&build->plan);
        image_fini(&build->source);
        image_fini(&build->target);
        space_fini(&build->space);
        if (build->target_bytes)
                munmap((void *)build->target_bytes, build->target_size);
}

static enum rc map_target(struct build *build, struct err *err)
{
        struct stat st;
        void *bytes;

        if (fstat(build->job->target_fd, &st) < 0)
                return err_errno(err, "cannot look at the target");
        if (!S_ISREG(st.st_mode))
                return err_set(err, RC_INVALID, "the target is no file");
        build->target_size = (size_t)st.st_size;
        if (!build->target_size)
                return RC_OK;
        bytes = mmap(NULL, build->target_size, PROT_READ, MAP_PRIVATE, build->job->target_fd, 0);
        if (bytes == MAP_FAILED)
                return err_errno(err, "cannot map the target");
        build->target_bytes = bytes;
        return RC_OK;
}

static void digest_of(const uint8_t *bytes, size_t count, uint8_t ret[SHA3_384_BYTES])
{
        struct sha3 hash;

        sha3_init(&hash);
        sha3_update(&hash, bytes, count);
        sha3_finish(&hash, ret);
}

static enum rc load_block(void *arg, uint32_t number, struct err *err)
{
        struct build *build = arg;

        return space_load_block(&build->space, number, err);
}

static enum rc run_job(void *arg, uint32_t number, struct err *err)
{
        struct build *build = arg;

        return plan_run_job(&build->plan, number, err);
}

struct steps {
        const struct inside_build *job;
        uint32_t units;
};

/* Finding copies is the first half of the work, telling them the second. */
static bool told(void *arg, uint32_t done, uint32_t all)
{
        const struct steps *steps = arg;

        return !steps->job->progress ||
               steps->job->progress(steps->job->progress_arg,
                                    (uint64_t)steps->units * done / (all ? all : 1),
                                    2 * (uint64_t)steps->units);
}

static enum rc read_images(struct build *build, struct err *err)
{
        const struct inside_build *job = build->job;
        enum rc rc = space_open(job->source_fd,
                                job->content_budget ? job->content_budget : INSIDE_BUDGET,
                                &build->space, err);

        if (rc == RC_OK)
                rc = map_target(build, err);
        if (rc == RC_OK)
                rc = image_read(build->space.base, build->space.raw_bytes, &build->source, err);
        if (rc != RC_OK)
                return err_prefix(err, rc, "the source");
        rc = image_read(build->target_bytes, build->target_size, &build->target, err);
        return rc == RC_OK ? rc : err_prefix(err, rc, "the target");
}

static void fill_header(struct build *build)
{
        build->header.profile = (uint8_t)build->job->profile;
        build->header.source_bytes = build->space.raw_bytes;
        build->header.target_bytes = build->target_size;
        digest_of(build->space.base, build->space.raw_bytes, build->header.source);
        digest_of(build->target_bytes, build->target_size, build->header.target);
}

static void count_units(const struct build *build, struct inside_built *ret)
{
        for (uint32_t i = 0; i < build->target.block_count; i++) {
                const struct unit *unit = &build->plan.units[i];

                ret->same_blocks += unit->how == UNIT_SAME;
                ret->packed_blocks += unit->how == UNIT_PACKED;
                ret->plain_blocks += unit->how == UNIT_PLAIN;
                if (unit->how == UNIT_PACKED)
                        ret->packed_content_bytes += build->target.blocks[i].plain_bytes;
        }
}

enum rc inside_build(const struct inside_build *job, struct inside_built *ret, struct err *err)
{
        CLEANUP(build_fini) struct build build = {.job = job};
        const unsigned threads = job->threads < 1             ? 1
                                 : job->threads > THREADS_MAX ? THREADS_MAX
                                                              : job->threads;
        const struct inside_limits *limits = inside_limits_of(job->profile);
        struct inside_built built = {.bytes = NULL};
        struct steps steps = {.job = job};
        enum rc rc;

        if (!limits)
                return err_set(err, RC_UNSUPPORTED, "no profile %u", job->profile);
        rc = read_images(&build, err);
        if (rc == RC_OK)
                rc = plan_make(&build.source, &build.target, &build.space, limits, job->as_they_are,
                               &build.plan, err);
        if (rc == RC_OK)
                rc = crew_run(threads, build.source.block_count, load_block, &build, NULL, NULL,
                              err);
        if (rc == RC_OK)
                rc = plan_index(&build.plan, err);
        steps.units = build.target.block_count;
        if (rc == RC_OK)
                rc = crew_run(threads, build.plan.job_count, run_job, &build, told, &steps, err);
        if (rc != RC_OK)
                return rc;
        fill_header(&build);
        count_units(&build, &built);
        rc = write_delta(&build.plan, job, &build.header, &built, err);
        if (rc == RC_OK)
                *ret = built;
        return rc;
}
