/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/buf.h"
#include "core/base/fs.h"
#include "delta/apply/code_table.h"
#include "delta/apply/vcdiff.h"
#include "delta/worker/xdelta.h"
#include "tests/lib/check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TARGET_MAX (64 * MIB)

static int fd_of(const void *data, size_t bytes)
{
        const int fd = memfd_create("vcdiff", MFD_CLOEXEC);

        if (fd < 0 || fs_write_all(fd, data, bytes, NULL) != RC_OK)
                exit(1);
        return fd;
}

static enum rc put_buf(void *arg, const void *data, size_t bytes, struct err *err)
{
        buf_append(arg, data, bytes);
        return buf_finish(arg, err);
}

/* Applies into ret. */
static enum rc apply(const void *source, size_t source_bytes, const void *delta, size_t delta_bytes,
                     uint64_t max_bytes, struct buf *ret, struct err *err)
{
        CLEANUP(fs_closep) int source_fd = fd_of(source, source_bytes);
        CLEANUP(fs_closep) int delta_fd = fd_of(delta, delta_bytes);
        uint64_t bytes = 0;
        enum rc rc;

        buf_clear(ret);
        memset(err, 0, sizeof(*err));
        rc = vcdiff_apply_to(source_fd, delta_fd, put_buf, ret, max_bytes, &bytes, err);
        if (rc == RC_OK)
                CHECK_INT(bytes, ret->len);
        return rc;
}

static void test_code_table(void)
{
        static const struct {
                unsigned index;
                struct code code;
        } rows[] = {
                {0, {{{CODE_RUN, 0, 0}, {0, 0, 0}}}},
                {1, {{{CODE_ADD, 0, 0}, {0, 0, 0}}}},
                {2, {{{CODE_ADD, 1, 0}, {0, 0, 0}}}},
                {18, {{{CODE_ADD, 17, 0}, {0, 0, 0}}}},
                {19, {{{CODE_COPY, 0, 0}, {0, 0, 0}}}},
                {20, {{{CODE_COPY, 4, 0}, {0, 0, 0}}}},
                {34, {{{CODE_COPY, 18, 0}, {0, 0, 0}}}},
                {35, {{{CODE_COPY, 0, 1}, {0, 0, 0}}}},
                {50, {{{CODE_COPY, 18, 1}, {0, 0, 0}}}},
                {162, {{{CODE_COPY, 18, 8}, {0, 0, 0}}}},
                {163, {{{CODE_ADD, 1, 0}, {CODE_COPY, 4, 0}}}},
                {174, {{{CODE_ADD, 4, 0}, {CODE_COPY, 6, 0}}}},
                {175, {{{CODE_ADD, 1, 0}, {CODE_COPY, 4, 1}}}},
                {234, {{{CODE_ADD, 4, 0}, {CODE_COPY, 6, 5}}}},
                {235, {{{CODE_ADD, 1, 0}, {CODE_COPY, 4, 6}}}},
                {238, {{{CODE_ADD, 4, 0}, {CODE_COPY, 4, 6}}}},
                {246, {{{CODE_ADD, 4, 0}, {CODE_COPY, 4, 8}}}},
                {247, {{{CODE_COPY, 4, 0}, {CODE_ADD, 1, 0}}}},
                {255, {{{CODE_COPY, 4, 8}, {CODE_ADD, 1, 0}}}},
        };
        struct code table[CODE_COUNT];

        check_promise("the default code table is the one that RFC 3284 prints");
        code_table_init(table);
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                check_case("code %u", rows[i].index);
                CHECK_BYTES(&table[rows[i].index], sizeof(struct code), &rows[i].code,
                            sizeof(struct code));
        }
}

#define MAGIC      "\xd6\xc3\xc4\0\0"
#define TEXT(text) text, sizeof(text) - 1

