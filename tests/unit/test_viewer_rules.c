/* SPDX-License-Identifier: Apache-2.0 */
/* Stores that include others, and what models see: a row for each rule; then catalogs and viewers
 * at random, against what the rules say when they are followed one by one. */
#include "tests/unit/decide_world.h"
#include <stdarg.h>

/* child includes mid and side; mid includes acme. */
static const char packages[] = "store child includes=mid,side\nstore mid includes=acme\n"
                               "store side\nstore loop includes=loop2\nstore loop2 includes=loop\n"
                               "package own store=child\nrevision 1\n"
                               "package tool\nrevision 1\nrevision 2\n"
                               "package twin store=mid id=twinofmidtwinofmidtwinofmidtwino\n"
                               "revision 1\n"
                               "package twin store=side id=twinofsidetwinofsidetwinofsidetw\n"
                               "revision 1\n"
                               "package hers store=side\nrevision 1\n"
                               "package shut\nrevision 1\n"
                               "package nogo store=mid\nrevision 1\n"
                               "package secret private publisher=zeta\nrevision 1\n"
                               "package halfway private\nrevision 1\n"
                               "package taken private publisher=omega\nrevision 1\n"
                               "package acme-gadget type=gadget\nrevision 1\n"
                               "package spare-gadget type=gadget\nrevision 1\n"
                               "package core22 type=base\nrevision 1\n"
                               "package oldbase type=base\nrevision 1\n"
                               "package listed private\nrevision 1\n"
                               "package firmware type=image\nrevision 1\n"
                               "package blueprint type=image private\nrevision 1\n"
                               "package looped store=loop2\nrevision 1\n"
                               "store-rule mid exclude shut\nstore-rule child exclude nogo\n"
                               "store-rule child include halfway\n"
                               "store-rule child include taken\nstore-rule mid include taken\n"
                               "model acme/widget all\n"
                               "model-rule acme/widget tool exclude revision=1\n"
                               "model-rule acme/widget taken include channel=beta\n"
                               "model-rule acme/widget spare-gadget include\n"
                               "model-rule acme/widget core22 revision=1\n"
                               "model zeta/thing listed\n"
                               "model-rule zeta/thing shut include\n"
                               "model-rule zeta/thing oldbase exclude\n"
                               "model-rule zeta/thing secret include\n";

