/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/fs.h"
#include "core/base/user.h"
#include "core/keys/keydir.h"
#include "core/model/settings.h"
#include "tools/storectl/doctor.h"
#include "tools/storectl/place.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool user_read(const struct doctor *doctor, enum setting setting, uid_t *ret)
{
        const char *name = conf_text(doctor->conf, setting);
        gid_t gid;

        return *name && user_find(name, ret, &gid, NULL) == RC_OK;
}

static void users_look(struct doctor *doctor)
{
        const char *server = conf_text(doctor->conf, SET_SERVER_USER);
        const char *signer = conf_text(doctor->conf, SET_SIGNER_USER);
        const bool known = user_read(doctor, SET_SERVER_USER, &doctor->server_uid) &&
                           user_read(doctor, SET_SIGNER_USER, &doctor->signer_uid);

        doctor->two_users = known && doctor->server_uid != doctor->signer_uid;
        if ((*server || *signer) && !known)
                doctor_find(doctor, HEALTH_FAIL, "users", "make both users, or leave both empty",
                            "server-user %s or signer-user %s is not on this machine", server,
                            signer);
        else if (doctor->two_users)
                doctor_find(doctor, HEALTH_OK, "users", "", "server %s, signer %s", server, signer);
        else
                doctor_find(doctor, HEALTH_WARN, "users",
                            "run as root with two users (storectl init --create-users)",
                            "server and signer share one user: who takes over the server can reach "
                            "the signer's memory and keys");
}

/* Whether path can be read only by its owner; owner (when not -1) must be that. */
static void private_look(struct doctor *doctor, const char *check, const char *path, bool needed,
                         bool owned, uid_t owner)
{
        struct stat st;

        if (lstat(path, &st) < 0) {
                if (errno == EACCES)
                        doctor_find(doctor, HEALTH_OK, check, "",
                                    "%s is closed to us, as it should", path);
                else if (needed)
                        doctor_find(doctor, HEALTH_FAIL, check, "restore it from a backup",
                                    "%s is not there", path);
                return;
        }
        if (st.st_mode & 077)
                doctor_find(doctor, HEALTH_FAIL, check, "chmod go= on it", "%s is open to others",
                            path);
        else if (owned && st.st_uid != owner)
                doctor_find(doctor, HEALTH_FAIL, check, "chown it to its user",
                            "%s belongs to user %u, not %u", path, (unsigned)st.st_uid,
                            (unsigned)owner);
        else
                doctor_find(doctor, HEALTH_OK, check, "", "%s is private", path);
}

static void roles_look(struct doctor *doctor, const char *keys)
{
        struct keydir_role roles[KEYDIR_ROLES_MAX];
        struct err err = {0};
        size_t count = 0;
        enum rc rc;

        rc = keydir_read_roles(keys, roles, &count, &err);
        if (rc == RC_FORBIDDEN)
                return;
        if (rc != RC_OK || !count) {
                doctor_find(doctor, HEALTH_FAIL, "roles", "restore keys/ from a backup", "%s",
                            rc != RC_OK ? err.text : "no role has a key");
                return;
        }
        for (size_t i = 0; i < count; i++) {
                bool seen = false; /* one key may fill several roles */

                for (size_t j = 0; j < i; j++)
                        seen |= strcmp(roles[j].file, roles[i].file) == 0;
                if (!seen)
                        private_look(doctor, "key",
                                     arena_printf(doctor->cli->arena, "%s/%s", keys, roles[i].file),
                                     true, doctor->two_users, doctor->signer_uid);
        }
}

/* Who can write there decides what is trusted. */
static void trust_look(struct doctor *doctor)
{
        const char *path = place_below(doctor->cli, doctor->data, KEYDIR_TRUST_FOLDER);
        struct keydir_root roots[KEYDIR_ROOTS_MAX];
        struct err err = {0};
        size_t count = 0;
        struct stat st;

        if (lstat(path, &st) < 0 || keydir_read_roots(path, roots, &count, &err) != RC_OK)
                doctor_find(doctor, HEALTH_FAIL, "trust", "restore trust/ from a backup",
                            "%s/roots: %s", path, err.text[0] ? err.text : "not there");
        else if (st.st_mode & 022 || (doctor->two_users && st.st_uid == doctor->server_uid))
                doctor_find(doctor, HEALTH_FAIL, "trust", "chown root, chmod go-w on it",
                            "%s can be written by the server or by others", path);
        else if (!count)
                doctor_find(doctor, HEALTH_FAIL, "trust", "restore trust/ from a backup",
                            "no root key is trusted");
        else
                doctor_find(doctor, HEALTH_OK, "trust", "", "%zu root key%s", count,
                            count == 1 ? "" : "s");
}

static void passphrase_look(struct doctor *doctor)
{
        const char *path = conf_text(doctor->conf, SET_PASSPHRASE_FILE);
        struct stat st;

        if (strcmp(path, "-") == 0 || strncmp(path, "credential:", 11) == 0) {
                doctor_find(doctor, HEALTH_OK, "passphrase", "", "it is not on this disk");
                return;
        }
        doctor_find(doctor, HEALTH_WARN, "passphrase",
                    "passphrase-file = credential:NAME (systemd) or - (asked at the start)",
                    "it lies on the disk: who copies the disk has the keys");
        /* Root's is as good: the signer reads it before it gives up root. */
        if (*path)
                private_look(doctor, "passphrase", path, true,
                             doctor->two_users && !(lstat(path, &st) == 0 && st.st_uid == 0),
                             doctor->signer_uid);
}

static void offline_look(struct doctor *doctor)
{
        static const char *const files[] = {"offline/root.key", "offline/ca.key"};

        for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
                const char *path = place_below(doctor->cli, doctor->data, files[i]);

                if (!fs_exists(path))
                        doctor_find(doctor, HEALTH_OK, "offline", "", "%s is elsewhere", files[i]);
                else
                        doctor_find(doctor, HEALTH_WARN, "offline",
                                    "move it to a medium that is not on the network",
                                    "%s is still on this machine", files[i]);
        }
}

void doctor_look_files(struct doctor *doctor)
{
        const char *keys = conf_text(doctor->conf, SET_KEYS_DIR);

        users_look(doctor);
        private_look(doctor, "keys", keys, true, doctor->two_users, doctor->signer_uid);
        roles_look(doctor, keys);
        trust_look(doctor);
        passphrase_look(doctor);
        offline_look(doctor);
        private_look(doctor, "database", place_below(doctor->cli, doctor->data, "storehouse.db"),
                     true, doctor->two_users, doctor->server_uid);
        private_look(doctor, "secrets",
                     place_below(doctor->cli, doctor->data, "secrets/server.key"), true,
                     doctor->two_users, doctor->server_uid);
        private_look(doctor, "admin token", place_below(doctor->cli, doctor->data, "admin.token"),
                     false, false, 0);
        if (conf_int(doctor->conf, SET_HTTPS_PORT))
                private_look(doctor, "tls key", conf_text(doctor->conf, SET_TLS_KEY_FILE), true,
                             doctor->two_users, doctor->server_uid);
}