/* Hand-made deltas over the source "abcdefghijklmnop". want NULL: refused with rc. */
static const struct {
        const char *what;
        const char *delta;
        size_t bytes;
        const char *want;
        enum rc rc;
} made_rows[] = {
        {"the example of RFC 3284, section 3",
         TEXT(MAGIC "\x01\x10\x00\x13\x1c\x00\x05\x06\x03"
                    "wxyzz\x14\x05\x14\x1c\x00\x04\x00\x04\x18"),
         "abcdwxyzefghefghefghefghzzzz", RC_OK},
        {"no window", TEXT(MAGIC), "", RC_OK},
        {"an empty window", TEXT(MAGIC "\x00\x05\x00\x00\x00\x00\x00"), "", RC_OK},
        {"add only", TEXT(MAGIC "\x00\x09\x03\x00\x03\x01\x00xyz\x04"), "xyz", RC_OK},
        {"two windows",
         TEXT(MAGIC "\x00\x07\x01\x00\x01\x01\x00x\x02\x00\x07\x01\x00\x01\x01\x00y\x02"), "xy",
         RC_OK},
        {"a right checksum",
         TEXT(MAGIC "\x04\x0d\x03\x00\x03\x01\x00\x02\xd7\x01\x6c"
                    "xyz\x04"),
         "xyz", RC_OK},
        {"an application header", TEXT("\xd6\xc3\xc4\0\x04\x02hi\x00\x07\x01\x00\x01\x01\x00x\x02"),
         "x", RC_OK},
        {"a copy from the source into the target",
         TEXT(MAGIC "\x01\x04\x00\x07\x08\x00\x00\x01\x01\x18\x02"), "cdcdcdcd", RC_OK},
        {"a copy that overlaps itself", TEXT(MAGIC "\x00\x0a\x07\x00\x01\x03\x01x\x02\x13\x06\x00"),
         "xxxxxxx", RC_OK},
        {"a segment in the middle of the source",
         TEXT(MAGIC "\x01\x04\x0c\x07\x04\x00\x00\x01\x01\x14\x00"), "mnop", RC_OK},
        {"address modes here, near and same",
         TEXT(MAGIC "\x01\x10\x00\x0b\x0c\x00\x00\x03\x03\x24\x34\x74"
                    "\x08\x00\x08"),
         "ijklijklijkl", RC_OK},

        {"nothing at all", TEXT(""), NULL, RC_INVALID},
        {"half a header", TEXT("\xd6\xc3\xc4"), NULL, RC_INVALID},
        {"another format", TEXT("BSDIFF40----"), NULL, RC_INVALID},
        {"a version that is not 0", TEXT("\xd6\xc3\xc4S\0"), NULL, RC_INVALID},
        {"unknown header bits", TEXT("\xd6\xc3\xc4\0\x08"), NULL, RC_INVALID},
        {"a code table of its own", TEXT("\xd6\xc3\xc4\0\x02\x01"), NULL, RC_UNSUPPORTED},
        {"an application header too large", TEXT("\xd6\xc3\xc4\0\x04\x84\x80\x01"), NULL,
         RC_TOO_BIG},
        {"an application header cut", TEXT("\xd6\xc3\xc4\0\x04\x09hi"), NULL, RC_INVALID},
        {"secondary compression, used",
         TEXT("\xd6\xc3\xc4\0\x01\x02\x00\x07\x01\x01\x01\x01\x00x\x02"), NULL, RC_UNSUPPORTED},
        {"secondary compression, named only",
         TEXT("\xd6\xc3\xc4\0\x01\x02\x00\x07\x01\x00\x01\x01\x00x\x02"), "x", RC_OK},
        {"unknown window bits", TEXT(MAGIC "\x08\x05\x00\x00\x00\x00\x00"), NULL, RC_INVALID},
        {"source and target at once", TEXT(MAGIC "\x03\x04\x00\x05\x00\x00\x00\x00\x00"), NULL,
         RC_INVALID},
        {"a target window", TEXT(MAGIC "\x02\x04\x00\x05\x00\x00\x00\x00\x00"), NULL,
         RC_UNSUPPORTED},
        {"unknown section bits", TEXT(MAGIC "\x00\x05\x00\x08\x00\x00\x00"), NULL, RC_INVALID},
        {"a number of eleven digits",
         TEXT(MAGIC "\x00\x81\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"), NULL, RC_INVALID},
        {"a number over 64 bits", TEXT(MAGIC "\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"), NULL,
         RC_INVALID},
        {"a length that does not fit the lengths", TEXT(MAGIC "\x00\x06\x00\x00\x00\x00\x00"), NULL,
         RC_INVALID},
        {"sections beyond the end", TEXT(MAGIC "\x00\x09\x03\x00\x03\x01\x00xy"), NULL, RC_INVALID},
        {"a window over the bound", TEXT(MAGIC "\x00\x09\xa0\x80\x80\x01\x00\x00\x00\x00"), NULL,
         RC_TOO_BIG},
        {"a segment beyond the source", TEXT(MAGIC "\x01\x11\x00\x05\x00\x00\x00\x00\x00"), NULL,
         RC_INVALID},
        {"a segment that begins beyond it", TEXT(MAGIC "\x01\x01\x10\x05\x00\x00\x00\x00\x00"),
         NULL, RC_INVALID},
        {"a segment that wraps",
         TEXT(MAGIC "\x01\x10\x81\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x05\x00\x00\x00\x00\x00"),
         NULL, RC_INVALID},
        {"an instruction beyond the window", TEXT(MAGIC "\x00\x09\x02\x00\x03\x01\x00xyz\x04"),
         NULL, RC_INVALID},
        {"a window not filled", TEXT(MAGIC "\x00\x09\x04\x00\x03\x01\x00xyz\x04"), NULL,
         RC_INVALID},
        {"data left over", TEXT(MAGIC "\x00\x0a\x03\x00\x04\x01\x00xyzz\x04"), NULL, RC_INVALID},
        {"data too short", TEXT(MAGIC "\x00\x08\x03\x00\x02\x01\x00xy\x04"), NULL, RC_INVALID},
        {"addresses left over", TEXT(MAGIC "\x00\x0a\x03\x00\x03\x01\x01xyz\x04\x00"), NULL,
         RC_INVALID},
        {"an address missing", TEXT(MAGIC "\x01\x04\x00\x06\x04\x00\x00\x01\x00\x14"), NULL,
         RC_INVALID},
        {"a size missing", TEXT(MAGIC "\x00\x08\x03\x00\x02\x01\x00xy\x01"), NULL, RC_INVALID},
        {"a copy of what is not there yet",
         TEXT(MAGIC "\x01\x04\x00\x07\x04\x00\x00\x01\x01\x14\x04"), NULL, RC_INVALID},
        {"a copy from before the beginning",
         TEXT(MAGIC "\x01\x04\x00\x07\x04\x00\x00\x01\x01\x24\x05"), NULL, RC_INVALID},
        {"a run without its byte", TEXT(MAGIC "\x00\x07\x04\x00\x00\x02\x00\x00\x04"), NULL,
         RC_INVALID},
        {"a wrong checksum",
         TEXT(MAGIC "\x04\x0d\x03\x00\x03\x01\x00\x02\xd6\x01\x6d"
                    "xyz\x04"),
         NULL, RC_CONFLICT},
};

