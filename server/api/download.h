/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * download -- addresses of packages and deltas, and serving them.
 *
 * An address names one immutable file. Where the package is private it also carries an expiring,
 * keyed ticket, because snapd may send no credentials to a download host.
 *
 *     /api/v1/snaps/download/<snap-id>_<revision>.snap
 *     /api/v1/snaps/download/<snap-id>_<source>_<target>_<format>.delta
 *     /api/v1/snaps/download/<snap-id>_<component>_<revision>.comp
 *
 * Floor    server/api. Source: device.md section 7.
 * Tests    tests/flow/test_device.py, tests/snapd
 */
#include "server/api/view.h"

/* A JSON string with the absolute address; delta NULL: the package itself. */
void download_url_put(struct buf *out, const struct view_links *links,
                      const struct catalog_package *package,
                      const struct catalog_revision *revision, const struct catalog_delta *delta);
void download_resource_url_put(struct buf *out, const struct view_links *links,
                               const struct catalog_package *package,
                               const struct catalog_resource *resource);
/* The entries of "deltas" by the rules of device.md 7.3: no header none; one format at most one
 * entry; a list at most one of each. */
void download_deltas_put(struct buf *out, const struct view_links *links,
                         const struct catalog_package *package,
                         const struct catalog_revision *revision);

/* "?ticket=...", where an address of the package needs one to be read without credentials. */
void download_ticket_put(struct buf *out, const struct view_links *links,
                         const struct catalog_package *package);
/* Whether the request's address was signed for this package. */
bool download_ticket_grants(const struct world *world, const struct request *request,
                            const char *snap_id);

enum rc download_get(void *world, struct request *request, struct response *response,
                     struct err *err);
