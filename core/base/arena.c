/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/arena.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)8 * KIB)
#define ALIGN       (_Alignof(max_align_t))

struct block {
        struct block *next;
        size_t size;
        size_t used;
        _Alignas(max_align_t) unsigned char data[];
};

struct arena {
        struct block *head; /* newest; the first block made is the last of the list */
        size_t max;
        size_t used; /* what callers asked for, rounded up to the alignment */
};

struct arena *arena_new(size_t max_bytes)
{
        struct arena *arena = calloc(1, sizeof(*arena));

        if (arena)
                arena->max = max_bytes;
        return arena;
}

static void blocks_free(struct block *block)
{
        while (block) {
                struct block *next = block->next;
                free(block);
                block = next;
        }
}

void arena_freep(struct arena **arena)
{
        if (!*arena)
                return;
        blocks_free((*arena)->head);
        free(*arena);
        *arena = NULL;
}

static struct block *block_add(struct arena *arena, size_t need)
{
        const size_t size = need > BLOCK_BYTES / 4 ? need : BLOCK_BYTES;
        struct block *block = malloc(sizeof(*block) + size);

        if (!block)
                return NULL;
        block->size = size;
        block->used = 0;
        /* A block of its own for a large piece goes behind the head, which still has room. */
        if (size == need && arena->head) {
                block->next = arena->head->next;
                arena->head->next = block;
        } else {
                block->next = arena->head;
                arena->head = block;
        }
        return block;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
        struct block *block = arena->head;
        void *piece;

        if (bytes > arena->max)
                return NULL;
        bytes = (bytes + ALIGN - 1) & ~(ALIGN - 1);
        if (bytes == 0)
                bytes = ALIGN;
        if (bytes > arena->max - arena->used)
                return NULL;
        if (!block || bytes > block->size - block->used)
                block = block_add(arena, bytes);
        if (!block)
                return NULL;
        piece = block->data + block->used;
        block->used += bytes;
        arena->used += bytes;
        return memset(piece, 0, bytes);
}

void *arena_alloc_array(struct arena *arena, size_t count, size_t size)
{
        size_t bytes;

        if (__builtin_mul_overflow(count, size, &bytes))
                return NULL;
        return arena_alloc(arena, bytes);
}

char *arena_memdup(struct arena *arena, const void *data, size_t bytes)
{
        char *copy;

        if (bytes == SIZE_MAX)
                return NULL;
        copy = arena_alloc(arena, bytes + 1);
        if (copy && bytes)
                memcpy(copy, data, bytes);
        return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
        return arena_memdup(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
        va_list args;
        va_list again;
        char *text = NULL;
        int length;

        va_start(args, format);
        va_copy(again, args);
        length = vsnprintf(NULL, 0, format, args);
        if (length >= 0)
                text = arena_alloc(arena, (size_t)length + 1);
        if (text)
                vsnprintf(text, (size_t)length + 1, format, again);
        va_end(again);
        va_end(args);
        return text;
}

size_t arena_used_bytes(const struct arena *arena)
{
        return arena->used;
}

void arena_reset(struct arena *arena)
{
        struct block *keep = arena->head;

        if (keep) {
                blocks_free(keep->next);
                keep->next = NULL;
                keep->used = 0;
        }
        arena->used = 0;
}