static void test_made(void)
{
        CLEANUP(buf_fini) struct buf got = BUF_INIT(TARGET_MAX);
        struct err err;

        check_promise("a delta means what RFC 3284 says, or is refused with a reason");
        for (size_t i = 0; i < ARRAY_COUNT(made_rows); i++) {
                enum rc rc;

                check_case("%s", made_rows[i].what);
                rc = apply("abcdefghijklmnop", 16, made_rows[i].delta, made_rows[i].bytes,
                           TARGET_MAX, &got, &err);
                CHECK_RC(rc, made_rows[i].rc, &err);
                if (rc == RC_OK && made_rows[i].want)
                        CHECK_BYTES(got.data, got.len, made_rows[i].want,
                                    strlen(made_rows[i].want));
                else
                        CHECK(err.text[0] != '\0');
        }
}

static void test_target_bound(void)
{
        CLEANUP(buf_fini) struct buf got = BUF_INIT(TARGET_MAX);
        struct err err;

        check_promise("a target over the caller's bound is refused before it is made");
        CHECK_RC(apply("", 0, TEXT(MAGIC "\x00\x09\x03\x00\x03\x01\x00xyz\x04"), 3, &got, &err),
                 RC_OK, &err);
        CHECK_RC(apply("", 0, TEXT(MAGIC "\x00\x09\x03\x00\x03\x01\x00xyz\x04"), 2, &got, &err),
                 RC_TOO_BIG, &err);
        check_case("a run of 60 MB in 14 bytes");
        CHECK_RC(apply("", 0,
                       TEXT(MAGIC "\x00\x0e\x9c\x9c\x9c\x00\x00\x01\x05\x00"
                                  "x\x00\x9c\x9c\x9c\x00"),
                       MIB, &got, &err),
                 RC_TOO_BIG, &err);
        CHECK_INT(got.len, 0);
}

