/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plays a server that was taken over, against the real storehouse-signer: tries to have keys,
 * another brand's models and false revisions signed, to read the key files, to trace the process,
 * to starve the others. Needs root, to be three users at once; says what it skips without.
 *
 *         test_signer_attack PATH-OF-STOREHOUSE-SIGNER
 */
#include "core/base/frame.h"
#include "core/base/fs.h"
#include "server/signer/client/signer_client.h"
#include "server/signer/protocol.h"
#include "server/signer/sandbox.h"
#include "tests/lib/attack.h"
#include "tests/lib/check.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define SNAP_A       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define TEN(x)       x x x x x x x x x x
#define DIGEST_OF(x) TEN(x) TEN(x) TEN(x) TEN(x) TEN(x) TEN(x) x x x x
#define ACCOUNT(id)  "{\"account-id\":\"" id "\",\"display-name\":\"A\",\"validation\":\"unproven\"}"
#define DECLARATION                                                                                \
        "{\"series\":\"16\",\"snap-id\":\"" SNAP_A "\",\"snap-name\":\"hello\","                   \
        "\"publisher-id\":\"dev9\"}"
#define REVISION_OF(digest, number, developer, more)                                               \
        "{\"snap-sha3-384\":\"" DIGEST_OF(                                                         \
                digest) "\",\"snap-id\":\"" SNAP_A "\",\"snap-revision\":\"" number                \
                        "\",\"snap-size\":\"10\",\"developer-id\":\"" developer "\"" more "}"
#define REVISION(digest, number) REVISION_OF(digest, number, "dev9", "")
#define RIVAL_MODEL                                                                                \
        "{\"series\":\"16\",\"brand-id\":\"rival\",\"model\":\"gadget\",\"classic\":\"true\","     \
        "\"architecture\":\"amd64\"}"

/* --- what the server's user may try; each gives the number of things that went wrong --- */

static int must_not_open(const char *name, int flags)
{
        char path[600];
        int fd;

        snprintf(path, sizeof(path), "%s/%s", attack.dir, name);
        fd = open(path, flags | O_CLOEXEC, 0600);
        if (fd < 0 && (errno == EACCES || errno == EPERM))
                return 0;
        fprintf(stderr, "opened %s: %s\n", path, fd < 0 ? strerror(errno) : "yes");
        fs_closep(&fd);
        return 1;
}

static int keys_are_closed(void)
{
        return must_not_open("keys", O_RDONLY | O_DIRECTORY) +
               must_not_open("keys/store.key", O_RDONLY) +
               must_not_open("keys/brand.key", O_RDONLY) + must_not_open("keys/roles", O_RDWR) +
               must_not_open("keys/issued.log", O_WRONLY) +
               must_not_open("keys/new", O_WRONLY | O_CREAT) +
               must_not_open("passphrase", O_RDONLY) + must_not_open("data/trust/roots", O_WRONLY) +
               must_not_open("data/trust/new.assert", O_WRONLY | O_CREAT);
}

static int proc_is_closed(const char *name)
{
        char path[64];
        int fd;

        snprintf(path, sizeof(path), "/proc/%d/%s", (int)attack.pid, name);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 && (errno == EACCES || errno == EPERM))
                return 0;
        fprintf(stderr, "opened %s\n", path);
        fs_closep(&fd);
        return 1;
}

static int must_fail(long result, const char *what)
{
        if (result == -1 && (errno == EPERM || errno == EACCES))
                return 0;
        fprintf(stderr, "%s: %s\n", what, result == -1 ? strerror(errno) : "done");
        return 1;
}

static int process_is_closed(void)
{
        char byte;
        const struct iovec here = {&byte, 1};
        const struct iovec there = {(void *)process_is_closed, 1};
        const int pidfd = (int)syscall(SYS_pidfd_open, attack.pid, 0);
        int bad = proc_is_closed("mem") + proc_is_closed("environ") + proc_is_closed("fd");

        bad += must_fail(ptrace(PTRACE_SEIZE, attack.pid, NULL, NULL), "ptrace seize");
        bad += must_fail(ptrace(PTRACE_ATTACH, attack.pid, NULL, NULL), "ptrace attach");
        bad += must_fail(process_vm_readv(attack.pid, &here, 1, &there, 1, 0), "reading memory");
        if (pidfd >= 0)
                bad += must_fail(syscall(SYS_pidfd_getfd, pidfd, 3, 0), "taking a descriptor");
        return bad;
}

