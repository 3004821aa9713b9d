/* SPDX-License-Identifier: Apache-2.0 */
#include "core/model/package_json.h"
#include <inttypes.h>

static void append_field(struct buf *out, const char *name, const char *text)
{
        buf_char(out, ',');
        buf_json_string(out, name);
        buf_char(out, ':');
        buf_json_string(out, text);
}

static void append_numbers(struct buf *out, const uint32_t *numbers, size_t count)
{
        buf_char(out, '[');
        for (size_t i = 0; i < count; i++)
                buf_printf(out, "%s%" PRIu32, i ? "," : "", numbers[i]);
        buf_char(out, ']');
}

static void append_lists(struct buf *out, const struct package_info *info)
{
        buf_text(out, ",\"architectures\":[");
        for (size_t i = 0; i < info->arch_count; i++) {
                buf_text(out, i ? "," : "");
                buf_json_string(out, info->archs[i]);
        }
        buf_text(out, "],\"epoch\":{\"read\":");
        append_numbers(out, info->epoch.read, info->epoch.read_count);
        buf_text(out, ",\"write\":");
        append_numbers(out, info->epoch.write, info->epoch.write_count);
        buf_text(out, "},\"apps\":[");
        for (size_t i = 0; i < info->app_count; i++) {
                buf_text(out, i ? ",{\"name\":" : "{\"name\":");
                buf_json_string(out, info->apps[i].name);
                append_field(out, "common-id", info->apps[i].common_id);
                buf_char(out, '}');
        }
        buf_text(out, "],\"components\":[");
        for (size_t i = 0; i < info->component_count; i++) {
                buf_text(out, i ? ",{\"name\":" : "{\"name\":");
                buf_json_string(out, info->components[i].name);
                append_field(out, "type", info->components[i].type);
                buf_char(out, '}');
        }
        buf_text(out, "],\"links\":[");
        for (size_t i = 0; i < info->link_count; i++) {
                buf_text(out, i ? ",{\"kind\":" : "{\"kind\":");
                buf_json_string(out, info->links[i].kind);
                append_field(out, "url", info->links[i].url);
                buf_char(out, '}');
        }
        buf_char(out, ']');
}

void package_json_append(struct buf *out, const struct package_info *info)
{
        buf_text(out, "{\"name\":");
        buf_json_string(out, info->name);
        append_field(out, "version", info->version);
        append_field(out, "type", info->type);
        append_field(out, "base", info->base);
        append_field(out, "confinement", info->confinement);
        append_field(out, "grade", info->grade);
        append_field(out, "title", info->title);
        append_field(out, "summary", info->summary);
        append_field(out, "description", info->description);
        append_field(out, "license", info->license);
        append_field(out, "contact", info->contact);
        append_field(out, "website", info->website);
        append_field(out, "provenance", info->provenance);
        append_field(out, "compression", info->compression);
        append_lists(out, info);
        append_field(out, "snap-yaml", info->snap_yaml);
        buf_char(out, '}');
}
