/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/worker/delta.h"
#include "core/base/fs.h"
#include "delta/apply/vcdiff.h"
#include "delta/worker/xdelta.h"
#include <assert.h>
#include <inttypes.h>
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

static enum rc prove(const struct delta_job *job, struct bytes_view source, uint64_t target_bytes,
                     struct err *err)
{
        CLEANUP(hash_freep) struct hash *hash = hash_new_sha3_384();
        CLEANUP(map_fini) struct bytes_view delta = {NULL, 0};
        uint64_t bytes;
        enum rc rc;

        if (!hash)
                return err_set(err, RC_NOMEM, "no memory for a hash");
        rc = map_file(job->out_fd, "delta", &delta, err);
        if (rc != RC_OK)
                return rc;

        rc = xdelta_decode(source, delta, target_bytes, put_hash, hash, err);
        if (rc != RC_OK)
                return not_proved(rc, "xdelta3", err);
        rc = compare(hash, &job->target, "xdelta3", err);
        if (rc != RC_OK)
                return rc;

        rc = vcdiff_apply_to(job->source_fd, job->out_fd, put_hash, hash, target_bytes, &bytes,
                             err);
        if (rc != RC_OK)
                return not_proved(rc, "store-delta", err);
        return compare(hash, &job->target, "store-delta", err);
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

enum rc delta_build(const struct delta_job *job, struct delta_done *ret, struct err *err)
{
        CLEANUP(map_fini) struct bytes_view source = {NULL, 0};
        CLEANUP(map_fini) struct bytes_view target = {NULL, 0};
        struct delta_done done;
        int out_fd = job->out_fd;
        enum rc rc;

        if (strcmp(job->format, "xdelta3") != 0)
                return err_set_code(err, RC_UNSUPPORTED, "delta-format", "no delta format %s",
                                    job->format);
        rc = map_file(job->source_fd, "source", &source, err);
        if (rc != RC_OK)
                return rc;
        rc = map_file(job->target_fd, "target", &target, err);
        if (rc != RC_OK)
                return rc;

        /* What an attempt before this one may have left. */
        if (ftruncate(out_fd, 0) < 0 || lseek(out_fd, 0, SEEK_SET) < 0)
                return err_errno(err, "cannot empty the delta's file");
        /* The encoder stops at the bound, so a bad pair costs bounded time and disk. */
        rc = xdelta_encode(source, target, job->max_bytes, put_file, &out_fd, err);
        if (rc == RC_TOO_BIG)
                return err_set_code(err, RC_NOT_WORTH, "delta-not-worth",
                                    "the delta is over %" PRIu64 " bytes", job->max_bytes);
        if (rc != RC_OK)
                return rc;

        rc = prove(job, source, target.bytes, err);
        if (rc != RC_OK)
                return rc;
        rc = sha3_384_fd(job->out_fd, &done.digest, &done.bytes, err);
        if (rc != RC_OK)
                return rc;
        measure(&done);
        *ret = done;
        return RC_OK;
}
