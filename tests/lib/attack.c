/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/attack.h"
#include "core/base/frame.h"
#include "core/base/fs.h"
#include "core/base/jsonx.h"
#include "tests/lib/check.h"
#include "tests/lib/scratch.h"
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_SEC 60
#define ASK_SEC   20

struct attack attack;

static void path_make(const char *name, char *ret, size_t size)
{
        snprintf(ret, size, "%s/%s", attack.dir, name);
}

void attack_chmod(const char *name, mode_t mode)
{
        char path[600];

        path_make(name, path, sizeof(path));
        CHECK_INT(chmod(path, mode), 0);
}

void attack_chown(const char *name, uid_t uid)
{
        char path[600];

        path_make(name, path, sizeof(path));
        CHECK_INT(chown(path, uid, uid), 0);
}

void attack_write(const char *name, const char *text, mode_t mode)
{
        char path[600];
        struct err err = {0};

        path_make(name, path, sizeof(path));
        CHECK_RC(fs_write_file(path, text, strlen(text), mode, &err), RC_OK, &err);
}

void attack_conf(uid_t signer)
{
        char text[2048];
        char keys[600];
        struct err err = {0};
        int used;

        used = snprintf(text, sizeof(text),
                        "data-dir = data\nkeys-dir = keys\npassphrase-file = passphrase\n"
                        "signer-socket = run/signer.sock\nsigner-rate-per-min = %d\n",
                        ATTACK_RATE);
        if (attack.root)
                snprintf(text + used, sizeof(text) - (size_t)used,
                         "signer-user = %u\nserver-user = %u\n", (unsigned)signer,
                         ATTACK_SERVER_UID);
        attack_write("storehouse.conf", text, 0644);
        path_make("keys", keys, sizeof(keys));
        if (attack.root)
                CHECK_RC(keydir_give(keys, signer, signer, &err), RC_OK, &err);
}

void attack_begin(const char *program)
{
        char path[600];

        attack.kit = kit_new();
        attack.dir = scratch_new();
        attack.program = program;
        attack.root = geteuid() == 0;
        kit_write(attack.kit, attack.dir);
        path_make("run", path, sizeof(path));
        CHECK_INT(mkdir(path, 0755), 0);
        CHECK_INT(chmod(attack.dir, 0755), 0);
        path_make("run/signer.sock", attack.socket, sizeof(attack.socket));
        attack_conf(ATTACK_SIGNER_UID);
}

void attack_finish(void)
{
        if (attack.pid)
                attack_end(SIGKILL);
        kit_freep(&attack.kit);
        scratch_freep(&attack.dir);
}

static void signer_exec(int ready, bool with_parent)
{
        char conf[600];
        char number[16];

        path_make("storehouse.conf", conf, sizeof(conf));
        snprintf(number, sizeof(number), "%d", ready);
        execl(attack.program, "storehouse-signer", "--config", conf, "--ready-fd", number,
              with_parent ? "--with-parent" : NULL, (char *)NULL);
        _exit(127);
}

/* One byte when it listens, the end when it has gone. */
static bool ready_wait(int fd)
{
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        char byte = 0;

        return poll(&wait, 1, START_SEC * 1000) == 1 && read(fd, &byte, 1) == 1 && byte == '1';
}

bool attack_start(void)
{
        int ends[2];
        bool ready;

        if (pipe(ends) < 0)
                return false;
        attack.pid = fork();
        if (attack.pid == 0) {
                close(ends[0]);
                signer_exec(ends[1], false);
        }
        close(ends[1]);
        ready = ready_wait(ends[0]);
        close(ends[0]);
        if (!ready)
                attack_end(SIGKILL);
        return ready;
}

void attack_start_orphan(void)
{
        int ends[2];
        pid_t parent;

        CHECK_INT(pipe(ends), 0);
        parent = fork();
        if (parent == 0) {
                if (fork() == 0) {
                        close(ends[0]);
                        signer_exec(ends[1], true);
                }
                close(ends[1]);
                _exit(ready_wait(ends[0]) ? 0 : 1);
        }
        close(ends[0]);
        close(ends[1]);
        {
                int status = 1;

                CHECK_INT(waitpid(parent, &status, 0), parent);
                CHECK_INT(status, 0);
        }
}

