/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* random -- bytes nobody can guess, and comparing without telling how far two secrets agree.
 * Floor core/base; sodium.h only in random.c and secret.c. Threads: safe after random_init. */
#include "core/base/rc.h"

/* Starts libsodium; call once per process before threads or sandboxes. */
MUST_USE enum rc random_init(struct err *err);
void random_fill(void *ret, size_t bytes);
/* text gets chars characters of [A-Za-z0-9] and a NUL. */
void random_text(char *text, size_t chars);
/* Constant time in the content. */
bool bytes_equal(const void *a, const void *b, size_t bytes);
void bytes_wipe(void *data, size_t bytes);
