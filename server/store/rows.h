/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * rows -- the rows of the database as structs. What each function in the store_*.h headers reads
 * into an arena or writes from one. Texts are never NULL: absent is "". Times are usec since 1970;
 * 0 is "none". Ids of the database are positive.
 *
 * Every row that belongs to a store carries its store_id (several brands on one server, later).
 *
 * Floor    server/store. Source: schema/sqlite/.
 */
#include "core/base/clock.h"
#include "core/crypto/hash.h"
#include "core/model/channel.h"

struct account_row {
        const char *account_id;
        const char *username;
        const char *display_name;
        const char *email;
        const char *validation; /* unproven starred verified */
        usec_t created;
};

/* Every revision of every assertion but serials. pk is the primary key's parts joined by '/', all
 * parts present (defaults filled in). */
struct assertion_row {
        const char *type;
        const char *pk;
        uint64_t revision;
        uint64_t format;
        const char *authority;
        bool imported; /* signed elsewhere */
        const char *text;
        size_t text_bytes;
        usec_t created;
};

struct package_row {
        const char *snap_id;
        const char *store_id;
        const char *name;
        const char *publisher_id;
        const char *type; /* "" until the first revision; app, os, ..., image */
        bool is_private;
        const char *title; /* these come from the newest released revision unless edited */
        const char *summary;
        const char *description;
        const char *default_track;
        bool require_build; /* a push without the publisher's snap-build is refused */
        usec_t created;
};

struct track_row {
        const char *snap_id;
        const char *name;
        const char *version_pattern;
        usec_t created;
};

struct store_row {
        const char *store_id;
        const char *title;
        usec_t created;
};

/* store_id offers what parent_id offers. */
struct store_include_row {
        const char *store_id;
        const char *parent_id;
        int64_t place; /* the first goes first where two parents have a package of one name */
        const char *by;
        usec_t created;
};

struct store_rule_row {
        const char *store_id;
        const char *snap_id;
        const char *rule; /* "include" although it is private, "exclude" */
        const char *by;
        usec_t created;
};

struct model_view_row {
        const char *brand_id;
        const char *model;
        const char *mode; /* "all", "listed" */
        const char *by;
        usec_t created;
};

struct model_rule_row {
        const char *brand_id;
        const char *model;
        const char *snap_id;
        const char *rule;    /* "include", "exclude", "" only the pin counts */
        uint64_t revision;   /* pinned; 0 none */
        const char *channel; /* pinned; "" none */
        const char *by;
        usec_t created;
};

/* An address that the store names for a package. */
struct link_row {
        const char *snap_id;
        const char *kind;
        int position;
        const char *url;
};

struct category_row {
        const char *store_id;
        const char *name;
        usec_t created;
};

struct package_category_row {
        const char *snap_id;
        const char *name;
};

/* A picture of a package, or the icon that one of its revisions brought with it. */
struct media_row {
        const char *snap_id;
        uint64_t revision; /* 0: set by people */
        const char *kind;  /* "icon" "screenshot" */
        int position;
        struct digest digest;
        uint64_t bytes;
        const char *format; /* "png" "jpeg" */
        uint64_t width;
        uint64_t height;
        usec_t created;
};

struct revision_row {
        const char *snap_id;
        uint64_t number;
        struct digest digest;
        uint64_t bytes;
        const char *info_json; /* the inspected package as JSON text (server/api renders it) */
        const char *version;
        const char *archs; /* joined by ',' */
        const char *provenance;
        const char *developer_id; /* who uploaded */
        bool build_signed;
        usec_t created;
};

/* A further file of a snap. */
struct component_row {
        const char *snap_id;
        const char *name;
        uint64_t number;
        struct digest digest;
        uint64_t bytes;
        const char *type;
        const char *version;
        const char *summary;
        const char *description;
        const char *developer_id;
        usec_t created;
};

/* Which of them goes with a revision. */
struct component_pair_row {
        const char *snap_id;
        uint64_t revision;
        const char *name;
        uint64_t number; /* of the component */
        const char *by;
        usec_t created;
};

/* One open channel: what the channel map says now for one architecture. */
struct release_row {
        int64_t id; /* of the release event that put it there */
        const char *snap_id;
        const char *arch;
        struct channel channel;
        uint64_t revision; /* 0 in history rows: closed */
        int percentage;    /* -1: not progressive; else 0..100, and base_revision stays beside */
        uint64_t base_revision; /* what the rest gets while progressive; 0 none */
        bool paused;
        usec_t expires; /* branches; 0 never */
        const char *by; /* account id */
        usec_t created;
};

struct token_row {
        int64_t id;
        struct digest secret; /* SHA3-384 of the token text; the text is shown once and not kept */
        const char *account_id;
        const char *kind;        /* "admin" (exchangeable), "session" */
        const char *permissions; /* joined by ','; "" everything the account may */
        const char *packages;    /* joined by ','; "" all */
        const char *channels;    /* joined by ',', wildcards; "" all */
        const char *description;
        usec_t expires;
        usec_t created;
        bool revoked;
};

struct upload_row {
        const char *upload_id;
        const char *account_id; /* "" anonymous */
        struct digest digest;
        uint64_t bytes;
        const char *snap_id;    /* "" until pushed */
        const char *status;     /* "uploaded" "reviewing" "approved" "rejected" */
        uint64_t revision;      /* when approved */
        const char *error_code; /* when rejected */
        const char *error_text;
        const char *request_json; /* what the push asked for besides (channels, snap-build text) */
        usec_t created;
        usec_t expires;
};

struct job_row {
        int64_t id;
        const char *kind; /* "inspect" "delta" "prune" "expire" */
        const char
                *subject; /* unique with kind while not done: the same work is never queued twice */
        const char *payload; /* JSON */
        int priority;        /* larger first */
        int attempts;
        usec_t run_after;
        usec_t created;
};

struct delta_row {
        const char *snap_id;
        uint64_t source;
        uint64_t target;
        const char *format;
        const char *state;    /* "ready" "refused" "failed" */
        struct digest digest; /* when ready */
        uint64_t bytes;
        uint64_t target_bytes;
        uint64_t cpu_usec;
        const char *reason; /* when not ready */
        usec_t created;
};

struct device_row {
        const char *brand_id;
        const char *model;
        const char *serial;
        const char *key_id;
        const char *request_id; /* the one it was registered with; unique */
        const char *text;       /* the serial assertion */
        size_t text_bytes;
        bool revoked;
        usec_t created;
        usec_t last_seen;
};

struct audit_row {
        int64_t id;
        const char *by;
        const char *action; /* "release" "push" "account-key" ... */
        const char *object;
        const char *detail; /* JSON or "" */
        usec_t created;
};
