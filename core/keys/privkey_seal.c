/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/random.h"
#include "core/keys/privkey_raw.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC        "storehouse-key 1"
#define KDF          "argon2id13"
#define FILE_MAX     (16 * KIB)
#define SEALED_MAX   (PRIVKEY_RAW_MAX + crypto_secretbox_MACBYTES)
#define TEXT_COLUMNS 76

/* What a file may ask of this machine before its passphrase is proved. */
#define OPS_MAX  32
#define MEM_MIN  8192
#define MEM_MAX  GIB
#define WORK_MAX (4 * GIB) /* ops * mem */

/* What Argon2id is asked for. Sensitive fits a machine with 512 MB. */
static const struct {
        unsigned ops;
        size_t mem_bytes;
} strengths[] = {
        [SEAL_INTERACTIVE] = {2, 64 * MIB},
        [SEAL_SENSITIVE] = {8, 256 * MIB},
        [SEAL_TEST] = {1, 8 * KIB},
};

struct seal_head {
        uint64_t ops;
        uint64_t mem_bytes;
        uint8_t salt[crypto_pwhash_SALTBYTES];
        uint8_t nonce[crypto_secretbox_NONCEBYTES];
};

static enum rc box_key_make(const struct seal_head *head, const struct secret *passphrase,
                            struct secret **ret, struct err *err)
{
        CLEANUP(secret_freep) struct secret *key = secret_new(crypto_secretbox_KEYBYTES);

        if (!key || crypto_pwhash(secret_bytes(key), secret_length(key),
                                  (const char *)secret_view(passphrase), secret_length(passphrase),
                                  head->salt, head->ops, (size_t)head->mem_bytes,
                                  crypto_pwhash_ALG_ARGON2ID13) != 0)
                return err_set(err, RC_NOMEM, "no memory for the passphrase's %zu KiB",
                               (size_t)head->mem_bytes / KIB);
        *ret = key;
        key = NULL;
        return RC_OK;
}

static void head_put(struct buf *out, const struct seal_head *head)
{
        char salt[BASE64URL_CHARS(sizeof(head->salt)) + 1];
        char nonce[BASE64URL_CHARS(sizeof(head->nonce)) + 1];

        base64url_format(head->salt, sizeof(head->salt), salt);
        base64url_format(head->nonce, sizeof(head->nonce), nonce);
        buf_printf(out, MAGIC "\nkdf: " KDF "\nops: %u\nmem: %zu\nsalt: %s\nnonce: %s\n\n",
                   (unsigned)head->ops, (size_t)head->mem_bytes, salt, nonce);
}

enum rc privkey_seal(const struct privkey *key, const struct secret *passphrase,
                     enum seal_strength strength, struct buf *out, struct err *err)
{
        CLEANUP(secret_freep) struct secret *raw = NULL;
        CLEANUP(secret_freep) struct secret *box_key = NULL;
        struct seal_head head;
        uint8_t sealed[SEALED_MAX];
        enum rc rc;

        if (secret_length(passphrase) == 0)
                return err_set(err, RC_INVALID, "a key is not sealed with an empty passphrase");
        rc = privkey_raw_get(key, &raw, err);
        if (rc != RC_OK)
                return rc;
        if (secret_length(raw) > PRIVKEY_RAW_MAX)
                return err_set(err, RC_BUG, "a private key of %zu bytes", secret_length(raw));

        head.ops = strengths[strength].ops;
        head.mem_bytes = strengths[strength].mem_bytes;
        random_fill(head.salt, sizeof(head.salt));
        random_fill(head.nonce, sizeof(head.nonce));
        rc = box_key_make(&head, passphrase, &box_key, err);
        if (rc != RC_OK)
                return rc;
        crypto_secretbox_easy(sealed, secret_view(raw), secret_length(raw), head.nonce,
                              secret_view(box_key));
        head_put(out, &head);
        base64_append(out, sealed, secret_length(raw) + crypto_secretbox_MACBYTES, TEXT_COLUMNS);
        buf_char(out, '\n');
        return buf_finish(out, err);
}

