/* SPDX-License-Identifier: Apache-2.0 */
#include "server/roots.h"
#include "core/base/fs.h"
#include "core/model/name.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>

static enum rc line_read(const char *line, struct trusted_roots *ret, struct err *err)
{
        char account[64];
        char key[KEY_ID_CHARS + 1];
        char rest[2];

        if (!*line || *line == '#')
                return RC_OK;
        if (ret->count == ARRAY_COUNT(ret->items))
                return err_set(err, RC_INVALID, "more than %zu roots", ret->count);
        if (sscanf(line, "%63s %64s %1s", account, key, rest) != 2 || !name_is_account(account) ||
            strlen(key) != KEY_ID_CHARS)
                return err_set(err, RC_INVALID, "not a line `ACCOUNT-ID KEY-ID`: %.80s", line);
        memcpy(ret->items[ret->count].account_id, account, sizeof(account));
        memcpy(ret->items[ret->count].key_id, key, sizeof(key));
        ret->count++;
        return RC_OK;
}

enum rc roots_read(const char *data_dir, struct trusted_roots *ret, struct err *err)
{
        CLEANUP(fs_freep) char *text = NULL;
        char path[PATH_MAX];
        char *at;
        enum rc rc;

        snprintf(path, sizeof(path), "%s/trust/roots", data_dir);
        rc = fs_read_file(path, 16 * KIB, &text, NULL, err);
        if (rc != RC_OK)
                return rc;
        ret->count = 0;
        at = text;
        while (at) {
                rc = line_read(strsep(&at, "\n"), ret, err);
                if (rc != RC_OK)
                        return err_prefix(err, rc, "%s", path);
        }
        return ret->count ? RC_OK : err_set(err, RC_INVALID, "%s names no root key", path);
}
