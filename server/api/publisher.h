/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * publisher -- handlers of the publisher gateway and the administration, their routes, and the few
 * helpers that they share. What each takes and answers is in doc/api.md.
 *
 * Floor    server/api. Every row runs on the pool: its rules read and write the database.
 * Bounds   JSON bodies PUBLISHER_BODY_MAX; lists in answers PAGE_MAX items at a time.
 * Tests    tests/flow/test_publisher.py
 */
#include "server/api/api.h"
#include "server/domain/package.h"

extern const struct route publisher_routes[];
extern const size_t publisher_route_count;

#define PUBLISHER_BODY_MAX (256 * KIB)
#define PAGE_MAX           1000
#define NAME_TEXT_MAX      128

#define PUBLISHER_HANDLER(name)                                                                    \
        enum rc name(void *context, struct request *request, struct response *response,            \
                     struct err *err)

/* publisher_tokens.c */
PUBLISHER_HANDLER(token_exchange_post);
PUBLISHER_HANDLER(token_whoami_get);
/* publisher_upload.c */
extern const struct sink_type api_upload_sink;
PUBLISHER_HANDLER(upload_post);
/* publisher_packages.c */
PUBLISHER_HANDLER(package_list_get);
PUBLISHER_HANDLER(package_register_post);
PUBLISHER_HANDLER(package_metadata_get);
PUBLISHER_HANDLER(package_metadata_patch);
PUBLISHER_HANDLER(package_delete_delete);
PUBLISHER_HANDLER(package_tracks_post);
/* publisher_discovery.c */
PUBLISHER_HANDLER(media_list_get);
PUBLISHER_HANDLER(media_put_put);
PUBLISHER_HANDLER(media_remove_delete);
/* Links, categories and pictures: into a package's object, and out of a request's. */
void json_put_discovery(json_t *object, const struct package_detail *detail);
MUST_USE enum rc json_get_discovery(const json_t *body, struct arena *arena,
                                    struct package_change *change, struct err *err);
/* publisher_revisions.c */
PUBLISHER_HANDLER(revision_push_post);
PUBLISHER_HANDLER(revision_review_get);
PUBLISHER_HANDLER(revision_list_get);
/* publisher_components.c */
PUBLISHER_HANDLER(component_list_get);
PUBLISHER_HANDLER(component_pair_post);
/* publisher_releases.c */
PUBLISHER_HANDLER(release_map_get);
PUBLISHER_HANDLER(release_post);
/* admin_accounts.c */
PUBLISHER_HANDLER(account_list_get);
PUBLISHER_HANDLER(account_create_post);
PUBLISHER_HANDLER(account_get);
PUBLISHER_HANDLER(account_key_post);
/* admin_tokens.c */
PUBLISHER_HANDLER(token_list_get);
PUBLISHER_HANDLER(token_create_post);
PUBLISHER_HANDLER(token_delete);
/* admin_assertions.c */
PUBLISHER_HANDLER(assertion_import_post);
PUBLISHER_HANDLER(assertion_sign_post);
PUBLISHER_HANDLER(model_list_get);
PUBLISHER_HANDLER(model_issue_post);
/* admin_stores.c */
PUBLISHER_HANDLER(store_list_get);
PUBLISHER_HANDLER(store_get);
PUBLISHER_HANDLER(store_create_post);
PUBLISHER_HANDLER(store_include_post);
PUBLISHER_HANDLER(store_include_delete_delete);
PUBLISHER_HANDLER(store_package_post);
/* "include", "exclude" or "none". RC_INVALID. */
MUST_USE enum rc json_get_rule(const json_t *object, const char *field, enum jsonx_need need,
                               enum view_rule *ret, bool *ret_given, struct err *err);
/* admin_views.c */
PUBLISHER_HANDLER(view_list_get);
PUBLISHER_HANDLER(view_get);
PUBLISHER_HANDLER(view_patch);
PUBLISHER_HANDLER(view_delete);
PUBLISHER_HANDLER(view_package_post);
/* admin_categories.c */
PUBLISHER_HANDLER(category_list_get);
PUBLISHER_HANDLER(category_add_post);
PUBLISHER_HANDLER(category_remove_delete);
/* admin_manifest.c */
PUBLISHER_HANDLER(device_manifest_post);
/* admin_import.c */
PUBLISHER_HANDLER(package_import_post);
/* admin_status.c */
PUBLISHER_HANDLER(status_get);
PUBLISHER_HANDLER(audit_get);
PUBLISHER_HANDLER(delta_list_get);
/* admin_why.c */
PUBLISHER_HANDLER(why_get);
/* admin_devices.c */
PUBLISHER_HANDLER(device_list_get);
PUBLISHER_HANDLER(device_get);
PUBLISHER_HANDLER(device_revoke_post);
PUBLISHER_HANDLER(device_unrevoke_post);
PUBLISHER_HANDLER(session_expire_post);
PUBLISHER_HANDLER(registration_list_get);
PUBLISHER_HANDLER(registration_approve_post);
PUBLISHER_HANDLER(registration_deny_post);
PUBLISHER_HANDLER(alarm_list_get);
PUBLISHER_HANDLER(alarm_delete);
/* admin_policy.c */
PUBLISHER_HANDLER(policy_show_get);
PUBLISHER_HANDLER(policy_patch);
PUBLISHER_HANDLER(allow_list_get);
PUBLISHER_HANDLER(allow_post);
PUBLISHER_HANDLER(allow_remove_post);
PUBLISHER_HANDLER(remodel_list_get);
PUBLISHER_HANDLER(remodel_post);
PUBLISHER_HANDLER(remodel_remove_post);

/* --- publisher_common.c --- */
struct actor request_actor(const struct request *request);
/* Sends json with the status and lets go of it. NULL (nothing could be built): RC_NOMEM. */
MUST_USE enum rc answer(struct response *response, int status, json_t *json, struct err *err);
struct imported; /* server/domain/import.h */
/* [{ref, revision, result}]; admin_import.c */
json_t *json_imported(const struct imported *items, size_t count);
/* An RFC 3339 text; null for 0. */
json_t *json_time(usec_t time);
/* Items of a comma-joined list; null for "" where null_when_empty. */
json_t *json_list(const char *joined, bool null_when_empty);
/* A field that is an array of texts, each at most NAME_TEXT_MAX bytes, none with a comma: joined.
 * Absent: "". */
MUST_USE enum rc json_get_joined(const json_t *object, const char *field, struct arena *arena,
                                 const char **ret, struct err *err);
/* A text field that becomes "" when absent. */
MUST_USE enum rc json_get_text(const json_t *object, const char *field, size_t max,
                               const char **ret, struct err *err);
/* ?offset= and ?limit=, and what they leave of count items. RC_INVALID. */
struct page {
        size_t first;
        size_t end;
};
MUST_USE enum rc request_page(const struct request *request, size_t count, struct page *ret,
                              struct err *err);
/* The revision as the gateway lists it; status "released" or "approved". */
json_t *json_revision(const struct catalog_package *package,
                      const struct catalog_revision *revision);
