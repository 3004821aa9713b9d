/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * scratch -- a folder for one test, removed with all that is in it.
 *
 *         CLEANUP(scratch_freep) char *dir = scratch_new();
 *
 * Owner    the caller. NULL from scratch_new never: a test without a folder ends there.
 */
char *scratch_new(void);
void scratch_freep(char **dir);
/* DIR/NAME, in one of four buffers that are used in turn. */
const char *scratch_path(const char *dir, const char *name);
/* Runs a program quietly; words ends with NULL. Ends the test when it fails. */
void scratch_run(const char *const *words);
