/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/audit.h"
#include <stdarg.h>
#include <stdio.h>

#define DETAIL_MAX 1024

enum rc audit_add(struct db_tx *tx, const char *by, const char *action, const char *object,
                  usec_t now, struct err *err, const char *detail, ...)
{
        char text[DETAIL_MAX];
        struct audit_row row = {
                .by = by, .action = action, .object = object, .detail = text, .created = now};
        va_list args;

        va_start(args, detail);
        vsnprintf(text, sizeof(text), detail, args);
        va_end(args);
        return store_audit_add(tx, &row, err);
}

struct listing {
        struct arena *arena;
        int64_t before;
        const struct audit_row *rows;
        size_t count;
};

static enum rc list_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct listing *listing = arg;

        return store_audit_list(tx, listing->arena, listing->before, AUDIT_PAGE_MAX, &listing->rows,
                                &listing->count, err);
}

enum rc audit_list(struct world *world, struct arena *arena, int64_t before,
                   const struct audit_row **ret, size_t *ret_count, struct err *err)
{
        struct listing listing = {.arena = arena, .before = before};
        enum rc rc;

        rc = db_run(world->db, DB_READ, list_body, &listing, err);
        if (rc != RC_OK)
                return rc;
        *ret = listing.rows;
        *ret_count = listing.count;
        return RC_OK;
}
