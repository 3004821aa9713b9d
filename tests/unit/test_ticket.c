/* SPDX-License-Identifier: Apache-2.0 */
/* Tickets: good for one purpose, one subject and a time; any other byte makes them foreign. */
#include "server/domain/ticket.h"
#include "tests/lib/check.h"
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define NOW  ((usec_t)1800000000 * USEC_PER_SEC)
#define LIFE (300 * USEC_PER_SEC)

static const uint8_t key[MAC_KEY_BYTES] = "the key of test_ticket";
static const uint8_t other_key[MAC_KEY_BYTES] = "another key";

static void ticket_check_at(usec_t when, enum rc want)
{
        char text[TICKET_CHARS + 1];
        struct err err = {0};

        ticket_make(key, "nonce", "", NOW, LIFE, text);
        check_case("%lld usec after", (long long)(when - NOW));
        CHECK_RC(ticket_check(key, "nonce", "", when, text, &err), want, &err);
}

static void life_check(void)
{
        check_promise("a ticket is good until its time is over");
        ticket_check_at(NOW, RC_OK);
        ticket_check_at(NOW + LIFE - 1, RC_OK);
        ticket_check_at(NOW + LIFE, RC_EXPIRED);
        ticket_check_at(NOW + 1000 * LIFE, RC_EXPIRED);
        check_promise("a clock that was set back does not end it");
        ticket_check_at(NOW - LIFE, RC_OK);
}

static void binding_check(void)
{
        static const struct {
                const char *what;
                const uint8_t *key;
                const char *purpose;
                const char *subject;
                enum rc want;
        } rows[] = {
                {"itself", key, "download", "snap-a", RC_OK},
                {"another subject", key, "download", "snap-b", RC_INVALID},
                {"no subject", key, "download", "", RC_INVALID},
                {"a longer subject", key, "download", "snap-ab", RC_INVALID},
                {"another purpose", key, "nonce", "snap-a", RC_INVALID},
                {"purpose and subject moved", key, "downloads", "nap-a", RC_INVALID},
                {"another key", other_key, "download", "snap-a", RC_INVALID},
        };
        char text[TICKET_CHARS + 1];

        check_promise("a ticket is for one key, purpose and subject");
        ticket_make(key, "download", "snap-a", NOW, LIFE, text);
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                struct err err = {0};

                check_case("%s", rows[i].what);
                CHECK_RC(ticket_check(rows[i].key, rows[i].purpose, rows[i].subject, NOW, text,
                                      &err),
                         rows[i].want, &err);
        }
}

