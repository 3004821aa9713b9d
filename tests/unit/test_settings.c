/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of settings, and the example file that is made from it. To make the file anew, from
 * the top of the source tree:
 *
 *         BUILD/tests/unit/test_settings --print > deploy/storehouse.conf.example
 */
#include "core/base/buf.h"
#include "core/base/fs.h"
#include "core/model/settings.h"
#include "tests/lib/check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char example_path[] = "deploy/storehouse.conf.example";

static void table_is_whole(void)
{
        CLEANUP(conf_freep) struct conf *conf = NULL;
        struct err err = {0};

        check_promise(
                "every setting has a name of its own, a sentence and a default in its bounds");
        for (size_t i = 0; i < SET_COUNT; i++) {
                const struct conf_row *row = &settings_rows[i];
                const size_t doc = row->doc ? strlen(row->doc) : 0;

                check_case("row %zu: %s", i, row->name ? row->name : "(none)");
                CHECK(row->name && *row->name && row->standard && row->unit);
                CHECK(doc > 20 && row->doc[doc - 1] == '.');
                CHECK(row->max > row->min);
                if (!row->name)
                        return;
                CHECK(strspn(row->name, "abcdefghijklmnopqrstuvwxyz-") == strlen(row->name));
                for (size_t k = 0; k < i; k++)
                        CHECK(strcmp(settings_rows[k].name, row->name));
                if (row->type == CONF_INT && strstr(row->name, "-sec"))
                        CHECK_TEXT(row->unit, "seconds");
                if (row->type == CONF_INT && strstr(row->name, "-bytes"))
                        CHECK_TEXT(row->unit, "bytes");
        }
        CHECK_RC(conf_new(settings_rows, SET_COUNT, &conf, &err), RC_OK, &err);
        CHECK(conf_bool(conf, SET_REQUIRE_SANDBOX));
        CHECK(!conf_bool(conf, SET_REQUIRE_SNAP_BUILD));
        CHECK_INT(conf_int(conf, SET_HTTP_PORT), 8080);
        CHECK(conf_int(conf, SET_MAX_PACKAGE_BYTES) == (int64_t)(2 * GIB));
        CHECK(conf_int(conf, SET_MIN_FREE_BYTES) == (int64_t)(256 * MIB));
        CHECK(conf_int(conf, SET_WORKER_MEMORY_BYTES) == (int64_t)(1536 * MIB));
        CHECK_TEXT(conf_text(conf, SET_LOG_LEVEL), "info");
}

static void values_are_bounded(void)
{
        static const struct {
                const char *name;
                const char *value;
                enum rc want;
        } rows[] = {
                {"http-port", "0", RC_OK},
                {"http-port", "65535", RC_OK},
                {"http-port", "65536", RC_INVALID},
                {"http-port", "-1", RC_INVALID},
                {"http-port", "http", RC_INVALID},
                {"http-threads", "0", RC_INVALID},
                {"delta-percent", "100", RC_OK},
                {"delta-percent", "101", RC_INVALID},
                {"delta-percent", "0", RC_INVALID},
                {"require-sandbox", "no", RC_OK},
                {"require-sandbox", "maybe", RC_INVALID},
                {"max-package-bytes", "4294967296", RC_OK},
                {"max-package-bytes", "99999999999999999999", RC_INVALID},
                {"brand-id", "acme", RC_OK},
                {"brand-id", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", RC_INVALID},
                {"no-such", "1", RC_INVALID},
        };
        CLEANUP(conf_freep) struct conf *conf = NULL;
        struct err err = {0};

        check_promise("a value outside its bounds is refused");
        CHECK_RC(conf_new(settings_rows, SET_COUNT, &conf, &err), RC_OK, &err);
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                check_case("%s = %s", rows[i].name, rows[i].value);
                CHECK_RC(conf_set(conf, rows[i].name, rows[i].value, &err), rows[i].want, &err);
        }
}

static void example_is_current(const struct buf *want)
{
        CLEANUP(fs_freep) char *got = NULL;
        struct err err = {0};
        size_t bytes = 0;

        check_promise("the example file is the table (to make it anew: test_settings --print)");
        CHECK_RC(fs_read_file(example_path, 64 * KIB, &got, &bytes, &err), RC_OK, &err);
        CHECK_TEXT(got ? got : "", want->data);
}

/* What the example shows as default, with its comment signs off, is a file that loads. */
static void example_loads(const struct buf *example)
{
        CLEANUP(conf_freep) struct conf *conf = NULL;
        char path[] = "/tmp/storehouse-settings-XXXXXX";
        const int fd = mkstemp(path);
        CLEANUP(buf_fini) struct buf text = BUF_INIT(64 * KIB);
        struct err err = {0};

        check_promise("the example with every default switched on is a valid file");
        for (const char *at = example->data; *at; at++)
                if (*at != '#' || at[1] == ' ' || (at != example->data && at[-1] != '\n'))
                        buf_char(&text, *at);
        CHECK(fd >= 0);
        CHECK_RC(fs_write_all(fd, text.data, text.len, &err), RC_OK, &err);
        close(fd);
        CHECK_RC(conf_new(settings_rows, SET_COUNT, &conf, &err), RC_OK, &err);
        CHECK_RC(conf_load(conf, path, &err), RC_OK, &err);
        for (size_t i = 0; i < SET_COUNT; i++)
                CHECK(conf_is_set(conf, i));
        CHECK_RC(fs_remove(path, &err), RC_OK, &err);
}

int main(int argc, char **argv)
{
        CLEANUP(buf_fini) struct buf example = BUF_INIT(64 * KIB);

        conf_print_example(settings_rows, SET_COUNT, &example);
        if (argc > 1 && !strcmp(argv[1], "--print"))
                return fputs(example.data, stdout) < 0;
        table_is_whole();
        values_are_bounded();
        example_is_current(&example);
        example_loads(&example);
        return check_end();
}
