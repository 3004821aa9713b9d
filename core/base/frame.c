/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/frame.h"
#include "core/base/fs.h"
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

enum rc frame_send(int fd, const void *data, size_t bytes, struct err *err)
{
        uint8_t head[4];
        enum rc rc;

        if (bytes > UINT32_MAX)
                return err_set(err, RC_TOO_BIG, "a message of %zu bytes", bytes);
        for (int i = 0; i < 4; i++)
                head[i] = (uint8_t)(bytes >> (8 * i));
        rc = fs_write_all(fd, head, sizeof(head), err);
        return rc == RC_OK ? fs_write_all(fd, data, bytes, err) : rc;
}

/* Reads exactly bytes before the deadline (on the monotonic clock; < 0: none). */
static enum rc read_until(int fd, void *data, size_t bytes, usec_t deadline, struct err *err)
{
        char *at = data;

        while (bytes) {
                struct pollfd wait = {.fd = fd, .events = POLLIN};
                usec_t left = deadline < 0 ? -1 : deadline - clock_uptime();
                ssize_t got;
                int ready;

                if (deadline >= 0 && left <= 0)
                        return err_set(err, RC_TIMEOUT, "no message in time");
                ready = poll(&wait, 1, left < 0 ? -1 : (int)((left + 999) / 1000));
                if (ready < 0 && errno != EINTR)
                        return err_errno(err, "cannot wait for a message");
                if (ready <= 0)
                        continue;
                got = read(fd, at, bytes);
                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0)
                        return err_errno(err, "cannot read a message");
                if (got == 0)
                        return err_set(err, RC_END, "the other side closed");
                at += got;
                bytes -= (size_t)got;
        }
        return RC_OK;
}

enum rc frame_receive(int fd, size_t max_bytes, usec_t timeout_usec, char **ret, size_t *ret_bytes,
                      struct err *err)
{
        const usec_t deadline = timeout_usec < 0 ? -1 : clock_uptime() + timeout_usec;
        CLEANUP(fs_freep) char *data = NULL;
        uint8_t head[4];
        size_t bytes;
        enum rc rc;

        rc = read_until(fd, head, sizeof(head), deadline, err);
        if (rc != RC_OK)
                return rc;
        bytes = (size_t)head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 |
                (size_t)head[3] << 24;
        if (bytes > max_bytes)
                return err_set(err, RC_TOO_BIG, "a message of %zu bytes, over %zu", bytes,
                               max_bytes);
        data = malloc(bytes + 1);
        if (!data)
                return err_set(err, RC_NOMEM, "no memory for a message of %zu bytes", bytes);
        rc = read_until(fd, data, bytes, deadline, err);
        if (rc != RC_OK)
                return rc;
        data[bytes] = '\0';
        *ret = data;
        *ret_bytes = bytes;
        data = NULL;
        return RC_OK;
}
