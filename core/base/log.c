/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/log.h"
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

static atomic_int lowest = LOG_LEVEL_INFO;
static const char *_Atomic program = "";

void log_set_level(enum log_level level)
{
        lowest = (int)level;
}

void log_set_program(const char *name)
{
        program = name;
}

void log_line(enum log_level level, const char *format, ...)
{
        static const char *const names[] = {"debug", "info", "warning", "error"};
        char line[1024];
        va_list args;
        int head;
        int body;
        size_t length;

        if ((int)level < lowest)
                return;
        head = snprintf(line, sizeof(line) - 1, "level=%s program=%s ", names[level], program);
        va_start(args, format);
        body = vsnprintf(line + head, sizeof(line) - 1 - (size_t)head, format, args);
        va_end(args);
        length = (size_t)head + (body < 0 ? 0 : (size_t)body);
        if (length > sizeof(line) - 2)
                length = sizeof(line) - 2;
        for (size_t i = 0; i < length; i++)
                if ((unsigned char)line[i] < 0x20)
                        line[i] = ' ';
        line[length++] = '\n';
        /* Nothing useful can be done when standard error is gone. */
        if (write(STDERR_FILENO, line, length) < 0)
                return;
}
