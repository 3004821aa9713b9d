/* SPDX-License-Identifier: Apache-2.0 */
/* The words of a decision: one table (decide.h) for tests, APIs and people. */
#include "server/domain/decide.h"
#include <inttypes.h>
#include <string.h>

static const struct {
        const char *name;
        const char *code;
        const char *sentence;
} table[REASON_COUNT] = {
#define X(name, text, code, sentence) [REASON_##name] = {text, code, sentence},
        REASONS(X)
#undef X
};

const char *reason_name(enum reason reason)
{
        return table[reason].name;
}

const char *reason_code(enum reason reason)
{
        return table[reason].code;
}

void decide_step_print(const struct decide_step *step, struct buf *out)
{
        static const char text[] = "{text}";
        static const char number[] = "{number}";
        const char *at = table[step->reason].sentence;

        while (*at) {
                const size_t plain = strcspn(at, "{");

                buf_append(out, at, plain);
                at += plain;
                if (strncmp(at, text, strlen(text)) == 0) {
                        buf_text(out, step->text && *step->text ? step->text : "(none)");
                        at += strlen(text);
                } else if (strncmp(at, number, strlen(number)) == 0) {
                        buf_printf(out, "%" PRIu64, step->number);
                        at += strlen(number);
                } else if (*at) {
                        buf_char(out, *at++);
                }
        }
}
