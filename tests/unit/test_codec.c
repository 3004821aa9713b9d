/* SPDX-License-Identifier: Apache-2.0 */
#include "core/crypto/hash.h"
#include "delta/apply/codec.h"
#include "delta/apply/mix.h"
#include "delta/apply/sha3.h"
#include "tests/lib/check.h"
#include <stdlib.h>
#include <string.h>

#define BYTES 20000

static uint8_t plain[BYTES];
static uint8_t packed[2 * BYTES];
static uint8_t again[BYTES + 1];

#define XZ_PROPS ((2 * 5 + 0) * 9 + 3)

static const struct {
        const char *what;
        struct packer packer;
        enum rc rc;
} packer_rows[] = {
        {"xz",
         {.codec = CODEC_XZ, .level = 6, .check = 1, .props = XZ_PROPS, .dict_bytes = 8192},
         RC_OK},
        {"xz with a filter",
         {.codec = CODEC_XZ,
          .level = 6,
          .check = 1,
          .props = XZ_PROPS,
          .dict_bytes = 8192,
          .filter = 4},
         RC_OK},
        {"xz behind its length",
         {.codec = CODEC_XZ,
          .frame = FRAME_SQUASH_META,
          .level = 6,
          .check = 1,
          .props = XZ_PROPS,
          .dict_bytes = 8192},
         RC_OK},
        {"lzma", {.codec = CODEC_LZMA, .level = 6, .props = XZ_PROPS, .dict_bytes = 8192}, RC_OK},
        {"zlib", {.codec = CODEC_ZLIB, .level = 9, .window_bits = 15, .memory = 8}, RC_OK},
        {"deflate", {.codec = CODEC_DEFLATE, .level = 1, .window_bits = 15, .memory = 9}, RC_OK},
        {"zstd", {.codec = CODEC_ZSTD, .level = 15}, RC_OK},
        {"lz4", {.codec = CODEC_LZ4}, RC_OK},
        {"lz4, slow", {.codec = CODEC_LZ4, .level = PACKER_LZ4_HC | 12}, RC_OK},
        {"no codec", {.codec = 0}, RC_UNSUPPORTED},
        {"a codec that nobody has", {.codec = 99}, RC_UNSUPPORTED},
        {"a frame that nobody has", {.codec = CODEC_ZSTD, .frame = 2, .level = 3}, RC_UNSUPPORTED},
        {"xz with a dictionary of 4 GiB",
         {.codec = CODEC_XZ, .level = 6, .check = 1, .props = XZ_PROPS, .dict_bytes = UINT32_MAX},
         RC_UNSUPPORTED},
        {"xz with preset 15",
         {.codec = CODEC_XZ, .level = 15, .check = 1, .props = XZ_PROPS, .dict_bytes = 8192},
         RC_UNSUPPORTED},
        {"xz with an unknown filter",
         {.codec = CODEC_XZ,
          .level = 6,
          .check = 1,
          .props = XZ_PROPS,
          .dict_bytes = 8192,
          .filter = 99},
         RC_UNSUPPORTED},
        {"xz with impossible properties",
         {.codec = CODEC_XZ, .level = 6, .check = 1, .props = 255, .dict_bytes = 8192},
         RC_UNSUPPORTED},
        {"zstd of level 0", {.codec = CODEC_ZSTD}, RC_UNSUPPORTED},
        {"zstd of level 23", {.codec = CODEC_ZSTD, .level = 23}, RC_UNSUPPORTED},
        {"zstd with a window",
         {.codec = CODEC_ZSTD, .level = 3, .window_bits = 15},
         RC_UNSUPPORTED},
        {"zlib with a window of 2 to the 40",
         {.codec = CODEC_ZLIB, .level = 9, .window_bits = 40, .memory = 8},
         RC_UNSUPPORTED},
        {"zlib of level 0", {.codec = CODEC_ZLIB, .window_bits = 15, .memory = 8}, RC_UNSUPPORTED},
        {"lz4 of level 200", {.codec = CODEC_LZ4, .level = 200}, RC_UNSUPPORTED},
};

