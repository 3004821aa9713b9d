/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/check.h"
#include "tools/storectl/args.h"

static const struct option_row rows[] = {
        {"name", "TEXT", "", false},
        {"many", "TEXT", "", true},
        {"flag", NULL, "", false},
        {NULL, NULL, NULL, false},
};

static void test_args_accepted(void)
{
        const char *const line[] = {"one",    "--name", "a b", "--many=1", "--flag",
                                    "--many", "-2",     "-",   "--",       "--x"};
        const char *many[4];
        struct args args;
        struct err err = {0};

        check_promise("words, options in both spellings, and -- are told apart");
        check_case("%s", "a full line");
        CHECK_RC(args_parse(ARRAY_COUNT(line), (char *const *)line, NULL, rows, &args, &err), RC_OK,
                 &err);
        CHECK_INT(args.count, 3);
        CHECK_TEXT(args.words[0], "one");
        CHECK_TEXT(args.words[1], "-");
        CHECK_TEXT(args.words[2], "--x");
        CHECK_TEXT(args_text(&args, "name"), "a b");
        CHECK(args_flag(&args, "flag"));
        CHECK_INT(args_many(&args, "many", many, ARRAY_COUNT(many)), 2);
        CHECK_TEXT(many[1], "-2");
        CHECK_INT(args_many(&args, "many", many, 1), 1);
}

static void test_args_refused(void)
{
        static const struct {
                const char *line[3];
                const char *want;
        } cases[] = {
                {{"--nam", "x"}, "unknown option --nam; did you mean --name?"},
                {{"--zzzzzzz"}, "unknown option --zzzzzzz"},
                {{"-x"}, "unknown option -x"},
                {{"--name"}, "--name wants a value"},
                {{"--name="}, "--name wants a value that is not empty"},
                {{"--flag=1"}, "--flag takes no value"},
                {{"--name=a", "--name=b"}, "--name is given twice"},
        };

        check_promise("a wrong line is refused with what is wrong");
        for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
                struct args args;
                struct err err = {0};
                int count = 0;

                while (count < 3 && cases[i].line[count])
                        count++;
                check_case("%s", cases[i].line[0]);
                CHECK_RC(args_parse(count, (char *const *)cases[i].line, NULL, rows, &args, &err),
                         RC_INVALID, &err);
                CHECK_TEXT(err.text, cases[i].want);
        }
}

static void test_args_bounds(void)
{
        const char *line[ARGS_MAX + 1];
        struct args args;
        struct err err = {0};
        long value = 7;

        check_promise("no line is longer than its bound");
        for (size_t i = 0; i < ARRAY_COUNT(line); i++)
                line[i] = "x";
        check_case("%s", "one too many");
        CHECK_RC(args_parse(ARGS_MAX + 1, (char *const *)line, NULL, rows, &args, &err), RC_INVALID,
                 &err);
        check_case("%s", "as many as fit");
        CHECK_RC(args_parse(ARGS_MAX, (char *const *)line, NULL, rows, &args, &err), RC_OK, &err);

        check_promise("a number stays within its bounds, and is a number");
        for (size_t i = 0; i < 6; i++) {
                static const char *const wrong[] = {"0",  "11", "x", "1x", "99999999999999999999",
                                                    "1.5"};
                const char *const one[] = {"--name", wrong[i]};

                check_case("%s", wrong[i]);
                CHECK_RC(args_parse(2, (char *const *)one, NULL, rows, &args, &err), RC_OK, &err);
                CHECK_RC(args_number(&args, "name", 1, 10, &value, &err), RC_INVALID, &err);
                CHECK_INT(value, 7);
        }
}

static void test_distance(void)
{
        static const struct {
                const char *a;
                const char *b;
                size_t want;
        } cases[] = {{"push", "push", 0},
                     {"psuh", "push", 2},
                     {"", "abc", 3},
                     {"rel", "release", 4},
                     {"status", "statsu", 2}};

        check_promise("the nearest name is found by edits");
        for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
                check_case("%s %s", cases[i].a, cases[i].b);
                CHECK_INT(args_distance(cases[i].a, cases[i].b), cases[i].want);
        }
        CHECK(args_distance("a", "0123456789012345678901234567890123456789x") == SIZE_MAX);
}

int main(void)
{
        test_args_accepted();
        test_args_refused();
        test_args_bounds();
        test_distance();
        return check_end();
}
