/* SPDX-License-Identifier: Apache-2.0 */
/* What a component says about itself, and what a snap says of its components: a row for each rule.
 */
#include "delta/worker/component_yaml.h"
#include "delta/worker/snap_yaml.h"
#include "tests/lib/check.h"
#include <stdio.h>
#include <string.h>

#define TEN(x)     x x x x x x x x x x
#define HUNDRED(x) TEN(x) TEN(x) TEN(x) TEN(x) TEN(x) TEN(x) TEN(x) TEN(x) TEN(x) TEN(x)

static const struct {
        const char *name;
        const char *text;
        const char *code; /* NULL: it is taken */
} rows[] = {
        {"whole",
         "component: app+words\ntype: standard\nversion: 1.2~rc1+\nsummary: words\n"
         "description: many words\n",
         NULL},
        {"short", "component: app+words\ntype: kernel-modules\n", NULL},
        {"snapd's own tests", "component: app+words\ntype: test\nversion: null\n", NULL},
        {"a provenance", "component: app+words\ntype: standard\nprovenance: made-here\n", NULL},
        {"unknown fields", "component: app+words\ntype: standard\nhooks:\n  install: {}\n", NULL},
        {"no name", "type: standard\n", "component-yaml-component"},
        {"no plus", "component: words\ntype: standard\n", "component-yaml-component"},
        {"no snap", "component: +words\ntype: standard\n", "component-yaml-component"},
        {"no component", "component: app+\ntype: standard\n", "component-yaml-component"},
        {"two", "component: app+words+more\ntype: standard\n", "component-yaml-component"},
        {"capitals", "component: app+Words\ntype: standard\n", "component-yaml-component"},
        {"a path", "component: app+../x\ntype: standard\n", "component-yaml-component"},
        {"a list", "component: [app+words]\ntype: standard\n", "component-yaml-component"},
        {"no type", "component: app+words\n", "component-yaml-type"},
        {"a type of a snap", "component: app+words\ntype: app\n", "component-yaml-type"},
        {"a version with a blank", "component: app+words\ntype: standard\nversion: 1 2\n",
         "component-yaml-version"},
        {"a version with an edge", "component: app+words\ntype: standard\nversion: -1\n",
         "component-yaml-version"},
        {"a long summary",
         "component: app+words\ntype: standard\nsummary: " HUNDRED("x") HUNDRED("x") "\n",
         "component-yaml-summary"},
        {"a provenance with dots", "component: app+words\ntype: standard\nprovenance: a..b\n",
         "component-yaml-provenance"},
        {"a text", "component\n", "component-yaml-map"},
        {"a name twice", "component: app+words\ncomponent: app+more\ntype: standard\n",
         "yaml-duplicate"},
};

static void rows_check(void)
{
        check_promise("a component is what its component.yaml says, by the rules for each field");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                CLEANUP(arena_freep) struct arena *arena = arena_new(MIB);
                struct component_info info = {.name = NULL};
                struct err err = {0};
                const enum rc rc = component_yaml_parse(rows[i].text, strlen(rows[i].text), arena,
                                                        &info, &err);

                check_case("%s", rows[i].name);
                CHECK_RC(rc, rows[i].code ? RC_INVALID : RC_OK, &err);
                if (rows[i].code) {
                        CHECK_TEXT(err.code, rows[i].code);
                        continue;
                }
                CHECK_TEXT(info.snap, "app");
                CHECK_TEXT(info.name, "words");
                CHECK(component_type_is_known(info.type));
        }
}

static void whole_check(void)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(MIB);
        struct component_info info = {.name = NULL};
        struct err err = {0};

        check_promise("what it says is kept, what it does not say has its standard");
        check_case("whole");
        CHECK_RC(component_yaml_parse(rows[0].text, strlen(rows[0].text), arena, &info, &err),
                 RC_OK, &err);
        CHECK_TEXT(info.version, "1.2~rc1+");
        CHECK_TEXT(info.summary, "words");
        CHECK_TEXT(info.description, "many words");
        CHECK_TEXT(info.provenance, "global-upload");
        check_case("short");
        CHECK_RC(component_yaml_parse(rows[1].text, strlen(rows[1].text), arena, &info, &err),
                 RC_OK, &err);
        CHECK_TEXT(info.version, "");
        CHECK_TEXT(info.summary, "");
}

static const struct {
        const char *name;
        const char *text;
        size_t count;
        bool taken;
} snaps[] = {
        {"none", "", 0, true},
        {"null", "components:\n", 0, true},
        {"two", "components:\n  words: {type: standard}\n  mods: {type: kernel-modules}\n", 2,
         true},
        {"a list", "components: [words]\n", 0, false},
        {"no type", "components:\n  words: {summary: x}\n", 0, false},
        {"a type that is none", "components:\n  words: {type: app}\n", 0, false},
        {"a name that is none", "components:\n  Words_: {type: standard}\n", 0, false},
};

static void snaps_check(void)
{
        check_promise("a snap declares its components, each with a type");
        for (size_t i = 0; i < ARRAY_COUNT(snaps); i++) {
                CLEANUP(arena_freep) struct arena *arena = arena_new(MIB);
                char *text = arena_printf(arena, "name: app\nversion: 1\n%s", snaps[i].text);
                struct package_info info = {.name = NULL};
                struct err err = {0};

                check_case("%s", snaps[i].name);
                CHECK_RC(snap_yaml_parse(text, strlen(text), arena, &info, &err),
                         snaps[i].taken ? RC_OK : RC_INVALID, &err);
                if (!snaps[i].taken)
                        CHECK_TEXT(err.code, "snap-yaml-components");
                CHECK_INT(info.component_count, snaps[i].count);
                if (info.component_count)
                        CHECK_TEXT(info.components[0].name, "words");
        }
}

int main(void)
{
        rows_check();
        whole_check();
        snaps_check();
        return check_end();
}
