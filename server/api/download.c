/* SPDX-License-Identifier: Apache-2.0 */
#include "server/api/download.h"
#include "core/base/fs.h"
#include "core/model/name.h"
#include "server/domain/decide.h"
#include "server/domain/ticket.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What a header names beyond is not looked at: clients know two or three, and the header is long
 * enough for ten thousand, for each of a thousand actions. */
#define FORMATS_MAX          8
#define DOWNLOAD_TICKET_LIFE (6 * 3600 * USEC_PER_SEC)

void download_ticket_put(struct buf *out, const struct view_links *links,
                         const struct catalog_package *package)
{
        char ticket[TICKET_CHARS + 1];
        uint8_t key[MAC_KEY_BYTES];

        /* Who fetches may send neither a session nor a store: what is public in the store of the
         * settings, anybody gets without. */
        if (!package->is_private &&
            strcmp(package->store_id, world_text(links->world, SET_STORE_ID)) == 0)
                return;
        world_key(links->world, "download", key);
        ticket_make(key, "download", package->snap_id, links->now, DOWNLOAD_TICKET_LIFE, ticket);
        bytes_wipe(key, sizeof(key));
        buf_printf(out, "?ticket=%s", ticket);
}

void download_url_put(struct buf *out, const struct view_links *links,
                      const struct catalog_package *package,
                      const struct catalog_revision *revision, const struct catalog_delta *delta)
{
        buf_printf(out, "\"%s/api/v1/snaps/download/%s_", links->base_url, package->snap_id);
        if (delta)
                buf_printf(out, "%" PRIu64 "_%" PRIu64 "_%s.delta", delta->source, revision->number,
                           delta->format);
        else
                buf_printf(out, "%" PRIu64 ".snap", revision->number);
        download_ticket_put(out, links, package);
        buf_char(out, '"');
}

void download_resource_url_put(struct buf *out, const struct view_links *links,
                               const struct catalog_package *package,
                               const struct catalog_resource *resource)
{
        buf_printf(out, "\"%s/api/v1/snaps/download/%s_%s_%" PRIu64 ".comp", links->base_url,
                   package->snap_id, resource->name, resource->number);
        download_ticket_put(out, links, package);
        buf_char(out, '"');
}

static void delta_put(struct buf *out, const struct view_links *links,
                      const struct catalog_package *package,
                      const struct catalog_revision *revision, const struct catalog_delta *delta)
{
        buf_printf(out, "{\"format\":\"%s\",\"source\":%" PRIu64 ",\"target\":%" PRIu64 ",",
                   delta->format, delta->source, revision->number);
        buf_printf(out, "\"size\":%" PRIu64 ",\"sha3-384\":\"%s\",\"url\":", delta->bytes,
                   delta->digest_hex);
        download_url_put(out, links, package, revision, delta);
        buf_char(out, '}');
}

/* Whether the header names this format earlier too: an entry twice makes clients ignore all. */
static bool was_named(const char *formats, const char *at, const char *format, size_t length)
{
        while (formats < at) {
                const size_t part = strcspn(formats, ", ");

                if (part == length && strncmp(formats, format, length) == 0)
                        return true;
                formats += part;
                formats += strspn(formats, ", ");
        }
        return false;
}

void download_deltas_put(struct buf *out, const struct view_links *links,
                         const struct catalog_package *package,
                         const struct catalog_revision *revision)
{
        const char *at = links->delta_formats;
        const char *sep = "";
        unsigned named = 0;

        if (!links->source || links->source == revision->number || !revision->delta_count)
                return;
        while (at && *at && named < FORMATS_MAX) {
                const size_t length = strcspn(at, ", ");
                char format[32];

                named += length > 0;
                if (length && length < sizeof(format) &&
                    !was_named(links->delta_formats, at, at, length)) {
                        const struct catalog_delta *delta;

                        memcpy(format, at, length);
                        format[length] = '\0';
                        delta = decide_delta(revision, links->source, format);
                        if (delta) {
                                buf_text(out, sep);
                                delta_put(out, links, package, revision, delta);
                                sep = ",";
                        }
                }
                at += length;
                at += strspn(at, ", ");
        }
}

/* --- serving --- */

struct wanted {
        char snap_id[SNAP_ID_CHARS + 1];
        uint64_t source; /* 0: the package */
        uint64_t target;
        char format[32];
        char component[NAME_SNAP_MAX + 1]; /* "" the package */
};

static bool part_number(const char *text, size_t length, uint64_t *ret)
{
        char digits[24];

        if (length == 0 || length >= sizeof(digits))
                return false;
        memcpy(digits, text, length);
        digits[length] = '\0';
        return number_parse_u64(digits, INT64_MAX, ret) == RC_OK && *ret > 0;
}