static const struct {
        const char *promise;
        const char *store;
        const char *who; /* "" nobody */
        const char *package;
        enum visibility want;
} rows[] = {
        {"a store's own is not inherited", "child", "", "own", VISIBLE_PUBLIC},
        {"a store includes what its parent includes", "child", "", "tool", VISIBLE_INHERITED},
        {"and what its parent has", "child", "", "hers", VISIBLE_INHERITED},
        {"a parent gets nothing of its child", "mid", "", "own", HIDDEN_STORE},
        {"a parent gets nothing of its child", "acme", "", "own", HIDDEN_STORE},
        {"siblings share nothing", "mid", "", "hers", HIDDEN_STORE},
        {"what a store leaves out, its child does not get", "child", "", "shut", HIDDEN_EXCLUDED},
        {"what a store leaves out, it does not get", "mid", "", "shut", HIDDEN_EXCLUDED},
        {"what a store leaves out, its owner keeps", "acme", "", "shut", VISIBLE_PUBLIC},
        {"a store leaves out what is its parent's own", "child", "", "nogo", HIDDEN_EXCLUDED},
        {"and the parent keeps it", "mid", "", "nogo", VISIBLE_PUBLIC},
        {"private is not inherited", "mid", "", "secret", HIDDEN_PRIVATE},
        {"private is not inherited, a token does not help", "mid", "dev", "secret", HIDDEN_PRIVATE},
        {"a store on the way that does not name it stops it", "child", "admin", "halfway",
         HIDDEN_PRIVATE},
        {"named on the whole way it arrives, and stays private", "child", "", "taken",
         HIDDEN_PRIVATE},
        {"named on the whole way it arrives", "child", "admin", "taken", VISIBLE_TOKEN},
        {"two parents have the name: the first one's counts", "child", "", "twin",
         VISIBLE_INHERITED},
        {"a circle ends", "loop", "", "looped", VISIBLE_INHERITED},
        {"a circle ends", "loop", "", "tool", HIDDEN_STORE},
        {"a store that nobody knows has nothing", "nowhere", "", "tool", HIDDEN_STORE},
        {"a model does not see what is left out for it", "acme", "widget", "tool", HIDDEN_VIEW},
        {"other models do", "acme", "oldthing", "tool", VISIBLE_PUBLIC},
        {"a store header is no model", "acme", "", "tool", VISIBLE_PUBLIC},
        {"a model sees the private package it was given", "acme", "widget", "taken", VISIBLE_VIEW},
        {"so it does in a store that the package reaches", "child", "widget", "taken",
         VISIBLE_VIEW},
        {"but not where the package does not get to", "mid", "widget", "secret", HIDDEN_PRIVATE},
        {"no session, no right of a model", "acme", "", "taken", HIDDEN_PRIVATE},
        {"a brand that does not count is given what its view says", "acme", "guest", "secret",
         VISIBLE_VIEW},
        {"a gadget that the model does not name can be given", "acme", "widget", "spare-gadget",
         VISIBLE_VIEW},
        {"only what is listed", "acme", "thing", "tool", HIDDEN_VIEW},
        {"only what is listed: listed", "acme", "thing", "shut", VISIBLE_VIEW},
        {"only what is listed: the model's own snaps", "acme", "thing", "listed", VISIBLE_MODEL},
        {"only what is listed: a base the model names", "acme", "thing", "core22", VISIBLE_PUBLIC},
        {"only what is listed: bases stay unless left out", "acme", "thing", "oldbase",
         HIDDEN_VIEW},
        {"a gadget is for its model", "acme", "thing", "acme-gadget", HIDDEN_MODEL},
        {"snapd is shown no image", "acme", "", "firmware", HIDDEN_IMAGE},
        {"snapd is shown no image, whoever it is", "acme", "widget", "firmware", HIDDEN_IMAGE},
        {"snapd is shown no image, with a token neither", "acme", "admin", "firmware",
         HIDDEN_IMAGE},
        {"who takes images sees them", "acme", "agent", "firmware", VISIBLE_PUBLIC},
        {"in a store that includes theirs too", "child", "agent", "firmware", VISIBLE_INHERITED},
        {"taking images is no right", "acme", "agent", "blueprint", HIDDEN_PRIVATE},
        {"taking images hides no snap", "acme", "agent", "tool", VISIBLE_PUBLIC},
};

static const struct catalog_package *package_named(const struct catalog *catalog, const char *name)
{
        char id[33];

        catalog_make_id(name, id);
        return catalog_find_id(catalog,
                               strcmp(name, "twin") ? id : "twinofmidtwinofmidtwinofmidtwino");
}

static void rows_check(const struct catalog *catalog)
{
        bool seen[VISIBILITY_COUNT] = {false};

        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                const struct catalog_package *package = package_named(catalog, rows[i].package);
                struct viewer viewer = viewer_named(rows[i].who);

                viewer.store_id = rows[i].store;
                viewer.takes_images = strcmp(rows[i].who, "agent") == 0;
                check_promise(rows[i].promise);
                check_case("%s %s looks at %s", rows[i].store, rows[i].who, rows[i].package);
                CHECK(package != NULL);
                if (!package)
                        continue;
                CHECK_TEXT(visibility_text(viewer_sees(catalog, &viewer, package)),
                           visibility_text(rows[i].want));
                seen[rows[i].want] = true;
        }
        check_promise("each kind of visibility that rules give has a row");
        for (int i = 0; i < VISIBILITY_COUNT; i++) {
                check_case("%s", visibility_text((enum visibility)i));
                CHECK(seen[i] || i == VISIBLE_GRANT || i == VISIBLE_BRAND || i == HIDDEN_SHADOWED);
        }
}

static void shadow_check(const struct catalog *catalog)
{
        const struct catalog_package *far =
                catalog_find_id(catalog, "twinofsidetwinofsidetwinofsidetw");
        const struct viewer viewer = viewer_of("child", NULL, MODEL_WIDGET, NULL);
        const struct viewer side = viewer_of("side", NULL, MODEL_WIDGET, NULL);

        check_promise("of two packages of one name the nearer store's counts, by every way in");
        check_case("twin");
        CHECK_TEXT(catalog_find_visible(catalog, &viewer, "twin")->store_id, "mid");
        CHECK_INT(viewer_sees(catalog, &viewer, far), HIDDEN_SHADOWED);
        CHECK_INT(viewer_sees(catalog, &side, far), VISIBLE_PUBLIC);
}

