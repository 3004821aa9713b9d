/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * icon -- the icon that a snap brings with it: meta/gui/icon.png, or icon.jpg.
 *
 * Floor    delta/worker; includes core/base, core/model.
 * Owner    descriptors stay the caller's.
 * Bounds   those of squash.h; MEDIA_ICON_BYTES_MAX, and what media_check says of an icon.
 * Outcomes RC_NOT_FOUND (the snap has none), RC_INVALID (one that does not do: err says why),
 * RC_IO, RC_NOMEM, RC_NOSPACE. Only on RC_OK out_fd has bytes: the whole picture. Tests
 * tests/unit/test_worker.c
 */
#include "core/model/media.h"

MUST_USE enum rc icon_extract(int snap_fd, int out_fd, struct media_info *ret, uint64_t *ret_bytes,
                              struct err *err);
