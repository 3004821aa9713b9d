/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/worker/delta.h"
#include "core/base/fs.h"
#include "delta/apply/format.h"
#include "delta/inside/inside_build.h"
#include "delta/worker/xdelta.h"
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void map_fini(struct bytes_view *view)
{
        if (view->bytes)
                munmap((void *)view->data, view->bytes);
        view->bytes = 0;
}

static void built_fini(struct inside_built *built)
{
        free(built->bytes);
}

static enum rc map_file(int fd, const char *what, struct bytes_view *ret, struct err *err)
{
        struct stat st;
        void *data;

        if (fstat(fd, &st) < 0)
                return err_errno(err, "cannot look at the %s", what);
        if (!S_ISREG(st.st_mode) || st.st_size <= 0)
                return err_set(err, RC_INVALID, "the %s is empty or no file", what);
        if ((uint64_t)st.st_size > XDELTA_INPUT_MAX)
                return err_set(err, RC_TOO_BIG, "the %s is over %zu bytes", what, XDELTA_INPUT_MAX);
        data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
        if (data == MAP_FAILED)
                return err_errno(err, "cannot map the %s", what);
        ret->data = data;
        ret->bytes = (size_t)st.st_size;
        return RC_OK;
}

static enum rc put_file(void *arg, const void *data, size_t bytes, struct err *err)
{
        return fs_write_all(*(const int *)arg, data, bytes, err);
}

static enum rc put_hash(void *arg, const void *data, size_t bytes, struct err *err)
{
        (void)err;
        hash_update(arg, data, bytes);
        return RC_OK;
}

static enum rc compare(struct hash *hash, const struct digest *want, const char *decoder,
                       struct err *err)
{
        struct digest got;

        hash_finish(hash, &got);
        if (!digest_equal(&got, want))
                return err_set(err, RC_CONFLICT, "%s does not rebuild the target from the delta",
                               decoder);
        return RC_OK;
}

/* A decoder that fails has not proved anything, whatever its reason. */
static enum rc not_proved(enum rc rc, const char *decoder, struct err *err)
{
        if (rc == RC_OK || rc_is_fault(rc))
                return rc;
        return err_prefix(err, RC_CONFLICT, "%s", decoder);
}

/* By the decoder that devices use. */
static enum rc prove(const struct delta_job *job, struct hash *hash, struct err *err)
{
        const struct delta_format *format = delta_format_find(job->format);
        uint64_t bytes;
        const enum rc rc =
                format->apply(job->source_fd, job->out_fd, INT64_MAX, put_hash, hash, &bytes, err);

        return rc == RC_OK ? compare(hash, &job->target, "store-delta", err)
                           : not_proved(rc, "store-delta", err);
}

/* snapd applies with xdelta3's own code. */
static enum rc prove_xdelta(const struct delta_job *job, struct bytes_view source,
                            uint64_t target_bytes, struct hash *hash, struct err *err)
{
        CLEANUP(map_fini) struct bytes_view delta = {NULL, 0};
        enum rc rc = map_file(job->out_fd, "delta", &delta, err);

        if (rc == RC_OK)
                rc = xdelta_decode(source, delta, target_bytes, put_hash, hash, err);
        return rc == RC_OK ? compare(hash, &job->target, "xdelta3", err)
                           : not_proved(rc, "xdelta3", err);
}

static uint64_t usec_of(struct timeval time)
{
        return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_usec;
}

static void measure(struct delta_done *done)
{
        struct rusage usage;

        memset(&usage, 0, sizeof(usage));
        getrusage(RUSAGE_SELF, &usage);
        done->cpu_usec = usec_of(usage.ru_utime) + usec_of(usage.ru_stime);
        done->peak_bytes = (uint64_t)usage.ru_maxrss * KIB;
}

static enum rc not_worth(const struct delta_job *job, struct err *err)
{
        return err_set_code(err, RC_NOT_WORTH, "delta-not-worth",
                            "the delta is over %" PRIu64 " bytes", job->max_bytes);
}

static enum rc build_xdelta(const struct delta_job *job, struct hash *hash, struct err *err)
{
        CLEANUP(map_fini) struct bytes_view source = {NULL, 0};
        CLEANUP(map_fini) struct bytes_view target = {NULL, 0};
        int out_fd = job->out_fd;
        enum rc rc = map_file(job->source_fd, "source", &source, err);

        if (rc == RC_OK)
                rc = map_file(job->target_fd, "target", &target, err);
        if (rc != RC_OK)
                return rc;
        /* The encoder stops at the bound, so a bad pair costs bounded time and disk. */
        rc = xdelta_encode(source, target, job->max_bytes, put_file, &out_fd, err);
        if (rc == RC_TOO_BIG)
                return not_worth(job, err);
        return rc == RC_OK ? prove_xdelta(job, source, target.bytes, hash, err) : rc;
}

static enum rc build_inside(const struct delta_job *job, struct hash *hash, struct err *err)
{
        const struct inside_build build = {
                .source_fd = job->source_fd,
                .target_fd = job->target_fd,
                .profile = job->small ? PROFILE_SMALL : PROFILE_LARGE,
                .threads = job->threads,
                .max_bytes = job->max_bytes,
        };
        CLEANUP(built_fini) struct inside_built built = {.bytes = NULL};
        enum rc rc = inside_build(&build, &built, err);

        (void)hash;
        if (rc == RC_NOT_WORTH)
                return not_worth(job, err);
        return rc == RC_OK ? fs_write_all(job->out_fd, built.bytes, built.count, err) : rc;
}

/* By the names of delta/apply/format.c. */
static const struct {
        const char *name;
        enum rc (*build)(const struct delta_job *job, struct hash *hash, struct err *err);
} builders[] = {{"storehouse-1", build_inside}, {"xdelta3", build_xdelta}};

static enum rc build(const struct delta_job *job, struct hash *hash, struct err *err)
{
        for (size_t i = 0; i < ARRAY_COUNT(builders); i++) {
                if (strcmp(builders[i].name, job->format) == 0)
                        return builders[i].build(job, hash, err);
        }
        return err_set_code(err, RC_UNSUPPORTED, "delta-format", "no delta format %s", job->format);
}

enum rc delta_build(const struct delta_job *job, struct delta_done *ret, struct err *err)
{
        CLEANUP(hash_freep) struct hash *hash = hash_new_sha3_384();
        struct delta_done done;
        enum rc rc;

        if (!hash)
                return err_set(err, RC_NOMEM, "no memory for a hash");
        /* What an attempt before this one may have left. */
        if (ftruncate(job->out_fd, 0) < 0 || lseek(job->out_fd, 0, SEEK_SET) < 0)
                return err_errno(err, "cannot empty the delta's file");
        rc = build(job, hash, err);
        if (rc == RC_OK)
                rc = prove(job, hash, err);
        if (rc == RC_OK)
                rc = sha3_384_fd(job->out_fd, &done.digest, &done.bytes, err);
        if (rc != RC_OK)
                return rc;
        measure(&done);
        *ret = done;
        return RC_OK;
}
