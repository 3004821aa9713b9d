/* SPDX-License-Identifier: Apache-2.0 */
#include "core/model/delegation.h"
#include "core/model/name.h"
#include <string.h>

enum scope { SCOPE_NONE, SCOPE_STORE, SCOPE_DEVICE };

static bool list_has(const struct value *list, const char *text)
{
        for (size_t i = 0; text && list && list->kind == VALUE_LIST && i < list->count; i++)
                if (list->items[i].kind == VALUE_TEXT && strcmp(list->items[i].text, text) == 0)
                        return true;
        return false;
}

/* A bound of an entry; what is no number cannot be kept, so it allows nothing. */
static bool bound_read(const struct value *entry, const char *name, uint64_t standard,
                       uint64_t *ret)
{
        const struct value *value = value_find(entry, name);

        *ret = standard;
        return !value || (value->kind == VALUE_TEXT &&
                          number_parse_u64(value->text, INT32_MAX, ret) == RC_OK);
}

static bool number_fits(const struct value *entry, uint64_t revision)
{
        uint64_t min;
        uint64_t max;

        return bound_read(entry, "min-revision", 1, &min) &&
               bound_read(entry, "max-revision", INT32_MAX, &max) && revision >= min &&
               revision <= max;
}

static bool store_fits(const struct value *entry, const struct delegation_device *device)
{
        const struct value *list = value_find(entry, "on-store");
        const struct value *friends =
                device->store ? assertion_value(device->store, "friendly-stores") : NULL;

        if (!list || list_has(list, device->store_id))
                return true;
        for (size_t i = 0; friends && friends->kind == VALUE_LIST && i < friends->count; i++)
                if (friends->items[i].kind == VALUE_TEXT && list_has(list, friends->items[i].text))
                        return true;
        return false;
}

/* on-model names BRAND/MODEL. */
static bool model_fits(const struct value *entry, const struct delegation_device *device)
{
        const struct value *list = value_find(entry, "on-model");

        if (!list)
                return true;
        for (size_t i = 0; list->kind == VALUE_LIST && i < list->count; i++) {
                const char *text = list->items[i].kind == VALUE_TEXT ? list->items[i].text : "";
                const char *slash = strchr(text, '/');

                if (device->brand_id && device->model && slash &&
                    strlen(device->brand_id) == (size_t)(slash - text) &&
                    memcmp(text, device->brand_id, (size_t)(slash - text)) == 0 &&
                    strcmp(slash + 1, device->model) == 0)
                        return true;
        }
        return false;
}

static bool device_fits(const struct value *entry, const struct delegation_device *device,
                        enum scope scope)
{
        const struct value *brands = value_find(entry, "on-brand");

        if (scope == SCOPE_NONE)
                return true;
        if (!store_fits(entry, device))
                return false;
        return scope == SCOPE_STORE ||
               ((!brands || list_has(brands, device->brand_id)) && model_fits(entry, device));
}

static bool entry_names(const struct value *entry, const char *account_id)
{
        const char *account = value_text(entry, "account-id");

        return account && strcmp(account, account_id) == 0;
}

static bool covers(const struct assertion *declaration, const char *account_id,
                   const char *provenance, uint64_t revision,
                   const struct delegation_device *device, enum scope scope)
{
        const struct value *list = assertion_value(declaration, "revision-authority");

        if (strcmp(provenance, PROVENANCE_DEFAULT) == 0)
                return false;
        for (size_t i = 0; list && list->kind == VALUE_LIST && i < list->count; i++) {
                const struct value *entry = &list->items[i];

                if (entry_names(entry, account_id) &&
                    list_has(value_find(entry, "provenance"), provenance) &&
                    number_fits(entry, revision) && device_fits(entry, device, scope))
                        return true;
        }
        return false;
}

bool delegation_covers(const struct assertion *declaration, const char *account_id,
                       const char *provenance, uint64_t revision,
                       const struct delegation_device *device)
{
        return covers(declaration, account_id, provenance, revision, device,
                      device ? SCOPE_DEVICE : SCOPE_NONE);
}

bool delegation_covers_store(const struct assertion *declaration, const char *account_id,
                             const char *provenance, uint64_t revision, const char *store_id,
                             const struct assertion *store)
{
        const struct delegation_device device = {.store_id = store_id, .store = store};

        return covers(declaration, account_id, provenance, revision, &device, SCOPE_STORE);
}

bool delegation_names(const struct assertion *declaration, const char *account_id)
{
        const struct value *list = assertion_value(declaration, "revision-authority");

        for (size_t i = 0; list && list->kind == VALUE_LIST && i < list->count; i++)
                if (entry_names(&list->items[i], account_id))
                        return true;
        return false;
}

uint64_t delegation_first(const struct assertion *declaration, const char *account_id,
                          const char *provenance)
{
        const struct value *list = assertion_value(declaration, "revision-authority");
        uint64_t first = 0;

        for (size_t i = 0; list && list->kind == VALUE_LIST && i < list->count; i++) {
                const struct value *entry = &list->items[i];
                uint64_t min;

                if (entry_names(entry, account_id) &&
                    list_has(value_find(entry, "provenance"), provenance) &&
                    bound_read(entry, "min-revision", 1, &min) && (!first || min < first))
                        first = min;
        }
        return first;
}
