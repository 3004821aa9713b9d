/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/apply/window.h"
#include "delta/apply/code_table.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

struct section {
        const uint8_t *at;
        const uint8_t *end;
};

struct block {
        uint8_t *bytes;
        size_t size;
};

struct window_decoder {
        struct source source;
        struct code table[CODE_COUNT];
        struct block sections;
        struct block target;
        /* of the window in hand */
        const struct window *window;
        struct section data;
        struct section inst;
        struct section addr;
        uint64_t done;
        uint64_t near_cache[NEAR_COUNT];
        uint64_t same_cache[SAME_COUNT * 256];
        unsigned near_next;
};

enum rc window_decoder_new(int source_fd, struct window_decoder **ret, struct err *err)
{
        CLEANUP(window_decoder_freep) struct window_decoder *decoder = calloc(1, sizeof(*decoder));
        enum rc rc;

        if (!decoder)
                return err_set(err, RC_NOMEM, "no memory for a decoder");
        rc = source_open(&decoder->source, source_fd, err);
        if (rc != RC_OK)
                return rc;
        code_table_init(decoder->table);
        *ret = decoder;
        decoder = NULL;
        return RC_OK;
}

void window_decoder_freep(struct window_decoder **decoder)
{
        if (!*decoder)
                return;
        source_fini(&(*decoder)->source);
        free((*decoder)->sections.bytes);
        free((*decoder)->target.bytes);
        free(*decoder);
        *decoder = NULL;
}

static enum rc block_grow(struct block *block, size_t bytes, struct err *err)
{
        uint8_t *more;

        if (bytes <= block->size && block->bytes)
                return RC_OK;
        more = realloc(block->bytes, bytes ? bytes : 1);
        if (!more)
                return err_set(err, RC_NOMEM, "no memory for a window of %zu bytes", bytes);
        block->bytes = more;
        block->size = bytes;
        return RC_OK;
}

static enum rc malformed(const struct window_decoder *decoder, const char *what, struct err *err)
{
        return err_set(err, RC_INVALID, "%s, %" PRIu64 " bytes into a window", what, decoder->done);
}

static enum rc section_byte(struct window_decoder *decoder, struct section *section, uint8_t *ret,
                            struct err *err)
{
        if (section->at == section->end)
                return malformed(decoder, "a section ends too early", err);
        *ret = *section->at++;
        return RC_OK;
}

static enum rc section_number(struct window_decoder *decoder, struct section *section,
                              uint64_t *ret, struct err *err)
{
        uint64_t value = 0;

        while (!(value >> 57)) {
                uint8_t byte;
                const enum rc rc = section_byte(decoder, section, &byte, err);

                if (rc != RC_OK)
                        return rc;
                value = value << 7 | (byte & 0x7f);
                if (!(byte & 0x80)) {
                        *ret = value;
                        return RC_OK;
                }
        }
        return malformed(decoder, "a number is too large", err);
}

static void remember_address(struct window_decoder *decoder, uint64_t address)
{
        decoder->near_cache[decoder->near_next] = address;
        decoder->near_next = (decoder->near_next + 1) % NEAR_COUNT;
        decoder->same_cache[address % (SAME_COUNT * 256)] = address;
}

static enum rc read_address(struct window_decoder *decoder, unsigned mode, uint64_t *ret,
                            struct err *err)
{
        const uint64_t here = decoder->window->source_bytes + decoder->done;
        uint64_t address = 0;
        uint8_t byte;
        enum rc rc;

        if (mode >= 2 + NEAR_COUNT) {
                rc = section_byte(decoder, &decoder->addr, &byte, err);
                if (rc != RC_OK)
                        return rc;
                address = decoder->same_cache[(mode - 2 - NEAR_COUNT) * 256 + byte];
        } else {
                rc = section_number(decoder, &decoder->addr, &address, err);
                if (rc != RC_OK)
                        return rc;
                if (mode == MODE_HERE)
                        address = here - address; /* wraps to a large one when it is before 0 */
                else if (mode != MODE_SELF)
                        address += decoder->near_cache[mode - 2];
        }
        if (address >= here)
                return malformed(decoder, "a copy begins behind what is known", err);
        remember_address(decoder, address);
        *ret = address;
        return RC_OK;
}

/* A copy may run from the source into the target, and into what it writes itself. */
static enum rc run_copy(struct window_decoder *decoder, uint64_t address, uint64_t size,
                        struct err *err)
{
        const struct window *window = decoder->window;
        uint8_t *to = decoder->target.bytes + decoder->done;
        const uint8_t *from;
        enum rc rc;

