/* SPDX-License-Identifier: Apache-2.0 */
/* The refresh manifest beside the ordinary answer; how it is written, its bounds, what is kept. */
#include "tests/unit/manifest_world.h"
#include <inttypes.h>

/* --- beside the ordinary answer --- */

static struct manifest_package answer_a(struct manifest_delta *delta)
{
        struct manifest_package answer = {
                .key = SNAP_A, .name = "app-a", .snap_id = SNAP_A, .revision = 7, .bytes = 4096};

        CHECK_RC(digest_parse_b64(DIG_A, &answer.digest), RC_OK, NULL);
        *delta = (struct manifest_delta){.format = "xdelta3", .source = 6, .bytes = 512};
        CHECK_RC(digest_parse_b64(DIG_D, &delta->digest), RC_OK, NULL);
        answer.deltas = delta;
        answer.delta_count = 1;
        return answer;
}

static void check_match(const struct manifest *manifest, const struct manifest_package *answer,
                        enum manifest_check want)
{
        enum manifest_check check = MANIFEST_CHECK_COUNT;
        struct err err = {0};
        const enum rc rc = manifest_match(manifest, answer, &check, &err);

        CHECK_TEXT(manifest_check_name(check), manifest_check_name(want));
        CHECK_RC(rc, want == MANIFEST_NONE ? RC_OK : RC_UNTRUSTED, &err);
}

static void answers_are_not_mixed(void)
{
        const char *stream = stream_of(&honest);
        const struct manifest *manifest = NULL;
        struct manifest_package answer;
        struct manifest_delta delta;

        check_promise("an answer that says anything else than the manifest is refused");
        CHECK_INT(look(&honest, stream, strlen(stream), &manifest), MANIFEST_NONE);
        if (!manifest)
                return;
        answer = answer_a(&delta);
        check_match(manifest, &answer, MANIFEST_NONE);
        answer.name = "app-b";
        check_match(manifest, &answer, MANIFEST_MATCH_PACKAGE);
        answer = answer_a(&delta);
        answer.snap_id = SNAP_B;
        check_match(manifest, &answer, MANIFEST_MATCH_PACKAGE);
        answer = answer_a(&delta);
        answer.revision = 6;
        check_match(manifest, &answer, MANIFEST_MATCH_REVISION);
        answer = answer_a(&delta);
        answer.digest.sha3_384[47] ^= 1;
        check_match(manifest, &answer, MANIFEST_MATCH_DIGEST);
        answer = answer_a(&delta);
        answer.bytes++;
        check_match(manifest, &answer, MANIFEST_MATCH_BYTES);
        answer = answer_a(&delta);
        delta.digest.sha3_384[0] ^= 1;
        check_match(manifest, &answer, MANIFEST_MATCH_DELTA);
        answer = answer_a(&delta);
        delta.source = 5;
        check_match(manifest, &answer, MANIFEST_MATCH_DELTA);
        answer = answer_a(&delta);
        delta.bytes = 1;
        check_match(manifest, &answer, MANIFEST_MATCH_DELTA);
        answer = answer_a(&delta);
        answer.name = NULL;
        check_match(manifest, &answer, MANIFEST_MATCH_ABSENT);
        answer = answer_a(&delta);
        answer.key = SNAP_C;
        check_match(manifest, &answer, MANIFEST_MATCH_ABSENT);
        answer.name = NULL;
        check_match(manifest, &answer, MANIFEST_NONE);
        answer.key = "unknown";
        check_match(manifest, &answer, MANIFEST_MATCH_ABSENT);
}

/* --- writing --- */

