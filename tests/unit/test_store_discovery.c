/* SPDX-License-Identifier: Apache-2.0 */
/* store.h for addresses, categories and pictures: each question with an answer, an absence, and
 * what the schema refuses. */
#include "tests/unit/store_cases.h"

static void case_links(struct db_tx *tx)
{
        struct link_row row = {"pkg-1", "website", 0, "https://a.example"};
        const struct link_row *list = NULL;
        size_t count = 0;

        check_promise("addresses are kept by kind, in their order");
        furnish(tx);
        row.position = 1;
        CHECK_RC(store_link_insert(tx, &row, &err), RC_OK, &err);
        row.position = 0;
        row.url = "https://b.example";
        CHECK_RC(store_link_insert(tx, &row, &err), RC_OK, &err);
        CHECK_RC(store_link_insert(tx, &row, &err), RC_EXISTS, &err);
        row.kind = "contact";
        CHECK_RC(store_link_insert(tx, &row, &err), RC_OK, &err);
        CHECK_RC(store_link_list(tx, arena, "pkg-1", &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 3);
        CHECK_TEXT(list[0].kind, "contact");
        CHECK_TEXT(list[1].url, "https://b.example");
        CHECK_TEXT(list[2].url, "https://a.example");
        CHECK_RC(store_link_delete(tx, "pkg-1", "website", &err), RC_OK, &err);
        CHECK_RC(store_link_delete(tx, "pkg-1", "website", &err), RC_OK, &err);
        CHECK_RC(store_link_list(tx, arena, "pkg-1", &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 1);
        row.snap_id = "nothing";
        CHECK_RC(store_link_insert(tx, &row, &err), RC_CONFLICT, &err);
}

static void case_categories(struct db_tx *tx)
{
        const struct package_category_row uses[] = {{"pkg-1", "tools"}, {"pkg-1", "featured"}};
        struct category_row row = {"acme", "tools", NOW};
        const struct package_category_row *mine = NULL;
        const struct category_row *list = NULL;
        size_t count = 0;

        check_promise("a category is the store's, and who is in it is counted");
        furnish(tx);
        CHECK_RC(store_category_insert(tx, &row, &err), RC_OK, &err);
        CHECK_RC(store_category_insert(tx, &row, &err), RC_EXISTS, &err);
        row.name = "featured";
        CHECK_RC(store_category_insert(tx, &row, &err), RC_CONFLICT, &err);
        row.name = "games";
        CHECK_RC(store_category_insert(tx, &row, &err), RC_OK, &err);
        CHECK_RC(store_category_list(tx, arena, &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 2);
        CHECK_TEXT(list[0].name, "games");
        for (size_t i = 0; i < ARRAY_COUNT(uses); i++)
                CHECK_RC(store_package_category_insert(tx, &uses[i], &err), RC_OK, &err);
        CHECK_RC(store_package_category_insert(tx, &uses[0], &err), RC_EXISTS, &err);
        CHECK_RC(store_category_count_uses(tx, "acme", "tools", &count, &err), RC_OK, &err);
        CHECK_INT(count, 1);
        CHECK_RC(store_category_count_uses(tx, "other", "tools", &count, &err), RC_OK, &err);
        CHECK_INT(count, 0);
        CHECK_RC(store_package_category_list(tx, arena, "pkg-1", &mine, &count, &err), RC_OK, &err);
        CHECK_INT(count, 2);
        CHECK_TEXT(mine[1].name, "tools");
        CHECK_RC(store_package_category_delete(tx, "pkg-1", &err), RC_OK, &err);
        CHECK_RC(store_category_count_uses(tx, "acme", "tools", &count, &err), RC_OK, &err);
        CHECK_INT(count, 0);
        CHECK_RC(store_category_delete(tx, "acme", "tools", &err), RC_OK, &err);
        CHECK_RC(store_category_delete(tx, "acme", "tools", &err), RC_NOT_FOUND, &err);
}

static struct media_row media_row(uint64_t revision, const char *kind, int position)
{
        return (struct media_row){.snap_id = "pkg-1",
                                  .revision = revision,
                                  .kind = kind,
                                  .position = position,
                                  .digest = digest_of(kind),
                                  .bytes = 300000,
                                  .format = "png",
                                  .width = 256,
                                  .height = 128,
                                  .created = NOW};
}

static void case_media(struct db_tx *tx)
{
        const struct media_row rows[] = {media_row(2, "icon", 0), media_row(0, "screenshot", 1),
                                         media_row(0, "screenshot", 0), media_row(0, "icon", 0)};
        const struct digest icon = digest_of("icon");
        const struct media_row *list = NULL;
        struct media_row bad = media_row(0, "banner", 0);
        bool used = true;
        size_t count = 0;

        check_promise("pictures come as people set them, and keep their bytes from the sweep");
        furnish(tx);
        CHECK_RC(store_digest_is_used(tx, &icon, &used, &err), RC_OK, &err);
        CHECK(!used);
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
                CHECK_RC(store_media_insert(tx, &rows[i], &err), RC_OK, &err);
        CHECK_RC(store_media_insert(tx, &rows[0], &err), RC_EXISTS, &err);
        CHECK_RC(store_digest_is_used(tx, &icon, &used, &err), RC_OK, &err);
        CHECK(used);
        CHECK_RC(store_media_list(tx, arena, "pkg-1", &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 4);
        CHECK_TEXT(list[0].kind, "icon");
        CHECK_INT(list[0].width, 256);
        CHECK_INT(list[0].height, 128);
        CHECK_INT(list[0].bytes, 300000);
        CHECK(digest_equal(&list[0].digest, &icon));
        CHECK_INT(list[1].position, 0);
        CHECK_INT(list[2].position, 1);
        CHECK_INT(list[3].revision, 2);
        CHECK_RC(store_media_delete(tx, "pkg-1", 0, "screenshot", &err), RC_OK, &err);
        CHECK_RC(store_media_list(tx, arena, "pkg-1", &list, &count, &err), RC_OK, &err);
        CHECK_INT(count, 2);
        CHECK_RC(store_media_insert(tx, &bad, &err), RC_CONFLICT, &err);
        bad = media_row(0, "screenshot", 0);
        bad.format = "svg";
        CHECK_RC(store_media_insert(tx, &bad, &err), RC_CONFLICT, &err);
        bad = media_row(0, "screenshot", 0);
        bad.width = 4097;
        CHECK_RC(store_media_insert(tx, &bad, &err), RC_CONFLICT, &err);
}

static void case_deletion(struct db_tx *tx)
{
        const struct package_row package = package_row("pkg-9", "nine");
        const struct link_row link = {"pkg-9", "website", 0, "https://a.example"};
        const struct package_category_row category = {"pkg-9", "tools"};
        struct media_row media = media_row(0, "icon", 0);
        size_t count = 1;

        check_promise("what a deleted package was found by goes with it");
        furnish(tx);
        media.snap_id = "pkg-9";
        CHECK_RC(store_package_insert(tx, &package, &err), RC_OK, &err);
        CHECK_RC(store_link_insert(tx, &link, &err), RC_OK, &err);
        CHECK_RC(store_package_category_insert(tx, &category, &err), RC_OK, &err);
        CHECK_RC(store_media_insert(tx, &media, &err), RC_OK, &err);
        CHECK_RC(store_package_delete(tx, "pkg-9", &err), RC_OK, &err);
        CHECK_RC(store_media_list(tx, arena, "pkg-9", &(const struct media_row *){NULL}, &count,
                                  &err),
                 RC_OK, &err);
        CHECK_INT(count, 0);
        CHECK_RC(
                store_link_list(tx, arena, "pkg-9", &(const struct link_row *){NULL}, &count, &err),
                RC_OK, &err);
        CHECK_INT(count, 0);
}

int main(void)
{
        static const case_body cases[] = {case_links, case_categories, case_media, case_deletion};

        return run_cases(cases, ARRAY_COUNT(cases));
}
