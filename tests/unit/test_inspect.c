/* SPDX-License-Identifier: Apache-2.0 */
/* Images are made by mksquashfs while the test runs, and then damaged byte by byte. */
#include "core/base/clock.h"
#include "core/base/fs.h"
#include "delta/worker/inspect.h"
#include "delta/worker/squash.h"
#include "tests/lib/check.h"
#include "tests/lib/scratch.h"
#include <fcntl.h>
#include <sqfs/super.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define IMAGE_MAX (4 * MIB)
#define SLOW_USEC (5 * USEC_PER_SEC) /* what no image may take, sanitizers and all */
#define SNAP_YAML "name: foo\nversion: '1'\nsummary: s\ndescription: d\n"

static char folder[64];

static const char *path_of(const char *name)
{
        static char path[4][256];
        static unsigned turn;
        char *text = path[turn++ % 4];

        snprintf(text, sizeof(path[0]), "%s/%s", folder, name);
        return text;
}

static void write_file(const char *name, const void *data, size_t bytes)
{
        struct err err;

        if (fs_write_file(path_of(name), data, bytes, 0644, &err) != RC_OK) {
                printf("cannot write %s: %s\n", name, err.text);
                exit(1);
        }
}

static void make_dirs(const char *name)
{
        struct err err;

        if (fs_make_dirs(path_of(name), 0755, &err) != RC_OK)
                exit(1);
}

struct image {
        char *data;
        size_t bytes;
};

static void image_fini(struct image *image)
{
        free(image->data);
}

/* Packs the folder name with more options. */
static struct image pack(const char *name, const char *const *options)
{
        const char *words[20] = {"mksquashfs", path_of(name), path_of("out.snap"),
                                 "-noappend",  "-all-root",   "-no-xattrs",
                                 "-quiet",     "-no-progress"};
        struct image image = {NULL, 0};
        struct err err;
        size_t count = 8;

        while (options && *options)
                words[count++] = *options++;
        scratch_run(words);
        if (fs_read_file(words[2], IMAGE_MAX, &image.data, &image.bytes, &err) != RC_OK) {
                printf("cannot read an image: %s\n", err.text);
                exit(1);
        }
        return image;
}

static int fd_of(const void *data, size_t bytes)
{
        const int fd = memfd_create("image", MFD_CLOEXEC);

        if (fd < 0 || fs_write_all(fd, data, bytes, NULL) != RC_OK)
                exit(1);
        return fd;
}

struct result {
        enum rc rc;
        struct err err;
        char name[64];
        char compression[16];
        usec_t usec;
};

static struct result inspect(const void *data, size_t bytes)
{
        CLEANUP(fs_closep) int fd = fd_of(data, bytes);
        CLEANUP(arena_freep) struct arena *arena = arena_new(16 * MIB);
        const usec_t begin = clock_uptime();
        struct package_info info = {.name = ""};
        struct result result;

        memset(&result, 0, sizeof(result));
        result.rc = inspect_package(fd, arena, &info, &result.err);
        result.usec = clock_uptime() - begin;
        if (result.rc == RC_OK) {
                snprintf(result.name, sizeof(result.name), "%s", info.name);
                snprintf(result.compression, sizeof(result.compression), "%s", info.compression);
        }
        return result;
}

static void make_tree(void)
{
        char filler[40000];
        unsigned seed = 7;

        for (size_t i = 0; i < sizeof(filler); i++) {
                seed = seed * 1103515245 + 12345;
                filler[i] = (char)(seed >> 16 & 0x1f) + 'A';
        }
        make_dirs("tree/meta/gui");
        make_dirs("tree/bin");
        write_file("tree/meta/snap.yaml", SNAP_YAML, sizeof(SNAP_YAML) - 1);
        write_file("tree/meta/zz", "x", 1);
        write_file("tree/bin/tool", filler, sizeof(filler));
}