/* The value of the next line, which must be `name: value`; *text moves past it. */
static bool line_take(const char **text, const char *name, char *value, size_t size)
{
        const char *end = strchr(*text, '\n');
        const size_t name_length = strlen(name);
        size_t length;

        if (!end || strncmp(*text, name, name_length) != 0 ||
            strncmp(*text + name_length, ": ", 2) != 0)
                return false;
        length = (size_t)(end - *text) - name_length - 2;
        if (length >= size)
                return false;
        memcpy(value, *text + name_length + 2, length);
        value[length] = '\0';
        *text = end + 1;
        return true;
}

/* Decimal digits without leading zeros, from min to max. */
static bool number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
        uint64_t value = 0;

        if (*text < '1' || *text > '9' || strlen(text) > 12)
                return false;
        for (; *text >= '0' && *text <= '9'; text++)
                value = value * 10 + (uint64_t)(*text - '0');
        if (*text || value < min || value > max)
                return false;
        *ret = value;
        return true;
}

static bool head_parse(const char **text, struct seal_head *ret)
{
        char value[64];

        if (strncmp(*text, MAGIC "\n", strlen(MAGIC) + 1) != 0)
                return false;
        *text += strlen(MAGIC) + 1;
        if (!line_take(text, "kdf", value, sizeof(value)) || strcmp(value, KDF) != 0 ||
            !line_take(text, "ops", value, sizeof(value)) ||
            !number_parse(value, 1, OPS_MAX, &ret->ops) ||
            !line_take(text, "mem", value, sizeof(value)) ||
            !number_parse(value, MEM_MIN, MEM_MAX, &ret->mem_bytes) ||
            !line_take(text, "salt", value, sizeof(value)) ||
            base64url_parse(value, ret->salt, sizeof(ret->salt)) != RC_OK ||
            !line_take(text, "nonce", value, sizeof(value)) ||
            base64url_parse(value, ret->nonce, sizeof(ret->nonce)) != RC_OK || **text != '\n')
                return false;
        (*text)++;
        /* Argon2 counts whole KiB; the rest would be a part of the file that nothing proves. */
        return ret->mem_bytes % KIB == 0 && ret->ops * ret->mem_bytes <= WORK_MAX;
}

static enum rc file_parse(const void *data, size_t bytes, struct seal_head *ret_head,
                          uint8_t ret_sealed[SEALED_MAX], size_t *ret_bytes, struct err *err)
{
        char text[FILE_MAX + 1];
        const char *at = text;

        if (bytes > FILE_MAX || memchr(data, 0, bytes))
                return err_set(err, RC_INVALID, "not a sealed key file");
        memcpy(text, data, bytes);
        text[bytes] = '\0';
        if (!head_parse(&at, ret_head))
                return err_set(err, RC_INVALID,
                               "not a sealed key file, or one with bounds that are not accepted");
        if (base64_parse(at, strlen(at), ret_sealed, SEALED_MAX, ret_bytes) != RC_OK ||
            *ret_bytes <= crypto_secretbox_MACBYTES)
                return err_set(err, RC_INVALID, "a sealed key file is cut or damaged");
        return RC_OK;
}

enum rc privkey_unseal(const void *data, size_t bytes, const struct secret *passphrase,
                       struct privkey **ret, struct err *err)
{
        CLEANUP(secret_freep) struct secret *raw = NULL;
        CLEANUP(secret_freep) struct secret *box_key = NULL;
        struct seal_head head;
        uint8_t sealed[SEALED_MAX];
        size_t sealed_bytes = 0;
        enum rc rc;

        rc = file_parse(data, bytes, &head, sealed, &sealed_bytes, err);
        if (rc != RC_OK)
                return rc;
        rc = box_key_make(&head, passphrase, &box_key, err);
        if (rc != RC_OK)
                return rc;
        raw = secret_new(sealed_bytes - crypto_secretbox_MACBYTES);
        if (!raw)
                return err_set(err, RC_NOMEM, "no memory for a private key");
        if (crypto_secretbox_open_easy(secret_bytes(raw), sealed, sealed_bytes, head.nonce,
                                       secret_view(box_key)) != 0)
                return err_set(err, RC_FORBIDDEN, "wrong passphrase, or a damaged key file");
        return privkey_raw_parse(raw, ret, err);
}
