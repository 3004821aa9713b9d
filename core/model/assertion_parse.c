/* SPDX-License-Identifier: Apache-2.0 */
/* Where the parts of an assertion begin and end (device.md 8.1, 8.5), and what every type has. */
#include "core/model/assertion_inside.h"
#include "core/model/name.h"
#include <assert.h>
#include <string.h>

/* Bytes of the UTF-8 sequence at p, 0 when it is none. The shortest form only, no surrogates. */
static size_t utf8_bytes(const unsigned char *p, size_t left)
{
        uint32_t code;
        size_t bytes;

        if (p[0] < 0x80)
                return p[0] ? 1 : 0;
        if (p[0] >= 0xc2 && p[0] < 0xe0)
                bytes = 2;
        else if ((p[0] & 0xf0) == 0xe0)
                bytes = 3;
        else if (p[0] >= 0xf0 && p[0] < 0xf5)
                bytes = 4;
        else
                return 0;
        if (bytes > left)
                return 0;
        code = p[0] & (0x7fu >> bytes);
        for (size_t i = 1; i < bytes; i++) {
                if ((p[i] & 0xc0) != 0x80)
                        return 0;
                code = code << 6 | (p[i] & 0x3f);
        }
        if (bytes == 3 && (code < 0x800 || (code >= 0xd800 && code < 0xe000)))
                return 0;
        if (bytes == 4 && (code < 0x10000 || code > 0x10ffff))
                return 0;
        return bytes;
}

bool text_is_clean(const void *data, size_t bytes)
{
        const unsigned char *at = data;

        while (bytes) {
                const size_t step = utf8_bytes(at, bytes);

                if (!step)
                        return false;
                at += step;
                bytes -= step;
        }
        return true;
}

enum rc header_number_parse(const char *text, uint64_t max, uint64_t *ret)
{
        if (!strcmp(text, "0")) {
                *ret = 0;
                return RC_OK;
        }
        return number_parse_u64(text, max, ret);
}

unsigned base64_version(const char *text)
{
        uint8_t raw[3];
        size_t bytes = 0;

        if (strnlen(text, 4) < 4 || base64_parse(text, 4, raw, sizeof(raw), &bytes) != RC_OK)
                return 0;
        return bytes ? raw[0] : 0;
}

/* A number header that may be absent; a header that is no text is a malformed number. */
static enum rc number_read(const struct value *headers, const char *name, uint64_t max,
                           uint64_t *ret, struct err *err)
{
        const struct value *value = value_find(headers, name);

        *ret = 0;
        if (!value)
                return RC_OK;
        if (value->kind != VALUE_TEXT || header_number_parse(value->text, max, ret) != RC_OK)
                return err_set(err, RC_INVALID, "header \"%s\" is not a number in its bounds",
                               name);
        return RC_OK;
}

static enum rc type_fill(struct assertion *assertion, struct err *err)
{
        const char *name = value_text(&assertion->headers, "type");

        if (!name)
                return err_set(err, RC_INVALID, "header \"type\" is missing");
        assertion->type = assertion_type_find(name);
        if (!assertion->type)
                return err_set(err, RC_INVALID, "unknown assertion type \"%.80s\"", name);
        return RC_OK;
}

static enum rc pk_fill(struct assertion *assertion, struct err *err)
{
        const struct assertion_type *type = assertion->type;

        for (size_t i = 0; i < type->pk_count; i++) {
                const struct value *value = value_find(&assertion->headers, type->pk[i]);

                if (!value && type->pk_defaults && type->pk_defaults[i]) {
                        assertion->pk[i] = type->pk_defaults[i];
                        continue;
                }
                if (!value)
                        return err_set(err, RC_INVALID, "%s: header \"%s\" is missing", type->name,
                                       type->pk[i]);
                if (value->kind != VALUE_TEXT || !*value->text || strchr(value->text, '/'))
                        return err_set(err, RC_INVALID,
                                       "%s: \"%s\" must be a text without \"/\", not empty",
                                       type->name, type->pk[i]);
                assertion->pk[i] = value->text;
        }
        return RC_OK;
}

static enum rc authority_fill(struct assertion *assertion, struct err *err)
{
        const struct value *value = value_find(&assertion->headers, "authority-id");
        const char *name = assertion->type->name;

