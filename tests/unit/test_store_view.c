/* SPDX-License-Identifier: Apache-2.0 */
/* store.h for stores, what they include, and views of models: each question with an answer, an
 * absence, and what the schema refuses. */
#include "tests/unit/store_cases.h"

static void case_store(struct db_tx *tx)
{
        const struct store_row row = {"child", "A child", NOW};
        const struct store_row *list = NULL;
        size_t count = 0;

        check_promise("a store is made once; making sure of it leaves it as it is");
        CHECK_RC(store_store_list(tx, arena, &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 0);
        CHECK_RC(store_store_insert(tx, &row, &err), RC_OK, &err);
        CHECK_RC(store_store_insert(tx, &row, &err), RC_EXISTS, &err);
        CHECK_RC(store_store_ensure(tx, "child", NOW + 1, &err), RC_OK, &err);
        CHECK_RC(store_store_ensure(tx, "acme", NOW, &err), RC_OK, &err);
        CHECK_RC(store_store_list(tx, arena, &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 2);
        CHECK_TEXT(list[0].store_id, "acme");
        CHECK_TEXT(list[1].title, "A child");
        CHECK_INT(list[1].created, NOW);
}

static void case_include(struct db_tx *tx)
{
        struct store_include_row row = {"child", "zeta", 1, "alice-id", NOW};
        const struct store_include_row *list = NULL;
        size_t count = 0;

        check_promise("includes are of stores that are there, once each, in their order");
        CHECK_RC(store_include_insert(tx, &row, &err), RC_CONFLICT, &err);
        CHECK_RC(store_store_ensure(tx, "child", NOW, &err), RC_OK, &err);
        CHECK_RC(store_include_insert(tx, &row, &err), RC_OK, &err);
        CHECK_RC(store_include_insert(tx, &row, &err), RC_EXISTS, &err);
        row.place = 0;
        row.parent_id = "zulu";
        CHECK_RC(store_include_insert(tx, &row, &err), RC_OK, &err);
        row.parent_id = "child";
        CHECK_RC(store_include_insert(tx, &row, &err), RC_CONFLICT, &err);
        CHECK(strstr(err.text, "no_store_includes_itself") != NULL);
        CHECK_RC(store_include_list(tx, arena, &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 2);
        CHECK_TEXT(list[0].parent_id, "zulu");
        CHECK_TEXT(list[1].parent_id, "zeta");
        CHECK_TEXT(list[1].by, "alice-id");
        CHECK_RC(store_include_delete(tx, "child", "zeta", &err), RC_OK, &err);
        CHECK_RC(store_include_delete(tx, "child", "zeta", &err), RC_NOT_FOUND, &err);
}

static void case_store_rule(struct db_tx *tx)
{
        struct store_rule_row row = {"child", "pkg-2", "exclude", "alice-id", NOW};
        const struct package_row package = package_row("pkg-2", "other");
        const struct store_rule_row *list = NULL;
        size_t count = 0;

        check_promise(
                "a rule is of a package that is there, the last word counts, and it goes with "
                "the package");
        furnish(tx);
        CHECK_RC(store_store_ensure(tx, "child", NOW, &err), RC_OK, &err);
        CHECK_RC(store_rule_put(tx, &row, &err), RC_CONFLICT, &err);
        CHECK_RC(store_package_insert(tx, &package, &err), RC_OK, &err);
        CHECK_RC(store_rule_put(tx, &row, &err), RC_OK, &err);
        row.rule = "include";
        CHECK_RC(store_rule_put(tx, &row, &err), RC_OK, &err);
        row.rule = "perhaps";
        CHECK_RC(store_rule_put(tx, &row, &err), RC_CONFLICT, &err);
        CHECK_RC(store_rule_list(tx, arena, &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 1);
        CHECK_TEXT(list[0].rule, "include");
        CHECK_RC(store_rule_delete(tx, "child", "pkg-1", &err), RC_NOT_FOUND, &err);
        CHECK_RC(store_package_delete(tx, "pkg-2", &err), RC_OK, &err);
        CHECK_RC(store_rule_delete(tx, "child", "pkg-2", &err), RC_NOT_FOUND, &err);
}

static void case_view(struct db_tx *tx)
{
        struct model_view_row row = {"acme", "widget", "listed", "alice-id", NOW};
        const struct model_view_row *list = NULL;
        size_t count = 0;

        check_promise("a view is put again and again; making sure of it leaves it as it is");
        CHECK_RC(store_model_view_delete(tx, "acme", "widget", &err), RC_NOT_FOUND, &err);
        CHECK_RC(store_model_view_put(tx, &row, &err), RC_OK, &err);
        CHECK_RC(store_model_view_ensure(tx, "acme", "widget", "bob", NOW, &err), RC_OK, &err);
        CHECK_RC(store_model_view_ensure(tx, "acme", "pad", "bob", NOW, &err), RC_OK, &err);
        CHECK_RC(store_model_view_list(tx, arena, &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 2);
        CHECK_TEXT(list[0].mode, "all");
        CHECK_TEXT(list[1].mode, "listed");
        CHECK_TEXT(list[1].by, "alice-id");
        row.mode = "some";
        CHECK_RC(store_model_view_put(tx, &row, &err), RC_CONFLICT, &err);
}

static void case_model_rule(struct db_tx *tx)
{
        struct model_rule_row row = {.brand_id = "acme",
                                     .model = "widget",
                                     .snap_id = "pkg-1",
                                     .rule = "include",
                                     .revision = 3,
                                     .channel = "",
                                     .by = "alice-id",
                                     .created = NOW};
        const struct model_rule_row *list = NULL;
        size_t count = 0;

        check_promise("a model's rule needs its view and its package, has one pin, and goes with "
                      "the view");
        furnish(tx);
        CHECK_RC(store_model_rule_put(tx, &row, &err), RC_CONFLICT, &err);
        CHECK_RC(store_model_view_ensure(tx, "acme", "widget", "", NOW, &err), RC_OK, &err);
        CHECK_RC(store_model_rule_put(tx, &row, &err), RC_OK, &err);
        row.channel = "latest/beta";
        CHECK_RC(store_model_rule_put(tx, &row, &err), RC_CONFLICT, &err);
        CHECK(strstr(err.text, "one_pin") != NULL);
        row.revision = 0;
        row.rule = "";
        CHECK_RC(store_model_rule_put(tx, &row, &err), RC_OK, &err);
        CHECK_RC(store_model_rule_list(tx, arena, &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 1);
        CHECK_TEXT(list[0].channel, "latest/beta");
        CHECK_INT(list[0].revision, 0);
        CHECK_RC(store_model_rule_delete(tx, "acme", "widget", "pkg-9", &err), RC_NOT_FOUND, &err);
        CHECK_RC(store_model_view_delete(tx, "acme", "widget", &err), RC_OK, &err);
        CHECK_RC(store_model_rule_delete(tx, "acme", "widget", "pkg-1", &err), RC_NOT_FOUND, &err);
}

int main(void)
{
        static const case_body cases[] = {case_store, case_include, case_store_rule, case_view,
                                          case_model_rule};

        return run_cases(cases, ARRAY_COUNT(cases));
}
