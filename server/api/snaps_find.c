/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /v2/snaps/find       -- packages by words, name prefix, common-id or section
 * GET /v2/snaps/categories -- the sections, in the newest client's words
 * GET /api/v1/snaps/names, /api/v1/snaps/sections -- the daily catalog of command names
 *
 * There is one section: "featured" holds what the brand itself publishes. Source: device.md section
 * 3, 0.4.
 */
#include "server/api/handlers.h"
#include "server/api/view.h"
#include "server/domain/decide.h"
#include "server/domain/scope.h"
#include <string.h>
#include <strings.h>

#define RESULTS_MAX 500
#define WORDS_MAX                                                                                  \
        16 /* what is asked beyond does not narrow: every package is searched for each             \
            */
#define SECTION "featured"

struct query {
        const char *words;
        const char *prefix;
        const char *common_id;
        const char *category;
        const char *channel;
        const char *confinement;
        const char *arch;
        bool only_private;
};

static bool word_matches(const char *word, size_t length, const struct catalog_package *package,
                         const struct package_info *info)
{
        const char *const texts[] = {package->name, *package->title ? package->title : info->title,
                                     *package->summary ? package->summary : info->summary,
                                     *package->description ? package->description
                                                           : info->description,
                                     package->publisher_username};
        char copy[64];

        if (length >= sizeof(copy))
                return false;
        memcpy(copy, word, length);
        copy[length] = '\0';
        for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
                if (strcasestr(texts[i], copy))
                        return true;
        return false;
}

static bool words_match(const char *words, const struct catalog_package *package,
                        const struct package_info *info)
{
        unsigned count = 0;

        while (words && *words && count < WORDS_MAX) {
                const size_t length = strcspn(words, " \t");

                count += length > 0;
                if (length && !word_matches(words, length, package, info))
                        return false;
                words += length + (words[length] != '\0');
        }
        return true;
}

static bool common_id_matches(const char *wanted, const struct package_info *info)
{
        for (size_t i = 0; i < info->app_count; i++)
                if (strcmp(info->apps[i].common_id, wanted) == 0)
                        return true;
        return false;
}

static bool package_matches(const struct world *world, const struct query *query,
                            const struct catalog_package *package,
                            const struct catalog_revision *revision)
{
        if (query->only_private && !package->is_private)
                return false;
        if (query->category && (strcmp(query->category, SECTION) ||
                                strcmp(package->publisher_id, world_text(world, SET_BRAND_ID))))
                return false;
        if (query->confinement && !scope_lists(query->confinement, revision->info.confinement))
                return false;
        if (query->prefix && strncmp(package->name, query->prefix, strlen(query->prefix)))
                return false;
        if (query->common_id && !common_id_matches(query->common_id, &revision->info))
                return false;
        return words_match(query->words, package, &revision->info);
}

/* The release that a search shows: of the wanted channel, or else the safest that is open. */
static const struct catalog_release *release_shown(const struct catalog_package *package,
                                                   const struct query *query)
{
        const char *track = *package->default_track ? package->default_track : "latest";
        const struct catalog_release *best = NULL;
        struct channel wanted;

        if (query->channel && channel_parse(query->channel, &wanted, NULL) != RC_OK)
                return NULL;
        for (size_t i = 0; i < package->release_count; i++) {
                const struct catalog_release *release = &package->releases[i];
                const bool fits = strcmp(release->arch, "all") == 0 || !*query->arch ||
                                  strcmp(release->arch, query->arch) == 0;

                if (!fits || *release->channel.branch)
                        continue;
                if (query->channel && !channel_equal(&release->channel, &wanted))
                        continue;
                if (!best || (strcmp(release->channel.track, track) == 0 &&
                              (strcmp(best->channel.track, track) ||
                               release->channel.risk < best->channel.risk)))
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
                                            const struct world *world, const struct query *query,
                                            const struct catalog_package *package)
{
        const struct catalog_release *release;

        if (strcmp(package->type, PACKAGE_IMAGE_TYPE) == 0 ||
            !visibility_is_visible(viewer_sees(identity->catalog, &identity->viewer, package)))
                return NULL;
        release = release_shown(package, query);
        return release && package_matches(world, query, package, release->revision) ? release
                                                                                    : NULL;
}

static void query_read(const struct request *request, struct query *ret)
{
        const char *arch = request_query(request, "architecture");
        const char *only_private = request_query(request, "private");

        *ret = (struct query){
                .words = request_query(request, "q"),
                .prefix = request_query(request, "name"),
                .common_id = request_query(request, "common-id"),
                .category = request_query(request, "category"),
                .channel = request_query(request, "channel"),
                .confinement = request_query(request, "confinement"),
                .arch = arch ? arch : request_identity(request)->viewer.arch,
                .only_private = only_private && strcmp(only_private, "true") == 0,
        };
        if (ret->category && !*ret->category)
                ret->category = NULL;
}

HANDLER(snaps_find_get)
{
        const struct identity *identity = request_identity(request);
        CLEANUP(buf_fini) struct buf out = BUF_INIT(32 * MIB);
        struct world *world = context;
        const struct view_links links = {
                .world = world,
                .base_url = api_base_url(world, request),
                .fields = view_fields_parse(request_query(request, "fields")),
                .now = world_now(world),
        };
        struct query query;
        size_t count = 0;

        (void)err;
        query_read(request, &query);
        buf_text(&out, "{\"results\":[");
        for (size_t i = 0; i < catalog_package_count(identity->catalog); i++) {
                const struct catalog_package *package = catalog_package_at(identity->catalog, i);
                const struct catalog_release *release = listed(identity, world, &query, package);

                if (!release)
                        continue;
                buf_text(&out, count ? "," : "");
                result_put(&out, &links, package, release);
                if (++count == RESULTS_MAX)
                        break;
        }
        buf_text(&out, "]}");
        api_json(response, &out);
        return RC_OK;
}

HANDLER(snaps_categories_get)
{
        CLEANUP(buf_fini) struct buf out = BUF_INIT(KIB);

        (void)context;
        (void)request;
        (void)err;
        buf_text(&out, "{\"categories\":[{\"name\":\"" SECTION "\"}]}");
        api_json(response, &out);
        return RC_OK;
}

HANDLER(snaps_sections_get)
{
        CLEANUP(buf_fini) struct buf out = BUF_INIT(KIB);

        (void)context;
        (void)request;
        (void)err;
        buf_text(&out, "{\"_embedded\":{\"clickindex:sections\":[{\"name\":\"" SECTION "\"}]}}");
        response_body(response, "application/hal+json", &out);
        return RC_OK;
}

static void names_entry_put(struct buf *out, const struct catalog_package *package,
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
        buf_text(out, "],\"aliases\":[]}");
}

HANDLER(snaps_names_get)
{
        const struct identity *identity = request_identity(request);
        CLEANUP(buf_fini) struct buf out = BUF_INIT(32 * MIB);
        struct query query;
        size_t count = 0;

        (void)err;
        query_read(request, &query);
        /* A client reads this as a stream: these two keys must come first. */
        buf_text(&out, "{\"_embedded\":{\"clickindex:package\":[");
        for (size_t i = 0; i < catalog_package_count(identity->catalog); i++) {
                const struct catalog_package *package = catalog_package_at(identity->catalog, i);
                const struct catalog_release *release = listed(identity, context, &query, package);

                if (!release)
                        continue;
                buf_text(&out, count++ ? "," : "");
                names_entry_put(&out, package, release->revision);
        }
        buf_text(&out, "]}}");
        response_body(response, "application/hal+json", &out);
        return RC_OK;
}
