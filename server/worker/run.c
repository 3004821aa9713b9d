/* SPDX-License-Identifier: Apache-2.0 */
#include "server/worker/run.h"
#include "core/base/clock.h"
#include "core/base/fs.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST_FILE    3
#define HIGH_FD       32                  /* above everything that the child's table needs */
#define TICK_MSEC     50                  /* how late a cancel or an exit may be noticed */
#define DEFAULT_LIFE  (USEC_PER_SEC * 60) /* where no limit is given */
#define END_POLL_USEC 2000

struct child {
        pid_t pid; /* 0: none left */
        int out;   /* what it says */
        usec_t deadline;
        const volatile sig_atomic_t *cancel;
};

/* The descriptors that the child is to get, moved out of the way of their new numbers. */
struct hand {
        int fds[2 + RUN_FILES_MAX]; /* null, answer, files */
        size_t count;
};

static void hand_fini(struct hand *hand)
{
        for (size_t i = 0; i < hand->count; i++)
                fs_closep(&hand->fds[i]);
}

static void child_fini(struct child *child)
{
        fs_closep(&child->out);
        if (child->pid <= 0)
                return;
        kill(-child->pid, SIGKILL);
        while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
                ;
        child->pid = 0;
}

static enum rc hand_add(struct hand *hand, int fd, struct err *err)
{
        const int high = fcntl(fd, F_DUPFD_CLOEXEC, HIGH_FD);

        if (high < 0)
                return err_errno(err, "cannot hand a file to the worker");
        hand->fds[hand->count++] = high;
        return RC_OK;
}

static enum rc hand_fill(struct hand *hand, const struct run_job *job, int answer_fd,
                         struct err *err)
{
        CLEANUP(fs_closep) int null_fd = -1;
        enum rc rc;

        rc = fs_open("/dev/null", O_RDWR, 0, &null_fd, err);
        if (rc != RC_OK)
                return rc;
        rc = hand_add(hand, null_fd, err);
        if (rc == RC_OK)
                rc = hand_add(hand, answer_fd, err);
        for (size_t i = 0; rc == RC_OK && i < job->file_count; i++)
                rc = hand_add(hand, job->files[i], err);
        return rc;
}

static int fill_actions(posix_spawn_file_actions_t *actions, const struct hand *hand)
{
        int failed = posix_spawn_file_actions_adddup2(actions, hand->fds[0], STDIN_FILENO);

        if (!failed)
                failed = posix_spawn_file_actions_adddup2(actions, hand->fds[1], STDOUT_FILENO);
        if (!failed)
                failed = posix_spawn_file_actions_adddup2(actions, hand->fds[0], STDERR_FILENO);
        for (size_t i = 2; i < hand->count && !failed; i++)
                failed = posix_spawn_file_actions_adddup2(actions, hand->fds[i],
                                                          FIRST_FILE + (int)i - 2);
        if (!failed)
                failed = posix_spawn_file_actions_addclosefrom_np(
                        actions, FIRST_FILE + (int)hand->count - 2);
        return failed;
}

static int fill_attributes(posix_spawnattr_t *attributes)
{
        const short flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
        sigset_t all;
        sigset_t none;

        sigfillset(&all);
        sigemptyset(&none);
        posix_spawnattr_setflags(attributes, flags);
        posix_spawnattr_setpgroup(attributes, 0);
        posix_spawnattr_setsigmask(attributes, &none);
        return posix_spawnattr_setsigdefault(attributes, &all);
}

static int spawn(const struct run_job *job, const struct hand *hand, pid_t *ret)
{
        char *const no_environment[] = {NULL};
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        int failed;

        failed = posix_spawn_file_actions_init(&actions);
        if (failed)
                return failed;
        failed = posix_spawnattr_init(&attributes);
        if (!failed) {
                failed = fill_actions(&actions, hand);
                if (!failed)
                        failed = fill_attributes(&attributes);
                if (!failed)
                        failed = posix_spawn(ret, job->options->binary, &actions, &attributes,
                                             job->arguments, no_environment);
                posix_spawnattr_destroy(&attributes);
        }
        posix_spawn_file_actions_destroy(&actions);
        return failed;
}

