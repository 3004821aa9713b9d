/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/apply/model.h"
#include <stdlib.h>
#include <string.h>

#define FLAG_INPUTS    7
#define VALUE_INPUTS   8
#define LITERAL_INPUTS 7
#define NUMBER_INPUTS  2
#define REGION_BITS    12
#define HISTORY_BYTES  (64 * KIB)
#define MATCH_BITS     16
#define MATCH_MAX      31
#define QUIET_INPUTS   3
#define QUIET_FROM     256
#define QUIET_STEP     16

struct model {
        struct mixer flags, values, literals, numbers, quiet;
        unsigned quiet_recent;
        unsigned choices;
        /* of the copy under way */
        uint32_t recent; /* of the last 32 bytes: which differed */
        uint32_t since;  /* bytes that agreed since */
        uint32_t gap;    /* how many before that */
        uint32_t run_at; /* bytes of the differing stretch under way */
        uint32_t run_region;
        uint32_t last_change[4]; /* differences of the stretch before this one */
        uint32_t this_change[4];
        uint32_t change;         /* the last differences, a byte each */
        uint32_t *region_change; /* by what the source word points at */
        /* bytes of the target so far */
        uint32_t last4;
        uint32_t last8;
        uint8_t history[HISTORY_BYTES];
        uint32_t history_at;
        uint32_t *match_heads;
        uint32_t match_at;
        uint32_t match_bytes;
};

static const struct sizes {
        unsigned flags, values, literals;
} sizes[2] = {{21, 20, 21}, {18, 17, 18}};

void model_freep(struct model **model)
{
        if (!*model)
                return;
        mixer_fini(&(*model)->flags);
        mixer_fini(&(*model)->values);
        mixer_fini(&(*model)->literals);
        mixer_fini(&(*model)->numbers);
        mixer_fini(&(*model)->quiet);
        free((*model)->region_change);
        free((*model)->match_heads);
        free(*model);
        *model = NULL;
}

enum rc model_new(bool small, struct model **ret, struct err *err)
{
        CLEANUP(model_freep) struct model *model = calloc(1, sizeof(*model));
        enum rc rc;

        if (!model)
                return err_set(err, RC_NOMEM, "no memory for a model");
        model->region_change = calloc((size_t)1 << REGION_BITS, sizeof(*model->region_change));
        model->match_heads = calloc((size_t)1 << MATCH_BITS, sizeof(*model->match_heads));
        if (!model->region_change || !model->match_heads)
                return err_set(err, RC_NOMEM, "no memory for a model");
        rc = mixer_init(&model->flags, sizes[small].flags, FLAG_INPUTS, 256, 1000, err);
        if (rc == RC_OK)
                rc = mixer_init(&model->values, sizes[small].values, VALUE_INPUTS, 8, 250, err);
        if (rc == RC_OK)
                rc = mixer_init(&model->literals, sizes[small].literals, LITERAL_INPUTS, 64, 250,
                                err);
        if (rc == RC_OK)
                rc = mixer_init(&model->numbers, 16, NUMBER_INPUTS, 8, 60, err);
        if (rc == RC_OK)
                rc = mixer_init(&model->quiet, 16, QUIET_INPUTS, 33, 250, err);
        if (rc != RC_OK)
                return rc;
        *ret = model;
        model = NULL;
        return RC_OK;
}

/* How many bits a number has, then the bits; the first ones are worth learning. */
uint64_t model_number(struct model *model, struct mix_coder *coder, enum number_kind kind,
                      uint64_t number)
{
        unsigned bits = number ? 64 - (unsigned)__builtin_clzll(number) : 0;
        uint64_t value = 1;
        uint32_t contexts[NUMBER_INPUTS];
        uint32_t node = 1;

        for (unsigned i = 0; i < 7; i++) {
                contexts[0] = mix_hash(kind, node);
                contexts[1] = mix_hash(kind + 16, node ^ model->gap << 8);
                node = node * 2 +
                       mix_bit(coder, &model->numbers, contexts, kind, bits >> (6 - i) & 1);
        }
        bits = node & 0x7f;
        if (!bits || bits > 64)
                return 0;
        for (unsigned i = 1; i < bits; i++) {
                const unsigned left = bits - 1 - i;

                contexts[0] =
                        mix_hash(kind + 32, (i < 4 ? (uint32_t)value : 0) + (bits << 8 | i << 16));
                contexts[1] = mix_hash(kind + 48, bits << 8 | i);
                value = value * 2 +
                        mix_bit(coder, &model->numbers, contexts, kind, number >> left & 1);
        }
        return value;
}

