/* SPDX-License-Identifier: Apache-2.0 */
/* store_fleet.h: each question with an answer, an absence, and what the schema refuses. */
#include "server/store/store_fleet.h"
#include "tests/unit/store_cases.h"

static void case_policy(struct db_tx *tx)
{
        struct policy_row row = {"acme", "box", "serials", digest_of("key"), 5, true, NOW};
        struct policy_counts counts = {9, 9, 9, 9};
        struct policy_row got;

        check_promise("a model has one policy; its key may be absent");
        CHECK_RC(store_policy_get(tx, arena, "acme", "box", &got, &err), RC_NOT_FOUND, &err);
        CHECK_RC(store_policy_put(tx, &row, &err), RC_OK, &err);
        CHECK_RC(store_policy_get(tx, arena, "acme", "box", &got, &err), RC_OK, &err);
        CHECK(digest_equal(&got.api_key, &row.api_key));
        CHECK_INT(got.quota, 5);
        row.api_key = (struct digest){{0}};
        row.quota = -1;
        row.mode = "open";
        CHECK_RC(store_policy_put(tx, &row, &err), RC_OK, &err);
        CHECK_RC(store_policy_get(tx, arena, "acme", "box", &got, &err), RC_OK, &err);
        CHECK(digest_equal(&got.api_key, &row.api_key));
        CHECK_TEXT(got.mode, "open");
        row.mode = "dance";
        CHECK_RC(store_policy_put(tx, &row, &err), RC_CONFLICT, &err);
        row.mode = "open";
        row.quota = -2;
        CHECK_RC(store_policy_put(tx, &row, &err), RC_CONFLICT, &err);
        CHECK_RC(store_policy_counts(tx, "acme", "box", &counts, &err), RC_OK, &err);
        CHECK_INT(counts.registered + counts.reserved + counts.waiting + counts.listed, 0);
}

static void allow(struct db_tx *tx, const char *serial, const char *key_id, bool want)
{
        const struct allow_row row = {"acme", "box", serial, key_id, "a note", NOW};
        bool changed = !want;

        CHECK_RC(store_allow_insert(tx, &row, &changed, &err), RC_OK, &err);
        CHECK_INT(changed, want);
}