/* ---- pairs made by a seeded generator, encoded by libxdelta ---- */

static uint64_t random_state;

static uint32_t random_next(uint32_t below)
{
        random_state ^= random_state << 13;
        random_state ^= random_state >> 7;
        random_state ^= random_state << 17;
        return below ? (uint32_t)(random_state >> 11) % below : 0;
}

static void fill(uint8_t *data, size_t bytes, unsigned symbols)
{
        for (size_t i = 0; i < bytes; i++)
                data[i] = (uint8_t)random_next(symbols);
}

/* The target is put together from pieces of the source and of itself, new bytes and runs. */
static void mix(const uint8_t *source, size_t source_bytes, uint8_t *target, size_t bytes,
                unsigned symbols)
{
        size_t at = 0;

        while (at < bytes) {
                size_t now = 1 + random_next(1 + random_next(20000));
                const uint32_t kind = random_next(8);

                if (now > bytes - at)
                        now = bytes - at;
                if (kind < 4 && source_bytes) {
                        const size_t from = random_next((uint32_t)source_bytes);

                        now = now < source_bytes - from ? now : source_bytes - from;
                        memcpy(target + at, source + from, now);
                } else if (kind == 4 && at) {
                        const size_t from = random_next((uint32_t)at);

                        for (size_t i = 0; i < now; i++)
                                target[at + i] = target[from + i];
                } else if (kind == 5) {
                        memset(target + at, (int)random_next(256), now);
                } else {
                        now = now < 200 ? now : 200;
                        fill(target + at, now, symbols);
                }
                at += now;
        }
}

struct pair {
        uint8_t *source;
        size_t source_bytes;
        uint8_t *target;
        size_t target_bytes;
        struct buf delta;
};

static void pair_init(struct pair *pair, uint64_t seed, size_t source_bytes, size_t target_bytes,
                      unsigned symbols)
{
        struct err err;
        enum rc rc;

        random_state = seed * 0x9e3779b97f4a7c15u + 1;
        memset(pair, 0, sizeof(*pair));
        pair->delta.max = TARGET_MAX;
        pair->source_bytes = source_bytes;
        pair->target_bytes = target_bytes;
        pair->source = malloc(source_bytes + 1);
        pair->target = malloc(target_bytes + 1);
        if (!pair->source || !pair->target)
                exit(1);
        fill(pair->source, source_bytes, symbols);
        mix(pair->source, source_bytes, pair->target, target_bytes, symbols);
        rc = xdelta_encode((struct bytes_view){pair->source, source_bytes},
                           (struct bytes_view){pair->target, target_bytes}, TARGET_MAX, put_buf,
                           &pair->delta, &err);
        CHECK_RC(rc, RC_OK, &err);
}

