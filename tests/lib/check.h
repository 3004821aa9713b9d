/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * check -- a small harness for table tests. A failing check names the promise that it guards, the
 * case, and both values; the test goes on, and main answers 1 at the end.
 *
 *         int main(void)
 *         {
 *                 check_promise("a channel without a track is on track latest");
 *                 CHECK_TEXT(channel.track, "latest");
 *                 return check_end();
 *         }
 */
#include "core/base/rc.h"
#include <stdint.h>

/* What the following checks guard; stays until the next one. The text must live on. */
void check_promise(const char *promise);
/* The row of a table in hand, printed with a failure; copied. */
void check_case(const char *format, ...) PRINTF_LIKE(1, 2);
/* Prints how many checks ran; 0 when all held and there was one at least. */
int check_end(void);

void check_true_at(bool value, const char *text, const char *origin);
void check_int_at(int64_t got, int64_t want, const char *text, const char *origin);
void check_text_at(const char *got, const char *want, const char *text, const char *origin);
void check_bytes_at(const void *got, size_t got_bytes, const void *want, size_t want_bytes,
                    const char *text, const char *origin);
/* err (may be NULL) is printed with a failure. */
void check_rc_at(enum rc got, enum rc want, const struct err *err, const char *text,
                 const char *origin);

#define CHECK(value)             check_true_at((value), #value, RC_ORIGIN)
#define CHECK_INT(got, want)     check_int_at((int64_t)(got), (int64_t)(want), #got, RC_ORIGIN)
#define CHECK_TEXT(got, want)    check_text_at((got), (want), #got, RC_ORIGIN)
#define CHECK_RC(got, want, err) check_rc_at((got), (want), (err), #got, RC_ORIGIN)
#define CHECK_BYTES(got, got_bytes, want, want_bytes)                                              \
        check_bytes_at((got), (got_bytes), (want), (want_bytes), #got, RC_ORIGIN)
