/* SPDX-License-Identifier: Apache-2.0 */
/* store.h for accounts, assertions, tokens, uploads, jobs, devices, audit: each question with an
 * answer, an absence, and what the schema refuses. */
#include "tests/unit/store_cases.h"

static void case_meta(struct db_tx *tx)
{
        const char *value = "untouched";
        uint64_t generation = 99;

        check_promise("small values are replaced; the generation only rises");
        CHECK_RC(store_meta_get(tx, arena, "x", &value, &err), RC_NOT_FOUND, &err);
        CHECK_TEXT(value, "untouched");
        CHECK_RC(store_meta_put(tx, "x", "1", &err), RC_OK, &err);
        CHECK_RC(store_meta_put(tx, "x", "2", &err), RC_OK, &err);
        CHECK_RC(store_meta_get(tx, arena, "x", &value, &err), RC_OK, &err);
        CHECK_TEXT(value, "2");
        CHECK_RC(store_meta_put(tx, "", "2", &err), RC_CONFLICT, &err);
        CHECK_RC(store_generation_get(tx, &generation, &err), RC_OK, &err);
        CHECK_INT(generation, 0);
        CHECK_RC(store_generation_bump(tx, &generation, &err), RC_OK, &err);
        CHECK_INT(generation, 1);
        CHECK_RC(store_generation_raise(tx, 1000, &generation, &err), RC_OK, &err);
        CHECK_INT(generation, 1001);
        CHECK_RC(store_generation_raise(tx, 7, &generation, &err), RC_OK, &err);
        CHECK_INT(generation, 1002);
        CHECK_RC(store_generation_get(tx, &generation, &err), RC_OK, &err);
        CHECK_INT(generation, 1002);
}

