/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delegated revisions are for the devices that the delegation names: snapd would download the
 * others and refuse them. Source: device.md 9.5.
 */
#include "core/model/assertion_type.h"
#include "core/model/delegation.h"
#include "server/domain/decide_inside.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>

static const struct assertion *declaration_find(const struct catalog *catalog, const char *snap_id)
{
        char pk[64];
        const int length = snprintf(pk, sizeof(pk), "16/%s", snap_id);

        return length > 0 && (size_t)length < sizeof(pk)
                       ? catalog_get_assertion(catalog, "snap-declaration", pk, UINT_MAX)
                       : NULL;
}

static const struct assertion *revision_find(const struct catalog *catalog,
                                             const struct catalog_revision *revision)
{
        char digest[DIGEST_B64_CHARS + 1];
        char pk[256];
        int length;

        digest_b64(&revision->digest, digest);
        length = snprintf(pk, sizeof(pk), "%s/%s", digest, revision->info.provenance);
        return length > 0 && (size_t)length < sizeof(pk)
                       ? catalog_get_assertion(catalog, "snap-revision", pk, UINT_MAX)
                       : NULL;
}

static bool is_for_device(const struct deciding *deciding, const struct catalog_revision *revision)
{
        const struct catalog *catalog = deciding->context->catalog;
        const struct viewer *viewer = deciding->context->viewer;
        const struct assertion *made = revision_find(catalog, revision);
        const struct assertion *declared = declaration_find(catalog, deciding->package->snap_id);
        const char *store = viewer->model ? assertion_text(viewer->model, "store") : NULL;
        const struct delegation_device device = {
                .store_id = store,
                .store = store ? catalog_get_assertion(catalog, "store", store, 0) : NULL,
                .brand_id = viewer->brand_id,
                .model = viewer->model_name,
        };

        return made && declared &&
               delegation_covers(declared, made->authority, revision->info.provenance,
                                 revision->number, &device);
}

const struct catalog_revision *provenance_pick(struct deciding *deciding,
                                               const struct catalog_revision *revision)
{
        const char *provenance = revision ? revision->info.provenance : NULL;

        /* Who has no model builds an image or looks around: what it is for is seen to then. */
        if (!provenance || !*provenance || strcmp(provenance, PROVENANCE_DEFAULT) == 0 ||
            !deciding->context->viewer->model || is_for_device(deciding, revision))
                return revision;
        decide_refuse(deciding, REASON_PROVENANCE, provenance, revision->number);
        deciding->answer->has_effective = false;
        return NULL;
}
