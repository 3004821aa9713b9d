/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/user.h"
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

static bool number_read(const char *text, uid_t *ret)
{
        char *end = NULL;
        unsigned long number;

        if (*text < '1' || *text > '9')
                return false;
        errno = 0;
        number = strtoul(text, &end, 10);
        if (errno || *end || number >= (uid_t)-1)
                return false;
        *ret = (uid_t)number;
        return true;
}

enum rc user_find(const char *name, uid_t *ret_uid, gid_t *ret_gid, struct err *err)
{
        const struct passwd *entry;
        uid_t number = 0;

        if (number_read(name, &number)) {
                *ret_uid = number;
                *ret_gid = (gid_t)number;
                return RC_OK;
        }
        entry = getpwnam(name);
        if (!entry)
                return err_set(err, RC_NOT_FOUND, "there is no user \"%.60s\" on this machine",
                               name);
        *ret_uid = entry->pw_uid;
        *ret_gid = entry->pw_gid;
        return RC_OK;
}

enum rc user_become(uid_t uid, gid_t gid, struct err *err)
{
        uid_t real = 0;
        uid_t effective = 0;
        uid_t saved = 0;

        if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
                return err_errno(err, "cannot become user %u", (unsigned)uid);
        if (getresuid(&real, &effective, &saved) < 0 || real != uid || effective != uid ||
            saved != uid)
                return err_set(err, RC_BUG, "still user %u", (unsigned)effective);
        return RC_OK;
}
