/* SPDX-License-Identifier: Apache-2.0 */
#include "server/serve.h"
#include "core/base/fs.h"
#include "core/base/log.h"
#include "server/api/api.h"
#include "server/domain/block.h"
#include "server/domain/fleet.h"
#include "server/domain/import.h"
#include "server/domain/jobs.h"
#include "server/domain/manifest_keeper.h"
#include "server/domain/session.h"
#include "server/domain/ticket.h"
#include "server/domain/token_table.h"
#include "server/http/server.h"
#include "server/manifest/manifest_keys.h"
#include "server/privileges.h"
#include "server/roots.h"
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define PEM_MAX          (256 * KIB)
#define NONCES_MAX       100000
#define SIGNER_WAIT_USEC (10 * USEC_PER_SEC)
#define STOP_WAIT_SEC    10

/* What a run opens; closed in the opposite order. */
struct serving {
        struct world world;
        struct http_server *http;
        char *tls_cert;
        char *tls_key;
        struct arena *arena;
        struct route *routes;
        size_t route_count;
        char worker_binary[PATH_MAX + 32];
};

static void serving_fini(struct serving *serving)
{
        struct world *world = &serving->world;

        if (serving->http)
                http_server_stop(serving->http, STOP_WAIT_SEC);
        http_server_freep(&serving->http);
        fleet_freep(&world->fleet);
        manifest_keeper_freep(&world->manifest_keeper);
        jobs_freep(&world->jobs);
        catalog_store_freep(&world->catalog);
        nonce_book_freep(&world->nonces);
        token_table_freep(&world->tokens);
        block_table_freep(&world->blocks);
        manifest_keys_freep(&world->manifest_keys);
        signer_client_freep(&world->signer);
        blob_store_freep(&world->blobs);
        db_freep(&world->db);
        secret_freep(&world->server_key);
        if (serving->tls_key)
                bytes_wipe(serving->tls_key, strlen(serving->tls_key));
        free(serving->tls_key);
        free(serving->tls_cert);
        arena_freep(&serving->arena);
}

static enum rc tls_read(struct serving *serving, struct err *err)
{
        const struct world *world = &serving->world;
        enum rc rc;

        if (!world_int(world, SET_HTTPS_PORT))
                return RC_OK;
        rc = fs_read_file(world_text(world, SET_TLS_CERT_FILE), PEM_MAX, &serving->tls_cert, NULL,
                          err);
        if (rc == RC_OK)
                rc = fs_read_file(world_text(world, SET_TLS_KEY_FILE), PEM_MAX, &serving->tls_key,
                                  NULL, err);
        return rc;
}

static enum rc server_key_read(struct world *world, struct err *err)
{
        CLEANUP(fs_freep) char *data = NULL;
        char path[PATH_MAX];
        size_t bytes = 0;
        enum rc rc;

        snprintf(path, sizeof(path), "%s/secrets/server.key", world_text(world, SET_DATA_DIR));
        rc = fs_read_file(path, 64, &data, &bytes, err);
        if (rc != RC_OK)
                return rc;
        if (bytes != MAC_KEY_BYTES)
                return err_set(err, RC_INVALID, "%s must hold %d bytes", path, MAC_KEY_BYTES);
        world->server_key = secret_new_copy(data, bytes);
        bytes_wipe(data, bytes);
        return world->server_key ? RC_OK : err_set(err, RC_NOMEM, "no memory for a key");
}

static enum rc worker_find(struct serving *serving, struct err *err)
{
        struct world *world = &serving->world;
        char folder[PATH_MAX];
        enum rc rc;

        rc = fs_binary_dir(folder, sizeof(folder), err);
        if (rc != RC_OK)
                return rc;
        snprintf(serving->worker_binary, sizeof(serving->worker_binary), "%s/storehouse-worker",
                 folder);
        world->worker = (struct worker_options){
                .binary = serving->worker_binary,
                .user = world_text(world, SET_WORKER_USER),
                .memory_bytes = (uint64_t)world_int(world, SET_WORKER_MEMORY_BYTES),
                .seconds = (unsigned)world_int(world, SET_WORKER_SECONDS),
                .require_sandbox = conf_bool(world->conf, SET_REQUIRE_SANDBOX),
        };
        rc = worker_sandbox_check(&world->worker, err);
        if (rc == RC_OK || world->worker.require_sandbox)
                return rc == RC_OK ? RC_OK
                                   : err_prefix(err, rc,
                                                "the worker has no sandbox here (set "
                                                "require-sandbox = no to go on without)");
        log_line(LOG_LEVEL_WARNING, "msg=\"the worker runs without its sandbox: %s\"",
                 err ? err->text : "");
        return RC_OK;
}

static enum rc stores_open(struct world *world, struct err *err)
{
        const char *folder = world_text(world, SET_DATA_DIR);
        enum rc rc;

        rc = db_open(folder, false, &world->db, err);
        if (rc == RC_OK)
                rc = blob_store_open(folder, (uint64_t)world_int(world, SET_MIN_FREE_BYTES),
                                     &world->blobs, err);
        if (rc == RC_OK)
                rc = roots_read(folder, &world->roots, err);
        if (rc == RC_OK)
                rc = server_key_read(world, err);
        if (rc == RC_OK)
                rc = session_load_epoch(world, err);
        if (rc == RC_OK)
                rc = token_table_reload(world->tokens, world->db, err);
        if (rc == RC_OK)
                rc = block_table_reload(world->blocks, world->db, err);
        return rc;
}

static enum rc memory_make(struct serving *serving, struct err *err)
{
        struct world *world = &serving->world;
        uint8_t boot[16];

