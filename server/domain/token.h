/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * token -- what publishers and administrators show: "sht_" and 43 random characters. Only the
 * SHA3-384 of the text is kept, so a look-up compares digests and tells nothing of the text.
 *
 * An admin token is long-lived and is exchanged for session tokens of a day; revoking it revokes
 * those. A new token never may more than the one that made it.
 *
 * Floor    server/domain. Threads: safe. Resolving looks into memory (token_table.h); every other
 * call blocks (database). Source   publisher.md 1.3, 1.5, 1.6; doc/api.md. Tests
 * tests/unit/test_publish.c, tests/flow/test_publisher.py
 */
#include "server/domain/world.h"

#define TOKEN_PREFIX      "sht_"
#define TOKEN_BYTES       32
#define TOKEN_CHARS       (4 + BASE64URL_CHARS(TOKEN_BYTES))
#define TOKEN_SESSION_SEC (24 * 3600)
#define TOKEN_LIFE_MAX    ((int64_t)10 * 365 * 24 * 3600)

/* Who acts, as every rule of the publishers' side wants to know it. */
struct actor {
        const char *account_id;
        bool is_admin;
        const char *permissions; /* joined by ','; "" all */
        const char *packages;    /* joined by ','; "" all */
        const char *channels;    /* patterns joined by ','; "" all */
        const char
                *store_id; /* whose packages are meant: "" one unknown here; NULL the settings' */
        int64_t token_id;
        usec_t expires; /* 0 never */
};

/* RC_UNAUTHORIZED: not one of ours, or revoked; RC_EXPIRED. */
MUST_USE enum rc token_resolve(struct world *world, struct arena *arena, const char *text,
                               struct token_row *ret, struct err *err);
/* The value of an Authorization header: Macaroon or Bearer in any case, the token bare, quoted, or
 * as root="...". NULL or another scheme: RC_UNAUTHORIZED. */
MUST_USE enum rc token_resolve_header(struct world *world, struct arena *arena, const char *header,
                                      struct token_row *ret, struct err *err);
/* The token inside such a header; NULL when there is none. Pure. */
const char *token_from_header(struct arena *arena, const char *header);
/* A token whose permissions hold MODEL_SCOPE BRAND/MODEL sees what devices of that model see, and
 * may nothing besides: for image builds, which have no device yet. Only administrators make such.
 */
#define MODEL_SCOPE "model:"
/* False: the token is none for a model. Texts live in arena. */
bool token_model(struct arena *arena, const char *permissions, const char **ret_brand,
                 const char **ret_model);
/* The account is the brand's, and the token's permissions are everything or name admin. */
bool token_is_admin(const struct world *world, const struct token_row *row);

struct token_ask {
        const char *account_id; /* "" the actor's own */
        const char *permissions;
        const char *packages;
        const char *channels;
        const char *description;
        int64_t life_sec; /* 0 as long as the actor's token */
};
struct token_made {
        char text[TOKEN_CHARS + 1];
        int64_t id;
        usec_t expires;
};
/* RC_FORBIDDEN: more than the actor may; RC_NOT_FOUND: no such account; RC_INVALID. */
MUST_USE enum rc token_create(struct world *world, const struct actor *actor,
                              const struct token_ask *ask, struct token_made *ret, struct err *err);
/* An admin token for a session token. RC_UNAUTHORIZED, RC_EXPIRED. */
MUST_USE enum rc token_exchange(struct world *world, const char *text, struct token_made *ret,
                                struct err *err);
/* Newest first. account_id "" is the actor's own; others' are for administrators. */
MUST_USE enum rc token_list(struct world *world, const struct actor *actor, const char *account_id,
                            struct arena *arena, const struct token_row **ret, size_t *ret_count,
                            struct err *err);
/* Revokes it and the sessions exchanged from it. RC_NOT_FOUND: not the actor's. */
MUST_USE enum rc token_revoke(struct world *world, const struct actor *actor, int64_t id,
                              struct err *err);