static void case_account(struct db_tx *tx)
{
        struct account_row bob = {"bob-id", "bob", "", "", "unproven", 0};
        const struct account_row *list = NULL;
        struct account_row got = {.username = "untouched"};
        size_t count = 0;

        check_promise("accounts come back as they were written; id and username are unique");
        CHECK_RC(store_account_get(tx, arena, "alice-id", &got, &err), RC_NOT_FOUND, &err);
        CHECK_TEXT(got.username, "untouched");
        CHECK_TEXT(err.text, "no such account (alice-id)");
        CHECK_RC(store_account_insert(tx, &bob, &err), RC_OK, &err);
        CHECK_RC(store_account_insert(tx, &alice, &err), RC_OK, &err);
        CHECK_RC(store_account_get(tx, arena, "alice-id", &got, &err), RC_OK, &err);
        CHECK_TEXT(got.display_name, alice.display_name);
        CHECK_TEXT(got.email, alice.email);
        CHECK_TEXT(got.validation, "verified");
        CHECK_INT(got.created, NOW);
        CHECK_RC(store_account_get_by_username(tx, arena, "bob", &got, &err), RC_OK, &err);
        CHECK_TEXT(got.account_id, "bob-id");
        CHECK_TEXT(got.email, "");
        CHECK_RC(store_account_get_by_username(tx, arena, "BOB", &got, &err), RC_NOT_FOUND, &err);
        CHECK_RC(store_account_list(tx, arena, &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 2);
        CHECK_TEXT(list[0].username, "alice");
        CHECK_RC(store_account_insert(tx, &bob, &err), RC_EXISTS, &err);
        bob.account_id = "bob-2";
        CHECK_RC(store_account_insert(tx, &bob, &err), RC_EXISTS, &err);
        CHECK_TEXT(err.text, "account_insert: there is one already with the same username");
        bob.username = "bob-2";
        bob.validation = "trusted";
        CHECK_RC(store_account_insert(tx, &bob, &err), RC_CONFLICT, &err);
        CHECK_TEXT(err.text, "account_insert: a value breaks the rule validation_is_known");
}

static enum rc join(void *context, const struct assertion_row *row, struct err *e)
{
        char *text = context;

        snprintf(text + strlen(text), 200 - strlen(text), "%s/%s/%lu ", row->type, row->pk,
                 (unsigned long)row->revision);
        return row->revision == 66 ? err_set(e, RC_REFUSED, "enough") : RC_OK;
}

static void case_assertion(struct db_tx *tx)
{
        static const char text[] = "type: model\n\nbody with \0 and \xff\n\nsig";
        struct assertion_row row = {.type = "model",
                                    .pk = "16/acme/box",
                                    .format = 0,
                                    .authority = "acme",
                                    .imported = true,
                                    .text = text,
                                    .text_bytes = sizeof(text),
                                    .created = NOW};
        struct assertion_row got;
        char seen[200] = "";

        check_promise("assertions are facts: kept byte for byte, once per revision");
        CHECK_RC(store_assertion_insert(tx, &row, &err), RC_OK, &err);
        CHECK_RC(store_assertion_insert(tx, &row, &err), RC_EXISTS, &err);
        row.revision = 2;
        row.format = 1;
        CHECK_RC(store_assertion_insert(tx, &row, &err), RC_OK, &err);
        CHECK_RC(store_assertion_get(tx, arena, "model", row.pk, 9, &got, &err), RC_OK, &err);
        CHECK_INT(got.revision, 2);
        CHECK_BYTES(got.text, got.text_bytes, text, sizeof(text));
        CHECK(got.imported);
        CHECK_RC(store_assertion_get(tx, arena, "model", row.pk, 0, &got, &err), RC_OK, &err);
        CHECK_INT(got.revision, 0);
        CHECK_RC(store_assertion_get(tx, arena, "model", "16/acme/no", 9, &got, &err), RC_NOT_FOUND,
                 &err);
        row.type = "account";
        row.pk = "acme";
        CHECK_RC(store_assertion_insert(tx, &row, &err), RC_OK, &err);
        CHECK_RC(store_assertion_each(tx, "", join, seen, &err), RC_OK, &err);
        CHECK_TEXT(seen, "account/acme/2 model/16/acme/box/0 model/16/acme/box/2 ");
        seen[0] = '\0';
        CHECK_RC(store_assertion_each(tx, "model", join, seen, &err), RC_OK, &err);
        CHECK_TEXT(seen, "model/16/acme/box/0 model/16/acme/box/2 ");
        row.revision = 66;
        CHECK_RC(store_assertion_insert(tx, &row, &err), RC_OK, &err);
        CHECK_RC(store_assertion_each(tx, "account", join, seen, &err), RC_REFUSED, &err);
        row.text_bytes = 0;
        row.revision = 3;
        CHECK_RC(store_assertion_insert(tx, &row, &err), RC_CONFLICT, &err);
        row.revision = UINT64_MAX;
        CHECK_RC(store_assertion_insert(tx, &row, &err), RC_INVALID, &err);
}

static void case_token(struct db_tx *tx)
{
        struct token_row row = {.secret = digest_of("s1"),
                                .account_id = "alice-id",
                                .kind = "admin",
                                .permissions = "package_push,package_release",
                                .packages = "",
                                .channels = "edge/*",
                                .description = "CI",
                                .expires = NOW * 2,
                                .created = NOW};
        const struct token_row *list = NULL;
        const struct digest none = {0};
        struct token_row got;
        size_t count = 0;
        int64_t first = 0;
        int64_t second = 0;

        check_promise("a token is found by the digest of its secret; revoked ones are not listed");
        furnish(tx);
        CHECK_RC(store_token_insert(tx, &row, &first, &err), RC_OK, &err);
        CHECK_RC(store_token_insert(tx, &row, &second, &err), RC_EXISTS, &err);
        row.secret = digest_of("s2");
        CHECK_RC(store_token_insert(tx, &row, &second, &err), RC_OK, &err);
        CHECK_RC(store_token_get(tx, arena, &row.secret, &got, &err), RC_OK, &err);
        CHECK_INT(got.id, second);
        CHECK_TEXT(got.permissions, row.permissions);
        CHECK_TEXT(got.channels, "edge/*");
        CHECK_INT(got.expires, NOW * 2);
        CHECK_RC(store_token_get(tx, arena, &none, &got, &err), RC_NOT_FOUND, &err);
        CHECK_RC(store_token_list(tx, arena, "alice-id", &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 2);
        CHECK_INT(list[0].id, second);
        CHECK_RC(store_token_revoke(tx, second, &err), RC_OK, &err);
        CHECK_RC(store_token_revoke(tx, 12345, &err), RC_NOT_FOUND, &err);
        CHECK_RC(store_token_list(tx, arena, "alice-id", &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 1);
        CHECK_RC(store_token_get(tx, arena, &row.secret, &got, &err), RC_OK, &err);
        CHECK(got.revoked);
        row.secret = digest_of("s3");
        row.account_id = "nobody";
        CHECK_RC(store_token_insert(tx, &row, &second, &err), RC_CONFLICT, &err);
        row.account_id = "alice-id";
        row.kind = "root";
        CHECK_RC(store_token_insert(tx, &row, &second, &err), RC_CONFLICT, &err);
}

static void case_upload(struct db_tx *tx)
{
        struct upload_row row = {.upload_id = "u1",
                                 .account_id = "",
                                 .digest = digest_of("u"),
                                 .bytes = 10,
                                 .snap_id = "",
                                 .status = "uploaded",
                                 .error_code = "",
                                 .error_text = "",
                                 .request_json = "{}",
                                 .created = NOW,
                                 .expires = NOW + 10};
        struct upload_row got;
        size_t count = 0;

        check_promise("an upload goes its way; only those never pushed expire");
        furnish(tx);
        CHECK_RC(store_upload_insert(tx, &row, &err), RC_OK, &err);
        CHECK_RC(store_upload_insert(tx, &row, &err), RC_EXISTS, &err);
        row.upload_id = "u2";
        CHECK_RC(store_upload_insert(tx, &row, &err), RC_OK, &err);
        CHECK_RC(store_upload_get(tx, arena, "u2", &got, &err), RC_OK, &err);
        CHECK_TEXT(got.account_id, "");
        CHECK_TEXT(got.snap_id, "");
        CHECK_INT(got.revision, 0);
        row.account_id = "alice-id";
        row.snap_id = "pkg-1";
        row.status = "reviewing";
        CHECK_RC(store_upload_update(tx, &row, &err), RC_OK, &err);
        CHECK_RC(store_upload_count_open(tx, &count, &err), RC_OK, &err);
        CHECK_INT(count, 2);
        CHECK_RC(store_upload_expire(tx, NOW + 9, &count, &err), RC_OK, &err);
        CHECK_INT(count, 0);
        CHECK_RC(store_upload_expire(tx, NOW + 10, &count, &err), RC_OK, &err);
        CHECK_INT(count, 1);
        CHECK_RC(store_upload_get(tx, arena, "u1", &got, &err), RC_NOT_FOUND, &err);
        row.status = "approved";
        CHECK_RC(store_upload_update(tx, &row, &err), RC_CONFLICT, &err);
        row.revision = 4;
        CHECK_RC(store_upload_update(tx, &row, &err), RC_OK, &err);
        CHECK_RC(store_upload_get(tx, arena, "u2", &got, &err), RC_OK, &err);
        CHECK_TEXT(got.status, "approved");
        CHECK_TEXT(got.snap_id, "pkg-1");
        CHECK_INT(got.revision, 4);
        CHECK_RC(store_upload_count_open(tx, &count, &err), RC_OK, &err);
        CHECK_INT(count, 0);
        row.upload_id = "u3";
        CHECK_RC(store_upload_update(tx, &row, &err), RC_NOT_FOUND, &err);
        row.status = "lost";
        CHECK_RC(store_upload_insert(tx, &row, &err), RC_CONFLICT, &err);
}

static struct job_row job_row(const char *subject, int priority, usec_t run_after)
{
        return (struct job_row){.kind = "inspect",
                                .subject = subject,
                                .payload = "{\"a\":1}",
                                .priority = priority,
                                .run_after = run_after,
                                .created = NOW};
}

static void check_taken(struct db_tx *tx, const char *boot_id, const char *want, int attempts)
{
        struct job_row got = {.subject = "nothing"};
        const enum rc rc = store_job_take(tx, arena, boot_id, NOW, &got, &err);

        CHECK_RC(rc, strcmp(want, "nothing") == 0 ? RC_NOT_FOUND : RC_OK, &err);
        CHECK_TEXT(got.subject, want);
        CHECK_INT(got.attempts, attempts);
}

static void case_job_order(struct db_tx *tx)
{
        const struct job_row rows[] = {job_row("low", 1, 0), job_row("high", 5, 5),
                                       job_row("later", 9, NOW + 1), job_row("high-first", 5, 4)};
        size_t waiting = 0;
        size_t failed = 0;

        check_promise("jobs are taken by priority and age, once, and again by the next process");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
                CHECK_RC(store_job_insert(tx, &rows[i], &err), RC_OK, &err);
        CHECK_RC(store_job_insert(tx, &rows[0], &err), RC_EXISTS, &err);
        check_taken(tx, "boot-1", "high-first", 1);
        CHECK_RC(store_job_insert(tx, &rows[3], &err), RC_EXISTS, &err);
        check_taken(tx, "boot-1", "high", 1);
        check_taken(tx, "boot-1", "low", 1);
        check_taken(tx, "boot-1", "nothing", 0);
        check_taken(tx, "boot-2", "high-first", 2);
        CHECK_RC(store_job_count(tx, &waiting, &failed, &err), RC_OK, &err);
        CHECK_INT(waiting, 4);
        CHECK_INT(failed, 0);
}

static void case_job_end(struct db_tx *tx)
{
        const struct job_row row = job_row("work", 0, 0);
        struct job_row got = {0};
        size_t waiting = 0;
        size_t failed = 0;

        check_promise("a job ends done, tries again later, or is given up until asked for again");
        CHECK_RC(store_job_insert(tx, &row, &err), RC_OK, &err);
        CHECK_RC(store_job_take(tx, arena, "b", NOW, &got, &err), RC_OK, &err);
        CHECK_TEXT(got.payload, row.payload);
        CHECK_RC(store_job_fail(tx, got.id, "disk", NOW, &err), RC_OK, &err);
        check_taken(tx, "b", "work", 2);
        CHECK_RC(store_job_fail(tx, got.id, "disk", NOW + 1, &err), RC_OK, &err);
        check_taken(tx, "b", "nothing", 0);
        CHECK_RC(store_job_fail(tx, got.id, "broken", 0, &err), RC_OK, &err);
        CHECK_RC(store_job_count(tx, &waiting, &failed, &err), RC_OK, &err);
        CHECK_INT(waiting, 0);
        CHECK_INT(failed, 1);
        check_taken(tx, "c", "nothing", 0);
        CHECK_RC(store_job_insert(tx, &row, &err), RC_OK, &err);
        CHECK_RC(store_job_take(tx, arena, "b", NOW, &got, &err), RC_OK, &err);
        CHECK_INT(got.attempts, 1);
        CHECK_RC(store_job_done(tx, got.id, &err), RC_OK, &err);
        CHECK_RC(store_job_done(tx, got.id, &err), RC_NOT_FOUND, &err);
        CHECK_RC(store_job_fail(tx, got.id, "x", 0, &err), RC_NOT_FOUND, &err);
        CHECK_RC(store_job_count(tx, &waiting, &failed, &err), RC_OK, &err);
        CHECK_INT(waiting + failed, 0);
        CHECK_RC(store_job_insert(tx, &row, &err), RC_OK, &err);
}

static void case_device(struct db_tx *tx)
{
        struct device_row row = {.brand_id = "acme",
                                 .model = "box",
                                 .serial = "s-1",
                                 .key_id = "key-1",
                                 .request_id = "r-1",
                                 .text = "serial",
                                 .text_bytes = 6,
                                 .created = NOW};
        const struct device_row *list = NULL;
        struct device_row got;
        uint64_t number = 0;
        size_t count = 0;

        check_promise("a serial and a request-id are taken once; devices are found by each key");
        CHECK_RC(store_device_insert(tx, &row, &err), RC_OK, &err);
        row.request_id = "r-2";
        CHECK_RC(store_device_insert(tx, &row, &err), RC_EXISTS, &err);
        row.request_id = "r-1";
        row.serial = "s-2";
        CHECK_RC(store_device_insert(tx, &row, &err), RC_EXISTS, &err);
        row.request_id = "";
        CHECK_RC(store_device_insert(tx, &row, &err), RC_OK, &err);
        row.serial = "s-3";
        CHECK_RC(store_device_insert(tx, &row, &err), RC_OK, &err);
        CHECK_RC(store_device_get(tx, arena, "acme", "box", "s-1", &got, &err), RC_OK, &err);
        CHECK_BYTES(got.text, got.text_bytes, "serial", 6);
        CHECK_RC(store_device_get(tx, arena, "acme", "bax", "s-1", &got, &err), RC_NOT_FOUND, &err);
        CHECK_RC(store_device_get_by_request(tx, arena, "r-1", &got, &err), RC_OK, &err);
        CHECK_TEXT(got.serial, "s-1");
        CHECK_RC(store_device_get_by_request(tx, arena, "", &got, &err), RC_NOT_FOUND, &err);
        CHECK_RC(store_device_revoke(tx, "acme", "box", "s-3", true, &err), RC_OK, &err);
        CHECK_RC(store_device_revoke(tx, "acme", "box", "s-9", true, &err), RC_NOT_FOUND, &err);
        CHECK_RC(store_device_get_by_key(tx, arena, "acme", "box", "key-1", &got, &err), RC_OK,
                 &err);
        CHECK_TEXT(got.serial, "s-2");
        CHECK_RC(store_device_get_by_key(tx, arena, "acme", "box", "key-2", &got, &err),
                 RC_NOT_FOUND, &err);
        CHECK_RC(store_device_seen(tx, "acme", "box", "s-1", NOW, &err), RC_OK, &err);
        CHECK_RC(store_device_seen(tx, "acme", "box", "s-1", NOW - 1, &err), RC_OK, &err);
        CHECK_RC(store_device_seen(tx, "acme", "box", "s-9", NOW, &err), RC_OK, &err);
        CHECK_RC(store_device_list(tx, arena, NULL, 1, &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 1);
        CHECK_INT(list[0].last_seen, NOW);
        CHECK_RC(store_device_list(tx, arena, &list[0], 9, &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 2);
        CHECK(list[1].revoked);
        CHECK_RC(store_device_count(tx, &number, &err), RC_OK, &err);
        CHECK_INT(number, 3);
}

static void case_audit(struct db_tx *tx)
{
        struct audit_row row = {.by = "alice",
                                .action = "release",
                                .object = "hello",
                                .detail = "{}",
                                .created = NOW};
        const struct audit_row *list = NULL;
        size_t count = 0;

        check_promise("the audit is read from the newest, page by page");
        for (int i = 0; i < 3; i++)
                CHECK_RC(store_audit_add(tx, &row, &err), RC_OK, &err);
        CHECK_RC(store_audit_list(tx, arena, 0, 2, &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 2);
        CHECK(list[0].id > list[1].id);
        CHECK_RC(store_audit_list(tx, arena, list[1].id, 2, &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 1);
        CHECK_TEXT(list[0].action, "release");
        row.action = "";
        CHECK_RC(store_audit_add(tx, &row, &err), RC_CONFLICT, &err);
}

int main(void)
{
        static const case_body cases[] = {case_meta,    case_account, case_assertion,
                                          case_token,   case_upload,  case_job_order,
                                          case_job_end, case_device,  case_audit};

        return run_cases(cases, ARRAY_COUNT(cases));
}
