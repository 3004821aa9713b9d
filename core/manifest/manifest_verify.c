/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Believing. Everything is proved from the roots downwards before anything is looked at that only
 * makes sense when it is true; the first check that fails is the one that is reported.
 */
#include "core/manifest/manifest.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct verifying {
        const struct manifest_expect *expect;
        struct arena *arena;
        struct trust_set *set;             /* what came beside the manifest, on top of the roots */
        const struct assertion *signed_by; /* the agent-key */
        const struct assertion *assertion;
        const struct manifest *manifest;
        enum manifest_check failed;
        struct err *err;
};

#define FAIL(v, check, ...)                                                                        \
        ((v)->failed = MANIFEST_##check,                                                           \
         err_set_code((v)->err, RC_UNTRUSTED, "manifest-refused", __VA_ARGS__))

/* What a parser or a bound refused is a failed check; what we could not do is not. */
static enum rc form_fail(struct verifying *v, enum rc rc)
{
        if (rc == RC_OK || rc_is_fault(rc))
                return rc;
        v->failed = MANIFEST_FORM;
        if (v->err)
                snprintf(v->err->code, sizeof(v->err->code), "manifest-refused");
        return RC_UNTRUSTED;
}

/* --- the stream --- */

static bool may_come_along(const char *type)
{
        static const char *const types[] = {"agent-key", "account-key", "account",
                                            "manifest-epoch"};

        for (size_t i = 0; i < ARRAY_COUNT(types); i++)
                if (!strcmp(types[i], type))
                        return true;
        return false;
}

static enum rc rest_check(struct verifying *v)
{
        size_t keys = 0;

        if (v->set->count > MANIFEST_CHAIN_MAX)
                return FAIL(v, FORM, "more than %d assertions came with the manifest",
                            MANIFEST_CHAIN_MAX);
        for (size_t i = 0; i < v->set->count; i++) {
                const struct assertion *item = v->set->items[i].assertion;

                if (!may_come_along(item->type->name))
                        return FAIL(v, FORM, "a %s has no place beside a manifest",
                                    item->type->name);
                if (strcmp(item->type->name, "agent-key"))
                        continue;
                keys++;
                v->signed_by = item;
        }
        if (keys != 1 || strcmp(v->signed_by->pk[0], v->assertion->key_id))
                return FAIL(v, FORM, "the manifest does not come with the one key that signed it");
        return RC_OK;
}

static enum rc stream_read(struct verifying *v, const char *text, size_t bytes)
{
        struct assertion_stream stream;
        struct assertion *first = NULL;
        enum rc rc;

        if (bytes > MANIFEST_STREAM_MAX)
                return FAIL(v, FORM, "the stream is over %zu bytes", (size_t)MANIFEST_STREAM_MAX);
        assertion_stream_init(&stream, text, bytes);
        rc = assertion_stream_next(&stream, v->arena, &first, v->err);
        if (rc != RC_OK)
                return form_fail(v, rc == RC_END ? RC_INVALID : rc);
        v->assertion = first;
        rc = form_fail(v, manifest_parse(first, v->arena, &v->manifest, v->err));
        if (rc == RC_OK)
                rc = form_fail(v,
                               trust_set_add(v->set, text + stream.at, bytes - stream.at, v->err));
        return rc == RC_OK ? rest_check(v) : rc;
}

/* --- from a root to the manifest key --- */

static const char *reason_of(const struct verifying *v, const struct assertion *assertion)
{
        for (size_t i = 0; i < v->set->count; i++)
                if (v->set->items[i].assertion == assertion)
                        return v->set->items[i].reason;
        return "";
}

/* By a root key of the store's account itself: that an account is trusted makes none of its other
 * keys a root, and another account's root speaks for that one only. */
static bool is_own_root(const struct verifying *v, const struct assertion *assertion)
{
        return trust_set_is_root(v->set, assertion->key_id) &&
               !strcmp(assertion->authority, v->expect->authority);
}

static enum rc chain_check(struct verifying *v)
{
        const char *pk[ASSERTION_PK_MAX] = {v->signed_by->pk[0]};
        const struct assertion *store_key;
        enum rc rc;

        rc = trust_set_prove(v->set, TRUST_DEFAULT, v->expect->now, v->err);
        if (rc != RC_OK)
                return rc;
        if (trust_set_find(v->set, "agent-key", pk) != v->signed_by)
                return FAIL(v, CHAIN, "the manifest key is not believed: %s",
                            reason_of(v, v->signed_by));
        pk[0] = v->signed_by->key_id;
        store_key = trust_set_find(v->set, "account-key", pk);
        if (strcmp(v->signed_by->authority, v->expect->authority))
                return FAIL(v, CHAIN,
                            "the manifest key is certified by %.40s, the store is %.40s's",
                            v->signed_by->authority, v->expect->authority);
        if (!store_key || !is_own_root(v, store_key))
                return FAIL(v, CHAIN, "the key that certified the manifest key is by no root");
        if (strcmp(assertion_text(v->signed_by, "account-id"), v->signed_by->authority) ||
            strcmp(v->manifest->authority, v->signed_by->authority))
                return FAIL(v, CHAIN, "the manifest key belongs to another account than it says");
        return RC_OK;
}

