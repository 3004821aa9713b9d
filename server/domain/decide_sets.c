/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What validation sets say of a package. Those that the action names hold, and one that is not
 * here, or that contradicts, is an error. Those that the device's model enforces hold too, unless
 * the device ignores validation: at the model's point, at the point where the device says it is, or
 * else at the newest. Source: device.md 9.1; snapd's own order (ignore-validation lifts the sets).
 */
#include "core/model/name.h"
#include "server/domain/decide_inside.h"
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

static const struct catalog_assertion *set_find(const struct catalog *catalog,
                                                const struct decide_set *set)
{
        char pk[256];
        int length;

        length = snprintf(pk, sizeof(pk), "16/%s/%s", set->account_id, set->name);
        if (length < 0 || (size_t)length + 24 > sizeof(pk))
                return NULL;
        if (set->sequence)
                snprintf(pk + length, sizeof(pk) - (size_t)length, "/%" PRIu64, set->sequence);
        return set->sequence ? catalog_find_assertion(catalog, "validation-set", pk)
                             : catalog_find_sequence(catalog, "validation-set", pk, 0);
}

/* The set's entry of the package; NULL: it says nothing of it. */
static const struct value *entry_find(const struct catalog_assertion *set,
                                      const struct catalog_package *package)
{
        const struct assertion *newest = catalog_assertion_newest(set, UINT_MAX);
        const struct value *snaps = newest ? assertion_value(newest, "snaps") : NULL;

        for (size_t i = 0; snaps && snaps->kind == VALUE_LIST && i < snaps->count; i++) {
                const char *snap_id = value_text(&snaps->items[i], "id");
                const char *name = snap_id ? NULL : value_text(&snaps->items[i], "name");

                if (snap_id ? strcmp(snap_id, package->snap_id) == 0
                            : name && strcmp(name, package->name) == 0)
                        return &snaps->items[i];
        }
        return NULL;
}

static void entry_apply(struct deciding *deciding, const char *name, const struct value *entry,
                        uint64_t *pin)
{
        const char *presence = value_text(entry, "presence");
        const char *text = value_text(entry, "revision");
        uint64_t revision = 0;

        if (presence && strcmp(presence, "invalid") == 0) {
                decide_refuse(deciding, REASON_SET_INVALID, name, 0);
                return;
        }
        if (!text || number_parse_u64(text, INT64_MAX, &revision) != RC_OK || !revision)
                return;
        if (*pin && *pin != revision) {
                decide_refuse(deciding, REASON_SET_CONFLICT, name, revision);
                deciding->is_refused = true;
                return;
        }
        decide_note(deciding, REASON_SET_PINNED, name, revision);
        *pin = revision;
}

static void set_apply(struct deciding *deciding, const struct decide_set *set, uint64_t *pin)
{
        const struct catalog_assertion *found = set_find(deciding->context->catalog, set);
        const struct value *entry = found ? entry_find(found, deciding->package) : NULL;

        if (!found)
                decide_refuse(deciding, REASON_SET_UNKNOWN, set->name, set->sequence);
        else if (entry)
                entry_apply(deciding, found->pk, entry, pin);
}

static const struct decide_set *set_among(const struct decide_set *sets, size_t count,
                                          const struct decide_set *wanted)
{
        for (size_t i = 0; i < count; i++)
                if (strcmp(sets[i].account_id, wanted->account_id) == 0 &&
                    strcmp(sets[i].name, wanted->name) == 0)
                        return &sets[i];
        return NULL;
}

/* false: not a set that the model enforces. */
static bool model_set_read(const struct assertion *model, const struct value *entry,
                           struct decide_set *ret)
{
        const char *mode = value_text(entry, "mode");
        const char *account = value_text(entry, "account-id");
        const char *sequence = value_text(entry, "sequence");

        ret->account_id = account ? account : model->authority;
        ret->name = value_text(entry, "name");
        ret->sequence = 0;
        if (sequence && number_parse_u64(sequence, INT64_MAX, &ret->sequence) != RC_OK)
                return false;
        return mode && strcmp(mode, "enforce") == 0 && ret->name && ret->account_id;
}

static void model_sets_apply(struct deciding *deciding, uint64_t *pin)
{
        const struct decide_ask *ask = deciding->ask;
        const struct assertion *model = deciding->context->viewer->model;
        const struct value *list = model ? assertion_value(model, "validation-sets") : NULL;

        if (!list || list->kind != VALUE_LIST || ask->ignore_validation)
                return;
        for (size_t i = 0; i < list->count && i < DECIDE_SETS_MAX; i++) {
                const struct decide_set *tracked;
                struct decide_set set;

                if (!model_set_read(model, &list->items[i], &set) ||
                    set_among(ask->sets, ask->set_count, &set))
                        continue;
                tracked = set_among(ask->tracked, ask->tracked_count, &set);
                if (tracked && !set.sequence)
                        set.sequence = tracked->sequence;
                set_apply(deciding, &set, pin);
        }
}

uint64_t sets_pin(struct deciding *deciding)
{
        uint64_t pin = deciding->ask->revision;

        for (size_t i = 0; i < deciding->ask->set_count && i < DECIDE_SETS_MAX; i++)
                set_apply(deciding, &deciding->ask->sets[i], &pin);
        /* What the request itself names is not passed over in silence. */
        deciding->is_refused |= deciding->has_refusal;
        model_sets_apply(deciding, &pin);
        return pin;
}
