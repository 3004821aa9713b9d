/* SPDX-License-Identifier: Apache-2.0 */
/* Who may see what: one row for each reason to see or not to see; and hidden equals absent. */
#include "tests/unit/decide_world.h"

static const char packages[] = "package tool\nrevision 1\nrelease stable 1\n"
                               "package secret private\nrevision 1\nrelease stable 1\n"
                               "package theirs private publisher=zeta\nrevision 1\n"
                               "package theirs2 private publisher=zeta\nrevision 1\n"
                               "package listed private\nrevision 1\nrelease 2.0 1\n"
                               "package byname private\nrevision 1\n"
                               "package wrongid private\nrevision 1\n"
                               "package required private\nrevision 1\n"
                               "package acme-gadget type=gadget\nrevision 1\n"
                               "package pc-gadget type=gadget\nrevision 1\n"
                               "package pc-gadget2 type=gadget\nrevision 1\n"
                               "package pc-kernel type=kernel\nrevision 1\n"
                               "package pc private type=kernel\nrevision 1\n"
                               "package elsewhere store=zeta publisher=zeta\nrevision 1\n"
                               "package elsehidden store=zeta publisher=zeta private\nrevision 1\n";

static const struct {
        const char *promise;
        const char *who;
        const char *package;
        enum visibility want;
} rows[] = {
        {"public is public", "nobody", "tool", VISIBLE_PUBLIC},
        {"public is public", "thing", "tool", VISIBLE_PUBLIC},
        {"public is public", "admin", "tool", VISIBLE_PUBLIC},
        {"a friendly store sees what is public", "friend", "tool", VISIBLE_INHERITED},
        {"a friendly store sees nothing private", "friend", "secret", HIDDEN_PRIVATE},
        {"friendship has a direction", "nobody", "elsewhere", HIDDEN_STORE},
        {"another store's device sees nothing of ours", "stranger", "tool", HIDDEN_STORE},
        {"another store's device sees nothing of ours", "stranger", "secret", HIDDEN_STORE},
        {"a store without an id is no store", "lost", "tool", HIDDEN_STORE},
        {"a store sees its own", "stranger", "elsewhere", VISIBLE_PUBLIC},
        {"private needs a right", "nobody", "secret", HIDDEN_PRIVATE},
        {"private needs a right, also in its own store", "stranger", "elsehidden", HIDDEN_PRIVATE},
        {"another brand's device has none", "thing", "secret", HIDDEN_PRIVATE},
        {"the operator's devices see everything", "widget", "secret", VISIBLE_BRAND},
        {"the operator's devices see everything", "widget", "theirs", VISIBLE_BRAND},
        {"a brand's devices see what it publishes", "thing", "theirs", VISIBLE_BRAND},
        {"the model lists it, by id", "thing", "listed", VISIBLE_MODEL},
        {"the model lists it, by name", "thing", "byname", VISIBLE_MODEL},
        {"a name with another id is another package", "thing", "wrongid", HIDDEN_PRIVATE},
        {"a model of a brand that the operator did not name lists nothing", "guest", "listed",
         HIDDEN_PRIVATE},
        {"a model of a brand that the operator did not name lists nothing", "guest", "byname",
         HIDDEN_PRIVATE},
        {"such a brand's devices see what it publishes itself", "guest", "theirs", VISIBLE_BRAND},
        {"what another model lists is no right", "oldthing", "listed", HIDDEN_PRIVATE},
        {"required-snaps is a list too", "oldthing", "required", VISIBLE_MODEL},
        {"a gadget is for its model", "widget", "acme-gadget", VISIBLE_PUBLIC},
        {"a gadget is for its model", "thing", "acme-gadget", HIDDEN_MODEL},
        {"a gadget with a track in the model", "oldthing", "pc-gadget", VISIBLE_PUBLIC},
        {"a gadget's name is compared whole", "oldthing", "pc-gadget2", HIDDEN_MODEL},
        {"a gadget in the snaps list", "thing", "pc-gadget", VISIBLE_PUBLIC},
        {"another model's gadget", "widget", "pc-gadget", HIDDEN_MODEL},
        {"image builds have no session", "nobody", "pc-gadget", VISIBLE_PUBLIC},
        {"a kernel is for its model", "widget", "pc-kernel", VISIBLE_PUBLIC},
        {"a kernel's name is compared whole", "widget", "pc", HIDDEN_MODEL},
        {"an administrator sees what is private", "admin", "secret", VISIBLE_TOKEN},
        {"an administrator of one store is none elsewhere", "admin", "elsehidden", HIDDEN_STORE},
        {"a developer sees own packages", "dev", "theirs", VISIBLE_TOKEN},
        {"a developer sees no others' packages", "dev", "secret", HIDDEN_PRIVATE},
        {"a token for one package shows that one", "devlist", "theirs", VISIBLE_TOKEN},
        {"a token for one package shows no other", "devlist", "theirs2", HIDDEN_PRIVATE},
};

static const struct catalog_package *package_named(const struct catalog *catalog, const char *name)
{
        char id[33];

        catalog_make_id(name, id);
        return catalog_find_id(catalog, id);
}

static void rows_check(const struct catalog *catalog)
{

        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                const struct catalog_package *package = package_named(catalog, rows[i].package);
                const struct viewer viewer = viewer_named(rows[i].who);

                check_promise(rows[i].promise);
                check_case("%s looks at %s", rows[i].who, rows[i].package);
                CHECK(package != NULL);
                if (!package)
                        continue;
                CHECK_TEXT(visibility_text(viewer_sees(catalog, &viewer, package)),
                           visibility_text(rows[i].want));
        }
}

