/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Total deadlines, and late closing. libmicrohttpd's own timeout counts silence only: a client that
 * sends one byte now and then stays for ever. The thread here looks at every connection five times
 * a second and shuts down a socket that is over its deadline; libmicrohttpd then sees the end of
 * the stream and cleans up. The shutdown happens under the lock that watchdog_remove takes, and
 * remove comes before close: so the descriptor cannot be somebody else's.
 *
 * Late closing: when an answer is sent before the body was read, closing at once would make the
 * kernel answer the rest with RST, which can destroy the answer on its way. A copy of the
 * descriptor is kept for a moment and what arrives is thrown away (RFC 9112 section 9.6).
 */
#include "core/base/fs.h"
#include "server/http/internal.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define TICK_MSEC        200
#define TICK_LINGER_MSEC 20
#define DRAIN_PASS       (1 * MIB)

struct late_close {
        int fd;
        usec_t until;
        size_t bytes;
};

struct watchdog {
        pthread_mutex_t lock;
        pthread_t thread;
        bool running;
        bool stopping;
        int event;
        struct conn *conns;
        unsigned new_count; /* under the lock; the thread moves them to its own list */
        struct late_close new[LINGERS_MAX];
        unsigned linger_count; /* the thread's own: draining must not hold up the lock */
        struct late_close lingers[LINGERS_MAX];
};

/* libmicrohttpd 0.9.75 waits edge-triggered and takes a short read for the last one; where the last
 * bytes and the end arrive together it does not see the end, and an upload that was cut would hold
 * its slot until the idle timeout. Twice in a row, so that it has had the time to look itself. */
static bool body_ended(struct conn *conn)
{
        char byte;
        const bool before = conn->ended;

        conn->ended = atomic_load(&conn->reading) &&
                      recv(conn->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
        return before && conn->ended;
}

static void deadlines_check(struct watchdog *watchdog, usec_t now)
{
        for (struct conn *conn = watchdog->conns; conn; conn = conn->next) {
                if (atomic_load(&conn->deadline) > now && !body_ended(conn))
                        continue;
                shutdown(conn->fd, SHUT_RDWR);
                atomic_store(&conn->deadline, NO_DEADLINE);
        }
}

/* True: the descriptor is finished with. */
static bool linger_drain(struct late_close *linger, usec_t now)
{
        static char waste[64 * 1024]; /* written only, by this thread only */

        for (size_t pass = 0; linger->bytes < LINGER_BYTES && pass < DRAIN_PASS;) {
                const ssize_t got = recv(linger->fd, waste, sizeof(waste), MSG_DONTWAIT);

                if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
                        return true;
                if (got < 0)
                        return now >= linger->until;
                linger->bytes += (size_t)got;
                pass += (size_t)got;
        }
        return linger->bytes >= LINGER_BYTES;
}

/* Under the lock. What does not fit is closed by libmicrohttpd alone. */
static void lingers_move(struct watchdog *watchdog)
{
        for (unsigned i = 0; i < watchdog->new_count; i++) {
                if (watchdog->linger_count < LINGERS_MAX)
                        watchdog->lingers[watchdog->linger_count++] = watchdog->new[i];
                else
                        fs_closep(&watchdog->new[i].fd);
        }
        watchdog->new_count = 0;
}

static void lingers_drain(struct watchdog *watchdog, usec_t now)
{
        for (unsigned i = 0; i < watchdog->linger_count;) {
                if (!linger_drain(&watchdog->lingers[i], now)) {
                        i++;
                        continue;
                }
                fs_closep(&watchdog->lingers[i].fd);
                watchdog->lingers[i] = watchdog->lingers[--watchdog->linger_count];
        }
}

static void *watchdog_thread(void *arg)
{
        struct watchdog *watchdog = arg;
        bool stopping = false;

        while (!stopping) {
                struct pollfd event = {.fd = watchdog->event, .events = POLLIN};
                uint64_t count;
                usec_t now;

                if (poll(&event, 1, watchdog->linger_count ? TICK_LINGER_MSEC : TICK_MSEC) > 0 &&
                    read(watchdog->event, &count, sizeof(count)) < 0)
                        continue;
                pthread_mutex_lock(&watchdog->lock);
                now = clock_uptime();
                deadlines_check(watchdog, now);
                lingers_move(watchdog);
                stopping = watchdog->stopping;
                pthread_mutex_unlock(&watchdog->lock);
                lingers_drain(watchdog, now);
        }
        return NULL;
}

enum rc watchdog_start(struct watchdog **ret, struct err *err)
{
        struct watchdog *watchdog = calloc(1, sizeof(*watchdog));

        if (!watchdog)
                return err_set(err, RC_NOMEM, "no memory for the watchdog");
        pthread_mutex_init(&watchdog->lock, NULL);
        watchdog->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (watchdog->event < 0) {
                const enum rc rc = err_errno(err, "eventfd");

                watchdog_freep(&watchdog);
                return rc;
        }
        if (pthread_create(&watchdog->thread, NULL, watchdog_thread, watchdog)) {
                watchdog_freep(&watchdog);
                return err_set(err, RC_NOMEM, "cannot start the watchdog's thread");
        }
        watchdog->running = true;
        *ret = watchdog;
        return RC_OK;
}

void watchdog_add(struct watchdog *watchdog, struct conn *conn)
{
        pthread_mutex_lock(&watchdog->lock);
        conn->prev = NULL;
        conn->next = watchdog->conns;
        if (conn->next)
                conn->next->prev = conn;
        watchdog->conns = conn;
        pthread_mutex_unlock(&watchdog->lock);
}

/* Under the lock. */
static void linger_add(struct watchdog *watchdog, int fd)
{
        struct late_close *linger;

        if (watchdog->new_count == LINGERS_MAX)
                return;
        linger = &watchdog->new[watchdog->new_count];
        linger->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        if (linger->fd < 0)
                return;
        shutdown(linger->fd, SHUT_WR);
        linger->until = clock_uptime() + LINGER_USEC;
        linger->bytes = 0;
        watchdog->new_count++;
        eventfd_write(watchdog->event, 1);
}

void watchdog_remove(struct watchdog *watchdog, struct conn *conn)
{
        pthread_mutex_lock(&watchdog->lock);
        if (conn->prev)
                conn->prev->next = conn->next;
        else
                watchdog->conns = conn->next;
        if (conn->next)
                conn->next->prev = conn->prev;
        if (conn->linger && !watchdog->stopping)
                linger_add(watchdog, conn->fd);
        pthread_mutex_unlock(&watchdog->lock);
}

void watchdog_freep(struct watchdog **pointer)
{
        struct watchdog *watchdog = *pointer;

        if (!watchdog)
                return;
        if (watchdog->running) {
                pthread_mutex_lock(&watchdog->lock);
                watchdog->stopping = true;
                pthread_mutex_unlock(&watchdog->lock);
                eventfd_write(watchdog->event, 1);
                pthread_join(watchdog->thread, NULL);
        }
        lingers_move(watchdog);
        for (unsigned i = 0; i < watchdog->linger_count; i++)
                fs_closep(&watchdog->lingers[i].fd);
        fs_closep(&watchdog->event);
        pthread_mutex_destroy(&watchdog->lock);
        free(watchdog);
        *pointer = NULL;
}
