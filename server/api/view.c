/* SPDX-License-Identifier: Apache-2.0 */
#include "server/api/view.h"
#include "server/api/download.h"
#include "server/api/media.h"
#include "server/worker/package_read.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define VIEW_MAX (2 * MIB)

struct view {
        uint32_t offset[VIEW_FIELD_COUNT + 1]; /* field i is text[offset[i]..offset[i+1]) */
        uint32_t head;                         /* bytes of the head, which comes first in text */
        char text[];                           /* every piece ends with a comma */
};

static const char *const field_names[] = {
#define X(name, text) text,
        VIEW_FIELDS(X)
#undef X
};

unsigned view_field_bit(const char *name)
{
        if (strcmp(name, "download") == 0)
                return VIEW_BIT(VIEW_DOWNLOAD);
        if (strcmp(name, "channel-map") == 0)
                return VIEW_BIT(VIEW_CHANNEL_MAP);
        if (strcmp(name, "media") == 0)
                return VIEW_BIT(VIEW_MEDIA);
        if (strcmp(name, "store-url") == 0)
                return VIEW_BIT(VIEW_STORE_URL);
        if (strcmp(name, "resources") == 0)
                return VIEW_BIT(VIEW_RESOURCES);
        for (size_t i = 0; i < ARRAY_COUNT(field_names); i++)
                if (strcmp(field_names[i], name) == 0)
                        return VIEW_BIT(i);
        return 0;
}

unsigned view_fields_parse(const char *list)
{
        unsigned fields = 0;
        char name[32];

        if (!list || !*list)
                return VIEW_ALL;
        while (*list) {
                const size_t length = strcspn(list, ",");

                if (length < sizeof(name)) {
                        memcpy(name, list, length);
                        name[length] = '\0';
                        fields |= view_field_bit(name);
                }
                list += length + (list[length] == ',');
        }
        return fields;
}

/* --- rendering one field --- */

static void texts_put(struct buf *out, const char *const *items, size_t count)
{
        buf_char(out, '[');
        for (size_t i = 0; i < count; i++) {
                buf_text(out, i ? "," : "");
                buf_json_string(out, items[i]);
        }
        buf_char(out, ']');
}

static void numbers_put(struct buf *out, const uint32_t *items, size_t count)
{
        buf_char(out, '[');
        for (size_t i = 0; i < count; i++)
                buf_printf(out, "%s%" PRIu32, i ? "," : "", items[i]);
        buf_text(out, count ? "]" : "0]");
}

static void epoch_put(struct buf *out, const struct epoch *epoch)
{
        buf_text(out, "{\"read\":");
        numbers_put(out, epoch->read, epoch->read_count);
        buf_text(out, ",\"write\":");
        numbers_put(out, epoch->write, epoch->write_count);
        buf_char(out, '}');
}

static void publisher_put(struct buf *out, const struct catalog_package *package)
{
        buf_text(out, "{\"id\":");
        buf_json_string(out, package->publisher_id);
        buf_text(out, ",\"username\":");
        buf_json_string(out, package->publisher_username);
        buf_text(out, ",\"display-name\":");
        buf_json_string(out, package->publisher_display_name);
        buf_text(out, ",\"validation\":");
        buf_json_string(out, package->publisher_validation);
        buf_char(out, '}');
}

static void common_ids_put(struct buf *out, const struct package_info *info)
{
        const char *sep = "";

        buf_char(out, '[');
        for (size_t i = 0; i < info->app_count; i++) {
                if (!*info->apps[i].common_id)
                        continue;
                buf_text(out, sep);
                buf_json_string(out, info->apps[i].common_id);
                sep = ",";
        }
        buf_char(out, ']');
}

static void categories_put(struct buf *out, const struct catalog_package *package)
{
        buf_char(out, '[');
        for (size_t i = 0; i < package->category_count; i++) {
                const char *name = package->categories[i];

                buf_text(out, i ? ",{\"featured\":" : "{\"featured\":");
                buf_text(out, strcmp(name, CATEGORY_FEATURED) == 0 ? "true" : "false");
                buf_text(out, ",\"name\":");
                buf_json_string(out, name);
                buf_char(out, '}');
        }
        buf_char(out, ']');
}

