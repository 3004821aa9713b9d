/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets, libmicrohttpd's daemons, and the server as a whole. */
#include "core/base/fs.h"
#include "core/base/log.h"
#include "server/http/internal.h"
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#define BACKLOG        1024
#define OPTIONS_MAX    24
#define STOP_STEP_NSEC (10 * 1000 * 1000)
#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
#define IP4_MAPPED     "::ffff:"

/* --- what libmicrohttpd says --- */

/* The last complaint on this thread, for the text of a failed start. */
static _Thread_local char complaint[160];

static void PRINTF_LIKE(2, 0) complaint_log(void *cls, const char *format, va_list args)
{
        (void)cls;
        vsnprintf(complaint, sizeof(complaint), format, args);
        complaint[strcspn(complaint, "\n")] = '\0';
        log_line(LOG_LEVEL_DEBUG, "msg=\"libmicrohttpd\" text=\"%s\"", complaint);
}

/* --- its callbacks --- */

/* Addresses and arguments are decoded by path.c, strictly; nothing may do it before. */
static size_t keep_escapes(void *cls, struct MHD_Connection *connection, char *text)
{
        (void)cls;
        (void)connection;
        return strlen(text);
}

static enum MHD_Result on_accept(void *cls, const struct sockaddr *address, socklen_t bytes)
{
        struct http_server *server = cls;

        (void)address;
        (void)bytes;
        if (atomic_load(&server->stopping))
                return MHD_NO;
        return atomic_load(&server->connections) < server->options.max_connections ? MHD_YES
                                                                                   : MHD_NO;
}

static void peer_format(struct MHD_Connection *connection, char *text, size_t size)
{
        const union MHD_ConnectionInfo *info =
                MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
        const struct sockaddr *address = info ? info->client_addr : NULL;

        snprintf(text, size, "?");
        if (address && address->sa_family == AF_INET)
                inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, text,
                          (socklen_t)size);
        else if (address && address->sa_family == AF_INET6)
                inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, text,
                          (socklen_t)size);
        if (strncmp(text, IP4_MAPPED, strlen(IP4_MAPPED)) == 0)
                memmove(text, text + strlen(IP4_MAPPED), strlen(text) - strlen(IP4_MAPPED) + 1);
}

static void conn_open(struct http_server *server, struct MHD_Connection *connection,
                      void **socket_context)
{
        const union MHD_ConnectionInfo *info =
                MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        struct conn *conn = calloc(1, sizeof(*conn));

        atomic_fetch_add(&server->connections, 1);
        if (!conn)
                return; /* without it every request is refused */
        conn->fd = info->connect_fd;
        conn->secure =
                MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION) != NULL;
        peer_format(connection, conn->peer, sizeof(conn->peer));
        atomic_store(&conn->deadline,
                     clock_uptime() + server->options.header_deadline_sec * USEC_PER_SEC);
        *socket_context = conn;
        watchdog_add(server->watchdog, conn);
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
        struct http_server *server = cls;
        struct conn *conn = *socket_context;

        if (code == MHD_CONNECTION_NOTIFY_STARTED) {
                conn_open(server, connection, socket_context);
                return;
        }
        atomic_fetch_sub(&server->connections, 1);
        if (conn)
                watchdog_remove(server->watchdog, conn);
        free(conn);
        *socket_context = NULL;
}

static struct conn *conn_of(struct MHD_Connection *connection)
{
        const union MHD_ConnectionInfo *info =
                MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

        return info ? info->socket_context : NULL;
}

static bool is_suspended(struct MHD_Connection *connection)
{
        const union MHD_ConnectionInfo *info =
                MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_SUSPENDED);

        return info && info->suspended == MHD_YES;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *data_bytes, void **state)
{
        struct http_server *server = cls;
        struct exchange *exchange = *state;
        bool kept;

        (void)version;
        /* With several chunks in one read, libmicrohttpd goes on after we have suspended. */
        if (is_suspended(connection))
                return MHD_YES;
        if (!exchange) {
                struct conn *conn = conn_of(connection);

                if (conn)
                        exchange = exchange_new(server, connection, conn, url, method);
                if (!exchange)
                        return MHD_NO;
                *state = exchange;
        }
        if (!*data_bytes)
                return exchange_step(exchange) ? MHD_YES : MHD_NO;
        kept = exchange_take(exchange, data, *data_bytes);
        *data_bytes = 0;
        return kept ? MHD_YES : MHD_NO;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code)
{
        struct http_server *server = cls;
        const struct http_options *options = &server->options;
        const unsigned seconds = options->header_deadline_sec > options->idle_timeout_sec
                                         ? options->header_deadline_sec
                                         : options->idle_timeout_sec;
        struct conn *conn = conn_of(connection);

        if (conn) {
                atomic_store(&conn->reading, false);
                atomic_store(&conn->deadline, clock_uptime() + seconds * USEC_PER_SEC);
        }
        if (*state)
                exchange_end(*state, code == MHD_REQUEST_TERMINATED_COMPLETED_OK);
        *state = NULL;
}