unsigned model_choice(struct model *model, struct mix_coder *coder, unsigned choice)
{
        const uint32_t contexts[NUMBER_INPUTS] = {mix_hash(64, 0),
                                                  mix_hash(65, model->choices & 0xff)};

        choice = mix_bit(coder, &model->numbers, contexts, 7, choice);
        model->choices = model->choices << 1 | choice;
        return choice;
}

static void remember(struct model *model, unsigned byte)
{
        model->last8 = model->last8 << 8 | model->last4 >> 24;
        model->last4 = model->last4 << 8 | byte;
        if (model->match_bytes && model->history[model->match_at % HISTORY_BYTES] == byte) {
                model->match_bytes += model->match_bytes < MATCH_MAX;
                model->match_at++;
        } else {
                model->match_bytes = 0;
        }
        model->history[model->history_at++ % HISTORY_BYTES] = (uint8_t)byte;
}

static void find_match(struct model *model)
{
        uint32_t *head = &model->match_heads[mix_hash(model->last4, model->last8 & 0xff) >>
                                             (32 - MATCH_BITS)];

        if (!model->match_bytes && *head && model->history_at - *head < HISTORY_BYTES) {
                model->match_at = *head;
                model->match_bytes = 1;
        }
        *head = model->history_at;
}

unsigned model_literal(struct model *model, struct mix_coder *coder, unsigned byte)
{
        const uint32_t last = model->last4;
        const unsigned guess =
                model->match_bytes ? model->history[model->match_at % HISTORY_BYTES] : 0;
        const uint32_t contexts[LITERAL_INPUTS] = {
                0x1000000,
                mix_hash(1, last & 0xff),
                mix_hash(2, last & 0xffff),
                mix_hash(3, last & 0xffffff),
                mix_hash(4, last),
                mix_hash(5 + (model->last8 << 16), last),
                mix_hash(6 + (model->match_bytes << 8), guess),
        };

        byte = mix_byte(coder, &model->literals, contexts, model->match_bytes, byte);
        remember(model, byte);
        find_match(model);
        return byte;
}

void model_begin_copy(struct model *model)
{
        model->recent = 0;
        model->since = 0;
        model->run_at = 0;
}

