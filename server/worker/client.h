/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * client -- runs one storehouse-worker job as a child process: handed open files, bounded in time
 * and memory, answer on a pipe. A worker that crashes, hangs, eats memory or talks nonsense fails
 * its job with a reason, and nothing else.
 *
 * Floor    server/worker; includes core/base, core/model. No database, no HTTP.
 * Owner    the caller keeps its descriptors; results live in the caller's arena.
 * Threads  any; a call blocks until the job ended. Safe in a threaded process (posix_spawn).
 * Outcomes RC_INVALID (the package is refused: err.code names it, err.text says why), RC_NOT_WORTH
 * (delta too large), RC_CRASHED (signal, or no sensible answer), RC_TIMEOUT, RC_TOO_BIG (memory),
 * RC_CONFLICT (proof failed), RC_IO. Tests    tests/unit/test_worker.c (hostile packages, a worker
 * told to crash, hang and eat memory)
 */
#include "core/base/arena.h"
#include "core/crypto/hash.h"
#include "core/model/component.h"
#include "core/model/media.h"
#include "core/model/package.h"
#include <signal.h>

struct worker_options {
        const char *binary;            /* path of storehouse-worker */
        const char *user;              /* dropped to when root; "" stays */
        uint64_t memory_bytes;         /* RLIMIT_AS of the worker */
        unsigned seconds;              /* wall clock; then SIGKILL. RLIMIT_CPU is the same */
        bool require_sandbox;          /* false: --no-sandbox allowed when seccomp is missing */
        volatile sig_atomic_t *cancel; /* may be NULL; set to 1: the job is killed, RC_TIMEOUT */
};

/* Inspects a snap: squashfs sanity and meta/snap.yaml. */
MUST_USE enum rc worker_inspect(const struct worker_options *options, int package_fd,
                                struct arena *arena, struct package_info *ret, struct err *err);

/* Inspects a component: squashfs sanity and meta/component.yaml. */
MUST_USE enum rc worker_inspect_component(const struct worker_options *options, int component_fd,
                                          struct arena *arena, struct component_info *ret,
                                          struct err *err);

/* Looks at a picture. RC_INVALID: none that is taken. The caller applies media_check. */
MUST_USE enum rc worker_inspect_media(const struct worker_options *options, int media_fd,
                                      struct media_info *ret, struct err *err);
/* Writes the icon that a snap brings with it into out_fd (empty file), and says how many bytes it
 * has. RC_NOT_FOUND: there is none. RC_INVALID: one that does not do as an icon. */
MUST_USE enum rc worker_extract_icon(const struct worker_options *options, int package_fd,
                                     int out_fd, struct media_info *ret, uint64_t *ret_bytes,
                                     struct err *err);

struct worker_delta {
        uint64_t bytes;
        struct digest digest;
        uint64_t cpu_usec;
        uint64_t peak_bytes;
};
/* Builds a delta from source to target into out_fd (empty file), at most max_bytes, and proves it
 * by the decoders that devices use: rebuilt bytes must have target_digest. */
MUST_USE enum rc worker_delta_build(const struct worker_options *options, const char *format,
                                    int source_fd, int target_fd,
                                    const struct digest *target_digest, uint64_t max_bytes,
                                    int out_fd, struct worker_delta *ret, struct err *err);
/* Whether this machine gives the worker its sandbox: RC_OK, or RC_UNSUPPORTED with the reason. */
MUST_USE enum rc worker_sandbox_check(const struct worker_options *options, struct err *err);
