/* SPDX-License-Identifier: Apache-2.0 */
#include "server/signer/sandbox.h"
#include "core/base/user.h"
#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static const int allowed_calls[] = {
        /* requests */
        SCMP_SYS(accept4),
        SCMP_SYS(getsockopt),
        SCMP_SYS(read),
        SCMP_SYS(sendto),
        SCMP_SYS(poll),
        SCMP_SYS(ppoll),
        SCMP_SYS(close),
        SCMP_SYS(restart_syscall),
        /* the two logs */
        SCMP_SYS(write),
        SCMP_SYS(fdatasync),
        SCMP_SYS(ftruncate),
        /* memory and time */
        SCMP_SYS(munmap),
        SCMP_SYS(brk),
        SCMP_SYS(mremap),
        SCMP_SYS(madvise),
        SCMP_SYS(mlock),
        SCMP_SYS(munlock),
        SCMP_SYS(futex),
        SCMP_SYS(getrandom),
        SCMP_SYS(clock_gettime),
        SCMP_SYS(gettimeofday),
        SCMP_SYS(time),
        SCMP_SYS(getrusage),
        /* knowing oneself, signals, the end */
        SCMP_SYS(getpid),
        SCMP_SYS(getppid),
        SCMP_SYS(gettid),
        SCMP_SYS(geteuid),
        SCMP_SYS(getuid),
        SCMP_SYS(rt_sigaction),
        SCMP_SYS(rt_sigprocmask),
        SCMP_SYS(rt_sigreturn),
        SCMP_SYS(sched_yield),
        SCMP_SYS(exit),
        SCMP_SYS(exit_group),
};

#if WITH_SANITIZER
/* What the sanitizers' own run time needs; no such build is installed. */
static const int sanitizer_calls[] = {
        SCMP_SYS(sigaltstack),     SCMP_SYS(clone),    SCMP_SYS(clone3),
        SCMP_SYS(ptrace),          SCMP_SYS(wait4),    SCMP_SYS(prctl),
        SCMP_SYS(openat),          SCMP_SYS(readlink), SCMP_SYS(getdents64),
        SCMP_SYS(newfstatat),      SCMP_SYS(tgkill),   SCMP_SYS(prlimit64),
        SCMP_SYS(set_robust_list), SCMP_SYS(rseq),     SCMP_SYS(process_vm_readv),
};
#endif

/* Pages are locked as they are touched: locking all that is mapped could fail for its size alone.
 */
static void memory_lock(void)
{
        const struct rlimit endless = {RLIM_INFINITY, RLIM_INFINITY};
        struct rlimit limit = {0, 0};

        /* Only root may raise it; with a finite limit a later allocation would fail. */
        (void)setrlimit(RLIMIT_MEMLOCK, &endless);
        if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY)
                (void)mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
}

enum rc sandbox_hide(struct err *err)
{
        const struct rlimit none = {0, 0};

        if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
                return err_errno(err, "cannot become undumpable");
        if (setrlimit(RLIMIT_CORE, &none) < 0)
                return err_errno(err, "cannot forbid core dumps");
        memory_lock();
        return RC_OK;
}

enum rc sandbox_drop(uid_t uid, gid_t gid, struct err *err)
{
        const enum rc rc = user_become(uid, gid, err);

        if (rc != RC_OK)
                return rc;
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return err_errno(err, "cannot give up new privileges");
        /* A change of user makes the process dumpable by that user again. */
        if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
                return err_errno(err, "cannot become undumpable");
        return RC_OK;
}

static void filter_freep(scmp_filter_ctx *filter)
{
        if (*filter)
                seccomp_release(*filter);
        *filter = NULL;
}

static int calls_allow(scmp_filter_ctx filter, const int *calls, size_t count)
{
        int fault = 0;

        for (size_t i = 0; i < count && fault == 0; i++)
                fault = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
        return fault;
}

enum rc sandbox_close(struct err *err)
{
        CLEANUP(filter_freep) scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
        int fault;

        if (!filter)
                return err_set(err, RC_NOMEM, "no memory for the sandbox");
        fault = calls_allow(filter, allowed_calls, ARRAY_COUNT(allowed_calls));
        /* Memory, but never code. */
        if (fault == 0)
                fault = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                                         SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
        if (fault == 0)
                fault = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                                         SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
#if WITH_SANITIZER
        if (fault == 0)
                fault = calls_allow(filter, sanitizer_calls, ARRAY_COUNT(sanitizer_calls));
#endif
        if (fault == 0)
                fault = seccomp_load(filter);
        if (fault != 0)
                return err_set(err, RC_IO, "cannot close the sandbox: %s", strerror(-fault));
        return RC_OK;
}
