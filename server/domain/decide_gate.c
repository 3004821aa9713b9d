/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gating: an installed package whose declaration names this one in refresh-control wants to have
 * validated the revision. Like snapd, which would refuse the others, but with the newest one that
 * every gating package did validate. Source: device.md 9.2.
 */
#include "server/domain/decide_inside.h"
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int id_compare(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void decide_installed_sort(const char **snap_ids, size_t count)
{
        if (count)
                qsort(snap_ids, count, sizeof(*snap_ids), id_compare);
}

static bool is_installed(const struct decide_context *context, const char *snap_id)
{
        return context->installed_count &&
               bsearch(&snap_id, context->installed, context->installed_count,
                       sizeof(*context->installed), id_compare);
}

/* A package that is hidden from the viewer gates nothing: that it does would tell of it. */
static bool gate_counts(const struct decide_context *context, const char *gating)
{
        const struct catalog_package *package;

        if (!is_installed(context, gating))
                return false;
        package = catalog_find_id(context->catalog, gating);
        return !package ||
               visibility_is_visible(viewer_sees(context->catalog, context->viewer, package));
}

static bool is_validated(const struct catalog *catalog, const struct catalog_gate *gate,
                         uint64_t number)
{
        const struct assertion *validation;
        const char *revoked;
        char pk[256];
        int length;

        length = snprintf(pk, sizeof(pk), "16/%s/%s/%" PRIu64, gate->gating, gate->gated, number);
        if (length < 0 || (size_t)length >= sizeof(pk))
                return false;
        validation = catalog_get_assertion(catalog, "validation", pk, UINT_MAX);
        if (!validation)
                return false;
        revoked = assertion_text(validation, "revoked");
        return !revoked || strcmp(revoked, "true");
}

/* The first gate that is closed for the revision; NULL: it may go. */
static const struct catalog_gate *gate_closed(const struct decide_context *context,
                                              const struct catalog_gate *gates, size_t count,
                                              uint64_t number)
{
        for (size_t i = 0; i < count; i++)
                if (gate_counts(context, gates[i].gating) &&
                    !is_validated(context->catalog, &gates[i], number))
                        return &gates[i];
        return NULL;
}

static const char *gate_name(const struct decide_context *context, const struct catalog_gate *gate)
{
        const struct catalog_package *package = catalog_find_id(context->catalog, gate->gating);

        return package ? package->name : gate->gating;
}

/* An earlier one of the channel that is newer than what is installed, and validated by all. */
static const struct catalog_revision *gate_step(struct deciding *deciding,
                                                const struct catalog_gate *gates, size_t count,
                                                const struct catalog_revision *from)
{
        const struct catalog_package *package = deciding->package;

        for (size_t i = (size_t)(from - package->revisions); i > 0; i--) {
                const struct catalog_revision *revision = &package->revisions[i - 1];

                if (revision->number <= deciding->ask->current)
                        break;
                if (!revision_fits(revision, deciding->ask) ||
                    !is_step(deciding, &deciding->answer->effective, revision->number) ||
                    gate_closed(deciding->context, gates, count, revision->number))
                        continue;
                decide_note(deciding, REASON_GATE_STEP, NULL, revision->number);
                return revision;
        }
        return NULL;
}

const struct catalog_revision *gate_pick(struct deciding *deciding,
                                         const struct catalog_revision *revision)
{
        const struct decide_ask *ask = deciding->ask;
        const struct catalog_revision *step = NULL;
        const struct catalog_gate *closed;
        const struct catalog_gate *gates;
        size_t count;

        if (!revision || ask->action != DECIDE_REFRESH || ask->ignore_validation ||
            revision->number == ask->current)
                return revision;
        count = catalog_gates_of(deciding->context->catalog, deciding->package->snap_id, &gates);
        closed = gate_closed(deciding->context, gates, count, revision->number);
        if (!closed)
                return revision;
        decide_refuse(deciding, REASON_GATED, gate_name(deciding->context, closed),
                      revision->number);
        if (deciding->answer->has_effective)
                step = gate_step(deciding, gates, count, revision);
        if (step)
                return step;
        deciding->answer->has_effective = false;
        /* A channel may be named without a wish for a certain revision: it stays as it is. */
        return ask->revision ? NULL : catalog_find_revision(deciding->package, ask->current);
}
