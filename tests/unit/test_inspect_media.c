/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures built piece by piece, and broken the same way. */
#include "core/base/buf.h"
#include "delta/worker/inspect_media.h"
#include "tests/lib/check.h"
#include <stdlib.h>
#include <string.h>

/* --- PNG --- */

static uint32_t crc_of(const char *data, size_t bytes)
{
        uint32_t crc = 0xffffffff;

        for (size_t i = 0; i < bytes; i++) {
                crc ^= (uint8_t)data[i];
                for (int bit = 0; bit < 8; bit++)
                        crc = crc & 1 ? 0xedb88320 ^ (crc >> 1) : crc >> 1;
        }
        return ~crc;
}

static void u32_put(struct buf *out, uint32_t number)
{
        for (int shift = 24; shift >= 0; shift -= 8)
                buf_char(out, (char)(number >> shift));
}

static void chunk_put(struct buf *out, const char *type, const void *data, size_t bytes)
{
        const size_t begin = out->len + 4;

        u32_put(out, (uint32_t)bytes);
        buf_text(out, type);
        buf_append(out, data, bytes);
        u32_put(out, crc_of(out->data + begin, out->len - begin));
}

static void header_put(struct buf *out, uint32_t width, uint32_t height, const char *rest)
{
        char data[13];

        for (int i = 0; i < 4; i++) {
                data[i] = (char)(width >> (24 - 8 * i));
                data[4 + i] = (char)(height >> (24 - 8 * i));
        }
        memcpy(data + 8, rest, 5);
        chunk_put(out, "IHDR", data, sizeof(data));
}

/* What a PNG is made of, one letter a piece. */
struct recipe {
        const char *name;
        const char *pieces;
        uint32_t width;
        uint32_t height;
        const char *code; /* NULL: a picture */
};

#define PIXELS      "\x78\x9c\x63\xf8\xcf\xc0\x00\x00\x03\x01\x01\x00"
#define PIXELS_SIZE (sizeof(PIXELS) - 1)

static const char much[70000];

/* Depth, colour, packing, filter, interlacing. */
static const struct {
        char piece;
        const char *rest;
} headers[] = {
        {'H', "\x08\x02\0\0\0"},   /* RGB */
        {'P', "\x08\x03\0\0\0"},   /* a palette */
        {'0', "\x03\x02\0\0\0"},   /* there is no depth 3 */
        {'1', "\x08\x05\0\0\0"},   /* nor colour 5 */
        {'2', "\x08\x02\0\0\x02"}, /* nor interlacing 2 */
        {'3', "\x08\xc8\0\0\0"},   /* colour 200: no table may be read there */
};

#define CHUNK(piece, type, data)                                                                   \
        {                                                                                          \
                piece, type, data, sizeof(data) - 1                                                \
        }

static const struct {
        char piece;
        const char *type;
        const char *data;
        size_t bytes;
} chunks[] = {
        CHUNK('I', "IDAT", PIXELS),
        CHUNK('i', "IDAT", "PK\x03\x04 a zip file"),
        CHUNK('e', "IDAT", ""),
        {'B', "IDAT", much, 65000}, /* more than the picture has pixels */
        CHUNK('L', "PLTE", "rgbRGB"),
        CHUNK('l', "PLTE", "rgbR"),
        CHUNK('t', "tEXt", "Software\0x"),
        {'T', "tEXt", much, sizeof(much)},
        CHUNK('A', "acTL", "\0\0\0\2\0\0\0\0"),
        CHUNK('F', "fdAT", "\0\0\0\2\0\0\0\0"),
        CHUNK('X', "XXXX", "?"),
        CHUNK('r', "texT", "?"), /* the third letter is reserved */
        CHUNK('n', "a\001CD", "?"),
        CHUNK('E', "IEND", ""),
        CHUNK('f', "IEND", "?"),
};

/* What is no chunk; false: there is no such piece. */
static bool odd_put(struct buf *out, char piece)
{
        switch (piece) {
        case 'S':
                buf_append(out, "\x89PNG\r\n\x1a\n", 8);
                return true;
        case 'c': /* a byte of the last chunk's content changed */
                out->data[out->len - 5] ^= 1;
                return true;
        case 'z':
                buf_append(out, "PK\x05\x06", 4);
                return true;
        case '-': /* one byte is missing */
                out->len--;
                return true;
        case '+': /* a chunk that claims 2^31 - 1 bytes */
                buf_append(out, "\x7f\xff\xff\xfftEXt", 8);
                return true;
        case '*': /* and one of 2^32 - 1 */
                buf_append(out, "\xff\xff\xff\xfftEXt1234567890", 18);
                return true;
        default:
                return false;
        }
}

