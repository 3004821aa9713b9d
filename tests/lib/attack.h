/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * attack -- a real storehouse-signer for test_signer_attack.c, and children of other users that
 * turn against it. As root the signer, the server and a stranger are three users; otherwise all
 * are ourselves.
 *
 * Owner    attack_begin makes the folder, attack_finish ends the signer and removes it.
 */
#include "tests/lib/signer_kit.h"
#include <sys/types.h>

/* Numbers that no system gives to a person. */
#define ATTACK_SIGNER_UID 64001
#define ATTACK_SERVER_UID 64002
#define ATTACK_THIRD_UID  64003
#define ATTACK_RATE       200 /* issues a minute */

struct attack {
        struct kit *kit;
        char *dir;
        char socket[200];
        const char *program;
        pid_t pid; /* 0: none */
        bool root;
};
extern struct attack attack;

void attack_begin(const char *program);
void attack_finish(void);
/* Writes storehouse.conf and hands the keys to that user. */
void attack_conf(uid_t signer);
/* Starts a signer; false when it ended instead of listening. */
bool attack_start(void);
/* Starts one with --with-parent under a parent that ends at once. */
void attack_start_orphan(void);
/* Ends it; its exit code, or -1. */
int attack_end(int signal_number);
/* 0 when nobody listens any more within seconds. */
int attack_wait_gone(int seconds);

/* Runs body in a child of that user; what it returns, 255 at most. */
int attack_run_as(uid_t uid, int (*body)(void));
/* A connection to the signer; -1 with errno. */
int attack_connect(void);
/* 0 when the other side closes within seconds. */
int attack_wait_end(int fd, int seconds);
/* Asks on a connection of its own; 0 when "RC text" of the answer begins with want. */
int attack_ask(const char *want, const char *role, const char *type, const char *headers,
               const char *body, const char *evidence);
int attack_ask_quiet(const char *want, const char *role, const char *type, const char *headers);
const char *attack_key_headers(const char *account);
const char *attack_key_request(const char *account);

void attack_chmod(const char *name, mode_t mode);
void attack_chown(const char *name, uid_t uid);
void attack_write(const char *name, const char *text, mode_t mode);
