/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * publish -- what push, release, close and status have in common.
 *
 * Floor    tools/storectl; includes core/base, core/model.
 * Owner    answers live in the run's arena or are the caller's, as said.
 * Tests    tests/flow/test_storectl.py
 */
#include "tools/storectl/client.h"

#define CHANNELS_MAX 64

/* "edge,beta" as full channel names, in the run's arena. RC_INVALID (exit 2). */
MUST_USE enum rc publish_channels(struct cli *cli, const char *command, const char *text,
                                  const char *ret[CHANNELS_MAX], size_t *ret_count,
                                  struct err *err);
/* Before anything is uploaded: whether the package has the tracks of these channels. RC_NOT_FOUND
 * names the first that it has not. A token that may not look passes: the release itself is checked
 * again. */
MUST_USE enum rc publish_check_tracks(struct cli *cli, const char *name,
                                      const char *const *channels, size_t count, struct err *err);
/* revision 0 closes. percentage -1: to all. */
MUST_USE enum rc publish_release(struct cli *cli, const char *name, json_int_t revision,
                                 const char *const *channels, size_t count, long percentage,
                                 struct err *err);
/* Prints the channel map, and keeps it as the result under "channel-map" of a releases answer. */
MUST_USE enum rc publish_map(struct cli *cli, const char *name, const char *arch, const char *track,
                             json_t **ret, struct err *err);
/* Waits until the deltas to `revision` are built or given up. RC_PENDING (exit 7) after timeout. */
MUST_USE enum rc publish_wait_deltas(struct cli *cli, const char *name, json_int_t revision,
                                     long timeout_sec, json_t **ret, struct err *err);