static void case_allow(struct db_tx *tx)
{
        const struct allow_row none = {"acme", "box", "", "", "", NOW};
        const struct allow_row *list = NULL;
        struct allow_row got;
        bool changed = false;
        size_t count = 0;

        check_promise("lists are idempotent; a row for this key comes before one for any");
        allow(tx, "S1", "", true);
        allow(tx, "S1", "", false);
        allow(tx, "S2", "", true);
        allow(tx, "S2", "K2", true);
        allow(tx, "", "K3", true);
        allow(tx, "S4", "K3", true);
        CHECK_RC(store_allow_insert(tx, &none, &changed, &err), RC_CONFLICT, &err);
        CHECK_RC(store_allow_find_serial(tx, arena, "acme", "box", "S1", "K9", &got, &err), RC_OK,
                 &err);
        CHECK_TEXT(got.key_id, "");
        CHECK_RC(store_allow_find_serial(tx, arena, "acme", "box", "S2", "K2", &got, &err), RC_OK,
                 &err);
        CHECK_TEXT(got.key_id, "K2");
        CHECK_RC(store_allow_find_serial(tx, arena, "acme", "box", "S4", "K4", &got, &err),
                 RC_NOT_FOUND, &err);
        CHECK_RC(store_allow_find_serial(tx, arena, "acme", "bax", "S1", "K9", &got, &err),
                 RC_NOT_FOUND, &err);
        CHECK_RC(store_allow_find_key(tx, arena, "acme", "box", "K3", &got, &err), RC_OK, &err);
        CHECK_TEXT(got.serial, "S4");
        CHECK_RC(store_allow_find_key(tx, arena, "acme", "box", "", &got, &err), RC_NOT_FOUND,
                 &err);
        CHECK_RC(store_allow_list(tx, arena, &none, 3, &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 3);
        CHECK_TEXT(list[0].key_id, "K3");
        CHECK_RC(store_allow_list(tx, arena, &list[2], 9, &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 2);
        CHECK_RC(store_allow_delete(tx, &list[0], &changed, &err), RC_OK, &err);
        CHECK(changed);
        CHECK_RC(store_allow_delete(tx, &list[0], &changed, &err), RC_OK, &err);
        CHECK(!changed);
}

static void case_registration(struct db_tx *tx)
{
        struct registration_row row = {"acme", "box", "K1", "R1", "SN1", "", "waiting", NOW, NOW};
        const struct registration_row first = {
                .brand_id = "", .model = "", .key_id = "", .state = "waiting"};
        const struct registration_row *list = NULL;
        struct registration_row got;
        uint64_t number = 0;
        size_t count = 0;

        check_promise("a key waits once for a model; request-id and serial are nobody else's");
        CHECK_RC(store_registration_put(tx, &row, &err), RC_OK, &err);
        row.created = NOW + 5;
        row.asked = NOW + 5;
        CHECK_RC(store_registration_put(tx, &row, &err), RC_OK, &err);
        CHECK_RC(store_registration_get(tx, arena, "acme", "box", "K1", &got, &err), RC_OK, &err);
        CHECK_INT(got.created, NOW);
        CHECK_INT(got.asked, NOW + 5);
        row.key_id = "K2";
        CHECK_RC(store_registration_put(tx, &row, &err), RC_EXISTS, &err);
        row.request_id = "R2";
        row.serial = "S2";
        CHECK_RC(store_registration_put(tx, &row, &err), RC_CONFLICT, &err);
        row.state = "reserved";
        CHECK_RC(store_registration_put(tx, &row, &err), RC_OK, &err);
        row.key_id = "K3";
        row.request_id = "R3";
        CHECK_RC(store_registration_put(tx, &row, &err), RC_EXISTS, &err);
        CHECK_RC(store_registration_get_by_serial(tx, arena, "acme", "box", "S2", &got, &err),
                 RC_OK, &err);
        CHECK_TEXT(got.key_id, "K2");
        CHECK_RC(store_registration_get_by_request(tx, arena, "R1", &got, &err), RC_OK, &err);
        CHECK_TEXT(got.key_id, "K1");
        CHECK_RC(store_registration_get_by_request(tx, arena, "R3", &got, &err), RC_NOT_FOUND,
                 &err);
        CHECK_RC(store_registration_find(tx, arena, "SN1", 9, &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 1); /* the reserved one is nobody's to decide */
        CHECK_RC(store_registration_find(tx, arena, "K2", 9, &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 0);
        CHECK_RC(store_registration_list(tx, arena, &first, 9, &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 1);
        CHECK_RC(store_registration_count(tx, &number, &err), RC_OK, &err);
        CHECK_INT(number, 2);
        CHECK_RC(store_registration_expire(tx, NOW + 5, &err), RC_OK, &err);
        CHECK_RC(store_registration_count(tx, &number, &err), RC_OK, &err);
        CHECK_INT(number, 2);
        CHECK_RC(store_registration_delete(tx, "acme", "box", "K1", &err), RC_OK, &err);
        CHECK_RC(store_registration_expire(tx, NOW + 6, &err), RC_OK, &err);
        CHECK_RC(store_registration_count(tx, &number, &err), RC_OK, &err);
        CHECK_INT(number, 0);
}

static void case_remodel(struct db_tx *tx)
{
        const struct remodel_row row = {"acme", "box", "acme", "bigbox", NOW};
        const struct remodel_row back = {"acme", "bigbox", "acme", "box", NOW};
        const struct remodel_row *list = NULL;
        struct remodel_row got;
        size_t count = 0;

        check_promise("a remodel is allowed one way");
        CHECK_RC(store_remodel_insert(tx, &row, &err), RC_OK, &err);
        CHECK_RC(store_remodel_insert(tx, &row, &err), RC_OK, &err);
        CHECK_RC(store_remodel_get(tx, arena, &row, &got, &err), RC_OK, &err);
        CHECK_RC(store_remodel_get(tx, arena, &back, &got, &err), RC_NOT_FOUND, &err);
        CHECK_RC(store_remodel_list(tx, arena, &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 1);
        CHECK_RC(store_remodel_delete(tx, &row, &err), RC_OK, &err);
        CHECK_RC(store_remodel_delete(tx, &row, &err), RC_NOT_FOUND, &err);
}

static void case_block(struct db_tx *tx)
{
        struct block_row row = {"acme", "box", "S1", true, NOW};
        const struct block_row *list = NULL;
        struct block_row got;
        size_t count = 0;

        check_promise("a revoked device stays; an expiry is forgotten when no session is that old");
        CHECK_RC(store_block_put(tx, &row, &err), RC_OK, &err);
        row.serial = "";
        row.revoked = false;
        CHECK_RC(store_block_put(tx, &row, &err), RC_OK, &err);
        CHECK_RC(store_block_get(tx, arena, "acme", "box", "S1", &got, &err), RC_OK, &err);
        CHECK(got.revoked);
        CHECK_RC(store_block_get(tx, arena, "acme", "box", "S2", &got, &err), RC_NOT_FOUND, &err);
        CHECK_RC(store_block_expire(tx, NOW, &err), RC_OK, &err);
        CHECK_RC(store_block_list(tx, arena, &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 2);
        CHECK_TEXT(list[0].serial, "");
        CHECK_RC(store_block_expire(tx, NOW + 1, &err), RC_OK, &err);
        CHECK_RC(store_block_list(tx, arena, &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 1);
        CHECK_TEXT(list[0].serial, "S1");
}

static void case_check_in(struct db_tx *tx)
{
        struct check_in_row row = {"acme", "box", "S1", 50, 60, "2.57.6", 1, "p a\n"};
        const struct check_in_row *list = NULL;
        struct check_in_row got;
        size_t count = 0;

        check_promise("an earlier first and a later last time stay, whoever writes");
        CHECK_RC(store_check_in_begin(tx, "acme", "box", "S1", &err), RC_OK, &err);
        CHECK_RC(store_check_in_list(tx, arena, NULL, 9, &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 0); /* it never checked in */
        CHECK_RC(store_check_in_put(tx, &row, &err), RC_OK, &err);
        CHECK_RC(store_check_in_begin(tx, "acme", "box", "S1", &err), RC_OK, &err);
        CHECK_RC(store_check_in_get(tx, arena, "acme", "box", "S1", &got, &err), RC_OK, &err);
        CHECK_INT(got.first_seen, 50);
        CHECK_TEXT(got.state, "p a\n");
        row.first_seen = 55;
        row.last_seen = 57;
        row.state = "p b\n";
        CHECK_RC(store_check_in_put(tx, &row, &err), RC_OK, &err);
        CHECK_RC(store_check_in_get(tx, arena, "acme", "box", "S1", &got, &err), RC_OK, &err);
        CHECK_INT(got.first_seen, 50);
        CHECK_INT(got.last_seen, 60);
        CHECK_TEXT(got.state, "p b\n");
        row.first_seen = 40;
        CHECK_RC(store_check_in_put(tx, &row, &err), RC_OK, &err);
        row.last_seen = 70;
        CHECK_RC(store_check_in_seen(tx, &row, &err), RC_OK, &err);
        row.last_seen = 65;
        CHECK_RC(store_check_in_seen(tx, &row, &err), RC_OK, &err);
        CHECK_RC(store_check_in_get(tx, arena, "acme", "box", "S1", &got, &err), RC_OK, &err);
        CHECK_INT(got.first_seen, 40);
        CHECK_INT(got.last_seen, 70);
        CHECK_RC(store_check_in_get(tx, arena, "acme", "box", "S9", &got, &err), RC_NOT_FOUND,
                 &err);
        CHECK_RC(store_check_in_list(tx, arena, NULL, 9, &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 1);
        CHECK_RC(store_check_in_list(tx, arena, &list[0], 9, &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 0);
}

static void alarm(struct db_tx *tx, const char *serial, const char *kind, int64_t want)
{
        const struct alarm_row row = {0, "acme", "box", serial, kind, "why", 1, NOW, NOW};
        int64_t times = 0;

        CHECK_RC(store_alarm_raise(tx, &row, &times, &err), want ? RC_OK : RC_CONFLICT, &err);
        CHECK_INT(times, want);
}

static void case_alarm(struct db_tx *tx)
{
        const struct alarm_row *list = NULL;
        uint64_t number = 0;
        size_t count = 0;

        check_promise("an alarm is one row for a serial and kind, and counts");
        alarm(tx, "S1", "key", 1);
        alarm(tx, "S1", "key", 2);
        alarm(tx, "S1", "state", 1);
        alarm(tx, "S2", "key", 1);
        alarm(tx, "S2", "fire", 0);
        CHECK_RC(store_alarm_count(tx, &number, &err), RC_OK, &err);
        CHECK_INT(number, 3);
        CHECK_RC(store_alarm_list(tx, arena, "acme", "box", "S1", 9, &list, &count, &err), RC_OK,
                 &err);
        CHECK_INT(count, 2);
        CHECK_RC(store_alarm_list(tx, arena, "", "", "", 9, &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 3);
        CHECK_RC(store_alarm_delete(tx, list[0].id, &err), RC_OK, &err);
        CHECK_RC(store_alarm_delete(tx, list[0].id, &err), RC_NOT_FOUND, &err);
}

static void case_look(struct db_tx *tx)
{
        const struct device_row device = {.brand_id = "acme",
                                          .model = "box",
                                          .serial = "S1",
                                          .key_id = "K1",
                                          .request_id = "R1",
                                          .text = "serial",
                                          .text_bytes = 6,
                                          .created = NOW,
                                          .last_seen = NOW};
        const struct block_row block = {"acme", "box", "S2", true, NOW};
        const struct device_look_row *list = NULL;
        struct device_filter filter = {.brand_id = "", .model = "", .serial = "", .max = 2};
        size_t count = 0;

        check_promise("a device is listed with what is known of it, registered here or not");
        CHECK_RC(store_device_insert(tx, &device, &err), RC_OK, &err);
        for (int i = 1; i <= 3; i++) {
                char serial[] = {'S', (char)('0' + i), '\0'};
                const struct check_in_row row = {
                        "acme", i == 3 ? "cat" : "box", serial, 5, 10 * i, "2.57.6", i - 1, ""};

                CHECK_RC(store_check_in_put(tx, &row, &err), RC_OK, &err);
        }
        CHECK_RC(store_block_put(tx, &block, &err), RC_OK, &err);
        alarm(tx, "S1", "key", 1);
        alarm(tx, "S1", "state", 1);
        CHECK_RC(store_device_look(tx, arena, &filter, &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 2);
        CHECK_TEXT(list[0].key_id, "K1");
        CHECK_INT(list[0].alarms, 2);
        CHECK_INT(list[0].registered, NOW);
        CHECK_TEXT(list[1].key_id, "");
        CHECK(list[1].revoked && !list[0].revoked);
        filter.after = &list[1];
        CHECK_RC(store_device_look(tx, arena, &filter, &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 1);
        CHECK_TEXT(list[0].model, "cat");
        filter = (struct device_filter){
                .brand_id = "acme", .model = "box", .serial = "", .seen_before = 20, .max = 9};
        CHECK_RC(store_device_look(tx, arena, &filter, &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 1);
        filter = (struct device_filter){
                .brand_id = "", .model = "", .serial = "", .pending = 1, .max = 9};
        CHECK_RC(store_device_look(tx, arena, &filter, &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 2);
        filter = (struct device_filter){.brand_id = "", .model = "", .serial = "S3", .max = 9};
        CHECK_RC(store_device_look(tx, arena, &filter, &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 1);
}

int main(void)
{
        static const case_body cases[] = {case_policy,  case_allow, case_registration,
                                          case_remodel, case_block, case_check_in,
                                          case_alarm,   case_look};

        return run_cases(cases, ARRAY_COUNT(cases));
}
