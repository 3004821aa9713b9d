/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * name -- which texts are names: one function per grammar, no allocation.
 *
 * Floor    core/model. Source: device.md 8.2, 8.7, 8.8, 14.10; publisher.md 3 (tracks).
 * Tests    tests/unit/test_name.c
 */
#include "core/base/rc.h"
#include <stdint.h>

#define NAME_SNAP_MAX    40
#define NAME_ACCOUNT_MAX 32
#define SNAP_ID_CHARS    32

bool name_is_snap(const char *text);     /* 1..40 of [a-z0-9-], a letter, no edge or double dash */
bool name_is_snap_id(const char *text);  /* 32 alphanumerics */
bool name_is_account(const char *text);  /* 32 alphanumerics, or [-a-z0-9]{2,28} */
bool name_is_username(const char *text); /* [a-z0-9] with single dashes, 2..28 */
bool name_is_model(const char *text);    /* lowercase alphanumerics with single dashes, <= 64 */
bool name_is_serial(const char *text);   /* we issue: alphanumerics, single : + - between, <= 64 */
bool name_is_key(const char *text);      /* [a-z0-9-] with a letter, <= 64 */
bool name_is_track(const char *text);    /* [a-zA-Z0-9](?:[_.-]?[a-zA-Z0-9])*, <= 28 */
bool name_is_branch(const char *text);   /* no '_' and '/'; [a-z0-9.-], <= 64 */
bool name_is_arch(const char *text);     /* all amd64 arm64 armhf i386 ppc64el riscv64 s390x ... */
bool name_is_store(const char *text);    /* [-a-zA-Z0-9_]{1,64} */
bool name_is_version(
        const char *text); /* 1..32 of [a-zA-Z0-9:.+~-], alphanumeric edges, + or ~ at the end */
bool name_is_provenance(const char *text); /* [a-zA-Z0-9] with single - between, <= 64 */
/* A positive decimal number without leading zeros, at most max. RC_INVALID. */
MUST_USE enum rc number_parse_u64(const char *text, uint64_t max, uint64_t *ret);
