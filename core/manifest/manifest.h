/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * manifest -- the signed refresh manifest: what one device's packages are to be now. Written by the
 * server, checked by whoever updates a device.
 *
 * A manifest travels as a stream of assertions: the refresh-manifest (0x02), the agent-key that
 * certifies its key, and what that rests on. doc/manifest.md gives the format byte by byte, and for
 * each attack the check that stops it.
 *
 * Floor    core/manifest; includes core/base, core/crypto, core/model. Pure: clock, roots and what
 *          was seen before arrive as arguments. No JSON, no files.
 * Owner    what is parsed lives in the caller's arena; a text that is verified is borrowed by it.
 * Threads  no shared state.
 * Bounds   MANIFEST_* below; a stream of at most MANIFEST_STREAM_MAX bytes and MANIFEST_CHAIN_MAX
 *          assertions.
 * Source   design section 3.
 * Tests    tests/unit/test_manifest.c, tests/fuzz/fuzz_manifest.c
 */
#include "core/model/trust_set.h"

#define MANIFEST_PACKAGES_MAX 2000
#define MANIFEST_DELTAS_MAX   16
#define MANIFEST_KEY_MAX      256 /* an instance-key: printable, no blanks */
#define MANIFEST_NONCE_MIN    16
#define MANIFEST_NONCE_MAX    64
#define MANIFEST_CHAIN_MAX    12
#define MANIFEST_STREAM_MAX   (ASSERTION_MAX + 64 * KIB)
#define MANIFEST_NUMBER_MAX   INT64_MAX                  /* sequence */
#define MANIFEST_EPOCH_MAX    ((uint64_t)INT32_MAX)      /* epoch */
#define MANIFEST_LIFE_MAX     (24 * 3600 * USEC_PER_SEC) /* of the key, and so of a manifest */
#define MANIFEST_REFRESH_LIFE (3600 * USEC_PER_SEC)      /* of an answer to a refresh */

struct manifest_delta {
        const char *format;
        uint64_t source; /* the revision that it starts from */
        struct digest digest;
        uint64_t bytes;
};

/* What one instance-key of the request gets. */
struct manifest_package {
        const char *key;
        const char *absent; /* why there is nothing: "no-package"; NULL: there is */
        const char *name;   /* the rest is filled when there is something */
        const char *snap_id;
        uint64_t revision;
        struct digest digest;
        uint64_t bytes;
        const char *channel; /* where it was found: "latest/stable"; "-" for a revision asked for */
        const struct manifest_delta *deltas;
        size_t delta_count;
};

struct manifest {
        const char *authority; /* whose store signed it */
        const char *key_id;    /* of the manifest key */
        const char *brand_id;
        const char *model;
        const char *serial;
        const char *store;
        const char *nonce;
        usec_t timestamp;
        usec_t expiry;
        uint64_t epoch;
        uint64_t sequence;
        const struct manifest_package *packages; /* ascending by key, each once */
        size_t package_count;
};

/* Whether a text may stand where the name says. */
bool manifest_nonce_is(const char *text); /* [A-Za-z0-9_-]{16,64} */
bool manifest_key_is(const char *text);

/* --- writing (manifest_put.c) --- */

/* The pieces of a body, so that a server can render once what it says often. A revision's piece is
 * `NAME SNAP-ID REVISION SHA3-384 BYTES`; a delta's a whole line with its LF. */
void manifest_put_revision(struct buf *out, const char *name, const char *snap_id,
                           uint64_t revision, const struct digest *digest, uint64_t bytes);
void manifest_put_delta(struct buf *out, const struct manifest_delta *delta);
/* Lines of one key: `package KEY PIECE CHANNEL`, or `absent KEY REASON`. The delta lines follow. */
void manifest_put_package(struct buf *out, const char *key, const char *piece, const char *channel);
void manifest_put_absent(struct buf *out, const char *key, const char *reason);
/* Appends the content that is to be signed: the headers of head (its packages are not looked at)
 * around a finished body. It is what assertion_draft would write. RC_INVALID: a text of head that
 * cannot stand in a header. */
MUST_USE enum rc manifest_put_content(struct buf *out, const struct manifest *head,
                                      const char *body, size_t body_bytes, struct err *err);

/* --- reading (manifest.c) --- */

/* A refresh-manifest whose form is right; nothing is believed yet. RC_INVALID, RC_TOO_MANY. */
MUST_USE enum rc manifest_parse(const struct assertion *assertion, struct arena *arena,
                                const struct manifest **ret, struct err *err);
/* What it says of an instance-key; NULL: nothing. */
const struct manifest_package *manifest_find(const struct manifest *manifest, const char *key);

/* --- what a device keeps between runs (manifest_state.c) --- */

