/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/apply/sha3.h"
#include <string.h>

#define RATE_BYTES 104
#define LANES      25
#define ROUNDS     24

static uint64_t rotate(uint64_t value, unsigned bits)
{
        return bits ? value << bits | value >> (64 - bits) : value;
}

static void mix_columns(uint64_t a[LANES])
{
        uint64_t column[5];

        for (unsigned x = 0; x < 5; x++)
                column[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
        for (unsigned x = 0; x < 5; x++) {
                const uint64_t both = column[(x + 4) % 5] ^ rotate(column[(x + 1) % 5], 1);

                for (unsigned y = 0; y < LANES; y += 5)
                        a[x + y] ^= both;
        }
}

/* rho and pi: each lane, rotated, moves to the place of the next. */
static void move_lanes(uint64_t a[LANES])
{
        static const uint8_t place[24] = {10, 7,  11, 17, 18, 3, 5,  16, 8,  21, 24, 4,
                                          15, 23, 19, 13, 12, 2, 20, 14, 22, 9,  6,  1};
        static const uint8_t turn[24] = {1,  3,  6,  10, 15, 21, 28, 36, 45, 55, 2,  14,
                                         27, 41, 56, 8,  25, 43, 62, 18, 39, 61, 20, 44};
        uint64_t lane = a[1];

        for (unsigned i = 0; i < 24; i++) {
                const uint64_t next = a[place[i]];

                a[place[i]] = rotate(lane, turn[i]);
                lane = next;
        }
}

static void permute(uint64_t a[LANES])
{
        static const uint64_t constant[ROUNDS] = {
                0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
                0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
                0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
                0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
                0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
                0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008};

        for (unsigned round = 0; round < ROUNDS; round++) {
                mix_columns(a);
                move_lanes(a);
                for (unsigned y = 0; y < LANES; y += 5) {
                        const uint64_t first = a[y];
                        const uint64_t second = a[y + 1];

                        a[y] ^= ~a[y + 1] & a[y + 2];
                        a[y + 1] ^= ~a[y + 2] & a[y + 3];
                        a[y + 2] ^= ~a[y + 3] & a[y + 4];
                        a[y + 3] ^= ~a[y + 4] & first;
                        a[y + 4] ^= ~first & second;
                }
                a[0] ^= constant[round];
        }
}

void sha3_init(struct sha3 *sha3)
{
        memset(sha3, 0, sizeof(*sha3));
}

static void absorb(struct sha3 *sha3, uint8_t byte)
{
        sha3->lane[sha3->at / 8] ^= (uint64_t)byte << 8 * (sha3->at % 8);
        if (++sha3->at == RATE_BYTES) {
                permute(sha3->lane);
                sha3->at = 0;
        }
}

static uint64_t load(const uint8_t *bytes)
{
        uint64_t value = 0;

        for (unsigned i = 0; i < 8; i++)
                value |= (uint64_t)bytes[i] << 8 * i;
        return value;
}

void sha3_update(struct sha3 *sha3, const void *data, size_t bytes)
{
        const uint8_t *from = data;

        for (; bytes && sha3->at; bytes--)
                absorb(sha3, *from++);
        for (; bytes >= RATE_BYTES; bytes -= RATE_BYTES, from += RATE_BYTES) {
                for (unsigned i = 0; i < RATE_BYTES / 8; i++)
                        sha3->lane[i] ^= load(from + 8 * i);
                permute(sha3->lane);
        }
        for (; bytes; bytes--)
                absorb(sha3, *from++);
}

void sha3_finish(struct sha3 *sha3, uint8_t ret[SHA3_384_BYTES])
{
        sha3->lane[sha3->at / 8] ^= (uint64_t)0x06 << 8 * (sha3->at % 8);
        sha3->lane[RATE_BYTES / 8 - 1] ^= (uint64_t)0x80 << 56;
        permute(sha3->lane);
        for (unsigned i = 0; i < SHA3_384_BYTES; i++)
                ret[i] = (uint8_t)(sha3->lane[i / 8] >> 8 * (i % 8));
}