/* The worker limits itself before it reads; this holds for one that does not. */
static void limit_memory(pid_t pid, uint64_t bytes)
{
        const struct rlimit limit = {bytes, bytes};

        if (bytes && !WITH_SANITIZER)
                (void)prlimit(pid, RLIMIT_AS, &limit, NULL);
}

static enum rc start(const struct run_job *job, struct child *child, struct err *err)
{
        CLEANUP(hand_fini) struct hand hand = {.count = 0};
        CLEANUP(fs_closep) int answer_fd = -1;
        int ends[2];
        enum rc rc;
        int failed;

        if (pipe2(ends, O_CLOEXEC) < 0)
                return err_errno(err, "cannot make a pipe for the worker");
        child->out = ends[0];
        answer_fd = ends[1];
        rc = hand_fill(&hand, job, answer_fd, err);
        if (rc != RC_OK)
                return rc;
        failed = spawn(job, &hand, &child->pid);
        if (failed) {
                child->pid = 0;
                return err_set(err, RC_CRASHED, "cannot start %s: %s", job->options->binary,
                               strerror(failed));
        }
        limit_memory(child->pid, job->memory_bytes);
        return RC_OK;
}

static enum rc check_life(const struct child *child, struct err *err)
{
        if (child->cancel && *child->cancel)
                return err_set_code(err, RC_TIMEOUT, "cancelled", "the job was cancelled");
        if (clock_uptime() >= child->deadline)
                return err_set_code(err, RC_TIMEOUT, "worker-timeout",
                                    "the worker took longer than it may");
        return RC_OK;
}

static enum rc read_answer(const struct child *child, struct buf *answer, struct err *err)
{
        char part[4096];

        for (;;) {
                struct pollfd wait = {child->out, POLLIN, 0};
                enum rc rc = check_life(child, err);
                ssize_t got;

                if (rc != RC_OK)
                        return rc;
                if (poll(&wait, 1, TICK_MSEC) <= 0)
                        continue;
                got = read(child->out, part, sizeof(part));
                if (!got)
                        return RC_OK;
                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0)
                        return err_errno(err, "cannot read the worker's answer");
                buf_append(answer, part, (size_t)got);
                rc = buf_finish(answer, err);
                if (rc == RC_TOO_BIG)
                        return err_set(err, RC_CRASHED, "the worker talks without end");
                if (rc != RC_OK)
                        return rc;
        }
}

static enum rc wait_for_end(struct child *child, struct err *err)
{
        int status = 0;

        for (;;) {
                const pid_t ended = waitpid(child->pid, &status, WNOHANG);
                enum rc rc;

                if (ended == child->pid)
                        break;
                if (ended < 0 && errno != EINTR)
                        return err_errno(err, "lost sight of the worker");
                rc = check_life(child, err);
                if (rc != RC_OK)
                        return rc;
                usleep(END_POLL_USEC);
        }
        /* What it may have left behind in its group. */
        kill(-child->pid, SIGKILL);
        child->pid = 0;
        if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
                return err_set_code(err, RC_TIMEOUT, "worker-timeout",
                                    "the worker computed longer than it may");
        if (WIFSIGNALED(status))
                return err_set(err, RC_CRASHED, "the worker was ended by signal %d (%s)",
                               WTERMSIG(status), strsignal(WTERMSIG(status)));
        return RC_OK;
}

enum rc run_child(const struct run_job *job, struct buf *answer, struct err *err)
{
        CLEANUP(child_fini) struct child child = {.pid = 0, .out = -1};
        enum rc rc;

        child.cancel = job->options->cancel;
        child.deadline =
                clock_uptime() +
                (job->options->seconds ? job->options->seconds * USEC_PER_SEC : DEFAULT_LIFE);
        rc = start(job, &child, err);
        if (rc != RC_OK)
                return rc;
        rc = read_answer(&child, answer, err);
        if (rc != RC_OK)
                return rc;
        return wait_for_end(&child, err);
}
