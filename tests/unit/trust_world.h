/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * trust_world -- what test_trust.c knows: a root, a brand and a developer with their keys, two
 * packages, a model, a serial. Assertions are written as plain text and signed with keys made for
 * the run. Included by that one test.
 */
#include "core/keys/privkey.h"
#include "core/model/trust.h"
#include "tests/lib/check.h"
#include <stdlib.h>
#include <string.h>

#define SNAP_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SNAP_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SNAP_C "cccccccccccccccccccccccccccccccc"
#define SNAP_D "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"
#define DIGEST "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
#define NOW    "2026-06-02T00:00:00Z"
#define STAMP  "timestamp: 2026-06-01T00:00:00Z\n"
#define BY(id) "authority-id: " id "\n"

/* root, second: of the trusted account; tied: the brand's with constraints; stale: the brand's,
 * expired; agent, other: Ed25519 of dev, for developer and for manifest; lone: known to nobody;
 * far: the root of far-co, where that is trusted too. */
enum key {
        ROOT,
        SECOND,
        BRAND,
        DEV,
        TIED,
        STALE,
        DEVICE,
        LONE,
        FAR,
        AGENT,
        OTHER,
        KEY_COUNT,
        NO_KEY
};

static struct privkey *keys[KEY_COUNT];
static struct arena *arena;
static const struct assertion *known[64];
static size_t known_count;
static bool second_root; /* far-co is trusted too */

static const char *key_id(enum key key)
{
        return pubkey_id(privkey_pubkey(keys[key]));
}

static const char *key_text(enum key key)
{
        CLEANUP(buf_fini) struct buf out = BUF_INIT(16 * KIB);

        pubkey_format(privkey_pubkey(keys[key]), &out);
        return arena_strdup(arena, out.data);
}

/* Signs headers (each line ends in LF) and, as body, the public key of `body`. */
static struct assertion *make(enum key key, const char *headers, enum key body)
{
        CLEANUP(buf_fini) struct buf content = BUF_INIT(MIB);
        CLEANUP(buf_fini) struct buf signature = BUF_INIT(16 * KIB);
        const char *text = body == NO_KEY ? "" : key_text(body);
        struct assertion *got = NULL;
        struct err err = {0};

        buf_text(&content, headers);
        if (*text)
                buf_printf(&content, "body-length: %zu\n", strlen(text));
        buf_printf(&content, "sign-key-sha3-384: %s", key_id(key));
        if (*text)
                buf_printf(&content, "\n\n%s", text);
        CHECK_RC(privkey_sign(keys[key], content.data, content.len, USEC_PER_SEC, &signature, &err),
                 RC_OK, &err);
        CHECK_RC(assertion_assemble(arena, content.data, content.len, signature.data, &got, &err),
                 RC_OK, &err);
        return got;
}

static const struct assertion *find(void *context, struct arena *unused, const char *type,
                                    const char *const *pk)
{
        const char *const hidden = context;

        (void)unused;
        for (size_t i = 0; i < known_count; i++) {
                const struct assertion_type *of = known[i]->type;
                bool equal = !strcmp(of->name, type) && !(hidden && !strcmp(hidden, type));

                for (size_t k = 0; equal && k < of->pk_count; k++)
                        equal = !strcmp(known[i]->pk[k], pk[k]);
                if (equal)
                        return known[i];
        }
        return NULL;
}

static bool is_trusted_account(void *context, const char *account_id)
{
        (void)context;
        return !strcmp(account_id, "root-co") || (second_root && !strcmp(account_id, "far-co"));
}

static bool is_root_key(void *context, const char *id)
{
        (void)context;
        return !strcmp(id, key_id(ROOT)) || (second_root && !strcmp(id, key_id(FAR)));
}

static struct trust_source source = {
        .find = find, .is_trusted_account = is_trusted_account, .is_root_key = is_root_key};

static usec_t time_of(const char *text)
{
        usec_t time = 0;

        CHECK_RC(clock_parse(text, &time), RC_OK, NULL);
        return time;
}

static enum rc check_with(const struct assertion *assertion, unsigned flags, struct err *err)
{
        return trust_check(assertion, &source, flags, time_of(NOW), arena, err);
}

