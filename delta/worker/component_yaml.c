/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/worker/component_yaml.h"
#include "core/model/name.h"
#include "delta/worker/yaml_tree.h"
#include <string.h>

#define NAME_MAX_CHARS (2 * NAME_SNAP_MAX + 1)
#define VERSION_MAX    32

static enum rc refuse(struct err *err, const char *field, const char *why)
{
        char code[48] = "component-yaml-";

        strncat(code, field, sizeof(code) - sizeof("component-yaml-"));
        return err_set_code(err, RC_INVALID, code, "component.yaml: the %s %s", field, why);
}

static enum rc text_read(const struct yaml_node *root, const char *field, size_t max_chars,
                         const char **ret, struct err *err)
{
        const struct yaml_node *node = yaml_find(root, field);

        if (!node || node->is_null)
                return RC_OK;
        if (node->kind != YAML_TEXT)
                return refuse(err, field, "is not a text");
        if (text_chars(node->text) > max_chars)
                return refuse(err, field, "is too long");
        *ret = node->text;
        return RC_OK;
}

static enum rc fields_read(const struct yaml_node *root, struct arena *arena,
                           struct component_info *info, struct err *err)
{
        const char *name = "";
        enum rc rc;

        rc = text_read(root, "component", NAME_MAX_CHARS, &name, err);
        if (rc == RC_OK)
                rc = text_read(root, "type", 16, &info->type, err);
        if (rc == RC_OK)
                rc = text_read(root, "version", VERSION_MAX, &info->version, err);
        if (rc == RC_OK)
                rc = text_read(root, "summary", COMPONENT_SUMMARY_MAX, &info->summary, err);
        if (rc == RC_OK)
                rc = text_read(root, "description", COMPONENT_ABOUT_MAX, &info->description, err);
        if (rc == RC_OK)
                rc = text_read(root, "provenance", 64, &info->provenance, err);
        if (rc != RC_OK)
                return rc;
        if (!component_name_split(name, arena, &info->snap, &info->name))
                return refuse(err, "component", "is not SNAP+COMPONENT");
        if (!component_type_is_known(info->type))
                return refuse(err, "type", "is none of standard, kernel-modules, test");
        if (*info->version && !name_is_version(info->version))
                return refuse(err, "version", "is not valid (letters, digits and :.+~-, up to 32)");
        if (!name_is_provenance(info->provenance))
                return refuse(err, "provenance", "is not valid");
        return RC_OK;
}

enum rc component_yaml_parse(const char *text, size_t bytes, struct arena *arena,
                             struct component_info *ret, struct err *err)
{
        struct component_info info = {.type = "",
                                      .version = "",
                                      .summary = "",
                                      .description = "",
                                      .provenance = "global-upload"};
        const struct yaml_node *root;
        enum rc rc;

        if (bytes > COMPONENT_YAML_MAX)
                return err_set_code(err, RC_INVALID, "component-yaml-size",
                                    "component.yaml is over %zu bytes", COMPONENT_YAML_MAX);
        rc = yaml_tree_parse(text, bytes, arena, &root, err);
        if (rc != RC_OK)
                return err_prefix(err, rc, "component.yaml");
        if (root->kind != YAML_MAP)
                return err_set_code(err, RC_INVALID, "component-yaml-map",
                                    "component.yaml is not a map");
        rc = fields_read(root, arena, &info, err);
        if (rc == RC_OK)
                *ret = info;
        return rc;
}