/* The same manifest by the codec's own builder. */
static const char *content_by_draft(const struct manifest *head, const char *body)
{
        struct assertion_draft *draft = assertion_draft_new(arena, "refresh-manifest");
        struct err err = {0};
        const char *content = "";
        size_t bytes = 0;

        assertion_draft_text(draft, "authority-id", head->authority);
        assertion_draft_text(draft, "brand-id", head->brand_id);
        assertion_draft_text(draft, "model", head->model);
        assertion_draft_text(draft, "serial", head->serial);
        assertion_draft_text(draft, "store", head->store);
        assertion_draft_text(draft, "nonce", head->nonce);
        assertion_draft_time(draft, "timestamp", head->timestamp);
        assertion_draft_time(draft, "expiry", head->expiry);
        assertion_draft_printf(draft, "epoch", "%" PRIu64, head->epoch);
        assertion_draft_printf(draft, "sequence", "%" PRIu64, head->sequence);
        if (*body)
                assertion_draft_body(draft, body, strlen(body));
        CHECK_RC(assertion_draft_content(draft, head->key_id, &content, &bytes, &err), RC_OK, &err);
        return content;
}

static void writing_is_canonical(void)
{
        struct manifest head = {
                .authority = "acme",
                .key_id = key_id(DAY),
                .brand_id = "acme",
                .model = "gizmo",
                .serial = "s-1",
                .store = "acme-store",
                .nonce = NONCE,
                .timestamp = time_of(NOW),
                .expiry = time_of(NOW) + MANIFEST_REFRESH_LIFE,
                .epoch = MANIFEST_EPOCH_MAX,
                .sequence = MANIFEST_NUMBER_MAX,
        };
        CLEANUP(buf_fini) struct buf body = BUF_INIT(MIB);
        CLEANUP(buf_fini) struct buf piece = BUF_INIT(MIB);
        CLEANUP(buf_fini) struct buf out = BUF_INIT(MIB);
        CLEANUP(buf_fini) struct buf empty = BUF_INIT(MIB);
        struct manifest_delta delta;
        const struct manifest_package a = answer_a(&delta);
        static const char *const bad[] = {"", "a\nb", "a\x7f"};
        struct err err = {0};

        check_promise("what is written at speed is what the codec would write");
        manifest_put_revision(&piece, a.name, a.snap_id, a.revision, &a.digest, a.bytes);
        manifest_put_package(&body, a.key, piece.data, "latest/stable");
        manifest_put_delta(&body, &delta);
        manifest_put_absent(&body, SNAP_C, "no-revision");
        CHECK_TEXT(body.data, LINE_A LINE_D LINE_C);
        CHECK_RC(manifest_put_content(&out, &head, body.data, body.len, &err), RC_OK, &err);
        CHECK_TEXT(out.data, content_by_draft(&head, body.data));
        CHECK_RC(manifest_put_content(&empty, &head, "", 0, &err), RC_OK, &err);
        CHECK_TEXT(empty.data, content_by_draft(&head, ""));

        check_promise("a text that would break out of its header is not signed");
        for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
                head.serial = bad[i];
                buf_clear(&out);
                CHECK_RC(manifest_put_content(&out, &head, "", 0, &err), RC_INVALID, &err);
        }
        head.serial = "s-1";
        head.sequence = (uint64_t)MANIFEST_NUMBER_MAX + 1;
        CHECK_RC(manifest_put_content(&out, &head, "", 0, &err), RC_TOO_BIG, &err);
}

static void bounds_hold(void)
{
        CLEANUP(buf_fini) struct buf body = BUF_INIT(4 * MIB);
        CLEANUP(buf_fini) struct buf deltas = BUF_INIT(4 * MIB);
        char key[MANIFEST_KEY_MAX + 2] = "";
        struct recipe r = honest;

        check_promise("sizes at their bounds are taken, beyond them refused");
        r.keys = NULL;
        for (int i = 0; i < MANIFEST_PACKAGES_MAX; i++)
                buf_printf(&body, "package k%06d app-a " SNAP_A " 7 " DIG_A " 4096 latest/stable\n",
                           i);
        r.body = body.data;
        check_case("as many packages as may be");
        check_outcome(&r, MANIFEST_NONE);
        check_case("one more");
        buf_printf(&body, "absent z no-revision\n");
        r.body = body.data;
        check_outcome(&r, MANIFEST_FORM);

        buf_text(&deltas, LINE_A);
        for (int i = 1; i <= MANIFEST_DELTAS_MAX; i++)
                buf_printf(&deltas, "delta xdelta3 %d " DIG_D " 512\n", i);
        r.body = deltas.data;
        check_case("as many deltas as may be");
        check_outcome(&r, MANIFEST_NONE);
        buf_printf(&deltas, "delta xdelta3 100 " DIG_D " 512\n");
        r.body = deltas.data;
        check_case("one delta more");
        check_outcome(&r, MANIFEST_FORM);

        memset(key, 'k', MANIFEST_KEY_MAX);
        r.body = arena_printf(arena, "absent %s no-revision\n", key);
        check_case("the longest key");
        check_outcome(&r, MANIFEST_NONE);
        r.body = arena_printf(arena, "absent %sk no-revision\n", key);
        check_case("a longer key");
        check_outcome(&r, MANIFEST_FORM);
        CHECK(manifest_nonce_is("0123456789abcdef"));
        CHECK(!manifest_nonce_is("0123456789abcde"));
        CHECK(!manifest_nonce_is("0123456789abcde\n"));
        CHECK(!manifest_nonce_is(NULL));
        CHECK(!manifest_key_is("a b") && !manifest_key_is("") && !manifest_key_is("\xc3\xa4"));
}

