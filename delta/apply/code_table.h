/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * code_table -- RFC 3284's default table: what each of the 256 instruction codes stands for.
 *
 * Floor    delta/apply. Owner: the caller's array.
 * Source   RFC 3284 section 5.6: the table is made by the same few loops that the text describes.
 * Tests    tests/unit/test_vcdiff.c (the rows that the RFC prints)
 */
#include <stdint.h>

#define CODE_COUNT 256
#define MODE_SELF  0
#define MODE_HERE  1
#define NEAR_COUNT 4
#define SAME_COUNT 3
#define MODE_COUNT (2 + NEAR_COUNT + SAME_COUNT)

enum code_kind { CODE_NOOP, CODE_ADD, CODE_RUN, CODE_COPY };

struct code_half {
        uint8_t kind;
        uint8_t size; /* 0: the size follows in the instruction section */
        uint8_t mode; /* of a copy */
};

struct code {
        struct code_half half[2];
};

void code_table_init(struct code ret[CODE_COUNT]);
