/* SPDX-License-Identifier: Apache-2.0 */
#include "server/api/fetch_assertions.h"
#include "core/model/assertion_type.h"
#include <inttypes.h>
#include <string.h>

static bool package_is_visible(const struct identity *identity, const char *snap_id)
{
        const struct catalog_package *package =
                snap_id ? catalog_find_id(identity->catalog, snap_id) : NULL;

        /* What was imported without a package of ours is public. */
        return !package ||
               visibility_is_visible(viewer_sees(identity->catalog, &identity->viewer, package));
}

static bool user_is_visible(const struct world *world, const struct viewer *viewer,
                            const struct assertion *user)
{
        if (conf_bool(world->conf, SET_SERVE_SYSTEM_USERS) || viewer->is_admin)
                return true;
        return (viewer->brand_id && strcmp(viewer->brand_id, user->pk[0]) == 0) ||
               (viewer->account_id && strcmp(viewer->account_id, user->pk[0]) == 0);
}

bool assertion_is_visible(const struct world *world, const struct identity *identity,
                          const struct assertion *assertion)
{
        if (strcmp(assertion->type->name, "system-user") == 0 &&
            !user_is_visible(world, &identity->viewer, assertion))
                return false;
        return package_is_visible(identity, assertion_text(assertion, "snap-id")) &&
               package_is_visible(identity, assertion_text(assertion, "approved-snap-id"));
}

/* Types whose address holds the digest of what they speak of: a later word on it is rare. */
static bool is_named_by_digest(const struct assertion *assertion)
{
        static const char *const types[] = {"snap-revision", "snap-build",
                                            "snap-resource-revision"};

        for (size_t i = 0; i < ARRAY_COUNT(types); i++)
                if (strcmp(assertion->type->name, types[i]) == 0)
                        return true;
        return false;
}

void assertion_cache_header(const struct request *request, const struct assertion *assertion,
                            struct response *response)
{
        const struct identity *identity = request_identity(request);
        const struct identity stranger = {
                .catalog = identity->catalog,
                .viewer = {.store_id = identity->viewer.store_id, .arch = ""},
        };
        const char *text = "private, max-age=60";

        if (assertion_is_visible(request->world, &stranger, assertion))
                text = is_named_by_digest(assertion) ? "public, max-age=3600"
                                                     : "public, max-age=60";
        response_header(response, "Cache-Control", text);
}

/* One entry of the request. */
struct wanted {
        const struct assertion_type *type;
        const json_t *key;    /* the array, echoed in errors */
        const char *key_name; /* "primary-key" or "sequence-key" */
        const char *pk;       /* joined; for sequences without the number */
        bool is_sequence;
        int64_t sequence;    /* 0: latest */
        int64_t sequence_at; /* if-sequence-equal-or-newer-than; 0 none */
        int64_t newer_than;  /* -1: none */
};

static enum rc key_join(const struct fetch_context *context, struct wanted *wanted, size_t parts,
                        struct err *err)
{
        const char *items[ASSERTION_PK_MAX];
        const size_t given = json_array_size(wanted->key);

        if (given > parts || given == 0)
                return err_set(err, RC_INVALID, "a %s has %zu key parts", wanted->type->name,
                               parts);
        for (size_t i = 0; i < parts; i++) {
                const char *fallback =
                        wanted->type->pk_defaults ? wanted->type->pk_defaults[i] : NULL;

                items[i] = i < given ? json_string_value(json_array_get(wanted->key, i)) : fallback;
                if (!items[i] || !*items[i] || strchr(items[i], '/'))
                        return err_set(err, RC_INVALID, "key part %zu of a %s is missing or bad",
                                       i + 1, wanted->type->name);
        }
        wanted->pk = pk_join(context->arena, items, parts);
        return wanted->pk ? RC_OK : err_set(err, RC_NOMEM, "no memory for a key");
}

static enum rc wanted_read(const struct fetch_context *context, const json_t *entry,
                           struct wanted *ret, struct err *err)
{
        const char *type = NULL;
        enum rc rc;

        memset(ret, 0, sizeof(*ret));
        ret->newer_than = -1;
        rc = jsonx_get_text(entry, "type", JSONX_MUST, 64, &type, err);
        if (rc != RC_OK)
                return rc;
        ret->type = assertion_type_find(type);
        if (!ret->type)
                return err_set(err, RC_INVALID, "there is no assertion type \"%s\"", type);
        ret->is_sequence = json_object_get(entry, "sequence-key") != NULL;
        if (ret->is_sequence && !ret->type->has_sequence)
                return err_set(err, RC_INVALID, "a %s has no sequence", type);
        ret->key_name = ret->is_sequence ? "sequence-key" : "primary-key";
        rc = jsonx_get_array(entry, ret->key_name, JSONX_MUST, ASSERTION_PK_MAX, &ret->key, err);
        if (rc == RC_OK)
                rc = key_join(context, ret, ret->type->pk_count - (ret->is_sequence ? 1 : 0), err);
        if (rc == RC_OK)
                rc = jsonx_get_int(entry, "if-newer-than", JSONX_MAY, 0, INT64_MAX,
                                   &ret->newer_than, err);
        if (rc == RC_OK)
                rc = jsonx_get_int(entry, "sequence", JSONX_MAY, 1, INT64_MAX, &ret->sequence, err);
        if (rc == RC_OK)
                rc = jsonx_get_int(entry, "if-sequence-equal-or-newer-than", JSONX_MAY, 1,
                                   INT64_MAX, &ret->sequence_at, err);
        return rc;
}

