/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * window -- one window of a VCDIFF delta: its header, and the bytes that it stands for.
 *
 * Floor    delta/apply; includes core/base. zlib.h (Adler-32) in window.c.
 * Owner    CLEANUP(window_decoder_freep); the target returned lives until the next window_decode.
 * Bounds   those of vcdiff.h.
 * Source   RFC 3284 sections 4.2, 4.3, 5.
 * Tests    tests/unit/test_vcdiff.c
 */
#include "delta/apply/reader.h"

struct window {
        uint64_t source_offset;
        uint64_t source_bytes; /* 0: the window copies nothing from the source */
        uint64_t target_bytes;
        uint64_t data_bytes;
        uint64_t inst_bytes;
        uint64_t addr_bytes;
        bool is_compressed;
        bool has_checksum;
        uint32_t checksum;
};

/* Leaves the reader at the first section. */
MUST_USE enum rc window_read_header(struct delta_reader *delta, struct window *ret,
                                    struct err *err);
uint64_t window_sections_bytes(const struct window *window);

struct window_decoder;
MUST_USE enum rc window_decoder_new(int source_fd, struct window_decoder **ret, struct err *err);
void window_decoder_freep(struct window_decoder **decoder);
/* Reads the sections that follow, and gives window->target_bytes bytes. */
MUST_USE enum rc window_decode(struct window_decoder *decoder, struct delta_reader *delta,
                               const struct window *window, const uint8_t **ret, struct err *err);
