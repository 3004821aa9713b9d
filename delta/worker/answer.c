/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/worker/answer.h"
#include "delta/worker/yaml_tree.h"
#include <stdio.h>
#include <string.h>

/* A reason may quote a package's text, cut in the middle of a character. */
static void append_text(struct buf *out, const char *text)
{
        char plain[sizeof(((struct err *)NULL)->text)];

        snprintf(plain, sizeof(plain), "%s", text);
        if (!text_is_utf8(plain, strlen(plain))) {
                for (char *at = plain; *at; at++) {
                        if (*at & 0x80)
                                *at = '?';
                }
        }
        buf_json_string(out, plain);
}

void answer_failure(struct buf *out, enum rc rc, const struct err *err)
{
        buf_printf(out, "{\"ok\":false,\"rc\":\"%s\",\"code\":", rc_name(rc));
        append_text(out, err->code);
        buf_text(out, ",\"message\":");
        append_text(out, err->text[0] ? err->text : rc_name(rc));
        buf_text(out, "}\n");
}
