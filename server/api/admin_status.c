/* SPDX-License-Identifier: Apache-2.0 */
/* /api/v1/status, /sessions, /audit, /packages/{name}/deltas: how it goes. */
#include "core/model/name.h"
#include "server/api/publisher.h"
#include "server/domain/audit.h"
#include "server/domain/release.h"
#include "server/domain/status.h"

static json_t *key_or_null(const struct signer_identity *identity)
{
        return *identity->key_id ? json_string(identity->key_id) : json_null();
}

static json_t *json_status(const struct world *world, const struct status *status)
{
        return json_pack(
                "{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:{s:I, s:I}, s:{s:b, s:o, s:o}, "
                "s:{s:b, s:I, s:o}, s:{s:b, s:s}, s:I, s:I, s:{s:I, s:I, s:I, s:I}}",
                "version", STOREHOUSE_VERSION, "store", world_text(world, SET_STORE_ID), "brand",
                world_text(world, SET_BRAND_ID), "generation", (json_int_t)status->generation,
                "packages", (json_int_t)status->packages, "revisions",
                (json_int_t)status->revisions, "devices", (json_int_t)status->devices, "jobs",
                "waiting", (json_int_t)status->jobs_waiting, "failed",
                (json_int_t)status->jobs_failed, "signer", "ok", (int)status->signer_ok,
                "store-key", key_or_null(&status->store_key), "serials-key",
                key_or_null(&status->serials_key), "manifest", "ok", (int)status->manifest_ok,
                "epoch", (json_int_t)status->manifest_epoch, "until",
                json_time(status->manifest_until), "worker", "sandbox", (int)status->sandbox,
                "reason", status->sandbox_reason, "free-bytes", (json_int_t)status->free_bytes,
                "uptime-sec", (json_int_t)status->uptime_sec, "fleet", "alarms",
                (json_int_t)status->alarms, "waiting", (json_int_t)status->registrations,
                "in-memory", (json_int_t)status->fleet.devices, "dropped-check-ins",
                (json_int_t)status->fleet.dropped);
}

enum rc status_get(void *context, struct request *request, struct response *response,
                   struct err *err)
{
        struct status status;
        enum rc rc;

        (void)request;
        rc = status_read(context, &status, err);
        return rc == RC_OK ? answer(response, 200, json_status(context, &status), err) : rc;
}

enum rc audit_get(void *context, struct request *request, struct response *response,
                  struct err *err)
{
        const char *text = request_query(request, "before");
        const struct audit_row *rows = NULL;
        uint64_t before = 0;
        size_t count = 0;
        json_t *list;
        enum rc rc;

        if (text && number_parse_u64(text, INT64_MAX, &before) != RC_OK)
                return err_set(err, RC_INVALID, "the argument \"before\" is an entry's id");
        rc = audit_list(context, request->arena, (int64_t)before, &rows, &count, err);
        if (rc != RC_OK)
                return rc;
        list = json_array();
        for (size_t i = 0; i < count; i++)
                json_array_append_new(list, json_pack("{s:I, s:s, s:s, s:s, s:s, s:o}", "id",
                                                      (json_int_t)rows[i].id, "by", rows[i].by,
                                                      "action", rows[i].action, "object",
                                                      rows[i].object, "detail", rows[i].detail,
                                                      "time", json_time(rows[i].created)));
        return answer(response, 200, json_pack("{s:o}", "entries", list), err);
}

static json_t *json_delta(const struct delta_row *row)
{
        return json_pack("{s:I, s:I, s:s, s:s, s:I, s:I, s:I, s:s}", "source",
                         (json_int_t)row->source, "target", (json_int_t)row->target, "format",
                         row->format, "state", row->state, "size", (json_int_t)row->bytes,
                         "target-size", (json_int_t)row->target_bytes, "cpu-usec",
                         (json_int_t)row->cpu_usec, "reason", row->reason);
}

enum rc delta_list_get(void *context, struct request *request, struct response *response,
                       struct err *err)
{
        const struct actor actor = request_actor(request);
        const struct delta_row *rows = NULL;
        struct page page = {0, 0};
        size_t count = 0;
        json_t *list;
        enum rc rc;

        rc = identity_may(request_identity(request), "package-view", err);
        if (rc == RC_OK)
                rc = release_deltas(context, &actor, request->params[0], request->arena, &rows,
                                    &count, err);
        if (rc == RC_OK)
                rc = request_page(request, count, &page, err);
        if (rc != RC_OK)
                return rc;
        list = json_array();
        for (size_t i = page.first; i < page.end; i++)
                json_array_append_new(list, json_delta(&rows[i]));
        return answer(response, 200, json_pack("{s:o}", "deltas", list), err);
}
