/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/demo-device/chain.h"
#include <stdio.h>
#include <string.h>

#define REFS_MAX 16

enum rc chain_init(struct chain *chain, struct arena *arena, struct net *net, const char *trust_dir,
                   struct err *err)
{
        *chain = (struct chain){.arena = arena, .net = net};
        return keydir_read_roots(trust_dir, chain->roots, &chain->root_count, err);
}

static bool is_same(const struct assertion *assertion, const char *type, const char *const *pk)
{
        if (strcmp(assertion->type->name, type))
                return false;
        for (size_t i = 0; i < assertion->type->pk_count; i++) {
                const char *part = pk[i];

                if (!part && assertion->type->pk_defaults)
                        part = assertion->type->pk_defaults[i];
                if (!part || strcmp(assertion->pk[i], part))
                        return false;
        }
        return true;
}

static const struct assertion *chain_find(const struct chain *chain, const char *type,
                                          const char *const *pk, bool proved)
{
        for (size_t i = 0; i < chain->count; i++)
                if ((chain->proved[i] || !proved) && is_same(chain->items[i], type, pk))
                        return chain->items[i];
        return NULL;
}

static enum rc chain_add(struct chain *chain, const struct assertion *assertion, struct err *err)
{
        if (chain_find(chain, assertion->type->name, assertion->pk, false))
                return RC_OK;
        if (chain->count == CHAIN_MAX)
                return err_set(err, RC_TOO_BIG, "more than %d assertions for one answer",
                               CHAIN_MAX);
        chain->items[chain->count++] = assertion;
        return RC_OK;
}

enum rc chain_put(struct chain *chain, const char *stream, size_t bytes, struct err *err)
{
        struct assertion_stream reader;
        struct assertion *assertion;
        enum rc rc;

        assertion_stream_init(&reader, stream, bytes);
        for (;;) {
                rc = assertion_stream_next(&reader, chain->arena, &assertion, err);
                if (rc == RC_END)
                        return RC_OK;
                if (rc == RC_OK)
                        rc = chain_add(chain, assertion, err);
                if (rc != RC_OK)
                        return rc;
        }
}

static enum rc fetch(struct chain *chain, const struct trust_ref *ref, const struct assertion **ret,
                     struct err *err)
{
        CLEANUP(buf_fini) struct buf path = BUF_INIT(KIB);
        struct net_request request = {.method = "GET", .accept = "application/x.ubuntu.assertion"};
        struct net_answer answer;
        struct assertion *assertion;
        enum rc rc;

        buf_printf(&path, "/v2/assertions/%s", ref->type);
        for (size_t i = 0; i < ASSERTION_PK_MAX && ref->pk[i]; i++)
                buf_printf(&path, "/%s", ref->pk[i]);
        rc = buf_finish(&path, err);
        if (rc != RC_OK)
                return rc;
        request.path = path.data;
        rc = net_send(chain->net, &request, chain->arena, &answer, err);
        if (rc != RC_OK)
                return rc;
        if (answer.status != 200)
                return err_set(err, RC_NOT_FOUND, "the store answers %ld for %.160s", answer.status,
                               path.data);
        rc = assertion_parse(chain->arena, answer.body, answer.bytes, &assertion, err);
        if (rc != RC_OK)
                return rc;
        if (!is_same(assertion, ref->type, ref->pk))
                return err_set(err, RC_UNTRUSTED, "the store answers %.120s with something else",
                               path.data);
        *ret = assertion;
        return RC_OK;
}

enum rc chain_get(struct chain *chain, const struct trust_ref *ref, const struct assertion **ret,
                  struct err *err)
{
        const struct assertion *assertion = chain_find(chain, ref->type, ref->pk, false);
        enum rc rc;

        if (!assertion) {
                rc = fetch(chain, ref, &assertion, err);
                if (rc == RC_OK)
                        rc = chain_add(chain, assertion, err);
                if (rc != RC_OK)
                        return rc;
        }
        *ret = assertion;
        return RC_OK;
}

/* --- what the model asks --- */

static const struct assertion *source_find(void *context, UNUSED struct arena *arena,
                                           const char *type, const char *const *pk)
{
        return chain_find(context, type, pk, true);
}

static bool source_is_account(void *context, const char *account_id)
{
        const struct chain *chain = context;

        for (size_t i = 0; i < chain->root_count; i++)
                if (!strcmp(chain->roots[i].account_id, account_id))
                        return true;
        return false;
}

static bool source_is_root(void *context, const char *key_id)
{
        const struct chain *chain = context;

        for (size_t i = 0; i < chain->root_count; i++)
                if (!strcmp(chain->roots[i].key_id, key_id))
                        return true;
        return false;
}

/* The list grows while it is walked: what is fetched has needs of its own. */
static enum rc collect(struct chain *chain, struct err *err)
{
        for (size_t i = 0; i < chain->count; i++) {
                struct trust_ref refs[REFS_MAX];
                const struct assertion *found;
                size_t count;
                enum rc rc;

                rc = trust_prerequisites(chain->items[i], chain->arena, refs, REFS_MAX, &count,
                                         err);
                for (size_t k = 0; rc == RC_OK && k < count; k++)
                        rc = chain_get(chain, &refs[k], &found, err);
                if (rc != RC_OK)
                        return rc;
        }
        return RC_OK;
}

/* One walk over what is not proved yet; *ret tells how many are now. The last refusal stays in
 * err. */
static enum rc prove_round(struct chain *chain, const struct trust_source *source, usec_t now,
                           size_t *ret, struct err *err)
{
        enum rc last = RC_OK;

        for (size_t i = 0; i < chain->count; i++) {
                enum rc rc;

                if (chain->proved[i])
                        continue;
                rc = trust_check(chain->items[i], source, TRUST_DEFAULT, now, chain->arena, err);
                if (rc == RC_OK) {
                        chain->proved[i] = true;
                        (*ret)++;
                        continue;
                }
                /* A prerequisite may come later in the list; anything else is final. */
                if (rc != RC_NOT_FOUND)
                        return rc;
                last = rc;
        }
        return last;
}

enum rc chain_prove(struct chain *chain, usec_t now, struct err *err)
{
        const struct trust_source source = {
                .context = chain,
                .find = source_find,
                .is_trusted_account = source_is_account,
                .is_root_key = source_is_root,
        };
        enum rc rc;

        rc = collect(chain, err);
        if (rc != RC_OK)
                return rc;
        for (size_t round = 0; round <= chain->count; round++) {
                size_t grown = 0;

                rc = prove_round(chain, &source, now, &grown, err);
                if (rc == RC_NOT_FOUND && grown)
                        continue;
                return rc == RC_NOT_FOUND ? RC_UNTRUSTED : rc;
        }
        return err_set(err, RC_BUG, "a chain without an end");
}

void chain_print(const struct chain *chain, const struct assertion *assertion)
{
        printf("      %s", assertion->type->name);
        for (size_t step = 0; step < chain->count; step++) {
                const char *pk[ASSERTION_PK_MAX] = {assertion->key_id};
                const struct assertion *key = chain_find(chain, "account-key", pk, true);

                if (!key)
                        break;
                printf("  <-  key %.12s... of %s", key->pk[0], assertion_text(key, "account-id"));
                if (key == assertion || !strcmp(key->pk[0], key->key_id)) {
                        printf(" (root, known to the device)");
                        break;
                }
                assertion = key;
        }
        printf("\n");
}