static void piece_put(struct buf *out, char piece, const struct recipe *recipe)
{
        for (size_t i = 0; i < ARRAY_COUNT(headers); i++) {
                if (headers[i].piece == piece) {
                        header_put(out, recipe->width, recipe->height, headers[i].rest);
                        return;
                }
        }
        for (size_t i = 0; i < ARRAY_COUNT(chunks); i++) {
                if (chunks[i].piece == piece) {
                        chunk_put(out, chunks[i].type, chunks[i].data, chunks[i].bytes);
                        return;
                }
        }
        if (!odd_put(out, piece))
                abort();
}

static const struct recipe png_rows[] = {
        {"a picture", "SHIE", 64, 32, NULL},
        {"text and many parts", "SHtIItE", 64, 32, NULL},
        {"a palette", "SPLIE", 64, 32, NULL},
        {"empty parts among others", "SHeIeE", 64, 32, NULL},
        {"the largest size, as few bytes can hold", "SPLIBE", 4096, 4096, NULL},
        {"nothing", "", 1, 1, "media-kind"},
        {"only the mark", "S", 1, 1, "media-truncated"},
        {"no end", "SHI", 64, 32, "media-truncated"},
        {"cut in the end", "SHIE-", 64, 32, "media-truncated"},
        {"cut in the pixels", "SHI---", 64, 32, "media-truncated"},
        {"a length beyond the file", "SHI+", 64, 32, "media-truncated"},
        {"a length that wraps around", "SHI*", 64, 32, "media-truncated"},
        {"a wrong checksum", "SHIcE", 64, 32, "media-crc"},
        {"a wrong checksum of text", "SHtcIE", 64, 32, "media-crc"},
        {"a wrong checksum of the header", "SHcIE", 64, 32, "media-crc"},
        {"no header", "SIE", 64, 32, "media-chunk"},
        {"the header twice", "SHHIE", 64, 32, "media-chunk"},
        {"something before the header", "StHIE", 64, 32, "media-chunk"},
        {"no pixels", "SHE", 64, 32, "media-truncated"},
        {"pixels that begin with zeros", "SHBE", 64, 32, "media-chunk"},
        {"empty pixels", "SHeE", 64, 32, "media-truncated"},
        {"pixels that are a zip file", "SHiE", 64, 32, "media-chunk"},
        {"pixels in two places", "SHItIE", 64, 32, "media-chunk"},
        {"the palette is missing", "SPIE", 64, 32, "media-chunk"},
        {"the palette twice", "SPLLIE", 64, 32, "media-chunk"},
        {"the palette too late", "SPILE", 64, 32, "media-chunk"},
        {"half a colour", "SPlIE", 64, 32, "media-chunk"},
        {"a depth that is none", "S0IE", 64, 32, "media-chunk"},
        {"a colour that is none", "S1IE", 64, 32, "media-chunk"},
        {"a colour far away", "S3IE", 64, 32, "media-chunk"},
        {"an interlacing that is none", "S2IE", 64, 32, "media-chunk"},
        {"no width", "SHIE", 0, 32, "media-dimensions"},
        {"no height", "SHIE", 64, 0, "media-dimensions"},
        {"2^31 wide", "SHIE", 0x80000000, 1, "media-dimensions"},
        {"2^32 - 1 each way", "SHIE", 0xffffffff, 0xffffffff, "media-dimensions"},
        {"one too high", "SHIE", 1, 4097, "media-dimensions"},
        {"more pixels than the bytes can hold", "SHIE", 4096, 4096, "media-truncated"},
        {"it moves", "SHAIE", 64, 32, "media-animated"},
        {"it moves later", "SHIFE", 64, 32, "media-animated"},
        {"an unknown chunk that counts", "SHXIE", 64, 32, "media-chunk"},
        {"the reserved letter", "SHrIE", 64, 32, "media-chunk"},
        {"a type of no letters", "SHnIE", 64, 32, "media-chunk"},
        {"too much text", "SHTIE", 64, 32, "media-chunk"},
        {"a zip file behind", "SHIEz", 64, 32, "media-trailing"},
        {"another picture behind", "SHIESHIE", 64, 32, "media-trailing"},
        {"an end that holds something", "SHIf", 64, 32, "media-trailing"},
};

static void check_one(const char *name, const struct buf *file, const char *code,
                      struct media_info want)
{
        /* Of exactly its size: a sanitizer sees a step past the end. */
        uint8_t *exact = malloc(file->len ? file->len : 1);
        struct media_info info = {.width = 0};
        struct err err = {.code = ""};

        if (!exact)
                abort();
        if (file->len)
                memcpy(exact, file->data, file->len);
        check_case("%s", name);
        CHECK_RC(inspect_media(exact, file->len, &info, &err), code ? RC_INVALID : RC_OK, &err);
        CHECK_TEXT(err.code, code ? code : "");
        CHECK_INT(info.width, code ? 0 : want.width);
        CHECK_INT(info.height, code ? 0 : want.height);
        CHECK_INT(info.format, code ? 0 : want.format);
        free(exact);
}

