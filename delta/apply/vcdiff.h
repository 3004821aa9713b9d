/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * vcdiff -- our own decoder of RFC 3284 (VCDIFF) with xdelta3's Adler-32 window checksum extension.
 * No GPL code: this is what `store-delta apply` and store-agent link.
 *
 * Floor    delta/apply; includes core/base, core/crypto.
 * Owner    descriptors stay the caller's. On failure what was written to the output is rubbish: the
 * caller removes it. Threads  no shared state. Bounds   target window and each section at most
 * VCDIFF_WINDOW_MAX, checked before any allocation; the whole target at most max_target_bytes; a
 * source segment lies inside the source and is never held in memory (4 MiB of cache); sections are
 * read inside their declared lengths only. Source   RFC 3284; the Adler-32 and application header
 * extensions of xdelta3. Outcomes RC_INVALID (malformed; text names the offset), RC_UNSUPPORTED
 * (secondary compression, own code tables, VCD_TARGET windows, which xdelta3 never writes),
 * RC_TOO_BIG, RC_CONFLICT (checksum), RC_IO, RC_NOMEM. Tests    tests/unit/test_vcdiff.c (against
 * libxdelta), tests/fuzz/fuzz_vcdiff.c
 */
#include "core/base/rc.h"
#include <stdint.h>

#define VCDIFF_WINDOW_MAX (64 * MIB)

struct vcdiff_info {
        uint64_t target_bytes; /* sum over the windows */
        uint32_t windows;
        bool has_app_header;
        bool secondary;        /* names a secondary compressor */
        bool secondary_used;   /* and a window needs it: vcdiff_apply refuses */
        bool checksums;        /* every window carries an Adler-32 */
        uint64_t source_bytes; /* the source has at least as many */
        uint64_t max_window_bytes;
};

/* Reads headers only; applies nothing. */
MUST_USE enum rc vcdiff_info(int delta_fd, struct vcdiff_info *ret, struct err *err);
/* Rebuilds the target from source and delta into out_fd (sequentially, from its offset). All reads
 * by pread, source and delta from 0. *ret_bytes is what was written. */
MUST_USE enum rc vcdiff_apply(int source_fd, int delta_fd, int out_fd, uint64_t max_target_bytes,
                              uint64_t *ret_bytes, struct err *err);

/* Takes the next bytes of the target, in order. What it returns, if not RC_OK, ends the run. */
typedef enum rc (*vcdiff_put)(void *arg, const void *data, size_t bytes, struct err *err);
/* The same as vcdiff_apply into a function, e.g. a hash: nothing is written. */
MUST_USE enum rc vcdiff_apply_to(int source_fd, int delta_fd, vcdiff_put put, void *arg,
                                 uint64_t max_target_bytes, uint64_t *ret_bytes, struct err *err);