static uint32_t word_at(const uint8_t *at)
{
        return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static unsigned log_of(uint32_t number)
{
        return number ? 32 - (unsigned)__builtin_clz(number) : 0;
}

static unsigned value_of(struct model *model, struct mix_coder *coder, const uint8_t *source,
                         uint32_t position, unsigned change)
{
        const uint32_t k = model->run_at < 8 ? model->run_at : 8;
        uint32_t region;
        uint32_t expected;
        uint32_t guess;

        if (!model->run_at) {
                memcpy(model->last_change, model->this_change, sizeof(model->last_change));
                memset(model->this_change, 0, sizeof(model->this_change));
                model->run_region =
                        mix_hash((position + word_at(source)) >> 8, 77) >> (32 - REGION_BITS);
        }
        region = model->region_change[model->run_region];
        expected = region >> 8 * (k & 3) & 0xff;
        guess = model->last_change[k & 3];
        const uint32_t contexts[VALUE_INPUTS] = {
                mix_hash(1, k),
                mix_hash(2 + k, model->change & 0xff),
                mix_hash(3 + (k << 8), model->change & 0xffff),
                mix_hash(4 + (k << 8), model->change & 0xffffff),
                mix_hash(5 + (k << 8), guess | (model->change & 0xff) << 8),
                mix_hash(6 + (k << 8), expected | (model->change & 0xff) << 8),
                mix_hash(7 + (k << 8), source[0] | (model->change & 0xff) << 8),
                mix_hash(8 + (k << 8), source[0] | source[-1] << 8 | (uint32_t)source[-2] << 16),
        };

        change = mix_byte(coder, &model->values, contexts, k < 7 ? k : 7, change);
        if (model->run_at < 4) {
                model->this_change[model->run_at] = change;
                model->region_change[model->run_region] =
                        (region & ~(0xffU << 8 * model->run_at)) | change << 8 * model->run_at;
        }
        model->change = model->change << 8 | change;
        return change;
}

static unsigned copied_byte(struct model *model, struct mix_coder *coder, const uint8_t *source,
                            uint32_t position, unsigned byte)
{
        const uint32_t since = model->since < 255 ? model->since : 255;
        const uint32_t recent = model->recent & 0xff;
        const uint32_t word = word_at(source);
        const uint32_t contexts[FLAG_INPUTS] = {
                mix_hash(1, recent | log_of(model->since) << 8),
                mix_hash(2 + ((recent & 3) << 8),
                         source[-1] | source[-2] << 8 | (uint32_t)source[-3] << 16),
                mix_hash(3 + ((recent & 3) << 8),
                         source[-1] | source[0] << 8 | (uint32_t)source[1] << 16),
                mix_hash(4 + ((recent & 1) << 8), (position + word) >> 8),
                mix_hash(5, since | (model->gap < 255 ? model->gap : 255) << 8),
                mix_hash(6 + ((recent & 15) << 8), source[0] | source[-1] << 8),
                mix_hash(7 + ((recent & 7) << 8), word >> 8),
        };
        const unsigned selector = log_of(since) * 8 + (recent & 7);
        const unsigned differs =
                mix_bit(coder, &model->flags, contexts, selector, byte != source[0]);

        if (differs) {
                if (!model->run_at)
                        model->gap = model->since;
                byte = (source[0] +
                        value_of(model, coder, source, position, (byte - source[0]) & 0xff)) &
                       0xff;
                model->since = 0;
                model->run_at++;
        } else {
                byte = source[0];
                model->since++;
                model->run_at = 0;
        }
        model->recent = model->recent << 1 | differs;
        remember(model, byte);
        return byte;
}

/* Where nothing differed for a while, one bit speaks for QUIET_STEP bytes. */
static bool quiet_step(struct model *model, struct mix_coder *coder, const uint8_t *source,
                       const uint8_t *target)
{
        const uint32_t since = log_of(model->since);
        const uint32_t contexts[QUIET_INPUTS] = {
                mix_hash(1, since),
                mix_hash(2, since | log_of(model->gap) << 8),
                mix_hash(3 + model->quiet_recent, since),
        };
        const bool equal = coder->encoding && memcmp(source, target, QUIET_STEP) == 0;

        model->quiet_recent =
                (model->quiet_recent << 1 | mix_bit(coder, &model->quiet, contexts, since, equal)) &
                0xff;
        return model->quiet_recent & 1;
}

void model_copy(struct model *model, struct mix_coder *coder, const uint8_t *source,
                uint32_t position, uint8_t *target, size_t count)
{
        size_t at = 0;

        while (at < count) {
                if (model->since >= QUIET_FROM && count - at >= QUIET_STEP &&
                    model->since % QUIET_STEP == 0 &&
                    quiet_step(model, coder, source + at, target + at)) {
                        memcpy(target + at, source + at, QUIET_STEP);
                        model->since += QUIET_STEP;
                        model->recent = 0;
                        model->run_at = 0;
                        model_skip(model, target + at, QUIET_STEP);
                        at += QUIET_STEP;
                        continue;
                }
                target[at] = (uint8_t)copied_byte(model, coder, source + at,
                                                  position + (uint32_t)at, target[at]);
                at++;
        }
}

void model_skip(struct model *model, const uint8_t *bytes, size_t count)
{
        model->match_bytes = 0;
        for (size_t i = count > 8 ? count - 8 : 0; i < count; i++)
                remember(model, bytes[i]);
}
