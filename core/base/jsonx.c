/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/jsonx.h"
#include <inttypes.h>
#include <string.h>

void jsonx_init(void)
{
        json_object_seed(0);
}

void jsonx_decref(json_t **json)
{
        json_decref(*json);
        *json = NULL;
}

struct measure {
        size_t deepest;
        size_t values;
};

/* Counted outside of strings; malformed text is left for the parser to name. */
static struct measure measure_of(const char *data, size_t bytes)
{
        struct measure measure = {0, 0};
        size_t depth = 0;
        bool in_string = false;

        for (size_t i = 0; i < bytes; i++) {
                const char c = data[i];

                if (in_string) {
                        if (c == '\\')
                                i++;
                        else if (c == '"')
                                in_string = false;
                } else if (c == '"') {
                        in_string = true;
                } else if (c == '[' || c == '{') {
                        depth++;
                        measure.values++;
                        measure.deepest = depth > measure.deepest ? depth : measure.deepest;
                } else if ((c == ']' || c == '}') && depth) {
                        depth--;
                } else if (c == ',') {
                        measure.values++;
                }
        }
        return measure;
}

enum rc jsonx_parse(const char *data, size_t bytes, json_t **ret, struct err *err)
{
        const struct measure measure = measure_of(data, bytes);
        json_error_t why;
        json_t *json;

        if (bytes == 0)
                return err_set(err, RC_INVALID, "the body is empty where JSON is expected");
        if (measure.deepest > JSONX_MAX_DEPTH)
                return err_set(err, RC_INVALID, "JSON nested deeper than %d levels",
                               JSONX_MAX_DEPTH);
        if (measure.values > JSONX_MAX_VALUES)
                return err_set(err, RC_INVALID, "JSON of more than %d values", JSONX_MAX_VALUES);
        json = json_loadb(data, bytes, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
        if (!json)
                return err_set(err, RC_INVALID, "not JSON: %.120s (line %d)", why.text, why.line);
        *ret = json;
        return RC_OK;
}

enum rc jsonx_parse_object(const char *data, size_t bytes, json_t **ret, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *json = NULL;
        enum rc rc;

        rc = jsonx_parse(data, bytes, &json, err);
        if (rc != RC_OK)
                return rc;
        if (!json_is_object(json))
                return err_set(err, RC_INVALID, "a JSON object is expected");
        *ret = json;
        json = NULL;
        return RC_OK;
}

/* RC_OK with *ret set, RC_END when absent and that is fine, RC_INVALID otherwise. */
static enum rc field_get(const json_t *object, const char *field, enum jsonx_need need,
                         const json_t **ret, struct err *err)
{
        const json_t *value = json_object_get(object, field);

        if (value && !json_is_null(value)) {
                *ret = value;
                return RC_OK;
        }
        if (need == JSONX_MUST)
                return err_set(err, RC_INVALID, "the field \"%s\" is missing", field);
        return RC_END;
}

enum rc jsonx_get_text(const json_t *object, const char *field, enum jsonx_need need,
                       size_t max_bytes, const char **ret, struct err *err)
{
        const json_t *value = NULL;
        enum rc rc;

        rc = field_get(object, field, need, &value, err);
        if (rc != RC_OK)
                return rc == RC_END ? RC_OK : rc;
        if (!json_is_string(value))
                return err_set(err, RC_INVALID, "the field \"%s\" must be text", field);
        if (json_string_length(value) > max_bytes)
                return err_set(err, RC_INVALID, "the field \"%s\" is longer than %zu bytes", field,
                               max_bytes);
        *ret = json_string_value(value);
        return RC_OK;
}

enum rc jsonx_get_int(const json_t *object, const char *field, enum jsonx_need need, int64_t min,
                      int64_t max, int64_t *ret, struct err *err)
{
        const json_t *value = NULL;
        enum rc rc;

        rc = field_get(object, field, need, &value, err);
        if (rc != RC_OK)
                return rc == RC_END ? RC_OK : rc;
        if (!json_is_integer(value))
                return err_set(err, RC_INVALID, "the field \"%s\" must be a whole number", field);
        if (json_integer_value(value) < min || json_integer_value(value) > max)
                return err_set(err, RC_INVALID,
                               "the field \"%s\" must lie between %" PRId64 " and %" PRId64, field,
                               min, max);
        *ret = json_integer_value(value);
        return RC_OK;
}

enum rc jsonx_get_bool(const json_t *object, const char *field, enum jsonx_need need, bool *ret,
                       struct err *err)
{
        const json_t *value = NULL;
        enum rc rc;

        rc = field_get(object, field, need, &value, err);
        if (rc != RC_OK)
                return rc == RC_END ? RC_OK : rc;
        if (!json_is_boolean(value))
                return err_set(err, RC_INVALID, "the field \"%s\" must be true or false", field);
        *ret = json_is_true(value);
        return RC_OK;
}

enum rc jsonx_get_array(const json_t *object, const char *field, enum jsonx_need need,
                        size_t max_items, const json_t **ret, struct err *err)
{
        const json_t *value = NULL;
        enum rc rc;

        rc = field_get(object, field, need, &value, err);
        if (rc != RC_OK)
                return rc == RC_END ? RC_OK : rc;
        if (!json_is_array(value))
                return err_set(err, RC_INVALID, "the field \"%s\" must be a list", field);
        if (json_array_size(value) > max_items)
                return err_set(err, RC_INVALID, "the field \"%s\" lists more than %zu items", field,
                               max_items);
        *ret = value;
        return RC_OK;
}

enum rc jsonx_get_object(const json_t *object, const char *field, enum jsonx_need need,
                         const json_t **ret, struct err *err)
{
        const json_t *value = NULL;
        enum rc rc;

        rc = field_get(object, field, need, &value, err);
        if (rc != RC_OK)
                return rc == RC_END ? RC_OK : rc;
        if (!json_is_object(value))
                return err_set(err, RC_INVALID, "the field \"%s\" must be an object", field);
        *ret = value;
        return RC_OK;
}

static int dump_piece(const char *piece, size_t bytes, void *out)
{
        buf_append(out, piece, bytes);
        return 0;
}

void jsonx_dump(struct buf *out, const json_t *json)
{
        if (!json || json_dump_callback(json, dump_piece, out,
                                        JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY) < 0)
                out->failed = true;
}