static int process_is_another(void)
{
        return process_is_closed() + must_fail(kill(attack.pid, SIGKILL), "killing");
}

/* The same tracing reaches a process that has not been closed: the refusals above mean something.
 */
static int tracing_works(void)
{
        const pid_t child = fork();
        int status = 0;
        long result;

        if (child == 0) {
                pause();
                _exit(0);
        }
        result = ptrace(PTRACE_SEIZE, child, NULL, NULL);
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        return result == 0 ? 0 : 1;
}

static int false_issues_are_refused(void)
{
        const char *body = kit_key_text(attack.kit, KIT_LONE);
        int bad = 0;

        bad += attack_ask("REFUSED policy key-not-of-trusted", "store", "account-key",
                          attack_key_headers("acme"), body, attack_key_request("acme"));
        bad += attack_ask("REFUSED policy key-requested", "store", "account-key",
                          attack_key_headers("maker"), body, NULL);
        bad += attack_ask("REFUSED policy role-signs-type", "brand", "account-key",
                          attack_key_headers("maker"), body, attack_key_request("maker"));
        bad += attack_ask("REFUSED policy account-not-trusted", "store", "account", ACCOUNT("acme"),
                          NULL, NULL);
        bad += attack_ask("REFUSED policy own-brand", "brand", "model", RIVAL_MODEL, NULL, NULL);
        bad += attack_ask("REFUSED policy role-signs-type", "store", "model", RIVAL_MODEL, NULL,
                          NULL);
        bad += attack_ask("REFUSED policy developer-is-publisher", "store", "snap-revision",
                          REVISION_OF("3", "9", "dev7", ""), NULL, NULL);
        bad += attack_ask("REFUSED policy role-signs-type", "store", "base-declaration",
                          "{\"series\":\"16\"}", NULL, NULL);
        return bad;
}

static int history_is_made(void)
{
        return attack_ask("OK", "store", "account", ACCOUNT("dev9"), NULL, NULL) +
               attack_ask("OK", "store", "snap-declaration", DECLARATION, NULL, NULL) +
               attack_ask("OK", "store", "snap-revision", REVISION("1", "7"), NULL, NULL);
}

static int history_binds(void)
{
        return attack_ask("REFUSED policy number-moves-forward", "store", "snap-revision",
                          REVISION("2", "7"), NULL, NULL) +
               attack_ask("REFUSED policy number-moves-forward", "store", "snap-revision",
                          REVISION("2", "6"), NULL, NULL) +
               attack_ask("REFUSED policy digest-keeps-revision", "store", "snap-revision",
                          REVISION_OF("1", "8", "dev9", ",\"revision\":\"1\""), NULL, NULL) +
               attack_ask("OK", "store", "snap-revision", REVISION("1", "7"), NULL, NULL);
}

static int client_speaks(void)
{
        CLEANUP(signer_client_freep)
        struct signer_client *client = signer_client_new(attack.socket, 10 * USEC_PER_SEC);
        const char *const names[] = {"account-id", "display-name", "validation", "extra"};
        const char *const deep_names[] = {"k"};
        const struct value texts[] = {{VALUE_TEXT, "a\"b", 0, NULL, NULL},
                                      {VALUE_TEXT, "c\nd", 0, NULL, NULL}};
        const struct value list = {VALUE_LIST, NULL, 2, texts, NULL};
        const struct value items[] = {{VALUE_TEXT, "dev8", 0, NULL, NULL},
                                      {VALUE_TEXT, "Dév \\ 8", 0, NULL, NULL},
                                      {VALUE_TEXT, "verified", 0, NULL, NULL},
                                      {VALUE_MAP, NULL, 1, &list, deep_names}};
        const struct value headers = {VALUE_MAP, NULL, 4, items, names};
        struct signer_request request = {SIGNER_STORE, "account", &headers, 0, NULL, 0, NULL, 0};
        struct signer_identity identity = {{0}, {0}};
        struct assertion *made = NULL;
        struct err err = {0};
        int bad = 0;

        bad += signer_pubkey(client, SIGNER_STORE, &identity, &err) != RC_OK;
        bad += strcmp(identity.account_id, "acme") ||
               strcmp(identity.key_id, kit_key_id(attack.kit, KIT_STORE));
        bad += signer_issue(client, &request, attack.kit->arena, &made, &err) != RC_OK;
        if (!made) {
                fprintf(stderr, "not issued: %s\n", err.text);
                return 1;
        }
        bad += strcmp(assertion_text(made, "display-name"), "Dév \\ 8") != 0;
        bad += strcmp(value_find(assertion_value(made, "extra"), "k")->items[1].text, "c\nd") != 0;
        bad += strcmp(made->key_id, kit_key_id(attack.kit, KIT_STORE)) != 0;
        bad += assertion_verify(made, privkey_pubkey(attack.kit->keys[KIT_STORE]), &err) != RC_OK;
        request.role = SIGNER_SERIALS;
        bad += signer_issue(client, &request, attack.kit->arena, &made, &err) != RC_REFUSED;
        bad += strncmp(err.text, "policy role-signs-type", 22) != 0;
        return bad;
}

