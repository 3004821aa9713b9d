/* SPDX-License-Identifier: Apache-2.0 */
#include "core/model/component.h"
#include "core/model/name.h"
#include <string.h>

bool component_name_split(const char *text, struct arena *arena, const char **ret_snap,
                          const char **ret_name)
{
        const char *plus = strchr(text, '+');
        const char *snap = plus ? arena_memdup(arena, text, (size_t)(plus - text)) : NULL;

        if (!snap || !name_is_snap(snap) || !name_is_snap(plus + 1))
                return false;
        *ret_snap = snap;
        *ret_name = plus + 1;
        return true;
}

bool component_type_is_known(const char *type)
{
        static const char *const types[] = {"standard", "kernel-modules", "test"};

        for (size_t i = 0; i < ARRAY_COUNT(types); i++)
                if (strcmp(types[i], type) == 0)
                        return true;
        return false;
}
