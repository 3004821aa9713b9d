/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * ledger -- issued.log, and what follows from it. The log is written and synced before an answer
 * leaves; read back at the start it says what was promised, so that nothing issued later
 * contradicts it. What a fact means is policy's affair: here a fact is a key with a number and a
 * text, and the last one written counts.
 *
 * Format   TIME ROLE DIGEST GIST REF=REVISION=TEXT [KEY=NUMBER=TEXT ...] LF; blanks, `%`, `=` and
 *          control bytes are written as %XX. DIGEST is that of the whole assertion, GIST that of
 *          its content without the timestamp.
 * Floor    server/signer; includes core/base, core/crypto.
 * Owner    who opens a ledger frees it: CLEANUP(ledger_freep). Facts are lent until the next
 * append. Threads  one. Bounds   LEDGER_FACTS_MAX facts; a line of at most LEDGER_LINE_MAX bytes.
 * Tests    tests/unit/test_signer.c
 */
#include "core/base/clock.h"
#include "core/crypto/hash.h"

#define LEDGER_FACTS_MAX 1000000
#define LEDGER_LINE_MAX  ((size_t)8192)
#define LEDGER_NEWS_MAX  6

struct ledger;

struct fact {
        const char *key;
        uint64_t number;
        const char *text;
        struct digest gist; /* of the assertion with that ref; zero for other facts */
};

struct ledger_entry {
        usec_t time;
        const char *role;
        const char *ref; /* the fact's key of the assertion itself; its number is the revision */
        uint64_t revision;
        struct digest digest;
        struct digest gist;
        const char *text; /* of the assertion's own fact */
        struct fact news[LEDGER_NEWS_MAX];
        size_t news_count;
};

/* Reads the log from fd (opened O_RDWR | O_APPEND), takes fd on success and locks the file. A last
 * line without its end was never answered, and is cut off. RC_BUSY: another signer has it;
 * RC_CORRUPT: a line that is not one of ours. */
MUST_USE enum rc ledger_open(int fd, struct ledger **ret, struct err *err);
void ledger_freep(struct ledger **ledger);
/* NULL when nothing is known. */
const struct fact *ledger_find(const struct ledger *ledger, const char *key);
size_t ledger_count(const struct ledger *ledger);
/* Writes and syncs the line, then remembers its facts. After a failure nothing was promised;
 * when even that cannot be told, every later append gives RC_IO. */
MUST_USE enum rc ledger_append(struct ledger *ledger, const struct ledger_entry *entry,
                               struct err *err);
