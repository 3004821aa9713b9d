/* SPDX-License-Identifier: Apache-2.0 */
/* Canonical's root as it lies in deploy/trust: account and key, and that the key is the one whose
 * id everybody knows: the id is a digest of the key itself. */
#include "core/base/fs.h"
#include "core/model/trust.h"
#include "tests/lib/check.h"
#include <string.h>

#define ROOT_KEY "-CvQKAwRQ5h3Ffn10FILJoEZUXOv6km9FwA80-Rcj-f-6jadQ89VRswHNiEB9Lxk"

static const struct assertion *items[2];

static const struct assertion *find(void *context, struct arena *arena, const char *type,
                                    const char *const *pk)
{
        (void)context;
        (void)arena;
        for (size_t i = 0; i < ARRAY_COUNT(items); i++)
                if (!strcmp(items[i]->type->name, type) && !strcmp(items[i]->pk[0], pk[0]))
                        return items[i];
        return NULL;
}

static bool is_trusted_account(void *context, const char *account_id)
{
        (void)context;
        return !strcmp(account_id, "canonical");
}

static bool is_root_key(void *context, const char *key_id)
{
        (void)context;
        return !strcmp(key_id, ROOT_KEY);
}

int main(void)
{
        const struct trust_source source = {
                .find = find, .is_trusted_account = is_trusted_account, .is_root_key = is_root_key};
        CLEANUP(arena_freep) struct arena *arena = arena_new(4 * MIB);
        CLEANUP(pubkey_freep) struct pubkey *key = NULL;
        CLEANUP(fs_freep) char *text = NULL;
        struct assertion_stream stream;
        struct assertion *item = NULL;
        struct err err = {0};
        size_t bytes = 0;

        check_promise("the root that comes as data is the one that everybody knows");
        CHECK_RC(crypto_init(&err), RC_OK, &err);
        CHECK_RC(fs_read_file("deploy/trust/canonical.assert", MIB, &text, &bytes, &err), RC_OK,
                 &err);
        assertion_stream_init(&stream, text, bytes);
        for (size_t i = 0; i < ARRAY_COUNT(items); i++) {
                CHECK_RC(assertion_stream_next(&stream, arena, &item, &err), RC_OK, &err);
                items[i] = item;
        }
        CHECK_RC(assertion_stream_next(&stream, arena, &item, &err), RC_END, &err);
        CHECK_TEXT(items[0]->type->name, "account");
        CHECK_TEXT(items[0]->pk[0], "canonical");
        CHECK_TEXT(items[1]->type->name, "account-key");
        CHECK_RC(pubkey_parse(items[1]->body, items[1]->body_count, &key, &err), RC_OK, &err);
        CHECK_TEXT(pubkey_id(key), ROOT_KEY);
        CHECK_TEXT(items[1]->pk[0], ROOT_KEY);
        for (size_t i = 0; i < ARRAY_COUNT(items); i++)
                CHECK_RC(trust_check(items[i], &source, TRUST_DEFAULT,
                                     (usec_t)1800000000 * USEC_PER_SEC, arena, &err),
                         RC_OK, &err);
        return check_end();
}
