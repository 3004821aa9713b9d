/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * vcdiff -- our own decoder of RFC 3284 (VCDIFF) with xdelta3's Adler-32 window checksum extension.
 * No GPL code: this is what `store-delta apply` and store-agent link.
 *
 * Floor    delta/apply; includes core/base, core/crypto.
 * Owner    descriptors stay the caller's. On failure what was written to the output is rubbish: the caller
 *          removes it.
 * Bounds   window at most 64 MiB (both sides checked before any allocation), the whole target at most
 *          max_target_bytes, instruction and address sections inside the window's declared lengths.
 * Outcomes RC_INVALID (malformed; text names the offset), RC_UNSUPPORTED (secondary compression, own code
 *          tables), RC_TOO_BIG, RC_CONFLICT (checksum), RC_IO, RC_NOMEM.
 * Tests    tests/unit/test_vcdiff.c (against libxdelta), tests/fuzz/fuzz_vcdiff.c
 */
#include "core/base/rc.h"
#include <stdint.h>

struct vcdiff_info {
        uint64_t target_bytes; /* sum over the windows */
        uint32_t windows;
        bool has_app_header;
        bool secondary;      /* names a secondary compressor */
        bool checksums;      /* every window carries an Adler-32 */
        uint64_t max_window_bytes;
};

/* Reads headers only; applies nothing. */
MUST_USE enum rc vcdiff_info(int delta_fd, struct vcdiff_info *ret, struct err *err);
/* Rebuilds the target from source and delta into out_fd (sequentially, from its offset). All reads by
 * pread, source and delta from 0. *ret_bytes is what was written. */
MUST_USE enum rc vcdiff_apply(int source_fd, int delta_fd, int out_fd, uint64_t max_target_bytes,
                              uint64_t *ret_bytes, struct err *err);
