/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/account.h"
#include "core/model/name.h"
#include "server/domain/audit.h"
#include "server/domain/issue.h"
#include "server/domain/keep.h"
#include <stdio.h>
#include <string.h>

#define TEXT_MAX         128
#define ACCOUNT_ID_CHARS 32

/* --- looking up --- */

struct lookup {
        struct arena *arena;
        const char *id;
        struct account_row row;
        const struct account_row *rows;
        size_t count;
};

static enum rc find_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct lookup *lookup = arg;
        enum rc rc;

        rc = store_account_get(tx, lookup->arena, lookup->id, &lookup->row, err);
        if (rc == RC_NOT_FOUND)
                rc = store_account_get_by_username(tx, lookup->arena, lookup->id, &lookup->row,
                                                   err);
        return rc == RC_NOT_FOUND ? err_set(err, rc, "no account \"%.64s\"", lookup->id) : rc;
}

static enum rc list_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct lookup *lookup = arg;

        return store_account_list(tx, lookup->arena, &lookup->rows, &lookup->count, err);
}

enum rc account_find(struct world *world, const char *id, struct arena *arena,
                     struct account_row *ret, struct err *err)
{
        struct lookup lookup = {.arena = arena, .id = id};
        enum rc rc;

        rc = db_run(world->db, DB_READ, find_body, &lookup, err);
        if (rc == RC_OK)
                *ret = lookup.row;
        return rc;
}

enum rc account_list(struct world *world, struct arena *arena, const struct account_row **ret,
                     size_t *ret_count, struct err *err)
{
        struct lookup lookup = {.arena = arena};
        enum rc rc;

        rc = db_run(world->db, DB_READ, list_body, &lookup, err);
        if (rc != RC_OK)
                return rc;
        *ret = lookup.rows;
        *ret_count = lookup.count;
        return RC_OK;
}

/* --- creating --- */

static bool is_one_line(const char *text)
{
        for (; *text; text++)
                if ((unsigned char)*text < ' ' || *text == 0x7f)
                        return false;
        return true;
}

static enum rc ask_check(const struct account_ask *ask, struct err *err)
{
        static const char *const validations[] = {"", "unproven", "starred", "verified"};
        size_t known = 0;

        while (known < ARRAY_COUNT(validations) && strcmp(validations[known], ask->validation))
                known++;
        if (!name_is_username(ask->username))
                return err_set(err, RC_INVALID,
                               "a username is 2 to 28 of a-z, 0-9 and single dashes");
        if (known == ARRAY_COUNT(validations))
                return err_set(err, RC_INVALID, "validation is unproven, starred or verified");
        if (*ask->account_id && !name_is_account(ask->account_id))
                return err_set(err, RC_INVALID, "\"%.64s\" is no account id", ask->account_id);
        if (strlen(ask->display_name) > TEXT_MAX || strlen(ask->email) > TEXT_MAX ||
            !is_one_line(ask->display_name) || !is_one_line(ask->email))
                return err_set(err, RC_INVALID, "name and email are lines of up to %d bytes",
                               TEXT_MAX);
        return RC_OK;
}

struct creating {
        struct account_row row;
        const struct assertion *assertion; /* NULL: only look whether it is free */
        const struct actor *actor;
        struct arena *arena;
};

static enum rc is_free(struct db_tx *tx, const struct creating *creating, struct err *err)
{
        struct account_row known;
        enum rc rc;

        rc = store_account_get(tx, creating->arena, creating->row.account_id, &known, err);
        if (rc == RC_NOT_FOUND)
                rc = store_account_get_by_username(tx, creating->arena, creating->row.username,
                                                   &known, err);
        if (rc == RC_NOT_FOUND)
                return RC_OK;
        return rc == RC_OK ? err_set(err, RC_EXISTS, "there is an account %.64s (%.64s) already",
                                     known.username, known.account_id)
                           : rc;
}

static enum rc create_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct creating *creating = arg;
        const usec_t now = creating->row.created;
        uint64_t generation;
        enum rc rc;

        rc = is_free(tx, creating, err);
        if (rc != RC_OK || !creating->assertion)
                return rc;
        rc = store_account_insert(tx, &creating->row, err);
        if (rc == RC_OK)
                rc = assertion_keep_tx(tx, creating->assertion, false, now, creating->arena, NULL,
                                       err);
        if (rc == RC_OK)
                rc = store_generation_bump(tx, &generation, err);
        if (rc != RC_OK)
                return rc;
        return audit_add(tx, creating->actor->account_id, "account-create",
                         creating->row.account_id, now, err, "username %s", creating->row.username);
}

