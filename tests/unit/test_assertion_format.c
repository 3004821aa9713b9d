/* SPDX-License-Identifier: Apache-2.0 */
/* The lowest format for what a declaration, a system-user or a key says. */
#include "core/model/assertion_format.h"
#include "core/model/assertion_type.h"
#include "tests/lib/check.h"
#include <string.h>

#define ID  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define KEY "HdBQSgUzqNX9V37eu36NsmoYM-6OJ2xoRJTflxENcQpIQIYz012cjEmAOLZ6kqeJ"

static const struct {
        const char *type;
        const char *headers;
        unsigned want;
} rows[] = {
        {"snap-declaration", "", 0},
        {"snap-declaration", "refresh-control:\n  - " ID "\n", 0},
        {"snap-declaration", "plugs:\n  network: true\n", 1},
        {"snap-declaration", "slots:\n  x:\n    allow-connection: false\n", 1},
        {"snap-declaration",
         "plugs:\n  x:\n    allow-auto-connection:\n      plug-attributes:\n        a: $SLOT(a)\n",
         2},
        {"snap-declaration",
         "slots:\n  x:\n    allow-connection:\n      slot-attributes:\n        a: $PLUG(b)\n", 2},
        {"snap-declaration",
         "plugs:\n  x:\n    allow-installation:\n      plug-attributes:\n        a: $MISSING\n", 2},
        /* the same text where it is no attribute means nothing */
        {"snap-declaration",
         "plugs:\n  x:\n    allow-installation:\n      plug-snap-type:\n        - $MISSING\n", 1},
        {"snap-declaration",
         "plugs:\n  x:\n    allow-auto-connection:\n      on-store:\n        - s\n", 3},
        {"snap-declaration",
         "plugs:\n  x:\n    allow-auto-connection:\n      -\n        on-model:\n          - a/b\n",
         3},
        {"snap-declaration",
         "slots:\n  x:\n    deny-installation:\n      on-brand:\n        - acme\n", 3},
        {"snap-declaration",
         "plugs:\n  x:\n    allow-installation:\n      plug-names:\n        - a\n", 4},
        {"snap-declaration",
         "slots:\n  x:\n    allow-connection:\n      slot-names:\n        - a\n", 4},
        {"snap-declaration",
         "plugs:\n  x:\n    allow-connection:\n      plug-attributes:\n        a:\n          - b\n"
         "          - c\n",
         5},
        {"snap-declaration",
         "plugs:\n  x:\n    allow-connection:\n      plug-attributes:\n"
         "        a: $SLOT_PUBLISHER_ID\n",
         6},
        /* a key of an attribute is no rule */
        {"snap-declaration",
         "plugs:\n  x:\n    allow-connection:\n      plug-attributes:\n        on-store: s\n", 1},
        {"system-user", "models:\n  - m\n", 0},
        {"system-user", "models:\n  - m\nserials:\n  - s\n", 1},
        {"system-user", "models:\n  - m\nuser-presence: until-expiration\n", 2},
        {"validation-set", "plugs:\n  network: true\n", 0},
};

int main(void)
{
        check_promise("an assertion has the lowest format that says what it says");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                CLEANUP(arena_freep) struct arena *arena = arena_new(MIB);
                CLEANUP(buf_fini) struct buf text = BUF_INIT(64 * KIB);
                struct assertion *got = NULL;
                struct err err = {0};

                check_case("row %zu: %s %s", i, rows[i].type, rows[i].headers);
                /* Read through the parser: values as the signer sees them. */
                buf_printf(&text,
                           "type: confdb-schema\nauthority-id: acme\naccount-id: acme\nname: x\n%s"
                           "sign-key-sha3-384: " KEY "\n\nAQEB\n",
                           rows[i].headers);
                CHECK_RC(assertion_parse(arena, text.data, text.len, &got, &err), RC_OK, &err);
                if (got)
                        CHECK_INT(assertion_format_needed(rows[i].type, &got->headers),
                                  rows[i].want);
        }
        return check_end();
}