static void pins_check(const struct catalog *catalog)
{
        static const struct {
                const char *who;
                const char *package;
                bool want;
                uint64_t revision;
                const char *channel;
        } pins[] = {
                {"widget", "tool", true, 1, ""},    {"widget", "taken", true, 0, "beta"},
                {"widget", "core22", true, 1, ""},  {"widget", "spare-gadget", false, 0, ""},
                {"widget", "own", false, 0, ""},    {"thing", "tool", false, 0, ""},
                {"oldthing", "tool", false, 0, ""}, {"nobody", "tool", false, 0, ""},
        };

        check_promise("a pin is for the devices of its model, and nobody else");
        for (size_t i = 0; i < ARRAY_COUNT(pins); i++) {
                const struct viewer viewer = viewer_named(pins[i].who);
                struct view_pin pin = {0, ""};

                check_case("%s, %s", pins[i].who, pins[i].package);
                CHECK_INT(
                        viewer_pin(catalog, &viewer, package_named(catalog, pins[i].package), &pin),
                        pins[i].want);
                CHECK_INT(pin.revision, pins[i].revision);
                CHECK_TEXT(pin.channel, pins[i].channel);
        }
}

/* --- at random --- */

#define STORES 5
#define NAMES  5

/* The rules as they were thrown; p is a package's place in the text. */
struct thrown {
        char text[16384];
        size_t used;
        bool includes[STORES][STORES];
        int rule[STORES][STORES * NAMES]; /* 1 include, -1 exclude */
        bool there[STORES * NAMES];
        bool hidden[STORES * NAMES];
        int model[STORES * NAMES];
        bool only_listed;
};

static uint64_t dice_state;

static unsigned dice(unsigned sides)
{
        dice_state = dice_state * 6364136223846793005u + 1442695040888963407u;
        return (unsigned)(dice_state >> 33) % sides;
}

PRINTF_LIKE(2, 3) static void put(struct thrown *thrown, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        thrown->used += (size_t)vsnprintf(thrown->text + thrown->used,
                                          sizeof(thrown->text) - thrown->used, format, args);
        va_end(args);
}

static void throw_stores(struct thrown *thrown)
{
        for (int s = 0; s < STORES; s++) {
                const char *sep = " includes=";

                put(thrown, "store s%d", s);
                for (int parent = 0; parent < STORES; parent++) {
                        /* Circles too, though none can be written: a walk must end. */
                        if (parent == s || dice(5) != 0)
                                continue;
                        thrown->includes[s][parent] = true;
                        put(thrown, "%ss%d", sep, parent);
                        sep = ",";
                }
                put(thrown, "\n");
        }
}

/* Package p belongs to store p / NAMES and is named n(p % NAMES). */
static void throw_packages(struct thrown *thrown)
{
        static const char *const types[] = {"app", "app", "app", "base", "gadget"};

        for (int p = 0; p < STORES * NAMES; p++) {
                thrown->there[p] = dice(3) == 0;
                thrown->hidden[p] = dice(3) == 0;
                thrown->model[p] = dice(4) == 0 ? 1 : dice(4) == 0 ? -1 : 0;
                if (thrown->there[p])
                        put(thrown, "package n%d store=s%d id=%c%031d type=%s%s\nrevision 1\n",
                            p % NAMES, p / NAMES, 'a' + p, p, types[dice(5)],
                            thrown->hidden[p] ? " private publisher=omega" : "");
        }
}

/* catalog_make_id keeps what has 32 letters as it is. */
static void throw_rules(struct thrown *thrown)
{
        thrown->only_listed = dice(2) == 0;
        put(thrown, "model acme/widget %s\n", thrown->only_listed ? "listed" : "all");
        for (int p = 0; p < STORES * NAMES; p++) {
                if (!thrown->there[p])
                        continue;
                for (int s = 0; s < STORES; s++) {
                        thrown->rule[s][p] = dice(4) == 0 ? -1 : dice(2) == 0 ? 1 : 0;
                        if (thrown->rule[s][p])
                                put(thrown, "store-rule s%d %s %c%031d\n", s,
                                    thrown->rule[s][p] > 0 ? "include" : "exclude", 'a' + p, p);
                }
                if (thrown->model[p])
                        put(thrown, "model-rule acme/widget %c%031d %s\n", 'a' + p, p,
                            thrown->model[p] > 0 ? "include" : "exclude");
        }
}