int attack_end(int signal_number)
{
        int status = 0;

        kill(attack.pid, signal_number);
        waitpid(attack.pid, &status, 0);
        attack.pid = 0;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int attack_connect(void)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        snprintf(address.sun_path, sizeof(address.sun_path), "%.100s", attack.socket);
        if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
                const int why = errno;

                close(fd);
                errno = why;
                return -1;
        }
        return fd;
}

int attack_wait_gone(int seconds)
{
        for (int i = 0; i < seconds * 10; i++) {
                int fd = attack_connect();

                if (fd < 0 && errno == ECONNREFUSED)
                        return 0;
                fs_closep(&fd);
                usleep(100000);
        }
        return 1;
}

int attack_wait_end(int fd, int seconds)
{
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        char byte;

        if (poll(&wait, 1, seconds * 1000) == 1 && read(fd, &byte, 1) <= 0)
                return 0;
        fprintf(stderr, "the signer keeps the connection\n");
        return 1;
}

int attack_run_as(uid_t uid, int (*body)(void))
{
        const pid_t child = fork();
        int status = 0;

        if (child == 0) {
                int bad;

                if (attack.root && (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 ||
                                    setresuid(uid, uid, uid) < 0))
                        _exit(254);
                bad = body();
                _exit(bad > 253 ? 253 : bad);
        }
        waitpid(child, &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static enum rc ask(const char *request, char *ret, size_t size)
{
        CLEANUP(fs_closep) int fd = attack_connect();
        CLEANUP(fs_freep) char *answer = NULL;
        CLEANUP(jsonx_decref) json_t *json = NULL;
        const char *name = "";
        const char *text = "";
        struct err err = {0};
        size_t bytes = 0;
        enum rc rc;

        if (fd < 0)
                return RC_IO;
        rc = frame_send(fd, request, strlen(request), &err);
        if (rc == RC_OK)
                rc = frame_receive(fd, MIB, ASK_SEC * USEC_PER_SEC, &answer, &bytes, &err);
        if (rc == RC_OK)
                rc = jsonx_parse_object(answer, bytes, &json, &err);
        if (rc == RC_OK)
                rc = jsonx_get_text(json, "rc", JSONX_MUST, 64, &name, &err);
        if (rc == RC_OK)
                rc = jsonx_get_text(json, "text", JSONX_MAY, 1024, &text, &err);
        snprintf(ret, size, "%s %s", name, text);
        return rc;
}

int attack_ask_quiet(const char *want, const char *role, const char *type, const char *headers)
{
        char got[512] = "";

        return ask(kit_request(attack.kit, role, type, headers, NULL, NULL), got, sizeof(got)) !=
                       RC_OK ||
               strncmp(got, want, strlen(want)) != 0;
}

int attack_ask(const char *want, const char *role, const char *type, const char *headers,
               const char *body, const char *evidence)
{
        char got[512] = "no answer";

        if (ask(kit_request(attack.kit, role, type, headers, body, evidence), got, sizeof(got)) ==
                    RC_OK &&
            strncmp(got, want, strlen(want)) == 0)
                return 0;
        fprintf(stderr, "%s %s: got %s; want %s\n", role, type, got, want);
        return 1;
}

const char *attack_key_headers(const char *account)
{
        return arena_printf(attack.kit->arena,
                            "{\"public-key-sha3-384\":\"%s\",\"account-id\":\"%s\","
                            "\"name\":\"more\",\"since\":\"" KIT_SINCE "\"}",
                            kit_key_id(attack.kit, KIT_LONE), account);
}

const char *attack_key_request(const char *account)
{
        return kit_sign(attack.kit, KIT_LONE, kit_key_text(attack.kit, KIT_LONE),
                        "type: account-key-request\npublic-key-sha3-384: %s\naccount-id: %s\n"
                        "name: more\nsince: " KIT_SINCE "\n",
                        kit_key_id(attack.kit, KIT_LONE), account);
}