static void test_png(void)
{
        check_promise("a PNG is judged by its structure, and what is not one whole picture is not "
                      "taken");
        for (size_t i = 0; i < ARRAY_COUNT(png_rows); i++) {
                CLEANUP(buf_fini) struct buf file = BUF_INIT(MIB);
                const struct recipe *row = &png_rows[i];

                for (const char *piece = row->pieces; *piece; piece++)
                        piece_put(&file, *piece, row);
                check_one(row->name, &file, row->code,
                          (struct media_info){MEDIA_PNG, row->width, row->height});
        }
}

/* --- JPEG --- */

#define APP0  "\xff\xe0\x00\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
#define DQT   "\xff\xdb\x00\x05\0\x01\x01"
#define SOF   "\xff\xc0\x00\x11\x08\x00\x20\x00\x40\x03\x01\x22\0\x02\x11\x01\x03\x11\x01"
#define SOF2  "\xff\xc2\x00\x0b\x08\x00\x20\x00\x40\x01\x01\x11\0"
#define DHT   "\xff\xc4\x00\x05\0\x01\x01"
#define SOS   "\xff\xda\x00\x0c\x03\x01\0\x02\x11\x03\x11\0\x3f\0"
#define SOS1  "\xff\xda\x00\x08\x01\x01\0\0\x3f\0"
#define SCAN  "\x12\x34\xff\x00\xff\xd0\x56"
#define START "\xff\xd8"
#define END   "\xff\xd9"

#define ROW(name, text, code)                                                                      \
        {                                                                                          \
                name, text, sizeof(text) - 1, code                                                 \
        }

static const struct {
        const char *name;
        const char *text;
        size_t bytes;
        const char *code;
} jpeg_rows[] = {
        ROW("a picture", START APP0 DQT SOF DHT SOS SCAN END, NULL),
        ROW("a progressive one", START DQT SOF2 DHT SOS1 SCAN DHT SOS1 SCAN END, NULL),
        ROW("filled between", START "\xff\xff" DQT SOF DHT SOS SCAN "\xff\xff" END, NULL),
        ROW("a comment", START "\xff\xfe\x00\x04<b" DQT SOF DHT SOS SCAN END, NULL),
        ROW("restarts", START "\xff\xdd\x00\x04\x00\x10" SOF SOS SCAN END, NULL),
        ROW("only the mark", START "\xff", "media-truncated"),
        ROW("nothing inside", START END, "media-truncated"),
        ROW("no scan", START DQT SOF DHT END, "media-truncated"),
        ROW("no end", START DQT SOF DHT SOS SCAN, "media-truncated"),
        ROW("cut in the end", START DQT SOF DHT SOS SCAN "\xff", "media-truncated"),
        ROW("cut in a length", START "\xff\xe0\x00", "media-truncated"),
        ROW("a length beyond the file", START "\xff\xe0\xff\xffJFIF", "media-truncated"),
        ROW("a length of 0", START "\xff\xe0\x00\x00" SOF SOS SCAN END, "media-chunk"),
        ROW("a length of 1", START "\xff\xe0\x00\x01" SOF SOS SCAN END, "media-chunk"),
        ROW("no marker after a segment", START DQT "x" SOF SOS SCAN END, "media-chunk"),
        ROW("a scan before the frame", START DQT SOS SCAN SOF END, "media-chunk"),
        ROW("two frames", START SOF SOF SOS SCAN END, "media-chunk"),
        ROW("another start inside", START START SOF SOS SCAN END, "media-truncated"),
        ROW("a frame of 12 bits",
            START "\xff\xc1\x00\x0b\x0c\x00\x20\x00\x40\x01\x01\x11\0" SOS1 SCAN END,
            "media-chunk"),
        ROW("a lossless frame",
            START "\xff\xc3\x00\x0b\x08\x00\x20\x00\x40\x01\x01\x11\0" SOS1 SCAN END,
            "media-chunk"),
        ROW("an arithmetic frame",
            START "\xff\xc9\x00\x0b\x08\x00\x20\x00\x40\x01\x01\x11\0" SOS1 SCAN END,
            "media-chunk"),
        ROW("four colours",
            START
            "\xff\xc0\x00\x14\x08\x00\x20\x00\x40\x04\x01\x11\0\x02\x11\0\x03\x11\0\x04\x11\0" SOS
                    SCAN END,
            "media-chunk"),
        ROW("a frame shorter than its colours",
            START "\xff\xc0\x00\x0b\x08\x00\x20\x00\x40\x03\x01\x11\0" SOS SCAN END, "media-chunk"),
        ROW("no sampling", START "\xff\xc0\x00\x0b\x08\x00\x20\x00\x40\x01\x01\x01\0" SOS1 SCAN END,
            "media-chunk"),
        ROW("no height: it would come later",
            START "\xff\xc0\x00\x0b\x08\x00\x00\x00\x40\x01\x01\x11\0" SOS1 SCAN END,
            "media-dimensions"),
        ROW("65535 each way",
            START "\xff\xc0\x00\x0b\x08\xff\xff\xff\xff\x01\x01\x11\0" SOS1 SCAN END,
            "media-dimensions"),
        ROW("a scan of four colours",
            START SOF "\xff\xda\x00\x0e\x04\x01\0\x02\x11\x03\x11\x04\0\0\x3f\0" SCAN END,
            "media-chunk"),
        ROW("a scan of no colour", START SOF "\xff\xda\x00\x06\x00\0\x3f\0" SCAN END,
            "media-chunk"),
        ROW("an empty scan", START SOF SOS END, "media-chunk"),
        ROW("a height afterwards", START SOF SOS SCAN "\xff\xdc\x00\x04\x00\x20" END,
            "media-chunk"),
        ROW("a zip file behind", START SOF SOS SCAN END "PK\x05\x06", "media-trailing"),
        ROW("another picture behind", START SOF SOS SCAN END START SOF SOS SCAN END,
            "media-trailing"),
        ROW("a GIF", "GIF89a\x01\x00\x01\x00", "media-kind"),
        ROW("an SVG", "<svg xmlns='http://www.w3.org/2000/svg'/>", "media-kind"),
        ROW("a WebP", "RIFF\x10\0\0\0WEBPVP8 ", "media-kind"),
        ROW("half a mark", "\xff\xd8", "media-kind"),
};