        random_fill(world->boot_key, sizeof(world->boot_key));
        random_fill(boot, sizeof(boot));
        hex_format(boot, sizeof(boot), world->boot_id);
        world->started = clock_uptime();
        world->nonces = nonce_book_new(NONCES_MAX);
        world->tokens = token_table_new();
        world->blocks = block_table_new();
        world->manifest_keys = manifest_keys_new();
        world->signer = signer_client_new(world_text(world, SET_SIGNER_SOCKET), SIGNER_WAIT_USEC);
        serving->arena = arena_new(MIB);
        if (serving->arena)
                serving->routes = api_routes_make(serving->arena, &serving->route_count);
        if (!world->nonces || !world->tokens || !world->blocks || !world->manifest_keys ||
            !world->signer || !serving->routes)
                return err_set(err, RC_NOMEM, "no memory to start");
        return RC_OK;
}

static void manifest_report(enum rc rc, const struct err *err)
{
        if (rc == RC_OK)
                log_line(LOG_LEVEL_INFO, "msg=\"refresh manifests can be signed\"");
        else
                log_line(LOG_LEVEL_WARNING, "msg=\"%s\" rc=%s", err->text, rc_name(rc));
}

static enum rc world_open(struct serving *serving, struct err *err)
{
        struct world *world = &serving->world;
        enum rc rc;

        rc = memory_make(serving, err);
        if (rc == RC_OK)
                rc = tls_read(serving, err);
        if (rc == RC_OK)
                rc = stores_open(world, err);
        if (rc == RC_OK)
                rc = worker_find(serving, err);
        if (rc == RC_OK)
                rc = catalog_store_open(world->db, &api_catalog_hooks, &world->catalog, err);
        if (rc == RC_OK)
                rc = import_trust_dir(world, err);
        if (rc == RC_OK)
                rc = jobs_start(world, &world->jobs, err);
        if (rc == RC_OK)
                rc = fleet_start(world, &world->fleet, err);
        if (rc == RC_OK)
                rc = manifest_keeper_start(world, manifest_report, &world->manifest_keeper, err);
        return rc;
}

static enum rc listen_start(struct serving *serving, struct err *err)
{
        struct world *world = &serving->world;
        const struct http_options options = {
                .routes = serving->routes,
                .route_count = serving->route_count,
                .callbacks = api_callbacks,
                .world = world,
                .address = world_text(world, SET_HTTP_ADDRESS),
                .http_port = (uint16_t)world_int(world, SET_HTTP_PORT),
                .https_port = (uint16_t)world_int(world, SET_HTTPS_PORT),
                .tls_cert = serving->tls_cert,
                .tls_key = serving->tls_key,
                .threads = (unsigned)world_int(world, SET_HTTP_THREADS),
                .pool_threads = (unsigned)world_int(world, SET_POOL_THREADS),
                .pool_queue = (unsigned)world_int(world, SET_POOL_QUEUE),
                .max_connections = (unsigned)world_int(world, SET_MAX_CONNECTIONS),
                .max_connections_per_ip = (unsigned)world_int(world, SET_MAX_CONNECTIONS_PER_IP),
                .header_deadline_sec = (unsigned)world_int(world, SET_HEADER_DEADLINE_SEC),
                .body_deadline_sec = (unsigned)world_int(world, SET_BODY_DEADLINE_SEC),
                .upload_deadline_sec = (unsigned)world_int(world, SET_UPLOAD_DEADLINE_SEC),
                .idle_timeout_sec = (unsigned)world_int(world, SET_IDLE_TIMEOUT_SEC),
        };

        return http_server_start(&options, &serving->http, err);
}

/* Until SIGTERM or SIGINT; every thread started later inherits the blocked set. */
static void signals_block(sigset_t *ret)
{
        sigemptyset(ret);
        sigaddset(ret, SIGTERM);
        sigaddset(ret, SIGINT);
        sigaddset(ret, SIGHUP);
        pthread_sigmask(SIG_BLOCK, ret, NULL);
        signal(SIGPIPE, SIG_IGN);
}

static void signals_wait(const sigset_t *wanted)
{
        int got = SIGHUP;

        while (got == SIGHUP)
                if (sigwait(wanted, &got) != 0)
                        return;
}

/* Changing the user made the kernel forget that this process is to end with its parent. */
static enum rc parent_bind(pid_t parent, struct err *err)
{
        if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0)
                return err_errno(err, "cannot be bound to the parent process");
        return getppid() == parent ? RC_OK : err_set(err, RC_CRASHED, "the parent process is gone");
}

enum rc serve_run(const struct conf *conf, struct err *err)
{
        CLEANUP(serving_fini) struct serving serving = {.world = {.conf = conf}};
        const char *address = conf_text(conf, SET_HTTP_ADDRESS);
        const int64_t http = conf_int(conf, SET_HTTP_PORT);
        const int64_t https = conf_int(conf, SET_HTTPS_PORT);
        const bool low_ports = (http > 0 && http < 1024) || (https > 0 && https < 1024);
        const pid_t parent = getppid();
        sigset_t wanted;
        enum rc rc;

        signals_block(&wanted);
        rc = privileges_drop(conf_text(conf, SET_SERVER_USER), low_ports, err);
        if (rc == RC_OK)
                rc = parent_bind(parent, err);
        if (rc != RC_OK)
                return rc;
        prctl(PR_SET_DUMPABLE, 0);
        rc = world_open(&serving, err);
        if (rc == RC_OK)
                rc = listen_start(&serving, err);
        if (rc != RC_OK)
                return rc;
        log_line(LOG_LEVEL_INFO, "msg=\"listening\" address=%s http=%d https=%d store=%s",
                 *address ? address : "any", (int)http, (int)https, conf_text(conf, SET_STORE_ID));
        signals_wait(&wanted);
        log_line(LOG_LEVEL_INFO, "msg=\"stopping\"");
        return RC_OK;
}
