/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/signer_kit.h"
#include "core/base/fs.h"
#include "core/base/random.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void must(enum rc rc, const struct err *err, const char *what)
{
        if (rc == RC_OK)
                return;
        fprintf(stderr, "signer_kit: %s: %s: %s\n", what, rc_name(rc), err->text);
        exit(1);
}

#define BY(account) "type: %s\nauthority-id: " account "\n"

static const char *account_make(const struct kit *kit, const char *id)
{
        return kit_sign(kit, KIT_ROOT, NULL,
                        BY("acme") "account-id: %s\ndisplay-name: %s\ntimestamp: " KIT_STAMP
                                   "\nvalidation: unproven\n",
                        "account", id, id);
}

static const char *account_key_make(const struct kit *kit, enum kit_key key, const char *account,
                                    const char *name)
{
        return kit_sign(kit, KIT_ROOT, kit_key_text(kit, key),
                        BY("acme") "public-key-sha3-384: %s\naccount-id: %s\nname: %s\nsince: %s\n",
                        "account-key", kit_key_id(kit, key), account, name, KIT_SINCE);
}

static const char *model_make(const struct kit *kit, enum kit_key key, const char *brand,
                              const char *model, const char *more)
{
        return kit_sign(kit, key, NULL,
                        "type: model\nauthority-id: %s\nseries: 16\nbrand-id: %s\nmodel: %s\n"
                        "architecture: amd64\nclassic: true\n%stimestamp: " KIT_STAMP "\n",
                        brand, brand, model, more);
}

struct kit *kit_new(void)
{
        struct kit *kit = calloc(1, sizeof(*kit));
        struct err err = {0};

        must(random_init(&err), &err, "random");
        must(crypto_init(&err), &err, "crypto");
        kit->arena = arena_new(64 * MIB);
        for (int i = 0; i < KIT_KEYS; i++)
                must(privkey_generate_rsa(i == KIT_THIN ? 1024 : 2048, &kit->keys[i], &err), &err,
                     "a key");
        kit->trust = kit_stream(
                kit, account_make(kit, "acme"), account_key_make(kit, KIT_ROOT, "acme", "root"),
                account_key_make(kit, KIT_STORE, "acme", "store"), account_make(kit, "maker"),
                account_key_make(kit, KIT_BRAND, "maker", "brand"), NULL);
        kit->dev1 = kit_stream(kit, account_make(kit, "dev1"),
                               account_key_make(kit, KIT_DEV, "dev1", "dev"), NULL);
        kit->rival = kit_stream(kit, account_make(kit, "rival"),
                                account_key_make(kit, KIT_RIVAL, "rival", "brand"), NULL);
        kit->model = model_make(kit, KIT_BRAND, "maker", "gizmo", "");
        kit->other = model_make(kit, KIT_RIVAL, "rival", "gadget", "");
        kit->ally = model_make(kit, KIT_RIVAL, "rival", "ally", "serial-authority:\n  - maker\n");
        return kit;
}

void kit_freep(struct kit **kit)
{
        if (!*kit)
                return;
        for (int i = 0; i < KIT_KEYS; i++)
                privkey_freep(&(*kit)->keys[i]);
        arena_freep(&(*kit)->arena);
        free(*kit);
        *kit = NULL;
}

const char *kit_key_id(const struct kit *kit, enum kit_key key)
{
        return pubkey_id(privkey_pubkey(kit->keys[key]));
}

const char *kit_key_text(const struct kit *kit, enum kit_key key)
{
        CLEANUP(buf_fini) struct buf out = BUF_INIT(64 * KIB);

        pubkey_format(privkey_pubkey(kit->keys[key]), &out);
        return arena_strdup(kit->arena, out.data);
}

const char *kit_sign(const struct kit *kit, enum kit_key key, const char *body, const char *format,
                     ...)
{
        CLEANUP(buf_fini) struct buf out = BUF_INIT(ASSERTION_MAX);
        CLEANUP(buf_fini) struct buf signature = BUF_INIT(ASSERTION_MAX);
        char headers[16384];
        struct err err = {0};
        va_list args;

        va_start(args, format);
        vsnprintf(headers, sizeof(headers), format, args);
        va_end(args);
        buf_text(&out, headers);
        if (body)
                buf_printf(&out, "body-length: %zu\n", strlen(body));
        buf_printf(&out, "sign-key-sha3-384: %s", kit_key_id(kit, key));
        if (body)
                buf_printf(&out, "\n\n%s", body);
        must(privkey_sign(kit->keys[key], out.data, out.len, 1609459200 * USEC_PER_SEC, &signature,
                          &err),
             &err, "a signature");
        buf_printf(&out, "\n\n%s\n", signature.data);
        return arena_strdup(kit->arena, out.data);
}