static void test_compressors(void)
{
        static const char *const rows[][6] = {
                {"-comp", "xz"},
                {"-comp", "xz", "-Xbcj", "x86"},
                {"-comp", "xz", "-Xdict-size", "100%"},
                {"-comp", "gzip"},
                {"-comp", "lzo"},
                {"-comp", "lzo", "-Xalgorithm", "lzo1x_1"},
                {"-comp", "zstd"},
                {"-comp", "lz4"},
                {"-comp", "xz", "-no-fragments"},
                {"-comp", "gzip", "-noI", "-noD", "-noF"},
                {"-comp", "xz", "-b", "4K"},
                {"-comp", "xz", "-b", "1M"},
                {"-comp", "xz", "-no-exports"},
                {"-comp", "lzo", "-nopad"},
        };

        check_promise("a snap is read whatever it was packed with");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                CLEANUP(image_fini) struct image image = pack("tree", rows[i]);
                const struct result result = inspect(image.data, image.bytes);

                check_case("%s %s %s", rows[i][1], rows[i][2] ? rows[i][2] : "",
                           rows[i][3] ? rows[i][3] : "");
                CHECK_RC(result.rc, RC_OK, &result.err);
                CHECK_TEXT(result.name, "foo");
                CHECK_TEXT(result.compression, rows[i][1]);
        }
}

static void check_tree(const char *name, const char *code)
{
        CLEANUP(image_fini) struct image image = pack(name, NULL);
        const struct result result = inspect(image.data, image.bytes);

        check_case("%s", name);
        CHECK_RC(result.rc, RC_INVALID, &result.err);
        CHECK_TEXT(result.err.code, code);
        CHECK(result.err.text[0] != '\0');
}

static void test_trees(void)
{
        static char big[SNAP_YAML_MAX + 1];

        check_promise("a snap.yaml that is absent, too large or no file is refused by name");
        make_dirs("empty");
        check_tree("empty", "snap-yaml-missing");
        make_dirs("noyaml/meta");
        check_tree("noyaml", "snap-yaml-missing");
        make_dirs("metafile");
        write_file("metafile/meta", "x", 1);
        check_tree("metafile", "squashfs-kind");
        make_dirs("yamldir/meta/snap.yaml");
        check_tree("yamldir", "squashfs-kind");
        make_dirs("yamllink/meta");
        CHECK(symlink("/etc/passwd", path_of("yamllink/meta/snap.yaml")) == 0);
        check_tree("yamllink", "squashfs-kind");
        make_dirs("metalink");
        CHECK(symlink("bin", path_of("metalink/meta")) == 0);
        check_tree("metalink", "squashfs-kind");
        make_dirs("big/meta");
        write_file("big/meta/snap.yaml", big, sizeof(big));
        check_tree("big", "squashfs-file-size");
        make_dirs("zeros/meta");
        write_file("zeros/meta/snap.yaml", big, 20000);
        check_tree("zeros", "yaml-encoding");
        make_dirs("none/meta");
        write_file("none/meta/snap.yaml", "", 0);
        check_tree("none", "yaml-empty");
}

