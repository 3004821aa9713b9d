/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/store-delta/sealed.h"
#include "core/base/fs.h"
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__x86_64__)
#define MACHINE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define MACHINE AUDIT_ARCH_AARCH64
#elif defined(__arm__)
#define MACHINE AUDIT_ARCH_ARM
#elif defined(__riscv) && __riscv_xlen == 64
#define MACHINE AUDIT_ARCH_RISCV64
#elif defined(__i386__)
#define MACHINE AUDIT_ARCH_I386
#endif

/* What a decoder calls: it reads and writes what is open, takes memory, and ends. */
static const int allowed_calls[] = {
        SYS_read,        SYS_write,      SYS_pread64,     SYS_lseek,          SYS_fstat,
        SYS_munmap,      SYS_mremap,     SYS_brk,         SYS_madvise,        SYS_futex,
        SYS_exit,        SYS_exit_group, SYS_getrandom,   SYS_rt_sigreturn,   SYS_restart_syscall,
#ifdef SYS_newfstatat
        SYS_newfstatat,
#endif
#ifdef SYS_fstat64
        SYS_fstat64,     SYS_fstatat64,  SYS__llseek,
#endif
/* The sanitizers' runtime needs these to report; a release build has none of them. */
#if WITH_SANITIZER
        SYS_getpid,      SYS_gettid,     SYS_sigaltstack, SYS_rt_sigprocmask, SYS_rt_sigaction,
        SYS_sched_yield,
#endif
};

/* With no right to execute. */
static const int memory_calls[] = {
        SYS_mprotect,
#ifdef SYS_mmap
        SYS_mmap,
#endif
#ifdef SYS_mmap2
        SYS_mmap2,
#endif
};

#define FILTER_MAX 96

struct filter {
        struct sock_filter rows[FILTER_MAX];
        unsigned short count;
};

static void put(struct filter *filter, struct sock_filter row)
{
        filter->rows[filter->count++] = row;
}

static void allow_if(struct filter *filter, unsigned call)
{
        put(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1));
        put(filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
}

/* The third argument is the protection. */
static void allow_unless_executable(struct filter *filter, unsigned call)
{
        const unsigned protection = (unsigned)offsetof(struct seccomp_data, args[2]);
        const unsigned number = (unsigned)offsetof(struct seccomp_data, nr);

        put(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 4));
        put(filter, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, protection));
        put(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 1, 0));
        put(filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
        put(filter, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, number));
}

enum rc sealed_enter(struct err *err)
{
#ifdef MACHINE
        struct filter filter = {.count = 0};
        struct sock_fprog program;

        put(&filter, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                                  offsetof(struct seccomp_data, arch)));
        put(&filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0));
        put(&filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
        put(&filter, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                                  offsetof(struct seccomp_data, nr)));
        for (size_t i = 0; i < ARRAY_COUNT(allowed_calls); i++)
                allow_if(&filter, (unsigned)allowed_calls[i]);
        for (size_t i = 0; i < ARRAY_COUNT(memory_calls); i++)
                allow_unless_executable(&filter, (unsigned)memory_calls[i]);
        put(&filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
        program = (struct sock_fprog){.len = filter.count, .filter = filter.rows};
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
            prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0)
                return RC_OK;
        return err_set(err, RC_UNSUPPORTED, "this machine gives no system call filter: %s",
                       strerror(errno));
#else
        return err_set(err, RC_UNSUPPORTED, "no system call filter for this kind of machine");
#endif
}

/* What the process leaves behind, in memory that both see. */
struct answer {
        bool given;
        enum rc rc;
        uint64_t bytes;
        struct err err;
};

static enum rc put_file(void *arg, const void *data, size_t bytes, struct err *err)
{
        return fs_write_all(*(const int *)arg, data, bytes, err);
}

static void run_sealed(const struct sealed_job *job, struct answer *answer)
{
        int out_fd = job->out_fd;

        answer->rc = sealed_enter(&answer->err);
        if (answer->rc == RC_UNSUPPORTED && job->open)
                answer->rc = RC_OK;
        if (answer->rc == RC_OK)
                answer->rc =
                        job->format->apply(job->source_fd, job->delta_fd, job->max_target_bytes,
                                           put_file, &out_fd, &answer->bytes, &answer->err);
        answer->given = true;
}

static enum rc wait_for(pid_t pid, const struct answer *answer, uint64_t *ret_bytes,
                        struct err *err)
{
        int status = 0;

        while (waitpid(pid, &status, 0) < 0) {
                if (errno != EINTR)
                        return err_errno(err, "cannot wait for the decoder");
        }
        if (WIFSIGNALED(status))
                return err_set(err, RC_CRASHED, "the decoder was stopped by signal %d",
                               WTERMSIG(status));
        if (!answer->given)
                return err_set(err, RC_CRASHED, "the decoder gave no answer");
        if (answer->rc != RC_OK)
                *err = answer->err;
        else
                *ret_bytes = answer->bytes;
        return answer->rc;
}

enum rc sealed_apply(const struct sealed_job *job, uint64_t *ret_bytes, struct err *err)
{
        struct answer *answer = mmap(NULL, sizeof(*answer), PROT_READ | PROT_WRITE,
                                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        enum rc rc;
        pid_t pid;

        if (answer == MAP_FAILED)
                return err_errno(err, "no memory for the decoder's answer");
        pid = fork();
        if (!pid) {
                run_sealed(job, answer);
                _exit(0);
        }
        if (pid < 0)
                rc = err_errno(err, "cannot start the decoder");
        else
                rc = wait_for(pid, answer, ret_bytes, err);
        munmap(answer, sizeof(*answer));
        return rc;
}
