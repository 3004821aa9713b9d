/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /v2/snaps/info/{name} -- one package with its channel map; the first entry is the default
 * revision: the device's architecture, the default track, the safest risk that is open.
 *
 * Branches are left out: the client keys the map by track and risk, and a branch would stand in the
 * place of its risk. Of one channel the release for the asked architecture goes before that for
 * all. Source: device.md section 3.
 */
#include "server/api/handlers.h"
#include "server/api/view.h"
#include <stdlib.h>
#include <string.h>

/* A hundred tracks with long descriptions would be too much: what comes last is left out then. */
#define INFO_BYTES_MAX (24 * MIB)

struct entry {
        const struct catalog_release *release;
        unsigned track_order; /* 0 the default one, 1 latest, 2 others */
        unsigned arch_order;  /* 0 the device's own, 1 all, 2 others */
};

struct listing {
        const struct catalog_package *package;
        const char *only_arch; /* NULL: every one */
        const char *arch;      /* whose go first; "" unknown */
        struct entry *entries;
        size_t count;
};

static unsigned track_order(const struct catalog_package *package, const char *track)
{
        const char *first = *package->default_track ? package->default_track : "latest";

        if (strcmp(track, first) == 0)
                return 0;
        return strcmp(track, "latest") == 0 ? 1 : 2;
}

static unsigned arch_order(const struct listing *listing, const char *arch)
{
        if (*listing->arch && strcmp(arch, listing->arch) == 0)
                return 0;
        return strcmp(arch, "all") == 0 ? 1 : 2;
}

/* Whether the same channel is open for the asked architecture by name. */
static bool is_shadowed(const struct listing *listing, const struct catalog_release *release)
{
        const struct catalog_package *package = listing->package;

        if (!listing->only_arch || strcmp(release->arch, "all"))
                return false;
        for (size_t i = 0; i < package->release_count; i++)
                if (strcmp(package->releases[i].arch, listing->only_arch) == 0 &&
                    channel_equal(&package->releases[i].channel, &release->channel))
                        return true;
        return false;
}

static bool is_listed(const struct listing *listing, const struct catalog_release *release)
{
        if (*release->channel.branch)
                return false;
        if (listing->only_arch && strcmp(release->arch, "all") &&
            strcmp(release->arch, listing->only_arch))
                return false;
        return !is_shadowed(listing, release);
}

static int entry_compare(const void *a, const void *b)
{
        const struct entry *x = a;
        const struct entry *y = b;
        const int track = strcmp(x->release->channel.track, y->release->channel.track);

        if (x->track_order != y->track_order)
                return x->track_order < y->track_order ? -1 : 1;
        if (track)
                return track;
        if (x->release->channel.risk != y->release->channel.risk)
                return x->release->channel.risk < y->release->channel.risk ? -1 : 1;
        if (x->arch_order != y->arch_order)
                return x->arch_order < y->arch_order ? -1 : 1;
        return strcmp(x->release->arch, y->release->arch);
}

static enum rc entries_gather(struct listing *listing, struct arena *arena, struct err *err)
{
        const struct catalog_package *package = listing->package;

        listing->entries =
                arena_alloc_array(arena, package->release_count, sizeof(*listing->entries));
        if (!listing->entries)
                return err_set(err, RC_NOMEM, "no memory for a channel map");
        for (size_t i = 0; i < package->release_count; i++) {
                const struct catalog_release *release = &package->releases[i];

                if (is_listed(listing, release))
                        listing->entries[listing->count++] = (struct entry){
                                release, track_order(package, release->channel.track),
                                arch_order(listing, release->arch)};
        }
        if (listing->count)
                qsort(listing->entries, listing->count, sizeof(*listing->entries), entry_compare);
        return RC_OK;
}

static void channel_put(struct buf *out, const struct view_links *links,
                        const struct catalog_package *package,
                        const struct catalog_release *release)
{
        char name[CHANNEL_MAX + 1];
        char when[CLOCK_CHARS + 1];

        channel_format_short(&release->channel, name);
        clock_format(release->released, when);
        buf_printf(out, "{\"channel\":{\"name\":\"%s\",\"track\":\"%s\",\"risk\":\"%s\",", name,
                   release->channel.track, risk_name(release->channel.risk));
        buf_printf(out, "\"architecture\":\"%s\",\"released-at\":\"%s\"},", release->arch, when);
        view_append(out, links, package, release->revision);
        buf_char(out, '}');
}

static enum rc package_find(const struct request *request, const struct catalog_package **ret,
                            struct err *err)
{
        const struct identity *identity = request_identity(request);
        const struct catalog_package *package =
                catalog_find_visible(identity->catalog, &identity->viewer, request->params[0]);

        if (!package ||
            !visibility_is_visible(viewer_sees(identity->catalog, &identity->viewer, package)))
                return err_set(err, RC_NOT_FOUND, "there is no snap named \"%.40s\"",
                               request->params[0]);
        *ret = package;
        return RC_OK;
}

static void answer_put(struct buf *out, const struct listing *listing,
                       const struct view_links *links)
{
        const struct catalog_package *package = listing->package;

        buf_text(out, "{\"name\":");
        buf_json_string(out, package->name);
        buf_printf(out, ",\"snap-id\":\"%s\",\"default-track\":", package->snap_id);
        buf_json_string(out, *package->default_track ? package->default_track : "latest");
        buf_text(out, ",\"snap\":{");
        view_append(out, links, package, listing->entries[0].release->revision);
        buf_text(out, "},\"channel-map\":[");
        for (size_t i = 0; i < listing->count && out->len < INFO_BYTES_MAX; i++) {
                buf_text(out, i ? "," : "");
                channel_put(out, links, package, listing->entries[i].release);
        }
        buf_text(out, "]}");
}

HANDLER(snaps_info_get)
{
        CLEANUP(buf_fini) struct buf out = BUF_INIT(32 * MIB);
        const char *arch = request_query(request, "architecture");
        struct world *world = context;
        struct listing listing = {.only_arch = arch && *arch ? arch : NULL};
        const struct view_links links = {
                .world = world,
                .base_url = api_base_url(world, request),
                .page_url = view_page_url(world),
                .fields = view_fields_parse(request_query(request, "fields")),
                .now = world_now(world),
        };
        enum rc rc;

        listing.arch =
                listing.only_arch ? listing.only_arch : request_identity(request)->viewer.arch;
        rc = package_find(request, &listing.package, err);
        if (rc == RC_OK)
                rc = entries_gather(&listing, request->arena, err);
        if (rc != RC_OK)
                return rc;
        /* Nothing for this device is the same as nothing at all. */
        if (!listing.count)
                return err_set(err, RC_NOT_FOUND, "there is no snap named \"%.40s\"",
                               request->params[0]);
        answer_put(&out, &listing, &links);
        api_json(response, &out);
        return RC_OK;
}