static void test_round_trips(void)
{
        check_promise("each codec expands what it packed, and options that it has not are refused");
        for (size_t i = 0; i < ARRAY_COUNT(packer_rows); i++) {
                const struct packer *packer = &packer_rows[i].packer;
                const size_t head = packer->frame ? 2 : 0;
                struct err err = {0};
                size_t bytes = 0;
                size_t back = 0;

                check_case("%s", packer_rows[i].what);
                CHECK_RC(packer_check(packer, &err), packer_rows[i].rc, &err);
                if (packer_rows[i].rc != RC_OK)
                        continue;
                CHECK_RC(packer_run(packer, plain, BYTES, packed, sizeof(packed), &bytes, &err),
                         RC_OK, &err);
                CHECK(bytes < BYTES);
                if (head)
                        CHECK_INT(packed[0] | packed[1] << 8, bytes - 2);
                CHECK_RC(codec_expand(packer->codec, packed + head, bytes - head, again, BYTES,
                                      &back, &err),
                         RC_OK, &err);
                CHECK_BYTES(again, back, plain, BYTES);
                CHECK(codec_expand(packer->codec, packed + head, bytes - head, again, BYTES - 1,
                                   &back, &err) != RC_OK);
                CHECK(codec_expand(packer->codec, packed + head, bytes - head - 1, again, BYTES,
                                   &back, &err) != RC_OK ||
                      packer->codec == CODEC_LZ4);
                CHECK_RC(packer_run(packer, plain, BYTES, packed, 40, &bytes, &err), RC_TOO_BIG,
                         &err);
        }
}

static void test_prints(void)
{
        uint8_t prints[CODEC_END][CODEC_PRINT_BYTES];

        check_promise(
                "a codec's fingerprint is the same each time, and another than its neighbour's");
        for (unsigned id = 1; id < CODEC_END; id++) {
                uint8_t second[CODEC_PRINT_BYTES];
                struct err err = {0};

                check_case("%s", codec_name(id));
                CHECK_RC(codec_fingerprint(id, prints[id], &err), RC_OK, &err);
                CHECK_RC(codec_fingerprint(id, second, &err), RC_OK, &err);
                CHECK_BYTES(prints[id], CODEC_PRINT_BYTES, second, CODEC_PRINT_BYTES);
                if (id != CODEC_DEFLATE)
                        CHECK(id == 1 ||
                              memcmp(prints[id], prints[id - 1], CODEC_PRINT_BYTES) != 0);
        }
}

static void test_sha3(void)
{
        check_promise("SHA3-384 here is that of the library");
        for (size_t bytes = 0; bytes < 600; bytes += bytes < 220 ? 1 : 37) {
                struct digest want;
                uint8_t got[SHA3_384_BYTES];
                struct sha3 hash;

                check_case("%zu bytes", bytes);
                sha3_384(plain, bytes, &want);
                sha3_init(&hash);
                sha3_update(&hash, plain, bytes / 3);
                sha3_update(&hash, plain + bytes / 3, bytes - bytes / 3);
                sha3_finish(&hash, got);
                CHECK_BYTES(got, sizeof(got), want.sha3_384, sizeof(want.sha3_384));
        }
}

struct source {
        const uint8_t *bytes;
        size_t at, end;
};

static int next(void *arg)
{
        struct source *source = arg;

        return source->at < source->end ? source->bytes[source->at++] : -1;
}

static void code_all(struct mix_coder *coder, uint8_t *bytes, size_t count)
{
        struct mixer mixer;
        struct err err = {0};

        CHECK_RC(mixer_init(&mixer, 16, 2, 1, 250, &err), RC_OK, &err);
        for (size_t i = 0; i < count; i++) {
                const uint32_t contexts[2] = {1, mix_hash(2, i ? bytes[i - 1] : 0)};

                bytes[i] = (uint8_t)mix_byte(coder, &mixer, contexts, 0, bytes[i]);
        }
        mixer_fini(&mixer);
}

static void test_mix(void)
{
        static uint8_t bytes[BYTES];

        check_promise("what was coded is decoded, and a decoder knows when its bytes were too few");
        for (size_t count = 0; count <= BYTES; count = count * 3 + 1) {
                struct source source = {.at = 0};
                struct mix_coder encoder;
                struct mix_coder decoder;

                check_case("%zu bytes", count);
                memcpy(bytes, plain, count);
                mix_encode_begin(&encoder);
                code_all(&encoder, bytes, count);
                mix_encode_end(&encoder);
                CHECK(!encoder.failed && encoder.out_bytes < count + 8);
                source = (struct source){encoder.out, 0, encoder.out_bytes};
                memset(bytes, 0, count);
                mix_decode_begin(&decoder, next, &source);
                code_all(&decoder, bytes, count);
                CHECK(!decoder.over);
                CHECK_BYTES(bytes, count, plain, count);
                if (count > 100) {
                        source = (struct source){encoder.out, 0, encoder.out_bytes / 2};
                        mix_decode_begin(&decoder, next, &source);
                        code_all(&decoder, bytes, count);
                        CHECK(decoder.over);
                }
                mix_coder_fini(&encoder);
        }
}

int main(void)
{
        struct err err = {0};

        CHECK_RC(crypto_init(&err), RC_OK, &err);
        for (size_t i = 0; i < BYTES; i++)
                plain[i] = (uint8_t)("fingerprints of what packs"[i % 26] + (i * i >> 9) % 3);
        test_round_trips();
        test_prints();
        test_sha3();
        test_mix();
        return check_end();
}
