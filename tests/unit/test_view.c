/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON of a revision, read back: the forms that a strict client needs, for every field alone
 * and for all of them. */
#include "server/api/view.h"
#include "tests/lib/catalog_make.h"
#include "tests/lib/check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char text[] = "package tool title=<&\"\\>\n"
                           "revision 1 arch=amd64,arm64 epoch=0,1/1\n"
                           "revision 2 epoch=/\n"
                           "delta 1 2 xdelta3\n"
                           "package secret private type=snapd\nrevision 7\n"
                           "package faraway store=zeta\nrevision 1\n";

static const struct {
        const char *name;
        json_type type;
} fields[] = {
        {"architectures", JSON_ARRAY}, {"base", JSON_STRING},       {"confinement", JSON_STRING},
        {"contact", JSON_STRING},      {"created-at", JSON_STRING}, {"description", JSON_STRING},
        {"epoch", JSON_OBJECT},        {"grade", JSON_STRING},      {"license", JSON_STRING},
        {"prices", JSON_OBJECT},       {"publisher", JSON_OBJECT},  {"snap-yaml", JSON_STRING},
        {"summary", JSON_STRING},      {"title", JSON_STRING},      {"type", JSON_STRING},
        {"version", JSON_STRING},      {"website", JSON_STRING},    {"media", JSON_ARRAY},
        {"common-ids", JSON_ARRAY},    {"links", JSON_OBJECT},      {"categories", JSON_ARRAY},
        {"download", JSON_OBJECT},     {"private", JSON_FALSE},
};

static struct world world;
static const struct catalog *catalog;

static struct view_links links_of(unsigned mask)
{
        return (struct view_links){.world = &world,
                                   .base_url = "https://store.example",
                                   .fields = mask,
                                   .now = (usec_t)1800000000 * USEC_PER_SEC};
}

static json_t *view_read(const struct view_links *links, const char *name, uint64_t number)
{
        CLEANUP(buf_fini) struct buf out = BUF_INIT(MIB);
        const struct catalog_package *package =
                catalog_find_name(catalog, strcmp(name, "faraway") ? "acme" : "zeta", name);
        json_t *json = NULL;
        struct err err = {0};

        buf_char(&out, '{');
        view_append(&out, links, package, catalog_find_revision(package, number));
        buf_char(&out, '}');
        CHECK_RC(buf_finish(&out, &err), RC_OK, &err);
        CHECK_RC(jsonx_parse_object(out.data, out.len, &json, &err), RC_OK, &err);
        return json;
}

static const char *text_of(const json_t *json, const char *name)
{
        return json_string_value(json_object_get(json, name));
}

static bool type_is(const json_t *value, json_type type)
{
        return type == JSON_FALSE ? json_is_boolean(value) : value && json_typeof(value) == type;
}

static void head_check(const json_t *json, const char *name, uint64_t number)
{
        CHECK_TEXT(text_of(json, "name"), name);
        CHECK(text_of(json, "snap-id") && strlen(text_of(json, "snap-id")) == 32);
        CHECK(json_is_integer(json_object_get(json, "revision")));
        CHECK_INT(json_integer_value(json_object_get(json, "revision")), number);
}

static void numbers_check(const json_t *list)
{
        CHECK(json_is_array(list) && json_array_size(list) > 0);
        for (size_t i = 0; i < json_array_size(list); i++)
                CHECK(json_is_integer(json_array_get(list, i)));
}

/* What a strict client would refuse the whole answer for. */
static void forms_check(const json_t *json)
{
        static const char *const types[] = {"app", "base", "gadget", "kernel", "os", "snapd"};
        const json_t *epoch = json_object_get(json, "epoch");
        const char *type = text_of(json, "type");
        bool known = false;
        usec_t when;

        numbers_check(json_object_get(epoch, "read"));
        numbers_check(json_object_get(epoch, "write"));
        CHECK_INT(json_object_size(json_object_get(json, "prices")), 0);
        for (size_t i = 0; i < ARRAY_COUNT(types); i++)
                known = known || strcmp(type, types[i]) == 0;
        CHECK(known);
        CHECK_RC(clock_parse(text_of(json, "created-at"), &when), RC_OK, NULL);
        CHECK(json_array_size(json_object_get(json, "architectures")) > 0);
        CHECK_TEXT(text_of(json_object_get(json, "publisher"), "id"), "acme");
        CHECK(text_of(json_object_get(json, "publisher"), "username"));
        CHECK(text_of(json_object_get(json, "publisher"), "display-name"));
        CHECK_TEXT(text_of(json_object_get(json, "publisher"), "validation"), "unproven");
}