/* One field of the superblock set to a value. */
static const struct {
        const char *what;
        size_t offset;
        size_t bytes;
        uint64_t value;
        const char *code;
} super_rows[] = {
#define SUPER(field, value, code)                                                                  \
        {                                                                                          \
#field, offsetof(struct sqfs_super_t, field),                                      \
                        sizeof(((struct sqfs_super_t *)NULL)->field), value, code                  \
        }
        SUPER(magic, 0x68737173, "squashfs-magic"),
        SUPER(version_major, 3, "squashfs-version"),
        SUPER(version_minor, 1, "squashfs-version"),
        SUPER(block_size, 0, "squashfs-block-size"),
        SUPER(block_size, 2048, "squashfs-block-size"),
        SUPER(block_size, 5000, "squashfs-block-size"),
        SUPER(block_size, 0x200000, "squashfs-block-size"),
        SUPER(block_log, 12, "squashfs-block-size"),
        SUPER(block_log, 65535, "squashfs-block-size"),
        SUPER(compression_id, 0, "squashfs-compressor"),
        SUPER(compression_id, 7, "squashfs-compressor"),
        SUPER(compression_id, 65535, "squashfs-compressor"),
        SUPER(compression_id, 1, "squashfs-corrupt"), /* it is xz */
        SUPER(compression_id, 3, "squashfs-corrupt"),
        SUPER(compression_id, 5, "squashfs-corrupt"),
        SUPER(compression_id, 6, "squashfs-corrupt"),
        SUPER(bytes_used, UINT64_MAX, "squashfs-truncated"),
        SUPER(bytes_used, 1 << 30, "squashfs-truncated"),
        SUPER(bytes_used, 0, "squashfs-corrupt"),
        SUPER(bytes_used, 96, "squashfs-corrupt"),
        SUPER(inode_count, 0, "squashfs-corrupt"),
        SUPER(inode_count, UINT32_MAX, "squashfs-corrupt"),
        SUPER(inode_count, 5000, "squashfs-corrupt"),
        SUPER(id_count, 0, "squashfs-corrupt"),
        SUPER(id_count, 65535, "squashfs-corrupt"),
        SUPER(fragment_entry_count, UINT32_MAX, "squashfs-table"),
        SUPER(fragment_entry_count, 10000, "squashfs-corrupt"),
        SUPER(fragment_entry_count, 0, "squashfs-corrupt"),
        SUPER(fragment_table_start, UINT64_MAX, "squashfs-corrupt"),
        SUPER(fragment_table_start, 0, "squashfs-corrupt"),
        SUPER(id_table_start, 0, "squashfs-corrupt"),
        SUPER(id_table_start, UINT64_MAX, "squashfs-corrupt"),
        SUPER(id_table_start, UINT64_MAX - 1, "squashfs-corrupt"),
        SUPER(export_table_start, 5, "squashfs-corrupt"),
        SUPER(xattr_id_table_start, 5, "squashfs-corrupt"),
        SUPER(inode_table_start, 0, "squashfs-corrupt"),
        SUPER(inode_table_start, UINT64_MAX, "squashfs-corrupt"),
        SUPER(directory_table_start, 0, "squashfs-corrupt"),
        SUPER(directory_table_start, UINT64_MAX, "squashfs-corrupt"),
        SUPER(root_inode_ref, UINT64_MAX, "squashfs-corrupt"),
        SUPER(root_inode_ref, (uint64_t)UINT32_MAX << 16, "squashfs-corrupt"),
        SUPER(root_inode_ref, 0xffff, "squashfs-corrupt"),
};

static void test_superblock(void)
{
        CLEANUP(image_fini)
        struct image image = pack("tree", (const char *[]){"-comp", "xz", NULL});

        check_promise("a superblock that lies is refused before it is believed");
        for (size_t i = 0; i < ARRAY_COUNT(super_rows); i++) {
                char kept[8];
                struct result result;

                check_case("%s = %llu", super_rows[i].what,
                           (unsigned long long)super_rows[i].value);
                memcpy(kept, image.data + super_rows[i].offset, super_rows[i].bytes);
                memcpy(image.data + super_rows[i].offset, &super_rows[i].value,
                       super_rows[i].bytes);
                result = inspect(image.data, image.bytes);
                memcpy(image.data + super_rows[i].offset, kept, super_rows[i].bytes);
                CHECK_RC(result.rc, RC_INVALID, &result.err);
                CHECK_TEXT(result.err.code, super_rows[i].code);
        }
        CHECK_RC(inspect(image.data, image.bytes).rc, RC_OK, NULL);
}

static void test_truncated(void)
{
        CLEANUP(image_fini) struct image image = pack("tree", NULL);
        struct sqfs_super_t super;

        check_promise("a truncated image is refused, wherever it was cut");
        memcpy(&super, image.data, sizeof(super));
        for (size_t bytes = 0; bytes < super.bytes_used; bytes += bytes < 200 ? 1 : 37) {
                const struct result result = inspect(image.data, bytes);

                check_case("%zu of %zu bytes", bytes, (size_t)super.bytes_used);
                CHECK_RC(result.rc, RC_INVALID, &result.err);
                CHECK_TEXT(result.err.code,
                           bytes < sizeof(super) ? "squashfs-magic" : "squashfs-truncated");
        }
        check_case("without the padding");
        CHECK_RC(inspect(image.data, super.bytes_used).rc, RC_OK, NULL);
}

