/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * link -- addresses that a package names: its website, where to reach its publisher, ...
 *
 * Floor    core/model; pure. Owner: texts are the caller's.
 * Source   device.md 2.3 (`links`); snapd takes kinds of letters, digits and single dashes, http
 * and https addresses with a host, and mail addresses. Tests    tests/unit/test_media.c
 */
#include "core/base/rc.h"

#define LINK_KIND_MAX 32
#define LINK_URL_MAX  1024 /* bytes */
#define LINKS_MAX     32   /* of one package, all kinds together */

struct package_link {
        const char *kind; /* "website", "contact", "issues", "source-code", "donation", ... */
        const char *url;
};

bool link_kind_is_valid(const char *kind);
/* http, https or mailto; a bare mail address does too. */
bool link_url_is_valid(const char *url);
