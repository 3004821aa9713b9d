/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/fs.h"
#include "core/keys/keydir.h"
#include "core/keys/x509.h"
#include "core/model/assertion.h"
#include "core/model/settings.h"
#include "tools/storectl/doctor.h"
#include "tools/storectl/place.h"
#include "tools/storectl/table.h"
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>

#define DAY              (USEC_PER_SEC * 24 * 3600)
#define CERTIFICATE_DAYS 30
#define KEY_DAYS         90
#define FILE_MAX         (256 * KIB)

static void until_look(struct doctor *doctor, const char *check, const char *what, usec_t until,
                       int warn_days, const char *advice)
{
        const usec_t left = until - clock_now(NULL);
        char text[CLOCK_CHARS + 1];

        clock_format(until, text);
        if (left <= 0)
                doctor_find(doctor, HEALTH_FAIL, check, advice, "%s expired on %s", what, text);
        else if (left < warn_days * DAY)
                doctor_find(doctor, HEALTH_WARN, check, advice, "%s expires in %d days, on %s",
                            what, (int)(left / DAY), text);
        else
                doctor_find(doctor, HEALTH_OK, check, "", "%s is valid until %s", what, text);
}

static void certificate_look(struct doctor *doctor)
{
        const char *path = conf_text(doctor->conf, SET_TLS_CERT_FILE);
        CLEANUP(fs_freep) char *text = NULL;
        struct err err = {0};
        size_t bytes = 0;
        usec_t expiry = 0;
        enum rc rc;

        if (!conf_int(doctor->conf, SET_HTTPS_PORT)) {
                doctor_find(doctor, HEALTH_WARN, "tls", "https-port = 8443",
                            "https is off: tokens and sessions travel in clear");
                return;
        }
        rc = fs_read_file(path, FILE_MAX, &text, &bytes, &err);
        if (rc == RC_OK)
                rc = x509_expiry(text, bytes, &expiry, &err);
        if (rc != RC_OK)
                doctor_find(doctor, HEALTH_FAIL, "tls", "storectl tls renew --domain HOST", "%s",
                            err.text);
        else
                until_look(doctor, "tls", "the server's certificate", expiry, CERTIFICATE_DAYS,
                           "storectl tls renew --domain HOST");
}

static void http_look(struct doctor *doctor)
{
        const char *address = conf_text(doctor->conf, SET_HTTP_ADDRESS);

        if (conf_int(doctor->conf, SET_HTTP_PORT) && strcmp(address, "127.0.0.1") != 0 &&
            strcmp(address, "::1") != 0 && strcmp(address, "localhost") != 0)
                doctor_find(doctor, HEALTH_WARN, "http",
                            "http-port = 0, or http-address = 127.0.0.1 behind a proxy",
                            "port %lld answers without encryption to other machines",
                            (long long)conf_int(doctor->conf, SET_HTTP_PORT));
}

/* The store's key has a short life by design: it must be replaced in time. */
static void key_look(struct doctor *doctor, const char *name)
{
        const char *path = arena_printf(doctor->cli->arena, "%s/%s/%s-account-key.assert",
                                        doctor->data, KEYDIR_TRUST_FOLDER, name);
        CLEANUP(fs_freep) char *text = NULL;
        struct assertion *key = NULL;
        struct err err = {0};
        size_t bytes = 0;
        usec_t until = 0;
        enum rc rc;

        if (!fs_exists(path))
                return;
        rc = fs_read_file(path, FILE_MAX, &text, &bytes, &err);
        if (rc == RC_OK)
                rc = assertion_parse(doctor->cli->arena, text, bytes, &key, &err);
        if (rc != RC_OK) {
                doctor_find(doctor, HEALTH_FAIL, "key life", "restore trust/ from a backup", "%s",
                            err.text);
                return;
        }
        if (assertion_time(key, "until", &until) == RC_OK)
                until_look(doctor, "key life", arena_printf(doctor->cli->arena, "the %s key", name),
                           until, KEY_DAYS, "sign an account-key for a new one with the root key");
}

static void disk_look(struct doctor *doctor)
{
        const uint64_t floor = (uint64_t)conf_int(doctor->conf, SET_MIN_FREE_BYTES);
        struct err err = {0};
        uint64_t bytes = 0;
        const char *text;

        if (fs_free_bytes(doctor->data, &bytes, &err) != RC_OK) {
                doctor_find(doctor, HEALTH_FAIL, "disk", "", "%s", err.text);
                return;
        }
        text = text_size(doctor->cli->arena, bytes);
        if (bytes < floor)
                doctor_find(doctor, HEALTH_FAIL, "disk", "make room: uploads are refused",
                            "%s free", text);
        else if (bytes < floor * 4)
                doctor_find(doctor, HEALTH_WARN, "disk", "make room soon", "%s free", text);
        else
                doctor_find(doctor, HEALTH_OK, "disk", "", "%s free", text);
}

static void clock_look(struct doctor *doctor)
{
        const char *path = place_below(doctor->cli, doctor->data, "storehouse.conf");
        struct timex state = {0};
        struct stat st;

        if (stat(path, &st) == 0 &&
            clock_now(NULL) < (usec_t)st.st_mtim.tv_sec * USEC_PER_SEC - DAY)
                doctor_find(doctor, HEALTH_FAIL, "clock", "set it: signatures carry the time",
                            "the clock is behind the settings file");
        else if (adjtimex(&state) == TIME_ERROR)
                doctor_find(doctor, HEALTH_WARN, "clock", "run a time service (chrony, timesyncd)",
                            "nothing keeps the clock right");
        else
                doctor_find(doctor, HEALTH_OK, "clock", "", "kept by a time service");
}

static void sandbox_look(struct doctor *doctor)
{
        if (!conf_bool(doctor->conf, SET_REQUIRE_SANDBOX))
                doctor_find(doctor, HEALTH_WARN, "sandbox", "require-sandbox = yes",
                            "uploads may be inspected without a sandbox");
}

void doctor_look_life(struct doctor *doctor)
{
        certificate_look(doctor);
        http_look(doctor);
        key_look(doctor, "store");
        key_look(doctor, "brand");
        disk_look(doctor);
        clock_look(doctor);
        sandbox_look(doctor);
}
