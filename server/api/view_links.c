/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses that a package shows: each kind from the store, or else from its snap.yaml. */
#include "server/api/view.h"
#include <string.h>

const char *view_page_url(const struct world *world)
{
        const char *url = world_text(world, SET_STORE_PAGE_URL);

        return strncmp(url, "http", 4) == 0 && link_url_is_valid(url) ? url : "";
}

struct link_list {
        const struct package_link *links;
        size_t count;
};

static bool names_kind(const struct link_list *list, const char *kind)
{
        for (size_t i = 0; i < list->count; i++)
                if (strcmp(list->links[i].kind, kind) == 0)
                        return true;
        return false;
}

static struct link_list set_of(const struct catalog_package *package)
{
        return (struct link_list){package->links, package->link_count};
}

static struct link_list own_of(const struct package_info *info)
{
        return (struct link_list){info->links, info->link_count};
}

static const char *first_of(const struct link_list *list, const char *kind)
{
        for (size_t i = 0; i < list->count; i++)
                if (strcmp(list->links[i].kind, kind) == 0)
                        return list->links[i].url;
        return "";
}

const char *view_link_first(const struct catalog_package *package, const struct package_info *info,
                            const char *kind)
{
        const struct link_list set = set_of(package);
        const struct link_list own = own_of(info);

        return first_of(names_kind(&set, kind) ? &set : &own, kind);
}

static void kind_put(struct buf *out, const struct link_list *list, const char *kind)
{
        const char *sep = "";

        buf_json_string(out, kind);
        buf_text(out, ":[");
        for (size_t i = 0; i < list->count; i++) {
                if (strcmp(list->links[i].kind, kind))
                        continue;
                buf_text(out, sep);
                buf_json_string(out, list->links[i].url);
                sep = ",";
        }
        buf_char(out, ']');
}

/* The kinds of a list, each where it is first named, but those of before. */
static void list_put(struct buf *out, const struct link_list *list, const struct link_list *before,
                     const char **sep)
{
        for (size_t i = 0; i < list->count; i++) {
                const struct link_list earlier = {list->links, i};
                const char *kind = list->links[i].kind;

                if (names_kind(&earlier, kind) || names_kind(before, kind))
                        continue;
                buf_text(out, *sep);
                kind_put(out, list, kind);
                *sep = ",";
        }
}

void view_links_put(struct buf *out, const struct catalog_package *package,
                    const struct package_info *info)
{
        const struct link_list set = set_of(package);
        const struct link_list own = own_of(info);
        const struct link_list none = {NULL, 0};
        const char *sep = "";

        buf_char(out, '{');
        list_put(out, &set, &none, &sep);
        list_put(out, &own, &set, &sep);
        buf_char(out, '}');
}
