/* SPDX-License-Identifier: Apache-2.0 */
#include "server/signer/serve.h"
#include "core/base/fs.h"
#include "core/base/log.h"
#include "server/signer/message.h"
#include "server/signer/protocol.h"
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define TICK_MSEC   1000
#define FRAME_USEC  (SERVE_FRAME_SEC * USEC_PER_SEC)
#define HEAD_BYTES  4
#define READ_STEP   (16 * KIB)
#define ANSWER_ROOM (SIGNER_FRAME_MAX + HEAD_BYTES)

struct conn {
        int fd; /* -1: free */
        struct buf in;
        struct buf out;
        size_t out_at;
        usec_t since; /* of the last move */
        bool closing; /* after the answer */
};

struct server {
        const struct serve *serve;
        struct conn conns[SERVE_CONNECTIONS_MAX];
};

/* Whether somebody answers there: a live signer must not lose its socket to a second one. */
static bool is_served(const struct sockaddr_un *address)
{
        CLEANUP(fs_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        return fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;
}

enum rc serve_listen(const char *path, uid_t owner, gid_t group, int *ret, struct err *err)
{
        CLEANUP(fs_closep) int fd = -1;
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        struct stat st;
        mode_t mask;
        int bound;

        if (strlen(path) >= sizeof(address.sun_path))
                return err_set(err, RC_INVALID, "the socket's path is longer than %zu bytes",
                               sizeof(address.sun_path) - 1);
        memcpy(address.sun_path, path, strlen(path) + 1);
        if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
                return err_set(err, RC_EXISTS, "%.150s is no socket", path);
        if (is_served(&address))
                return err_set(err, RC_BUSY, "another signer listens at %.150s", path);
        if (unlink(path) < 0 && errno != ENOENT)
                return err_errno(err, "cannot replace %.150s", path);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return err_errno(err, "cannot make a socket");
        mask = umask(0177);
        bound = bind(fd, (const struct sockaddr *)&address, sizeof(address));
        umask(mask);
        if (bound < 0)
                return err_errno(err, "cannot bind %.150s", path);
        if (geteuid() == 0 && lchown(path, owner, group) < 0)
                return err_errno(err, "cannot hand over %.150s", path);
        if (listen(fd, SERVE_CONNECTIONS_MAX) < 0)
                return err_errno(err, "cannot listen at %.150s", path);
        *ret = fd;
        fd = -1;
        return RC_OK;
}

static void conn_init(struct conn *conn, int fd)
{
        *conn = (struct conn){
                .fd = fd,
                .in = BUF_INIT(ANSWER_ROOM),
                .out = BUF_INIT(2 * ANSWER_ROOM),
                .since = clock_uptime(),
        };
}

static void conn_fini(struct conn *conn)
{
        buf_fini(&conn->in);
        buf_fini(&conn->out);
        fs_closep(&conn->fd);
        conn->fd = -1;
}

static bool peer_allowed(const struct serve *serve, int fd)
{
        struct ucred peer = {0};
        socklen_t bytes = sizeof(peer);

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) < 0)
                return false;
        for (size_t i = 0; i < serve->peer_count; i++)
                if (serve->peers[i] == peer.uid)
                        return true;
        log_line(LOG_LEVEL_WARNING, "msg=\"refused a connection\" uid=%u pid=%d",
                 (unsigned)peer.uid, (int)peer.pid);
        return false;
}

/* A free place, or that of whoever moved least recently. */
static struct conn *place_find(struct server *server)
{
        struct conn *oldest = &server->conns[0];

        for (size_t i = 0; i < SERVE_CONNECTIONS_MAX; i++) {
                struct conn *conn = &server->conns[i];

                if (conn->fd < 0)
                        return conn;
                if (conn->since < oldest->since)
                        oldest = conn;
        }
        conn_fini(oldest);
        return oldest;
}

static void conn_accept(struct server *server)
{
        CLEANUP(fs_closep)
        int fd = accept4(server->serve->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0 || !peer_allowed(server->serve, fd))
                return;
        conn_init(place_find(server), fd);
        fd = -1;
}

static size_t head_read(const char *data)
{
        const uint8_t *at = (const uint8_t *)data;

        return (size_t)at[0] | (size_t)at[1] << 8 | (size_t)at[2] << 16 | (size_t)at[3] << 24;
}