/* Whether package p gets to store s, by closing over one step after the other. */
static bool gets_to(const struct thrown *thrown, int s, int p)
{
        bool at[STORES] = {false};

        at[p / NAMES] = true;
        for (int round = 0; round < STORES; round++)
                for (int to = 0; to < STORES; to++)
                        for (int from = 0; from < STORES; from++)
                                if (at[from] && thrown->includes[to][from] &&
                                    thrown->rule[to][p] >= 0 &&
                                    (!thrown->hidden[p] || thrown->rule[to][p] > 0))
                                        at[to] = true;
        return at[s];
}

static int number_of(const struct catalog_package *package)
{
        return package->snap_id[0] - 'a';
}

static void stranger_check(const struct catalog *catalog, const struct thrown *thrown, int s,
                           const struct catalog_package *package)
{
        const struct viewer viewer = {.store_id = arena_printf(world_arena, "s%d", s), .arch = ""};
        const bool sees = visibility_is_visible(viewer_sees(catalog, &viewer, package));
        const struct catalog_package *named = catalog_find_visible(catalog, &viewer, package->name);
        const int p = number_of(package);

        CHECK(!sees || (gets_to(thrown, s, p) && !thrown->hidden[p]));
        CHECK(!sees || named == package);
        CHECK(sees || thrown->hidden[p] || !gets_to(thrown, s, p) || named != package);
        CHECK(!gets_to(thrown, s, p) ||
              (named && (named == package || gets_to(thrown, s, number_of(named)))));
}

static void device_check(const struct catalog *catalog, const struct thrown *thrown, int s,
                         const struct catalog_package *package)
{
        struct viewer viewer = viewer_of("", "acme", MODEL_WIDGET, "S1");
        const int p = number_of(package);
        enum visibility visibility;

        viewer.store_id = arena_printf(world_arena, "s%d", s);
        visibility = viewer_sees(catalog, &viewer, package);
        CHECK(!visibility_is_visible(visibility) || gets_to(thrown, s, p));
        CHECK(!visibility_is_visible(visibility) || thrown->model[p] >= 0);
        CHECK(visibility != VISIBLE_VIEW || thrown->model[p] > 0);
        if (thrown->only_listed && thrown->model[p] == 0 && strcmp(package->type, "base"))
                CHECK(!visibility_is_visible(visibility));
        if (!visibility_is_visible(visibility)) {
                const struct decide_context context = context_of(catalog, &viewer);
                const struct decide_ask asks[] = {
                        {.action = DECIDE_INSTALL, .snap_id = package->snap_id, .arch = ""},
                        {.action = DECIDE_REFRESH,
                         .snap_id = package->snap_id,
                         .revision = 1,
                         .current = 1,
                         .arch = ""},
                };

                for (size_t i = 0; i < ARRAY_COUNT(asks); i++) {
                        struct decide_answer answer;

                        decide(&context, &asks[i], &answer);
                        CHECK_INT(answer.outcome, DECIDE_NO_PACKAGE);
                        CHECK(!answer.package && !answer.revision);
                }
        }
}

static void random_check(unsigned seed)
{
        CLEANUP(catalog_root_freep) struct catalog *catalog = NULL;
        struct thrown thrown = {.used = 0};

        dice_state = seed * 2654435761u + 1;
        throw_stores(&thrown);
        throw_packages(&thrown);
        throw_rules(&thrown);
        catalog = world_catalog(thrown.text);
        for (size_t i = 0; i < catalog_package_count(catalog); i++)
                for (int s = 0; s < STORES; s++) {
                        const struct catalog_package *package = catalog_package_at(catalog, i);

                        check_case("seed %u, store s%d, package %d", seed, s, number_of(package));
                        stranger_check(catalog, &thrown, s, package);
                        device_check(catalog, &thrown, s, package);
                }
}

int main(void)
{
        struct catalog *catalog;

        world_open();
        catalog = world_catalog(packages);
        rows_check(catalog);
        shadow_check(catalog);
        pins_check(catalog);
        catalog_root_freep(&catalog);
        check_promise("what does not get to a store, or is not shown to a model, is seen by no way "
                      "in; a name stands for one package");
        for (unsigned seed = 1; seed <= 400; seed++)
                random_check(seed);
        world_close();
        return check_end();
}
