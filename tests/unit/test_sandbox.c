/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/fs.h"
#include "delta/worker/sandbox.h"
#include "tests/lib/check.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void call_read(void)
{
        char byte;

        (void)!pread(0, &byte, 1, 0);
}

static void call_open(void)
{
        (void)!open("/etc/passwd", O_RDONLY);
}

static void call_creat(void)
{
        (void)!open("/tmp/escaped", O_CREAT | O_WRONLY, 0600);
}

static void call_execve(void)
{
        char *const words[] = {(char *)"/bin/true", NULL};

        execve(words[0], words, words + 1);
}

static void call_socket(void)
{
        (void)!socket(AF_INET, SOCK_STREAM, 0);
}

static void call_socketpair(void)
{
        int ends[2];

        (void)!socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
}

static void call_fork(void)
{
        if (fork() == 0)
                _exit(0);
}

static void call_kill(void)
{
        kill(getppid(), 0);
}

static void call_ptrace(void)
{
        (void)!ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static void call_unlink(void)
{
        (void)!unlink("/tmp/none");
}

static void call_unshare(void)
{
        (void)!unshare(CLONE_NEWUSER);
}

static void call_setuid(void)
{
        (void)!setuid(0);
}

static void call_mmap_exec(void)
{
        (void)!mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void call_mprotect_exec(void)
{
        void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        (void)!mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static const struct {
        const char *what;
        void (*call)(void);
        bool allowed;
} call_rows[] = {
        {"read", call_read, true},
        {"open", call_open, false},
        {"creat", call_creat, false},
        {"execve", call_execve, false},
        {"socket", call_socket, false},
        {"socketpair", call_socketpair, false},
        {"fork", call_fork, false},
        {"kill", call_kill, false},
        {"ptrace", call_ptrace, false},
        {"unlink", call_unlink, false},
        {"unshare", call_unshare, false},
        {"setuid", call_setuid, false},
        {"mmap with a right to execute", call_mmap_exec, false},
        {"mprotect with a right to execute", call_mprotect_exec, false},
};

static int status_in_sandbox(void (*call)(void))
{
        const struct sandbox_options options = {
                .keep_count = 3, .memory_bytes = GIB, .seconds = 5, .file_bytes = MIB};
        struct sandbox_state state;
        int status = -1;
        const pid_t pid = fork();

        if (pid == 0) {
                if (sandbox_enter(&options, &state, NULL) != RC_OK)
                        _exit(9);
                call();
                _exit(0);
        }
        if (pid < 0 || waitpid(pid, &status, 0) != pid)
                exit(1);
        return status;
}

static void test_sandbox_calls(void)
{
        check_promise("a call that the worker has no need of ends it");
        for (size_t i = 0; i < ARRAY_COUNT(call_rows); i++) {
                const int status = status_in_sandbox(call_rows[i].call);

                check_case("%s", call_rows[i].what);
                if (call_rows[i].allowed)
                        CHECK_INT(status, 0);
                else
                        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
        }
}

static void test_sandbox_files(void)
{
        const struct sandbox_options options = {
                .keep_count = 4, .memory_bytes = GIB, .seconds = 5, .file_bytes = 100};
        int status = -1;
        pid_t pid;

        check_promise("files that were not handed over are closed, and none grows over its bound");
        pid = fork();
        if (pid == 0) {
                const char text[200] = {0};
                struct sandbox_state state;
                const int kept = dup2(memfd_create("kept", 0), 3);
                const int extra = fcntl(kept, F_DUPFD, 20);

                if (sandbox_enter(&options, &state, NULL) != RC_OK)
                        _exit(9);
                if (lseek(extra, 0, SEEK_CUR) >= 0 || errno != EBADF)
                        _exit(2);
                if (write(kept, text, 200) != 100)
                        _exit(3);
                _exit(write(kept, text, 1) < 0 && errno == EFBIG ? 0 : 4);
        }
        CHECK(waitpid(pid, &status, 0) == pid);
        CHECK_INT(status, 0);
}

static void test_sandbox_user(void)
{
        const struct sandbox_options options = {.keep_count = 3, .user = "no-such-user"};
        struct sandbox_state state;
        int status = -1;
        pid_t pid;

        check_promise("a user that does not exist is an error, not a reason to stay root");
        if (geteuid() != 0)
                return;
        pid = fork();
        if (pid == 0)
                _exit(sandbox_enter(&options, &state, NULL) == RC_NOT_FOUND ? 0 : 1);
        CHECK(waitpid(pid, &status, 0) == pid);
        CHECK_INT(status, 0);
}

int main(void)
{
        test_sandbox_calls();
        test_sandbox_files();
        test_sandbox_user();
        return check_end();
}
