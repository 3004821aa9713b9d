/* SPDX-License-Identifier: Apache-2.0 */
#include "server/privileges.h"
#include "core/base/user.h"
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static enum rc ports_keep(struct err *err)
{
        struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
        struct __user_cap_data_struct data[2] = {{0}};

        data[0].effective = data[0].permitted = 1u << CAP_NET_BIND_SERVICE;
        if (syscall(SYS_capset, &head, data) < 0)
                return err_errno(err, "cannot keep the right to listen on low ports");
        return RC_OK;
}

enum rc privileges_drop(const char *user, bool keep_ports, struct err *err)
{
        uid_t uid = 0;
        gid_t gid = 0;
        enum rc rc;

        if (!*user || geteuid() != 0)
                return RC_OK;
        rc = user_find(user, &uid, &gid, err);
        if (rc != RC_OK)
                return rc;
        if (keep_ports && prctl(PR_SET_KEEPCAPS, 1) < 0)
                return err_errno(err, "cannot keep rights");
        rc = user_become(uid, gid, err);
        if (rc == RC_OK && keep_ports)
                rc = ports_keep(err);
        if (rc == RC_OK && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return err_errno(err, "cannot give up new rights");
        return rc;
}
