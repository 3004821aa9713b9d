/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* bytes -- numbers as bytes, big-endian. Floor core/base. Tests: tests/unit/test_ticket.c,
 * test_session.c */
#include <stdint.h>

static inline void u64_put(uint8_t *out, uint64_t number)
{
        for (int i = 0; i < 8; i++)
                out[i] = (uint8_t)(number >> (56 - 8 * i));
}

static inline uint64_t u64_get(const uint8_t *in)
{
        uint64_t number = 0;

        for (int i = 0; i < 8; i++)
                number = number << 8 | in[i];
        return number;
}