const char *kit_stream(const struct kit *kit, ...)
{
        CLEANUP(buf_fini) struct buf out = BUF_INIT(4 * MIB);
        const char *text;
        va_list args;

        va_start(args, kit);
        while ((text = va_arg(args, const char *)) != NULL)
                assertion_stream_put(&out, text, strlen(text));
        va_end(args);
        return arena_strdup(kit->arena, out.data);
}

static void role_write(const struct kit *kit, const char *dir, const char *role, const char *file,
                       const char *account, enum kit_key key)
{
        struct keydir_role line = {0};
        struct err err = {0};

        snprintf(line.role, sizeof(line.role), "%s", role);
        snprintf(line.file, sizeof(line.file), "%s", file);
        snprintf(line.account_id, sizeof(line.account_id), "%s", account);
        snprintf(line.key_id, sizeof(line.key_id), "%s", kit_key_id(kit, key));
        must(keydir_write_role(dir, &line, &err), &err, "a role");
}

static void key_write(const struct kit *kit, const char *dir, const char *file, enum kit_key key)
{
        CLEANUP(secret_freep)
        struct secret *passphrase = secret_new_copy(KIT_PASSPHRASE, strlen(KIT_PASSPHRASE));
        CLEANUP(buf_fini) struct buf sealed = BUF_INIT(64 * KIB);
        struct err err = {0};

        must(privkey_seal(kit->keys[key], passphrase, SEAL_TEST, &sealed, &err), &err, "sealing");
        must(keydir_add_key(dir, file, sealed.data, sealed.len, &err), &err, "a key file");
}

void kit_write(const struct kit *kit, const char *dir)
{
        struct keydir_root root = {.account_id = "acme"};
        struct err err = {0};
        char keys[512];
        char data[512];
        char path[600];

        snprintf(keys, sizeof(keys), "%s/keys", dir);
        snprintf(data, sizeof(data), "%s/data/" KEYDIR_TRUST_FOLDER, dir);
        must(keydir_create(keys, &err), &err, "the keys folder");
        key_write(kit, keys, "store.key", KIT_STORE);
        key_write(kit, keys, "brand.key", KIT_BRAND);
        role_write(kit, keys, "store", "store.key", "acme", KIT_STORE);
        role_write(kit, keys, "brand", "brand.key", "maker", KIT_BRAND);
        role_write(kit, keys, "serials", "brand.key", "maker", KIT_BRAND);

        snprintf(root.key_id, sizeof(root.key_id), "%s", kit_key_id(kit, KIT_ROOT));
        must(keydir_add_root(data, &root, &err), &err, "a root");
        must(keydir_put_public(data, "acme", kit->trust, strlen(kit->trust), &err), &err,
             "public keys");
        snprintf(path, sizeof(path), "%s/passphrase", dir);
        must(fs_write_file(path, KIT_PASSPHRASE "\n", strlen(KIT_PASSPHRASE) + 1, 0600, &err), &err,
             "the passphrase");
}

const char *kit_json(const struct kit *kit, const char *text)
{
        CLEANUP(buf_fini) struct buf out = BUF_INIT(4 * MIB);

        buf_json_string(&out, text);
        return arena_strdup(kit->arena, out.data);
}

const char *kit_request(const struct kit *kit, const char *role, const char *type,
                        const char *headers, const char *body, const char *evidence)
{
        return arena_printf(kit->arena,
                            "{\"op\":\"issue\",\"role\":%s,\"type\":%s,\"headers\":%s,\"body\":%s,"
                            "\"evidence\":%s}",
                            kit_json(kit, role), kit_json(kit, type), headers,
                            body ? kit_json(kit, body) : "null",
                            evidence ? kit_json(kit, evidence) : "null");
}

/* A key's text as a multi-line header. */
static const char *indented(const struct kit *kit, const char *text)
{
        CLEANUP(buf_fini) struct buf out = BUF_INIT(64 * KIB);

        for (const char *at = text; *at;) {
                const size_t length = strcspn(at, "\n");

                buf_printf(&out, "\n    %.*s", (int)length, at);
                at += length + (at[length] == '\n');
        }
        return arena_strdup(kit->arena, out.data);
}

const char *kit_serial_request(const struct kit *kit, enum kit_key device, const char *brand,
                               const char *model)
{
        return kit_sign(kit, device, NULL,
                        "type: serial-request\nbrand-id: %s\nmodel: %s\ndevice-key:%s\n"
                        "request-id: r1\n",
                        brand, model, indented(kit, kit_key_text(kit, device)));
}

const char *kit_serial_headers(const struct kit *kit, enum kit_key device, const char *brand,
                               const char *model, const char *serial)
{
        return arena_printf(kit->arena,
                            "{\"brand-id\":\"%s\",\"model\":\"%s\",\"serial\":\"%s\","
                            "\"device-key\":%s,\"device-key-sha3-384\":\"%s\"}",
                            brand, model, serial, kit_json(kit, kit_key_text(kit, device)),
                            kit_key_id(kit, device));
}
