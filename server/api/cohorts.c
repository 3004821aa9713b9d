/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /v2/cohorts {"snaps":[NAME...]} -> {"cohort-keys":{NAME:KEY}}. A name that is absent, hidden
 * or never released is 404, and no key is made. snapd sends no Content-Type.
 *
 * Source: device.md 3. Bounds: COHORT_NAMES_MAX names.
 */
#include "server/api/handlers.h"
#include "server/domain/cohort.h"
#include "server/domain/decide.h"
#include <string.h>

#define COHORT_NAMES_MAX 256

/* What an install by this name would find. */
static const struct catalog_package *package_get(const struct decide_context *context,
                                                 const char *name)
{
        const struct decide_ask ask = {.action = DECIDE_INSTALL, .name = name, .arch = ""};
        struct decide_answer answer;

        decide(context, &ask, &answer);
        return answer.package && answer.package->last_event ? answer.package : NULL;
}

static enum rc keys_put(struct buf *out, const struct decide_context *context, const json_t *names,
                        struct err *err)
{
        char text[COHORT_CHARS + 1];

        buf_text(out, "{\"cohort-keys\":{");
        for (size_t i = 0; i < json_array_size(names); i++) {
                const char *name = json_string_value(json_array_get(names, i));
                const struct catalog_package *package = name ? package_get(context, name) : NULL;
                struct cohort now;

                if (!name)
                        return err_set(err, RC_INVALID, "\"snaps\" lists names");
                if (!package)
                        return err_set_code(err, RC_NOT_FOUND, "name-not-found",
                                            "there is no snap named \"%.40s\"", name);
                now = cohort_now(package);
                cohort_format(context->cohort_key, package->snap_id, &now, text);
                buf_text(out, i ? "," : "");
                buf_json_string(out, name);
                buf_printf(out, ":\"%s\"", text);
        }
        buf_text(out, "}}");
        return buf_finish(out, err);
}

HANDLER(cohorts_post)
{
        CLEANUP(jsonx_decref) json_t *body = NULL;
        CLEANUP(buf_fini) struct buf out = BUF_INIT(MIB);
        const struct identity *identity = request_identity(request);
        uint8_t bucket_key[MAC_KEY_BYTES];
        uint8_t cohort_key[MAC_KEY_BYTES];
        const json_t *names = NULL;
        enum rc rc;

        rc = api_body(request, &body, err);
        if (rc == RC_OK)
                rc = jsonx_get_array(body, "snaps", JSONX_MUST, COHORT_NAMES_MAX, &names, err);
        if (rc != RC_OK)
                return rc;
        world_key(context, "bucket", bucket_key);
        world_key(context, "cohort", cohort_key);
        const struct decide_context decide_context = {
                .catalog = identity->catalog,
                .viewer = &identity->viewer,
                .now = world_now(context),
                .bucket_key = bucket_key,
                .cohort_key = cohort_key,
        };

        rc = keys_put(&out, &decide_context, names, err);
        if (rc != RC_OK)
                return rc;
        api_json(response, &out);
        return RC_OK;
}
