/* SPDX-License-Identifier: Apache-2.0 */
/* store.h for components and their pairs: each question with an answer, an absence, and what the
 * schema refuses. */
#include "tests/unit/store_cases.h"

static struct component_row component_row(const char *name, uint64_t number)
{
        char text[64];

        snprintf(text, sizeof(text), "%s %lu", name, (unsigned long)number);
        return (struct component_row){.snap_id = "pkg-1",
                                      .name = name,
                                      .number = number,
                                      .digest = digest_of(text),
                                      .bytes = 42,
                                      .type = "standard",
                                      .version = "1",
                                      .summary = "s",
                                      .description = "",
                                      .developer_id = "alice-id",
                                      .created = NOW};
}

static void case_component(struct db_tx *tx)
{
        struct component_row row = component_row("words", 1);
        const struct component_row *list = NULL;
        struct component_row got;
        uint64_t next = 0;
        bool used = false;
        size_t count = 0;

        check_promise("a component's revisions count for each name; bytes are kept while named");
        furnish(tx);
        CHECK_RC(store_component_next(tx, "pkg-1", "words", &next, &err), RC_OK, &err);
        CHECK_INT(next, 1);
        CHECK_RC(store_digest_is_used(tx, &row.digest, &used, &err), RC_OK, &err);
        CHECK(!used);
        CHECK_RC(store_component_insert(tx, &row, &err), RC_OK, &err);
        CHECK_RC(store_digest_is_used(tx, &row.digest, &used, &err), RC_OK, &err);
        CHECK(used);
        CHECK_RC(store_component_insert(tx, &row, &err), RC_EXISTS, &err);
        row.number = 2;
        CHECK_RC(store_component_insert(tx, &row, &err), RC_EXISTS, &err);
        row = component_row("words", 2);
        CHECK_RC(store_component_insert(tx, &row, &err), RC_OK, &err);
        row = component_row("verbs", 7);
        CHECK_RC(store_component_insert(tx, &row, &err), RC_OK, &err);
        CHECK_RC(store_component_next(tx, "pkg-1", "words", &next, &err), RC_OK, &err);
        CHECK_INT(next, 3);
        CHECK_RC(store_component_get(tx, arena, "pkg-1", "words", 2, &got, &err), RC_OK, &err);
        CHECK_INT(got.bytes, 42);
        CHECK_RC(store_component_get(tx, arena, "pkg-1", "words", 7, &got, &err), RC_NOT_FOUND,
                 &err);
        CHECK_RC(
                store_component_get_by_digest(tx, arena, "pkg-1", "verbs", &row.digest, &got, &err),
                RC_OK, &err);
        CHECK_INT(got.number, 7);
        CHECK_RC(
                store_component_get_by_digest(tx, arena, "pkg-1", "words", &row.digest, &got, &err),
                RC_NOT_FOUND, &err);
        CHECK_RC(store_component_list(tx, arena, "pkg-1", &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 3);
        CHECK_TEXT(list[0].name, "verbs");
        CHECK_INT(list[1].number, 2);
        row.snap_id = "pkg-9";
        CHECK_RC(store_component_insert(tx, &row, &err), RC_CONFLICT, &err);
}

static void case_pair(struct db_tx *tx)
{
        struct component_pair_row row = {"pkg-1", 1, "words", 1, "alice-id", NOW};
        const struct component_row one = component_row("words", 1);
        const struct component_row two = component_row("words", 2);
        const struct component_pair_row *list = NULL;
        size_t count = 0;

        check_promise("a pair is of what is there, and the newest one counts");
        furnish(tx);
        CHECK_RC(store_component_pair_insert(tx, &row, &err), RC_CONFLICT, &err);
        CHECK_RC(store_component_insert(tx, &one, &err), RC_OK, &err);
        CHECK_RC(store_component_insert(tx, &two, &err), RC_OK, &err);
        CHECK_RC(store_component_pair_insert(tx, &row, &err), RC_OK, &err);
        row.number = 2;
        CHECK_RC(store_component_pair_insert(tx, &row, &err), RC_OK, &err);
        row.revision = 3;
        row.number = 1;
        CHECK_RC(store_component_pair_insert(tx, &row, &err), RC_OK, &err);
        row.revision = 9;
        CHECK_RC(store_component_pair_insert(tx, &row, &err), RC_CONFLICT, &err);
        CHECK_RC(store_component_pair_list(tx, arena, "pkg-1", &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 2);
        CHECK_INT(list[0].revision, 1);
        CHECK_INT(list[0].number, 2);
        CHECK_INT(list[1].revision, 3);
        CHECK_TEXT(list[1].by, "alice-id");
}

int main(void)
{
        static const case_body cases[] = {case_component, case_pair};

        return run_cases(cases, ARRAY_COUNT(cases));
}
