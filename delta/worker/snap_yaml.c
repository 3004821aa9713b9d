/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/worker/snap_yaml.h"
#include "core/model/component.h"
#include "core/model/name.h"
#include "delta/worker/snap_epoch.h"
#include "delta/worker/yaml_tree.h"
#include <ctype.h>
#include <string.h>

#define VERSION_MAX     32
#define TITLE_MAX       40 /* these count characters, not bytes */
#define SUMMARY_MAX     256
#define DESCRIPTION_MAX 4096
#define LINK_MAX        1024
#define LICENSE_MAX     512
#define APP_NAME_MAX    128
#define COMMON_ID_MAX   256

/* A text field, its bound, and where it goes. */
struct text_field {
        const char *key;
        size_t max_chars;
        size_t offset;
        const char *standard;
};

#define FIELD(key, max, member, standard)                                                          \
        {                                                                                          \
                key, max, offsetof(struct package_info, member), standard                          \
        }

static const struct text_field text_fields[] = {
        FIELD("name", NAME_SNAP_MAX, name, ""),
        FIELD("version", VERSION_MAX, version, ""),
        FIELD("type", 16, type, "app"),
        FIELD("base", NAME_SNAP_MAX, base, ""),
        FIELD("confinement", 16, confinement, "strict"),
        FIELD("grade", 16, grade, "stable"),
        FIELD("title", TITLE_MAX, title, ""),
        FIELD("summary", SUMMARY_MAX, summary, ""),
        FIELD("description", DESCRIPTION_MAX, description, ""),
        FIELD("license", LICENSE_MAX, license, ""),
        FIELD("provenance", 64, provenance, "global-upload"),
};

static enum rc refuse(struct err *err, const char *field, const char *why)
{
        char code[48] = "snap-yaml-";

        strncat(code, field, sizeof(code) - sizeof("snap-yaml-"));
        return err_set_code(err, RC_INVALID, code, "snap.yaml: the %s %s", field, why);
}

static enum rc read_text(const struct yaml_node *node, const char *field, size_t max_chars,
                         const char **ret, struct err *err)
{
        if (!node || node->is_null)
                return RC_OK;
        if (node->kind != YAML_TEXT)
                return refuse(err, field, "is not a text");
        if (text_chars(node->text) > max_chars)
                return refuse(err, field, "is too long");
        *ret = node->text;
        return RC_OK;
}

static enum rc read_texts(const struct yaml_node *root, struct package_info *info, struct err *err)
{
        for (size_t i = 0; i < ARRAY_COUNT(text_fields); i++) {
                const struct text_field *field = &text_fields[i];
                const char **to = (const char **)(void *)((char *)info + field->offset);
                enum rc rc;

                *to = field->standard;
                rc = read_text(yaml_find(root, field->key), field->key, field->max_chars, to, err);
                if (rc != RC_OK)
                        return rc;
        }
        return RC_OK;
}

static bool is_one_of(const char *text, const char *const *words, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                if (strcmp(text, words[i]) == 0)
                        return true;
        }
        return false;
}

/* [a-zA-Z0-9](?:-?[a-zA-Z0-9])* */
static bool app_name_is_valid(const char *text)
{
        bool was_dash = true;

        if (!*text || strlen(text) > APP_NAME_MAX)
                return false;
        for (; *text; text++) {
                const bool dash = *text == '-';

                if (dash ? was_dash : !isalnum((unsigned char)*text))
                        return false;
                was_dash = dash;
        }
        return !was_dash;
}

static enum rc check_identity(struct package_info *info, struct err *err)
{
        static const char *const types[] = {"app", "base", "gadget", "kernel", "os", "snapd"};

        if (!*info->name)
                return refuse(err, "name", "is missing");
        if (!name_is_snap(info->name))
                return refuse(err, "name", "is not a package name (a-z, 0-9 and single dashes)");
        if (!*info->version)
                return refuse(err, "version", "is missing");
        if (!name_is_version(info->version))
                return refuse(err, "version", "is not valid (letters, digits and :.+~-, up to 32)");
        if (strcmp(info->type, "application") == 0)
                info->type = "app";
        if (strcmp(info->type, "core") == 0)
                info->type = "os";
        if (!is_one_of(info->type, types, ARRAY_COUNT(types)))
                return refuse(err, "type", "is none of app, base, gadget, kernel, os, snapd");
        if (*info->base && strcmp(info->base, "none") != 0 && !name_is_snap(info->base))
                return refuse(err, "base", "is not a package name");
        return RC_OK;
}

static enum rc check_words(const struct package_info *info, struct err *err)
{
        static const char *const confinements[] = {"strict", "classic", "devmode"};
        static const char *const grades[] = {"stable", "devel"};