static unsigned max_format(const struct fetch_context *context, const char *type)
{
        const json_t *number =
                context->max_formats ? json_object_get(context->max_formats, type) : NULL;

        return json_is_integer(number) && json_integer_value(number) >= 0 &&
                               json_integer_value(number) <= 1000
                       ? (unsigned)json_integer_value(number)
                       : 0;
}

static const struct assertion *wanted_find(const struct fetch_context *context,
                                           const struct wanted *wanted, unsigned format)
{
        const struct catalog *catalog = context->identity->catalog;
        const char *pk = wanted->pk;

        if (wanted->is_sequence && !wanted->sequence)
                return catalog_get_sequence(catalog, wanted->type->name, pk, format);
        if (wanted->is_sequence)
                pk = arena_printf(context->arena, "%s/%" PRId64, pk, wanted->sequence);
        return pk ? catalog_get_assertion(catalog, wanted->type->name, pk, format) : NULL;
}

/* Whether the device has not this very thing in an older revision: a point of its sequence that is
 * new to it may stand on other keys. */
static bool is_new(const struct wanted *wanted, const struct assertion *found)
{
        uint64_t point = 0;

        return wanted->newer_than < 0 ||
               (wanted->sequence_at && assertion_number(found, "sequence", &point) == RC_OK &&
                point > (uint64_t)wanted->sequence_at);
}

/* A sequence point above the device's is newer whatever its revision (device.md 2.6). */
static bool is_newer(const struct wanted *wanted, const struct assertion *found)
{
        uint64_t point = 0;

        if (wanted->sequence_at && assertion_number(found, "sequence", &point) == RC_OK) {
                if (point > (uint64_t)wanted->sequence_at)
                        return true;
                if (point < (uint64_t)wanted->sequence_at)
                        return false;
        }
        return wanted->newer_than < 0 || found->revision > (uint64_t)wanted->newer_than;
}

static void url_put(struct buf *out, const struct fetch_context *context,
                    const struct assertion *found, const struct wanted *wanted, unsigned format)
{
        const struct assertion_type *type = found->type;

        buf_printf(out, "\"%s/v2/assertions/%s", context->base_url, type->name);
        for (size_t i = 0; i < type->pk_count; i++) {
                buf_char(out, '/');
                for (const char *at = found->pk[i]; *at; at++) {
                        const bool plain = (*at >= 'a' && *at <= 'z') ||
                                           (*at >= 'A' && *at <= 'Z') ||
                                           (*at >= '0' && *at <= '9') || strchr("-_.~", *at);

                        if (plain)
                                buf_char(out, *at);
                        else
                                buf_printf(out, "%%%02X", (unsigned char)*at);
                }
        }
        /* What the device has not at all comes with what it stands on: fewer rounds. */
        buf_printf(out, "?max-format=%u%s\"", format,
                   is_new(wanted, found) ? "&with=prerequisites" : "");
}

static void error_put(struct buf *out, const struct wanted *wanted, const char *code,
                      const char *message)
{
        buf_text(out, out->len && out->data[out->len - 1] == '}' ? ",{" : "{");
        buf_text(out, "\"code\":");
        buf_json_string(out, code);
        buf_text(out, ",\"message\":");
        buf_json_string(out, message);
        if (wanted->type && wanted->key) {
                buf_printf(out, ",\"type\":\"%s\",\"%s\":", wanted->type->name, wanted->key_name);
                jsonx_dump(out, wanted->key);
        }
        buf_char(out, '}');
}

static void entry_put(struct buf *urls, struct buf *errors, const struct fetch_context *context,
                      const json_t *entry)
{
        const struct assertion *found;
        struct wanted wanted;
        struct err err = {0};
        unsigned format;

        if (wanted_read(context, entry, &wanted, &err) != RC_OK) {
                error_put(errors, &wanted, "bad-argument", err.text);
                return;
        }
        format = max_format(context, wanted.type->name);
        found = wanted_find(context, &wanted, format);
        if (!found || !assertion_is_visible(context->world, context->identity, found)) {
                error_put(errors, &wanted, "not-found", "there is no such assertion here");
                return;
        }
        if (!is_newer(&wanted, found))
                return;
        if (urls->len)
                buf_char(urls, ',');
        url_put(urls, context, found, &wanted, format);
}

void fetch_assertions_put(struct buf *out, struct fetch_context *context, const json_t *action)
{
        CLEANUP(buf_fini) struct buf urls = BUF_INIT(4 * MIB);
        CLEANUP(buf_fini) struct buf errors = BUF_INIT(4 * MIB);
        const json_t *entries = NULL;
        const char *key = "";
        struct wanted none = {0};
        struct err err = {0};

        buf_text(&urls, "");
        buf_text(&errors, "");
        if (jsonx_get_text(action, "key", JSONX_MUST, 256, &key, &err) != RC_OK)
                error_put(&errors, &none, "missing-key", err.text);
        else if (jsonx_get_array(action, "assertions", JSONX_MUST, context->left, &entries, &err) !=
                 RC_OK)
                error_put(&errors, &none, "bad-argument", err.text);
        for (size_t i = 0; i < json_array_size(entries); i++)
                entry_put(&urls, &errors, context, json_array_get(entries, i));
        context->left -= json_array_size(entries);
        buf_text(out, "{\"result\":\"fetch-assertions\",\"key\":");
        buf_json_string(out, key);
        buf_text(out, ",\"assertion-stream-urls\":[");
        buf_append(out, urls.data, urls.len);
        buf_text(out, "]");
        if (errors.len) {
                buf_text(out, ",\"error-list\":[");
                buf_append(out, errors.data, errors.len);
                buf_text(out, "]");
        }
        buf_text(out, "}");
        if (urls.failed || errors.failed)
                out->failed = true;
}
