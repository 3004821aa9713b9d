/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/apply/mix.h"
#include <stdlib.h>
#include <string.h>

#define SQUASH_STEP   64 /* of the table; 256 is a factor e in the odds */
#define SQUASH_LIMIT  3071
#define STRETCH_LIMIT 2047
#define PLACES        4096 /* of the table of stretch */
#define COUNT_MASK    0x3ff
#define WEIGHT_ONE    65536
#define LEARN_SHIFT   14
#define OUT_FIRST     (64 * KIB)

/* 65536 / (1 + e ** -(i / 4 - 12)) */
static const uint16_t squash_table[98] = {
        1,     1,     1,     1,     1,     1,     2,     2,     3,     4,     5,     6,     8,
        10,    13,    17,    22,    28,    36,    47,    60,    77,    98,    126,   162,   208,
        267,   342,   439,   562,   720,   922,   1179,  1506,  1921,  2446,  3108,  3938,  4971,
        6249,  7812,  9702,  11955, 14595, 17625, 21025, 24743, 28693, 32768, 36843, 40793, 44511,
        47911, 50941, 53581, 55834, 57724, 59287, 60565, 61598, 62428, 63090, 63615, 64030, 64357,
        64614, 64816, 64974, 65097, 65194, 65269, 65328, 65374, 65410, 65438, 65459, 65476, 65489,
        65500, 65508, 65514, 65519, 65523, 65526, 65528, 65530, 65531, 65532, 65533, 65534, 65534,
        65535, 65535, 65535, 65535, 65535, 65535, 65535,
};

static unsigned squash(int32_t odds)
{
        unsigned at;
        unsigned part;

        if (odds > SQUASH_LIMIT)
                odds = SQUASH_LIMIT;
        if (odds < -SQUASH_LIMIT)
                odds = -SQUASH_LIMIT;
        at = (unsigned)(odds + SQUASH_LIMIT + 1) / SQUASH_STEP;
        part = (unsigned)(odds + SQUASH_LIMIT + 1) % SQUASH_STEP;
        return (squash_table[at] * (SQUASH_STEP - part) + squash_table[at + 1] * part) /
               SQUASH_STEP;
}

/* The inverse of squash, for probabilities of 12 bits. */
static void fill_stretch(int16_t ret[PLACES])
{
        unsigned at = 0;

        for (int32_t odds = -STRETCH_LIMIT; odds <= STRETCH_LIMIT; odds++) {
                const unsigned place = squash(odds) / (65536 / PLACES);

                while (at <= place)
                        ret[at++] = (int16_t)odds;
        }
        while (at < PLACES)
                ret[at++] = STRETCH_LIMIT;
}

enum rc mixer_init(struct mixer *mixer, unsigned table_bits, unsigned inputs, unsigned selectors,
                   unsigned limit, struct err *err)
{
        const size_t slots = (size_t)1 << table_bits;

        memset(mixer, 0, sizeof(*mixer));
        mixer->table = malloc(slots * sizeof(*mixer->table));
        mixer->weights = malloc(selectors * inputs * sizeof(*mixer->weights));
        mixer->stretch = malloc(PLACES * sizeof(*mixer->stretch));
        mixer->rate = malloc((COUNT_MASK + 1) * sizeof(*mixer->rate));
        if (!mixer->table || !mixer->weights || !mixer->stretch || !mixer->rate) {
                mixer_fini(mixer);
                return err_set(err, RC_NOMEM, "no memory for a model");
        }
        for (size_t i = 0; i < slots; i++)
                mixer->table[i] = (uint32_t)1 << 31;
        for (unsigned i = 0; i < selectors * inputs; i++)
                mixer->weights[i] = WEIGHT_ONE * 2 / (int32_t)(inputs > 4 ? 5 : inputs + 1);
        for (unsigned i = 0; i <= COUNT_MASK; i++)
                mixer->rate[i] = 65536 * 2 / (2 * i + 3);
        fill_stretch(mixer->stretch);
        mixer->mask = (uint32_t)(slots - 1);
        mixer->inputs = inputs;
        mixer->selectors = selectors;
        mixer->limit = limit;
        return RC_OK;
}

void mixer_fini(struct mixer *mixer)
{
        free(mixer->table);
        free(mixer->weights);
        free(mixer->stretch);
        free(mixer->rate);
        memset(mixer, 0, sizeof(*mixer));
}

void mix_encode_begin(struct mix_coder *coder)
{
        memset(coder, 0, sizeof(*coder));
        coder->encoding = true;
        coder->high = UINT32_MAX;
}

void mix_coder_fini(struct mix_coder *coder)
{
        free(coder->out);
        coder->out = NULL;
}