        if (!is_one_of(info->confinement, confinements, ARRAY_COUNT(confinements)))
                return refuse(err, "confinement", "is none of strict, classic, devmode");
        if (!is_one_of(info->grade, grades, ARRAY_COUNT(grades)))
                return refuse(err, "grade", "is neither stable nor devel");
        if (!name_is_provenance(info->provenance))
                return refuse(err, "provenance", "is not valid");
        return RC_OK;
}

/* A text, or a list of which the first counts. */
static enum rc read_link(const struct yaml_node *root, const char *key, const char **ret,
                         struct err *err)
{
        const struct yaml_node *node = yaml_find(root, key);

        if (!node || node->is_null)
                node = yaml_find(yaml_find(root, "links"), key);
        if (node && node->kind == YAML_LIST)
                node = node->first;
        *ret = "";
        return read_text(node, key, LINK_MAX, ret, err);
}

static void add_link(struct package_info *info, const char *kind, const struct yaml_node *node)
{
        if (node->kind == YAML_TEXT && info->link_count < LINKS_MAX && link_kind_is_valid(kind) &&
            link_url_is_valid(node->text))
                info->links[info->link_count++] = (struct package_link){kind, node->text};
}

/* A text, or a list of them. */
static void add_links(struct package_info *info, const char *kind, const struct yaml_node *node)
{
        add_link(info, kind, node);
        if (node->kind != YAML_LIST)
                return;
        for (const struct yaml_node *item = node->first; item; item = item->next)
                add_link(info, kind, item);
}

static bool has_link(const struct package_info *info, const char *kind)
{
        for (size_t i = 0; i < info->link_count; i++)
                if (strcmp(info->links[i].kind, kind) == 0)
                        return true;
        return false;
}

/* What is no address is passed over: it is in snap_yaml for those who can use it. */
static enum rc read_links(const struct yaml_node *root, struct arena *arena,
                          struct package_info *info, struct err *err)
{
        static const char *const own[] = {"contact", "website", "issues", "source-code",
                                          "donation"};
        const struct yaml_node *links = yaml_find(root, "links");

        info->links = arena_alloc_array(arena, LINKS_MAX, sizeof(*info->links));
        if (!info->links)
                return err_set(err, RC_NOMEM, "no memory for the links");
        for (const struct yaml_node *node = links && links->kind == YAML_MAP ? links->first : NULL;
             node; node = node->next)
                add_links(info, node->key, node);
        for (size_t i = 0; i < ARRAY_COUNT(own); i++) {
                const struct yaml_node *node = yaml_find(root, own[i]);

                if (node && !has_link(info, own[i]))
                        add_links(info, own[i], node);
        }
        return RC_OK;
}

static enum rc add_arch(struct package_info *info, const char *arch, struct err *err)
{
        if (!name_is_arch(arch))
                return refuse(err, "architectures", "name one that is unknown");
        if (is_one_of(arch, info->archs, info->arch_count))
                return RC_OK;
        if (info->arch_count == PACKAGE_ARCHS_MAX)
                return refuse(err, "architectures", "are too many");
        info->archs[info->arch_count++] = arch;
        return RC_OK;
}

/* The texts of a list, or one text. */
static enum rc add_archs(struct package_info *info, const struct yaml_node *node, struct err *err)
{
        if (node->kind == YAML_TEXT)
                return add_arch(info, node->text, err);
        if (node->kind != YAML_LIST)
                return refuse(err, "architectures", "are not a list");
        for (const struct yaml_node *item = node->first; item; item = item->next) {
                enum rc rc;

                if (item->kind != YAML_TEXT)
                        return refuse(err, "architectures", "are not texts");
                rc = add_arch(info, item->text, err);
                if (rc != RC_OK)
                        return rc;
        }
        return RC_OK;
}

/* An item of the list: a text, or a map that says what it was built on and for. */
static const struct yaml_node *arch_of(const struct yaml_node *item)
{
        const struct yaml_node *target;

        if (item->kind != YAML_MAP)
                return item;
        target = yaml_find(item, "build-for");
        return target ? target : yaml_find(item, "build-on");
}

static enum rc read_archs(const struct yaml_node *root, struct package_info *info, struct err *err)
{
        const struct yaml_node *node = yaml_find(root, "architectures");
        enum rc rc = RC_OK;

        if (node && node->kind == YAML_LIST) {
                for (const struct yaml_node *item = node->first; item; item = item->next) {
                        const struct yaml_node *arch = arch_of(item);

                        if (!arch || (item->kind == YAML_LIST))
                                return refuse(err, "architectures", "are not texts");
                        rc = add_archs(info, arch, err);
                        if (rc != RC_OK)
                                return rc;
                }
        } else if (node && !node->is_null) {
                rc = add_archs(info, node, err);
        }
        if (rc == RC_OK && !info->arch_count)
                info->archs[info->arch_count++] = "all";
        return rc;
}