static int stranger_is_refused(void)
{
        CLEANUP(fs_closep) int fd = attack_connect();

        return fd >= 0 || errno != EACCES;
}

/* The mode of the socket is one wall; who is behind it is asked as well. */
static int stranger_is_hung_up(void)
{
        CLEANUP(fs_closep) int fd = attack_connect();

        return fd < 0 || attack_wait_end(fd, 5) != 0;
}

static int nonsense_is_hung_up(void)
{
        static const char big[] = {0, 0, 0x10, 0};
        CLEANUP(fs_closep) int garbage = attack_connect();
        CLEANUP(fs_closep) int oversize = attack_connect();
        CLEANUP(fs_freep) char *answer = NULL;
        struct err err = {0};
        size_t bytes = 0;
        int bad = 0;

        bad += frame_send(garbage, "\x01rubbish", 8, &err) != RC_OK;
        bad += frame_receive(garbage, SIGNER_FRAME_MAX, 5 * USEC_PER_SEC, &answer, &bytes, &err) !=
               RC_OK;
        bad += !answer || !strstr(answer, "\"rc\":\"INVALID\"");
        bad += attack_wait_end(garbage, 5);
        bad += send(oversize, big, sizeof(big), MSG_NOSIGNAL) != sizeof(big);
        bad += attack_wait_end(oversize, 5);
        return bad;
}

/* More half requests than there are places: who asks properly is still answered. */
static int halves_starve_nobody(void)
{
        int halves[100];
        int bad = 0;

        for (size_t i = 0; i < ARRAY_COUNT(halves); i++) {
                halves[i] = attack_connect();
                if (halves[i] >= 0)
                        (void)!send(halves[i], "\x10\0\0\0{", i % 6, MSG_NOSIGNAL);
                if (i % 10 == 0)
                        bad += attack_ask("REFUSED policy role-signs-type", "store", "model", "{}",
                                          NULL, NULL);
        }
        bad += attack_ask("REFUSED policy role-signs-type", "store", "model", "{}", NULL, NULL);
        /* The last one is half a frame; its time runs out although nobody needs its place. */
        bad += attack_wait_end(halves[ARRAY_COUNT(halves) - 1], 15);
        for (size_t i = 0; i < ARRAY_COUNT(halves); i++)
                fs_closep(&halves[i]);
        return bad;
}

static int flood_is_dammed(void)
{
        for (int i = 0; i < 2 * ATTACK_RATE; i++)
                if (attack_ask_quiet("TOO_MANY role store", "store", "model", "{}") == 0)
                        return 0;
        fprintf(stderr, "no end to a flood\n");
        return 1;
}

/* --- the sandbox --- */

static int calls_after_close(int which)
{
        struct err err = {0};

        if (sandbox_close(&err) != RC_OK)
                return 1;
        if (which == 1)
                (void)!socket(AF_UNIX, SOCK_STREAM, 0);
        if (which == 2)
                execl("/bin/true", "true", (char *)NULL);
        if (which == 3)
                (void)!kill(getppid(), 0);
        if (which == 4)
                (void)!syscall(SYS_open, "/etc/passwd", O_RDONLY);
        if (which == 5)
                (void)!setuid(0);
        return 0;
}

static void sandbox_kills(void)
{
        check_promise("in the sandbox a forbidden call ends the process, and nothing else does");
        for (int which = 0; which <= 5; which++) {
                const pid_t child = fork();
                int status = 0;

                check_case("call %d", which);
                if (child == 0)
                        _exit(calls_after_close(which));
                CHECK(waitpid(child, &status, 0) == child);
                if (which == 0)
                        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
                else
                        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
        }
}

/* --- starting --- */

