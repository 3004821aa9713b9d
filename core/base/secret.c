/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/secret.h"
#include "core/base/fs.h"
#include "core/base/random.h"
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define PASSPHRASE_MAX 1024

struct secret {
        size_t length;
        uint8_t *bytes;
};

struct secret *secret_new(size_t bytes)
{
        struct secret *secret = calloc(1, sizeof(*secret));

        if (!secret)
                return NULL;
        secret->length = bytes;
        secret->bytes = sodium_malloc(bytes ? bytes : 1);
        if (!secret->bytes) {
                free(secret);
                return NULL;
        }
        memset(secret->bytes, 0, bytes);
        return secret;
}

struct secret *secret_new_copy(const void *data, size_t bytes)
{
        struct secret *secret = secret_new(bytes);

        if (secret && bytes)
                memcpy(secret->bytes, data, bytes);
        return secret;
}

void secret_freep(struct secret **secret)
{
        if (!*secret)
                return;
        sodium_free((*secret)->bytes);
        free(*secret);
        *secret = NULL;
}

uint8_t *secret_bytes(struct secret *secret)
{
        return secret->bytes;
}

const uint8_t *secret_view(const struct secret *secret)
{
        return secret->bytes;
}

size_t secret_length(const struct secret *secret)
{
        return secret->length;
}

/* One line of fd into *ret. */
static enum rc line_read(int fd, struct secret **ret, struct err *err)
{
        char line[PASSPHRASE_MAX + 2];
        size_t used = 0;
        enum rc rc = RC_OK;

        while (used < sizeof(line)) {
                const ssize_t got = read(fd, line + used, 1);
                if (got <= 0 || line[used] == '\n')
                        break;
                used++;
        }
        if (used == 0 || used > PASSPHRASE_MAX)
                rc = err_set(err, RC_INVALID, "a passphrase has 1 to %d bytes on one line",
                             PASSPHRASE_MAX);
        else if (!(*ret = secret_new_copy(line, used)))
                rc = err_set(err, RC_NOMEM, "no memory for a passphrase");
        bytes_wipe(line, sizeof(line));
        return rc;
}

static enum rc prompt_read(const char *prompt, struct secret **ret, struct err *err)
{
        CLEANUP(fs_closep) int fd = -1;
        struct termios old;
        struct termios quiet;
        enum rc rc;

        if (fs_open("/dev/tty", O_RDWR | O_NOCTTY, 0, &fd, err) != RC_OK || tcgetattr(fd, &old) < 0)
                return err_set(err, RC_INVALID, "no terminal to ask (%s): name a passphrase file",
                               prompt);
        rc = fs_write_all(fd, prompt, strlen(prompt), err);
        if (rc == RC_OK)
                rc = fs_write_all(fd, ": ", 2, err);
        quiet = old;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(fd, TCSAFLUSH, &quiet);
        if (rc == RC_OK)
                rc = line_read(fd, ret, err);
        tcsetattr(fd, TCSAFLUSH, &old);
        if (fs_write_all(fd, "\n", 1, NULL) != RC_OK)
                return rc;
        return rc;
}

enum rc secret_read_passphrase(const char *path, const char *prompt, struct secret **ret,
                               struct err *err)
{
        CLEANUP(fs_closep) int fd = -1;
        char credential[PATH_MAX];
        struct stat state;
        enum rc rc;

        if (strcmp(path, "-") == 0)
                return prompt_read(prompt, ret, err);
        if (strncmp(path, "credential:", 11) == 0) {
                const char *folder = getenv("CREDENTIALS_DIRECTORY");
                if (!folder || strchr(path + 11, '/'))
                        return err_set(err, RC_NOT_FOUND, "no systemd credential %s", path + 11);
                snprintf(credential, sizeof(credential), "%s/%s", folder, path + 11);
                path = credential;
        }
        rc = fs_open(path, O_RDONLY, 0, &fd, err);
        if (rc != RC_OK)
                return rc;
        if (fstat(fd, &state) < 0)
                return err_errno(err, "cannot look at %s", path);
        if (S_ISREG(state.st_mode) && state.st_mode & 077)
                return err_set(err, RC_FORBIDDEN, "%s can be read by others: chmod 600 %s", path,
                               path);
        rc = line_read(fd, ret, err);
        return rc == RC_OK ? RC_OK : err_prefix(err, rc, "%s", path);
}