        if (assertion->type->signer == SIGNER_SELF) {
                if (value)
                        return err_set(err, RC_INVALID, "%s has no authority-id", name);
                return RC_OK;
        }
        if (!value)
                return err_set(err, RC_INVALID, "%s: header \"authority-id\" is missing", name);
        if (value->kind != VALUE_TEXT || !name_is_account(value->text))
                return err_set(err, RC_INVALID, "%s: \"authority-id\" is not an account id", name);
        assertion->authority = value->text;
        return RC_OK;
}

enum rc assertion_fill(struct assertion *assertion, struct err *err)
{
        struct digest digest;
        uint64_t number = 0;
        enum rc rc;

        rc = type_fill(assertion, err);
        if (rc == RC_OK)
                rc = number_read(&assertion->headers, "format", 1000, &number, err);
        if (rc != RC_OK)
                return rc;
        assertion->format = (unsigned)number;
        rc = number_read(&assertion->headers, "revision", INT64_MAX, &assertion->revision, err);
        if (rc == RC_OK)
                rc = authority_fill(assertion, err);
        if (rc == RC_OK)
                rc = pk_fill(assertion, err);
        if (rc != RC_OK)
                return rc;
        assertion->key_id = value_text(&assertion->headers, "sign-key-sha3-384");
        if (!assertion->key_id || digest_parse_b64(assertion->key_id, &digest) != RC_OK)
                return err_set(err, RC_INVALID,
                               "header \"sign-key-sha3-384\" is missing or not a key id");
        return assertion_type_check(assertion, err);
}

/* snapd reads RSA only; and what certifies keys is never signed by a key of a day. */
static enum rc scheme_check(const struct assertion_type *type, bool ours, struct err *err)
{
        const bool may =
                type->agent_purpose || (!type->snapd_reads && type->signer != SIGNER_TRUSTED &&
                                        type->signer != SIGNER_ROOT);

        if (ours && !may)
                return err_set(err, RC_INVALID, "%s cannot have an Ed25519 signature", type->name);
        if (!ours && type->agent_purpose)
                return err_set(err, RC_INVALID, "%s cannot have an RSA signature", type->name);
        return RC_OK;
}

/* The signature's text: base64 that names a scheme which this type may have. */
static enum rc signature_fill(struct arena *arena, struct assertion *assertion, const char *text,
                              size_t bytes, struct err *err)
{
        const size_t room = bytes / 4 * 3 + 3;
        char *raw;
        size_t raw_bytes = 0;

        if (bytes && text[bytes - 1] == '\n')
                bytes--;
        if (!bytes || text[0] == '\n')
                return err_set(err, RC_INVALID, "the signature is missing");
        if (bytes > ASSERTION_SIGNATURE_MAX)
                return err_set(err, RC_TOO_BIG, "the signature is over %zu bytes",
                               ASSERTION_SIGNATURE_MAX);
        raw = arena_alloc(arena, room);
        assertion->signature = arena_memdup(arena, text, bytes);
        if (!raw || !assertion->signature)
                return err_set(err, RC_NOMEM, "no memory for the signature");
        if (base64_parse(text, bytes, raw, room, &raw_bytes) != RC_OK || raw_bytes < 2)
                return err_set(
                        err, RC_INVALID,
                        "the signature is not base64 (or the empty line after it is missing)");
        if (raw[0] != KEY_RSA && raw[0] != KEY_ED25519)
                return err_set(err, RC_INVALID, "signature version %u is unknown",
                               (unsigned)(uint8_t)raw[0]);
        return scheme_check(assertion->type, raw[0] == KEY_ED25519, err);
}

/* Offset of the first LF LF at or after `from`; bytes when there is none. */
static size_t gap_find(const char *data, size_t bytes, size_t from)
{
        const char *gap = from < bytes ? memmem(data + from, bytes - from, "\n\n", 2) : NULL;

        return gap ? (size_t)(gap - data) : bytes;
}

