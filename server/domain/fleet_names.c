/* SPDX-License-Identifier: Apache-2.0 */
/* names -- texts kept once and numbered. Numbers are handed out under a lock; a text never moves,
 * so reading one needs none. */
#include "core/base/random.h"
#include "core/crypto/hash.h"
#include "server/domain/fleet_inside.h"
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES_MAX 255
#define CHUNK          4096

struct names {
        pthread_mutex_t lock;
        size_t max;
        uint32_t count; /* the highest number given */
        uint64_t bytes;
        uint8_t key[TABLE_KEY_BYTES]; /* devices choose the texts */
        size_t bucket_count;
        uint32_t *buckets; /* open addressing; 0 free */
        size_t chunk_count;
        _Atomic(char **) chunks[]; /* number / CHUNK */
};

struct names *names_new(size_t max)
{
        const size_t chunks = (max + CHUNK) / CHUNK + 1;
        struct names *names = calloc(1, sizeof(*names) + chunks * sizeof(names->chunks[0]));
        size_t buckets = 16;

        if (!names)
                return NULL;
        while (buckets < 2 * max)
                buckets *= 2;
        names->buckets = calloc(buckets, sizeof(uint32_t));
        if (!names->buckets) {
                free(names);
                return NULL;
        }
        pthread_mutex_init(&names->lock, NULL);
        random_fill(names->key, sizeof(names->key));
        names->max = max;
        names->bucket_count = buckets;
        names->chunk_count = chunks;
        names->bytes = sizeof(*names) + buckets * sizeof(uint32_t);
        return names;
}

void names_freep(struct names **names)
{
        struct names *gone = *names;

        if (!gone)
                return;
        for (uint32_t i = 1; i <= gone->count; i++)
                free(gone->chunks[i / CHUNK][i % CHUNK]);
        for (size_t i = 0; i < gone->chunk_count; i++)
                free(gone->chunks[i]);
        pthread_mutex_destroy(&gone->lock);
        free(gone->buckets);
        free(gone);
        *names = NULL;
}

bool name_is_plain(const char *text)
{
        size_t i = 0;

        for (; text[i]; i++)
                if (i >= NAME_BYTES_MAX || text[i] <= ' ' || text[i] > '~')
                        return false;
        return i > 0;
}

const char *names_get(const struct names *names, uint32_t number)
{
        return number ? names->chunks[number / CHUNK][number % CHUNK] : "";
}

static uint32_t name_add(struct names *names, size_t bucket, const char *text)
{
        const uint32_t number = names->count + 1;
        char *copy;

        if (names->count >= names->max)
                return 0;
        if (!names->chunks[number / CHUNK])
                names->chunks[number / CHUNK] = calloc(CHUNK, sizeof(char *));
        copy = names->chunks[number / CHUNK] ? strdup(text) : NULL;
        if (!copy)
                return 0;
        names->chunks[number / CHUNK][number % CHUNK] = copy;
        names->buckets[bucket] = number;
        names->count = number;
        names->bytes += strlen(text) + 1 + 2 * sizeof(char *);
        return number;
}

static size_t bucket_find(const struct names *names, const char *text)
{
        size_t bucket =
                (size_t)table_hash(names->key, text, strlen(text)) & (names->bucket_count - 1);

        while (names->buckets[bucket] && strcmp(names_get(names, names->buckets[bucket]), text))
                bucket = (bucket + 1) & (names->bucket_count - 1);
        return bucket;
}

uint32_t names_find(struct names *names, const char *text)
{
        uint32_t number;

        pthread_mutex_lock(&names->lock);
        number = names->buckets[bucket_find(names, text)];
        pthread_mutex_unlock(&names->lock);
        return number;
}

uint32_t names_put_within(struct names *names, const char *text, size_t *left)
{
        uint32_t number;
        size_t bucket;

        if (!text || !name_is_plain(text))
                return 0;
        pthread_mutex_lock(&names->lock);
        bucket = bucket_find(names, text);
        number = names->buckets[bucket];
        if (!number && *left) {
                number = name_add(names, bucket, text);
                --*left;
        }
        pthread_mutex_unlock(&names->lock);
        return number;
}

uint32_t names_put(struct names *names, const char *text)
{
        size_t left = 1;

        return names_put_within(names, text, &left);
}

uint64_t names_bytes(struct names *names)
{
        uint64_t bytes;

        pthread_mutex_lock(&names->lock);
        bytes = names->bytes;
        pthread_mutex_unlock(&names->lock);
        return bytes;
}