static enum rc purpose_check(struct verifying *v)
{
        const char *purpose = assertion_text(v->signed_by, "purpose");

        if (strcmp(purpose, "manifest"))
                return FAIL(v, PURPOSE, "the key is certified for another purpose: %.20s", purpose);
        return RC_OK;
}

static enum rc key_life_check(struct verifying *v, usec_t *ret_since, usec_t *ret_until)
{
        if (assertion_time(v->signed_by, "since", ret_since) != RC_OK ||
            assertion_time(v->signed_by, "until", ret_until) != RC_OK)
                return FAIL(v, KEY_LIFE, "the key's certificate has no end");
        if (*ret_until <= *ret_since || *ret_until - *ret_since > MANIFEST_LIFE_MAX)
                return FAIL(v, KEY_LIFE, "the key's certificate lasts longer than a day");
        return RC_OK;
}

/* A certificate without an epoch is of epoch 0, which needs nobody's word. */
static enum rc epoch_root_check(struct verifying *v, uint64_t *ret)
{
        const char *text = assertion_text(v->signed_by, "epoch");
        const char *pk[ASSERTION_PK_MAX] = {v->signed_by->authority, text};
        const struct assertion *raised;
        uint64_t epoch = 0;

        if (text && assertion_number(v->signed_by, "epoch", &epoch) != RC_OK)
                return FAIL(v, EPOCH_ROOT, "the key's epoch is no number");
        if (epoch) {
                raised = trust_set_find(v->set, "manifest-epoch", pk);
                if (!raised || !is_own_root(v, raised))
                        return FAIL(v, EPOCH_ROOT, "no root raised the epoch to %" PRIu64, epoch);
        }
        *ret = epoch;
        return RC_OK;
}

static enum rc signature_check(struct verifying *v)
{
        CLEANUP(pubkey_freep) struct pubkey *key = NULL;
        enum rc rc;

        rc = pubkey_parse(v->signed_by->body, v->signed_by->body_count, &key, v->err);
        if (rc == RC_OK)
                rc = assertion_verify(v->assertion, key, v->err);
        if (rc == RC_OK || rc_is_fault(rc))
                return rc;
        return FAIL(v, SIGNATURE, "the manifest's signature does not match");
}

static enum rc key_time_check(struct verifying *v, usec_t since, usec_t until)
{
        if (v->manifest->timestamp < since || v->manifest->expiry > until)
                return FAIL(v, KEY_TIME, "the manifest lies outside the life of its key");
        return RC_OK;
}

static enum rc key_check(struct verifying *v)
{
        uint64_t epoch = 0;
        usec_t since = 0;
        usec_t until = 0;
        enum rc rc;

        rc = chain_check(v);
        if (rc == RC_OK)
                rc = purpose_check(v);
        if (rc == RC_OK)
                rc = key_life_check(v, &since, &until);
        if (rc == RC_OK)
                rc = epoch_root_check(v, &epoch);
        if (rc == RC_OK)
                rc = signature_check(v);
        if (rc == RC_OK)
                rc = key_time_check(v, since, until);
        if (rc == RC_OK && v->manifest->epoch != epoch)
                return FAIL(v, EPOCH, "the manifest is of epoch %" PRIu64 ", its key of %" PRIu64,
                            v->manifest->epoch, epoch);
        return rc;
}

/* --- is it for us, and for now --- */

static enum rc target_check(struct verifying *v)
{
        const struct manifest_expect *expect = v->expect;
        const struct manifest *got = v->manifest;

        if (strcmp(got->nonce, expect->nonce))
                return FAIL(v, NONCE, "the manifest answers another request");
        if (strcmp(got->brand_id, expect->brand_id))
                return FAIL(v, BRAND, "the manifest is for a device of brand %.40s", got->brand_id);
        if (strcmp(got->model, expect->model))
                return FAIL(v, MODEL, "the manifest is for a device of model %.80s", got->model);
        if (strcmp(got->serial, expect->serial))
                return FAIL(v, SERIAL, "the manifest is for the device %.80s", got->serial);
        if (strcmp(got->store, expect->store))
                return FAIL(v, STORE, "the manifest is from the store %.80s", got->store);
        return RC_OK;
}

static enum rc time_check(struct verifying *v)
{
        const struct manifest_expect *expect = v->expect;
        char text[CLOCK_CHARS + 1];

        if (v->manifest->timestamp > expect->now + expect->tolerance) {
                clock_format(v->manifest->timestamp, text);
                return FAIL(v, EARLY, "the manifest is from the future (%s)", text);
        }
        if (v->manifest->expiry <= expect->now - expect->tolerance) {
                clock_format(v->manifest->expiry, text);
                return FAIL(v, EXPIRED, "the manifest expired at %s", text);
        }
        return RC_OK;
}

