/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/storectl/init.h"
#include <pthread.h>
#include <string.h>

#define BITS        4096
#define DAY         (USEC_PER_SEC * 24 * 3600)
#define STORE_DAYS  730 /* a stolen store key is of use no longer than this (design, "Trust") */
#define SINCE_SLACK DAY /* devices whose clock is behind */

struct maker {
        pthread_t thread;
        struct privkey **ret;
        enum rc rc;
        struct err err;
};

static void *key_make(void *arg)
{
        struct maker *maker = arg;

        maker->rc = privkey_generate_rsa(BITS, maker->ret, &maker->err);
        return NULL;
}

/* Three keys take as long as one where there are cores enough. */
static enum rc keys_generate(struct init *init, struct err *err)
{
        struct maker makers[] = {
                {.ret = &init->root}, {.ret = &init->store}, {.ret = &init->brand}};
        size_t started = 0;
        enum rc rc = RC_OK;

        for (; started < ARRAY_COUNT(makers); started++)
                if (pthread_create(&makers[started].thread, NULL, key_make, &makers[started]) != 0)
                        break;
        for (size_t i = 0; i < started; i++)
                pthread_join(makers[i].thread, NULL);
        for (size_t i = started; i < ARRAY_COUNT(makers); i++)
                key_make(&makers[i]);
        for (size_t i = 0; i < ARRAY_COUNT(makers) && rc == RC_OK; i++) {
                rc = makers[i].rc;
                if (rc != RC_OK)
                        *err = makers[i].err;
        }
        return rc;
}

static enum rc account_sign(struct init *init, struct err *err)
{
        struct assertion_draft *draft = assertion_draft_new(init->cli->arena, "account");
        struct assertion *account = NULL;
        enum rc rc;

        if (!draft)
                return err_set(err, RC_NOMEM, "out of memory");
        assertion_draft_text(draft, "authority-id", init->account_id);
        assertion_draft_text(draft, "account-id", init->account_id);
        assertion_draft_text(draft, "display-name", init->display_name);
        assertion_draft_text(draft, "username", init->username);
        assertion_draft_text(draft, "validation", "verified");
        assertion_draft_time(draft, "timestamp", init->now);
        rc = sign_draft(init->cli->arena, draft, init->root, init->now, &account, err);
        return rc == RC_OK ? init_add_public(init, "root-account", account, err) : rc;
}

static enum rc key_certify(struct init *init, const char *file, const char *name,
                           const struct privkey *key, usec_t until, struct err *err)
{
        const struct sign_key what = {
                .authority_id = init->account_id,
                .account_id = init->account_id,
                .name = name,
                .since = init->now - SINCE_SLACK,
                .until = until,
        };
        struct assertion *account_key = NULL;
        enum rc rc;

        rc = sign_account_key(init->cli->arena, &what, key, init->root, &account_key, err);
        return rc == RC_OK ? init_add_public(init, file, account_key, err) : rc;
}

enum rc init_make_keys(struct init *init, struct err *err)
{
        enum rc rc;

        rc = keys_generate(init, err);
        if (rc == RC_OK)
                rc = key_certify(init, "root-account-key", "root", init->root, 0, err);
        if (rc == RC_OK)
                rc = account_sign(init, err);
        if (rc == RC_OK)
                rc = key_certify(init, "store-account-key", "store", init->store,
                                 init->now + STORE_DAYS * DAY, err);
        if (rc == RC_OK)
                rc = key_certify(init, "brand-account-key", "models", init->brand, 0, err);
        return rc;
}

enum rc init_sign_store(struct init *init, struct err *err)
{
        struct assertion_draft *draft;
        struct assertion *store = NULL;
        const char *url;
        enum rc rc;

        if (!init->domain_count)
                return RC_OK;
        draft = assertion_draft_new(init->cli->arena, "store");
        url = init_url(init, init->names[0]);
        if (!draft || !url)
                return err_set(err, RC_NOMEM, "out of memory");
        assertion_draft_text(draft, "authority-id", init->account_id);
        assertion_draft_text(draft, "store", init->store_id);
        assertion_draft_text(draft, "operator-id", init->account_id);
        assertion_draft_text(draft, "url", url);
        assertion_draft_time(draft, "timestamp", init->now);
        rc = sign_draft(init->cli->arena, draft, init->store, init->now, &store, err);
        return rc == RC_OK ? init_add_public(init, "store", store, err) : rc;
}
