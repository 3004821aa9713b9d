/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/worker/snap_yaml.h"
#include "delta/worker/yaml_tree.h"
#include "tests/lib/check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "name: foo\nversion: '1'\n"
#define MAX  (16 * MIB)

static enum rc parse(struct arena *arena, const char *text, size_t bytes, struct package_info *info,
                     struct err *err)
{
        memset(err, 0, sizeof(*err));
        memset(info, 0, sizeof(*info));
        return snap_yaml_parse(text, bytes, arena, info, err);
}

/* What a package may say. field picks what is compared. */
static const char *name_of(const struct package_info *info)
{
        return info->name;
}

#define PICK(member)                                                                               \
        static const char *member##_of(const struct package_info *info)                            \
        {                                                                                          \
                return info->member;                                                               \
        }
PICK(version)
PICK(type)
PICK(base)
PICK(confinement)
PICK(grade)
PICK(title)
PICK(summary)
PICK(description)
PICK(license)
PICK(contact)
PICK(website)
PICK(provenance)

static const char *archs_of(const struct package_info *info)
{
        static char text[256];

        text[0] = '\0';
        for (size_t i = 0; i < info->arch_count; i++) {
                const size_t at = strlen(text);

                snprintf(text + at, sizeof(text) - at, "%s%s", i ? " " : "", info->archs[i]);
        }
        return text;
}

static const char *apps_of(const struct package_info *info)
{
        static char text[256];

        text[0] = '\0';
        for (size_t i = 0; i < info->app_count; i++) {
                const size_t at = strlen(text);

                snprintf(text + at, sizeof(text) - at, "%s%s(%s)", i ? " " : "", info->apps[i].name,
                         info->apps[i].common_id);
        }
        return text;
}

static const char *links_of(const struct package_info *info)
{
        static char text[4096];

        text[0] = '\0';
        for (size_t i = 0; i < info->link_count; i++) {
                const size_t at = strlen(text);

                snprintf(text + at, sizeof(text) - at, "%s%s=%s", i ? " " : "", info->links[i].kind,
                         info->links[i].url);
        }
        return text;
}

static const char *epoch_of(const struct package_info *info)
{
        static char text[256];

        text[0] = '\0';
        for (size_t i = 0; i < info->epoch.read_count; i++)
                snprintf(text + strlen(text), sizeof(text) - strlen(text), "r%u",
                         info->epoch.read[i]);
        for (size_t i = 0; i < info->epoch.write_count; i++)
                snprintf(text + strlen(text), sizeof(text) - strlen(text), "w%u",
                         info->epoch.write[i]);
        return text;
}

