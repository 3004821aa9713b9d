/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /v2/assertions/{type}/{key*}?max-format=N -- one assertion, or with ?with=prerequisites the
 * stream of what it stands on and itself. Sequence types: ?sequence=latest|N or the number in the
 * path. Source: device.md section 4.
 */
#include "core/model/assertion_type.h"
#include "core/model/name.h"
#include "server/api/fetch_assertions.h"
#include "server/api/handlers.h"
#include "server/domain/keep.h"
#include "server/domain/register.h"
#include <stdio.h>
#include <string.h>

/* The key's parts with defaults filled in, joined as the catalog keys them. NULL: not a key. */
static const char *key_complete(struct arena *arena, const struct assertion_type *type,
                                const char *key, size_t parts)
{
        const char *items[ASSERTION_PK_MAX];
        char *at = arena_strdup(arena, key);
        size_t count = 0;

        while (at && count < parts) {
                char *part = strsep(&at, "/");

                if (!*part)
                        return NULL;
                items[count++] = part;
        }
        if (at || count == 0)
                return NULL;
        for (; count < parts; count++) {
                if (!type->pk_defaults || !type->pk_defaults[count])
                        return NULL;
                items[count] = type->pk_defaults[count];
        }
        return pk_join(arena, items, parts);
}

static enum rc format_read(const struct request *request, const struct assertion_type *type,
                           unsigned *ret, struct err *err)
{
        const char *text = request_query(request, "max-format");
        uint64_t number = 0;

        *ret = type->max_format;
        if (!text)
                return RC_OK;
        if (strcmp(text, "0") && number_parse_u64(text, 1000, &number) != RC_OK)
                return err_set(err, RC_INVALID, "max-format must be a small whole number");
        *ret = (unsigned)number;
        return RC_OK;
}

static const struct assertion *sequence_find(const struct identity *identity, struct arena *arena,
                                             const struct assertion_type *type, const char *key,
                                             const char *sequence, unsigned format)
{
        const char *prefix = key_complete(arena, type, key, type->pk_count - 1);
        const char *pk;

        if (!prefix)
                return NULL;
        if (strcmp(sequence, "latest") == 0)
                return catalog_get_sequence(identity->catalog, type->name, prefix, format);
        pk = arena_printf(arena, "%s/%s", prefix, sequence);
        return pk ? catalog_get_assertion(identity->catalog, type->name, pk, format) : NULL;
}

static const struct assertion *wanted_find(const struct request *request,
                                           const struct assertion_type *type, unsigned format)
{
        const struct identity *identity = request_identity(request);
        const char *sequence = request_query(request, "sequence");
        const struct assertion *found;
        const char *pk;

        if (sequence && type->has_sequence) {
                found = sequence_find(identity, request->arena, type, request->params[1], sequence,
                                      format);
        } else {
                pk = key_complete(request->arena, type, request->params[1], type->pk_count);
                found = pk ? catalog_get_assertion(identity->catalog, type->name, pk, format)
                           : NULL;
        }
        return found && assertion_is_visible(request->world, identity, found) ? found : NULL;
}

/* Absent is not kept by caches: it may be there a moment later. The same for what is hidden. */
static enum rc absent(struct response *response, struct err *err, const char *type, const char *key)
{
        response_header(response, "Cache-Control", "no-store");
        return err_set(err, RC_NOT_FOUND, "there is no %s assertion for %.120s here", type, key);
}

static void etag_set(struct response *response, const struct buf *out)
{
        char etag[DIGEST_HEX_CHARS + 1];
        struct digest digest;

        sha3_384(out->data, out->len, &digest);
        digest_hex(&digest, etag);
        response_etag(response, etag);
}

static enum rc found_send(const struct request *request, const struct assertion *found,
                          struct response *response, struct err *err)
{
        CLEANUP(buf_fini) struct buf out = BUF_INIT(16 * MIB);
        const char *with = request_query(request, "with");
        enum rc rc = RC_OK;

        if (with && strcmp(with, "prerequisites") == 0)
                rc = chain_append(request_identity(request)->catalog, found, true, request->arena,
                                  &out, err);
        else
                assertion_stream_put(&out, found->bytes, found->bytes_count);
        if (rc != RC_OK)
                return rc;
        assertion_cache_header(request, found, response);
        etag_set(response, &out);
        response_body(response, ASSERTION_CONTENT_TYPE, &out);
        return RC_OK;
}

HANDLER(assertions_get)
{
        const struct assertion_type *type = assertion_type_find(request->params[0]);
        const struct assertion *found;
        unsigned format;
        enum rc rc;

        (void)context;
        if (!type)
                return err_set(err, RC_NOT_FOUND, "there is no assertion type \"%.60s\"",
                               request->params[0]);
        rc = format_read(request, type, &format, err);
        if (rc != RC_OK)
                return rc;
        found = wanted_find(request, type, format);
        if (!found)
                return absent(response, err, type->name, request->params[1]);
        return found_send(request, found, response, err);
}

/* Serials live in the database: there may be millions. */
HANDLER(assertions_serial_get)
{
        CLEANUP(buf_fini) struct buf out = BUF_INIT(ASSERTION_MAX + KIB);
        char *at = arena_strdup(request->arena, request->params[0]);
        const char *brand_id;
        const char *model;
        const char *text;
        size_t bytes;
        enum rc rc;

        if (!at)
                return err_set(err, RC_NOMEM, "no memory for a key");
        brand_id = strsep(&at, "/");
        model = at ? strsep(&at, "/") : NULL;
        if (!model || !at || strchr(at, '/'))
                return err_set(err, RC_NOT_FOUND, "a serial is named by brand, model and serial");
        rc = serial_get(context, brand_id, model, at, request->arena, &text, &bytes, err);
        if (rc == RC_NOT_FOUND)
                return absent(response, err, "serial", request->params[0]);
        if (rc != RC_OK)
                return rc;
        assertion_stream_put(&out, text, bytes);
        response_header(response, "Cache-Control", "private, max-age=60");
        etag_set(response, &out);
        response_body(response, ASSERTION_CONTENT_TYPE, &out);
        return RC_OK;
}

/*
 * GET /v2/auth/store/assertions -- the store's assertion and what it stands on, as a stream for
 * `snap ack`; then `snap set system proxy.store=ID` points a device here (device.md 1). The roots
 * are left out: a device has them built in, or believes none of this.
 */
HANDLER(store_assertions_get)
{
        CLEANUP(buf_fini) struct buf out = BUF_INIT(16 * MIB);
        const struct identity *identity = request_identity(request);
        const char *store = identity->viewer.store_id;
        const struct assertion *found = catalog_get_assertion(identity->catalog, "store", store, 0);
        enum rc rc;

        if (!found)
                return absent(response, err, "store", store);
        rc = chain_append_for_device(context, identity->catalog, found, request->arena, &out, err);
        if (rc != RC_OK)
                return rc;
        response_header(response, "Cache-Control", "public, max-age=60");
        etag_set(response, &out);
        response_body(response, ASSERTION_CONTENT_TYPE, &out);
        return RC_OK;
}
