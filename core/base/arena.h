/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * arena -- memory that lives as long as one request (or one parse) and is freed whole.
 *
 * Floor    core/base; includes libc only.
 * Owner    who calls arena_new frees it: CLEANUP(arena_freep). Nothing inside is freed singly.
 * Threads  an arena belongs to one thread at a time.
 * Units    bytes.
 * Tests    tests/unit/test_arena.c
 */
#include "core/base/rc.h"
#include <stdint.h>

struct arena;

/* max_bytes bounds all allocations together; over it allocations give NULL. NULL: no memory. */
struct arena *arena_new(size_t max_bytes);
void arena_freep(struct arena **arena);
/* Zeroed, aligned for any type; NULL when the bound or the memory is used up. bytes may be 0. */
void *arena_alloc(struct arena *arena, size_t bytes);
/* count * size with the overflow checked. */
void *arena_alloc_array(struct arena *arena, size_t count, size_t size);
char *arena_strdup(struct arena *arena, const char *text);
/* Copies exactly bytes and adds a NUL. */
char *arena_memdup(struct arena *arena, const void *data, size_t bytes);
char *arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);
size_t arena_used_bytes(const struct arena *arena);
/* Forgets everything; keeps the first block. */
void arena_reset(struct arena *arena);