static const char *first_text(const char *edited, const char *own)
{
        return *edited ? edited : own;
}

static void field_put(struct buf *out, enum view_field field, const struct catalog_package *package,
                      const struct catalog_revision *revision)
{
        const struct package_info *info = &revision->info;
        char when[CLOCK_CHARS + 1];

        switch (field) {
        case VIEW_ARCHITECTURES:
                texts_put(out, info->archs, info->arch_count);
                return;
        case VIEW_BASE:
                buf_json_string(out, info->base);
                return;
        case VIEW_CONFINEMENT:
                buf_json_string(out, info->confinement);
                return;
        case VIEW_CONTACT:
                buf_json_string(out, view_link_first(package, info, "contact"));
                return;
        case VIEW_CREATED_AT:
                clock_format(revision->created, when);
                buf_json_string(out, when);
                return;
        case VIEW_DESCRIPTION:
                buf_json_string(out, first_text(package->description, info->description));
                return;
        case VIEW_EPOCH:
                epoch_put(out, &info->epoch);
                return;
        case VIEW_GRADE:
                buf_json_string(out, info->grade);
                return;
        case VIEW_LICENSE:
                buf_json_string(out, info->license);
                return;
        case VIEW_PRIVATE:
                buf_text(out, package->is_private ? "true" : "false");
                return;
        case VIEW_PUBLISHER:
                publisher_put(out, package);
                return;
        case VIEW_SNAP_YAML:
                buf_json_string(out, info->snap_yaml);
                return;
        case VIEW_SUMMARY:
                buf_json_string(out, first_text(package->summary, info->summary));
                return;
        case VIEW_TITLE:
                buf_json_string(out, first_text(package->title, info->title));
                return;
        case VIEW_TYPE:
                buf_json_string(out, info->type);
                return;
        case VIEW_VERSION:
                buf_json_string(out, info->version);
                return;
        case VIEW_WEBSITE:
                buf_json_string(out, view_link_first(package, info, "website"));
                return;
        case VIEW_COMMON_IDS:
                common_ids_put(out, info);
                return;
        case VIEW_LINKS:
                view_links_put(out, package, info);
                return;
        case VIEW_PRICES: /* nothing is for sale; any entry would mark the snap as paid */
                buf_text(out, "{}");
                return;
        case VIEW_CATEGORIES:
                categories_put(out, package);
                return;
        case VIEW_FIELD_COUNT:
        case VIEW_CHANNEL_MAP:
        case VIEW_MEDIA:
        case VIEW_RESOURCES:
        case VIEW_STORE_URL:
                return;
        }
}

/* --- the catalog's hooks --- */

static void head_put(struct buf *out, const struct catalog_package *package,
                     const struct catalog_revision *revision)
{
        buf_text(out, "\"name\":");
        buf_json_string(out, package->name);
        buf_text(out, ",\"snap-id\":");
        buf_json_string(out, package->snap_id);
        buf_printf(out, ",\"revision\":%" PRIu64 ",", revision->number);
}

static void *revision_view(const struct catalog_package *package,
                           const struct catalog_revision *revision)
{
        CLEANUP(buf_fini) struct buf out = BUF_INIT(VIEW_MAX);
        uint32_t offset[VIEW_FIELD_COUNT + 1];
        uint32_t head;
        struct view *view;

        head_put(&out, package, revision);
        head = (uint32_t)out.len;
        for (int i = 0; i < VIEW_FIELD_COUNT; i++) {
                offset[i] = (uint32_t)out.len;
                buf_json_string(&out, field_names[i]);
                buf_char(&out, ':');
                field_put(&out, (enum view_field)i, package, revision);
                buf_char(&out, ',');
        }
        offset[VIEW_FIELD_COUNT] = (uint32_t)out.len;
        if (buf_finish(&out, NULL) != RC_OK)
                return NULL;
        view = malloc(sizeof(*view) + out.len);
        if (!view)
                return NULL;
        memcpy(view->offset, offset, sizeof(offset));
        view->head = head;
        memcpy(view->text, out.data, out.len);
        return view;
}