/* Finds the body behind head_bytes and the end of the content. */
static enum rc body_fill(struct arena *arena, struct assertion *assertion, const char *data,
                         size_t bytes, size_t head_bytes, struct err *err)
{
        const size_t at = head_bytes + 2;
        uint64_t length = 0;
        const enum rc rc = number_read(&assertion->headers, "body-length", INT64_MAX, &length, err);

        if (rc != RC_OK)
                return rc;
        if (length > ASSERTION_BODY_MAX)
                return err_set(err, RC_TOO_BIG, "the body is over %zu bytes", ASSERTION_BODY_MAX);
        if (length == 0) {
                /* Old writers put an empty body between two separators. */
                const bool empty = bytes - at >= 2 && !memcmp(data + at, "\n\n", 2);

                assertion->content_count = empty ? at : head_bytes;
                return RC_OK;
        }
        if (length > bytes - at || bytes - at - length < 2 || memcmp(data + at + length, "\n\n", 2))
                return err_set(
                        err, RC_INVALID,
                        "the body does not end where body-length says, before an empty line");
        if (!text_is_clean(data + at, length))
                return err_set(err, RC_INVALID, "the body is not UTF-8 text");
        assertion->body = arena_memdup(arena, data + at, length);
        if (!assertion->body)
                return err_set(err, RC_NOMEM, "no memory for the body");
        assertion->body_count = length;
        assertion->content_count = at + length;
        return RC_OK;
}

static enum rc head_find(const char *data, size_t bytes, size_t *ret, struct err *err)
{
        const size_t window = bytes < ASSERTION_HEADERS_MAX + 2 ? bytes : ASSERTION_HEADERS_MAX + 2;
        const size_t end = gap_find(data, window, 0);

        if (end < window) {
                *ret = end;
                return RC_OK;
        }
        if (window < bytes)
                return err_set(err, RC_TOO_BIG, "the headers are over %zu bytes",
                               ASSERTION_HEADERS_MAX);
        if (memmem(data, bytes, "\r\n", 2))
                return err_set(err, RC_INVALID,
                               "a carriage return in the headers: lines end with LF only");
        return err_set(err, RC_INVALID, "the empty line after the headers is missing");
}

enum rc assertion_read(struct arena *arena, const char *data, size_t bytes, bool whole,
                       struct assertion **ret, size_t *ret_used, struct err *err)
{
        struct assertion *assertion = arena_alloc(arena, sizeof(*assertion));
        size_t head_bytes = 0;
        size_t begin;
        size_t end;
        enum rc rc;

        if (!assertion)
                return err_set(err, RC_NOMEM, "no memory for an assertion");
        rc = head_find(data, bytes, &head_bytes, err);
        if (rc == RC_OK)
                rc = headers_parse(arena, data, head_bytes, &assertion->headers, err);
        if (rc == RC_OK)
                rc = body_fill(arena, assertion, data, bytes, head_bytes, err);
        if (rc == RC_OK)
                rc = assertion_fill(assertion, err);
        if (rc != RC_OK)
                return rc;

        begin = assertion->content_count + 2;
        end = gap_find(data, bytes, begin);
        if (whole && end < bytes)
                return err_set(err, RC_INVALID, "there is more after the signature");
        *ret_used = end < bytes ? end + 2 : bytes;
        end += end < bytes;
        rc = signature_fill(arena, assertion, data + begin, end - begin, err);
        if (rc != RC_OK)
                return rc;
        assertion->bytes = arena_memdup(arena, data, end);
        if (!assertion->bytes)
                return err_set(err, RC_NOMEM, "no memory for an assertion");
        assertion->bytes_count = end;
        *ret = assertion;
        return RC_OK;
}

enum rc assertion_parse(struct arena *arena, const void *data, size_t bytes, struct assertion **ret,
                        struct err *err)
{
        size_t used = 0;

        assert(arena && ret && (data || !bytes));
        if (bytes > ASSERTION_MAX)
                return err_set(err, RC_TOO_BIG, "the assertion is over %zu bytes", ASSERTION_MAX);
        if (!bytes)
                return err_set(err, RC_INVALID, "the assertion is empty");
        return assertion_read(arena, data, bytes, true, ret, &used, err);
}

enum rc assertion_assemble(struct arena *arena, const char *content, size_t content_bytes,
                           const char *signature, struct assertion **ret, struct err *err)
{
        CLEANUP(buf_fini) struct buf text = BUF_INIT(ASSERTION_MAX);
        enum rc rc;

        buf_append(&text, content, content_bytes);
        buf_text(&text, "\n\n");
        buf_text(&text, signature);
        buf_char(&text, '\n');
        rc = buf_finish(&text, err);
        if (rc != RC_OK)
                return rc;
        return assertion_parse(arena, text.data, text.len, ret, err);
}
