/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses of publishers and administrators, a row each. */
#include "server/api/publisher.h"
#include "server/domain/import.h"

#define GET       (HTTP_GET | HTTP_HEAD)
#define TOKEN_MAX (16 * KIB)
/* The setting max-package-bytes bounds an upload before this does. */
#define UPLOAD_MAX ((size_t)1 << 40)

#define ROW(methods, pattern, handler, auth, body_max, name)                                       \
        {                                                                                          \
                methods, pattern, handler, ROUTE_POOL, auth, STYLE_PUBLISHER, body_max, NULL, name \
        }

const struct route publisher_routes[] = {
        ROW(HTTP_POST, "/v1/tokens/offline/exchange", token_exchange_post, AUTH_OPEN, TOKEN_MAX,
            "token-exchange"),
        ROW(GET, "/v1/tokens/whoami", token_whoami_get, AUTH_ACCOUNT, 0, "token-whoami"),
        ROW(GET, "/api/v2/tokens/whoami", token_whoami_get, AUTH_ACCOUNT, 0, "token-whoami-v2"),
        {HTTP_POST, "/unscanned-upload/", upload_post, ROUTE_POOL, AUTH_UPLOAD, STYLE_PUBLISHER,
         UPLOAD_MAX, &api_upload_sink, "upload"},

        ROW(GET, "/v1/snap", package_list_get, AUTH_ACCOUNT, 0, "package-list"),
        ROW(HTTP_POST, "/v1/snap", package_register_post, AUTH_ACCOUNT, TOKEN_MAX,
            "package-register"),
        ROW(GET, "/v1/snap/{name}", package_metadata_get, AUTH_ACCOUNT, 0, "package-get"),
        ROW(HTTP_PATCH, "/v1/snap/{name}", package_metadata_patch, AUTH_ACCOUNT, PUBLISHER_BODY_MAX,
            "package-patch"),
        ROW(HTTP_DELETE, "/v1/snap/{name}", package_delete_delete, AUTH_ACCOUNT, 0,
            "package-delete"),
        ROW(HTTP_POST, "/v1/snap/{name}/tracks", package_tracks_post, AUTH_ACCOUNT,
            PUBLISHER_BODY_MAX, "package-tracks"),
        ROW(HTTP_POST, "/v1/snap/{name}/revisions", revision_push_post, AUTH_ACCOUNT,
            PUBLISHER_BODY_MAX, "revision-push"),
        ROW(GET, "/v1/snap/{name}/revisions/review", revision_review_get, AUTH_ACCOUNT, 0,
            "revision-review"),
        ROW(GET, "/v1/snap/{name}/revisions", revision_list_get, AUTH_ACCOUNT, 0, "revision-list"),
        ROW(GET, "/v1/snap/{name}/releases", release_map_get, AUTH_ACCOUNT, 0, "release-map"),
        ROW(HTTP_POST, "/v1/snap/{name}/releases", release_post, AUTH_ACCOUNT, PUBLISHER_BODY_MAX,
            "release"),

        ROW(GET, "/api/v1/status", status_get, AUTH_ADMIN, 0, "status"),
        ROW(GET, "/api/v1/accounts", account_list_get, AUTH_ADMIN, 0, "account-list"),
        ROW(HTTP_POST, "/api/v1/accounts", account_create_post, AUTH_ADMIN, TOKEN_MAX,
            "account-create"),
        ROW(GET, "/api/v1/accounts/{id}", account_get, AUTH_ADMIN, 0, "account-get"),
        ROW(HTTP_POST, "/api/v1/accounts/{id}/keys", account_key_post, AUTH_ACCOUNT,
            PUBLISHER_BODY_MAX, "account-key"),
        ROW(GET, "/api/v1/tokens", token_list_get, AUTH_ACCOUNT, 0, "token-list"),
        ROW(HTTP_POST, "/api/v1/tokens", token_create_post, AUTH_ACCOUNT, TOKEN_MAX,
            "token-create"),
        ROW(HTTP_DELETE, "/api/v1/tokens/{id}", token_delete, AUTH_ACCOUNT, 0, "token-delete"),
        ROW(HTTP_POST, "/api/v1/assertions", assertion_import_post, AUTH_ADMIN, IMPORT_BYTES_MAX,
            "assertion-import"),
        ROW(GET, "/api/v1/models", model_list_get, AUTH_ADMIN, 0, "model-list"),
        ROW(HTTP_POST, "/api/v1/models", model_issue_post, AUTH_ADMIN, PUBLISHER_BODY_MAX,
            "model-issue"),
        ROW(GET, "/api/v1/stores", store_list_get, AUTH_ADMIN, 0, "store-list"),
        ROW(HTTP_POST, "/api/v1/stores", store_create_post, AUTH_ADMIN, TOKEN_MAX, "store-create"),
        ROW(GET, "/api/v1/stores/{id}", store_get, AUTH_ADMIN, 0, "store-get"),
        ROW(HTTP_POST, "/api/v1/stores/{id}/includes", store_include_post, AUTH_ADMIN, TOKEN_MAX,
            "store-include"),
        ROW(HTTP_DELETE, "/api/v1/stores/{id}/includes/{store}", store_include_delete_delete,
            AUTH_ADMIN, 0, "store-include-end"),
        ROW(HTTP_POST, "/api/v1/stores/{id}/packages", store_package_post, AUTH_ADMIN, TOKEN_MAX,
            "store-package"),
        ROW(GET, "/api/v1/views", view_list_get, AUTH_ADMIN, 0, "view-list"),
        ROW(GET, "/api/v1/views/{model}", view_get, AUTH_ADMIN, 0, "view-get"),
        ROW(HTTP_PATCH, "/api/v1/views/{model}", view_patch, AUTH_ADMIN, TOKEN_MAX, "view-patch"),
        ROW(HTTP_DELETE, "/api/v1/views/{model}", view_delete, AUTH_ADMIN, 0, "view-delete"),
        ROW(HTTP_POST, "/api/v1/views/{model}/packages", view_package_post, AUTH_ADMIN, TOKEN_MAX,
            "view-package"),
        ROW(GET, "/api/v1/packages/{name}/deltas", delta_list_get, AUTH_ACCOUNT, 0, "delta-list"),
        ROW(GET, "/api/v1/packages/{name}/media", media_list_get, AUTH_ACCOUNT, 0, "media-list"),
        ROW(HTTP_PUT, "/api/v1/packages/{name}/media", media_put_put, AUTH_ACCOUNT, MEDIA_BYTES_MAX,
            "media-put"),
        ROW(HTTP_DELETE, "/api/v1/packages/{name}/media", media_remove_delete, AUTH_ACCOUNT, 0,
            "media-remove"),
        ROW(GET, "/api/v1/categories", category_list_get, AUTH_ACCOUNT, 0, "category-list"),
        ROW(HTTP_POST, "/api/v1/categories", category_add_post, AUTH_ADMIN, TOKEN_MAX,
            "category-add"),
        ROW(HTTP_DELETE, "/api/v1/categories/{name}", category_remove_delete, AUTH_ADMIN, 0,
            "category-remove"),
        ROW(HTTP_POST, "/api/v1/devices/{serial}/manifest", device_manifest_post, AUTH_ADMIN,
            PUBLISHER_BODY_MAX, "device-manifest"),
        ROW(HTTP_POST, "/api/v1/sessions/expire", session_expire_post, AUTH_ADMIN, KIB,
            "session-expire"),
        ROW(GET, "/api/v1/why", why_get, AUTH_ADMIN, 0, "why"),
        ROW(GET, "/api/v1/audit", audit_get, AUTH_ADMIN, 0, "audit"),
};
const size_t publisher_route_count = ARRAY_COUNT(publisher_routes);
