/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/inside/index.h"
#include <stdlib.h>
#include <string.h>

#define BUCKETS_MIN ((uint64_t)1 << 6)
#define BUCKETS_MAX ((uint64_t)1 << 25)

static uint64_t word_at(const uint8_t *at)
{
        uint64_t word;

        memcpy(&word, at, sizeof(word));
        return word;
}

/* The byte order of the machine may change which positions are kept, never whether a delta is
 * right. */
static uint32_t bucket_of(const struct index *index, const uint8_t *bytes)
{
        uint64_t hash = word_at(bytes) * 0x9e3779b97f4a7c15;

        if (index->seed_bytes > sizeof(uint64_t)) {
                hash = (hash ^ word_at(bytes + 8)) * 0xbf58476d1ce4e5b9;
                hash ^= hash >> 31;
                hash = (hash ^ word_at(bytes + 16)) * 0x94d049bb133111eb;
        }
        return (uint32_t)(hash >> index->shift);
}

enum rc index_init(struct index *index, uint64_t bytes, unsigned seed_bytes, unsigned stride,
                   struct err *err)
{
        const uint64_t positions = bytes / stride;
        uint64_t buckets = BUCKETS_MIN;
        unsigned bits = 6;

        while (buckets * (INDEX_BUCKET / 2 + 1) < positions && buckets < BUCKETS_MAX) {
                buckets *= 2;
                bits++;
        }
        index->slots = calloc(buckets * INDEX_BUCKET, sizeof(*index->slots));
        if (!index->slots)
                return err_set(err, RC_NOMEM, "no memory for an index");
        index->buckets = (uint32_t)buckets;
        index->shift = 64 - bits;
        index->seed_bytes = seed_bytes;
        index->stride = stride;
        return RC_OK;
}

void index_fini(struct index *index)
{
        free(index->slots);
        index->slots = NULL;
}

void index_add(struct index *index, const uint8_t *base, uint32_t from, uint32_t end)
{
        uint32_t at = (from + index->stride - 1) / index->stride * index->stride;

        for (; at < end && end - at >= index->seed_bytes; at += index->stride) {
                uint32_t *slot = index->slots + (size_t)bucket_of(index, base + at) * INDEX_BUCKET;

                for (unsigned i = 0; i < INDEX_BUCKET; i++) {
                        if (slot[i])
                                continue;
                        slot[i] = at + 1;
                        break;
                }
        }
}

const uint32_t *index_find(const struct index *index, const uint8_t *bytes)
{
        return index->slots + (size_t)bucket_of(index, bytes) * INDEX_BUCKET;
}