static enum rc account_issue(struct world *world, const struct account_row *row,
                             struct arena *arena, const struct assertion **ret, struct err *err)
{
        const char *const names[] = {"account-id", "display-name", "username", "validation"};
        const struct value values[] = {
                {.kind = VALUE_TEXT, .text = row->account_id},
                {.kind = VALUE_TEXT, .text = row->display_name},
                {.kind = VALUE_TEXT, .text = row->username},
                {.kind = VALUE_TEXT, .text = row->validation},
        };
        const struct value headers = {
                .kind = VALUE_MAP, .count = ARRAY_COUNT(values), .items = values, .names = names};
        const struct signer_request request = {
                .role = SIGNER_STORE, .type = "account", .headers = &headers};
        struct assertion *issued = NULL;
        enum rc rc;

        rc = issue_checked(world, &request, arena, &issued, err);
        if (rc == RC_OK)
                *ret = issued;
        return rc;
}

enum rc account_create(struct world *world, const struct actor *actor,
                       const struct account_ask *ask, struct arena *arena, struct account_row *ret,
                       struct err *err)
{
        char random_id[ACCOUNT_ID_CHARS + 1];
        struct creating creating = {.actor = actor, .arena = arena};
        struct account_row *row = &creating.row;
        enum rc rc;

        rc = ask_check(ask, err);
        if (rc != RC_OK)
                return rc;
        random_text(random_id, ACCOUNT_ID_CHARS);
        *row = (struct account_row){
                .account_id = arena_strdup(arena, *ask->account_id ? ask->account_id : random_id),
                .username = ask->username,
                .display_name = *ask->display_name ? ask->display_name : ask->username,
                .email = ask->email,
                .validation = *ask->validation ? ask->validation : "unproven",
                .created = world_now(world),
        };
        if (!row->account_id)
                return err_set(err, RC_NOMEM, "no memory for an account");
        rc = db_run(world->db, DB_READ, create_body, &creating, err);
        if (rc == RC_OK)
                rc = account_issue(world, row, arena, &creating.assertion, err);
        if (rc == RC_OK)
                rc = db_run(world->db, DB_WRITE, create_body, &creating, err);
        if (rc == RC_OK)
                rc = catalog_reload_assertion(world->catalog, "account", row->account_id, err);
        if (rc == RC_OK)
                *ret = *row;
        return rc;
}

/* --- keys --- */

void account_keys_each(const struct catalog *catalog, const char *account_id,
                       void (*each)(void *context, const struct assertion *key), void *context)
{
        size_t first = 0;
        const size_t count = catalog_assertions_of(catalog, "account-key", &first);

        for (size_t i = first; i < first + count; i++) {
                const struct catalog_assertion *entry = catalog_assertion_at(catalog, i);
                const struct assertion *key = entry->revisions[entry->count - 1];
                const char *owner = assertion_text(key, "account-id");

                if (owner && strcmp(owner, account_id) == 0)
                        each(context, key);
        }
}

struct same_key {
        const char *name;
        const char *key_id;
        const struct assertion *same;  /* this very key */
        const struct assertion *named; /* another key of that name */
};

static void same_key_look(void *context, const struct assertion *key)
{
        struct same_key *search = context;
        const char *name = assertion_text(key, "name");

        if (strcmp(key->pk[0], search->key_id) == 0)
                search->same = key;
        else if (name && strcmp(name, search->name) == 0)
                search->named = key;
}

static enum rc request_read(const char *text, const char *account_id, struct arena *arena,
                            struct assertion **ret, struct err *err)
{
        struct assertion *request = NULL;
        const char *owner;
        enum rc rc;

        rc = assertion_parse(arena, text, strlen(text), &request, err);
        if (rc != RC_OK)
                return err_prefix(err, rc, "account-key-request");
        if (strcmp(request->type->name, "account-key-request") != 0)
                return err_set(err, RC_INVALID, "an account-key-request is expected, this is %s",
                               request->type->name);
        owner = assertion_text(request, "account-id");
        if (!owner || strcmp(owner, account_id) != 0)
                return err_set(err, RC_INVALID, "the request is for the account %.64s",
                               owner ? owner : "");
        rc = trust_check_self_signed(request, err);
        if (rc == RC_OK)
                *ret = request;
        return rc;
}

static enum rc evidence_make(const struct catalog *catalog, const struct assertion *request,
                             const char *account_id, struct arena *arena, struct buf *out,
                             struct err *err)
{
        const struct assertion *account = catalog_get_assertion(catalog, "account", account_id, 0);

