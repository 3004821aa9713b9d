/* SPDX-License-Identifier: Apache-2.0 */
#include "server/supervise.h"
#include "core/base/clock.h"
#include "core/base/fs.h"
#include "core/base/log.h"
#include "core/model/settings.h"
#include "server/serve.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define READY_SEC      60 /* Argon2id on a slow machine */
#define STOP_SEC       20
#define YOUNG_USEC     (5 * USEC_PER_SEC)
#define LOCK_WAIT_USEC (5 * USEC_PER_SEC)
#define YOUNG_DEATHS   5

struct child {
        const char *name;
        pid_t pid; /* 0: not running */
        usec_t started;
        int young_deaths; /* in a row, each soon after its start */
};

struct supervisor {
        const struct conf *conf;
        const char *conf_path;
        struct child signer;
        struct child server;
        int signals; /* signalfd */
        bool stopping;
};

static void signals_unblock(void)
{
        sigset_t none;

        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the child: ends with its parent, whatever happens to that. */
static void bind_to_parent(pid_t parent)
{
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent)
                _exit(1);
        signals_unblock();
}

static void signer_exec(const struct supervisor *supervisor, int ready_fd)
{
        char folder[PATH_MAX];
        char binary[PATH_MAX + 32];
        char ready[16];

        if (fs_binary_dir(folder, sizeof(folder), NULL) != RC_OK)
                _exit(1);
        snprintf(binary, sizeof(binary), "%s/storehouse-signer", folder);
        snprintf(ready, sizeof(ready), "%d", ready_fd);
        fcntl(ready_fd, F_SETFD, 0);
        execl(binary, "storehouse-signer", "--config", supervisor->conf_path, "--ready-fd", ready,
              "--with-parent", (char *)NULL);
        log_line(LOG_LEVEL_ERROR, "msg=\"cannot run %s\" errno=%d", binary, errno);
        _exit(1);
}

/* Waits for the byte that says "I listen". */
static bool ready_wait(int fd)
{
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        char byte;

        return poll(&wait, 1, READY_SEC * 1000) == 1 && read(fd, &byte, 1) == 1 && byte == '1';
}

static enum rc signer_start(struct supervisor *supervisor, struct err *err)
{
        const pid_t parent = getpid();
        int ready[2];
        bool up;
        pid_t pid;

        if (pipe2(ready, O_CLOEXEC) < 0)
                return err_errno(err, "cannot make a pipe");
        pid = fork();
        if (pid == 0) {
                bind_to_parent(parent);
                signer_exec(supervisor, ready[1]);
        }
        close(ready[1]);
        up = pid > 0 && ready_wait(ready[0]);
        close(ready[0]);
        if (pid < 0)
                return err_errno(err, "cannot start the signer");
        supervisor->signer.pid = pid;
        supervisor->signer.started = clock_uptime();
        if (!up)
                return err_set(err, RC_CRASHED,
                               "storehouse-signer did not come up: its message is above");
        log_line(LOG_LEVEL_INFO, "msg=\"signer is up\" pid=%d", (int)pid);
        return RC_OK;
}

static enum rc server_start(struct supervisor *supervisor, struct err *err)
{
        const pid_t parent = getpid();
        const pid_t pid = fork();

        if (pid < 0)
                return err_errno(err, "cannot start the server");
        if (pid == 0) {
                struct err why = {0};
                enum rc rc;

                close(supervisor->signals);
                bind_to_parent(parent);
                rc = serve_run(supervisor->conf, &why);
                if (rc != RC_OK)
                        log_line(LOG_LEVEL_ERROR, "msg=\"%s\" rc=%s origin=%s", why.text,
                                 rc_name(rc), why.origin ? why.origin : "-");
                /* A port that is taken or a broken database does not mend by trying again. */
                _exit(rc == RC_OK ? 0 : rc_is_retryable(rc) ? 1 : SERVE_EXIT_FINAL);
        }
        supervisor->server.pid = pid;
        supervisor->server.started = clock_uptime();
        return RC_OK;
}

/* Collects one dead child; RC_OK: started again or not needed any more. */
static enum rc child_died(struct supervisor *supervisor, struct child *child, int status,
                          struct err *err)
{
        const bool young = clock_uptime() - child->started < YOUNG_USEC;

        child->pid = 0;
        if (supervisor->stopping)
                return RC_OK;
        if (child == &supervisor->server && WIFEXITED(status) &&
            WEXITSTATUS(status) == SERVE_EXIT_FINAL)
                return err_set(err, RC_INVALID, "the server cannot start");
        child->young_deaths = young ? child->young_deaths + 1 : 0;
        log_line(LOG_LEVEL_WARNING, "msg=\"%s died and is started again\" status=%d", child->name,
                 status);
        if (child->young_deaths >= YOUNG_DEATHS)
                return err_set(err, RC_CRASHED, "%s dies each time it is started", child->name);
        if (young)
                sleep(1);
        return child == &supervisor->signer ? signer_start(supervisor, err)
                                            : server_start(supervisor, err);
}

