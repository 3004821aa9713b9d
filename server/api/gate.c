/* SPDX-License-Identifier: Apache-2.0 */
#include "server/api/gate.h"
#include "core/model/name.h"
#include "server/domain/device_viewer.h"
#include "server/domain/model_view.h"
#include "server/domain/scope.h"
#include "server/domain/session.h"
#include "server/domain/stores.h"
#include "server/domain/token.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct identity *request_identity(const struct request *request)
{
        return request->identity;
}

enum rc identity_may(const struct identity *identity, const char *permission, struct err *err)
{
        if (!identity->permissions || scope_has(identity->permissions, permission))
                return RC_OK;
        return err_set_code(err, RC_FORBIDDEN, "macaroon-permission-required",
                            "this token does not have the permission %s", permission);
}

/* Either dialect's header. */
static const char *header_either(const struct request *request, const char *v2, const char *v1)
{
        const char *value = request_header(request, v2);

        return value ? value : request_header(request, v1);
}

/* `Macaroon root="TOKEN"` to TOKEN; NULL when it has another form. */
static const char *session_token(struct arena *arena, const char *header)
{
        const char *start;
        const char *end;

        if (strncasecmp(header, "Macaroon", 8))
                return NULL;
        start = strstr(header, "root=\"");
        if (!start)
                return NULL;
        start += 6;
        end = strchr(start, '"');
        return end ? arena_memdup(arena, start, (size_t)(end - start)) : NULL;
}

/* The device is asked to open a new session and to repeat its request (device.md 5, hard path). */
static enum rc session_renew(struct response *response, struct err *err)
{
        response_header(response, "WWW-Authenticate", "Macaroon refresh_device_session=1");
        return err_set_code(err, RC_UNAUTHORIZED, SESSION_OVER_CODE, SESSION_OVER_TEXT);
}

static enum rc device_resolve(struct world *world, struct request *request,
                              struct identity *identity, struct response *response, struct err *err)
{
        const char *header =
                header_either(request, "Snap-Device-Authorization", "X-Device-Authorization");
        struct session session;
        const char *token;
        enum rc rc;

        if (!header || !*header)
                return RC_OK;
        token = session_token(request->arena, header);
        rc = token ? session_check(world, token, request->arena, &session, err) : RC_INVALID;
        /* What the operator took back is refused hard; age is a matter of course. */
        if (rc == RC_EXPIRED && request->route->auth == AUTH_DEVICE_SOFT) {
                identity->session_over = true;
                return RC_OK;
        }
        if (rc != RC_OK)
                return session_renew(response, err);
        rc = device_viewer_fill(world, identity->catalog, &session, request->arena,
                                &identity->viewer, err);
        return rc == RC_NOT_FOUND ? session_renew(response, err) : rc;
}

/* Whether a header of items between commas and blanks holds the item. */
static bool header_lists(const char *header, const char *item)
{
        const size_t length = strlen(item);

        while (header && *header) {
                const size_t part = strcspn(header, ", ");

                if (part == length && strncmp(header, item, length) == 0)
                        return true;
                header += part;
                header += strspn(header, ", ");
        }
        return false;
}

static void store_resolve(const struct world *world, const struct request *request,
                          const struct catalog *catalog, struct viewer *viewer)
{
        const char *store = header_either(request, "Snap-Device-Store", "X-Ubuntu-Store");
        const char *arch =
                header_either(request, "Snap-Device-Architecture", "X-Ubuntu-Architecture");
        const char *own = world_text(world, SET_STORE_ID);

        /* Another store's id is a store without packages, not an error: hidden looks like absent.
         */
        viewer->store_id = !store || !*store                       ? own
                           : stores_is_here(world, catalog, store) ? store
                                                                   : "";
        viewer->arch = arch && name_is_arch(arch) ? arch : "";
        viewer->takes_images = header_lists(request_header(request, "Storehouse-Accept"), "image");
}

/* The token stands for a model: what its devices see, without being one of them. A device's own
 * session goes before it. */
