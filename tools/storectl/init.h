/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * init -- a new store: keys, trust, settings, database, certificate, first token. cmd_init.c reads
 * what is wanted; the steps are here, each one file. Everything is written below one folder that
 * was empty; a step that fails takes it all back.
 *
 * Who owns what, when two users are at hand (design, "Trust"):
 *   DIR            root, group of the server, sticky: the server adds its files and cannot replace
 *                  the folders below that decide what is trusted
 *   trust/         root: neither server nor signer writes it
 *   keys/, run/    the signer's user
 *   the database, blobs/, secrets/, tls/server.key   the server's user
 *   offline/, admin.token                            who ran init
 *
 * Floor    tools/storectl; includes core/base, core/keys, core/model, server/store, and of
 *          server/domain the form of a token.
 * Owner    keys and secrets: init_fini wipes them. Texts live in the run's arena.
 * Tests    tests/flow/test_storectl.py
 */
#include "core/base/clock.h"
#include "core/base/secret.h"
#include "core/keys/privkey.h"
#include "server/domain/token.h"
#include "tools/storectl/cli.h"
#include "tools/storectl/sign.h"
#include <sys/types.h>

#define INIT_NAMES_MAX  32
#define INIT_PUBLIC_MAX 8

struct init_user {
        const char *name; /* "" none */
        uid_t uid;
        gid_t gid;
};

struct init {
        struct cli *cli;
        const char *dir; /* absolute */
        usec_t now;

        /* what is wanted */
        const char *account_id;
        const char *username;
        const char *display_name;
        const char *store_id;
        const char *kit; /* NULL: a new root */
        const char *names[INIT_NAMES_MAX];
        size_t name_count;
        size_t domain_count; /* the first of names: given by --domain */
        long http_port;
        long https_port;
        struct init_user server;
        struct init_user signer;
        const char *worker_user;
        bool two_users;
        const char *passphrase_file; /* for the signer: absolute, or below DIR; NULL: it asks */
        struct secret *passphrase;
        struct secret *root_passphrase;

        /* what is made */
        struct privkey *root;
        struct privkey *store;
        struct privkey *brand; /* NULL: the store's key serves the brand */
        struct {
                const char *name;
                const struct assertion *assertion;
        } public[INIT_PUBLIC_MAX];
        size_t public_count;
        char token[TOKEN_CHARS + 1];
};

void init_fini(struct init *init);
/* Adds a public assertion to be written to trust/NAME.assert and into the database. */
MUST_USE enum rc init_add_public(struct init *init, const char *name,
                                 const struct assertion *assertion, struct err *err);

/* init_users.c: who is to own what. Makes the users when asked to. */
MUST_USE enum rc init_find_users(struct init *init, const char *server, const char *signer,
                                 bool create, struct err *err);
/* Gives path to a user where there are two users; RC_OK without a change otherwise. */
MUST_USE enum rc init_give(const struct init *init, const char *path, const struct init_user *to,
                           mode_t mode, struct err *err);

/* init_keys.c: a new root, store and brand key, and the assertions about them. */
MUST_USE enum rc init_make_keys(struct init *init, struct err *err);
/* The store's own assertion, with the address that devices set proxy.store by; only where a
 * --domain says under which name they reach it. */
MUST_USE enum rc init_sign_store(struct init *init, struct err *err);
/* init_kit.c: the same from a folder made before. */
MUST_USE enum rc init_read_kit(struct init *init, struct err *err);

/* init_seal.c: keys/, trust/ and offline/. */
MUST_USE enum rc init_write_keys(struct init *init, struct err *err);
/* init_files.c: settings, certificate, secrets, token, client.conf. */
MUST_USE enum rc init_write_files(struct init *init, struct err *err);
/* The address of the server under that name. NULL: no memory. */
const char *init_url(const struct init *init, const char *host);
/* init_db.c: the database with the brand's account, its assertions and the token; blobs/. */
MUST_USE enum rc init_write_db(struct init *init, struct err *err);

/* The path DIR/name. NULL: no memory. */
const char *init_path(const struct init *init, const char *name);
