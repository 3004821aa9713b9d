/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * table -- the first stream of a storehouse-1 delta: numbers, compressed with LZMA2.
 *
 * Floor    delta/apply; includes core/base. lzma.h in table.c.
 * Owner    CLEANUP(table_freep). The descriptor stays the caller's.
 * Bounds   the dictionary given; the stream's packed bytes and no more are read.
 * Outcomes RC_INVALID (damaged, or more is read than there is), RC_IO, RC_NOMEM.
 * Tests    tests/unit/test_inside_bad.c
 */
#include "core/base/rc.h"
#include <stdint.h>

struct table;

/* Reads packed_bytes from offset of a delta's descriptor on. */
MUST_USE enum rc table_new(int fd, uint64_t offset, uint64_t packed_bytes, uint64_t plain_bytes,
                           uint32_t dict_bytes, struct table **ret, struct err *err);
void table_freep(struct table **table);
/* Base 128, the least significant digit first. */
MUST_USE enum rc table_number(struct table *table, uint64_t *ret, struct err *err);
/* Everything was read, and nothing is left. */
MUST_USE enum rc table_end(struct table *table, struct err *err);
/* The encoder's side: packs a whole table. The caller frees *ret. */
MUST_USE enum rc table_pack(const uint8_t *plain, size_t plain_bytes, uint32_t dict_bytes,
                            uint8_t **ret, size_t *ret_bytes, struct err *err);
