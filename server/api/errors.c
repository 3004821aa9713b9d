/* SPDX-License-Identifier: Apache-2.0 */
/*
 * errors -- the one place where an rc becomes a body. Forms: device.md 2.4, 4.3, 6.3;
 * publisher.md 2.0.
 */
#include "server/api/errors.h"
#include <string.h>

static void list_put(struct buf *out, const char *name, const char *code, const char *message)
{
        buf_printf(out, "\"%s\":[{\"code\":", name);
        buf_json_string(out, code);
        buf_text(out, ",\"message\":");
        buf_json_string(out, message);
        buf_text(out, "}]");
}

static const char *code_of(int style, enum rc rc, const struct err *err)
{
        if (err && *err->code)
                return err->code;
        if (rc == RC_NOT_FOUND && style == STYLE_ASSERTION)
                return "not-found";
        return rc_api_code(rc);
}

/* A fault's text may name files of ours: that is for the log, not for strangers. */
static const char *message_of(enum rc rc, const struct err *err)
{
        if (rc_is_fault(rc))
                return rc == RC_NOSPACE ? "the store has no room left"
                                        : "the store has a fault: its log says more";
        return err && *err->text ? err->text : rc_api_code(rc);
}

static int status_of(int style, enum rc rc)
{
        /* A device gives up for good on 400 to 500 and asks again after 202. */
        if (style == STYLE_REGISTRATION && (rc == RC_PENDING || rc == RC_BUSY))
                return 202;
        /* Publishers' clients repeat 5xx for minutes: a helper's crash is no mistake of theirs, but
         * it is also nothing that a repeat mends at once. */
        return rc_http_status(rc);
}

void api_error(void *world, const struct request *request, enum rc rc, const struct err *err,
               struct response *response)
{
        CLEANUP(buf_fini) struct buf out = BUF_INIT(16 * KIB);
        const int style = request && request->route ? request->route->errors : STYLE_DEVICE;
        const char *code = code_of(style, rc, err);
        const char *message = message_of(rc, err);

        (void)world;
        buf_char(&out, '{');
        if (style == STYLE_REGISTRATION) {
                buf_text(&out, "\"message\":");
                buf_json_string(&out, message);
                buf_char(&out, ',');
        }
        if (style == STYLE_REGISTRATION || style == STYLE_PUBLISHER) {
                list_put(&out, "error_list", code, message);
                buf_char(&out, ',');
        }
        list_put(&out, "error-list", code, message);
        buf_char(&out, '}');
        response_status(response, status_of(style, rc));
        api_json(response, &out);
}