static void grant_check(const struct catalog *catalog)
{
        const struct catalog_package *secret = package_named(catalog, "secret");
        const struct catalog_package *theirs = package_named(catalog, "theirs");
        const struct catalog_package *foreign = package_named(catalog, "elsehidden");
        struct viewer viewer = viewer_named("nobody");

        check_promise(
                "a signed download address shows its package, of whatever store, and no other");
        check_case("grant");
        viewer.granted_snap_id = secret->snap_id;
        CHECK_INT(viewer_sees(catalog, &viewer, secret), VISIBLE_GRANT);
        CHECK_INT(viewer_sees(catalog, &viewer, theirs), HIDDEN_PRIVATE);
        viewer.granted_snap_id = foreign->snap_id;
        CHECK_INT(viewer_sees(catalog, &viewer, foreign), VISIBLE_GRANT);
        viewer.granted_snap_id = "";
        CHECK_INT(viewer_sees(catalog, &viewer, secret), HIDDEN_PRIVATE);
}

static bool answers_equal(const struct decide_answer *a, const struct decide_answer *b)
{
        return a->outcome == b->outcome && a->package == b->package && a->revision == b->revision &&
               a->has_effective == b->has_effective && strcmp(a->redirect, b->redirect) == 0;
}

/* Every viewer, every hidden package: what decide gives is what it gives for a name that nobody
 * has. The reasons may differ: they are for the operator. */
static void hidden_is_absent(const struct catalog *catalog)
{
        static const char *const viewers[] = {"nobody", "stranger", "friend", "lost",
                                              "thing",  "oldthing", "dev",    "devlist"};
        const struct decide_ask absent = {.action = DECIDE_INSTALL, .name = "no-such", .arch = ""};
        size_t hidden = 0;

        check_promise("what is hidden looks the same as what is absent");
        for (size_t v = 0; v < ARRAY_COUNT(viewers); v++) {
                const struct viewer viewer = viewer_named(viewers[v]);
                const struct decide_context context = context_of(catalog, &viewer);
                struct decide_answer nothing;

                decide(&context, &absent, &nothing);
                for (size_t i = 0; i < catalog_package_count(catalog); i++) {
                        const struct catalog_package *package = catalog_package_at(catalog, i);
                        const struct decide_ask asks[] = {
                                {.action = DECIDE_INSTALL, .name = package->name, .arch = ""},
                                {.action = DECIDE_DOWNLOAD, .name = package->name, .arch = ""},
                                {.action = DECIDE_INSTALL,
                                 .name = package->name,
                                 .revision = 1,
                                 .arch = ""},
                                {.action = DECIDE_REFRESH,
                                 .snap_id = package->snap_id,
                                 .current = 1,
                                 .tracking = "stable",
                                 .arch = ""},
                        };

                        if (visibility_is_visible(viewer_sees(catalog, &viewer, package)))
                                continue;
                        hidden++;
                        for (size_t k = 0; k < ARRAY_COUNT(asks); k++) {
                                struct decide_answer answer;

                                check_case("%s asks %zu for %s", viewers[v], k, package->name);
                                decide(&context, &asks[k], &answer);
                                CHECK(answers_equal(&answer, &nothing));
                        }
                }
        }
        CHECK(hidden > 20);
}

static void names_check(void)
{
        CLEANUP(catalog_root_freep)
        struct catalog *catalog =
                world_catalog("package twin store=friend id=friendfriendfriendfriendfriendfr\n"
                              "revision 1\nrelease stable 1\n"
                              "package twin store=acme\nrevision 1\nrelease stable 1\n"
                              "package lone store=acme\nrevision 1\n");
        const struct viewer friend = viewer_named("friend");
        const struct viewer nobody = viewer_named("nobody");

        check_promise("a store's own package comes before a friend's of the same name");
        check_case("friend, twin");
        CHECK_TEXT(catalog_find_visible(catalog, &friend, "twin")->store_id, "friend");
        check_case("nobody, twin");
        CHECK_TEXT(catalog_find_visible(catalog, &nobody, "twin")->store_id, "acme");
        check_case("friend, lone");
        CHECK_TEXT(catalog_find_visible(catalog, &friend, "lone")->store_id, "acme");
        check_case("nobody has it");
        CHECK(!catalog_find_visible(catalog, &friend, "none"));
}

static void entries_check(void)
{
        struct model_entry entry = {0};

        check_promise("a model's entry carries its channel");
        check_case("snaps list");
        CHECK(model_lists(world_models[MODEL_THING], "listed", "listedZZZZZZZZZZZZZZZZZZZZZZZZZZ",
                          &entry));
        CHECK_TEXT(entry.channel, "2.0/stable");
        check_case("gadget=track");
        CHECK(model_lists(world_models[MODEL_OLDTHING], "pc-gadget", "x", &entry));
        CHECK_TEXT(entry.channel, "22");
        check_case("a base is listed");
        CHECK(model_lists(world_models[MODEL_THING], "core22", "x", &entry));
        CHECK_TEXT(entry.channel, "");
        check_case("part of a name");
        CHECK(!model_lists(world_models[MODEL_OLDTHING], "pc-gadge", "x", &entry));
        CHECK(!model_lists(world_models[MODEL_OLDTHING], "require", "x", &entry));
        CHECK(!model_lists(world_models[MODEL_OLDTHING], "", "x", &entry));
}

int main(void)
{
        struct catalog *catalog;

        world_open();
        catalog = world_catalog(packages);
        rows_check(catalog);
        grant_check(catalog);
        hidden_is_absent(catalog);
        names_check();
        entries_check();
        catalog_root_freep(&catalog);
        world_close();
        return check_end();
}
