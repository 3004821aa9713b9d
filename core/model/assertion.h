/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * assertion -- the signed texts of the snap world: read, built in canonical order, never rewritten.
 *
 * Floor    core/model; includes core/base, core/crypto (verify). No file, socket, clock, random.
 * Owner    everything parsed or built lives in the caller's arena.
 * Threads  a parsed assertion is immutable.
 * Bounds   headers 128 KiB, signature 128 KiB, body 2 MiB, nesting 16 levels, 4096 values.
 * Source   device.md section 8; received bytes are kept exactly and served exactly.
 * Outcomes RC_INVALID (malformed; the text says where), RC_TOO_BIG, RC_NOMEM.
 * Tests    tests/unit/test_assertion.c, tests/vectors/assertion/, tests/fuzz/fuzz_assertion.c
 */
#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/crypto/pubkey.h"

#define ASSERTION_HEADERS_MAX   (128 * KIB)
#define ASSERTION_SIGNATURE_MAX (128 * KIB)
#define ASSERTION_BODY_MAX      (2 * MIB)
#define ASSERTION_MAX           (ASSERTION_HEADERS_MAX + ASSERTION_SIGNATURE_MAX + ASSERTION_BODY_MAX + 8)
#define ASSERTION_DEPTH_MAX     16
#define ASSERTION_VALUES_MAX    4096
#define ASSERTION_PK_MAX        5 /* most parts of any primary key */

/* --- header values: text, list or map; all scalars are text --- */
enum value_kind { VALUE_TEXT, VALUE_LIST, VALUE_MAP };

struct value {
        enum value_kind kind;
        const char *text;          /* VALUE_TEXT: NUL-terminated */
        size_t count;              /* VALUE_LIST, VALUE_MAP */
        const struct value *items; /* count values */
        const char *const *names;  /* VALUE_MAP: count names, in the order they came */
};

/* Member of a map (or of the headers); NULL when absent or not a map. */
const struct value *value_find(const struct value *map, const char *name);
/* The member's text; NULL when absent or no text. */
const char *value_text(const struct value *map, const char *name);

struct assertion_type; /* core/model/assertion_type.h */

struct assertion {
        const struct assertion_type *type; /* never NULL */
        struct value headers;              /* a map, with every header */
        unsigned format;                   /* 0 when absent */
        uint64_t revision;                 /* 0 when absent */
        const char *authority;             /* NULL for self-signed types */
        const char *key_id;                /* sign-key-sha3-384; NULL never */
        const char *pk[ASSERTION_PK_MAX];  /* type->pk_count parts, defaults filled in */
        const char *bytes;                 /* the exact text as received or built */
        size_t bytes_count;
        size_t content_count; /* bytes[0..content_count) is what is signed */
        const char *body;     /* NULL when absent; NUL-terminated copy */
        size_t body_count;
        const char *signature; /* base64 text, NUL-terminated, without the final LF */
};

/* Reads exactly one assertion (a final LF or none). Checks the grammar, the type's required headers
 * and their forms (assertion_type.h), body-length, and that the signature's scheme fits the type.
 * It does NOT check the signature: assertion_verify and trust_check do. */
MUST_USE enum rc assertion_parse(struct arena *arena, const void *data, size_t bytes,
                                 struct assertion **ret, struct err *err);

/* Text header, NULL when absent or not text. */
const char *assertion_text(const struct assertion *assertion, const char *name);
const struct value *assertion_value(const struct assertion *assertion, const char *name);
/* A time header; RC_NOT_FOUND when absent, RC_INVALID. */
MUST_USE enum rc assertion_time(const struct assertion *assertion, const char *name, usec_t *ret);
MUST_USE enum rc assertion_number(const struct assertion *assertion, const char *name,
                                  uint64_t *ret);
/* SHA3-384 of the exact text: names it in the signer's log and in ETags. */
void assertion_digest(const struct assertion *assertion, struct digest *ret);
/* "type/pk1/pk2", trailing parts at their default left out; for messages and URLs. */
const char *assertion_ref(struct arena *arena, const struct assertion *assertion);

/* RC_OK; RC_UNTRUSTED: the signature does not match, or key is not the one that key_id names. */
MUST_USE enum rc assertion_verify(const struct assertion *assertion, const struct pubkey *key,
                                  struct err *err);

/* --- streams --- */
struct assertion_stream {
        const char *data;
        size_t bytes;
        size_t at;
        size_t count; /* assertions read so far */
};
void assertion_stream_init(struct assertion_stream *stream, const void *data, size_t bytes);
/* The next assertion; RC_END after the last. An empty stream has none. */
MUST_USE enum rc assertion_stream_next(struct assertion_stream *stream, struct arena *arena,
                                       struct assertion **ret, struct err *err);
/* Appends one assertion text to a stream under construction, with the separator it needs. */
void assertion_stream_put(struct buf *out, const char *text, size_t bytes);

/* --- building --- */
struct assertion_draft;
/* type_name must be known: NULL otherwise or without memory. */
struct assertion_draft *assertion_draft_new(struct arena *arena, const char *type_name);
/* Sets a header; setting it again replaces it; "" lists and maps are left out. Sticky errors.
 * The draft fills in type, format, body-length and sign-key-sha3-384 itself: setting those is an
 * error. revision "0" is left out. */
void assertion_draft_text(struct assertion_draft *draft, const char *name, const char *text);
void assertion_draft_printf(struct assertion_draft *draft, const char *name, const char *format,
                            ...) PRINTF_LIKE(3, 4);
void assertion_draft_time(struct assertion_draft *draft, const char *name, usec_t time);
void assertion_draft_value(struct assertion_draft *draft, const char *name,
                           const struct value *value);
void assertion_draft_format(struct assertion_draft *draft, unsigned format);
void assertion_draft_body(struct assertion_draft *draft, const void *body, size_t bytes);
/* The canonical content to be signed by the key of that id. RC_INVALID names the header at fault.
 */
MUST_USE enum rc assertion_draft_content(struct assertion_draft *draft, const char *key_id,
                                         const char **ret, size_t *ret_bytes, struct err *err);
/* content LF LF signature LF, parsed again with assertion_parse: what comes out is what any reader
 * would accept. */
MUST_USE enum rc assertion_assemble(struct arena *arena, const char *content, size_t content_bytes,
                                    const char *signature, struct assertion **ret, struct err *err);
