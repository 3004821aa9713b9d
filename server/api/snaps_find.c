/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /v2/snaps/find       -- packages by words, name prefix, common-id or category
 * GET /v2/snaps/categories -- the operator's categories
 * GET /api/v1/snaps/names, /api/v1/snaps/sections -- the daily catalog of command names; what the
 * newest client calls categories
 *
 * "featured" is always there: what the operator put in it, or while that is nothing, what the brand
 * itself publishes. Source: device.md section 3, 0.4.
 */
#include "core/model/assertion_type.h"
#include "server/api/handlers.h"
#include "server/api/view.h"
#include "server/domain/decide.h"
#include "server/domain/find.h"
#include "server/domain/scope.h"
#include <stdio.h>
#include <string.h>

#define RESULTS_MAX    250
#define SNAP_ID_PK_MAX 64
/* An answer that is longer already gets no further result: one may have a hundred KiB. */
#define FIND_BYTES_MAX  (8 * MIB)
#define NAMES_BYTES_MAX (24 * MIB)

struct query {
        struct find_query find;
        const char *confinement;
        const char *arch;
        const char *publisher_id; /* NULL: any */
        bool only_private;
        bool has_channel;
        bool only_risk; /* a risk alone means the default track too */
        bool is_nonsense;
        struct channel channel;
};

static bool has_common_id(const struct package_info *info, const char *wanted)
{
        for (size_t i = 0; i < info->app_count; i++)
                if (strcmp(info->apps[i].common_id, wanted) == 0)
                        return true;
        return false;
}

static bool channel_fits(const struct query *query, const struct catalog_package *package,
                         const struct channel *channel)
{
        if (!query->has_channel || channel_equal(channel, &query->channel))
                return true;
        return query->only_risk && channel->risk == query->channel.risk &&
               strcmp(channel->track, package->default_track) == 0;
}

/* The release that a search shows: of the wanted channel, or else the safest of the default track,
 * or of any. */
static const struct catalog_release *release_shown(const struct catalog_package *package,
                                                   const struct query *query)
{
        const char *track = *package->default_track ? package->default_track : "latest";
        const struct catalog_release *best = NULL;

        for (size_t i = 0; i < package->release_count; i++) {
                const struct catalog_release *release = &package->releases[i];
                const bool is_default = strcmp(release->channel.track, track) == 0;
                const bool fits = strcmp(release->arch, "all") == 0 || !*query->arch ||
                                  strcmp(release->arch, query->arch) == 0;

                if (!fits || *release->channel.branch ||
                    !channel_fits(query, package, &release->channel))
                        continue;
                if (!best || is_default > (strcmp(best->channel.track, track) == 0) ||
                    (is_default == (strcmp(best->channel.track, track) == 0) &&
                     release->channel.risk < best->channel.risk))
                        best = release;
        }
        return best;
}

static void result_put(struct buf *out, const struct view_links *links,
                       const struct catalog_package *package, const struct catalog_release *release)
{
        char channel[CHANNEL_MAX + 1];

        channel_format_short(&release->channel, channel);
        buf_text(out, "{\"name\":");
        buf_json_string(out, package->name);
        buf_printf(out, ",\"snap-id\":\"%s\",\"snap\":{", package->snap_id);
        view_append(out, links, package, release->revision);
        buf_printf(out, "},\"revision\":{\"channel\":\"%s\",", channel);
        view_append(out, links, package, release->revision);
        buf_text(out, "}}");
}

/* Whether the package is to be listed at all to this viewer; the release it is shown by. */
static const struct catalog_release *listed(const struct identity *identity,
                                            const struct query *query,
                                            const struct catalog_package *package)
{
        const struct catalog_release *release;

        if ((query->only_private && !package->is_private) ||
            (query->publisher_id && strcmp(package->publisher_id, query->publisher_id)) ||
            !visibility_is_visible(viewer_sees(identity->catalog, &identity->viewer, package)))
                return NULL;
        release = release_shown(package, query);
        if (!release)
                return NULL;
        if (query->confinement &&
            !scope_lists(query->confinement, release->revision->info.confinement))
                return NULL;
        /* The index knows every released revision; it is the shown one that must have it. */
        if (query->find.common_id &&
            !has_common_id(&release->revision->info, query->find.common_id))
                return NULL;
        return release;
}

static void channel_read(const struct request *request, struct query *query)
{
        const char *text = request_query(request, "channel");
        enum risk risk;

        if (!text || !*text)
                return;
        query->has_channel = true;
        query->only_risk = risk_parse(text, &risk) == RC_OK;
        query->is_nonsense = channel_parse(text, &query->channel, NULL) != RC_OK;
}

static const char *argument(const struct request *request, const char *name)
{
        const char *text = request_query(request, name);

        return text && *text ? text : NULL;
}

static void query_read(const struct world *world, const struct request *request, struct query *ret)
{
        const struct identity *identity = request_identity(request);
        const char *arch = argument(request, "architecture");
        const char *only_private = argument(request, "private");

        *ret = (struct query){
                .find = {.words = argument(request, "q"),
                         .prefix = argument(request, "name"),
                         .common_id = argument(request, "common-id"),
                         .category = argument(request, "category")},
                .confinement = argument(request, "confinement"),
                .arch = arch ? arch : identity->viewer.arch,
                .only_private = only_private && strcmp(only_private, "true") == 0,
        };
        channel_read(request, ret);
        if (ret->find.category && strcmp(ret->find.category, CATEGORY_FEATURED) == 0 &&
            !find_has_category(identity->catalog, CATEGORY_FEATURED)) {
                ret->find.category = NULL;
                ret->publisher_id = world_text(world, SET_BRAND_ID);
        }
}