static void frame_answer(struct server *server, struct conn *conn, size_t bytes)
{
        CLEANUP(buf_fini) struct buf answer = BUF_INIT(SIGNER_FRAME_MAX);
        uint8_t head[HEAD_BYTES];
        bool garbage = false;

        message_answer(server->serve->signer, conn->in.data + HEAD_BYTES, bytes, &answer, &garbage);
        conn->closing = garbage;
        if (answer.failed) {
                conn_fini(conn);
                return;
        }
        for (int i = 0; i < HEAD_BYTES; i++)
                head[i] = (uint8_t)(answer.len >> (8 * i));
        buf_append(&conn->out, head, sizeof(head));
        buf_append(&conn->out, answer.data, answer.len);
        if (conn->out.failed) {
                conn_fini(conn);
                return;
        }
        memmove(conn->in.data, conn->in.data + HEAD_BYTES + bytes,
                conn->in.len - HEAD_BYTES - bytes);
        conn->in.len -= HEAD_BYTES + bytes;
}

/* Answers the frame that is complete, if one is and the last answer has gone. */
static void frame_take(struct server *server, struct conn *conn)
{
        size_t bytes;

        if (conn->fd < 0 || conn->out.len || conn->closing || conn->in.len < HEAD_BYTES)
                return;
        bytes = head_read(conn->in.data);
        if (bytes > SIGNER_FRAME_MAX)
                conn_fini(conn);
        else if (conn->in.len >= HEAD_BYTES + bytes)
                frame_answer(server, conn, bytes);
}

static void conn_read(struct conn *conn)
{
        char data[READ_STEP];
        const size_t room = ANSWER_ROOM - conn->in.len;
        const ssize_t got = read(conn->fd, data, room < sizeof(data) ? room : sizeof(data));

        if (got < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (got > 0) {
                /* The clock of a frame runs from its first byte: dripping does not stretch it. */
                if (conn->in.len == 0)
                        conn->since = clock_uptime();
                buf_append(&conn->in, data, (size_t)got);
        }
        if (got <= 0 || conn->in.failed)
                conn_fini(conn);
}

static void conn_write(struct conn *conn)
{
        const ssize_t put = send(conn->fd, conn->out.data + conn->out_at,
                                 conn->out.len - conn->out_at, MSG_NOSIGNAL);

        if (put < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (put <= 0) {
                conn_fini(conn);
                return;
        }
        conn->out_at += (size_t)put;
        if (conn->out_at < conn->out.len)
                return;
        buf_clear(&conn->out);
        conn->out_at = 0;
        conn->since = clock_uptime();
        if (conn->closing)
                conn_fini(conn);
}

static void conn_move(struct server *server, struct conn *conn, short events)
{
        if (events & POLLOUT)
                conn_write(conn);
        else if (events & POLLIN)
                conn_read(conn);
        else if (events)
                conn_fini(conn);
        frame_take(server, conn);
        if (conn->fd >= 0 && (conn->in.len || conn->out.len) &&
            clock_uptime() - conn->since > FRAME_USEC)
                conn_fini(conn);
}

static size_t polls_fill(const struct server *server, struct pollfd *polls, size_t *places)
{
        size_t count = 0;

        polls[count++] = (struct pollfd){.fd = server->serve->listen_fd, .events = POLLIN};
        for (size_t i = 0; i < SERVE_CONNECTIONS_MAX; i++) {
                const struct conn *conn = &server->conns[i];

                if (conn->fd < 0)
                        continue;
                places[count] = i;
                polls[count++] =
                        (struct pollfd){.fd = conn->fd, .events = conn->out.len ? POLLOUT : POLLIN};
        }
        return count;
}

static void server_freep(struct server **server)
{
        if (!*server)
                return;
        for (size_t i = 0; i < SERVE_CONNECTIONS_MAX; i++)
                conn_fini(&(*server)->conns[i]);
        free(*server);
        *server = NULL;
}

enum rc serve_run(const struct serve *serve, struct err *err)
{
        CLEANUP(server_freep) struct server *server = calloc(1, sizeof(*server));
        struct pollfd polls[SERVE_CONNECTIONS_MAX + 1];
        size_t places[SERVE_CONNECTIONS_MAX + 1];

        if (!server)
                return err_set(err, RC_NOMEM, "no memory for connections");
        server->serve = serve;
        for (size_t i = 0; i < SERVE_CONNECTIONS_MAX; i++)
                server->conns[i].fd = -1;
        while (!*serve->stop) {
                const size_t count = polls_fill(server, polls, places);

                if (serve->parent && getppid() != serve->parent)
                        return RC_OK;
                if (poll(polls, count, TICK_MSEC) < 0 && errno != EINTR)
                        return err_errno(err, "cannot wait for requests");
                for (size_t i = 1; i < count; i++)
                        conn_move(server, &server->conns[places[i]], polls[i].revents);
                if (polls[0].revents)
                        conn_accept(server);
        }
        return RC_OK;
}
