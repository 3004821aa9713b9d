/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* inside_world -- two trees of files, images of them, and a delta's way there and back. */
#include "core/base/buf.h"
#include "core/base/fs.h"
#include "delta/inside/image.h"
#include "delta/inside/inside_build.h"
#include "tests/lib/check.h"
#include "tests/lib/scratch.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define TARGET_MAX (64 * MIB)
#define FILE_MAX   (200 * KIB)

static const char *dir;

static UNUSED uint32_t next_random(uint32_t *state)
{
        *state = *state * 1664525 + 1013904223;
        return *state >> 8;
}

/* Words, so that every compressor finds something to do. */
static UNUSED void fill_text(char *ret, size_t bytes, uint32_t seed)
{
        static const char words[] = "store device model serial channel track risk branch revision";
        size_t at = 0;

        while (at < bytes) {
                const uint32_t from = next_random(&seed) % (sizeof(words) - 12);

                for (uint32_t i = 0; i < 4 + from % 7 && at < bytes; i++)
                        ret[at++] = words[from + i];
        }
}

static UNUSED void fill_noise(char *ret, size_t bytes, uint32_t seed)
{
        for (size_t i = 0; i < bytes; i++)
                ret[i] = (char)next_random(&seed);
}

static UNUSED const char *tree_path(const char *tree, const char *name)
{
        static char path[4096];

        snprintf(path, sizeof(path), "%s/%s/%s", dir, tree, name);
        return path;
}

static UNUSED void put(const char *tree, const char *name, const void *data, size_t bytes)
{
        if (fs_write_file(tree_path(tree, name), data, bytes, 0644, NULL) != RC_OK)
                exit(1);
}

/* A hole, with a little behind it. */
static UNUSED void put_sparse(const char *tree, const char *name, uint64_t hole)
{
        const int fd = open(tree_path(tree, name), O_CREAT | O_WRONLY | O_TRUNC, 0644);

        if (fd < 0 || pwrite(fd, "end", 3, (off_t)hole) != 3)
                exit(1);
        close(fd);
}

/* Two trees: the second has edits, a file that moved, one that is new, and one that went away. */
static UNUSED void make_trees(void)
{
        static char text[FILE_MAX];
        static char noise[FILE_MAX];
        const char *const trees[] = {"old", "new"};

        for (unsigned i = 0; i < 2; i++) {
                if (fs_make_dirs(tree_path(trees[i], "meta/deep/er"), 0755, NULL) != RC_OK)
                        exit(1);
                fill_text(text, sizeof(text), 1);
                fill_noise(noise, sizeof(noise), 2);
                if (i) {
                        memmove(text + 60010, text + 60000, 50000);
                        memcpy(text + 60000, "an insert.", 10);
                        for (size_t at = 7; at < sizeof(noise); at += 4099)
                                noise[at] = (char)(noise[at] + 1);
                }
                put(trees[i], "text", text, sizeof(text));
                put(trees[i], "noise", noise, 60000);
                put(trees[i], i ? "moved" : "meta/deep/origin", text + 120000, 80000);
                put(trees[i], i ? "came" : "went", noise, 4000 + 100 * i);
                put(trees[i], "empty", "", 0);
                put(trees[i], "meta/snap.yaml", i ? "version: 2\n" : "version: 1\n", 11);
                put_sparse(trees[i], "sparse", 3 * MIB + i);
        }
}

/* words: what mksquashfs is told besides. */
static UNUSED void make_image(const char *tree, const char *image, const char *const *words)
{
        char from[256];
        char to[256];
        const char *all[24] = {"mksquashfs", from,         to,
                               "-noappend",  "-quiet",     "-no-progress",
                               "-all-root",  "-mkfs-time", tree[0] == 'o' ? "1000" : "2000"};
        size_t count = 9;

        snprintf(from, sizeof(from), "%s/%s", dir, tree);
        snprintf(to, sizeof(to), "%s/%s", dir, image);
        while (*words)
                all[count++] = *words++;
        scratch_run(all);
}

static UNUSED int open_file(const char *name)
{
        const int fd = open(scratch_path(dir, name), O_RDONLY | O_CLOEXEC);

        if (fd < 0)
                exit(1);
        return fd;
}

static UNUSED int memory_file(const void *data, size_t bytes)
{
        const int fd = memfd_create("inside", MFD_CLOEXEC);

        if (fd < 0 || fs_write_all(fd, data, bytes, NULL) != RC_OK)
                exit(1);
        return fd;
}

static UNUSED enum rc put_buf(void *arg, const void *data, size_t bytes, struct err *err)
{
        buf_append(arg, data, bytes);
        return buf_finish(arg, err);
}

static UNUSED enum rc apply(int source_fd, const void *delta, size_t bytes, struct buf *ret,
                            struct err *err)
{
        CLEANUP(fs_closep) int delta_fd = memory_file(delta, bytes);
        const struct inside_options options = {
                .max_target_bytes = TARGET_MAX, .put = put_buf, .put_arg = ret};
        uint64_t done = 0;

        buf_clear(ret);
        return inside_apply_to(source_fd, delta_fd, &options, &done, err);
}

static UNUSED void check_whole(const char *name, const struct buf *got)
{
        CLEANUP(fs_freep) char *want = NULL;
        size_t bytes = 0;

        if (fs_read_file(scratch_path(dir, name), TARGET_MAX, &want, &bytes, NULL) != RC_OK)
                exit(1);
        CHECK(got->len == bytes && (!bytes || memcmp(got->data, want, bytes) == 0));
}

static const char *const xz_words[] = {"-comp", "xz", NULL};

static UNUSED void make_pair(void)
{
        make_image("old", "old.img", xz_words);
        make_image("new", "new.img", xz_words);
}
