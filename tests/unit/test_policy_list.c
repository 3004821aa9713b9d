/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of devices as CSV: every form that is read, and every fault with its line. */
#include "server/domain/policy_list.h"
#include "tests/lib/check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static struct err err;

/* Every row as SERIAL|KEY|NOTE;, a fault as !LINE;. */
static void rows_text(const char *csv, size_t bytes, char *ret, size_t size)
{
        struct allow_reader reader;
        struct allow_line line;
        size_t used = 0;
        enum rc rc;

        ret[0] = '\0';
        rc = allow_reader_open(&reader, csv, bytes, &err);
        if (rc != RC_OK) {
                snprintf(ret, size, "open %s", rc_name(rc));
                return;
        }
        for (;;) {
                rc = allow_reader_next(&reader, &line, &err);
                if (rc == RC_END || used >= size)
                        return;
                if (rc == RC_OK)
                        used += (size_t)snprintf(ret + used, size - used, "%s|%s|%s;", line.serial,
                                                 line.key_id, line.note);
                else
                        used += (size_t)snprintf(ret + used, size - used, "!%zu;", reader.line);
        }
}

static void forms_check(void)
{
        static const struct {
                const char *name;
                const char *csv;
                const char *want;
        } rows[] = {
                {"a column", "serial\nA\nB\n", "A||;B||;"},
                {"no LF at the end", "serial\nA", "A||;"},
                {"CR LF, and empty lines", "serial\r\n\r\nA\r\n\r\n", "A||;"},
                {"any order", "note,key-id,serial\nhello," KEY ",A-1\n", "A-1|" KEY "|hello;"},
                {"an empty field is any", "serial,key-id\nA,\n," KEY "\n", "A||;|" KEY "|;"},
                {"fewer fields than columns", "serial,note\nA\n", "A||;"},
                {"blanks around", " serial ,note\n A ,  b c \n", "A||b c;"},
                {"quotes", "serial,note\n\"A\",\"x, \"\"y\"\"\"\n", "A||x, \"y\";"},
                {"a byte order mark", "\xef\xbb\xbfserial\nA\n", "A||;"},
                {"nothing but the columns", "serial\n", ""},
                {"a serial's grammar", "serial\nA_1\n-A\nA--1\nA:1+2-3\n", "!2;!3;!4;A:1+2-3||;"},
                {"a key's", "key-id\nAAAA\n" KEY "\n" KEY "A\n", "!2;|" KEY "|;!4;"},
                {"too many fields", "serial\nA,B\nC\n", "!2;C||;"},
                {"open quotes", "serial\n\"A\n\"B\"x\n\"C\"\n", "!2;!3;C||;"},
                {"a quote inside", "serial,note\nA,b\"c\n", "!2;"},
                {"a control character", "serial\nA\001\n", "!2;"},
                {"neither of both", "serial,key-id,note\n,,x\n", "!2;"},
                {"no columns", "", "open INVALID"},
                {"no names of columns", "A\nB\n", "open INVALID"},
                {"a column twice", "serial,serial\nA,A\n", "open INVALID"},
                {"only a note", "note\nA\n", "open INVALID"},
                {"an unknown column", "serial,price\nA,1\n", "open INVALID"},
                {"four columns", "serial,key-id,note,serial\nA\n", "open INVALID"},
        };
        char got[1024];

        check_promise("a list of devices is read as spreadsheets write it, and as nothing else");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                check_case("%s", rows[i].name);
                rows_text(rows[i].csv, strlen(rows[i].csv), got, sizeof(got));
                CHECK_TEXT(got, rows[i].want);
        }
        check_case("a NUL");
        rows_text("serial\nA\0B\nC\n", 13, got, sizeof(got));
        CHECK_TEXT(got, "!2;C||;");
}

static void bounds_check(void)
{
        const size_t lines = ALLOW_ROWS_MAX + 1;
        char *many = malloc(7 + 2 * lines + 1);
        char longer[ALLOW_LINE_MAX + 64] = "serial,note\nA,";
        struct allow_reader reader;
        struct allow_line line;
        enum rc rc = RC_OK;
        char got[64];
        size_t count = 0;

        check_promise("lines, fields and rows are bounded");
        memset(longer + strlen(longer), 'n', sizeof(longer) - strlen(longer) - 1);
        rows_text(longer, sizeof(longer) - 1, got, sizeof(got));
        CHECK_TEXT(got, "!2;");
        memcpy(many, "serial\n", 7);
        for (size_t i = 0; i < lines; i++)
                memcpy(many + 7 + 2 * i, "A\n", 2);
        CHECK_RC(allow_reader_open(&reader, many, 7 + 2 * lines, &err), RC_OK, &err);
        while (rc == RC_OK) {
                rc = allow_reader_next(&reader, &line, &err);
                count += rc == RC_OK;
        }
        CHECK_RC(rc, RC_TOO_BIG, &err);
        CHECK_INT(count, ALLOW_ROWS_MAX);
        free(many);
}

int main(void)
{
        forms_check();
        bounds_check();
        return check_end();
}
