/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/apply/table.h"
#include "delta/apply/reader.h"
#include <lzma.h>
#include <stdlib.h>

#define CHUNK      (16 * KIB)
#define DIGITS_MAX 10
#define PACK_SPARE (64 * KIB)
#define LITERAL_LC                                                                                 \
        0 /* rows of a few bytes: their place in a row says more than the byte before              \
           */
#define POSITION_PB 0

struct table {
        lzma_stream lzma;
        struct delta_reader *reader;
        uint64_t packed_left;
        uint64_t plain_left;
        size_t at;
        size_t end;
        uint8_t in[CHUNK];
        uint8_t plain[CHUNK];
};

static void fill_options(lzma_options_lzma *options, uint32_t dict_bytes)
{
        lzma_lzma_preset(options, 9 | LZMA_PRESET_EXTREME);
        options->dict_size = dict_bytes;
        options->lc = LITERAL_LC;
        options->pb = POSITION_PB;
}

enum rc table_new(int fd, uint64_t offset, uint64_t packed_bytes, uint64_t plain_bytes,
                  uint32_t dict_bytes, struct table **ret, struct err *err)
{
        CLEANUP(table_freep) struct table *table = calloc(1, sizeof(*table));
        lzma_options_lzma options = {.dict_size = dict_bytes};
        const lzma_filter filters[] = {{.id = LZMA_FILTER_LZMA2, .options = &options},
                                       {.id = LZMA_VLI_UNKNOWN, .options = NULL}};
        enum rc rc;

        if (!table)
                return err_set(err, RC_NOMEM, "no memory for a table");
        table->reader = calloc(1, sizeof(*table->reader));
        if (!table->reader)
                return err_set(err, RC_NOMEM, "no memory for a table");
        rc = delta_open(table->reader, fd, err);
        if (rc == RC_OK)
                rc = delta_skip(table->reader, offset, err);
        if (rc != RC_OK)
                return rc;
        table->packed_left = packed_bytes;
        table->plain_left = plain_bytes;
        if (lzma_raw_decoder(&table->lzma, filters) != LZMA_OK)
                return err_set(err, RC_NOMEM, "no memory for a table");
        *ret = table;
        table = NULL;
        return RC_OK;
}

void table_freep(struct table **table)
{
        if (!*table)
                return;
        lzma_end(&(*table)->lzma);
        free((*table)->reader);
        free(*table);
        *table = NULL;
}

static enum rc refill(struct table *table, struct err *err)
{
        lzma_ret got = LZMA_OK;

        table->lzma.next_out = table->plain;
        table->lzma.avail_out = table->plain_left < CHUNK ? (size_t)table->plain_left : CHUNK;
        while (table->lzma.avail_out && got == LZMA_OK) {
                if (!table->lzma.avail_in && table->packed_left) {
                        const size_t bytes =
                                table->packed_left < CHUNK ? (size_t)table->packed_left : CHUNK;
                        const enum rc rc = delta_read(table->reader, table->in, bytes, err);

                        if (rc != RC_OK)
                                return rc;
                        table->packed_left -= bytes;
                        table->lzma.next_in = table->in;
                        table->lzma.avail_in = bytes;
                }
                got = lzma_code(&table->lzma, LZMA_RUN);
        }
        if (got == LZMA_MEM_ERROR)
                return err_set(err, RC_NOMEM, "no memory for a table");
        table->at = 0;
        table->end = (size_t)(table->lzma.next_out - table->plain);
        if (table->lzma.avail_out || !table->end)
                return err_set(err, RC_INVALID, "the delta's table is damaged");
        table->plain_left -= table->end;
        return RC_OK;
}

static enum rc next_byte(struct table *table, uint8_t *ret, struct err *err)
{
        if (table->at == table->end) {
                enum rc rc;

                if (!table->plain_left)
                        return err_set(err, RC_INVALID, "the delta's table ends too early");
                rc = refill(table, err);
                if (rc != RC_OK)
                        return rc;
        }
        *ret = table->plain[table->at++];
        return RC_OK;
}

enum rc table_number(struct table *table, uint64_t *ret, struct err *err)
{
        uint64_t value = 0;

        for (unsigned i = 0; i < DIGITS_MAX; i++) {
                uint8_t byte;
                const enum rc rc = next_byte(table, &byte, err);

                if (rc != RC_OK)
                        return rc;
                if (i == DIGITS_MAX - 1 && byte > 1)
                        break;
                value |= (uint64_t)(byte & 0x7f) << 7 * i;
                if (!(byte & 0x80)) {
                        *ret = value;
                        return RC_OK;
                }
        }
        return err_set(err, RC_INVALID, "a number of the delta's table is too large");
}

enum rc table_end(struct table *table, struct err *err)
{
        if (table->at != table->end || table->plain_left)
                return err_set(err, RC_INVALID, "a part of the delta's table is left over");
        return RC_OK;
}

enum rc table_pack(const uint8_t *plain, size_t plain_bytes, uint32_t dict_bytes, uint8_t **ret,
                   size_t *ret_bytes, struct err *err)
{
        lzma_options_lzma options;
        const lzma_filter filters[] = {{.id = LZMA_FILTER_LZMA2, .options = &options},
                                       {.id = LZMA_VLI_UNKNOWN, .options = NULL}};
        const size_t room = plain_bytes + plain_bytes / 16 + PACK_SPARE;
        uint8_t *out = malloc(room);
        size_t bytes = 0;
        lzma_ret got;

        if (!out)
                return err_set(err, RC_NOMEM, "no memory for a table");
        fill_options(&options, dict_bytes);
        got = lzma_raw_buffer_encode(filters, NULL, plain, plain_bytes, out, &bytes, room);
        if (got != LZMA_OK) {
                free(out);
                return err_set(err, got == LZMA_MEM_ERROR ? RC_NOMEM : RC_BUG,
                               "a table cannot be packed");
        }
        *ret = out;
        *ret_bytes = bytes;
        return RC_OK;
}
