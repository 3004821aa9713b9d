/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/apply/code_table.h"
#include <assert.h>

static struct code code_make(struct code_half first, struct code_half second)
{
        return (struct code){{first, second}};
}

static struct code_half add(unsigned size)
{
        return (struct code_half){CODE_ADD, (uint8_t)size, 0};
}

static struct code_half copy(unsigned size, unsigned mode)
{
        return (struct code_half){CODE_COPY, (uint8_t)size, (uint8_t)mode};
}

void code_table_init(struct code ret[CODE_COUNT])
{
        const struct code_half none = {CODE_NOOP, 0, 0};
        struct code *at = ret;

        *at++ = code_make((struct code_half){CODE_RUN, 0, 0}, none);
        for (unsigned size = 0; size <= 17; size++)
                *at++ = code_make(add(size), none);
        for (unsigned mode = 0; mode < MODE_COUNT; mode++) {
                *at++ = code_make(copy(0, mode), none);
                for (unsigned size = 4; size <= 18; size++)
                        *at++ = code_make(copy(size, mode), none);
        }
        for (unsigned mode = 0; mode < MODE_COUNT; mode++) {
                const unsigned last = mode < 2 + NEAR_COUNT ? 6 : 4;

                for (unsigned first = 1; first <= 4; first++)
                        for (unsigned size = 4; size <= last; size++)
                                *at++ = code_make(add(first), copy(size, mode));
        }
        for (unsigned mode = 0; mode < MODE_COUNT; mode++)
                *at++ = code_make(copy(4, mode), add(1));
        assert(at == ret + CODE_COUNT);
}
