/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/storectl/place.h"
#include "core/base/fs.h"
#include "core/base/random.h"
#include "core/model/settings.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { CLIENT_URL, CLIENT_CA, CLIENT_TOKEN_FILE, CLIENT_COUNT };

static const struct conf_row client_rows[CLIENT_COUNT] = {
        [CLIENT_URL] = {"url", CONF_TEXT, "", 0, 1024, "", "where the store answers"},
        [CLIENT_CA] = {"ca", CONF_PATH, "", 0, 1024, "", "the certificate authority to trust"},
        [CLIENT_TOKEN_FILE] = {"token-file", CONF_PATH, "", 0, 1024, "", "the file of the token"},
};

static const char *env_find(const char *name)
{
        const char *value = getenv(name);

        return value && *value ? value : NULL;
}

/* The folder for a user's own settings; NULL without a home. */
static const char *home_below(struct cli *cli, const char *name)
{
        const char *config = env_find("XDG_CONFIG_HOME");
        const char *home = env_find("HOME");

        if (config)
                return arena_printf(cli->arena, "%s/storehouse/%s", config, name);
        return home ? arena_printf(cli->arena, "%s/.config/storehouse/%s", home, name) : NULL;
}

static void keep(struct cli *cli, const char **place, const char *value)
{
        if (!*place && value && *value)
                *place = arena_strdup(cli->arena, value);
}

static enum rc client_conf_read(struct cli *cli, const char *path, struct err *err)
{
        CLEANUP(conf_freep) struct conf *conf = NULL;
        const char *url = cli->url;
        enum rc rc;

        rc = conf_new(client_rows, CLIENT_COUNT, &conf, err);
        if (rc == RC_OK)
                rc = conf_load(conf, path, err);
        if (rc != RC_OK)
                return rc;
        keep(cli, &cli->url, conf_text(conf, CLIENT_URL));
        keep(cli, &cli->ca, conf_text(conf, CLIENT_CA));
        /* A token is for the store it was made for: another --url does not get it. */
        if (!url || strcmp(url, conf_text(conf, CLIENT_URL)) == 0)
                keep(cli, &cli->token_file, conf_text(conf, CLIENT_TOKEN_FILE));
        return RC_OK;
}

enum rc place_find(struct cli *cli, struct err *err)
{
        const char *path;
        enum rc rc;

        keep(cli, &cli->url, env_find("STOREHOUSE_URL"));
        keep(cli, &cli->ca, env_find("STOREHOUSE_CA"));
        keep(cli, &cli->token_file, env_find("STOREHOUSE_TOKEN_FILE"));
        keep(cli, &cli->data, env_find("STOREHOUSE_DATA"));
        path = cli->data ? arena_printf(cli->arena, "%s/client.conf", cli->data)
                         : home_below(cli, "client.conf");
        if (path && (fs_exists(path) || (cli->data && !cli->url))) {
                rc = client_conf_read(cli, path, err);
                if (rc != RC_OK) {
                        cli_hint(cli, EXIT_USAGE, "--data DIR with a folder made by storectl init");
                        return rc;
                }
        }
        if (cli->url)
                return RC_OK;
        cli_hint(cli, EXIT_USAGE, "--url https://HOST:PORT, or --data DIR on the server");
        return err_set(err, RC_INVALID, "no store is named");
}

enum rc place_data(struct cli *cli, const char **ret, struct err *err)
{
        char path[PATH_MAX];

        keep(cli, &cli->data, env_find("STOREHOUSE_DATA"));
        if (!cli->data) {
                cli_hint(cli, EXIT_USAGE, "--data DIR, or $STOREHOUSE_DATA");
                return err_set(err, RC_INVALID, "no data folder is named");
        }
        if (!realpath(cli->data, path)) {
                cli_hint(cli, EXIT_ABSENT, "storectl init %.150s --brand NAME", cli->data);
                return err_set(err, RC_NOT_FOUND, "there is no folder %.150s", cli->data);
        }
        *ret = arena_strdup(cli->arena, path);
        return *ret ? RC_OK : err_set(err, RC_NOMEM, "out of memory");
}

enum rc place_settings(struct cli *cli, struct conf **ret, struct err *err)
{
        CLEANUP(conf_freep) struct conf *conf = NULL;
        const char *data = NULL;
        enum rc rc;

        rc = place_data(cli, &data, err);
        if (rc == RC_OK)
                rc = conf_new(settings_rows, SET_COUNT, &conf, err);
        if (rc != RC_OK)
                return rc;
        rc = conf_load(conf, place_below(cli, data, "storehouse.conf"), err);
        if (rc != RC_OK) {
                cli_hint(cli, EXIT_FAILED, "storectl config explain, for what may stand there");
                return rc;
        }
        *ret = conf;
        conf = NULL;
        return RC_OK;
}

const char *place_below(struct cli *cli, const char *data, const char *path)
{
        return path[0] == '/' ? path : arena_printf(cli->arena, "%s/%s", data, path);
}

enum rc place_keys(struct cli *cli, const char **ret, struct err *err)
{
        *ret = env_find("STOREHOUSE_KEYS");
        if (!*ret)
                *ret = home_below(cli, "keys");
        if (*ret)
                return RC_OK;
        cli_hint(cli, EXIT_USAGE, "STOREHOUSE_KEYS=DIR storectl ...");
        return err_set(err, RC_INVALID, "no folder for keys: neither $STOREHOUSE_KEYS nor $HOME");
}

enum rc place_passphrase(struct cli *cli, const char *file, const char *variable,
                         const char *prompt, bool again, struct secret **ret, struct err *err)
{
        CLEANUP(secret_freep) struct secret *first = NULL;
        CLEANUP(secret_freep) struct secret *second = NULL;
        enum rc rc;

        if (!file && variable)
                file = env_find(variable);
        rc = secret_read_passphrase(file ? file : "-", prompt, &first, err);
        if (rc != RC_OK) {
                cli_hint(cli, EXIT_FAILED, "--passphrase-file FILE (mode 0600, one line)");
                return err_prefix(err, rc, "passphrase");
        }
        if (again && (!file || strcmp(file, "-") == 0)) {
                rc = secret_read_passphrase("-", "The same again", &second, err);
                if (rc != RC_OK)
                        return rc;
                if (secret_length(first) != secret_length(second) ||
                    !bytes_equal(secret_view(first), secret_view(second), secret_length(first)))
                        return err_set(err, RC_INVALID, "the two passphrases differ");
        }
        *ret = first;
        first = NULL;
        return RC_OK;
}