static const struct {
        const char *text;
        const char *(*pick)(const struct package_info *info);
        const char *want;
} good_rows[] = {
        {HEAD, name_of, "foo"},
        {HEAD, version_of, "1"},
        {HEAD, type_of, "app"},
        {HEAD, base_of, ""},
        {HEAD, confinement_of, "strict"},
        {HEAD, grade_of, "stable"},
        {HEAD, provenance_of, "global-upload"},
        {HEAD, archs_of, "all"},
        {HEAD, epoch_of, "r0w0"},
        {HEAD, apps_of, ""},
        {HEAD, title_of, ""},
        {"{\"name\": \"foo\", \"version\": \"2\"}", version_of, "2"},
        {"name: foo\nversion: 1.10\n", version_of, "1.10"},
        {"name: foo\nversion: 1:2.3-4+b~\n", version_of, "1:2.3-4+b~"},
        {"name: foo\nversion: a1234567890123456789012345678901\n", version_of,
         "a1234567890123456789012345678901"},
        {"---\nname: foo\nversion: !!str 1\n...\n", version_of, "1"},
        {HEAD "type: application\n", type_of, "app"},
        {HEAD "type: core\n", type_of, "os"},
        {HEAD "type: gadget\n", type_of, "gadget"},
        {HEAD "type: ~\n", type_of, "app"},
        {HEAD "base: core22\n", base_of, "core22"},
        {HEAD "base: none\n", base_of, "none"},
        {HEAD "confinement: classic\n", confinement_of, "classic"},
        {HEAD "grade: devel\n", grade_of, "devel"},
        {HEAD "title: \xc3\xa4\xc3\xb6\xc3\xbc\n", title_of, "\xc3\xa4\xc3\xb6\xc3\xbc"},
        {HEAD "title: 1234567890123456789012345678901234567\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\n",
         title_of, "1234567890123456789012345678901234567\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"},
        {HEAD "title: 'null'\n", title_of, "null"},
        {HEAD "summary: null\n", summary_of, ""},
        {HEAD "description: |\n  a\n  b\n", description_of, "a\nb\n"},
        {HEAD "license: GPL-2.0 OR MIT\n", license_of, "GPL-2.0 OR MIT"},
        {HEAD "contact: a@b.c\n", contact_of, "a@b.c"},
        {HEAD "contact: [x, y]\n", contact_of, "x"},
        {HEAD "contact: []\n", contact_of, ""},
        {HEAD "links: {website: [w, v]}\n", website_of, "w"},
        {HEAD, links_of, ""},
        {HEAD "website: https://a.b\ncontact: [a@b.c, x]\n", links_of,
         "contact=a@b.c website=https://a.b"},
        {HEAD "links: {website: [https://a.b, https://c.d], issues: https://e.f}\n", links_of,
         "website=https://a.b website=https://c.d issues=https://e.f"},
        {HEAD "links: {website: https://a.b}\nwebsite: https://c.d\n", links_of,
         "website=https://a.b"},
        {HEAD "links: {website: ['javascript:x', https://a.b, {a: b}], 'a b': https://c.d}\n",
         links_of, "website=https://a.b"},
        {HEAD "links: [https://a.b]\n", links_of, ""},
        {HEAD "links: ~\nsource-code: https://a.b\n", links_of, "source-code=https://a.b"},
        {HEAD "provenance: my-builds\n", provenance_of, "my-builds"},
        {HEAD "architectures: [amd64, arm64]\n", archs_of, "amd64 arm64"},
        {HEAD "architectures: amd64\n", archs_of, "amd64"},
        {HEAD "architectures: [amd64, amd64]\n", archs_of, "amd64"},
        {HEAD "architectures: []\n", archs_of, "all"},
        {HEAD "architectures: [{build-on: amd64, build-for: [arm64, armhf]}]\n", archs_of,
         "arm64 armhf"},
        {HEAD "architectures: [{build-on: amd64}]\n", archs_of, "amd64"},
        {HEAD "epoch: 0\n", epoch_of, "r0w0"},
        {HEAD "epoch: 4\n", epoch_of, "r4w4"},
        {HEAD "epoch: 4*\n", epoch_of, "r3r4w4"},
        {HEAD "epoch: '1*'\n", epoch_of, "r0r1w1"},
        {HEAD "epoch: {read: [1, 2, 3], write: [1, 3]}\n", epoch_of, "r1r2r3w1w3"},
        {HEAD "epoch: {read: [1, 2]}\n", epoch_of, "r1r2w2"},
        {HEAD "epoch: {write: [1, 2]}\n", epoch_of, "r1r2w1w2"},
        {HEAD "epoch: {}\n", epoch_of, "r0w0"},
        {HEAD "epoch: 4294967295\n", epoch_of, "r4294967295w4294967295"},
        {HEAD "apps: {a: {command: x, common-id: io.a}, b-2: ~}\n", apps_of, "a(io.a) b-2()"},
        {HEAD "plugs: {network: , home: {read: all}}\nx: [[[1]]]\n", name_of, "foo"},
};

static void test_good(struct arena *arena)
{
        check_promise("what snapd accepts is read as snapd reads it");
        for (size_t i = 0; i < ARRAY_COUNT(good_rows); i++) {
                struct package_info info;
                struct err err;
                enum rc rc;

                check_case("%s", good_rows[i].text);
                rc = parse(arena, good_rows[i].text, strlen(good_rows[i].text), &info, &err);
                CHECK_RC(rc, RC_OK, &err);
                if (rc != RC_OK)
                        continue;
                CHECK_TEXT(good_rows[i].pick(&info), good_rows[i].want);
                CHECK_TEXT(info.snap_yaml, good_rows[i].text);
        }
}

