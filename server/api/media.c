/* SPDX-License-Identifier: Apache-2.0 */
#include "server/api/media.h"
#include "core/base/fs.h"
#include "server/api/download.h"
#include "server/domain/find.h"
#include <inttypes.h>
#include <string.h>

static void one_put(struct buf *out, const struct view_links *links,
                    const struct catalog_package *package, const struct catalog_media *media)
{
        buf_printf(out, "{\"type\":\"%s\",\"url\":\"%s/media/%s%s", media_kind_name(media->kind),
                   links->base_url, media->digest_hex, media_format_suffix(media->info.format));
        download_ticket_put(out, links, package);
        buf_printf(out, "\",\"width\":%" PRIu32 ",\"height\":%" PRIu32 "}", media->info.width,
                   media->info.height);
}

void media_put(struct buf *out, const struct view_links *links,
               const struct catalog_package *package, const struct catalog_revision *revision)
{
        const bool has_icon = package->media_count && package->media[0].kind == MEDIA_ICON;
        const char *sep = "";

        if (!has_icon && revision->icon) {
                one_put(out, links, package, revision->icon);
                sep = ",";
        }
        for (size_t i = 0; i < package->media_count; i++) {
                buf_text(out, sep);
                one_put(out, links, package, &package->media[i]);
                sep = ",";
        }
}

/* --- serving --- */

/* "<hex><suffix>": *ret_hex has room for the digest. */
static bool file_parse(const char *file, char ret_hex[DIGEST_HEX_CHARS + 1],
                       const char **ret_suffix)
{
        if (strspn(file, "0123456789abcdef") != DIGEST_HEX_CHARS)
                return false;
        memcpy(ret_hex, file, DIGEST_HEX_CHARS);
        ret_hex[DIGEST_HEX_CHARS] = '\0';
        *ret_suffix = file + DIGEST_HEX_CHARS;
        return true;
}

static const struct catalog_media *media_of(const struct catalog_package *package, const char *hex)
{
        for (size_t i = 0; i < package->media_count; i++)
                if (strcmp(package->media[i].digest_hex, hex) == 0)
                        return &package->media[i];
        for (size_t i = 0; i < package->revision_count; i++) {
                const struct catalog_media *icon = package->revisions[i].icon;

                if (icon && strcmp(icon->digest_hex, hex) == 0)
                        return icon;
        }
        return NULL;
}

/* Several packages may have the same picture: it is there for whoever may see one of them. A public
 * owner is looked for first, because its answer may be kept by everybody. */
static const struct catalog_media *media_find(const struct world *world,
                                              const struct request *request, const char *hex,
                                              bool *ret_private)
{
        const struct identity *identity = request_identity(request);
        const struct catalog_media *found = NULL;
        const struct catalog_package *package;

        *ret_private = true;
        for (size_t i = 0; *ret_private && (package = find_media_owner(identity->catalog, hex, i));
             i++) {
                struct viewer viewer = identity->viewer;

                if (package->is_private && found)
                        continue;
                if (download_ticket_grants(world, request, package->snap_id))
                        viewer.granted_snap_id = package->snap_id;
                if (!visibility_is_visible(viewer_sees(identity->catalog, &viewer, package)))
                        continue;
                found = media_of(package, hex);
                *ret_private = package->is_private;
        }
        return found;
}

enum rc media_get(void *context, struct request *request, struct response *response,
                  struct err *err)
{
        CLEANUP(fs_closep) int fd = -1;
        char hex[DIGEST_HEX_CHARS + 1];
        const struct catalog_media *media;
        struct world *world = context;
        const char *suffix = "";
        uint64_t bytes = 0;
        bool is_private = true;
        enum rc rc;

        if (!file_parse(request->params[0], hex, &suffix) ||
            !(media = media_find(world, request, hex, &is_private)) ||
            strcmp(suffix, media_format_suffix(media->info.format)) != 0)
                return err_set(err, RC_NOT_FOUND, "there is no such picture");
        rc = blob_open(world->blobs, &media->digest, &fd, &bytes, err);
        if (rc != RC_OK)
                return rc;
        response_header(response, "Cache-Control",
                        is_private ? "private, no-store" : "public, max-age=31536000, immutable");
        response_file(response, media_format_type(media->info.format), &fd, bytes, hex);
        return RC_OK;
}
