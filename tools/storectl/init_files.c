/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/fs.h"
#include "core/base/random.h"
#include "core/keys/x509.h"
#include "core/model/settings.h"
#include "tools/storectl/init.h"
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CA_DAYS          3650
#define SERVER_DAYS      825 /* the longest that common TLS clients accept of a private CA */
#define FILE_MAX         (256 * KIB)
#define SERVER_KEY_BYTES 32
#define SOCKET_FILE      "run/signer.sock"
#define SOCKET_PATH_MAX  107

static enum rc put(const struct init *init, const char *name, const void *data, size_t bytes,
                   mode_t mode, const struct init_user *owner, struct err *err)
{
        const char *path = init_path(init, name);
        enum rc rc;

        if (!path)
                return err_set(err, RC_NOMEM, "out of memory");
        rc = fs_write_file(path, data, bytes, mode, err);
        return rc == RC_OK ? init_give(init, path, owner, mode, err) : rc;
}

static enum rc folder(const struct init *init, const char *name, mode_t mode,
                      const struct init_user *owner, struct err *err)
{
        const char *path = init_path(init, name);
        enum rc rc;

        if (!path)
                return err_set(err, RC_NOMEM, "out of memory");
        rc = fs_make_dirs(path, mode, err);
        return rc == RC_OK ? init_give(init, path, owner, mode, err) : rc;
}

static enum rc tls_write(struct init *init, struct err *err)
{
        CLEANUP(buf_fini) struct buf ca = BUF_INIT(FILE_MAX);
        CLEANUP(buf_fini) struct buf server = BUF_INIT(FILE_MAX);
        CLEANUP(secret_freep) struct secret *ca_key = NULL;
        CLEANUP(secret_freep) struct secret *server_key = NULL;
        char common[64];
        enum rc rc;

        snprintf(common, sizeof(common), "Storehouse CA of %.40s", init->username);
        rc = x509_make_ca(common, init->now, CA_DAYS, &ca, &ca_key, err);
        if (rc == RC_OK)
                rc = buf_finish(&ca, err);
        if (rc == RC_OK)
                rc = x509_make_server(ca.data, ca.len, ca_key, init->names, init->name_count,
                                      init->now, SERVER_DAYS, &server, &server_key, err);
        if (rc == RC_OK)
                rc = buf_finish(&server, err);
        if (rc == RC_OK)
                rc = folder(init, "tls", 0755, NULL, err);
        if (rc == RC_OK)
                rc = put(init, "tls/ca.pem", ca.data, ca.len, 0644, NULL, err);
        if (rc == RC_OK)
                rc = put(init, "tls/server.pem", server.data, server.len, 0644, NULL, err);
        if (rc == RC_OK)
                rc = put(init, "tls/server.key", secret_view(server_key), secret_length(server_key),
                         0600, &init->server, err);
        if (rc == RC_OK)
                rc = put(init, "offline/ca.key", secret_view(ca_key), secret_length(ca_key), 0600,
                         NULL, err);
        return rc;
}

static void setting_put(struct buf *out, enum setting setting, const char *value)
{
        if (*value)
                buf_printf(out, "%s = %s\n", settings_rows[setting].name, value);
}

static void port_put(struct buf *out, enum setting setting, long port)
{
        buf_printf(out, "%s = %ld\n", settings_rows[setting].name, port);
}

static enum rc conf_write(struct init *init, struct err *err)
{
        CLEANUP(buf_fini) struct buf text = BUF_INIT(FILE_MAX);
        enum rc rc;

        buf_text(&text, "# Settings of this store. `storectl config explain` says what else may "
                        "stand here.\n# Relative paths begin at the folder of this file.\n\n");
        setting_put(&text, SET_STORE_ID, init->store_id);
        setting_put(&text, SET_BRAND_ID, init->account_id);
        setting_put(&text, SET_DATA_DIR, ".");
        setting_put(&text, SET_KEYS_DIR, "keys");
        setting_put(&text, SET_PASSPHRASE_FILE,
                    init->passphrase_file ? init->passphrase_file : "-");
        setting_put(&text, SET_SIGNER_SOCKET, SOCKET_FILE);
        port_put(&text, SET_HTTP_PORT, init->http_port);
        port_put(&text, SET_HTTPS_PORT, init->https_port);
        setting_put(&text, SET_TLS_CERT_FILE, "tls/server.pem");
        setting_put(&text, SET_TLS_KEY_FILE, "tls/server.key");
        setting_put(&text, SET_SERVER_USER, init->server.name);
        setting_put(&text, SET_SIGNER_USER, init->signer.name);
        setting_put(&text, SET_WORKER_USER, init->worker_user);
        rc = buf_finish(&text, err);
        return rc == RC_OK ? put(init, "storehouse.conf", text.data, text.len, 0644, NULL, err)
                           : rc;
}

const char *init_url(const struct init *init, const char *host)
{
        const bool tls = init->https_port != 0;
        const bool six = strchr(host, ':') != NULL;

        return arena_printf(init->cli->arena, "http%s://%s%s%s:%ld", tls ? "s" : "", six ? "[" : "",
                            host, six ? "]" : "", tls ? init->https_port : init->http_port);
}

/* Who works on the server reaches it as localhost, also before its name is known to the world. */
static enum rc client_write(struct init *init, struct err *err)
{
        CLEANUP(buf_fini) struct buf text = BUF_INIT(FILE_MAX);
        char token[TOKEN_CHARS + 2];
        enum rc rc;

        buf_text(&text, "# where storectl --data finds this store\n");
        for (size_t i = 0; i < init->domain_count; i++)
                buf_printf(&text, "# from elsewhere: %s\n", init_url(init, init->names[i]));
        buf_printf(&text, "url = %s\nca = tls/ca.pem\ntoken-file = admin.token\n",
                   init_url(init, "localhost"));
        rc = buf_finish(&text, err);
        if (rc == RC_OK)
                rc = put(init, "client.conf", text.data, text.len, 0644, NULL, err);
        if (rc != RC_OK)
                return rc;
        memcpy(init->token, TOKEN_PREFIX, strlen(TOKEN_PREFIX));
        random_text(init->token + strlen(TOKEN_PREFIX), TOKEN_CHARS - strlen(TOKEN_PREFIX));
        snprintf(token, sizeof(token), "%s\n", init->token);
        rc = put(init, "admin.token", token, strlen(token), 0600, NULL, err);
        bytes_wipe(token, sizeof(token));
        return rc;
}

enum rc init_write_files(struct init *init, struct err *err)
{
        uint8_t key[SERVER_KEY_BYTES];
        enum rc rc;

        if (strlen(init->dir) + 1 + strlen(SOCKET_FILE) > SOCKET_PATH_MAX) {
                cli_hint(init->cli, EXIT_USAGE, "a folder with a shorter path");
                return err_set(err, RC_INVALID, "the path of the folder is too long for a socket");
        }
        rc = tls_write(init, err);
        if (rc == RC_OK)
                rc = folder(init, "run", 0755, &init->signer, err);
        if (rc == RC_OK)
                rc = folder(init, "secrets", 0700, &init->server, err);
        if (rc != RC_OK)
                return rc;
        random_fill(key, sizeof(key));
        rc = put(init, "secrets/server.key", key, sizeof(key), 0600, &init->server, err);
        bytes_wipe(key, sizeof(key));
        if (rc == RC_OK)
                rc = client_write(init, err);
        return rc == RC_OK ? conf_write(init, err) : rc;
}
