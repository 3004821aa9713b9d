/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/store-delta/output.h"
#include "core/base/fs.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum rc output_create(struct output *output, const char *path, struct err *err)
{
        const int chars = snprintf(output->partial, sizeof(output->partial), "%s.partial", path);
        enum rc rc;

        if (chars < 0 || (size_t)chars >= sizeof(output->partial))
                return err_set(err, RC_INVALID, "the path is too long");
        output->path = path;
        /* One that a run before this one left behind is nobody's. */
        rc = fs_remove(output->partial, err);
        if (rc != RC_OK)
                return rc;
        rc = fs_open(output->partial, O_RDWR | O_CREAT | O_EXCL, 0644, &output->fd, err);
        if (rc == RC_OK)
                output->made = true;
        return rc;
}

static enum rc sync_folder(const char *path, struct err *err)
{
        char folder[OUTPUT_PATH_MAX];
        char *slash;

        snprintf(folder, sizeof(folder), "%s", path);
        slash = strrchr(folder, '/');
        if (!slash)
                return fs_sync_dir(".", err);
        slash[slash == folder] = '\0';
        return fs_sync_dir(folder, err);
}

enum rc output_commit(struct output *output, struct err *err)
{
        if (fsync(output->fd) < 0)
                return err_errno(err, "cannot write %s", output->partial);
        if (rename(output->partial, output->path) < 0)
                return err_errno(err, "cannot write %s", output->path);
        output->made = false;
        return sync_folder(output->path, err);
}

void output_fini(struct output *output)
{
        fs_closep(&output->fd);
        if (output->made)
                unlink(output->partial);
}
