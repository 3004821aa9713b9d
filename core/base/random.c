/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/random.h"
#include <sodium.h>

enum rc random_init(struct err *err)
{
        if (sodium_init() < 0)
                return err_set(err, RC_BUG, "libsodium does not start");
        return RC_OK;
}

void random_fill(void *ret, size_t bytes)
{
        randombytes_buf(ret, bytes);
}

void random_text(char *text, size_t chars)
{
        static const char letters[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

        for (size_t i = 0; i < chars; i++)
                text[i] = letters[randombytes_uniform(sizeof(letters) - 1)];
        text[chars] = '\0';
}

bool bytes_equal(const void *a, const void *b, size_t bytes)
{
        return sodium_memcmp(a, b, bytes) == 0;
}

void bytes_wipe(void *data, size_t bytes)
{
        sodium_memzero(data, bytes);
}
