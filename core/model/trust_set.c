/* SPDX-License-Identifier: Apache-2.0 */
#include "core/model/trust_set.h"
#include "core/model/name.h"
#include <stdio.h>
#include <string.h>

struct trust_set *trust_set_new(struct arena *arena, const struct trust_set *below)
{
        struct trust_set *set = arena_alloc(arena, sizeof(*set));

        if (set) {
                set->arena = arena;
                set->below = below;
        }
        return set;
}

enum rc trust_set_add_root(struct trust_set *set, const char *account_id, const char *key_id,
                           struct err *err)
{
        struct trust_root *root = &set->roots[set->root_count];
        struct digest id;

        if (set->root_count == TRUST_ROOTS_MAX)
                return err_set(err, RC_TOO_MANY, "more than %d root keys", TRUST_ROOTS_MAX);
        if (!name_is_account(account_id) || digest_parse_b64(key_id, &id) != RC_OK)
                return err_set(err, RC_INVALID, "a root is an account and a key id");
        snprintf(root->account_id, sizeof(root->account_id), "%s", account_id);
        snprintf(root->key_id, sizeof(root->key_id), "%s", key_id);
        set->root_count++;
        return RC_OK;
}

enum rc trust_set_add(struct trust_set *set, const char *stream, size_t bytes, struct err *err)
{
        struct assertion_stream at;

        assertion_stream_init(&at, stream, bytes);
        for (;;) {
                struct assertion *assertion = NULL;
                enum rc rc;

                rc = assertion_stream_next(&at, set->arena, &assertion, err);
                if (rc == RC_END)
                        return RC_OK;
                if (rc != RC_OK)
                        return rc;
                if (set->count == TRUST_SET_MAX)
                        return err_set(err, RC_TOO_MANY, "more than %d assertions", TRUST_SET_MAX);
                set->items[set->count++] = (struct trust_item){.assertion = assertion};
        }
}

static bool is_same(const struct assertion *assertion, const char *type, const char *const *pk)
{
        if (strcmp(assertion->type->name, type) != 0)
                return false;
        for (size_t i = 0; i < assertion->type->pk_count; i++)
                if (strcmp(assertion->pk[i], pk[i]) != 0)
                        return false;
        return true;
}

const struct assertion *trust_set_find(const struct trust_set *set, const char *type,
                                       const char *const *pk)
{
        const struct assertion *best = NULL;

        for (; set; set = set->below) {
                for (size_t i = 0; i < set->count; i++) {
                        const struct trust_item *item = &set->items[i];

                        if (!item->proved || !is_same(item->assertion, type, pk))
                                continue;
                        if (!best || item->assertion->revision > best->revision)
                                best = item->assertion;
                }
        }
        return best;
}

const struct trust_item *trust_set_given(const struct trust_set *set, const char *type)
{
        for (size_t i = 0; i < set->count; i++)
                if (strcmp(set->items[i].assertion->type->name, type) == 0)
                        return &set->items[i];
        return NULL;
}

bool trust_set_is_trusted(const struct trust_set *set, const char *account_id)
{
        for (; set; set = set->below)
                for (size_t i = 0; i < set->root_count; i++)
                        if (strcmp(set->roots[i].account_id, account_id) == 0)
                                return true;
        return false;
}

bool trust_set_is_root(const struct trust_set *set, const char *key_id)
{
        for (; set; set = set->below)
                for (size_t i = 0; i < set->root_count; i++)
                        if (strcmp(set->roots[i].key_id, key_id) == 0)
                                return true;
        return false;
}

static const struct assertion *source_find(void *context, struct arena *arena, const char *type,
                                           const char *const *pk)
{
        (void)arena;
        return trust_set_find(context, type, pk);
}

static bool source_is_trusted(void *context, const char *account_id)
{
        return trust_set_is_trusted(context, account_id);
}

static bool source_is_root(void *context, const char *key_id)
{
        return trust_set_is_root(context, key_id);
}

static enum rc item_prove(struct trust_set *set, struct trust_item *item, unsigned flags,
                          usec_t now)
{
        const struct trust_source source = {
                .context = set,
                .find = source_find,
                .is_trusted_account = source_is_trusted,
                .is_root_key = source_is_root,
        };
        struct err err = {0};
        enum rc rc;

        if (item->assertion->type->signer == SIGNER_SELF)
                rc = trust_check_self_signed(item->assertion, &err);
        else
                rc = trust_check(item->assertion, &source, flags, now, set->arena, &err);
        item->proved = rc == RC_OK;
        if (rc != RC_OK)
                snprintf(item->reason, sizeof(item->reason), "%.150s", err.text);
        return rc;
}

/* Each round proves one more link at least, or is the last: count rounds are always enough. */
enum rc trust_set_prove(struct trust_set *set, unsigned flags, usec_t now, struct err *err)
{
        bool moved = true;

        for (size_t round = 0; moved && round < set->count; round++) {
                moved = false;
                for (size_t i = 0; i < set->count; i++) {
                        enum rc rc;

                        if (set->items[i].proved)
                                continue;
                        rc = item_prove(set, &set->items[i], flags, now);
                        if (rc_is_fault(rc))
                                return err_set(err, rc, "%s", set->items[i].reason);
                        moved = moved || rc == RC_OK;
                }
        }
        return RC_OK;
}
