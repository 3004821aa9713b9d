/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /v2/snaps/info/{name} -- one package with its channel map; the first entry is the default
 * revision. Source: device.md section 3.
 */
#include "server/api/handlers.h"
#include "server/api/view.h"
#include <string.h>

struct listing {
        const struct catalog_package *package;
        const char *arch; /* "" every one */
        struct view_links links;
        struct buf *out;
        size_t count;
};

static void channel_put(struct listing *listing, const struct catalog_release *release)
{
        char name[CHANNEL_MAX + 1];
        char when[CLOCK_CHARS + 1];
        struct buf *out = listing->out;

        channel_format_short(&release->channel, name);
        clock_format(release->released, when);
        buf_text(out, listing->count++ ? ",{" : "{");
        buf_printf(out, "\"channel\":{\"name\":\"%s\",\"track\":\"%s\",\"risk\":\"%s\",", name,
                   release->channel.track, risk_name(release->channel.risk));
        buf_printf(out, "\"architecture\":\"%s\",\"released-at\":\"%s\"},", release->arch, when);
        view_append(out, &listing->links, listing->package, release->revision);
        buf_char(out, '}');
}

static bool release_is_listed(const struct listing *listing, const struct catalog_release *release)
{
        return !*release->channel.branch && (!*listing->arch || strcmp(release->arch, "all") == 0 ||
                                             strcmp(release->arch, listing->arch) == 0);
}

/* The releases of one track, or of every other one, in the catalog's order (safest risk first). */
static void tracks_put(struct listing *listing, const char *track, bool others)
{
        const struct catalog_package *package = listing->package;

        for (size_t i = 0; i < package->release_count; i++) {
                const struct catalog_release *release = &package->releases[i];

                if (release_is_listed(listing, release) &&
                    (strcmp(release->channel.track, track) == 0) != others)
                        channel_put(listing, release);
        }
}

/* The revision of the map's first entry: the safest risk of the default track, or else of any. */
static const struct catalog_revision *shown_of(const struct listing *listing, const char *track)
{
        const struct catalog_package *package = listing->package;
        const struct catalog_release *any = NULL;

        for (size_t i = 0; i < package->release_count; i++) {
                const struct catalog_release *release = &package->releases[i];

                if (!release_is_listed(listing, release))
                        continue;
                if (strcmp(release->channel.track, track) == 0)
                        return release->revision;
                any = any ? any : release;
        }
        return any ? any->revision : package->releases[0].revision;
}

static enum rc package_get(const struct request *request, const struct catalog_package **ret,
                           struct err *err)
{
        const struct identity *identity = request_identity(request);
        const struct catalog_package *package =
                catalog_find_visible(identity->catalog, &identity->viewer, request->params[0]);

        if (!package || !package->release_count || strcmp(package->type, PACKAGE_IMAGE_TYPE) == 0 ||
            !visibility_is_visible(viewer_sees(identity->catalog, &identity->viewer, package)))
                return err_set(err, RC_NOT_FOUND, "there is no snap named \"%.40s\"",
                               request->params[0]);
        *ret = package;
        return RC_OK;
}

HANDLER(snaps_info_get)
{
        CLEANUP(buf_fini) struct buf out = BUF_INIT(32 * MIB);
        const char *arch = request_query(request, "architecture");
        const struct catalog_package *package = NULL;
        struct world *world = context;
        struct view_links links = {.world = world, .now = world_now(world)};
        struct listing listing = {.out = &out, .arch = arch ? arch : ""};
        const char *track;
        enum rc rc;

        rc = package_get(request, &package, err);
        if (rc != RC_OK)
                return rc;
        links.base_url = api_base_url(world, request);
        links.fields = view_fields_parse(request_query(request, "fields"));
        listing.package = package;
        listing.links = links;
        track = *package->default_track ? package->default_track : "latest";
        buf_text(&out, "{\"name\":");
        buf_json_string(&out, package->name);
        buf_printf(&out, ",\"snap-id\":\"%s\",\"default-track\":", package->snap_id);
        buf_json_string(&out, *package->default_track ? package->default_track : "latest");
        buf_text(&out, ",\"snap\":{");
        view_append(&out, &links, package, shown_of(&listing, track));
        buf_text(&out, "},\"channel-map\":[");
        tracks_put(&listing, track, false);
        tracks_put(&listing, track, true);
        buf_text(&out, "]}");
        api_json(response, &out);
        return RC_OK;
}