static void put_byte(struct mix_coder *coder, uint8_t byte)
{
        if (coder->out_bytes == coder->out_room) {
                const size_t room = coder->out_room ? coder->out_room * 2 : OUT_FIRST;
                uint8_t *out = realloc(coder->out, room);

                if (!out) {
                        coder->failed = true;
                        return;
                }
                coder->out = out;
                coder->out_room = room;
        }
        coder->out[coder->out_bytes++] = byte;
}

static uint32_t next_byte(struct mix_coder *coder)
{
        const int byte = coder->next(coder->arg);

        if (byte >= 0)
                return (uint32_t)byte;
        /* The last bits may be decided by bytes that were not written. */
        if (++coder->past > sizeof(uint32_t))
                coder->over = true;
        return 0;
}

void mix_encode_end(struct mix_coder *coder)
{
        /* The shortest bytes that lie between low and high, zeros following. */
        put_byte(coder, (uint8_t)((coder->low >> 24) + 1));
        while (coder->out_bytes && !coder->out[coder->out_bytes - 1])
                coder->out_bytes--;
}

void mix_decode_begin(struct mix_coder *coder, int (*next)(void *arg), void *arg)
{
        memset(coder, 0, sizeof(*coder));
        coder->high = UINT32_MAX;
        coder->next = next;
        coder->arg = arg;
        for (unsigned i = 0; i < sizeof(uint32_t); i++)
                coder->code = coder->code << 8 | next_byte(coder);
}

/* probability: of a one, 1 .. 65535. */
static unsigned code_bit(struct mix_coder *coder, uint32_t probability, unsigned bit)
{
        const uint32_t range = coder->high - coder->low;
        const uint32_t middle =
                coder->low + (range >> 16) * probability + ((range & 0xffff) * probability >> 16);

        if (!coder->encoding)
                bit = coder->code <= middle;
        if (bit)
                coder->high = middle;
        else
                coder->low = middle + 1;
        while (!((coder->low ^ coder->high) >> 24)) {
                if (coder->encoding)
                        put_byte(coder, (uint8_t)(coder->high >> 24));
                else
                        coder->code = coder->code << 8 | next_byte(coder);
                coder->low <<= 8;
                coder->high = coder->high << 8 | 0xff;
        }
        return bit;
}

static unsigned mixed_bit(struct mix_coder *coder, struct mixer *mixer, unsigned selector,
                          unsigned bit)
{
        int32_t *weights = mixer->weights + (size_t)selector * mixer->inputs;
        int64_t sum = 0;
        unsigned probability;
        int32_t error;

        for (unsigned i = 0; i < mixer->inputs; i++) {
                mixer->stretched[i] = mixer->stretch[*mixer->slot[i] >> 20];
                sum += (int64_t)mixer->stretched[i] * weights[i];
        }
        probability = squash((int32_t)(sum / WEIGHT_ONE));
        if (probability > 65535)
                probability = 65535;
        if (!probability)
                probability = 1;
        bit = code_bit(coder, probability, bit);
        error = (int32_t)(bit << 16) - (int32_t)probability;
        for (unsigned i = 0; i < mixer->inputs; i++) {
                uint32_t *slot = mixer->slot[i];
                const uint32_t count = *slot & COUNT_MASK;
                const int64_t now = *slot >> 10;
                const int64_t goal = bit ? (1 << 22) - 1 : 0;

                weights[i] += (int32_t)((int64_t)mixer->stretched[i] * error >> LEARN_SHIFT);
                *slot = (uint32_t)(now + ((goal - now) * mixer->rate[count] >> 16)) << 10 |
                        (count < mixer->limit ? count + 1 : count);
        }
        return bit;
}

unsigned mix_bit(struct mix_coder *coder, struct mixer *mixer, const uint32_t *contexts,
                 unsigned selector, unsigned bit)
{
        for (unsigned i = 0; i < mixer->inputs; i++)
                mixer->slot[i] = &mixer->table[contexts[i] & mixer->mask];
        return mixed_bit(coder, mixer, selector, bit);
}

unsigned mix_byte(struct mix_coder *coder, struct mixer *mixer, const uint32_t *contexts,
                  unsigned selector, unsigned byte)
{
        uint32_t *line[MIX_INPUTS_MAX];
        unsigned so_far = 1;

        for (unsigned half = 0; half < 2; half++) {
                unsigned nibble = 1;

                for (unsigned i = 0; i < mixer->inputs; i++)
                        line[i] = &mixer->table[mix_hash(contexts[i], so_far + half * 0x3779) &
                                                mixer->mask & ~15U];
                for (unsigned j = 0; j < 4; j++) {
                        const unsigned shift = 7 - half * 4 - j;
                        unsigned bit;

                        for (unsigned i = 0; i < mixer->inputs; i++)
                                mixer->slot[i] = line[i] + nibble;
                        bit = mixed_bit(coder, mixer, selector, byte >> shift & 1);
                        nibble = nibble * 2 + bit;
                        so_far = so_far * 2 + bit;
                }
        }
        return so_far & 0xff;
}