/* The highest that was believed, for one store. */
struct manifest_state {
        char store[64 + 1]; /* "" : nothing seen yet */
        uint64_t epoch;
        uint64_t sequence;
};
#define MANIFEST_STATE_CHARS 192
void manifest_state_format(const struct manifest_state *state, char text[MANIFEST_STATE_CHARS]);
MUST_USE enum rc manifest_state_parse(const char *text, size_t bytes, struct manifest_state *ret,
                                      struct err *err);
/* What is to be kept after a manifest was believed. RC_INVALID: the store's id does not fit. */
MUST_USE enum rc manifest_state_take(const struct manifest *manifest, struct manifest_state *ret,
                                     struct err *err);

/* --- believing (manifest_verify.c) --- */

/* The checks, in the order in which they are made: the first that fails is reported. */
#define MANIFEST_CHECKS(X)                                                                         \
        X(NONE, "none", "everything holds")                                                        \
        X(FORM, "form", "the stream and the manifest can be read, within bounds")                  \
        X(CHAIN, "chain", "the manifest key is certified by the store's key, and that by a root")  \
        X(PURPOSE, "purpose", "the key is certified for manifests")                                \
        X(KEY_LIFE, "key-life", "the key's certificate lasts a day at most")                       \
        X(EPOCH_ROOT, "epoch-root", "a root raised the epoch to what the certificate says")        \
        X(SIGNATURE, "signature", "the manifest is signed by that key")                            \
        X(KEY_TIME, "key-time", "it was made and ends in the life of that key")                    \
        X(EPOCH, "epoch", "the manifest's epoch is its key's")                                     \
        X(NONCE, "nonce", "it answers this very request")                                          \
        X(BRAND, "brand", "it is for this device's brand")                                         \
        X(MODEL, "model", "it is for this device's model")                                         \
        X(SERIAL, "serial", "it is for this device")                                               \
        X(STORE, "store", "it is from this device's store")                                        \
        X(EARLY, "early", "it was not made in the future")                                         \
        X(EXPIRED, "expired", "it has not expired")                                                \
        X(EPOCH_BEHIND, "epoch-behind", "its epoch is not behind what was seen")                   \
        X(SEQUENCE_BEHIND, "sequence-behind", "its sequence is not behind what was seen")          \
        X(SET_MISSING, "set-missing", "every package that was asked for is answered")              \
        X(SET_ADDED, "set-added", "nothing is answered that was not asked for")                    \
        X(MATCH_ABSENT, "match-absent", "answer and manifest agree that there is something")       \
        X(MATCH_PACKAGE, "match-package", "the answer's package is the manifest's")                \
        X(MATCH_REVISION, "match-revision", "the answer's revision is the manifest's")             \
        X(MATCH_DIGEST, "match-digest", "the answer's digest is the manifest's")                   \
        X(MATCH_BYTES, "match-bytes", "the answer's size is the manifest's")                       \
        X(MATCH_DELTA, "match-delta", "the answer's delta is in the manifest")

enum manifest_check {
#define X(name, text, doc) MANIFEST_##name,
        MANIFEST_CHECKS(X)
#undef X
                MANIFEST_CHECK_COUNT
};
const char *manifest_check_name(enum manifest_check check); /* "key-life" */
const char *manifest_check_doc(enum manifest_check check);  /* what holds when it passes */

/* What the one who asked knows. */
struct manifest_expect {
        const struct trust_set *roots; /* root keys, and what is known beside them */
        const char *authority; /* the store's account: a root of other packages has no say here */
        const char *nonce;
        const char *brand_id;
        const char *model;
        const char *serial;
        const char *store;
        usec_t now;
        usec_t tolerance; /* how wrong our clock may be */
        struct manifest_state seen;
        /* Every instance-key that was asked for, ascending, each once; NULL: the set is not looked
         * at. */
        const char *const *keys;
        size_t key_count;
};

/* RC_OK: all of it is to be believed, and the state to be kept is manifest_state_take's.
 * RC_UNTRUSTED: *ret_check names the check that failed, the text says what was found; faults and
 * RC_NOMEM leave *ret_check alone. The texts of *ret live in the arena. */
MUST_USE enum rc manifest_verify(const char *stream, size_t bytes,
                                 const struct manifest_expect *expect, struct arena *arena,
                                 const struct manifest **ret, enum manifest_check *ret_check,
                                 struct err *err);

/* Whether the ordinary answer for an instance-key says what the manifest says of it: what is about
 * to be downloaded, or (name NULL) that there is nothing. deltas are those that will be used.
 * RC_UNTRUSTED as above. */
MUST_USE enum rc manifest_match(const struct manifest *manifest,
                                const struct manifest_package *answer,
                                enum manifest_check *ret_check, struct err *err);