/* --- starting --- */

static enum rc address_listen(const char *address, uint16_t port, int *ret_family, int *ret,
                              struct err *err)
{
        const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                       .ai_socktype = SOCK_STREAM};
        CLEANUP(fs_closep) int fd = -1;
        struct addrinfo *found = NULL;
        const int on = 1;
        const int off = 0;
        char service[8];
        int failed;

        snprintf(service, sizeof(service), "%u", port);
        if (getaddrinfo(address, service, &hints, &found) != 0)
                return err_set(err, RC_INVALID, "%s is not a numeric address", address);
        *ret_family = found->ai_family;
        fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd >= 0) {
                setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
                if (found->ai_family == AF_INET6)
                        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
        }
        failed = fd < 0 || bind(fd, found->ai_addr, found->ai_addrlen) < 0 ||
                 listen(fd, BACKLOG) < 0;
        freeaddrinfo(found);
        if (failed && errno == EADDRINUSE)
                return err_set(err, RC_CONFLICT, "port %u of %s is in use", port, address);
        if (failed)
                return err_errno(err, "listening on %s port %u", address, port);
        *ret = fd;
        fd = -1;
        return RC_OK;
}

/* Without an address: every one of the machine, also where the system has no IPv6. */
static enum rc socket_listen(const char *address, uint16_t port, int *ret_family, int *ret,
                             struct err *err)
{
        enum rc rc;

        if (*address)
                return address_listen(address, port, ret_family, ret, err);
        rc = address_listen("::", port, ret_family, ret, err);
        return rc == RC_OK || rc == RC_CONFLICT
                       ? rc
                       : address_listen("0.0.0.0", port, ret_family, ret, err);
}

static void options_fill(struct http_server *server, struct MHD_OptionItem *items, int fd,
                         bool secure)
{
        const struct http_options *options = &server->options;
        unsigned count = 0;

#define ADD(option, number, pointer)                                                               \
        items[count++] = (struct MHD_OptionItem){option, number, pointer}
        ADD(MHD_OPTION_LISTEN_SOCKET, fd, NULL);
        ADD(MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, NULL);
        ADD(MHD_OPTION_CONNECTION_MEMORY_INCREMENT, 16 * KIB, NULL);
        ADD(MHD_OPTION_CONNECTION_LIMIT, options->max_connections, NULL);
        ADD(MHD_OPTION_CONNECTION_TIMEOUT, options->idle_timeout_sec, NULL);
        ADD(MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL);
        ADD(MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_completed, server);
        ADD(MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, server);
        ADD(MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)keep_escapes, NULL);
        if (options->max_connections_per_ip)
                ADD(MHD_OPTION_PER_IP_CONNECTION_LIMIT, options->max_connections_per_ip, NULL);
        if (options->threads > 1)
                ADD(MHD_OPTION_THREAD_POOL_SIZE, options->threads, NULL);
        if (secure) {
                ADD(MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)options->tls_cert);
                ADD(MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)options->tls_key);
                ADD(MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)TLS_PRIORITIES);
        }
        ADD(MHD_OPTION_END, 0, NULL);
#undef ADD
}

/* A failed start closes the socket in some cases and in others not; the number may be in use again.
 */
static void socket_close_if(int *fd, const struct stat *socket_stat)
{
        struct stat now;

        if (fstat(*fd, &now) < 0 || now.st_ino != socket_stat->st_ino ||
            now.st_dev != socket_stat->st_dev)
                *fd = -1;
        fs_closep(fd);
}

static enum rc daemon_start(struct http_server *server, uint16_t port, bool secure,
                            struct MHD_Daemon **ret, struct err *err)
{
        struct MHD_OptionItem items[OPTIONS_MAX];
        struct stat socket_stat;
        int fd = -1;
        unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME |
                         MHD_USE_ERROR_LOG | (secure ? MHD_USE_TLS : 0);
        int family = AF_UNSPEC;
        enum rc rc;