static void pair_fini(struct pair *pair)
{
        free(pair->source);
        free(pair->target);
        buf_fini(&pair->delta);
}

static const struct {
        size_t source_bytes;
        size_t target_bytes;
        unsigned symbols;
} shapes[] = {
        {1, 1, 256},           {1, 100, 2},
        {100, 1, 256},         {0, 1000, 4},
        {4096, 4096, 256},     {65536, 70000, 256},
        {65536, 70000, 2},     {200000, 150000, 16},
        {150000, 400000, 256}, {1000000, 900000, 256},
        {300000, 300000, 1},   {131072, 131072, 200},
};

static void test_against_libxdelta(void)
{
        CLEANUP(buf_fini) struct buf got = BUF_INIT(TARGET_MAX);
        struct err err;

        check_promise("what libxdelta encodes is rebuilt, byte for byte");
        for (size_t i = 0; i < ARRAY_COUNT(shapes) * 4; i++) {
                const size_t shape = i % ARRAY_COUNT(shapes);
                CLEANUP(pair_fini) struct pair pair;

                check_case("seed %zu, %zu to %zu bytes, %u symbols", i + 1,
                           shapes[shape].source_bytes, shapes[shape].target_bytes,
                           shapes[shape].symbols);
                pair_init(&pair, i + 1, shapes[shape].source_bytes, shapes[shape].target_bytes,
                          shapes[shape].symbols);
                CHECK_RC(apply(pair.source, pair.source_bytes, pair.delta.data, pair.delta.len,
                               pair.target_bytes, &got, &err),
                         RC_OK, &err);
                CHECK_BYTES(got.data, got.len, pair.target, pair.target_bytes);
                buf_clear(&got);
                CHECK_RC(xdelta_decode(
                                 (struct bytes_view){pair.source, pair.source_bytes},
                                 (struct bytes_view){(uint8_t *)pair.delta.data, pair.delta.len},
                                 pair.target_bytes, put_buf, &got, &err),
                         RC_OK, &err);
                CHECK_BYTES(got.data, got.len, pair.target, pair.target_bytes);
        }
}

/* Several windows, and copies over many blocks of the source. */
static void test_large(void)
{
        CLEANUP(buf_fini) struct buf got = BUF_INIT(TARGET_MAX);
        CLEANUP(pair_fini) struct pair pair;
        CLEANUP(fs_closep) int delta_fd = -1;
        struct vcdiff_info info;
        struct err err;

        check_promise("windows and blocks of the source join without a seam");
        pair_init(&pair, 99, 12 * MIB, 18 * MIB, 256);
        CHECK_RC(apply(pair.source, pair.source_bytes, pair.delta.data, pair.delta.len,
                       pair.target_bytes, &got, &err),
                 RC_OK, &err);
        CHECK_BYTES(got.data, got.len, pair.target, pair.target_bytes);

        check_promise("the headers tell sizes without applying");
        delta_fd = fd_of(pair.delta.data, pair.delta.len);
        CHECK_RC(vcdiff_info(delta_fd, &info, &err), RC_OK, &err);
        CHECK_INT(info.target_bytes, pair.target_bytes);
        CHECK_INT(info.windows, 3);
        CHECK_INT(info.max_window_bytes, 8 * MIB);
        CHECK(info.source_bytes <= pair.source_bytes);
        CHECK(info.checksums && !info.secondary && !info.secondary_used && !info.has_app_header);
}