static void tampering_check(void)
{
        static const char alphabet[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/= .\n";
        char text[TICKET_CHARS + 1];
        char changed[TICKET_CHARS + 2];

        ticket_make(key, "nonce", "", NOW, LIFE, text);
        check_promise("each character counts, whatever it is changed to");
        for (size_t i = 0; i < TICKET_CHARS; i++)
                for (size_t k = 0; k < strlen(alphabet); k++) {
                        memcpy(changed, text, sizeof(text));
                        if (changed[i] == alphabet[k])
                                continue;
                        changed[i] = alphabet[k];
                        check_case("character %zu as %c", i, alphabet[k]);
                        CHECK_RC(ticket_check(key, "nonce", "", NOW, changed, NULL), RC_INVALID,
                                 NULL);
                }
        check_promise("a ticket has one length");
        for (size_t length = 0; length < TICKET_CHARS; length++) {
                memcpy(changed, text, sizeof(text));
                changed[length] = '\0';
                check_case("cut to %zu", length);
                CHECK_RC(ticket_check(key, "nonce", "", NOW, changed, NULL), RC_INVALID, NULL);
        }
        memcpy(changed, text, TICKET_CHARS);
        memcpy(changed + TICKET_CHARS, "A", 2);
        check_case("one longer");
        CHECK_RC(ticket_check(key, "nonce", "", NOW, changed, NULL), RC_INVALID, NULL);
}

static void fresh_check(void)
{
        char a[TICKET_CHARS + 1];
        char b[TICKET_CHARS + 1];

        check_promise("two tickets differ");
        ticket_make(key, "nonce", "", NOW, LIFE, a);
        ticket_make(key, "nonce", "", NOW, LIFE, b);
        check_case("same arguments");
        CHECK(strcmp(a, b) != 0);
        CHECK_INT(strlen(a), TICKET_CHARS);
}

/* --- the book --- */

static void replay_check(void)
{
        CLEANUP(nonce_book_freep) struct nonce_book *book = nonce_book_new(100);
        char a[TICKET_CHARS + 1];
        char b[TICKET_CHARS + 1];
        struct err err = {0};

        check_promise("a nonce is used once");
        ticket_make(key, "nonce", "", NOW, LIFE, a);
        ticket_make(key, "nonce", "", NOW, LIFE, b);
        check_case("the first time");
        CHECK_RC(nonce_book_use(book, a, NOW, LIFE, &err), RC_OK, &err);
        check_case("again");
        CHECK_RC(nonce_book_use(book, a, NOW, LIFE, &err), RC_STALE, &err);
        CHECK_RC(nonce_book_use(book, a, NOW + LIFE - 1, LIFE, &err), RC_STALE, &err);
        check_case("another one");
        CHECK_RC(nonce_book_use(book, b, NOW, LIFE, &err), RC_OK, &err);
        check_case("no nonce at all");
        CHECK_RC(nonce_book_use(book, "", NOW, LIFE, &err), RC_INVALID, &err);
        CHECK_RC(nonce_book_use(book, "x", NOW, LIFE, &err), RC_INVALID, &err);
}

static void full_check(void)
{
        CLEANUP(nonce_book_freep) struct nonce_book *book = nonce_book_new(32);
        static char used[32][TICKET_CHARS + 1];
        char more[TICKET_CHARS + 1];
        struct err err = {0};

        check_promise("a full book says so, forgets nothing, and has room again later");
        for (size_t i = 0; i < ARRAY_COUNT(used); i++) {
                ticket_make(key, "nonce", "", NOW, LIFE, used[i]);
                check_case("nonce %zu", i);
                CHECK_RC(nonce_book_use(book, used[i], NOW, LIFE, &err), RC_OK, &err);
        }
        ticket_make(key, "nonce", "", NOW, LIFE, more);
        check_case("one more");
        CHECK_RC(nonce_book_use(book, more, NOW, LIFE, &err), RC_BUSY, &err);
        for (size_t i = 0; i < ARRAY_COUNT(used); i++) {
                check_case("nonce %zu again", i);
                CHECK_RC(nonce_book_use(book, used[i], NOW, LIFE, &err), RC_STALE, &err);
        }
        check_case("after their time");
        CHECK_RC(nonce_book_use(book, more, NOW + LIFE, LIFE, &err), RC_OK, &err);
}

#define USERS 8

struct race {
        struct nonce_book *book;
        char nonces[200][TICKET_CHARS + 1];
        atomic_uint won;
};

static void *race_run(void *arg)
{
        struct race *race = arg;

        for (size_t i = 0; i < ARRAY_COUNT(race->nonces); i++)
                if (nonce_book_use(race->book, race->nonces[i], NOW, LIFE, NULL) == RC_OK)
                        atomic_fetch_add(&race->won, 1);
        return NULL;
}

static void race_check(void)
{
        CLEANUP(nonce_book_freep) struct nonce_book *book = nonce_book_new(4000);
        static struct race race;
        pthread_t threads[USERS];

        check_promise("of many at once one has the nonce");
        check_case("%d threads, 200 nonces", USERS);
        race.book = book;
        for (size_t i = 0; i < ARRAY_COUNT(race.nonces); i++)
                ticket_make(key, "nonce", "", NOW, LIFE, race.nonces[i]);
        for (size_t i = 0; i < USERS; i++)
                CHECK_INT(pthread_create(&threads[i], NULL, race_run, &race), 0);
        for (size_t i = 0; i < USERS; i++)
                pthread_join(threads[i], NULL);
        CHECK_INT(race.won, ARRAY_COUNT(race.nonces));
}

int main(void)
{
        life_check();
        binding_check();
        tampering_check();
        fresh_check();
        replay_check();
        full_check();
        race_check();
        return check_end();
}
