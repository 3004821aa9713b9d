/* SPDX-License-Identifier: Apache-2.0 */
/* The refresh manifest: what is written is read again, and whatever is changed is refused by the
 * check that doc/manifest.md names for it. */
#include "tests/unit/manifest_world.h"
#include <stddef.h>
#include <stdio.h>

static void an_honest_manifest_is_believed(void)
{
        const char *stream = stream_of(&honest);
        const struct manifest *got = NULL;
        const struct manifest_package *package;

        check_promise("an honest manifest is believed, and says what was written");
        CHECK_INT(look(&honest, stream, strlen(stream), &got), MANIFEST_NONE);
        if (!got)
                return;
        CHECK_TEXT(got->brand_id, "acme");
        CHECK_TEXT(got->model, "gizmo");
        CHECK_TEXT(got->serial, "s-1");
        CHECK_TEXT(got->store, "acme-store");
        CHECK_INT(got->epoch, 0);
        CHECK_INT(got->sequence, 41);
        CHECK_INT(got->timestamp, time_of(NOW));
        CHECK_INT(got->package_count, 3);
        package = manifest_find(got, SNAP_A);
        CHECK(package && package->revision == 7 && package->bytes == 4096);
        CHECK(package && package->delta_count == 1 && package->deltas[0].source == 6);
        CHECK_TEXT(package ? package->channel : "", "latest/stable");
        package = manifest_find(got, SNAP_C);
        CHECK_TEXT(package && package->absent ? package->absent : "", "no-revision");
        CHECK(!manifest_find(got, "nothing"));
}

/* --- each ingredient changed --- */

#define IN(name) offsetof(struct recipe, name)

static void every_field_is_guarded(void)
{
        static const struct {
                const char *what;
                size_t at;
                const char *value;
                enum manifest_check want;
        } rows[] = {
                {"another nonce", IN(nonce), "another-nonce-of-another", MANIFEST_NONCE},
                {"another brand", IN(brand), "rival", MANIFEST_BRAND},
                {"another model", IN(model), "gadget", MANIFEST_MODEL},
                {"another serial", IN(serial), "s-2", MANIFEST_SERIAL},
                {"another store", IN(store), "other-store", MANIFEST_STORE},
                {"another authority", IN(authority), "rival", MANIFEST_CHAIN},
                {"from the future", IN(timestamp), "2026-06-01T12:00:01Z", MANIFEST_EARLY},
                {"expired", IN(expiry), "2026-06-01T12:00:00Z", MANIFEST_FORM},
                {"before its key", IN(timestamp), "2026-06-01T10:59:59Z", MANIFEST_KEY_TIME},
                {"beyond its key", IN(expiry), "2026-06-02T11:00:01Z", MANIFEST_KEY_TIME},
                {"an epoch of its own", IN(epoch), "1", MANIFEST_EPOCH},
                {"an epoch without bounds", IN(epoch), "2147483648", MANIFEST_FORM},
                {"an earlier sequence", IN(sequence), "40", MANIFEST_SEQUENCE_BEHIND},
                {"a sequence without bounds", IN(sequence), "9223372036854775808", MANIFEST_FORM},
                {"no nonce to speak of", IN(nonce), "short", MANIFEST_FORM},
                {"a key of developers", IN(key_purpose), "developer", MANIFEST_PURPOSE},
                {"a key of devices", IN(key_purpose), "device", MANIFEST_PURPOSE},
                {"a key without end", IN(key_until), "", MANIFEST_KEY_LIFE},
                {"a key of a day and a second", IN(key_until), "2026-06-02T11:00:01Z",
                 MANIFEST_KEY_LIFE},
                {"a key that begins later", IN(key_since), "2026-06-01T12:00:01Z",
                 MANIFEST_KEY_TIME},
                {"a key that is over", IN(key_until), "2026-06-01T12:59:59Z", MANIFEST_KEY_TIME},
                {"a key of another account", IN(key_account), "rival", MANIFEST_CHAIN},
                {"a key by another authority", IN(key_authority), "rival", MANIFEST_CHAIN},
                {"a store key that is over", IN(store_until), "2026-06-01T11:59:59Z",
                 MANIFEST_CHAIN},
                {"a store key for something else", IN(store_more),
                 "format: 1\nconstraints:\n  -\n    headers:\n      type: model\n", MANIFEST_CHAIN},
                {"a key's epoch that no root raised", IN(key_epoch), "1", MANIFEST_EPOCH_ROOT},
                {"the question of another time", IN(want_nonce), "another-nonce-of-another",
                 MANIFEST_NONCE},
                {"a device of another brand", IN(want_brand), "rival", MANIFEST_BRAND},
                {"a device of another model", IN(want_model), "gadget", MANIFEST_MODEL},
                {"another device", IN(want_serial), "s-2", MANIFEST_SERIAL},
                {"a device of another store", IN(want_store), "other-store", MANIFEST_STORE},
                {"an hour later", IN(now), "2026-06-01T13:00:00Z", MANIFEST_EXPIRED},
                {"a clock before it", IN(now), "2026-06-01T11:59:59Z", MANIFEST_EARLY},
                {"a clock before all", IN(now), "1970-01-01T00:00:00Z", MANIFEST_CHAIN},
                {"a package asked for more", IN(keys), SNAP_A " " SNAP_B " " SNAP_C " x",
                 MANIFEST_SET_MISSING},
                {"a package asked for before", IN(keys), "0 " SNAP_A " " SNAP_B " " SNAP_C,
                 MANIFEST_SET_MISSING},
                {"a package asked for less", IN(keys), SNAP_A " " SNAP_C, MANIFEST_SET_ADDED},
                {"the last not asked for", IN(keys), SNAP_A " " SNAP_B, MANIFEST_SET_ADDED},
                {"a stripped package", IN(body), LINE_A LINE_D LINE_C, MANIFEST_SET_MISSING},
                {"an added package", IN(body),
                 LINE_A LINE_D LINE_B "package bbc x " SNAP_C " 1 " DIG_B " 1 -\n" LINE_C,
                 MANIFEST_SET_ADDED},
                {"nothing at all", IN(body), "", MANIFEST_SET_MISSING},
        };

        check_promise("whatever is changed, the check that is named for it fails");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                struct recipe r = honest;

                check_case("%s", rows[i].what);
                memcpy((char *)&r + rows[i].at, &rows[i].value, sizeof(rows[i].value));
                check_outcome(&r, rows[i].want);
        }
}

