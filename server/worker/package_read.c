/* SPDX-License-Identifier: Apache-2.0 */
#include "server/worker/package_read.h"
#include "core/model/component.h"
#include "core/model/name.h"
#include <string.h>

struct text_row {
        const char *field;
        size_t max_bytes;
        size_t offset;
};

#define ROW(field, max, member)                                                                    \
        {                                                                                          \
                field, max, offsetof(struct package_info, member)                                  \
        }

/* Bytes: four times the characters that snap.yaml may have. */
static const struct text_row text_rows[] = {
        ROW("name", NAME_SNAP_MAX, name),
        ROW("version", 32, version),
        ROW("type", 16, type),
        ROW("base", NAME_SNAP_MAX, base),
        ROW("confinement", 16, confinement),
        ROW("grade", 16, grade),
        ROW("title", 160, title),
        ROW("summary", 1024, summary),
        ROW("description", 16 * KIB, description),
        ROW("license", 2048, license),
        ROW("contact", 4096, contact),
        ROW("website", 4096, website),
        ROW("provenance", 64, provenance),
        ROW("compression", 16, compression),
        ROW("snap-yaml", SNAP_YAML_MAX, snap_yaml),
};

static enum rc keep(struct arena *arena, const char *text, const char **ret, struct err *err)
{
        *ret = arena_strdup(arena, text);
        return *ret ? RC_OK : err_set(err, RC_NOMEM, "no memory for what a package says");
}

static enum rc read_texts(const json_t *json, struct arena *arena, struct package_info *info,
                          struct err *err)
{
        for (size_t i = 0; i < ARRAY_COUNT(text_rows); i++) {
                const struct text_row *row = &text_rows[i];
                const char **to = (const char **)(void *)((char *)info + row->offset);
                const char *text = "";
                enum rc rc;

                rc = jsonx_get_text(json, row->field, JSONX_MUST, row->max_bytes, &text, err);
                if (rc == RC_OK)
                        rc = keep(arena, text, to, err);
                if (rc != RC_OK)
                        return rc;
        }
        if (!name_is_snap(info->name) || !*info->version ||
            (*info->base && strcmp(info->base, "none") != 0 && !name_is_snap(info->base)) ||
            !name_is_provenance(info->provenance))
                return err_set(err, RC_INVALID,
                               "the worker's answer has a field that no package has");
        return RC_OK;
}

static enum rc read_archs(const json_t *json, struct arena *arena, struct package_info *info,
                          struct err *err)
{
        const json_t *list = NULL;
        enum rc rc =
                jsonx_get_array(json, "architectures", JSONX_MUST, PACKAGE_ARCHS_MAX, &list, err);

        for (size_t i = 0; rc == RC_OK && i < json_array_size(list); i++) {
                const char *arch = json_string_value(json_array_get(list, i));

                if (!arch || !name_is_arch(arch))
                        return err_set(err, RC_INVALID, "an architecture that is none");
                rc = keep(arena, arch, &info->archs[info->arch_count++], err);
        }
        if (rc == RC_OK && !info->arch_count)
                return err_set(err, RC_INVALID, "no architecture");
        return rc;
}

static enum rc read_numbers(const json_t *json, const char *field, uint32_t *ret, size_t *ret_count,
                            struct err *err)
{
        const json_t *list = NULL;
        const enum rc rc = jsonx_get_array(json, field, JSONX_MUST, EPOCH_MAX, &list, err);

        if (rc != RC_OK)
                return rc;
        for (size_t i = 0; i < json_array_size(list); i++) {
                const json_t *item = json_array_get(list, i);
                const json_int_t number = json_integer_value(item);

                if (!json_is_integer(item) || number < 0 || number > UINT32_MAX)
                        return err_set(err, RC_INVALID, "an epoch that is none");
                ret[(*ret_count)++] = (uint32_t)number;
        }
        return *ret_count ? RC_OK : err_set(err, RC_INVALID, "an empty epoch");
}

static enum rc read_epoch(const json_t *json, struct epoch *ret, struct err *err)
{
        const json_t *epoch = NULL;
        enum rc rc = jsonx_get_object(json, "epoch", JSONX_MUST, &epoch, err);

        if (rc == RC_OK)
                rc = read_numbers(epoch, "read", ret->read, &ret->read_count, err);
        if (rc == RC_OK)
                rc = read_numbers(epoch, "write", ret->write, &ret->write_count, err);
        return rc;
}

static enum rc read_app(const json_t *item, struct arena *arena, struct package_app *ret,
                        struct err *err)
{
        const char *name = "";
        const char *common_id = "";
        enum rc rc;

        if (!json_is_object(item))
                return err_set(err, RC_INVALID, "an app that is none");
        rc = jsonx_get_text(item, "name", JSONX_MUST, 128, &name, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(item, "common-id", JSONX_MUST, 1024, &common_id, err);
        if (rc == RC_OK)
                rc = keep(arena, name, &ret->name, err);
        if (rc == RC_OK)
                rc = keep(arena, common_id, &ret->common_id, err);
        return rc;
}

static enum rc read_apps(const json_t *json, struct arena *arena, struct package_info *info,
                         struct err *err)
{
        const json_t *list = NULL;
        enum rc rc = jsonx_get_array(json, "apps", JSONX_MUST, PACKAGE_APPS_MAX, &list, err);

