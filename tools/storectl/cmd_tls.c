/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/fs.h"
#include "core/base/random.h"
#include "core/keys/x509.h"
#include "core/model/settings.h"
#include "tools/storectl/commands.h"
#include "tools/storectl/place.h"
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAMES_MAX   32
#define SERVER_DAYS 825
#define FILE_MAX    (256 * KIB)

static enum rc secret_read(struct cli *cli, const char *path, struct secret **ret, struct err *err)
{
        char *text = NULL;
        size_t bytes = 0;
        enum rc rc;

        rc = fs_read_file(path, FILE_MAX, &text, &bytes, err);
        if (rc != RC_OK) {
                cli_hint(cli, EXIT_FAILED,
                         "--ca-key FILE with the ca.key that init put in offline/");
                return rc;
        }
        *ret = secret_new_copy(text, bytes);
        bytes_wipe(text, bytes);
        fs_freep(&text);
        return *ret ? RC_OK : err_set(err, RC_NOMEM, "out of memory");
}

/* Written over, with the owner that the old one has. */
static enum rc replace(const char *path, const void *data, size_t bytes, mode_t mode,
                       struct err *err)
{
        struct stat st;
        const bool known = stat(path, &st) == 0;
        enum rc rc;

        rc = fs_write_file(path, data, bytes, mode, err);
        if (rc == RC_OK && known && geteuid() == 0 && chown(path, st.st_uid, st.st_gid) < 0)
                return err_errno(err, "cannot give %.150s back", path);
        return rc;
}

static enum rc certificate_make(struct cli *cli, const struct args *args, const char *data,
                                struct buf *ret_cert, struct secret **ret_key, struct err *err)
{
        static const char *const always[] = {"localhost", "127.0.0.1", "::1"};
        CLEANUP(secret_freep) struct secret *ca_key = NULL;
        CLEANUP(fs_freep) char *ca = NULL;
        const char *names[NAMES_MAX];
        size_t count = args_many(args, "domain", names, NAMES_MAX - ARRAY_COUNT(always));
        const char *key_path = args_text(args, "ca-key");
        size_t bytes = 0;
        enum rc rc;

        if (!count)
                return cli_usage(cli, "tls renew", err,
                                 "tls renew wants every name of the server: --domain HOST");
        for (size_t i = 0; i < ARRAY_COUNT(always); i++)
                names[count++] = always[i];
        rc = secret_read(cli, key_path ? key_path : place_below(cli, data, "offline/ca.key"),
                         &ca_key, err);
        if (rc == RC_OK)
                rc = fs_read_file(place_below(cli, data, "tls/ca.pem"), FILE_MAX, &ca, &bytes, err);
        if (rc == RC_OK)
                rc = x509_make_server(ca, bytes, ca_key, names, count, clock_now(NULL), SERVER_DAYS,
                                      ret_cert, ret_key, err);
        return rc == RC_OK ? buf_finish(ret_cert, err) : rc;
}

enum rc cmd_tls_renew(struct cli *cli, const struct args *args, struct err *err)
{
        CLEANUP(conf_freep) struct conf *conf = NULL;
        CLEANUP(buf_fini) struct buf cert = BUF_INIT(FILE_MAX);
        CLEANUP(secret_freep) struct secret *key = NULL;
        char until[CLOCK_CHARS + 1] = "";
        const char *data = NULL;
        usec_t expiry = 0;
        enum rc rc;

        rc = place_data(cli, &data, err);
        if (rc == RC_OK)
                rc = place_settings(cli, &conf, err);
        if (rc == RC_OK)
                rc = certificate_make(cli, args, data, &cert, &key, err);
        if (rc == RC_OK)
                rc = x509_expiry(cert.data, cert.len, &expiry, err);
        if (rc == RC_OK)
                rc = replace(conf_text(conf, SET_TLS_KEY_FILE), secret_view(key),
                             secret_length(key), 0600, err);
        if (rc == RC_OK)
                rc = replace(conf_text(conf, SET_TLS_CERT_FILE), cert.data, cert.len, 0644, err);
        if (rc != RC_OK)
                return rc;
        clock_format(expiry, until);
        cli_say(cli, "New certificate, valid until %s", until);
        cli_say(cli, "Next: restart the server");
        cli_result(cli, json_pack("{s:s}", "expires", until));
        return RC_OK;
}
