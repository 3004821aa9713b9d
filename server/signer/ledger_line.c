/* SPDX-License-Identifier: Apache-2.0 */
#include "server/signer/ledger_line.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void word_put(struct buf *out, const char *text)
{
        for (; text && *text; text++) {
                const unsigned char c = (unsigned char)*text;

                if (c <= 0x20 || c == '%' || c == '=' || c == 0x7f)
                        buf_printf(out, "%%%02X", c);
                else
                        buf_char(out, (char)c);
        }
}

/* Undoes word_put in place. */
static enum rc word_read(char *word)
{
        char *out = word;

        for (char *in = word; *in; in++) {
                uint8_t byte;
                char digits[3] = {0};

                if (*in != '%') {
                        *out++ = *in;
                        continue;
                }
                digits[0] = in[1];
                digits[1] = in[1] ? in[2] : '\0';
                if (hex_parse(digits, &byte, 1) != RC_OK || byte == 0)
                        return RC_CORRUPT;
                *out++ = (char)byte;
                in += 2;
        }
        *out = '\0';
        return RC_OK;
}

static void fact_put(struct buf *out, const char *key, uint64_t number, const char *text)
{
        buf_char(out, ' ');
        word_put(out, key);
        buf_printf(out, "=%" PRIu64 "=", number);
        word_put(out, text);
}

void ledger_line_format(const struct ledger_entry *entry, struct buf *out)
{
        char time[CLOCK_CHARS + 1];
        char digest[DIGEST_B64_CHARS + 1];
        char gist[DIGEST_B64_CHARS + 1];

        clock_format(entry->time, time);
        digest_b64(&entry->digest, digest);
        digest_b64(&entry->gist, gist);
        buf_printf(out, "%s %s %s %s", time, entry->role, digest, gist);
        fact_put(out, entry->ref, entry->revision, entry->text);
        for (size_t i = 0; i < entry->news_count; i++)
                fact_put(out, entry->news[i].key, entry->news[i].number, entry->news[i].text);
        buf_char(out, '\n');
}

static enum rc number_read(const char *text, uint64_t *ret)
{
        char *end = NULL;

        if (*text < '0' || *text > '9')
                return RC_CORRUPT;
        errno = 0;
        *ret = strtoull(text, &end, 10);
        return errno || *end ? RC_CORRUPT : RC_OK;
}

static enum rc fact_read(char *word, struct fact *ret)
{
        char *text = word;
        char *key = strsep(&text, "=");
        char *number = strsep(&text, "=");

        if (!number || !text || strchr(text, '=') || !*key)
                return RC_CORRUPT;
        if (word_read(key) != RC_OK || word_read(text) != RC_OK ||
            number_read(number, &ret->number) != RC_OK)
                return RC_CORRUPT;
        ret->key = key;
        ret->text = text;
        return RC_OK;
}

static enum rc head_read(char **rest, struct ledger_entry *ret)
{
        const char *time = strsep(rest, " ");
        const char *role = strsep(rest, " ");
        const char *digest = strsep(rest, " ");
        const char *gist = strsep(rest, " ");

        if (!gist || clock_parse(time, &ret->time) != RC_OK || !*role ||
            digest_parse_b64(digest, &ret->digest) != RC_OK ||
            digest_parse_b64(gist, &ret->gist) != RC_OK)
                return RC_CORRUPT;
        ret->role = role;
        return RC_OK;
}

enum rc ledger_line_parse(char *line, struct ledger_entry *ret, struct err *err)
{
        struct fact own = {0};
        char *rest = line;
        char *word;

        if (head_read(&rest, ret) != RC_OK)
                return err_set(err, RC_CORRUPT, "not a line of this log");
        word = strsep(&rest, " ");
        if (!word || fact_read(word, &own) != RC_OK)
                return err_set(err, RC_CORRUPT, "what was issued cannot be read");
        ret->ref = own.key;
        ret->revision = own.number;
        ret->text = own.text;
        while ((word = strsep(&rest, " ")) != NULL) {
                if (ret->news_count == LEDGER_NEWS_MAX ||
                    fact_read(word, &ret->news[ret->news_count]) != RC_OK)
                        return err_set(err, RC_CORRUPT, "a fact cannot be read");
                ret->news_count++;
        }
        return RC_OK;
}
