/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * media -- addresses of icons and screenshots, and serving them.
 *
 *     /media/<sha3-384 in hex>.png, .jpg
 *
 * An address names one immutable picture, on the same host as everything else of the store: clients
 * behind a proxy take no other. It is read where its package may be seen; that of a private package
 * carries a ticket, as its downloads do.
 *
 * Floor    server/api. Source: device.md 2.3, 7.6 (Content-Length, ETag, no chunks).
 * Tests    tests/flow/test_discovery.py
 */
#include "server/api/view.h"

/* The entries of "media": the icon first. */
void media_put(struct buf *out, const struct view_links *links,
               const struct catalog_package *package, const struct catalog_revision *revision);

enum rc media_get(void *world, struct request *request, struct response *response, struct err *err);
