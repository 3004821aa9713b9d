/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/hex.h"
#include <string.h>

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64url_digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void hex_format(const void *data, size_t bytes, char *text)
{
        const uint8_t *in = data;

        for (size_t i = 0; i < bytes; i++) {
                *text++ = hex_digits[in[i] >> 4];
                *text++ = hex_digits[in[i] & 15];
        }
        *text = '\0';
}

int hex_digit(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return -1;
}

enum rc hex_parse(const char *text, void *ret, size_t bytes)
{
        uint8_t *out = ret;

        if (strnlen(text, bytes * 2 + 1) != bytes * 2)
                return RC_INVALID;
        for (size_t i = 0; i < bytes * 2; i++)
                if (hex_digit(text[i]) < 0)
                        return RC_INVALID;
        for (size_t i = 0; i < bytes; i++)
                out[i] = (uint8_t)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
        return RC_OK;
}

/* The 6-bit value of a character in either alphabet, told apart by its last two digits. */
static int base64_value(char c, const char *digits)
{
        if (c >= 'A' && c <= 'Z')
                return c - 'A';
        if (c >= 'a' && c <= 'z')
                return c - 'a' + 26;
        if (c >= '0' && c <= '9')
                return c - '0' + 52;
        if (c == digits[62])
                return 62;
        if (c == digits[63])
                return 63;
        return -1;
}

void base64url_format(const void *data, size_t bytes, char *text)
{
        const uint8_t *in = data;
        uint32_t bits = 0;
        int have = 0;

        for (size_t i = 0; i < bytes; i++) {
                bits = bits << 8 | in[i];
                have += 8;
                while (have >= 6) {
                        have -= 6;
                        *text++ = base64url_digits[bits >> have & 63];
                }
        }
        if (have > 0)
                *text++ = base64url_digits[bits << (6 - have) & 63];
        *text = '\0';
}

/* Decodes length characters without padding; the spare bits of the last one must be zero. */
static enum rc digits_parse(const char *text, size_t length, const char *digits, uint8_t *out,
                            size_t max, size_t *ret_bytes)
{
        uint32_t bits = 0;
        int have = 0;
        size_t used = 0;

        if (length % 4 == 1)
                return RC_INVALID;
        for (size_t i = 0; i < length; i++) {
                const int value = base64_value(text[i], digits);

                if (value < 0)
                        return RC_INVALID;
                bits = bits << 6 | (uint32_t)value;
                have += 6;
                if (have < 8)
                        continue;
                have -= 8;
                if (used == max)
                        return RC_TOO_BIG;
                out[used++] = (uint8_t)(bits >> have);
        }
        if (bits & ((1u << have) - 1))
                return RC_INVALID;
        *ret_bytes = used;
        return RC_OK;
}

enum rc base64url_parse(const char *text, void *ret, size_t bytes)
{
        size_t used = 0;
        enum rc rc;

        if (strnlen(text, BASE64URL_CHARS(bytes) + 1) != BASE64URL_CHARS(bytes))
                return RC_INVALID;
        rc = digits_parse(text, BASE64URL_CHARS(bytes), base64url_digits, ret, bytes, &used);
        return rc == RC_OK && used == bytes ? RC_OK : RC_INVALID;
}

enum rc base64url_parse_any(const char *text, void *ret, size_t max, size_t *ret_bytes)
{
        return digits_parse(text, strlen(text), base64url_digits, ret, max, ret_bytes);
}

void base64_append(struct buf *out, const void *data, size_t bytes, size_t width)
{
        const uint8_t *in = data;
        size_t column = 0;

        for (size_t i = 0; i < bytes; i += 3) {
                const uint32_t bits = (uint32_t)in[i] << 16 |
                                      (i + 1 < bytes ? (uint32_t)in[i + 1] << 8 : 0) |
                                      (i + 2 < bytes ? in[i + 2] : 0);
                char four[4] = {base64_digits[bits >> 18 & 63], base64_digits[bits >> 12 & 63],
                                i + 1 < bytes ? base64_digits[bits >> 6 & 63] : '=',
                                i + 2 < bytes ? base64_digits[bits & 63] : '='};

                for (int k = 0; k < 4; k++) {
                        if (width && column == width) {
                                buf_char(out, '\n');
                                column = 0;
                        }
                        buf_char(out, four[k]);
                        column++;
                }
        }
}

enum rc base64_parse(const char *text, size_t length, void *ret, size_t max, size_t *ret_bytes)
{
        uint8_t *out = ret;
        size_t used = 0;
        size_t padding = 0;
        char four[4];
        size_t have = 0;

        for (size_t i = 0; i < length; i++) {
                size_t bytes = 0;
                enum rc rc;

                if (text[i] == '\n')
                        continue;
                if (text[i] == '=')
                        padding++;
                else if (padding)
                        return RC_INVALID;
                four[have++] = text[i];
                if (have < 4)
                        continue;
                if (padding > 2)
                        return RC_INVALID;
                rc = digits_parse(four, 4 - padding, base64_digits, out + used, max - used, &bytes);
                if (rc != RC_OK)
                        return rc;
                used += bytes;
                have = 0;
        }
        if (have)
                return RC_INVALID;
        *ret_bytes = used;
        return RC_OK;
}
