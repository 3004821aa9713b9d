/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/user.h"
#include "tools/storectl/init.h"
#include <errno.h>
#include <grp.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static const char server_standard[] = "storehouse";
static const char signer_standard[] = "storehouse-signer";

/* A name of the system's users, or a plain number. */
static bool init_user_find(const char *name, struct init_user *ret)
{
        struct init_user found = {.name = name};

        if (!*name || user_find(name, &found.uid, &found.gid, NULL) != RC_OK)
                return false;
        *ret = found;
        return true;
}

static enum rc user_make(const char *name, struct err *err)
{
        const char *const argv[] = {"useradd",      "--system",
                                    "--user-group", "--no-create-home",
                                    "--home-dir",   "/nonexistent",
                                    "--shell",      "/usr/sbin/nologin",
                                    name,           NULL};
        pid_t pid = 0;
        int status = 0;
        int failed;

        failed = posix_spawn(&pid, "/usr/sbin/useradd", NULL, NULL, (char *const *)argv, environ);
        if (failed)
                return err_set(err, RC_IO, "cannot run useradd: %s", strerror(failed));
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return err_errno(err, "cannot wait for useradd");
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
                return err_set(err, RC_IO, "useradd could not make the user %s", name);
        return RC_OK;
}

static enum rc user_get(struct init *init, const char *name, bool create, struct init_user *ret,
                        struct err *err)
{
        enum rc rc;

        if (init_user_find(name, ret))
                return RC_OK;
        if (!create) {
                cli_hint(init->cli, EXIT_FAILED, "--create-users, which makes it");
                return err_set(err, RC_NOT_FOUND, "there is no user %.60s on this machine", name);
        }
        rc = user_make(name, err);
        if (rc != RC_OK)
                return rc;
        return init_user_find(name, ret)
                       ? RC_OK
                       : err_set(err, RC_NOT_FOUND, "the new user %.60s is not there", name);
}

enum rc init_find_users(struct init *init, const char *server, const char *signer, bool create,
                        struct err *err)
{
        const bool named = server || signer || create;
        struct init_user probe;
        enum rc rc;

        if (geteuid() != 0) {
                if (!named)
                        return RC_OK;
                cli_hint(init->cli, EXIT_USAGE, "sudo storectl init ...");
                return err_set(err, RC_FORBIDDEN, "only root can give files to other users");
        }
        if (!server)
                server = server_standard;
        if (!signer)
                signer = signer_standard;
        if (!named && (!init_user_find(server, &probe) || !init_user_find(signer, &probe)))
                return RC_OK;
        rc = user_get(init, server, create, &init->server, err);
        if (rc == RC_OK)
                rc = user_get(init, signer, create, &init->signer, err);
        if (rc != RC_OK)
                return rc;
        if (init->server.uid == init->signer.uid || !init->server.uid || !init->signer.uid)
                return err_set(err, RC_INVALID,
                               "server and signer must be two users, and neither of them root");
        init->two_users = true;
        return RC_OK;
}

enum rc init_give(const struct init *init, const char *path, const struct init_user *to,
                  mode_t mode, struct err *err)
{
        if (!path)
                return err_set(err, RC_NOMEM, "out of memory");
        if (init->two_users && to && lchown(path, to->uid, to->gid) < 0)
                return err_errno(err, "cannot give %.150s to %.60s", path, to->name);
        if (chmod(path, mode) < 0)
                return err_errno(err, "cannot set the mode of %.150s", path);
        return RC_OK;
}