/* --- what is kept --- */

static void states_are_kept(void)
{
        const struct manifest_state state = {"acme-store", 3, MANIFEST_NUMBER_MAX};
        static const char *const bad[] = {
                "",
                "storehouse-manifest-state 2\nstore: a\nepoch: 0\nsequence: 0\n",
                "storehouse-manifest-state 1\nstore: a\nepoch: 0\nsequence: 0",
                "storehouse-manifest-state 1\nstore: a\nepoch: 0\nsequence: 0\nx\n",
                "storehouse-manifest-state 1\nstore: a b\nepoch: 0\nsequence: 0\n",
                "storehouse-manifest-state 1\nstore: a\nepoch: -1\nsequence: 0\n",
                "storehouse-manifest-state 1\nstore: a\nepoch: 2147483648\nsequence: 0\n",
                "storehouse-manifest-state 1\nstore: a\nepoch: 0\nsequence: 9223372036854775808\n",
                "storehouse-manifest-state 1\nstore: a\nsequence: 0\nepoch: 0\n",
        };
        char text[MANIFEST_STATE_CHARS];
        struct manifest_state got = {.store = ""};
        const struct manifest *manifest = NULL;
        const char *stream = stream_of(&honest);
        struct err err = {0};

        check_promise("what was seen is kept exactly, and a damaged file is not taken for it");
        manifest_state_format(&state, text);
        CHECK_RC(manifest_state_parse(text, strlen(text), &got, &err), RC_OK, &err);
        CHECK_TEXT(got.store, "acme-store");
        CHECK_INT(got.epoch, 3);
        CHECK_INT(got.sequence, INT64_MAX);
        for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
                check_case("%zu", i);
                CHECK_RC(manifest_state_parse(bad[i], strlen(bad[i]), &got, &err), RC_INVALID,
                         &err);
        }
        CHECK_RC(manifest_state_parse("a\0b", 3, &got, &err), RC_INVALID, &err);
        CHECK_INT(look(&honest, stream, strlen(stream), &manifest), MANIFEST_NONE);
        CHECK_RC(manifest_state_take(manifest, &got, &err), RC_OK, &err);
        CHECK_INT(got.sequence, 41);
}

static void checks_have_names(void)
{
        check_promise("each check has a name of its own and a sentence");
        for (int i = 0; i < MANIFEST_CHECK_COUNT; i++) {
                CHECK(*manifest_check_name((enum manifest_check)i));
                CHECK(*manifest_check_doc((enum manifest_check)i));
                for (int k = 0; k < i; k++)
                        CHECK(strcmp(manifest_check_name((enum manifest_check)i),
                                     manifest_check_name((enum manifest_check)k)) != 0);
        }
        CHECK_TEXT(manifest_check_name(MANIFEST_CHECK_COUNT), "unknown");
}

int main(void)
{
        CHECK_RC(crypto_init(NULL), RC_OK, NULL);
        world_make();
        answers_are_not_mixed();
        writing_is_canonical();
        bounds_hold();
        states_are_kept();
        checks_have_names();
        world_free();
        return check_end();
}