/* Every byte of the metadata replaced by several others. Unpacked tables let each one count. */
static void test_damaged(const char *const *options)
{
        static const unsigned char masks[] = {0x01, 0x80, 0xff};
        CLEANUP(image_fini) struct image image = pack("tree", options);
        struct sqfs_super_t super;
        unsigned long refused = 0;
        unsigned long ran = 0;

        check_promise("a damaged image is read or refused, soon, without a crash");
        memcpy(&super, image.data, sizeof(super));
        for (size_t at = 0; at < super.bytes_used; at++) {
                if (at == sizeof(super))
                        at = super.inode_table_start;
                for (size_t i = 0; i < ARRAY_COUNT(masks); i++) {
                        struct result result;

                        image.data[at] ^= (char)masks[i];
                        result = inspect(image.data, image.bytes);
                        image.data[at] ^= (char)masks[i];
                        ran++;
                        refused += result.rc == RC_INVALID;
                        if (result.rc != RC_INVALID && result.rc != RC_OK) {
                                check_case("byte %zu ^ 0x%02x", at, masks[i]);
                                CHECK_RC(result.rc, RC_INVALID, &result.err);
                        }
                        if (result.usec > SLOW_USEC) {
                                check_case("byte %zu ^ 0x%02x", at, masks[i]);
                                CHECK(result.usec <= SLOW_USEC);
                        }
                }
        }
        check_case("%s", options[1]);
        CHECK(ran > 1000);
        CHECK(refused > ran / 10);
}

/* A raw image whose folder "meta" is the root itself: a walk that follows it would not end. */
static void test_loop(void)
{
        CLEANUP(image_fini)
        struct image image =
                pack("tree", (const char *[]){"-comp", "gzip", "-noI", "-no-exports", NULL});
        struct sqfs_super_t super;
        struct result result;
        uint16_t root_offset;
        char *entry;

        check_promise("a folder that holds itself is refused");
        memcpy(&super, image.data, sizeof(super));
        root_offset = (uint16_t)(super.root_inode_ref & 0xffff);
        entry = memmem(image.data + super.directory_table_start,
                       super.bytes_used - super.directory_table_start, "meta", 4);
        CHECK(entry != NULL);
        if (!entry)
                return;
        memcpy(entry - 8, &root_offset, sizeof(root_offset));
        result = inspect(image.data, image.bytes);
        CHECK_RC(result.rc, RC_INVALID, &result.err);
        CHECK_TEXT(result.err.code, "snap-yaml-missing");

        check_promise("a name with a slash is refused");
        image_fini(&image);
        image = pack("tree", (const char *[]){"-comp", "gzip", "-noI", "-no-exports", NULL});
        entry = memmem(image.data + super.directory_table_start,
                       super.bytes_used - super.directory_table_start, "snap.yaml", 9);
        CHECK(entry != NULL);
        if (!entry)
                return;
        memcpy(entry, "snap/yaml", 9);
        result = inspect(image.data, image.bytes);
        CHECK_RC(result.rc, RC_INVALID, &result.err);
        CHECK_TEXT(result.err.code, "squashfs-corrupt");
}

/* Many names in one folder: every name is read, and their number is bounded. */
static void test_many_names(void)
{
        check_promise("a folder with more names than allowed is refused, soon");
        make_dirs("many/meta");
        for (size_t i = 0; i <= SQUASH_ENTRIES_MAX; i++) {
                char name[32];
                int fd;

                snprintf(name, sizeof(name), "many/f%06zu", i);
                fd = open(path_of(name), O_WRONLY | O_CREAT, 0644);
                if (fd < 0)
                        exit(1);
                close(fd);
        }
        {
                CLEANUP(image_fini)
                struct image image = pack("many", (const char *[]){"-comp", "gzip", NULL});
                const struct result result = inspect(image.data, image.bytes);

                CHECK_RC(result.rc, RC_INVALID, &result.err);
                CHECK_TEXT(result.err.code, "squashfs-entries");
                CHECK(result.usec <= SLOW_USEC);
        }
}

int main(void)
{
        snprintf(folder, sizeof(folder), "/tmp/test_inspect.XXXXXX");
        if (!mkdtemp(folder))
                return 1;
        make_tree();
        test_compressors();
        test_trees();
        test_superblock();
        test_truncated();
        test_damaged((const char *[]){"-comp", "xz", NULL});
        test_damaged((const char *[]){"-comp", "lzo", NULL});
        test_damaged((const char *[]){"-comp", "gzip", "-noI", NULL});
        test_damaged((const char *[]){"-comp", "zstd", NULL});
        test_damaged((const char *[]){"-comp", "lz4", NULL});
        test_loop();
        test_many_names();
        scratch_run((const char *[]){"rm", "-rf", folder, NULL});
        return check_end();
}