/* COMPONENT_REVISION before `dot`. */
static bool component_parse(const char *at, const char *dot, struct wanted *ret)
{
        const char *bar = memchr(at, '_', (size_t)(dot - at));

        if (!bar || (size_t)(bar - at) >= sizeof(ret->component))
                return false;
        memcpy(ret->component, at, (size_t)(bar - at));
        return name_is_snap(ret->component) &&
               part_number(bar + 1, (size_t)(dot - bar - 1), &ret->target);
}

static bool file_parse(const char *file, struct wanted *ret)
{
        const char *dot = strrchr(file, '.');
        const char *at = file + SNAP_ID_CHARS;
        const char *bar;

        memset(ret, 0, sizeof(*ret));
        if (!dot || dot < at + 2 || *at != '_')
                return false;
        memcpy(ret->snap_id, file, SNAP_ID_CHARS);
        if (!name_is_snap_id(ret->snap_id))
                return false;
        at++;
        if (strcmp(dot, ".snap") == 0)
                return part_number(at, (size_t)(dot - at), &ret->target);
        if (strcmp(dot, ".comp") == 0)
                return component_parse(at, dot, ret);
        bar = strchr(at, '_');
        if (strcmp(dot, ".delta") || !bar || !part_number(at, (size_t)(bar - at), &ret->source))
                return false;
        at = bar + 1;
        bar = strchr(at, '_');
        if (!bar || !part_number(at, (size_t)(bar - at), &ret->target) || dot <= bar + 1 ||
            (size_t)(dot - bar - 1) >= sizeof(ret->format))
                return false;
        memcpy(ret->format, bar + 1, (size_t)(dot - bar - 1));
        return true;
}

bool download_ticket_grants(const struct world *world, const struct request *request,
                            const char *snap_id)
{
        const char *ticket = request_query(request, "ticket");
        uint8_t key[MAC_KEY_BYTES];
        enum rc rc;

        if (!ticket)
                return false;
        world_key(world, "download", key);
        rc = ticket_check(key, "download", snap_id, world_now(world), ticket, NULL);
        bytes_wipe(key, sizeof(key));
        return rc == RC_OK;
}

static enum rc resource_find(const struct catalog_package *package, const struct wanted *wanted,
                             struct digest *ret, struct err *err)
{
        const struct catalog_resource *resource =
                catalog_find_resource(package, wanted->component, wanted->target);

        if (!resource)
                return err_set(err, RC_NOT_FOUND, "there is no such file");
        *ret = resource->digest;
        return RC_OK;
}

/* The file's digest; RC_NOT_FOUND alike for absent and hidden. */
static enum rc file_find(const struct world *world, const struct request *request,
                         const struct wanted *wanted, struct digest *ret, bool *ret_private,
                         struct err *err)
{
        const struct identity *identity = request_identity(request);
        struct viewer viewer = identity->viewer;
        const struct catalog_package *package = catalog_find_id(identity->catalog, wanted->snap_id);
        const struct catalog_revision *revision;
        const struct catalog_delta *delta;

        if (download_ticket_grants(world, request, wanted->snap_id))
                viewer.granted_snap_id = wanted->snap_id;
        if (!package || !visibility_is_visible(viewer_sees(identity->catalog, &viewer, package)))
                return err_set(err, RC_NOT_FOUND, "there is no such file");
        *ret_private = package->is_private;
        if (*wanted->component)
                return resource_find(package, wanted, ret, err);
        revision = catalog_find_revision(package, wanted->target);
        if (!revision)
                return err_set(err, RC_NOT_FOUND, "there is no such file");
        *ret = revision->digest;
        if (!wanted->source)
                return RC_OK;
        delta = decide_delta(revision, wanted->source, wanted->format);
        if (!delta)
                return err_set(err, RC_NOT_FOUND, "there is no such file");
        *ret = delta->digest;
        return RC_OK;
}

enum rc download_get(void *context, struct request *request, struct response *response,
                     struct err *err)
{
        CLEANUP(fs_closep) int fd = -1;
        char etag[DIGEST_HEX_CHARS + 1];
        struct world *world = context;
        struct wanted wanted;
        struct digest digest;
        uint64_t bytes = 0;
        bool is_private = true;
        enum rc rc;

        if (!file_parse(request->params[0], &wanted))
                return err_set(err, RC_NOT_FOUND, "there is no such file");
        rc = file_find(world, request, &wanted, &digest, &is_private, err);
        if (rc == RC_OK)
                rc = blob_open(world->blobs, &digest, &fd, &bytes, err);
        if (rc != RC_OK)
                return rc;
        digest_hex(&digest, etag);
        response_header(response, "Cache-Control",
                        is_private ? "private, no-store" : "public, max-age=31536000, immutable");
        response_file(response, "application/octet-stream", &fd, bytes, etag);
        return RC_OK;
}