static void test_jpeg(void)
{
        check_promise(
                "a JPEG is judged segment by segment, and what is not one whole picture is not "
                "taken");
        for (size_t i = 0; i < ARRAY_COUNT(jpeg_rows); i++) {
                CLEANUP(buf_fini) struct buf file = BUF_INIT(MIB);

                buf_append(&file, jpeg_rows[i].text, jpeg_rows[i].bytes);
                check_one(jpeg_rows[i].name, &file, jpeg_rows[i].code,
                          (struct media_info){MEDIA_JPEG, 64, 32});
        }
}

static void test_scans(void)
{
        check_promise("a JPEG that is painted again and again is not taken");
        for (unsigned scans = 32; scans <= 33; scans++) {
                CLEANUP(buf_fini) struct buf file = BUF_INIT(MIB);

                buf_append(&file, START SOF2, sizeof(START SOF2) - 1);
                for (unsigned i = 0; i < scans; i++)
                        buf_append(&file, SOS1 SCAN, sizeof(SOS1 SCAN) - 1);
                buf_append(&file, END, 2);
                check_one(scans == 32 ? "32 scans" : "33 scans", &file,
                          scans == 32 ? NULL : "media-chunk",
                          (struct media_info){MEDIA_JPEG, 64, 32});
        }
}

/* Every shorter file, and every file with one byte changed: an answer, and no step outside. */
static void test_every_damage(void)
{
        CLEANUP(buf_fini) struct buf png = BUF_INIT(MIB);
        CLEANUP(buf_fini) struct buf jpeg = BUF_INIT(MIB);
        const struct recipe recipe = {.width = 64, .height = 32};
        struct buf *const files[] = {&png, &jpeg};

        for (const char *piece = "SHtIE"; *piece; piece++)
                piece_put(&png, *piece, &recipe);
        buf_append(&jpeg, START APP0 DQT SOF DHT SOS SCAN END,
                   sizeof(START APP0 DQT SOF DHT SOS SCAN END) - 1);
        check_promise("no cut file is a picture, and a PNG with any byte changed is none");
        for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
                for (size_t bytes = 0; bytes < files[i]->len; bytes++) {
                        const struct buf part = {.data = files[i]->data, .len = bytes};
                        struct media_info info;
                        struct err err;

                        check_case("file %zu cut to %zu bytes", i, bytes);
                        CHECK_RC(inspect_media((const uint8_t *)part.data, part.len, &info, &err),
                                 RC_INVALID, &err);
                }
        }
        for (size_t at = 0; at < png.len; at++) {
                struct media_info info;
                struct err err;

                png.data[at] ^= 0x20;
                check_case("byte %zu changed", at);
                CHECK_RC(inspect_media((const uint8_t *)png.data, png.len, &info, &err), RC_INVALID,
                         &err);
                png.data[at] ^= 0x20;
        }
}

int main(void)
{
        test_png();
        test_jpeg();
        test_scans();
        test_every_damage();
        return check_end();
}