static const struct {
        const char *text;
        const char *code;
} bad_rows[] = {
        {"", "yaml-empty"},
        {"# nothing\n", "yaml-empty"},
        {"- a\n", "snap-yaml-map"},
        {"foo", "snap-yaml-map"},
        {"version: '1'\n", "snap-yaml-name"},
        {"name: foo\n", "snap-yaml-version"},
        {"name: [foo]\nversion: 1\n", "snap-yaml-name"},
        {"name: Foo\nversion: 1\n", "snap-yaml-name"},
        {"name: foo_bar\nversion: 1\n", "snap-yaml-name"},
        {"name: ../foo\nversion: 1\n", "snap-yaml-name"},
        {"name: -foo\nversion: 1\n", "snap-yaml-name"},
        {"name: 123\nversion: 1\n", "snap-yaml-name"},
        {"name: ''\nversion: 1\n", "snap-yaml-name"},
        {"name: \"fo\\0o\"\nversion: 1\n", "yaml-nul"},
        {"name: a1234567890123456789012345678901234567890\nversion: 1\n", "snap-yaml-name"},
        {"name: foo\nversion: ''\n", "snap-yaml-version"},
        {"name: foo\nversion: -1\n", "snap-yaml-version"},
        {"name: foo\nversion: 1.\n", "snap-yaml-version"},
        {"name: foo\nversion: 1/2\n", "snap-yaml-version"},
        {"name: foo\nversion: \"1\\n2\"\n", "snap-yaml-version"},
        {"name: foo\nversion: a12345678901234567890123456789012\n", "snap-yaml-version"},
        {"name: foo\nversion: {a: 1}\n", "snap-yaml-version"},
        {HEAD "type: image\n", "snap-yaml-type"},
        {HEAD "type: ''\n", "snap-yaml-type"},
        {HEAD "base: Core\n", "snap-yaml-base"},
        {HEAD "base: a/b\n", "snap-yaml-base"},
        {HEAD "confinement: loose\n", "snap-yaml-confinement"},
        {HEAD "grade: beta\n", "snap-yaml-grade"},
        {HEAD "title: 12345678901234567890123456789012345678901\n", "snap-yaml-title"},
        {HEAD "title: {}\n", "snap-yaml-title"},
        {HEAD "provenance: a--b\n", "snap-yaml-provenance"},
        {HEAD "provenance: ''\n", "snap-yaml-provenance"},
        {HEAD "architectures: [vax]\n", "snap-yaml-architectures"},
        {HEAD "architectures: [[amd64]]\n", "snap-yaml-architectures"},
        {HEAD "architectures: [{x: amd64}]\n", "snap-yaml-architectures"},
        {HEAD "architectures: {a: b}\n", "snap-yaml-architectures"},
        {HEAD "epoch: -1\n", "snap-yaml-epoch"},
        {HEAD "epoch: 0*\n", "snap-yaml-epoch"},
        {HEAD "epoch: '*'\n", "snap-yaml-epoch"},
        {HEAD "epoch: 01\n", "snap-yaml-epoch"},
        {HEAD "epoch: 1.5\n", "snap-yaml-epoch"},
        {HEAD "epoch: 4294967296\n", "snap-yaml-epoch"},
        {HEAD "epoch: [1]\n", "snap-yaml-epoch"},
        {HEAD "epoch: {read: []}\n", "snap-yaml-epoch"},
        {HEAD "epoch: {read: [2, 1]}\n", "snap-yaml-epoch"},
        {HEAD "epoch: {read: [1, 1]}\n", "snap-yaml-epoch"},
        {HEAD "epoch: {read: [1], write: [2]}\n", "snap-yaml-epoch"},
        {HEAD "epoch: {read: [0,1,2,3,4,5,6,7,8,9,10]}\n", "snap-yaml-epoch"},
        {HEAD "epoch: {read: [[1]]}\n", "snap-yaml-epoch"},
        {HEAD "apps: [a]\n", "snap-yaml-apps"},
        {HEAD "apps: {a_b: {}}\n", "snap-yaml-apps"},
        {HEAD "apps: {-a: {}}\n", "snap-yaml-apps"},
        {HEAD "apps: {'': {}}\n", "snap-yaml-apps"},
        {HEAD "apps: {a: text}\n", "snap-yaml-apps"},
        {HEAD "apps: {a: {common-id: []}}\n", "snap-yaml-common-id"},
        {HEAD "name: bar\n", "yaml-duplicate"},
        {HEAD "x: {a: 1, a: 2}\n", "yaml-duplicate"},
        {HEAD "x: &a 1\ny: *a\n", "yaml-alias"},
        {HEAD "x: &a [1]\n", "yaml-alias"},
        {HEAD "<<: {title: x}\n", "yaml-merge"},
        {HEAD "x: !!binary aGFs\n", "yaml-tag"},
        {HEAD "x: !ruby/object {a: b}\n", "yaml-tag"},
        {HEAD "? [a, b]\n: c\n", "yaml-key"},
        {HEAD "? {a: b}\n: c\n", "yaml-key"},
        {HEAD "---\nname: bar\n", "yaml-documents"},
        {HEAD "x: [[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]\n", "yaml-depth"},
        {HEAD "x: \"unclosed\n", "yaml-syntax"},
        {HEAD "\tx: 1\n", "yaml-syntax"},
        {HEAD "x: \xff\xfe\n", "yaml-encoding"},
        {HEAD "x: \xc0\xaf\n", "yaml-encoding"},
        {HEAD "x: \xed\xa0\x80\n", "yaml-encoding"},
        {HEAD "x: \xe2\x82", "yaml-encoding"},
};

