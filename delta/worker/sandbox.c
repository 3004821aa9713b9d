/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/worker/sandbox.h"
#include "core/base/user.h"
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* sysinfo: glibc's qsort asks how much memory there is before it sorts many rows. */
static const int allowed_calls[] = {
        SCMP_SYS(read),          SCMP_SYS(pread64),      SCMP_SYS(write),
        SCMP_SYS(pwrite64),      SCMP_SYS(writev),       SCMP_SYS(lseek),
        SCMP_SYS(fstat),         SCMP_SYS(newfstatat),   SCMP_SYS(ftruncate),
        SCMP_SYS(close),         SCMP_SYS(munmap),       SCMP_SYS(mremap),
        SCMP_SYS(brk),           SCMP_SYS(madvise),      SCMP_SYS(futex),
        SCMP_SYS(clock_gettime), SCMP_SYS(getrandom),    SCMP_SYS(getrusage),
        SCMP_SYS(sched_yield),   SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall),
        SCMP_SYS(exit),          SCMP_SYS(exit_group),   SCMP_SYS(sysinfo),
};

/* The sanitizers' runtime needs these to report; a release build has none of them. */
static const int sanitizer_calls[] = {
        SCMP_SYS(getpid),         SCMP_SYS(gettid),       SCMP_SYS(sigaltstack),
        SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction), SCMP_SYS(sched_getaffinity),
};

/* Of a thread's beginning and end. */
static const int thread_calls[] = {SCMP_SYS(set_robust_list), SCMP_SYS(rseq),
                                   SCMP_SYS(rt_sigprocmask)};

/* mmap and mprotect: never with a right to execute. */
static const int memory_calls[] = {SCMP_SYS(mmap), SCMP_SYS(mprotect)};

static void limit(int resource, rlim_t soft, rlim_t hard, bool *ret_failed)
{
        struct rlimit have;
        struct rlimit want = {soft, hard};

        if (getrlimit(resource, &have) < 0) {
                *ret_failed = true;
                return;
        }
        /* A limit that is lower already stays. */
        if (have.rlim_max < want.rlim_max)
                want.rlim_max = have.rlim_max;
        if (want.rlim_cur > want.rlim_max)
                want.rlim_cur = want.rlim_max;
        if (setrlimit(resource, &want) < 0)
                *ret_failed = true;
}

static enum rc set_limits(const struct sandbox_options *options, struct err *err)
{
        bool failed = false;

        limit(RLIMIT_CORE, 0, 0, &failed);
        limit(RLIMIT_NOFILE, (rlim_t)options->keep_count, (rlim_t)options->keep_count, &failed);
        limit(RLIMIT_FSIZE, options->file_bytes, options->file_bytes, &failed);
        if (options->memory_bytes && !WITH_SANITIZER)
                limit(RLIMIT_AS, options->memory_bytes, options->memory_bytes, &failed);
        if (options->seconds)
                limit(RLIMIT_CPU, options->seconds, options->seconds + 1, &failed);
        /* Threads count too, with those of the user's other processes; then the filter alone
         * decides. */
        if (options->threads < 2)
                limit(RLIMIT_NPROC, 0, 0, &failed);
        if (failed)
                return err_set(err, RC_UNSUPPORTED, "cannot limit what the worker may use");
        /* Over the file size a write then answers EFBIG instead of ending the process. */
        signal(SIGXFSZ, SIG_IGN);
        return RC_OK;
}

/* As far as this machine allows: inside a container it may not, and seccomp forbids sockets anyway.
 */
static bool leave_namespaces(void)
{
        const int parts = CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;

        if (geteuid() == 0)
                return unshare(parts) == 0;
        return unshare(CLONE_NEWUSER | parts) == 0;
}

static enum rc drop_user(const char *name, struct err *err)
{
        uid_t uid = 0;
        gid_t gid = 0;
        enum rc rc;

        if (geteuid() != 0 || !name || !*name)
                return RC_OK;
        rc = user_find(name, &uid, &gid, err);
        return rc == RC_OK ? user_become(uid, gid, err) : rc;
}

static int allow_all(scmp_filter_ctx filter, const int *calls, size_t count)
{
        int failed = 0;

        for (size_t i = 0; i < count && !failed; i++)
                failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
        return failed;
}

/* clone with the flags of a thread, and of nothing else; clone3, whose flags a filter cannot see,
 * is answered as by a kernel that has none. */
static int allow_threads(scmp_filter_ctx filter)
{
        const uint64_t thread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
        int failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                                      SCMP_A0(SCMP_CMP_MASKED_EQ, thread, thread));

        if (!failed)
                failed = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
        return failed ? failed : allow_all(filter, thread_calls, ARRAY_COUNT(thread_calls));
}

static int fill_filter(scmp_filter_ctx filter, const struct sandbox_options *options)
{
        int failed = allow_all(filter, allowed_calls, ARRAY_COUNT(allowed_calls));

        if (!failed && WITH_SANITIZER)
                failed = allow_all(filter, sanitizer_calls, ARRAY_COUNT(sanitizer_calls));
        if (!failed && options->threads > 1)
                failed = allow_threads(filter);
        for (size_t i = 0; i < ARRAY_COUNT(memory_calls) && !failed; i++)
                failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, memory_calls[i], 1,
                                          SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
        return failed;
}

static enum rc forbid_calls(const struct sandbox_options *options, struct err *err)
{
        scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
        int failed;

        if (!filter)
                return err_set(err, RC_UNSUPPORTED, "no seccomp filter to be had");
        failed = fill_filter(filter, options);
        if (!failed)
                failed = seccomp_load(filter);
        seccomp_release(filter);
        if (failed)
                return err_set(err, RC_UNSUPPORTED, "cannot forbid system calls: %s",
                               strerror(-failed));
        return RC_OK;
}

enum rc sandbox_enter(const struct sandbox_options *options, struct sandbox_state *ret,
                      struct err *err)
{
        enum rc rc;

        if (close_range((unsigned)options->keep_count, ~0U, 0) < 0)
                return err_errno(err, "cannot close what the worker was not handed");
        ret->namespaces = leave_namespaces();
        rc = drop_user(options->user, err);
        if (rc != RC_OK)
                return rc;
        if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return err_errno(err, "cannot give up privileges");
        rc = set_limits(options, err);
        if (rc != RC_OK && !options->optional)
                return rc;
        rc = forbid_calls(options, err);
        ret->seccomp = rc == RC_OK;
        return options->optional ? RC_OK : rc;
}