static void download_check(const json_t *json, const char *name, uint64_t number)
{
        const json_t *download = json_object_get(json, "download");
        const char *digest = text_of(download, "sha3-384");
        const char *url = text_of(download, "url");
        char want[128];
        char id[33];

        catalog_make_id(name, id);
        snprintf(want, sizeof(want), "https://store.example/api/v1/snaps/download/%s_%llu.snap", id,
                 (unsigned long long)number);
        CHECK(url && strncmp(url, want, strlen(want)) == 0);
        CHECK_INT(json_integer_value(json_object_get(download, "size")), 1000 + number);
        CHECK(json_is_integer(json_object_get(download, "size")));
        CHECK(digest && strlen(digest) == DIGEST_HEX_CHARS &&
              strspn(digest, "0123456789abcdef") == DIGEST_HEX_CHARS);
        CHECK(json_is_array(json_object_get(download, "deltas")));
}

static void all_check(const char *name, uint64_t number)
{
        const struct view_links links = links_of(VIEW_ALL);
        CLEANUP(jsonx_decref) json_t *json = view_read(&links, name, number);

        check_case("%s %llu", name, (unsigned long long)number);
        head_check(json, name, number);
        for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
                check_case("%s %llu: %s", name, (unsigned long long)number, fields[i].name);
                CHECK(type_is(json_object_get(json, fields[i].name), fields[i].type));
        }
        CHECK_INT(json_object_size(json), ARRAY_COUNT(fields) + 3);
        forms_check(json);
        download_check(json, name, number);
}

/* Each pair of fields, so that neighbours and strangers are both tried; also each alone. */
static void masks_check(void)
{
        for (size_t i = 0; i < ARRAY_COUNT(fields); i++)
                for (size_t k = i; k < ARRAY_COUNT(fields); k++) {
                        const struct view_links links = links_of(view_field_bit(fields[i].name) |
                                                                 view_field_bit(fields[k].name));
                        CLEANUP(jsonx_decref) json_t *json = view_read(&links, "tool", 1);

                        check_case("%s and %s", fields[i].name, fields[k].name);
                        head_check(json, "tool", 1);
                        CHECK_INT(json_object_size(json), 3 + 1 + (i != k));
                        CHECK(type_is(json_object_get(json, fields[i].name), fields[i].type));
                        CHECK(type_is(json_object_get(json, fields[k].name), fields[k].type));
                }
        check_case("none");
        {
                const struct view_links links = links_of(0);
                CLEANUP(jsonx_decref) json_t *json = view_read(&links, "tool", 1);

                CHECK_INT(json_object_size(json), 3);
                head_check(json, "tool", 1);
        }
}

static void names_check(void)
{
        check_case("field names");
        CHECK_INT(view_field_bit("no-such"), 0);
        CHECK_INT(view_field_bit(""), 0);
        CHECK_INT(view_field_bit("name"), 0);
        CHECK_INT(view_fields_parse(NULL), VIEW_ALL);
        CHECK_INT(view_fields_parse(""), VIEW_ALL);
        CHECK_INT(view_fields_parse("no-such"), 0);
        CHECK_INT(view_fields_parse("base,,type,no-such,"),
                  view_field_bit("base") | view_field_bit("type"));
        CHECK_INT(view_fields_parse(",,,"), 0);
        CHECK_INT(view_fields_parse("channel-map"), VIEW_BIT(VIEW_CHANNEL_MAP));
        for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
                check_case("%s", fields[i].name);
                CHECK(view_field_bit(fields[i].name) != 0);
                CHECK((view_field_bit(fields[i].name) & VIEW_ALL) != 0);
        }
        CHECK_INT(ARRAY_COUNT(fields), VIEW_FIELD_COUNT + 2);
}