/* What was seen from another store says nothing about this one. */
static enum rc order_check(struct verifying *v)
{
        const struct manifest_state *seen = &v->expect->seen;
        const struct manifest *got = v->manifest;

        if (strcmp(seen->store, v->expect->store))
                return RC_OK;
        if (got->epoch < seen->epoch)
                return FAIL(v, EPOCH_BEHIND,
                            "the manifest is of epoch %" PRIu64 ", epoch %" PRIu64 " was seen",
                            got->epoch, seen->epoch);
        if (got->epoch == seen->epoch && got->sequence < seen->sequence)
                return FAIL(v, SEQUENCE_BEHIND,
                            "the manifest's sequence is %" PRIu64 ", %" PRIu64 " was seen",
                            got->sequence, seen->sequence);
        return RC_OK;
}

/* Both are ascending: the first place where they differ says what is wrong. */
static enum rc set_check(struct verifying *v)
{
        const struct manifest_expect *expect = v->expect;
        const struct manifest *got = v->manifest;
        size_t at = 0;

        if (!expect->keys)
                return RC_OK;
        for (size_t i = 0; i < expect->key_count; i++, at++) {
                const char *key = at < got->package_count ? got->packages[at].key : NULL;
                const int order = key ? strcmp(expect->keys[i], key) : -1;

                if (order < 0)
                        return FAIL(v, SET_MISSING, "the manifest says nothing of %.100s",
                                    expect->keys[i]);
                if (order > 0)
                        return FAIL(v, SET_ADDED, "nobody asked for %.100s", key);
        }
        if (at < got->package_count)
                return FAIL(v, SET_ADDED, "nobody asked for %.100s", got->packages[at].key);
        return RC_OK;
}

enum rc manifest_verify(const char *stream, size_t bytes, const struct manifest_expect *expect,
                        struct arena *arena, const struct manifest **ret,
                        enum manifest_check *ret_check, struct err *err)
{
        struct verifying v = {.expect = expect,
                              .arena = arena,
                              .set = trust_set_new(arena, expect->roots),
                              .err = err};
        enum rc rc;

        assert(stream && expect && arena && ret && ret_check);
        if (!v.set)
                return err_set(err, RC_NOMEM, "no memory for a manifest");
        rc = stream_read(&v, stream, bytes);
        if (rc == RC_OK)
                rc = key_check(&v);
        if (rc == RC_OK)
                rc = target_check(&v);
        if (rc == RC_OK)
                rc = time_check(&v);
        if (rc == RC_OK)
                rc = order_check(&v);
        if (rc == RC_OK)
                rc = set_check(&v);
        if (rc == RC_UNTRUSTED || rc == RC_OK)
                *ret_check = v.failed;
        if (rc == RC_OK)
                *ret = v.manifest;
        return rc;
}

/* --- the ordinary answer beside it --- */

static bool has_delta(const struct manifest_package *said, const struct manifest_delta *delta)
{
        for (size_t i = 0; i < said->delta_count; i++) {
                const struct manifest_delta *at = &said->deltas[i];

                if (at->source == delta->source && !strcmp(at->format, delta->format))
                        return at->bytes == delta->bytes &&
                               digest_equal(&at->digest, &delta->digest);
        }
        return false;
}

static enum manifest_check match_check(const struct manifest_package *said,
                                       const struct manifest_package *answer)
{
        if (!said || (said->absent != NULL) != (answer->name == NULL))
                return MANIFEST_MATCH_ABSENT;
        if (said->absent)
                return MANIFEST_NONE;
        if (strcmp(said->name, answer->name) || strcmp(said->snap_id, answer->snap_id))
                return MANIFEST_MATCH_PACKAGE;
        if (said->revision != answer->revision)
                return MANIFEST_MATCH_REVISION;
        if (!digest_equal(&said->digest, &answer->digest))
                return MANIFEST_MATCH_DIGEST;
        if (said->bytes != answer->bytes)
                return MANIFEST_MATCH_BYTES;
        for (size_t i = 0; i < answer->delta_count; i++)
                if (!has_delta(said, &answer->deltas[i]))
                        return MANIFEST_MATCH_DELTA;
        return MANIFEST_NONE;
}

enum rc manifest_match(const struct manifest *manifest, const struct manifest_package *answer,
                       enum manifest_check *ret_check, struct err *err)
{
        *ret_check = match_check(manifest_find(manifest, answer->key), answer);
        if (*ret_check == MANIFEST_NONE)
                return RC_OK;
        return err_set_code(err, RC_UNTRUSTED, "manifest-refused",
                            "answer and manifest do not agree about %.80s (%s)", answer->key,
                            manifest_check_name(*ret_check));
}