/* Adds what must be believed at its place in the chain. */
static void know(struct assertion *assertion)
{
        struct err err = {0};

        check_case("%s", assertion ? assertion_ref(arena, assertion) : "(none)");
        if (!assertion)
                return;
        CHECK_RC(check_with(assertion, TRUST_IGNORE_EXPIRY, &err), RC_OK, &err);
        known[known_count++] = assertion;
}

static void know_account(const char *id)
{
        know(make(ROOT,
                  arena_printf(arena,
                               "type: account\n" BY("root-co") "account-id: %s\ndisplay-name: X\n"
                                                               "validation: unproven\n" STAMP,
                               id),
                  NO_KEY));
}

static const char *key_headers(const char *type, enum key key, const char *account,
                               const char *more)
{
        return arena_printf(arena,
                            "type: %s\n" BY("root-co") "public-key-sha3-384: %s\naccount-id: %s\n"
                                                       "since: 2026-01-01T00:00:00Z\n%s",
                            type, key_id(key), account, more);
}

static const char *far_headers(const char *type, const char *account, const char *id)
{
        return arena_printf(arena,
                            "type: %s\n" BY("far-co") "public-key-sha3-384: %s\naccount-id: %s\n"
                                                      "name: x\nsince: 2026-01-01T00:00:00Z\n",
                            type, id, account);
}

static void know_key(enum key key, const char *account, const char *more)
{
        know(make(ROOT, key_headers("account-key", key, account, more), key));
}

static struct assertion *model_make(const char *model, const char *more)
{
        return make(BRAND,
                    arena_printf(arena,
                                 "type: model\n" BY("brand") "series: 16\nbrand-id: brand\n"
                                                             "model: %s\n" STAMP "%s",
                                 model, more),
                    NO_KEY);
}

static const char *serial_headers(const char *authority, const char *model)
{
        const char *key = key_text(DEVICE);
        CLEANUP(buf_fini) struct buf out = BUF_INIT(16 * KIB);

        buf_printf(&out,
                   "type: serial\nauthority-id: %s\nbrand-id: brand\nmodel: %s\nserial: s1\n"
                   "device-key-sha3-384: %s\n" STAMP "device-key:\n    ",
                   authority, model, key_id(DEVICE));
        for (; *key; key++)
                buf_printf(&out, "%c%s", *key, *key == '\n' ? "    " : "");
        buf_char(&out, '\n');
        return arena_strdup(arena, out.data);
}

static void know_declaration(const char *snap_id, const char *publisher, const char *more)
{
        know(make(ROOT,
                  arena_printf(arena,
                               "type: snap-declaration\n" BY(
                                       "root-co") "series: 16\nsnap-id: %s\n"
                                                  "snap-name: x\npublisher-id: %s\n" STAMP "%s",
                               snap_id, publisher, more),
                  NO_KEY));
}

static void world_build(void)
{
        check_promise("an honest chain is believed from the root downwards");
        know(make(ROOT, key_headers("account-key", ROOT, "root-co", ""), ROOT));
        know_account("root-co");
        know_account("brand");
        know_account("dev");
        know_key(SECOND, "root-co", "");
        know_key(BRAND, "brand", "until: 2027-01-01T00:00:00Z\n");
        know_key(DEV, "dev", "");
        know_key(STALE, "brand", "until: 2026-06-01T12:00:00Z\n");
        know_key(TIED, "brand",
                 "format: 1\nconstraints:\n  -\n    headers:\n      type: model\n"
                 "      model: ward-.*\n");
        know(make(ROOT, key_headers("agent-key", AGENT, "dev", "purpose: developer\n"), AGENT));
        know(make(ROOT, key_headers("agent-key", OTHER, "dev", "purpose: manifest\n"), OTHER));
        know_declaration(SNAP_A, "dev",
                         "revision-authority:\n  -\n    account-id: brand\n"
                         "    min-revision: 2\n    max-revision: 9\n"
                         "    provenance:\n      - prod\n");
        know_declaration(SNAP_B, "brand", "");
        know(model_make("m1", "serial-authority:\n  - dev\npreseed-authority:\n  - dev\n"));
        know(make(BRAND, serial_headers("brand", "m1"), NO_KEY));
}