static void test_wrong_source(void)
{
        CLEANUP(buf_fini) struct buf got = BUF_INIT(TARGET_MAX);
        CLEANUP(pair_fini) struct pair pair;
        struct err err;
        enum rc rc;

        check_promise("another source never gives a target");
        pair_init(&pair, 5, 65536, 70000, 256);
        for (size_t at = 0; at < pair.source_bytes; at += 4001) {
                pair.source[at] ^= 0x10;
                rc = apply(pair.source, pair.source_bytes, pair.delta.data, pair.delta.len,
                           TARGET_MAX, &got, &err);
                pair.source[at] ^= 0x10;
                check_case("byte %zu", at);
                CHECK(rc == RC_CONFLICT ||
                      (rc == RC_OK && !memcmp(got.data, pair.target, pair.target_bytes)));
        }
        check_case("a shorter one");
        CHECK_RC(apply(pair.source, 100, pair.delta.data, pair.delta.len, TARGET_MAX, &got, &err),
                 RC_INVALID, &err);
}

static void test_damaged(void)
{
        CLEANUP(buf_fini) struct buf got = BUF_INIT(TARGET_MAX);
        CLEANUP(pair_fini) struct pair pair;
        struct err err;
        size_t refused = 0;
        enum rc rc;

        pair_init(&pair, 7, 20000, 20000, 256);
        check_promise("a delta cut anywhere is refused");
        for (size_t bytes = 6; bytes < pair.delta.len; bytes++) {
                check_case("%zu of %zu bytes", bytes, pair.delta.len);
                CHECK_RC(apply(pair.source, pair.source_bytes, pair.delta.data, bytes,
                               pair.target_bytes, &got, &err),
                         RC_INVALID, &err);
        }
        check_promise("a delta with a bit turned gives an error or the same target");
        for (size_t bit = 0; bit < pair.delta.len * 8; bit++) {
                pair.delta.data[bit / 8] ^= (char)(1 << bit % 8);
                rc = apply(pair.source, pair.source_bytes, pair.delta.data, pair.delta.len,
                           pair.target_bytes, &got, &err);
                pair.delta.data[bit / 8] ^= (char)(1 << bit % 8);
                refused += rc != RC_OK;
                if (rc != RC_OK && !rc_is_fault(rc))
                        continue;
                /* An indicator bit can switch the checksum off, never what it covers. */
                check_case("bit %zu: %s %s", bit, rc_name(rc), err.text);
                CHECK(rc == RC_OK);
                CHECK_BYTES(got.data, got.len, pair.target, pair.target_bytes);
        }
        check_case("most are refused");
        CHECK(refused >= pair.delta.len * 8 - 8);
}

static enum rc put_refuse(void *arg, const void *data, size_t bytes, struct err *err)
{
        (void)arg, (void)data, (void)bytes;
        return err_set(err, RC_NOSPACE, "full");
}

static void test_put_fails(void)
{
        CLEANUP(fs_closep) int source_fd = fd_of("", 0);
        CLEANUP(fs_closep)
        int delta_fd = fd_of(TEXT(MAGIC "\x00\x09\x03\x00\x03\x01\x00xyz\x04"));
        CLEANUP(fs_closep) int full_fd = -1;
        uint64_t bytes = 77;
        struct err err;

        check_promise("what the taker says ends the run, and nothing is returned");
        CHECK_RC(vcdiff_apply_to(source_fd, delta_fd, put_refuse, NULL, 10, &bytes, &err),
                 RC_NOSPACE, &err);
        CHECK_INT(bytes, 77);
        check_case("a full disk");
        CHECK_RC(fs_open("/dev/full", 1, 0, &full_fd, &err), RC_OK, &err);
        CHECK_RC(vcdiff_apply(source_fd, delta_fd, full_fd, 10, &bytes, &err), RC_NOSPACE, &err);
        check_case("a source that is no file");
        CHECK_RC(vcdiff_apply(full_fd, delta_fd, full_fd, 10, &bytes, &err), RC_INVALID, &err);
        check_case("descriptors that are none");
        CHECK_RC(vcdiff_apply(source_fd, -1, full_fd, 10, &bytes, &err), RC_IO, &err);
}

int main(void)
{
        test_code_table();
        test_made();
        test_target_bound();
        test_against_libxdelta();
        test_large();
        test_wrong_source();
        test_damaged();
        test_put_fails();
        return check_end();
}
