/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/ticket.h"
#include "core/base/bytes.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* The MAC covers expiry, randomness and subject; the purpose is the MAC's domain. */
static void tag_make(const uint8_t *key, const char *purpose, const char *subject,
                     const uint8_t head[24], uint8_t tag[MAC_BYTES])
{
        uint8_t data[24 + 512];
        const size_t length = strnlen(subject, 512);

        memcpy(data, head, 24);
        memcpy(data + 24, subject, length);
        mac_make(key, purpose, data, 24 + length, tag);
}

void ticket_make(const uint8_t key[MAC_KEY_BYTES], const char *purpose, const char *subject,
                 usec_t now, usec_t life, char text[TICKET_CHARS + 1])
{
        uint8_t bytes[TICKET_BYTES];

        u64_put(bytes, (uint64_t)(now + life));
        random_fill(bytes + 8, 16);
        tag_make(key, purpose, subject, bytes, bytes + 24);
        base64url_format(bytes, sizeof(bytes), text);
}

enum rc ticket_check(const uint8_t key[MAC_KEY_BYTES], const char *purpose, const char *subject,
                     usec_t now, const char *text, struct err *err)
{
        uint8_t bytes[TICKET_BYTES];
        uint8_t tag[MAC_BYTES];

        if (base64url_parse(text, bytes, sizeof(bytes)) != RC_OK)
                return err_set(err, RC_INVALID, "this %s was not issued here", purpose);
        tag_make(key, purpose, subject, bytes, tag);
        if (!bytes_equal(tag, bytes + 24, MAC_BYTES))
                return err_set(err, RC_INVALID, "this %s was not issued here, or before a restart",
                               purpose);
        if ((usec_t)u64_get(bytes) <= now)
                return err_set(err, RC_EXPIRED, "this %s is too old: ask for a new one", purpose);
        return RC_OK;
}

/* Open addressing over the MAC's first bytes; expired entries are overwritten. */
struct nonce_slot {
        uint8_t tag[16];
        usec_t until;
};

struct nonce_book {
        pthread_mutex_t lock;
        size_t count;
        struct nonce_slot slots[];
};

#define PROBES_MAX 64

struct nonce_book *nonce_book_new(size_t max)
{
        struct nonce_book *book = calloc(1, sizeof(*book) + max * sizeof(struct nonce_slot));

        if (!book)
                return NULL;
        pthread_mutex_init(&book->lock, NULL);
        book->count = max;
        return book;
}

void nonce_book_freep(struct nonce_book **book)
{
        if (!*book)
                return;
        pthread_mutex_destroy(&(*book)->lock);
        free(*book);
        *book = NULL;
}

static enum rc slot_use(struct nonce_book *book, const uint8_t tag[16], usec_t now, usec_t until)
{
        struct nonce_slot *free_slot = NULL;
        const size_t start = (size_t)(u64_get(tag) % book->count);

        for (size_t i = 0; i < PROBES_MAX && i < book->count; i++) {
                struct nonce_slot *slot = &book->slots[(start + i) % book->count];

                if (slot->until > now && memcmp(slot->tag, tag, sizeof(slot->tag)) == 0)
                        return RC_STALE;
                if (slot->until <= now && !free_slot)
                        free_slot = slot;
        }
        if (!free_slot)
                return RC_BUSY;
        memcpy(free_slot->tag, tag, sizeof(free_slot->tag));
        free_slot->until = until;
        return RC_OK;
}

enum rc nonce_book_use(struct nonce_book *book, const char *text, usec_t now, usec_t life,
                       struct err *err)
{
        uint8_t bytes[TICKET_BYTES];
        enum rc rc;

        if (base64url_parse(text, bytes, sizeof(bytes)) != RC_OK)
                return err_set(err, RC_INVALID, "this nonce was not issued here");
        pthread_mutex_lock(&book->lock);
        rc = slot_use(book, bytes + 24, now, now + life);
        pthread_mutex_unlock(&book->lock);
        if (rc == RC_STALE)
                return err_set(err, rc, "this nonce was used already: ask for a new one");
        if (rc == RC_BUSY)
                return err_set(err, rc, "too many sessions are being opened: try again shortly");
        return RC_OK;
}