        rc = socket_listen(server->options.address, port, &family, &fd, err);
        if (rc != RC_OK)
                return rc;
        if (family == AF_INET6)
                flags |= MHD_USE_DUAL_STACK;
        if (fstat(fd, &socket_stat) < 0)
                memset(&socket_stat, 0, sizeof(socket_stat));
        options_fill(server, items, fd, secure);
        complaint[0] = '\0';
        *ret = MHD_start_daemon(flags, port, on_accept, server, on_request, server,
                                MHD_OPTION_EXTERNAL_LOGGER, complaint_log, NULL, MHD_OPTION_ARRAY,
                                items, MHD_OPTION_END);
        if (*ret)
                return RC_OK; /* the socket is libmicrohttpd's */
        socket_close_if(&fd, &socket_stat);
        return err_set(err, secure ? RC_INVALID : RC_IO, "cannot serve port %u: %s", port,
                       complaint[0] ? complaint : "certificate or key refused");
}

static enum rc options_check(const struct http_options *options, struct err *err)
{
        if (!options->threads || !options->pool_threads || !options->pool_queue ||
            options->max_connections < options->threads || !options->header_deadline_sec ||
            !options->body_deadline_sec || !options->upload_deadline_sec ||
            !options->idle_timeout_sec)
                return err_set(err, RC_INVALID, "a limit of the listener is zero");
        if (!options->http_port && !options->https_port)
                return err_set(err, RC_INVALID, "neither an HTTP nor an HTTPS port is set");
        if (options->https_port && (!options->tls_cert || !options->tls_key))
                return err_set(err, RC_INVALID, "HTTPS needs a certificate and a key");
        return routes_check(options->routes, options->route_count, err);
}

static enum rc server_run(struct http_server *server, struct err *err)
{
        const struct http_options *options = &server->options;
        enum rc rc;

        rc = pool_start(options->pool_threads, options->pool_queue, &server->pool, err);
        if (rc != RC_OK)
                return rc;
        rc = watchdog_start(&server->watchdog, err);
        if (rc != RC_OK)
                return rc;
        if (options->http_port)
                rc = daemon_start(server, options->http_port, false, &server->daemons[0], err);
        if (rc != RC_OK)
                return rc;
        if (options->https_port)
                rc = daemon_start(server, options->https_port, true, &server->daemons[1], err);
        return rc;
}

enum rc http_server_start(const struct http_options *options, struct http_server **ret,
                          struct err *err)
{
        CLEANUP(http_server_freep) struct http_server *server = NULL;
        enum rc rc;

        rc = options_check(options, err);
        if (rc != RC_OK)
                return rc;
        server = calloc(1, sizeof(*server));
        if (!server)
                return err_set(err, RC_NOMEM, "no memory for a server");
        server->options = *options;
        /* Unlike from run to run: no two requests of two lives of a server share an id. */
        atomic_store(&server->next_id, (uint64_t)clock_now(NULL));
        rc = server_run(server, err);
        server->options.tls_cert = NULL;
        server->options.tls_key = NULL;
        server->options.address = NULL;
        if (rc != RC_OK)
                return rc;
        *ret = server;
        server = NULL;
        return RC_OK;
}

/* --- stopping --- */

void http_server_stop(struct http_server *server, unsigned wait_sec)
{
        const usec_t until = clock_uptime() + wait_sec * USEC_PER_SEC;
        const struct timespec step = {.tv_nsec = STOP_STEP_NSEC};

        atomic_store(&server->stopping, true);
        while (atomic_load(&server->exchanges) && clock_uptime() < until)
                nanosleep(&step, NULL);
        /* The pool first: it resumes every connection, and from then on none is suspended for
         * longer than a call; libmicrohttpd aborts when it finds a suspended one. */
        if (server->pool)
                pool_stop(server->pool);
        for (size_t i = 0; i < ARRAY_COUNT(server->daemons); i++) {
                if (server->daemons[i])
                        MHD_stop_daemon(server->daemons[i]);
                server->daemons[i] = NULL;
        }
}

void http_server_freep(struct http_server **server)
{
        if (!*server)
                return;
        http_server_stop(*server, 0);
        pool_freep(&(*server)->pool);
        watchdog_freep(&(*server)->watchdog);
        free(*server);
        *server = NULL;
}
