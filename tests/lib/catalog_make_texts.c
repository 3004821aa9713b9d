/* SPDX-License-Identifier: Apache-2.0 */
/* Assertions of a catalog that is made from lines, and from texts that a test gives. */
#include "core/model/assertion_type.h"
#include "tests/lib/catalog_make_inside.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STAMP "timestamp: 2026-06-01T00:00:00Z\n"

char *catalog_make_assertion(const char *type, const char *headers)
{
        static const char key[] =
                "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk";
        char *text = NULL;

        if (asprintf(&text, "type: %s\n%ssign-key-sha3-384: %s\n\nAcKS\n", type, headers, key) < 0)
                refuse("no memory", type);
        return text;
}

static void text_add(struct texts_making *making, const char *type, struct buf *headers)
{
        if (making->count == TEXTS_MAX || headers->failed)
                refuse("too many assertions", type);
        making->items[making->count++] = catalog_make_assertion(type, headers->data);
        buf_fini(headers);
}

/* PACKAGE[?|!][=REVISION]: required, optional or invalid. */
static void set_snap_put(struct buf *out, const char *word)
{
        const size_t length = strcspn(word, "?!=");
        const char *equals = strchr(word, '=');
        char name[64];
        char id[33];

        snprintf(name, sizeof(name), "%.*s", (int)length, word);
        catalog_make_id(name, id);
        buf_printf(out, "  -\n    name: %s\n    id: %s\n", name, id);
        if (word[length] == '?' || word[length] == '!')
                buf_printf(out, "    presence: %s\n", word[length] == '?' ? "optional" : "invalid");
        if (equals)
                buf_printf(out, "    revision: %s\n", equals + 1);
}

static void set_line(struct texts_making *making, char *const *words)
{
        struct buf headers = BUF_INIT(16 * KIB);
        char account[64];
        char name[64];
        unsigned sequence = 0;

        if (sscanf(words[1], "%63[^/]/%63[^/]/%u", account, name, &sequence) != 3)
                refuse("a set is ACCOUNT/NAME/POINT", words[1]);
        buf_printf(&headers,
                   "authority-id: %s\nseries: 16\naccount-id: %s\nname: %s\nsequence: %u\n"
                   "snaps:\n",
                   account, account, name, sequence);
        for (size_t i = 2; words[i]; i++)
                set_snap_put(&headers, words[i]);
        buf_text(&headers, STAMP);
        text_add(making, "validation-set", &headers);
}

static void gates_line(struct texts_making *making, char *const *words)
{
        struct buf headers = BUF_INIT(16 * KIB);
        char id[33];

        catalog_make_id(words[1], id);
        buf_printf(&headers,
                   "authority-id: root\nseries: 16\nsnap-id: %s\npublisher-id: acme\n"
                   "refresh-control:\n",
                   id);
        for (size_t i = 2; words[i]; i++) {
                catalog_make_id(words[i], id);
                buf_printf(&headers, "  - %s\n", id);
        }
        buf_printf(&headers, "snap-name: %s\n" STAMP, words[1]);
        text_add(making, "snap-declaration", &headers);
}

static void validates_line(struct texts_making *making, char *const *words)
{
        struct buf headers = BUF_INIT(16 * KIB);
        char gating[33];
        char gated[33];

        catalog_make_id(words[1], gating);
        catalog_make_id(words[2], gated);
        buf_printf(&headers,
                   "authority-id: acme\nseries: 16\nsnap-id: %s\napproved-snap-id: %s\n"
                   "approved-snap-revision: %s\n%s" STAMP,
                   gating, gated, words[3], flag(words, "revoked") ? "revoked: true\n" : "");
        text_add(making, "validation", &headers);
}

bool texts_line(struct texts_making *making, char *const *words, size_t count)
{
        if (strcmp(words[0], "set") == 0 && count >= 3)
                set_line(making, words);
        else if (strcmp(words[0], "gates") == 0 && count >= 3)
                gates_line(making, words);
        else if (strcmp(words[0], "validates") == 0 && count >= 4)
                validates_line(making, words);
        else
                return false;
        return true;
}

static struct assertion_table *table_make(char *const *texts, size_t count)
{
        CLEANUP(arena_freep) struct arena *arena = need(arena_new(MIB));
        struct assertion_table *table;

        table = need(assertion_table_new(count));
        for (size_t i = 0; i < count; i++) {
                struct assertion *parsed = NULL;
                struct err err = {0};
                struct assertion_row row = {.text = texts[i], .text_bytes = strlen(texts[i])};

                if (assertion_parse(arena, texts[i], row.text_bytes, &parsed, &err) != RC_OK)
                        refuse(err.text, texts[i]);
                row.type = parsed->type->name;
                row.pk = parsed->pk[0];
                for (size_t part = 1; part < parsed->type->pk_count; part++)
                        row.pk = arena_printf(arena, "%s/%s", row.pk, parsed->pk[part]);
                if (assertion_node_make(&row, 1, &table->nodes[i], &err) != RC_OK)
                        refuse(err.text, texts[i]);
                table->count++;
        }
        qsort(table->nodes, table->count, sizeof(struct assertion_node *), assertion_node_compare);
        if (assertion_table_finish(table, NULL) != RC_OK)
                refuse("no memory", "");
        return table;
}

struct assertion_table *texts_finish(struct texts_making *making, const char *const *given)
{
        const size_t own = making->count;
        struct assertion_table *table;

        for (; given && *given; given++) {
                if (making->count == TEXTS_MAX)
                        refuse("too many assertions", *given);
                making->items[making->count++] = (char *)*given;
        }
        table = table_make(making->items, making->count);
        for (size_t i = 0; i < own; i++)
                free(making->items[i]);
        return table;
}