static void starts_are_refused(void)
{
        check_promise("a signer does not start on keys, or trust, that others could touch");
        attack_chmod("keys", 0750);
        CHECK(!attack_start());
        attack_chmod("keys", 0700);
        attack_chmod("keys/store.key", 0640);
        CHECK(!attack_start());
        attack_chmod("keys/store.key", 0600);
        if (attack.root) {
                attack_chown("data/trust/roots", ATTACK_SERVER_UID);
                CHECK(!attack_start());
                attack_chown("data/trust/roots", 0);
                attack_chmod("data/trust", 0777);
                CHECK(!attack_start());
                attack_chmod("data/trust", 0755);
        }
        attack_write("passphrase", "wrong\n", 0600);
        CHECK(!attack_start());
        attack_write("passphrase", KIT_PASSPHRASE "\n", 0600);
}

static void second_is_refused(void)
{
        const pid_t first = attack.pid;

        check_promise("a second signer leaves the first one its socket and its log");
        CHECK(!attack_start());
        attack.pid = first;
        CHECK_INT(attack_run_as(ATTACK_SERVER_UID, false_issues_are_refused), 0);
}

static void walls_hold(void)
{
        check_promise("a server that was taken over gets nothing from the signer but its refusals");
        CHECK_INT(attack_run_as(ATTACK_SERVER_UID, false_issues_are_refused), 0);
        CHECK_INT(attack_run_as(ATTACK_SERVER_UID, history_is_made), 0);
        CHECK_INT(attack_run_as(ATTACK_SERVER_UID, history_binds), 0);
        CHECK_INT(attack_run_as(ATTACK_SERVER_UID, client_speaks), 0);
        check_promise("who talks nonsense harms nobody else");
        CHECK_INT(attack_run_as(ATTACK_SERVER_UID, nonsense_is_hung_up), 0);
        CHECK_INT(attack_run_as(ATTACK_SERVER_UID, halves_starve_nobody), 0);
        if (!attack.root) {
                puts("SKIP other users: not root");
                return;
        }
        check_promise("nobody but the server's user is heard");
        CHECK_INT(attack_run_as(ATTACK_THIRD_UID, stranger_is_refused), 0);
        attack_chmod("run/signer.sock", 0666);
        CHECK_INT(attack_run_as(ATTACK_THIRD_UID, stranger_is_hung_up), 0);
        attack_chmod("run/signer.sock", 0600);
        check_promise("the server's user reads no key and traces no signer");
        CHECK_INT(attack_run_as(ATTACK_SERVER_UID, keys_are_closed), 0);
        CHECK_INT(attack_run_as(ATTACK_SERVER_UID, process_is_another), 0);
        if (tracing_works() != 0)
                puts("SKIP the proof that tracing works at all: not allowed here");
}

static void promises_survive_a_kill(void)
{
        check_promise("what was promised before a crash binds after it");
        attack_end(SIGKILL);
        CHECK(attack_start());
        CHECK_INT(attack_run_as(ATTACK_SERVER_UID, history_binds), 0);
        check_promise("a flood ends in refusals of its own");
        CHECK_INT(attack_run_as(ATTACK_SERVER_UID, flood_is_dammed), 0);
        CHECK_INT(attack_end(SIGTERM), 0);
}

static void one_user_is_weaker_but_closed(void)
{
        if (!attack.root)
                return;
        check_promise("with one user for both, the process still cannot be traced");
        attack_conf(ATTACK_SERVER_UID);
        CHECK(attack_start());
        CHECK_INT(attack_run_as(ATTACK_SERVER_UID, process_is_closed), 0);
        CHECK_INT(attack_end(SIGTERM), 0);
        attack_conf(ATTACK_SIGNER_UID);
}

static void parents_are_followed(void)
{
        check_promise("a signer that serve started ends with it");
        attack_start_orphan();
        CHECK_INT(attack_wait_gone(10), 0);
}

int main(int argc, char **argv)
{
        if (argc != 2) {
                fprintf(stderr, "usage: test_signer_attack STOREHOUSE-SIGNER\n");
                return 2;
        }
        signal(SIGPIPE, SIG_IGN);
        attack_begin(argv[1]);
        sandbox_kills();
        starts_are_refused();
        check_promise("the signer starts");
        CHECK(attack_start());
        walls_hold();
        second_is_refused();
        promises_survive_a_kill();
        one_user_is_weaker_but_closed();
        parents_are_followed();
        attack_finish();
        return check_end();
}