        if (address < window->source_bytes) {
                const uint64_t left = window->source_bytes - address;
                const uint64_t now = size < left ? size : left;

                rc = source_read(&decoder->source, window->source_offset + address, to, now, err);
                if (rc != RC_OK)
                        return rc;
                to += now;
                size -= now;
                address += now;
        }
        if (!size)
                return RC_OK;
        from = decoder->target.bytes + (address - window->source_bytes);
        if ((uint64_t)(to - from) >= size) {
                memcpy(to, from, size);
                return RC_OK;
        }
        for (uint64_t i = 0; i < size; i++)
                to[i] = from[i];
        return RC_OK;
}

static enum rc run_half(struct window_decoder *decoder, struct code_half half, struct err *err)
{
        uint64_t size = half.size;
        uint64_t address = 0;
        uint8_t byte;
        enum rc rc;

        if (half.kind == CODE_NOOP)
                return RC_OK;
        if (!size) {
                rc = section_number(decoder, &decoder->inst, &size, err);
                if (rc != RC_OK)
                        return rc;
        }
        if (size > decoder->window->target_bytes - decoder->done)
                return malformed(decoder, "an instruction is larger than its window", err);

        if (half.kind == CODE_RUN) {
                rc = section_byte(decoder, &decoder->data, &byte, err);
                if (rc != RC_OK)
                        return rc;
                memset(decoder->target.bytes + decoder->done, byte, size);
        } else if (half.kind == CODE_ADD) {
                if (size > (uint64_t)(decoder->data.end - decoder->data.at))
                        return malformed(decoder, "the data section ends too early", err);
                memcpy(decoder->target.bytes + decoder->done, decoder->data.at, size);
                decoder->data.at += size;
        } else {
                rc = read_address(decoder, half.mode, &address, err);
                if (rc != RC_OK)
                        return rc;
                rc = run_copy(decoder, address, size, err);
                if (rc != RC_OK)
                        return rc;
        }
        decoder->done += size;
        return RC_OK;
}

static enum rc window_begin(struct window_decoder *decoder, struct delta_reader *delta,
                            const struct window *window, struct err *err)
{
        const uint64_t source = decoder->source.bytes;
        enum rc rc;

        if (window->is_compressed)
                return err_set(err, RC_UNSUPPORTED,
                               "the delta uses secondary compression (make it with -S none)");
        if (window->source_bytes > source || window->source_offset > source - window->source_bytes)
                return err_set(err, RC_INVALID,
                               "the delta needs a source of %" PRIu64
                               " bytes, this one has %" PRIu64,
                               window->source_offset + window->source_bytes, source);
        if (window_sections_bytes(window) > delta->end - delta->offset)
                return err_set(err, RC_INVALID, "the delta ends too early, at byte %" PRIu64,
                               delta->end);
        rc = block_grow(&decoder->sections, window_sections_bytes(window), err);
        if (rc != RC_OK)
                return rc;
        rc = block_grow(&decoder->target, window->target_bytes, err);
        if (rc != RC_OK)
                return rc;
        rc = delta_read(delta, decoder->sections.bytes, window_sections_bytes(window), err);
        if (rc != RC_OK)
                return rc;

        decoder->window = window;
        decoder->done = 0;
        decoder->near_next = 0;
        memset(decoder->near_cache, 0, sizeof(decoder->near_cache));
        memset(decoder->same_cache, 0, sizeof(decoder->same_cache));
        decoder->data.at = decoder->sections.bytes;
        decoder->data.end = decoder->inst.at = decoder->data.at + window->data_bytes;
        decoder->inst.end = decoder->addr.at = decoder->inst.at + window->inst_bytes;
        decoder->addr.end = decoder->addr.at + window->addr_bytes;
        return RC_OK;
}

static enum rc window_check_end(const struct window_decoder *decoder, struct err *err)
{
        const struct window *window = decoder->window;
        const uint8_t *target = decoder->target.bytes;

        if (decoder->done != window->target_bytes)
                return malformed(decoder, "the instructions end too early", err);
        if (decoder->data.at != decoder->data.end || decoder->addr.at != decoder->addr.end)
                return malformed(decoder, "a section is left over", err);
        if (window->has_checksum && adler32_z(1, target, window->target_bytes) != window->checksum)
                return err_set(
                        err, RC_CONFLICT,
                        "a checksum is wrong: the source is another one, or the delta is damaged");
        return RC_OK;
}

enum rc window_decode(struct window_decoder *decoder, struct delta_reader *delta,
                      const struct window *window, const uint8_t **ret, struct err *err)
{
        enum rc rc;

        rc = window_begin(decoder, delta, window, err);
        if (rc != RC_OK)
                return rc;
        while (decoder->inst.at != decoder->inst.end) {
                const struct code *code = &decoder->table[*decoder->inst.at++];

                for (unsigned i = 0; i < 2; i++) {
                        rc = run_half(decoder, code->half[i], err);
                        if (rc != RC_OK)
                                return rc;
                }
        }
        rc = window_check_end(decoder, err);
        if (rc != RC_OK)
                return rc;
        *ret = decoder->target.bytes;
        return RC_OK;
}