static enum rc read_apps(const struct yaml_node *root, struct arena *arena,
                         struct package_info *info, struct err *err)
{
        const struct yaml_node *apps = yaml_find(root, "apps");

        if (!apps || apps->is_null)
                return RC_OK;
        if (apps->kind != YAML_MAP)
                return refuse(err, "apps", "are not a map");
        if (apps->count > PACKAGE_APPS_MAX)
                return refuse(err, "apps", "are too many");
        info->apps = arena_alloc_array(arena, apps->count, sizeof(*info->apps));
        if (!info->apps)
                return err_set(err, RC_NOMEM, "no memory for the apps");
        for (const struct yaml_node *node = apps->first; node; node = node->next) {
                struct package_app *app = &info->apps[info->app_count++];
                enum rc rc;

                if (!app_name_is_valid(node->key))
                        return refuse(err, "apps", "have a name that is not valid");
                if (node->kind != YAML_MAP && !node->is_null)
                        return refuse(err, "apps", "are not maps");
                app->name = node->key;
                app->common_id = "";
                rc = read_text(yaml_find(node, "common-id"), "common-id", COMMON_ID_MAX,
                               &app->common_id, err);
                if (rc != RC_OK)
                        return rc;
        }
        return RC_OK;
}

static enum rc read_components(const struct yaml_node *root, struct arena *arena,
                               struct package_info *info, struct err *err)
{
        const struct yaml_node *components = yaml_find(root, "components");

        if (!components || components->is_null)
                return RC_OK;
        if (components->kind != YAML_MAP)
                return refuse(err, "components", "are not a map");
        if (components->count > PACKAGE_COMPONENTS_MAX)
                return refuse(err, "components", "are too many");
        info->components = arena_alloc_array(arena, components->count, sizeof(*info->components));
        if (!info->components)
                return err_set(err, RC_NOMEM, "no memory for the components");
        for (const struct yaml_node *node = components->first; node; node = node->next) {
                struct package_component *component = &info->components[info->component_count++];
                enum rc rc;

                if (!name_is_snap(node->key))
                        return refuse(err, "components", "have a name that is not valid");
                component->name = node->key;
                component->type = "";
                rc = read_text(yaml_find(node, "type"), "components", 16, &component->type, err);
                if (rc != RC_OK)
                        return rc;
                if (!component_type_is_known(component->type))
                        return refuse(err, "components",
                                      "have a type that is none of standard, kernel-modules, test");
        }
        return RC_OK;
}

static enum rc read_fields(const struct yaml_node *root, struct arena *arena,
                           struct package_info *info, struct err *err)
{
        enum rc rc;

        rc = read_texts(root, info, err);
        if (rc != RC_OK)
                return rc;
        rc = check_identity(info, err);
        if (rc != RC_OK)
                return rc;
        rc = check_words(info, err);
        if (rc != RC_OK)
                return rc;
        rc = read_link(root, "contact", &info->contact, err);
        if (rc != RC_OK)
                return rc;
        rc = read_link(root, "website", &info->website, err);
        if (rc != RC_OK)
                return rc;
        rc = read_links(root, arena, info, err);
        if (rc != RC_OK)
                return rc;
        rc = read_archs(root, info, err);
        if (rc != RC_OK)
                return rc;
        rc = snap_epoch_parse(yaml_find(root, "epoch"), &info->epoch, err);
        if (rc != RC_OK)
                return rc;
        rc = read_components(root, arena, info, err);
        if (rc != RC_OK)
                return rc;
        return read_apps(root, arena, info, err);
}

enum rc snap_yaml_parse(const char *text, size_t bytes, struct arena *arena,
                        struct package_info *ret, struct err *err)
{
        struct package_info info = {.compression = ""};
        const struct yaml_node *root;
        enum rc rc;

        if (bytes > SNAP_YAML_MAX)
                return err_set_code(err, RC_INVALID, "snap-yaml-size",
                                    "snap.yaml is over %zu bytes", SNAP_YAML_MAX);
        rc = yaml_tree_parse(text, bytes, arena, &root, err);
        if (rc != RC_OK)
                return err_prefix(err, rc, "snap.yaml");
        if (root->kind != YAML_MAP)
                return err_set_code(err, RC_INVALID, "snap-yaml-map", "snap.yaml is not a map");
        rc = read_fields(root, arena, &info, err);
        if (rc != RC_OK)
                return rc;
        info.snap_yaml = arena_memdup(arena, text, bytes);
        if (!info.snap_yaml)
                return err_set(err, RC_NOMEM, "no memory for snap.yaml");
        *ret = info;
        return RC_OK;
}
