/* SPDX-License-Identifier: Apache-2.0 */
/* Reading: the headers' bounds, and the body line by line. */
#include "core/manifest/manifest.h"
#include "core/model/channel.h"
#include "core/model/name.h"
#include <string.h>

#define WORDS_MAX  8
#define REASON_MAX 32
#define FORMAT_MAX 32
#define NAME_MAX_  64

static const struct {
        const char *name;
        const char *doc;
} checks[MANIFEST_CHECK_COUNT] = {
#define X(name, text, doc) {text, doc},
        MANIFEST_CHECKS(X)
#undef X
};

const char *manifest_check_name(enum manifest_check check)
{
        return check < MANIFEST_CHECK_COUNT ? checks[check].name : "unknown";
}

const char *manifest_check_doc(enum manifest_check check)
{
        return check < MANIFEST_CHECK_COUNT ? checks[check].doc : "";
}

bool manifest_nonce_is(const char *text)
{
        static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                       "0123456789-_";
        const size_t length = text ? strnlen(text, MANIFEST_NONCE_MAX + 1) : 0;

        return length >= MANIFEST_NONCE_MIN && length <= MANIFEST_NONCE_MAX &&
               strspn(text, alphabet) == length;
}

/* Printable ASCII without blanks. */
static bool is_word(const char *text, size_t max)
{
        size_t length = 0;

        for (; text[length]; length++)
                if (text[length] <= 0x20 || text[length] > 0x7e || length >= max)
                        return false;
        return length > 0;
}

bool manifest_key_is(const char *text)
{
        return text && is_word(text, MANIFEST_KEY_MAX);
}

/* --- the body --- */

struct reading {
        struct arena *arena;
        struct manifest_package *packages;
        size_t count;
        size_t room;
        struct manifest_delta *deltas; /* of all packages, in their order */
        size_t delta_count;
        struct err *err;
};

static enum rc line_refuse(const struct reading *reading, const char *why)
{
        return err_set(reading->err, RC_INVALID, "refresh-manifest, package %zu: %s",
                       reading->count, why);
}

static enum rc digest_read(const char *text, struct digest *ret)
{
        return digest_parse_b64(text, ret);
}

static bool size_read(const char *text, uint64_t *ret)
{
        return number_parse_u64(text, INT64_MAX, ret) == RC_OK;
}

/* Each key once, in one order: so nothing can be said twice, and a reader can look keys up. */
static enum rc package_open(struct reading *reading, const char *key, struct manifest_package **ret)
{
        const char *last = reading->count ? reading->packages[reading->count - 1].key : "";

        if (!manifest_key_is(key))
                return line_refuse(reading, "its instance-key is no printable word");
        if (strcmp(last, key) >= 0)
                return line_refuse(reading, "keys are not ascending, each once");
        if (reading->count == reading->room)
                return err_set(reading->err, RC_TOO_MANY, "more than %d packages",
                               MANIFEST_PACKAGES_MAX);
        *ret = &reading->packages[reading->count++];
        (*ret)->key = key;
        return RC_OK;
}

static bool channel_is(const char *text)
{
        struct channel channel;

        return strcmp(text, "-") == 0 || channel_parse(text, &channel, NULL) == RC_OK;
}

static enum rc package_read(struct reading *reading, const char *const *words, size_t count)
{
        struct manifest_package *package = NULL;
        enum rc rc;

        if (count != 8)
                return line_refuse(reading, "a package line has 8 words");
        rc = package_open(reading, words[1], &package);
        if (rc != RC_OK)
                return rc;
        if (!is_word(words[2], NAME_MAX_) || !name_is_snap_id(words[3]) ||
            number_parse_u64(words[4], INT32_MAX, &package->revision) != RC_OK ||
            digest_read(words[5], &package->digest) != RC_OK ||
            !size_read(words[6], &package->bytes) || !channel_is(words[7]))
                return line_refuse(reading, "name, id, revision, digest, size or channel");
        package->name = words[2];
        package->snap_id = words[3];
        package->channel = words[7];
        return RC_OK;
}

static enum rc absent_read(struct reading *reading, const char *const *words, size_t count)
{
        struct manifest_package *package = NULL;
        enum rc rc;

        if (count != 3 || !is_word(words[2], REASON_MAX))
                return line_refuse(reading, "an absent line has 3 words");
        rc = package_open(reading, words[1], &package);
        if (rc == RC_OK)
                package->absent = words[2];
        return rc;
}

static enum rc delta_read(struct reading *reading, const char *const *words, size_t count)
{
        struct manifest_package *package =
                reading->count ? &reading->packages[reading->count - 1] : NULL;
        struct manifest_delta *delta = &reading->deltas[reading->delta_count];

        if (!package || package->absent)
                return line_refuse(reading, "a delta of nothing");
        if (package->delta_count == MANIFEST_DELTAS_MAX)
                return err_set(reading->err, RC_TOO_MANY, "more than %d deltas of a package",
                               MANIFEST_DELTAS_MAX);
        if (count != 5 || !is_word(words[1], FORMAT_MAX) ||
            number_parse_u64(words[2], INT32_MAX, &delta->source) != RC_OK ||
            digest_read(words[3], &delta->digest) != RC_OK || !size_read(words[4], &delta->bytes))
                return line_refuse(reading, "format, source, digest or size of a delta");
        delta->format = words[1];
        for (size_t i = 1; i <= package->delta_count; i++)
                if (delta[-(ptrdiff_t)i].source == delta->source &&
                    !strcmp(delta[-(ptrdiff_t)i].format, delta->format))
                        return line_refuse(reading, "a delta is named twice");
        if (!package->delta_count)
                package->deltas = delta;
        package->delta_count++;
        reading->delta_count++;
        return RC_OK;
}

