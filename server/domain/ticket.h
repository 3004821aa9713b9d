/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * ticket -- anonymous state that is not stored: nonces, request-ids and signed download addresses
 * are keyed, timed MACs; only the use of a nonce is remembered, bounded.
 *
 * Floor    server/domain. Owner: struct nonce_book is the world's.
 * Threads  safe.
 * Units    lives are usec. Texts are base64url, at most TICKET_CHARS.
 * Tests    tests/unit/test_ticket.c
 */
#include "server/domain/world.h"

#define TICKET_BYTES (8 + 16 + MAC_BYTES)
#define TICKET_CHARS BASE64URL_CHARS(TICKET_BYTES)

/* A ticket for one purpose, good until now + life. subject binds it to something ("" nothing). */
void ticket_make(const uint8_t key[MAC_KEY_BYTES], const char *purpose, const char *subject,
                 usec_t now, usec_t life, char text[TICKET_CHARS + 1]);
/* RC_INVALID: not one of ours, or for something else; RC_EXPIRED. */
MUST_USE enum rc ticket_check(const uint8_t key[MAC_KEY_BYTES], const char *purpose,
                              const char *subject, usec_t now, const char *text, struct err *err);

/* Remembers used nonces until they expire; room for `max` at a time. NULL: no memory. */
struct nonce_book *nonce_book_new(size_t max);
void nonce_book_freep(struct nonce_book **book);
/* RC_OK the first time; RC_STALE: used already; RC_BUSY: the book is full of unexpired ones. */
MUST_USE enum rc nonce_book_use(struct nonce_book *book, const char *text, usec_t now, usec_t life,
                                struct err *err);