static enum rc info_parse(const char *text, struct arena *arena, struct package_info *ret,
                          struct err *err)
{
        CLEANUP(jsonx_decref) json_t *json = NULL;
        enum rc rc;

        rc = jsonx_parse_object(text, strlen(text), &json, err);
        return rc == RC_OK ? package_read(json, arena, ret, err) : rc;
}

const struct catalog_hooks api_catalog_hooks = {
        .revision_view = revision_view,
        .view_free = free,
        .info_parse = info_parse,
};

/* --- answering --- */

static void download_put(struct buf *out, const struct view_links *links,
                         const struct catalog_package *package,
                         const struct catalog_revision *revision)
{
        buf_text(out, "\"download\":{\"url\":");
        download_url_put(out, links, package, revision, NULL);
        buf_printf(out, ",\"size\":%" PRIu64 ",\"sha3-384\":\"%s\",\"deltas\":[", revision->bytes,
                   revision->digest_hex);
        download_deltas_put(out, links, package, revision);
        buf_text(out, "]},");
}

static void media_field_put(struct buf *out, const struct view_links *links,
                            const struct catalog_package *package,
                            const struct catalog_revision *revision)
{
        buf_text(out, "\"media\":[");
        media_put(out, links, package, revision);
        buf_text(out, "],");
}

static void store_url_put(struct buf *out, const struct view_links *links,
                          const struct catalog_package *package)
{
        buf_printf(out, "\"store-url\":\"%s/%s\",", links->page_url, package->name);
}

static void resource_put(struct buf *out, const struct view_links *links,
                         const struct catalog_package *package,
                         const struct catalog_resource *resource)
{
        char when[CLOCK_CHARS + 1];

        clock_format(resource->created, when);
        buf_printf(out, "{\"type\":\"component/%s\",\"name\":\"%s\",\"revision\":%" PRIu64,
                   resource->type, resource->name, resource->number);
        buf_text(out, ",\"version\":");
        buf_json_string(out, resource->version);
        buf_printf(out, ",\"created-at\":\"%s\",\"description\":", when);
        buf_json_string(out, resource->description);
        buf_text(out, ",\"download\":{\"url\":");
        download_resource_url_put(out, links, package, resource);
        buf_printf(out, ",\"size\":%" PRIu64 ",\"sha3-384\":\"%s\",\"deltas\":[]}}",
                   resource->bytes, resource->digest_hex);
}

static void resources_put(struct buf *out, const struct view_links *links,
                          const struct catalog_package *package,
                          const struct catalog_revision *revision)
{
        buf_text(out, "\"resources\":[");
        for (size_t i = 0; i < revision->resource_count; i++) {
                buf_text(out, i ? "," : "");
                resource_put(out, links, package, &revision->resources[i]);
        }
        buf_text(out, "],");
}

void view_append(struct buf *out, const struct view_links *links,
                 const struct catalog_package *package, const struct catalog_revision *revision)
{
        const struct view *view = revision->view;

        if (!view) { /* rendering had no memory */
                out->failed = true;
                return;
        }
        buf_append(out, view->text, view->head);
        if (links->fields & VIEW_BIT(VIEW_DOWNLOAD))
                download_put(out, links, package, revision);
        if (links->fields & VIEW_BIT(VIEW_RESOURCES))
                resources_put(out, links, package, revision);
        if (links->fields & VIEW_BIT(VIEW_MEDIA))
                media_field_put(out, links, package, revision);
        if (links->fields & VIEW_BIT(VIEW_STORE_URL) && links->page_url && *links->page_url)
                store_url_put(out, links, package);
        for (int i = 0; i < VIEW_FIELD_COUNT; i++) {
                int last = i;

                if (!(links->fields & VIEW_BIT(i)))
                        continue;
                /* Neighbours go in one piece. */
                while (last < VIEW_FIELD_COUNT && links->fields & VIEW_BIT(last))
                        last++;
                buf_append(out, view->text + view->offset[i], view->offset[last] - view->offset[i]);
                i = last;
        }
        if (out->len && !out->failed)
                out->data[--out->len] = '\0'; /* the last comma */
}