static enum rc model_resolve(struct world *world, const struct request *request,
                             const struct session *model, struct identity *identity,
                             struct err *err)
{
        struct session device = *model;
        struct view_model known;
        enum rc rc;

        if (identity->viewer.brand_id)
                return RC_OK;
        rc = model_view_name(world, identity->catalog, model->brand_id, model->model,
                             request->arena, &known, err);
        if (rc != RC_OK)
                return rc;
        device.store_id = known.store_id;
        return device_viewer_fill(world, identity->catalog, &device, request->arena,
                                  &identity->viewer, err);
}

static enum rc token_resolve_into(struct world *world, struct request *request,
                                  struct identity *identity, struct err *err)
{
        const char *header = request_header(request, "Authorization");
        struct session model = {.brand_id = NULL};
        struct token_row token;
        enum rc rc;

        if (!header || !*header)
                return err_set(err, RC_UNAUTHORIZED, "this needs an Authorization header");
        rc = token_resolve_header(world, request->arena, header, &token, err);
        if (rc != RC_OK)
                return rc;
        identity->account_id = token.account_id;
        identity->permissions = token.permissions;
        identity->packages = token.packages;
        identity->channels = token.channels;
        identity->token_id = token.id;
        identity->token_expires = token.expires;
        identity->is_admin = token_is_admin(world, &token);
        if (token_model(request->arena, token.permissions, &model.brand_id, &model.model))
                return model_resolve(world, request, &model, identity, err);
        /* A token that may push but not look shows a device no more than it shows its owner. */
        if (identity_may(identity, "package-view", NULL) != RC_OK)
                return RC_OK;
        identity->viewer.account_id = identity->account_id;
        identity->viewer.is_admin = identity->is_admin;
        identity->viewer.token_packages = identity->packages;
        return RC_OK;
}

static enum rc auth_apply(struct world *world, struct request *request, struct identity *identity,
                          struct response *response, struct err *err)
{
        enum rc rc;

        switch ((enum api_auth)request->route->auth) {
        case AUTH_OPEN:
                return RC_OK;
        case AUTH_DEVICE:
        case AUTH_DEVICE_SOFT:
                rc = device_resolve(world, request, identity, response, err);
                if (rc != RC_OK || !request_header(request, "Authorization"))
                        return rc;
                /* A stranger's Authorization header is no reason to refuse what is public. */
                rc = token_resolve_into(world, request, identity, NULL);
                return rc_is_fault(rc) ? rc : RC_OK;
        case AUTH_UPLOAD:
                if (!request_header(request, "Authorization") &&
                    !conf_bool(world->conf, SET_UPLOAD_REQUIRE_TOKEN))
                        return RC_OK;
                return token_resolve_into(world, request, identity, err);
        case AUTH_ACCOUNT:
                return token_resolve_into(world, request, identity, err);
        case AUTH_ADMIN:
                rc = token_resolve_into(world, request, identity, err);
                if (rc == RC_OK && !identity->is_admin)
                        return err_set_code(err, RC_FORBIDDEN, "macaroon-permission-required",
                                            "only an administrator may do this");
                return rc;
        }
        return err_set(err, RC_BUG, "a route without an auth class");
}

enum rc api_gate(void *context, struct request *request, struct response *response, struct err *err)
{
        struct identity *identity = arena_alloc(request->arena, sizeof(*identity));
        struct world *world = context;

        if (!identity)
                return err_set(err, RC_NOMEM, "no memory for a request");
        identity->catalog = catalog_acquire(world->catalog);
        request->identity = identity;
        store_resolve(world, request, identity->catalog, &identity->viewer);
        return auth_apply(world, request, identity, response, err);
}

void api_gate_leave(void *context, const struct request *request)
{
        struct identity *identity = request->identity;
        struct world *world = context;

        if (!identity || !identity->catalog)
                return;
        catalog_release(world->catalog, identity->catalog);
        identity->catalog = NULL;
}