/* Cuts the line in place: single blanks between words, none at the ends. */
static size_t words_split(char *line, const char *words[WORDS_MAX])
{
        size_t count = 0;

        for (char *at = line; at; count++) {
                char *blank = strchr(at, ' ');

                if (count == WORDS_MAX)
                        return 0;
                words[count] = at;
                if (blank)
                        *blank = '\0';
                at = blank ? blank + 1 : NULL;
        }
        return count;
}

static enum rc line_read(struct reading *reading, char *line)
{
        static const struct {
                const char *word;
                enum rc (*read)(struct reading *reading, const char *const *words, size_t count);
        } kinds[] = {{"package", package_read}, {"absent", absent_read}, {"delta", delta_read}};
        const char *words[WORDS_MAX];
        const size_t count = words_split(line, words);

        for (size_t i = 0; count && i < ARRAY_COUNT(kinds); i++)
                if (!strcmp(words[0], kinds[i].word))
                        return kinds[i].read(reading, words, count);
        return line_refuse(reading, "a line that is neither package, absent nor delta");
}

/* How many lines begin with the word, so that memory follows the text and not its bounds. */
static size_t lines_of(const char *body, const char *word)
{
        const size_t length = strlen(word);
        size_t count = 0;

        for (const char *at = body; at && *at; at = strchr(at, '\n'), at = at ? at + 1 : NULL)
                count += strncmp(at, word, length) == 0;
        return count;
}

static enum rc body_read(const struct assertion *assertion, struct reading *reading)
{
        char *body = arena_memdup(reading->arena, assertion->body, assertion->body_count);
        size_t deltas;
        enum rc rc = RC_OK;

        if (!body)
                return err_set(reading->err, RC_NOMEM, "no memory for a manifest");
        if (body[assertion->body_count - 1] != '\n')
                return line_refuse(reading, "the last line has no end");
        reading->room = lines_of(body, "package ") + lines_of(body, "absent ");
        deltas = lines_of(body, "delta ");
        if (reading->room > MANIFEST_PACKAGES_MAX)
                reading->room = MANIFEST_PACKAGES_MAX;
        reading->packages =
                arena_alloc_array(reading->arena, reading->room, sizeof(*reading->packages));
        /* One more: a line is looked at in the place that it would have. */
        reading->deltas = arena_alloc_array(reading->arena, deltas + 1, sizeof(*reading->deltas));
        if (!reading->packages || !reading->deltas)
                return err_set(reading->err, RC_NOMEM, "no memory for a manifest");
        while (rc == RC_OK && *body) {
                char *end = strchr(body, '\n');

                *end = '\0';
                rc = line_read(reading, body);
                body = end + 1;
        }
        return rc;
}

/* --- the headers --- */

static enum rc head_read(const struct assertion *assertion, struct manifest *ret, struct err *err)
{
        ret->authority = assertion->authority;
        ret->key_id = assertion->key_id;
        ret->brand_id = assertion_text(assertion, "brand-id");
        ret->model = assertion_text(assertion, "model");
        ret->serial = assertion_text(assertion, "serial");
        ret->store = assertion_text(assertion, "store");
        ret->nonce = assertion_text(assertion, "nonce");
        if (!manifest_nonce_is(ret->nonce))
                return err_set(err, RC_INVALID, "refresh-manifest: its nonce is none");
        if (assertion_time(assertion, "timestamp", &ret->timestamp) != RC_OK ||
            assertion_time(assertion, "expiry", &ret->expiry) != RC_OK ||
            ret->expiry <= ret->timestamp)
                return err_set(err, RC_INVALID, "refresh-manifest: it ends before it begins");
        if (assertion_number(assertion, "epoch", &ret->epoch) != RC_OK ||
            ret->epoch > MANIFEST_EPOCH_MAX ||
            assertion_number(assertion, "sequence", &ret->sequence) != RC_OK ||
            ret->sequence > MANIFEST_NUMBER_MAX)
                return err_set(err, RC_INVALID, "refresh-manifest: epoch or sequence is too large");
        return RC_OK;
}

enum rc manifest_parse(const struct assertion *assertion, struct arena *arena,
                       const struct manifest **ret, struct err *err)
{
        struct manifest *manifest = arena_alloc(arena, sizeof(*manifest));
        struct reading reading = {.arena = arena, .err = err};
        enum rc rc;

        if (!manifest)
                return err_set(err, RC_NOMEM, "no memory for a manifest");
        if (strcmp(assertion->type->name, "refresh-manifest") || assertion->format)
                return err_set(err, RC_INVALID, "a %s of format %u is no manifest that we know",
                               assertion->type->name, assertion->format);
        rc = head_read(assertion, manifest, err);
        if (rc == RC_OK && assertion->body_count)
                rc = body_read(assertion, &reading);
        if (rc != RC_OK)
                return rc;
        manifest->packages = reading.packages;
        manifest->package_count = reading.count;
        *ret = manifest;
        return RC_OK;
}

const struct manifest_package *manifest_find(const struct manifest *manifest, const char *key)
{
        size_t low = 0;
        size_t high = manifest->package_count;

        while (low < high) {
                const size_t middle = low + (high - low) / 2;
                const int order = strcmp(key, manifest->packages[middle].key);

                if (order == 0)
                        return &manifest->packages[middle];
                if (order < 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        return NULL;
}