static size_t deltas_of(const char *formats, uint64_t source, uint64_t number)
{
        struct view_links links = links_of(VIEW_BIT(VIEW_DOWNLOAD));

        links.delta_formats = formats;
        links.source = source;
        CLEANUP(jsonx_decref) json_t *json = view_read(&links, "tool", number);
        const json_t *deltas = json_object_get(json_object_get(json, "download"), "deltas");
        const json_t *one = json_array_get(deltas, 0);

        if (one) {
                CHECK_TEXT(text_of(one, "format"), "xdelta3");
                CHECK_INT(json_integer_value(json_object_get(one, "source")), 1);
                CHECK_INT(json_integer_value(json_object_get(one, "target")), 2);
                CHECK(json_is_integer(json_object_get(one, "size")));
                CHECK_INT(strlen(text_of(one, "sha3-384")), DIGEST_HEX_CHARS);
                CHECK(strstr(text_of(one, "url"), "_1_2_xdelta3.delta") != NULL);
        }
        return json_array_size(deltas);
}

static void deltas_check(void)
{
        check_case("deltas");
        CHECK_INT(deltas_of("xdelta3", 1, 2), 1);
        CHECK_INT(deltas_of("snap-1-1-xdelta3,xdelta3", 1, 2), 1);
        CHECK_INT(deltas_of(NULL, 1, 2), 0);
        CHECK_INT(deltas_of("", 1, 2), 0);
        CHECK_INT(deltas_of("bsdiff", 1, 2), 0);
        CHECK_INT(deltas_of("xdelta", 1, 2), 0);
        CHECK_INT(deltas_of("xdelta3", 0, 2), 0);
        CHECK_INT(deltas_of("xdelta3", 2, 2), 0);
        CHECK_INT(deltas_of("xdelta3", 3, 2), 0);
        CHECK_INT(deltas_of("xdelta3", 2, 1), 0);
        check_promise("a format that is named twice gives one entry");
        CHECK_INT(deltas_of("xdelta3,xdelta3", 1, 2), 1);
        check_promise("a header that names formats by the thousand costs no more than a short one");
        CHECK_INT(deltas_of("a, b, c, d, e, f, g, xdelta3", 1, 2), 1);
        CHECK_INT(deltas_of("a,b,c,d,e,f,g,h,xdelta3", 1, 2), 0);
}

static void text_check(void)
{
        const struct view_links links = links_of(VIEW_ALL);
        CLEANUP(jsonx_decref) json_t *json = view_read(&links, "tool", 2);
        CLEANUP(jsonx_decref) json_t *secret = view_read(&links, "secret", 7);
        CLEANUP(jsonx_decref) json_t *faraway = view_read(&links, "faraway", 1);
        const char *url = text_of(json_object_get(secret, "download"), "url");

        check_case("texts");
        CHECK_TEXT(text_of(json, "title"), "<&\"\\>");
        CHECK_TEXT(text_of(json, "summary"), "a \"summary\"\n");
        CHECK_TEXT(text_of(json, "snap-yaml"), "name: tool\nversion: 1.2\n");
        check_promise("a private package's address carries a ticket, a public one's never");
        CHECK(json_is_true(json_object_get(secret, "private")));
        CHECK(url && strstr(url, "?ticket="));
        url = text_of(json_object_get(json, "download"), "url");
        CHECK(url && !strchr(url, '?'));
        check_promise("so does that of another store's: who fetches it may name no store");
        url = text_of(json_object_get(faraway, "download"), "url");
        CHECK(url && strstr(url, "?ticket="));
}

int main(void)
{
        static const uint8_t key[32] = "a key";
        struct catalog *made = catalog_make(text, NULL, &api_catalog_hooks);
        CLEANUP(conf_freep) struct conf *conf = NULL;
        struct err err = {0};

        check_promise("libraries start");
        CHECK_RC(crypto_init(&err), RC_OK, &err);
        CHECK_RC(conf_new(settings_rows, SET_COUNT, &conf, &err), RC_OK, &err);
        CHECK_RC(conf_set(conf, "store-id", "acme", &err), RC_OK, &err);
        world.conf = conf;
        world.server_key = secret_new_copy(key, sizeof(key));
        catalog = made;
        check_promise("every field has the form that clients need");
        all_check("tool", 1);
        all_check("tool", 2);
        all_check("secret", 7);
        check_promise("what was asked for is sent, and nothing else");
        masks_check();
        check_promise("every field has a name, and other names are ignored");
        names_check();
        check_promise("a delta is offered to who can use it");
        deltas_check();
        check_promise("texts pass unchanged");
        text_check();
        catalog_root_freep(&made);
        secret_freep(&world.server_key);
        return check_end();
}