/* --- two roots --- */

static const char *by_rival(const char *type, const char *account_id, const char *more,
                            enum key body)
{
        return make(FOREIGN,
                    arena_printf(arena, "type: %s\nauthority-id: rival\naccount-id: %s\n%s", type,
                                 account_id, more),
                    body == NO_KEY ? "" : key_text(body));
}

#define ACCOUNT_MORE "display-name: A\nvalidation: verified\ntimestamp: 2026-01-01T00:00:00Z\n"

static void a_root_of_packages_is_none_of_manifests(void)
{
        static const struct {
                const char *what;
                const char *account; /* whose the store key is, by rival's word */
                bool own_account;    /* acme's own account comes along too */
        } rows[] = {
                {"rival's own store, which says that it is ours", "rival", false},
                {"rival's key for our account, and rival's word on that", "acme", false},
                {"rival's key for our account, beside our own word on that", "acme", true},
        };

        check_promise("a root that the device knows for packages signs no manifest of our store");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                CLEANUP(buf_fini) struct buf out = BUF_INIT(8 * MIB);
                struct recipe r = honest;

                check_case("%s", rows[i].what);
                r.knows_foreign = true;
                r.authority = r.key_authority = r.key_account = rows[i].account;
                r.key_by = FOREIGN_STORE;
                put(&out, manifest_text(&r));
                put(&out, agent_key(&r));
                put(&out, account_key(FOREIGN, FOREIGN, "rival", "", ""));
                put(&out, account(FOREIGN, "rival"));
                put(&out, by_rival("account-key", rows[i].account,
                                   arena_printf(arena,
                                                "public-key-sha3-384: %s\n"
                                                "since: 2026-01-01T00:00:00Z\n",
                                                key_id(FOREIGN_STORE)),
                                   FOREIGN_STORE));
                if (rows[i].own_account) {
                        put(&out, account_key(ROOT, ROOT, "acme", "", ""));
                        put(&out, account(ROOT, "acme"));
                } else if (strcmp(rows[i].account, "rival") != 0) {
                        put(&out, by_rival("account", rows[i].account, ACCOUNT_MORE, NO_KEY));
                }
                CHECK_TEXT(manifest_check_name(look(&r, out.data, out.len, NULL)), "chain");
        }
}

