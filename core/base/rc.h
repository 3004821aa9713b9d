/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * rc -- how a call ended, and the sentence that a person reads about it.
 *
 * Floor    core/base; includes libc only.
 * Owner    struct err is a fixed buffer on the caller's stack; nothing is allocated.
 * Threads  no shared state.
 *
 * 0 is success. Positive codes are outcomes of the world (absent, refused, busy): a header lists
 * the ones that its function can give, and the caller handles or restates them. Negative codes are
 * faults (no memory, disk, a bug of ours): they go up untouched. The one table below also says how
 * an rc looks on the wire.
 */
#include "core/base/compiler.h"
#include <stdbool.h>

/* name, value, HTTP status, API code, worth repeating unchanged */
#define RC_TABLE(X)                                                                                \
        X(OK, 0, 200, "", false)                                                                   \
        X(NOT_FOUND, 1, 404, "resource-not-found", false)                                          \
        X(INVALID, 2, 400, "bad-request", false)                                                   \
        X(UNAUTHORIZED, 3, 401, "macaroon-permission-required", false)                             \
        X(FORBIDDEN, 4, 403, "resource-forbidden", false)                                          \
        X(EXISTS, 5, 409, "already_registered", false)                                             \
        X(CONFLICT, 6, 409, "conflict", false)                                                     \
        X(TOO_BIG, 7, 413, "too-big", false)                                                       \
        X(TOO_MANY, 8, 429, "rate-limit-exceeded", true)                                           \
        X(METHOD, 9, 405, "method-not-allowed", false)                                             \
        X(UNSUPPORTED, 10, 400, "unsupported", false)                                              \
        X(BUSY, 11, 503, "busy", true)                                                             \
        X(EXPIRED, 12, 401, "expired", false)                                                      \
        X(RANGE, 13, 416, "range-not-satisfiable", false)                                          \
        X(TIMEOUT, 14, 408, "timeout", true)                                                       \
        X(PENDING, 15, 202, "pending", true)                                                       \
        X(UNTRUSTED, 16, 400, "untrusted-assertion", false)                                        \
        X(STALE, 17, 409, "stale", false)                                                          \
        X(NOT_WORTH, 18, 409, "not-worth", false)                                                  \
        X(END, 19, 500, "end", false)                                                              \
        X(REFUSED, 20, 403, "refused", false)                                                      \
        X(CRASHED, 21, 500, "helper-crashed", true)                                                \
        X(NOMEM, -1, 503, "out-of-memory", true)                                                   \
        X(IO, -2, 500, "io-error", true)                                                           \
        X(NOSPACE, -3, 507, "no-space", true)                                                      \
        X(CORRUPT, -4, 500, "corrupt-data", false)                                                 \
        X(BUG, -5, 500, "internal-error", false)

enum rc {
#define X(name, value, status, code, again) RC_##name = value,
        RC_TABLE(X)
#undef X
};

const char *rc_name(enum rc rc);     /* "NOT_FOUND"; "UNKNOWN" for a value outside the table */
int rc_http_status(enum rc rc);      /* 500 for a value outside the table */
const char *rc_api_code(enum rc rc); /* "internal-error" for a value outside the table */
bool rc_is_retryable(enum rc rc);
static inline bool rc_is_fault(enum rc rc)
{
        return rc < 0;
}

/* Why a call failed, for a person. text is one sentence without a final stop; code, where not
 * empty, replaces the table's API code; text is always valid UTF-8: bytes that are none become '?';
 * origin names our source line, for the log only. */
struct err {
        char code[48];
        char text[256];
        const char *origin;
};

#define RC_STRINGIFY_(x) #x
#define RC_STRINGIFY(x)  RC_STRINGIFY_(x)
#define RC_ORIGIN        __FILE__ ":" RC_STRINGIFY(__LINE__)

/* Fills *err (which may be NULL) and returns rc, so that `return err_set(err, RC_X, "...")` reads.
 */
#define err_set(err, rc, ...) err_set_at((err), (rc), "", RC_ORIGIN, __VA_ARGS__)
/* The same with an API code of its own, e.g. "invalid-channel". */
#define err_set_code(err, rc, code, ...) err_set_at((err), (rc), (code), RC_ORIGIN, __VA_ARGS__)
/* A fault of the operating system: "<what>: <strerror(errno)>". ENOSPC and EDQUOT give RC_NOSPACE,
 * ENOMEM gives RC_NOMEM, everything else RC_IO. */
#define err_errno(err, ...) err_errno_at((err), RC_ORIGIN, __VA_ARGS__)

enum rc err_set_at(struct err *err, enum rc rc, const char *code, const char *origin,
                   const char *format, ...) PRINTF_LIKE(5, 6);
enum rc err_errno_at(struct err *err, const char *origin, const char *format, ...)
        PRINTF_LIKE(3, 4);
/* Puts "<prefix>: " before the text that *err has. Returns rc. */
enum rc err_prefix(struct err *err, enum rc rc, const char *format, ...) PRINTF_LIKE(3, 4);