        if (rc != RC_OK || !json_array_size(list))
                return rc;
        info->apps = arena_alloc_array(arena, json_array_size(list), sizeof(*info->apps));
        if (!info->apps)
                return err_set(err, RC_NOMEM, "no memory for the apps");
        for (size_t i = 0; rc == RC_OK && i < json_array_size(list); i++)
                rc = read_app(json_array_get(list, i), arena, &info->apps[info->app_count++], err);
        return rc;
}

static enum rc read_component(const json_t *item, struct arena *arena,
                              struct package_component *ret, struct err *err)
{
        const char *name = "";
        const char *type = "";
        enum rc rc;

        rc = jsonx_get_text(item, "name", JSONX_MUST, NAME_SNAP_MAX, &name, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(item, "type", JSONX_MUST, 16, &type, err);
        if (rc != RC_OK)
                return rc;
        if (!name_is_snap(name) || !component_type_is_known(type))
                return err_set(err, RC_INVALID, "a component that is none");
        rc = keep(arena, name, &ret->name, err);
        return rc == RC_OK ? keep(arena, type, &ret->type, err) : rc;
}

/* Revisions from before there were components have none. */
static enum rc read_components(const json_t *json, struct arena *arena, struct package_info *info,
                               struct err *err)
{
        const json_t *list = NULL;
        enum rc rc =
                jsonx_get_array(json, "components", JSONX_MAY, PACKAGE_COMPONENTS_MAX, &list, err);

        if (rc != RC_OK || !json_array_size(list))
                return rc;
        info->components =
                arena_alloc_array(arena, json_array_size(list), sizeof(*info->components));
        if (!info->components)
                return err_set(err, RC_NOMEM, "no memory for the components");
        for (size_t i = 0; rc == RC_OK && i < json_array_size(list); i++) {
                const json_t *item = json_array_get(list, i);

                rc = json_is_object(item)
                             ? read_component(item, arena,
                                              &info->components[info->component_count++], err)
                             : err_set(err, RC_INVALID, "a component that is none");
        }
        return rc;
}

static void link_add(struct package_info *info, const char *kind, const char *url)
{
        if (link_url_is_valid(url))
                info->links[info->link_count++] = (struct package_link){kind, url};
}

static enum rc read_link(const json_t *item, struct arena *arena, struct package_info *info,
                         struct err *err)
{
        struct package_link *link = &info->links[info->link_count];
        const char *kind = "";
        const char *url = "";
        enum rc rc;

        rc = jsonx_get_text(item, "kind", JSONX_MUST, LINK_KIND_MAX, &kind, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(item, "url", JSONX_MUST, LINK_URL_MAX, &url, err);
        if (rc != RC_OK)
                return rc;
        if (!link_kind_is_valid(kind) || !link_url_is_valid(url))
                return err_set(err, RC_INVALID, "a link that is none");
        info->link_count++;
        rc = keep(arena, kind, &link->kind, err);
        return rc == RC_OK ? keep(arena, url, &link->url, err) : rc;
}

/* Revisions from before there were links have two texts, of which an address counts. */
static enum rc read_links(const json_t *json, struct arena *arena, struct package_info *info,
                          struct err *err)
{
        const json_t *list = NULL;
        enum rc rc = jsonx_get_array(json, "links", JSONX_MAY, LINKS_MAX, &list, err);

        if (rc != RC_OK)
                return rc;
        info->links =
                arena_alloc_array(arena, list ? json_array_size(list) : 2, sizeof(*info->links));
        if (!info->links)
                return err_set(err, RC_NOMEM, "no memory for the links");
        if (!list) {
                link_add(info, "contact", info->contact);
                link_add(info, "website", info->website);
        }
        for (size_t i = 0; rc == RC_OK && i < json_array_size(list); i++) {
                const json_t *item = json_array_get(list, i);

                rc = json_is_object(item) ? read_link(item, arena, info, err)
                                          : err_set(err, RC_INVALID, "a link that is none");
        }
        return rc;
}

enum rc package_read(const json_t *json, struct arena *arena, struct package_info *ret,
                     struct err *err)
{
        struct package_info info = {.name = NULL};
        enum rc rc = read_texts(json, arena, &info, err);

        if (rc == RC_OK)
                rc = read_archs(json, arena, &info, err);
        if (rc == RC_OK)
                rc = read_epoch(json, &info.epoch, err);
        if (rc == RC_OK)
                rc = read_apps(json, arena, &info, err);
        if (rc == RC_OK)
                rc = read_components(json, arena, &info, err);
        if (rc == RC_OK)
                rc = read_links(json, arena, &info, err);
        if (rc == RC_OK)
                *ret = info;
        return rc;
}