static void test_bad(struct arena *arena)
{
        check_promise("what no package may say is refused with a code and a reason");
        for (size_t i = 0; i < ARRAY_COUNT(bad_rows); i++) {
                struct package_info info;
                struct err err;

                check_case("%s", bad_rows[i].text);
                CHECK_RC(parse(arena, bad_rows[i].text, strlen(bad_rows[i].text), &info, &err),
                         RC_INVALID, &err);
                CHECK_TEXT(err.code, bad_rows[i].code);
                CHECK(err.text[0] != '\0');
        }
}

/* HEAD, then count times part, then tail. */
static char *repeat(const char *begin, const char *part, size_t count, const char *tail)
{
        const size_t room = strlen(begin) + strlen(part) * count + strlen(tail) + 1;
        char *text = malloc(room);
        char *at = text;

        if (!text)
                abort();
        at += snprintf(at, room, "%s", begin);
        for (size_t i = 0; i < count; i++) {
                memcpy(at, part, strlen(part));
                at += strlen(part);
        }
        memcpy(at, tail, strlen(tail) + 1);
        return text;
}

static void check_bounded(const char *what, char *text, const char *code)
{
        struct arena *arena = arena_new(MAX);
        struct package_info info;
        struct err err;
        enum rc rc;

        check_case("%s", what);
        rc = parse(arena, text, strlen(text), &info, &err);
        CHECK_RC(rc, *code ? RC_INVALID : RC_OK, &err);
        if (*code)
                CHECK_TEXT(err.code, code);
        arena_freep(&arena);
        free(text);
}

static void test_bounds(void)
{
        check_promise("size, depth and number are bounded");
        check_bounded("brackets without end", repeat(HEAD "x: ", "[", 100000, ""), "yaml-depth");
        check_bounded("braces without end", repeat(HEAD "x: ", "{a: ", 50000, ""), "yaml-depth");
        check_bounded("20000 elements", repeat(HEAD "x: [", "1,", 20000, "1]"), "yaml-size");
        check_bounded("5000 elements", repeat(HEAD "x: [", "1,", 5000, "1]"), "");
        check_bounded("a text over the bound", repeat(HEAD "x: ", "a", SNAP_YAML_MAX, ""),
                      "snap-yaml-size");
        check_bounded("a description at the bound",
                      repeat(HEAD "description: ", "\xc3\xa4", 4096, ""), "");
        check_bounded("a description over it", repeat(HEAD "description: ", "\xc3\xa4", 4097, ""),
                      "snap-yaml-description");
}

static void test_no_memory(void)
{
        static const char text[] = HEAD "apps: {a: {command: x}, b: {}}\nepoch: {read: [1]}\n";
        size_t failures = 0;
        enum rc rc = RC_NOMEM;

        check_promise("without memory the answer is RC_NOMEM, wherever it ends");
        for (size_t bytes = 64; bytes < 64 * KIB && rc == RC_NOMEM; bytes += 64) {
                struct arena *arena = arena_new(bytes);
                struct package_info info;
                struct err err;

                check_case("%zu bytes", bytes);
                rc = parse(arena, text, sizeof(text) - 1, &info, &err);
                CHECK(rc == RC_NOMEM || rc == RC_OK);
                failures += rc == RC_NOMEM;
                arena_freep(&arena);
        }
        CHECK_RC(rc, RC_OK, NULL);
        CHECK(failures > 3);
}

static void test_cut(struct arena *arena)
{
        static const char text[] = HEAD "epoch: {read: [1, 2]}\napps: {a: {command: \"x\"}}\n";
        struct package_info info;
        struct err err;

        check_promise("a text cut anywhere is read or refused");
        for (size_t bytes = 0; bytes < sizeof(text) - 1; bytes++) {
                const enum rc rc = parse(arena, text, bytes, &info, &err);

                check_case("%zu bytes", bytes);
                CHECK(rc == RC_OK || rc == RC_INVALID);
        }
}

int main(void)
{
        struct arena *arena = arena_new(MAX);

        test_good(arena);
        test_bad(arena);
        test_bounds();
        test_no_memory();
        test_cut(arena);
        arena_freep(&arena);
        return check_end();
}
