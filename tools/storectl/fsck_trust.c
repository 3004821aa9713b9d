/* SPDX-License-Identifier: Apache-2.0 */
#include "core/model/trust.h"
#include "tools/storectl/fsck.h"
#include <string.h>

#define ONE_ARENA  (64 * MIB)
#define PK_MAX     (4 * KIB)
#define FORMAT_ANY ((uint64_t)INT32_MAX)

struct look {
        struct fsck *fsck;
        struct db_tx *tx;
        struct arena *arena; /* of one assertion */
};

static const char *assertion_pk_text(struct arena *arena, const char *const *pk, size_t count)
{
        CLEANUP(buf_fini) struct buf text = BUF_INIT(PK_MAX);

        for (size_t i = 0; i < count; i++)
                buf_printf(&text, "%s%s", i ? "/" : "", pk[i]);
        return text.failed || !text.data ? NULL : arena_strdup(arena, text.data);
}

static const struct assertion *known_find(void *context, struct arena *arena, const char *type,
                                          const char *const *pk)
{
        const struct assertion_type *known = assertion_type_find(type);
        struct look *look = context;
        struct assertion_row row = {0};
        struct assertion *ret = NULL;
        const char *joined = known ? assertion_pk_text(arena, pk, known->pk_count) : NULL;

        if (!joined ||
            store_assertion_get(look->tx, arena, type, joined, FORMAT_ANY, &row, NULL) != RC_OK)
                return NULL;
        return assertion_parse(arena, row.text, row.text_bytes, &ret, NULL) == RC_OK ? ret : NULL;
}

static bool account_is_trusted(void *context, const char *account_id)
{
        const struct fsck *fsck = ((struct look *)context)->fsck;

        for (size_t i = 0; i < fsck->root_count; i++)
                if (strcmp(fsck->roots[i].account_id, account_id) == 0)
                        return true;
        return false;
}

static bool key_is_root(void *context, const char *key_id)
{
        const struct fsck *fsck = ((struct look *)context)->fsck;

        for (size_t i = 0; i < fsck->root_count; i++)
                if (strcmp(fsck->roots[i].key_id, key_id) == 0)
                        return true;
        return false;
}

/* The row's columns are what the server looks things up by. */
static bool columns_agree(struct look *look, const struct assertion_row *row,
                          const struct assertion *assertion)
{
        const char *pk = assertion_pk_text(look->arena, assertion->pk, assertion->type->pk_count);

        return pk && strcmp(pk, row->pk) == 0 && strcmp(assertion->type->name, row->type) == 0 &&
               assertion->revision == row->revision && assertion->format == row->format;
}

static enum rc assertion_look(void *context, const struct assertion_row *row, struct err *err)
{
        struct look *look = context;
        const struct trust_source source = {.context = look,
                                            .find = known_find,
                                            .is_trusted_account = account_is_trusted,
                                            .is_root_key = key_is_root};
        struct assertion *assertion = NULL;
        struct err why = {0};
        const char *object;
        enum rc rc;

        (void)err;
        arena_reset(look->arena);
        look->fsck->assertions++;
        object = arena_printf(look->arena, "%s/%s", row->type, row->pk);
        if (!object)
                object = row->type;
        rc = assertion_parse(look->arena, row->text, row->text_bytes, &assertion, &why);
        if (rc == RC_OK && !columns_agree(look, row, assertion))
                fsck_report(look->fsck, "assertion", object,
                            "it is stored under another key or revision than its own");
        if (rc == RC_OK)
                rc = trust_check(assertion, &source, TRUST_IGNORE_EXPIRY, clock_now(NULL),
                                 look->arena, &why);
        if (rc == RC_NOMEM)
                return rc;
        if (rc != RC_OK)
                fsck_report(look->fsck, "assertion", object, "%s", why.text);
        return RC_OK;
}

enum rc fsck_look_trust(struct fsck *fsck, struct db_tx *tx, struct err *err)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(ONE_ARENA);
        struct look look = {.fsck = fsck, .tx = tx, .arena = arena};

        if (!arena)
                return err_set(err, RC_NOMEM, "out of memory");
        return store_assertion_each(tx, "", assertion_look, &look, err);
}