static void every_line_is_guarded(void)
{
        static const char *const bodies[][2] = {
                {"a duplicate package", LINE_A LINE_A LINE_B LINE_C},
                {"descending packages", LINE_B LINE_A LINE_C},
                {"present and absent", LINE_A "absent " SNAP_A " no-revision\n" LINE_B LINE_C},
                {"a duplicate delta", LINE_A LINE_D LINE_D LINE_B LINE_C},
                {"a delta of nothing", LINE_D LINE_A LINE_B LINE_C},
                {"a delta of what is absent", LINE_A LINE_B LINE_C LINE_D},
                {"revision 0", "package k app-a " SNAP_A " 0 " DIG_A " 4096 latest/stable\n"},
                {"a revision with a sign", "package k app-a " SNAP_A " +7 " DIG_A " 4096 -\n"},
                {"a revision over the bound",
                 "package k app-a " SNAP_A " 2147483648 " DIG_A " 4096 -\n"},
                {"no size", "package k app-a " SNAP_A " 7 " DIG_A " 0 latest/stable\n"},
                {"a short digest", "package k app-a " SNAP_A " 7 qqqq 4096 latest/stable\n"},
                {"a short id", "package k app-a aaaa 7 " DIG_A " 4096 latest/stable\n"},
                {"no channel", "package k app-a " SNAP_A " 7 " DIG_A " 4096\n"},
                {"no such channel", "package k app-a " SNAP_A " 7 " DIG_A " 4096 a/b/c/d\n"},
                {"a word too many", "package k app-a " SNAP_A " 7 " DIG_A " 4096 - x\n"},
                {"a blank too many", "package  k app-a " SNAP_A " 7 " DIG_A " 4096 -\n"},
                {"a blank at the end", "absent k no-revision \n"},
                {"an empty line", LINE_A "\n" LINE_B},
                {"a line of another kind", "pin k 7\n"},
                {"no key", "absent  no-revision\n"},
                {"no end of the last line", "absent k no-revision"},
                {"a tab", "absent k\tno-revision\n"},
                {"a carriage return", "absent k no-revision\r\n"},
        };

        check_promise("a body has one form; anything else is refused as unreadable");
        for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
                struct recipe r = honest;

                check_case("%s", bodies[i][0]);
                r.body = bodies[i][1];
                r.keys = NULL;
                check_outcome(&r, MANIFEST_FORM);
        }
}

/* --- who signed --- */

static void keys_must_be_the_right_ones(void)
{
        struct recipe r = honest;

        check_promise("only a key that a known root's store key certifies signs manifests");
        check_case("signed by another key than the certified one");
        r.by = OTHER;
        check_outcome(&r, MANIFEST_FORM);

        r = honest;
        check_case("a root that the device does not know");
        r.store_by = FOREIGN;
        r.key_by = FOREIGN_STORE;
        check_outcome(&r, MANIFEST_CHAIN);

        r = honest;
        check_case("a device of another root");
        r.root = FOREIGN;
        check_outcome(&r, MANIFEST_CHAIN);

        r = honest;
        check_case("the root itself certifies");
        r.key_by = ROOT;
        check_outcome(&r, MANIFEST_NONE);

        r = honest;
        check_case("a further key that the store key made");
        r.key_by = SECOND;
        r.store_by = STORE;
        r.more = account_key(STORE, ROOT, "acme", "", "");
        check_outcome(&r, MANIFEST_CHAIN);
}

/* The empty line before the signature: the second one of a manifest with a body. */
static const char *signature_of(const char *text)
{
        const char *body = strstr(text, "\n\n");
        const char *signature = body ? strstr(body + 2, "\n\n") : NULL;

        CHECK(signature != NULL);
        return signature ? signature : "";
}

static void signatures_are_not_moved(void)
{
        struct recipe other = honest;
        const char *stream = stream_of(&honest);
        CLEANUP(buf_fini) struct buf mixed = BUF_INIT(8 * MIB);

        check_promise("a signature holds for the text that it was made for only");
        other.sequence = "42";
        buf_append(&mixed, stream, (size_t)(signature_of(stream) - stream));
        buf_text(&mixed, signature_of(manifest_text(&other)));
        buf_text(&mixed, strstr(stream, "\n\ntype: agent-key") + 1);
        CHECK_TEXT(manifest_check_name(look(&honest, mixed.data, mixed.len, NULL)), "signature");
}

static void no_byte_may_change(void)
{
        const char *stream = stream_of(&honest);
        const size_t bytes = strlen(stream);
        const size_t manifest_bytes = strlen(manifest_text(&honest));
        char *copy = arena_strdup(arena, stream);
        size_t believed = 0;

        check_promise("a manifest with any one byte changed is refused");
        for (size_t i = 0; i < manifest_bytes; i++) {
                copy[i] ^= 1;
                if (look(&honest, copy, bytes, NULL) == MANIFEST_NONE) {
                        believed++;
                        check_case("byte %zu", i);
                        CHECK(i + 1 == manifest_bytes);
                }
                copy[i] ^= 1;
        }
        CHECK_INT(believed, 0);
}

