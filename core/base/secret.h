/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * secret -- bytes that stay in locked memory, are wiped when freed, and have no formatter.
 *
 * Floor    core/base; sodium.h only in secret.c and random.c.
 * Owner    the holder frees: CLEANUP(secret_freep).
 * Tests    tests/unit/test_secret.c
 */
#include "core/base/rc.h"
#include <stdint.h>

struct secret;

/* bytes zero bytes; NULL without memory. Locking that the system refuses is not fatal. */
struct secret *secret_new(size_t bytes);
struct secret *secret_new_copy(const void *data, size_t bytes);
void secret_freep(struct secret **secret);
uint8_t *secret_bytes(struct secret *secret);
const uint8_t *secret_view(const struct secret *secret);
size_t secret_length(const struct secret *secret);

/* Reads a passphrase: one line without its LF, 1 to 1024 bytes. The file must not be readable by
 * others (RC_FORBIDDEN). path "-" prompts on the terminal without echo (RC_INVALID: no terminal).
 * "credential:NAME" reads $CREDENTIALS_DIRECTORY/NAME (systemd). */
MUST_USE enum rc secret_read_passphrase(const char *path, const char *prompt, struct secret **ret,
                                        struct err *err);
