/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * log -- one line per event on standard error: `level=info msg="..." key=value`. Journal-friendly.
 *
 * Floor    core/base. Floors below server/http return what went wrong and do not log.
 * Threads  safe; a line is written in one call.
 * Bounds   a line is cut at 1024 bytes. Control characters in the text become spaces.
 */
#include "core/base/rc.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

void log_set_level(enum log_level level);
/* Puts `program=NAME` on every line; name must live for ever. */
void log_set_program(const char *name);
/* format gives the rest of the line, e.g. "msg=\"listening\" port=%u". Never a secret. */
void log_line(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);