static void results_put(struct buf *out, const struct view_links *links,
                        const struct identity *identity, const struct query *query,
                        const struct catalog_package *const *found, size_t count)
{
        size_t shown = 0;

        for (size_t i = 0; i < count && shown < RESULTS_MAX && out->len < FIND_BYTES_MAX; i++) {
                const struct catalog_release *release = listed(identity, query, found[i]);

                if (!release)
                        continue;
                buf_text(out, shown++ ? "," : "");
                result_put(out, links, found[i], release);
        }
}

HANDLER(snaps_find_get)
{
        const struct identity *identity = request_identity(request);
        CLEANUP(buf_fini) struct buf out = BUF_INIT(32 * MIB);
        const struct catalog_package *const *found = NULL;
        struct world *world = context;
        const struct view_links links = {
                .world = world,
                .base_url = api_base_url(world, request),
                .page_url = view_page_url(world),
                .fields = view_fields_parse(request_query(request, "fields")),
                .now = world_now(world),
        };
        struct query query;
        size_t count = 0;
        enum rc rc = RC_OK;

        query_read(world, request, &query);
        if (!query.is_nonsense)
                rc = find_packages(identity->catalog, &query.find, request->arena, &found, &count,
                                   err);
        if (rc != RC_OK)
                return rc;
        buf_text(&out, "{\"results\":[");
        results_put(&out, &links, identity, &query, found, count);
        buf_text(&out, "]}");
        api_json(response, &out);
        return RC_OK;
}

/* [{"name":"featured"},...] */
static void categories_put(struct buf *out, const struct request *request)
{
        const struct identity *identity = request_identity(request);
        const char *const *names;
        const size_t count =
                catalog_categories_of(identity->catalog, identity->viewer.store_id, &names);

        buf_text(out, "[{\"name\":\"" CATEGORY_FEATURED "\"}");
        for (size_t i = 0; i < count; i++) {
                buf_text(out, ",{\"name\":");
                buf_json_string(out, names[i]);
                buf_char(out, '}');
        }
        buf_char(out, ']');
}

HANDLER(snaps_categories_get)
{
        CLEANUP(buf_fini) struct buf out = BUF_INIT(MIB);

        (void)context;
        (void)err;
        buf_text(&out, "{\"categories\":");
        categories_put(&out, request);
        buf_char(&out, '}');
        api_json(response, &out);
        return RC_OK;
}

HANDLER(snaps_sections_get)
{
        CLEANUP(buf_fini) struct buf out = BUF_INIT(MIB);

        (void)context;
        (void)err;
        buf_text(&out, "{\"_embedded\":{\"clickindex:sections\":");
        categories_put(&out, request);
        buf_text(&out, "}}");
        response_body(response, "application/hal+json", &out);
        return RC_OK;
}

/* The declaration may say that some apps have other names too. */
static void aliases_put(struct buf *out, const struct catalog *catalog,
                        const struct catalog_package *package)
{
        const struct assertion_type *type = assertion_type_find("snap-declaration");
        const struct assertion *declaration;
        const struct value *aliases;
        const char *sep = "";
        char pk[SNAP_ID_PK_MAX];

        snprintf(pk, sizeof(pk), "16/%.60s", package->snap_id);
        declaration = catalog_get_assertion(catalog, type->name, pk, type->max_format);
        aliases = declaration ? assertion_value(declaration, "aliases") : NULL;
        buf_char(out, '[');
        for (size_t i = 0; aliases && aliases->kind == VALUE_LIST && i < aliases->count; i++) {
                const char *name = value_text(&aliases->items[i], "name");

                if (!name)
                        continue;
                buf_printf(out, "%s{\"name\":", sep);
                buf_json_string(out, name);
                buf_char(out, '}');
                sep = ",";
        }
        buf_char(out, ']');
}

static void names_entry_put(struct buf *out, const struct catalog *catalog,
                            const struct catalog_package *package,
                            const struct catalog_revision *revision)
{
        const struct package_info *info = &revision->info;

        buf_text(out, "{\"package_name\":");
        buf_json_string(out, package->name);
        buf_text(out, ",\"version\":");
        buf_json_string(out, info->version);
        buf_text(out, ",\"title\":");
        buf_json_string(out, *package->title ? package->title : info->title);
        buf_text(out, ",\"summary\":");
        buf_json_string(out, *package->summary ? package->summary : info->summary);
        buf_text(out, ",\"apps\":[");
        for (size_t i = 0; i < info->app_count; i++) {
                buf_text(out, i ? "," : "");
                buf_json_string(out, info->apps[i].name);
        }
        buf_text(out, "],\"aliases\":");
        aliases_put(out, catalog, package);
        buf_char(out, '}');
}

HANDLER(snaps_names_get)
{
        const struct identity *identity = request_identity(request);
        CLEANUP(buf_fini) struct buf out = BUF_INIT(32 * MIB);
        struct query query;
        size_t shown = 0;

        (void)err;
        query_read(context, request, &query);
        query.find.common_id = NULL;
        /* A client reads this as a stream: these two keys must come first. */
        buf_text(&out, "{\"_embedded\":{\"clickindex:package\":[");
        for (size_t i = 0;
             i < catalog_package_count(identity->catalog) && out.len < NAMES_BYTES_MAX; i++) {
                const struct catalog_package *package = catalog_package_at(identity->catalog, i);
                const struct catalog_release *release =
                        query.is_nonsense ? NULL : listed(identity, &query, package);

                if (!release)
                        continue;
                buf_text(&out, shown++ ? "," : "");
                names_entry_put(&out, identity->catalog, package, release->revision);
        }
        buf_text(&out, "]}}");
        response_body(response, "application/hal+json", &out);
        return RC_OK;
}
