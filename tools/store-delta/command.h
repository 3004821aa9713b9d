/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * command -- the words of store-delta: build, apply, info, formats.
 *
 * Floor    tools/store-delta; includes core/base, core/crypto, delta/apply, server/worker (to run
 * the worker, which alone holds the encoder). Owner    nothing outlives a call. A file is written
 * beside its place and renamed over it, or not at all. Tests    tests/unit/test_store_delta.c
 */
#include "core/base/rc.h"
#include <stdint.h>

enum exit_status {
        EXIT_OK = 0,
        EXIT_ERROR = 1,     /* a file, the disk, memory, the worker */
        EXIT_USAGE = 2,     /* the command line */
        EXIT_REFUSED = 3,   /* no delta worth having, or a format that is not known */
        EXIT_BAD_DELTA = 4, /* damaged, for another source, or not what was asked for */
};

struct command_options {
        const char *format;
        const char *sha3_384; /* hex; NULL: not checked */
        uint64_t max_bytes;   /* 0: the size of NEW (build), what the delta states (apply) */
        uint64_t memory_bytes;
        unsigned seconds;
        bool json;
        bool fingerprints; /* formats: of the compressors, instead of the names */
        bool no_sandbox;   /* apply: goes on where the machine gives no filter */
};

enum exit_status command_build(const struct command_options *options, char *const *paths,
                               struct err *err);
enum exit_status command_apply(const struct command_options *options, char *const *paths,
                               struct err *err);
enum exit_status command_info(const struct command_options *options, char *const *paths,
                              struct err *err);
enum exit_status command_formats(const struct command_options *options, char *const *paths,
                                 struct err *err);
/* The exit status that tells an outcome of a decoder. */
enum exit_status command_status(enum rc rc);
