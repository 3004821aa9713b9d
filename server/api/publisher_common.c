/* SPDX-License-Identifier: Apache-2.0 */
#include "core/model/name.h"
#include "server/api/publisher.h"
#include "server/domain/scope.h"
#include <string.h>

struct actor request_actor(const struct request *request)
{
        const struct identity *identity = request_identity(request);

        return (struct actor){
                .account_id = identity->account_id,
                .is_admin = identity->is_admin,
                .permissions = identity->permissions,
                .packages = identity->packages,
                .channels = identity->channels,
                .store_id = identity->viewer.store_id,
                .token_id = identity->token_id,
                .expires = identity->token_expires,
        };
}

enum rc answer(struct response *response, int status, json_t *json, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *owned = json;

        if (!owned)
                return err_set(err, RC_NOMEM, "no memory for an answer");
        response_status(response, status);
        api_json_value(response, owned);
        return RC_OK;
}

json_t *json_time(usec_t time)
{
        char text[CLOCK_CHARS + 1];

        if (!time)
                return json_null();
        clock_format(time, text);
        return json_string(text);
}

json_t *json_list(const char *joined, bool null_when_empty)
{
        json_t *list;
        const char *item;
        size_t length;

        if (!*joined && null_when_empty)
                return json_null();
        list = json_array();
        while ((item = scope_next(&joined, &length)) != NULL)
                json_array_append_new(list, json_stringn(item, length));
        return list;
}

enum rc json_get_joined(const json_t *object, const char *field, struct arena *arena,
                        const char **ret, struct err *err)
{
        const char *items[SCOPE_ITEMS_MAX];
        const json_t *list = NULL;
        enum rc rc;

        *ret = "";
        rc = jsonx_get_array(object, field, JSONX_MAY, SCOPE_ITEMS_MAX, &list, err);
        if (rc != RC_OK || !list)
                return rc;
        for (size_t i = 0; i < json_array_size(list); i++) {
                items[i] = json_string_value(json_array_get(list, i));
                if (!items[i] || !*items[i] || strlen(items[i]) > NAME_TEXT_MAX ||
                    strchr(items[i], ','))
                        return err_set(err, RC_INVALID, "the field \"%s\" is a list of names",
                                       field);
        }
        *ret = scope_join(arena, items, json_array_size(list));
        return *ret ? RC_OK : err_set(err, RC_NOMEM, "no memory for a request");
}

enum rc json_get_text(const json_t *object, const char *field, size_t max, const char **ret,
                      struct err *err)
{
        *ret = "";
        return jsonx_get_text(object, field, JSONX_MAY, max, ret, err);
}

static enum rc query_number(const struct request *request, const char *name, uint64_t max,
                            uint64_t *ret, struct err *err)
{
        const char *text = request_query(request, name);

        if (!text || strcmp(text, "0") == 0) {
                *ret = text ? 0 : *ret;
                return RC_OK;
        }
        if (number_parse_u64(text, max, ret) != RC_OK)
                return err_set(err, RC_INVALID, "the argument \"%s\" is no number in its bounds",
                               name);
        return RC_OK;
}

enum rc request_page(const struct request *request, size_t count, struct page *ret, struct err *err)
{
        uint64_t offset = 0;
        uint64_t limit = PAGE_MAX;
        enum rc rc;

        rc = query_number(request, "offset", INT64_MAX, &offset, err);
        if (rc == RC_OK)
                rc = query_number(request, "limit", PAGE_MAX, &limit, err);
        if (rc != RC_OK)
                return rc;
        ret->first = offset < count ? (size_t)offset : count;
        ret->end = limit < count - ret->first ? ret->first + (size_t)limit : count;
        return RC_OK;
}

static bool is_released(const struct catalog_package *package,
                        const struct catalog_revision *revision)
{
        for (size_t i = 0; i < package->release_count; i++)
                if (package->releases[i].revision == revision ||
                    package->releases[i].base == revision)
                        return true;
        return false;
}

static json_t *json_numbers(const uint32_t *numbers, size_t count)
{
        json_t *list = json_array();

        for (size_t i = 0; i < count; i++)
                json_array_append_new(list, json_integer(numbers[i]));
        return list;
}

json_t *json_revision(const struct catalog_package *package,
                      const struct catalog_revision *revision)
{
        const struct package_info *info = &revision->info;
        json_t *archs = json_array();

        for (size_t i = 0; i < info->arch_count; i++)
                json_array_append_new(archs, json_string(info->archs[i]));
        return json_pack("{s:I, s:s, s:s, s:o, s:s, s:s, s:I, s:o, s:o, s:s, s:s, s:{s:o, s:o}, "
                         "s:n, s:b}",
                         "revision", (json_int_t)revision->number, "version", info->version,
                         "status", is_released(package, revision) ? "released" : "approved",
                         "created-at", json_time(revision->created), "created-by",
                         revision->developer_id, "sha3-384", revision->digest_hex, "size",
                         (json_int_t)revision->bytes, "architectures", archs, "base",
                         *info->base ? json_string(info->base) : json_null(), "confinement",
                         info->confinement, "grade", info->grade, "epoch", "read",
                         json_numbers(info->epoch.read, info->epoch.read_count), "write",
                         json_numbers(info->epoch.write, info->epoch.write_count), "errors",
                         "build-signed", (int)revision->build_signed);
}