static enum rc children_reap(struct supervisor *supervisor, struct err *err)
{
        for (;;) {
                int status;
                const pid_t pid = waitpid(-1, &status, WNOHANG);
                enum rc rc = RC_OK;

                if (pid <= 0)
                        return RC_OK;
                if (pid == supervisor->signer.pid)
                        rc = child_died(supervisor, &supervisor->signer, status, err);
                else if (pid == supervisor->server.pid)
                        rc = child_died(supervisor, &supervisor->server, status, err);
                if (rc != RC_OK)
                        return rc;
        }
}

static void child_stop(struct child *child)
{
        const usec_t deadline = clock_uptime() + STOP_SEC * USEC_PER_SEC;

        if (!child->pid)
                return;
        kill(child->pid, SIGTERM);
        while (waitpid(child->pid, NULL, WNOHANG) == 0) {
                if (clock_uptime() > deadline)
                        kill(child->pid, SIGKILL);
                usleep(20000);
        }
        child->pid = 0;
}

/* SIGTERM and SIGINT end it; SIGHUP goes on to the server. */
static enum rc signals_handle(struct supervisor *supervisor, struct err *err)
{
        struct signalfd_siginfo info;

        if (read(supervisor->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
                return RC_OK;
        switch (info.ssi_signo) {
        case SIGTERM:
        case SIGINT:
                supervisor->stopping = true;
                return RC_OK;
        case SIGHUP:
                if (supervisor->server.pid)
                        kill(supervisor->server.pid, SIGHUP);
                return RC_OK;
        default:
                return children_reap(supervisor, err);
        }
}

static enum rc signals_open(struct supervisor *supervisor, struct err *err)
{
        sigset_t wanted;

        sigemptyset(&wanted);
        sigaddset(&wanted, SIGTERM);
        sigaddset(&wanted, SIGINT);
        sigaddset(&wanted, SIGHUP);
        sigaddset(&wanted, SIGCHLD);
        if (sigprocmask(SIG_BLOCK, &wanted, NULL) < 0)
                return err_errno(err, "cannot block signals");
        supervisor->signals = signalfd(-1, &wanted, SFD_CLOEXEC);
        return supervisor->signals < 0 ? err_errno(err, "cannot wait for signals") : RC_OK;
}

/* One server a folder: two would take turns at the signer's socket and the job queue. The lock is
 * on the folder itself, leaves no file behind, and is held until the last child is gone too. */
static enum rc data_lock(const char *folder, int *ret, struct err *err)
{
        const usec_t deadline = clock_uptime() + LOCK_WAIT_USEC;
        CLEANUP(fs_closep) int fd = -1;
        int failed;
        enum rc rc;

        rc = fs_open(folder, O_RDONLY | O_DIRECTORY, 0, &fd, err);
        if (rc != RC_OK)
                return rc;
        /* One that was killed may still be on its way out: a thread of it waits for the disk. */
        while ((failed = flock(fd, LOCK_EX | LOCK_NB)) < 0 && errno == EWOULDBLOCK &&
               clock_uptime() < deadline)
                usleep(20000);
        if (failed < 0)
                return errno == EWOULDBLOCK ? err_set(err, RC_CONFLICT,
                                                      "another storehouse serves %s already: stop "
                                                      "that one first",
                                                      folder)
                                            : err_errno(err, "cannot lock %s", folder);
        *ret = fd;
        fd = -1;
        return RC_OK;
}

enum rc supervise_run(const struct conf *conf, const char *conf_path, struct err *err)
{
        struct supervisor supervisor = {
                .conf = conf,
                .conf_path = conf_path,
                .signer = {.name = "storehouse-signer"},
                .server = {.name = "the server"},
                .signals = -1,
        };
        CLEANUP(fs_closep) int lock = -1;
        enum rc rc;

        rc = data_lock(conf_text(conf, SET_DATA_DIR), &lock, err);
        if (rc == RC_OK)
                rc = signals_open(&supervisor, err);
        if (rc == RC_OK && conf_bool(conf, SET_SIGNER_START))
                rc = signer_start(&supervisor, err);
        if (rc == RC_OK)
                rc = server_start(&supervisor, err);
        while (rc == RC_OK && !supervisor.stopping)
                rc = signals_handle(&supervisor, err);
        supervisor.stopping = true;
        child_stop(&supervisor.server);
        child_stop(&supervisor.signer);
        fs_closep(&supervisor.signals);
        return rc;
}