        if (account) {
                const enum rc rc = chain_append(catalog, account, true, arena, out, err);
                if (rc != RC_OK)
                        return rc;
        }
        assertion_stream_put(out, request->bytes, request->bytes_count);
        return buf_finish(out, err);
}

static enum rc key_issue(struct world *world, const struct catalog *catalog,
                         const struct assertion *request, struct arena *arena,
                         struct assertion **ret, struct err *err)
{
        CLEANUP(buf_fini) struct buf evidence = BUF_INIT(512 * KIB);
        static const char *const copied[] = {"account-id", "name", "public-key-sha3-384", "since",
                                             "until"};
        const char *names[ARRAY_COUNT(copied)];
        struct value values[ARRAY_COUNT(copied)];
        struct value headers = {.kind = VALUE_MAP, .items = values, .names = names};
        struct signer_request ask = {.role = SIGNER_STORE,
                                     .type = "account-key",
                                     .headers = &headers,
                                     .body = request->body,
                                     .body_bytes = request->body_count};
        enum rc rc;

        for (size_t i = 0; i < ARRAY_COUNT(copied); i++) {
                const char *text = assertion_text(request, copied[i]);

                if (!text)
                        continue;
                names[headers.count] = copied[i];
                values[headers.count++] = (struct value){.kind = VALUE_TEXT, .text = text};
        }
        rc = evidence_make(catalog, request, assertion_text(request, "account-id"), arena,
                           &evidence, err);
        if (rc != RC_OK)
                return rc;
        ask.evidence = evidence.data;
        ask.evidence_bytes = evidence.len;
        return issue_checked(world, &ask, arena, ret, err);
}

struct keeping_key {
        const struct assertion *key;
        const struct actor *actor;
        struct arena *arena;
        usec_t now;
};

static enum rc key_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct keeping_key *keeping = arg;
        uint64_t generation;
        enum rc rc;

        rc = assertion_keep_tx(tx, keeping->key, false, keeping->now, keeping->arena, NULL, err);
        if (rc == RC_OK)
                rc = store_generation_bump(tx, &generation, err);
        if (rc != RC_OK)
                return rc;
        return audit_add(tx, keeping->actor->account_id, "account-key",
                         assertion_text(keeping->key, "account-id"), keeping->now, err, "key %s",
                         keeping->key->pk[0]);
}

static enum rc key_make(struct world *world, const struct actor *actor,
                        const struct catalog *catalog, const struct assertion *request,
                        struct arena *arena, const struct assertion **ret, struct err *err)
{
        struct keeping_key keeping = {.actor = actor, .arena = arena, .now = world_now(world)};
        struct assertion *issued = NULL;
        enum rc rc;

        rc = key_issue(world, catalog, request, arena, &issued, err);
        if (rc != RC_OK)
                return rc;
        keeping.key = issued;
        rc = db_run(world->db, DB_WRITE, key_body, &keeping, err);
        if (rc == RC_OK)
                rc = catalog_reload_assertion(world->catalog, "account-key", issued->pk[0], err);
        if (rc == RC_OK)
                *ret = issued;
        return rc;
}

/* An answer that outlives the catalog it was found in. */
static enum rc key_copy(const struct assertion *key, struct arena *arena,
                        const struct assertion **ret, struct err *err)
{
        struct assertion *copy = NULL;
        enum rc rc;

        rc = assertion_parse(arena, key->bytes, key->bytes_count, &copy, err);
        if (rc == RC_OK)
                *ret = copy;
        return rc;
}

enum rc account_key_register(struct world *world, const struct actor *actor, const char *account_id,
                             const char *request, struct arena *arena, const struct assertion **ret,
                             struct err *err)
{
        struct same_key search = {.name = ""};
        struct assertion *asked = NULL;
        const struct catalog *catalog;
        struct account_row account;
        enum rc rc;

        rc = account_find(world, account_id, arena, &account, err);
        if (rc == RC_OK)
                rc = request_read(request, account.account_id, arena, &asked, err);
        if (rc != RC_OK)
                return rc;
        search.name = assertion_text(asked, "name");
        search.key_id = asked->pk[0];
        catalog = catalog_acquire(world->catalog);
        account_keys_each(catalog, account.account_id, same_key_look, &search);
        if (search.named)
                rc = err_set(err, RC_EXISTS, "the account has another key named %.64s",
                             search.name);
        else if (search.same)
                rc = key_copy(search.same, arena, ret, err);
        else
                rc = key_make(world, actor, catalog, asked, arena, ret, err);
        catalog_release(world->catalog, catalog);
        return rc;
}