static void no_piece_may_be_missing(void)
{
        const char *stream = stream_of(&honest);
        const size_t bytes = strlen(stream);
        size_t believed = 0;

        check_promise("a stream that was cut is refused");
        for (size_t end = 0; end + 1 < bytes; end += 7)
                believed += look(&honest, stream, end, NULL) == MANIFEST_NONE;
        CHECK_INT(believed, 0);
        CHECK_INT(look(&honest, stream, 0, NULL), MANIFEST_FORM);
}

static void nothing_else_may_come_along(void)
{
        struct recipe r = honest;
        CLEANUP(buf_fini) struct buf many = BUF_INIT(8 * MIB);
        const char *stream = stream_of(&honest);
        char *garbage = arena_strdup(arena, stream);

        check_promise("beside a manifest there is its chain, within bounds, and nothing else");
        check_case("two manifests");
        r.more = manifest_text(&honest);
        check_outcome(&r, MANIFEST_FORM);
        check_case("two certificates");
        r = honest;
        r.key_body = OTHER;
        r.more = agent_key(&honest);
        check_outcome(&r, MANIFEST_FORM);
        check_case("too many");
        buf_text(&many, stream);
        for (int i = 0; i < MANIFEST_CHAIN_MAX; i++)
                put(&many, account(ROOT, "acme"));
        CHECK_INT(look(&honest, many.data, many.len, NULL), MANIFEST_FORM);
        check_case("garbage");
        for (size_t i = 0; garbage[i]; i++)
                garbage[i] = (char)('a' + i % 26);
        CHECK_INT(look(&honest, garbage, strlen(garbage), NULL), MANIFEST_FORM);
        check_case("the certificate first");
        stream = strstr(stream, "\n\ntype: agent-key") + 2;
        CHECK_INT(look(&honest, stream, strlen(stream), NULL), MANIFEST_FORM);
}

/* --- epochs --- */

static void only_the_root_raises_the_epoch(void)
{
        struct recipe r = honest;

        check_promise("after a fast-forward the root, and nobody else, begins a new epoch");
        r.seen.sequence = 4611686018427387904;
        check_case("a device that was fast-forwarded");
        check_outcome(&r, MANIFEST_SEQUENCE_BEHIND);
        r.epoch = r.key_epoch = "1";
        check_case("nobody raised it");
        check_outcome(&r, MANIFEST_EPOCH_ROOT);
        check_case("the store key raised it");
        r.raised = "1";
        r.raised_by = STORE;
        check_outcome(&r, MANIFEST_EPOCH_ROOT);
        check_case("raised to another epoch");
        r.raised = "2";
        r.raised_by = ROOT;
        check_outcome(&r, MANIFEST_EPOCH_ROOT);
        check_case("raised by the root");
        r.raised = "1";
        check_outcome(&r, MANIFEST_NONE);
        check_case("the manifest of an earlier epoch");
        r = honest;
        r.seen.epoch = 1;
        r.seen.sequence = 0;
        check_outcome(&r, MANIFEST_EPOCH_BEHIND);
        check_case("seen from another store");
        snprintf(r.seen.store, sizeof(r.seen.store), "elsewhere");
        check_outcome(&r, MANIFEST_NONE);
        check_case("a certificate without an epoch is of epoch 0");
        r = honest;
        r.key_epoch = "";
        check_outcome(&r, MANIFEST_NONE);
}

static void times_have_a_tolerance(void)
{
        static const struct {
                const char *now;
                int minutes;
                enum manifest_check want;
        } rows[] = {
                {"2026-06-01T11:55:00Z", 5, MANIFEST_NONE},
                {"2026-06-01T11:54:59Z", 5, MANIFEST_EARLY},
                {"2026-06-01T13:04:59Z", 5, MANIFEST_NONE},
                {"2026-06-01T13:05:00Z", 5, MANIFEST_EXPIRED},
        };

        check_promise("a clock may be wrong by the tolerance that the device allows, no more");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                struct recipe r = honest;

                check_case("%s", rows[i].now);
                r.now = rows[i].now;
                r.tolerance = rows[i].minutes * 60 * USEC_PER_SEC;
                check_outcome(&r, rows[i].want);
        }
}

int main(void)
{
        CHECK_RC(crypto_init(NULL), RC_OK, NULL);
        world_make();
        an_honest_manifest_is_believed();
        every_field_is_guarded();
        a_root_of_packages_is_none_of_manifests();
        every_line_is_guarded();
        keys_must_be_the_right_ones();
        signatures_are_not_moved();
        no_byte_may_change();
        no_piece_may_be_missing();
        nothing_else_may_come_along();
        only_the_root_raises_the_epoch();
        times_have_a_tolerance();
        world_free();
        return check_end();
}
