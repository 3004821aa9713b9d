/* SPDX-License-Identifier: Apache-2.0 */
/* Who gates whom: refresh-control of every declaration, turned round and kept in order, so that a
 * refresh of what nobody gates finds that out in one search. Source: device.md 9.2. */
#include "server/domain/catalog_node.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static int gate_compare(const void *a, const void *b)
{
        const struct catalog_gate *x = a;
        const struct catalog_gate *y = b;
        const int by_gated = strcmp(x->gated, y->gated);

        return by_gated ? by_gated : strcmp(x->gating, y->gating);
}

/* The newest declaration's list; NULL for what gates nothing. */
static const struct value *control_of(const struct catalog_assertion *assertion,
                                      const char **ret_gating)
{
        const struct assertion *newest = catalog_assertion_newest(assertion, UINT_MAX);
        const struct value *list;

        list = newest ? assertion_value(newest, "refresh-control") : NULL;
        if (!list || list->kind != VALUE_LIST)
                return NULL;
        *ret_gating = newest->pk[1];
        return list;
}

/* Fills table->gates where there is room; *ret_count in any case. */
static void gates_walk(const struct assertion_table *table, struct catalog_gate *gates,
                       size_t *ret_count)
{
        size_t count = 0;

        for (size_t i = 0; i < table->count; i++) {
                const struct catalog_assertion *assertion = &table->nodes[i]->assertion;
                const int order = strcmp(assertion->type, "snap-declaration");
                const struct value *list;
                const char *gating = NULL;

                if (order < 0)
                        continue;
                if (order > 0)
                        break; /* by far most are snap-revisions, behind */
                list = control_of(assertion, &gating);
                for (size_t k = 0; list && k < list->count; k++) {
                        if (list->items[k].kind != VALUE_TEXT)
                                continue;
                        if (gates)
                                gates[count] = (struct catalog_gate){list->items[k].text, gating};
                        count++;
                }
        }
        *ret_count = count;
}

enum rc assertion_table_finish(struct assertion_table *table, struct err *err)
{
        gates_walk(table, NULL, &table->gate_count);
        if (table->gate_count == 0)
                return RC_OK;
        table->gates = calloc(table->gate_count, sizeof(*table->gates));
        if (!table->gates)
                return err_set(err, RC_NOMEM, "no memory for the catalog");
        gates_walk(table, table->gates, &table->gate_count);
        qsort(table->gates, table->gate_count, sizeof(*table->gates), gate_compare);
        return RC_OK;
}

size_t catalog_gates_of(const struct catalog *catalog, const char *snap_id,
                        const struct catalog_gate **ret)
{
        const struct assertion_table *table = catalog->assertions;
        size_t low = 0;
        size_t high = table->gate_count;
        size_t count = 0;

        while (low < high) {
                const size_t middle = low + (high - low) / 2;

                if (strcmp(table->gates[middle].gated, snap_id) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        while (low + count < table->gate_count &&
               strcmp(table->gates[low + count].gated, snap_id) == 0)
                count++;
        *ret = count ? &table->gates[low] : NULL;
        return count;
}
